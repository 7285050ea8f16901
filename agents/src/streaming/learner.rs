//! A network with eligibility traces and the optimiser that bounds how far a step overshoots.
//!
//! Source: Elsayed et al. 2024, "Streaming Deep Reinforcement Learning Finally Works" (arXiv 2410.14606): ObGD and its adaptive
//! form. For a scalar to be minimised with gradient g (of -V, -Q or -log π) and a TD error δ:
//! e = γλ e + g; z = Σ|e|; step = lr / max(1, lr κ max(|δ|, 1) z); θ -= step δ e.

use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch};

use super::kernels::{Pass, backward, forward};
use super::lanes::{Beside, Lanes, Single, padded, place};
use super::plan::Plan;
use super::update::{Adapted, Decayed, DecayedSquares, Kept, Root, Stepped, Summed};
use crate::error::Result;
use crate::network::Lines;
use crate::state::State;

/// How a step's size is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepRule {
    /// Learning rate: the largest step.
    pub learning_rate: f32,
    /// How much smaller than the error's correction a step is made, about; infinite bounds are none: 0 switches the bound off.
    pub kappa: f32,
    /// Division by the root of running squares of δ e.
    pub adaptive: Option<Adaptive>,
}

/// Running squares of the steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptive {
    /// Decay.
    pub beta2: f32,
    /// Added under the root.
    pub epsilon: f32,
    /// Whether the start at 0 is corrected, as Adam does.
    pub corrected: bool,
}

/// What a transition teaches a member.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Lesson {
    /// TD error.
    pub delta: f32,
    /// γλ, or 0 behind a reset of the traces.
    pub decay: f32,
}

/// One network for each member, one or [`Learner::ABREAST`].
#[derive(Debug, Clone)]
pub struct Learner {
    /// What the networks look like.
    pub plan: Arc<Plan>,
    rules: Vec<StepRule>,
    adaptive: Option<Adaptive>,
    weights: Lines,
    traces: Lines,
    squares: Lines,
    steps: u64,
    delta: [Lines; 2],
    gradient: Lines,
    /// Of each member: what δ e is multiplied by in the step that is due.
    change: [f32; Self::ABREAST],
    level: Level,
}

