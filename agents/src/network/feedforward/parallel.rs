//! Many rows on many threads, with results that do not depend on how many.

use std::ops::Range;
use std::sync::PoisonError;

use fearless_simd::{Simd, dispatch};

use super::backward::Wanted;
use super::workspace::Workspace;
use super::{FeedForward, TILE};
use crate::network::Lines;
use crate::network::{Loss, LossSums, Rows};

/// Below so many multiplications with weights a prediction is over before another thread has woken up.
const PARALLEL_WORK: usize = 1 << 23;
/// Rows that are predicted together at least, and whose number is a multiple of it on all threads but one. The products take
/// rows in blocks of 4 or 8 and the rest one by one, which rounds differently: so each row is in a block or not whatever
/// the threads.
const BLOCK: usize = 8;
/// Parameters from which on gradients are added up by several threads.
const PARALLEL_SUM: usize = 1 << 14;

/// Rows of a group, whose gradients are summed in one buffer. Groups are the unit of parallel work and are added in order. Each
/// costs clearing and adding up as many floats as the network has parameters, a tenth of the time that one tile takes,
/// so they grow as their number does: 128 rows are 2, 1,024 rows 8, 16,384 rows 32.
fn group_rows(rows: usize) -> usize {
    let tiles = rows.div_ceil(TILE).max(1);
    TILE * tiles.div_ceil((4 * tiles).isqrt().min(tiles))
}

/// A group, where its gradient is added, and the sums of its loss.
struct Task<'a> {
    group: usize,
    gradient: &'a mut [f32],
    sums: LossSums,
}

/// Does something with each on so many threads at most.
pub(crate) fn each<T: Send>(tasks: &mut [T], threads: usize, turn: &(impl Fn(&mut T) + Sync)) {
    if threads <= 1 || tasks.len() <= 1 {
        return tasks.iter_mut().for_each(turn);
    }
    let half = (tasks.len() * (threads / 2)).div_ceil(threads);
    let (left, right) = tasks.split_at_mut(half);
    rayon::join(|| each(left, threads / 2, turn), || each(right, threads - threads / 2, turn));
}

/// The tiles of a range of rows.
pub(super) fn tiles(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(TILE).map(move |start| start..(start + TILE).min(end))
}

pub(crate) fn add(sums: &mut LossSums, more: LossSums) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

impl FeedForward {
    pub(super) fn predict_range(&self, rows: Rows<'_>, range: Range<usize>, outputs: &mut [f32], threads: usize) {
        if threads <= 1 || range.len() < 2 * BLOCK || range.len() * self.plan.work < PARALLEL_WORK {
            return dispatch!(self.plan.level, simd => self.predict_serial(simd, rows, range, outputs));
        }
        let half = (range.len() * (threads / 2) / threads).next_multiple_of(BLOCK);
        let (left, right) = outputs.split_at_mut(half * self.plan.outputs);
        let middle = range.start + half;
        rayon::join(
            || self.predict_range(rows, range.start..middle, left, threads / 2),
            || self.predict_range(rows, middle..range.end, right, threads - threads / 2),
        );
    }

    fn predict_serial<S: Simd>(&self, simd: S, rows: Rows<'_>, range: Range<usize>, outputs: &mut [f32]) {
        Workspace::with(&self.plan, |workspace| {
            for (tile, out) in tiles(range).zip(outputs.chunks_mut(TILE * self.plan.outputs)) {
                let count = tile.len();
                workspace.load(&self.plan, rows, tile);
                self.forward(simd, workspace, count);
                out.copy_from_slice(&workspace.outputs[..out.len()]);
            }
        });
    }

    /// Adds the gradient of all rows to `gradient`.
    pub(super) fn learn_all(&self, rows: Rows<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        let (size, threads, parameters) = (group_rows(rows.len()), self.plan.threads, gradient.len());
        let count = rows.len().div_ceil(size).max(1);
        let range = |group: usize| group * size..((group + 1) * size).min(rows.len());
        let mut buffers = std::mem::take(&mut *self.buffers.lock().unwrap_or_else(PoisonError::into_inner));
        // The first group adds to `gradient` itself. Alone, one buffer serves the others by turns.
        let others = if threads <= 1 { 1.min(count - 1) } else { count - 1 };
        buffers.resize_with(buffers.len().max(others), Lines::default);
        buffers[..others].iter_mut().for_each(|buffer| buffer.grow(parameters));
        let mut sums = LossSums::default();
        if threads <= 1 {
            sums = self.learn_range(rows, range(0), loss, gradient);
            for group in 1..count {
                let buffer = &mut buffers[0][..parameters];
                buffer.fill(0.0);
                add(&mut sums, self.learn_range(rows, range(group), loss, buffer));
                dispatch!(self.plan.level, simd => add_floats(simd, gradient, buffer));
            }
        } else {
            let mut tasks = vec![Task { group: 0, gradient: &mut *gradient, sums }];
            let more = buffers[..others].iter_mut().enumerate();
            tasks.extend(more.map(|(i, buffer)| Task { group: i + 1, gradient: &mut buffer[..parameters], sums }));
            each(&mut tasks, threads, &|task| {
                if task.group > 0 {
                    task.gradient.fill(0.0);
                }
                task.sums = self.learn_range(rows, range(task.group), loss, task.gradient);
            });
            tasks.iter().for_each(|task| add(&mut sums, task.sums));
            let part = if parameters < PARALLEL_SUM { parameters } else { parameters.div_ceil(threads) };
            let mut parts: Vec<_> = gradient.chunks_mut(part.max(1)).enumerate().collect();
            each(&mut parts, threads, &|(at, gradient)| {
                for buffer in &buffers[..others] {
                    let more = &buffer[*at * part..][..gradient.len()];
                    dispatch!(self.plan.level, simd => add_floats(simd, gradient, more));
                }
            });
        }
        *self.buffers.lock().unwrap_or_else(PoisonError::into_inner) = buffers;
        sums
    }

    /// Adds the gradient of some rows to `gradient`.
    fn learn_range(&self, rows: Rows<'_>, range: Range<usize>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        let transposed = self.transposed(false);
        let mut sums = LossSums::default();
        Workspace::with(&self.plan, |workspace| {
            for tile in tiles(range) {
                let wanted = Wanted::Parameters(&mut *gradient);
                let values = &transposed.values;
                add(
                    &mut sums,
                    dispatch!(self.plan.level, simd => self.learn(simd, workspace, values, (rows, tile.clone()), loss, wanted)),
                );
            }
        });
        sums
    }
}

pub(crate) fn add_floats<S: Simd>(simd: S, to: &mut [f32], from: &[f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (to, from) in to.iter_mut().zip(from) {
                *to += from;
            }
        },
    );
}
