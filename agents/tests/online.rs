//! Learners in a loop that somebody else runs: bit for bit what the trainer's agent comes to, whatever environment it is, and
//! an error instead of learning from what does not fit.

#[path = "common/folder.rs"]
mod folder;

use shadergym_agents::agent::{self, Setup};
use shadergym_agents::algorithms::AGENTS;
use shadergym_agents::common::collector::environment_seed;
use shadergym_agents::common::noise::Noise;
use shadergym_agents::state::State;
use shadergym_agents::streaming::{Interface, Observed};
use shadergym_agents::train::{self, OnlineRun, RunOptions, online_learners};
use shadergym_envs::{ActionSpace, AutoresetMode, Batch, BatchOptions, Device};
use toml::Table;

const STEPS: u64 = 600;

/// Every agent that learns this way with an environment of each kind of actions that it can choose.
fn pairs() -> Vec<(&'static str, &'static str)> {
    let envs = ["CartPole-v1", "Pendulum-v1", "TicTacToe-v0", "MinAtar/Breakout-v1"];
    let fitting = |env: &&'static str| {
        let facts = shadergym_envs::spec(env).unwrap();
        let of = move |entry: &&&shadergym_agents::algorithms::Entry| entry.online.is_some() && (entry.acts_in)(facts);
        AGENTS.iter().filter(of).map(|entry| (entry.name, *env)).collect::<Vec<_>>()
    };
    envs.iter().flat_map(fitting).collect()
}

fn interface(env: &str) -> Interface {
    Interface::from(shadergym_envs::spec(env).unwrap())
}

/// Observation of the only instance as floats.
fn seen(batch: &Batch) -> Vec<f32> {
    let space = &batch.spec().observation;
    let words = batch.observations().flattened();
    let rows = shadergym_agents::network::Rows::packed(&words, space.flat_encoding(), space.flat_elements());
    let mut out = vec![0.0; space.flat_elements()];
    rows.unpack(0, &mut out);
    out
}

/// A loop as a user writes it, around an environment of this build.
struct Own {
    batch: Batch,
    run: OnlineRun,
    action: Vec<u32>,
    masks: Option<Vec<u32>>,
    seen: Vec<f32>,
    errors: Vec<f32>,
}

impl Own {
    fn new(agent: &str, env: &str, seed: u64) -> Self {
        let run = OnlineRun::new(agent, &Table::new(), interface(env), seed, Some(STEPS)).unwrap();
        let options = BatchOptions::new(1).autoreset_mode(AutoresetMode::Disabled).device(Device::Cpu);
        let mut batch = shadergym_envs::make_with(env, &options).unwrap();
        batch.reset(environment_seed(seed)).unwrap();
        let mut own = Self { run, action: Vec::new(), masks: None, seen: Vec::new(), errors: Vec::new(), batch };
        own.look();
        own
    }

    fn look(&mut self) {
        self.masks = self.batch.view().action_masks().map(<[u32]>::to_vec);
        self.seen = seen(&self.batch);
    }

    fn step(&mut self) {
        self.action = vec![0; self.run.interface().action.words()];
        self.run.learner.act(&self.seen, self.masks.as_deref(), &mut self.action).unwrap();
        let floats: Vec<f32> = self.action.iter().map(|&word| f32::from_bits(word)).collect();
        match self.run.interface().action {
            ActionSpace::Box { .. } => self.batch.step(&floats[..]).unwrap(),
            _ => self.batch.step(&self.action[..]).unwrap(),
        };
        let before = std::mem::take(&mut self.seen);
        let (reward, terminated, truncated) = {
            let view = self.batch.view();
            (view.rewards()[0], view.terminated()[0], view.truncated()[0])
        };
        self.look();
        let error = self.run.learner.update(&Observed {
            observation: &before,
            action: &self.action,
            reward,
            next_observation: &self.seen,
            terminated,
            truncated,
            next_mask: self.masks.as_deref(),
        });
        self.errors.push(error.unwrap());
        if terminated || truncated {
            self.batch.reset_masked(&[true], None).unwrap();
            self.look();
        }
    }
}

