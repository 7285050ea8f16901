//! Rows of network input as they lie in memory.

use shadergym_envs::Encoding;

/// Rows of observations, or a selection of them, as they lie in memory: floats, or packed bytes or bits that a network
/// unpacks tile by tile (a bit counts 0 or 1, a byte 0 to 255).
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    words: &'a [u32],
    encoding: Encoding,
    elements: usize,
    row_words: usize,
    select: Option<&'a [u32]>,
}

impl<'a> Rows<'a> {
    /// Float rows `[rows, elements]`.
    pub fn floats(values: &'a [f32], elements: usize) -> Self {
        Self::packed(bytemuck::cast_slice(values), Encoding::F32, elements)
    }

    /// Rows of `elements` values each in their encoding, every row in whole words.
    ///
    /// # Panics
    /// If the words are not whole rows.
    pub fn packed(words: &'a [u32], encoding: Encoding, elements: usize) -> Self {
        let row_words = row_words(encoding, elements);
        assert!(row_words > 0 && words.len().is_multiple_of(row_words), "whole rows of {row_words} words");
        Self { words, encoding, elements, row_words, select: None }
    }

    /// These rows only, in this order (a minibatch).
    pub fn select(self, rows: &'a [u32]) -> Self {
        Self { select: Some(rows), ..self }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.select.map_or(self.words.len() / self.row_words, <[u32]>::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values per row.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// How a row lies in memory.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The words of the row at a position.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn row(&self, position: usize) -> &'a [u32] {
        let row = self.select.map_or(position, |rows| rows[position] as usize);
        &self.words[row * self.row_words..(row + 1) * self.row_words]
    }

    /// Writes the row at a position as floats.
    ///
    /// # Panics
    /// If there is no such row or `out` has another length than [`Self::elements`].
    #[inline]
    pub fn unpack(&self, position: usize, out: &mut [f32]) {
        let row = self.row(position);
        assert_eq!(out.len(), self.elements);
        match self.encoding {
            Encoding::F32 => out.copy_from_slice(bytemuck::cast_slice(row)),
            Encoding::U8 => {
                for (out, byte) in out.iter_mut().zip(bytemuck::cast_slice::<u32, u8>(row)) {
                    *out = f32::from(*byte);
                }
            }
            Encoding::Count => out.iter_mut().zip(row).for_each(|(out, &number)| *out = number as f32),
            Encoding::Bit => {
                for (out, word) in out.chunks_mut(32).zip(row) {
                    for (bit, out) in out.iter_mut().enumerate() {
                        *out = (word >> bit & 1) as f32;
                    }
                }
            }
        }
    }
}

/// Words of a row of `elements` values.
pub fn row_words(encoding: Encoding, elements: usize) -> usize {
    match encoding {
        Encoding::F32 | Encoding::Count => elements,
        Encoding::U8 => elements.div_ceil(4),
        Encoding::Bit => elements.div_ceil(32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_unpack_in_every_encoding() {
        let mut out = [0.0; 33];
        Rows::packed(&[0x8000_0001, 1], Encoding::Bit, 33).unpack(0, &mut out);
        let ones: Vec<usize> = (0..33).filter(|&i| out[i] == 1.0).collect();
        assert_eq!(ones, [0, 31, 32]);
        let mut out = [0.0; 5];
        let bytes = Rows::packed(&[0x0403_0201, 0xff, 0x0, 0x9], Encoding::U8, 5);
        assert_eq!(bytes.len(), 2);
        bytes.unpack(0, &mut out);
        assert_eq!(out, [1.0, 2.0, 3.0, 4.0, 255.0]);
        let mut out = [0.0; 2];
        let floats = Rows::floats(&[1.0, 2.0, 3.0, 4.0], 2);
        let picked = floats.select(&[1, 0, 1]);
        assert_eq!(picked.len(), 3);
        picked.unpack(0, &mut out);
        assert_eq!(out, [3.0, 4.0]);
    }
}
