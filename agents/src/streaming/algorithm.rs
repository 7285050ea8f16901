//! What a streaming algorithm is: how it acts, and the errors and gradients of a transition.

use std::sync::Arc;

use super::learner::StepRule;
use super::plan::Plan;
use crate::common::head::Head;
use crate::error::Result;
use crate::state::State;

/// One of an algorithm's networks.
#[derive(Debug, Clone)]
pub struct NetworkSpec {
    /// First part of its names in checkpoints.
    pub name: &'static str,
    /// What it looks like.
    pub plan: Arc<Plan>,
    /// How it steps.
    pub rule: StepRule,
    /// Whether its outputs at the next state are wanted to learn from.
    pub looks_ahead: bool,
}

/// A transition as an algorithm sees it; outputs of each network in their order.
#[derive(Debug)]
pub struct Transition<'a> {
    /// Outputs at the state in which the action was chosen.
    pub now: &'a [Vec<f32>],
    /// Outputs at the state that followed; undefined unless it bootstraps and the network looks ahead.
    pub next: &'a [Vec<f32>],
    /// What was done.
    pub action: &'a [u32],
    /// Scaled reward.
    pub reward: f32,
    /// Whether the value of the next state counts.
    pub bootstraps: bool,
    /// Whether the episode ended.
    pub done: bool,
    /// Legal actions in the state in which the action was chosen.
    pub mask: Option<&'a [u32]>,
    /// The same in the next.
    pub next_mask: Option<&'a [u32]>,
    /// Which of the stream's transitions it is.
    pub step: u64,
}

/// What an algorithm says of a transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// TD error.
    pub delta: f32,
    /// Value of the state, or of the action in it, that the error is about.
    pub value: f32,
    /// Whether the traces end with it although the episode goes on.
    pub cut: bool,
}

/// An algorithm: how it acts, and the error and the gradients of a transition.
pub trait Algorithm: Send + Sync + Sized {
    /// Whether it learns from actions that it has not chosen.
    const OFF_POLICY: bool = true;

    /// Chooses an action for outputs of each network.
    fn act(&mut self, step: u64, outputs: &[Vec<f32>], mask: Option<&[u32]>, action: &mut [u32]);

    /// The action as the environment takes it.
    fn execute(&self, action: &[u32], executed: &mut [u32]) {
        executed.copy_from_slice(action);
    }

    /// The TD error of a transition, and for each network the gradient of what it minimises, with respect to its outputs;
    /// they are zeros at first.
    fn judge(&mut self, transition: &Transition<'_>, gradients: &mut [Vec<f32>]) -> Verdict;

    /// The TD error of the same transition with outputs of the newest parameters, if it is measured whether steps
    /// overshoot.
    fn error(&self, transition: &Transition<'_>) -> f32;

    /// Figures of its own.
    fn report(&self, _figures: &mut dyn FnMut(&'static str, f64)) {}

    /// What it remembers between transitions.
    fn save(&self, _state: &mut State) {}

    /// Goes on from there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    fn load(&mut self, _state: &State) -> Result<()> {
        Ok(())
    }
}

/// An algorithm with its networks, ready to be put to work.
#[derive(Debug)]
pub struct Parts<A> {
    /// Its networks.
    pub networks: Vec<NetworkSpec>,
    /// The algorithm.
    pub algorithm: A,
    /// Which network acts, and how its outputs are read.
    pub acting: (usize, Head),
}
