//! Training that stays on the GPU against the CPU's, on software Vulkan or better, and in a browser, whose compiler of WGSL
//! is another.

#![allow(clippy::result_large_err, reason = "errors hold their texts' parts by value")]

#[path = "common/devices.rs"]
mod devices;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use devices::Test;
use libtest_mimic::Failed;
use shadergym_agents::agent::{Agent, Episode, Log, Setup, iterate};
use shadergym_agents::algorithms::find;
use shadergym_agents::options::parse_settings;
use shadergym_agents::state::{State, Values};
use shadergym_agents::{Error, Result};
use shadergym_envs::gpu::GpuContext;
use shadergym_envs::{ActionSpace, Device};

/// Largest relative difference (with an absolute part of the same size) between a figure of an iteration on the CPU and
/// on the device. One rounding is 6e-8; a sum over 64 rows and 64 inputs in another order differs by some 1e-6, elementary
/// functions by as much, and 64 updates or more carry that forth: 2e-5 at most is seen.
const TOLERANCE: f64 = 2e-4;
/// What counts rows differs by whole ones: one on the other side of the clipping range is 1e-3 of 1024.
const COUNTED: f64 = 2e-3;

const PPO: &str = "num_envs=8 num_steps=32 num_minibatches=4 update_epochs=4 learning_rate=1e-3";
const PQN: &str = "num_envs=8 num_steps=32 num_minibatches=4 update_epochs=4 learning_rate=5e-4 hidden=[64,64]";

fn main() -> ExitCode {
    devices::run(of_kernels, of_the_host)
}

/// Tests of what the kernels compute.
fn of_kernels() -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    for (agent, env, settings) in [
        ("ppo", "CartPole-v1", PPO.to_owned()),
        (
            "ppo",
            "CartPole-v1",
            format!("{PPO} objective=dpo clip_value=false normalize_advantage=false activation=relu"),
        ),
        (
            "ppo",
            "CartPole-v1",
            format!("{PPO} truncation=terminal optimizer=radam adam_epsilon=1e-8 num_minibatches=7 max_grad_norm=0"),
        ),
        ("ppo", "MinAtar/Breakout-v1", PPO.to_owned()),
        ("ppo", "Pendulum-v1", format!("{PPO} num_steps=64 num_minibatches=8")),
        ("pqn", "CartPole-v1", PQN.to_owned()),
        ("pqn", "CartPole-v1", format!("{PQN} layer_norm=false activation=tanh optimizer=adam reward_scale=0.1")),
        ("pqn", "MinAtar/Breakout-v1", PQN.to_owned()),
    ] {
        let name = format!("learns_as_on_the_cpu::{agent}::{env}::{settings}");
        tests.push((name, Box::new(move |device| alike(agent, env, &settings, device))));
    }
    // What no environment above has: several agents, several choices, observations of several parts.
    let mut kinds = std::collections::BTreeSet::new();
    for id in shadergym_envs::ids() {
        // The first of each combination.
        let of_new_kind = |f: &shadergym_envs::Facts| {
            let numbers = f.observation.parts.iter().any(|part| part.encoding == shadergym_envs::Encoding::Count);
            let choices = matches!(f.action, ActionSpace::MultiDiscrete { .. });
            let kind = [f.agents > 1, choices, f.observation.parts.len() > 1, numbers];
            kind.contains(&true) && kinds.insert(kind)
        };
        if shadergym_envs::spec(id).is_ok_and(of_new_kind) {
            let settings = format!("{PPO} num_steps=16 hidden=[32]");
            let name = format!("learns_as_on_the_cpu::ppo::{id}::{settings}");
            tests.push((name, Box::new(move |device| alike("ppo", id, &settings, device))));
        }
    }
    tests.push(("passes_end_early_as_on_the_cpu".to_owned(), Box::new(ends_early)));
    tests.push(("divergence_is_an_error".to_owned(), Box::new(diverges)));
    tests
}

/// Tests of what the host does with the kernels.
fn of_the_host() -> Vec<Test> {
    let mut tests: Vec<Test> = vec![
        ("other_options_learn_on_the_cpu".to_owned(), Box::new(falls_back)),
        ("too_large_is_refused_before_it_is_allocated".to_owned(), Box::new(too_large)),
        ("loops_that_the_driver_ends_are_an_error".to_owned(), Box::new(loops_cut)),
        ("ppo_learns_cartpole".to_owned(), Box::new(learns)),
    ];
    for (agent, settings) in [("ppo", PPO), ("pqn", PQN)] {
        tests.push((format!("goes_on_bitwise::{agent}"), Box::new(move |device| goes_on(agent, settings, device))));
        tests.push((format!("reads_statistics_only::{agent}"), Box::new(move |device| reads(agent, settings, device))));
    }
    tests
}

