//! Training that stays on the GPU: rollouts and updates of PPO and PQN as compute kernels on the environment's own device
//! and queue; streams are one kernel with their environment (`stream/`). Per iteration the host writes the order of the minibatches and the options of each launch, submits
//! everything without waiting, and reads back one small block of statistics.
//!
//! Networks are perceptrons with the parameters of the CPU's; random numbers, the order of minibatches and the sums of
//! the loss are the CPU's too, so both learn the same up to rounding. On one device results repeat bit by bit: partial
//! gradients are added in a fixed order. What is not supported learns on the CPU with environments on the GPU.

mod device;
mod plan;
mod ppo;
mod pqn;
mod stream;
mod structs;
mod transfer;

use std::sync::Arc;

use shadergym_envs::gpu::select_adapter;
use shadergym_envs::{AutoresetMode, Batch, BatchOptions, Device, Facts, Snapshot};

use crate::agent::{Clocks, Episode, Log, Setup};
use crate::common::collector::{environment_seed, mask_words};
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::network::{LossSums, Network};
use crate::state::State;
use device::{Kernel, OnDevice};
use plan::{Learning, SUMS, Sizes, element_places, plan};
use structs::{Call, Plan};
use transfer::Piece;

pub(crate) use ppo::make as ppo;
pub(crate) use pqn::make as pqn;
pub(crate) use stream::make as stream;
pub use stream::streams;

/// Steps of a rollout that are submitted together, so that the device begins before all are encoded.
const STEPS_PER_SUBMISSION: usize = 64;
/// What may have more rounds of loops than a driver allows.
const LEARNING: &str = "an iteration of learning (its steps, or minibatches of this size with networks of this size)";
/// Words of the statistics before the episodes.
const HEADER: usize = 16;
/// As in optim.rs.
const BETAS: (f64, f64) = (0.9, 0.999);

/// Environments and learner on one device.
struct Resident {
    learning: Learning,
    network: Box<dyn Network>,
    env: Batch,
    device: OnDevice,
    plan: Plan,
    sizes: Sizes,
    actions: Noise,
    shuffles: Noise,
    /// Steps of the environments, of all instances at once.
    step: u64,
    /// Updates of the optimiser.
    updates: u64,
    submitted: Submitted,
    learned: Learned,
}

/// Of the iteration that is under way: what is known before its statistics are read.
#[derive(Default)]
struct Submitted {
    /// Counter of the shuffles after each pass.
    shuffles: Vec<u64>,
    /// Read-backs and their words before it.
    reads: (u64, u64),
    /// Launches when it began, and when the rollout was submitted.
    begun: u64,
    collected: u64,
}

