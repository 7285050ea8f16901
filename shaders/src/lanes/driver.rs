//! The loops around a generated program: blocks of instances, transitions, outputs.
//!
//! Memory: a block holds WIDTH instances as `word x lane` (episode, state, parameters in force), so vectors load and
//! store contiguously. Observations are transposed to rows when they are written.

use core::num::Wrapping as W;
use core::ops::Range;

use super::memory::{MAX_WIDTH, words};
use super::{Lanes, Level, Uint, Value};

/// Options of a batch; the lanes' view of `KernelControl`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Control {
    /// Time limit in steps, 0 = none.
    pub max_episode_steps: u32,
    /// 0 NEXT_STEP, 1 SAME_STEP, 2 DISABLED.
    pub autoreset: u32,
    /// Probability of repeating the last executed action.
    pub sticky_probability: f32,
}

/// What the generated code of one environment provides. Types are generic over the SIMD level.
pub trait Program: 'static {
    /// Agents per instance.
    const AGENTS: usize;
    /// The environment's generator, the action generator, counters.
    type Episode<S: Lanes>: Value<S>;
    /// The environment's `State`.
    type State<S: Lanes>: Value<S>;
    /// The environment's `Params`.
    type Params<S: Lanes>: Value<S>;
    /// All agents' actions.
    type Actions<S: Lanes>: Value<S>;
    /// One agent's observation.
    type Observation<S: Lanes>: Value<S>;
    /// All agents' rewards.
    type Rewards<S: Lanes>: Value<S>;
    /// Sums over a rollout.
    type Totals<S: Lanes>: Value<S>;
    /// `KernelControl` with the same value in all lanes.
    type Control: Copy;

    /// The control block.
    fn control(control: &Control) -> Self::Control;
    /// Totals of zero.
    fn totals<S: Lanes>(s: S) -> Self::Totals<S>;
    /// Bits of the ended flags.
    fn ended<S: Lanes>(episode: &Self::Episode<S>) -> S::U;
    /// Seeds the masked lanes.
    fn seed<S: Lanes>(s: S, mask: S::M, episode: &mut Self::Episode<S>, low: S::U, high: S::U);
    /// Starts an episode in the masked lanes.
    fn start<S: Lanes>(
        s: S,
        mask: S::M,
        pending: &mut Self::Params<S>,
        params: &mut Self::Params<S>,
        state: &mut Self::State<S>,
        episode: &mut Self::Episode<S>,
    );
    /// Draws actions.
    fn random_actions<S: Lanes>(s: S, episode: &mut Self::Episode<S>) -> Self::Actions<S>;
    /// One call of step.
    #[expect(clippy::too_many_arguments, reason = "the signature of kernel_advance in kernel.wgsl")]
    fn advance<S: Lanes>(
        s: S,
        control: Self::Control,
        pending: &mut Self::Params<S>,
        params: &mut Self::Params<S>,
        state: &mut Self::State<S>,
        episode: &mut Self::Episode<S>,
        totals: &mut Self::Totals<S>,
        actions: Self::Actions<S>,
    ) -> Self::Rewards<S>;
    /// One agent's observation.
    fn observe<S: Lanes>(
        s: S,
        params: &Self::Params<S>,
        state: &mut Self::State<S>,
        agent: W<u32>,
    ) -> Self::Observation<S>;
    /// The colour at `uv`, if the environment has a picture.
    fn pixel<S: Lanes>(s: S, params: &Self::Params<S>, state: &mut Self::State<S>, uv: [S::F; 2]) -> Option<[S::F; 3]>;
}

