//! Tasks whose optimum depends on what one does: a learner with a defect does not find it.
//!
//! Each of these defects was planted by hand in the learners, and these tests failed (for agents without masks or
//! temperature the place is empty). `later`, `numbers`, ... are the first words of the tests' names that tell them apart.
//!
//! `own` are the tests beside the agent: with a reversed sign its values run away, and which action that ends at is chance
//! in these tasks; they also run without traces, which are random credit where they do not end.
//!
//! | defect | ppo | pqn | dqn | sac | ac_lambda |
//! |---|---|---|---|---|---|
//! | the gradient's sign is reversed | later, illegal, numbers | later, illegal (both) | later, illegal (both) | numbers, temperature, entropy | own |
//! | learning prefers the worst action | | later | later | numbers, temperature | |
//! | play takes the worst action | later, illegal | later, illegal (both) | later, illegal (both) | | later, illegal |
//! | no bootstrap | later, numbers | later | later | numbers, entropy | later, own |
//! | masks are ignored in acting and learning | illegal | illegal (both) | illegal (both) | | illegal, own |
//! | masks are ignored in targets | | illegal (both) | illegal (both) | | |
//! | masks are ignored behind a time limit | | illegal (time limit) | illegal (time limit) | | |
//! | temperature twice, 0 or reversed in the policy's loss | | | | temperature | |
//! | twice the target of the entropy | | | | temperature | |
//! | the entropy's sign is reversed in the critics' targets | | | | entropy | |
//! | the TD error's sign is reversed | | | | | own |
//! | traces go on behind the end of an episode | | | | | own |

mod common;

use std::ops::ControlFlow;

use common::tasks::{NUMBER, TWO, Task, settings, setup, trained};
use shadergym_agents::agent::{Agent, Setup, iterate};
use shadergym_agents::algorithms::{AGENTS, Entry};
use shadergym_agents::train::{EPISODE_LIMIT, evaluate};

/// A small reward and the end, or nothing now and more behind: one who does not look ahead takes the small one.
const LATER: Task = Task {
    name: "Later",
    limit: 0,
    state: "    /// 1; 0 at the start, 1 behind it\n    at: u32,",
    actions: TWO,
    observation: (2, "whether at the start, whether behind it"),
    functions: "
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(0u);
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let behind = (*state).at == 1u;
    (*state).at = 1u;
    let reward = select(select(0.0, 0.3, action == 0u), select(0.0, 1.0, action == 0u), behind);
    return Outcome(params.scale * reward, behind || action == 0u);
}
fn observe(params: Params, state: State) -> Observation {
    let at = f32(state.at);
    return Observation(vec2<f32>(1.0 - at, at));
}
",
};

/// The same with numbers: at the start more costs, and pays off behind it, where 0.5 is best. The best is 0.7 in all.
const REACH: Task = Task {
    name: "Reach",
    limit: 0,
    state: "    /// 1; 0 at the start, 1 behind it\n    at: u32,\n    /// 1; what was done at the start\n    x: f32,",
    actions: NUMBER,
    observation: (2, "whether behind the start, what was done there"),
    functions: "
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(0u, 0.0);
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let behind = (*state).at == 1u;
    let off = action[0] - 0.5;
    let reward = select(-0.3 * action[0], (*state).x - off * off, behind);
    *state = State(1u, action[0]);
    return Outcome(params.scale * reward, behind);
}
fn observe(params: Params, state: State) -> Observation {
    return Observation(vec2<f32>(f32(state.at), state.x));
}
",
};

/// Three starts, of which the first two look alike. In A action 1 gives 1; in B it is illegal and gives -10; in C action 1
/// gives 0.5, and action 0 leads to B, which is worth nothing. The best is 0.5 on average. One who values B as if action 1
/// were legal there prefers B to 0.5.
const GATES: Task = Task {
    name: "Gates",
    limit: 5,
    state: "    /// 1; A, B or C\n    at: u32,",
    actions: TWO,
    observation: (2, "whether in A or B, whether in C"),
    functions: "
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(rng_range(rng, 3u));
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let at = (*state).at;
    if (at == 2u && action == 0u) {
        (*state).at = 1u;
        return Outcome(0.0, false);
    }
    let reward = select(0.0, array<f32, 3>(1.0, -10.0, 0.5)[at], action == 1u);
    return Outcome(params.scale * reward, true);
}
fn observe(params: Params, state: State) -> Observation {
    let in_c = f32(state.at == 2u);
    return Observation(vec2<f32>(1.0 - in_c, in_c));
}
fn action_mask(params: Params, state: State) -> u32 {
    return select(3u, 1u, state.at == 1u);
}
",
};

