//! Algorithm distillation (Laskin et al. 2022) from histories with fading noise (Zisman, Kurenkov, Nikulin, Sinii and Kolesnikov
//! 2023, AD-eps): no learner is run; the best play of a task, with any action instead in a share of steps that falls from 1 to 0 over the
//! history, looks like one that learns. The transformer says which action comes next, and so goes on improving.
//!
//! A token is a step: the state, the action and the reward before it, and whether an attempt begins. (AD has three tokens for
//! these; one costs a third.) Playing, it sees as many of its newest steps as it learned from.

use super::baselines::{self, Optimal};
use super::contexts::{Recorder, Step, choose};
use super::play::{Came, Now, Player, play};
use super::pretrain::{Lessons, PretrainOptions};
use super::problem::Problem;
use super::source::Source;
use super::transformer::{Sequence, Shape, Transformer};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::{check, options};

options! {
    /// Options of algorithm distillation.
    pub struct AdOptions {
        ..shared: PretrainOptions,
        /// Steps that the transformer sees.
        context: usize = 80,
        /// Attempts of a history: the environment's parameter `attempts`, where it has one.
        attempts: usize = 100,
        /// Share of noise at the end of a history; at its beginning it is 1.
        last_noise: f64 = 0.0,
        /// Share of the tasks of rooms that is never learned from.
        held_out: f64 = 0.2,
    }
}

/// Histories are long, and each epoch takes one window of each: fewer of them, more often.
const TASKS: usize = 2_000;
const EPOCHS: usize = 40;

impl AdOptions {
    /// The defaults with what a table says.
    ///
    /// # Errors
    /// Those of [`Self::from_table`], and [`Error::InvalidOption`](crate::Error::InvalidOption) for values outside their ranges.
    pub fn of(settings: &toml::Table) -> Result<Self> {
        let mut table = settings.clone();
        table.entry("tasks").or_insert(toml::Value::Integer(TASKS as i64));
        table.entry("epochs").or_insert(toml::Value::Integer(EPOCHS as i64));
        let options = Self::from_table("ad", &table)?;
        check("context", options.context, "1 to 65536 steps", (1..=65536).contains(&options.context))?;
        check("attempts", options.attempts, "1 to 1000000", (1..=1_000_000).contains(&options.attempts))?;
        check("last_noise", options.last_noise, "0 to 1", (0.0..=1.0).contains(&options.last_noise))?;
        check("held_out", options.held_out, "0 or more, below 1", (0.0..1.0).contains(&options.held_out))?;
        Ok(options)
    }

    /// The shape of the network.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption).
    pub fn shape(&self, problem: &Problem) -> Result<Shape> {
        let PretrainOptions { width, layers, heads, .. } = self.shared;
        let (inputs, outputs) = (inputs(problem), problem.actions());
        let shape = Shape { inputs, outputs, width, layers, heads, length: self.context };
        shape.check().map(|()| shape)
    }

    /// The environment with as many attempts as a history has.
    ///
    /// # Errors
    /// If its parameter does not go that far.
    pub fn source(&self, source: &Source) -> Result<Source> {
        match source.param("attempts") {
            Some(_) => source.with_param("attempts", self.attempts as f64),
            None => Ok(source.clone()),
        }
    }
}

/// Numbers of a token: features of the state, the last action, what it paid, whether an attempt begins.
fn inputs(problem: &Problem) -> usize {
    problem.features() + problem.actions() + 2
}

/// Writes a token.
fn token(problem: &Problem, state: u32, before: Option<(u32, f32)>, begins: bool, out: &mut [f32]) {
    let (features, actions) = (problem.features(), problem.actions());
    problem.write_features(state, &mut out[..features]);
    if let Some((action, reward)) = before {
        out[features + action as usize] = 1.0;
        out[features + actions] = reward;
    }
    out[features + actions + 1] = f32::from(u8::from(begins));
}

/// Learning histories of some tasks.
pub(super) struct Histories<'a> {
    problem: &'a Problem,
    context: usize,
    /// State, action, reward, whether an attempt began there.
    steps: Vec<Vec<(u16, u8, f32, bool)>>,
}

