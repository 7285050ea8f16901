//! Environment steps per second of the environments alone, with the policy, and with PPO: what `benches/training.py`
//! compares with its peers.
//!
//! ```sh
//! cargo run --release -p shadergym-agents --example training_speed -- --env CartPole-v1
//! ```
//!
//! The environments play at random where they live; rollouts are those of PPO; training is PPO as it is. All three have
//! the instances and the steps per call of PPO's options, and take turns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use serde_json::json;
use shadergym_agents::agent::{Agent, Log, Setup, iterate};
use shadergym_agents::algorithms::{find, ppo};
use shadergym_agents::common::actor_critic::ActorCritic;
use shadergym_agents::common::build::Networks;
use shadergym_agents::common::collector::Collector;
use shadergym_agents::common::noise::Noise;
use shadergym_agents::network::Init;
use shadergym_agents::options::parse_settings;
use shadergym_agents::presets::{STEPS, preset};
use shadergym_envs::{AutoresetMode, BatchOptions, Device, spec};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
struct Args {
    /// Environment of the peers
    #[arg(long, default_value = "CartPole-v1")]
    env: Env,
    /// Which options of PPO: those of the peers, or those that a run without any has
    #[arg(long, default_value = "peers")]
    settings: Settings,
    /// Another option of PPO
    #[arg(long = "set", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
    /// Threads; default: all cores
    #[arg(long)]
    num_threads: Option<usize>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Length of a stretch
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Stretches
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// Accepted for symmetry with the peers: the output is always JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Env {
    #[value(name = "CartPole-v1")]
    CartPole,
    #[value(name = "Breakout")]
    Breakout,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Settings {
    Peers,
    Own,
}

impl Env {
    fn id(self) -> &'static str {
        match self {
            Self::CartPole => "CartPole-v1",
            Self::Breakout => "MinAtar/Breakout-v1",
        }
    }

    /// CleanRL's options for classic control, and PureJaxRL's for MinAtar.
    fn of_peers(self) -> &'static [&'static str] {
        match self {
            Self::CartPole => &["num_envs=4", "num_steps=128", "update_epochs=4", "num_minibatches=4"],
            Self::Breakout => &[
                "num_envs=64",
                "num_steps=128",
                "update_epochs=4",
                "num_minibatches=8",
                "learning_rate=5e-3",
                "activation=relu",
            ],
        }
    }
}

/// Makes some steps and says how many.
type Work = Box<dyn FnMut() -> Result<u64>>;

fn environment(setup: &Setup, config: &ppo::Config) -> Result<Work> {
    let options = BatchOptions::new(config.num_envs).autoreset_mode(AutoresetMode::SameStep);
    let mut batch = setup.make(options.num_threads(setup.num_threads))?;
    batch.reset(setup.seed)?;
    let steps = config.num_steps;
    Ok(Box::new(move || Ok(batch.rollout(steps)?.transitions)))
}

fn inference(setup: &Setup, config: &ppo::Config) -> Result<Work> {
    let head = ActorCritic::new(&setup.facts).with_noise(Noise::new(setup.seed, "actions"));
    let networks = Networks {
        kind: config.network,
        hidden: &config.hidden,
        activation: config.activation,
        layer_norm: false,
        init: Init::Orthogonal,
    };
    let network = networks.build(setup, &[("policy", head.policy_outputs(), 0.01), ("value", 1, 1.0)], None)?;
    let mut collector = Collector::new(setup, config.num_envs, config.num_steps)?;
    Ok(Box::new(move || {
        collector.collect(&*network, &head, None, None, &mut Log::default())?;
        Ok(collector.transitions() as u64)
    }))
}

fn training(mut agent: Box<dyn Agent>) -> Work {
    Box::new(move || {
        let before = agent.step();
        iterate(&mut *agent, None, &mut Log::default())?;
        Ok(agent.step() - before)
    })
}

/// Steps per second of about so many seconds, one call at least.
fn stretch(work: &mut Work, seconds: f64) -> Result<f64> {
    let (begin, length, mut steps) = (Instant::now(), Duration::from_secs_f64(seconds), 0);
    while steps == 0 || begin.elapsed() < length {
        steps += work()?;
    }
    Ok(steps as f64 / begin.elapsed().as_secs_f64())
}

fn main() -> Result<()> {
    let args = Args::parse();
    let facts = Arc::new(spec(args.env.id())?.clone());
    let mut options = match args.settings {
        Settings::Peers => parse_settings(args.env.of_peers().iter().copied())?,
        Settings::Own => preset("ppo", &facts, None)?,
    };
    options.remove(STEPS);
    options.extend(parse_settings(args.set.iter().map(String::as_str))?);
    let config = ppo::Config::from_table("ppo", &options)?;
    let all = std::thread::available_parallelism().map_or(1, |n| n.get());
    let setup = Setup {
        env: args.env.id().to_owned(),
        facts,
        seed: args.seed,
        // Long enough that a schedule does not end within the measurement.
        steps: 1_000_000_000_000,
        device: Device::Cpu,
        num_threads: args.num_threads.unwrap_or(all),
        tasks: None,
    };
    let mut works = [
        ("environment", environment(&setup, &config)?),
        ("inference", inference(&setup, &config)?),
        ("training", training((find("ppo")?.make)(&options, &setup)?)),
    ];
    let mut speeds: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for repeat in 0..=args.repeats {
        for (name, work) in &mut works {
            // The first turn warms up.
            let speed = stretch(work, if repeat == 0 { 0.1 } else { args.seconds })?;
            if repeat > 0 {
                speeds.entry(name).or_default().push(speed);
            }
        }
    }
    let median = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        if n == 0 { f64::NAN } else { f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]) }
    };
    let medians: BTreeMap<&str, f64> = speeds.iter().map(|(name, values)| (*name, median(values))).collect();
    let result = json!({
        "peer": "shadergym",
        "settings": format!("{:?}", args.settings).to_lowercase(),
        "options": format!("{config:?}"),
        "env": args.env.id(),
        "seed": args.seed,
        "columns": speeds,
        "medians": medians,
        "threads": setup.num_threads,
        "versions": { "shadergym": env!("CARGO_PKG_VERSION") },
    });
    println!("{result}");
    Ok(())
}
