//! Streams that learn on the GPU, environment and learner in one kernel, against those on the CPU and against each other; on
//! software Vulkan or better, and in a browser.

#![allow(clippy::result_large_err, reason = "errors hold their texts' parts by value")]

#[path = "common/devices.rs"]
mod devices;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/streams.rs"]
mod group;

use std::process::ExitCode;

use devices::Test;
use group::{Group, members, same, setup};
use libtest_mimic::Failed;
use shadergym_agents::agent::{Episode, Log, iterate};
use shadergym_agents::algorithms::find;
use shadergym_agents::options::parse_settings;
use shadergym_agents::state::State;
use shadergym_agents::{Error, streams};
use shadergym_envs::gpu::GpuContext;
use shadergym_envs::{ActionSpace, Device};

/// Largest relative difference (with an absolute part of the same size) between a number of a stream on the CPU and on the
/// device, after so few steps that both have chosen the same actions. Sums in another order and fused or unfused multiply-adds
/// differ by 1e-7 in a step; a layer that starts at zeros divides by the root of 1e-5, which makes 316 times that of it, and
/// every step goes on from the one before: 6e-5 at most is seen. Once rounding has made one of them choose another action they
/// part for good.
const TOLERANCE: f64 = 5e-4;
/// Without a first layer of zeros, whose normalisation is what magnifies rounding.
const KEPT: &str = "keep_one=true";

fn main() -> ExitCode {
    devices::run(of_kernels, of_the_host)
}

/// Tests of what the kernel computes.
fn of_kernels() -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    let q = "stream_q";
    for (agent, env, settings, steps) in [
        (q, "CartPole-v1", "", 100),
        (q, "CartPole-v1", KEPT, 200),
        (q, "CartPole-v1", "keep_one=true layer_norm=false learning_rate=0.5", 200),
        (q, "CartPole-v1", "keep_one=true normalize_observations=false scale_rewards=false", 200),
        (q, "CartPole-v1", "keep_one=true time_feature=false time_limit=12 truncation=bootstrap", 200),
        (q, "CartPole-v1", "keep_one=true optimizer=sgd learning_rate=1e-4 lambda=0.5", 200),
        (q, "CartPole-v1", "keep_one=true hidden=[] negative_slope=0", 200),
        (q, "CartPole-v1", "keep_one=true hidden=[100,20,48] negative_slope=0.2", 100),
        ("stream_sarsa", "CartPole-v1", KEPT, 200),
        (
            "stream_sarsa",
            "CartPole-v1",
            "keep_one=true time_limit=12 truncation=bootstrap exploration_fraction=0.5",
            200,
        ),
        (q, "Acrobot-v1", KEPT, 100),
        (q, "MinAtar/Breakout-v1", "hidden=[64,32]", 100),
        ("stream_sarsa", "MinAtar/Breakout-v1", "hidden=[128,128] exploration_fraction=0.3", 60),
        // Observations of several parts.
        (q, "Maze-v0", "hidden=[32]", 60),
    ] {
        let name = format!("learns_as_on_the_cpu::{agent}::{env}::{settings}");
        tests.push((name, Box::new(move |device| alike(agent, env, settings, steps, device))));
    }
    tests.push(("each_is_what_it_is_alone".to_owned(), Box::new(alone)));
    tests.push(("goes_on_bitwise".to_owned(), Box::new(goes_on)));
    tests.push(("what_is_not_finite_ends_its_member_alone".to_owned(), Box::new(fails_alone)));
    tests
}

/// Tests of what the host does with it.
fn of_the_host() -> Vec<Test> {
    let mut tests: Vec<Test> = vec![
        ("seventy_learn".to_owned(), Box::new(learn)),
        ("ten_times_as_many".to_owned(), Box::new(many)),
        ("convolutions_as_on_the_cpu".to_owned(), Box::new(convolutions)),
        ("others_learn_on_the_cpu".to_owned(), Box::new(refused)),
        ("loops_that_the_driver_ends_are_an_error".to_owned(), Box::new(loops_cut)),
    ];
    for id in shadergym_envs::ids() {
        let taken = |f: &shadergym_envs::Facts| {
            let of_file = f.variant_of.is_none();
            of_file && f.agents == 1 && !f.action_mask && matches!(f.action, ActionSpace::Discrete { .. })
        };
        if shadergym_envs::spec(id).is_ok_and(taken) {
            let name = format!("all_environments::{id}");
            tests.push((name, Box::new(move |device| alike_or_in_memory(id, device))));
        }
    }
    tests
}

