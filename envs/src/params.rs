//! The task of an instance: typed access to `Params` by field name, checked against the bounds of the environment.

use std::sync::Arc;

use shadergym_compiler::{Facts, Field, Kind, nearest};

use crate::error::{Error, Result};

/// One set of parameters of one environment. It starts as the default; fields are changed by name:
///
/// ```no_run
/// # fn main() -> shadergym_envs::Result<()> {
/// let params = shadergym_envs::default_params("CartPole-v1")?.with("gravity", 5.0)?.with("half_length", 0.7)?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    facts: Arc<Facts>,
    words: Vec<u32>,
}

impl Params {
    /// The defaults of an environment, shipped or of a user's file, by what it declares.
    pub fn defaults(facts: &Arc<Facts>) -> Self {
        Self { words: facts.default_params.clone(), facts: facts.clone() }
    }

    /// From raw words that are valid.
    pub(crate) fn from_valid(facts: &Arc<Facts>, words: Vec<u32>) -> Self {
        debug_assert_eq!(words.len(), facts.params.words);
        Self { words, facts: facts.clone() }
    }

    /// From raw words `[params words]` in the order of [`Facts::params`].
    ///
    /// # Errors
    /// [`Error::InvalidShape`], [`Error::ParamOutOfRange`].
    pub fn from_words(&self, words: &[u32]) -> Result<Self> {
        check_length(&self.facts, words.len(), 1)?;
        check_row(&self.facts, words, None)?;
        Ok(Self { words: words.to_vec(), facts: self.facts.clone() })
    }

    /// Id of the environment whose parameters these are.
    pub fn id(&self) -> &str {
        &self.facts.id
    }

    /// The raw words, in the order of [`Facts::params`].
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The value of a field, row-major; one number for a scalar. Every 32-bit value is exact in an `f64`.
    ///
    /// # Errors
    /// [`Error::UnknownParam`].
    pub fn get(&self, field: &str) -> Result<Vec<f64>> {
        let field = find(&self.facts, field)?;
        Ok(decode(field, &self.words[field.offset..field.offset + field.words()]))
    }

    /// Changes a field; on an error nothing changes.
    ///
    /// # Errors
    /// [`Error::UnknownParam`], [`Error::InvalidShape`] for a wrong number of values, [`Error::ParamOutOfRange`] for
    /// values outside the bounds of the environment, NaN and infinities, and fractions in an integer field.
    pub fn set(&mut self, field: &str, values: impl Into<Values>) -> Result<()> {
        let field = find(&self.facts, field)?;
        let words = encode(&self.facts, field, &values.into().0, None)?;
        self.words[field.offset..field.offset + words.len()].copy_from_slice(&words);
        Ok(())
    }

    /// [`Self::set`] for chains.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn with(mut self, field: &str, values: impl Into<Values>) -> Result<Self> {
        self.set(field, values)?;
        Ok(self)
    }
}

/// Numbers for a field: made from a number, a bool, a slice, an array or a vector of any 32-bit type or `f64`.
#[derive(Debug, Clone, PartialEq)]
pub struct Values(pub(crate) Vec<f64>);

macro_rules! values_from {
    ($($number:ty),*) => {$(
        impl From<$number> for Values {
            fn from(value: $number) -> Self {
                Self(vec![value.into()])
            }
        }
        impl From<&[$number]> for Values {
            fn from(values: &[$number]) -> Self {
                Self(values.iter().map(|&v| v.into()).collect())
            }
        }
        impl From<Vec<$number>> for Values {
            fn from(values: Vec<$number>) -> Self {
                values.as_slice().into()
            }
        }
        impl From<&Vec<$number>> for Values {
            fn from(values: &Vec<$number>) -> Self {
                values.as_slice().into()
            }
        }
        impl<const N: usize> From<[$number; N]> for Values {
            fn from(values: [$number; N]) -> Self {
                values.as_slice().into()
            }
        }
    )*};
}

values_from!(f32, f64, u32, i32, bool);

