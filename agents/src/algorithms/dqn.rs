//! DQN: deep Q-network (Mnih et al. 2015) with replay and target network, and as options Double (van Hasselt et al. 2016),
//! dueling (Wang et al. 2016), n-step returns and prioritised replay (Schaul et al. 2016). Several environments step
//! together; `train_frequency` counts transitions of all of them, so the ratio of updates to data does not depend on n.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use shadergym_envs::Facts;
use toml::Table;

use super::Entry;
use crate::agent::{Agent, Clocks, Log, Next, Setup};
use crate::common::action_values::{ActionValues, check_exploration, discrete, epsilon_at};
use crate::common::build::{self, Networks};
use crate::common::learner::Learner;
use crate::common::noise::Noise;
use crate::common::off_policy::{Draw, OffPolicy};
use crate::error::Result;
use crate::network::{Activation, Init, LossSums, Network, Rows};
use crate::optim::{Kind as OptimizerKind, Optimizer, Options as OptimizerOptions};
use crate::options::{NetworkKind, Truncation, check, options};
use crate::policy::Policy;
use crate::schedule::Schedule;
use crate::state::State;
use crate::tasks::Tasks;

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "dqn",
    about: "deep Q-network with replay (Double, dueling, n-step, prioritised as options), discrete actions",
    options: Config::options,
    acts_in: |facts| discrete(facts) && facts.agents == 1,
    resolve: |table, facts| Ok(Config::checked(table, facts)?.to_table()),
    make: |table, setup| Ok(Box::new(Dqn::new(Config::checked(table, &setup.facts)?, setup)?)),
    policy: |table, setup| Config::checked(table, &setup.facts)?.policy(setup),
    online: None,
};

options! {
    /// Options of DQN.
    pub struct Config {
        /// Parallel environments.
        num_envs: usize = 1,
        /// Transitions that the replay holds.
        buffer_size: usize = 10_000,
        /// Transitions before the first update.
        learning_starts: u64 = 10_000,
        /// Transitions per update.
        train_frequency: u64 = 10,
        /// Transitions of an update.
        batch_size: usize = 128,
        /// Transitions between copies to the target network.
        target_frequency: u64 = 500,
        /// Share of the network that the target takes over each time.
        tau: f32 = 1.0,
        /// Peak learning rate.
        learning_rate: f32 = 2.5e-4,
        /// Learning rate over the run.
        schedule: Schedule = Schedule::Constant,
        /// Discount factor.
        gamma: f32 = 0.99,
        /// Share of the run over which epsilon falls from 1.
        exploration_fraction: f32 = 0.5,
        /// Probability of a random action after that.
        final_epsilon: f32 = 0.05,
        /// Whether the network chooses the next action and the target only values it (Double DQN).
        double: bool = false,
        /// Whether the network splits into advantages and a state value.
        dueling: bool = false,
        /// Steps folded into one transition.
        n_step: usize = 1,
        /// Exponent of the priorities, 0 = uniform replay.
        priority_exponent: f32 = 0.0,
        /// Exponent of the importance weights at the start; 1 at the end of the run.
        priority_beta: f32 = 0.4,
        /// Whether the loss is linear beyond an error of 1 (Huber).
        huber: bool = false,
        /// What rewards are multiplied by.
        reward_scale: f32 = 1.0,
        /// Global norm to which gradients are clipped, 0 = not at all.
        max_grad_norm: f32 = 0.0,
        /// What a time limit means to the value of a state: bootstrap or terminal.
        truncation: Truncation = Truncation::Bootstrap,
        /// Network: mlp or conv.
        network: NetworkKind = NetworkKind::Mlp,
        /// Widths of the hidden layers.
        hidden: Vec<usize> = vec![120, 84],
        /// Activation of the hidden layers.
        activation: Activation = Activation::Relu,
        /// Optimiser.
        optimizer: OptimizerKind = OptimizerKind::Adam,
        /// Decay of the optimiser's running squares.
        beta2: f32 = 0.999,
        /// Added to the root of the optimiser's running squares.
        epsilon: f32 = 1e-8,
    }
}

/// Transitions between reports.
const ITERATION: u64 = 1000;

