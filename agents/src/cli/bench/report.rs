//! What a bench prints: text, JSON, CSV.

use std::io::{self, Write};

use serde_json::{Value, json};
use shadergym_envs::{Device, Facts, Level, RolloutStats};

use super::Protocol;
use super::measure::{Runner, Sample};
use super::statistics::{Estimate, INTERVAL, coverage, estimate};
use crate::cli::output::{Table, digits, grouped, heading};
use crate::machine;

/// Results of one configuration.
pub struct Row {
    id: String,
    protocol: Protocol,
    device: Device,
    level: Option<Level>,
    /// Device, driver, lanes, threads, as the batch says itself.
    back_end: String,
    num_envs: usize,
    steps_per_call: usize,
    bytes_per_instance: usize,
    make_seconds: f64,
    pipeline_seconds: Option<f64>,
    warm_up_seconds: f64,
    samples: Vec<Sample>,
    /// Means over the episodes of random play: return, length, then the infos; none where none ended.
    random_play: Vec<(String, f64)>,
    episodes: u64,
    /// Steps per second over those of the scalar level, repeat by repeat of the same run.
    over_scalar: Option<Estimate>,
}

impl From<Runner> for Row {
    fn from(runner: Runner) -> Self {
        Self {
            id: runner.batch.id().to_owned(),
            protocol: runner.setup.protocol,
            device: runner.setup.device,
            level: runner.setup.level,
            back_end: runner.batch.describe().to_owned(),
            num_envs: runner.setup.num_envs,
            steps_per_call: runner.steps_per_call,
            bytes_per_instance: runner.bytes_per_instance,
            make_seconds: runner.make_seconds,
            pipeline_seconds: runner.pipeline_seconds,
            warm_up_seconds: runner.warm_up_seconds,
            samples: runner.samples,
            random_play: means(runner.batch.spec(), &runner.stats),
            episodes: runner.stats.episodes,
            over_scalar: None,
        }
    }
}

/// What one episode of random play brings on the average.
fn means(facts: &Facts, stats: &RolloutStats) -> Vec<(String, f64)> {
    let (Some(mean_return), Some(length), Some(infos)) = (stats.mean_return(), stats.mean_length(), stats.mean_info())
    else {
        return Vec::new();
    };
    let mut all = vec![("return".to_owned(), mean_return), ("length".to_owned(), length)];
    for (name, words) in facts.info_scalars() {
        let sum: f64 = words.iter().map(|&word| infos[word]).sum();
        all.push((format!("info/{name}"), sum / words.len() as f64));
    }
    all
}

impl Row {
    fn rates(&self) -> Vec<f64> {
        self.samples.iter().map(|s| s.transitions as f64 / s.seconds).collect()
    }

    fn microseconds(&self) -> f64 {
        estimate(&self.samples.iter().map(|s| 1e6 * s.seconds / s.calls as f64).collect::<Vec<_>>()).median
    }

    fn level(&self) -> String {
        self.level.map_or("-".to_owned(), |l| l.to_string())
    }

    fn read_back(&self) -> &'static str {
        match self.protocol {
            Protocol::C => "every step",
            Protocol::S => "last step of each call",
        }
    }
}

/// All results of a run.
pub struct Report {
    repeats: usize,
    seconds: f64,
    load: Option<f64>,
    rows: Vec<Row>,
}

