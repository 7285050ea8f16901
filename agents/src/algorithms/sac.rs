//! SAC: soft actor-critic (Haarnoja et al. 2018, arXiv 1812.05905) with twin Q and a learned temperature, as in CleanRL;
//! `variant = "spinning_up"` is the older form with a state-value network and a fixed temperature (Spinning Up 0.1.1) that
//! the students of teacher algorithms use: the policy learns through the first Q only, and updates come at the end of an
//! episode, one per `train_frequency` of its steps.

use std::sync::Arc;

use shadergym_envs::{ActionSpace, Facts};
use toml::Table;

use super::Entry;
use crate::agent::{Agent, Clocks, Log, Next, Setup};
use crate::common::build;
use crate::common::distribution::Distribution;
use crate::common::head::Head;
use crate::common::noise::Noise;
use crate::common::off_policy::{Draw, OffPolicy};
use crate::common::sac::{Options, SoftActorCritic};
use crate::error::Result;
use crate::network::{Activation, LossSums, Rows};
use crate::options::{Truncation, check, options, words};
use crate::policy::Policy;
use crate::schedule::Schedule;
use crate::state::State;
use crate::tasks::Tasks;

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "sac",
    about: "soft actor-critic with replay, continuous actions within bounds",
    options: Config::options,
    acts_in: |facts| {
        let bounded = |low: &[f32], high: &[f32]| low.iter().zip(high).all(|(l, h)| h - l < 1e30);
        facts.agents == 1 && matches!(&facts.action, ActionSpace::Box { low, high } if bounded(low, high))
    },
    resolve: |table, facts| Ok(Config::checked(table, facts)?.to_table()),
    make: |table, setup| Ok(Box::new(Sac::new(Config::checked(table, &setup.facts)?, setup)?)),
    policy: |table, setup| Config::checked(table, &setup.facts)?.policy(setup),
    online: None,
};

/// Which SAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Twin Q with targets, learned temperature.
    Twin,
    /// Twin Q and a state value with a target, fixed temperature.
    SpinningUp,
}
words!(Variant, "twin or spinning_up", { "twin" => Variant::Twin, "spinning_up" => Variant::SpinningUp });

options! {
    /// Options of SAC.
    pub struct Config {
        /// Which form: twin (CleanRL) or spinning_up (state value, fixed temperature).
        variant: Variant = Variant::Twin,
        /// Parallel environments.
        num_envs: usize = 1,
        /// Transitions that the replay holds.
        buffer_size: usize = 1_000_000,
        /// Transitions of random play before the first update.
        learning_starts: u64 = 5_000,
        /// Transitions per update.
        train_frequency: u64 = 1,
        /// Transitions of an update.
        batch_size: usize = 256,
        /// Updates of the critics per update of the policy; under spinning_up 1 unless it is set.
        policy_frequency: u64 = 2,
        /// Learning rate of the policy.
        policy_learning_rate: f32 = 3e-4,
        /// Learning rate of the critics.
        q_learning_rate: f32 = 1e-3,
        /// Learning rate of the temperature.
        alpha_learning_rate: f32 = 1e-3,
        /// Learning rates over the run.
        schedule: Schedule = Schedule::Constant,
        /// Discount factor.
        gamma: f32 = 0.99,
        /// Share of the critics that their targets take over each update.
        tau: f32 = 0.005,
        /// Temperature (weight of the entropy): at the start, or always if it is not learned.
        alpha: f32 = 1.0,
        /// Whether the temperature is learned, so that the entropy is minus the number of action elements.
        autotune: bool = true,
        /// Global norm to which gradients are clipped, 0 = not at all.
        max_grad_norm: f32 = 0.0,
        /// What rewards are multiplied by.
        reward_scale: f32 = 1.0,
        /// What a time limit means to the value of a state: bootstrap or terminal.
        truncation: Truncation = Truncation::Bootstrap,
        /// Widths of the hidden layers.
        hidden: Vec<usize> = vec![256, 256],
        /// Activation of the hidden layers.
        activation: Activation = Activation::Relu,
    }
}

/// Transitions between reports.
const ITERATION: u64 = 500;

