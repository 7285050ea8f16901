//! Environment steps per second of PPO and PQN that stay on the GPU, against the CPU learner, on this machine's devices:
//! `cargo run --release --example resident_speed -- [seconds per measurement] [num_envs,...]`.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use shadergym_agents::agent::{Agent, Log, Setup, iterate};
use shadergym_agents::algorithms::find;
use shadergym_agents::options::parse_settings;
use shadergym_envs::Device;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds: f64 = arguments.first().map_or(Ok(2.0), |a| a.parse())?;
    let batches = arguments.get(1).map_or("8,128,1024", String::as_str);
    let mut devices = vec![("cpu".to_owned(), Device::Cpu)];
    for adapter in shadergym_envs::gpu::adapters() {
        devices.push((adapter.name.clone(), format!("gpu:{}", adapter.index).parse()?));
    }
    println!(
        "| agent | environment | envs | device | steps/s | launches/step | launches/update | bytes read/iteration |"
    );
    println!("|---|---|---:|---|---:|---:|---:|---:|");
    for (agent, env) in [("ppo", "CartPole-v1"), ("ppo", "MinAtar/Breakout-v1"), ("pqn", "MinAtar/Breakout-v1")] {
        for num_envs in batches.split(',') {
            for (name, device) in &devices {
                let settings =
                    [format!("num_envs={num_envs}"), "num_steps=32".to_owned(), "num_minibatches=4".to_owned()];
                let facts = Arc::new(shadergym_envs::spec(env)?.clone());
                let (env, device) = (env.to_owned(), device.clone());
                let num_threads = std::thread::available_parallelism()?.get();
                let setup = Setup { env, facts, seed: 1, steps: 1 << 40, device, num_threads, tasks: None };
                let table = parse_settings(settings.iter().map(String::as_str))?;
                let learner = (find(agent)?.make)(&table, &setup)?;
                measure(agent, num_envs, name, &setup, learner, seconds)?;
            }
        }
    }
    Ok(())
}

/// One iteration to warm up, then as many as fit the time, and one line.
fn measure(
    agent: &str,
    num_envs: &str,
    device: &str,
    setup: &Setup,
    mut learner: Box<dyn Agent>,
    seconds: f64,
) -> Result<(), Box<dyn Error>> {
    iterate(&mut *learner, None, &mut Log::default())?;
    let (before, begin) = (learner.step(), Instant::now());
    let mut log = Log::default();
    while begin.elapsed().as_secs_f64() < seconds {
        log = Log::default();
        iterate(&mut *learner, None, &mut log)?;
    }
    let rate = (learner.step() - before) as f64 / begin.elapsed().as_secs_f64();
    let figure = |name: &str| log.scalars.get(name).map_or("-".to_owned(), |v| format!("{v:.2}"));
    println!(
        "| {agent} | {} | {num_envs} | {device} | {rate:.0} | {} | {} | {} |",
        setup.env,
        figure("gpu/launches_per_step"),
        figure("gpu/launches_per_update"),
        figure("gpu/read_back_bytes"),
    );
    Ok(())
}