/// An environment learns as on the CPU, or is refused because its kernel is one that keeps large values in memory, whose
/// functions a learner cannot call.
fn alike_or_in_memory(id: &str, device: &Device) -> Result<(), Failed> {
    let environment = shadergym_shaders::environments().iter().find(|e| e.id == id).ok_or("not in the registry")?;
    if environment.compiled().kernel_source.contains("\nalias KernelActions") {
        return alike("stream_q", id, "hidden=[16] keep_one=true", 40, device);
    }
    let refused = streams("stream_q", &members("stream_q", id, &[("", 0)], 40, device)?)?.err();
    assert!(refused.as_ref().is_some_and(|reason| reason.contains("large values in memory")), "{refused:?}");
    Ok(())
}

/// The same settings and seed on both devices: the same episodes, and everything that is learned within [`TOLERANCE`].
fn alike(agent: &'static str, env: &str, settings: &str, steps: u64, device: &Device) -> Result<(), Failed> {
    let mut group = Group::new(agent, env, &[(settings, 3)], steps, device)?;
    group.run(steps)?;
    let table = parse_settings(settings.split_whitespace())?;
    let mut cpu = (find(agent)?.make)(&table, &setup(env, 3, steps, &Device::Cpu)?)?;
    let mut log = Log::default();
    while cpu.step() < steps {
        iterate(&mut *cpu, None, &mut log)?;
    }
    let mut expected = State::default();
    cpu.save(&mut expected)?;
    let found = group.saved(0)?;
    let mut worst = Vec::new();
    let names = ["q/parameters", "q/traces", "input", "observations", "rewards", "rewards_trace"];
    for name in names.map(|name| format!("{agent}/{name}")) {
        let floats = |state: &State| match state.f32(&name) {
            Ok(values) => Some(values.iter().copied().map(f64::from).collect::<Vec<f64>>()),
            Err(_) => state.f64(&name).ok().map(<[f64]>::to_vec),
        };
        let Some(of_cpu) = floats(&expected) else { continue };
        let of_gpu = floats(&found).ok_or_else(|| format!("the device has no {name}"))?;
        assert_eq!(of_cpu.len(), of_gpu.len(), "{name}");
        let differences = of_cpu.iter().zip(&of_gpu).map(|(a, b)| (a - b).abs() / (1.0 + a.abs()));
        worst.push((name, differences.fold(0.0, |worst: f64, d| if d.is_nan() { f64::NAN } else { worst.max(d) })));
    }
    let shown: Vec<String> = worst.iter().map(|(name, d)| format!("{name} {d:.1e}")).collect();
    println!("{agent} {env} {settings}: {}", shown.join(", "));
    if let Some((name, difference)) = worst.iter().find(|(_, d)| d.is_nan() || *d > TOLERANCE) {
        return Err(format!("{name} differs by {difference}").into());
    }
    for name in ["counters", "q/steps"].map(|name| format!("{agent}/{name}")) {
        assert_eq!(found.u64(&name)?, expected.u64(&name)?, "{name}");
    }
    let episodes = |log: &Log| log.episodes.iter().map(|e| (e.length, e.episode_return.round())).collect::<Vec<_>>();
    assert_eq!(episodes(&group.logs[0]), episodes(&log));
    for name in ["loss/td_error", "loss/value", "value/mean", "policy/epsilon"] {
        let (a, b) = (log.scalars[name], group.logs[0].scalars[name]);
        assert!((a - b).abs() <= TOLERANCE * (1.0 + a.abs()), "{name}: {a} and {b}");
    }
    let mut of_cpu = State::default();
    cpu.policy(0).save(&mut of_cpu);
    let shapes =
        |state: &State| state.arrays().map(|(name, shape, _)| (name.to_owned(), shape.to_vec())).collect::<Vec<_>>();
    assert_eq!(shapes(&group.policy(0)), shapes(&of_cpu));
    Ok(())
}

