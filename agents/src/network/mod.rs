//! Networks: from rows of observations to outputs, and from the loss gradient with respect to the outputs to the gradient
//! of the parameters. An algorithm knows only [`Network`]; which arithmetic is behind it does not matter to it.
//!
//! Parameters and gradients are one flat array each, whatever the network, so optimisers, clipping, target networks and
//! checkpoints are written once. The loss is a closure over a tile of rows: a tile goes forward, through the loss and
//! backward while its activations are in the cache, and tiles run in parallel.

mod bits;
mod carry;
mod convolve;
pub(crate) mod elementwise;
pub(crate) mod feedforward;
pub(crate) mod init;
pub(crate) mod kernels;
mod layout;
mod lines;
mod row_map;
mod rows;
pub(crate) mod transpose;
pub mod vector_math;

use std::ops::Range;

pub use carry::{Carry, Recurrent, Sequences};
pub use feedforward::{Activation, Convolution, FeedForward, Init, Inputs, LayerNorm, Shape, Tower};
pub(crate) use init::{Random, sparse, uniform};
pub use layout::{Layout, Part};
pub(crate) use lines::Lines;
pub use row_map::RowMap;
pub use rows::Rows;

/// What a loss adds up over rows besides the gradient: sums of its own choice, such as policy loss, value loss, entropy.
pub type LossSums = [f64; 8];

/// Loss of a tile of rows: positions of the rows within the call's [`Rows`], their outputs `[tile, outputs]`, and the
/// gradient of the loss with respect to these `[tile, outputs]`, zeros at first, to be written. The loss is a sum over
/// rows: an average over the minibatch is up to the closure.
pub type Loss<'a> = dyn Fn(Range<usize>, &[f32], &mut [f32]) -> LossSums + Sync + 'a;

/// Rows in, outputs out, differentiable. Results do not depend on the number of threads.
pub trait Network: Send + Sync {
    /// What lies where in [`Self::parameters`].
    fn layout(&self) -> &Layout;

    /// Values per row that come out.
    fn outputs(&self) -> usize;

    /// All parameters, flat.
    fn parameters(&self) -> &[f32];

    /// All parameters, to change them.
    fn parameters_mut(&mut self) -> &mut [f32];

    /// Outputs of all rows, `[rows, outputs]`.
    ///
    /// # Panics
    /// If `outputs` has another length or the rows another width.
    fn predict(&self, rows: Rows<'_>, outputs: &mut [f32]);

    /// Forward, loss, backward: adds the gradient of the loss, summed over all rows, to `gradient` (as long as
    /// [`Self::parameters`]) and returns the loss's sums.
    ///
    /// # Panics
    /// If `gradient` has another length or the rows another width.
    fn gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums;

    /// For one tile of float rows `[rows, inputs]`: the outputs, and the gradient with respect to the inputs of what
    /// `loss` differentiates: how a policy learns through a critic. Runs on the calling thread.
    ///
    /// # Panics
    /// As [`Self::gradient`]; if the rows are not floats.
    fn input_gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, input_gradient: &mut [f32]) -> LossSums;

    /// The largest real part among the eigenvalues of its states, if it is a state-space model: above 0 they grow without bound.
    fn largest_eigenvalue(&self) -> Option<f32> {
        None
    }

    /// Itself, if it remembers: then [`Recurrent::advance`] takes the place of [`Self::predict`].
    fn recurrent(&self) -> Option<&dyn Recurrent> {
        None
    }

    /// Threads of rayon's pool that it computes on.
    fn threads(&self) -> usize {
        1
    }

    /// A copy with the same parameters: a target network.
    fn boxed_clone(&self) -> Box<dyn Network>;
}
