//! Spaces: which actions an environment takes and which observations it gives.

use std::fmt;

use shadergym_compiler::{ActionSpace, Encoding, Facts};

use crate::elements::{DType, Elements};

/// A set of arrays of one shape and one element type. All arrays are row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Space {
    /// One integer, 0 to n-1; `u32`, shape `[]`.
    Discrete {
        /// Number of values.
        n: u32,
    },
    /// Integers with a count each; `u32`.
    MultiDiscrete {
        /// Number of values of each element.
        nvec: Vec<u32>,
        /// Shape of the array.
        shape: Vec<usize>,
    },
    /// Zeros and ones; `u8`, one byte per element.
    MultiBinary {
        /// Shape of the array.
        shape: Vec<usize>,
    },
    /// Numbers between bounds, both included; `f32` or `u8`.
    Box {
        /// Lowest value of each element, may be -infinity.
        low: Vec<f32>,
        /// Highest value of each element, may be infinity.
        high: Vec<f32>,
        /// Shape of the array.
        shape: Vec<usize>,
        /// Element type.
        dtype: DType,
    },
}

impl Space {
    /// The action space of one agent of one instance. Which of its elements are legal at a time is no part of the space,
    /// see [`StepView::action_masks`](crate::StepView::action_masks).
    pub fn of_action(facts: &Facts) -> Self {
        match &facts.action {
            ActionSpace::Discrete { n } => Self::Discrete { n: *n },
            ActionSpace::MultiDiscrete { nvec } => Self::MultiDiscrete { nvec: nvec.clone(), shape: vec![nvec.len()] },
            ActionSpace::Box { low, high } => Self::Box {
                low: low.iter().copied().map(unbounded).collect(),
                high: high.iter().copied().map(unbounded).collect(),
                shape: vec![low.len()],
                dtype: DType::F32,
            },
        }
    }

    /// The observation space of one agent of one instance; packed observations as they are once unpacked.
    pub fn of_observation(facts: &Facts) -> Self {
        let space = &facts.observation;
        let shape = space.shape.clone();
        match space.encoding {
            Encoding::Bit => Self::MultiBinary { shape },
            Encoding::U8 | Encoding::F32 => Self::Box {
                low: space.low.iter().copied().map(unbounded).collect(),
                high: space.high.iter().copied().map(unbounded).collect(),
                shape,
                dtype: if space.encoding == Encoding::U8 { DType::U8 } else { DType::F32 },
            },
        }
    }

    /// The space of a whole batch: shape `[n, ...]`, or `[n, agents, ...]` where there are several agents.
    pub fn batched(&self, num_envs: usize, agents: usize) -> Self {
        let mut shape = if agents > 1 { vec![num_envs, agents] } else { vec![num_envs] };
        shape.extend(self.shape());
        let rows = num_envs * agents;
        match self {
            Self::Discrete { n } => Self::MultiDiscrete { nvec: vec![*n; rows], shape },
            Self::MultiDiscrete { nvec, .. } => Self::MultiDiscrete { nvec: nvec.repeat(rows), shape },
            Self::MultiBinary { .. } => Self::MultiBinary { shape },
            Self::Box { low, high, dtype, .. } => {
                Self::Box { low: low.repeat(rows), high: high.repeat(rows), shape, dtype: *dtype }
            }
        }
    }

    /// The same set with `f32` elements: what wrappers see of packed observations.
    pub fn as_floats(&self) -> Self {
        let bounds = (0..self.elements()).map(|i| self.bounds(i));
        let (low, high) = bounds.unzip();
        Self::Box { low, high, shape: self.shape().to_vec(), dtype: DType::F32 }
    }

    /// Shape of one sample; empty for a single integer.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Discrete { .. } => &[],
            Self::MultiDiscrete { shape, .. } | Self::MultiBinary { shape } | Self::Box { shape, .. } => shape,
        }
    }

    /// Number of elements of one sample.
    pub fn elements(&self) -> usize {
        self.shape().iter().product()
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        match self {
            Self::Discrete { .. } | Self::MultiDiscrete { .. } => DType::U32,
            Self::MultiBinary { .. } => DType::U8,
            Self::Box { dtype, .. } => *dtype,
        }
    }

    /// Lowest and highest value of element `index`.
    pub fn bounds(&self, index: usize) -> (f32, f32) {
        match self {
            Self::Discrete { n } => (0.0, (*n - 1) as f32),
            Self::MultiDiscrete { nvec, .. } => (0.0, (nvec[index] - 1) as f32),
            Self::MultiBinary { .. } => (0.0, 1.0),
            Self::Box { low, high, .. } => (low[index], high[index]),
        }
    }

    /// Whether `values` is one sample: right type, right number of elements, every element within its bounds.
    /// NaN is in no space.
    pub fn contains<'a>(&self, values: impl Into<Elements<'a>>) -> bool {
        let values = values.into();
        if values.dtype() != self.dtype() || values.len() != self.elements() {
            return false;
        }
        match (self, &values) {
            (Self::Discrete { n }, Elements::U32(v)) => v[0] < *n,
            (Self::MultiDiscrete { nvec, .. }, Elements::U32(v)) => v.iter().zip(nvec).all(|(v, n)| v < n),
            (Self::MultiBinary { .. }, Elements::U8(v)) => v.iter().all(|&v| v <= 1),
            (Self::Box { low, high, .. }, Elements::F32(v)) => within(v.iter().copied(), low, high),
            (Self::Box { low, high, .. }, Elements::U8(v)) => within(v.iter().map(|&v| f32::from(v)), low, high),
            _ => false,
        }
    }

    /// A random sample: uniform where bounded, normal where unbounded, exponential from the one bound there is.
    pub fn sample(&self, rng: &mut SampleRng) -> Elements<'static> {
        match self {
            Self::Discrete { n } => vec![rng.below(*n)].into(),
            Self::MultiDiscrete { nvec, .. } => nvec.iter().map(|&n| rng.below(n)).collect::<Vec<u32>>().into(),
            Self::MultiBinary { .. } => (0..self.elements()).map(|_| rng.below(2) as u8).collect::<Vec<u8>>().into(),
            Self::Box { low, high, dtype: DType::U8, .. } => low
                .iter()
                .zip(high)
                .map(|(&l, &h)| (l as u32 + rng.below((h - l) as u32 + 1)) as u8)
                .collect::<Vec<u8>>()
                .into(),
            Self::Box { low, high, .. } => {
                low.iter().zip(high).map(|(&l, &h)| rng.between(l, h)).collect::<Vec<f32>>().into()
            }
        }
    }
}

