//! The loops around a generated program: blocks of instances, transitions, outputs.
//!
//! Memory: a block holds WIDTH instances as `word x lane` (episode, state, parameters in force), so vectors load and
//! store contiguously. Observations are transposed to rows when they are written.

use core::num::Wrapping as W;
use core::ops::Range;

use super::memory::{MAX_WIDTH, words};
use super::rows::{read_rows, write_flags, write_rows};
use super::{Job, Kernel, Lanes, Plain, Program, Seen};

/// The kernels of a program, one per SIMD level of this build, the plain reference first.
///
/// A macro, because what it declares must not be generic: rustc puts instances of generic functions into the codegen
/// unit of the module that defines them, here this one, and LLVM would compile all environments on one thread. So each
/// environment's machine code is in the unit of its own module.
#[macro_export]
macro_rules! kernels {
    ($program:ty) => {
        pub(crate) static KERNELS: &[$crate::lanes::Kernel] = &[
            {
                use $crate::lanes::{Job, Plain, driver};
                unsafe fn reset(job: &Job, blocks: ::core::ops::Range<usize>) {
                    // SAFETY: the caller's promise.
                    unsafe { driver::reset::<Plain, $program>(Plain, job, blocks) }
                }
                unsafe fn advance(job: &Job, blocks: ::core::ops::Range<usize>) {
                    // SAFETY: the caller's promise.
                    unsafe { driver::advance::<Plain, $program>(Plain, job, blocks) }
                }
                driver::kernel::<Plain, $program>(reset, advance, render)
            },
            #[cfg(all(target_arch = "x86_64", feature = "sse4_2"))]
    $crate::kernels!(@level $program, Sse4_2),
            #[cfg(target_arch = "x86_64")]
    $crate::kernels!(@level $program, Avx2),
            #[cfg(target_arch = "x86_64")]
    $crate::kernels!(@level $program, Avx512),
            #[cfg(target_arch = "aarch64")]
    $crate::kernels!(@level $program, Neon),
        ];

        /// Pictures are drawn for one instance at a time: one version serves all levels.
        fn render(params: &[u32], state: &[u32], elapsed: u32, width: usize, height: usize, rgb: &mut [u8]) {
            $crate::lanes::driver::render::<$program>(params, state, elapsed, width, height, rgb)
        }
    };
    (@level $program:ty, $token:ident) => {{
        use $crate::lanes::{Job, Lanes as _, driver, fearless_simd};
        // Functions with the level's target features that are not generic either.
        fearless_simd::kernel!(
            #[inline(always)]
            fn reset_all(s: $token, job: &Job, blocks: ::core::ops::Range<usize>) {
                // SAFETY: the promise of the caller of `reset`.
                unsafe { driver::reset::<fearless_simd::$token, $program>(s, job, blocks) }
            }
        );
        fearless_simd::kernel!(
            #[inline(always)]
            fn advance_all(s: $token, job: &Job, blocks: ::core::ops::Range<usize>) {
                // SAFETY: the promise of the caller of `advance`.
                unsafe { driver::advance::<fearless_simd::$token, $program>(s, job, blocks) }
            }
        );
        unsafe fn reset(job: &Job, blocks: ::core::ops::Range<usize>) {
            reset_all(fearless_simd::$token::new().expect(driver::NO_LEVEL), job, blocks)
        }
        unsafe fn advance(job: &Job, blocks: ::core::ops::Range<usize>) {
            advance_all(fearless_simd::$token::new().expect(driver::NO_LEVEL), job, blocks)
        }
        driver::kernel::<fearless_simd::$token, $program>(reset, advance, render)
    }};
}

/// A kernel of program `P` at level `S` with these functions.
pub const fn kernel<S: Lanes, P: Program>(
    reset: unsafe fn(&Job, Range<usize>),
    advance: unsafe fn(&Job, Range<usize>),
    render: fn(&[u32], &[u32], u32, usize, usize, &mut [u8]),
) -> Kernel {
    let vector = size_of::<S::U>();
    Kernel {
        level: S::LEVEL,
        width: S::WIDTH,
        words: [
            size_of::<P::Episode<S>>() / vector,
            size_of::<P::State<S>>() / vector,
            size_of::<P::Params<S>>() / vector,
        ],
        reset,
        advance,
        render,
    }
}

