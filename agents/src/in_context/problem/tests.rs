//! Adapters against the environments themselves, and who is refused.

use std::fs;

use toml::Table as Settings;

use super::*;
use crate::in_context::baselines::{self, Optimal};
use crate::in_context::play::{Played, Player, play};
use crate::test_folder::folder;

fn source(env: &str, params: &[(&str, i64)]) -> Source {
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), toml::Value::Integer(*value))).collect();
    Source::new(env, &params, 1).unwrap()
}

/// What a baseline comes to in the first tasks.
fn played(source: &Source, name: &str, tasks: u64) -> Played {
    let problem = Problem::of(source).unwrap();
    let seeds: Vec<u64> = (0..tasks).collect();
    let noise = crate::common::noise::Noise::new(1, name);
    let table = baselines::Table { problem: &problem, source, seeds: &seeds, noise };
    let mut player = (baselines::find(name).unwrap().make)(&Settings::new(), table).unwrap();
    play(&problem, source, &seeds, player.as_mut(), &mut |_| Ok(())).unwrap()
}

#[test]
fn the_best_of_a_bandit_has_no_regret() {
    for env in ["in_context/GaussianBandit-v0", "in_context/BernoulliBandit2-v0", "in_context/LinearBandit-v0"] {
        assert_eq!(played(&source(env, &[]), "optimal", 64).totals(), vec![0.0; 64], "{env}");
    }
}

/// Rooms from their start: `horizon - distance + 1` with the goal elsewhere, by the rules that the file states.
#[test]
fn the_best_of_a_room_goes_straight() {
    for (env, params) in [
        ("in_context/DarkRoom-v0", &[][..]),
        ("in_context/DarkRoomPermuted-v0", &[]),
        ("in_context/DarkRoom9-v0", &[("attempts", 3)]),
        ("in_context/DarkRoom-v0", &[("permuted", 1)]),
    ] {
        let source = source(env, params);
        let Problem::Room(room) = Problem::of(&source).unwrap() else { panic!("{env} is a room") };
        let mut batch = source.batch(200).unwrap();
        batch.reset(0).unwrap();
        let (state, words) = (batch.get_state(..).unwrap(), source.facts().state.words);
        let horizon = source.param("horizon").unwrap();
        let found = played(&source, "optimal", 200);
        for (task, row) in state.chunks_exact(words).enumerate() {
            let far = row[room.place].abs_diff(row[room.goal]) + row[room.place + 1].abs_diff(row[room.goal + 1]);
            let expected = (horizon - f64::from(far.max(1)) + 1.0).max(0.0);
            assert!(found.task(task).iter().all(|r| *r == expected), "{env} {task}: {:?} {expected}", found.task(task));
        }
    }
}

#[test]
fn the_best_with_key_and_door_opens_it() {
    let found = played(&source("in_context/KeyToDoor-v0", &[("attempts", 2)]), "optimal", 100);
    assert_eq!((found.length, found.values.iter().all(|value| *value == 2.0)), (2, true));
}

