//! Words in memory that vectors of any width can be loaded from.

/// Words of the widest vector, and of a cache line.
pub const LINE: usize = 16;

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u32; LINE]);

/// Words, zeros at first, aligned to the widest vector.
#[derive(Debug)]
pub struct AlignedWords {
    lines: Vec<Line>,
    len: usize,
}

impl AlignedWords {
    /// So many words.
    pub fn new(len: usize) -> Self {
        Self { lines: vec![Line([0; LINE]); len.div_ceil(LINE)], len }
    }

    /// The first word.
    pub fn as_ptr(&self) -> *const u32 {
        self.lines.as_ptr().cast()
    }

    /// The first word, to be written.
    pub fn as_mut_ptr(&mut self) -> *mut u32 {
        self.lines.as_mut_ptr().cast()
    }

    /// All of them.
    pub fn as_slice(&self) -> &[u32] {
        // SAFETY: a Line is LINE words without padding, and there are at least `len` words.
        unsafe { std::slice::from_raw_parts(self.as_ptr(), self.len) }
    }

    /// All of them, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [u32] {
        // SAFETY: as in `as_slice`.
        unsafe { std::slice::from_raw_parts_mut(self.as_mut_ptr(), self.len) }
    }
}
