//! Streams of a population that advance together on the lanes: each is bit by bit the run that it is alone, whatever becomes
//! of the others.

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::folder::folder;
use shadergym_agents::agent::{Agent, Log, Setup};
use shadergym_agents::algorithms::find;
use shadergym_agents::train::checkpoint::Checkpoint;
use shadergym_agents::train::{
    End, Interval, Out, Progress, RunOptions, parse_sweep, resume_population, train, train_population,
};
use shadergym_envs::Device;

/// Members of one team; more make a second one, fewer go alone.
const TEAM: u64 = 4;

fn options(agent: &str, env: &str, settings: &str, out: &Path) -> RunOptions {
    RunOptions {
        steps: Some(3_500),
        seed: Some(40),
        num_threads: Some(1),
        device: Some(Device::Cpu),
        checkpoint_interval: Some(Interval::Steps(1_000)),
        eval_episodes: Some(2),
        gif: Some(false),
        settings: settings.parse().unwrap(),
        out: Out::Folder(out.to_owned()),
        ..RunOptions::new(agent, env)
    }
}

fn quiet(_: &Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Everything that a run left which does not tell of seconds.
fn left(folder: &Path) -> (Vec<String>, Vec<String>) {
    let text = fs::read_to_string(folder.join("metrics.csv")).unwrap();
    let without = |line: &str| line.split(',').enumerate().filter(|(i, _)| *i != 1).map(|(_, cell)| cell).collect();
    let mut checkpoints: Vec<PathBuf> =
        fs::read_dir(folder.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path()).collect();
    checkpoints.sort();
    let states = checkpoints.iter().map(|path| {
        let checkpoint = Checkpoint::read(path).unwrap();
        format!("{} {:?} {:?} {:?}", checkpoint.meta.step, checkpoint.agent, checkpoint.trainer, checkpoint.policy)
    });
    (text.lines().map(without).collect(), states.collect())
}

fn same(member: &Path, alone: &Path, what: &str) {
    let (a, b) = (left(member), left(alone));
    assert!(!a.0.is_empty() && !a.1.is_empty(), "{what}");
    assert_eq!(a.0, b.0, "{what}");
    for (a, b) in a.1.iter().zip(&b.1) {
        assert!(a == b, "{what}: checkpoints differ: {}", differing(a, b));
    }
    assert_eq!(a.1.len(), b.1.len(), "{what}");
}

fn differing(a: &str, b: &str) -> String {
    let at = a.bytes().zip(b.bytes()).position(|(a, b)| a != b).unwrap_or(a.len().min(b.len()));
    let around = |text: &str| text.chars().skip(at.saturating_sub(60)).take(120).collect::<String>();
    format!("`{}` and `{}`", around(a), around(b))
}

/// What streams differ in: agents, kinds of actions, legal actions, kinds of observations, optimisers, options that cost
/// passes of their own.
const KINDS: [(&str, &str, &str); 7] = [
    ("stream_q", "CartPole-v1", ""),
    ("stream_q", "CartPole-v1", "overshoot = true\ntruncation = \"bootstrap\""),
    ("stream_q", "TicTacToe-v0", ""),
    ("stream_sarsa", "Acrobot-v1", "optimizer = \"adaptive_obgd\""),
    ("stream_ac", "CartPole-v1", "hidden = [16]"),
    ("stream_ac", "Pendulum-v1", "hidden = [20, 9]\nlayer_norm = false"),
    ("stream_q", "MountainCar-v0", "optimizer = \"sgd\"\nlearning_rate = 0.001\nnormalize_observations = false"),
];

/// The agents of so many seeds at their first step.
fn agents(agent: &str, env: &str, settings: &[&str]) -> Vec<Box<dyn Agent>> {
    let facts = Arc::new(shadergym_envs::spec(env).unwrap().clone());
    let make = |(seed, settings): (u64, &&str)| {
        let (env, facts, device) = (env.to_owned(), facts.clone(), Device::Cpu);
        let setup = Setup { env, facts, seed, steps: 3_500, device, num_threads: 1, tasks: None };
        (find(agent).unwrap().make)(&settings.parse().unwrap(), &setup).unwrap()
    };
    (40..).zip(settings).map(make).collect()
}

/// That members equal the runs alone would be no news if they were alone: these do go together, and what does not is given
/// back whole.
#[test]
fn streams_of_a_kind_go_together_and_no_others() {
    for (agent, env, settings) in KINDS {
        let all = agents(agent, env, &[settings; TEAM as usize]);
        let side = all[0].side_by_side().unwrap_or_else(|| panic!("{agent} {env} {settings} goes alone"));
        assert_eq!((side.most as u64, side.least), (TEAM, 2));
        let mut group = (side.join)(all).unwrap_or_else(|_| panic!("{agent} {env} {settings} does not go together"));
        let (mut logs, mut failures) = (vec![Log::default(); TEAM as usize], vec![None, None, None, None]);
        group.advance(&mut logs, &mut failures).unwrap();
        assert!(group.clocks().env_steps == 1_000 && failures.iter().all(Option::is_none));
        assert!(logs.iter().all(|log| log.scalars.contains_key("loss/td_error")));
    }
    for settings in [["hidden = [32]", ""], ["optimizer = \"adaptive_obgd\"", ""], ["overshoot = true", ""]] {
        let both = agents("stream_q", "CartPole-v1", &settings);
        let side = both[0].side_by_side().unwrap();
        assert_eq!((side.join)(both).err().map(|back| back.len()), Some(2), "{settings:?}");
    }
    let mut mixed = agents("stream_q", "CartPole-v1", &[""]);
    mixed.extend(agents("stream_sarsa", "CartPole-v1", &[""]));
    let side = mixed[0].side_by_side().unwrap();
    assert_eq!((side.join)(mixed).err().map(|back| back.len()), Some(2));
    assert!(
        agents("stream_q", "MinAtar/Breakout-v1", &["network = \"conv\"\nhidden = [128]"])[0].side_by_side().is_none()
    );
}

#[test]
fn members_of_a_team_are_the_runs_that_they_are_alone() {
    for (agent, env, settings) in KINDS {
        let place = folder("teams");
        // The last of them goes alone.
        let outcome =
            train_population(&options(agent, env, settings, &place.join("all")), 2 * TEAM + 1, &mut quiet).unwrap();
        assert_eq!(outcome.end, End::Steps);
        for index in [0, 1, 2, TEAM - 1, TEAM, TEAM + 4] {
            let seed = 40 + index;
            let alone = place.join(format!("alone-{seed}"));
            train(&RunOptions { seed: Some(seed), ..options(agent, env, settings, &alone) }, &mut quiet).unwrap();
            same(&place.join(format!("all/seed-{seed}")), &alone, &format!("{agent} {env} {settings}, seed {seed}"));
        }
    }
}

#[test]
fn a_team_goes_on_where_it_was_stopped() {
    let place = folder("teams");
    let of = |name: &str| options("stream_q", "CartPole-v1", "", &place.join(name));
    train_population(&of("whole"), 2 * TEAM + 1, &mut quiet).unwrap();
    let mut stop = |p: &Progress<'_>| if p.step > 10_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    assert_eq!(train_population(&of("parts"), 2 * TEAM + 1, &mut stop).unwrap().end, End::Interrupted);
    // Some are lost, one is at another step than the others: they go on alone or in another team.
    fs::remove_dir_all(place.join("parts/seed-43")).unwrap();
    let checkpoints = place.join("parts/seed-41/checkpoints");
    let newest = fs::read_dir(&checkpoints).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    fs::remove_file(newest).unwrap();
    let outcome = resume_population(&place.join("parts"), None, &mut quiet).unwrap();
    assert_eq!(outcome.end, End::Steps);
    for seed in 40..=40 + 2 * TEAM {
        let [a, b] = ["whole", "parts"].map(|name| place.join(format!("{name}/seed-{seed}")));
        assert_eq!(left(&a).0, left(&b).0, "seed {seed}");
        let [a, b] = [a, b].map(|folder| Checkpoint::read(&folder.join("policy.safetensors")).unwrap().policy);
        assert!(a == b, "seed {seed}");
    }
}

#[test]
fn a_sweep_goes_side_by_side_with_rules_of_its_own() {
    let place = folder("teams");
    let sweep = ["lambda=0,0.5,0.8,0.95", "kappa=1.5,2,4"].map(|text| parse_sweep(text).unwrap()).to_vec();
    let all = RunOptions { sweep, ..options("stream_q", "CartPole-v1", "", &place.join("all")) };
    assert_eq!(train_population(&all, 1, &mut quiet).unwrap().members.len(), 12);
    for (lambda, kappa) in [("0", "1.5"), ("0.8", "4"), ("0.95", "2")] {
        let alone = place.join(format!("alone-{lambda}-{kappa}"));
        let settings = format!("lambda = {lambda}\nkappa = {kappa}");
        train(&options("stream_q", "CartPole-v1", &settings, &alone), &mut quiet).unwrap();
        let member = fs::read_dir(place.join("all")).unwrap().map(|entry| entry.unwrap().path()).find(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let of = |option: &str, value: &str| {
                let text = name.split('_').find_map(|part| part.strip_prefix(&format!("{option}=")));
                text.is_some_and(|text| text.parse::<f64>().unwrap() == value.parse::<f64>().unwrap())
            };
            of("lambda", lambda) && of("kappa", kappa)
        });
        same(&member.unwrap().join("seed-40"), &alone, &settings);
    }
}

