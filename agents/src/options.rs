//! Options of agents: a struct whose fields, docs and defaults are also data, so that the help, the checks of a file and
//! the resolved configuration of a run come from one place.

use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::network::Activation;
use crate::optim::Kind as OptimizerKind;
use crate::schedule::Schedule;

/// One option, for help texts.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionInfo {
    /// Name, as in `--set name=value` and in files.
    pub name: &'static str,
    /// What values it takes: `whole number`, `number`, `true or false`, ...
    pub kind: &'static str,
    /// Default without any preset.
    pub default: Value,
    /// One line.
    pub doc: &'static str,
}

/// A type of options.
pub trait OptionValue: Sized {
    /// Values in words.
    const KIND: &'static str;
    /// From a file or the command line; None if it is no such value.
    fn from_toml(value: &Value) -> Option<Self>;
    /// To a file.
    fn to_toml(&self) -> Value;
}

macro_rules! whole {
    ($type:ty) => {
        impl OptionValue for $type {
            const KIND: &'static str = "a whole number";
            fn from_toml(value: &Value) -> Option<Self> {
                match value {
                    Value::Integer(v) => Self::try_from(*v).ok(),
                    // 5e5 is a natural way to write a number of steps.
                    Value::Float(v) if v.fract() == 0.0 && (0.0..9e15).contains(v) => Self::try_from(*v as i64).ok(),
                    _ => None,
                }
            }
            fn to_toml(&self) -> Value {
                Value::Integer(*self as i64)
            }
        }
    };
}
whole!(usize);
whole!(u32);
whole!(u64);

impl OptionValue for f32 {
    const KIND: &'static str = "a number";
    fn from_toml(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(v) => Some(*v as f32),
            Value::Float(v) if v.is_finite() => Some(*v as f32),
            _ => None,
        }
    }
    fn to_toml(&self) -> Value {
        // The shortest decimal that is this f32, not the f64 next to it.
        Value::Float(self.to_string().parse().unwrap_or(f64::from(*self)))
    }
}

impl OptionValue for f64 {
    const KIND: &'static str = "a number";
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_float().or(value.as_integer().map(|v| v as f64)).filter(|v| v.is_finite())
    }
    fn to_toml(&self) -> Value {
        Value::Float(*self)
    }
}

impl OptionValue for Vec<f64> {
    const KIND: &'static str = "a list of numbers";
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(f64::from_toml).collect()
    }
    fn to_toml(&self) -> Value {
        Value::Array(self.iter().map(OptionValue::to_toml).collect())
    }
}

impl OptionValue for bool {
    const KIND: &'static str = "true or false";
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_bool()
    }
    fn to_toml(&self) -> Value {
        Value::Boolean(*self)
    }
}

impl OptionValue for Vec<usize> {
    const KIND: &'static str = "a list of whole numbers";
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(usize::from_toml).collect()
    }
    fn to_toml(&self) -> Value {
        Value::Array(self.iter().map(OptionValue::to_toml).collect())
    }
}

impl OptionValue for Vec<Vec<f64>> {
    const KIND: &'static str = "a list of lists of numbers";
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(Vec::from_toml).collect()
    }
    fn to_toml(&self) -> Value {
        Value::Array(self.iter().map(OptionValue::to_toml).collect())
    }
}

/// An option that is one of several words.
macro_rules! words {
    ($type:ty, $kind:literal, { $($word:literal => $variant:expr),* $(,)? }) => {
        impl $crate::options::OptionValue for $type {
            const KIND: &'static str = $kind;
            fn from_toml(value: &toml::Value) -> Option<Self> {
                match value.as_str()? {
                    $($word => Some($variant),)*
                    _ => None,
                }
            }
            fn to_toml(&self) -> toml::Value {
                $(if *self == $variant {
                    return toml::Value::String($word.to_owned());
                })*
                unreachable!("every variant has a word")
            }
        }
    };
}
pub(crate) use words;

