//! Where a batch runs: which devices there are to choose from, and how `auto` chooses.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// From this many instances on, [`Device::Auto`] takes a hardware GPU if there is one. An estimate until it is measured
/// on hardware: the CPU back end makes some 100 transitions per microsecond one step at a time, so that below it a step
/// is over before a dispatch with its read-back (taken as 150 us) is.
pub const AUTO_GPU_INSTANCES: usize = 16_384;

/// Where a batch runs. As text: `auto`, `cpu`, `gpu`, `gpu:1` (index as in `shadergym doctor`), `gpu:radeon` (part of the name).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Device {
    /// A hardware GPU if there is one and the batch has at least [`AUTO_GPU_INSTANCES`], else the CPU. Never a software
    /// rasteriser: that runs on the CPU too, only slower.
    #[default]
    Auto,
    /// The CPU back end: SIMD lanes, threads for large batches.
    Cpu,
    /// The GPU back end on the chosen adapter, or on the best one (hardware before software).
    Gpu(Option<AdapterSelector>),
}

/// Names one GPU adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdapterSelector {
    /// Index in the list that `shadergym doctor` shows.
    Index(usize),
    /// Part of its name, in any case.
    Name(String),
}

impl fmt::Display for AdapterSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu(None) => f.write_str("gpu"),
            Self::Gpu(Some(selector)) => write!(f, "gpu:{selector}"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (kind, selector) = text.split_once(':').map_or((text, None), |(kind, rest)| (kind, Some(rest.trim())));
        match (kind.trim().to_ascii_lowercase().as_str(), selector) {
            ("auto", None) => Ok(Self::Auto),
            ("cpu", None) => Ok(Self::Cpu),
            ("gpu", None) => Ok(Self::Gpu(None)),
            ("gpu", Some(selector)) if !selector.is_empty() => Ok(Self::Gpu(Some(match selector.parse() {
                Ok(index) => AdapterSelector::Index(index),
                Err(_) => AdapterSelector::Name(selector.to_owned()),
            }))),
            _ => Err(Error::InvalidOption {
                option: "device",
                value: format!("{text:?}"),
                allowed: "`auto`, `cpu`, `gpu`, `gpu:<index>` or `gpu:<part of the name>`".to_owned(),
            }),
        }
    }
}

/// What [`Device::choose`] decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// [`Device::Cpu`] or [`Device::Gpu`].
    pub device: Device,
    /// The reason in one sentence, for people.
    pub why: String,
}

impl Device {
    /// Decides where a batch of `num_envs` instances runs. `hardware` looks for a hardware adapter and gives its index and name, and is called
    /// only if the answer matters, since asking the drivers takes a while.
    pub(crate) fn choose(&self, num_envs: usize, hardware: impl FnOnce() -> Option<(usize, String)>) -> Choice {
        let (device, why) = match self {
            Self::Cpu | Self::Gpu(_) => (self.clone(), format!("`{self}` was asked for")),
            Self::Auto if num_envs < AUTO_GPU_INSTANCES => (
                Self::Cpu,
                format!("the CPU is faster for batches below {AUTO_GPU_INSTANCES} instances, this one has {num_envs}"),
            ),
            Self::Auto => match hardware() {
                Some((index, name)) => (
                    Self::Gpu(Some(AdapterSelector::Index(index))),
                    format!("{name} is a hardware GPU and {num_envs} instances are {AUTO_GPU_INSTANCES} or more"),
                ),
                None => (Self::Cpu, "there is no hardware GPU (a software one is used only when asked for)".to_owned()),
            },
        };
        Choice { device, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_parse_and_print() {
        for text in ["auto", "cpu", "gpu", "gpu:1", "gpu:radeon rx"] {
            assert_eq!(text.parse::<Device>().unwrap().to_string(), text);
        }
        assert_eq!("GPU:2".parse::<Device>().unwrap(), Device::Gpu(Some(AdapterSelector::Index(2))));
        for text in ["", "cuda", "cpu:1", "gpu:", "auto:0"] {
            let error = text.parse::<Device>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("gpu:<index>"), "{error}");
        }
    }

    #[test]
    fn auto_takes_hardware_for_large_batches_only() {
        let hardware = || Some((1, "Fast 9000".to_owned()));
        let choose = |n, found: fn() -> Option<(usize, String)>| Device::Auto.choose(n, found);
        assert_eq!(choose(AUTO_GPU_INSTANCES - 1, || panic!("not asked")).device, Device::Cpu);
        let choice = choose(AUTO_GPU_INSTANCES, hardware);
        assert_eq!(choice.device, Device::Gpu(Some(AdapterSelector::Index(1))));
        assert!(choice.why.contains("Fast 9000"));
        assert_eq!(choose(1 << 20, || None).device, Device::Cpu);
        assert_eq!(Device::Cpu.choose(1 << 20, || None).device, Device::Cpu);
    }
}
