//! Decision-pretrained transformers (Lee, Xie, Pacchiano, Chandak, Finn, Nachum and Brunskill 2023): from a state and transitions
//! of an unknown task to the best action there. Trained on any transitions, it acts as posterior sampling does.
//!
//! A sequence is the question, a state, and then transitions in any order; after each the best action of the task in that state
//! is to come out. Playing, it draws from what comes out (or takes the likeliest), and what it saw is its next context: each
//! step in bandits, whole attempts elsewhere.

use rayon::prelude::*;

use super::contexts::{Contexts, Rollin, Step, Tokens, UNSEEN, choose};
use super::play::{Came, Now, Player};
use super::pretrain::{Lessons, PretrainOptions};
use super::problem::Problem;
use super::source::Source;
use super::transformer::{Cache, Sequence, Shape, Transformer};
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::{check, options};

options! {
    /// Options of decision-pretrained transformers.
    pub struct DptOptions {
        ..shared: PretrainOptions,
        /// Transitions of a context at most; 0: the environment's parameter `horizon`.
        context: usize = 0,
        /// Who makes them: auto, mixture, thompson or states.
        rollin: Rollin = Rollin::Auto,
        /// Whether a context is in another order in each epoch.
        shuffle: bool = true,
        /// First epochs, whose contexts are cut to short_context transitions; at least one of all epochs has whole contexts.
        short_epochs: usize = 8,
        /// Transitions of a short context, which cost a tenth of 500.
        short_context: usize = 100,
        /// Share of the tasks of rooms that is never learned from.
        held_out: f64 = 0.2,
    }
}

impl DptOptions {
    /// Transitions of a context in an environment.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub fn context(&self, source: &Source) -> Result<usize> {
        let allowed = "1 to 65535 transitions, or 0 where the environment has a parameter `horizon`";
        let context = match self.context {
            0 => source.param("horizon").map_or(0, |h| h as usize),
            context => context,
        };
        check("context", context, allowed, (1..=65535).contains(&context))?;
        check("short_context", self.short_context, "1 or more transitions", self.short_context > 0)?;
        check("held_out", self.held_out, "0 or more, below 1", (0.0..1.0).contains(&self.held_out))?;
        Ok(context)
    }

    /// The shape of the network.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub fn shape(&self, problem: &Problem, source: &Source) -> Result<Shape> {
        let PretrainOptions { width, layers, heads, .. } = self.shared;
        let (inputs, outputs) = (Tokens::of(problem).inputs(), problem.actions());
        let shape = Shape { inputs, outputs, width, layers, heads, length: self.context(source)? + 1 };
        shape.check().map(|()| shape)
    }

    /// Transitions of the tasks of these seeds.
    ///
    /// # Errors
    /// Those of [`Contexts::collect`].
    pub fn contexts(
        &self,
        problem: &Problem,
        source: &Source,
        seeds: &[u64],
        noise: Noise,
        each: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Contexts> {
        if !problem.is_bandit() && source.param("horizon") == Some(1.0) {
            let why =
                "where an attempt has one step no transition has a successor; set its parameter `horizon` to 2 or more";
            return Err(Error::Unsupported(why.to_owned()));
        }
        Contexts::collect(problem, source, seeds, self.context(source)?, self.rollin, noise, each)
    }
}

/// Contexts as sequences.
pub(super) struct Questions<'a> {
    pub problem: &'a Problem,
    pub contexts: &'a Contexts,
    pub options: &'a DptOptions,
}

impl Lessons for Questions<'_> {
    fn tasks(&self) -> usize {
        self.contexts.tasks
    }

    fn tokens(&self, epoch: usize) -> usize {
        let options = self.options;
        let short = epoch < options.short_epochs.min(options.shared.epochs - 1);
        1 + if short { options.short_context.min(self.contexts.length) } else { self.contexts.length }
    }

    fn write(&self, task: usize, mut noise: Noise, sequence: &mut Sequence<'_>) {
        let Self { problem, contexts, options } = *self;
        let tokens = Tokens::of(problem);
        let state = noise.below(contexts.states as u32);
        let mut order: Vec<u32> = (0..contexts.length as u32).collect();
        if options.shuffle {
            noise.shuffle(&mut order);
        }
        tokens.query(problem, state, sequence.token(0));
        for (position, &from) in order.iter().enumerate() {
            tokens.transition(problem, contexts.step(task, from as usize), sequence.token(position + 1));
        }
        sequence.tokens = contexts.length + 1;
        sequence.labels[..=contexts.length].fill(contexts.best(task, state));
    }
}

