//! What a checkpoint holds: named arrays.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// The elements of a named array.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Weights, optimiser moments.
    F32(Vec<f32>),
    /// Running moments.
    F64(Vec<f64>),
    /// Observations, actions.
    U32(Vec<u32>),
    /// Counters, generators.
    U64(Vec<u64>),
    /// Snapshots.
    U8(Vec<u8>),
}

/// Named arrays: everything that an agent needs to go on bit by bit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    arrays: BTreeMap<String, (Vec<usize>, Values)>,
}

macro_rules! access {
    ($put:ident, $get:ident, $variant:ident, $type:ty) => {
        #[doc = concat!("Keeps a flat array of `", stringify!($type), "`.")]
        pub fn $put(&mut self, name: impl Into<String>, values: &[$type]) {
            self.put(name, &[values.len()], Values::$variant(values.to_vec()));
        }

        #[doc = concat!("An array of `", stringify!($type), "`.")]
        ///
        /// # Errors
        /// [`Error::Checkpoint`] if there is none of this name and type.
        pub fn $get(&self, name: &str) -> Result<&[$type]> {
            match self.arrays.get(name) {
                Some((_, Values::$variant(values))) => Ok(values),
                _ => Err(missing(name, stringify!($type))),
            }
        }
    };
}

impl State {
    access!(put_f32, f32, F32, f32);
    access!(put_f64, f64, F64, f64);
    access!(put_u32, u32, U32, u32);
    access!(put_u64, u64, U64, u64);
    access!(put_bytes, bytes, U8, u8);

    /// Keeps an array of any shape.
    ///
    /// # Panics
    /// If the shape has another number of elements.
    pub fn put(&mut self, name: impl Into<String>, shape: &[usize], values: Values) {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "shape and values");
        self.arrays.insert(name.into(), (shape.to_vec(), values));
    }

    /// Keeps everything of another state, its names behind `prefix`.
    pub fn put_all(&mut self, prefix: &str, other: Self) {
        self.arrays.extend(other.arrays.into_iter().map(|(name, array)| (format!("{prefix}{name}"), array)));
    }

    /// What was kept behind `prefix`, without it.
    pub fn behind(&self, prefix: &str) -> Self {
        let of = |(name, array): (&String, &_)| Some((name.strip_prefix(prefix)?.to_owned(), Clone::clone(array)));
        Self { arrays: self.arrays.iter().filter_map(of).collect() }
    }

    /// All arrays with their shapes, sorted by name.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &[usize], &Values)> {
        self.arrays.iter().map(|(name, (shape, values))| (name.as_str(), shape.as_slice(), values))
    }

    /// Copies a `f32` array of exactly this length into `out`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there is none or it has another length.
    pub fn read_f32(&self, name: &str, out: &mut [f32]) -> Result<()> {
        let values = self.f32(name)?;
        if values.len() != out.len() {
            let reason = format!("`{name}` has {} elements, expected {}", values.len(), out.len());
            return Err(Error::Checkpoint { path: "the state".to_owned(), reason });
        }
        out.copy_from_slice(values);
        Ok(())
    }

    /// Exactly N counters.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there are none or another number of them.
    pub fn counters<const N: usize>(&self, name: &str) -> Result<[u64; N]> {
        self.u64(name)?.try_into().map_err(|_| missing(name, "that many u64"))
    }

    /// One counter.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there is none.
    pub fn counter(&self, name: &str) -> Result<u64> {
        self.u64(name)?.first().copied().ok_or_else(|| missing(name, "u64"))
    }
}

impl Values {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::U64(v) => v.len(),
            Self::U8(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn missing(name: &str, kind: &str) -> Error {
    Error::Checkpoint { path: "the state".to_owned(), reason: format!("it has no array `{name}` of {kind}") }
}