/// Different seeds and numbers, and each what it comes to alone, bit by bit: episodes, figures, parameters.
fn alone(device: &Device) -> Result<(), Failed> {
    let each = [
        ("", 3),
        ("", 4),
        ("lambda=0.5 kappa=3 gamma=0.95", 3),
        ("optimizer=sgd learning_rate=1e-4 final_epsilon=0.3 exploration_fraction=0.5", 5),
        ("truncation=bootstrap time_limit=20 negative_slope=0.1 sparsity=0.5", 6),
    ];
    for (env, agent, more, steps) in [
        ("CartPole-v1", "stream_q", "", 1500),
        ("MinAtar/Breakout-v1", "stream_sarsa", " hidden=[48,20] time_feature=false", 300),
    ] {
        let each: Vec<(String, u64)> =
            each.iter().map(|(settings, seed)| (format!("{settings}{more}"), *seed)).collect();
        let each: Vec<(&str, u64)> = each.iter().map(|(settings, seed)| (settings.as_str(), *seed)).collect();
        let mut group = Group::new(agent, env, &each, steps, device)?;
        group.run(steps)?;
        for (member, of_member) in each.iter().enumerate() {
            let mut single = Group::new(agent, env, &[*of_member], steps, device)?;
            single.run(steps)?;
            same(&group.saved(member)?, &single.saved(0)?).map_err(|e| format!("{of_member:?}: {e:?}"))?;
            same(&group.policy(member), &single.policy(0))?;
            assert!(group.failures[member].is_none());
            assert_eq!(group.logs[member].episodes, single.logs[0].episodes);
            assert_eq!(group.logs[member].scalars, single.logs[0].scalars);
        }
        assert!(group.logs.iter().all(|log| !log.episodes.is_empty()));
        assert!(same(&group.policy(0), &group.policy(2)).is_err(), "the numbers make no difference");
    }
    Ok(())
}

/// A checkpoint into another group in the middle: the same bits as without.
fn goes_on(device: &Device) -> Result<(), Failed> {
    for (agent, env, settings) in [
        ("stream_sarsa", "CartPole-v1", ["", "lambda=0.3"]),
        ("stream_q", "MinAtar/Breakout-v1", ["hidden=[32,32]", "hidden=[32,32] kappa=3"]),
    ] {
        let each = [(settings[0], 8), (settings[1], 9)];
        let mut whole = Group::new(agent, env, &each, 2000, device)?;
        whole.run(1000)?;
        let states = [whole.saved(0)?, whole.saved(1)?];
        whole.logs.iter_mut().for_each(Log::clear);
        whole.run(2000)?;
        let mut resumed = Group::new(agent, env, &each, 2000, device)?;
        for (member, state) in states.iter().enumerate() {
            resumed.abreast.load(member, state)?;
        }
        assert_eq!(resumed.step(), 1000);
        for (member, state) in states.iter().enumerate() {
            same(&resumed.saved(member)?, state)?;
        }
        resumed.run(2000)?;
        for member in 0..2 {
            assert_eq!(resumed.logs[member].episodes, whole.logs[member].episodes);
            same(&resumed.saved(member)?, &whole.saved(member)?)?;
            same(&resumed.policy(member), &whole.policy(member))?;
        }
        assert!(matches!(resumed.abreast.load(0, &State::default()), Err(Error::Checkpoint { .. })));
    }
    Ok(())
}

/// Half of its episodes overflow in their fifth step, in the reward or in the observation.
const OVERFLOWS: &str = include_str!("data/overflows.wgsl");

fn fails_alone(device: &Device) -> Result<(), Failed> {
    let folder = folder::folder("overflows");
    let path = folder.join("overflows.wgsl");
    std::fs::write(&path, OVERFLOWS)?;
    let env = path.to_string_lossy().into_owned();
    let sound: Vec<(&str, u64)> = (0..12).map(|seed| ("hidden=[16]", seed)).collect();
    let mut group = Group::new("stream_q", &env, &sound, 40, device)?;
    group.run(40)?;
    let mut whats = Vec::new();
    for (member, failure) in group.failures.iter().enumerate() {
        let mut single = Group::new("stream_q", &env, &sound[member..=member], 40, device)?;
        single.run(40)?;
        assert_eq!(format!("{failure:?}"), format!("{:?}", single.failures[0]), "member {member}");
        // The CPU says the same.
        let mut cpu = (find("stream_q")?.make)(
            &parse_settings(["hidden=[16]"])?,
            &setup(&env, sound[member].1, 40, &Device::Cpu)?,
        )?;
        let of_cpu = loop {
            match iterate(&mut *cpu, None, &mut Log::default()) {
                Err(error) => break Some(error),
                Ok(()) if cpu.step() >= 40 => break None,
                Ok(()) => {}
            }
        };
        assert_eq!(format!("{failure:?}"), format!("{of_cpu:?}"), "member {member}");
        match failure {
            Some(Error::Diverged { what, .. }) => whats.push(what.clone()),
            Some(other) => return Err(format!("another error: {other}").into()),
            None => assert!(!group.logs[member].scalars.is_empty()),
        }
    }
    assert!(whats.iter().any(|w| w == "the reward") && whats.iter().any(|w| w == "an observation"), "{whats:?}");
    assert!(whats.len() < sound.len(), "all failed");
    Ok(())
}

/// Mean return over the newest episodes of the members.
fn newest(logs: &[Log], episodes: usize) -> f32 {
    let each = logs.iter().flat_map(|log| log.episodes.iter().rev().take(episodes));
    let returns: Vec<f32> = each.map(|episode: &Episode| episode.episode_return).collect();
    returns.iter().sum::<f32>() / returns.len() as f32
}

