//! The recurrence of diagonal states as a convolution with the powers of their factors, by the Fourier transform.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use super::Coefficients;
use super::scan::Scan;

impl Scan<'_> {
    /// Whether an episode begins behind the first step of a sequence.
    fn begins_inside(&self, sequence: usize) -> bool {
        (1..self.span.steps).any(|t| self.span.starts(t * self.span.rows + sequence))
    }

    /// As [`Scan::recurrence`] for sequences inside which no episode begins: `x[t] = sum over l of a^l b w[t-l] + a^(t+1) x[-1]`.
    /// Others are left as they are; false if there are any.
    pub fn convolution(&self, w: &[f32], before: &[f32], states: &mut [f32]) -> bool {
        let Self { span, n, stride, coefficients: Coefficients { a, b }, .. } = *self;
        // Twice as long, so that what goes around at the end meets zeros.
        let length = (2 * span.steps).next_power_of_two();
        let mut planner = FftPlanner::<f32>::new();
        let (there, back) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
        let zero = Complex::new(0.0, 0.0);
        let (mut kernel, mut signal) = (vec![zero; length], vec![zero; length]);
        let whole: Vec<usize> = (0..span.rows).filter(|&r| !self.begins_inside(r)).collect();
        for k in 0..n {
            // Powers in f64: products of thousands of them in f32 would lose digits.
            let factor = Complex::new(f64::from(a[k]), f64::from(a[n + k]));
            let input = Complex::new(b[k], b[n + k]);
            let mut powers = Vec::with_capacity(span.steps + 1);
            let mut power = Complex::new(1.0, 0.0);
            for _ in 0..=span.steps {
                powers.push(Complex::new(power.re as f32, power.im as f32));
                power *= factor;
            }
            kernel.fill(zero);
            kernel[..span.steps].copy_from_slice(&powers[..span.steps]);
            there.process(&mut kernel);
            for &r in &whole {
                signal.fill(zero);
                for (t, signal) in signal[..span.steps].iter_mut().enumerate() {
                    let row = (t * span.rows + r) * stride;
                    *signal = input * Complex::new(w[row + k], w[row + n + k]);
                }
                there.process(&mut signal);
                signal.iter_mut().zip(&kernel).for_each(|(x, k)| *x *= k);
                back.process(&mut signal);
                let first = if span.starts(r) {
                    zero
                } else {
                    // What is kept is 2 conj(x).
                    Complex::new(before[r * 2 * n + k], -before[r * 2 * n + n + k]) / 2.0
                };
                for (t, (signal, power)) in signal.iter().zip(&powers[1..]).enumerate() {
                    let x = signal / length as f32 + power * first;
                    let row = (t * span.rows + r) * stride;
                    (states[row + k], states[row + n + k]) = (2.0 * x.re, -2.0 * x.im);
                }
            }
        }
        whole.len() == span.rows
    }
}
