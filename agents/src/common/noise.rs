//! Random numbers by counter: a draw is a function of a key and where it is used, so it does not depend on threads, on
//! the order of calls, or on how often a run was interrupted.

/// SplitMix64's finaliser: neighbouring inputs give unrelated outputs.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of random numbers that belongs to one purpose, and whose place is one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    key: u64,
    counter: u64,
}

impl Noise {
    /// The stream of a purpose of a run.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let name =
            purpose.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        Self { key: mix(mix(seed.wrapping_add(GOLDEN)) ^ name), counter: 0 }
    }

    /// The stream at place (a, b), say of step a and instance b: its first draws are those of no other place.
    #[inline]
    pub fn at(&self, a: u64, b: u64) -> Self {
        Self { key: mix(mix(self.key ^ a.wrapping_mul(GOLDEN)).wrapping_add(b.wrapping_mul(GOLDEN))), counter: 0 }
    }

    /// What the stream's numbers are made from, for kernels that draw the same ones.
    #[cfg(feature = "gpu")]
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// How many numbers were drawn.
    pub fn counter(&self) -> u64 {
        self.counter
    }

    /// Goes on after so many draws.
    pub fn set_counter(&mut self, counter: u64) {
        self.counter = counter;
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        mix(self.key.wrapping_add(self.counter.wrapping_mul(GOLDEN)))
    }

    /// Uniform in (0, 1), never an end, so that its logarithm is finite.
    #[inline]
    pub fn uniform(&mut self) -> f32 {
        ((self.bits() >> 41) as f32 + 0.5) * (1.0 / 8_388_608.0)
    }

    /// Uniform in (0, 1) with 53 bits, for what is finer than [`Self::uniform`].
    #[inline]
    pub fn uniform_f64(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform whole number below `n`, by multiplication: biased by n / 2^32 at most.
    #[inline]
    pub fn below(&mut self, n: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(n)) >> 32) as u32
    }

    /// Standard normal (Box-Muller, the cosine half).
    #[inline]
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f32::consts::TAU * self.uniform()).cos()
    }

    /// Shuffles (Fisher-Yates).
    pub fn shuffle(&mut self, values: &mut [u32]) {
        for i in (1..values.len()).rev() {
            values.swap(i, self.below(i as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_independence() {
        let noise = Noise::new(7, "test");
        let n = 200_000;
        let (mut sum, mut squares, mut cross) = (0.0f64, 0.0f64, 0.0f64);
        let mut last = 0.0;
        for i in 0..n {
            // Streams of neighbouring places, one draw each: what rollouts do.
            let x = f64::from(noise.at(3, i).normal());
            sum += x;
            squares += x * x;
            cross += x * last;
            last = x;
        }
        let n = n as f64;
        // Five standard errors of a mean, a variance and a correlation of n draws.
        assert!((sum / n).abs() < 5.0 / n.sqrt());
        assert!((squares / n - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
        assert!((cross / n).abs() < 5.0 / n.sqrt());
        let mut counts = [0u32; 7];
        let mut noise = noise.at(1, 1);
        (0..70_000).for_each(|_| counts[noise.below(7) as usize] += 1);
        assert!(counts.iter().all(|&c| (9_500..10_500).contains(&c)), "{counts:?}");
    }

    #[test]
    fn streams_are_stable_and_go_on() {
        let mut noise = Noise::new(0, "policy");
        let first: Vec<u64> = (0..3).map(|_| noise.bits()).collect();
        let mut again = Noise::new(0, "policy");
        again.set_counter(2);
        assert_eq!(again.bits(), first[2]);
        assert_ne!(Noise::new(0, "other").bits(), first[0]);
        assert_ne!(Noise::new(1, "policy").bits(), first[0]);
        let mut values: Vec<u32> = (0..100).collect();
        noise.shuffle(&mut values);
        let mut sorted = values.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<u32>>());
        assert_ne!(values, sorted);
    }
}
