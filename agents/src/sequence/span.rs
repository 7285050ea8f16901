//! Sequences as layers see them, what rows carry between them, and what a layer keeps for its way back.

use crate::network::Lines;

/// `steps` steps of `rows` sequences side by side: row `t * rows + r` of every array is step t of sequence r.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// Steps, 1 or more.
    pub steps: usize,
    /// Sequences, 1 or more.
    pub rows: usize,
    /// `[steps, rows]`: whether an episode begins with this step, so that nothing from before it reaches it. Empty: none does.
    pub starts: &'a [bool],
}

impl Span<'_> {
    /// Rows of all arrays.
    pub(super) fn len(&self) -> usize {
        self.steps * self.rows
    }

    /// Whether an episode begins with this row.
    pub(super) fn starts(&self, row: usize) -> bool {
        self.starts.get(row).is_some_and(|starts| *starts)
    }
}

/// What the rows of a span carry for one layer: a part of each row of a wider array.
pub(super) struct Carries<'a> {
    pub values: &'a mut [f32],
    /// Values of a row for all layers.
    pub stride: usize,
    /// First and number of those of this layer.
    pub first: usize,
    pub width: usize,
}

impl Carries<'_> {
    /// The values of a sequence.
    pub fn row(&mut self, row: usize) -> &mut [f32] {
        let first = row * self.stride + self.first;
        &mut self.values[first..first + self.width]
    }
}

/// Arrays that a layer keeps from its way forward for its way back, by number.
#[derive(Debug, Default)]
pub(super) struct Tape {
    arrays: Vec<Lines>,
}

impl Tape {
    /// So many arrays at once, each of this length at least, with anything in them.
    pub fn arrays<const N: usize>(&mut self, lengths: [usize; N]) -> [&mut [f32]; N] {
        self.arrays.resize_with(self.arrays.len().max(N), Lines::default);
        let (mut found, mut lengths) = (self.arrays.iter_mut(), lengths.into_iter());
        [(); N].map(|()| {
            let (array, length) = (found.next().expect("as many"), lengths.next().expect("as many"));
            array.grow(length);
            &mut array[..length]
        })
    }
}
