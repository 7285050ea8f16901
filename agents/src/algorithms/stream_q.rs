//! Stream Q(λ): Q-learning with eligibility traces from one transition at a time, without replay and target network. Traces
//! end with an action that is not greedy (Watkins).
//!
//! Source: Elsayed et al. 2024, "Streaming Deep Reinforcement Learning Finally Works" (arXiv 2410.14606).

use shadergym_envs::ActionSpace;
use toml::Table;

use super::{Entry, OnlineEntry};
use crate::error::Result;
use crate::streaming::{
    self, Algorithm, Exploration, Interface, Online, Parts, StreamAgent, Transition, ValueOptions, Verdict,
};

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "stream_q",
    about: "stream Q(lambda): from one transition at a time, without replay and target network, discrete actions",
    options: ValueOptions::options,
    acts_in: streaming::discrete,
    resolve: |table, facts| Ok(ValueOptions::checked("stream_q", table, &facts.into())?.to_table()),
    make: |table, setup| {
        let (options, parts) = parts(table, &(&*setup.facts).into(), (setup.seed, setup.steps))?;
        #[cfg(feature = "gpu")]
        if let Some(agent) = crate::resident::stream("stream_q", &options, setup)? {
            return Ok(agent);
        }
        Ok(Box::new(StreamAgent::new("stream_q", &options.stream, setup, parts)?))
    },
    policy: |table, setup| ValueOptions::checked("stream_q", table, &(&*setup.facts).into())?.policy(setup),
    online: Some(OnlineEntry {
        chooses: |action| matches!(action, ActionSpace::Discrete { .. }),
        make: |table, interface, run| {
            let (options, parts) = parts(table, interface, run)?;
            Ok(Box::new(Online::new("stream_q", &options.stream, interface, run.0, parts)))
        },
    }),
};

/// The algorithm with its network, for a seed and the steps of the run.
fn parts(table: &Table, interface: &Interface, run: (u64, u64)) -> Result<(ValueOptions, Parts<StreamQ>)> {
    let options = ValueOptions::checked("stream_q", table, interface)?;
    let parts = options.parts(interface, run, |exploration| StreamQ::new(exploration, options.stream.gamma))?;
    Ok((options, parts))
}

/// The algorithm without its networks.
pub(crate) struct StreamQ {
    exploration: Exploration,
    gamma: f32,
}

impl StreamQ {
    /// With this discount factor.
    pub fn new(exploration: Exploration, gamma: f32) -> Self {
        Self { exploration, gamma }
    }
}

impl Algorithm for StreamQ {
    fn act(&mut self, step: u64, outputs: &[Vec<f32>], mask: Option<&[u32]>, action: &mut [u32]) {
        action[0] = self.exploration.choose(step, &outputs[0], mask);
    }

    fn judge(&mut self, transition: &Transition<'_>, gradients: &mut [Vec<f32>]) -> Verdict {
        let (now, action) = (&transition.now[0], transition.action[0] as usize);
        gradients[0][action] = -1.0;
        // A random action that happens to be the best one counts as greedy.
        let greedy = action == self.exploration.best(now, transition.mask);
        Verdict { delta: self.error(transition), value: now[action], cut: !greedy }
    }

    fn error(&self, t: &Transition<'_>) -> f32 {
        let next = &t.next[0];
        let ahead = if t.bootstraps { next[self.exploration.best(next, t.next_mask)] } else { 0.0 };
        t.reward + self.gamma * ahead - t.now[0][t.action[0] as usize]
    }

    fn report(&self, figures: &mut dyn FnMut(&'static str, f64)) {
        self.exploration.report(figures);
    }
}