/// Random play has a mean return of about 22, and the first greedy actions are worse. Software makes some thousand steps a
/// second, all members together, so there they are few.
fn learn(device: &Device) -> Result<(), Failed> {
    let Device::Gpu(selector) = device else { return Err("this is about GPUs".into()) };
    let software = GpuContext::shared(selector.as_ref().map(ToString::to_string).as_deref())?.info.is_software();
    let steps = if software { 3000 } else { 20_000 };
    let each: Vec<(&str, u64)> = (0..70).map(|k| ("hidden=[16] keep_one=true exploration_fraction=0.02", k)).collect();
    let mut group = Group::new("stream_q", "CartPole-v1", &each, steps, device)?;
    group.run(1000)?;
    let before = newest(&group.logs, usize::MAX);
    group.run(steps)?;
    let after = newest(&group.logs, 3);
    println!("mean return of 70 members: {before} in the first 1000 steps, {after} at {steps}");
    assert!(group.failures.iter().all(Option::is_none));
    assert!(after > 2.0 * before, "{before} {after}");
    Ok(())
}

/// Ten times as many, and some of them what they are alone.
fn many(device: &Device) -> Result<(), Failed> {
    let each: Vec<(&str, u64)> = (0..640).map(|seed| ("", seed)).collect();
    let mut group = Group::new("stream_q", "CartPole-v1", &each, 64, device)?;
    group.run(64)?;
    assert!(group.failures.iter().all(Option::is_none));
    for member in [0, 63, 64, 639] {
        let mut single = Group::new("stream_q", "CartPole-v1", &each[member..=member], 64, device)?;
        single.run(64)?;
        same(&group.saved(member)?, &single.saved(0)?)?;
    }
    Ok(())
}

/// MinAtar's network, where the memory of a workgroup holds its activations, which a browser's need not.
fn convolutions(device: &Device) -> Result<(), Failed> {
    let settings = "network=conv hidden=[128]";
    let members = members("stream_q", "MinAtar/Breakout-v1", &[(settings, 3)], 40, device)?;
    match streams("stream_q", &members)? {
        Ok(_) => alike("stream_q", "MinAtar/Breakout-v1", settings, 40, device),
        Err(reason) if reason.contains("memory of a workgroup") => Ok(()),
        Err(reason) => Err(reason.into()),
    }
}

fn refused(device: &Device) -> Result<(), Failed> {
    for (agent, env, each, reason) in [
        ("stream_q", "CartPole-v1", ["optimizer=adaptive_obgd", ""], "optimiser"),
        ("stream_q", "CartPole-v1", ["overshoot=true", ""], "overshoot"),
        ("stream_q", "MinAtar/Breakout-v1", ["network=conv", ""], "differ"),
        ("stream_q", "CartPole-v1", ["hidden=[8]", "hidden=[9]"], "differ"),
        ("stream_q", "CartPole-v1", ["scale_rewards=false", ""], "differ"),
    ] {
        let members = members(agent, env, &[(each[0], 0), (each[1], 1)], 100, device)?;
        match streams(agent, &members)? {
            Err(found) if found.contains(reason) => {}
            Err(found) => return Err(format!("{each:?}: {found}").into()),
            Ok(_) => return Err(format!("{each:?} was not refused").into()),
        }
    }
    let on_cpu = members("stream_q", "CartPole-v1", &[("", 0)], 100, &Device::Cpu)?;
    assert!(streams("stream_q", &on_cpu)?.err().is_some_and(|reason| reason.contains("GPU")));
    Ok(())
}

/// Steps of an environment that take more rounds of loops than the driver lets an invocation make.
fn loops_cut(device: &Device) -> Result<(), Failed> {
    let Device::Gpu(selector) = device else { return Err("only GPUs end loops".into()) };
    let limit = GpuContext::shared(selector.as_ref().map(ToString::to_string).as_deref())?.loop_rounds;
    let folder = folder::folder("rounds");
    let path = folder.join("rounds.wgsl");
    std::fs::write(&path, include_str!("data/rounds.wgsl"))?;
    let mut group = Group::new("stream_q", &path.to_string_lossy(), &[("hidden=[16]", 0)], 100, device)?;
    match (limit, group.run(100)) {
        (None, Ok(())) => Ok(()),
        (Some(rounds), Err(error)) if error.message().is_some_and(|m| m.contains(&rounds.to_string())) => Ok(()),
        (limit, other) => Err(format!("the driver ends loops after {limit:?} rounds, and it said {other:?}").into()),
    }
}
