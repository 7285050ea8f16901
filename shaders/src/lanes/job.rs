//! What the driver is called with, and the table of its functions.

use core::ops::Range;

use super::{Control, Level};

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
    /// [R, n, global words] the global state seen with `observations`; no words where the environment has none.
    pub global_states: *mut u32,
    /// [R, n, masks words] legal actions that belong to `observations`; no words where the environment has none.
    pub masks: *mut u32,
    /// [R, n, info words] info of each transition, 0 where an instance only started; no words where the environment has
    /// none.
    pub infos: *mut u32,
    /// [R, n, agents] which agents are out of the game; no flags where the environment does not say.
    pub agent_done: *mut bool,
    /// [R, n] whether `observations` are the first of an episode.
    pub starts: *mut bool,
    /// [R, n, agents].
    pub rewards: *mut f32,
    /// [R, n].
    pub terminated: *mut bool,
    /// [R, n].
    pub truncated: *mut bool,
    /// [R, n, observations words]; rows are written where an episode ended.
    pub final_observations: *mut u32,
    /// [R, n, global words]; rows are written where an episode ended.
    pub final_global_states: *mut u32,
    /// [K, n, actions words], or null.
    pub actions_out: *mut u32,
    /// [n] length and [n, agents] return of the newest finished episode; written where one finished.
    pub finished_length: *mut u32,
    /// See `finished_length`.
    pub finished_return: *mut f32,
    /// [n, info words] sums of the infos of the newest finished episode; see `finished_length`.
    pub finished_info: *mut f32,
    /// [n] transitions of this call; null if none of the sums over the call are wanted, here and below.
    pub transitions: *mut u32,
    /// [n] finished episodes of this call.
    pub episodes: *mut u32,
    /// [n] sum of their lengths.
    pub length_sum: *mut u32,
    /// [n, agents] sum of their returns.
    pub return_sum: *mut f64,
    /// [n, info words] sum over finished episodes of the sums of their infos.
    pub info_sum: *mut f64,
}

/// Where the rows of what is observed begin: all agents' observations, and the global state.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// [.., observations words].
    pub observations: *mut u32,
    /// [.., global words].
    pub global_states: *mut u32,
}

impl Seen {
    /// Copies one row.
    ///
    /// # Safety
    /// Both must be valid for a row of so many words, and apart.
    pub unsafe fn copy_from(self, from: Self, observation_words: usize, global_words: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            self.observations.copy_from_nonoverlapping(from.observations, observation_words);
            self.global_states.copy_from_nonoverlapping(from.global_states, global_words);
        }
    }
}

impl Job {
    /// The rows from `row` on, of so many words each, of what is seen after a transition.
    ///
    /// # Safety
    /// The job must be valid for these rows.
    pub unsafe fn seen(&self, row: usize, observation_words: usize, global_words: usize) -> Seen {
        // SAFETY: the caller's promise.
        unsafe {
            Seen {
                observations: self.observations.add(row * observation_words),
                global_states: self.global_states.add(row * global_words),
            }
        }
    }

    /// The same of what is seen last in an episode.
    ///
    /// # Safety
    /// The job must be valid for these rows.
    pub unsafe fn finally_seen(&self, row: usize, observation_words: usize, global_words: usize) -> Seen {
        // SAFETY: the caller's promise.
        unsafe {
            Seen {
                observations: self.final_observations.add(row * observation_words),
                global_states: self.final_global_states.add(row * global_words),
            }
        }
    }
}

// SAFETY: a job is a bundle of addresses; the kernels' contract is that two threads never get the same block, and every
// row they write belongs to an instance of their blocks.
unsafe impl Send for Job {}
// SAFETY: as above.
unsafe impl Sync for Job {}

/// Draws a picture.
pub(super) type Render = fn(&Control, &[u32], &[u32], u32, usize, usize, &mut [u8]);

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
    /// Draws an instance `[words of params, words of state]` after so many steps of its episode into RGB bytes [height,
    /// width, 3]; of the control it needs the constants.
    pub render: Render,
}
