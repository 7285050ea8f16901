//! A block in memory: WIDTH instances as `word x lane` (episode, state, parameters in force), so vectors load and store
//! contiguously.

use super::super::memory::words;
use super::super::{Job, Lanes, Program};

/// The block's parts.
pub(super) struct Block<'a, S: Lanes, P: Program> {
    pub episode: &'a mut P::Episode<S>,
    pub state: &'a mut P::State<S>,
    pub params: &'a mut P::Params<S>,
    /// A copy, because all blocks of all threads may share the original.
    pub pending: P::Params<S>,
}

/// # Safety
/// `job` must describe valid memory for block `index`, and no other thread may use that block.
#[inline(always)]
pub(super) unsafe fn block<'a, S: Lanes, P: Program>(job: &Job, index: usize) -> Block<'a, S, P> {
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
pub(super) fn used<S: Lanes>(job: &Job, index: usize) -> usize {
    (job.instances - index * S::WIDTH).min(S::WIDTH)
}
