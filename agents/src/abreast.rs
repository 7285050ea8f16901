//! Learners of several runs that advance together.

use crate::agent::{Clocks, Log};
use crate::error::{Error, Result};
use crate::policy::Policy;
use crate::state::State;

/// Learners of several runs side by side: each comes to what it would alone on the same back end.
pub trait Abreast: Send {
    /// One iteration of all members that have not failed: what each told goes into its log, why it failed into its place of `failures`.
    ///
    /// # Errors
    /// What ends all of them, such as a lost device.
    fn advance(&mut self, logs: &mut [Log], failures: &mut [Option<Error>]) -> Result<()>;
    /// How much each member has done so far.
    fn clocks(&self) -> Clocks;
    /// Whether it learns on the GPU of its environments.
    fn learns_on_gpu(&self) -> bool {
        false
    }
    /// The policy of a member as it is now.
    fn policy(&self, member: usize) -> Policy;
    /// Everything that a member needs to go on bit by bit.
    ///
    /// # Errors
    /// Those of the device.
    fn save(&mut self, member: usize, state: &mut State) -> Result<()>;
    /// Goes on where `save` was called; all members are at the same step.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if something is missing or of another size.
    fn load(&mut self, member: usize, state: &State) -> Result<()>;
}