/// Everything one call works on. Raw pointers, because threads write disjoint ranges of blocks of the same arrays.
///
/// n = instances, R = rows of outputs (K when recording, else 1).
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// Options.
    pub control: Control,
    /// n.
    pub instances: usize,
    /// [blocks, words, WIDTH] episode, state, parameters; aligned to a vector.
    pub blocks: *mut u32,
    /// [blocks, params words, WIDTH] parameters of the next start, or one block for all.
    pub pending: *mut u32,
    /// Words from one block's pending parameters to the next one's. 0 if all instances share them and have never had
    /// others: then the parameters in force are the same ones, and those of the blocks are not touched, which saves a
    /// third of the memory traffic of a single step.
    pub pending_stride: usize,
    /// K.
    pub steps: usize,
    /// [K, n, actions words], or null: drawn.
    pub actions: *const u32,
    /// Keep every transition's outputs.
    pub record: bool,
    /// For `reset`: [n] 0 leave, 1 start, 3 seed and start, 4 observe only. For `advance` unused.
    pub commands: *const u8,
    /// For `reset`: [n] seeds.
    pub seeds: *const u64,
    /// [R, n, observations words].
    pub observations: *mut u32,
    /// [R, n, agents].
    pub rewards: *mut f32,
    /// [R, n].
    pub terminated: *mut bool,
    /// [R, n].
    pub truncated: *mut bool,
    /// [R, n, observations words]; rows are written where an episode ended.
    pub final_observations: *mut u32,
    /// [K, n, actions words], or null.
    pub actions_out: *mut u32,
    /// [n] length and [n, agents] return of the newest finished episode; written where one finished.
    pub finished_length: *mut u32,
    /// See `finished_length`.
    pub finished_return: *mut f32,
    /// [n] transitions of this call.
    pub transitions: *mut u32,
    /// [n] finished episodes of this call.
    pub episodes: *mut u32,
    /// [n] sum of their lengths.
    pub length_sum: *mut u32,
    /// [n, agents] sum of their returns.
    pub return_sum: *mut f32,
}

// SAFETY: a job is a bundle of addresses; the kernels' contract is that two threads never get the same block, and every
// row they write belongs to an instance of their blocks.
unsafe impl Send for Job {}
// SAFETY: as above.
unsafe impl Sync for Job {}

/// The CPU kernels of one environment at one SIMD level.
#[derive(Debug)]
pub struct Kernel {
    /// SIMD level.
    pub level: Level,
    /// Instances per block.
    pub width: usize,
    /// Words per instance in a block: episode, state, parameters.
    pub words: [usize; 3],
    /// Resets blocks.
    ///
    /// # Safety
    /// The machine must have `level`; the pointers of the job must be valid for these blocks.
    pub reset: unsafe fn(&Job, Range<usize>),
    /// Advances blocks.
    ///
    /// # Safety
    /// As for `reset`.
    pub advance: unsafe fn(&Job, Range<usize>),
    /// Draws an instance `[words of params, words of state]` into RGB bytes [height, width, 3].
    ///
    /// # Safety
    /// The machine must have `level`.
    pub render: unsafe fn(&[u32], &[u32], usize, usize, &mut [u8]),
}

/// The kernels of program `P` at level `S`.
pub const fn kernel<S: Lanes, P: Program>() -> Kernel {
    let vector = size_of::<S::U>();
    Kernel {
        level: S::LEVEL,
        width: S::WIDTH,
        words: [
            size_of::<P::Episode<S>>() / vector,
            size_of::<P::State<S>>() / vector,
            size_of::<P::Params<S>>() / vector,
        ],
        reset: reset::<S, P>,
        advance: advance::<S, P>,
        render: render::<S, P>,
    }
}

const NO_LEVEL: &str = "the caller checked that the machine has this level";

/// The block's parts.
struct Block<'a, S: Lanes, P: Program> {
    episode: &'a mut P::Episode<S>,
    state: &'a mut P::State<S>,
    params: &'a mut P::Params<S>,
    /// A copy, because all blocks of all threads may share the original.
    pending: P::Params<S>,
}

