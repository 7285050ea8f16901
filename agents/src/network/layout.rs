//! What lies where in the flat array of a network's parameters.

/// One weight matrix, bias or other parameter array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Path: `policy.0.weight`, `value.2.bias`, `log_std`.
    pub name: String,
    /// Row-major shape; a weight is `[inputs, outputs]`.
    pub shape: Vec<usize>,
    /// First element in the flat array.
    pub offset: usize,
}

impl Part {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its place in the flat array.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.len()
    }
}

/// The parts of a network's parameters in the order in which they lie, without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    parts: Vec<Part>,
    len: usize,
}

impl Layout {
    /// Appends a part and returns its place.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize]) -> std::ops::Range<usize> {
        let part = Part { name: name.into(), shape: shape.to_vec(), offset: self.len };
        let range = part.range();
        self.len = range.end;
        self.parts.push(part);
        range
    }

    /// The parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}