impl Report {
    pub fn new(repeats: usize, seconds: f64) -> Self {
        Self { repeats, seconds, load: machine::load(), rows: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the rows of configurations that took turns.
    pub fn add(&mut self, mut rows: Vec<Row>) {
        let scalar = rows.iter().find(|r| r.level == Some(Level::Scalar)).map(Row::rates);
        if let Some(scalar) = scalar {
            for row in &mut rows {
                let ratios: Vec<f64> = row.rates().iter().zip(&scalar).map(|(a, b)| a / b).collect();
                row.over_scalar = Some(estimate(&ratios));
            }
        }
        self.rows.append(&mut rows);
    }

    /// What is known before the first result.
    pub fn write_head(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "shadergym {} on {}", env!("CARGO_PKG_VERSION"), machine::system())?;
        writeln!(out, "cpu {}, {} cores, simd {}", machine::cpu_name(), machine::cores(), machine::levels().join(" "))?;
        if let Some(load) = self.load.filter(|l| *l > 0.5) {
            writeln!(
                out,
                "other programs were busy on {load:.1} cores in the last minute: expect lower numbers and wide intervals"
            )?;
        }
        Ok(())
    }

    pub fn write_tables(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut back_ends: Vec<(String, &str)> = Vec::new();
        for row in &self.rows {
            // The workgroups of a GPU depend on the batch.
            let text = row.back_end.split(" workgroups").next().unwrap_or(&row.back_end);
            let text = if row.level.is_some() { text } else { text.rsplit_once(", ").map_or(text, |(text, _)| text) };
            let name =
                if row.level.is_some() { format!("{} {}", row.device, row.level()) } else { row.device.to_string() };
            if !back_ends.iter().any(|(n, _)| *n == name) {
                back_ends.push((name, text));
            }
        }
        for (name, text) in back_ends {
            writeln!(out, "{name} = {text}")?;
        }
        let scalar = self.rows.iter().any(|r| r.over_scalar.is_some());
        let percent = 100.0 * coverage(self.repeats);
        writeln!(
            out,
            "median of {} repeats, {} s of timed calls each; [{percent:.0} % {INTERVAL}]\n",
            self.repeats,
            digits(self.seconds / self.repeats as f64)
        )?;
        let mut head = vec!["environment", "protocol", "device", "level", "n", "K", "M steps/s", "interval", "us/call"];
        if scalar {
            head.extend(["x scalar", "interval"]);
        }
        let mut table = Table::new(head);
        for row in &self.rows {
            let rate = estimate(&row.rates());
            let mut cells = vec![
                row.id.clone(),
                format!("{:?}", row.protocol),
                row.device.to_string(),
                row.level(),
                row.num_envs.to_string(),
                row.steps_per_call.to_string(),
                digits(rate.median / 1e6),
                format!("[{} - {}]", digits(rate.low / 1e6), digits(rate.high / 1e6)),
                digits(row.microseconds()),
            ];
            if scalar {
                cells.push(row.over_scalar.map_or("-".to_owned(), |r| digits(r.median)));
                // One over itself needs none.
                let ratio = row.over_scalar.filter(|_| row.level != Some(Level::Scalar));
                cells.push(ratio.map_or("-".to_owned(), |r| format!("[{} - {}]", digits(r.low), digits(r.high))));
            }
            table.row(cells);
        }
        table.write(out)?;
        writeln!(out, "\n{}", heading("Apart from the timed calls"))?;
        let mut table = Table::new([
            "environment",
            "protocol",
            "device",
            "level",
            "n",
            "bytes/instance",
            "make ms",
            "pipelines ms",
            "warm-up ms",
            "read back",
        ]);
        for row in &self.rows {
            table.row([
                row.id.clone(),
                format!("{:?}", row.protocol),
                row.device.to_string(),
                row.level(),
                row.num_envs.to_string(),
                grouped(row.bytes_per_instance as u64),
                digits(1e3 * row.make_seconds),
                row.pipeline_seconds.map_or("-".to_owned(), |s| digits(1e3 * s)),
                digits(1e3 * row.warm_up_seconds),
                row.read_back().to_owned(),
            ]);
        }
        table.write(out)?;
        writeln!(out, "pipelines: those that no earlier line had made. `shadergym bench --help` says what is timed.")?;
        let played: Vec<&Row> = self.rows.iter().filter(|row| !row.random_play.is_empty()).collect();
        if played.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", heading("Means over the episodes of random play"))?;
        let mut seen = Vec::new();
        for row in played {
            if !seen.contains(&row.id) {
                seen.push(row.id.clone());
                let figures: Vec<String> =
                    row.random_play.iter().map(|(name, mean)| format!("{name} {}", digits(*mean))).collect();
                writeln!(out, "{}: {} ({} episodes)", row.id, figures.join(", "), grouped(row.episodes))?;
            }
        }
        Ok(())
    }

    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = serde_json::to_string_pretty(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "system": machine::system(),
            "cpu": machine::cpu_name(),
            "cores": machine::cores(),
            "simd": machine::levels(),
            "load_before": self.load,
            "repeats": self.repeats,
            "seconds": self.seconds,
            "interval": format!("{INTERVAL}, coverage {:.3}", coverage(self.repeats)),
            "results": self.rows.iter().map(entry).collect::<Vec<_>>(),
        }));
        writeln!(out, "{}", text.expect("plain data"))
    }

    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "id,protocol,device,level,back_end,num_envs,steps_per_call,steps_per_second,low,high,us_per_call,over_scalar,bytes_per_instance,make_seconds,pipeline_seconds,warm_up_seconds"
        )?;
        for row in &self.rows {
            let rate = estimate(&row.rates());
            writeln!(
                out,
                "{},{:?},{},{},\"{}\",{},{},{:.0},{:.0},{:.0},{:.3},{},{},{:.6},{},{:.6}",
                row.id,
                row.protocol,
                row.device,
                row.level(),
                row.back_end.replace('"', "'"),
                row.num_envs,
                row.steps_per_call,
                rate.median,
                rate.low,
                rate.high,
                row.microseconds(),
                row.over_scalar.map_or(String::new(), |r| format!("{:.3}", r.median)),
                row.bytes_per_instance,
                row.make_seconds,
                row.pipeline_seconds.map_or(String::new(), |s| format!("{s:.6}")),
                row.warm_up_seconds,
            )?;
        }
        Ok(())
    }
}

fn entry(row: &Row) -> Value {
    let rate = estimate(&row.rates());
    let interval = |e: Estimate| json!({"median": e.median, "low": e.low, "high": e.high});
    json!({
        "id": row.id,
        "protocol": format!("{:?}", row.protocol),
        "device": row.device.to_string(),
        "level": row.level.map(|l| l.to_string()),
        "back_end": row.back_end,
        "num_envs": row.num_envs,
        "steps_per_call": row.steps_per_call,
        "observations_read_back": row.read_back(),
        "steps_per_second": interval(rate),
        "us_per_call": row.microseconds(),
        "over_scalar": row.over_scalar.map(interval),
        "bytes_per_instance": row.bytes_per_instance,
        "make_seconds": row.make_seconds,
        "pipeline_seconds": row.pipeline_seconds,
        "warm_up_seconds": row.warm_up_seconds,
        "random_play": {
            "episodes": row.episodes,
            "means": row.random_play.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        },
        "repeats": row.samples.iter().map(|s| json!({
            "transitions": s.transitions, "calls": s.calls, "seconds": s.seconds,
        })).collect::<Vec<_>>(),
    })
}
