//! Pretrained transformers: made, kept in files, played.

use std::path::{Path, PathBuf};

use toml::Table;

use super::ad::{AdOptions, AdPlayer, Histories};
use super::dpt::{DptOptions, DptPlayer, Questions};
use super::play::Player;
use super::pretrain::{Lessons, Progress, Trained, pretrain_on};
use super::problem::Problem;
use super::source::Source;
use super::transformer::{Shape, Transformer};
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::OptionInfo;
use crate::state::{State, Values};
use crate::train::checkpoint::{Checkpoint, Meta, spaces};

/// A way of pretraining with its options.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A decision-pretrained transformer.
    Dpt(DptOptions),
    /// Algorithm distillation.
    Ad(AdOptions),
}

/// A pretrained transformer.
#[derive(Debug, Clone)]
pub struct Model {
    /// How it was trained.
    pub kind: Kind,
    /// Id or file of its environment.
    pub env: String,
    /// Seed of the run.
    pub seed: u64,
    /// The network.
    pub network: Transformer,
    /// Updates so far.
    pub updates: u64,
    spaces: String,
}

/// Seeds of tasks to learn from, to validate on; those that are played are below.
pub(super) const TRAINED: u64 = 1 << 40;
const VALIDATED: u64 = 1 << 43;
/// Seeds of a run's tasks.
const SEEDS: u64 = 1 << 28;
/// Runs whose tasks are others.
const RUNS: u64 = 1024;
/// Name of the file in a folder.
const FILE: &str = "model.safetensors";

