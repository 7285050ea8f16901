//! What transformers learn from and see: transitions of tasks, and how these are tokens.

use super::baselines::{self, LinearThompson};
use super::play::{Came, Now, Player, play};
use super::problem::Problem;
use super::source::Source;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::words;

/// Who made the transitions that DPT learns from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollin {
    /// Thompson sampling for linear bandits, mixtures for other bandits, states for everything else: DPT's.
    Auto,
    /// A Dirichlet draw of the arms mixed with a single arm, in a share drawn from 0, 0.1, ..., 1.
    Mixture,
    /// Thompson sampling of the vector of a linear bandit.
    Thompson,
    /// Any state and any action, each as likely.
    States,
}
words!(Rollin, "auto, mixture, thompson or states", {
    "auto" => Rollin::Auto, "mixture" => Rollin::Mixture, "thompson" => Rollin::Thompson, "states" => Rollin::States,
});

/// How transitions are tokens: `state, action, next state, reward`, states as their features and actions as ones among zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    features: usize,
    actions: usize,
}

impl Tokens {
    /// Of a problem.
    pub fn of(problem: &Problem) -> Self {
        Self { features: problem.features(), actions: problem.actions() }
    }

    /// Numbers of a token.
    pub fn inputs(self) -> usize {
        2 * self.features + self.actions + 1
    }

    /// The question that a sequence begins with: what to do in this state? All else is zero.
    pub fn query(self, problem: &Problem, state: u32, out: &mut [f32]) {
        problem.write_features(state, &mut out[..self.features]);
    }

    /// A transition; a successor that was not seen is left out.
    pub fn transition(self, problem: &Problem, (state, action, reward, next): Step, out: &mut [f32]) {
        problem.write_features(state, &mut out[..self.features]);
        out[self.features + action as usize] = 1.0;
        let after = self.features + self.actions;
        if next != UNSEEN {
            problem.write_features(next, &mut out[after..after + self.features]);
        }
        out[after + self.features] = reward;
    }
}

/// State, action, reward, next state.
pub type Step = (u32, u32, f32, u32);

/// A successor that was not seen, as the attempt ended there.
pub const UNSEEN: u32 = u32::MAX;

/// Transitions of some tasks, and what is best in them.
#[derive(Debug, Clone, Default)]
pub struct Contexts {
    /// Tasks.
    pub tasks: usize,
    /// Transitions of each.
    pub length: usize,
    /// States of each task; 1 keeps none of them.
    pub states: usize,
    /// `[tasks, length]`: state and successor, as far as there are several.
    pairs: Vec<[u16; 2]>,
    actions: Vec<u8>,
    rewards: Vec<f32>,
    /// The best action at the beginning of an attempt, `[tasks, states]`.
    best: Vec<u8>,
}

/// Tasks that are played side by side.
const BLOCK: usize = 2048;

impl Contexts {
    /// A transition.
    #[inline]
    pub fn step(&self, task: usize, position: usize) -> Step {
        let at = task * self.length + position;
        let [state, next] = self.pairs.get(at).copied().unwrap_or([0, 0]);
        let next = if next == u16::MAX { UNSEEN } else { u32::from(next) };
        (u32::from(state), u32::from(self.actions[at]), self.rewards[at], next)
    }

    /// The best action of a task in a state.
    #[inline]
    pub fn best(&self, task: usize, state: u32) -> u8 {
        self.best[task * self.states + state as usize]
    }

    /// The transition at a position of all tasks, as it is heard by who learns from it. Returns states, actions, rewards, next states.
    pub fn heard(&self, position: usize) -> (Vec<u32>, Vec<u32>, Vec<f32>, Vec<u32>) {
        let steps: Vec<Step> = (0..self.tasks).map(|task| self.step(task, position)).collect();
        (
            steps.iter().map(|s| s.0).collect(),
            steps.iter().map(|s| s.1).collect(),
            steps.iter().map(|s| s.2).collect(),
            steps.iter().map(|s| s.3).collect(),
        )
    }

