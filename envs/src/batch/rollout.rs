//! Many transitions in one call.

use std::ops::AddAssign;
use std::sync::Arc;

use shadergym_compiler::Facts;

use super::view::values_of;
use super::{Batch, ready};
use crate::actions::check_actions;
use crate::backend::{Advance, Outputs};
use crate::elements::Actions;
use crate::error::{Error, Result};
use crate::observations::Observations;

/// Calls of step that a back end makes at once: lengths of episodes are counted up to 2^31, so that their sum over one call
/// fits 32 bits.
const MOST_CALLS: usize = 1 << 30;

impl Batch {
    /// K transitions of every instance with uniformly random actions (legal ones, where the environment says which
    /// are), drawn where the instances live by generators that belong to them: the same seed gives the same actions, on any device. Afterwards [`Batch::view`] shows the last one.
    /// Where auto-reset is disabled an instance that ends stays as it is until the call is over.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for K = 0, and as [`Batch::step`].
    pub fn rollout(&mut self, steps: usize) -> Result<RolloutStats> {
        self.roll(steps, None, None)
    }

    /// The same with given actions `[k, n, agents, ...]`.
    ///
    /// # Errors
    /// As [`Self::rollout`] and [`Batch::step`].
    pub fn rollout_with<'a>(&mut self, steps: usize, actions: impl Into<Actions<'a>>) -> Result<RolloutStats> {
        self.roll(steps, Some(actions.into()), None)
    }

    /// [`Self::rollout`] that keeps the outputs and actions of every transition.
    ///
    /// # Errors
    /// As [`Self::rollout`]; [`Error::TooLarge`] if the recording does not fit.
    pub fn record(&mut self, steps: usize) -> Result<Recording> {
        let mut recording = Recording::new(&self.facts);
        self.record_into(steps, None, &mut recording)?;
        Ok(recording)
    }

    /// [`Self::rollout_with`] that keeps the outputs of every transition.
    ///
    /// # Errors
    /// As [`Self::rollout_with`]; [`Error::TooLarge`] if the recording does not fit.
    pub fn record_with<'a>(&mut self, steps: usize, actions: impl Into<Actions<'a>>) -> Result<Recording> {
        let mut recording = Recording::new(&self.facts);
        self.record_into(steps, Some(actions.into()), &mut recording)?;
        Ok(recording)
    }

    /// [`Self::record`] (without actions) or [`Self::record_with`] into the buffers of an older recording.
    ///
    /// # Errors
    /// As those; the recording holds nothing useful after an error.
    pub fn record_into(&mut self, steps: usize, actions: Option<Actions<'_>>, recording: &mut Recording) -> Result<()> {
        recording.facts = self.facts.clone();
        recording.num_envs = self.num_envs;
        recording.steps = steps;
        recording.stats = self.roll(steps, actions, Some(&mut recording.out))?;
        Ok(())
    }

    fn roll(
        &mut self,
        steps: usize,
        actions: Option<Actions<'_>>,
        record: Option<&mut Outputs>,
    ) -> Result<RolloutStats> {
        let (facts, n) = (&self.facts, self.num_envs);
        let backend = ready(&mut self.backend, facts, self.started, self.control, &self.out, "rollout")?;
        if steps == 0 || u32::try_from(steps).is_err() || steps.checked_mul(n * facts.action_words().max(1)).is_none() {
            let allowed = "1 to 4294967295 steps".to_owned();
            return Err(Error::InvalidOption { option: "steps", value: steps.to_string(), allowed });
        }
        if record.is_some() && steps > MOST_CALLS {
            let allowed = format!("1 to {MOST_CALLS} steps at once where every step is kept");
            return Err(Error::InvalidOption { option: "steps", value: steps.to_string(), allowed });
        }
        let words = match actions {
            Some(actions) => Some(check_actions(facts, n, steps, actions, &mut self.converted)?),
            None => None,
        };
        let Some(rows) = record else {
            let mut stats = RolloutStats {
                return_sum: vec![0.0; facts.agents],
                info_sum: vec![0.0; facts.info_words()],
                ..RolloutStats::default()
            };
            let row = n * facts.action_words();
            for first in (0..steps).step_by(MOST_CALLS) {
                let k = MOST_CALLS.min(steps - first);
                let actions = words.map(|words| &words[first * row..][..k * row]);
                backend.advance(
                    Advance { steps: k, actions, record: false, totals: true, deliver: None },
                    &mut self.out,
                )?;
                stats += &RolloutStats::of(&self.out, facts);
            }
            return Ok(stats);
        };
        let request = Advance { steps, actions: words, record: true, totals: true, deliver: None };
        reserve(facts, n, steps, rows)?;
        rows.resize(facts, n, steps, true);
        // What is kept from call to call is kept in one place.
        let out = &mut self.out;
        let mut swap = |rows: &mut Outputs| {
            std::mem::swap(&mut rows.finished_return, &mut out.finished_return);
            std::mem::swap(&mut rows.finished_length, &mut out.finished_length);
            std::mem::swap(&mut rows.finished_info, &mut out.finished_info);
        };
        swap(rows);
        let result = backend.advance(request, rows);
        swap(rows);
        result?;
        copy_last(&mut out.observations, &rows.observations);
        copy_last(&mut out.global_states, &rows.global_states);
        copy_last(&mut out.masks, &rows.masks);
        copy_last(&mut out.starts, &rows.starts);
        copy_last(&mut out.infos, &rows.infos);
        copy_last(&mut out.agent_done, &rows.agent_done);
        copy_last(&mut out.rewards, &rows.rewards);
        copy_last(&mut out.terminated, &rows.terminated);
        copy_last(&mut out.truncated, &rows.truncated);
        copy_last(&mut out.final_observations, &rows.final_observations);
        copy_last(&mut out.final_global_states, &rows.final_global_states);
        Ok(RolloutStats::of(rows, facts))
    }
}