/// What an agent keeps, without what belongs to the loop: where it stands.
fn learned(agent: &str, state: &State) -> Vec<(String, String)> {
    let ours = |name: &str| {
        name.starts_with(&format!("{agent}/")) && !name.ends_with("/input") && !name.ends_with("/counters")
    };
    let arrays = state.arrays().filter(|(name, ..)| ours(name));
    arrays.map(|(name, _, values)| (name.to_owned(), format!("{values:?}"))).collect()
}

#[test]
fn a_loop_of_ones_own_comes_to_what_the_trainer_comes_to() {
    let pairs = pairs();
    assert!(pairs.len() >= 10, "{pairs:?}");
    for (agent, env) in pairs {
        let entry = shadergym_agents::algorithms::find(agent).unwrap();
        let facts = std::sync::Arc::new(shadergym_envs::spec(env).unwrap().clone());
        let setup = Setup {
            env: env.to_owned(),
            facts,
            seed: 5,
            steps: STEPS,
            device: Device::Cpu,
            num_threads: 1,
            tasks: None,
        };
        let mut trainers = (entry.make)(&Table::new(), &setup).unwrap();
        let mut log = agent::Log::default();
        while trainers.clocks().env_steps < STEPS {
            agent::iterate(&mut *trainers, None, &mut log).unwrap();
        }
        let mut state = State::default();
        trainers.save(&mut state).unwrap();

        let mut own = Own::new(agent, env, 5);
        for step in 0..STEPS {
            if step == STEPS / 2 {
                // Through a file in the middle of it.
                own.run = OnlineRun::from_bytes(&own.run.to_bytes()).unwrap();
            }
            own.step();
        }
        // Where the last transition ended an episode, the trainer has seen the start of the next.
        let mut action = vec![0; own.action.len()];
        own.run.learner.act(&own.seen, own.masks.as_deref(), &mut action).unwrap();
        let (found, expected) = (learned(agent, &own.run.learner.save()), learned(agent, &state));
        assert!(expected.iter().any(|(name, _)| name.ends_with("/parameters")), "{agent}");
        assert!(expected.iter().any(|(name, _)| name.contains("/observations")), "{agent}");
        assert!(found == expected, "{agent} on {env} comes to something else");
        assert!(own.errors.iter().any(|error| *error != 0.0), "{agent} on {env} learns nothing");
    }
}

fn observed<'a>(observation: &'a [f32], action: &'a [u32], next: &'a [f32]) -> Observed<'a> {
    Observed {
        observation,
        action,
        reward: 1.0,
        next_observation: next,
        terminated: false,
        truncated: false,
        next_mask: None,
    }
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    for name in online_learners() {
        let action = if train::only_predicts(name) {
            ActionSpace::MultiDiscrete { nvec: Vec::new() }
        } else {
            ActionSpace::Discrete { n: 3 }
        };
        let words = action.words();
        let interface = Interface { env: "mine".to_owned(), observation: vec![2], action, limit: 0 };
        let mut run = OnlineRun::new(name, &Table::new(), interface, 0, None).unwrap();
        let learner = &mut run.learner;
        let (first, second, third) = ([0.5, 1.0], [1.5, -1.0], [0.0, 0.25]);
        let mut chosen = vec![0; words];
        learner.act(&first, None, &mut chosen).unwrap();
        learner.update(&observed(&first, &chosen, &second)).unwrap();
        learner.act(&second, None, &mut chosen).unwrap();
        let before = learner.save();
        let mut refused = |observed: Observed<'_>, part: &str| {
            let error = learner.update(&observed).unwrap_err().to_string();
            assert!(error.contains(part), "{name}: {error}");
            assert_eq!(learner.save(), before, "{name}: {error}");
        };
        let fits = observed(&second, &chosen, &third);
        refused(Observed { observation: &first, ..fits }, "call reset()");
        refused(Observed { observation: &[1.0], ..fits }, "`observation` is 1 numbers, allowed is 2");
        refused(Observed { next_observation: &[1.0, f32::NAN], ..fits }, "the next_observation is NaN");
        refused(Observed { reward: f32::INFINITY, ..fits }, "the reward is inf");
        refused(Observed { action: &[0, 0], ..fits }, "`action` is 2 numbers");
        if words > 0 {
            refused(Observed { action: &[3], ..fits }, "allowed is 0 to 2");
            refused(Observed { next_mask: Some(&[0, 0]), ..fits }, "`action_mask` is 2 words");
        }
        // Asked again it is the same, and what was refused can be given as it should be.
        let mut again = vec![9; words];
        learner.act(&second, None, &mut again).unwrap();
        assert_eq!(again, chosen);
        learner.update(&fits).unwrap();
        learner.reset();
        learner.act(&first, None, &mut chosen).unwrap();
        let mut best = vec![9; words];
        let state = learner.save();
        learner.best(&[7.0, 7.0], None, 3, &mut best).unwrap();
        assert_eq!(learner.save(), state, "asking teaches nothing");
        assert!(best.iter().all(|action| *action < 3));
    }
}

