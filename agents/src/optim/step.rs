//! The arithmetic of the steps.

use fearless_simd::{Level, Select, Simd, SimdBase, SimdFloat, dispatch};
use rayon::prelude::*;

use super::{Kind, Optimizer, Options};

/// The longest weights that LAMB's step is in proportion to.
const LAMB_LONGEST: f64 = 10.0;

/// Smaller averages become zero. Those of weights that get no gradient any more, behind a dead unit say, would otherwise
/// fade into subnormal numbers, with which roots and quotients take several times as long; next to epsilon they are
/// nothing long before.
const SMALLEST_FIRST: f32 = 1e-30;
/// The same for the squares.
const SMALLEST_SECOND: f32 = 1e-36;

/// Parameters from which on another thread is worth waking.
const PARALLEL: usize = 1 << 15;

/// Lanes of the widest vector.
const LONGEST: usize = 16;

/// Runs a loop in a function with the processor's vector instructions.
macro_rules! vectorized {
    ($body:expr) => {
        dispatch!(Level::new(), simd => Simd::vectorize(simd, #[inline(always)] || $body))
    };
}

pub(super) fn step(optimizer: &mut Optimizer, parameters: &mut [f32], gradient: &[f32], rate: f32) {
    let Optimizer { kind, options, layout, steps, first, second, direction, threads } = optimizer;
    let threads = *threads;
    // Both shrink to 0 or grow to 1; in f64 as 1 - beta2 is small.
    let correction = |beta: f32| 1.0 - f64::from(beta).powi((*steps).min(i32::MAX as u64) as i32);
    let (one, two) = (correction(options.beta1), correction(options.beta2));
    match kind {
        Kind::Sgd => {
            let decay = options.weight_decay;
            vectorized!(parameters.iter_mut().zip(gradient).for_each(|(w, g)| *w -= rate * (g + decay * *w)));
        }
        Kind::Adam | Kind::AdamW => {
            let coupled = if *kind == Kind::Adam { options.weight_decay } else { 0.0 };
            let kept = if *kind == Kind::AdamW { 1.0 - rate * options.weight_decay } else { 1.0 };
            let (size, unroot) = ((f64::from(rate) / one) as f32, (1.0 / two.sqrt()) as f32);
            run(
                Rule { coupled, kept, size, unroot, ..Rule::of(*options) },
                threads,
                parameters,
                gradient,
                first,
                second,
            );
        }
        Kind::RAdam => {
            let size = f64::from(rate) / one;
            let rule = Rule { coupled: options.weight_decay, ..Rule::of(*options) };
            let rule = match rectification(f64::from(options.beta2), *steps, two) {
                // PyTorch divides by the uncorrected root plus epsilon here, so the correction goes into the size.
                Some(factor) => Rule { size: (size * factor * two.sqrt()) as f32, ..rule },
                None => Rule { size: size as f32, unroot: 0.0, epsilon: 1.0, ..rule },
            };
            run(rule, threads, parameters, gradient, first, second);
        }
        Kind::RmsProp | Kind::CenteredRmsProp => {
            let along = if *kind == Kind::RmsProp { Along::Gradient } else { Along::Centered };
            let rule = Rule { coupled: options.weight_decay, size: rate, along, ..Rule::of(*options) };
            let rule = Rule { beta1: options.beta2, ..rule };
            run(rule, threads, parameters, gradient, first, second);
        }
        Kind::Lamb => {
            let gain = (1.0 / norm(gradient).max(1.0)) as f32;
            // The direction is what a step of -1 makes of the decayed weights.
            direction.copy_from_slice(parameters);
            let rule = Rule { gain, kept: options.weight_decay, size: -1.0, ..Rule::of(*options) };
            run(rule, threads, direction, gradient, first, second);
            for part in layout.parts() {
                let (w, u) = (&mut parameters[part.range()], &direction[part.range()]);
                let (length, step) = (norm(w).min(LAMB_LONGEST), norm(u));
                let trust = if length == 0.0 || step == 0.0 { 1.0 } else { length / step };
                let size = (f64::from(rate) * trust) as f32;
                vectorized!(w.iter_mut().zip(u).for_each(|(w, u)| *w -= size * u));
            }
        }
    }
}

/// RAdam's factor for the variance of the step, once the squares rest on enough gradients.
fn rectification(beta2: f64, steps: u64, correction: f64) -> Option<f64> {
    let limit = 2.0 / (1.0 - beta2) - 1.0;
    let length = limit - 2.0 * steps as f64 * (1.0 - correction) / correction;
    let ratio = (length - 4.0) * (length - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * length);
    (length > 5.0).then(|| ratio.sqrt())
}

/// `g' = gain g + coupled w`, averages of it and its square, then `w = kept w - size m / (unroot sqrt(v) + epsilon)`.
#[derive(Clone, Copy)]
struct Rule {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    gain: f32,
    coupled: f32,
    kept: f32,
    size: f32,
    unroot: f32,
    along: Along,
}

/// What steps go along.
#[derive(Clone, Copy, PartialEq)]
enum Along {
    /// The average of gradients.
    Average,
    /// The gradient.
    Gradient,
    /// The gradient, over the root of its variance instead of its square.
    Centered,
}

impl Rule {
    fn of(options: Options) -> Self {
        let Options { beta1, beta2, epsilon, .. } = options;
        Self {
            beta1,
            beta2,
            epsilon,
            gain: 1.0,
            coupled: 0.0,
            kept: 1.0,
            size: 0.0,
            unroot: 1.0,
            along: Along::Average,
        }
    }

    /// Of one vector each: weights, gradient and averages to weights and averages.
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [w, g, m, v]: [S::f32s; 4]) -> [S::f32s; 3] {
        let g = g * self.gain + w * self.coupled;
        let m = m * self.beta1 + g * (1.0 - self.beta1);
        let v = v * self.beta2 + g * g * (1.0 - self.beta2);
        let m = m.abs().simd_lt(SMALLEST_FIRST).select(S::f32s::splat(simd, 0.0), m);
        let v = v.simd_lt(SMALLEST_SECOND).select(S::f32s::splat(simd, 0.0), v);
        let (along, spread) = match self.along {
            Along::Average => (m, v),
            Along::Gradient => (g, v),
            // Rounding may leave less than nothing.
            Along::Centered => (g, (v - m * m).max(S::f32s::splat(simd, 0.0))),
        };
        let root = spread.sqrt() * self.unroot + S::f32s::splat(simd, self.epsilon);
        [w * self.kept - along * self.size / root, m, v]
    }
}

/// The rule over flat arrays: by vectors written out, as the compiler leaves the plain loop scalar.
fn run(rule: Rule, threads: usize, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    if threads <= 1 || w.len() < PARALLEL {
        return dispatch!(Level::new(), simd => run_on(simd, rule, w, g, m, v));
    }
    let part = w.len().div_ceil(threads).next_multiple_of(LONGEST);
    let parts = w.par_chunks_mut(part).zip(g.par_chunks(part)).zip(m.par_chunks_mut(part)).zip(v.par_chunks_mut(part));
    parts.for_each(|(((w, g), m), v)| dispatch!(Level::new(), simd => run_on(simd, rule, w, g, m, v)));
}

fn run_on<S: Simd>(simd: S, rule: Rule, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let len = S::f32s::LEN;
            let (total, whole) = (w.len(), w.len() / len * len);
            for at in (0..whole).step_by(len) {
                vector(simd, rule, &mut w[at..at + len], &g[at..at + len], &mut m[at..at + len], &mut v[at..at + len]);
            }
            // The rest, filled up with zeros.
            let mut rest = [[0.0; LONGEST]; 4];
            let [rw, rg, rm, rv] = &mut rest;
            let (count, left) = (total - whole, whole..total);
            rw[..count].copy_from_slice(&w[left.clone()]);
            rg[..count].copy_from_slice(&g[left.clone()]);
            rm[..count].copy_from_slice(&m[left.clone()]);
            rv[..count].copy_from_slice(&v[left.clone()]);
            vector(simd, rule, &mut rw[..len], &rg[..len], &mut rm[..len], &mut rv[..len]);
            w[left.clone()].copy_from_slice(&rw[..count]);
            m[left.clone()].copy_from_slice(&rm[..count]);
            v[left].copy_from_slice(&rv[..count]);
        },
    );
}

