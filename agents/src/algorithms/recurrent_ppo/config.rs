//! Options of recurrent PPO, and its network.

use shadergym_envs::{ActionSpace, Encoding, Facts};
use toml::Table;

use crate::agent::Setup;
use crate::common::actor_critic::ActorCritic;
use crate::common::build;
use crate::common::head::Head;
use crate::common::moments::Normalizers;
use crate::common::ppo::{Loss, Objective};
use crate::error::Result;
use crate::network::{Activation, Network, Tower};
use crate::optim::Kind as OptimizerKind;
use crate::options::{Truncation, check, options, words};
use crate::policy::Policy;
use crate::schedule::Schedule;
use crate::sequence::{AttentionShape, Cell, Discretization, Execution, Hints, SequenceNetwork, SequenceShape, StateSpace};

/// What remembers, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Diagonal states that all channels feed and read.
    S5,
    /// Diagonal states of each channel.
    S4d,
    /// Dense states of each channel, the HiPPO matrix fixed.
    Lssl,
    /// A gated recurrent unit.
    Gru,
    /// Attention over the newest steps.
    Attention,
}
words!(CellKind, "s5, s4d, lssl, gru or attention", {
    "s5" => CellKind::S5,
    "s4d" => CellKind::S4d,
    "lssl" => CellKind::Lssl,
    "gru" => CellKind::Gru,
    "attention" => CellKind::Attention,
});

options! {
    /// Options of recurrent PPO.
    pub struct Config {
        /// Parallel environments.
        num_envs: usize = 64,
        /// Steps of each environment per rollout.
        num_steps: usize = 256,
        /// Steps of a sequence that is learned from, a divisor of num_steps; 0 = whole rollouts.
        sequence_length: usize = 0,
        /// Passes over each rollout.
        update_epochs: usize = 4,
        /// Minibatches per pass, of whole sequences.
        num_minibatches: usize = 8,
        /// Peak learning rate.
        learning_rate: f32 = 3e-4,
        /// Learning rate over the run.
        schedule: Schedule = Schedule::Constant,
        /// Discount factor.
        gamma: f32 = 0.99,
        /// Lambda of the generalised advantage estimation.
        gae_lambda: f32 = 0.95,
        /// What is maximised: clip (PPO) or dpo (the drift that was discovered for DPO, Lu et al. 2022).
        objective: Objective = Objective::Clip,
        /// Clipping range of the probability ratio.
        clip_coef: f32 = 0.2,
        /// Whether the value loss is clipped by the same range.
        clip_value: bool = true,
        /// Weight of the entropy bonus.
        entropy_coef: f32 = 0.0,
        /// Weight of the value loss.
        value_coef: f32 = 1.0,
        /// Global norm to which gradients are clipped, 0 = not at all.
        max_grad_norm: f32 = 0.5,
        /// Approximate KL divergence at which the passes over a rollout end early, 0 = never.
        target_kl: f32 = 0.0,
        /// Whether advantages have mean 0 and variance 1 in each minibatch.
        normalize_advantage: bool = true,
        /// Whether observations are normalised by running moments and clipped to ±10 (float observations only).
        normalize_observation: bool = false,
        /// Whether rewards are scaled by the running deviation of the discounted return and clipped to ±10.
        normalize_reward: bool = false,
        /// What a time limit means to the value of a state: bootstrap or terminal.
        truncation: Truncation = Truncation::Bootstrap,
        /// What remembers: s5, s4d, lssl, gru or attention.
        cell: CellKind = CellKind::S5,
        /// Cells one behind the other.
        layers: usize = 2,
        /// Values between the cells, a multiple of 16.
        width: usize = 128,
        /// Real numbers in the state of an S5 cell, of each channel of an S4D cell; even: half as many complex ones. Of LSSL, real ones of each channel.
        state_size: usize = 128,
        /// How S5 and S4D go from continuous to discrete time: zoh (the input is held) or bilinear.
        discretization: Discretization = Discretization::Zoh,
        /// Range of the initial steps of their states, log-uniform: 1 over it is how long they remember.
        step_low: f32 = 1e-3,
        /// See step_low.
        step_high: f32 = 1e-1,
        /// Whether real parts of their eigenvalues are kept below 0.
        clip_eigenvalues: bool = false,
        /// How their states are computed: recurrence, scan or convolution, which come to the same but for rounding.
        execution: Execution = Execution::Recurrence,
        /// Heads of attention, a divisor of width.
        heads: usize = 4,
        /// Steps of an episode that attention sees, the present one among them.
        context: usize = 64,
        /// Whether the previous action is input, choices as zeros and ones.
        previous_action: bool = true,
        /// Whether the previous reward is input.
        previous_reward: bool = false,
        /// Whether a flag in the input says that an episode begins.
        start_flag: bool = true,
        /// Widths of the dense layers in front of the one that feeds the cells.
        encoder: Vec<usize> = vec![128],
        /// Widths of the hidden layers between the cells and the policy, and the cells and the value.
        hidden: Vec<usize> = vec![128, 128],
        /// Activation of the dense layers.
        activation: Activation = Activation::LeakyRelu,
        /// Initial log standard deviation of continuous actions, in units of half the action range.
        log_std: f32 = 0.0,
        /// Optimiser.
        optimizer: OptimizerKind = OptimizerKind::Adam,
        /// Epsilon of the optimiser.
        adam_epsilon: f32 = 1e-5,
        /// Decoupled weight decay (adamw, lamb).
        weight_decay: f32 = 0.0,
    }
}

