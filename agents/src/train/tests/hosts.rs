//! The kinds of agents that the trainer runs beside those of the shipped algorithms, each in its smallest form: populations
//! in one agent, collecting without learning, learning without environment steps, policies that remember, and a network
//! for each agent of an environment.

use std::sync::Arc;

use shadergym_envs::{Actions, Batch, BatchOptions, Facts, Snapshot};
use toml::Table;

use super::super::mock::Linear;
use super::*;
use crate::agent::{Agent, Clocks, Episode, Log, Next, Setup};
use crate::common::distribution::Distribution;
use crate::common::head::Head;
use crate::common::noise::Noise;
use crate::network::{Layout, Loss, LossSums, Network, Recurrent, RowMap, Rows};
use crate::options::options;
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

options! {
    /// Options of the host.
    pub struct Config {
        /// Instances, the same number for each member.
        num_envs: usize = 6,
        /// Independent sets of parameters.
        members: usize = 1,
        /// Collections of which one is learned from.
        learn_every: u64 = 1,
        /// Whether it learns without environment steps.
        offline: bool = false,
        /// Whether its networks count the steps of an episode.
        remembers: bool = false,
        /// Whether each agent of an environment has a network of its own.
        own_networks: bool = false,
    }
}

static HOST: Entry = Entry {
    name: "host",
    about: "for tests",
    options: Config::options,
    acts_in: |_| true,
    resolve: |table, _| Ok(Config::from_table("host", table)?.to_table()),
    make: |table, setup| Ok(Box::new(Host::new(Config::from_table("host", table)?, setup)?)),
    policy: |table, setup| {
        let config = Config::from_table("host", table)?;
        Ok(policy(&config, &setup.facts, networks(&config, &setup.facts)))
    },
    online: None,
};

fn find(_: &str) -> Result<&'static Entry> {
    Ok(&HOST)
}

struct Host {
    config: Config,
    facts: Arc<Facts>,
    /// Of each member, for its row map.
    networks: Vec<Vec<Linear>>,
    batch: Batch,
    noise: Noise,
    clocks: Clocks,
}

/// Those of one member.
fn networks(config: &Config, facts: &Facts) -> Vec<Linear> {
    vec![Linear::new(facts); if config.own_networks { facts.agents } else { 1 }]
}

fn policy(config: &Config, facts: &Arc<Facts>, networks: Vec<Linear>) -> Policy {
    let agents = facts.agents;
    let map = if config.own_networks { RowMap::of_agents((0..agents).collect()) } else { RowMap::shared(agents) };
    let boxed =
        |linear| -> Box<dyn Network> { if config.remembers { Box::new(Counting(linear)) } else { Box::new(linear) } };
    let networks = networks.into_iter().map(boxed).collect();
    Policy::of_networks(facts.clone(), (networks, map), Head::Policy(Distribution::of(&facts.action)), None)
}

impl Host {
    fn new(config: Config, setup: &Setup) -> Result<Self> {
        let mut batch = setup.make(BatchOptions::new(config.num_envs))?;
        batch.reset(setup.seed)?;
        let (facts, noise) = (setup.facts.clone(), Noise::new(setup.seed, "host"));
        let networks = vec![networks(&config, &facts); config.members];
        Ok(Self { config, facts, networks, batch, noise, clocks: Clocks::default() })
    }
}

impl Agent for Host {
    fn collect(&mut self, _: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        if self.config.offline {
            return Ok(Next::Learn);
        }
        let (n, agents) = (self.config.num_envs, self.facts.agents);
        let each = n / self.config.members;
        let view = self.batch.step(Actions::Discrete(&vec![0; n * agents]))?;
        for i in view.ended_instances() {
            let (episode_return, length) = (view.episode_returns()[i * agents], view.episode_lengths()[i]);
            let member = (i / each) as u32;
            log.push(Episode { episode_return, length, instance: i as u32, member, task: None }, &[], &[]);
        }
        self.clocks.env_steps += n as u64;
        self.clocks.collections += 1;
        let learns = self.clocks.collections.is_multiple_of(self.config.learn_every);
        Ok(if learns { Next::Learn } else { Next::Collect })
    }

    fn learn(&mut self) -> Result<()> {
        for (member, networks) in self.networks.iter_mut().enumerate() {
            let mut noise = self.noise.at(self.clocks.updates, member as u64);
            networks.iter_mut().flat_map(|n| &mut n.parameters).for_each(|value| *value += noise.normal());
        }
        self.clocks.updates += 1;
        Ok(())
    }

    fn report(&mut self, log: &mut Log) {
        log.scalars.insert("host/updates", self.clocks.updates as f64);
    }

    fn is_iteration_over(&self, since: Clocks) -> bool {
        let steps = |clocks: Clocks| if self.config.offline { clocks.updates } else { clocks.collections };
        steps(self.clocks) - steps(since) >= 10
    }

    fn clocks(&self) -> Clocks {
        self.clocks
    }

    fn step(&self) -> u64 {
        if self.config.offline { self.clocks.updates } else { self.clocks.env_steps }
    }

