//! What streams that learn action values share: options, and acting by epsilon.

use shadergym_envs::ActionSpace;
use toml::Table;

use super::algorithm::Parts;
use super::interface::Interface;
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
    pub fn checked(agent: &str, table: &Table, interface: &Interface) -> Result<Self> {
        let mut c = Self::from_table(agent, table)?;
        c.stream.settle(interface);
        c.stream.check(&c.hidden, interface)?;
        check("kappa", c.kappa, "above 0", c.kappa > 0.0)?;
        check_exploration(c.exploration_fraction, c.final_epsilon)?;
        Ok(c)
    }

    /// An algorithm that acts by what it is given, in a run of so many steps.
    ///
    /// # Errors
    /// Those of the network.
    pub fn parts<A>(
        &self,
        interface: &Interface,
        (seed, steps): (u64, u64),
        algorithm: impl FnOnce(Exploration) -> A,
    ) -> Result<Parts<A>> {
        let values = values(interface, seed);
        let head = values.head(self.final_epsilon);
        let network = self.stream.network("q", &self.hidden, values.actions(), self.kappa, true, interface)?;
        let (last, fraction) = (self.final_epsilon, self.exploration_fraction);
        let algorithm = algorithm(Exploration { values, total: steps, last, fraction });
        Ok(Parts { networks: vec![network], algorithm, acting: (0, head) })
    }

    /// The untrained policy.
    ///
    /// # Errors
    /// Those of the network.
    pub fn policy(&self, setup: &Setup) -> Result<Policy> {
        let values = values(&Interface::from(&*setup.facts), setup.seed);
        self.stream.policy(&self.hidden, values.actions(), values.head(self.final_epsilon), setup)
    }
}

/// Acts on the outputs, one for each action.
fn values(interface: &Interface, seed: u64) -> ActionValues {
    let actions = match interface.action {
        ActionSpace::Discrete { n } => n as usize,
        _ => 0,
    };
    ActionValues::of(actions, false, Noise::new(seed, "actions"))
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