impl Config {
    pub(super) fn checked(table: &Table, facts: &Facts) -> Result<Self> {
        let c = Self::from_table("recurrent_ppo", table)?;
        check("num_envs", c.num_envs, "1 or more", c.num_envs > 0)?;
        check("num_steps", c.num_steps, "1 or more", c.num_steps > 0)?;
        let range = format!("0 (whole rollouts) or a divisor of num_steps = {}", c.num_steps);
        check("sequence_length", c.sequence_length, &range, c.num_steps.is_multiple_of(c.sequence_steps()))?;
        check("update_epochs", c.update_epochs, "1 or more", c.update_epochs > 0)?;
        let sequences = c.num_envs.saturating_mul(c.num_steps / c.sequence_steps()).saturating_mul(facts.agents);
        let range = format!("1 to num_envs x agents x sequences of a rollout = {sequences}");
        check("num_minibatches", c.num_minibatches, &range, (1..=sequences).contains(&c.num_minibatches))?;
        build::check_common(c.learning_rate, c.gamma, &c.hidden)?;
        let widths = c.encoder.iter().all(|w| (1..=4096).contains(w)) && c.encoder.len() <= 8;
        check("encoder", format!("{:?}", c.encoder), "up to 8 widths of 1 to 4096", widths)?;
        check("gae_lambda", c.gae_lambda, "0 to 1", (0.0..=1.0).contains(&c.gae_lambda))?;
        check("clip_coef", c.clip_coef, "above 0", c.clip_coef > 0.0)?;
        for (name, value) in [("entropy_coef", c.entropy_coef), ("value_coef", c.value_coef)] {
            check(name, value, "0 or more", value >= 0.0)?;
        }
        for (name, value) in [("max_grad_norm", c.max_grad_norm), ("target_kl", c.target_kl)] {
            check(name, value, "0 (off) or more", value >= 0.0)?;
        }
        check("layers", c.layers, "1 to 16", (1..=16).contains(&c.layers))?;
        let fits = c.width.is_multiple_of(16) && (16..=4096).contains(&c.width);
        check("width", c.width, "a multiple of 16 from 16 to 4096", fits)?;
        let fits = c.state_size.is_multiple_of(2) && (2..=1024).contains(&c.state_size);
        check("state_size", c.state_size, "an even number from 2 to 1024", fits)?;
        let fits = c.heads > 0 && c.width.is_multiple_of(c.heads);
        check("heads", c.heads, &format!("a divisor of width = {}", c.width), fits)?;
        check("context", c.context, "1 to 4096", (1..=4096).contains(&c.context))?;
        check("step_low", c.step_low, "above 0, at most step_high", c.step_low > 0.0 && c.step_low <= c.step_high)?;
        check("step_high", c.step_high, "step_low to 10", c.step_high <= 10.0)?;
        check("adam_epsilon", c.adam_epsilon, "above 0, at most 1", c.adam_epsilon > 0.0 && c.adam_epsilon <= 1.0)?;
        check("weight_decay", c.weight_decay, "0 to 1", (0.0..=1.0).contains(&c.weight_decay))?;
        check("log_std", c.log_std, "-10 to 2", (-10.0..=2.0).contains(&c.log_std))?;
        let packed = facts.observation.flat_encoding() != Encoding::F32;
        check("normalize_observation", true, "false: observations are packed", !(c.normalize_observation && packed))?;
        Ok(c)
    }

