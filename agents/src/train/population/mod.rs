//! Populations: the same run with many seeds, side by side on the cores, and on the lanes of each where their learners go
//! together. Each member is a run of its own, bit by bit the one that `train` makes alone on the same device, in a folder of
//! its own below that of the population; what they came to together is beside them.

mod results;
mod sweep;
mod team;
mod workers;

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml::{Table, Value};

use self::sweep::{Variant, variants};
use super::config::{RunConfig, version};
use super::folder::{RunFolder, free_folder};
use super::lock::Lock;
use super::{Callback, End, Out, RunOptions};
use crate::error::{Error, Result};
use crate::options::check;
use shadergym_envs::Device;

pub use sweep::parse_sweep;

/// What says that a folder is that of a population.
const FILE: &str = "population.toml";
/// Members at most.
const MOST: u64 = 100_000;

/// What a member came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its seed.
    pub seed: u64,
    /// The options that differ from those of other members, as `name=value, ...`; empty without a sweep.
    pub set: String,
    /// Its folder; None if nothing was written.
    pub folder: Option<PathBuf>,
    /// Why it ended; None if it was not begun.
    pub end: Option<End>,
    /// Why it failed.
    pub error: Option<String>,
    /// Its `summary.json`; null if there is none.
    pub summary: Json,
}

/// What a population came to.
#[derive(Debug)]
pub struct PopulationOutcome {
    /// Where its files are; None if none were written.
    pub folder: Option<PathBuf>,
    /// By combination of a sweep, then by seed.
    pub members: Vec<Member>,
    /// [`End::Interrupted`] if a member is to go on; [`End::Failed`] if all failed.
    pub end: End,
    /// `summary.json` of all together.
    pub summary: Json,
}

/// A population in the making.
pub(super) struct Population {
    /// The combinations of options, one without a sweep.
    variants: Vec<Variant>,
    first_seed: u64,
    seeds: u64,
    /// Threads of all together.
    threads: usize,
    folder: Option<PathBuf>,
    /// Steps that members which are over get in addition.
    more: Option<u64>,
}

