//! Wrappers: what changes data on its way from a batch to a learner. Each is one file, acts on whole batches, and may be
//! put around any other:
//!
//! ```no_run
//! use shadergym_envs::wrappers::{FrameStack, NormalizeObservation, VectorEnv};
//! # fn main() -> shadergym_envs::Result<()> {
//! let batch = shadergym_envs::make("CartPole-v1", 64)?;
//! let mut env = FrameStack::new(NormalizeObservation::new(batch), 4)?;
//! let frame = env.reset(Some(7))?;
//! assert_eq!(frame.observations.len(), 64 * 4 * 4);
//! # Ok(()) }
//! ```
//!
//! What changes an episode (time limit, sticky actions, auto-reset) is not a wrapper but an option of the batch.

mod clip_reward;
mod episode_statistics;
mod frame;
mod frame_stack;
mod normalize_observation;
mod normalize_reward;
mod running_moments;
#[cfg(test)]
mod tests;
mod time_aware;

pub use clip_reward::ClipReward;
pub use episode_statistics::{EpisodeStatistics, Spread};
pub(crate) use frame::FrameBuffers;
pub use frame::{Frame, Row};
pub use frame_stack::{FrameStack, Padding};
pub use normalize_observation::NormalizeObservation;
pub use normalize_reward::NormalizeReward;
pub use running_moments::RunningMoments;
pub use time_aware::TimeAware;

use crate::backend::AutoresetMode;
use crate::elements::Actions;
use crate::error::Result;
use crate::space::Space;

/// What does not change while a vector environment lives.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Instances n.
    pub num_envs: usize,
    /// Agents per instance.
    pub agents: usize,
    /// Observation space of one agent of one instance, as it comes out of this layer. Values are always `f32`.
    pub observation_space: Space,
    /// Action space of one agent of one instance.
    pub action_space: Space,
    /// When ended instances start anew.
    pub autoreset_mode: AutoresetMode,
    /// Time limit of an episode in steps, 0 = none.
    pub max_episode_steps: u32,
}

/// A batch or a wrapper around one. Observations are floats here, unpacked where need be.
pub trait VectorEnv {
    /// Sizes, spaces and options.
    fn info(&self) -> &Info;

    /// As [`Batch::reset`](crate::Batch::reset).
    ///
    /// # Errors
    /// Those of the batch.
    fn reset(&mut self, seed: Option<u64>) -> Result<Frame<'_>>;

    /// As [`Batch::reset_masked`](crate::Batch::reset_masked).
    ///
    /// # Errors
    /// Those of the batch.
    fn reset_masked(&mut self, mask: &[bool], seed: Option<u64>) -> Result<Frame<'_>>;

    /// As [`Batch::step`](crate::Batch::step).
    ///
    /// # Errors
    /// Those of the batch.
    fn step(&mut self, actions: Actions<'_>) -> Result<Frame<'_>>;
}

impl<E: VectorEnv + ?Sized> VectorEnv for Box<E> {
    fn info(&self) -> &Info {
        (**self).info()
    }

    fn reset(&mut self, seed: Option<u64>) -> Result<Frame<'_>> {
        (**self).reset(seed)
    }

    fn reset_masked(&mut self, mask: &[bool], seed: Option<u64>) -> Result<Frame<'_>> {
        (**self).reset_masked(mask, seed)
    }

    fn step(&mut self, actions: Actions<'_>) -> Result<Frame<'_>> {
        (**self).step(actions)
    }
}

/// Implements [`VectorEnv`] for a wrapper: `$apply(&mut wrapper.data, frame) -> Frame`, with `inner` beside `data` so that
/// the frame may borrow from the one while the other changes.
macro_rules! wrapper {
    ($name:ident, $data:ident) => {
        impl<E: crate::wrappers::VectorEnv> crate::wrappers::VectorEnv for $name<E> {
            fn info(&self) -> &crate::wrappers::Info {
                $data::info(&self.data, self.inner.info())
            }

            fn reset(&mut self, seed: Option<u64>) -> crate::Result<crate::wrappers::Frame<'_>> {
                let Self { inner, data } = self;
                Ok(data.apply(inner.reset(seed)?))
            }

            fn reset_masked(&mut self, mask: &[bool], seed: Option<u64>) -> crate::Result<crate::wrappers::Frame<'_>> {
                let Self { inner, data } = self;
                Ok(data.apply(inner.reset_masked(mask, seed)?))
            }

            fn step(&mut self, actions: crate::Actions<'_>) -> crate::Result<crate::wrappers::Frame<'_>> {
                let Self { inner, data } = self;
                Ok(data.apply(inner.step(actions)?))
            }
        }

        impl<E> $name<E> {
            /// What is wrapped.
            pub fn inner(&self) -> &E {
                &self.inner
            }

            /// What is wrapped, to change its parameters, say. Stepping or resetting it past the wrapper confuses the latter.
            pub fn inner_mut(&mut self) -> &mut E {
                &mut self.inner
            }

            /// Takes the wrapper off.
            pub fn into_inner(self) -> E {
                self.inner
            }
        }
    };
}
pub(crate) use wrapper;