    fn members(&self) -> usize {
        self.config.members
    }

    fn policy(&self, member: usize) -> Policy {
        policy(&self.config, &self.facts, self.networks[member].clone())
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        for (member, networks) in self.networks.iter().enumerate() {
            let parameters: Vec<&[f32]> = networks.iter().map(|n| &n.parameters[..]).collect();
            state.put_f32(format!("parameters.{member}"), &parameters.concat());
        }
        state.put_u64("clocks", &[self.clocks.env_steps, self.clocks.collections, self.clocks.updates]);
        state.put_bytes("batch", &self.batch.snapshot()?.to_bytes());
        Ok(())
    }

    fn load(&mut self, state: &State) -> Result<()> {
        for (member, networks) in self.networks.iter_mut().enumerate() {
            let saved = state.f32(&format!("parameters.{member}"))?;
            networks.iter_mut().flat_map(|n| &mut n.parameters).zip(saved).for_each(|(to, from)| *to = *from);
        }
        let [env_steps, collections, updates] = state.counters("clocks")?;
        self.clocks = Clocks { env_steps, collections, updates };
        Ok(self.batch.restore(&Snapshot::from_bytes(state.bytes("batch")?)?)?)
    }
}

/// Prefers the action whose number is that of the step in the episode, modulo their number.
#[derive(Clone)]
struct Counting(Linear);

impl Recurrent for Counting {
    fn carry(&self) -> usize {
        1
    }

    fn advance(&self, rows: Rows<'_>, carry: &mut [f32], outputs: &mut [f32]) {
        self.0.predict(rows, outputs);
        let width = self.0.outputs();
        for (row, steps) in outputs.chunks_exact_mut(width).zip(carry) {
            row[*steps as usize % width] += 1e6;
            *steps += 1.0;
        }
    }
}

impl Network for Counting {
    fn layout(&self) -> &Layout {
        self.0.layout()
    }

    fn outputs(&self) -> usize {
        self.0.outputs()
    }

    fn parameters(&self) -> &[f32] {
        self.0.parameters()
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        self.0.parameters_mut()
    }

    fn predict(&self, _: Rows<'_>, _: &mut [f32]) {
        unreachable!("it remembers, so it is advanced")
    }

    fn gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        self.0.gradient(rows, loss, gradient)
    }

    fn input_gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, input_gradient: &mut [f32]) -> LossSums {
        self.0.input_gradient(rows, loss, input_gradient)
    }

    fn recurrent(&self) -> Option<&dyn Recurrent> {
        Some(self)
    }

    fn boxed_clone(&self) -> Box<dyn Network> {
        Box::new(self.clone())
    }
}

/// A run of the host, the same run stopped and taken up, and the outcome of the first.
fn runs(name: &str, env: &str, settings: &str, steps: u64) -> (Outcome, Temporary) {
    let (whole, parts) = (Temporary::new(name), Temporary::new(&format!("{name}-parts")));
    let of = |folder: &Temporary| RunOptions {
        settings: settings.parse::<Table>().unwrap(),
        steps: Some(steps),
        eval_interval: Some(steps / 2),
        gif: Some(false),
        ..RunOptions { env: Some(env.to_owned()), ..options(&folder.0) }
    };
    let run = |options: &RunOptions, callback: &mut Callback<'_>| {
        Run::new(Plan::with(options, find)?, &options.out)?.run(callback)
    };
    let outcome = run(&of(&whole), &mut quiet).unwrap();
    let half = |p: &Progress<'_>| if p.step > steps / 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    assert_eq!(run(&of(&parts), &mut { half }).unwrap().end, End::Interrupted);
    let resumed = resume_with(&parts.0, None, &mut quiet, find).unwrap();
    assert_eq!((resumed.end, outcome.end), (End::Steps, End::Steps));
    assert_eq!(metrics(&whole.0), metrics(&parts.0), "{name}");
    let policies = [&whole, &parts].map(|t| fs::read(t.0.join("policy.safetensors")).unwrap());
    assert!(policies[0] == policies[1], "{name}");
    assert_eq!(resumed.summary["members"], outcome.summary["members"]);
    (outcome, whole)
}

fn saved(policy: &Policy) -> State {
    let mut state = State::default();
    policy.save(&mut state);
    state
}