impl Kind {
    /// The way of a name, with options.
    ///
    /// # Errors
    /// [`Error::UnknownAgent`], and those of unknown options and bad values.
    pub fn of(name: &str, settings: &Table) -> Result<Self> {
        match name {
            "dpt" => Ok(Self::Dpt(DptOptions::from_table("dpt", settings)?)),
            "ad" => Ok(Self::Ad(AdOptions::of(settings)?)),
            _ => Err(Error::UnknownAgent { name: name.to_owned(), nearest: None, known: "dpt, ad".to_owned() }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dpt(_) => "dpt",
            Self::Ad(_) => "ad",
        }
    }

    /// Its options with the values in force as defaults.
    pub fn options(&self) -> Vec<OptionInfo> {
        let (mut options, table) = match self {
            Self::Dpt(of) => (DptOptions::options(), of.to_table()),
            Self::Ad(of) => (AdOptions::options(), of.to_table()),
        };
        for option in &mut options {
            option.default.clone_from(&table[option.name]);
        }
        options
    }

    fn table(&self) -> Table {
        match self {
            Self::Dpt(options) => options.to_table(),
            Self::Ad(options) => options.to_table(),
        }
    }

    fn shape(&self, problem: &Problem, source: &Source) -> Result<Shape> {
        match self {
            Self::Dpt(options) => options.shape(problem, source),
            Self::Ad(options) => options.shape(problem),
        }
    }

    /// Share of the tasks that is never learned from.
    pub fn held_out(&self) -> f64 {
        match self {
            Self::Dpt(options) => options.held_out,
            Self::Ad(options) => options.held_out,
        }
    }
}

/// The first seeds from `first` on whose tasks are held out, or are not. In bandits and tabular processes a task hardly ever comes
/// twice, so all count as either.
///
/// # Errors
/// [`Error::Unsupported`] if there are hardly any such tasks; those of the environment.
pub fn seeds_of(
    problem: &Problem,
    source: &Source,
    first: u64,
    count: usize,
    share: f64,
    held_out: bool,
) -> Result<Vec<u64>> {
    if share <= 0.0 || !matches!(problem, Problem::Room(_) | Problem::Keys(_)) {
        return Ok((first..first + count as u64).collect());
    }
    let words = source.facts().state.words;
    let block = count.next_multiple_of(64).clamp(256, 4096);
    let mut batch = source.batch(block)?;
    let (mut found, mut next) = (Vec::with_capacity(count), first);
    while found.len() < count {
        if next > first + 1000 * (count as u64 + block as u64) {
            let which = if held_out { "are held out" } else { "are not held out" };
            return Err(Error::Unsupported(format!(
                "{} of the tasks asked for {which}; held_out is {share}",
                found.len()
            )));
        }
        let seeds: Vec<u64> = (next..next + block as u64).collect();
        batch.reset_with(&seeds)?;
        let state = batch.get_state(..)?;
        for (seed, row) in seeds.iter().zip(state.chunks_exact(words)) {
            let drawn = Noise::new(0, "held out").at(problem.task(row), 0).uniform_f64();
            if (drawn < share) == held_out {
                found.push(*seed);
            }
        }
        next += block as u64;
    }
    found.truncate(count);
    Ok(found)
}

impl Model {
    /// Pretrains one. `collecting` hears of how many tasks (and of how many in all) there are transitions, `each` of progress with the
    /// model as it is after an epoch; both end all by an error.
    ///
    /// # Errors
    /// Those of [`Problem::of`], of options and of the environment; [`Error::Diverged`].
    pub fn pretrain(
        kind: Kind,
        source: &Source,
        seed: u64,
        collecting: &mut dyn FnMut(usize, usize) -> Result<()>,
        each: &mut dyn FnMut(&Progress, Option<&Self>) -> Result<()>,
    ) -> Result<(Self, Trained)> {
        let problem = Problem::of(source)?;
        let shape = kind.shape(&problem, source)?;
        let shared = match &kind {
            Kind::Dpt(options) => options.shared.clone(),
            Kind::Ad(options) => options.shared.clone(),
        };
        shared.check()?;
        let env = shadergym_envs::absolute_name(source.env());
        let spaces = spaces(source.facts());
        let mut network = Transformer::new(shape, seed)?;
        let (all, run) = (shared.tasks, seed % RUNS * SEEDS);
        let mut tell = |done: usize| collecting(done, all);
        let (draws, drawn) = (Noise::new(seed, "pretraining tasks"), Noise::new(seed, "validation tasks"));
        let name = kind.name();
        let mut epoch = |kind: &Kind, progress: &Progress, network: &Transformer| {
            let model = progress.validation.is_some().then(|| Self {
                kind: kind.clone(),
                env: env.clone(),
                seed,
                network: network.clone(),
                updates: progress.updates.0,
                spaces: spaces.clone(),
            });
            each(progress, model.as_ref())
        };
        let trained = match &kind {
            Kind::Dpt(options) => {
                let seeds = |first, count| seeds_of(&problem, source, first + run, count, options.held_out, false);
                let contexts = options.contexts(&problem, source, &seeds(TRAINED, all)?, draws, &mut tell)?;
                let seeds = seeds_of(&problem, source, VALIDATED + run, shared.validation, options.held_out, true)?;
                let others = options.contexts(&problem, source, &seeds, drawn, &mut |_| Ok(()))?;
                let lessons = Questions { problem: &problem, contexts: &contexts, options };
                let held_out = Questions { contexts: &others, ..lessons };
                let lessons: (&dyn Lessons, &dyn Lessons) = (&lessons, &held_out);
                pretrain_on(name, &mut network, lessons, &shared, seed, &mut |p, n| epoch(&kind, p, n))?
            }
            Kind::Ad(options) => {
                let source = &options.source(source)?;
                let seeds = seeds_of(&problem, source, TRAINED + run, all, options.held_out, false)?;
                let lessons = Histories::collect(&problem, source, &seeds, options, draws, &mut tell)?;
                let seeds = seeds_of(&problem, source, VALIDATED + run, shared.validation, options.held_out, true)?;
                let held_out = Histories::collect(&problem, source, &seeds, options, drawn, &mut |_| Ok(()))?;
                let lessons: (&dyn Lessons, &dyn Lessons) = (&lessons, &held_out);
                pretrain_on(name, &mut network, lessons, &shared, seed, &mut |p, n| epoch(&kind, p, n))?
            }
        };
        let updates = trained.updates;
        Ok((Self { kind, env, seed, network, updates, spaces }, trained))
    }