fn copy_last<T: Copy>(to: &mut [T], from: &[T]) {
    to.copy_from_slice(&from[from.len() - to.len()..]);
}

/// Makes room for R rows, or says that there is none.
pub(super) fn reserve(facts: &Facts, num_envs: usize, rows: usize, out: &mut Outputs) -> Result<()> {
    let words = 2 * (facts.observation_words() + facts.global_words())
        + facts.mask_words()
        + facts.agents
        + facts.action_words()
        + facts.info_words();
    let flags = 3 + if facts.agent_done { facts.agents } else { 0 };
    let needed = (words as u64 * 4 + flags as u64).saturating_mul(num_envs as u64).saturating_mul(rows as u64);
    let elements = (rows as u64).saturating_mul(num_envs as u64).saturating_mul(facts.observation_words() as u64);
    let mut room = isize::try_from(needed).is_ok();
    for array in [&mut out.observations, &mut out.final_observations] {
        let more = (elements as usize).saturating_sub(array.len());
        room = room && array.try_reserve_exact(more).is_ok();
    }
    if room {
        return Ok(());
    }
    let what = format!("the outputs of {num_envs} instances x {rows} steps");
    Err(Error::TooLarge { what, needed, allowed: isize::MAX as u64, device: "this machine's memory".to_owned() })
}

/// Sums over a rollout, in instance order and `f64`, so that they do not depend on threads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RolloutStats {
    /// Transitions made; starts under NEXT_STEP and ended instances do not count.
    pub transitions: u64,
    /// Episodes finished.
    pub episodes: u64,
    /// Sum of their lengths in steps.
    pub length_sum: u64,
    /// Sum of their returns, `[agents]`.
    pub return_sum: Vec<f64>,
    /// Sum over them of the sums of their infos, `[info words]` as `spec().info` lays them out; empty where the environment
    /// has no infos.
    pub info_sum: Vec<f64>,
}

impl RolloutStats {
    fn of(out: &Outputs, facts: &Facts) -> Self {
        let total = |counts: &[u32]| counts.iter().map(|&c| u64::from(c)).sum();
        let sum_rows = |rows: &[f64], words: usize| {
            let mut sums = vec![0.0; words];
            for row in rows.chunks_exact(words.max(1)) {
                sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += value);
            }
            sums
        };
        Self {
            transitions: total(&out.transitions),
            episodes: total(&out.episodes),
            length_sum: total(&out.length_sum),
            return_sum: sum_rows(&out.return_sum, facts.agents),
            info_sum: sum_rows(&out.info_sum, facts.info_words()),
        }
    }

    /// Mean over the finished episodes of the sum of each word of the infos, `[info words]`; None if there are none.
    pub fn mean_info(&self) -> Option<Vec<f64>> {
        (self.episodes > 0).then(|| self.info_sum.iter().map(|sum| sum / self.episodes as f64).collect())
    }

    /// Mean return of the finished episodes, over all agents; None if there are none.
    pub fn mean_return(&self) -> Option<f64> {
        let agents = self.return_sum.len().max(1) as f64;
        (self.episodes > 0).then(|| self.return_sum.iter().sum::<f64>() / agents / self.episodes as f64)
    }

    /// Mean length of the finished episodes in steps; None if there are none.
    pub fn mean_length(&self) -> Option<f64> {
        (self.episodes > 0).then(|| self.length_sum as f64 / self.episodes as f64)
    }
}

