//! The arithmetic of the steps: plain loops, compiled for each level of vector instructions.

use fearless_simd::{Level, Simd, dispatch};

use super::{Kind, Optimizer, Options};

/// The longest weights that LAMB's step is in proportion to.
const LAMB_LONGEST: f64 = 10.0;

/// Runs a loop in a function with the processor's vector instructions.
macro_rules! vectorized {
    ($body:expr) => {
        dispatch!(Level::new(), simd => Simd::vectorize(simd, #[inline(always)] || $body))
    };
}

pub(super) fn step(optimizer: &mut Optimizer, parameters: &mut [f32], gradient: &[f32], rate: f32) {
    let Optimizer { kind, options, layout, steps, first, second, direction } = optimizer;
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
            let rule = Rule {
                options: *options,
                coupled,
                kept,
                size: (f64::from(rate) / one) as f32,
                root: two.sqrt() as f32,
            };
            vectorized!(adaptive(rule, parameters, gradient, first, second));
        }
        Kind::RAdam => {
            let size = f64::from(rate) / one;
            match rectification(f64::from(options.beta2), *steps, two) {
                // PyTorch divides by the uncorrected root plus epsilon here, so the correction goes into the size.
                Some(factor) => {
                    let size = (size * factor * two.sqrt()) as f32;
                    let rule = Rule { options: *options, coupled: options.weight_decay, kept: 1.0, size, root: 1.0 };
                    vectorized!(adaptive(rule, parameters, gradient, first, second));
                }
                None => {
                    let (options, size) = (*options, size as f32);
                    vectorized!(plain(options, size, parameters, gradient, first, second));
                }
            }
        }
        Kind::Lamb => {
            let scale = (1.0 / norm(gradient).max(1.0)) as f32;
            let options = *options;
            vectorized!(lamb_direction(options, scale, parameters, gradient, first, second, direction));
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

/// `w = kept w - size m / (sqrt(v) / root + epsilon)`.
#[derive(Clone, Copy)]
struct Rule {
    options: Options,
    /// Weight decay that is part of the gradient.
    coupled: f32,
    kept: f32,
    size: f32,
    root: f32,
}

#[inline(always)]
fn adaptive(rule: Rule, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    let Options { beta1, beta2, epsilon, .. } = rule.options;
    let unroot = 1.0 / rule.root;
    for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
        let g = g + rule.coupled * *w;
        *m = beta1 * *m + (1.0 - beta1) * g;
        *v = beta2 * *v + (1.0 - beta2) * (g * g);
        *w = rule.kept * *w - rule.size * *m / (v.sqrt() * unroot + epsilon);
    }
}

#[inline(always)]
fn plain(options: Options, size: f32, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    let Options { beta1, beta2, weight_decay, .. } = options;
    for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
        let g = g + weight_decay * *w;
        *m = beta1 * *m + (1.0 - beta1) * g;
        *v = beta2 * *v + (1.0 - beta2) * (g * g);
        *w -= size * *m;
    }
}

#[inline(always)]
fn lamb_direction(options: Options, scale: f32, w: &[f32], g: &[f32], m: &mut [f32], v: &mut [f32], u: &mut [f32]) {
    let Options { beta1, beta2, epsilon, weight_decay } = options;
    for ((((w, g), m), v), u) in w.iter().zip(g).zip(m).zip(v).zip(u) {
        let g = g * scale;
        *m = beta1 * *m + (1.0 - beta1) * g;
        *v = beta2 * *v + (1.0 - beta2) * (g * g);
        *u = *m / (v.sqrt() + epsilon) + weight_decay * w;
    }
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