    /// At play of so many instances; draws from what comes out, or takes the likeliest.
    pub fn player<'a>(
        &'a self,
        problem: &'a Problem,
        instances: usize,
        noise: Noise,
        sample: bool,
    ) -> Box<dyn Player + 'a> {
        match self.kind {
            Kind::Dpt(_) => Box::new(DptPlayer::new(problem, &self.network, instances, noise, sample)),
            Kind::Ad(_) => Box::new(AdPlayer::new(problem, &self.network, instances, noise, sample)),
        }
    }

    /// Writes it into a folder.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, folder: &Path) -> Result<()> {
        let mut policy = State::default();
        for part in self.network.layout().parts() {
            let values = Values::F32(self.network.parameters()[part.range()].to_vec());
            policy.put(format!("policy/{}", part.name), &part.shape, values);
        }
        let mut config = self.kind.table();
        config.insert("seed".to_owned(), toml::Value::String(self.seed.to_string()));
        let length = self.network.shape().length as i64;
        config.insert("length".to_owned(), toml::Value::Integer(length));
        let meta = Meta {
            agent: self.kind.name().to_owned(),
            env: self.env.clone(),
            config: config.to_string(),
            step: self.updates,
            seconds: None,
            spaces: self.spaces.clone(),
            layout: String::new(),
        };
        Checkpoint { meta, policy, ..Checkpoint::default() }.write(&folder.join(FILE))
    }

    /// Reads one, from its folder or file.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Checkpoint`] if it is none, damaged or of another kind.
    pub fn load(path: &Path) -> Result<Self> {
        let path: PathBuf = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        let Checkpoint { meta, policy, .. } = Checkpoint::read(&path)?;
        let refuse = |reason: String| Error::Checkpoint { path: path.display().to_string(), reason };
        if !["dpt", "ad"].contains(&meta.agent.as_str()) {
            let reason = format!("it is a policy of {}; play that with `shadergym watch` or `eval`", meta.agent);
            return Err(refuse(reason));
        }
        let mut config: Table =
            meta.config.parse().map_err(|_| refuse("its configuration does not read".to_owned()))?;
        let seed = config.remove("seed").and_then(|v| v.as_str()?.parse().ok());
        let length = config.remove("length").and_then(|v| usize::try_from(v.as_integer()?).ok());
        let (Some(seed), Some(length)) = (seed, length) else {
            return Err(refuse("its configuration lacks `seed` or `length`".to_owned()));
        };
        let kind = Kind::of(&meta.agent, &config)?;
        let shared = match &kind {
            Kind::Dpt(options) => &options.shared,
            Kind::Ad(options) => &options.shared,
        };
        let side = |name: &str, which: usize| {
            let found = policy.arrays().find(|(known, ..)| *known == name).and_then(|(_, shape, _)| shape.get(which));
            found.copied().ok_or_else(|| refuse(format!("it has no matrix `{name}`")))
        };
        let (inputs, outputs) = (side("policy/embed.weight", 0)?, side("policy/head.weight", 1)?);
        let (width, layers, heads) = (shared.width, shared.layers, shared.heads);
        let mut network = Transformer::new(Shape { inputs, outputs, width, layers, heads, length }, 0)?;
        for part in network.layout().clone().parts() {
            let name = format!("policy/{}", part.name);
            policy.read_f32(&name, &mut network.parameters_mut()[part.range()]).map_err(|e| refuse(e.to_string()))?;
        }
        Ok(Self { kind, env: meta.env, seed, network, updates: meta.step, spaces: meta.spaces })
    }

    /// Refuses an environment that it was not trained for: another parameter is fine, other observations or actions are not.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn fits(&self, problem: &Problem, source: &Source) -> Result<()> {
        let shape = self.kind.shape(problem, source)?;
        let own = self.network.shape();
        if (shape.inputs, shape.outputs) == (own.inputs, own.outputs) {
            return Ok(());
        }
        let reason = format!(
            "it was trained on {} ({} numbers a token, {} actions), and {} has {} and {}",
            self.env,
            own.inputs,
            own.outputs,
            source.facts().id,
            shape.inputs,
            shape.outputs
        );
        Err(Error::Checkpoint { path: self.kind.name().to_owned(), reason })
    }
}
