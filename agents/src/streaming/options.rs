//! Options that all streaming agents have.

use std::sync::Arc;

use shadergym_envs::{ActionSpace, Facts};
use toml::Value;

use super::algorithm::NetworkSpec;
use super::interface::Interface;
use super::learner::{Adaptive, StepRule};
use super::plan::{Plan, Shape, StreamInit};
use super::policy::{Inputs, StreamNetwork};
use super::scaling::ObservationScaler;
use crate::agent::Setup;
use crate::common::build::{MINATAR, check_common};
use crate::common::head::Head;
use crate::error::{Error, Result};
use crate::options::{NetworkKind, OptionValue, Truncation, check, options, words};
use crate::policy::Policy;

options! {
    /// Options of a stream.
    pub struct Options {
        /// Learning rate: the largest step.
        learning_rate: f32 = 1.0,
        /// Discount factor.
        gamma: f32 = 0.99,
        /// Decay of the eligibility traces.
        lambda: f32 = 0.8,
        /// Optimiser: obgd, adaptive_obgd, or without their bound sgd, rmsprop.
        optimizer: Kind = Kind::ObGd,
        /// Decay of the running squares of adaptive optimisers.
        beta2: f32 = 0.999,
        /// Added to the running squares of adaptive optimisers.
        epsilon: f32 = 1e-8,
        /// What a time limit means to the value of a state: bootstrap or terminal.
        truncation: Truncation = Truncation::Terminal,
        /// Steps after which episodes of training are cut off, 0 = where the environment says.
        time_limit: u32 = 0,
        /// Whether the time in the episode is part of the observation; auto: where there is a time limit and the network is mlp.
        time_feature: TimeFeature = TimeFeature::Auto,
        /// Whether observations are normalised by their running moments.
        normalize_observations: bool = true,
        /// Whether rewards are scaled by the running spread of the discounted return.
        scale_rewards: bool = true,
        /// Network: mlp or conv.
        network: NetworkKind = NetworkKind::Mlp,
        /// Slope of the activation below 0; 0 makes it a ReLU.
        negative_slope: f32 = 0.01,
        /// Whether hidden layers are normalised.
        layer_norm: bool = true,
        /// Share of each unit's weights that is zero at the start.
        sparsity: f32 = 0.9,
        /// Whether units keep one weight where there are so few inputs that all would be zero; the source's do not.
        keep_one: bool = false,
        /// Whether the share of steps that overshoot is measured, which costs a forward pass.
        overshoot: bool = false,
    }
}

/// How steps are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bounded by the traces.
    ObGd,
    /// The same with Adam's second moments.
    AdaptiveObGd,
    /// The learning rate as it is.
    Sgd,
    /// The same over the root of running squares, as the actor-critic of MinAtar's examples.
    RmsProp,
}
words!(Kind, "obgd, adaptive_obgd, sgd or rmsprop", {
    "obgd" => Kind::ObGd, "adaptive_obgd" => Kind::AdaptiveObGd, "sgd" => Kind::Sgd, "rmsprop" => Kind::RmsProp,
});

/// Environments that streaming agents act in.
pub fn acts_in(facts: &Facts) -> bool {
    facts.agents == 1
}

/// The same with one discrete choice.
pub fn discrete(facts: &Facts) -> bool {
    acts_in(facts) && matches!(facts.action, ActionSpace::Discrete { .. })
}

/// Whether the time is part of what a network sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFeature {
    /// Where there is a time limit and the network is a perceptron.
    Auto,
    /// It is.
    On,
    /// It is not.
    Off,
}

impl OptionValue for TimeFeature {
    const KIND: &'static str = "true, false or auto";
    fn from_toml(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(on) => Some(if *on { Self::On } else { Self::Off }),
            Value::String(word) if word == "auto" => Some(Self::Auto),
            _ => None,
        }
    }
    fn to_toml(&self) -> Value {
        match self {
            Self::Auto => Value::String("auto".to_owned()),
            on => Value::Boolean(*on == Self::On),
        }
    }
}

impl Options {
    /// Whether the time is part of the input, once that is settled.
    pub fn timed(&self) -> bool {
        self.time_feature == TimeFeature::On
    }

    /// Settles what follows from the environment.
    pub fn settle(&mut self, interface: &Interface) {
        if self.time_feature == TimeFeature::Auto {
            let timed = self.limit(interface) > 0 && self.network == NetworkKind::Mlp;
            self.time_feature = if timed { TimeFeature::On } else { TimeFeature::Off };
        }
    }