/// The field of this name.
pub(crate) fn find<'a>(facts: &'a Facts, name: &str) -> Result<&'a Field> {
    facts.params.field(name).ok_or_else(|| Error::UnknownParam {
        id: facts.id.clone(),
        field: name.to_owned(),
        nearest: nearest(name, facts.params.fields.iter().map(|f| f.name.as_str())).map(str::to_owned),
        known: facts.params.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}

/// Refuses rows of another length than `instances` sets of parameters have.
pub(crate) fn check_length(facts: &Facts, got: usize, instances: usize) -> Result<()> {
    let expected = instances * facts.params.words;
    if got == expected {
        return Ok(());
    }
    let shape = format!("instances {instances} x {} words", facts.params.words);
    Err(Error::InvalidShape { what: "parameters", got, expected, shape })
}

/// Refuses a row with a value outside the bounds.
pub(crate) fn check_row(facts: &Facts, row: &[u32], instance: Option<usize>) -> Result<()> {
    for field in &facts.params.fields {
        for element in 0..field.words() {
            check_word(facts, field, element, row[field.offset + element], instance)?;
        }
    }
    Ok(())
}

/// The values of a field as words.
pub(crate) fn encode(facts: &Facts, field: &Field, values: &[f64], instance: Option<usize>) -> Result<Vec<u32>> {
    if values.len() != field.words() {
        return Err(Error::InvalidShape {
            what: "parameter values",
            got: values.len(),
            expected: field.words(),
            shape: format!("field `{}` {:?}", field.name, field.shape),
        });
    }
    let encode_one = |(element, &value): (usize, &f64)| {
        let range = match field.kind {
            Kind::F32 => f64::from(f32::MIN)..=f64::from(f32::MAX),
            Kind::U32 => 0.0..=f64::from(u32::MAX),
            Kind::I32 => f64::from(i32::MIN)..=f64::from(i32::MAX),
        };
        // Fractions are refused where whole numbers are needed; NaN is in no range.
        if !range.contains(&value) || (field.kind != Kind::F32 && value.fract() != 0.0) {
            let (low, high) = bounds(facts, field, element);
            let whole = if field.kind == Kind::F32 { "" } else { "the whole numbers " };
            return Err(out_of_range(field, element, value.to_string(), (format!("{whole}{low}"), high), instance));
        }
        let word = match field.kind {
            Kind::F32 => (value as f32).to_bits(),
            Kind::U32 => value as u32,
            Kind::I32 => value as i32 as u32,
        };
        check_word(facts, field, element, word, instance).map(|()| word)
    };
    values.iter().enumerate().map(encode_one).collect()
}

/// The words of a field as numbers.
pub(crate) fn decode(field: &Field, words: &[u32]) -> Vec<f64> {
    words.iter().map(|&word| number(field.kind, word)).collect()
}

fn number(kind: Kind, word: u32) -> f64 {
    match kind {
        Kind::F32 => f64::from(f32::from_bits(word)),
        Kind::U32 => f64::from(word),
        Kind::I32 => f64::from(word as i32),
    }
}

fn check_word(facts: &Facts, field: &Field, element: usize, word: u32, instance: Option<usize>) -> Result<()> {
    let value = number(field.kind, word);
    let at = field.offset + element;
    let (low, high) = &facts.params_bounds;
    if (number(field.kind, low[at])..=number(field.kind, high[at])).contains(&value) {
        return Ok(());
    }
    Err(out_of_range(field, element, show(field.kind, word), bounds(facts, field, element), instance))
}

fn bounds(facts: &Facts, field: &Field, element: usize) -> (String, String) {
    let at = field.offset + element;
    let (low, high) = &facts.params_bounds;
    (show(field.kind, low[at]), show(field.kind, high[at]))
}

/// A word as people write it: floats in their shortest form.
pub(crate) fn show(kind: Kind, word: u32) -> String {
    match kind {
        Kind::F32 => f32::from_bits(word).to_string(),
        Kind::U32 => word.to_string(),
        Kind::I32 => (word as i32).to_string(),
    }
}

fn out_of_range(
    field: &Field,
    element: usize,
    value: String,
    (low, high): (String, String),
    instance: Option<usize>,
) -> Error {
    let name = if field.shape.is_empty() { field.name.clone() } else { format!("{}[{element}]", field.name) };
    Error::ParamOutOfRange { field: name, instance, value, low, high, unit: field.unit.clone() }
}
