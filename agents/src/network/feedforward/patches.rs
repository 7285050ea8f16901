//! The cells under a kernel, at each of its places.

/// A kernel's way over pictures `[height, width, channels]`. A patch is `[kernel, kernel, channels]`, row-major.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patches {
    width: usize,
    pub channels: usize,
    kernel: usize,
    stride: usize,
    /// Cells of the picture.
    pub cells: usize,
    /// Places from top to bottom and from left to right.
    pub rows: usize,
    pub columns: usize,
}

impl Patches {
    /// The kernel fits into the picture.
    pub fn new([height, width, channels]: [usize; 3], kernel: usize, stride: usize) -> Self {
        let places = |size: usize| (size - kernel) / stride + 1;
        let cells = height * width;
        Self { width, channels, kernel, stride, cells, rows: places(height), columns: places(width) }
    }

    pub fn places(&self) -> usize {
        self.rows * self.columns
    }

    /// The first cell of each row of cells under the kernel, place by place, with the row's number in the patch.
    fn lines(&self) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let Self { width, kernel, stride, columns, .. } = *self;
        (0..self.places()).flat_map(move |place| {
            let first = place / columns * stride * width + place % columns * stride;
            (0..kernel).map(move |line| (place, line, first + line * width))
        })
    }

    /// Writes the patches of a picture whose cells lie every `cell` floats, each to a row of `stride` floats.
    pub fn gather(&self, picture: &[f32], cell: usize, out: &mut [f32], stride: usize) {
        let (kernel, channels) = (self.kernel, self.channels);
        for (place, line, first) in self.lines() {
            let out = &mut out[place * stride + line * kernel * channels..][..kernel * channels];
            if cell == channels {
                out.copy_from_slice(&picture[first * cell..][..kernel * channels]);
            } else {
                for (k, out) in out.chunks_exact_mut(channels).enumerate() {
                    out.copy_from_slice(&picture[(first + k) * cell..][..channels]);
                }
            }
        }
    }

    /// Adds patches to the cells that they came from.
    pub fn scatter(&self, patches: &[f32], stride: usize, picture: &mut [f32], cell: usize) {
        let (kernel, channels) = (self.kernel, self.channels);
        for (place, line, first) in self.lines() {
            let from = &patches[place * stride + line * kernel * channels..][..kernel * channels];
            for (k, from) in from.chunks_exact(channels).enumerate() {
                let to = &mut picture[(first + k) * cell..][..channels];
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        }
    }

    /// Lists the bits that are set in each patch of a picture of bits: appends where each patch's list ends to `ends`.
    pub fn set_bits(&self, words: &[u32], ends: &mut Vec<u32>, indices: &mut Vec<u32>) {
        let line_bits = self.kernel * self.channels;
        for (_, line, first) in self.lines() {
            let (mut from, mut base, mut left) = (first * self.channels, (line * line_bits) as u32, line_bits);
            // A row of cells may be longer than a word.
            while left > 0 {
                let count = left.min(32);
                let (word, shift) = (from / 32, from % 32);
                let mut bits = words[word] >> shift;
                if shift + count > 32 {
                    bits |= words[word + 1] << (32 - shift);
                }
                bits &= u32::MAX >> (32 - count);
                while bits != 0 {
                    indices.push(base + bits.trailing_zeros());
                    bits &= bits - 1;
                }
                (from, base, left) = (from + count, base + count as u32, left - count);
            }
            if line + 1 == self.kernel {
                ends.push(indices.len() as u32);
            }
        }
    }
}
