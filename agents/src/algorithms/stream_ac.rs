//! Stream AC(λ): an actor and a critic with eligibility traces from one transition at a time, for discrete and continuous
//! actions. The entropy's weight has the sign of the error, so that it always pushes upwards.
//!
//! Source: Elsayed et al. 2024, "Streaming Deep Reinforcement Learning Finally Works" (arXiv 2410.14606).

use shadergym_envs::ActionSpace;
use toml::Table;

use super::{Entry, OnlineEntry};
use crate::agent::Setup;
use crate::common::distribution::Distribution;
use crate::common::head::Head;
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::{check, options};
use crate::policy::Policy;
use crate::streaming::{
    self, Algorithm, Interface, Online, Options, Parts, StreamAgent, Transition, Verdict,
};

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "stream_ac",
    about: "stream actor-critic(lambda): from one transition at a time, without batches, all actions",
    options: Config::options,
    acts_in: streaming::acts_in,
    resolve: |table, facts| Ok(Config::checked(table, &facts.into())?.to_table()),
    make: |table, setup| {
        let interface = Interface::from(&*setup.facts);
        let options = Config::checked(table, &interface)?;
        let parts = options.parts(&interface, setup.seed)?;
        Ok(Box::new(StreamAgent::new("stream_ac", &options.stream, setup, parts)?))
    },
    policy: |table, setup| Config::checked(table, &(&*setup.facts).into())?.policy(setup),
    online: Some(OnlineEntry {
        chooses: |_| true,
        make: |table, interface, (seed, _)| {
            let options = Config::checked(table, interface)?;
            let parts = options.parts(interface, seed)?;
            Ok(Box::new(Online::new("stream_ac", &options.stream, interface, seed, parts)))
        },
    }),
};

options! {
    /// Options of stream AC(λ).
    pub struct Config {
        ..stream: Options,
        /// How much smaller than the correction of its error a step of the critic is kept; only for obgd and adaptive_obgd.
        kappa: f32 = 2.0,
        /// The same of the actor.
        policy_kappa: f32 = 3.0,
        /// Weight of the entropy.
        entropy_coefficient: f32 = 0.01,
        /// Widths of the hidden layers of actor and critic.
        hidden: Vec<usize> = vec![128, 128],
    }
}

impl Config {
    fn checked(table: &Table, interface: &Interface) -> Result<Self> {
        let mut c = Self::from_table("stream_ac", table)?;
        c.stream.settle(interface);
        c.stream.check(&c.hidden, interface)?;
        for (name, value) in [("kappa", c.kappa), ("policy_kappa", c.policy_kappa)] {
            check(name, value, "above 0", value > 0.0)?;
        }
        check("entropy_coefficient", c.entropy_coefficient, "0 or more", c.entropy_coefficient >= 0.0)?;
        Ok(c)
    }

    fn parts(&self, interface: &Interface, seed: u64) -> Result<Parts<StreamAc>> {
        let algorithm = StreamAc::new(&interface.action, self.stream.gamma, self.entropy_coefficient);
        let algorithm = StreamAc { noise: Noise::new(seed, "actions"), ..algorithm };
        let distribution = algorithm.distribution.clone();
        let network = |name, outputs, kappa, looks_ahead| {
            self.stream.network(name, &self.hidden, outputs, kappa, looks_ahead, interface)
        };
        let actor = network("policy", distribution.width(), self.policy_kappa, false)?;
        let critic = network("value", 1, self.kappa, true)?;
        Ok(Parts { networks: vec![actor, critic], algorithm, acting: (ACTOR, Head::Policy(distribution)) })
    }

    fn policy(&self, setup: &Setup) -> Result<Policy> {
        let distribution = Distribution::with_softplus(&setup.facts.action);
        self.stream.policy(&self.hidden, distribution.width(), Head::Policy(distribution), setup)
    }
}

/// Places of the networks.
const ACTOR: usize = 0;
const CRITIC: usize = 1;

/// The algorithm without its networks.
pub(crate) struct StreamAc {
    /// Of the actions.
    pub distribution: Distribution,
    noise: Noise,
    gamma: f32,
    entropy_coefficient: f32,
    /// Of the newest policy.
    entropy: f32,
}

impl StreamAc {
    /// For an action space.
    pub fn new(space: &ActionSpace, gamma: f32, entropy_coefficient: f32) -> Self {
        let distribution = Distribution::with_softplus(space);
        Self { distribution, noise: Noise::new(0, "actions"), gamma, entropy_coefficient, entropy: 0.0 }
    }
}

impl Algorithm for StreamAc {
    fn act(&mut self, step: u64, outputs: &[Vec<f32>], mask: Option<&[u32]>, action: &mut [u32]) {
        self.distribution.sample(&outputs[ACTOR], mask, &mut self.noise.at(step, 0), action);
    }

    fn execute(&self, action: &[u32], executed: &mut [u32]) {
        self.distribution.execute(action, executed);
    }

    fn judge(&mut self, transition: &Transition<'_>, gradients: &mut [Vec<f32>]) -> Verdict {
        let Transition { now, action, mask, .. } = *transition;
        let delta = self.error(transition);
        let weight = -self.entropy_coefficient * if delta < 0.0 { -1.0 } else { 1.0 };
        let gradient = Some((-1.0, weight, &mut gradients[ACTOR][..]));
        (_, self.entropy) = self.distribution.evaluate(&now[ACTOR], action, mask, gradient);
        gradients[CRITIC][0] = -1.0;
        Verdict { delta, value: now[CRITIC][0], cut: false }
    }

    fn error(&self, t: &Transition<'_>) -> f32 {
        let ahead = if t.bootstraps { t.next[CRITIC][0] } else { 0.0 };
        t.reward + self.gamma * ahead - t.now[CRITIC][0]
    }

    fn report(&self, figures: &mut dyn FnMut(&'static str, f64)) {
        figures("policy/entropy", f64::from(self.entropy));
    }
}
