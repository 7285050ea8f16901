//! Checkpoints and policies as files: safetensors (little-endian, read by every framework) with all arrays, and with
//! metadata that says what they belong to. Arrays of the agent are below `agent/`, those of the trainer below
//! `trainer/`, those of the policy are as they are, `policy/...`, in both kinds of file.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};
use shadergym_envs::{Facts, Field};

use super::files::{failed, replace};
use crate::error::{Error, Result};
use crate::state::{State, Values};

/// Version of the format; a file with another one is refused.
const FORMAT: &str = "shadergym checkpoint 1";

/// What a checkpoint belongs to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meta {
    /// Name of the agent.
    pub agent: String,
    /// Environment id.
    pub env: String,
    /// The resolved configuration of the run, TOML.
    pub config: String,
    /// Where the run is: environment transitions so far, updates of an agent that makes none.
    pub step: u64,
    /// Seconds of training so far; None in a policy, which does not depend on how long it took.
    pub seconds: Option<f64>,
    /// [`spaces`] of the environment.
    pub spaces: String,
    /// [`layout`] of the environment.
    pub layout: String,
}

/// A checkpoint as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checkpoint {
    /// What it belongs to.
    pub meta: Meta,
    /// What the agent kept; empty in a policy's file.
    pub agent: State,
    /// What the trainer kept; empty in a policy's file.
    pub trainer: State,
    /// The policy.
    pub policy: State,
}

/// What a policy needs to fit: observations and actions in words.
pub fn spaces(facts: &Facts) -> String {
    let action = shadergym_envs::Space::of_action(facts);
    let parts =
        facts.observation.parts.iter().map(|p| format!("{}{:?} as {:?}{:?}", p.name, p.shape, p.encoding, p.counts));
    format!("observations {}, actions {action}", parts.collect::<Vec<_>>().join(" and "))
}

/// What a checkpoint needs to fit: a hash of the words of parameters, state, observations and actions. Docs do not count.
pub fn layout(facts: &Facts) -> String {
    let mut hash = Checksum::default();
    let mut add = |name: &str, fields: &[Field]| {
        hash.add(name.as_bytes());
        for f in fields {
            hash.add(format!("{} {:?} {:?} {}", f.name, f.kind, f.shape, f.offset).as_bytes());
        }
    };
    add("params", &facts.params.fields);
    add("state", &facts.state.fields);
    facts.observation.parts.iter().for_each(|part| add(&format!("observation {}", part.name), &part.fields));
    hash.add(format!("{} agents, {}, {:?}", facts.agents, spaces(facts), facts.action).as_bytes());
    hash.text()
}

