//! One configuration: made, warmed up, then measured in repeats.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use shadergym_envs::{Actions, Batch, BatchOptions, Device, Error, Level, RolloutStats, SampleRng, Space};

use super::{Protocol, STEPS_PER_CALL};
use crate::cli::target::Target;

/// Elements of the actions drawn at a time at most: 4 MiB, so that they are as warm as those of a policy would be.
const DRAWN_ACTIONS: usize = 1 << 20;
/// Steps of a trial call, from which the time of a real one is estimated.
const TRIAL_STEPS: usize = 8;
/// Warming up takes at least this long; it also spreads the instances over their episodes.
const WARM_UP: Duration = Duration::from_millis(60);
/// A call of protocol S takes at most this long unless K was asked for.
const LONGEST_CALL: f64 = 0.5;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Setup {
    pub device: Device,
    /// None for a GPU.
    pub level: Option<Level>,
    pub threads: Option<usize>,
    pub protocol: Protocol,
    pub num_envs: usize,
    /// None: chosen by trial.
    pub steps_per_call: Option<usize>,
}

/// One repeat.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub transitions: u64,
    pub calls: u64,
    pub seconds: f64,
}

/// A batch under measurement.
pub struct Runner {
    pub setup: Setup,
    pub batch: Batch,
    pub steps_per_call: usize,
    pub bytes_per_instance: usize,
    /// Making the batch, without the pipelines.
    pub make_seconds: f64,
    /// Making the GPU pipelines that this batch needed and that did not exist in this process yet.
    pub pipeline_seconds: Option<f64>,
    /// From the first reset to the first repeat, without the pipelines.
    pub warm_up_seconds: f64,
    pub samples: Vec<Sample>,
    /// Sums over all rollouts of protocol S, those of the warm-up included.
    pub stats: RolloutStats,
    seconds_per_call: f64,
    rng: SampleRng,
    drawn: Drawn,
    /// Instances that ended in the newest step: their next one only starts an episode.
    ended: u64,
}

impl Runner {
    /// Makes and warms up.
    pub fn new(target: &Target, setup: &Setup, per_repeat: f64, known: &mut Pipelines) -> Result<Self, Error> {
        let mut options = BatchOptions::new(setup.num_envs).device(setup.device.clone());
        if let Some(level) = setup.level {
            options = options.level(level);
        }
        if let Some(threads) = setup.threads {
            options = options.num_threads(threads);
        }
        let before = known.seconds(target, setup);
        let begin = Instant::now();
        let mut batch = target.make(&options)?;
        let made = begin.elapsed().as_secs_f64();
        let first = pipelines(&mut batch);
        let begin = Instant::now();
        batch.reset(0)?;
        let drawn = Drawn::new(batch.single_action_space(), setup.num_envs * batch.agents());
        let bytes_per_instance = batch.bytes_per_instance()?;
        let mut runner = Self {
            setup: setup.clone(),
            steps_per_call: setup.steps_per_call.unwrap_or(STEPS_PER_CALL),
            bytes_per_instance,
            make_seconds: (made - first.map_or(0.0, |all| all - before)).max(0.0),
            pipeline_seconds: None,
            warm_up_seconds: 0.0,
            samples: Vec::new(),
            stats: RolloutStats::default(),
            seconds_per_call: 0.0,
            rng: SampleRng::new(0),
            drawn,
            ended: 0,
            batch,
        };
        runner.warm_up(per_repeat)?;
        if let (Some(first), Some(all)) = (first, pipelines(&mut runner.batch)) {
            runner.warm_up_seconds = (begin.elapsed().as_secs_f64() - (all - first)).max(0.0);
            runner.pipeline_seconds = Some(all - before);
            known.set(target, setup, all);
        } else {
            runner.warm_up_seconds = begin.elapsed().as_secs_f64();
        }
        Ok(runner)
    }

