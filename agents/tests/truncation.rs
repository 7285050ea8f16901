//! What a time limit means to each agent, on an environment of two states whose values are known in closed form.
//!
//! State 0 leads to state 1 with reward 0, and that back to state 0 with reward 1; nothing ever terminates, the time limit
//! is 2 steps. With discount 1/2: if a time limit is the end, V(0) = 1/2 and V(1) = 1, 0.75 on average; if it is none,
//! V(1) = 1 + V(0) / 2 and V(0) = V(1) / 2, so V(0) = 2/3 and V(1) = 4/3, 1 on average.
//! The environment is a file of its own, so it runs on the GPU back end; where there is no adapter this is ignored.

mod common;

use std::process::ExitCode;
use std::sync::Arc;

use common::{Folder, folder};
use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_agents::agent::{Log, Setup, iterate};
use shadergym_agents::algorithms::{AGENTS, Entry};
use shadergym_agents::options::parse_settings;
use shadergym_envs::{BatchOptions, Device, make_from_file};

/// How far the mean value may be from the closed form: agents stop learning at their last few hundred samples.
const TOLERANCE: f64 = 0.04;

const ENVIRONMENT: &str = "\
//! TwoStates-v0: back and forth, whatever one does.
//!
//! # Source
//! A test of what time limits mean.
//! # Reward
//! 1 for leaving state 1.
//! # Start
//! State 0.
//! # End
//! Truncated after 2 steps.
//! # Version
//! v0: first version.
import package::shared::rng::{Rng};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 2u;
struct Params {
    /// 1; reward for leaving state 1
    reward: f32,
}
const DEFAULT_PARAMS: Params = Params(1.0);
const PARAMS_LOW: Params = Params(0.0);
const PARAMS_HIGH: Params = Params(1.0);
struct State {
    /// 1; 0 or 1
    at: u32,
}
ACTIONS
struct Observation {
    /// 1; whether this is state 0, state 1
    one_hot: vec2<f32>,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 1.0;
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(0u);
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let reward = select(0.0, params.reward, (*state).at == 1u);
    *state = State(1u - (*state).at);
    return Outcome(reward, false);
}
fn observe(params: Params, state: State) -> Observation {
    let at = f32(state.at);
    return Observation(vec2<f32>(1.0 - at, at));
}
";
const DISCRETE: &str = "alias Action = u32;\n/// two that do the same\nconst ACTION_COUNT: u32 = 2u;";
const CONTINUOUS: &str = "alias Action = array<f32, 1>;
/// 1; no effect
const ACTION_LOW: array<f32, 1> = array<f32, 1>(-1.0);
const ACTION_HIGH: array<f32, 1> = array<f32, 1>(1.0);";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = shadergym_envs::gpu::adapters().is_empty();
    let mut trials = Vec::new();
    // Every agent that has the option is tested; a new one as soon as its file exists.
    for agent in AGENTS.iter().filter(|a| (a.options)().iter().any(|o| o.name == "truncation")) {
        for (truncation, value) in [("bootstrap", 1.0), ("terminal", 0.75)] {
            let name = format!("{}::{truncation}", agent.name);
            trials.push(Trial::test(name, move || learns(agent, truncation, value)).with_ignored_flag(missing));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn learns(agent: &Entry, truncation: &str, expected: f64) -> Result<(), Failed> {
    let (_folder, env, facts) = environment(agent)?;
    // What is remembered of an episode that is cut off belongs to no state that a memory learned about, so it is told nothing but
    // the state and forgets at once (S5 with steps of 10).
    let settings = format!(
        "truncation={truncation} gamma=0.5 hidden=[16] num_envs=16 learning_rate=1e-2 q_learning_rate=1e-2 \
         policy_learning_rate=1e-2 schedule=linear num_steps=16 max_grad_norm=0 exploration_fraction=0.1 \
         learning_starts=200 buffer_size=1000 target_frequency=100 train_frequency=4 batch_size=64 tau=0.2 \
         autotune=false alpha=1e-4 layer_norm=false num_minibatches=2 entropy_coef=0 scale_rewards=false \
         time_feature=false sparsity=0 previous_action=false start_flag=false step_low=10 step_high=10 width=16 \
         state_size=16 encoder=[16]"
    );
    let known = (agent.options)();
    let mut table = parse_settings(settings.split_whitespace())?;
    table.retain(|name, _| known.iter().any(|o| o.name == name));
    let steps = 16_000;
    let setup = Setup { env, facts, seed: 3, steps, device: Device::Gpu(None), num_threads: 1, tasks: None };
    let mut learner = (agent.make)(&table, &setup)?;
    let mut log = Log::default();
    while learner.step() < steps {
        iterate(&mut *learner, None, &mut log)?;
    }
    let value = *log.scalars.get("value/mean").ok_or("agents that learn values report their mean")?;
    if (value - expected).abs() > TOLERANCE {
        return Err(format!("the mean value is {value}, not {expected}").into());
    }
    Ok(())
}

/// The environment with actions that suit the agent.
fn environment(agent: &Entry) -> Result<(Folder, String, Arc<shadergym_envs::Facts>), Failed> {
    for actions in [DISCRETE, CONTINUOUS] {
        let folder = folder("two-states");
        let path = folder.join("two_states.wgsl");
        std::fs::write(&path, ENVIRONMENT.replace("ACTIONS", actions))?;
        let batch = make_from_file(&path, &BatchOptions::new(1).device(Device::Gpu(None)))?;
        if (agent.acts_in)(batch.spec()) {
            return Ok((folder, path.display().to_string(), Arc::new(batch.spec().clone())));
        }
    }
    Err(format!("no actions suit {}", agent.name).into())
}
