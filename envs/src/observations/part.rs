//! One part of rows of observations.

use shadergym_compiler::{Encoding, ObservationPart};

use crate::error::{Error, Result};

/// One part of observations, `[rows, part]`.
#[derive(Debug, Clone, Copy)]
pub struct PartRows<'a> {
    words: &'a [u32],
    row_words: usize,
    part: &'a ObservationPart,
}

impl<'a> PartRows<'a> {
    /// `words` holds whole rows of `row_words` words each.
    pub(super) fn new(words: &'a [u32], row_words: usize, part: &'a ObservationPart) -> Self {
        Self { words, row_words, part }
    }

    /// What it is.
    pub fn part(&self) -> &'a ObservationPart {
        self.part
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.words.len() / self.row_words
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words of this part, row by row.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [u32]> + 'a {
        let (offset, words) = (self.part.offset, self.part.words);
        self.words.chunks_exact(self.row_words).map(move |row| &row[offset..offset + words])
    }

    /// Copies floats or whole numbers, `[rows, ...]`, one word per element.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] if `out` has not one word per element, [`Error::InvalidOption`] for packed parts.
    pub fn copy_words(&self, out: &mut [u32]) -> Result<()> {
        if !matches!(self.part.encoding, Encoding::F32 | Encoding::Count) {
            return Err(self.other_type("u32", "u8, this part is packed"));
        }
        self.check("u32 output", out.len())?;
        for (row, out) in self.rows().zip(out.chunks_exact_mut(self.part.elements())) {
            out.copy_from_slice(row);
        }
        Ok(())
    }

    /// Unpacks bytes or bits into one byte per element, `[rows, ...]`.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] if `out` has not one byte per element, [`Error::InvalidOption`] for parts that are not packed.
    pub fn unpack_u8(&self, out: &mut [u8]) -> Result<()> {
        let unpack = match self.part.encoding {
            Encoding::F32 => return Err(self.other_type("u8", "f32, these observations are floats")),
            Encoding::Count => return Err(self.other_type("u8", "u32, these observations are whole numbers")),
            Encoding::U8 => unpack_bytes,
            Encoding::Bit => unpack_bits,
        };
        self.check("u8 output", out.len())?;
        for (row, out) in self.rows().zip(out.chunks_exact_mut(self.part.elements())) {
            unpack(row, out);
        }
        Ok(())
    }

    /// Writes the flattened elements of each row to `out[row * stride + first..]`.
    pub(super) fn flatten(&self, out: &mut [f32], first: usize, stride: usize) {
        let flat = self.part.flat_elements();
        for (row, out) in self.rows().zip(out.chunks_exact_mut(stride)) {
            let out = &mut out[first..first + flat];
            match self.part.encoding {
                Encoding::F32 => out.copy_from_slice(bytemuck::cast_slice(row)),
                Encoding::U8 => {
                    for (word, out) in row.iter().zip(out.chunks_mut(4)) {
                        for (byte, out) in word.to_le_bytes().into_iter().zip(out) {
                            *out = f32::from(byte);
                        }
                    }
                }
                Encoding::Bit => {
                    for (&word, out) in row.iter().zip(out.chunks_mut(32)) {
                        for (bit, out) in out.iter_mut().enumerate() {
                            *out = ((word >> bit) & 1) as f32;
                        }
                    }
                }
                Encoding::Count => {
                    out.fill(0.0);
                    let mut at = 0;
                    for (&value, &count) in row.iter().zip(&self.part.counts) {
                        // A number outside is a mistake of the environment, which the tests look for.
                        out[at + value.min(count - 1) as usize] = 1.0;
                        at += count as usize;
                    }
                }
            }
        }
    }

    fn check(&self, what: &'static str, got: usize) -> Result<()> {
        let expected = self.len() * self.part.elements();
        if got == expected {
            return Ok(());
        }
        let shape = format!("rows {} x observation {:?}", self.len(), self.part.shape);
        Err(Error::InvalidShape { what, got, expected, shape })
    }

    fn other_type(&self, value: &str, allowed: &str) -> Error {
        Error::InvalidOption { option: "observation type", value: value.to_owned(), allowed: allowed.to_owned() }
    }
}

#[inline]
fn unpack_bytes(row: &[u32], out: &mut [u8]) {
    if cfg!(target_endian = "little") {
        out.copy_from_slice(&bytemuck::cast_slice(row)[..out.len()]);
    } else {
        for (word, out) in row.iter().zip(out.chunks_mut(4)) {
            out.copy_from_slice(&word.to_le_bytes()[..out.len()]);
        }
    }
}

/// Eight elements at a time from a table of all bytes: about one load and one store per eight elements.
#[inline]
fn unpack_bits(row: &[u32], out: &mut [u8]) {
    let mut whole = out.chunks_exact_mut(32);
    for (word, out) in row.iter().zip(&mut whole) {
        for (byte, out) in word.to_le_bytes().into_iter().zip(out.as_chunks_mut::<8>().0) {
            *out = SPREAD[usize::from(byte)];
        }
    }
    let rest = whole.into_remainder();
    if let Some(word) = row.last().filter(|_| !rest.is_empty()) {
        for (bit, out) in rest.iter_mut().enumerate() {
            *out = (word >> bit) as u8 & 1;
        }
    }
}

/// The bits of every byte, lowest first, one byte each.
static SPREAD: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[byte][bit] = (byte >> bit) as u8 & 1;
            bit += 1;
        }
        byte += 1;
    }
    table
};