/// One step, whose reward is minus the square of the action.
const NARROW: Task = Task {
    name: "Narrow",
    limit: 0,
    state: "    /// 1; nothing\n    at: u32,",
    actions: NUMBER,
    observation: (2, "always 1"),
    functions: "
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(0u);
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    return Outcome(-params.scale * action[0] * action[0], true);
}
fn observe(params: Params, state: State) -> Observation {
    return Observation(vec2<f32>(1.0));
}
",
};

/// Without an end.
const ENDLESS: Task = Task {
    name: "Endless",
    functions: "
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(0u);
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    return Outcome(params.scale, false);
}
fn observe(params: Params, state: State) -> Observation {
    return Observation(vec2<f32>(1.0));
}
",
    ..LATER
};

/// Small networks that learn fast, by one-step targets where the agent lets one choose.
const QUICK: &str = "gamma=0.95 hidden=[32] num_envs=16 num_steps=8 num_minibatches=2 learning_rate=1e-2 \
    policy_learning_rate=3e-3 q_learning_rate=3e-3 alpha_learning_rate=1e-2 schedule=linear max_grad_norm=0 \
    exploration_fraction=0.5 learning_starts=500 buffer_size=4000 target_frequency=64 train_frequency=4 batch_size=64 \
    tau=0.05 layer_norm=false gae_lambda=0 lambda=0 autotune=false alpha=0.01";

/// DQN's target network, which it has to copy as a whole.
fn quick(agent: &Entry, more: &str) -> toml::Table {
    let copied = if agent.name == "dqn" { "tau=1" } else { "" };
    settings(agent, &format!("{QUICK} {copied} {more}"))
}

/// Mean return of the best actions.
fn plays(learner: &dyn Agent, setup: &Setup) -> f64 {
    let found = evaluate(&learner.policy(0), setup, 1200, 7, true, &mut |_| ControlFlow::Continue(())).unwrap();
    found.and_then(|e| e.spread()).expect("episodes end").mean
}

/// The agents that act in a task, each with what it came to; there is at least one.
fn each(task: &Task, steps: u64, more: &str, check: impl Fn(&Entry, &dyn Agent, &Setup)) {
    let (_folder, setup) = setup(task, steps, 1);
    let agents: Vec<_> = AGENTS.iter().filter(|a| (a.acts_in)(&setup.facts)).collect();
    assert!(!agents.is_empty());
    for agent in agents {
        let (learner, _) = trained(agent, &setup, &quick(agent, more), |log| {
            assert!(log.episodes.iter().all(|e| e.episode_return > -9.0), "{}: an illegal action", agent.name);
        });
        check(agent, &*learner, &setup);
    }
}

#[test]
fn a_later_reward_is_preferred() {
    each(&LATER, 12_000, "", |agent, learner, setup| {
        let mean = plays(learner, setup);
        assert!(mean > 0.99, "{}: {mean}, the best is 1, the nearest 0.3", agent.name);
    });
}

#[test]
fn numbers_are_found_and_pay_off_later() {
    each(&REACH, 16_000, "entropy_coef=0", |agent, learner, setup| {
        let mean = plays(learner, setup);
        assert!(mean > 0.6, "{}: {mean}, the best is 0.7, the nearest -0.7", agent.name);
    });
}

#[test]
fn illegal_actions_are_neither_taken_nor_hoped_for() {
    // What is actually got, not what states that look alike are worth on average: only the mask tells them apart.
    each(&GATES, 16_000, "gae_lambda=1", |agent, learner, setup| {
        let mean = plays(learner, setup);
        assert!((mean - 0.5).abs() < 0.04, "{}: {mean}, the best is 0.5", agent.name);
    });
}

/// B is only seen as the last state of an episode that the time limit cut off.
#[test]
fn illegal_actions_are_not_hoped_for_behind_a_time_limit() {
    let (_folder, setup) = setup(&Task { limit: 1, ..GATES }, 16_000, 1);
    // An agent that learns state values, not action values, cannot tell A from B.
    for agent in AGENTS.iter().filter(|a| ["dqn", "pqn"].contains(&a.name)) {
        for more in ["", "double=true", "n_step=2", "dueling=true"] {
            let (learner, _) = trained(agent, &setup, &quick(agent, more), |_| {});
            let mean = plays(&*learner, &setup);
            assert!((mean - 0.5).abs() < 0.04, "{} {more}: {mean}, the best is 0.5", agent.name);
        }
    }
}

