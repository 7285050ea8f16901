//! Wrappers on scripted frames with numbers worked out by hand, and on a mock batch in every auto-reset mode.

use super::*;
use crate::backend::mock::{batch, facts};
use crate::batch::{Batch, BatchOptions};
use crate::elements::DType;

/// A vector environment of two instances, one agent, one element, that gives scripted frames.
struct Script {
    info: Info,
    frames: Vec<Scripted>,
    next: usize,
}

#[derive(Clone, Copy)]
struct Scripted {
    observations: [f32; 2],
    rewards: [f32; 2],
    ended: [bool; 2],
    finals: [f32; 2],
    rows: [Row; 2],
}

const NONE: [bool; 2] = [false; 2];
const STEP: [Row; 2] = [Row::Step; 2];

fn script(frames: &[Scripted]) -> Script {
    let bounds = |v| vec![v; 1];
    let info = Info {
        num_envs: 2,
        agents: 1,
        observation_space: Space::Box { low: bounds(1.0), high: bounds(9.0), shape: vec![1], dtype: DType::F32 },
        action_space: Space::Discrete { n: 2 },
        autoreset_mode: AutoresetMode::NextStep,
        max_episode_steps: 10,
    };
    Script { info, frames: frames.to_vec(), next: 0 }
}

impl VectorEnv for Script {
    fn info(&self) -> &Info {
        &self.info
    }

    fn reset(&mut self, _: Option<u64>) -> Result<Frame<'_>> {
        self.step(Actions::Discrete(&[]))
    }

    fn reset_masked(&mut self, _: &[bool], _: Option<u64>) -> Result<Frame<'_>> {
        self.step(Actions::Discrete(&[]))
    }

    fn step(&mut self, _: Actions<'_>) -> Result<Frame<'_>> {
        let frame = &self.frames[self.next];
        self.next += 1;
        Ok(Frame {
            observations: &frame.observations,
            action_masks: None,
            rewards: &frame.rewards,
            terminated: &frame.ended,
            truncated: &NONE,
            final_observations: &frame.finals,
            episode_returns: &[10.0, 20.0],
            episode_lengths: &[5, 7],
            rows: &frame.rows,
        })
    }
}

fn start(observations: [f32; 2]) -> Scripted {
    Scripted { observations, rewards: [0.0; 2], ended: NONE, finals: [0.0; 2], rows: [Row::Start; 2] }
}

fn step(observations: [f32; 2], rewards: [f32; 2]) -> Scripted {
    Scripted { observations, rewards, ended: NONE, finals: [0.0; 2], rows: STEP }
}

fn close(got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len());
    for (g, e) in got.iter().zip(expected) {
        assert!((g - e).abs() < 1e-5, "{got:?} should be {expected:?}");
    }
}

#[test]
fn observations_are_normalized_by_what_was_seen() {
    let masked = Scripted { rows: [Row::Idle, Row::Start], ..start([100.0, 6.0]) };
    let mut env = NormalizeObservation::new(script(&[start([2.0, 4.0]), step([4.0, 6.0], [0.0; 2]), masked, masked]));
    // mean 3, variance 1
    close(env.reset(None).unwrap().observations, &[-1.0, 1.0]);
    // 2 4 4 6: mean 4, variance 2
    close(env.step(Actions::Discrete(&[])).unwrap().observations, &[0.0, 2.0 / 2f32.sqrt()]);
    // 2 4 4 6 6: mean 4.4, variance 2.24; the row that nothing happened to stays
    close(env.reset_masked(&[], None).unwrap().observations, &[0.0, 1.6 / 2.24f32.sqrt()]);
    assert_eq!(env.moments().count(), 5.0);
    env.set_learning(false);
    env.set_moments(RunningMoments::from_parts(2.0, &[5.0], &[4.0]));
    close(&env.step(Actions::Discrete(&[])).unwrap().observations[1..], &[0.5]);
    assert_eq!(env.moments().count(), 2.0);
    assert_eq!(env.info().observation_space.to_string(), "Box(-inf..inf, [1], f32)");
}

#[test]
fn final_observations_are_normalized_too() {
    let end = Scripted {
        ended: [true, false],
        finals: [7.0, 9.0],
        rows: [Row::StepAndStart, Row::Step],
        ..step([4.0, 6.0], [0.0; 2])
    };
    let mut env = NormalizeObservation::new(script(&[start([2.0, 4.0]), end]));
    env.reset(None).unwrap();
    let frame = env.step(Actions::Discrete(&[])).unwrap();
    close(&frame.final_observations[..1], &[3.0 / 2f32.sqrt()]);
}