    /// Steps after which an episode of training is cut off, 0 for none.
    pub fn limit(&self, interface: &Interface) -> u32 {
        if self.time_limit > 0 { self.time_limit } else { interface.limit }
    }

    /// Checks their ranges, and those of the widths.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub fn check(&self, hidden: &[usize], interface: &Interface) -> Result<()> {
        check_common(self.learning_rate, self.gamma, hidden)?;
        for (name, value) in [("lambda", self.lambda), ("sparsity", self.sparsity)] {
            check(name, value, "0 to 1", (0.0..=1.0).contains(&value))?;
        }
        check("beta2", self.beta2, "0 or more, below 1", (0.0..1.0).contains(&self.beta2))?;
        check("epsilon", self.epsilon, "above 0", self.epsilon > 0.0)?;
        let slope = self.negative_slope;
        check("negative_slope", slope, "0 or more, below 1", (0.0..1.0).contains(&slope))?;
        let limited = self.time_feature != TimeFeature::On || self.limit(interface) > 0;
        let allowed = format!("false or auto, or a time_limit above 0, as {} has none", interface.env);
        check("time_feature", true, &allowed, limited)
    }

    /// Steps with this bound.
    pub fn rule(&self, kappa: f32) -> StepRule {
        let adaptive = Adaptive { beta2: self.beta2, epsilon: self.epsilon, corrected: true };
        let (kappa, adaptive) = match self.optimizer {
            Kind::ObGd => (kappa, None),
            Kind::AdaptiveObGd => (kappa, Some(adaptive)),
            Kind::Sgd => (0.0, None),
            Kind::RmsProp => (0.0, Some(Adaptive { corrected: false, ..adaptive })),
        };
        StepRule { learning_rate: self.learning_rate, kappa, adaptive }
    }

    /// The network for an environment.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if its observations are no picture for a convolution.
    pub fn shape(&self, hidden: &[usize], outputs: usize, interface: &Interface) -> Result<Shape> {
        let convolution = match (self.network, &interface.observation[..]) {
            (NetworkKind::Mlp, _) => None,
            (NetworkKind::Conv, &[height, width, channels]) if !self.timed() => {
                Some((MINATAR, [height, width, channels]))
            }
            (NetworkKind::Conv, shape) => {
                return Err(Error::Unsupported(format!(
                    "network=conv needs time_feature=false and observations [height, width, channels], those of {} are \
                     {shape:?}; use network=mlp",
                    interface.env
                )));
            }
        };
        Ok(Shape {
            inputs: interface.elements() + usize::from(self.timed()),
            convolution,
            hidden: hidden.to_vec(),
            outputs,
            layer_norm: self.layer_norm,
            slope: self.negative_slope,
            init: StreamInit { sparsity: self.sparsity, keep_one: self.keep_one },
        })
    }

    /// A network of an algorithm: its name in checkpoints, widths, outputs and bound, and whether its outputs at the next
    /// state are wanted.
    ///
    /// # Errors
    /// As [`Self::shape`].
    pub fn network(
        &self,
        name: &'static str,
        hidden: &[usize],
        outputs: usize,
        kappa: f32,
        looks_ahead: bool,
        interface: &Interface,
    ) -> Result<NetworkSpec> {
        let plan = Arc::new(Plan::new(self.shape(hidden, outputs, interface)?)?);
        Ok(NetworkSpec { name, plan, rule: self.rule(kappa), looks_ahead })
    }

    /// The untrained policy whose network has these outputs.
    ///
    /// # Errors
    /// As [`Self::shape`].
    pub fn policy(&self, hidden: &[usize], outputs: usize, head: Head, setup: &Setup) -> Result<Policy> {
        let interface = Interface::from(&*setup.facts);
        let plan = Arc::new(Plan::new(self.shape(hidden, outputs, &interface)?)?);
        let parameters = plan.start(setup.seed);
        let scaler = self.normalize_observations.then(|| ObservationScaler::new(interface.elements()));
        let inputs = Inputs::new(self, self.limit(&interface), scaler);
        Ok(Policy::of_stream(setup.facts.clone(), Box::new(StreamNetwork::new(plan, &parameters)), head, inputs))
    }
}