    /// Seconds of a call after warming up.
    pub fn seconds_per_call(&self) -> f64 {
        self.seconds_per_call
    }

    fn warm_up(&mut self, per_repeat: f64) -> Result<(), Error> {
        let begin = Instant::now();
        if self.setup.protocol == Protocol::S {
            // The first trial may make pipelines.
            let steps = TRIAL_STEPS.min(self.steps_per_call);
            self.batch.rollout(steps)?;
            let trial = Instant::now();
            self.batch.rollout(steps)?;
            let per_step = trial.elapsed().as_secs_f64() / steps as f64;
            if self.setup.steps_per_call.is_none() {
                let fit = (LONGEST_CALL.max(per_repeat) / per_step) as usize;
                while self.steps_per_call > TRIAL_STEPS && self.steps_per_call > fit {
                    self.steps_per_call /= 2;
                }
            }
        }
        loop {
            self.drawn.fill(&mut self.rng);
            let sample = self.calls()?;
            self.seconds_per_call = sample.seconds / sample.calls as f64;
            if begin.elapsed() >= WARM_UP {
                break;
            }
            // Longer stretches, but several to a repeat.
            let fit = (per_repeat / 4.0 / self.seconds_per_call) as usize;
            self.drawn.calls = fit.clamp(1, self.drawn.calls * 8).min(self.drawn.most_calls());
        }
        Ok(())
    }

    /// One repeat of about so many seconds of timed calls, one stretch at least.
    pub fn repeat(&mut self, seconds: f64) -> Result<(), Error> {
        let mut sum = Sample { transitions: 0, calls: 0, seconds: 0.0 };
        while sum.calls == 0 || sum.seconds < seconds {
            if self.setup.protocol == Protocol::C {
                self.drawn.fill(&mut self.rng);
            }
            let sample = self.calls()?;
            sum.transitions += sample.transitions;
            sum.calls += sample.calls;
            sum.seconds += sample.seconds;
        }
        self.samples.push(sum);
        Ok(())
    }

    /// A timed stretch: all drawn actions, or one rollout.
    fn calls(&mut self) -> Result<Sample, Error> {
        let begin = Instant::now();
        let (calls, transitions, stats) = match self.setup.protocol {
            Protocol::C => {
                let (calls, transitions) = self.step_through()?;
                (calls, transitions, None)
            }
            Protocol::S => {
                let stats = self.batch.rollout(self.steps_per_call)?;
                black_box(self.batch.observations().words());
                (1, stats.transitions, Some(stats))
            }
        };
        let sample = Sample { transitions, calls, seconds: begin.elapsed().as_secs_f64() };
        if let Some(stats) = stats {
            self.stats += &stats;
        }
        Ok(sample)
    }

    fn step_through(&mut self) -> Result<(u64, u64), Error> {
        let n = self.setup.num_envs as u64;
        let mut transitions = 0;
        let calls = self.drawn.calls;
        for call in 0..calls {
            let view = self.batch.step(self.drawn.actions(call))?;
            black_box((view.observations().words(), view.rewards()));
            transitions += n - self.ended;
            self.ended = count(view.terminated(), view.truncated());
        }
        Ok((calls as u64, transitions))
    }
}

/// Instances with either flag, in the way that compilers make vector code of.
fn count(terminated: &[bool], truncated: &[bool]) -> u64 {
    let chunks = terminated.chunks(255).zip(truncated.chunks(255));
    chunks.map(|(a, b)| u64::from(a.iter().zip(b).map(|(a, b)| u8::from(*a | *b)).sum::<u8>())).sum()
}

fn pipelines(batch: &mut Batch) -> Option<f64> {
    #[cfg(feature = "gpu")]
    return batch.pipeline_seconds();
    #[cfg(not(feature = "gpu"))]
    {
        let _ = batch;
        None
    }
}

/// Seconds that went into pipelines so far, by environment and device: they are shared by all batches of a process.
#[derive(Default)]
pub struct Pipelines(HashMap<(String, String), f64>);