/// The rule on slices of one vector. No closures: passed to the library's iterators they would be compiled without the
/// vector instructions, at five times the cost.
#[inline(always)]
fn vector<S: Simd>(simd: S, rule: Rule, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    let (old, gradient) = (S::f32s::from_slice(simd, w), S::f32s::from_slice(simd, g));
    let averages = (S::f32s::from_slice(simd, m), S::f32s::from_slice(simd, v));
    let after = rule.apply(simd, [old, gradient, averages.0, averages.1]);
    after[0].store_slice(w);
    after[1].store_slice(m);
    after[2].store_slice(v);
}

/// Euclidean norm, summed in eight interleaved sums so that it vectorises and yet has one order on every machine.
pub(super) fn norm(values: &[f32]) -> f64 {
    let squares: [f64; 8] = vectorized!({
        let mut sums = [0.0f64; 8];
        let chunks = values.chunks_exact(8);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (sum, x) in sums.iter_mut().zip(chunk) {
                *sum += f64::from(*x) * f64::from(*x);
            }
        }
        for (sum, x) in sums.iter_mut().zip(rest) {
            *sum += f64::from(*x) * f64::from(*x);
        }
        sums
    });
    squares.iter().sum::<f64>().sqrt()
}

pub(super) fn scale(values: &mut [f32], factor: f32) {
    vectorized!(values.iter_mut().for_each(|x| *x *= factor));
}