/// Words of a state from which it is not copied for the loop over transitions; the compiler's `Layout::LARGE_WORDS`.
const LARGE_WORDS: usize = shadergym_compiler::Layout::LARGE_WORDS;

/// A broken promise of the caller of a kernel.
pub const NO_LEVEL: &str = "the caller checked that the machine has this level";

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

/// Writes observations and global state of the lanes in `bits` to their rows.
///
/// # Safety
/// `rows` must be valid for the rows of the block.
#[inline(always)]
unsafe fn write_observations<S: Lanes, P: Program>(
    s: S,
    params: &P::Params<S>,
    state: &mut P::State<S>,
    elapsed: S::U,
    rows: Seen,
    lanes: usize,
    bits: u64,
) {
    for agent in 0..P::AGENTS {
        let observation = P::observe(s, params, state, elapsed, W(agent as u32));
        // SAFETY: the caller's promise.
        unsafe { write_chosen::<S, _>(&observation, rows.observations, agent, P::AGENTS, lanes, bits) };
    }
    if words::<S, P::GlobalState<S>>() > 0 {
        let global = P::global_state(s, params, state, elapsed);
        // SAFETY: the caller's promise.
        unsafe { write_chosen::<S, _>(&global, rows.global_states, 0, 1, lanes, bits) };
    }
}

/// Words of all agents' observations of an instance, and of its global state.
#[inline(always)]
fn seen_words<S: Lanes, P: Program>() -> (usize, usize) {
    (P::AGENTS * words::<S, P::Observation<S>>(), words::<S, P::GlobalState<S>>())
}

/// Writes the masks of legal actions of the lanes in `bits` to their rows; nothing where the environment has none.
///
/// # Safety
/// `rows` must be valid for the rows of the block.
#[inline(always)]
unsafe fn write_masks<S: Lanes, P: Program>(
    s: S,
    params: &P::Params<S>,
    state: &mut P::State<S>,
    elapsed: S::U,
    rows: *mut u32,
    lanes: usize,
    bits: u64,
) {
    if words::<S, P::Mask<S>>() == 0 {
        return;
    }
    for agent in 0..P::AGENTS {
        let mask = P::action_mask(s, params, state, elapsed, W(agent as u32));
        // SAFETY: the caller's promise.
        unsafe { write_chosen::<S, _>(&mask, rows, agent, P::AGENTS, lanes, bits) };
    }
}

