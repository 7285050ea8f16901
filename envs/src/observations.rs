//! Observations as they lie in memory, and their unpacking into bytes and floats.

mod part;

use std::borrow::Cow;

use shadergym_compiler::{Encoding, ObservationSpace};

use crate::error::{Error, Result};
pub use part::PartRows;

/// Observations `[rows, words]`, one row per agent of an instance (and per step of a recording). Float observations are
/// floats in memory; packed ones hold 4 bytes or 32 bits in a word, which learners on bits can use as they are; those of
/// several parts hold one part after the other.
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

    /// Rows of these words; None if they are not whole rows.
    pub fn of_rows(words: &'a [u32], space: &'a ObservationSpace) -> Option<Self> {
        words.len().is_multiple_of(space.words).then_some(Self { words, space })
    }

    /// The rows as learners take them, `[rows, flat words]`: the words as they are, or, where there are several parts or
    /// whole numbers, the flattened elements as floats.
    pub fn flattened(&self) -> Cow<'a, [u32]> {
        if self.space.is_flat() {
            return Cow::Borrowed(self.words);
        }
        let mut flat = vec![0; self.elements()];
        self.flatten(bytemuck::cast_slice_mut(&mut flat));
        Cow::Owned(flat)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.words.len() / self.space.words
    }

    /// Number of elements of all rows, once flattened.
    pub fn elements(&self) -> usize {
        self.rows() * self.space.flat_elements()
    }

    /// What the rows are.
    pub fn space(&self) -> &'a ObservationSpace {
        self.space
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

    /// The rows of each part; of one part where the observation is one thing.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = PartRows<'a>> + 'a {
        let Self { words, space } = *self;
        space.parts.iter().map(move |part| PartRows::new(words, space.words, part))
    }

    /// The rows of a part by its name; None if there is no such part.
    pub fn part(&self, name: &str) -> Option<PartRows<'a>> {
        self.parts().find(|rows| rows.part().name == name)
    }

    /// The elements `[rows, ...]` without a copy; None if observations are not floats or have several parts.
    pub fn as_f32(&self) -> Option<&'a [f32]> {
        let floats = self.space.single().is_some_and(|part| part.encoding == Encoding::F32);
        floats.then(|| bytemuck::cast_slice(self.words))
    }

    /// Unpacks byte or bit observations of one part into one byte per element, `[rows, ...]`.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] if `out` has not one byte per element, [`Error::InvalidOption`] for other observations.
    pub fn unpack_u8(&self, out: &mut [u8]) -> Result<()> {
        match self.space.single() {
            Some(_) => self.parts().try_for_each(|rows| rows.unpack_u8(out)),
            None => Err(Error::InvalidOption {
                option: "observation type",
                value: "u8".to_owned(),
                allowed: "f32, these observations have several parts".to_owned(),
            }),
        }
    }

    /// Writes the flattened elements as floats `[rows, flat elements]`, whatever the encoding: part after part, a whole
    /// number with n values as n zeros and ones.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] if `out` has not one number per element.
    pub fn unpack_f32(&self, out: &mut [f32]) -> Result<()> {
        let flat = self.space.flat_elements();
        if out.len() != self.elements() {
            return Err(Error::InvalidShape {
                what: "f32 output",
                got: out.len(),
                expected: self.elements(),
                shape: format!("rows {} x flattened observation {flat}", self.rows()),
            });
        }
        self.flatten(out);
        Ok(())
    }

    fn flatten(&self, out: &mut [f32]) {
        let mut first = 0;
        for rows in self.parts() {
            rows.flatten(out, first, self.space.flat_elements());
            first += rows.part().flat_elements();
        }
    }
}

#[cfg(test)]
mod tests;