#[test]
fn a_population_in_one_agent_has_a_member_axis() {
    let (outcome, folder) = runs("members", env(), "members = 3", 6000);
    assert_eq!(outcome.others.len(), 2);
    let members = outcome.summary["members"].as_array().unwrap();
    assert!(members.len() == 3 && members.iter().all(|m| m["last_100"].is_f64() && m["evaluation"].is_f64()));
    let evaluation = outcome.evaluation.unwrap();
    let of = |member: u32| evaluation.episodes.iter().filter(|e| e.member == member).count();
    assert_eq!([of(0), of(1), of(2), of(3)], [10, 10, 10, 0]);
    let sum: f64 = members.iter().map(|m| m["evaluation"].as_f64().unwrap()).sum();
    assert!((sum / 3.0 - evaluation.spread().unwrap().mean).abs() < 1e-9);
    // Each has parameters of its own, in the file too.
    let policies = [&outcome.policy, &outcome.others[0], &outcome.others[1]].map(saved);
    assert!(policies[0] != policies[1] && policies[1] != policies[2]);
    let file = Checkpoint::read(&folder.0.join("policy.safetensors")).unwrap().policy;
    for (member, policy) in policies.iter().enumerate() {
        let mut loaded =
            (HOST.policy)(&outcome.config.options, &Plan::of(outcome.config.clone(), find).unwrap().setup());
        loaded.as_mut().unwrap().load(&members::of_member(&file, member)).unwrap();
        assert_eq!(saved(&loaded.unwrap()), *policy, "member {member}");
    }
    assert!(members::of_member(&file, 3).arrays().next().is_none());
    assert_eq!(runs("single", env(), "", 1200).0.summary["members"], serde_json::Value::Null);
}

#[test]
fn collections_that_are_not_learned_from_are_collections_only() {
    let summary = runs("trials", env(), "learn_every = 4", 6000).0.summary;
    assert_eq!((summary["env_steps"].as_u64(), summary["collections"].as_u64()), (Some(6000), Some(1000)));
    assert_eq!(summary["updates"].as_u64(), Some(250));
}

#[test]
fn an_agent_without_environment_steps_counts_updates() {
    let (outcome, folder) = runs("offline", env(), "offline = true", 2000);
    let summary = &outcome.summary;
    assert_eq!((outcome.step, summary["updates"].as_u64(), summary["env_steps"].as_u64()), (2000, Some(2000), Some(0)));
    assert_eq!(outcome.evaluation.unwrap().episodes.len(), 10);
    let table = crate::report::metrics::read(&folder.0.join("metrics.csv")).unwrap();
    assert_eq!((table.points("host/updates").len(), table.points("eval/return").len()), (200, 2));
}

#[test]
fn a_policy_that_remembers_begins_anew_with_each_episode() {
    let (outcome, _folder) = runs("remembers", env(), "remembers = true", 600);
    // The same episodes by hand, two of each instance.
    let setup = Plan::of(outcome.config.clone(), find).unwrap().setup();
    let found = evaluate(&outcome.policy, &setup, 512, 5, true, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    let mut player = Player::new(&setup, 256, 5, "evaluation", true).unwrap();
    let actions = Distribution::of(&setup.facts.action).outputs() as u32;
    let (mut steps, mut expected) = ([0; 256], vec![Vec::new(); 256]);
    while expected.iter().any(|episodes| episodes.len() < 2) {
        let chosen: Vec<u32> = steps.iter().map(|steps| steps % actions).collect();
        let view = player.batch().step(Actions::Discrete(&chosen)).unwrap();
        for (i, steps) in steps.iter_mut().enumerate() {
            // A step that only starts an instance is none of its episode.
            *steps = if view.started(i) { 0 } else { *steps + 1 };
            if view.ended(i) {
                expected[i].push((view.episode_returns()[i], *steps));
            }
        }
    }
    let told = found.episodes.iter().map(|e| (e.episode_return, e.length));
    assert!(told.eq(expected.iter().flat_map(|episodes| episodes[..2].iter().copied())));
    // Whoever plays rows without their memory is told.
    let observations = player.batch().observations().words().to_vec();
    let alone = outcome.policy.act(&observations, None, true, &mut Noise::new(0, "x"), &mut Vec::new());
    assert!(alone.unwrap_err().to_string().contains("remembers"));
}

#[test]
fn agents_of_one_environment_may_have_networks_of_their_own() {
    let several = |id: &&str| shadergym_envs::spec(id).unwrap().agents > 1;
    let id = shadergym_envs::ids().find(several).expect("an environment with several agents");
    let (outcome, _folder) = runs("own", id, "own_networks = true", 600);
    let facts = outcome.policy.facts().clone();
    let all = saved(&outcome.policy).f32("policy/parameters").unwrap().to_vec();
    let one = Linear::new(&facts).parameters.len();
    assert_eq!(all.len(), facts.agents * one);
    let mut batch = shadergym_envs::make(id, 5).unwrap();
    batch.reset(3).unwrap();
    let observations = batch.observations().words().to_vec();
    let act = |policy: &Policy| {
        let mut actions = Vec::new();
        policy.act(&observations, None, true, &mut Noise::new(0, "x"), &mut actions).unwrap();
        actions
    };
    let together = act(&outcome.policy);
    // An agent does what its network alone would do.
    let alone: Vec<Vec<u32>> = (0..facts.agents)
        .map(|agent| {
            let mut linear = Linear::new(&facts);
            linear.parameters.copy_from_slice(&all[agent * one..(agent + 1) * one]);
            act(&policy(&Config::default(), &facts, vec![linear]))
        })
        .collect();
    assert!((0..together.len()).all(|row| together[row] == alone[row % facts.agents][row]));
    assert!(alone.windows(2).any(|pair| pair[0] != pair[1]), "networks that differ");
}
