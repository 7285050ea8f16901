//! Learning from one transition: TD error, eligibility traces, and RMSProp.
//!
//! With all gradients and values those of the parameters θ before the step, and the action a' already chosen by them:
//!
//! ```text
//! δ = r + γ V(s') - V(s)
//! g = δ e + β ∇H(π(·|s'))
//! v ← β₂ v + (1 - β₂) g²
//! θ ← θ + α g / sqrt(v / (1 - β₂^t) + ε)
//! e ← γλ e + ∇(V(s') + ½ log π(a'|s'))
//! ```
//!
//! So the trace that an error meets has gradients up to that of s. It is the order of the source's program, in which the entropy
//! is that of the state behind the transition.

use std::sync::Arc;

use fearless_simd::{Level, Simd, SimdBase, SimdFloat, dispatch, f32x16};

use super::kernels::{Passes, Scratch, Visit, backward, forward, padded};
use super::network::{AcNetwork, start};
use crate::common::distribution::legal;
use crate::error::Result;
use crate::network::Lines;
use crate::state::State;
use crate::streaming::Plan;

/// Added to probabilities inside logarithms, as in the source: the gradients of rare actions stay within bounds.
const MIN_PROBABILITY: f32 = 1e-4;

/// The two states of a transition in the passes.
const BEFORE: usize = 0;
const NOW: usize = 1;

/// The constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// α.
    pub learning_rate: f32,
    /// γ.
    pub gamma: f32,
    /// λ.
    pub lambda: f32,
    /// β.
    pub entropy_coef: f32,
    /// β₂.
    pub beta2: f32,
    /// ε.
    pub epsilon: f32,
}

/// What came of an action, besides the observation that is written to [`Learner::input`].
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Reward.
    pub reward: f32,
    /// Whether the value of the state that followed counts.
    pub bootstraps: bool,
    /// Whether the episode ended.
    pub done: bool,
}

/// What a transition told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// TD error.
    pub delta: f32,
    /// Value of the state before it.
    pub value: f32,
    /// Entropy of the policy in the state behind it.
    pub entropy: f32,
}

/// How the action at a state is found, from the logits.
pub type Choose<'a> = &'a mut dyn FnMut(&[f32]) -> usize;

/// The network with its traces.
#[derive(Debug, Clone)]
pub struct Learner {
    plan: Arc<Plan>,
    rule: Rule,
    weights: Lines,
    traces: Lines,
    squares: Lines,
    updates: u64,
    passes: Passes,
    scratch: Scratch,
    /// With respect to the outputs: of what is traced, and of the entropy.
    gradients: [Lines; 2],
    level: Level,
}

impl Learner {
    /// Parameters of a seed, traces of nothing.
    pub fn new(plan: Arc<Plan>, rule: Rule, seed: u64) -> Self {
        let (len, outputs) = (plan.layout.len(), padded(plan.shape.outputs));
        Self {
            rule,
            weights: start(&plan, seed),
            traces: Lines::zeros(len),
            squares: Lines::zeros(len),
            updates: 0,
            passes: Passes::new(&plan, 2),
            scratch: Scratch::new(&plan),
            gradients: [Lines::zeros(outputs), Lines::zeros(outputs)],
            level: Level::new(),
            plan,
        }
    }

    /// Where the newest observation is to be written, before [`Self::start`] or [`Self::step`] tells of it.
    pub fn input(&mut self) -> &mut [f32] {
        let (elements, stride) = (self.plan.shape.inputs, padded(self.plan.shape.inputs));
        &mut self.passes.input[NOW * stride..][..elements]
    }

    /// The network as it is now.
    pub fn network(&self) -> AcNetwork {
        AcNetwork::new(self.plan.clone(), self.weights.clone())
    }

    /// Outputs at one of the two states.
    fn outputs(&self, state: usize) -> &[f32] {
        &self.passes.outputs[state * padded(self.plan.shape.outputs)..][..self.plan.shape.outputs]
    }

    /// Begins an episode with the observation that was written, of whose actions those of the mask are legal: chooses, and
    /// begins the traces.
    pub fn start(&mut self, mask: Option<&[u32]>, choose: Choose<'_>) {
        self.look();
        self.choose(mask, choose);
        let Self { plan, weights, traces, passes, scratch, gradients: [potential, entropy], level, .. } = self;
        let mut visit = Started { weights, traces };
        let gradients = [&potential[..], &entropy[..]];
        dispatch!(*level, simd => simd.vectorize(
            #[inline(always)]
            || backward(simd, plan, (&*passes, NOW), gradients, scratch, &mut visit, false)
        ));
        self.advance();
    }

