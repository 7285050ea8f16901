//! Stream SARSA(λ): action values of the policy that acts, with eligibility traces from one transition at a time, without replay
//! and target network. Traces go on through exploration.
//!
//! Source: Elsayed et al. 2024, "Streaming Deep Reinforcement Learning Finally Works" (arXiv 2410.14606).

use shadergym_envs::ActionSpace;
use toml::Table;

use super::{Entry, OnlineEntry};
use crate::error::Result;
use crate::state::State;
use crate::streaming::{
    self, Algorithm, Exploration, Interface, Online, Parts, StreamAgent, Transition, ValueOptions, Verdict,
};

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "stream_sarsa",
    about: "stream SARSA(lambda): from one transition at a time, without replay and target network, discrete actions",
    options: ValueOptions::options,
    acts_in: streaming::discrete,
    resolve: |table, facts| Ok(ValueOptions::checked("stream_sarsa", table, &facts.into())?.to_table()),
    make: |table, setup| {
        let (options, parts) = parts(table, &(&*setup.facts).into(), (setup.seed, setup.steps))?;
        #[cfg(feature = "gpu")]
        if let Some(agent) = crate::resident::stream("stream_sarsa", &options, setup)? {
            return Ok(agent);
        }
        Ok(Box::new(StreamAgent::new("stream_sarsa", &options.stream, setup, parts)?))
    },
    policy: |table, setup| ValueOptions::checked("stream_sarsa", table, &(&*setup.facts).into())?.policy(setup),
    online: Some(OnlineEntry {
        chooses: |action| matches!(action, ActionSpace::Discrete { .. }),
        make: |table, interface, run| {
            let (options, parts) = parts(table, interface, run)?;
            Ok(Box::new(Online::new("stream_sarsa", &options.stream, interface, run.0, parts)))
        },
    }),
};

/// The algorithm with its network, for a seed and the steps of the run.
fn parts(table: &Table, interface: &Interface, run: (u64, u64)) -> Result<(ValueOptions, Parts<StreamSarsa>)> {
    let options = ValueOptions::checked("stream_sarsa", table, interface)?;
    let parts = options.parts(interface, run, |exploration| StreamSarsa::new(exploration, options.stream.gamma))?;
    Ok((options, parts))
}

/// The algorithm without its networks.
pub(crate) struct StreamSarsa {
    exploration: Exploration,
    gamma: f32,
    /// The action of the next state, once the target has used it.
    next: Option<u32>,
    /// The same where it is known before it is chosen.
    given: Option<u32>,
}

impl StreamSarsa {
    /// With this discount factor.
    pub fn new(exploration: Exploration, gamma: f32) -> Self {
        Self { exploration, gamma, next: None, given: None }
    }

    /// The next state's action is this one: for transitions that somebody else recorded.
    #[cfg(test)]
    pub fn take(&mut self, action: Option<u32>) {
        self.given = action;
    }
}

impl Algorithm for StreamSarsa {
    // The target has the next action.
    const OFF_POLICY: bool = false;

    fn act(&mut self, step: u64, outputs: &[Vec<f32>], mask: Option<&[u32]>, action: &mut [u32]) {
        action[0] = self.next.unwrap_or_else(|| self.exploration.choose(step, &outputs[0], mask));
    }

    fn judge(&mut self, transition: &Transition<'_>, gradients: &mut [Vec<f32>]) -> Verdict {
        let t = transition;
        gradients[0][t.action[0] as usize] = -1.0;
        let given = self.given.take();
        let mut choose = || self.exploration.choose(t.step + 1, &t.next[0], t.next_mask);
        self.next = t.bootstraps.then(|| given.unwrap_or_else(&mut choose));
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
        self.exploration.report(figures);
    }

    fn save(&self, state: &mut State) {
        state.put_u32("stream_sarsa/next", self.next.as_slice());
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.next = state.u32("stream_sarsa/next")?.first().copied();
        Ok(())
    }
}