/// # Safety
/// `job` must describe valid memory for block `index`, and no other thread may use that block.
#[inline(always)]
unsafe fn block<'a, S: Lanes, P: Program>(job: &Job, index: usize) -> Block<'a, S, P> {
    let episode = words::<S, P::Episode<S>>() * S::WIDTH;
    let state = words::<S, P::State<S>>() * S::WIDTH;
    let params = words::<S, P::Params<S>>() * S::WIDTH;
    // SAFETY: the caller's promise; every type is vectors of 32-bit lanes, valid for any bits, aligned to a vector.
    unsafe {
        let base = job.blocks.add(index * (episode + state + params));
        Block {
            episode: &mut *base.cast(),
            state: &mut *base.add(episode).cast(),
            params: &mut *base.add(episode + state).cast(),
            pending: *job.pending.add(index * job.pending_stride).cast(),
        }
    }
}

/// Lanes of block `index` that hold an instance.
#[inline(always)]
fn used<S: Lanes>(job: &Job, index: usize) -> usize {
    (job.instances - index * S::WIDTH).min(S::WIDTH)
}

/// Writes a value of T as rows: `rows[lane * stride + word]` for the lanes of `lanes`.
///
/// # Safety
/// `rows` must be valid for those rows.
#[inline(always)]
unsafe fn write_rows<S: Lanes, T>(value: &T, rows: *mut u32, stride: usize, lanes: usize) {
    // SAFETY: the value has words x WIDTH words; the caller vouches for the rows.
    unsafe {
        let from = (&raw const *value).cast::<u32>();
        if words::<S, T>() == 1 && stride == 1 && lanes == S::WIDTH {
            rows.copy_from_nonoverlapping(from, S::WIDTH);
            return;
        }
        // A constant count lets LLVM use whole vectors and shuffles instead of a loop; most blocks are full.
        if lanes == S::WIDTH {
            transpose(from, words::<S, T>(), S::WIDTH, rows, stride, S::WIDTH);
        } else {
            transpose(from, words::<S, T>(), S::WIDTH, rows, stride, lanes);
        }
    }
}

/// # Safety
/// `from` must be valid for words x width words, `rows` for `lanes` rows of `words` words every `stride` words.
#[inline(always)]
unsafe fn transpose(from: *const u32, words: usize, width: usize, rows: *mut u32, stride: usize, lanes: usize) {
    for lane in 0..lanes {
        for word in 0..words {
            // SAFETY: the caller's promise.
            unsafe { *rows.add(lane * stride + word) = *from.add(word * width + lane) };
        }
    }
}

/// Writes bit `bit` of each lane's word as a flag.
///
/// # Safety
/// `to` must be valid for `lanes` flags.
#[inline(always)]
unsafe fn write_flags<S: Lanes>(words: &[u32; MAX_WIDTH], bit: u32, to: *mut bool, lanes: usize) {
    let mut flags = [false; MAX_WIDTH];
    for lane in 0..S::WIDTH {
        flags[lane] = words[lane] & bit != 0;
    }
    // SAFETY: the caller's promise.
    unsafe {
        if lanes == S::WIDTH {
            to.copy_from_nonoverlapping(flags.as_ptr(), S::WIDTH);
        } else {
            to.copy_from_nonoverlapping(flags.as_ptr(), lanes);
        }
    }
}

/// Reads rows into a value of T; lanes past `lanes` repeat the last one.
///
/// # Safety
/// `rows` must be valid for those rows.
#[inline(always)]
unsafe fn read_rows<S: Lanes, T: Copy>(like: T, rows: *const u32, stride: usize, lanes: usize) -> T {
    let words = words::<S, T>();
    if words == 1 && stride == 1 && lanes == S::WIDTH {
        // One vector load: gathering words on the stack first would stall the load that follows.
        // SAFETY: T is one vector, and as many words are there.
        return unsafe { rows.cast::<T>().read_unaligned() };
    }
    let mut value = like;
    let to = (&raw mut value).cast::<u32>();
    for lane in 0..S::WIDTH {
        for word in 0..words {
            // SAFETY: as in `write_rows`.
            unsafe { *to.add(word * S::WIDTH + lane) = *rows.add(lane.min(lanes - 1) * stride + word) };
        }
    }
    value
}