impl AddAssign<&RolloutStats> for RolloutStats {
    fn add_assign(&mut self, other: &RolloutStats) {
        self.transitions += other.transitions;
        self.episodes += other.episodes;
        self.length_sum += other.length_sum;
        for (sums, values) in [(&mut self.return_sum, &other.return_sum), (&mut self.info_sum, &other.info_sum)] {
            sums.resize(sums.len().max(values.len()), 0.0);
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// Every transition of a rollout, row-major with the step first.
#[derive(Debug, Clone)]
pub struct Recording {
    pub(crate) facts: Arc<Facts>,
    pub(crate) out: Outputs,
    pub(crate) num_envs: usize,
    pub(crate) steps: usize,
    pub(crate) stats: RolloutStats,
}

impl Recording {
    fn new(facts: &Arc<Facts>) -> Self {
        let (out, stats) = (Outputs::default(), RolloutStats::default());
        Self { facts: facts.clone(), out, num_envs: 0, steps: 0, stats }
    }

    /// Number of steps K.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Number of instances n.
    pub fn num_envs(&self) -> usize {
        self.num_envs
    }

    /// Sums over all transitions.
    pub fn stats(&self) -> &RolloutStats {
        &self.stats
    }

    /// Observations after each transition, `[k, n, agents, ...]`.
    pub fn observations(&self) -> Observations<'_> {
        Observations::new(&self.out.observations, &self.facts.observation)
    }

    /// Global states after each transition, `[k, n, ...]`; None where the environment has none.
    pub fn global_states(&self) -> Option<Observations<'_>> {
        self.facts.global_state.as_ref().map(|space| Observations::new(&self.out.global_states, space))
    }

    /// Last global states of episodes `[k, n, ...]`; a row means something only where the episode ended. None where the
    /// environment has none.
    pub fn final_global_states(&self) -> Option<Observations<'_>> {
        self.facts.global_state.as_ref().map(|space| Observations::new(&self.out.final_global_states, space))
    }

    /// Legal actions after each transition, `[k, n, agents, mask words]`, as [`StepView::action_masks`] has them: the
    /// action of step t was chosen by row t - 1.
    ///
    /// [`StepView::action_masks`]: crate::StepView::action_masks
    pub fn action_masks(&self) -> Option<&[u32]> {
        self.facts.action_mask.then_some(&self.out.masks[..])
    }

    /// `[k, n]` whether the observation after the transition is the first of an episode, as [`StepView::starts`] has it.
    ///
    /// [`StepView::starts`]: crate::StepView::starts
    pub fn starts(&self) -> &[bool] {
        &self.out.starts
    }

    /// What the environment tells of each transition, raw words `[k, n, info words]` laid out as `spec().info`, 0 where an
    /// instance only started; None if it tells nothing.
    pub fn infos(&self) -> Option<&[u32]> {
        self.facts.info.as_ref().map(|_| &self.out.infos[..])
    }

    /// One field of the infos as numbers, `[k, n, field shape]`; None if there is no such field.
    pub fn info(&self, name: &str) -> Option<Vec<f64>> {
        values_of(&self.facts, name, &self.out.infos)
    }

    /// Which agents are out of the game after each transition, `[k, n, agents]`; None where the environment does not say.
    pub fn agent_done(&self) -> Option<&[bool]> {
        self.facts.agent_done.then_some(&self.out.agent_done[..])
    }

    /// Rewards `[k, n, agents]`.
    pub fn rewards(&self) -> &[f32] {
        &self.out.rewards
    }

    /// `[k, n]` ended by the environment's rules.
    pub fn terminated(&self) -> &[bool] {
        &self.out.terminated
    }

    /// `[k, n]` ended by the time limit or cut by the environment.
    pub fn truncated(&self) -> &[bool] {
        &self.out.truncated
    }

    /// Last observations of episodes, `[k, n, agents, ...]`; a row means something only where the same row ended.
    pub fn final_observations(&self) -> Observations<'_> {
        Observations::new(&self.out.final_observations, &self.facts.observation)
    }

    /// The actions given or drawn, `[k, n, agents, ...]`. With sticky actions another one may have been executed; the
    /// recorded ones replayed from the same start give the same trajectory.
    pub fn actions(&self) -> Actions<'_> {
        match self.facts.action {
            shadergym_compiler::ActionSpace::Box { .. } => Actions::Continuous(bytemuck::cast_slice(&self.out.actions)),
            _ => Actions::Discrete(&self.out.actions),
        }
    }

    /// The actions of one step, `[n, agents, ...]`.
    ///
    /// # Panics
    /// If there is no such step.
    pub fn actions_at(&self, step: usize) -> Actions<'_> {
        let row = self.num_envs * self.facts.action_words();
        match self.actions() {
            Actions::Continuous(values) => Actions::Continuous(&values[step * row..(step + 1) * row]),
            Actions::Discrete(values) => Actions::Discrete(&values[step * row..(step + 1) * row]),
            other => other,
        }
    }
}
