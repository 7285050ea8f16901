//! Every golden file x every back end: the reference program's transitions, state copied over before each step.
//!
//! The files are made by the scripts beside this one, from the real reference packages; each file's first line says by
//! which program and version. `<stem>.golden` and `<stem>.<part>.golden` belong to the environment with that stem.

mod bitstreams;
mod darkroom;
mod file;
mod gaussian_bandit;
mod key_to_door;
#[path = "../common/large.rs"]
mod large;
mod linear_bandit;
mod maze_levels;
mod n_delayed_match;
mod n_parity;
mod second_rules;
mod tabular_mdp;
mod tic_tac_toe;

use file::Golden;
use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_envs::{ActionSpace, Actions, AutoresetMode, Batch, BatchOptions, Device, Facts, Kind, Level};
use shadergym_envs::{ids, make_with, spec};
use shadergym_shaders::{Environment, environments};

/// Largest difference between a 32-bit transition and the reference's 64-bit one, absolute below 1 and relative above.
/// One step of these environments is at most a few hundred operations of half an ulp (6e-8) each; errors do not pile up
/// because the reference's state is copied over before every step.
const TOLERANCE: f64 = 1e-5;

/// Means of start values may be this many standard errors off the reference's uniform distribution: one false alarm in
/// two million checks.
const START_SIGMAS: f64 = 5.0;

fn main() {
    let arguments = Arguments::from_args();
    let gpu = gpu_adapter();
    let mut trials = Vec::new();
    for path in Golden::files() {
        let name = path.file_name().expect("a file").to_string_lossy().trim_end_matches(".golden").to_owned();
        let stem = name.split('.').next().expect("a stem");
        let of_file = |e: &&Environment| e.facts().stem == stem && e.facts().variant_of.is_none();
        let stands_back =
            environments().iter().find(of_file).is_some_and(|e| large::gpu_is_software() && large::is_huge(e));
        for (device, level) in targets() {
            let label = level.map_or("gpu".to_owned(), |l| format!("cpu_{l}"));
            let path = path.clone();
            let ignored = level.is_none() && (!gpu || stands_back);
            let trial = Trial::test(format!("{name}::{label}"), move || check(&Golden::read(&path), &device, level));
            trials.push(trial.with_ignored_flag(ignored));
        }
    }
    trials.extend(maze_levels::trials(gpu));
    trials.extend(tic_tac_toe::trials(gpu));
    trials.extend(darkroom::trials(gpu));
    trials.extend(gaussian_bandit::trials(gpu));
    trials.extend(key_to_door::trials(gpu));
    trials.extend(linear_bandit::trials(gpu));
    trials.extend(n_delayed_match::trials(gpu));
    trials.extend(n_parity::trials(gpu));
    trials.extend(tabular_mdp::trials(gpu));
    trials.extend(oracles(&trials));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Every environment has an oracle: a trial in here that bears its stem. Variants follow the rules of their file.
fn oracles(trials: &[Trial]) -> Vec<Trial> {
    let stems =
        ids().filter_map(|id| spec(id).ok()).filter(|facts| facts.variant_of.is_none()).map(|facts| &facts.stem);
    let checked = |stem: &str| {
        let rest = |trial: &Trial| trial.name().strip_prefix(stem).map(|rest| rest.starts_with(['.', ':']));
        trials.iter().any(|trial| rest(trial) == Some(true))
    };
    let trial = |stem: &String| {
        let (found, stem) = (checked(stem), stem.clone());
        Trial::test(format!("{stem}::has_an_oracle"), move || {
            let text = format!(
                "nothing here checks the rules of {stem}.wgsl against anything else. Add envs/tests/golden/{stem}.golden, \
                 transitions of the reference program, with the script that makes it; or {stem}.rs, its rules written a \
                 second time or a closed form, with trials whose names begin with `{stem}::`"
            );
            check_that(found, text)
        })
    };
    stems.map(trial).collect()
}

fn check_that(holds: bool, text: String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(text.into()) }
}

/// The CPU at every level of this machine, and the GPU.
fn targets() -> Vec<(Device, Option<Level>)> {
    let mut all: Vec<_> = Level::available().into_iter().map(|l| (Device::Cpu, Some(l))).collect();
    all.push((Device::Gpu(None), None));
    all
}

#[cfg(feature = "gpu")]
fn gpu_adapter() -> bool {
    !shadergym_envs::gpu::adapters().is_empty()
}

#[cfg(not(feature = "gpu"))]
fn gpu_adapter() -> bool {
    false
}

/// A batch without time limit, auto-reset or sticky actions: the environment's own rules and nothing else.
fn bare(id: &str, num_envs: usize, device: &Device, level: Option<Level>) -> Batch {
    let mut options = BatchOptions::new(num_envs)
        .device(device.clone())
        .autoreset_mode(AutoresetMode::Disabled)
        .max_episode_steps(0)
        .sticky_action_probability(0.0);
    if let Some(level) = level {
        options = options.level(level);
    }
    make_with(id, &options).expect("every golden file's environment can be made")
}

