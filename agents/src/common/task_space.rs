//! The box of tasks: which parameters of an environment a source of tasks chooses, and between which values.

use std::sync::Arc;

use shadergym_envs::{Facts, Field, Kind};
use toml::{Table, Value};

use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::nearest;

/// Seed of the tasks of evaluations: the same in every run.
const EVALUATION_SEED: u64 = 4222;

/// One number of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// The parameter, with an index where it has several elements: `gravity`, `walls[3]`.
    pub name: String,
    /// Lowest value.
    pub low: f64,
    /// Highest value, at least `low`.
    pub high: f64,
    /// Whether it is a whole number.
    pub whole: bool,
    kind: Kind,
    word: usize,
}

impl Dimension {
    /// A value as the environment sees it: 0.1 is the nearest `f32`.
    fn seen(&self, value: f64) -> f64 {
        if self.whole { value } else { f64::from(value as f32) }
    }

    /// Whether a value is in the range.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&self.seen(value)) && (!self.whole || value.fract() == 0.0)
    }

    /// The value at a share of the range, 0 to 1: evenly, and whole where it has to be.
    pub fn at(&self, share: f64) -> f64 {
        if self.whole {
            return (self.low + (share * (self.high - self.low + 1.0)).floor()).min(self.high);
        }
        // Without a difference that might overflow.
        (self.low * (1.0 - share) + self.high * share).clamp(self.low, self.high)
    }
}

/// What the numbers of a task mean. Parameters that are not among them are those of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSpace {
    facts: Arc<Facts>,
    dimensions: Vec<Dimension>,
}

impl TaskSpace {
    /// All of an environment's parameters in the box that its file declares, or those of `ranges` only:
    /// `name = [low, high]` for all elements of a parameter, `"name[3]" = [low, high]` for one.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if there is one task only; [`shadergym_envs::Error::UnknownParam`];
    /// [`Error::InvalidOption`] for a range that is none, is empty, or leaves the box.
    pub fn new(facts: &Arc<Facts>, ranges: &Table) -> Result<Self> {
        let mut dimensions = Vec::new();
        for field in &facts.params.fields {
            for element in 0..field.words() {
                let name = name_of(field, element);
                let given = ranges.get(&name).map(|range| (&name, range));
                let given = given.or_else(|| ranges.get_key_value(&field.name));
                if !ranges.is_empty() && given.is_none() {
                    continue;
                }
                dimensions.push(dimension(facts, field, element, given)?);
            }
        }
        let known = |wanted: &str| {
            facts.params.fields.iter().any(|f| f.name == wanted || (0..f.words()).any(|e| name_of(f, e) == wanted))
        };
        if let Some(unknown) = ranges.keys().find(|name| !known(name)) {
            let names: Vec<&str> = facts.params.fields.iter().map(|f| f.name.as_str()).collect();
            return Err(Error::Envs(shadergym_envs::Error::UnknownParam {
                id: facts.id.clone(),
                field: unknown.clone(),
                nearest: nearest(unknown, names.iter().copied()).map(str::to_owned),
                known: names.join(", "),
            }));
        }
        if dimensions.iter().all(|dimension| dimension.low == dimension.high) {
            return Err(Error::Unsupported(format!(
                "{} has no parameter with more than one value in the ranges of tasks, so there is one task only; widen a \
                 range, or leave out the source of tasks",
                facts.id
            )));
        }
        Ok(Self { facts: facts.clone(), dimensions })
    }

    /// Its dimensions, in the order of a task's numbers.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The parameters `[params words]` of a task `[dimensions]`; values are rounded where they have to be whole, and brought
    /// into the range.
    pub fn params(&self, task: &[f64], words: &mut [u32]) {
        words.copy_from_slice(&self.facts.default_params);
        for (dimension, &value) in self.dimensions.iter().zip(task) {
            let value = value.clamp(dimension.low, dimension.high);
            words[dimension.word] = match dimension.kind {
                Kind::F32 => (value as f32).to_bits(),
                Kind::U32 => value.round() as u32,
                Kind::I32 => value.round() as i32 as u32,
            };
        }
    }

    /// A task `[dimensions]`, evenly from the box.
    pub fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        for (value, dimension) in task.iter_mut().zip(&self.dimensions) {
            *value = dimension.at(noise.uniform_f64());
        }
    }

    /// The first `count` tasks of evaluations `[count, dimensions]`: evenly from the box, and the same in every run.
    pub fn of_evaluations(&self, count: usize) -> Vec<f64> {
        let noise = Noise::new(EVALUATION_SEED, "tasks of evaluations");
        let mut tasks = vec![0.0; count * self.dimensions.len()];
        for (k, task) in tasks.chunks_exact_mut(self.dimensions.len()).enumerate() {
            self.sample(&mut noise.at(0, k as u64), task);
        }
        tasks
    }
}

fn name_of(field: &Field, element: usize) -> String {
    if field.shape.is_empty() { field.name.clone() } else { format!("{}[{element}]", field.name) }
}

fn dimension(facts: &Facts, field: &Field, element: usize, given: Option<(&String, &Value)>) -> Result<Dimension> {
    let (word, whole) = (field.offset + element, field.kind != Kind::F32);
    let number = |word: u32| match field.kind {
        Kind::F32 => f64::from(f32::from_bits(word)),
        Kind::U32 => f64::from(word),
        Kind::I32 => f64::from(word as i32),
    };
    let (low, high) = (number(facts.params_bounds.0[word]), number(facts.params_bounds.1[word]));
    let name = name_of(field, element);
    let mut dimension = Dimension { name, low, high, whole, kind: field.kind, word };
    if let Some((name, value)) = given {
        let number = |value: &Value| value.as_float().or(value.as_integer().map(|v| v as f64));
        let numbers: Option<Vec<f64>> = value.as_array().and_then(|list| list.iter().map(number).collect());
        match numbers.as_deref() {
            Some(&[low, high]) if low <= high && dimension.holds(low) && dimension.holds(high) => {
                (dimension.low, dimension.high) = (dimension.seen(low), dimension.seen(high));
            }
            _ => {
                let shown = |value: f64| if whole { value.to_string() } else { (value as f32).to_string() };
                let (kind, unit) = (if whole { "whole numbers" } else { "numbers" }, &field.unit);
                let (low, high) = (shown(low), shown(high));
                return Err(Error::InvalidOption {
                    option: format!("{name} in the ranges of tasks"),
                    value: value.to_string(),
                    allowed: format!("two {kind}, the lowest first, from {low} to {high} (unit {unit})"),
                });
            }
        }
    }
    Ok(dimension)
}
