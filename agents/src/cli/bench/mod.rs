//! `shadergym bench`: how many transitions per second, by two protocols that say exactly what they time.

mod measure;
mod report;
mod statistics;

use std::io::Write;

use shadergym_envs::{Device, Error, Level, ids};

use super::output::{Done, Failure, Progress};
use super::target::{self, Target};
use measure::{Pipelines, Runner, Setup};
use report::{Report, Row};

/// Measure throughput: environment transitions per second, by device and batch size.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Protocols:
  c  One call of `step` per transition through the public API, with random actions that are fresh in every call.
     Timed: checking the actions, stepping, and having observations, rewards and flags in host memory, where the
     flags are counted. Not timed: drawing the actions, in chunks of about a million, between the timed stretches.
  s  K transitions per call of `rollout`; the actions are drawn where the instances live, which is timed. Observations
     and rewards of the last transition, and the sums over all of them, are read back.

A step that only starts a new episode (NEXT_STEP) is timed but not counted. Agents of an instance count as one.
All devices and SIMD levels take turns within every repeat, so that a drift of the machine hits them alike. Making
pipelines and warming up come before that and are printed apart.

Examples:
  shadergym bench                                             everything, about a minute per environment and device
  shadergym bench CartPole-v1 --num-envs 64,65536
  shadergym bench CartPole-v1 --device cpu --level scalar,avx2 --protocol s
  shadergym bench CartPole-v1 --threads 1 --json > run.json")]
pub struct Args {
    /// Ids as in `shadergym list`, or .wgsl files; default: all environments
    #[arg(value_name = "ENV")]
    envs: Vec<String>,
    /// Comma-separated: cpu, gpu, gpu:<index>, gpu:<name>; default: cpu and, where there is one, gpu
    #[arg(long, value_delimiter = ',', value_parser = device)]
    device: Vec<Device>,
    /// Comma-separated batch sizes
    #[arg(long, value_delimiter = ',', default_value = "64,1024,65536", allow_negative_numbers = true, value_parser = target::num_envs)]
    num_envs: Vec<usize>,
    /// Comma-separated: c, s
    #[arg(long, value_delimiter = ',', default_value = "c,s", ignore_case = true)]
    protocol: Vec<Protocol>,
    /// K of protocol s; default: 128, fewer where a call would take too long
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = target::positive)]
    steps_per_call: Option<usize>,
    /// Comma-separated SIMD levels of the CPU: scalar, sse4.2, avx2, avx512, neon; default: the best
    #[arg(long, value_delimiter = ',', value_parser = level)]
    level: Vec<Level>,
    /// Threads of the CPU; default: all cores (small batches use one)
    #[arg(long, allow_negative_numbers = true, value_parser = target::positive)]
    threads: Option<usize>,
    /// Repeats, from which the median and its interval come
    #[arg(long, default_value_t = 11, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeats: u32,
    /// Seconds that the repeats of one line of the table take together
    #[arg(long, default_value_t = 0.5, allow_negative_numbers = true, value_parser = seconds)]
    seconds: f64,
    /// Print one object with everything, every repeat included
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print comma-separated lines
    #[arg(long)]
    csv: bool,
}

/// What one call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// One transition per call, actions given.
    C,
    /// K transitions per call, actions drawn on the device.
    S,
}