impl Config {
    fn checked(table: &Table, _: &Facts) -> Result<Self> {
        let mut c = Self::from_table("sac", table)?;
        if c.variant == Variant::SpinningUp && !table.contains_key("policy_frequency") {
            c.policy_frequency = 1;
        }
        check("num_envs", c.num_envs, "1 or more", c.num_envs > 0)?;
        check("train_frequency", c.train_frequency, "1 or more", c.train_frequency > 0)?;
        check("policy_frequency", c.policy_frequency, "1 or more", c.policy_frequency > 0)?;
        check("batch_size", c.batch_size, "1 or more", c.batch_size > 0)?;
        let range = format!("num_envs = {} or more", c.num_envs);
        check("buffer_size", c.buffer_size, &range, c.buffer_size >= c.num_envs)?;
        build::check_common(c.policy_learning_rate, c.gamma, &c.hidden)?;
        for (name, rate) in [("q_learning_rate", c.q_learning_rate), ("alpha_learning_rate", c.alpha_learning_rate)] {
            check(name, rate, "above 0, at most 1", rate > 0.0 && rate <= 1.0)?;
        }
        check("tau", c.tau, "above 0, at most 1", c.tau > 0.0 && c.tau <= 1.0)?;
        check("alpha", c.alpha, "above 0", c.alpha > 0.0)?;
        check("reward_scale", c.reward_scale, "above 0", c.reward_scale > 0.0)?;
        check("max_grad_norm", c.max_grad_norm, "0 (off) or more", c.max_grad_norm >= 0.0)?;
        Ok(c)
    }

    fn core(&self) -> Options<'_> {
        Options {
            spinning_up: self.variant == Variant::SpinningUp,
            hidden: &self.hidden,
            activation: self.activation,
            gamma: self.gamma,
            tau: self.tau,
            alpha: self.alpha,
            autotune: self.autotune && self.variant == Variant::Twin,
            log_std: self.log_std(),
            max_grad_norm: self.max_grad_norm,
            reward_scale: self.reward_scale,
        }
    }

    /// Between which log standard deviations are, as in CleanRL and in Spinning Up 0.1.1.
    fn log_std(&self) -> (f32, f32) {
        match self.variant {
            Variant::Twin => (-5.0, 2.0),
            Variant::SpinningUp => (-20.0, 2.0),
        }
    }

    fn policy(&self, setup: &Setup) -> Result<Policy> {
        let learner = SoftActorCritic::new(setup, &self.core());
        Ok(policy_of(&setup.facts, &learner))
    }
}

fn policy_of(facts: &Arc<Facts>, learner: &SoftActorCritic) -> Policy {
    let head = Head::Policy(Distribution::Squashed(learner.squashed().clone()));
    Policy::new(facts.clone(), learner.policy().boxed_clone(), head, None)
}

struct Sac {
    config: Config,
    facts: Arc<Facts>,
    play: OffPolicy,
    learner: SoftActorCritic,
    noise: Noise,
    /// Updates that are due; under spinning_up by the end of the last episodes.
    due: u64,
    outputs: Vec<f32>,
    units: Vec<u32>,
    executed: Vec<u32>,
    /// Sums of the loss over the updates since the last report.
    sums: LossSums,
}

impl Sac {
    fn new(config: Config, setup: &Setup) -> Result<Self> {
        let words = config.num_envs * setup.facts.action.words();
        // A run that is shorter than the replay does not fill it.
        let capacity = config.buffer_size.min(setup.steps.max(1) as usize).max(config.num_envs);
        Ok(Self {
            facts: setup.facts.clone(),
            play: OffPolicy::new(setup, config.num_envs, capacity, 0.0)?,
            learner: SoftActorCritic::new(setup, &config.core()),
            noise: Noise::new(setup.seed, "actions"),
            due: 0,
            outputs: Vec::new(),
            units: vec![0; words],
            executed: vec![0; words],
            sums: LossSums::default(),
            config,
        })
    }

