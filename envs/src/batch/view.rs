//! What a step gives.

use shadergym_compiler::{Facts, Kind};

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

    /// Global states `[n, ...]`, one for all agents of an instance, seen with the observations; None where the environment
    /// has none.
    pub fn global_states(&self) -> Option<Observations<'a>> {
        self.facts.global_state.as_ref().map(|space| Observations::new(&self.out.global_states, space))
    }

    /// Last global states of episodes `[n, ...]`; a row means something only where [`Self::ended`].
    pub fn final_global_states(&self) -> Option<Observations<'a>> {
        self.facts.global_state.as_ref().map(|space| Observations::new(&self.out.final_global_states, space))
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

    /// `[n]` whether this transition reached the time limit, or the environment cut the episode; both flags may be set.
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

    /// Whether the observation of instance i is the first of an episode, in every auto-reset mode: where a recurrent
    /// policy begins with a fresh memory.
    ///
    /// # Panics
    /// If there is no such instance.
    pub fn started(&self, instance: usize) -> bool {
        self.out.starts[instance]
    }

    /// The same of all instances, `[n]`.
    pub fn starts(&self) -> &'a [bool] {
        &self.out.starts
    }

    /// What the environment tells of this transition, raw words `[n, info words]` laid out as `spec().info`; None if it
    /// tells nothing. Under SAME_STEP it is about the transition that ended the episode; 0 where an instance only started.
    pub fn infos(&self) -> Option<&'a [u32]> {
        self.facts.info.as_ref().map(|_| &self.out.infos[..])
    }

    /// One field of the infos as numbers, `[n, field shape]`; None if there is no such field.
    pub fn info(&self, name: &str) -> Option<Vec<f64>> {
        values_of(self.facts, name, &self.out.infos)
    }

    /// Which agents are out of the game though the episode may go on, `[n, agents]`; None where the environment does not
    /// say. False where an instance only started.
    pub fn agent_done(&self) -> Option<&'a [bool]> {
        self.facts.agent_done.then_some(&self.out.agent_done[..])
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

    /// Sums over the episode that each instance finished last of its infos, `[n, info words]`, integers as numbers too; 0
    /// before any, None if the environment has no infos.
    pub fn episode_infos(&self) -> Option<&'a [f32]> {
        self.facts.info.as_ref().map(|_| &self.out.finished_info[..])
    }

    /// Length in steps of the episode that each instance finished last, `[n]`; 0 before any.
    pub fn episode_lengths(&self) -> &'a [u32] {
        &self.out.finished_length
    }

    /// All instances as one range.
    pub(crate) fn rows(&self) -> StepRows<'a> {
        StepRows {
            first: 0,
            observations: self.observations(),
            rewards: self.rewards(),
            terminated: self.terminated(),
            truncated: self.truncated(),
        }
    }
}

/// The outputs of a step of some neighbouring instances, m of them.
#[derive(Debug, Clone, Copy)]
pub struct StepRows<'a> {
    /// Index of the first of them.
    pub first: usize,
    /// Observations `[m, agents, ...]`, as [`StepView::observations`].
    pub observations: Observations<'a>,
    /// Rewards `[m, agents]`, as [`StepView::rewards`].
    pub rewards: &'a [f32],
    /// `[m]`, as [`StepView::terminated`].
    pub terminated: &'a [bool],
    /// `[m]`, as [`StepView::truncated`].
    pub truncated: &'a [bool],
}

/// One field of rows of infos as numbers.
pub(super) fn values_of(facts: &Facts, name: &str, rows: &[u32]) -> Option<Vec<f64>> {
    let info = facts.info.as_ref()?;
    let field = info.field(name)?;
    let number = |word: &u32| match field.kind {
        Kind::F32 => f64::from(f32::from_bits(*word)),
        Kind::U32 => f64::from(*word),
        Kind::I32 => f64::from(*word as i32),
    };
    let rows = rows.chunks_exact(info.words);
    Some(rows.flat_map(|row| row[field.offset..field.offset + field.words()].iter().map(number)).collect())
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
