//! Layers of diagonal states: S5 (Smith et al. 2023, arXiv 2208.04933) as in-context agents use it (Lu et al. 2023, arXiv
//! 2303.03982), whose states all channels feed and read, and S4D (Gu et al. 2022, arXiv 2206.11893) in the same frame, where each
//! channel has states of its own. Behind the states GELU, a gate of two dense layers, and the input added.
//!
//! `x[t] = a x[t-1] + b (B u[t])`, `y = 2 Re(C x) + D u`, out `= W1 g * sigmoid(W2 g) + u` with `g = gelu(y)`.

use super::gated::{Gated, Kept};
use super::layer::{Layer, Matrix, Parameters, Parts, Way, stride};
use super::span::{Carries, Span, Tape};
use super::ssm::maps::Maps;
use super::ssm::scan::Scan;
use super::ssm::{C64, Coefficients, Discretization, Execution, States, hippo};
use crate::network::Lines;
use crate::network::init::{Random, truncated_normal, uniform};
use crate::network::kernels::padded;

/// What a layer of diagonal states is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateSpace {
    /// Whether each channel has states of its own (S4D); otherwise all share them (S5).
    pub of_channels: bool,
    /// Real numbers in a state, of each channel if it has its own: twice as many as complex ones; even.
    pub size: usize,
    /// From continuous to discrete time.
    pub discretization: Discretization,
    /// Whether real parts of eigenvalues are kept below 0.
    pub clip: bool,
    /// How states are computed.
    pub execution: Execution,
    /// Range of initial steps, log-uniform.
    pub steps: (f32, f32),
}

/// A layer. Parts: `lambda.re`, `lambda.im` `[states]`, `log_step` `[states]`, of S4D `[width]`; `B` and `C`, real parts first ([`Maps`]);
/// `D` `[width]`; `value.*` and `gate.*` of the dense layers. States are padded to a multiple of 16 by some that stay 0.
#[derive(Debug, Clone)]
pub(super) struct Diagonal {
    width: usize,
    options: StateSpace,
    states: States,
    maps: Maps,
    gated: Gated,
}

impl Diagonal {
    pub fn new(parts: &mut Parts, name: &str, width: usize, options: StateSpace) -> Self {
        let each = options.size / 2;
        let n = if options.of_channels { width * each } else { padded(each) };
        let steps = if options.of_channels { width } else { n };
        let mut vector = |part: &str, len: usize| parts.vector(format!("{name}.{part}"), len);
        let states = States {
            at: [vector("lambda.re", n), vector("lambda.im", n), vector("log_step", steps)],
            padded: n,
            steps,
            discretization: options.discretization,
            clip: options.clip,
        };
        let maps = match options.of_channels {
            true => Maps::channels(parts, name, width, each),
            false => Maps::dense(parts, name, width, n),
        };
        Self { width, options, states, maps, gated: Gated::new(parts, name, width) }
    }

    /// Eigenvalues of HiPPO-LegS; B and C in the basis of its eigenvectors, LeCun's normal before.
    fn start_shared(&self, b_at: usize, c_at: usize, random: &mut Random, parameters: &mut [f32]) {
        let (size, n, width) = (self.options.size, self.states.padded, self.width);
        let (lambda, vectors) = hippo::eigen(size);
        let [re, im, _] = self.states.at;
        parameters[re..re + n].fill(-0.5);
        for (k, lambda) in lambda.iter().enumerate() {
            (parameters[re + k], parameters[im + k]) = (lambda.re as f32, lambda.im as f32);
        }
        // B0 [size, width] and C0 [width, size, 2].
        let mut b0 = vec![0.0; size * width];
        truncated_normal(random, &mut b0, (size as f64).powf(-0.5));
        let mut c0 = vec![0.0; width * size * 2];
        truncated_normal(random, &mut c0, (size as f64).powf(-0.5));
        for k in 0..size / 2 {
            for h in 0..width {
                let (mut b, mut c) = (C64::new(0.0, 0.0), C64::new(0.0, 0.0));
                for row in 0..size {
                    let v = vectors[(row, k)];
                    b += v.conj() * f64::from(b0[row * width + h]);
                    let (re, im) = (c0[(h * size + row) * 2], c0[(h * size + row) * 2 + 1]);
                    c += v * C64::new(f64::from(re), f64::from(im));
                }
                let at = b_at + h * 2 * n;
                (parameters[at + k], parameters[at + n + k]) = (b.re as f32, b.im as f32);
                let at = |row: usize| c_at + row * width + h;
                (parameters[at(k)], parameters[at(n + k)]) = (c.re as f32, c.im as f32);
            }
        }
    }

