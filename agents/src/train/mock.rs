//! An agent for the tests: cheap, and its parameters depend on everything that a checkpoint must hold.

use std::sync::Arc;

use shadergym_envs::{ActionSpace, Actions, Batch, BatchOptions, Encoding, Facts, Snapshot};

use crate::agent::{Agent, Clocks, Episode, Log, Next, Setup};
use crate::algorithms::Entry;
use crate::common::distribution::Distribution;
use crate::common::head::Head;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::network::{Layout, Loss, LossSums, Network, Rows};
use crate::options::options;
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

options! {
    /// Options of the mock.
    pub struct Config {
        /// Parallel environments.
        num_envs: usize = 4,
        /// Size of a change.
        learning_rate: f32 = 0.1,
        /// Step from which on the loss is no number; 0: never.
        diverge_at: u64 = 0,
        /// Step at which the device is lost that an agent began on; 0: never. One that went on from a checkpoint keeps its own.
        lost_at: u64 = 0,
    }
}

pub static MOCK: Entry = Entry {
    name: "mock",
    about: "for tests",
    options: Config::options,
    acts_in: |facts| {
        matches!(facts.action, ActionSpace::Discrete { .. }) && facts.observation.flat_encoding() == Encoding::F32
    },
    resolve: |table, _| Ok(Config::from_table("mock", table)?.to_table()),
    make: |table, setup| Ok(Box::new(Mock::new(Config::from_table("mock", table)?, setup)?)),
    policy: |_, setup| Ok(policy(&setup.facts, &Linear::new(&setup.facts))),
    online: None,
};

/// The mock, whatever the name.
pub fn find(_: &str) -> Result<&'static Entry> {
    Ok(&MOCK)
}

struct Mock {
    config: Config,
    facts: Arc<Facts>,
    network: Linear,
    batch: Batch,
    noise: Noise,
    steps: u64,
    /// Sum of the newest observations.
    seen: f32,
    /// After an error there is nothing to be had of it, as of an agent on a device that is lost.
    failed: bool,
    loaded: bool,
}

impl Mock {
    fn new(config: Config, setup: &Setup) -> Result<Self> {
        let mut batch = setup.make(BatchOptions::new(config.num_envs))?;
        batch.reset(setup.seed)?;
        let (facts, noise) = (setup.facts.clone(), Noise::new(setup.seed, "mock"));
        let network = Linear::new(&facts);
        Ok(Self { config, network, facts, batch, noise, steps: 0, seen: 0.0, failed: false, loaded: false })
    }
}

impl Agent for Mock {
    fn collect(&mut self, _: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        let policy = self.policy(0);
        let mut actions = Vec::new();
        for _ in 0..16 {
            policy.act(self.batch.observations().words(), None, false, &mut self.noise, &mut actions)?;
            let view = self.batch.step(Actions::Discrete(&actions))?;
            for i in view.ended_instances() {
                let (episode_return, length) = (view.episode_returns()[i], view.episode_lengths()[i]);
                let instance = i as u32;
                log.push(Episode { episode_return, length, instance, ..Episode::default() }, &[], &[]);
            }
        }
        self.steps += 16 * self.config.num_envs as u64;
        self.seen = self.batch.observations().as_f32().expect("floats").iter().sum();
        Ok(Next::Learn)
    }

    fn learn(&mut self) -> Result<()> {
        let seen = self.seen;
        for value in &mut self.network.parameters {
            *value += self.config.learning_rate * (self.noise.normal() + 0.01 * seen.sin());
        }
        if self.config.diverge_at > 0 && self.steps >= self.config.diverge_at {
            self.failed = true;
            let (agent, what) = ("mock".to_owned(), "the loss".to_owned());
            return Err(Error::Diverged { agent, step: self.steps, what, value: f64::NAN });
        }
        if self.config.lost_at > 0 && !self.loaded && self.steps >= self.config.lost_at {
            self.failed = true;
            let (device, message) = ("mock".to_owned(), "it went away".to_owned());
            return Err(shadergym_envs::Error::DeviceFailed { device, message }.into());
        }
        Ok(())
    }

    fn report(&mut self, log: &mut Log) {
        let loss = f64::from(self.seen);
        log.scalars.insert("loss/mock", loss);
        // A figure that comes later than the others.
        if self.steps > 1000 {
            log.scalars.insert("a/late", loss * loss);
        }
    }

    fn clocks(&self) -> Clocks {
        let collections = self.steps / (16 * self.config.num_envs as u64);
        Clocks { env_steps: self.steps, collections, updates: collections }
    }

    fn policy(&self, _: usize) -> Policy {
        assert!(!self.failed, "the policy is lost");
        policy(&self.facts, &self.network)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        self.policy(0).save(state);
        state.put_u64("counters", &[self.noise.counter(), self.steps]);
        state.put_bytes("batch", &self.batch.snapshot()?.to_bytes());
        Ok(())
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.loaded = true;
        state.read_f32("policy/parameters", &mut self.network.parameters)?;
        self.noise.set_counter(state.u64("counters")?[0]);
        self.steps = state.u64("counters")?[1];
        Ok(self.batch.restore(&Snapshot::from_bytes(state.bytes("batch")?)?)?)
    }
}

fn policy(facts: &Arc<Facts>, network: &Linear) -> Policy {
    let head = Head::Policy(Distribution::of(&facts.action));
    Policy::new(facts.clone(), Box::new(network.clone()), head, None)
}

#[derive(Clone)]
pub struct Linear {
    outputs: usize,
    pub parameters: Vec<f32>,
    layout: Layout,
}

impl Linear {
    pub fn new(facts: &Facts) -> Self {
        let outputs = Distribution::of(&facts.action).outputs();
        let parameters = vec![0.0; outputs * facts.observation.flat_elements()];
        Self { outputs, parameters, layout: Layout::default() }
    }
}

impl Network for Linear {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    fn predict(&self, rows: Rows<'_>, outputs: &mut [f32]) {
        let mut row = vec![0.0; rows.elements()];
        for (i, outputs) in outputs.chunks_exact_mut(self.outputs).enumerate() {
            rows.unpack(i, &mut row);
            for (output, weights) in outputs.iter_mut().zip(self.parameters.chunks_exact(row.len())) {
                *output = weights.iter().zip(&row).map(|(w, x)| w * x).sum();
            }
        }
    }

    fn gradient(&self, _: Rows<'_>, _: &Loss<'_>, _: &mut [f32]) -> LossSums {
        unreachable!("the mock learns by chance")
    }

    fn input_gradient(&self, _: Rows<'_>, _: &Loss<'_>, _: &mut [f32]) -> LossSums {
        unreachable!("the mock learns by chance")
    }

    fn boxed_clone(&self) -> Box<dyn Network> {
        Box::new(self.clone())
    }
}