/// Writes the observations of the lanes in `bits` to their rows.
///
/// # Safety
/// `rows` must be valid for the rows of the block.
#[inline(always)]
unsafe fn write_observations<S: Lanes, P: Program>(
    s: S,
    params: &P::Params<S>,
    state: &mut P::State<S>,
    rows: *mut u32,
    lanes: usize,
    bits: u64,
) {
    let width = words::<S, P::Observation<S>>();
    let stride = P::AGENTS * width;
    let all = bits == u64::MAX >> (64 - lanes);
    for agent in 0..P::AGENTS {
        let observation = P::observe(s, params, state, W(agent as u32));
        // SAFETY: the caller's promise.
        unsafe {
            let rows = rows.add(agent * width);
            if all && lanes == S::WIDTH {
                write_rows::<S, _>(&observation, rows, stride, S::WIDTH);
            } else {
                let from = (&raw const observation).cast::<u32>();
                let mut bits = bits;
                while bits != 0 {
                    let lane = bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    for word in 0..width {
                        *rows.add(lane * stride + word) = *from.add(word * S::WIDTH + lane);
                    }
                }
            }
        }
    }
}

unsafe fn reset<S: Lanes, P: Program>(job: &Job, blocks: Range<usize>) {
    let s = S::new().expect(NO_LEVEL);
    s.run(
        #[inline(always)]
        || {
            for index in blocks {
                // SAFETY: the caller's promise for these blocks.
                unsafe { reset_block::<S, P>(s, job, index) };
            }
        },
    );
}

#[inline(always)]
unsafe fn reset_block<S: Lanes, P: Program>(s: S, job: &Job, index: usize) {
    let lanes = used::<S>(job, index);
    let first = index * S::WIDTH;
    let (mut low, mut high) = ([0; MAX_WIDTH], [0; MAX_WIDTH]);
    let (mut start, mut seed, mut observe) = (0u64, 0u64, 0u64);
    for lane in 0..S::WIDTH {
        // Lanes past the last instance copy its command, so that they hold a valid state.
        let instance = first + lane.min(lanes - 1);
        // SAFETY: instance < n.
        let (command, value) = unsafe { (*job.commands.add(instance), *job.seeds.add(instance)) };
        start |= u64::from(command & 1 != 0) << lane;
        seed |= u64::from(command & 2 != 0) << lane;
        observe |= u64::from(command != 0 && lane < lanes) << lane;
        (low[lane], high[lane]) = (value as u32, (value >> 32) as u32);
    }
    if observe == 0 {
        return;
    }
    // SAFETY: the caller's promise; rows of this block only.
    unsafe {
        let mut b = block::<S, P>(job, index);
        let shared = job.pending_stride == 0;
        let mut params = if shared { b.pending } else { *b.params };
        if seed != 0 {
            let mask = s.mask_from_bits(seed);
            P::seed(s, mask, b.episode, s.load(&low[..S::WIDTH]), s.load(&high[..S::WIDTH]));
        }
        if start != 0 {
            P::start(s, s.mask_from_bits(start), &mut b.pending, &mut params, b.state, b.episode);
            if !shared {
                *b.params = params;
            }
        }
        let row = first * P::AGENTS * words::<S, P::Observation<S>>();
        write_observations::<S, P>(s, &params, b.state, job.observations.add(row), lanes, observe);
    }
}

unsafe fn advance<S: Lanes, P: Program>(job: &Job, blocks: Range<usize>) {
    let s = S::new().expect(NO_LEVEL);
    s.run(
        #[inline(always)]
        || {
            let control = P::control(&job.control);
            for index in blocks {
                // SAFETY: the caller's promise for these blocks.
                unsafe { advance_block::<S, P>(s, control, job, index) };
            }
        },
    );
}

