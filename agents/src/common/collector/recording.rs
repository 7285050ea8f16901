//! What a rollout recorded, and the part of it that a shard writes.

use shadergym_envs::Facts;

use super::mask_words;
use crate::network::Network;

/// What a rollout recorded. Rows lie shard by shard, within a shard `[T, rows of the shard]`.
#[derive(Debug, Clone, Default)]
pub struct Rollout {
    /// `[rows, observation words]`, normalised if the agent does so.
    pub observations: Vec<u32>,
    /// `[rows, mask words]`, empty where the environment has no action masks.
    pub masks: Vec<u32>,
    /// `[rows, action words]`.
    pub actions: Vec<u32>,
    /// `[rows]` log-probability of the action when it was chosen.
    pub log_probs: Vec<f32>,
    /// `[rows]` value of the state when it was visited.
    pub values: Vec<f32>,
    /// `[rows]`.
    pub rewards: Vec<f32>,
    /// `[rows]` ended by the environment's rules.
    pub terminated: Vec<bool>,
    /// `[rows]` ended by the time limit.
    pub truncated: Vec<bool>,
    /// `[rows]` value of the last observation of a truncated episode, 0 elsewhere.
    pub final_values: Vec<f32>,
    /// Value of the state after the last step, per row of a step, shard by shard.
    pub last_values: Vec<f32>,
    /// `[rows, hints]` what a recurrent network read beside the observation.
    pub hints: Vec<f32>,
    /// `[rows]` whether an episode began with the step, for a recurrent network.
    pub starts: Vec<bool>,
    /// What sequences carried into their first step, shard by shard `[sequences in time, rows of the shard, carry]`.
    pub carries: Vec<f32>,
}

impl Rollout {
    /// Makes room for what a recurrent network needs, with `sequences` of them one behind the other in each of `rows_of_step` rows.
    pub(super) fn remember(&mut self, network: &dyn Network, sequences: usize) {
        if let Some(recurrent) = network.recurrent() {
            self.starts.resize(self.rewards.len(), false);
            self.hints.resize(self.rewards.len() * recurrent.hints(), 0.0);
            self.carries.resize(self.last_values.len() * sequences * recurrent.carry(), 0.0);
        }
    }
}

/// A shard's part of the recording.
pub struct Part<'a> {
    pub observations: &'a mut [u32],
    pub masks: &'a mut [u32],
    pub actions: &'a mut [u32],
    pub log_probs: &'a mut [f32],
    pub values: &'a mut [f32],
    pub rewards: &'a mut [f32],
    pub terminated: &'a mut [bool],
    pub truncated: &'a mut [bool],
    pub final_values: &'a mut [f32],
    pub last_values: &'a mut [f32],
    pub hints: &'a mut [f32],
    pub starts: &'a mut [bool],
    pub carries: &'a mut [f32],
}

/// The whole recording as one part.
pub fn split(rollout: &mut Rollout) -> Part<'_> {
    Part {
        observations: &mut rollout.observations,
        masks: &mut rollout.masks,
        actions: &mut rollout.actions,
        log_probs: &mut rollout.log_probs,
        values: &mut rollout.values,
        rewards: &mut rollout.rewards,
        terminated: &mut rollout.terminated,
        truncated: &mut rollout.truncated,
        final_values: &mut rollout.final_values,
        last_values: &mut rollout.last_values,
        hints: &mut rollout.hints,
        starts: &mut rollout.starts,
        carries: &mut rollout.carries,
    }
}

/// Takes the rows of a shard, of which one step has `of_step`, off the front of the rest; `sequences` as in [`Rollout::remember`].
pub fn take<'a>(
    rest: &mut Part<'a>,
    (rows, of_step): (usize, usize),
    facts: &Facts,
    (network, sequences): (&dyn Network, usize),
) -> Part<'a> {
    fn front<'a, T>(slice: &mut &'a mut [T], n: usize) -> &'a mut [T] {
        let (head, tail) = std::mem::take(slice).split_at_mut(n);
        *slice = tail;
        head
    }
    let (hints, carry) = network.recurrent().map_or((0, 0), |recurrent| (recurrent.hints(), recurrent.carry()));
    let of_starts = if network.recurrent().is_some() { rows } else { 0 };
    Part {
        observations: front(&mut rest.observations, rows * facts.observation.flat_words()),
        masks: front(&mut rest.masks, rows * mask_words(facts)),
        actions: front(&mut rest.actions, rows * facts.action.words()),
        log_probs: front(&mut rest.log_probs, rows),
        values: front(&mut rest.values, rows),
        rewards: front(&mut rest.rewards, rows),
        terminated: front(&mut rest.terminated, rows),
        truncated: front(&mut rest.truncated, rows),
        final_values: front(&mut rest.final_values, rows),
        last_values: front(&mut rest.last_values, of_step),
        hints: front(&mut rest.hints, rows * hints),
        starts: front(&mut rest.starts, of_starts),
        carries: front(&mut rest.carries, of_step * sequences * carry),
    }
}