words!(Activation, "tanh, relu or leaky_relu", {
    "tanh" => Activation::Tanh, "relu" => Activation::Relu, "leaky_relu" => Activation::LeakyRelu,
});
words!(OptimizerKind, "adam, adamw, radam, lamb, sgd, rmsprop or centered_rmsprop", {
    "adam" => OptimizerKind::Adam, "adamw" => OptimizerKind::AdamW, "radam" => OptimizerKind::RAdam,
    "lamb" => OptimizerKind::Lamb, "sgd" => OptimizerKind::Sgd, "rmsprop" => OptimizerKind::RmsProp,
    "centered_rmsprop" => OptimizerKind::CenteredRmsProp,
});
words!(Schedule, "constant, linear, cosine, wsd, rex, power or infinite", {
    "constant" => Schedule::Constant, "linear" => Schedule::Linear, "cosine" => Schedule::Cosine, "wsd" => Schedule::Wsd,
    "rex" => Schedule::Rex, "power" => Schedule::Power, "infinite" => Schedule::Infinite,
});

/// What an agent does where an episode is cut off by the time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// The episode would have gone on: bootstrap from the value of its last observation.
    Bootstrap,
    /// As if the environment had ended it.
    Terminal,
}
words!(Truncation, "bootstrap or terminal", {
    "bootstrap" => Truncation::Bootstrap, "terminal" => Truncation::Terminal,
});

/// Which network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkKind {
    /// Fused multi-layer perceptron on SIMD lanes.
    Mlp,
    /// Convolutions over `[height, width, channels]` observations.
    Conv,
}
words!(NetworkKind, "mlp or conv", { "mlp" => NetworkKind::Mlp, "conv" => NetworkKind::Conv });