#[inline(always)]
unsafe fn advance_block<S: Lanes, P: Program>(s: S, control: P::Control, job: &Job, index: usize) {
    const SAME_STEP: u32 = 1;
    let lanes = used::<S>(job, index);
    let (n, first) = (job.instances, index * S::WIDTH);
    let action_words = words::<S, P::Actions<S>>();
    let observation_words = P::AGENTS * words::<S, P::Observation<S>>();
    let valid = u64::MAX >> (64 - lanes);
    // SAFETY: the caller's promise; all rows below belong to instances of this block.
    unsafe {
        let mut b = block::<S, P>(job, index);
        // Copies, so that they live in registers or on the stack: blends into memory would become masked stores,
        // which cost tens of cycles each on AVX2 (measured on Zen 4: 230 against 350 M CartPole steps/s).
        let shared = job.pending_stride == 0;
        let (mut episode, mut state, mut params) = (*b.episode, *b.state, if shared { b.pending } else { *b.params });
        // Only a start changes the parameters; a single step seldom has one, and then need not write them.
        let mut started = job.steps > 1 || super::Mask::any(ended_mask::<S, P>(s, &episode));
        let mut totals = P::totals(s);
        for t in 0..job.steps {
            let actions = P::random_actions_or_given(s, &mut episode, job, t * n + first, lanes);
            let keep = job.record || t + 1 == job.steps;
            let rewards =
                P::advance(s, control, &mut b.pending, &mut params, &mut state, &mut episode, &mut totals, actions);
            let mut ended = 0;
            let mut flags = [0; MAX_WIDTH];
            if keep || job.control.autoreset == SAME_STEP {
                ended = super::Mask::to_bits(ended_mask::<S, P>(s, &episode));
                if ended != 0 {
                    s.store(P::ended(&episode), &mut flags[..S::WIDTH]);
                }
            }
            let row = if job.record { t * n } else { 0 } + first;
            if keep {
                if ended & valid != 0 {
                    let rows = job.final_observations.add(row * observation_words);
                    write_observations::<S, P>(s, &params, &mut state, rows, lanes, ended & valid);
                }
                write_flags::<S>(&flags, 1, job.terminated.add(row), lanes);
                write_flags::<S>(&flags, 2, job.truncated.add(row), lanes);
                write_rows::<S, _>(&rewards, job.rewards.add(row * P::AGENTS).cast(), P::AGENTS, lanes);
                if !job.actions_out.is_null() {
                    write_rows::<S, _>(&actions, job.actions_out.add(row * action_words), action_words, lanes);
                }
            }
            if ended != 0 && job.control.autoreset == SAME_STEP {
                P::start(s, s.mask_from_bits(ended), &mut b.pending, &mut params, &mut state, &mut episode);
                started = true;
            }
            if keep {
                let rows = job.observations.add(row * observation_words);
                write_observations::<S, P>(s, &params, &mut state, rows, lanes, valid);
            }
        }
        (*b.episode, *b.state) = (episode, state);
        if started && !shared {
            *b.params = params;
        }
        write_totals::<S, P>(s, job, &totals, first, lanes);
    }
}

/// Lanes whose episode has ended.
#[inline(always)]
fn ended_mask<S: Lanes, P: Program>(s: S, episode: &P::Episode<S>) -> S::M {
    super::Int::differs(P::ended(episode), super::splat(s, W(0)))
}