/// Transitions per call of protocol S unless asked for.
const STEPS_PER_CALL: usize = 128;

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let names: Vec<String> = if args.envs.is_empty() { ids().map(str::to_owned).collect() } else { args.envs.clone() };
    let targets = names.iter().map(|name| Target::find(name)).collect::<Result<Vec<_>, _>>()?;
    if let Some(missing) = args.level.iter().find(|l| !l.is_available()) {
        let levels: Vec<String> = Level::available().iter().map(Level::to_string).collect();
        return Err(Failure::Message(format!("this machine has no {missing}, it has {}", levels.join(", "))));
    }
    let devices = if args.device.is_empty() { default_devices() } else { args.device.clone() };
    let mut report = Report::new(args.repeats as usize, args.seconds);
    let mut progress = Progress::new();
    if !args.json && !args.csv {
        report.write_head(out)?;
        out.flush()?;
    }
    let groups = targets.len() * args.protocol.len() * args.num_envs.len();
    let mut group = 0;
    let mut skipped = None;
    let mut known = Pipelines::default();
    for target in &targets {
        for &protocol in &args.protocol {
            for &num_envs in &args.num_envs {
                group += 1;
                let doing = format!("[{group}/{groups}] {} protocol {protocol:?} n {num_envs}", target.facts().id);
                let setups = setups(args, protocol, num_envs, &devices);
                let (rows, left_out) = measure_group(args, target, &setups, &mut known, &doing, &mut progress)?;
                report.add(rows);
                skipped = left_out.or(skipped);
            }
        }
    }
    drop(progress);
    match (report.is_empty(), skipped) {
        (true, Some(error)) => return Err(error.into()),
        (true, None) => return Err(Failure::Message("nothing to measure: no device can run these".to_owned())),
        _ => {}
    }
    if args.json {
        report.write_json(out)?;
    } else if args.csv {
        report.write_csv(out)?;
    } else {
        report.write_tables(out)?;
    }
    Ok(())
}

/// The configurations that are compared with each other.
fn setups(args: &Args, protocol: Protocol, num_envs: usize, devices: &[Device]) -> Vec<Setup> {
    let mut setups = Vec::new();
    for device in devices {
        let levels: Vec<Option<Level>> = match device {
            Device::Cpu if args.level.is_empty() => vec![Some(Level::best())],
            Device::Cpu => args.level.iter().copied().map(Some).collect(),
            _ => vec![None],
        };
        setups.extend(levels.into_iter().map(|level| Setup {
            device: device.clone(),
            level,
            threads: args.threads,
            protocol,
            num_envs,
            steps_per_call: if protocol == Protocol::C { Some(1) } else { args.steps_per_call },
        }));
    }
    setups
}

/// Measures configurations in turns. A configuration that does not fit its device is left out, with a note.
fn measure_group(
    args: &Args,
    target: &Target,
    setups: &[Setup],
    known: &mut Pipelines,
    doing: &str,
    progress: &mut Progress,
) -> Done<(Vec<Row>, Option<Error>)> {
    let per_repeat = args.seconds / f64::from(args.repeats);
    let mut runners = Vec::new();
    let mut skipped = None;
    for setup in setups {
        progress.show(true, || format!("{doing}: making {}", setup.device));
        match Runner::new(target, setup, per_repeat, known) {
            Ok(runner) => {
                let estimate = runner.seconds_per_call().max(per_repeat) * f64::from(args.repeats);
                if estimate > 20.0 {
                    progress.note(&format!("{doing} on {}: this takes about {estimate:.0} s", setup.device));
                }
                runners.push(runner);
            }
            Err(error @ (Error::TooLarge { .. } | Error::DeviceFailed { .. })) => {
                progress.note(&format!("left out: {doing} on {}: {error}", setup.device));
                skipped = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    for repeat in 0..args.repeats {
        progress.show(false, || format!("{doing}: repeat {} of {}", repeat + 1, args.repeats));
        for turn in 0..runners.len() {
            // Who comes first changes, so that nobody always follows the same neighbour.
            let index = (turn + repeat as usize) % runners.len();
            runners[index].repeat(per_repeat)?;
        }
    }
    Ok((runners.into_iter().map(Row::from).collect(), skipped))
}

fn default_devices() -> Vec<Device> {
    #[cfg(feature = "gpu")]
    if shadergym_envs::gpu::select_adapter(None).is_ok() {
        return vec![Device::Cpu, Device::Gpu(None)];
    }
    vec![Device::Cpu]
}

fn device(text: &str) -> Result<Device, String> {
    match target::device(text)? {
        Device::Auto => Err("a bench names its devices: cpu, gpu, gpu:<index> or gpu:<part of the name>".to_owned()),
        device => Ok(device),
    }
}

fn level(text: &str) -> Result<Level, String> {
    text.parse::<Level>().map_err(|e| e.to_string())
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("allowed are 0.001 to 3600 seconds".to_owned()),
    }
}