/// Episodes of ten steps; the reward of one step in two thousand is no number.
const FAULTY: &str = r#"//! Faulty-v0: now and then a reward that is no number.
//!
//! # Source
//! Written for this test.
//! # Reward
//! 1 for action 1; no number in one step of two thousand.
//! # Start
//! At 0.
//! # End
//! After ten steps.
//! # Version
//! v0: first version.
import package::shared::rng::{Rng, rng_range};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 0u;

struct Params {
    /// 1; steps of which one is faulty
    rarity: u32,
}
const DEFAULT_PARAMS: Params = Params(20000u);
const PARAMS_LOW: Params = Params(1u);
const PARAMS_HIGH: Params = Params(1000000u);

struct State {
    /// steps; so far
    steps: u32,
}

alias Action = u32;
/// 0 nothing, 1 a reward
const ACTION_COUNT: u32 = 2u;

alias Observation = f32;
/// Steps so far.
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(1u);
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 10.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(0u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).steps += 1u;
    let faulty = rng_range(rng, params.rarity) == 0u;
    let big = select(f32(action), 3e38 * f32((*state).steps + 9u), faulty);
    return Outcome(big, (*state).steps == 10u);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    return f32((*state).steps);
}
"#;

#[test]
fn a_member_that_fails_does_not_change_the_others() {
    let place = folder("teams");
    let file = place.join("faulty.wgsl");
    fs::write(&file, FAULTY).unwrap();
    let of = |name: &str| options("stream_q", file.to_str().unwrap(), "", &place.join(name));
    let outcome = train_population(&of("all"), 4 * TEAM, &mut quiet).unwrap();
    let failed: Vec<bool> = outcome.members.iter().map(|member| member.end == Some(End::Failed)).collect();
    assert!(failed.contains(&true) && failed.contains(&false), "{failed:?}");
    for (index, member) in outcome.members.iter().enumerate() {
        let alone = place.join(format!("alone-{index}"));
        let found = train(&RunOptions { seed: Some(member.seed), ..of(&format!("alone-{index}")) }, &mut quiet);
        match found {
            Ok(_) => same(&member.folder.clone().unwrap(), &alone, &format!("seed {}", member.seed)),
            Err(error) => assert_eq!(member.error.as_deref(), Some(&*error.to_string()), "seed {}", member.seed),
        }
        assert_eq!(failed[index], !alone.join("policy.safetensors").exists());
    }
}