#[test]
fn rewards_are_scaled_by_the_spread_of_returns() {
    let end = Scripted { ended: [true, false], ..step([1.0; 2], [4.0, 0.0]) };
    let next = Scripted { rows: [Row::Start, Row::Step], ..step([1.0; 2], [99.0, 2.0]) };
    let frames = [start([1.0; 2]), step([1.0; 2], [1.0, 3.0]), end, next];
    let mut env = NormalizeReward::new(script(&frames), 0.5).unwrap();
    close(env.reset(None).unwrap().rewards, &[0.0, 0.0]);
    // returns 1, 3: mean 2, variance 1
    close(env.step(Actions::Discrete(&[])).unwrap().rewards, &[1.0, 3.0]);
    // returns 4.5, 1.5 join: mean 2.5, variance (2.25 + 0.25 + 4 + 1) / 4 = 1.875
    close(env.step(Actions::Discrete(&[])).unwrap().rewards, &[4.0 / 1.875f32.sqrt(), 0.0]);
    // the start has no reward; 0.75 + 2 = 2.75 joins: mean 2.55, variance (7.5 + 4 * 0.05^2 + 0.2^2) / 5 = 1.51
    close(env.step(Actions::Discrete(&[])).unwrap().rewards, &[0.0, 2.0 / 1.51f32.sqrt()]);
    assert_eq!(env.moments().count(), 5.0);
    assert!(NormalizeReward::new(script(&[]), 1.5).is_err());
}

#[test]
fn rewards_are_clipped() {
    let frames =
        [step([1.0; 2], [-3.0, 0.25]), Scripted { rows: [Row::Start, Row::Step], ..step([1.0; 2], [0.0, 9.0]) }];
    let mut env = ClipReward::new(script(&frames), 0.1, 1.0).unwrap();
    close(env.step(Actions::Discrete(&[])).unwrap().rewards, &[0.1, 0.25]);
    close(env.step(Actions::Discrete(&[])).unwrap().rewards, &[0.0, 1.0]);
    for (low, high) in [(1.0, 1.0), (f32::NAN, 1.0)] {
        let error = ClipReward::new(script(&[]), low, high).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("reward range") && error.contains(&low.to_string()), "{error}");
    }
}