impl Pipelines {
    fn key(target: &Target, setup: &Setup) -> (String, String) {
        (target.place(), setup.device.to_string())
    }

    fn seconds(&self, target: &Target, setup: &Setup) -> f64 {
        self.0.get(&Self::key(target, setup)).copied().unwrap_or(0.0)
    }

    fn set(&mut self, target: &Target, setup: &Setup, seconds: f64) {
        self.0.insert(Self::key(target, setup), seconds);
    }
}

/// Actions of several calls.
struct Drawn {
    space: Space,
    /// Elements of one call.
    row: usize,
    /// Calls of a timed stretch.
    calls: usize,
    integers: Vec<u32>,
    floats: Vec<f32>,
}

impl Drawn {
    /// For `rows` agents.
    fn new(space: &Space, rows: usize) -> Self {
        let row = rows * space.elements().max(1);
        let len = row * (DRAWN_ACTIONS / row).max(1);
        let floats = matches!(space, Space::Box { .. });
        let (integers, floats) = if floats { (Vec::new(), vec![0.0; len]) } else { (vec![0; len], Vec::new()) };
        Self { space: space.clone(), row, calls: 1, integers, floats }
    }

    fn most_calls(&self) -> usize {
        (self.integers.len() + self.floats.len()) / self.row
    }

    fn actions(&self, call: usize) -> Actions<'_> {
        let range = call * self.row..(call + 1) * self.row;
        if self.floats.is_empty() {
            Actions::Discrete(&self.integers[range])
        } else {
            Actions::Continuous(&self.floats[range])
        }
    }

    /// Draws the actions of the next stretch.
    fn fill(&mut self, rng: &mut SampleRng) {
        let per_agent = self.space.elements().max(1);
        let bounds: Vec<(f32, f32)> = (0..per_agent).map(|i| self.space.bounds(i)).collect();
        let len = self.calls * self.row;
        for row in self.integers.chunks_exact_mut(per_agent).take(len / per_agent) {
            for (value, (_, high)) in row.iter_mut().zip(&bounds) {
                *value = rng.below(*high as u32 + 1);
            }
        }
        for row in self.floats.chunks_exact_mut(per_agent).take(len / per_agent) {
            for (value, (low, high)) in row.iter_mut().zip(&bounds) {
                let unit = (rng.next_u64() >> 40) as f32 / (1u32 << 24) as f32;
                // Unbounded actions are rare; anything finite will do for them.
                let (low, high) = (low.max(-1e3), high.min(1e3));
                *value = low + (high - low) * unit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_counts() {
        for n in [0usize, 1, 254, 255, 256, 1000] {
            let a: Vec<bool> = (0..n).map(|i| i % 3 == 0).collect();
            let b: Vec<bool> = (0..n).map(|i| i % 5 == 0).collect();
            let expected = (0..n).filter(|i| i % 3 == 0 || i % 5 == 0).count() as u64;
            assert_eq!(count(&a, &b), expected);
        }
    }

    #[test]
    fn transitions_of_both_protocols_are_those_of_the_kernel() {
        let target = Target::Shipped(&shadergym_shaders::environments()[0]);
        for protocol in [Protocol::C, Protocol::S] {
            let setup = Setup {
                device: Device::Cpu,
                level: None,
                threads: Some(1),
                protocol,
                num_envs: 33,
                steps_per_call: Some(16),
            };
            let mut runner = Runner::new(&target, &setup, 1e-4, &mut Pipelines::default()).unwrap();
            runner.repeat(1e-4).unwrap();
            let sample = runner.samples[0];
            let steps = sample.calls * if protocol == Protocol::S { 16 } else { 1 } * 33;
            // A step that only starts an episode does not count.
            let share = sample.transitions as f64 / steps as f64;
            assert!((0.5..=1.0).contains(&share), "{protocol:?} {share}");
        }
    }
}
