//! The networks of SAC and their updates, in closed form on replayed rows.

#[cfg(test)]
mod tests;

use std::ops::Range;

use shadergym_envs::{ActionSpace, Encoding};

use crate::agent::Setup;
use crate::common::build::{Networks, optimizer};
use crate::common::distribution::squashed::{Drawn, Squashed};
use crate::common::learner::Learner;
use crate::common::noise::Noise;
use crate::common::replay::{Replay, Sample};
use crate::error::Result;
use crate::network::{Activation, Init, Layout, LossSums, Network, Rows};
use crate::optim::{Kind as OptimizerKind, Optimizer};
use crate::options::NetworkKind;
use crate::state::State;

/// What the networks need of the agent's options.
#[derive(Debug)]
pub struct Options<'a> {
    /// State value with a target, first Q for the policy, instead of targets of the twin Q.
    pub spinning_up: bool,
    /// Widths of the hidden layers.
    pub hidden: &'a [usize],
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Discount factor.
    pub gamma: f32,
    /// Share that targets take over.
    pub tau: f32,
    /// Temperature at the start.
    pub alpha: f32,
    /// Whether it is learned.
    pub autotune: bool,
    /// Between which the policy's log standard deviations are.
    pub log_std: (f32, f32),
    /// 0 = no clipping.
    pub max_grad_norm: f32,
    /// What rewards are multiplied by.
    pub reward_scale: f32,
}

/// Policy, critics, targets and temperature.
pub struct SoftActorCritic {
    policy: Learner,
    /// Two towers, `q1` and `q2`, on observation and action.
    critic: Learner,
    /// Of the critic, or of the state value.
    target: Box<dyn Network>,
    value: Option<Learner>,
    log_alpha: f32,
    alpha_optimizer: Option<Optimizer>,
    elements: usize,
    words: usize,
    tau: f32,
    reward_scale: f32,
    squashed: Squashed,
    noise: Noise,
    joint: Vec<f32>,
}

impl SoftActorCritic {
    /// Untrained.
    pub fn new(setup: &Setup, options: &Options<'_>) -> Self {
        let (space, words) = (&setup.facts.observation, setup.facts.action.words());
        let elements = space.flat_elements();
        let (low, high) = match &setup.facts.action {
            ActionSpace::Box { low, high } => (low.clone(), high.clone()),
            _ => (Vec::new(), Vec::new()),
        };
        let networks = Networks {
            kind: NetworkKind::Mlp,
            hidden: options.hidden,
            activation: options.activation,
            layer_norm: false,
            init: Init::Uniform,
        };
        let learner = |network: Box<dyn Network>| {
            let optimizer = optimizer(OptimizerKind::Adam, 1e-8, 0.0, network.layout());
            Learner::new(network, optimizer, options.max_grad_norm)
        };
        // Each network begins with numbers of its own.
        let setup_of = |network: &str| Setup { seed: Noise::new(setup.seed, network).bits(), ..setup.clone() };
        let observed = |head: (&'static str, usize, f32)| {
            networks.perceptron(&setup_of(head.0), elements, space.flat_encoding(), &[head], None)
        };
        let policy = learner(observed(("policy", 2 * words, 1.0)));
        let twins = [("q1", 1, 1.0), ("q2", 1, 1.0)];
        let critic = networks.perceptron(&setup_of("critic"), elements + words, Encoding::F32, &twins, None);
        let value = options.spinning_up.then(|| learner(observed(("value", 1, 1.0))));
        let target = value.as_ref().map_or(&critic, |v| &v.network).boxed_clone();
        let mut layout = Layout::default();
        layout.push("log_alpha", &[1]);
        Self {
            policy,
            critic: learner(critic),
            target,
            value,
            log_alpha: options.alpha.ln(),
            alpha_optimizer: options.autotune.then(|| optimizer(OptimizerKind::Adam, 1e-8, 0.0, &layout)),
            elements,
            words,
            tau: options.tau,
            reward_scale: options.reward_scale,
            squashed: Squashed { low, high, log_std: options.log_std },
            noise: Noise::new(setup.seed, "learning"),
            joint: Vec::new(),
        }
    }

    /// The policy's network: means and log standard deviations.
    pub fn policy(&self) -> &dyn Network {
        &*self.policy.network
    }

    /// How its outputs are read.
    pub fn squashed(&self) -> &Squashed {
        &self.squashed
    }

    /// Weight of the entropy.
    pub fn alpha(&self) -> f32 {
        self.log_alpha.exp()
    }

