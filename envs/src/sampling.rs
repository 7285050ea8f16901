//! Random samples of spaces.

use crate::elements::{DType, Elements};
use crate::space::Space;

impl Space {
    /// The flattened form of a sample of this space.
    fn flattened(&self, sample: &Elements<'_>) -> Vec<f32> {
        let spread = |values: &[u32], nvec: &[u32]| {
            let ones = values.iter().zip(nvec).flat_map(|(&v, &n)| (0..n).map(move |i| f32::from(u8::from(i == v))));
            ones.collect()
        };
        match (self, sample) {
            (Self::Discrete { n }, Elements::U32(v)) => spread(v, &[*n]),
            (Self::MultiDiscrete { nvec, .. }, Elements::U32(v)) => spread(v, nvec),
            (_, Elements::U32(v)) => v.iter().map(|&v| v as f32).collect(),
            (_, Elements::U8(v)) => v.iter().map(|&v| f32::from(v)).collect(),
            (_, Elements::F32(v)) => v.to_vec(),
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
            Self::Dict { parts } => {
                let flat = parts.iter().flat_map(|(_, space)| space.flattened(&space.sample(rng)));
                flat.collect::<Vec<f32>>().into()
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
