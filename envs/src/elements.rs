//! Plain arrays that cross the border: elements of spaces and actions of batches.

use std::borrow::Cow;
use std::fmt;

/// Type of the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// 32-bit unsigned integer.
    U32,
    /// Byte.
    U8,
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::U32 => "u32",
            Self::U8 => "u8",
        })
    }
}

/// The elements of a sample of a [`Space`](crate::Space), row-major, borrowed or owned.
#[derive(Debug, Clone, PartialEq)]
pub enum Elements<'a> {
    /// Of a continuous action or a float observation.
    F32(Cow<'a, [f32]>),
    /// Of a discrete action.
    U32(Cow<'a, [u32]>),
    /// Of an unpacked byte or bit observation.
    U8(Cow<'a, [u8]>),
}

impl Elements<'_> {
    /// Element type.
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::U32(_) => DType::U32,
            Self::U8(_) => DType::U8,
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::U8(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as actions of a batch; None for bytes, which no environment takes.
    pub fn as_actions(&self) -> Option<Actions<'_>> {
        match self {
            Self::F32(v) => Some(Actions::Continuous(v)),
            Self::U32(v) => Some(Actions::Discrete(v)),
            Self::U8(_) => None,
        }
    }
}

/// Actions of a batch, row-major `[n, (agents,) ...]`; for rollouts `[k, n, (agents,) ...]`.
/// `...` is nothing for discrete spaces and the length of the array for the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Actions<'a> {
    /// Discrete and multi-discrete, 0 to count-1. Taken as it is: the fastest integer form.
    Discrete(&'a [u32]),
    /// The same as `i32`, taken as it is.
    I32(&'a [i32]),
    /// The same as `i64`, as NumPy and most learners have it; converted into a buffer that the batch keeps.
    I64(&'a [i64]),
    /// Continuous, in the units of the action space; finite. Values outside the bounds are passed on: each
    /// environment says what it makes of them (most clip).
    Continuous(&'a [f32]),
}

impl Actions<'_> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Discrete(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::Continuous(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name of the element type.
    pub fn dtype(&self) -> &'static str {
        match self {
            Self::Discrete(_) => "u32",
            Self::I32(_) => "i32",
            Self::I64(_) => "i64",
            Self::Continuous(_) => "f32",
        }
    }
}

macro_rules! from_arrays {
    ($($target:ident :: $variant:ident ($element:ty)),*) => {$(
        impl<'a> From<&'a [$element]> for $target<'a> {
            fn from(values: &'a [$element]) -> Self {
                Self::$variant(values.into())
            }
        }
        impl<'a> From<&'a Vec<$element>> for $target<'a> {
            fn from(values: &'a Vec<$element>) -> Self {
                Self::$variant(values.as_slice().into())
            }
        }
        impl<'a, const N: usize> From<&'a [$element; N]> for $target<'a> {
            fn from(values: &'a [$element; N]) -> Self {
                Self::$variant(values.as_slice().into())
            }
        }
    )*};
}

from_arrays!(
    Actions::Discrete(u32),
    Actions::I32(i32),
    Actions::I64(i64),
    Actions::Continuous(f32),
    Elements::F32(f32),
    Elements::U32(u32),
    Elements::U8(u8)
);

macro_rules! from_vectors {
    ($($variant:ident ($element:ty)),*) => {$(
        impl From<Vec<$element>> for Elements<'_> {
            fn from(values: Vec<$element>) -> Self {
                Self::$variant(values.into())
            }
        }
    )*};
}

from_vectors!(F32(f32), U32(u32), U8(u8));