/// Calls a function with the vector instructions of this machine and the layout of the members.
macro_rules! in_lanes {
    ($members:expr, $level:expr, $function:ident($($argument:expr),* $(,)?)) => {
        if $members == 1 {
            dispatch!($level, simd => simd.vectorize(#[inline(always)] || $function::<_, Single>(simd, $($argument),*)))
        } else {
            dispatch!($level, simd => simd.vectorize(#[inline(always)] || $function::<_, Beside>(simd, $($argument),*)))
        }
    };
}

/// Adds the gradient of a pass of one member, for the gradient with respect to its outputs, to `sum`; with `want` that with
/// respect to the inputs is then in one of `scratch`, of which it returns the number.
pub fn accumulate(
    (plan, weights): (&Plan, &[f32]),
    pass: &Pass<Lines>,
    gradient: &[f32],
    sum: &mut [f32],
    scratch: &mut [Lines; 2],
    want: bool,
) -> usize {
    #[inline(always)]
    fn run<S: Simd, L: Lanes<S>>(
        simd: S,
        (plan, weights): (&Plan, &[f32]),
        pass: &Pass<Lines>,
        gradient: &[f32],
        sum: &mut [f32],
        scratch: &mut [Lines; 2],
        want: bool,
    ) {
        backward::<S, L, _>(simd, plan, weights, pass, gradient, &mut Summed(sum), scratch, want);
    }
    in_lanes!(1, Level::new(), run((plan, weights), pass, gradient, sum, scratch, want));
    plan.layers.len() % 2
}

impl Learner {
    /// Members side by side, if not one.
    pub const ABREAST: usize = 4;

    /// One network for each rule and seed, one or [`Self::ABREAST`] of them, which all are adaptive in the same way or not.
    ///
    /// # Panics
    /// For another number of them.
    pub fn new(plan: Arc<Plan>, rules: &[StepRule], seeds: &[u64]) -> Self {
        let members = rules.len();
        assert!(seeds.len() == members && [1, Self::ABREAST].contains(&members), "{members} members");
        let mut learner = Self::with(plan, rules.to_vec());
        for (m, &seed) in seeds.iter().enumerate() {
            for (i, value) in learner.plan.start(seed).into_iter().enumerate() {
                learner.weights[place(members, i, m)] = value;
            }
        }
        learner
    }

    /// Networks of zeros.
    fn with(plan: Arc<Plan>, rules: Vec<StepRule>) -> Self {
        let (members, adaptive) = (rules.len(), rules[0].adaptive);
        let len = plan.layout.len() * members;
        Self {
            rules,
            adaptive,
            weights: Lines::zeros(len),
            traces: Lines::zeros(len),
            squares: Lines::zeros(if adaptive.is_some() { len } else { 0 }),
            steps: 0,
            delta: [Lines::zeros(plan.widest * members), Lines::zeros(plan.widest * members)],
            gradient: Lines::zeros(padded(plan.shape.outputs) * members),
            change: [0.0; Self::ABREAST],
            level: Level::new(),
            plan,
        }
    }

    /// Whether it can go beside another: the same network, squares of steps or none, and as many steps made.
    pub fn goes_with(&self, other: &Self) -> bool {
        let same = self.plan.shape == other.plan.shape && self.adaptive == other.adaptive && self.steps == other.steps;
        same && self.members() == 1 && other.members() == 1
    }

    /// Learners that go with the first one side by side; places that are left are empty, all zeros.
    ///
    /// # Panics
    /// If there are none or too many.
    pub fn merge(learners: &[&Self]) -> Self {
        let first = learners[0];
        assert!(learners.len() <= Self::ABREAST, "{} members", learners.len());
        let rules: Vec<StepRule> =
            (0..Self::ABREAST).map(|m| learners.get(m).map_or(first.rules[0], |learner| learner.rules[0])).collect();
        let mut all = Self::with(first.plan.clone(), rules);
        for (m, learner) in learners.iter().enumerate() {
            let of = [(&mut all.weights, &learner.weights), (&mut all.traces, &learner.traces)];
            for (to, from) in of.into_iter().chain([(&mut all.squares, &learner.squares)]) {
                from.iter().enumerate().for_each(|(i, value)| to[place(Self::ABREAST, i, m)] = *value);
            }
            all.change[m] = learner.change[0];
        }
        Self { steps: first.steps, ..all }
    }

    /// Number of networks.
    pub fn members(&self) -> usize {
        self.rules.len()
    }

    /// Parameters of a member, as [`Plan::layout`] says.
    pub fn parameters(&self, member: usize) -> Vec<f32> {
        of_member(&self.weights, self.members(), member)
    }

    /// Puts parameters of the only member in place, as [`Plan::layout`] says.
    pub fn set_parameters(&mut self, parameters: &[f32]) {
        self.weights[..parameters.len()].copy_from_slice(parameters);
    }

    /// A pass for these members; the input is to be written.
    pub fn pass(&self) -> Pass<Lines> {
        Pass::new(&self.plan, self.members())
    }

    /// Outputs for the input of a pass.
    pub fn predict(&self, pass: &mut Pass<Lines>) {
        predict_with(&self.plan, &self.weights, self.members(), self.level, pass);
    }

    /// Where the gradient with respect to the outputs is to be written, before [`Self::learn`]; each at [`place`].
    pub fn gradient(&mut self) -> &mut [f32] {
        &mut self.gradient
    }

    /// Takes the gradient at a pass into the traces, and finds the size of the step, which the next
    /// [`Self::step_and_predict`] makes. One lesson for each member.
    pub fn learn(&mut self, pass: &Pass<Lines>, lessons: &[Lesson]) {
        let members = self.members();
        let mut z = [0.0; Self::ABREAST];
        let (mut decay, mut delta) = ([0.0; Self::ABREAST], [0.0; Self::ABREAST]);
        for (m, lesson) in lessons.iter().enumerate() {
            (decay[m], delta[m]) = (lesson.decay, lesson.delta);
        }
        self.steps += 1;
        in_lanes!(members, self.level, learn(self, pass, &decay, &delta, &mut z));
        for m in 0..members {
            let StepRule { learning_rate, kappa, .. } = self.rules[m];
            let overshoot = learning_rate * kappa * delta[m].abs().max(1.0) * z[m];
            let step = if overshoot > 1.0 { learning_rate / overshoot } else { learning_rate };
            // Traces that are lost must not reach the weights: their step would be 0 times infinity.
            self.change[m] = if z[m].is_finite() && overshoot.is_finite() { step * delta[m] } else { f32::NAN };
        }
    }

    fn root(&self) -> Root {
        self.adaptive.map_or(Root { correction: 1.0, epsilon: 0.0 }, |a| {
            // Before the first step there is nothing to correct.
            let passed = 1.0 - f64::from(a.beta2).powf(self.steps.max(1) as f64);
            Root { correction: if a.corrected { (1.0 / passed) as f32 } else { 1.0 }, epsilon: a.epsilon }
        })
    }

    /// What the step that is due multiplies the traces by, for each member; not finite if a member diverged.
    pub fn change(&self) -> &[f32] {
        &self.change[..self.members()]
    }

    /// Makes the step that is due, and outputs for the input of a pass.
    pub fn step_and_predict(&mut self, pass: &mut Pass<Lines>) {
        in_lanes!(self.members(), self.level, step_and_predict(self, pass));
    }

    /// Parameters, traces and squares of a member under a prefix.
    pub fn save(&self, member: usize, state: &mut State, prefix: &str) {
        let of = |lines: &Lines| of_member(lines, self.members(), member);
        state.put_f32(format!("{prefix}/parameters"), &of(&self.weights));
        state.put_f32(format!("{prefix}/traces"), &of(&self.traces));
        state.put_f32(format!("{prefix}/squares"), &of(&self.squares));
        state.put_u64(format!("{prefix}/steps"), &[self.steps]);
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] if something is missing or of another size.
    pub fn load(&mut self, member: usize, state: &State, prefix: &str) -> Result<()> {
        let members = self.members();
        for (name, lines) in
            [("parameters", &mut self.weights), ("traces", &mut self.traces), ("squares", &mut self.squares)]
        {
            let mut values = vec![0.0; lines.len() / members];
            state.read_f32(&format!("{prefix}/{name}"), &mut values)?;
            values.into_iter().enumerate().for_each(|(i, value)| lines[place(members, i, member)] = value);
        }
        self.steps = state.counter(&format!("{prefix}/steps"))?;
        Ok(())
    }
}

/// What a member has of an array of all.
fn of_member(lines: &Lines, members: usize, member: usize) -> Vec<f32> {
    (0..lines.len() / members).map(|i| lines[place(members, i, member)]).collect()
}

/// A number of each member in all columns.
#[inline(always)]
fn splat<S: Simd, L: Lanes<S>>(simd: S, numbers: &[f32; Learner::ABREAST]) -> L::Block {
    L::splat(simd, L::each(numbers))
}

/// Outputs of so many members.
pub fn predict_with(plan: &Plan, weights: &[f32], members: usize, level: Level, pass: &mut Pass<Lines>) {
    in_lanes!(members, level, predict(plan, weights, pass));
}

#[inline(always)]
fn predict<S: Simd, L: Lanes<S>>(simd: S, plan: &Plan, weights: &[f32], pass: &mut Pass<Lines>) {
    forward::<S, L, _>(simd, plan, &mut Kept(weights), pass);
}

#[inline(always)]
fn learn<S: Simd, L: Lanes<S>>(
    simd: S,
    learner: &mut Learner,
    pass: &Pass<Lines>,
    decay: &[f32; Learner::ABREAST],
    delta: &[f32; Learner::ABREAST],
    z: &mut [f32],
) {
    let root = learner.root();
    let Learner { plan, weights, traces, squares, adaptive, delta: scratch, gradient, .. } = learner;
    let mut decayed = Decayed { traces, decay: splat::<S, L>(simd, decay), sums: [L::zero(simd); 4] };
    match *adaptive {
        None => backward::<S, L, _>(simd, plan, weights, pass, gradient, &mut decayed, scratch, false),
        Some(Adaptive { beta2, .. }) => {
            let mut scaled = *delta;
            scaled.iter_mut().for_each(|delta| *delta *= (1.0 - beta2).sqrt());
            let beta2 = splat::<S, L>(simd, &[beta2; Learner::ABREAST]);
            let delta = splat::<S, L>(simd, &scaled);
            let mut to = DecayedSquares { traces: decayed, squares, beta2, delta, root };
            backward::<S, L, _>(simd, plan, weights, pass, gradient, &mut to, scratch, false);
            decayed = to.traces;
        }
    }
    let [a, b, c, d] = decayed.sums;
    L::put_each(L::sum(L::add(L::add(a, b), L::add(c, d))), z);
}

#[inline(always)]
fn step_and_predict<S: Simd, L: Lanes<S>>(simd: S, learner: &mut Learner, pass: &mut Pass<Lines>) {
    let root = learner.root();
    let Learner { plan, weights, traces, squares, adaptive, change, .. } = learner;
    let mut negative = *change;
    negative.iter_mut().for_each(|change| *change = -*change);
    let mut stepped = Stepped { weights, traces, change: splat::<S, L>(simd, &negative) };
    match adaptive {
        None => forward::<S, L, _>(simd, plan, &mut stepped, pass),
        Some(_) => forward::<S, L, _>(simd, plan, &mut Adapted { stepped, squares, root }, pass),
    }
}