    /// Plays the tasks of these seeds for `length` transitions each.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the tasks are shorter or `rollin` does not suit the problem; those of the environment and of
    /// `each`, which hears how many tasks are over.
    pub fn collect(
        problem: &Problem,
        source: &Source,
        seeds: &[u64],
        length: usize,
        rollin: Rollin,
        noise: Noise,
        each: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Self> {
        let rollin = match (rollin, problem) {
            (Rollin::Auto, Problem::Arms(arms)) if arms.features(source).is_ok() => Rollin::Thompson,
            (Rollin::Auto, Problem::Arms(_)) => Rollin::Mixture,
            (Rollin::Auto, _) => Rollin::States,
            (Rollin::Mixture | Rollin::Thompson, Problem::Arms(_)) => rollin,
            (Rollin::States, Problem::Room(_) | Problem::Keys(_) | Problem::Table(_)) => rollin,
            _ => {
                let allowed = "mixture or thompson for bandits, states for all others, or auto".to_owned();
                let value = format!("{rollin:?} for {}", problem.name());
                return Err(Error::InvalidOption { option: "rollin".to_owned(), value, allowed });
            }
        };
        let mut all = Self { length, states: problem.states(), ..Self::default() };
        for (block, seeds) in seeds.chunks(BLOCK).enumerate() {
            each(all.tasks)?;
            let noise = noise.at(block as u64, 0);
            let mut batch = source.batch(seeds.len())?;
            batch.reset_with(seeds)?;
            let rows = batch.get_state(..)?;
            let best = problem.best(source, &rows)?;
            let first = (0..seeds.len()).flat_map(|task| {
                let best = &best;
                (0..best.states as u32).map(move |state| best.at(task, 0, state as usize))
            });
            all.best.extend(first);
            let recorded = match rollin {
                Rollin::States => of_states(problem, source, (&mut batch, &rows), length, noise)?,
                _ => {
                    let table = baselines::Table { problem, source, seeds, noise };
                    let inner: Box<dyn Player> = match rollin {
                        Rollin::Thompson => Box::new(LinearThompson::new(table, 0.0)?),
                        _ => Box::new(Mixture::new(problem.actions(), seeds.len(), noise)),
                    };
                    let mut recorder = Recorder { inner, length, steps: vec![Vec::new(); seeds.len()] };
                    play(problem, source, seeds, &mut recorder, &mut |_| Ok(()))?;
                    recorder.steps
                }
            };
            all.push(&recorded, source)?;
        }
        Ok(all)
    }

    fn push(&mut self, recorded: &[Vec<Step>], source: &Source) -> Result<()> {
        for steps in recorded {
            if steps.len() < self.length {
                let allowed = format!("1 to {}, as long as a task of {}", steps.len(), source.facts().id);
                return Err(Error::InvalidOption {
                    option: "context".to_owned(),
                    value: self.length.to_string(),
                    allowed,
                });
            }
            let steps = &steps[..self.length];
            if self.states > 1 {
                let word = |state: u32| u16::try_from(state).unwrap_or(u16::MAX);
                self.pairs.extend(steps.iter().map(|step| [word(step.0), word(step.3)]));
            }
            self.actions.extend(steps.iter().map(|step| step.1 as u8));
            self.rewards.extend(steps.iter().map(|step| step.2));
            self.tasks += 1;
        }
        Ok(())
    }
}

/// Transitions from any state with any action.
fn of_states(
    problem: &Problem,
    source: &Source,
    (batch, rows): (&mut shadergym_envs::Batch, &[u32]),
    length: usize,
    noise: Noise,
) -> Result<Vec<Vec<Step>>> {
    let (n, words) = (batch.num_envs(), source.facts().state.words);
    let attempts = source.param("attempts").map_or(1, |n| n as u32);
    let mut steps = vec![Vec::with_capacity(length); n];
    let mut before = rows.to_vec();
    let (mut states, mut actions) = (vec![0; n], vec![0; n]);
    for position in 0..length {
        before.copy_from_slice(rows);
        for (i, row) in before.chunks_exact_mut(words).enumerate() {
            let mut noise = noise.at(position as u64 + 1, i as u64);
            states[i] = noise.below(problem.states() as u32);
            actions[i] = noise.below(problem.actions() as u32);
            problem.place(states[i], attempts, row);
        }
        batch.set_state(.., &before)?;
        let rewards = batch.step(&actions)?.rewards().to_vec();
        let after = batch.get_state(..)?;
        for (i, row) in after.chunks_exact(words).enumerate() {
            steps[i].push((states[i], actions[i], rewards[i], problem.state(row)));
        }
    }
    Ok(steps)
}

/// Plays as another and takes down what came.
pub(super) struct Recorder {
    pub inner: Box<dyn Player>,
    pub length: usize,
    pub steps: Vec<Vec<Step>>,
}

impl Player for Recorder {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        self.inner.act(now, actions)
    }

    fn hear(&mut self, came: Came<'_>) -> Result<()> {
        for (i, steps) in self.steps.iter_mut().enumerate() {
            if steps.len() < self.length && !came.now.over[i] {
                let next = if came.ends[i] { UNSEEN } else { came.next[i] };
                steps.push((came.now.states[i], came.actions[i], came.rewards[i], next));
            }
        }
        self.inner.hear(came)
    }
}

/// DPT's behaviour in bandits: arms by fixed chances, which are drawn for each task.
struct Mixture {
    noise: Noise,
    /// Cumulative, `[tasks, arms]`.
    chances: Vec<f32>,
}

impl Mixture {
    fn new(arms: usize, tasks: usize, noise: Noise) -> Self {
        let mut chances = Vec::with_capacity(tasks * arms);
        for task in 0..tasks {
            // A flat Dirichlet draw is exponential numbers over their sum.
            let mut noise = noise.at(0, task as u64);
            let drawn: Vec<f64> = (0..arms).map(|_| -noise.uniform_f64().ln()).collect();
            let (sum, share) = (drawn.iter().sum::<f64>(), f64::from(noise.below(11)) / 10.0);
            let single = noise.below(arms as u32) as usize;
            let mut below = 0.0;
            for (arm, drawn) in drawn.iter().enumerate() {
                below += (1.0 - share) * drawn / sum + if arm == single { share } else { 0.0 };
                chances.push(below as f32);
            }
        }
        Self { noise, chances }
    }
}

impl Player for Mixture {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        let arms = self.chances.len() / actions.len();
        for (i, (chances, action)) in self.chances.chunks_exact(arms).zip(actions).enumerate() {
            let drawn = self.noise.at(now.step + 1, i as u64).uniform();
            *action = chances.iter().take(arms - 1).filter(|below| **below <= drawn).count() as u32;
        }
        Ok(())
    }

    fn hear(&mut self, _: Came<'_>) -> Result<()> {
        Ok(())
    }
}

/// Draws an action by the softmax of outputs, or takes the likeliest.
pub(super) fn choose(outputs: &[f32], drawn: Option<f32>) -> u32 {
    let most = outputs.iter().copied().fold(f32::MIN, f32::max);
    let Some(drawn) = drawn else {
        return outputs.iter().position(|output| *output == most).unwrap_or(0) as u32;
    };
    let weights: Vec<f32> = outputs.iter().map(|output| (output - most).exp()).collect();
    let mut left = drawn * weights.iter().sum::<f32>();
    for (action, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return action as u32;
        }
    }
    outputs.len() as u32 - 1
}