/// With temperature α the density is proportional to exp(-a² / α): a normal of variance α / 2, whose entropy is known.
#[test]
fn the_temperature_decides_how_wide_a_policy_is() {
    let (_folder, setup) = setup(&NARROW, 12_000, 1);
    let agent = AGENTS.iter().find(|a| a.name == "sac").expect("shipped");
    let tau_e = std::f64::consts::TAU * std::f64::consts::E;
    for (more, alpha) in [
        ("alpha=0.02", 0.02),
        ("alpha=0.08", 0.08),
        ("alpha=0.02 variant=spinning_up train_frequency=1", 0.02),
        // The temperature at which the entropy is -1: the variance is exp(-2) / (2 π e).
        ("autotune=true alpha=0.2", 2.0 * (-2f64).exp() / tau_e),
    ] {
        let (_, log) = trained(agent, &setup, &quick(agent, more), |_| {});
        let expected = -0.5 * (tau_e * alpha / 2.0).ln();
        let (log_prob, found) = (log.scalars["policy/log_prob"], log.scalars["policy/alpha"]);
        // Half of what a factor of 2 in the temperature does.
        assert!((log_prob - expected).abs() < 0.17, "{more}: log-probability {log_prob}, not {expected}");
        assert!((found / alpha).ln().abs() < 0.35, "{more}: temperature {found}, not {alpha}");
    }
}

/// Reward 1 for ever and no action better than another: a state is worth (1 + γ α H) / (1 - γ) before an action is chosen,
/// where H is the entropy of what the policy does.
#[test]
fn entropy_is_part_of_what_comes_later() {
    let (_folder, setup) = setup(&Task { name: "EndlessByNumber", limit: 4, actions: NUMBER, ..ENDLESS }, 12_000, 1);
    let agent = AGENTS.iter().find(|a| a.name == "sac").expect("shipped");
    for more in ["", "variant=spinning_up train_frequency=4"] {
        let (alpha, gamma) = (1.0, 0.5);
        let table = quick(agent, &format!("alpha={alpha} gamma={gamma} {more}"));
        let (_, log) = trained(agent, &setup, &table, |_| {});
        let entropy = -log.scalars["policy/log_prob"];
        // The uniform distribution on -1 to 1 has ln 2.
        assert!((entropy - 2f64.ln()).abs() < 0.1, "{more}: entropy {entropy}");
        let (found, expected) = (log.scalars["value/mean"], (1.0 + gamma * alpha * entropy) / (1.0 - gamma));
        assert!((found - expected).abs() < 0.1, "{more}: worth {found}, not {expected}");
    }
}

#[test]
fn random_play_before_the_first_rollout_is_counted() {
    let (_folder, setup) = setup(&REACH, 1000, 1);
    let agent = AGENTS.iter().find(|a| a.name == "ppo").expect("shipped");
    for (normalized, steps) in [(false, 8 * 16), (true, 2 * 8 * 16)] {
        let mut learner = (agent.make)(&quick(agent, &format!("normalize_observation={normalized}")), &setup).unwrap();
        iterate(&mut *learner, None, &mut Default::default()).unwrap();
        assert_eq!(learner.step(), steps);
    }
}

#[test]
fn evaluations_say_what_only_their_own_limit_ended() {
    for (limit, cut_off) in [(0, 3), (20, 0)] {
        let (_folder, setup) = setup(&Task { limit, ..ENDLESS }, 64, 1);
        let agent = AGENTS.iter().find(|a| (a.acts_in)(&setup.facts)).expect("one acts on choices");
        let learner = (agent.make)(&quick(agent, ""), &setup).unwrap();
        let found = evaluate(&learner.policy(0), &setup, 3, 7, true, &mut |_| ControlFlow::Continue(()));
        let found = found.unwrap().expect("it is not stopped");
        assert_eq!((found.truncated, found.cut_off), (3, cut_off));
        let length = if limit == 0 { EPISODE_LIMIT } else { limit };
        assert!(found.episodes.iter().all(|e| e.length == length));
    }
}
