//! The words that host and kernel exchange: the control block, and the regions of an outputs buffer.

use std::ops::Range;

use shadergym_compiler::Facts;

use crate::backend::{AutoresetMode, Control, Outputs};

/// Bits of a flags word, as in the kernel.
const TERMINATED: u32 = 1;
const TRUNCATED: u32 = 2;
const TRANSITION: u32 = 4;
const CUT: u32 = 8;
const START: u32 = 16;

/// Declares a struct and the list of its fields, so that a test can hold it against the one in the kernel.
macro_rules! control_block {
    ($(#[$meta:meta])* struct $name:ident { $($field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        pub(super) struct $name { $(pub $field: $ty,)* }

        #[cfg(test)]
        impl $name {
            const FIELDS: &[(&str, &str)] = &[$((stringify!($field), stringify!($ty)),)*];
        }
    };
}

control_block! {
    /// `KernelControl` of the kernel, which documents the fields.
    struct ControlBlock {
        instances: u32,
        steps: u32,
        max_episode_steps: u32,
        autoreset: u32,
        sticky_probability: f32,
        width: u32,
        height: u32,
        instance: u32,
        at_reward: u32,
        at_flags: u32,
        at_finished: u32,
        at_observation: u32,
        at_final: u32,
        at_actions: u32,
        at_totals: u32,
        final_stride: u32,
        continued: u32,
        at_mask: u32,
        at_info: u32,
        at_done: u32,
        at_global: u32,
        at_final_global: u32,
        zero: u32,
    }
}

impl ControlBlock {
    /// The block of a dispatch of `steps` transitions whose outputs lie as `regions` says.
    pub fn new(control: &Control, regions: &Regions, steps: usize) -> Self {
        Self {
            instances: regions.n as u32,
            steps: steps as u32,
            max_episode_steps: control.max_episode_steps,
            autoreset: control.autoreset as u32,
            sticky_probability: control.sticky_probability,
            at_reward: regions.reward.start as u32,
            at_flags: regions.flags.start as u32,
            at_finished: regions.finished.start as u32,
            at_observation: regions.observation.start as u32,
            at_final: regions.last.start as u32,
            at_actions: regions.actions.start as u32,
            at_totals: regions.totals.start as u32,
            at_mask: regions.mask.start as u32,
            at_info: regions.info.start as u32,
            at_done: regions.done.start as u32,
            at_global: regions.global.start as u32,
            at_final_global: regions.last_global.start as u32,
            final_stride: if regions.record { regions.last.len() / regions.rows } else { 0 } as u32,
            ..Self::default()
        }
    }
}

/// Where the parts of an outputs buffer lie, in words. Their order lets a step read one prefix: everything it needs
/// comes before `totals`, which a single step does not need because the flags tell whether a transition was made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Regions {
    /// Instances.
    pub n: usize,
    /// Transitions kept, R.
    pub rows: usize,
    /// Every transition is kept.
    pub record: bool,
    /// [R, n] bits TERMINATED, TRUNCATED, TRANSITION, START; in the last row CUT.
    pub flags: Range<usize>,
    /// [R, n, agents].
    pub reward: Range<usize>,
    /// [n, `Facts::finished`] length, returns and sums of infos of the newest finished episode.
    pub finished: Range<usize>,
    /// [R, n, info words].
    pub info: Range<usize>,
    /// [R, n, done words] bits of the agents that are out of the game.
    pub done: Range<usize>,
    /// [R, n, agents, observation words].
    pub observation: Range<usize>,
    /// [R, n, agents, mask words] legal actions of those; directly behind them, because a reset reads both.
    pub mask: Range<usize>,
    /// [R, n, global words] the global state seen with them, which a reset reads too.
    pub global: Range<usize>,
    /// [R, n, agents, observation words] last observations; empty unless SAME_STEP, because in the other modes the
    /// observation of an ending transition is the last one.
    pub last: Range<usize>,
    /// [R, n, global words] last global states; empty as `last` is.
    pub last_global: Range<usize>,
    /// [n, `Facts::totals`] transitions, episodes, sum of lengths, sums of returns and of infos (value and rest).
    pub totals: Range<usize>,
    /// [K, n, agents, action words] if recorded and drawn.
    pub actions: Range<usize>,
    /// All words.
    pub words: usize,
}

