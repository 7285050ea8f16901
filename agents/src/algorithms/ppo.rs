//! PPO: proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) with the details of CleanRL's
//! implementation, for discrete, multi-discrete, masked and continuous actions; agents of one environment share a policy.
//!
//! Deviations: running moments of observations and rewards change between rollouts, not within them; a truncated episode
//! bootstraps from the value of its last observation (`truncation = "terminal"` is what CleanRL does).

#[path = "ppo/config.rs"]
mod config;
#[cfg(test)]
#[path = "ppo/tests.rs"]
mod tests;

use std::ops::Range;
use std::sync::Arc;

pub use config::Config;
use shadergym_envs::Facts;

use super::Entry;
use crate::agent::{Agent, Clocks, Log, Next, Setup};
use crate::common::actor_critic::ActorCritic;
use crate::common::build;
use crate::common::collector::{Act, Collector, Rollout};
use crate::common::head::Head;
use crate::common::learner::Learner;
use crate::common::minibatches::Minibatches;
use crate::common::moments::Normalizers;
use crate::common::noise::Noise;
use crate::common::returns::backward;
use crate::error::Result;
use crate::network::{LossSums, Rows};
use crate::options::{Truncation, words};
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "ppo",
    about: "proximal policy optimisation, on-policy, any action space",
    options: Config::options,
    acts_in: |_| true,
    resolve: |table, facts| Ok(Config::checked(table, facts)?.to_table()),
    make: |table, setup| {
        let config = Config::checked(table, &setup.facts)?;
        #[cfg(feature = "gpu")]
        if let Some(agent) = crate::resident::ppo(&config, setup, || Ok(config.networks(setup)?.0))? {
            return Ok(agent);
        }
        Ok(Box::new(Ppo::new(config, setup)?))
    },
    policy: |table, setup| Config::checked(table, &setup.facts)?.policy(setup),
    online: None,
};

/// What the policy maximises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// PPO's clipped probability ratio.
    Clip,
    /// Discovered policy optimisation: the drift of Lu et al. 2022 (arXiv 2210.05639) in place of clipping.
    Dpo,
}
words!(Objective, "clip or dpo", { "clip" => Objective::Clip, "dpo" => Objective::Dpo });

/// Constants of DPO's drift (arXiv 2210.05639).
const DPO_ALPHA: f32 = 2.0;
const DPO_BETA: f32 = 0.6;

struct Ppo {
    config: Config,
    facts: Arc<Facts>,
    steps: u64,
    total: u64,
    collector: Collector,
    learner: Learner,
    head: ActorCritic,
    normalizers: Normalizers,
    minibatches: Minibatches,
    advantages: Vec<f32>,
    /// Of the newest updates: learning rate, and the means of the sums of the loss; None if nothing was learned.
    learning_rate: f32,
    means: Option<LossSums>,
}

impl Ppo {
    fn new(config: Config, setup: &Setup) -> Result<Self> {
        let (network, head) = config.networks(setup)?;
        let optimizer = build::optimizer(config.optimizer, config.adam_epsilon, config.weight_decay, network.layout());
        Ok(Self {
            facts: setup.facts.clone(),
            steps: 0,
            total: setup.steps,
            collector: Collector::new(setup, config.num_envs, config.num_steps)?,
            learner: Learner::new(network, optimizer, config.max_grad_norm),
            head: head.with_noise(Noise::new(setup.seed, "actions")),
            normalizers: config.normalizers(setup),
            minibatches: Minibatches::new(setup.seed),
            advantages: Vec::new(),
            learning_rate: 0.0,
            means: None,
            config,
        })
    }
}