/// Totals are, as in kernel.wgsl: transitions, episodes, length_sum, return_sum[agents], finished_length,
/// finished_return[agents].
#[inline(always)]
unsafe fn write_totals<S: Lanes, P: Program>(s: S, job: &Job, totals: &P::Totals<S>, first: usize, lanes: usize) {
    let from = (&raw const *totals).cast::<u32>();
    let agents = P::AGENTS;
    // SAFETY: totals have 4 + 2 * agents vectors; the rows are those of instances of this block.
    unsafe {
        let vector = |word: usize| &*from.add(word * S::WIDTH).cast::<S::U>();
        write_rows::<S, _>(vector(0), job.transitions.add(first), 1, lanes);
        write_rows::<S, _>(vector(1), job.episodes.add(first), 1, lanes);
        write_rows::<S, _>(vector(2), job.length_sum.add(first), 1, lanes);
        for agent in 0..agents {
            let rows = job.return_sum.add(first * agents + agent).cast();
            write_rows::<S, _>(vector(3 + agent), rows, agents, lanes);
        }
        let finished = super::Int::differs(*vector(1), super::splat(s, W(0)));
        let mut bits = super::Mask::to_bits(finished) & (u64::MAX >> (64 - lanes));
        while bits != 0 {
            let lane = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let (i, word) = (first + lane, |w: usize| *from.add(w * S::WIDTH + lane));
            *job.finished_length.add(i) = word(3 + agents);
            for agent in 0..agents {
                *job.finished_return.add(i * agents + agent) = f32::from_bits(word(4 + agents + agent));
            }
        }
    }
}

/// Where the actions of a transition come from.
trait ActionSource: Program {
    /// # Safety
    /// `job.actions`, if not null, must be valid for rows `row..row + lanes`.
    #[inline(always)]
    unsafe fn random_actions_or_given<S: Lanes>(
        s: S,
        episode: &mut Self::Episode<S>,
        job: &Job,
        row: usize,
        lanes: usize,
    ) -> Self::Actions<S> {
        if job.actions.is_null() {
            return Self::random_actions(s, episode);
        }
        let words = words::<S, Self::Actions<S>>();
        // SAFETY: the caller's promise. All-zero bits are a valid value of vectors of words.
        unsafe {
            let zero = core::mem::zeroed::<Self::Actions<S>>();
            let rows = job.actions.add(row * words);
            if lanes == S::WIDTH {
                read_rows::<S, _>(zero, rows, words, S::WIDTH)
            } else {
                read_rows::<S, _>(zero, rows, words, lanes)
            }
        }
    }
}
impl<P: Program> ActionSource for P {}

unsafe fn render<S: Lanes, P: Program>(params: &[u32], state: &[u32], width: usize, height: usize, rgb: &mut [u8]) {
    let s = S::new().expect(NO_LEVEL);
    s.run(
        #[inline(always)]
        || {
            // SAFETY: zero is a valid value of vectors of words, and the slices have a word for each vector.
            let (params, mut state) = unsafe {
                assert!(params.len() == words::<S, P::Params<S>>() && state.len() == words::<S, P::State<S>>());
                (
                    read_rows::<S, P::Params<S>>(core::mem::zeroed(), params.as_ptr(), 0, 1),
                    read_rows::<S, P::State<S>>(core::mem::zeroed(), state.as_ptr(), 0, 1),
                )
            };
            let pixels = width * height;
            for first in (0..pixels).step_by(S::WIDTH) {
                let at = s.lane_numbers() + super::splat(s, W(first as u32));
                let columns: S::U = super::splat(s, W(width as u32));
                let (x, y) = (super::Int::remainder(at, columns), super::Int::quotient(at, columns));
                let uv = [(x, width), (y, height)].map(
                    #[inline(always)]
                    |(v, size)| (v.to_f() + super::splat(s, 0.5)) / super::splat(s, size as f32),
                );
                let Some(colour) = P::pixel(s, &params, &mut state, uv) else { return };
                let mut lanes = [[0; MAX_WIDTH]; 3];
                for (channel, value) in lanes.iter_mut().zip(colour) {
                    s.store(super::Float::bits_u(value), &mut channel[..S::WIDTH]);
                }
                for lane in 0..S::WIDTH.min(pixels - first) {
                    for (c, channel) in lanes.iter().enumerate() {
                        let value = f32::from_bits(channel[lane]);
                        rgb[(first + lane) * 3 + c] = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
                    }
                }
            }
        },
    );
}
