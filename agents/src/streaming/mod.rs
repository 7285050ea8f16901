//! Learning from one transition at a time: no replay, no batch, no target network.
//!
//! A [`Learner`] is a network with eligibility traces for one member or for four side by side. An update is a
//! backward pass, which decays the traces and adds to them, and a step that is made on the way through the next forward pass:
//! two passes over the parameters, and nothing is allocated.

mod agent;
mod algorithm;
mod core;
mod group;
mod interface;
mod kernels;
mod lanes;
mod learner;
mod online;
mod options;
mod plan;
mod policy;
mod scaling;
mod stream;
#[cfg(test)]
mod tests;
mod update;
mod values;

pub use agent::StreamAgent;
pub use algorithm::{Algorithm, NetworkSpec, Parts, Transition, Verdict};
pub use core::{Core, Sums};
pub use interface::Interface;
pub use kernels::Pass;
pub use learner::{Adaptive, Learner, Lesson, StepRule};
pub use online::{Observed, Online, OnlineLearner};
pub use options::{Kind, Options, TimeFeature, acts_in, discrete};
pub use plan::{Layer, Plan, Shape, StreamInit, Windows};
pub use policy::{Inputs, StreamNetwork};
pub use scaling::{ObservationScaler, RewardScaler, time_feature};
pub use values::{Exploration, ValueOptions};