/// What an iteration learned.
#[derive(Default)]
struct Learned {
    /// Words that were read.
    statistics: Vec<u32>,
    figures: [(&'static str, f64); 4],
    /// Means of the loss's sums over all rows of all updates.
    means: LossSums,
    grad_norm: f32,
    /// Mean value of the states, and share of the variance of the returns that they explain.
    value: f64,
    explained_variance: f64,
}

impl Resident {
    /// Environments, kernels and parameters in place; None where the options or the device are not for it.
    fn new(
        learning: Learning,
        network: impl FnOnce() -> Result<Box<dyn Network>>,
        setup: &Setup,
    ) -> Result<Option<Self>> {
        let facts: &Arc<Facts> = &setup.facts;
        let Device::Gpu(selector) = &setup.device else { return Ok(None) };
        // Legal actions are not known to the kernels, and tasks are proposed by the host between two steps.
        if mask_words(facts) > 0 || setup.tasks.is_some() {
            return Ok(None);
        }
        let network = network()?;
        let Some((mut plan, sizes)) = plan(&learning, facts, network.layout()) else { return Ok(None) };
        let adapter = select_adapter(selector.as_ref().map(ToString::to_string).as_deref())?;
        // The kernels bind eight storage buffers, and the recording and the environment are among them.
        if adapter.limits.max_storage_buffers_per_shader_stage < 8 {
            return Ok(None);
        }
        let most = adapter.limits.max_compute_workgroups_per_dimension;
        sizes.check(&adapter.name, adapter.max_buffer_bytes(), most)?;
        let options = BatchOptions::new(learning.num_envs).autoreset_mode(AutoresetMode::SameStep);
        let mut env = setup.make(options)?;
        env.reset(environment_seed(setup.seed))?;
        let Some(on_device) = env.on_device()? else { return Ok(None) };
        let (context, buffers) = (on_device.context().clone(), on_device.buffers());
        plan.bind(&buffers);
        let calls = learning.steps + 1 + sizes.updates;
        let device = OnDevice::new(context, &buffers, &plan, sizes, calls)?;
        device.write(&device.parameters, 0, bytemuck::cast_slice(network.parameters()))?;
        let places = element_places(&facts.observation);
        if !places.is_empty() {
            device.write(&device.record, plan.at_elements as usize, places.as_flattened())?;
        }
        let (actions, shuffles) = (Noise::new(setup.seed, "actions"), Noise::new(setup.seed, "minibatches"));
        Ok(Some(Self {
            learning,
            network,
            env,
            device,
            plan,
            sizes,
            actions,
            shuffles,
            step: 0,
            updates: 0,
            submitted: Submitted::default(),
            learned: Learned::default(),
        }))
    }

    /// Transitions of one rollout.
    fn transitions(&self) -> usize {
        self.learning.num_envs * self.learning.steps
    }

    /// The calls of a rollout and of all updates.
    fn calls(&self, learning_rate: f32, epsilon: f32) -> Vec<Call> {
        let words = |x: u64| [x as u32, (x >> 32) as u32];
        let (l, s) = (&self.learning, &self.sizes);
        let key = words(self.actions.key());
        let rollout = (0..=l.steps).map(|t| {
            let step = words(self.step + t as u64);
            Call { t: t as u32, step, key, epsilon, rows: s.minibatch as u32, ..Call::default() }
        });
        let updates = (0..s.updates).map(|k| {
            let t = (self.updates + k as u64 + 1) as f64;
            let (first, second) = (1.0 - BETAS.0.powf(t), 1.0 - BETAS.1.powf(t));
            // RAdam adds epsilon to the uncorrected root, as PyTorch does, so the correction goes into the rate.
            let (factor, unroot) = match (l.rectified, rectification(t, second)) {
                (false, _) => (Some(1.0), 1.0 / second.sqrt()),
                (true, factor) => (factor.map(|f| f * second.sqrt()), 1.0),
            };
            Call {
                update: k as u32,
                begin: (k * s.minibatch) as u32,
                rows: s.minibatch as u32,
                last_of_pass: u32::from((k + 1) % s.per_pass == 0),
                plain: u32::from(factor.is_none()),
                rate: (f64::from(learning_rate) / first * factor.unwrap_or(1.0)) as f32,
                unroot: unroot as f32,
                ..Call::default()
            }
        });
        rollout.chain(updates).collect()
    }

    /// The rows of all minibatches, and the counter of the shuffles after each pass.
    fn order(&mut self) -> (Vec<u32>, Vec<u64>) {
        let mut rows: Vec<u32> = (0..self.plan.rows * self.plan.steps).collect();
        let (mut order, mut counters) = (Vec::with_capacity(self.sizes.order), Vec::new());
        for _ in 0..self.learning.epochs {
            self.shuffles.shuffle(&mut rows);
            order.extend_from_slice(&rows[..self.sizes.per_pass * self.sizes.minibatch]);
            counters.push(self.shuffles.counter());
        }
        (order, counters)
    }

    /// Submits a rollout.
    fn collect(&mut self, rate: f32, epsilon: f32) -> Result<()> {
        let (order, shuffles) = self.order();
        let calls = self.calls(rate, epsilon);
        let (device, t_end) = (&self.device, self.learning.steps);
        let reads = device.reads();
        device.write(&device.order, 0, &order)?;
        device.write_calls(&calls)?;
        let mut header = [0; HEADER];
        header[1] = u32::MAX;
        device.write(&device.statistics, 0, &header)?;
        let Some(env) = self.env.on_device()? else { return Err(not_on_device()) };
        let begun = device.launches();
        for first in (0..t_end).step_by(STEPS_PER_SUBMISSION) {
            device.submit(|encoder| {
                for t in first..(first + STEPS_PER_SUBMISSION).min(t_end) {
                    device.encode(encoder, Kernel::Act, t);
                    env.encode_step(encoder)?;
                    device.count_launch();
                }
                Ok(())
            })?;
        }
        self.submitted = Submitted { shuffles, reads, begun, collected: device.launches() };
        Ok(())
    }

    /// Submits the returns of the rollout, all updates, and reads the statistics.
    fn learn(&mut self, agent: &str, steps: u64) -> Result<()> {
        let (device, sizes, t_end) = (&self.device, &self.sizes, self.learning.steps);
        let Submitted { shuffles, reads: reads_before, begun, collected } = std::mem::take(&mut self.submitted);
        device.submit(|encoder| {
            // Takes down the last step, and the values after it.
            device.encode(encoder, Kernel::Act, t_end);
            device.encode(encoder, Kernel::Returns, t_end);
            device.encode(encoder, Kernel::Moments, t_end);
            for k in 0..sizes.updates {
                for kernel in [Kernel::Gradient, Kernel::Reduce, Kernel::Adam] {
                    device.encode(encoder, kernel, t_end + 1 + k);
                }
            }
            Ok(())
        })?;
        let learned = device.launches();
        let pieces = [
            Piece { buffer: &device.statistics, at: 0, words: sizes.statistics },
            Piece { buffer: &device.record, at: self.plan.at_summary as usize, words: 8 * sizes.return_groups },
        ];
        let read = device.read(&pieces)?;
        let (statistics, summary) = (&read[0], &read[1]);
        if statistics[5] != 0 {
            let rounds = device.context.loop_rounds.map_or("some".to_owned(), |rounds| rounds.to_string());
            let (name, id) = (device.context.info.name.clone(), self.env.id().to_owned());
            return Err(shadergym_envs::Error::LoopsCut { device: name, rounds, what: LEARNING, id }.into());
        }
        let float = |word: usize| f32::from_bits(statistics[word]);
        let made = statistics[3] as usize;
        self.step += t_end as u64;
        self.updates += made as u64;
        if made < sizes.updates {
            // The passes ended early: the next iteration shuffles as if the others had never been meant.
            self.shuffles.set_counter(shuffles[made.div_ceil(sizes.per_pass).clamp(1, shuffles.len()) - 1]);
        }
        let mut sums = LossSums::default();
        sums.iter_mut().zip(0..SUMS).for_each(|(sum, k)| *sum = f64::from(float(8 + k)));
        if statistics[2] != 0 {
            let bad = sums.iter().find(|v| !v.is_finite()).map(|v| ("the loss", *v));
            let (what, value) = bad.unwrap_or(("the gradient's norm", f64::from(float(4))));
            return Err(Error::Diverged { agent: agent.to_owned(), step: steps, what: what.to_owned(), value });
        }
        let seen = (made * sizes.minibatch) as f64;
        let (value, explained_variance) = explained(summary);
        let reads = device.reads();
        let figures = [
            ("gpu/launches_per_step", (collected - begun) as f64 / t_end as f64),
            ("gpu/launches_per_update", (learned - collected) as f64 / sizes.updates as f64),
            ("gpu/read_backs", (reads.0 - reads_before.0) as f64),
            ("gpu/read_back_bytes", 4.0 * (reads.1 - reads_before.1) as f64),
        ];
        let (means, grad_norm) = (sums.map(|sum| sum / seen), float(4));
        let statistics = statistics.clone();
        self.learned = Learned { statistics, figures, means, grad_norm, value, explained_variance };
        Ok(())
    }

    /// Episodes and figures of the iteration.
    fn report(&mut self, log: &mut Log) -> Learned {
        let learned = std::mem::take(&mut self.learned);
        let lost = episodes(&learned.statistics, self.plan.info_words as usize, self.learning.num_envs as u32, log);
        log.scalars.insert("gpu/episodes_lost", lost as f64);
        log.scalars.extend(learned.figures);
        learned
    }

    fn clocks(&self) -> Clocks {
        let collections = self.step / self.learning.steps as u64;
        Clocks { env_steps: self.step * self.learning.num_envs as u64, collections, updates: self.updates }
    }

    /// The parameters as they are now.
    fn parameters(&self) -> Result<Vec<f32>> {
        let words = self.network.parameters().len();
        let read = self.device.read(&[Piece { buffer: &self.device.parameters, at: 0, words }])?;
        Ok(read[0].iter().map(|w| f32::from_bits(*w)).collect())
    }

    /// Where the newest observations lie on the device: buffer, first word, words.
    fn observations(&mut self) -> Result<(wgpu::Buffer, usize, usize)> {
        let Some(env) = self.env.on_device()? else { return Err(not_on_device()) };
        let buffers = env.buffers();
        let words = (self.plan.rows * self.plan.words) as usize;
        Ok((buffers.outputs, self.plan.env_observations as usize, words))
    }

    fn save(&mut self, state: &mut State, prefix: &str) -> Result<()> {
        let counters = [self.shuffles.counter(), self.step, self.updates];
        state.put_u64(format!("{prefix}/resident"), &counters);
        state.put_f32(format!("{prefix}/parameters"), &self.parameters()?);
        let moments = self.device.read(&[self.device.moments()])?;
        state.put_f32(format!("{prefix}/moments"), bytemuck::cast_slice(&moments[0]));
        // A snapshot knows the observations that the host saw last; those on the device are newer.
        let (outputs, at, words) = self.observations()?;
        let observations = self.device.read(&[Piece { buffer: &outputs, at, words }])?;
        state.put_u32(format!("{prefix}/observations"), &observations[0]);
        state.put_bytes(format!("{prefix}/environments"), &self.env.snapshot()?.to_bytes());
        Ok(())
    }

    fn load(&mut self, state: &State, prefix: &str) -> Result<()> {
        let [shuffles, step, updates] = state.counters(&format!("{prefix}/resident"))?;
        let mut moments = vec![0.0; 2 * self.network.parameters().len()];
        state.read_f32(&format!("{prefix}/moments"), &mut moments)?;
        state.read_f32(&format!("{prefix}/parameters"), self.network.parameters_mut())?;
        self.env.restore(&Snapshot::from_bytes(state.bytes(&format!("{prefix}/environments"))?)?)?;
        let (outputs, at, words) = self.observations()?;
        let observations = state.u32(&format!("{prefix}/observations"))?;
        if observations.len() != words {
            let reason = format!("`{prefix}/observations` has {} words, expected {words}", observations.len());
            return Err(Error::Checkpoint { path: "the state".to_owned(), reason });
        }
        let device = &self.device;
        device.write(&outputs, at, observations)?;
        device.write(&device.parameters, 0, bytemuck::cast_slice(self.network.parameters()))?;
        let place = device.moments();
        device.write(place.buffer, place.at, bytemuck::cast_slice(&moments))?;
        self.shuffles.set_counter(shuffles);
        (self.step, self.updates) = (step, updates);
        Ok(())
    }
}

fn not_on_device() -> Error {
    Error::Unsupported("the environments are not on the device any more".to_owned())
}

/// RAdam's factor at update t (Liu et al. 2020); None while the variance is not known well enough.
fn rectification(t: f64, correction: f64) -> Option<f64> {
    let most = 2.0 / (1.0 - BETAS.1) - 1.0;
    let now = most - 2.0 * t * (1.0 - correction) / correction;
    (now > 5.0).then(|| ((now - 4.0) * (now - 2.0) * most / ((most - 4.0) * (most - 2.0) * now)).sqrt())
}

/// Takes the finished episodes into the log, in the order of steps and instances, and returns how many had no room.
fn episodes(statistics: &[u32], info_words: usize, instances: u32, log: &mut Log) -> usize {
    let width = 3 + info_words;
    let room = (statistics.len() - HEADER) / width;
    let count = (statistics[0] as usize).min(room);
    let mut entries: Vec<&[u32]> = statistics[HEADER..HEADER + width * count].chunks_exact(width).collect();
    entries.sort_unstable();
    for entry in entries {
        let (instance, episode_return) = (entry[0] % instances, f32::from_bits(entry[2]));
        let episode = Episode { episode_return, length: entry[1], instance, ..Episode::default() };
        log.push(episode, bytemuck::cast_slice(&entry[3..]), &[]);
    }
    statistics[0] as usize - count
}

/// Mean value and explained variance from the moments of groups of rows.
fn explained(summary: &[u32]) -> (f64, f64) {
    let mut n = 0.0;
    let (mut mean, mut squares, mut values) = ([0.0; 2], [0.0; 2], 0.0);
    for group in summary.as_chunks::<8>().0 {
        let group = group.map(|w| f64::from(f32::from_bits(w)));
        let (m, total) = (group[0], n + group[0]);
        for (k, at) in [(0, 1), (1, 3)] {
            let d = group[at] - mean[k];
            mean[k] += d * m / total;
            squares[k] += group[at + 1] + d * d * n * m / total;
        }
        values += group[5];
        n = total;
    }
    (values / n, if squares[1] > 0.0 { 1.0 - squares[0] / squares[1] } else { f64::NAN })
}

/// A policy with the parameters as they are now.
///
/// # Panics
/// If the device is lost: a policy cannot be had then, and the next iteration would say so too.
fn copied(resident: &Resident, policy: impl FnOnce(&State) -> Result<crate::policy::Policy>) -> crate::policy::Policy {
    let mut state = State::default();
    resident
        .parameters()
        .and_then(|parameters| {
            state.put_f32("policy/parameters", &parameters);
            policy(&state)
        })
        .unwrap_or_else(|e| panic!("the policy cannot be read from the device: {e}"))
}
