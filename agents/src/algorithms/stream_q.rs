//! Stream Q(λ): Q-learning with eligibility traces from one transition at a time, without replay and target network. Traces
//! end with an action that is not greedy (Watkins).
//!
//! Source: Elsayed et al. 2024, "Streaming Deep Reinforcement Learning Finally Works" (arXiv 2410.14606).

use toml::Table;

use super::Entry;
use crate::agent::Setup;
use crate::common::action_values::{ActionValues, check_exploration, epsilon_at};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::{check, options};
use crate::policy::Policy;
use crate::streaming::{self, Algorithm, Options, StreamAgent, Transition, Verdict};

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "stream_q",
    about: "stream Q(lambda): from one transition at a time, without replay and target network, discrete actions",
    options: Config::options,
    acts_in: streaming::discrete,
    resolve: |table, facts| Ok(Config::checked(table, facts)?.to_table()),
    make: |table, setup| Ok(Box::new(Config::checked(table, &setup.facts)?.agent(setup)?)),
    policy: |table, setup| Config::checked(table, &setup.facts)?.policy(setup),
};

options! {
    /// Options of stream Q(λ).
    pub struct Config {
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

impl Config {
    fn checked(table: &Table, facts: &shadergym_envs::Facts) -> Result<Self> {
        let mut c = Self::from_table("stream_q", table)?;
        c.stream.settle(facts);
        c.stream.check(&c.hidden, facts)?;
        check("kappa", c.kappa, "above 0", c.kappa > 0.0)?;
        check_exploration(c.exploration_fraction, c.final_epsilon)?;
        Ok(c)
    }

    fn agent(&self, setup: &Setup) -> Result<StreamAgent<StreamQ>> {
        let values = ActionValues::new(&setup.facts, false, Noise::new(setup.seed, "actions"));
        let head = values.head(self.final_epsilon);
        let network = self.stream.network("q", &self.hidden, values.actions(), self.kappa, true, setup)?;
        let exploration = (setup.steps, self.final_epsilon, self.exploration_fraction);
        let algorithm = StreamQ { values, exploration, ..StreamQ::new(0, self.stream.gamma) };
        StreamAgent::new("stream_q", &self.stream, setup, vec![network], algorithm, (0, head))
    }

    fn policy(&self, setup: &Setup) -> Result<Policy> {
        let values = ActionValues::new(&setup.facts, false, Noise::new(setup.seed, "actions"));
        self.stream.policy(&self.hidden, values.actions(), values.head(self.final_epsilon), setup)
    }
}

/// The algorithm without its networks.
pub(crate) struct StreamQ {
    values: ActionValues,
    /// Steps of the run, last epsilon, and share of the run until then.
    exploration: (u64, f32, f32),
    gamma: f32,
}

impl StreamQ {
    /// For so many actions; greedy.
    pub fn new(actions: usize, gamma: f32) -> Self {
        Self { values: ActionValues::of(actions, false, Noise::new(0, "actions")), exploration: (1, 0.0, 0.0), gamma }
    }
}

impl Algorithm for StreamQ {
    fn act(&mut self, step: u64, outputs: &[Vec<f32>], mask: Option<&[u32]>, action: &mut [u32]) {
        let (total, last, fraction) = self.exploration;
        self.values.epsilon = epsilon_at(step, total, last, fraction);
        action[0] = self.values.choose(step, 0, &outputs[0], mask);
    }

    fn judge(&mut self, transition: &Transition<'_>, gradients: &mut [Vec<f32>]) -> Verdict {
        let (now, action) = (&transition.now[0], transition.action[0] as usize);
        gradients[0][action] = -1.0;
        // A random action that happens to be the best one counts as greedy.
        let greedy = action == self.values.best(now, transition.mask);
        Verdict { delta: self.error(transition), value: now[action], cut: !greedy }
    }

    fn error(&self, t: &Transition<'_>) -> f32 {
        let next = &t.next[0];
        let ahead = if t.bootstraps { next[self.values.best(next, t.next_mask)] } else { 0.0 };
        t.reward + self.gamma * ahead - t.now[0][t.action[0] as usize]
    }

    fn report(&self, figures: &mut dyn FnMut(&'static str, f64)) {
        figures("policy/epsilon", f64::from(self.values.epsilon));
    }
}