fn made(agent: &str, env: &str, settings: &str, device: &Device, steps: u64) -> Result<Box<dyn Agent>> {
    let facts = Arc::new(shadergym_envs::spec(env)?.clone());
    let setup =
        Setup { env: env.to_owned(), facts, seed: 3, steps, device: device.clone(), num_threads: 1, tasks: None };
    (find(agent)?.make)(&parse_settings(settings.split_whitespace())?, &setup)
}

type Figures = BTreeMap<&'static str, f64>;

/// Iterations until there were so many steps.
fn run(agent: &mut dyn Agent, steps: u64) -> Result<(Vec<Episode>, Vec<Figures>)> {
    let (mut episodes, mut figures) = (Vec::new(), Vec::new());
    while agent.step() < steps {
        let mut log = Log::default();
        iterate(agent, None, &mut log)?;
        episodes.append(&mut log.episodes);
        figures.push(log.scalars);
    }
    Ok((episodes, figures))
}

/// The same options and seed on both devices: the same episodes, and figures within [`TOLERANCE`], over 4 iterations of
/// 16 updates or more.
fn alike(agent: &str, env: &str, settings: &str, device: &Device) -> Result<(), Failed> {
    let mut cpu = made(agent, env, settings, &Device::Cpu, 100_000)?;
    let mut gpu = made(agent, env, settings, device, 100_000)?;
    let mut worst: BTreeMap<&str, f64> = BTreeMap::new();
    let steps = 4 * if env == "Pendulum-v1" { 512 } else { 256 };
    let (on_cpu, on_gpu) = (run(&mut *cpu, steps)?, run(&mut *gpu, steps)?);
    for (cpu, gpu) in on_cpu.1.iter().zip(&on_gpu.1) {
        for (name, a) in cpu {
            let b = gpu.get(name).ok_or_else(|| format!("the device does not report {name}"))?;
            let difference = if a.is_nan() && b.is_nan() { 0.0 } else { (a - b).abs() / (1.0 + a.abs()) };
            let seen = worst.entry(name).or_default();
            *seen = seen.max(difference);
        }
        let launches = gpu.get("gpu/launches_per_update").ok_or("it did not learn on the device")?;
        assert!(*launches <= 4.0, "{launches} launches per update");
    }
    let figures = on_gpu.1.last().ok_or("an iteration")?;
    println!(
        "{agent} {env}: {:.2} launches per update, {:.2} per step; differences {}",
        figures["gpu/launches_per_update"],
        figures["gpu/launches_per_step"],
        worst.iter().map(|(name, d)| format!("{name} {d:.1e}")).collect::<Vec<_>>().join(", ")
    );
    let allowed = |name: &str| if name == "policy/clip_fraction" { COUNTED } else { TOLERANCE };
    if let Some((name, difference)) = worst.iter().find(|(name, d)| d.is_nan() || **d > allowed(name)) {
        return Err(format!("{name} differs by {difference}: {:?} and {:?}", on_cpu.1, on_gpu.1).into());
    }
    assert_eq!(on_cpu.0.len(), on_gpu.0.len());
    for (a, b) in on_cpu.0.iter().zip(&on_gpu.0) {
        assert!(a.length == b.length && (a.episode_return - b.episode_return).abs() <= 1e-3 * a.episode_return.abs());
    }
    Ok(())
}

fn saved(agent: &mut dyn Agent) -> Result<State> {
    let mut state = State::default();
    agent.save(&mut state)?;
    Ok(state)
}

/// Fails with the name of the first array that differs.
fn same(a: &State, b: &State) -> Result<(), Failed> {
    for ((name, _, a), (_, _, b)) in a.arrays().zip(b.arrays()) {
        if a != b {
            let differ = match (a, b) {
                (Values::U8(a), Values::U8(b)) => (0..a.len()).filter(|&k| a[k] != b[k]).collect(),
                _ => Vec::new(),
            };
            return Err(format!("{name} differs, bytes {differ:?}").into());
        }
    }
    Ok(())
}

/// 2 iterations, a checkpoint into another agent, 2 more: the same bits as 4 iterations.
fn goes_on(agent: &str, settings: &str, device: &Device) -> Result<(), Failed> {
    for env in ["CartPole-v1", "MinAtar/Breakout-v1"] {
        let mut whole = made(agent, env, settings, device, 10_000)?;
        run(&mut *whole, 512)?;
        let state = saved(&mut *whole)?;
        let rest = run(&mut *whole, 1024)?;
        let mut resumed = made(agent, env, settings, device, 10_000)?;
        resumed.load(&state)?;
        assert_eq!(resumed.step(), 512);
        same(&saved(&mut *resumed)?, &state)?;
        let again = run(&mut *resumed, 1024)?;
        assert_eq!(again.0, rest.0);
        same(&saved(&mut *resumed)?, &saved(&mut *whole)?)?;
        let (mut a, mut b) = (State::default(), State::default());
        whole.policy(0).save(&mut a);
        resumed.policy(0).save(&mut b);
        assert_eq!(a, b);
    }
    Ok(())
}