#[test]
fn actions_of_others_are_learned_from_where_that_is_sound() {
    let interface =
        Interface { env: "mine".to_owned(), observation: vec![2], action: ActionSpace::Discrete { n: 4 }, limit: 0 };
    let mut takers = Vec::new();
    for name in online_learners().into_iter().filter(|name| !train::only_predicts(name)) {
        let mut run = OnlineRun::new(name, &Table::new(), interface.clone(), 0, None).unwrap();
        let (mut chosen, mut noise) = ([0], Noise::new(0, "test"));
        let mut at = [0.0, 1.0];
        let learned = (0..50).try_for_each(|_| {
            run.learner.act(&at, None, &mut chosen).unwrap();
            let next = [noise.normal(), noise.normal()];
            let result = run.learner.update(&observed(&at, &[(chosen[0] + 1) % 4], &next));
            at = next;
            result.map(|_| ()).map_err(|error| error.to_string())
        });
        match learned {
            Ok(()) => takers.push(name),
            Err(error) => assert!(error.contains("own actions only"), "{name}: {error}"),
        }
    }
    assert_eq!(takers, ["stream_ac", "stream_q"]);
}

#[test]
fn unfit_learners_and_files_are_refused() {
    let interface = Interface {
        env: "mine".to_owned(),
        observation: vec![2],
        action: ActionSpace::Box { low: vec![-1.0], high: vec![1.0] },
        limit: 0,
    };
    let made = |name: &str, options: &str, interface: &Interface| {
        let options: Table = options.parse().unwrap();
        OnlineRun::new(name, &options, interface.clone(), 0, None).map_err(|e| e.to_string())
    };
    let refused = |name: &str, options: &str, part: &str| {
        let error = made(name, options, &interface).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    refused("ppo", "", "those that learn from one transition at a time");
    refused("stream_a", "", "Did you mean `stream_ac`?");
    refused("stream_q", "", "agents that can: stream_ac");
    refused("stream_ac", "lamda = 0.5", "Did you mean `lambda`?");
    refused("stream_ac", "network = \"conv\"", "[height, width, channels]");
    refused("stream_ac", "time_feature = true", "as mine has none");
    let empty = Interface { observation: vec![0], ..interface.clone() };
    assert!(made("stream_ac", "", &empty).unwrap_err().contains("observation"));

    let folder = folder::folder("online");
    let path = folder.join("learner.safetensors");
    let run = made("stream_ac", "", &interface).unwrap();
    run.save(&path).unwrap();
    assert_eq!(OnlineRun::load(&path).unwrap().to_bytes(), run.to_bytes());
    let mut bytes = run.to_bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert!(OnlineRun::from_bytes(&bytes).unwrap_err().to_string().contains("checkpoint"));
    assert!(OnlineRun::from_bytes(&bytes[..last / 2]).unwrap_err().to_string().contains("checkpoint"));
    // A policy is no learner.
    let out = folder.join("run");
    let options = RunOptions {
        steps: Some(50),
        eval_episodes: Some(0),
        gif: Some(false),
        out: train::Out::Folder(out.clone()),
        ..RunOptions::new("stream_q", "CartPole-v1")
    };
    train::train(&options, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let error = OnlineRun::load(&out.join("policy.safetensors")).unwrap_err().to_string();
    assert!(error.contains("not that of a learner"), "{error}");
}