    fn act(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<()> {
        let (space, words) = (&self.facts.observation, self.facts.action.words());
        let random = self.play.env_steps() < self.config.learning_starts;
        let (stepper, distribution) = (&self.play.stepper, Distribution::Squashed(self.learner.squashed().clone()));
        let rows = Rows::packed(stepper.observations(), space.flat_encoding(), space.flat_elements());
        self.outputs.resize(rows.len() * 2 * words, 0.0);
        if !random {
            self.learner.policy().predict(rows, &mut self.outputs);
        }
        for (i, outputs) in self.outputs.chunks_exact(2 * words).enumerate() {
            let mut noise = self.noise.at(stepper.steps(), i as u64);
            let (units, executed) = (&mut self.units[i * words..][..words], &mut self.executed[i * words..][..words]);
            distribution.sample(outputs, None, &mut noise, units);
            if random {
                units.iter_mut().for_each(|unit| *unit = (2.0 * noise.uniform() - 1.0).to_bits());
            }
            distribution.execute(units, executed);
        }
        let finished = log.episodes.len();
        self.play.step(&self.executed, &self.units, tasks, log)?;
        let frequency = self.config.train_frequency;
        match self.config.variant {
            Variant::Twin => self.due = self.play.env_steps().saturating_sub(self.config.learning_starts) / frequency,
            Variant::SpinningUp if self.play.env_steps() > self.config.learning_starts => {
                let lengths = log.episodes[finished..].iter().map(|e| u64::from(e.length).div_ceil(frequency));
                self.due += lengths.sum::<u64>();
            }
            Variant::SpinningUp => {}
        }
        Ok(())
    }

    fn update(&mut self) -> Result<()> {
        let (step, c) = (self.play.env_steps(), &self.config);
        let Config { batch_size, gamma, truncation, .. } = *c;
        self.play.draw(Draw { batch_size, n_step: 1, gamma, truncation, beta: 0.0 });
        let factor = c.schedule.at(step, self.play.total());
        let OffPolicy { replay, sample, updates, .. } = &mut self.play;
        let sums = &mut self.sums;
        let rate = c.q_learning_rate * factor;
        self.learner.learn_values(step, replay, sample, rate, *updates, sums)?;
        // As often as it would be without the delay, so that the ratio does not change.
        if (*updates + 1).is_multiple_of(c.policy_frequency) {
            let rates = (c.policy_learning_rate * factor, c.alpha_learning_rate * factor);
            for repeat in 0..c.policy_frequency {
                let place = *updates * c.policy_frequency + repeat;
                self.learner.learn_policy(step, replay, sample, rates, place, sums)?;
            }
        }
        self.learner.follow();
        *updates += 1;
        Ok(())
    }
}

impl Agent for Sac {
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        self.play.stepper.begin(tasks)?;
        self.act(tasks, log)?;
        Ok(tasks.map_or(Next::Learn, Tasks::next))
    }

    fn learn(&mut self) -> Result<()> {
        while self.play.updates < self.due {
            self.update()?;
        }
        Ok(())
    }

    fn report(&mut self, log: &mut Log) {
        let sums = std::mem::take(&mut self.sums);
        let mut mean = |name, sum: f64, n: f64| {
            if n > 0.0 {
                log.scalars.insert(name, sum / n);
            }
        };
        mean("loss/value", sums[0], sums[1]);
        mean("value/mean", sums[2], sums[1]);
        mean("loss/policy", sums[3], sums[5]);
        mean("policy/log_prob", sums[4], sums[5]);
        log.scalars.insert("policy/alpha", f64::from(self.learner.alpha()));
        log.scalars.insert("replay/transitions", self.play.replay.len() as f64);
    }

    fn is_iteration_over(&self, since: Clocks) -> bool {
        self.play.is_iteration_over(since, ITERATION)
    }

    fn clocks(&self) -> Clocks {
        self.play.clocks()
    }

    fn policy(&self, _: usize) -> Policy {
        policy_of(&self.facts, &self.learner)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("sac/counters", &[self.due]);
        self.learner.save(state);
        self.play.save(state)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [due] = state.counters("sac/counters")?;
        self.due = due;
        self.learner.load(state)?;
        self.play.load(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::parse_settings;

    #[test]
    fn spinning_up_updates_the_policy_each_time() {
        let facts = shadergym_envs::spec("Pendulum-v1").expect("shipped");
        let frequency = |settings: &[&str]| {
            let table = parse_settings(settings.iter().copied()).unwrap();
            (AGENT.resolve)(&table, facts).unwrap()["policy_frequency"].as_integer()
        };
        assert_eq!(frequency(&["variant=twin"]), Some(2));
        assert_eq!(frequency(&["variant=spinning_up"]), Some(1));
        assert_eq!(frequency(&["variant=spinning_up", "policy_frequency=3"]), Some(3));
    }
}
