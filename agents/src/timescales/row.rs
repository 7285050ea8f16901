//! What an epoch came to, as a line of `epochs.jsonl`.

use std::ops::Range;

use serde_json::{Value, json};

/// An epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// From 1.
    pub epoch: u64,
    /// Windows that were asked for, in bits, the newest last.
    pub windows: Range<usize>,
    /// Mean loss of the updates, in nats, summed over heads.
    pub loss: f64,
    /// Mean norm of the gradients before they were cut.
    pub gradient_norm: f64,
    /// Shares of right answers to test batches, window by window.
    pub accuracies: Vec<f64>,
    /// Whether the next window comes.
    pub mastered: bool,
    /// Mean of the time constants of units, in steps.
    pub tau_mean: f64,
    /// Their median.
    pub tau_median: f64,
    /// The longest.
    pub tau_max: f64,
    /// Mean of the timescales that units show within the network, in steps; None where no unit moves.
    pub network_mean: Option<f64>,
    /// Their median.
    pub network_median: Option<f64>,
    /// Seconds of training and tests since the study began.
    pub seconds: f64,
    /// Billions of floating-point operations per second of the epoch, products over units only.
    pub gflops: f64,
}

impl Row {
    /// Bits of the newest window.
    pub fn newest(&self) -> usize {
        self.windows.end - 1
    }

    /// Mean accuracy over windows.
    pub fn accuracy(&self) -> f64 {
        self.accuracies.iter().sum::<f64>() / self.accuracies.len() as f64
    }

    /// A line without its end.
    pub fn to_json(&self) -> Value {
        json!({
            "epoch": self.epoch, "n": self.newest(), "first": self.windows.start, "loss": self.loss,
            "gradient_norm": self.gradient_norm, "accuracy": self.accuracies, "mastered": self.mastered,
            "tau_mean": self.tau_mean, "tau_median": self.tau_median, "tau_max": self.tau_max,
            "network_mean": self.network_mean, "network_median": self.network_median,
            "seconds": self.seconds, "gflops": self.gflops,
        })
    }

    /// From a line; None if it is none.
    pub fn parse(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let number = |name: &str| value.get(name)?.as_f64();
        let whole = |name: &str| value.get(name)?.as_u64();
        Some(Self {
            epoch: whole("epoch")?,
            windows: whole("first")? as usize..whole("n")? as usize + 1,
            loss: number("loss")?,
            gradient_norm: number("gradient_norm")?,
            accuracies: value.get("accuracy")?.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?,
            mastered: value.get("mastered")?.as_bool()?,
            tau_mean: number("tau_mean")?,
            tau_median: number("tau_median")?,
            tau_max: number("tau_max")?,
            network_mean: number("network_mean"),
            network_median: number("network_median"),
            seconds: number("seconds")?,
            gflops: number("gflops")?,
        })
    }
}
