//! Sweeps: all combinations of some options, each with all seeds.

use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::options::check;
use crate::presets::STEPS;
use crate::train::config::Plan;
use crate::train::{RunConfig, RunOptions};

/// A combination, and the run that it is apart from seed, threads and animation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variant {
    /// What differs from the other combinations; empty if there is one only.
    pub set: Table,
    /// The run.
    pub base: RunConfig,
}

/// An option with its values, from `name=value,value`. Values are as in `--set`.
///
/// # Errors
/// [`Error::InvalidOption`].
pub fn parse_sweep(text: &str) -> Result<(String, Vec<Value>)> {
    let bad = |allowed: &str| Error::InvalidOption {
        option: "--sweep".to_owned(),
        value: format!("`{text}`"),
        allowed: allowed.to_owned(),
    };
    let usage = "name=value,value, such as lambda=0.7,0.8,0.9 or hidden=[32,32],[64,64]";
    let (name, values) = text.split_once('=').ok_or_else(|| bad(usage))?;
    // Whole lists and numbers are TOML; words need no quotes.
    let toml = format!("x = [{values}]").parse::<Table>().ok().and_then(|mut table| table.remove("x"));
    let values = match toml {
        Some(Value::Array(values)) => values,
        _ => values.split(',').map(|word| Value::String(word.trim().to_owned())).collect(),
    };
    if name.trim().is_empty() || values.is_empty() || values.iter().any(|v| v.as_str() == Some("")) {
        return Err(bad(usage));
    }
    if let Some(twice) = values.iter().enumerate().find(|(i, value)| values[..*i].contains(value)) {
        return Err(bad(&format!("each value once; {} is there twice", twice.1)));
    }
    Ok((name.trim().replace('-', "_"), values))
}

/// All combinations, the last option running fastest; one without any. Each is checked.
///
/// # Errors
/// Those of unknown options and bad values; [`Error::InvalidOption`] for an option that is there twice.
pub(super) fn variants(options: &RunOptions, most: u64) -> Result<Vec<(Table, Plan)>> {
    let sweep = &options.sweep;
    if let Some((i, (name, _))) =
        sweep.iter().enumerate().find(|(i, (name, _))| sweep[..*i].iter().any(|s| s.0 == *name))
    {
        let allowed = format!("each option once; `{name}` is number {} too", i + 1);
        return Err(Error::InvalidOption { option: "--sweep".to_owned(), value: name.clone(), allowed });
    }
    // They belong to the run: checkpoints, metrics and curves of all members are as far apart.
    let steps = sweep.iter().find(|(name, _)| name == STEPS);
    check("--sweep", STEPS, "options of the agent; all members make the same --steps", steps.is_none())?;
    let count = sweep.iter().fold(1u64, |product, (_, values)| product.saturating_mul(values.len() as u64));
    check("--sweep", format!("{count} combinations"), &format!("{most} at most"), count <= most)?;
    let one = |mut index: u64| {
        let mut set = Table::new();
        for (name, values) in sweep.iter().rev() {
            let len = values.len() as u64;
            set.insert(name.clone(), values[(index % len) as usize].clone());
            index /= len;
        }
        let mut wanted = options.clone();
        wanted.settings.extend(set.clone());
        Ok((set, Plan::new(&wanted)?))
    };
    (0..count).map(one).collect()
}

impl Variant {
    /// As people write it: `lambda=0.7, kappa=2`; empty if there is one only.
    pub fn label(&self) -> String {
        let one = |(name, value): (&String, &Value)| match value {
            Value::String(word) => format!("{name}={word}"),
            other => format!("{name}={}", other.to_string().replace(' ', "")),
        };
        self.set.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// Its folder in that of the population; empty if there is one only.
    pub fn folder(&self) -> String {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '=' | '.' | '-' | '_');
        self.label().replace(", ", "_").chars().map(|c| if fits(c) { c } else { '-' }).collect()
    }
}
