//! `shadergym doctor`: what was found on this machine, what will be used, and whether it works.

mod check;

use std::io::Write;

use serde_json::{Value, json};
use shadergym_envs::{Choice, Device, Level, choose_device};

use super::output::{Done, Failure, Progress, Table, grouped, heading};
use crate::machine;
use check::{Outcome, Subject};

/// Say which devices there are, what `auto` picks and why, whether each device works, and what is missing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  shadergym doctor
  shadergym doctor --full      also make the GPU pipelines of every environment, and print how long it took
  shadergym doctor --json

Exit code 0 unless no device works.")]
pub struct Args {
    /// Check every environment on every device, and time the creation of its pipelines
    #[arg(long)]
    full: bool,
    /// Print one object instead of text
    #[arg(long)]
    json: bool,
}

/// Batch sizes at which the choice of `auto` is shown.
const SIZES: [usize; 6] = [1, 64, 1024, 16_384, 65_536, 1 << 20];

/// One GPU adapter.
struct Gpu {
    index: usize,
    text: String,
    software: bool,
    max_buffer_bytes: u64,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let gpus = gpus();
    let mut subjects = vec![Subject { name: "cpu".to_owned(), device: Device::Cpu }];
    subjects.extend(gpus.iter().map(|gpu| {
        let name = format!("gpu:{}", gpu.index);
        let device = name.parse().expect("an index is a device");
        Subject { name, device }
    }));
    let choices: Vec<(usize, Choice)> = SIZES.iter().map(|&n| (n, choose_device(&Device::Auto, n))).collect();
    let mut progress = Progress::new();
    let outcomes = check::run(&subjects, args.full, &mut progress);
    drop(progress);
    if args.json {
        let text = serde_json::to_string_pretty(&report(&gpus, &choices, &outcomes)).expect("plain data");
        writeln!(out, "{text}")?;
    } else {
        print(args, &gpus, &choices, &outcomes, out)?;
    }
    // Nothing works if the CPU does not and no GPU does either.
    let works = |name: &str| outcomes.iter().filter(|o| o.device == name).all(|o| o.result.is_ok());
    if subjects.iter().any(|s| works(&s.name)) {
        return Ok(());
    }
    out.flush()?;
    Err(Failure::Message("no device works; the lines above say why".to_owned()))
}

fn print(args: &Args, gpus: &[Gpu], choices: &[(usize, Choice)], outcomes: &[Outcome], out: &mut dyn Write) -> Done {
    writeln!(out, "{}", heading(&format!("shadergym {}", env!("CARGO_PKG_VERSION"))))?;
    writeln!(out, "  system       {}", machine::system())?;
    writeln!(out, "  cpu          {}, {} cores", machine::cpu_name(), machine::cores())?;
    writeln!(out, "  simd         {} (used: {})", machine::levels().join(", "), Level::best())?;
    writeln!(
        out,
        "  gpu support  {}",
        if cfg!(feature = "gpu") { "built in (wgpu)" } else { "not built in (cargo feature `gpu`)" }
    )?;
    for gpu in gpus {
        writeln!(out, "  adapter      {}, buffers up to {} MiB", gpu.text, gpu.max_buffer_bytes >> 20)?;
    }
    if gpus.is_empty() && cfg!(feature = "gpu") {
        writeln!(out, "  adapter      none found")?;
    }
    writeln!(out, "\n{}", heading("What `--device auto` picks"))?;
    let mut table = Table::new(["instances", "device", "why"]);
    for (n, choice) in choices {
        table.row([grouped(*n as u64), choice.device.to_string(), choice.why.clone()]);
    }
    table.write(out)?;
    writeln!(out, "\n{}", heading("Self check"))?;
    let mut table = Table::new(["device", "environment", "result", "pipelines"]);
    for outcome in outcomes {
        table.row([
            outcome.device.clone(),
            outcome.id.clone(),
            match &outcome.result {
                Ok(text) => format!("ok: {text}"),
                Err(text) => format!("FAILED: {text}"),
            },
            outcome.pipeline_seconds.map_or("-".to_owned(), |s| format!("{:.0} ms", 1e3 * s)),
        ]);
    }
    table.write(out)?;
    if outcomes.iter().any(|o| o.pipeline_seconds.is_some()) {
        for line in caches(gpus) {
            writeln!(out, "pipelines are kept between runs: {line}")?;
        }
    }
    if !args.full {
        writeln!(out, "`shadergym doctor --full` checks all environments.")?;
    }
    let missing = missing(gpus);
    if !missing.is_empty() {
        writeln!(out, "\n{}", heading("What is missing"))?;
        for line in missing {
            writeln!(out, "- {line}")?;
        }
    }
    Ok(())
}

