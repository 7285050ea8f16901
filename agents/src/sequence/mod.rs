//! Networks over sequences: an encoder, cells that remember, and towers of outputs, forward and backward in closed form on
//! SIMD lanes.
//!
//! A minibatch is whole sequences with what each carried in front of its first step. Groups of sequences go forward step by
//! step or all steps at once, as each layer can, through the loss and backward; groups run in parallel and are added in order.
//! What was before the beginning of an episode reaches nothing behind it, in outputs and in gradients, to the last bit.

mod attention;
mod dense;
mod diagonal;
mod gated;
mod gates;
mod gru;
mod hints;
mod layer;
mod lssl;
mod network;
mod shape;
mod span;
mod ssm;
#[cfg(test)]
mod tests;

pub use attention::AttentionShape;
pub use diagonal::StateSpace;
pub use hints::Hints;
pub use network::SequenceNetwork;
pub use shape::{Cell, SequenceShape};
pub use ssm::{Discretization, Execution};
