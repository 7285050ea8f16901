//! Floats where vectors find them quickly.

use std::ops::{Deref, DerefMut};

use bytemuck::{Pod, Zeroable};

use super::kernels::LINE;

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Floats in whole cache lines: a vector that crosses two lines costs two loads.
#[derive(Debug, Clone, Default)]
pub struct Lines(Vec<Line>);

impl Lines {
    pub fn zeros(len: usize) -> Self {
        Self(vec![Line::zeroed(); len.div_ceil(LINE)])
    }

    /// Makes room for so many floats.
    pub fn grow(&mut self, len: usize) {
        if self.0.len() * LINE < len {
            self.0.resize(len.div_ceil(LINE), Line::zeroed());
        }
    }
}

impl Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}