impl Agent for Ppo {
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        let c = &self.config;
        if self.steps == 0 {
            // One rollout of random play, at most, so that the first policy sees normalised observations.
            self.steps = self.normalizers.warm_up(&mut self.collector, c.num_steps.min(128), tasks)?;
        }
        // The rate of this rollout is that of its first step, as in CleanRL.
        self.learning_rate = c.learning_rate * c.schedule.at(self.steps, self.total);
        let observations = self.normalizers.observations.as_ref();
        self.collector.collect(&*self.learner.network, &self.head, observations, tasks, log)?;
        self.steps += self.collector.transitions() as u64;
        Ok(tasks.map_or(Next::Learn, Tasks::next))
    }

    fn process(&mut self) {
        let c = &self.config;
        self.normalizers.scale_rewards(&mut self.collector);
        gae(&self.collector, c.gamma, c.gae_lambda, c.truncation, &mut self.advantages);
        self.normalizers.observe(&self.collector);
    }

    fn learn(&mut self) -> Result<()> {
        let (c, learning_rate) = (&self.config, self.learning_rate);
        let (rollout, space, learner) = (&self.collector.rollout, &self.facts.observation, &mut self.learner);
        let rows = Rows::packed(&rollout.observations, space.flat_encoding(), space.flat_elements());
        let terms = Terms { config: c, head: &self.head, rollout, advantages: &self.advantages };
        let update = |chosen: &[u32]| {
            learner.update(("ppo", self.steps), rows.select(chosen), &terms.loss(chosen), learning_rate)
        };
        let go_on = |last: &LossSums| c.target_kl == 0.0 || last[3] <= f64::from(c.target_kl);
        self.means = Some(self.minibatches.passes(c.update_epochs, rows.len(), c.num_minibatches, update, go_on)?);
        Ok(())
    }

    fn report(&mut self, log: &mut Log) {
        let names = ["loss/policy", "loss/value", "policy/entropy", "policy/approx_kl", "policy/clip_fraction"];
        log.scalars.extend(self.means.take().into_iter().flat_map(|means| names.into_iter().zip(means)));
        let values = &self.collector.rollout.values;
        log.scalars.insert("value/mean", values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64);
        log.scalars.insert("value/explained_variance", explained_variance(values, &self.advantages));
        log.scalars.insert("optimizer/learning_rate", f64::from(self.learning_rate));
        log.scalars.insert("optimizer/grad_norm", f64::from(self.learner.grad_norm()));
    }

    fn clocks(&self) -> Clocks {
        Clocks { env_steps: self.steps, collections: self.collector.rollouts(), updates: self.learner.updates() }
    }

    fn policy(&self, _: usize) -> Policy {
        let network = self.learner.network.boxed_clone();
        let head = Head::Policy(self.head.distribution.clone());
        Policy::new(self.facts.clone(), network, head, self.normalizers.observations.clone())
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("ppo/counters", &[self.steps]);
        self.minibatches.save(state);
        self.learner.save(state, "ppo");
        self.normalizers.save(state, "ppo");
        self.collector.save(state)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [steps] = state.counters("ppo/counters")?;
        self.steps = steps;
        self.minibatches.load(state)?;
        self.learner.load(state, "ppo")?;
        self.normalizers.load(state, "ppo")?;
        self.collector.load(state)
    }
}

/// Generalised advantage estimation (Schulman et al. 2016) over the newest rollout: fills `advantages` `[rows]`. The
/// return that the value learns is advantage + value.
fn gae(collector: &Collector, gamma: f32, gae_lambda: f32, truncation: Truncation, advantages: &mut Vec<f32>) {
    let rollout = &collector.rollout;
    advantages.resize(rollout.rewards.len(), 0.0);
    backward(collector, truncation, |row, next| {
        let delta = rollout.rewards[row] + gamma * next.value - rollout.values[row];
        advantages[row] = delta + gamma * gae_lambda * next.row.map_or(0.0, |next| advantages[next]);
    });
}

/// What the loss is made from.
struct Terms<'a> {
    config: &'a Config,
    head: &'a ActorCritic,
    rollout: &'a Rollout,
    /// `[rows]`.
    advantages: &'a [f32],
}

