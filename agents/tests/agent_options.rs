//! Every option of every agent, found by reflection: it works, and it changes what is learned.

mod common;

use common::tasks::{NUMBER, TWO, Task, settings, setup, trained};
use shadergym_agents::agent::Setup;
use shadergym_agents::algorithms::{AGENTS, Entry};
use shadergym_agents::options::OptionInfo;
use shadergym_agents::state::State;
use toml::{Table, Value};

/// A walk that its end or the time limit stops; the middle is best, with rewards beyond 1.
const WALK: &str = "
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(rng_between(rng, -0.5, 0.5));
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x += 0.4 * (MOVE) + rng_between(rng, -0.2, 0.2);
    return Outcome(6.0 * params.scale * (0.5 - abs((*state).x)), abs((*state).x) > 1.5);
}
fn observe(params: Params, state: State) -> Observation {
    return Observation(vec2<f32>(clamp(state.x, -2.0, 2.0), 1.0));
}
";

/// Options that change nothing in these runs, and why.
const WITHOUT_EFFECT: [(&str, &str); 11] = [
    ("optimizer=\"adamw\"", "without weight decay it is adam"),
    ("weight_decay", "only optimisers with decoupled decay have it"),
    ("priority_beta", "only prioritised replay has weights"),
    ("beta2", "only adaptive optimisers have it"),
    ("epsilon", "only adaptive optimisers have it"),
    ("overshoot", "it only measures"),
    ("target_frequency", "one step more between copies may fall on the same updates"),
    ("learning_starts", "one step more may fall on the same updates"),
    ("heads", "only attention has them"),
    ("context", "only attention has one"),
    ("clip_eigenvalues", "none comes near 0"),
];

/// Few steps, of which most are learned from.
const SHORT: &str = "num_envs=4 num_steps=16 num_minibatches=2 hidden=[8] learning_rate=1e-2 policy_learning_rate=1e-2 \
    q_learning_rate=1e-2 alpha_learning_rate=1e-2 learning_starts=100 buffer_size=200 batch_size=16 train_frequency=4 \
    target_frequency=150 exploration_fraction=0.3 max_grad_norm=0.5 tau=0.5 keep_one=true kappa=8 policy_kappa=8 final_epsilon=0.2 \
    width=32 state_size=16 encoder=[8]";

fn tasks() -> [Task; 2] {
    let walk = |name, actions, functions| Task {
        name,
        limit: 6,
        state: "    /// 1; where\n    x: f32,",
        actions,
        observation: (2, "where, and always 1"),
        functions,
    };
    let with = |by: &str| &*WALK.replace("MOVE", by).leak();
    [walk("WalkByChoice", TWO, with("2.0 * f32(action) - 1.0")), walk("WalkByNumber", NUMBER, with("action[0]"))]
}

/// Other values of an option than this one: every word, the other truth, a number beside it, or twice it where that is refused.
fn others(option: &OptionInfo, value: &Value, allowed: impl Fn(&Value) -> bool) -> Vec<Value> {
    match value {
        Value::Boolean(b) => vec![Value::Boolean(!b)],
        Value::String(word) => {
            let words: Vec<&str> = option.kind.split([',', ' ']).filter(|w| !w.is_empty() && *w != "or").collect();
            assert!(words.len() > 1 && words.contains(&word.as_str()), "{}: {}", option.name, option.kind);
            words.into_iter().filter(|w| w != word).map(|w| Value::String(w.to_owned())).collect()
        }
        Value::Integer(n) if allowed(&Value::Integer(n + 1)) => vec![Value::Integer(n + 1)],
        Value::Integer(n) => vec![Value::Integer(2 * n)],
        Value::Float(x) if *x == 0.0 => vec![Value::Float(0.01)],
        Value::Float(x) => vec![Value::Float(x * 0.5)],
        Value::Array(_) => vec!["x = [8, 8]".parse::<Table>().unwrap()["x"].clone(), Value::Array(Vec::new())],
        other => panic!("{}: {other}", option.name),
    }
}

/// What a run learned, and what it told on the way.
fn learned(agent: &Entry, setup: &Setup, table: &Table) -> (Vec<f32>, Vec<String>) {
    let mut logs = Vec::new();
    let (learner, _) = trained(agent, setup, table, |log| logs.push(format!("{log:?}")));
    let mut state = State::default();
    learner.policy(0).save(&mut state);
    let parameters = state.f32("policy/parameters").unwrap().to_vec();
    assert!(parameters.iter().all(|p| p.is_finite()), "{}, {table}", agent.name);
    (parameters, logs)
}

