//! The steps of a rollout that one thread makes: policy and environment by turns.

use std::ops::Range;

use shadergym_envs::{Batch, Facts};

use super::memory::Memory;
use super::recording::Part;
use super::{Act, Chosen, as_actions, mask_words};
use crate::agent::Episode;
use crate::common::moments::ObservationMoments;
use crate::common::restarts::{Restarts, last_observation};
use crate::error::Result;
use crate::network::{Network, Rows};
use crate::tasks::Tasks;

/// Some of the instances, whose steps one thread makes.
pub(super) struct Shard {
    pub env: Batch,
    /// Its rows of one step, counted over all shards.
    pub rows: Range<usize>,
    pub outputs: Vec<f32>,
    pub executed: Vec<u32>,
    /// Observations at the end of truncated episodes and the row of the shard's recording that they belong to.
    pub finals: Vec<u32>,
    pub final_masks: Vec<u32>,
    pub final_rows: Vec<usize>,
    /// Observations `[T, rows, elements]` as they were before normalisation; empty without.
    pub raw: Vec<f32>,
    /// Each with its step of the rollout.
    pub episodes: Vec<(usize, Episode)>,
    /// Sums of their infos, one after the other, and their tasks.
    pub infos: Vec<f32>,
    pub tasks: Vec<f64>,
    pub restarts: Restarts,
    pub memory: Memory,
}

/// All steps of a rollout, in sequences of so many steps for a network that remembers.
///
/// # Errors
/// Those of the environments.
#[allow(clippy::too_many_arguments, reason = "one call, from one place")]
pub(super) fn collect_shard(
    shard: &mut Shard,
    part: &mut Part<'_>,
    facts: &Facts,
    (steps, sequence): (usize, usize),
    step: u64,
    network: &dyn Network,
    act: &dyn Act,
    moments: Option<&ObservationMoments>,
    tasks: Option<&Tasks>,
) -> Result<()> {
    let Shard { env, rows, outputs, executed, finals, final_masks, final_rows, raw, episodes, infos, memory, .. } =
        shard;
    let (n, agents, width) = (rows.len(), facts.agents, network.outputs());
    let (words, action_words, mask_words) = (facts.observation.flat_words(), facts.action.words(), mask_words(facts));
    let (elements, encoding) = (facts.observation.flat_elements(), facts.observation.flat_encoding());
    outputs.resize(n * width, 0.0);
    finals.clear();
    final_masks.clear();
    final_rows.clear();
    raw.clear();
    episodes.clear();
    infos.clear();
    memory.finals.clear();
    shard.tasks.clear();
    shard.restarts.begin(env, tasks)?;
    part.final_values.fill(0.0);
    for t in 0..steps {
        let at = t * n..(t + 1) * n;
        let observations = &mut part.observations[t * n * words..(t + 1) * n * words];
        observations.copy_from_slice(&env.observations().flattened());
        if let Some(moments) = moments {
            raw.extend_from_slice(bytemuck::cast_slice(observations));
            moments.normalize(bytemuck::cast_slice_mut(observations));
        }
        let masks = env.view().action_masks().map(|masks| {
            let kept = &mut part.masks[t * n * mask_words..(t + 1) * n * mask_words];
            kept.copy_from_slice(masks);
            &*kept
        });
        let kept = (&mut *part.hints, &mut *part.starts, &mut *part.carries);
        let rows_of_step = Rows::packed(observations, encoding, elements);
        memory.advance(network, (t, sequence), rows_of_step, kept, outputs);
        let chosen = Chosen {
            actions: &mut part.actions[t * n * action_words..(t + 1) * n * action_words],
            executed,
            log_probs: &mut part.log_probs[at.clone()],
            values: &mut part.values[at.clone()],
        };
        act.act(step + t as u64, rows.start, outputs, masks, chosen);
        env.step(as_actions(facts, executed))?;
        let view = env.view();
        part.rewards[at.clone()].copy_from_slice(view.rewards());
        memory.hear(network, executed, view.rewards());
        if agents == 1 {
            part.terminated[at.clone()].copy_from_slice(view.terminated());
            part.truncated[at.clone()].copy_from_slice(view.truncated());
        } else {
            for (r, row) in at.clone().enumerate() {
                part.terminated[row] = view.terminated()[r / agents];
                part.truncated[row] = view.truncated()[r / agents];
            }
        }
        for i in view.ended_instances() {
            let returns = &view.episode_returns()[i * agents..(i + 1) * agents];
            let episode_return = returns.iter().sum::<f32>() / agents as f32;
            let instance = (rows.start / agents + i) as u32;
            let length = view.episode_lengths()[i];
            let (task, numbers) = shard.restarts.task(i);
            shard.tasks.extend_from_slice(numbers);
            episodes.push((t, Episode { episode_return, length, instance, member: 0, task }));
            if let Some(sums) = view.episode_infos() {
                let width = facts.info_words();
                infos.extend_from_slice(&sums[i * width..(i + 1) * width]);
            }
            let cut_off = view.truncated()[i] && !view.terminated()[i];
            let rows = i * agents..(i + 1) * agents;
            memory.end(network, rows.clone(), cut_off);
            if cut_off {
                rows.clone().for_each(|row| finals.extend_from_slice(&last_observation(env, row)));
                if let Some(masks) = view.action_masks() {
                    final_masks.extend_from_slice(&masks[rows.start * mask_words..rows.end * mask_words]);
                }
                final_rows.extend(rows.map(|r| at.start + r));
            }
        }
        shard.restarts.restart(env, tasks)?;
    }
    // Values beyond the recording: of the last observations of truncated episodes, and after the last step.
    let mut values =
        |observations: &mut [u32], carry: &mut [f32], masks: Option<&[u32]>, put: &mut dyn FnMut(usize, f32)| {
            if let Some(moments) = moments {
                moments.normalize(bytemuck::cast_slice_mut(observations));
            }
            if !observations.is_empty() {
                outputs.resize(observations.len() / words * width, 0.0);
                let rows = Rows::packed(observations, encoding, elements);
                match network.recurrent() {
                    Some(recurrent) => recurrent.advance(rows, carry, outputs),
                    None => network.predict(rows, outputs),
                }
                for (r, row) in outputs.chunks_exact(width).enumerate() {
                    put(r, act.value(row, masks.map(|m| &m[r * mask_words..(r + 1) * mask_words])));
                }
            }
        };
    let masks = (mask_words > 0).then_some(&final_masks[..]);
    values(finals, &mut memory.finals, masks, &mut |r, value| part.final_values[final_rows[r]] = value);
    let mut last = env.observations().flattened().into_owned();
    let mut carry = network.recurrent().map_or(Vec::new(), |recurrent| memory.beyond(recurrent));
    values(&mut last, &mut carry, env.view().action_masks(), &mut |r, value| part.last_values[r] = value);
    Ok(())
}
