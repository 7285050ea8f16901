//! What agents with a replay share: their environments, the replay, and when an iteration is over.

use crate::agent::{Clocks, Log, Setup};
use crate::common::noise::Noise;
use crate::common::replay::{Replay, Sample};
use crate::common::stepper::Stepper;
use crate::error::Result;
use crate::options::Truncation;
use crate::state::State;
use crate::tasks::Tasks;

/// How a minibatch is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// Transitions of it.
    pub batch_size: usize,
    /// Steps folded into one transition.
    pub n_step: usize,
    /// Discount factor.
    pub gamma: f32,
    /// What a time limit means.
    pub truncation: Truncation,
    /// Exponent of the importance weights.
    pub beta: f32,
}

/// Environments, replay and the newest minibatch of an off-policy agent.
pub struct OffPolicy {
    /// The environments.
    pub stepper: Stepper,
    /// What they gave.
    pub replay: Replay,
    /// The minibatch that is learned from.
    pub sample: Sample,
    /// Updates so far.
    pub updates: u64,
    num_envs: usize,
    total: u64,
    draws: Noise,
}

impl OffPolicy {
    /// Started environments and an empty replay of at least `capacity` transitions.
    ///
    /// # Errors
    /// Those of the environments and of the replay.
    pub fn new(setup: &Setup, num_envs: usize, capacity: usize, priority_exponent: f32) -> Result<Self> {
        Ok(Self {
            stepper: Stepper::new(setup, num_envs)?,
            replay: Replay::new(&setup.facts, num_envs, capacity, priority_exponent)?,
            sample: Sample::default(),
            updates: 0,
            num_envs,
            total: setup.steps,
            draws: Noise::new(setup.seed, "replay"),
        })
    }

    /// Environment transitions so far.
    pub fn env_steps(&self) -> u64 {
        self.stepper.steps() * self.num_envs as u64
    }

    /// Environment transitions of the whole run.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Share of the run that is over.
    pub fn progress(&self) -> f32 {
        (self.env_steps() as f64 / self.total as f64).min(1.0) as f32
    }

    /// How much was done so far: a collection is a step of all instances.
    pub fn clocks(&self) -> Clocks {
        Clocks { env_steps: self.env_steps(), collections: self.stepper.steps(), updates: self.updates }
    }

    /// Whether an iteration of `length` transitions that began at `since` is over, which it is at the end of the run too.
    pub fn is_iteration_over(&self, since: Clocks, length: u64) -> bool {
        self.env_steps() >= (since.env_steps + length).min(self.total)
    }

    /// One step of all instances with these executed actions; what the replay keeps as action may differ in unit.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn step(&mut self, executed: &[u32], kept: &[u32], tasks: Option<&Tasks>, log: &mut Log) -> Result<()> {
        self.stepper.step(executed, kept, &mut self.replay, tasks, log)
    }

    /// Draws the next minibatch.
    pub fn draw(&mut self, draw: Draw) {
        let Draw { batch_size, n_step, gamma, truncation, beta } = draw;
        self.replay.sample(batch_size, n_step, gamma, truncation, beta, &mut self.draws, &mut self.sample);
    }

    /// Everything but the learner.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("off_policy/counters", &[self.updates, self.draws.counter()]);
        self.replay.save(state);
        self.stepper.save(state)
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`], and those of the environments.
    pub fn load(&mut self, state: &State) -> Result<()> {
        let [updates, draws] = state.counters("off_policy/counters")?;
        self.updates = updates;
        self.draws.set_counter(draws);
        self.replay.load(state)?;
        self.stepper.load(state)
    }
}
