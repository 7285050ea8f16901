//! Observations as they lie in memory, and their unpacking into bytes and floats.

use shadergym_compiler::{Encoding, ObservationSpace};

use crate::error::{Error, Result};

/// Observations `[rows, words]`, one row per agent of an instance (and per step of a recording). Float observations are
/// floats in memory; packed ones hold 4 bytes or 32 bits in a word, which learners on bits can use as they are.
#[derive(Debug, Clone, Copy)]
pub struct Observations<'a> {
    words: &'a [u32],
    space: &'a ObservationSpace,
}

impl<'a> Observations<'a> {
    /// `words` holds whole rows of `space`.
    pub(crate) fn new(words: &'a [u32], space: &'a ObservationSpace) -> Self {
        debug_assert_eq!(words.len() % space.words, 0);
        Self { words, space }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.words.len() / self.space.words
    }

    /// Number of elements of all rows, once unpacked.
    pub fn elements(&self) -> usize {
        self.rows() * self.space.elements()
    }

    /// How a row lies in memory.
    pub fn encoding(&self) -> Encoding {
        self.space.encoding
    }

    /// The raw words `[rows, words]`.
    pub fn words(&self) -> &'a [u32] {
        self.words
    }

    /// One row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> Observations<'a> {
        let words = self.space.words;
        Self { words: &self.words[row * words..(row + 1) * words], space: self.space }
    }

    /// The elements `[rows, ...]` without a copy; None if observations are packed.
    pub fn as_f32(&self) -> Option<&'a [f32]> {
        (self.space.encoding == Encoding::F32).then(|| bytemuck::cast_slice(self.words))
    }

    /// Unpacks byte or bit observations into one byte per element, `[rows, ...]`.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] if `out` has not one byte per element, [`Error::InvalidOption`] for float observations.
    pub fn unpack_u8(&self, out: &mut [u8]) -> Result<()> {
        self.check("u8 output", out.len())?;
        let elements = self.space.elements();
        match self.space.encoding {
            Encoding::F32 => Err(Error::InvalidOption {
                option: "observation type",
                value: "u8".to_owned(),
                allowed: "f32, these observations are floats".to_owned(),
            }),
            Encoding::U8 => {
                for (row, out) in self.words.chunks_exact(self.space.words).zip(out.chunks_exact_mut(elements)) {
                    unpack_bytes(row, out);
                }
                Ok(())
            }
            Encoding::Bit => {
                for (row, out) in self.words.chunks_exact(self.space.words).zip(out.chunks_exact_mut(elements)) {
                    unpack_bits(row, out);
                }
                Ok(())
            }
        }
    }

    /// Writes the elements as floats `[rows, ...]`, whatever the encoding.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] if `out` has not one number per element.
    pub fn unpack_f32(&self, out: &mut [f32]) -> Result<()> {
        self.check("f32 output", out.len())?;
        let elements = self.space.elements();
        let rows = self.words.chunks_exact(self.space.words).zip(out.chunks_exact_mut(elements));
        match self.space.encoding {
            Encoding::F32 => out.copy_from_slice(bytemuck::cast_slice(self.words)),
            Encoding::U8 => rows.for_each(|(row, out)| {
                for (word, out) in row.iter().zip(out.chunks_mut(4)) {
                    for (byte, out) in word.to_le_bytes().into_iter().zip(out) {
                        *out = f32::from(byte);
                    }
                }
            }),
            Encoding::Bit => rows.for_each(|(row, out)| {
                for (&word, out) in row.iter().zip(out.chunks_mut(32)) {
                    for (bit, out) in out.iter_mut().enumerate() {
                        *out = ((word >> bit) & 1) as f32;
                    }
                }
            }),
        }
        Ok(())
    }

    fn check(&self, what: &'static str, got: usize) -> Result<()> {
        if got == self.elements() {
            return Ok(());
        }
        Err(Error::InvalidShape {
            what,
            got,
            expected: self.elements(),
            shape: format!("rows {} x observation {:?}", self.rows(), self.space.shape),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn space(encoding: Encoding, shape: &[usize], words: usize) -> ObservationSpace {
        ObservationSpace {
            encoding,
            shape: shape.to_vec(),
            words,
            low: Vec::new(),
            high: Vec::new(),
            fields: Vec::new(),
            doc: String::new(),
        }
    }

    #[test]
    fn bits_come_out_lowest_first_and_rows_begin_at_words() {
        let space = space(Encoding::Bit, &[5, 9], 2); // 45 bits in 64
        let words = [0x8000_0005, 0x0000_1001, 0xffff_ffff, 0x0000_1fff];
        let view = Observations::new(&words, &space);
        let mut bytes = [9; 90];
        view.unpack_u8(&mut bytes).unwrap();
        let ones: Vec<usize> = (0..45).filter(|&i| bytes[i] == 1).collect();
        assert_eq!(ones, [0, 2, 31, 32, 44]);
        assert!(bytes[45..].iter().all(|&b| b == 1));
        let mut floats = [9.0; 90];
        view.unpack_f32(&mut floats).unwrap();
        assert!(floats.iter().zip(bytes).all(|(f, b)| *f == f32::from(b)));
        assert!(view.as_f32().is_none());
        assert_eq!(view.row(1).words(), &words[2..]);
    }

    #[test]
    fn bytes_come_out_lowest_first() {
        let space = space(Encoding::U8, &[6], 2);
        let words = [0x0403_0201, 0xffff_0605];
        let view = Observations::new(&words, &space);
        let mut bytes = [0; 6];
        view.unpack_u8(&mut bytes).unwrap();
        assert_eq!(bytes, [1, 2, 3, 4, 5, 6]);
        let mut floats = [0.0; 6];
        view.unpack_f32(&mut floats).unwrap();
        assert_eq!(floats, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert!(matches!(view.unpack_u8(&mut bytes[..5]), Err(Error::InvalidShape { got: 5, expected: 6, .. })));
    }

    #[test]
    fn floats_are_floats_in_memory() {
        let space = space(Encoding::F32, &[2], 2);
        let words = [1.5f32.to_bits(), (-2.0f32).to_bits()];
        let view = Observations::new(&words, &space);
        assert_eq!(view.as_f32(), Some(&[1.5, -2.0][..]));
        assert!(matches!(view.unpack_u8(&mut [0; 2]), Err(Error::InvalidOption { .. })));
    }
}