/// WGSL has no infinity: the largest finite number stands for it.
fn unbounded(bound: f32) -> f32 {
    if bound.abs() == f32::MAX { bound.signum() * f32::INFINITY } else { bound }
}

fn within(values: impl Iterator<Item = f32>, low: &[f32], high: &[f32]) -> bool {
    values.zip(low.iter().zip(high)).all(|(v, (&l, &h))| l <= v && v <= h)
}

impl fmt::Display for Space {
    /// Short, for tables: `Discrete(2)`, `Box([4], f32)`, `Box(-2..2, [1], f32)`, `MultiBinary([10, 10, 4])`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discrete { n } => write!(f, "Discrete({n})"),
            Self::MultiDiscrete { nvec, shape } if shape.len() == 1 && nvec.len() <= 8 => {
                write!(f, "MultiDiscrete({nvec:?})")
            }
            Self::MultiDiscrete { shape, .. } => write!(f, "MultiDiscrete({shape:?})"),
            Self::MultiBinary { shape } => write!(f, "MultiBinary({shape:?})"),
            Self::Box { low, high, shape, dtype } => {
                let same = |v: &[f32]| v.iter().all(|x| x == &v[0]);
                if same(low) && same(high) {
                    write!(f, "Box({}..{}, {shape:?}, {dtype})", low[0], high[0])
                } else {
                    write!(f, "Box({shape:?}, {dtype})")
                }
            }
        }
    }
}

/// A small generator for samples of spaces (SplitMix64); environments have their own.
#[derive(Debug, Clone)]
pub struct SampleRng(u64);

impl SampleRng {
    /// A generator with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in [0, n); n at least 1. The bias is below 2^-32 n.
    pub fn below(&mut self, n: u32) -> u32 {
        (((self.next_u64() >> 32) * u64::from(n)) >> 32) as u32
    }

    /// A number in (0, 1).
    fn unit(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        let (l, h) = (f64::from(low), f64::from(high));
        let value = match (l.is_finite(), h.is_finite()) {
            (true, true) => l + (h - l) * self.unit(),
            (true, false) => l - self.unit().ln(),
            (false, true) => h + self.unit().ln(),
            (false, false) => (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos(),
        };
        (value as f32).clamp(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Space> {
        vec![
            Space::Discrete { n: 3 },
            Space::MultiDiscrete { nvec: vec![2, 5], shape: vec![2] },
            Space::MultiBinary { shape: vec![2, 3] },
            Space::Box {
                low: vec![-1.0, f32::NEG_INFINITY, f32::NEG_INFINITY, 2.0],
                high: vec![1.0, f32::INFINITY, 3.0, f32::INFINITY],
                shape: vec![4],
                dtype: DType::F32,
            },
            Space::Box { low: vec![0.0; 2], high: vec![8.0, 255.0], shape: vec![2], dtype: DType::U8 },
        ]
    }

    #[test]
    fn samples_are_inside_alone_and_batched() {
        let mut rng = SampleRng::new(1);
        for space in all() {
            for _ in 0..1000 {
                assert!(space.contains(space.sample(&mut rng)), "{space}");
            }
            for agents in [1, 3] {
                let batch = space.batched(7, agents);
                assert_eq!(batch.shape().len(), space.shape().len() + if agents > 1 { 2 } else { 1 });
                assert_eq!(batch.elements(), 7 * agents * space.elements());
                assert!(batch.contains(batch.sample(&mut rng)));
            }
        }
    }

    #[test]
    fn what_is_outside_is_refused() {
        let spaces = all();
        assert!(!spaces[0].contains(vec![3u32]));
        assert!(!spaces[0].contains(vec![1u32, 1]));
        assert!(!spaces[0].contains(vec![1.0f32]));
        assert!(!spaces[1].contains(vec![1u32, 5]));
        assert!(!spaces[2].contains(vec![0u8, 1, 2, 0, 0, 0]));
        assert!(!spaces[3].contains(vec![0.0f32, f32::NAN, 0.0, 3.0]));
        assert!(!spaces[3].contains(vec![1.5f32, 0.0, 0.0, 3.0]));
        assert!(!spaces[4].contains(vec![9u8, 0]));
    }

    #[test]
    fn names_are_short() {
        let names: Vec<String> = all().iter().map(Space::to_string).collect();
        assert_eq!(
            names,
            ["Discrete(3)", "MultiDiscrete([2, 5])", "MultiBinary([2, 3])", "Box([4], f32)", "Box([2], u8)"]
        );
        let pendulum = Space::Box { low: vec![-2.0], high: vec![2.0], shape: vec![1], dtype: DType::F32 };
        assert_eq!(pendulum.to_string(), "Box(-2..2, [1], f32)");
    }
}