/// What could be installed, and how.
fn missing(gpus: &[Gpu]) -> Vec<String> {
    let mut lines = Vec::new();
    if !cfg!(feature = "gpu") {
        lines.push("The GPU back end: build with the cargo feature `gpu` (it is on by default).".to_owned());
    } else if gpus.is_empty() {
        lines.push(format!("A GPU driver. {}", install()));
    } else if gpus.iter().all(|gpu| gpu.software) {
        lines.push("A hardware GPU: only a software one was found, which is used only when asked for. If this machine has a GPU, install the Vulkan driver of its maker.".to_owned());
    }
    if Level::best() == Level::Scalar {
        lines.push("SIMD: this CPU has none of the levels of this build, so instances step one at a time.".to_owned());
    }
    lines
}

/// How to get a driver on this system.
fn install() -> &'static str {
    match std::env::consts::OS {
        "linux" => {
            "With a GPU install its Vulkan driver; without one a software driver runs user shaders and the GPU tests: \
             `apt install mesa-vulkan-drivers` (Debian, Ubuntu), `dnf install mesa-vulkan-drivers` (Fedora), \
             `pacman -S vulkan-swrast` (Arch)."
        }
        "windows" => "Install the driver of the GPU's maker; DirectX 12 is enough.",
        _ => "Metal comes with macOS; on other systems install a Vulkan driver.",
    }
}

fn report(gpus: &[Gpu], choices: &[(usize, Choice)], outcomes: &[Outcome]) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "system": machine::system(),
        "cpu": machine::cpu_name(),
        "cores": machine::cores(),
        "simd": machine::levels(),
        "simd_used": Level::best().to_string(),
        "gpu_support": cfg!(feature = "gpu"),
        "adapters": gpus.iter().map(|g| json!({
            "index": g.index, "description": g.text, "software": g.software, "max_buffer_bytes": g.max_buffer_bytes,
        })).collect::<Vec<_>>(),
        "auto": choices.iter().map(|(n, c)| json!({
            "instances": n, "device": c.device.to_string(), "why": c.why,
        })).collect::<Vec<_>>(),
        "self_check": outcomes.iter().map(|o| json!({
            "device": o.device, "id": o.id, "ok": o.result.is_ok(),
            "text": o.result.as_ref().map_or_else(Clone::clone, Clone::clone),
            "pipeline_seconds": o.pipeline_seconds,
        })).collect::<Vec<_>>(),
        "missing": missing(gpus),
    })
}

#[cfg(feature = "gpu")]
fn gpus() -> Vec<Gpu> {
    let all = shadergym_envs::gpu::adapters();
    all.iter()
        .map(|adapter| Gpu {
            index: adapter.index,
            text: adapter.to_string(),
            software: adapter.is_software(),
            max_buffer_bytes: adapter.max_buffer_bytes(),
        })
        .collect()
}

#[cfg(not(feature = "gpu"))]
fn gpus() -> Vec<Gpu> {
    Vec::new()
}

/// What the pipeline cache of each adapter says of itself.
fn caches(gpus: &[Gpu]) -> Vec<String> {
    #[cfg(feature = "gpu")]
    return gpus
        .iter()
        .filter_map(|gpu| shadergym_envs::gpu::GpuContext::shared(Some(&gpu.index.to_string())).ok())
        .map(|context| context.pipeline_cache_report())
        .collect();
    #[cfg(not(feature = "gpu"))]
    return gpus.iter().map(|gpu| gpu.text.clone()).collect();
}