impl Config {
    fn checked(table: &Table, facts: &Facts) -> Result<Self> {
        let c = Self::from_table("dqn", table)?;
        check("num_envs", c.num_envs, "1 or more", c.num_envs > 0)?;
        check("train_frequency", c.train_frequency, "1 or more", c.train_frequency > 0)?;
        check("target_frequency", c.target_frequency, "1 or more", c.target_frequency > 0)?;
        check("batch_size", c.batch_size, "1 or more", c.batch_size > 0)?;
        let least = c.n_step.max(1) * c.num_envs;
        check("n_step", c.n_step, "1 to 100", (1..=100).contains(&c.n_step))?;
        let range = format!("n_step x num_envs = {least} or more");
        check("buffer_size", c.buffer_size, &range, c.buffer_size >= least)?;
        build::check_common(c.learning_rate, c.gamma, &c.hidden)?;
        check("tau", c.tau, "above 0, at most 1", c.tau > 0.0 && c.tau <= 1.0)?;
        check("reward_scale", c.reward_scale, "above 0", c.reward_scale > 0.0)?;
        for (name, value) in [("priority_exponent", c.priority_exponent), ("priority_beta", c.priority_beta)] {
            check(name, value, "0 to 1", (0.0..=1.0).contains(&value))?;
        }
        check("max_grad_norm", c.max_grad_norm, "0 (off) or more", c.max_grad_norm >= 0.0)?;
        check_exploration(c.exploration_fraction, c.final_epsilon)?;
        check("beta2", c.beta2, "0 or more, below 1", (0.0..1.0).contains(&c.beta2))?;
        check("epsilon", c.epsilon, "above 0", c.epsilon > 0.0)?;
        let _ = facts;
        Ok(c)
    }

    fn network(&self, setup: &Setup, values: &ActionValues) -> Result<Box<dyn Network>> {
        let (kind, hidden) = (self.network, &self.hidden);
        let networks = Networks { kind, hidden, activation: self.activation, layer_norm: false, init: Init::Uniform };
        networks.build(setup, &values.heads(), None)
    }

    fn policy(&self, setup: &Setup) -> Result<Policy> {
        let values = ActionValues::new(&setup.facts, self.dueling, Noise::new(setup.seed, "actions"));
        let network = self.network(setup, &values)?;
        Ok(Policy::new(setup.facts.clone(), network, values.head(self.final_epsilon), None))
    }
}

struct Dqn {
    config: Config,
    facts: Arc<Facts>,
    play: OffPolicy,
    learner: Learner,
    target: Box<dyn Network>,
    values: ActionValues,
    copies: u64,
    targets: Vec<f32>,
    outputs: [Vec<f32>; 3],
    actions: Vec<u32>,
    /// Sums of the loss over the updates since the last report.
    sums: LossSums,
}

impl Dqn {
    fn new(config: Config, setup: &Setup) -> Result<Self> {
        let values = ActionValues::new(&setup.facts, config.dueling, Noise::new(setup.seed, "actions"));
        let network = config.network(setup, &values)?;
        let options = OptimizerOptions { beta2: config.beta2, epsilon: config.epsilon, ..OptimizerOptions::default() };
        let optimizer = Optimizer::new(config.optimizer, options, network.layout());
        Ok(Self {
            facts: setup.facts.clone(),
            play: OffPolicy::new(setup, config.num_envs, config.buffer_size, config.priority_exponent)?,
            target: network.boxed_clone(),
            learner: Learner::new(network, optimizer, config.max_grad_norm),
            values,
            copies: 0,
            targets: Vec::new(),
            outputs: Default::default(),
            actions: vec![0; config.num_envs],
            sums: LossSums::default(),
            config,
        })
    }

