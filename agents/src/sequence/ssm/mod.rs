//! Diagonal state-space models: continuous eigenvalues and steps, what they come to in discrete time, and back.
//!
//! A state is a complex number: `x[t] = a x[t-1] + b v[t]`, `a` and `b` from eigenvalue `lambda` and step `delta`. Outputs are twice
//! the real part of a complex product, so layers keep `2 conj(x)`, whose real and imaginary parts are rows of one real matrix.
//! A vector of states is real parts, then imaginary parts, each padded to whole lines with states that stay 0.

pub(super) mod convolution;
pub(super) mod hippo;
pub(super) mod maps;
pub(super) mod scan;

use nalgebra::Complex;

use crate::network::Lines;
use crate::options::words;

pub(super) type C64 = Complex<f64>;

/// From continuous to discrete time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discretization {
    /// The input is held over a step: `a = exp(lambda delta)`, `b = (a - 1) / lambda`.
    Zoh,
    /// Tustin's: `a = (1 + lambda delta / 2) / (1 - lambda delta / 2)`, `b = delta / (1 - lambda delta / 2)`.
    Bilinear,
}
words!(Discretization, "zoh or bilinear", { "zoh" => Discretization::Zoh, "bilinear" => Discretization::Bilinear });

/// How the states of a sequence are computed; results agree within 1e-4 of the largest state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    /// Step after step.
    Recurrence,
    /// Chunks of time side by side, then joined: the associative scan with resets.
    Scan,
    /// By the Fourier transform; sequences inside which an episode begins go step after step.
    Convolution,
}
words!(Execution, "recurrence, scan or convolution", {
    "recurrence" => Execution::Recurrence,
    "scan" => Execution::Scan,
    "convolution" => Execution::Convolution,
});

/// Largest real part of an eigenvalue where they are clipped, as S5 has it.
const CLIP: f64 = -1e-4;

/// One state in continuous time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Continuous {
    pub lambda: C64,
    pub log_step: f64,
}

/// The same in discrete time, with its derivatives.
struct Discrete {
    a: C64,
    b: C64,
    a_by_lambda: C64,
    b_by_lambda: C64,
    a_by_step: C64,
    b_by_step: C64,
}

impl Discretization {
    fn of(self, lambda: C64, step: f64) -> Discrete {
        let one = C64::new(1.0, 0.0);
        match self {
            Self::Zoh => {
                let z = lambda * step;
                let a = z.exp();
                // (e^z - 1) / lambda; its series where the difference would lose its digits.
                let small = z.norm() < 1e-4;
                let b = if small { (one + z / 2.0 + z * z / 6.0) * step } else { (a - one) / lambda };
                let b_by_lambda = if small { (one / 2.0 + z / 3.0) * (step * step) } else { (a * step - b) / lambda };
                Discrete { a, b, a_by_lambda: a * step, b_by_lambda, a_by_step: a * lambda, b_by_step: a }
            }
            Self::Bilinear => {
                let down = one / (one - lambda * (step / 2.0));
                let (a, b) = ((one + lambda * (step / 2.0)) * down, down * step);
                Discrete {
                    a,
                    b,
                    a_by_lambda: down * down * step,
                    b_by_lambda: down * down * (step * step / 2.0),
                    a_by_step: down * down * lambda,
                    b_by_step: down * down,
                }
            }
        }
    }
}

/// What states are multiplied by: `[2, states]`, real and imaginary parts, padded.
#[derive(Debug, Clone, Default)]
pub(super) struct Coefficients {
    pub a: Lines,
    pub b: Lines,
}

/// Eigenvalues and steps of `states` states in a flat array of parameters: where they are and what is made of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct States {
    /// Real parts, imaginary parts, logarithms of steps.
    pub at: [usize; 3],
    /// Their number, padded to whole lines.
    pub padded: usize,
    /// Number of steps: that of state k is number k modulo this.
    pub steps: usize,
    pub discretization: Discretization,
    pub clip: bool,
}

impl States {
    fn get(&self, parameters: &[f32], state: usize) -> (Continuous, bool) {
        let of = |at: usize, k: usize| f64::from(parameters[at + k]);
        let [re, im, step] = self.at;
        let (real, clipped) = match of(re, state) {
            real if self.clip && real > CLIP => (CLIP, true),
            real => (real, false),
        };
        let lambda = C64::new(real, of(im, state));
        (Continuous { lambda, log_step: of(step, state % self.steps) }, clipped)
    }

    /// Factors of the recurrence of `x`.
    pub fn coefficients(&self, parameters: &[f32]) -> Coefficients {
        let n = self.padded;
        let mut found = Coefficients { a: Lines::zeros(2 * n), b: Lines::zeros(2 * n) };
        for state in 0..n {
            let (continuous, _) = self.get(parameters, state);
            let discrete = self.discretization.of(continuous.lambda, continuous.log_step.exp());
            for (to, from) in [(&mut found.a, discrete.a), (&mut found.b, discrete.b)] {
                (to[state], to[n + state]) = (from.re as f32, from.im as f32);
            }
        }
        found
    }

    /// Adds to the gradient of eigenvalues and steps what follows from that of `a` and `b` (derivatives with respect to real and
    /// to imaginary parts).
    pub fn gradients(&self, parameters: &[f32], by_a: &[f32], by_b: &[f32], gradient: &mut [f32]) {
        let n = self.padded;
        let [re, im, step] = self.at;
        for state in 0..n {
            let of = |by: &[f32]| C64::new(f64::from(by[state]), f64::from(by[n + state]));
            let (by_a, by_b) = (of(by_a), of(by_b));
            let (continuous, clipped) = self.get(parameters, state);
            let delta = continuous.log_step.exp();
            let d = self.discretization.of(continuous.lambda, delta);
            let by_lambda = by_a * d.a_by_lambda.conj() + by_b * d.b_by_lambda.conj();
            let by_step = (by_a * d.a_by_step.conj() + by_b * d.b_by_step.conj()).re;
            if !clipped {
                gradient[re + state] += by_lambda.re as f32;
            }
            gradient[im + state] += by_lambda.im as f32;
            gradient[step + state % self.steps] += (by_step * delta) as f32;
        }
    }

    /// The largest real part of an eigenvalue: a state whose is above 0 grows without bound.
    pub fn largest_real(&self, parameters: &[f32]) -> f32 {
        parameters[self.at[0]..][..self.padded].iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }
}