/// One read-back per iteration, whatever its length: a header, an entry per episode, moments.
fn reads(agent: &str, settings: &str, device: &Device) -> Result<(), Failed> {
    let mut resident = made(agent, "MinAtar/Breakout-v1", settings, device, 10_000)?;
    let (_, figures) = run(&mut *resident, 1024)?;
    for figures in figures {
        assert_eq!(figures["gpu/read_backs"], 1.0);
        assert_eq!(figures["gpu/read_back_bytes"], 4.0 * (16.0 + 3.0 * 256.0 + 8.0));
    }
    Ok(())
}

/// A divergence that the first pass exceeds: as many updates as on the CPU, and the same shuffles afterwards.
fn ends_early(device: &Device) -> Result<(), Failed> {
    alike("ppo", "CartPole-v1", &format!("{PPO} target_kl=1e-4"), device)
}

fn falls_back(device: &Device) -> Result<(), Failed> {
    for (agent, settings) in [
        ("ppo", format!("{PPO} normalize_reward=true")),
        ("ppo", format!("{PPO} normalize_observation=true")),
        ("ppo", format!("{PPO} optimizer=sgd")),
        ("ppo", format!("{PPO} weight_decay=0.01")),
        ("pqn", format!("{PQN} optimizer=adamw")),
    ] {
        let mut other = made(agent, "CartPole-v1", &settings, device, 10_000)?;
        let (_, figures) = run(&mut *other, 256)?;
        assert!(!figures[0].contains_key("gpu/launches_per_update"), "{settings}");
    }
    Ok(())
}

fn too_large(device: &Device) -> Result<(), Failed> {
    let settings = "num_envs=1e6 num_steps=1e5 num_minibatches=4";
    match made("ppo", "CartPole-v1", settings, device, 1000) {
        Err(Error::TooLarge { needed, available, advice, .. }) => {
            assert!(needed > available && advice.contains("num_envs"), "{needed} {available} {advice}");
            Ok(())
        }
        Err(other) => Err(format!("another error: {other}").into()),
        Ok(_) => Err("a rollout of terabytes was made".into()),
    }
}

/// A network of 512 x 512 takes some 12,000 rounds of loops for each tile of rows, and a workgroup has nine of them.
fn loops_cut(device: &Device) -> Result<(), Failed> {
    let Device::Gpu(selector) = device else { return Err("only GPUs end loops".into()) };
    let limit = GpuContext::shared(selector.as_ref().map(ToString::to_string).as_deref())?.loop_rounds;
    let settings = "num_envs=64 num_steps=64 num_minibatches=1 update_epochs=1 hidden=[512,512]";
    let mut agent = made("ppo", "CartPole-v1", settings, device, 10_000)?;
    match (limit, run(&mut *agent, 4096)) {
        (Some(rounds), Err(Error::Envs(error))) if error.to_string().contains(&rounds.to_string()) => Ok(()),
        (None, Ok(_)) => Ok(()),
        (limit, Ok(_)) => Err(format!("it learned something, although the driver ends loops after {limit:?}").into()),
        (_, Err(other)) => Err(format!("another error: {other}").into()),
    }
}

fn diverges(device: &Device) -> Result<(), Failed> {
    let mut agent = made("pqn", "CartPole-v1", &format!("{PQN} reward_scale=1e38"), device, 10_000)?;
    match run(&mut *agent, 2048) {
        Err(Error::Diverged { agent, .. }) if agent == "pqn" => Ok(()),
        Err(other) => Err(format!("another error: {other}").into()),
        Ok(_) => Err("it learned from what is no number".into()),
    }
}

/// The threshold of Gymnasium's CartPole-v0 within a short run.
fn learns(device: &Device) -> Result<(), Failed> {
    let steps = 40_000;
    let settings = "num_envs=16 num_steps=64 num_minibatches=4 update_epochs=6 learning_rate=2.5e-3 gamma=0.98 \
                    gae_lambda=0.8 entropy_coef=0 clip_value=false";
    let mut agent = made("ppo", "CartPole-v1", settings, device, steps)?;
    let (episodes, _) = run(&mut *agent, steps)?;
    let newest = &episodes[episodes.len().saturating_sub(20)..];
    let mean = newest.iter().map(|e| e.episode_return).sum::<f32>() / newest.len() as f32;
    println!("mean return of the newest 20 episodes after {steps} steps: {mean}");
    assert!(mean >= 195.0, "{mean}");
    Ok(())
}
