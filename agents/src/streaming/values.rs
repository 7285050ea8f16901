//! What streams that learn action values share: options, and acting by epsilon.

use shadergym_envs::Facts;
use toml::Table;

use super::agent::StreamAgent;
use super::core::Algorithm;
use super::options::Options;
use crate::agent::Setup;
use crate::common::action_values::{ActionValues, check_exploration, epsilon_at};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::{check, options};
use crate::policy::Policy;

options! {
    /// Options of streams that learn action values.
    pub struct ValueOptions {
        ..stream: Options,
        /// How much smaller than the correction of its error a step is kept; only for obgd and adaptive_obgd.
        kappa: f32 = 2.0,
        /// Widths of the hidden layers.
        hidden: Vec<usize> = vec![32, 32],
        /// Share of the run over which epsilon falls from 1.
        exploration_fraction: f32 = 0.05,
        /// Probability of a random action after that.
        final_epsilon: f32 = 0.01,
    }
}

impl ValueOptions {
    /// What a table says, after a check of its ranges.
    ///
    /// # Errors
    /// [`crate::Error::UnknownOption`], [`crate::Error::InvalidOption`].
    pub fn checked(agent: &str, table: &Table, facts: &Facts) -> Result<Self> {
        let mut c = Self::from_table(agent, table)?;
        c.stream.settle(facts);
        c.stream.check(&c.hidden, facts)?;
        check("kappa", c.kappa, "above 0", c.kappa > 0.0)?;
        check_exploration(c.exploration_fraction, c.final_epsilon)?;
        Ok(c)
    }

    /// An agent whose algorithm acts by what it is given.
    ///
    /// # Errors
    /// Those of the network and of the environment.
    pub fn agent<A: Algorithm>(
        &self,
        name: &'static str,
        setup: &Setup,
        algorithm: impl FnOnce(Exploration) -> A,
    ) -> Result<StreamAgent<A>> {
        let values = ActionValues::new(&setup.facts, false, Noise::new(setup.seed, "actions"));
        let head = values.head(self.final_epsilon);
        let network = self.stream.network("q", &self.hidden, values.actions(), self.kappa, true, setup)?;
        let (last, fraction) = (self.final_epsilon, self.exploration_fraction);
        let algorithm = algorithm(Exploration { values, total: setup.steps, last, fraction });
        StreamAgent::new(name, &self.stream, setup, vec![network], algorithm, (0, head))
    }

    /// The untrained policy.
    ///
    /// # Errors
    /// Those of the network.
    pub fn policy(&self, setup: &Setup) -> Result<Policy> {
        let values = ActionValues::new(&setup.facts, false, Noise::new(setup.seed, "actions"));
        self.stream.policy(&self.hidden, values.actions(), values.head(self.final_epsilon), setup)
    }
}

/// Epsilon-greedy actions over a run.
#[derive(Debug, Clone)]
pub struct Exploration {
    values: ActionValues,
    total: u64,
    last: f32,
    fraction: f32,
}

impl Exploration {
    /// None: the best of so many actions.
    pub fn none(actions: usize) -> Self {
        let values = ActionValues::of(actions, false, Noise::new(0, "actions"));
        Self { values, total: 1, last: 0.0, fraction: 0.0 }
    }

    /// An action at a step of the run.
    pub fn choose(&mut self, step: u64, outputs: &[f32], mask: Option<&[u32]>) -> u32 {
        self.values.epsilon = epsilon_at(step, self.total, self.last, self.fraction);
        self.values.choose(step, 0, outputs, mask)
    }

    /// The best action.
    pub fn best(&self, outputs: &[f32], mask: Option<&[u32]>) -> usize {
        self.values.best(outputs, mask)
    }

    /// Its figures.
    pub fn report(&self, figures: &mut dyn FnMut(&'static str, f64)) {
        figures("policy/epsilon", f64::from(self.values.epsilon));
    }
}
