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

impl<S: Lanes, P: Program> Block<'_, S, P> {
    /// The parameters in force. Where all instances share theirs, one block of them stands for all and stays in the
    /// cache. The address is chosen, not the value: choosing between two copies cost 7 % of CartPole's fused rollouts.
    #[inline(always)]
    pub fn in_force(&self, job: &Job) -> *const P::Params<S> {
        if job.pending_stride == 0 { job.pending.cast_const().cast() } else { &raw const *self.params }
    }
}

/// Whether a state is too large to be copied for the loop over transitions.
#[inline(always)]
pub(super) const fn is_large<S: Lanes, P: Program>() -> bool {
    // The compiler's threshold, from which it takes the state by pointer.
    size_of::<P::State<S>>() / size_of::<S::U>() > shadergym_compiler::Layout::LARGE_WORDS
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