impl Checkpoint {
    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`]; a former file of this name is as it was.
    pub fn write(&self, path: &Path) -> Result<()> {
        replace(path, |file| self.write_to(file))
    }

    /// What a file of it holds.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes).expect("memory takes everything");
        bytes
    }

    /// Writes what a file of it holds.
    ///
    /// # Errors
    /// Those of `file`.
    pub fn write_to(&self, file: &mut (impl Write + ?Sized)) -> io::Result<()> {
        let mut arrays: Vec<(String, &[usize], &Values)> = Vec::new();
        for (prefix, state) in [("agent/", &self.agent), ("trainer/", &self.trainer), ("", &self.policy)] {
            arrays.extend(state.arrays().map(|(name, shape, values)| (format!("{prefix}{name}"), shape, values)));
        }
        // The widest elements first, so that all are aligned.
        arrays.sort_by(|(a, _, x), (b, _, y)| width(y).cmp(&width(x)).then(a.cmp(b)));
        let mut meta = self.meta.to_map();
        meta.insert("checksum".to_owned(), checksum(&meta, arrays.iter().map(|(n, s, v)| (n.as_str(), *s, *v))));
        let mut header = Map::new();
        header.insert("__metadata__".to_owned(), json!(meta));
        let mut end = 0;
        for (name, shape, values) in &arrays {
            let start = end;
            end += bytes(values).len();
            let info = json!({ "dtype": dtype_name(values), "shape": shape, "data_offsets": [start, end] });
            header.insert(name.clone(), info);
        }
        let mut header = Value::Object(header).to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        arrays.iter().try_for_each(|(_, _, values)| file.write_all(bytes(values)))
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Checkpoint`] if it is none, cut off, damaged, or of another version.
    pub fn read(path: &Path) -> Result<Self> {
        let content = fs::read(path).map_err(|e| failed("read", path, e))?;
        Self::parse(&content)
            .map_err(|reason| Error::Checkpoint { path: path.display().to_string(), reason: reason.to_string() })
    }

    /// From what a file of it holds.
    ///
    /// # Errors
    /// The reason why it is none.
    pub fn parse(content: &[u8]) -> Result<Self, String> {
        let broken = |e: safetensors::SafeTensorError| format!("it is cut off, or no safetensors file ({e})");
        let (_, header) = SafeTensors::read_metadata(content).map_err(broken)?;
        let file = SafeTensors::deserialize(content).map_err(broken)?;
        let Some(meta) = header.metadata() else { return Err("it has no metadata of shadergym".to_owned()) };
        let mut meta: BTreeMap<String, String> = meta.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        match meta.get("format") {
            Some(format) if format == FORMAT => {}
            Some(format) => return Err(format!("its format is `{format}`, this version reads `{FORMAT}`")),
            None => return Err("it has no metadata of shadergym".to_owned()),
        }
        let expected = meta.remove("checksum").unwrap_or_default();
        let mut arrays = Vec::new();
        for (name, view) in file.iter() {
            let values = match view.dtype() {
                Dtype::F32 => Values::F32(bytemuck::pod_collect_to_vec(view.data())),
                Dtype::F64 => Values::F64(bytemuck::pod_collect_to_vec(view.data())),
                Dtype::U32 => Values::U32(bytemuck::pod_collect_to_vec(view.data())),
                Dtype::U64 => Values::U64(bytemuck::pod_collect_to_vec(view.data())),
                Dtype::U8 => Values::U8(view.data().to_vec()),
                other => return Err(format!("`{name}` has elements of type {other:?}")),
            };
            arrays.push((name, view.shape().to_vec(), values));
        }
        if checksum(&meta, arrays.iter().map(|(n, s, v)| (*n, s.as_slice(), v))) != expected {
            return Err("its content is damaged (the checksum differs)".to_owned());
        }
        let mut checkpoint = Self { meta: Meta::from_map(&meta)?, ..Self::default() };
        for (name, shape, values) in arrays {
            let (state, name) = match (name.strip_prefix("agent/"), name.strip_prefix("trainer/")) {
                (Some(name), _) => (&mut checkpoint.agent, name),
                (_, Some(name)) => (&mut checkpoint.trainer, name),
                _ => (&mut checkpoint.policy, name),
            };
            state.put(name, &shape, values);
        }
        Ok(checkpoint)
    }
}

impl Meta {
    fn to_map(&self) -> BTreeMap<String, String> {
        let Self { agent, env, config, step, seconds, spaces, layout } = self.clone();
        let step = step.to_string();
        let named = [
            ("format", FORMAT.to_owned()),
            ("agent", agent),
            ("env", env),
            ("config", config),
            ("step", step),
            ("spaces", spaces),
            ("layout", layout),
        ];
        let seconds = seconds.map(|s| ("seconds", s.to_string()));
        named.into_iter().chain(seconds).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn from_map(map: &BTreeMap<String, String>) -> Result<Self, String> {
        let get = |name: &str| map.get(name).cloned().ok_or_else(|| format!("its metadata has no `{name}`"));
        Ok(Self {
            agent: get("agent")?,
            env: get("env")?,
            config: get("config")?,
            step: get("step")?.parse().map_err(|_| "its `step` is no number".to_owned())?,
            seconds: map.get("seconds").and_then(|s| s.parse().ok()),
            spaces: get("spaces")?,
            layout: get("layout")?,
        })
    }
}

fn bytes(values: &Values) -> &[u8] {
    match values {
        Values::F32(v) => bytemuck::cast_slice(v),
        Values::F64(v) => bytemuck::cast_slice(v),
        Values::U32(v) => bytemuck::cast_slice(v),
        Values::U64(v) => bytemuck::cast_slice(v),
        Values::U8(v) => v,
    }
}

fn dtype_name(values: &Values) -> &'static str {
    match values {
        Values::F32(_) => "F32",
        Values::F64(_) => "F64",
        Values::U32(_) => "U32",
        Values::U64(_) => "U64",
        Values::U8(_) => "U8",
    }
}