    /// Actions that the policy draws now for these rows, with their log-probabilities; `[rows, elements + words]` joint
    /// rows are written.
    fn draw_joint(&mut self, rows: Rows<'_>, place: u64) -> Vec<f32> {
        let (elements, words) = (self.elements, self.words);
        let mut outputs = vec![0.0; rows.len() * 2 * words];
        self.policy.network.predict(rows, &mut outputs);
        self.joint.resize(rows.len() * (elements + words), 0.0);
        let mut drawn = Drawn::default();
        let joint = self.joint.chunks_exact_mut(elements + words);
        let log_probs = outputs.chunks_exact(2 * words).zip(joint).enumerate().map(|(i, (outputs, joint))| {
            self.squashed.draw(outputs, &mut self.noise.at(place, i as u64), &mut drawn);
            rows.unpack(i, &mut joint[..elements]);
            joint[elements..].copy_from_slice(&drawn.actions);
            drawn.log_prob
        });
        log_probs.collect()
    }

    /// One update of the critics (and of the state value). Adds loss, rows and mean value to sums 0 to 2.
    ///
    /// # Errors
    /// [`crate::Error::Diverged`].
    pub fn learn_values(
        &mut self,
        step: u64,
        replay: &Replay,
        sample: &Sample,
        rate: f32,
        update: u64,
        sums: &mut LossSums,
    ) -> Result<()> {
        let (n, alpha) = (sample.slots.len(), self.alpha());
        let next = replay.next_observations(&sample.last);
        // Places of the noise: even for values, odd for the policy.
        let next_values: Vec<f32> = if self.value.is_some() {
            let mut values = vec![0.0; n];
            self.target.predict(next, &mut values);
            values
        } else {
            let log_probs = self.draw_joint(next, 2 * update);
            let mut twins = vec![0.0; 2 * n];
            self.target.predict(Rows::floats(&self.joint, self.elements + self.words), &mut twins);
            twins.chunks_exact(2).zip(log_probs).map(|(q, log_prob)| q[0].min(q[1]) - alpha * log_prob).collect()
        };
        let targets: Vec<f32> =
            (0..n).map(|i| self.reward_scale * sample.rewards[i] + sample.discounts[i] * next_values[i]).collect();
        if self.value.is_some() {
            self.learn_state_value(step, replay, sample, rate, update)?;
        }
        let width = self.elements + self.words;
        let observations = replay.observations(&sample.slots);
        self.joint.resize(n * width, 0.0);
        for (i, joint) in self.joint.chunks_exact_mut(width).enumerate() {
            observations.unpack(i, &mut joint[..self.elements]);
            let action = bytemuck::cast_slice(replay.action(sample.slots[i]));
            joint[self.elements..].copy_from_slice(action);
        }
        let loss = |range: Range<usize>, outputs: &[f32], gradient: &mut [f32]| {
            let mut sums = LossSums::default();
            let rows = outputs.chunks_exact(2).zip(gradient.chunks_exact_mut(2));
            for (i, (q, gradient)) in range.zip(rows) {
                for k in 0..2 {
                    let error = q[k] - targets[i];
                    // The mean of squares, not of their halves: CleanRL's loss.
                    gradient[k] = 2.0 * error / n as f32;
                    sums[0] += f64::from(error * error);
                }
                sums[1] += 1.0;
                sums[2] += f64::from(q[0]);
            }
            sums
        };
        let of = self.critic.update(("sac", step), Rows::floats(&self.joint, width), &loss, rate)?;
        sums.iter_mut().zip(of).for_each(|(sum, x)| *sum += x);
        Ok(())
    }

    /// V learns min Q - alpha log pi of what the policy would do now.
    fn learn_state_value(&mut self, step: u64, replay: &Replay, sample: &Sample, rate: f32, update: u64) -> Result<()> {
        let (n, alpha) = (sample.slots.len(), self.alpha());
        let observations = replay.observations(&sample.slots);
        let log_probs = self.draw_joint(observations, 2 * update);
        let mut twins = vec![0.0; 2 * n];
        self.critic.network.predict(Rows::floats(&self.joint, self.elements + self.words), &mut twins);
        let loss = |range: Range<usize>, outputs: &[f32], gradient: &mut [f32]| {
            let mut sums = LossSums::default();
            for (i, (v, gradient)) in range.zip(outputs.iter().zip(gradient)) {
                let target = twins[2 * i].min(twins[2 * i + 1]) - alpha * log_probs[i];
                *gradient = (v - target) / n as f32;
                sums[0] += f64::from(0.5 * (v - target).powi(2));
            }
            sums
        };
        let Some(value) = &mut self.value else { return Ok(()) };
        value.update(("sac", step), observations, &loss, rate)?;
        Ok(())
    }