fn check(golden: &Golden, device: &Device, level: Option<Level>) -> Result<(), Failed> {
    let facts = golden.facts();
    let rows = golden.rows;
    let mut batch = bare(&facts.id, rows, device, level);
    if let Some(params) = golden.column("params") {
        batch.set_params_words(.., params)?;
    }
    batch.reset(1)?;
    check_starts(golden, facts, &batch.get_state(..)?)?;
    batch.set_state(.., golden.column("state").expect("every file has it"))?;
    let words = golden.column("action").expect("every file has it");
    let floats: Vec<f32> = words.iter().map(|w| f32::from_bits(*w)).collect();
    let actions = match facts.action {
        ActionSpace::Box { .. } => Actions::from(&floats[..]),
        _ => Actions::from(words),
    };
    let view = batch.step(actions)?;

    let terminated: Vec<u32> = view.terminated().iter().map(|t| u32::from(*t)).collect();
    let rewards: Vec<u32> = view.rewards().iter().map(|r| r.to_bits()).collect();
    let mut off = Off::new(golden);
    off.compare("terminated", &terminated, &[Kind::U32], &[])?;
    off.must_be_none()?;
    off.compare("reward", &rewards, &vec![Kind::F32; facts.agents], &[])?;
    if golden.column("observation").is_some() {
        let kinds = facts.observation.kinds().repeat(facts.agents);
        off.compare("observation", view.observations().words(), &kinds, &[])?;
    }
    let state = batch.get_state(..)?;
    off.compare("next_state", &state, &facts.state.kinds(), &golden.compared())?;
    off.judge()
}

/// Rows that differ by more than the tolerance, and how the first of them does.
struct Off<'a> {
    golden: &'a Golden,
    rows: Vec<bool>,
    first: Option<String>,
}

impl<'a> Off<'a> {
    fn new(golden: &'a Golden) -> Self {
        Self { golden, rows: vec![false; golden.rows], first: None }
    }

    /// Compares a column row by row: integers exactly, floats within the tolerance. Words whose `compared` is false, and
    /// what rows that end an episode become where the file does not know it, are left out.
    fn compare(&mut self, column: &str, got: &[u32], kinds: &[Kind], compared: &[bool]) -> Result<(), Failed> {
        let golden = self.golden;
        let expected = golden.column(column).ok_or_else(|| format!("no column {column}"))?;
        if got.len() != expected.len() || got.len() != golden.rows * kinds.len() {
            return Err(format!("{column} has {} words, the file {}", got.len(), expected.len()).into());
        }
        let tolerance = golden.tolerance.unwrap_or(TOLERANCE);
        let ends = golden.column("terminated").ok_or("no column terminated")?;
        let told = |row: usize| golden.final_states || ends[row] == 0 || ["terminated", "reward"].contains(&column);
        for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
            let (row, word) = (i / kinds.len(), i % kinds.len());
            if !told(row) || !compared.get(word).unwrap_or(&true) {
                continue;
            }
            let (a, b) = (f64::from(f32::from_bits(got)), f64::from(f32::from_bits(expected)));
            let close = match kinds[word] {
                Kind::F32 => (a - b).abs() <= tolerance * b.abs().max(1.0),
                Kind::U32 | Kind::I32 => got == expected,
            };
            if !close {
                self.rows[row] = true;
                let shown = if kinds[word] == Kind::F32 {
                    format!("{a} instead of {b}")
                } else {
                    format!("{got} instead of {expected}")
                };
                self.first.get_or_insert(format!("row {row}, {column} word {word}: {shown} ({})", golden.origin));
            }
        }
        Ok(())
    }

    fn must_be_none(&self) -> Result<(), Failed> {
        self.first.clone().map_or(Ok(()), |first| Err(first.into()))
    }

    /// Fails where more rows are off than the file allows, which is none for most files.
    fn judge(&self) -> Result<(), Failed> {
        let (off, rows) = (self.rows.iter().filter(|off| **off).count(), self.golden.rows);
        let allowed = (self.golden.outliers * rows as f64) as usize;
        match &self.first {
            Some(first) if off > allowed => {
                Err(format!("{off} of {rows} rows are off, allowed {allowed}: {first}").into())
            }
            _ => Ok(()),
        }
    }
}

/// Starts lie within the reference's uniform bounds, with the right mean.
fn check_starts(golden: &Golden, facts: &Facts, states: &[u32]) -> Result<(), Failed> {
    if golden.column("params").is_some() && golden.varies("params") {
        // Start bounds are parameters of some environments; only rows with default parameters are comparable.
        let default = &facts.default_params;
        let params = golden.column("params").expect("just seen");
        let rows: Vec<usize> =
            (0..golden.rows).filter(|r| params[r * default.len()..][..default.len()] == default[..]).collect();
        return check_start_rows(golden, facts, states, &rows);
    }
    check_start_rows(golden, facts, states, &(0..golden.rows).collect::<Vec<_>>())
}

fn check_start_rows(golden: &Golden, facts: &Facts, states: &[u32], rows: &[usize]) -> Result<(), Failed> {
    for start in &golden.starts {
        let word = golden.word(&start.field).ok_or_else(|| format!("no state field {}", start.field))?;
        let values: Vec<f64> =
            rows.iter().map(|row| f64::from(f32::from_bits(states[row * facts.state.words + word]))).collect();
        let slack = 1e-6 * (start.high - start.low).max(1e-3);
        if let Some(bad) = values.iter().find(|v| **v < start.low - slack || **v > start.high + slack) {
            return Err(format!("{} starts at {bad}, outside {}..{}", start.field, start.low, start.high).into());
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let error = (start.high - start.low) / (12.0 * values.len() as f64).sqrt();
        if (mean - (start.low + start.high) / 2.0).abs() > START_SIGMAS * error {
            return Err(format!("{} starts with mean {mean}, bounds {}..{}", start.field, start.low, start.high).into());
        }
    }
    Ok(())
}
