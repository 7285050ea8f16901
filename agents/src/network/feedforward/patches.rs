//! The cells under a kernel, at each of its places.

/// A kernel's way over pictures `[height, width, channels]`. A patch is `[kernel, kernel, channels]`, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patches {
    pub channels: usize,
    kernel: usize,
    /// The first cell of each row of cells under the kernel, place by place.
    lines: Vec<u32>,
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
        let (rows, columns) = (places(height), places(width));
        let first = |place: usize| place / columns * stride * width + place % columns * stride;
        let lines =
            (0..rows * columns).flat_map(|place| (0..kernel).map(move |line| (first(place) + line * width) as u32));
        Self { channels, kernel, lines: lines.collect(), cells: height * width, rows, columns }
    }

    pub fn places(&self) -> usize {
        self.rows * self.columns
    }

    /// Place, row of cells in the patch, its first cell in the picture.
    fn lines(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let places = self.lines.chunks_exact(self.kernel).enumerate();
        places
            .flat_map(|(place, lines)| lines.iter().enumerate().map(move |(line, &cell)| (place, line, cell as usize)))
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
        for lines in self.lines.chunks_exact(self.kernel) {
            for (line, &cell) in lines.iter().enumerate() {
                let (mut from, mut base, mut left) =
                    (cell as usize * self.channels, (line * line_bits) as u32, line_bits);
                // A row of cells may be longer than a word.
                while left > 0 {
                    let count = left.min(32);
                    let (word, shift) = (from / 32, from % 32);
                    let next = words.get(word + 1).copied().unwrap_or(0);
                    let both = u64::from(words[word]) | u64::from(next) << 32;
                    let mut bits = (both >> shift) as u32 & u32::MAX >> (32 - count);
                    while bits != 0 {
                        indices.push(base + bits.trailing_zeros());
                        bits &= bits - 1;
                    }
                    (from, base, left) = (from + count, base + count as u32, left - count);
                }
            }
            ends.push(indices.len() as u32);
        }
    }
}
