//! Which streams go through the network in which step.

use super::streams::Streams;

/// Rows are computed in multiples of this, as the products take others one by one; rows beyond are zeros.
const BLOCK: usize = 8;

/// Some streams with their ends at the same step: the longest first, so that in every step those that have begun are the first
/// rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Schedule {
    /// Streams, row by row.
    pub streams: Vec<usize>,
    /// Rows that have begun in front of each step.
    pub active: Vec<usize>,
    /// First row of the states in front of each step, then that of the states at the end, then the number of all rows.
    pub offsets: Vec<usize>,
}

impl Schedule {
    /// Takes every `stride`-th stream from `first` on in the order of `sorted`, which has the longest first.
    pub fn set(&mut self, streams: &Streams, sorted: &[usize], first: usize, stride: usize) {
        self.streams.clear();
        self.streams.extend(sorted.iter().skip(first).step_by(stride));
        let longest = self.streams.first().map_or(0, |&stream| streams.of(stream).len());
        self.active.clear();
        self.offsets.clear();
        let (mut active, mut offset) = (0, 0);
        for step in 0..longest {
            while self.streams.get(active).is_some_and(|&stream| streams.of(stream).len() + step >= longest) {
                active += 1;
            }
            self.active.push(active);
            self.offsets.push(offset);
            offset += active.next_multiple_of(BLOCK);
        }
        self.offsets.push(offset);
        self.offsets.push(offset + self.streams.len().next_multiple_of(BLOCK));
    }

    /// Steps of the longest stream.
    pub fn steps(&self) -> usize {
        self.active.len()
    }

    /// Rows with those that fill up the blocks, in front of a step or at the end.
    pub fn room(&self, step: usize) -> usize {
        self.offsets[step + 1] - self.offsets[step]
    }

    /// Rows with those that fill up the blocks, of all steps together, and at the end.
    pub fn rows(&self) -> usize {
        self.offsets[self.steps() + 1]
    }

    /// Steps of all streams.
    pub fn transitions(&self) -> usize {
        self.active.iter().sum()
    }
}