    /// Learns from the transition to the observation that was written, and chooses the next action if the episode goes on.
    /// Where it ended, the mask is None where every action is legal, else the entropy has no part in it: nobody acts there.
    ///
    /// # Errors
    /// The TD error if it is not finite; the parameters are then as before.
    pub fn step(
        &mut self,
        Outcome { reward, bootstraps, done }: Outcome,
        mask: Option<&[u32]>,
        choose: Choose<'_>,
    ) -> std::result::Result<Told, f32> {
        self.look();
        let value_at = self.plan.shape.outputs - 1;
        let (value, ahead) = (self.outputs(BEFORE)[value_at], self.outputs(NOW)[value_at]);
        let delta = reward + if bootstraps { self.rule.gamma * ahead } else { 0.0 } - value;
        if !delta.is_finite() {
            return Err(delta);
        }
        let entropy = if done { self.leave(mask.is_some()) } else { self.choose(mask, choose) };
        self.updates += 1;
        let Rule { learning_rate, gamma, lambda, entropy_coef, beta2, epsilon } = self.rule;
        let passed = 1.0 - f64::from(beta2).powf(self.updates as f64);
        let numbers = Numbers {
            delta,
            entropy_coef,
            beta2,
            fresh: 1.0 - beta2,
            correction: (1.0 / passed) as f32,
            epsilon,
            learning_rate,
            decay: if done { 0.0 } else { gamma * lambda },
        };
        let Self { plan, weights, traces, squares, passes, scratch, gradients: [potential, of_entropy], level, .. } =
            self;
        let gradients = [&potential[..], &of_entropy[..]];
        let arrays = [&mut weights[..], &mut traces[..], &mut squares[..]];
        dispatch!(*level, simd => simd.vectorize(
            #[inline(always)]
            || update(simd, plan, passes, gradients, scratch, arrays, numbers)
        ));
        self.advance();
        Ok(Told { delta, value, entropy })
    }