    fn act(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<()> {
        let space = &self.facts.observation;
        let (step, c, stepper) = (self.play.env_steps(), &self.config, &self.play.stepper);
        self.values.epsilon = epsilon_at(step, self.play.total(), c.final_epsilon, c.exploration_fraction);
        let rows = Rows::packed(stepper.observations(), space.flat_encoding(), space.flat_elements());
        let width = self.learner.network.outputs();
        let outputs = &mut self.outputs[0];
        outputs.resize(rows.len() * width, 0.0);
        self.learner.network.predict(rows, outputs);
        for (i, row) in outputs.chunks_exact(width).enumerate() {
            self.actions[i] = self.values.choose(stepper.steps(), i, row, stepper.mask(i));
        }
        self.play.step(&self.actions, &self.actions, tasks, log)
    }

    /// r + γ^n max Q' of the minibatch, by the target network.
    fn compute_targets(&mut self) {
        let Self {
            config: c, play: OffPolicy { replay, sample, .. }, values, learner, target, targets, outputs, ..
        } = self;
        let next = replay.next_observations(&sample.last);
        let width = target.outputs();
        let [_, of_target, of_network] = outputs;
        of_target.resize(next.len() * width, 0.0);
        target.predict(next, of_target);
        if c.double {
            of_network.resize(next.len() * width, 0.0);
            learner.network.predict(next, of_network);
        }
        targets.clear();
        for (i, row) in of_target.chunks_exact(width).enumerate() {
            let chooser = if c.double { &of_network[i * width..(i + 1) * width] } else { row };
            let value = values.value_of(row, values.best(chooser, replay.next_mask(sample.last[i])));
            targets.push(c.reward_scale * sample.rewards[i] + sample.discounts[i] * value);
        }
    }

    fn update(&mut self) -> Result<()> {
        let (step, total) = (self.play.env_steps(), self.play.total());
        let Config { batch_size, n_step, gamma, truncation, priority_beta, .. } = self.config;
        let beta = priority_beta + (1.0 - priority_beta) * self.play.progress();
        self.play.draw(Draw { batch_size, n_step, gamma, truncation, beta });
        self.compute_targets();
        let Self { config: c, play: OffPolicy { replay, sample, updates, .. }, values, targets, learner, sums, .. } = self;
        let errors: Vec<AtomicU32> = targets.iter().map(|_| AtomicU32::new(0)).collect();
        let loss = |range: std::ops::Range<usize>, outputs: &[f32], gradient: &mut [f32]| {
            let width = outputs.len() / range.len();
            let mut sums = LossSums::default();
            let rows = outputs.chunks_exact(width).zip(gradient.chunks_exact_mut(width));
            for (i, (outputs, gradient)) in range.zip(rows) {
                let action = replay.action(sample.slots[i])[0] as usize;
                let value = values.value_of(outputs, action);
                let error = value - targets[i];
                let (loss, slope) = if c.huber && error.abs() > 1.0 {
                    (error.abs() - 0.5, error.signum())
                } else {
                    (0.5 * error * error, error)
                };
                values.backward(action, sample.weights[i] * slope / c.batch_size as f32, gradient);
                errors[i].store(error.to_bits(), Ordering::Relaxed);
                sums[0] += f64::from(sample.weights[i] * loss);
                sums[1] += f64::from(value);
                sums[2] += 1.0;
            }
            sums
        };
        let learning_rate = c.learning_rate * c.schedule.at(step, total);
        let of = learner.update(("dqn", step), replay.observations(&sample.slots), &loss, learning_rate)?;
        sums.iter_mut().zip(of).for_each(|(sum, x)| *sum += x);
        let errors = errors.into_iter().map(|e| f32::from_bits(e.into_inner()));
        replay.prioritise(&sample.slots, errors);
        *updates += 1;
        Ok(())
    }

    fn copy_to_target(&mut self) {
        let (tau, from) = (self.config.tau, self.learner.network.parameters());
        for (target, value) in self.target.parameters_mut().iter_mut().zip(from) {
            *target += tau * (value - *target);
        }
        self.copies += 1;
    }
}

impl Agent for Dqn {
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        self.play.stepper.begin(tasks)?;
        self.act(tasks, log)?;
        Ok(tasks.map_or(Next::Learn, Tasks::next))
    }

    fn learn(&mut self) -> Result<()> {
        let steps = self.play.env_steps();
        let learned = steps.saturating_sub(self.config.learning_starts);
        let ready = self.play.replay.len() >= self.config.n_step * self.config.num_envs;
        while ready && (self.play.updates + 1) * self.config.train_frequency <= learned {
            self.update()?;
        }
        while (self.copies + 1) * self.config.target_frequency <= steps {
            self.copy_to_target();
        }
        Ok(())
    }

    fn report(&mut self, log: &mut Log) {
        let sums = std::mem::take(&mut self.sums);
        if sums[2] > 0.0 {
            log.scalars.insert("loss/value", sums[0] / sums[2]);
            log.scalars.insert("value/mean", sums[1] / sums[2]);
            log.scalars.insert("optimizer/grad_norm", f64::from(self.learner.grad_norm()));
        }
        log.scalars.insert("policy/epsilon", f64::from(self.values.epsilon));
        log.scalars.insert("replay/transitions", self.play.replay.len() as f64);
    }

    fn is_iteration_over(&self, since: Clocks) -> bool {
        self.play.is_iteration_over(since, ITERATION)
    }

    fn clocks(&self) -> Clocks {
        self.play.clocks()
    }

    fn policy(&self, _: usize) -> Policy {
        let head = self.values.head(self.config.final_epsilon);
        Policy::new(self.facts.clone(), self.learner.network.boxed_clone(), head, None)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("dqn/counters", &[self.copies]);
        state.put_f32("dqn/target", self.target.parameters());
        self.learner.save(state, "dqn");
        self.play.save(state)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [copies] = state.counters("dqn/counters")?;
        self.copies = copies;
        state.read_f32("dqn/target", self.target.parameters_mut())?;
        self.learner.load(state, "dqn")?;
        self.play.load(state)
    }
}