    /// One update of policy and temperature, each at its rate. Adds loss, log-probability and rows to sums 3 to 5.
    ///
    /// # Errors
    /// [`crate::Error::Diverged`].
    pub fn learn_policy(
        &mut self,
        step: u64,
        replay: &Replay,
        sample: &Sample,
        (rate, alpha_rate): (f32, f32),
        place: u64,
        sums: &mut LossSums,
    ) -> Result<()> {
        let (n, alpha) = (sample.slots.len(), self.alpha());
        let (elements, words, first_only) = (self.elements, self.words, self.value.is_some());
        let (critic, noise, squashed) = (&*self.critic.network, self.noise, &self.squashed);
        let observations = replay.observations(&sample.slots);
        let loss = |range: Range<usize>, outputs: &[f32], gradient: &mut [f32]| {
            let mut sums = LossSums::default();
            let rows = range.len();
            let width = elements + words;
            let mut joint = vec![0.0; rows * width];
            let mut drawn = vec![Drawn::default(); rows];
            for (k, i) in range.enumerate() {
                let outputs = &outputs[k * 2 * words..(k + 1) * 2 * words];
                squashed.draw(outputs, &mut noise.at(2 * place + 1, i as u64), &mut drawn[k]);
                observations.unpack(i, &mut joint[k * width..k * width + elements]);
                joint[k * width + elements..(k + 1) * width].copy_from_slice(&drawn[k].actions);
            }
            // d(-min Q)/d action through the critic, row by row.
            let mut of_inputs = vec![0.0; rows * width];
            let lower = |_: Range<usize>, twins: &[f32], gradient: &mut [f32]| {
                let mut sums = LossSums::default();
                for (q, gradient) in twins.chunks_exact(2).zip(gradient.chunks_exact_mut(2)) {
                    let k = usize::from(!first_only && q[1] < q[0]);
                    gradient[k] = -1.0;
                    sums[0] -= f64::from(q[k]);
                }
                sums
            };
            sums[3] = critic.input_gradient(Rows::floats(&joint, width), &lower, &mut of_inputs)[0];
            for k in 0..rows {
                let at = k * 2 * words..(k + 1) * 2 * words;
                let of_action = &mut of_inputs[k * width + elements..(k + 1) * width];
                of_action.iter_mut().for_each(|g| *g /= n as f32);
                squashed.backward(&outputs[at.clone()], &drawn[k], alpha / n as f32, of_action, &mut gradient[at]);
                sums[3] += f64::from(alpha * drawn[k].log_prob);
                sums[4] += f64::from(drawn[k].log_prob);
                sums[5] += 1.0;
            }
            sums
        };
        let of = self.policy.update(("sac", step), observations, &loss, rate)?;
        sums.iter_mut().zip(of).for_each(|(sum, x)| *sum += x);
        if let Some(optimizer) = &mut self.alpha_optimizer {
            // Loss -alpha (log pi + target), by its logarithm as in CleanRL; target entropy is minus the action's size.
            let entropy_gap = (of[4] / of[5]) as f32 - words as f32;
            let mut parameter = [self.log_alpha];
            optimizer.step(&mut parameter, &[-alpha * entropy_gap], alpha_rate);
            self.log_alpha = parameter[0];
        }
        Ok(())
    }

    /// Targets take over a share.
    pub fn follow(&mut self) {
        let source = self.value.as_ref().map_or(&self.critic, |v| v).network.parameters();
        for (target, value) in self.target.parameters_mut().iter_mut().zip(source) {
            *target += self.tau * (value - *target);
        }
    }

    /// Everything.
    pub fn save(&self, state: &mut State) {
        self.policy.save(state, "sac/policy");
        self.critic.save(state, "sac/critic");
        if let Some(value) = &self.value {
            value.save(state, "sac/value");
        }
        state.put_f32("sac/target", self.target.parameters());
        state.put_f32("sac/log_alpha", &[self.log_alpha]);
        if let Some(optimizer) = &self.alpha_optimizer {
            optimizer.save(state, "sac/alpha_optimizer");
        }
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State) -> Result<()> {
        self.policy.load(state, "sac/policy")?;
        self.critic.load(state, "sac/critic")?;
        if let Some(value) = &mut self.value {
            value.load(state, "sac/value")?;
        }
        state.read_f32("sac/target", self.target.parameters_mut())?;
        let mut log_alpha = [0.0];
        state.read_f32("sac/log_alpha", &mut log_alpha)?;
        self.log_alpha = log_alpha[0];
        if let Some(optimizer) = &mut self.alpha_optimizer {
            optimizer.load(state, "sac/alpha_optimizer")?;
        }
        Ok(())
    }
}
