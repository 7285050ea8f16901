//! What a step gives.

use shadergym_compiler::Facts;

use crate::backend::Outputs;
use crate::observations::Observations;

/// The outputs of the newest transition of all instances; borrowed from the batch, nothing is copied.
#[derive(Debug, Clone, Copy)]
pub struct StepView<'a> {
    pub(crate) out: &'a Outputs,
    pub(crate) facts: &'a Facts,
}

impl<'a> StepView<'a> {
    /// Observations `[n, agents, ...]`. Where an episode ended: its last one, or under SAME_STEP the first one of the
    /// next episode.
    pub fn observations(&self) -> Observations<'a> {
        Observations::new(&self.out.observations, &self.facts.observation)
    }

    /// Which actions are legal, `[n, agents, mask words]`; None where the environment does not say (all are, then).
    /// A row belongs to the observation of the same row: it is about the action that comes next. Action a of a
    /// discrete space is bit a % 32 of word a / 32, 1 = legal; the bits of several choices follow each other
    /// ([`ActionSpace::mask_bits`](shadergym_compiler::ActionSpace::mask_bits) of them, the rest of the last word is
    /// 0). Every choice has a legal action. What an illegal action does is up to the environment.
    pub fn action_masks(&self) -> Option<&'a [u32]> {
        self.facts.action_mask.then_some(&self.out.masks[..])
    }

    /// Rewards `[n, agents]`; 0 where an instance only started.
    pub fn rewards(&self) -> &'a [f32] {
        &self.out.rewards
    }

    /// `[n]` whether this transition ended the episode by the environment's rules.
    pub fn terminated(&self) -> &'a [bool] {
        &self.out.terminated
    }

    /// `[n]` whether this transition reached the time limit; both flags may be set.
    pub fn truncated(&self) -> &'a [bool] {
        &self.out.truncated
    }

    /// Whether instance i ended in this transition.
    ///
    /// # Panics
    /// If there is no such instance.
    pub fn ended(&self, instance: usize) -> bool {
        self.out.terminated[instance] | self.out.truncated[instance]
    }

    /// Indices of the instances that ended in this transition, ascending.
    pub fn ended_instances(&self) -> impl Iterator<Item = usize> + 'a {
        let flags = self.out.terminated.iter().zip(&self.out.truncated);
        flags.enumerate().filter(|(_, (a, b))| **a | **b).map(|(i, _)| i)
    }

    /// Last observations of episodes `[n, agents, ...]`; a row means something only where [`Self::ended`].
    pub fn final_observations(&self) -> Observations<'a> {
        Observations::new(&self.out.final_observations, &self.facts.observation)
    }

    /// Return (undiscounted sum of rewards) of the episode that each instance finished last, `[n, agents]`; 0 before any.
    pub fn episode_returns(&self) -> &'a [f32] {
        &self.out.finished_return
    }

    /// Length in steps of the episode that each instance finished last, `[n]`; 0 before any.
    pub fn episode_lengths(&self) -> &'a [u32] {
        &self.out.finished_length
    }
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue bytes `[height, width, 3]`, top row first.
    pub rgb: Vec<u8>,
}