/// Defines a struct of options with a default for each field. `..name: Type` at the beginning takes in the options of
/// another such struct, whose values then are in the field `name`.
macro_rules! options {
    ($(#[doc = $about:literal])* pub struct $name:ident {
        $(..$shared:ident: $options:ty,)?
        $($(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $(/// Options of a kind of agents.
            pub $shared: $options,)?
            $($(#[doc = $doc])+ pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($shared: <$options>::default(),)? $($field: $default,)* }
            }
        }

        impl $name {
            /// All options with their docs and defaults.
            pub fn options() -> Vec<$crate::options::OptionInfo> {
                let default = Self::default();
                #[allow(unused_mut)]
                let mut all = vec![$($crate::options::OptionInfo {
                    name: stringify!($field),
                    kind: <$type as $crate::options::OptionValue>::KIND,
                    default: $crate::options::OptionValue::to_toml(&default.$field),
                    doc: concat!($($doc),+).trim_ascii_start(),
                },)*];
                $(all.extend(<$options>::options());)?
                all
            }

            /// Gives an option its value; false if there is none of this name.
            ///
            /// # Errors
            /// [`Error::InvalidOption`](crate::Error::InvalidOption).
            pub fn set(&mut self, key: &str, value: &toml::Value) -> $crate::Result<bool> {
                match key {
                    $(stringify!($field) => self.$field = $crate::options::parse(key, value)?,)*
                    _ => return Ok(false $(|| self.$shared.set(key, value)?)?),
                }
                Ok(true)
            }

            /// The defaults with what a table says.
            ///
            /// # Errors
            /// [`Error::UnknownOption`](crate::Error::UnknownOption), [`Error::InvalidOption`](crate::Error::InvalidOption).
            pub fn from_table(agent: &str, table: &toml::Table) -> $crate::Result<Self> {
                let mut config = Self::default();
                for (key, value) in table {
                    if !config.set(key, value)? {
                        return Err($crate::options::unknown(agent, key, &Self::options()));
                    }
                }
                Ok(config)
            }

            /// All options with their values.
            pub fn to_table(&self) -> toml::Table {
                #[allow(unused_mut)]
                let mut table = toml::Table::new();
                $(table.extend(self.$shared.to_table());)?
                $(table.insert(
                    stringify!($field).to_owned(),
                    $crate::options::OptionValue::to_toml(&self.$field),
                );)*
                table
            }
        }
    };
}
pub(crate) use options;

/// The table with `lr`, which is what everybody types, written out.
pub(crate) fn written_out(mut table: Table) -> Table {
    if let Some(rate) = table.remove("lr") {
        table.insert("learning_rate".to_owned(), rate);
    }
    table
}

pub(crate) fn parse<T: OptionValue>(option: &str, value: &Value) -> Result<T> {
    T::from_toml(value).ok_or_else(|| Error::InvalidOption {
        option: option.to_owned(),
        value: value.to_string(),
        allowed: T::KIND.to_owned(),
    })
}

pub(crate) fn unknown(agent: &str, option: &str, known: &[OptionInfo]) -> Error {
    let names: Vec<&str> = known.iter().map(|o| o.name).collect();
    Error::UnknownOption {
        agent: agent.to_owned(),
        option: option.to_owned(),
        nearest: nearest(option, names.iter().copied()).map(str::to_owned),
        known: names.join(", "),
    }
}

/// The closest of some names, if one is close.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A name written without its underscores or with other case is close whatever its length.
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], "");
    let wanted = plain(name);
    names
        .map(|n| (if plain(n).contains(&wanted) { 1 } else { distance(&wanted, &plain(n)) }, n))
        .min()
        .filter(|(d, n)| *d <= 1 + n.len() / 4)
        .map(|(_, n)| n)
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Fails unless an option is in its range.
pub(crate) fn check(option: &str, value: impl ToString, allowed: &str, fits: bool) -> Result<()> {
    if fits {
        return Ok(());
    }
    Err(Error::InvalidOption { option: option.to_owned(), value: value.to_string(), allowed: allowed.to_owned() })
}

/// A table from `name=value` texts; a value is TOML (`1e-3`, `[64, 64]`, `true`) or else a word.
///
/// # Errors
/// [`Error::InvalidOption`] for a text without `=`.
pub fn parse_settings<'a>(settings: impl IntoIterator<Item = &'a str>) -> Result<Table> {
    let mut table = Table::new();
    for text in settings {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Error::InvalidOption {
                option: "--set".to_owned(),
                value: format!("`{text}`"),
                allowed: "name=value, such as learning_rate=1e-3".to_owned(),
            });
        };
        let (name, value) = (name.trim(), value.trim());
        let parsed = format!("x = {value}").parse::<Table>().ok().and_then(|mut t| t.remove("x"));
        table.insert(name.replace('-', "_"), parsed.unwrap_or_else(|| Value::String(value.to_owned())));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    options! {
        /// For the tests.
        pub struct Sample {
            /// Peak learning rate.
            learning_rate: f32 = 2.5e-4,
            /// Parallel environments.
            num_envs: usize = 8,
            /// Hidden layers.
            hidden: Vec<usize> = vec![64, 64],
            /// What a time limit means.
            truncation: Truncation = Truncation::Bootstrap,
        }
    }

    #[test]
    fn a_table_and_back() {
        let settings = ["learning-rate=1", "num_envs=1e3", "hidden=[32]", "truncation=terminal"];
        let table = parse_settings(settings).unwrap();
        let sample = Sample::from_table("sample", &table).unwrap();
        assert_eq!(
            sample,
            Sample { learning_rate: 1.0, num_envs: 1000, hidden: vec![32], truncation: Truncation::Terminal }
        );
        assert_eq!(Sample::from_table("sample", &sample.to_table()).unwrap(), sample);
        let short = written_out(parse_settings(["lr=0.5"]).unwrap());
        assert_eq!(Sample::from_table("sample", &short).unwrap().learning_rate, 0.5);
        assert_eq!(Sample::default().to_table()["learning_rate"].to_string(), "0.00025");
        assert_eq!(Sample::options()[1].doc, "Parallel environments.");
    }

    #[test]
    fn bad_options_say_what_is_allowed() {
        let bad = |text: &str| Sample::from_table("sample", &parse_settings([text]).unwrap()).unwrap_err().to_string();
        assert!(bad("lerning_rate=1").contains("Did you mean `learning_rate`?"), "{}", bad("lerning_rate=1"));
        assert!(bad("numenvs=1").contains("Did you mean `num_envs`?"));
        assert_eq!(bad("num_envs=-1"), "option `num_envs` is -1, allowed is a whole number");
        assert_eq!(bad("truncation=maybe"), "option `truncation` is \"maybe\", allowed is bootstrap or terminal");
        assert!(parse_settings(["x"]).unwrap_err().to_string().contains("name=value"));
    }
}
