//! Stream SARSA(λ): action values of the policy that acts, with eligibility traces from one transition at a time, without replay
//! and target network. Traces go on through exploration.
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
use crate::state::State;
use crate::streaming::{self, Algorithm, Options, StreamAgent, Transition, Verdict};

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "stream_sarsa",
    about: "stream SARSA(lambda): from one transition at a time, without replay and target network, discrete actions",
    options: Config::options,
    acts_in: streaming::discrete,
    resolve: |table, facts| Ok(Config::checked(table, facts)?.to_table()),
    make: |table, setup| Ok(Box::new(Config::checked(table, &setup.facts)?.agent(setup)?)),
    policy: |table, setup| Config::checked(table, &setup.facts)?.policy(setup),
};

options! {
    /// Options of stream SARSA(λ).
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
        let mut c = Self::from_table("stream_sarsa", table)?;
        c.stream.settle(facts);
        c.stream.check(&c.hidden, facts)?;
        check("kappa", c.kappa, "above 0", c.kappa > 0.0)?;
        check_exploration(c.exploration_fraction, c.final_epsilon)?;
        Ok(c)
    }

    fn agent(&self, setup: &Setup) -> Result<StreamAgent<StreamSarsa>> {
        let values = ActionValues::new(&setup.facts, false, Noise::new(setup.seed, "actions"));
        let head = values.head(self.final_epsilon);
        let network = self.stream.network("q", &self.hidden, values.actions(), self.kappa, true, setup)?;
        let exploration = (setup.steps, self.final_epsilon, self.exploration_fraction);
        let algorithm = StreamSarsa { values, exploration, ..StreamSarsa::new(0, self.stream.gamma) };
        StreamAgent::new("stream_sarsa", &self.stream, setup, vec![network], algorithm, (0, head))
    }

    fn policy(&self, setup: &Setup) -> Result<Policy> {
        let values = ActionValues::new(&setup.facts, false, Noise::new(setup.seed, "actions"));
        self.stream.policy(&self.hidden, values.actions(), values.head(self.final_epsilon), setup)
    }
}

/// The algorithm without its networks.
pub(crate) struct StreamSarsa {
    values: ActionValues,
    /// Steps of the run, last epsilon, and share of the run until then.
    exploration: (u64, f32, f32),
    gamma: f32,
    /// The action of the next state, once the target has used it.
    next: Option<u32>,
    /// The same where it is known before it is chosen.
    given: Option<u32>,
}

impl StreamSarsa {
    /// For so many actions; greedy.
    pub fn new(actions: usize, gamma: f32) -> Self {
        let values = ActionValues::of(actions, false, Noise::new(0, "actions"));
        Self { values, exploration: (1, 0.0, 0.0), gamma, next: None, given: None }
    }

    /// The next state's action is this one: for transitions that somebody else recorded.
    #[cfg(test)]
    pub fn take(&mut self, action: Option<u32>) {
        self.given = action;
    }

    fn choose(&mut self, step: u64, outputs: &[f32], mask: Option<&[u32]>) -> u32 {
        let (total, last, fraction) = self.exploration;
        self.values.epsilon = epsilon_at(step, total, last, fraction);
        self.values.choose(step, 0, outputs, mask)
    }
}

impl Algorithm for StreamSarsa {
    fn act(&mut self, step: u64, outputs: &[Vec<f32>], mask: Option<&[u32]>, action: &mut [u32]) {
        action[0] = self.next.unwrap_or_else(|| self.choose(step, &outputs[0], mask));
    }

    fn judge(&mut self, transition: &Transition<'_>, gradients: &mut [Vec<f32>]) -> Verdict {
        let t = transition;
        gradients[0][t.action[0] as usize] = -1.0;
        let given = self.given.take();
        self.next = t.bootstraps.then(|| given.unwrap_or_else(|| self.choose(t.step + 1, &t.next[0], t.next_mask)));
        let delta = self.error(t);
        if t.done {
            // Behind a time limit it is valued, but not done.
            self.next = None;
        }
        Verdict { delta, value: t.now[0][t.action[0] as usize], cut: false }
    }

    fn error(&self, t: &Transition<'_>) -> f32 {
        let ahead = self.next.map_or(0.0, |action| t.next[0][action as usize]);
        t.reward + self.gamma * ahead - t.now[0][t.action[0] as usize]
    }

    fn report(&self, figures: &mut dyn FnMut(&'static str, f64)) {
        figures("policy/epsilon", f64::from(self.values.epsilon));
    }

    fn save(&self, state: &mut State) {
        state.put_u32("stream_sarsa/next", self.next.as_slice());
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.next = state.u32("stream_sarsa/next")?.first().copied();
        Ok(())
    }
}
