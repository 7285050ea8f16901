//! Small tasks for learners, each a file of its own that runs interpreted on the CPU.

use std::sync::Arc;

use shadergym_agents::agent::{Agent, Log, Setup, iterate};
use shadergym_agents::algorithms::Entry;
use shadergym_agents::options::parse_settings;
use shadergym_envs::{BatchOptions, Device, make_from_file};
use toml::Table;

use super::folder::{Folder, folder};

/// What differs between the files.
pub struct Task {
    /// Name of the environment, without its version.
    pub name: &'static str,
    /// Time limit, 0 = none.
    pub limit: u32,
    /// Members of the state.
    pub state: &'static str,
    /// What is declared of actions.
    pub actions: &'static str,
    /// Words of the observation and what they are.
    pub observation: (u32, &'static str),
    /// `initial`, `step`, `observe` and perhaps `action_mask`.
    pub functions: &'static str,
}

/// Two choices.
pub const TWO: &str = "alias Action = u32;\n/// one or the other\nconst ACTION_COUNT: u32 = 2u;";
/// One number.
pub const NUMBER: &str = "alias Action = array<f32, 1>;
/// 1; how much
const ACTION_LOW: array<f32, 1> = array<f32, 1>(-1.0);
const ACTION_HIGH: array<f32, 1> = array<f32, 1>(1.0);";

/// The file of a task, with a setup for it.
pub fn setup(task: &Task, steps: u64, num_threads: usize) -> (Folder, Setup) {
    let Task { name, limit, state, actions, observation: (words, doc), functions } = task;
    // Unused imports are refused.
    let used = ["rng_between", "rng_range"].iter().filter(|name| functions.contains(**name));
    let imports: String = used.map(|name| format!(", {name}")).collect();
    let text = format!(
        "//! {name}-v0: a small task for learners.
//!
//! # Source
//! Tests of learners.
//! # Reward
//! As the task has it.
//! # Start
//! As the task has it.
//! # End
//! As the task has it.
//! # Version
//! v0: first version.
import package::shared::rng::{{Rng{imports}}};
import package::shared::outcome::{{Outcome}};

const MAX_EPISODE_STEPS: u32 = {limit}u;
struct Params {{
    /// 1; what rewards are multiplied by
    scale: f32,
}}
const DEFAULT_PARAMS: Params = Params(1.0);
const PARAMS_LOW: Params = Params(0.0);
const PARAMS_HIGH: Params = Params(1.0);
struct State {{
{state}
}}
{actions}
struct Observation {{
    /// 1; {doc}
    values: vec{words}<f32>,
}}
const OBSERVATION_LOW: f32 = -2.0;
const OBSERVATION_HIGH: f32 = 2.0;
{functions}"
    );
    let folder = folder(name);
    let path = folder.join(format!("{}.wgsl", name.to_lowercase()));
    std::fs::write(&path, text).expect("temporary files can be written");
    let batch = make_from_file(&path, &BatchOptions::new(1).device(Device::Cpu)).unwrap_or_else(|e| panic!("{e}"));
    let facts = Arc::new(batch.spec().clone());
    let setup =
        Setup { env: path.display().to_string(), facts, seed: 3, steps, device: Device::Cpu, num_threads, tasks: None };
    (folder, setup)
}

/// Those of the settings (`name=value`, blanks between) that the agent has.
pub fn settings(agent: &Entry, text: &str) -> Table {
    let known = (agent.options)();
    let mut table = parse_settings(text.split_whitespace()).expect("name=value");
    table.retain(|name, _| known.iter().any(|o| o.name == name));
    table
}

/// A learner after its steps, with the log of its last iteration; `each` hears of every log.
pub fn trained(agent: &Entry, setup: &Setup, table: &Table, mut each: impl FnMut(&Log)) -> (Box<dyn Agent>, Log) {
    let mut learner = (agent.make)(table, setup).unwrap_or_else(|e| panic!("{}, {table}: {e}", agent.name));
    let mut log = Log::default();
    while learner.step() < setup.steps {
        log = Log::default();
        iterate(&mut *learner, None, &mut log).unwrap_or_else(|e| panic!("{}, {table}: {e}", agent.name));
        each(&log);
    }
    (learner, log)
}