    /// Outputs at both states with the parameters as they are.
    fn look(&mut self) {
        let Self { plan, weights, passes, level, .. } = self;
        dispatch!(*level, simd => simd.vectorize(#[inline(always)] || forward::<_, 2>(simd, plan, weights, passes)));
    }

    /// Chooses the action at the newest state and writes the gradients there; the entropy.
    fn choose(&mut self, mask: Option<&[u32]>, choose: Choose<'_>) -> f32 {
        let action = choose(&self.outputs(NOW)[..self.plan.shape.outputs - 1]);
        self.differentiate(Some(action), mask)
    }

    /// The gradients at a state that an episode ended in.
    fn leave(&mut self, masked: bool) -> f32 {
        let entropy = self.differentiate(None, None);
        if masked {
            self.gradients[1].fill(0.0);
        }
        entropy
    }

    /// Writes the gradients at the newest state, of what is traced for an action; the entropy.
    fn differentiate(&mut self, action: Option<usize>, mask: Option<&[u32]>) -> f32 {
        let count = self.plan.shape.outputs;
        let outputs = &self.passes.outputs[NOW * padded(count)..][..count];
        let [potential, entropy] = &mut self.gradients;
        differentiate(outputs, action, mask, &mut potential[..count], &mut entropy[..count])
    }

    /// What was behind the transition is before the next.
    fn advance(&mut self) {
        let stride = padded(self.plan.shape.inputs);
        self.passes.input.copy_within(NOW * stride..(NOW + 1) * stride, BEFORE * stride);
    }

    /// Parameters, traces, squares and the state that it is at, under a prefix.
    pub fn save(&self, state: &mut State, prefix: &str) {
        state.put_f32(format!("{prefix}/parameters"), &self.weights);
        state.put_f32(format!("{prefix}/traces"), &self.traces);
        state.put_f32(format!("{prefix}/squares"), &self.squares);
        state.put_f32(format!("{prefix}/input"), &self.passes.input);
        state.put_u64(format!("{prefix}/updates"), &[self.updates]);
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] if something is missing or of another size.
    pub fn load(&mut self, state: &State, prefix: &str) -> Result<()> {
        state.read_f32(&format!("{prefix}/parameters"), &mut self.weights)?;
        state.read_f32(&format!("{prefix}/traces"), &mut self.traces)?;
        state.read_f32(&format!("{prefix}/squares"), &mut self.squares)?;
        state.read_f32(&format!("{prefix}/input"), &mut self.passes.input)?;
        self.updates = state.counter(&format!("{prefix}/updates"))?;
        Ok(())
    }
}

/// Gradients with respect to outputs (logits, then the value) of `V + ½ log(π(a) + m)`, 0 without an action, and of the entropy
/// `-Σ π log(π + m)`, which it returns. Illegal actions have neither probability nor gradient.
pub fn differentiate(
    outputs: &[f32],
    action: Option<usize>,
    mask: Option<&[u32]>,
    potential: &mut [f32],
    entropy: &mut [f32],
) -> f32 {
    let Some((_, logits)) = outputs.split_last() else { return 0.0 };
    let actions = logits.len();
    let legal = |j: &usize| legal(mask, *j);
    potential.fill(0.0);
    entropy.fill(0.0);
    let highest = (0..actions).filter(legal).map(|j| logits[j]).fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = (0..actions).filter(legal).map(|j| (logits[j] - highest).exp()).sum();
    let p = |j: usize| (logits[j] - highest).exp() / total;
    let (mut found, mut mean) = (0.0, 0.0);
    for j in (0..actions).filter(legal) {
        let (p, log) = (p(j), (p(j) + MIN_PROBABILITY).ln());
        found -= p * log;
        // The derivative with respect to the probability.
        entropy[j] = -log - p / (p + MIN_PROBABILITY);
        mean += p * entropy[j];
    }
    (0..actions).filter(legal).for_each(|j| entropy[j] = p(j) * (entropy[j] - mean));
    if let Some(action) = action {
        let taken = p(action);
        let weight = 0.5 * taken / (taken + MIN_PROBABILITY);
        for j in (0..actions).filter(legal) {
            potential[j] = weight * (if j == action { 1.0 } else { 0.0 } - p(j));
        }
        potential[actions] = 1.0;
    }
    found
}

/// What an update multiplies by.
#[derive(Clone, Copy)]
struct Numbers {
    delta: f32,
    entropy_coef: f32,
    beta2: f32,
    fresh: f32,
    correction: f32,
    epsilon: f32,
    learning_rate: f32,
    decay: f32,
}

#[inline(always)]
fn update<S: Simd>(
    simd: S,
    plan: &Plan,
    passes: &Passes,
    gradients: [&[f32]; 2],
    scratch: &mut Scratch,
    [weights, traces, squares]: [&mut [f32]; 3],
    numbers: Numbers,
) {
    let mut visit = Stepped { weights, traces, squares, numbers };
    backward(simd, plan, (passes, NOW), gradients, scratch, &mut visit, false);
}

/// Sixteen values from a place on.
#[inline(always)]
fn block<S: Simd>(simd: S, values: &[f32], at: usize) -> f32x16<S> {
    f32x16::from_slice(simd, &values[at..at + 16])
}

/// Steps weights by traces and the gradient of the entropy, then takes the other gradient into the traces.
struct Stepped<'a> {
    weights: &'a mut [f32],
    traces: &'a mut [f32],
    squares: &'a mut [f32],
    numbers: Numbers,
}

impl<S: Simd> Visit<S> for Stepped<'_> {
    #[inline(always)]
    fn visit(&mut self, simd: S, at: usize, [potential, entropy]: [f32x16<S>; 2]) -> f32x16<S> {
        let n = self.numbers;
        let trace = block(simd, self.traces, at);
        let g = (trace * n.delta) + entropy * n.entropy_coef;
        let square = block(simd, self.squares, at) * n.beta2 + g * g * n.fresh;
        square.store_slice(&mut self.squares[at..at + 16]);
        let weights = block(simd, self.weights, at);
        let step = g * n.learning_rate / SimdFloat::sqrt(square * n.correction + n.epsilon);
        (weights + step).store_slice(&mut self.weights[at..at + 16]);
        (trace * n.decay + potential).store_slice(&mut self.traces[at..at + 16]);
        weights
    }
}

/// Begins traces.
struct Started<'a> {
    weights: &'a [f32],
    traces: &'a mut [f32],
}

impl<S: Simd> Visit<S> for Started<'_> {
    #[inline(always)]
    fn visit(&mut self, simd: S, at: usize, [potential, _]: [f32x16<S>; 2]) -> f32x16<S> {
        potential.store_slice(&mut self.traces[at..at + 16]);
        block(simd, self.weights, at)
    }
}

/// Adds the first gradient to a sum.
pub struct Summed<'a> {
    /// Parameters.
    pub weights: &'a [f32],
    /// As long as they are.
    pub sum: &'a mut [f32],
}

impl<S: Simd> Visit<S> for Summed<'_> {
    #[inline(always)]
    fn visit(&mut self, simd: S, at: usize, [gradient, _]: [f32x16<S>; 2]) -> f32x16<S> {
        (block(simd, self.sum, at) + gradient).store_slice(&mut self.sum[at..at + 16]);
        block(simd, self.weights, at)
    }
}
