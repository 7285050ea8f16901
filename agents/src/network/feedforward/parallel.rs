//! Many rows on many threads, with results that do not depend on how many.

use std::ops::Range;
use std::sync::PoisonError;

use fearless_simd::{Simd, dispatch};
use rayon::prelude::*;

use super::backward::Wanted;
use super::workspace::{Lines, Workspace};
use super::{FeedForward, TILE};
use crate::network::{Loss, LossSums, Rows};

/// Below so many multiplications with weights a prediction is over before another thread has woken up.
const PARALLEL_WORK: usize = 1 << 23;
/// Rows that are predicted together at least, and whose number is a multiple of it on all threads but one. The products take
/// rows in blocks of 4 or 8 and the rest one by one, which rounds differently: so each row is in a block or not whatever
/// the threads.
const BLOCK: usize = 8;
/// Parameters whose gradients one thread adds up.
const CHUNK: usize = 1 << 14;

/// Rows of a group, whose gradients are summed in one buffer. Groups are the unit of parallel work and are added in order. Each
/// costs clearing and adding up as many floats as the network has parameters, a tenth of the time that one tile takes,
/// so they grow as their number does: 128 rows are 2, 1,024 rows 8, 16,384 rows 32.
fn group_rows(rows: usize) -> usize {
    let tiles = rows.div_ceil(TILE).max(1);
    TILE * tiles.div_ceil((4 * tiles).isqrt().min(tiles))
}

/// Gradient and loss of a group of rows.
#[derive(Debug, Default)]
pub(super) struct Group {
    gradient: Lines,
    sums: LossSums,
}

/// The tiles of a range of rows.
pub(super) fn tiles(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(TILE).map(move |start| start..(start + TILE).min(end))
}

pub(super) fn add(sums: &mut LossSums, more: LossSums) {
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
        let size = group_rows(rows.len());
        let count = rows.len().div_ceil(size);
        // The first group adds to `gradient` itself.
        if count <= 1 || self.plan.threads <= 1 {
            let mut sums = self.learn_range(rows, 0..size.min(rows.len()), loss, gradient);
            let mut groups = self.idle_groups();
            for first in (size..rows.len()).step_by(size) {
                if groups.is_empty() {
                    groups.push(Group::default());
                }
                let group = &mut groups[0];
                self.learn_group(rows, first..(first + size).min(rows.len()), loss, group);
                dispatch!(self.plan.level, simd => add_floats(simd, gradient, &group.gradient));
                add(&mut sums, group.sums);
            }
            self.keep_groups(groups);
            return sums;
        }
        let mut groups = self.idle_groups();
        groups.resize_with(groups.len().max(count - 1), Group::default);
        let others = &mut groups[..count - 1];
        let range = |group: usize| group * size..((group + 1) * size).min(rows.len());
        let (mut sums, ()) = rayon::join(
            || self.learn_range(rows, range(0), loss, gradient),
            || {
                let each = |(index, group): (usize, &mut Group)| self.learn_group(rows, range(index + 1), loss, group);
                others.par_iter_mut().enumerate().for_each(each);
            },
        );
        others.iter().for_each(|group| add(&mut sums, group.sums));
        let merge = |(chunk, gradient): (usize, &mut [f32])| {
            for group in others.iter() {
                let more = &group.gradient[chunk * CHUNK..][..gradient.len()];
                dispatch!(self.plan.level, simd => add_floats(simd, gradient, more));
            }
        };
        match gradient.len() <= CHUNK {
            true => merge((0, gradient)),
            false => gradient.par_chunks_mut(CHUNK).enumerate().for_each(merge),
        }
        self.keep_groups(groups);
        sums
    }

    fn idle_groups(&self) -> Vec<Group> {
        std::mem::take(&mut *self.groups.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep_groups(&self, groups: Vec<Group>) {
        *self.groups.lock().unwrap_or_else(PoisonError::into_inner) = groups;
    }

    fn learn_group(&self, rows: Rows<'_>, range: Range<usize>, loss: &Loss<'_>, group: &mut Group) {
        let parameters = self.plan.layout.len();
        group.gradient.grow(parameters);
        group.gradient.fill(0.0);
        group.sums = self.learn_range(rows, range, loss, &mut group.gradient[..parameters]);
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

fn add_floats<S: Simd>(simd: S, to: &mut [f32], from: &[f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (to, from) in to.iter_mut().zip(from) {
                *to += from;
            }
        },
    );
}