impl Regions {
    /// The layout for R = `rows` transitions of n instances.
    pub fn new(facts: &Facts, n: usize, rows: usize, record: bool, autoreset: AutoresetMode) -> Self {
        let mut words = 0;
        let mut take = |count: usize| {
            let start = words;
            words += count;
            start..words
        };
        let observations = rows * n * facts.observation_words();
        let flags = take(rows * n);
        let reward = take(rows * n * facts.agents);
        let finished = take(n * facts.finished.words);
        let info = take(rows * n * facts.info_words());
        let done = take(rows * n * facts.done_words());
        let observation = take(observations);
        let mask = take(rows * n * facts.mask_words());
        let globals = rows * n * facts.global_words();
        let global = take(globals);
        let same_step = autoreset == AutoresetMode::SameStep;
        let last = take(if same_step { observations } else { 0 });
        let last_global = take(if same_step { globals } else { 0 });
        let totals = take(n * facts.totals.words);
        let actions = take(if record { rows * n * facts.action_words() } else { 0 });
        Self {
            n,
            rows,
            record,
            flags,
            reward,
            finished,
            info,
            done,
            observation,
            mask,
            global,
            last,
            last_global,
            totals,
            actions,
            words,
        }
    }

    /// The same for a recording whose actions the host gives, so that nobody has to write them down or read them back.
    pub fn without_actions(mut self) -> Self {
        self.words = self.actions.start;
        self.actions.end = self.actions.start;
        self
    }

    /// What a single step reads back, with the last rows.
    pub fn step(&self) -> Range<usize> {
        0..self.totals.start
    }

    /// The last row of the flags.
    pub fn last_flags(&self) -> Range<usize> {
        self.flags.end - self.n..self.flags.end
    }

    /// Copies R = `self.rows` transitions that begin with transition `first` of the call into the host arrays. `words`
    /// is what the device wrote, from the beginning of the buffer; it may end before `totals` after a single step, and before
    /// `last` where that is read apart.
    pub fn unpack(&self, words: &[u32], facts: &Facts, first: usize, given: Option<&[u32]>, out: &mut Outputs) {
        let (n, agents, rows) = (self.n, facts.agents, first..first + self.rows);
        let at = |row_words: usize| rows.start * n * row_words..rows.end * n * row_words;
        let flags = &words[self.flags.clone()];
        for ((terminated, truncated), flags) in
            out.terminated[at(1)].iter_mut().zip(&mut out.truncated[at(1)]).zip(flags)
        {
            *terminated = flags & TERMINATED != 0;
            *truncated = flags & TRUNCATED != 0;
        }
        for (start, flags) in out.starts[at(1)].iter_mut().zip(flags) {
            *start = flags & START != 0;
        }
        out.infos[at(facts.info_words())].copy_from_slice(&words[self.info.clone()]);
        if facts.agent_done {
            let bits = words[self.done.clone()].chunks_exact(facts.done_words());
            for (agents, bits) in out.agent_done[at(agents)].chunks_exact_mut(agents).zip(bits) {
                agents.iter_mut().enumerate().for_each(|(a, done)| *done = bits[a / 32] >> (a % 32) & 1 != 0);
            }
        }
        out.rewards[at(agents)].copy_from_slice(bytemuck::cast_slice(&words[self.reward.clone()]));
        let observation_words = facts.observation_words();
        let observations = &words[self.observation.clone()];
        out.observations[at(observation_words)].copy_from_slice(observations);
        out.masks[at(facts.mask_words())].copy_from_slice(&words[self.mask.clone()]);
        let global_words = facts.global_words();
        let globals = &words[self.global.clone()];
        out.global_states[at(global_words)].copy_from_slice(globals);
        // Where nothing starts anew in the same call, what it saw is what the episode saw last. Where something does, its
        // last rows may be read apart.
        let or = |last: &Range<usize>, seen| if self.last.is_empty() { seen } else { &words[last.clone()] };
        if words.len() >= self.step().end {
            let (last, last_global) = (or(&self.last, observations), or(&self.last_global, globals));
            take_ended(&mut out.final_observations[at(observation_words)], last, observation_words, flags);
            take_ended(&mut out.final_global_states[at(global_words)], last_global, global_words, flags);
        }
        if self.record {
            let actions = match given {
                Some(given) => &given[at(facts.action_words())],
                None => &words[self.actions.clone()],
            };
            out.actions[at(facts.action_words())].copy_from_slice(actions);
        }
    }

