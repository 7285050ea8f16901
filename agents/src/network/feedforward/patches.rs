//! The cells under a kernel, at each of its places.

use crate::network::convolve::Windows;

/// A kernel's way over pictures `[height, width, channels]` whose cells lie every `cell` floats. A patch is
/// `[kernel, kernel, channels]`, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patches {
    pub channels: usize,
    /// Cells of the picture, floats from one to the next.
    pub cells: usize,
    pub cell: usize,
    /// Places from top to bottom and from left to right.
    pub rows: usize,
    pub columns: usize,
    step: usize,
    row_step: usize,
    /// From the first float under the kernel to each value of the patch.
    offsets: Vec<u32>,
}

impl Patches {
    /// The kernel fits into the picture.
    pub fn new([height, width, channels]: [usize; 3], cell: usize, kernel: usize, stride: usize) -> Self {
        let places = |size: usize| (size - kernel) / stride + 1;
        let cell_of = move |line: usize, k: usize| (line * width + k) * cell;
        let lines = (0..kernel).flat_map(|line| (0..kernel).map(move |k| cell_of(line, k)));
        Self {
            channels,
            cells: height * width,
            cell,
            rows: places(height),
            columns: places(width),
            step: stride * cell,
            row_step: stride * width * cell,
            offsets: lines.flat_map(|first| (first..first + channels).map(|at| at as u32)).collect(),
        }
    }

    pub fn places(&self) -> usize {
        self.rows * self.columns
    }

    pub fn windows(&self) -> Windows<'_> {
        let Self { rows, columns, step, row_step, ref offsets, .. } = *self;
        Windows { rows, columns, step, row_step, offsets }
    }

    /// Adds patches, which lie every `stride` floats, to the cells that they came from.
    pub fn scatter(&self, patches: &[f32], stride: usize, picture: &mut [f32]) {
        for (place, patch) in patches.chunks_exact(stride).take(self.places()).enumerate() {
            let first = place / self.columns * self.row_step + place % self.columns * self.step;
            let cells = self.offsets.chunks_exact(self.channels).zip(patch.chunks_exact(self.channels));
            for (offsets, from) in cells {
                let to = &mut picture[first + offsets[0] as usize..][..self.channels];
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        }
    }
}