/// Bytes per element.
fn width(values: &Values) -> usize {
    match values {
        Values::F64(_) | Values::U64(_) => 8,
        Values::F32(_) | Values::U32(_) => 4,
        Values::U8(_) => 1,
    }
}

fn checksum<'a>(
    meta: &BTreeMap<String, String>,
    arrays: impl Iterator<Item = (&'a str, &'a [usize], &'a Values)>,
) -> String {
    let mut sum = Checksum::default();
    for (name, value) in meta {
        sum.add(name.as_bytes());
        sum.add(value.as_bytes());
    }
    let mut arrays: Vec<_> = arrays.collect();
    arrays.sort_by_key(|(name, ..)| *name);
    for (name, shape, values) in arrays {
        sum.add(format!("{name} {} {shape:?}", dtype_name(values)).as_bytes());
        sum.add(bytes(values));
    }
    sum.text()
}

/// Finds damage, not malice: every step can be undone, so a single wrong word always shows.
#[derive(Debug, Default)]
struct Checksum(u64);

impl Checksum {
    fn add(&mut self, data: &[u8]) {
        let (words, rest) = data.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
        self.word(data.len() as u64);
    }

    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    }

    fn text(&self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Checkpoint {
        let mut checkpoint = Checkpoint {
            meta: Meta { agent: "a".into(), step: 7, seconds: Some(0.1), config: "x = 1\n".into(), ..Meta::default() },
            ..Checkpoint::default()
        };
        checkpoint.agent.put("w", &[2, 3], Values::F32(vec![f32::MIN_POSITIVE, -0.0, 1.5, f32::NAN, 2.0, 3.0]));
        checkpoint.agent.put_bytes("snapshot", &[1, 2, 3]);
        checkpoint.agent.put_u32("none", &[]);
        checkpoint.trainer.put_f64("sums", &[0.1, f64::MAX]);
        checkpoint.trainer.put_u64("counts", &[u64::MAX]);
        checkpoint.policy.put_f32("policy/parameters", &[4.0; 5]);
        checkpoint
    }

    #[test]
    fn everything_comes_back_and_damage_shows() {
        let folder = crate::test_folder::folder("checkpoint");
        let path = folder.join("x.safetensors");
        sample().write(&path).unwrap();
        let back = Checkpoint::read(&path).unwrap();
        // Not equal as values because of the NaN, but bit by bit.
        assert_eq!(format!("{back:?}"), format!("{:?}", sample()));
        let good = fs::read(&path).unwrap();
        for length in 0..good.len() {
            fs::write(&path, &good[..length]).unwrap();
            let error = Checkpoint::read(&path).unwrap_err();
            assert!(matches!(&error, Error::Checkpoint { path: p, .. } if *p == path.display().to_string()), "{error}");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            let error = Checkpoint::read(&path).expect_err(&format!("byte {at}"));
            assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
        }
        fs::remove_file(&path).unwrap();
        assert!(matches!(Checkpoint::read(&path), Err(Error::Io { doing: "read", .. })));
    }

    #[test]
    fn foreign_files_are_refused() {
        let foreign = safetensors::serialize::<&str, safetensors::tensor::TensorView<'_>, _>([], None).unwrap();
        assert!(Checkpoint::parse(&foreign).unwrap_err().contains("no metadata of shadergym"));
        assert!(Checkpoint::parse(b"PK\x03\x04 something else altogether").unwrap_err().contains("no safetensors"));
    }

    #[test]
    fn the_layout_follows_the_environment() {
        let id = shadergym_envs::ids().next().unwrap();
        let facts = shadergym_envs::spec(id).unwrap().clone();
        let mut other = facts.clone();
        other.summary.push('x');
        other.state.fields[0].doc.push('x');
        assert_eq!(layout(&facts), layout(&other));
        other.state.fields[0].name.push('x');
        assert_ne!(layout(&facts), layout(&other));
    }
}