    pub(super) fn sequence_steps(&self) -> usize {
        if self.sequence_length == 0 { self.num_steps } else { self.sequence_length }
    }

    pub(super) fn network(&self, setup: &Setup) -> (Box<dyn Network>, ActorCritic) {
        let (facts, head) = (&setup.facts, ActorCritic::new(&setup.facts));
        let free = match &facts.action {
            ActionSpace::Box { low, .. } => Some(("log_std", vec![self.log_std; low.len()])),
            _ => None,
        };
        let states = StateSpace {
            of_channels: self.cell == CellKind::S4d,
            size: self.state_size,
            discretization: self.discretization,
            clip: self.clip_eigenvalues,
            execution: self.execution,
            steps: (self.step_low, self.step_high),
        };
        let tower = |name, outputs, output_gain| Tower { name, hidden: self.hidden.clone(), outputs, output_gain };
        let shape = SequenceShape {
            observation: (facts.observation.flat_elements(), facts.observation.flat_encoding()),
            hints: Hints {
                action: self.previous_action.then(|| facts.action.clone()),
                reward: self.previous_reward,
                start: self.start_flag,
            },
            encoder: self.encoder.clone(),
            width: self.width,
            cell: match self.cell {
                CellKind::S5 | CellKind::S4d => Cell::Diagonal(states),
                CellKind::Lssl => Cell::Lssl { size: self.state_size, steps: (self.step_low, self.step_high) },
                CellKind::Gru => Cell::Gru,
                CellKind::Attention => Cell::Attention(AttentionShape { heads: self.heads, context: self.context }),
            },
            layers: self.layers,
            towers: vec![tower("policy", head.policy_outputs(), 0.01), tower("value", 1, 1.0)],
            activation: self.activation,
            free,
        };
        (Box::new(SequenceNetwork::new(shape, setup.seed, setup.num_threads)), head)
    }

    pub(super) fn policy(&self, setup: &Setup) -> Policy {
        let (network, head) = self.network(setup);
        let observations = self.normalizers(setup).observations;
        Policy::new(setup.facts.clone(), network, Head::Policy(head.distribution), observations)
    }

    pub(super) fn loss(&self) -> Loss {
        Loss {
            objective: self.objective,
            clip_coef: self.clip_coef,
            clip_value: self.clip_value,
            entropy_coef: self.entropy_coef,
            value_coef: self.value_coef,
            normalize_advantage: self.normalize_advantage,
        }
    }

    pub(super) fn normalizers(&self, setup: &Setup) -> Normalizers {
        let observations = self.normalize_observation.then(|| setup.facts.observation.flat_elements());
        let rewards = self.normalize_reward.then(|| (self.num_envs * setup.facts.agents, self.gamma));
        Normalizers::new(observations, rewards)
    }
}