#[test]
fn stacks_clear_at_starts_and_keep_the_end() {
    let end = Scripted {
        ended: [true, true],
        finals: [5.0, 8.0],
        rows: [Row::StepAndStart, Row::Step],
        ..step([3.0, 8.0], [0.0; 2])
    };
    let masked = Scripted { rows: [Row::Idle, Row::Start], ..start([9.0, 2.0]) };
    let frames = [start([1.0, 2.0]), step([2.0, 4.0], [0.0; 2]), end, masked];
    let mut env = FrameStack::new(script(&frames), 3).unwrap();
    assert_eq!(env.info().observation_space.to_string(), "Box(1..9, [3, 1], f32)");
    close(env.reset(None).unwrap().observations, &[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    close(env.step(Actions::Discrete(&[])).unwrap().observations, &[1.0, 1.0, 2.0, 2.0, 2.0, 4.0]);
    let frame = env.step(Actions::Discrete(&[])).unwrap();
    close(frame.observations, &[3.0, 3.0, 3.0, 2.0, 4.0, 8.0]);
    close(frame.final_observations, &[1.0, 2.0, 5.0, 2.0, 4.0, 8.0]);
    close(env.reset_masked(&[], None).unwrap().observations, &[3.0, 3.0, 3.0, 2.0, 2.0, 2.0]);

    let mut env = FrameStack::with_padding(script(&frames), 3, Padding::Zero).unwrap();
    close(env.reset(None).unwrap().observations, &[0.0, 0.0, 1.0, 0.0, 0.0, 2.0]);
    close(env.step(Actions::Discrete(&[])).unwrap().observations, &[0.0, 1.0, 2.0, 0.0, 2.0, 4.0]);
    close(&env.step(Actions::Discrete(&[])).unwrap().observations[..3], &[0.0, 0.0, 3.0]);
    assert_eq!(env.info().observation_space.bounds(0), (0.0, 9.0));
    assert!(FrameStack::new(script(&[]), 0).is_err());
}

#[test]
fn time_counts_steps_of_the_episode() {
    let end = Scripted {
        ended: [true, false],
        finals: [5.0, 0.0],
        rows: [Row::StepAndStart, Row::Step],
        ..step([3.0, 8.0], [0.0; 2])
    };
    let frames = [start([1.0, 2.0]), step([2.0, 4.0], [0.0; 2]), end, step([1.0, 1.0], [0.0; 2])];
    let mut env = TimeAware::fraction(script(&frames)).unwrap();
    close(env.reset(None).unwrap().observations, &[1.0, 0.0, 2.0, 0.0]);
    close(env.step(Actions::Discrete(&[])).unwrap().observations, &[2.0, 0.1, 4.0, 0.1]);
    let frame = env.step(Actions::Discrete(&[])).unwrap();
    close(frame.observations, &[3.0, 0.0, 8.0, 0.2]);
    close(&frame.final_observations[..2], &[5.0, 0.2]);
    close(env.step(Actions::Discrete(&[])).unwrap().observations, &[1.0, 0.1, 1.0, 0.3]);
    assert_eq!(TimeAware::new(script(&[])).info().observation_space.bounds(1), (0.0, 10.0));
    let mut endless = script(&[]);
    endless.info.max_episode_steps = 0;
    assert!(TimeAware::fraction(endless).is_err());
}

#[test]
fn statistics_keep_the_latest_episodes() {
    let end = Scripted { ended: [true, true], ..step([1.0; 2], [0.0; 2]) };
    let over = Scripted { rows: [Row::Start, Row::Step], ..end };
    let mut env = EpisodeStatistics::new(script(&[start([1.0; 2]), end, over]), 2).unwrap();
    env.reset(None).unwrap();
    assert_eq!((env.returns(), env.episodes(), env.transitions()), (None, 0, 0));
    env.step(Actions::Discrete(&[])).unwrap();
    assert_eq!(env.returns(), Some(Spread { mean: 15.0, min: 10.0, max: 20.0 }));
    assert_eq!(env.lengths(), Some(Spread { mean: 6.0, min: 5.0, max: 7.0 }));
    env.step(Actions::Discrete(&[])).unwrap();
    assert_eq!(env.latest().collect::<Vec<_>>(), [(20.0, 7), (20.0, 7)]);
    assert_eq!((env.episodes(), env.transitions()), (3, 3), "an old flag of a row that only started does not count");
    assert!(EpisodeStatistics::new(script(&[]), 0).is_err());
}

fn mock(mode: AutoresetMode) -> Batch {
    batch(&facts(|f| f.agents = 2), &BatchOptions::new(2).autoreset_mode(mode)).unwrap()
}

#[test]
fn a_batch_says_what_happened_to_each_row() {
    use Row::{Idle, Start, Step, StepAndStart};
    for (mode, expected) in [
        (AutoresetMode::NextStep, [Step, Step, Step, Start, Step]), // horizon 3
        (AutoresetMode::SameStep, [Step, Step, StepAndStart, Step, Step]),
    ] {
        let mut batch = mock(mode);
        assert_eq!(VectorEnv::reset(&mut batch, Some(1)).unwrap().rows, [Start; 2]);
        let rows = expected.map(|_| VectorEnv::step(&mut batch, Actions::Discrete(&[0; 4])).unwrap().rows[0]);
        assert_eq!(rows, expected, "{mode:?}");
    }
    let mut batch = mock(AutoresetMode::Disabled);
    VectorEnv::reset(&mut batch, Some(1)).unwrap();
    for _ in 0..3 {
        assert_eq!(VectorEnv::step(&mut batch, Actions::Discrete(&[0; 4])).unwrap().rows, [Step; 2]);
    }
    let frame = VectorEnv::reset_masked(&mut batch, &[true, false], None).unwrap();
    assert_eq!(frame.rows, [Start, Idle]);
    assert!(!frame.ended(1), "its flag is of an earlier call");
    assert!(VectorEnv::step(&mut batch, Actions::Discrete(&[0; 4])).is_err());
}

#[test]
fn wrappers_compose_over_boxes_and_agents() {
    let batch: Box<dyn VectorEnv> = Box::new(mock(AutoresetMode::SameStep));
    let stacked = FrameStack::new(TimeAware::new(ClipReward::new(batch, -1.0, 1.0).unwrap()), 2).unwrap();
    let mut env = EpisodeStatistics::new(stacked, 10).unwrap();
    assert_eq!(env.info().observation_space.shape(), [2, 3]);
    env.reset(Some(3)).unwrap();
    for _ in 0..3 {
        assert_eq!(env.step(Actions::Discrete(&[2, 1, 0, 2])).unwrap().rewards, [1.0, 1.0, 0.0, 1.0]);
    }
    // (x, count, time) of the second agent of the first instance, twice
    let frame = env.step(Actions::Discrete(&[0; 4])).unwrap();
    let row = &frame.observations[6..12];
    assert_eq!((row[1], row[2], row[4], row[5]), (0.0, 0.0, 1.0, 1.0));
    let row = &frame.final_observations[6..12];
    assert_eq!((row[1], row[2], row[4], row[5]), (2.0, 2.0, 3.0, 3.0));
    assert_eq!(env.latest().collect::<Vec<_>>(), [(4.5, 3), (3.0, 3)], "unclipped, mean over agents");
}

#[test]
fn packed_observations_arrive_as_floats() {
    let packed = facts(|f| {
        let part = &mut f.observation.parts[0];
        part.encoding = shadergym_compiler::Encoding::U8;
        part.shape = vec![8];
        part.low = vec![0.0; 8];
        part.high = vec![255.0; 8];
    });
    let mut batch = batch(&packed, &BatchOptions::new(1).autoreset_mode(AutoresetMode::SameStep)).unwrap();
    let bytes = |value: f32| value.to_bits().to_le_bytes().map(f32::from);
    let frame = VectorEnv::reset(&mut batch, Some(1)).unwrap();
    assert_eq!(frame.observations[4..], bytes(0.0));
    for t in 1..=3 {
        let frame = VectorEnv::step(&mut batch, Actions::Discrete(&[1])).unwrap();
        let counted = if t == 3 { frame.final_observations } else { frame.observations };
        assert_eq!(counted[4..], bytes(t as f32), "the count in bytes");
        assert!(t < 3 || frame.observations[4..] == bytes(0.0));
    }
    assert_eq!(batch.info().observation_space.to_string(), "Box(0..255, [8], f32)");
}