/// Whether a folder is that of a population.
pub fn is_population(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// Trains `seeds` learners, from the seed of the options on, for each combination of the options' sweep, side by side on as
/// many threads as the options say. With
/// [`Device::Auto`] they learn on the CPU where the environment has code for it, as they would fight for one GPU; on a GPU
/// they learn together where their learners can ([`crate::abreast`]), or else one after the other. A member that fails is a failure of its own: the others go on. `callback` hears of all
/// together, in the calling thread.
///
/// # Errors
/// As [`super::train`], before any file is touched; [`Error::InvalidOption`] for no or too many seeds; [`Error::Io`].
pub fn train_population(options: &RunOptions, seeds: u64, callback: &mut Callback<'_>) -> Result<PopulationOutcome> {
    check("seeds", seeds, &format!("1 to {MOST}"), (1..=MOST).contains(&seeds))?;
    let plans = variants(options, MOST)?;
    let count = seeds.saturating_mul(plans.len() as u64);
    check("seeds", seeds, &format!("{MOST} members at most, with all combinations"), count <= MOST)?;
    let first = &plans[0].1;
    let first_seed = first.config.seed;
    let last = first_seed.saturating_add(seeds - 1);
    check("seed", last, "0 to 9223372036854775807, with all seeds of the population", last <= i64::MAX as u64)?;
    let threads = first.config.num_threads.unwrap_or_else(crate::machine::cores);
    let name = format!("{}-{}-{first_seed}to{last}", first.facts.slug(), first.entry.name);
    let folder = free_folder(&options.out, &name)?;
    let variants = plans.into_iter().map(|(set, plan)| {
        let mut base = RunConfig { num_threads: None, ..plan.config };
        if base.device == Device::Auto && !shadergym_envs::is_file(&base.env) {
            base.device = Device::Cpu;
        }
        Variant { set, base }
    });
    let population = Population { first_seed, variants: variants.collect(), seeds, threads, folder, more: None };
    let _lock = population.folder.as_deref().map(Lock::claim).transpose()?;
    population.write()?;
    population.run(callback)
}

/// Goes on with a population: with the members that were stopped or failed, and those that were not begun; with `more` also
/// with those that are over, by so many steps.
///
/// # Errors
/// [`Error::Checkpoint`] if it is no population; [`Error::Busy`] if it is being trained; as [`train_population`].
pub fn resume_population(folder: &Path, more: Option<u64>, callback: &mut Callback<'_>) -> Result<PopulationOutcome> {
    let population = Population { more, ..Population::read(folder)? };
    let _lock = Lock::claim(folder)?;
    population.run(callback)
}

impl Population {
    fn write(&self) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut population = Table::new();
        population.insert("seeds".to_owned(), Value::Integer(self.seeds as i64));
        population.insert("threads".to_owned(), Value::Integer(self.threads as i64));
        let sweep = self.variants.iter().filter(|variant| !variant.set.is_empty()).map(|variant| {
            let options = Value::Table(variant.base.options.clone());
            let set = Value::Table(variant.set.clone());
            Value::Table(Table::from_iter([("set".to_owned(), set), ("options".to_owned(), options)]))
        });
        let sweep: Vec<Value> = sweep.collect();
        if !sweep.is_empty() {
            population.insert("sweep".to_owned(), Value::Array(sweep));
        }
        let table = Table::from_iter([("population".to_owned(), Value::Table(population))]);
        let run = self.variants[0].base.to_toml();
        let run = run.split_once('\n').map_or("", |(_, run)| run);
        let text = format!("# shadergym {}; `shadergym resume <this folder>` goes on\n{table}\n{run}", version());
        RunFolder { path: folder.clone() }.write(FILE, text.as_bytes())
    }

    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let error = |reason: String| Error::Checkpoint { path: path.display().to_string(), reason };
        let text = std::fs::read_to_string(&path).map_err(|e| super::files::failed("read", &path, e))?;
        let base = RunConfig::from_toml(&text).map_err(error)?;
        let table: Table = text.parse().map_err(|e: toml::de::Error| error(e.message().to_owned()))?;
        let number = |name: &str| {
            let found = table.get("population").and_then(|t| t.get(name)).and_then(Value::as_integer);
            let found = found.filter(|n| (1..=MOST as i64).contains(n));
            found.ok_or_else(|| error(format!("[population] has no `{name}` of 1 to {MOST}")))
        };
        let (seeds, threads) = (number("seeds")? as u64, number("threads")? as usize);
        let folder = Some(folder.to_owned());
        let sweep = table.get("population").and_then(|t| t.get("sweep")).and_then(Value::as_array);
        let variant = |value: &Value| {
            let part = |name: &str| value.get(name).and_then(Value::as_table).cloned();
            let found = part("set").zip(part("options"));
            let (set, options) =
                found.ok_or_else(|| error("a combination of [population.sweep] is not whole".to_owned()))?;
            Ok(Variant { set, base: RunConfig { options, ..base.clone() } })
        };
        let variants = match sweep {
            Some(sweep) => sweep.iter().map(variant).collect::<Result<_>>()?,
            None => vec![Variant { set: Table::new(), base: base.clone() }],
        };
        Ok(Self { first_seed: base.seed, variants, seeds, threads, folder, more: None })
    }

    /// Number of members.
    fn count(&self) -> u64 {
        self.seeds * self.variants.len() as u64
    }

    /// The seed and the combination of a member.
    fn which(&self, index: u64) -> (u64, &Variant) {
        (self.first_seed + index % self.seeds, &self.variants[(index / self.seeds) as usize])
    }

    /// What notes call a member.
    fn name(&self, index: u64) -> String {
        let (seed, variant) = self.which(index);
        if variant.set.is_empty() { format!("seed {seed}") } else { format!("{}, seed {seed}", variant.label()) }
    }

    /// A member that nothing is known of yet.
    fn member(&self, index: u64) -> Member {
        let (seed, variant) = self.which(index);
        let folder = self.folder.as_ref().map(|folder| folder.join(variant.folder()).join(format!("seed-{seed}")));
        Member { seed, set: variant.label(), folder, end: None, error: None, summary: Json::Null }
    }

    /// The run of a member with so many threads.
    fn options(&self, index: u64, threads: usize) -> RunOptions {
        let (seed, variant) = self.which(index);
        RunOptions {
            tables: Some(variant.base.to_toml().parse().expect("its own text")),
            seed: Some(seed),
            num_threads: Some(threads),
            // One picture says how it is played.
            gif: Some(variant.base.gif && seed == self.first_seed),
            out: self.member(index).folder.map_or(Out::Memory, Out::Folder),
            ..RunOptions::default()
        }
    }

    fn run(self, callback: &mut Callback<'_>) -> Result<PopulationOutcome> {
        let start = std::time::Instant::now();
        let members = workers::run(&self, callback);
        results::write(&self, members, start.elapsed().as_secs_f64())
    }
}