    /// S4D-Lin: eigenvalues -1/2 + i pi k in each channel, C normal of variance 1.
    fn start_channels(&self, c: usize, random: &mut Random, parameters: &mut [f32]) {
        let [re, im, _] = self.states.at;
        for k in 0..self.states.padded {
            parameters[re + k] = -0.5;
            parameters[im + k] = std::f32::consts::PI * (k / self.width) as f32;
        }
        for x in &mut parameters[c..c + 2 * self.states.padded] {
            *x = (random.normal() * std::f64::consts::FRAC_1_SQRT_2) as f32;
        }
    }

    /// Floats of a row of states.
    fn row(&self) -> usize {
        stride(2 * self.states.padded)
    }

    /// `B u`, states, and what the sequences carried in front of the span; then the arrays of [`Gated`].
    fn tape<'a>(&self, span: Span<'_>, tape: &'a mut Tape) -> ([&'a mut [f32]; 3], Kept<'a>) {
        let (states, values) = (span.len() * self.row(), span.len() * stride(self.width));
        let [inputs, states, before, sums, active, value, gate] =
            tape.arrays([states, states, span.rows * 2 * self.states.padded, values, values, values, values]);
        ([inputs, states, before], [sums, active, value, gate])
    }
}

impl Layer for Diagonal {
    fn outputs(&self) -> usize {
        self.width
    }

    fn carry(&self) -> usize {
        2 * self.states.padded
    }

    fn matrices(&self) -> Vec<Matrix> {
        [self.maps.matrices(), self.gated.matrices()].concat()
    }

    fn states(&self) -> Option<&States> {
        Some(&self.states)
    }

    /// Steps log-uniform; eigenvalues, B and C as the kind has them.
    fn start(&self, random: &mut Random, parameters: &mut [f32]) {
        let [_, _, step] = self.states.at;
        let (low, high) = (self.options.steps.0.ln(), self.options.steps.1.ln());
        let steps = &mut parameters[step..step + self.states.steps];
        uniform(random, steps, f64::from(high - low) / 2.0);
        steps.iter_mut().for_each(|x| *x += (low + high) / 2.0);
        match self.maps {
            Maps::Dense { b, c } => self.start_shared(b.at, c.at, random, parameters),
            Maps::Channels { c, .. } => self.start_channels(c, random, parameters),
        }
        self.gated.start(random, parameters);
    }

    fn forward(
        &self,
        w: Parameters<'_>,
        span: Span<'_>,
        x: &[f32],
        y: &mut [f32],
        carry: &mut Carries<'_>,
        tape: &mut Tape,
    ) {
        let (n, stride) = (self.states.padded, self.row());
        let ([inputs, states, before], kept) = self.tape(span, tape);
        before.chunks_exact_mut(2 * n).enumerate().for_each(|(r, before)| before.copy_from_slice(carry.row(r)));
        self.maps.feed(w, span.len(), x, inputs);
        let coefficients = self.states.coefficients(w.values);
        let scan = Scan { level: w.level, span, n, stride, coefficients: &coefficients };
        match self.options.execution {
            Execution::Scan => scan.chunks(inputs, before, states),
            Execution::Convolution if scan.convolution(inputs, before, states) => {}
            _ => scan.recurrence(inputs, before, states),
        }
        for r in 0..span.rows {
            carry.row(r).copy_from_slice(&states[(span.len() - span.rows + r) * stride..][..2 * n]);
        }
        self.maps.read(w, span.len(), states, kept[0]);
        self.gated.forward(w, span.len(), x, kept, y);
    }

    fn backward(&self, w: Parameters<'_>, span: Span<'_>, way: Way<'_>, tape: &mut Tape, gradient: &mut [f32]) {
        let Way { x, d, mut dx, .. } = way;
        let (n, stride, rows) = (self.states.padded, self.row(), span.len());
        let ([inputs, states, before], mut kept) = self.tape(span, tape);
        self.gated.backward(w, rows, (x, d), &mut kept, gradient);
        let by_sums = &*kept[1];
        let mut by_states = Lines::zeros(rows * stride);
        self.maps.read_back(w, rows, states, by_sums, &mut by_states, gradient);
        let coefficients = self.states.coefficients(w.values);
        let mut by = Coefficients { a: Lines::zeros(2 * n), b: Lines::zeros(2 * n) };
        let scan = Scan { level: w.level, span, n, stride, coefficients: &coefficients };
        scan.backward(inputs, before, states, &mut by_states, &mut by);
        self.states.gradients(w.values, &by.a, &by.b, gradient);
        self.maps.feed_back(w, rows, x, &by_states, dx.as_deref_mut(), gradient);
        if let Some(dx) = dx {
            self.gated.past(w, rows, (d, by_sums), dx);
        }
    }
}
