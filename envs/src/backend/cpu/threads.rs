//! Which threads run which blocks: as many as the measured time of the work is worth, each as many as it gets done.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;

use rayon::ThreadPool;

/// Work in nanoseconds below which another thread is not woken: that takes 5 to 50 us, and its end is waited for.
const WORTH_A_THREAD: f64 = 25_000.0;

/// Nanoseconds of a block and transition before anything was measured: 16 instances of a small game.
const UNMEASURED: f64 = 100.0;

/// What a new measurement counts for against all earlier ones.
const NEWEST: f64 = 0.25;

/// Pieces per thread where there is enough work: a thread that is kept from its work then leaves more of it to the others.
const PIECES: usize = 4;

/// The threads of a batch, and what they know about its work.
pub(super) struct Threads {
    /// The calling one included.
    pub count: usize,
    pool: Option<Arc<ThreadPool>>,
    /// ns per block and transition of each kind of call, on one thread.
    cost: [f64; 2],
}

impl Threads {
    /// So many threads, None = one for each core.
    pub fn new(count: Option<usize>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = count.unwrap_or(cores).max(1);
        Self { count, pool: (count > 1).then(|| pool(count - 1)), cost: [UNMEASURED; 2] }
    }

    /// Runs `work` on ranges that together are all blocks, in calls of `kind` 0 or 1 that make so many transitions.
    pub fn run(&mut self, kind: usize, blocks: usize, steps: usize, work: impl Fn(Range<usize>) + Sync) {
        let pool = match &self.pool {
            Some(pool) if blocks > 1 => pool,
            // Nothing to decide, hence nothing to measure.
            _ => return work(0..blocks),
        };
        let expected = self.cost[kind] * blocks as f64 * steps as f64;
        let threads = ((expected / WORTH_A_THREAD) as usize).clamp(1, self.count.min(blocks));
        let pieces = match threads {
            1 => 1,
            _ => ((expected / WORTH_A_THREAD) as usize).min(threads * PIECES).min(blocks),
        };
        let next = AtomicUsize::new(0);
        // Blocks done and the seconds they took.
        let run = || {
            let (begin, mut done) = (Instant::now(), 0);
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= pieces {
                    return (done, begin.elapsed());
                }
                let range = piece * blocks / pieces..(piece + 1) * blocks / pieces;
                done += range.len();
                work(range);
            }
        };
        let (done, time) = match threads {
            1 => run(),
            _ => pool.in_place_scope(|scope| {
                for _ in 1..threads {
                    scope.spawn(|_| {
                        run();
                    });
                }
                run()
            }),
        };
        if done > 0 {
            let measured = time.as_nanos() as f64 / (done as f64 * steps as f64);
            self.cost[kind] += NEWEST * (measured - self.cost[kind]);
        }
    }
}

/// Pools are shared by all batches of a process with the same number of workers. After a fork the child has none of
/// the threads, so its batches get pools of their own.
fn pool(workers: usize) -> Arc<ThreadPool> {
    type Pools = HashMap<(u32, usize), Arc<ThreadPool>>;
    static POOLS: LazyLock<Mutex<Pools>> = LazyLock::new(Mutex::default);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(pools.entry((std::process::id(), workers)).or_insert_with(|| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(workers);
        Arc::new(builder.thread_name(|i| format!("shadergym-{i}")).build().expect("the system gives threads"))
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_block_is_run_once() {
        for (blocks, steps, threads) in [(1, 1, 4), (2, 1, 4), (7, 1_000_000, 4), (1000, 1_000, 3), (1000, 1_000, 1)] {
            let mut group = Threads::new(Some(threads));
            for _ in 0..3 {
                let seen = Mutex::new(vec![0; blocks]);
                group.run(0, blocks, steps, |range| {
                    seen.lock().unwrap()[range].iter_mut().for_each(|count| *count += 1);
                });
                assert!(seen.into_inner().unwrap().iter().all(|count| *count == 1), "{blocks} x {steps} on {threads}");
            }
        }
    }

    #[test]
    fn threads_help_with_slow_work_and_stay_out_of_fast_work() {
        let mut group = Threads::new(Some(2));
        let pieces = |group: &mut Threads, work: fn()| {
            let pieces = AtomicUsize::new(0);
            group.run(0, 16, 1, |_| {
                pieces.fetch_add(1, Ordering::Relaxed);
                work();
            });
            pieces.into_inner()
        };
        let slow = || std::thread::sleep(Duration::from_millis(5));
        assert_eq!(pieces(&mut group, slow), 1, "nothing is known yet");
        assert_eq!(pieces(&mut group, slow), 2 * PIECES);
        // However busy the machine, 16 calls of nothing are soon seen to cost nothing.
        for _ in 0..200 {
            pieces(&mut group, || ());
        }
        assert_eq!(pieces(&mut group, || ()), 1);
    }
}