#[test]
fn every_value_of_every_option_works_and_matters() {
    for agent in AGENTS {
        let setups = tasks().map(|task| setup(&task, 600, 1));
        let fitting: Vec<_> = setups.iter().filter(|(_, s)| (agent.acts_in)(&s.facts)).collect();
        assert!(!fitting.is_empty(), "{}", agent.name);
        let base = settings(agent, SHORT);
        let in_force = (agent.resolve)(&base, &fitting[0].1.facts).unwrap();
        let defaults: Vec<_> = fitting.iter().map(|(_, setup)| learned(agent, setup, &base)).collect();
        for ((_, setup), default) in fitting.iter().zip(&defaults) {
            // What is in force, written out, is the same run.
            assert!(learned(agent, setup, &in_force) == *default, "{}", agent.name);
        }
        let (mut tried, mut idle) = (0, Vec::new());
        for option in (agent.options)() {
            let with = |value: &Value| {
                let mut table = base.clone();
                table.insert(option.name.to_owned(), value.clone());
                table
            };
            let allowed = |value: &Value| (agent.resolve)(&with(value), &fitting[0].1.facts).is_ok();
            for value in others(&option, &in_force[option.name], allowed) {
                if value.as_str() == Some("conv") {
                    continue;
                }
                let table = with(&value);
                let changed = fitting.iter().zip(&defaults).map(|((_, s), d)| learned(agent, s, &table).0 != d.0);
                // In every one it has to work, in one it has to matter.
                if !changed.collect::<Vec<_>>().contains(&true) {
                    idle.push(format!("{}={value}", option.name));
                }
                tried += 1;
            }
        }
        let known =
            |text: &str| WITHOUT_EFFECT.iter().any(|(name, _)| text == *name || text.split('=').next() == Some(name));
        idle.retain(|text| !known(text));
        assert!(idle.is_empty(), "{}: no effect of {idle:?}", agent.name);
        assert!(tried >= (agent.options)().len(), "{}: {tried} values tried", agent.name);
    }
}

/// Options that only matter with others.
#[test]
fn options_work_together() {
    for (name, together, without) in [
        ("dqn", "priority_exponent=0.6 priority_beta=0.2", "priority_exponent=0.6"),
        ("dqn", "double=true dueling=true n_step=3 huber=true priority_exponent=0.6", "double=true"),
        ("ppo", "optimizer=adamw weight_decay=0.1", "optimizer=adamw"),
        ("ppo", "normalize_observation=true normalize_reward=true objective=dpo", "objective=dpo"),
        ("pqn", "layer_norm=false activation=tanh", "layer_norm=false"),
        ("stream_q", "optimizer=adaptive_obgd beta2=0.9", "optimizer=adaptive_obgd"),
        ("stream_ac", "optimizer=rmsprop epsilon=0.01", "optimizer=rmsprop"),
        ("sac", "variant=spinning_up alpha=0.1 truncation=terminal", "variant=spinning_up alpha=0.1"),
        ("sac", "variant=spinning_up policy_frequency=2", "variant=spinning_up"),
        ("recurrent_ppo", "cell=attention heads=2", "cell=attention"),
        ("recurrent_ppo", "cell=attention context=4", "cell=attention"),
    ] {
        let agent = AGENTS.iter().find(|a| a.name == name).expect("shipped");
        let setups = tasks().map(|task| setup(&task, 600, 1));
        let (_, setup) = setups.iter().find(|(_, s)| (agent.acts_in)(&s.facts)).expect("a walk suits");
        let of = |more: &str| learned(agent, setup, &settings(agent, &format!("{SHORT} {more}"))).0;
        assert!(of(together) != of(without), "{name}: {together} against {without}");
    }
}

/// The convolutions need pictures.
#[test]
fn every_agent_with_convolutions_learns_by_them() {
    use shadergym_envs::{Device, spec};
    let id = shadergym_envs::ids().find(|id| spec(id).unwrap().family == "minatar").expect("shipped");
    let facts = std::sync::Arc::new(spec(id).unwrap().clone());
    let setup =
        Setup { env: id.to_owned(), facts, seed: 3, steps: 200, device: Device::Cpu, num_threads: 1, tasks: None };
    for agent in AGENTS.iter().filter(|a| (a.options)().iter().any(|o| o.name == "network")) {
        // Any activation is an option of it.
        for activation in ["tanh", "relu"] {
            let more = format!("{SHORT} network=conv activation={activation} time_feature=false");
            learned(agent, &setup, &settings(agent, &more));
        }
    }
}

/// 130 instances are two shards of the on-policy agents.
#[test]
fn logs_do_not_depend_on_threads() {
    for agent in AGENTS {
        for task in tasks() {
            let (_folder, one) = setup(&task, 4000, 1);
            if (agent.acts_in)(&one.facts) {
                let table = settings(agent, &format!("{SHORT} num_envs=130 buffer_size=1000"));
                let three = Setup { num_threads: 3, ..one.clone() };
                assert!(learned(agent, &one, &table) == learned(agent, &three, &table), "{}", agent.name);
            }
        }
    }
}