impl<'a> Histories<'a> {
    /// Plays those of the tasks of these seeds; `each` hears how many are over.
    pub fn collect(
        problem: &'a Problem,
        source: &Source,
        seeds: &[u64],
        options: &AdOptions,
        noise: Noise,
        each: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Self> {
        /// Histories that are played side by side.
        const BLOCK: usize = 512;
        let horizon = source.param("horizon").unwrap_or(1.0).max(1.0);
        let length = if source.param("attempts").is_some() { horizon * options.attempts as f64 } else { horizon };
        let mut steps = Vec::with_capacity(seeds.len());
        for (block, seeds) in seeds.chunks(BLOCK).enumerate() {
            each(steps.len())?;
            let noise = noise.at(block as u64, 0);
            let optimal = Optimal::new(baselines::Table { problem, source, seeds, noise })?;
            let (actions, last) = (problem.actions() as u32, options.last_noise);
            let inner = Box::new(Noisy { optimal, noise, actions, length, last });
            let mut recorder = Recorder { inner, length: usize::MAX, steps: vec![Vec::new(); seeds.len()] };
            play(problem, source, seeds, &mut recorder, &mut |_| Ok(()))?;
            for history in &recorder.steps {
                let begins = |i: usize| i == 0 || history[i - 1].3 == super::contexts::UNSEEN;
                let of = |(i, step): (usize, &Step)| (step.0 as u16, step.1 as u8, step.2, begins(i));
                steps.push(history.iter().enumerate().map(of).collect());
            }
        }
        Ok(Self { problem, context: options.context, steps })
    }
}

impl Lessons for Histories<'_> {
    fn tasks(&self) -> usize {
        self.steps.len()
    }

    fn tokens(&self, _: usize) -> usize {
        self.context
    }

    fn write(&self, task: usize, mut noise: Noise, sequence: &mut Sequence<'_>) {
        let steps = &self.steps[task];
        let count = self.context.min(steps.len());
        let first = noise.below((steps.len() - count + 1) as u32) as usize;
        for position in 0..count {
            let at = first + position;
            let (state, action, _, begins) = steps[at];
            let before = at.checked_sub(1).map(|before| (u32::from(steps[before].1), steps[before].2));
            token(self.problem, u32::from(state), before, begins, sequence.token(position));
            sequence.labels[position] = action;
        }
        sequence.tokens = count;
    }
}

/// The best play, with any action instead in a share of steps that falls linearly.
struct Noisy {
    optimal: Optimal,
    noise: Noise,
    actions: u32,
    length: f64,
    last: f64,
}

impl Player for Noisy {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        self.optimal.act(now, actions)?;
        let over = (now.step as f64 / (self.length - 1.0).max(1.0)).min(1.0);
        let share = 1.0 + (self.last - 1.0) * over;
        for (i, action) in actions.iter_mut().enumerate() {
            let mut noise = self.noise.at(now.step + 1, i as u64);
            if noise.uniform_f64() < share {
                *action = noise.below(self.actions);
            }
        }
        Ok(())
    }

    fn hear(&mut self, _: Came<'_>) -> Result<()> {
        Ok(())
    }
}

/// A trained transformer at play.
pub struct AdPlayer<'a> {
    problem: &'a Problem,
    network: &'a Transformer,
    noise: Noise,
    sample: bool,
    /// Tokens of each instance's newest steps, `[steps, inputs]`.
    seen: Vec<Vec<f32>>,
    before: Vec<Option<(u32, f32, bool)>>,
}

impl<'a> AdPlayer<'a> {
    /// A player of so many instances, which draws from what comes out or takes the likeliest.
    pub fn new(problem: &'a Problem, network: &'a Transformer, instances: usize, noise: Noise, sample: bool) -> Self {
        Self { problem, network, noise, sample, seen: vec![Vec::new(); instances], before: vec![None; instances] }
    }
}

impl Player for AdPlayer<'_> {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        let (problem, inputs) = (self.problem, inputs(self.problem));
        let most = self.network.shape().length * inputs;
        let playing: Vec<usize> = (0..actions.len()).filter(|&i| !now.over[i]).collect();
        for &i in &playing {
            let seen = &mut self.seen[i];
            if seen.len() == most {
                seen.drain(..inputs);
            }
            seen.resize(seen.len() + inputs, 0.0);
            let at = seen.len() - inputs;
            let begins = self.before[i].is_none_or(|(_, _, ended)| ended);
            let before = self.before[i].map(|(action, reward, _)| (action, reward));
            token(problem, now.states[i], before, begins, &mut seen[at..]);
        }
        let seen = &self.seen;
        let write = |k: usize, sequence: &mut Sequence<'_>| {
            let tokens = seen[playing[k]].chunks_exact(inputs);
            sequence.tokens = tokens.len();
            for (position, token) in tokens.enumerate() {
                sequence.token(position)[..inputs].copy_from_slice(token);
            }
        };
        let outputs = self.network.last(playing.len(), &write);
        for (outputs, &i) in outputs.chunks_exact(self.network.shape().outputs).zip(&playing) {
            let drawn = self.sample.then(|| self.noise.at(now.step, i as u64).uniform());
            actions[i] = choose(outputs, drawn);
        }
        Ok(())
    }

    fn hear(&mut self, came: Came<'_>) -> Result<()> {
        for (i, before) in self.before.iter_mut().enumerate() {
            *before = Some((came.actions[i], came.rewards[i], came.ends[i]));
        }
        Ok(())
    }
}
