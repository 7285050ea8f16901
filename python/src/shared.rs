//! What one environment object and the views on its buffers own together.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Instant;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use shadergym_envs::{Batch, Recording};

use crate::errors;
use crate::observed::{Observed, buffered};

/// Number of forks between this process and the one that loaded the module.
static GENERATION: AtomicU32 = AtomicU32::new(0);
/// Whether GPU drivers were asked for anything in this process.
static GPU_TOUCHED: AtomicBool = AtomicBool::new(false);
/// Whether that was before a fork: drivers do not survive one.
static GPU_LOST: AtomicBool = AtomicBool::new(false);

/// Generation in which threads that all agents share were started, `u32::MAX` before.
static THREADS: AtomicU32 = AtomicU32::new(u32::MAX);

/// Notes that the threads that all agents share are about to be used; an error where they stayed in another process.
pub(crate) fn touch_threads() -> PyResult<()> {
    let now = GENERATION.load(Ordering::Relaxed);
    match THREADS.compare_exchange(u32::MAX, now, Ordering::Relaxed, Ordering::Relaxed) {
        Err(then) if then != now => Err(PyRuntimeError::new_err(
            "agents were trained or used before this process was forked, and their threads stayed in the parent; \
             start processes with the `spawn` method",
        )),
        _ => Ok(()),
    }
}

/// Called by Python in the child after a fork.
#[pyfunction]
pub(crate) fn after_fork_in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    if GPU_TOUCHED.load(Ordering::Relaxed) {
        GPU_LOST.store(true, Ordering::Relaxed);
    }
}

/// Notes that the GPU is about to be used; an error where a fork has made that impossible.
pub(crate) fn touch_gpu() -> PyResult<()> {
    GPU_TOUCHED.store(true, Ordering::Relaxed);
    if !GPU_LOST.load(Ordering::Relaxed) {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(
        "the GPU was used before this process was forked, and its driver does not survive a fork; \
         start processes with the `spawn` method, or use the cpu device",
    ))
}

/// Whether this process was forked after the GPU was used.
pub(crate) fn gpu_is_lost() -> bool {
    GPU_LOST.load(Ordering::Relaxed)
}

/// A batch with everything that a call needs to itself.
pub(crate) struct Inner {
    /// Not dropped in a forked child, where its threads and device do not exist.
    pub batch: ManuallyDrop<Batch>,
    /// Actions of the running call.
    pub words: Vec<u32>,
    /// What observations are once unpacked, now and last in an episode, part by part, where views are handed out.
    pub unpacked: [Vec<Vec<u64>>; 2],
    /// Pieces of rollouts.
    pub recording: Option<Recording>,
    /// When the running episode of each instance began; empty if nobody wants to know.
    pub began: Vec<Instant>,
    generation: u32,
}

impl Inner {
    pub fn new(batch: Batch) -> Self {
        Self {
            batch: ManuallyDrop::new(batch),
            words: Vec::new(),
            unpacked: Default::default(),
            recording: None,
            began: Vec::new(),
            generation: GENERATION.load(Ordering::Relaxed),
        }
    }

    /// Brings unpacked observations up to date, where views of them are handed out.
    pub fn unpack(&mut self, observed: &Observed) {
        let [now, last] = self.unpacked.each_mut().map(|buffers| buffered(buffers));
        let view = self.batch.view();
        // SAFETY: `Observed::buffers` made them for all instances, and they are ours alone.
        unsafe {
            observed.put_buffered(&now, 0, view.observations());
            observed.put_buffered(&last, 0, view.final_observations());
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.generation == GENERATION.load(Ordering::Relaxed) {
            // SAFETY: dropped here only, once.
            unsafe { ManuallyDrop::drop(&mut self.batch) }
        }
    }
}

/// The batch behind a lock; views on its buffers keep it alive.
pub(crate) struct Shared {
    inner: Mutex<Inner>,
    generation: u32,
}

impl Shared {
    pub fn new(inner: Inner) -> Self {
        Self { generation: inner.generation, inner: Mutex::new(inner) }
    }

    /// The batch for one call. Refused while another thread is inside one, and in a forked child.
    pub fn lock(&self, py: Python<'_>, call: &str) -> PyResult<MutexGuard<'_, Inner>> {
        if self.generation != GENERATION.load(Ordering::Relaxed) {
            return Err(PyRuntimeError::new_err(
                "this environment was made before the process was forked, and its threads stayed in the parent; \
                 make it anew in the child",
            ));
        }
        match self.inner.try_lock() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::WouldBlock) => Err(errors::in_use(py, call)),
            Err(TryLockError::Poisoned(_)) => {
                Err(PyRuntimeError::new_err("an earlier call of this environment failed half-way; make a new one"))
            }
        }
    }
}

/// Base object of views: keeps the buffers alive.
#[pyclass(frozen, module = "shadergym._native")]
pub(crate) struct Anchor(#[allow(dead_code, reason = "held, not read")] pub std::sync::Arc<Shared>);