impl<'a> Terms<'a> {
    /// The loss of the chosen rows: clipped (or drifting) policy loss, value loss and entropy, averaged over them. Its
    /// sums are policy loss, value loss, entropy, approximate KL (Schulman's third estimator), rows out of the range.
    fn loss(&self, chosen: &'a [u32]) -> impl Fn(Range<usize>, &[f32], &mut [f32]) -> LossSums + Sync + 'a {
        let Self { config: c, head, rollout, advantages } = *self;
        let n = chosen.len() as f32;
        let (mean, deviation) = if c.normalize_advantage { moments(advantages, chosen) } else { (0.0, 1.0) };
        move |range, outputs, gradient| {
            let (width, at_value) = (outputs.len() / range.len(), head.policy_outputs());
            let mut sums = LossSums::default();
            let rows = outputs.chunks_exact(width).zip(gradient.chunks_exact_mut(width));
            for (&row, (outputs, gradient)) in chosen[range].iter().zip(rows) {
                let row = row as usize;
                let (action, mask) = head.recorded(rollout, row);
                let advantage = (advantages[row] - mean) / deviation;
                let (log_prob, entropy) = head.distribution.evaluate(outputs, action, mask, None);
                let log_ratio = log_prob - rollout.log_probs[row];
                let ratio = log_ratio.exp();
                let (policy_loss, of_log_prob) = match c.objective {
                    Objective::Clip => clipped(ratio, advantage, c.clip_coef),
                    Objective::Dpo => drifting(ratio, log_ratio, advantage),
                };
                let weights = (of_log_prob / n, -c.entropy_coef / n, &mut *gradient);
                head.distribution.evaluate(outputs, action, mask, Some(weights));
                let target = advantages[row] + rollout.values[row];
                let clip = c.clip_value.then_some((rollout.values[row], c.clip_coef));
                let (value_loss, of_value) = value_loss(head.value(outputs, None), target, clip);
                gradient[at_value] += c.value_coef * of_value / n;
                sums[0] += f64::from(policy_loss);
                sums[1] += f64::from(value_loss);
                sums[2] += f64::from(entropy);
                sums[3] += f64::from(ratio - 1.0 - log_ratio);
                sums[4] += f64::from(u8::from((ratio - 1.0).abs() > c.clip_coef));
            }
            sums
        }
    }
}

/// Mean and (sample) deviation of the advantages of the chosen rows.
fn moments(advantages: &[f32], chosen: &[u32]) -> (f32, f32) {
    let n = chosen.len() as f64;
    let of = |row: &u32| f64::from(advantages[*row as usize]);
    let mean = chosen.iter().map(of).sum::<f64>() / n;
    if chosen.len() < 2 {
        // One row has no spread; minus its own mean it would teach nothing.
        return (0.0, 1.0);
    }
    let squares = chosen.iter().map(|row| (of(row) - mean).powi(2)).sum::<f64>();
    (mean as f32, (squares / (n - 1.0).max(1.0)).sqrt() as f32 + 1e-8)
}

/// PPO's loss and its derivative with respect to the log-probability.
fn clipped(ratio: f32, advantage: f32, clip: f32) -> (f32, f32) {
    let (free, bound) = (-advantage * ratio, -advantage * ratio.clamp(1.0 - clip, 1.0 + clip));
    if free >= bound { (free, free) } else { (bound, 0.0) }
}

/// DPO's loss and its derivative with respect to the log-probability.
fn drifting(ratio: f32, log_ratio: f32, advantage: f32) -> (f32, f32) {
    let (u, scale) =
        if advantage >= 0.0 { ((ratio - 1.0) * advantage, DPO_ALPHA) } else { (log_ratio * advantage, DPO_BETA) };
    let tanh = (u / scale).tanh();
    let drift = (u - scale * tanh).max(0.0);
    let slope = if drift > 0.0 { tanh * tanh } else { 0.0 };
    // d u / d log ratio is A·ratio or A.
    let inner = if advantage >= 0.0 { advantage * ratio } else { advantage };
    (-(ratio * advantage - drift), -(ratio * advantage - slope * inner))
}

/// Half the squared error, the larger of plain and clipped (old value, range), and its derivative.
fn value_loss(value: f32, target: f32, clip: Option<(f32, f32)>) -> (f32, f32) {
    let plain = 0.5 * (value - target).powi(2);
    if let Some((old, range)) = clip {
        let bound = old + (value - old).clamp(-range, range);
        let clipped = 0.5 * (bound - target).powi(2);
        // Within the range both are the same but for rounding, and the gradient flows.
        if clipped > plain && (value - old).abs() > range {
            return (clipped, 0.0);
        }
    }
    (plain, value - target)
}

/// Share of the variance of the returns that the values explain: 1 is perfect, 0 no better than their mean.
fn explained_variance(values: &[f32], advantages: &[f32]) -> f64 {
    let variance = |numbers: &mut dyn Iterator<Item = f64>| {
        let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for x in numbers {
            n += 1.0;
            let d = x - mean;
            mean += d / n;
            squares += d * (x - mean);
        }
        squares / n
    };
    let rest = variance(&mut advantages.iter().map(|a| f64::from(*a)));
    let all = variance(&mut advantages.iter().zip(values).map(|(a, v)| f64::from(a + v)));
    if all > 0.0 { 1.0 - rest / all } else { f64::NAN }
}