#[test]
fn measured_tables_are_those_of_the_environment() {
    let source = source("in_context/TabularMdp-v0", &[]);
    let Problem::Table(table) = Problem::of(&source).unwrap() else { panic!("a table") };
    assert_eq!((table.states, table.actions), (10, 5));
    let mut batch = source.batch(2).unwrap();
    batch.reset(0).unwrap();
    let rows = batch.get_state(..).unwrap();
    let tables = table.measure(&source, &rows).unwrap();
    assert!(tables.transitions.chunks_exact(10).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
    // Of both tasks, from a long random play of the same process: mean rewards of pairs within five standard errors.
    let long = source.with_param("attempts", 100.0).unwrap().with_param("horizon", 100.0).unwrap();
    let (words, mut batch) = (source.facts().state.words, long.batch(2).unwrap());
    batch.reset(0).unwrap();
    let (mut sums, mut counts) = (vec![0.0f64; 100], vec![0.0f64; 100]);
    let mut noise = crate::common::noise::Noise::new(0, "test");
    for _ in 0..9_000 {
        let before = batch.get_state(..).unwrap();
        let actions = [noise.below(5), noise.below(5)];
        let rewards = batch.step(&actions).unwrap().rewards().to_vec();
        for (i, row) in before.chunks_exact(words).enumerate() {
            let pair = i * 50 + table.state(row) as usize * 5 + actions[i] as usize;
            sums[pair] += f64::from(rewards[i]);
            counts[pair] += 1.0;
        }
    }
    for pair in (0..100).filter(|pair| counts[*pair] > 20.0) {
        let error = (sums[pair] / counts[pair] - f64::from(tables.rewards[pair])).abs();
        assert!(error < 5.0 / counts[pair].sqrt(), "{pair}: {error} of {}", counts[pair]);
    }
}

#[test]
fn a_plan_looks_ahead() {
    // Two states; action 1 pays nothing now and leads where everything pays 1.
    let rewards = [0.4, 0.0, 1.0, 1.0];
    let transitions = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
    let best = plan(&rewards, &transitions, (2, 2), 3);
    assert_eq!([best[0], best[2], best[4]], [1, 1, 0], "with three, two and one steps left");
}

#[test]
fn features_span_the_means_of_other_tasks() {
    let source = source("in_context/LinearBandit-v0", &[]);
    let problem = Problem::of(&source).unwrap();
    let arms = problem.arms("test").unwrap();
    let features = arms.features(&source).unwrap();
    assert_eq!(features.dimensions, 2);
    let mut batch = source.batch(50).unwrap();
    batch.reset(9).unwrap();
    let state = batch.get_state(..).unwrap();
    let row = |k: usize| (features.values[2 * k], features.values[2 * k + 1]);
    for words in state.chunks_exact(source.facts().state.words) {
        let means: Vec<f64> = arms.means(words).map(f64::from).collect();
        // The vector from the first two arms predicts the others.
        let ((a, b), (c, d)) = (row(0), row(1));
        let determinant = a * d - b * c;
        let x = (d * means[0] - b * means[1]) / determinant;
        let y = (a * means[1] - c * means[0]) / determinant;
        for (k, mean) in means.iter().enumerate() {
            assert!((row(k).0 * x + row(k).1 * y - mean).abs() < 1e-4, "{k}");
        }
    }
    let plain = Source::new("in_context/GaussianBandit-v0", &Settings::new(), 1).unwrap();
    let error = Problem::of(&plain).unwrap().arms("x").unwrap().features(&plain).unwrap_err().to_string();
    assert!(error.contains("no linear bandit") && error.contains("thompson"), "{error}");
}

#[test]
fn others_are_refused_with_what_a_file_must_have() {
    for env in ["CartPole-v1", "Pendulum-v1", "in_context/MetaCartPole-v0"] {
        let Ok(source) = Source::new(env, &Settings::new(), 1) else { continue };
        let error = Problem::of(&source).unwrap_err().to_string();
        for part in [env, "means: array<f32, arms>", "goal: vec2<u32>", "task: u32"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    let source = source("in_context/DarkRoom-v0", &[]);
    let error = Problem::of(&source).unwrap().arms("ucb1").unwrap_err().to_string();
    assert!(error.contains("ucb1 plays bandits") && error.contains("psrl"), "{error}");
    assert!(Source::new("in_context/DarkRoom-v0", &"goal_z = 1".parse().unwrap(), 1).is_err());
}

const FILE: &str = "\
//! Coins-v0: three coins, one of which falls on heads more often.
//!
//! # Source
//! Made for a test.
//! # Reward
//! 1 for heads.
//! # Start
//! The means are drawn.
//! # End
//! After 20 steps.
//! # Version
//! v0: as it is.
import package::shared::rng::{Rng, rng_uniform};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 0u;

struct Params {
    /// steps; length
    horizon: u32,
}
const DEFAULT_PARAMS: Params = Params(20u);
const PARAMS_LOW: Params = Params(1u);
const PARAMS_HIGH: Params = Params(100u);

struct State {
    /// 1; chances of heads
    means: array<f32, 3>,
    /// steps; so far
    time: u32,
}

alias Action = u32;
/// the coin
const ACTION_COUNT: u32 = 3u;

alias Observation = array<f32, 1>;
/// Nothing
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(1u);
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 1.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(array<f32, 3>(rng_uniform(rng), rng_uniform(rng), rng_uniform(rng)), 0u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).time += 1u;
    let reward = select(0.0, 1.0, rng_uniform(rng) < (*state).means[min(action, 2u)]);
    return Outcome(reward, (*state).time >= params.horizon);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(0.0);
}
";

/// Regret comes from the means where the file has no such info.
#[test]
fn a_file_with_these_fields_is_played() {
    let folder = folder("coins");
    let path = folder.join("coins.wgsl");
    fs::write(&path, FILE).unwrap();
    let source = source(path.to_str().unwrap(), &[("horizon", 30)]);
    let (uniform, thompson, best) =
        (played(&source, "uniform", 100), played(&source, "bernoulli_thompson", 100), played(&source, "optimal", 100));
    let mean = |played: &Played| played.totals().iter().sum::<f64>() / 100.0;
    assert_eq!((best.length, mean(&best)), (30, 0.0));
    // Uniform play loses the most of three uniform means less their mean, 0.75 - 0.5, each step.
    assert!((mean(&uniform) - 7.5).abs() < 1.5, "{}", mean(&uniform));
    assert!(mean(&thompson) < 0.8 * mean(&uniform), "{}", mean(&thompson));
}

/// The shipped file read as a user's is the same environment to the last bit.
#[test]
fn a_shipped_file_is_played_as_it_is_shipped() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shaders/in_context/darkroom.wgsl");
    let (shipped, read) = (source("in_context/DarkRoom-v0", &[]), source(path, &[]));
    assert_eq!(played(&shipped, "ucb_vi", 20), played(&read, "ucb_vi", 20));
}

#[test]
fn threads_change_nothing() {
    let one = Source::new("in_context/TabularMdp-v0", &Settings::new(), 1).unwrap();
    let three = Source::new("in_context/TabularMdp-v0", &Settings::new(), 3).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    for name in ["psrl", "optimal"] {
        assert_eq!(played(&one, name, 20), pool.install(|| played(&three, name, 20)), "{name}");
    }
    let problem = Problem::of(&one).unwrap();
    let seeds = [5, 6];
    let noise = crate::common::noise::Noise::new(0, "test");
    let mut best = Optimal::new(baselines::Table { problem: &problem, source: &one, seeds: &seeds, noise }).unwrap();
    let mut actions = [9, 9];
    let now = crate::in_context::Now { step: 0, states: &[0, 0], times: &[0, 0], over: &[false; 2] };
    best.act(now, &mut actions).unwrap();
    assert!(actions.iter().all(|action| *action < 5));
}