/// A trained transformer at play.
pub struct DptPlayer<'a> {
    problem: &'a Problem,
    network: &'a Transformer,
    noise: Noise,
    /// Draws from what comes out, or takes the likeliest.
    sample: bool,
    memory: Memory,
}

enum Memory {
    /// One state: the question never changes, so what was computed before stays true. What came out last, `[instances, actions]`.
    Bandits { cache: Box<Cache>, outputs: Vec<f32> },
    /// Attempts that are over, oldest first, and the one that is being made.
    Attempts(Vec<(Vec<Vec<Step>>, Vec<Step>)>),
}

impl<'a> DptPlayer<'a> {
    /// A player of so many instances.
    pub fn new(problem: &'a Problem, network: &'a Transformer, instances: usize, noise: Noise, sample: bool) -> Self {
        let memory = if problem.is_bandit() {
            let tokens = Tokens::of(problem);
            let mut cache = Box::new(network.cache(instances));
            let mut question = vec![0.0; instances * tokens.inputs()];
            question.chunks_exact_mut(tokens.inputs()).for_each(|token| tokens.query(problem, 0, token));
            let outputs = network.advance(&mut cache, &question);
            Memory::Bandits { cache, outputs }
        } else {
            Memory::Attempts(vec![Default::default(); instances])
        };
        Self { problem, network, noise, sample, memory }
    }

    fn drawn(&self, step: u64, instance: usize) -> Option<f32> {
        self.sample.then(|| self.noise.at(step, instance as u64).uniform())
    }
}

impl Player for DptPlayer<'_> {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        let count = self.network.shape().outputs;
        match &self.memory {
            Memory::Bandits { outputs, .. } => {
                for (i, (outputs, action)) in outputs.chunks_exact(count).zip(actions).enumerate() {
                    *action = choose(outputs, self.drawn(now.step, i));
                }
            }
            Memory::Attempts(attempts) => {
                let playing: Vec<usize> = (0..actions.len()).filter(|&i| !now.over[i]).collect();
                let (problem, tokens) = (self.problem, Tokens::of(self.problem));
                let write = |k: usize, sequence: &mut Sequence<'_>| {
                    tokens.query(problem, now.states[playing[k]], sequence.token(0));
                    let over = &attempts[playing[k]].0;
                    let mut position = 1;
                    for step in over.iter().flatten() {
                        tokens.transition(problem, *step, sequence.token(position));
                        position += 1;
                    }
                    sequence.tokens = position;
                };
                let outputs = self.network.last(playing.len(), &write);
                for (outputs, &i) in outputs.chunks_exact(count).zip(&playing) {
                    actions[i] = choose(outputs, self.drawn(now.step, i));
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, came: Came<'_>) -> Result<()> {
        let (problem, tokens) = (self.problem, Tokens::of(self.problem));
        let step = |i: usize| {
            let next = if came.ends[i] { UNSEEN } else { came.next[i] };
            (came.now.states[i], came.actions[i], came.rewards[i], next)
        };
        let most = self.network.shape().length - 1;
        match &mut self.memory {
            Memory::Bandits { cache, outputs } => {
                // A context that is full stays as it is: the network has no positions beyond.
                if cache.len() <= most {
                    let mut heard = vec![0.0; came.actions.len() * tokens.inputs()];
                    heard.par_chunks_exact_mut(tokens.inputs()).enumerate().for_each(|(i, token)| {
                        let (_, action, reward, _) = step(i);
                        tokens.transition(problem, (0, action, reward, 0), token);
                    });
                    *outputs = self.network.advance(cache, &heard);
                }
            }
            Memory::Attempts(attempts) => {
                for (i, (over, current)) in attempts.iter_mut().enumerate() {
                    if came.now.over[i] {
                        continue;
                    }
                    current.push(step(i));
                    // An attempt longer than all context is put away in parts.
                    if came.ends[i] || current.len() == most {
                        over.push(std::mem::take(current));
                        while over.iter().map(Vec::len).sum::<usize>() > most {
                            over.remove(0);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
