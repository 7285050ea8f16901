//! Spaces: which actions an environment takes and which observations it gives.

use std::fmt;

use shadergym_compiler::{ActionSpace, Encoding, Facts, ObservationPart, ObservationSpace};

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
    /// Several arrays with a name each, in this order. As one array it is their flattened form: `f32`, part after part, an
    /// integer with n values as n zeros and ones.
    Dict {
        /// Names and spaces.
        parts: Vec<(String, Space)>,
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
        Self::observed(&facts.observation)
    }

    /// The space of the global state of one instance, if the environment has one.
    pub fn of_global_state(facts: &Facts) -> Option<Self> {
        facts.global_state.as_ref().map(Self::observed)
    }

    fn observed(space: &ObservationSpace) -> Self {
        match space.single() {
            Some(part) => Self::of_part(part),
            None => Self::Dict { parts: space.parts.iter().map(|p| (p.name.clone(), Self::of_part(p))).collect() },
        }
    }

    fn of_part(part: &ObservationPart) -> Self {
        let shape = part.shape.clone();
        match part.encoding {
            Encoding::Bit => Self::MultiBinary { shape },
            Encoding::Count if shape.is_empty() => Self::Discrete { n: part.counts[0] },
            Encoding::Count => Self::MultiDiscrete { nvec: part.counts.clone(), shape },
            Encoding::U8 | Encoding::F32 => Self::Box {
                low: part.low.iter().copied().map(unbounded).collect(),
                high: part.high.iter().copied().map(unbounded).collect(),
                shape,
                dtype: if part.encoding == Encoding::U8 { DType::U8 } else { DType::F32 },
            },
        }
    }

    /// The space of a whole batch: shape `[n, ...]`, or `[n, agents, ...]` where there are several agents.
    pub fn batched(&self, num_envs: usize, agents: usize) -> Self {
        if let Self::Dict { parts } = self {
            let batched = |(name, space): &(String, Self)| (name.clone(), space.batched(num_envs, agents));
            return Self::Dict { parts: parts.iter().map(batched).collect() };
        }
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
            Self::Dict { .. } => unreachable!("returned above"),
        }
    }

    /// The flattened form, with `f32` elements: what wrappers and learners see. An integer with n values is n zeros and ones.
    pub fn as_floats(&self) -> Self {
        let (low, high): (Vec<f32>, Vec<f32>) = (0..self.flat_elements()).map(|i| self.flat_bounds(i)).unzip();
        let shape = match self {
            Self::MultiBinary { shape } | Self::Box { shape, .. } => shape.clone(),
            _ => vec![low.len()],
        };
        Self::Box { low, high, shape, dtype: DType::F32 }
    }

    /// Number of elements of the flattened form.
    fn flat_elements(&self) -> usize {
        match self {
            Self::Discrete { n } => *n as usize,
            Self::MultiDiscrete { nvec, .. } => nvec.iter().map(|&n| n as usize).sum(),
            Self::MultiBinary { .. } | Self::Box { .. } => self.elements(),
            Self::Dict { parts } => parts.iter().map(|(_, space)| space.flat_elements()).sum(),
        }
    }

    fn flat_bounds(&self, index: usize) -> (f32, f32) {
        match self {
            Self::Box { low, high, .. } => (low[index], high[index]),
            Self::Dict { parts } => {
                let mut index = index;
                for (_, space) in parts {
                    match index.checked_sub(space.flat_elements()) {
                        Some(rest) => index = rest,
                        None => return space.flat_bounds(index),
                    }
                }
                (0.0, 0.0)
            }
            _ => (0.0, 1.0),
        }
    }

    /// The spaces with their names, if there are several.
    pub fn parts(&self) -> &[(String, Self)] {
        if let Self::Dict { parts } = self { parts } else { &[] }
    }

    /// Shape of one sample; empty for a single integer and for several arrays.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Discrete { .. } | Self::Dict { .. } => &[],
            Self::MultiDiscrete { shape, .. } | Self::MultiBinary { shape } | Self::Box { shape, .. } => shape,
        }
    }

    /// Number of elements of one sample; of several arrays in their flattened form.
    pub fn elements(&self) -> usize {
        match self {
            Self::Dict { .. } => self.flat_elements(),
            _ => self.shape().iter().product(),
        }
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        match self {
            Self::Discrete { .. } | Self::MultiDiscrete { .. } => DType::U32,
            Self::MultiBinary { .. } => DType::U8,
            Self::Box { dtype, .. } => *dtype,
            Self::Dict { .. } => DType::F32,
        }
    }

    /// Lowest and highest value of element `index`.
    pub fn bounds(&self, index: usize) -> (f32, f32) {
        match self {
            Self::Discrete { n } => (0.0, (*n - 1) as f32),
            Self::MultiDiscrete { nvec, .. } => (0.0, (nvec[index] - 1) as f32),
            Self::MultiBinary { .. } => (0.0, 1.0),
            Self::Box { low, high, .. } => (low[index], high[index]),
            Self::Dict { .. } => self.flat_bounds(index),
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
            (Self::Dict { .. }, Elements::F32(v)) => self.holds_flat(v),
            _ => false,
        }
    }

    /// Whether these numbers are the flattened form of a sample.
    fn holds_flat(&self, values: &[f32]) -> bool {
        let one_of = |values: &[f32]| {
            values.iter().all(|v| *v == 0.0 || *v == 1.0) && values.iter().filter(|v| **v == 1.0).count() == 1
        };
        let mut rest = values;
        let mut take = |n: usize| {
            let (head, tail) = rest.split_at(n);
            rest = tail;
            head
        };
        match self {
            Self::Discrete { n } => one_of(take(*n as usize)),
            Self::MultiDiscrete { nvec, .. } => nvec.iter().all(|&n| one_of(take(n as usize))),
            Self::MultiBinary { .. } => values.iter().all(|v| *v == 0.0 || *v == 1.0),
            Self::Box { low, high, .. } => within(values.iter().copied(), low, high),
            Self::Dict { parts } => parts.iter().all(|(_, space)| space.holds_flat(take(space.flat_elements()))),
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
    /// Short, for tables: `Discrete(2)`, `Box([4], f32)`, `Box(-2..2, [1], f32)`, `MultiBinary([10, 10, 4])`, `Dict(a: Discrete(2), ...)`.
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
            Self::Dict { parts } => {
                let named: Vec<String> = parts.iter().map(|(name, space)| format!("{name}: {space}")).collect();
                write!(f, "Dict({})", named.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SampleRng;

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
            several(),
        ]
    }

    fn several() -> Space {
        let image = Space::Box { low: vec![0.0; 4], high: vec![9.0; 4], shape: vec![2, 2], dtype: DType::U8 };
        let die = Space::MultiDiscrete { nvec: vec![2, 3], shape: vec![2] };
        let parts = [("image", image), ("heading", Space::Discrete { n: 4 }), ("die", die)];
        Space::Dict { parts: parts.map(|(name, space)| (name.to_owned(), space)).into() }
    }

    #[test]
    fn several_parts_are_one_flat_array() {
        let space = several();
        assert_eq!((space.elements(), space.as_floats().elements(), space.dtype()), (13, 13, DType::F32));
        assert_eq!(
            (space.bounds(3), space.bounds(4), space.as_floats().bounds(12)),
            ((0.0, 9.0), (0.0, 1.0), (0.0, 1.0))
        );
        let good = [1.0, 9.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
        assert!(space.contains(&good[..]));
        for (index, value) in [(1, 10.0), (5, 1.0), (6, 0.0), (6, 0.5), (12, 1.0)] {
            let mut bad = good;
            bad[index] = value;
            assert!(!space.contains(&bad[..]), "{index} {value}");
        }
        assert_eq!(
            space.to_string(),
            "Dict(image: Box(0..9, [2, 2], u8), heading: Discrete(4), die: MultiDiscrete([2, 3]))"
        );
        assert_eq!(Space::Discrete { n: 3 }.as_floats().shape(), [3]);
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
                if space.parts().is_empty() {
                    assert_eq!(batch.shape().len(), space.shape().len() + if agents > 1 { 2 } else { 1 });
                }
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
        let names: Vec<String> = all()[..5].iter().map(Space::to_string).collect();
        assert_eq!(
            names,
            ["Discrete(3)", "MultiDiscrete([2, 5])", "MultiBinary([2, 3])", "Box([4], f32)", "Box([2], u8)"]
        );
        let pendulum = Space::Box { low: vec![-2.0], high: vec![2.0], shape: vec![1], dtype: DType::F32 };
        assert_eq!(pendulum.to_string(), "Box(-2..2, [1], f32)");
    }
}