    /// Takes over the statistics of a call: from the totals, or from the flags of its only transition.
    pub fn unpack_totals(&self, words: &[u32], facts: &Facts, out: &mut Outputs) {
        let (agents, info_words) = (facts.agents, facts.info_words());
        let (row, ended) = (&facts.totals, &facts.finished);
        let finished = words[self.finished.clone()].chunks_exact(facts.finished.words);
        if words.len() >= self.totals.end {
            for (i, totals) in words[self.totals.clone()].chunks_exact(facts.totals.words).enumerate() {
                out.transitions[i] = totals[row.transitions];
                out.episodes[i] = totals[row.episodes];
                out.length_sum[i] = totals[row.length_sum];
                let take = |sums: &mut [f64], from: usize| {
                    for (sum, parts) in sums.iter_mut().zip(totals[from..].chunks_exact(2)) {
                        *sum = f64::from(f32::from_bits(parts[0])) + f64::from(f32::from_bits(parts[1]));
                    }
                };
                take(&mut out.return_sum[i * agents..][..agents], row.return_sum);
                take(&mut out.info_sum[i * info_words..][..info_words], row.info_sum);
            }
        } else {
            out.length_sum.fill(0);
            out.return_sum.fill(0.0);
            out.info_sum.fill(0.0);
            let counters = out.transitions.iter_mut().zip(&mut out.episodes);
            for (((transitions, episodes), flags), (i, finished)) in
                counters.zip(&words[self.flags.clone()]).zip(finished.clone().enumerate())
            {
                *transitions = u32::from(flags & TRANSITION != 0);
                *episodes = *transitions & u32::from(flags & (TERMINATED | TRUNCATED) != 0);
                if *episodes != 0 {
                    out.length_sum[i] = finished[ended.length];
                    let take = |sums: &mut [f64], from: usize| {
                        for (sum, &value) in sums.iter_mut().zip(&finished[from..]) {
                            *sum = f64::from(f32::from_bits(value));
                        }
                    };
                    take(&mut out.return_sum[i * agents..][..agents], ended.returns);
                    take(&mut out.info_sum[i * info_words..][..info_words], ended.infos);
                }
            }
        }
        for (i, finished) in finished.enumerate() {
            if out.episodes[i] != 0 {
                out.finished_length[i] = finished[ended.length];
                let values: &[f32] = bytemuck::cast_slice(finished);
                out.finished_return[i * agents..][..agents].copy_from_slice(&values[ended.returns..][..agents]);
                out.finished_info[i * info_words..][..info_words].copy_from_slice(&values[ended.infos..][..info_words]);
            }
        }
    }
}

/// Copies the rows of the instances that ended.
fn take_ended(to: &mut [u32], from: &[u32], row_words: usize, flags: &[u32]) {
    if row_words == 0 {
        return;
    }
    for ((to, from), flags) in to.chunks_exact_mut(row_words).zip(from.chunks_exact(row_words)).zip(flags) {
        if flags & (TERMINATED | TRUNCATED) != 0 {
            to.copy_from_slice(from);
        }
    }
}

/// Whether the driver cut a loop of one of the instances whose flags these are.
pub(super) fn any_cut(flags: &[u32]) -> bool {
    flags.iter().fold(0, |all, word| all | word) & CUT != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ControlBlock` must lie in memory as the kernel reads it.
    #[test]
    fn the_control_block_is_that_of_the_kernel() {
        let source = &shadergym_shaders::environments()[0].compiled().kernel_source;
        let module = wgpu::naga::front::wgsl::parse_str(source).unwrap();
        let (_, ty) = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some("KernelControl")).unwrap();
        let wgpu::naga::TypeInner::Struct { members, span } = &ty.inner else { panic!("KernelControl is a struct") };
        assert_eq!(*span as usize, size_of::<ControlBlock>());
        let kernel: Vec<_> = members
            .iter()
            .map(|m| {
                let scalar = match module.types[m.ty].inner {
                    wgpu::naga::TypeInner::Scalar(s) if s == wgpu::naga::Scalar::U32 => "u32",
                    wgpu::naga::TypeInner::Scalar(s) if s == wgpu::naga::Scalar::F32 => "f32",
                    _ => "other",
                };
                (m.name.clone().unwrap(), scalar.to_owned(), m.offset as usize)
            })
            .collect();
        let host: Vec<_> = ControlBlock::FIELDS
            .iter()
            .enumerate()
            .map(|(i, (name, ty))| ((*name).to_owned(), (*ty).to_owned(), 4 * i))
            .collect();
        assert_eq!(kernel, host);
    }

    #[test]
    fn regions_are_contiguous_and_a_step_reads_a_prefix() {
        for environment in shadergym_shaders::environments() {
            let facts = environment.facts();
            for (mode, record) in [(AutoresetMode::NextStep, false), (AutoresetMode::SameStep, true)] {
                let r = Regions::new(facts, 7, if record { 3 } else { 1 }, record, mode);
                let (a, b) = (
                    [&r.flags, &r.reward, &r.finished, &r.info, &r.done],
                    [&r.observation, &r.mask, &r.last, &r.totals, &r.actions],
                );
                let ends = [a, b].concat();
                let mut at = 0;
                for region in ends {
                    assert_eq!(region.start, at);
                    at = region.end;
                }
                assert_eq!(at, r.words);
                assert_eq!(r.step().end, r.last.end);
            }
        }
    }
}