/// Writes one of several values of the lanes in `bits` to their rows, which hold all of them.
///
/// # Safety
/// `rows` must be valid for the rows of the block.
#[inline(always)]
unsafe fn write_chosen<S: Lanes, T>(value: &T, rows: *mut u32, index: usize, values: usize, lanes: usize, bits: u64) {
    let width = words::<S, T>();
    let stride = values * width;
    // SAFETY: the caller's promise.
    unsafe {
        let rows = rows.add(index * width);
        if lanes == S::WIDTH && bits == u64::MAX >> (64 - lanes) {
            write_rows::<S, _>(value, rows, stride, S::WIDTH);
        } else {
            let from = (&raw const *value).cast::<u32>();
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

/// Resets blocks; to be inlined into a function with the target features of `S`.
///
/// # Safety
/// As for `Kernel::reset`.
#[inline(always)]
pub unsafe fn reset<S: Lanes, P: Program>(s: S, job: &Job, blocks: Range<usize>) {
    for index in blocks {
        // SAFETY: the caller's promise for these blocks.
        unsafe { reset_block::<S, P>(s, job, index) };
    }
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
        let elapsed = P::elapsed(b.episode);
        let (observation_words, global_words) = seen_words::<S, P>();
        let rows = job.seen(first, observation_words, global_words);
        write_observations::<S, P>(s, &params, b.state, elapsed, rows, lanes, observe);
        let row = first * P::AGENTS * words::<S, P::Mask<S>>();
        write_masks::<S, P>(s, &params, b.state, elapsed, job.masks.add(row), lanes, observe);
    }
}

/// Advances blocks; to be inlined into a function with the target features of `S`.
///
/// # Safety
/// As for `Kernel::advance`.
#[inline(always)]
pub unsafe fn advance<S: Lanes, P: Program>(s: S, job: &Job, blocks: Range<usize>) {
    let control = P::control(&job.control);
    for index in blocks {
        // SAFETY: the caller's promise for these blocks.
        unsafe { advance_block::<S, P>(s, control, job, index) };
    }
}

#[inline(always)]
unsafe fn advance_block<S: Lanes, P: Program>(s: S, control: P::Control, job: &Job, index: usize) {
    const SAME_STEP: u32 = 1;
    let lanes = used::<S>(job, index);
    let (n, first) = (job.instances, index * S::WIDTH);
    let action_words = words::<S, P::Actions<S>>();
    let (observation_words, global_words) = seen_words::<S, P>();
    let mask_words = P::AGENTS * words::<S, P::Mask<S>>();
    let valid = u64::MAX >> (64 - lanes);
    // SAFETY: the caller's promise; all rows below belong to instances of this block.
    unsafe {
        let mut b = block::<S, P>(job, index);
        // Copies, so that they live in registers or on the stack: blends into memory would become masked stores,
        // which cost tens of cycles each on AVX2 (230 against 350 M CartPole steps/s on a Zen 4 that was busy with other
        // work: take the ratio as rough).
        // Where all instances share their parameters, one block of them stands for all and stays in the cache. The address
        // is chosen, not the value: choosing between two copies cost 7 % of CartPole's fused rollouts.
        let shared = job.pending_stride == 0;
        let source = if shared { job.pending.cast() } else { &raw const *b.params };
        let (mut episode, mut params) = (*b.episode, *source);
        // A large state stays where it is.
        let large = words::<S, P::State<S>>() > LARGE_WORDS;
        let home = &raw mut *b.state;
        let mut copy = if large { None } else { Some(*b.state) };
        let state = copy.as_mut().unwrap_or(b.state);
        // Only a start changes the parameters; a single step seldom has one, and then need not write them.
        let mut started = job.steps > 1 || super::Mask::any(ended_mask::<S, P>(s, &episode));
        let mut totals = P::totals(s);
        for t in 0..job.steps {
            let row = t * n + first;
            let actions = P::random_actions_or_given(s, &mut params, state, &mut episode, job, row, lanes);
            let keep = job.record || t + 1 == job.steps;
            let rewards =
                P::advance(s, control, &mut b.pending, &mut params, state, &mut episode, &mut totals, actions);
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
                    let rows = job.finally_seen(row, observation_words, global_words);
                    let elapsed = P::elapsed(&episode);
                    write_observations::<S, P>(s, &params, state, elapsed, rows, lanes, ended & valid);
                }
                write_flags::<S>(&flags, 1, job.terminated.add(row), lanes);
                write_flags::<S>(&flags, 2, job.truncated.add(row), lanes);
                write_rows::<S, _>(&rewards, job.rewards.add(row * P::AGENTS).cast(), P::AGENTS, lanes);
                if !job.actions_out.is_null() {
                    write_rows::<S, _>(&actions, job.actions_out.add(row * action_words), action_words, lanes);
                }
                write_told::<S, P>(job, &totals, row, lanes);
            }
            if ended != 0 && job.control.autoreset == SAME_STEP {
                P::start(s, s.mask_from_bits(ended), &mut b.pending, &mut params, state, &mut episode);
                started = true;
            }
            if keep {
                let elapsed = P::elapsed(&episode);
                let rows = job.seen(row, observation_words, global_words);
                write_observations::<S, P>(s, &params, state, elapsed, rows, lanes, valid);
                write_masks::<S, P>(s, &params, state, elapsed, job.masks.add(row * mask_words), lanes, valid);
                s.store(elapsed, &mut flags[..S::WIDTH]);
                for elapsed in &mut flags {
                    *elapsed = u32::from(*elapsed == 0);
                }
                write_flags::<S>(&flags, 1, job.starts.add(row), lanes);
            }
        }
        *b.episode = episode;
        if let Some(state) = copy {
            *home = state;
        }
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

/// Writes infos and done agents of the newest transition, where the environment has them.
///
/// # Safety
/// `job` must be valid for these rows.
#[inline(always)]
unsafe fn write_told<S: Lanes, P: Program>(job: &Job, totals: &P::Totals<S>, row: usize, lanes: usize) {
    let (info_words, done_words) = (words::<S, P::Info<S>>(), words::<S, P::Done<S>>());
    // SAFETY: the caller's promise; both types are vectors of words.
    unsafe {
        if info_words > 0 {
            write_rows::<S, _>(&P::info(totals), job.infos.add(row * info_words), info_words, lanes);
        }
        if done_words > 0 {
            let done = P::done(totals);
            let from = (&raw const done).cast::<u32>();
            let to = job.agent_done.add(row * P::AGENTS);
            for lane in 0..lanes {
                for agent in 0..P::AGENTS {
                    let word = *from.add(agent / 32 * S::WIDTH + lane);
                    *to.add(lane * P::AGENTS + agent) = word >> (agent % 32) & 1 != 0;
                }
            }
        }
    }
}

/// Totals are, as in kernel.wgsl: transitions, episodes, length_sum, return_sum[agents] of two words, finished_length,
/// finished_return[agents], info_sum[info words] of two words, finished_info[info words], and more.
#[inline(always)]
unsafe fn write_totals<S: Lanes, P: Program>(s: S, job: &Job, totals: &P::Totals<S>, first: usize, lanes: usize) {
    let from = (&raw const *totals).cast::<u32>();
    let (agents, info_words) = (P::AGENTS, words::<S, P::Info<S>>());
    let info = 4 + 3 * agents;
    // SAFETY: totals have at least 4 + 3 * (agents + info words) vectors; the rows are those of instances of this block.
    unsafe {
        let vector = |word: usize| &*from.add(word * S::WIDTH).cast::<S::U>();
        write_rows::<S, _>(vector(0), job.transitions.add(first), 1, lanes);
        write_rows::<S, _>(vector(1), job.episodes.add(first), 1, lanes);
        write_rows::<S, _>(vector(2), job.length_sum.add(first), 1, lanes);
        let float = |word: usize, lane: usize| f64::from(f32::from_bits(*from.add(word * S::WIDTH + lane)));
        for agent in 0..agents {
            let rows = job.return_sum.add(first * agents + agent);
            for lane in 0..lanes {
                *rows.add(lane * agents) = float(3 + 2 * agent, lane) + float(4 + 2 * agent, lane);
            }
        }
        for word in 0..info_words {
            let rows = job.info_sum.add(first * info_words + word);
            for lane in 0..lanes {
                *rows.add(lane * info_words) = float(info + 2 * word, lane) + float(info + 2 * word + 1, lane);
            }
        }
        let finished = super::Int::differs(*vector(1), super::splat(s, W(0)));
        let mut bits = super::Mask::to_bits(finished) & (u64::MAX >> (64 - lanes));
        while bits != 0 {
            let lane = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let (i, word) = (first + lane, |w: usize| *from.add(w * S::WIDTH + lane));
            *job.finished_length.add(i) = word(3 + 2 * agents);
            for agent in 0..agents {
                *job.finished_return.add(i * agents + agent) = f32::from_bits(word(4 + 2 * agents + agent));
            }
            for w in 0..info_words {
                *job.finished_info.add(i * info_words + w) = f32::from_bits(word(info + 2 * info_words + w));
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
        params: &mut Self::Params<S>,
        state: &mut Self::State<S>,
        episode: &mut Self::Episode<S>,
        job: &Job,
        row: usize,
        lanes: usize,
    ) -> Self::Actions<S> {
        if job.actions.is_null() {
            return Self::random_actions(s, params, state, episode);
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

/// Draws an instance at width 1.
#[inline(always)]
pub fn render<P: Program>(params: &[u32], state: &[u32], elapsed: u32, width: usize, height: usize, rgb: &mut [u8]) {
    let s = Plain;
    // SAFETY: zero is a valid value of vectors of words, and the slices have a word for each vector.
    let (params, mut state) = unsafe {
        assert!(params.len() == words::<Plain, P::Params<Plain>>() && state.len() == words::<Plain, P::State<Plain>>());
        (
            read_rows::<Plain, P::Params<Plain>>(core::mem::zeroed(), params.as_ptr(), 0, 1),
            read_rows::<Plain, P::State<Plain>>(core::mem::zeroed(), state.as_ptr(), 0, 1),
        )
    };
    for y in 0..height {
        for x in 0..width {
            let uv = [(x, width), (y, height)].map(|(v, size)| (v as f32 + 0.5) / size as f32);
            let Some(colour) = P::pixel(s, &params, &mut state, W(elapsed), uv) else { return };
            for (channel, value) in rgb[(y * width + x) * 3..][..3].iter_mut().zip(colour) {
                *channel = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            }
        }
    }
}
