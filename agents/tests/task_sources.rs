//! Sources of tasks, with every agent: what they propose is in force in the episode that is told, whatever the threads,
//! and evaluations play the same tasks always.

mod common;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use common::folder;
use common::tasks::{NUMBER, TWO, Task, settings, setup};
use shadergym_agents::Result;
use shadergym_agents::agent::{Agent, Episode, Log, Next, Setup, iterate};
use shadergym_agents::algorithms::{AGENTS, Entry};
use shadergym_agents::common::noise::Noise;
use shadergym_agents::common::task_space::TaskSpace;
use shadergym_agents::state::State;
use shadergym_agents::tasks::{Place, SOURCES, TaskSet, TaskSource, Tasks, find};
use shadergym_agents::teachers;
use shadergym_agents::train::{Interval, Out, RunOptions, evaluate, resume, train};
use shadergym_envs::Device;
use toml::Table;

/// Every step gives the parameter, so the return tells it. Episodes end by chance or by the limit.
const TELLS: &str = "
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(rng_between(rng, -0.5, 0.5));
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x += rng_between(rng, -0.5, 0.5);
    return Outcome(params.scale, abs((*state).x) > 1.0);
}
fn observe(params: Params, state: State) -> Observation {
    return Observation(vec2<f32>(clamp(state.x, -2.0, 2.0), params.scale));
}
";

/// With choices, of which one may be illegal, and with numbers.
fn environments() -> [Task; 2] {
    let masked = format!("{TELLS}\nfn action_mask(params: Params, state: State) -> u32 {{\n    return 3u;\n}}\n");
    let of = |name, actions, functions| Task {
        name,
        limit: 6,
        state: "    /// 1; where\n    x: f32,",
        actions,
        observation: (2, "where, and the parameter"),
        functions,
    };
    [of("TellsByChoice", TWO, &*masked.leak()), of("TellsByNumber", NUMBER, TELLS)]
}

const SHORT: &str = "num_envs=130 num_steps=16 num_minibatches=2 hidden=[8] learning_starts=200 buffer_size=1000 batch_size=16 \
    train_frequency=400 normalize_observation=true width=16 state_size=16 encoder=[8]";

fn ranges() -> Table {
    "scale = [0.25, 0.75]".parse().unwrap()
}

/// The setup with tasks, and the tasks of a source.
fn with_tasks(setup: &Setup, source: &str, options: &str, count: usize) -> (Setup, Tasks) {
    let space = Arc::new(TaskSpace::new(&setup.facts, &ranges()).unwrap());
    let source = find(source).unwrap();
    let options = (source.resolve)(&options.parse().unwrap(), &space).unwrap();
    let tasks = Tasks::new(space.clone(), (source.make)(&options, &space).unwrap(), setup.seed);
    let set = TaskSet { evaluated: space.of_evaluations(count), space };
    (Setup { tasks: Some(Arc::new(set)), ..setup.clone() }, tasks)
}

/// Options with which a source proposes several tasks in a short run: returns are below 5 here.
fn changing(source: &str) -> &'static str {
    match source {
        "fixed" => "points = 3",
        "uniform" => "",
        "oracle" => "threshold = 0.1",
        _ => "reward_low = 0\nreward_high = 1",
    }
}

/// Trains and gives everything that was told, and what was learned.
fn told(agent: &Entry, setup: &Setup, tasks: Tasks) -> (Log, State) {
    told_of((agent.make)(&settings(agent, SHORT), setup).unwrap(), setup, tasks)
}

fn told_of(mut learner: Box<dyn Agent>, setup: &Setup, mut tasks: Tasks) -> (Log, State) {
    let mut all = Log::default();
    while learner.step() < setup.steps {
        iterate(&mut *learner, Some(&mut tasks), &mut all).unwrap();
    }
    let mut state = State::default();
    learner.policy(0).save(&mut state);
    (all, state)
}

#[test]
fn what_is_proposed_is_in_force_in_the_episode_that_is_told() {
    for (agent, task) in AGENTS.iter().flat_map(|agent| environments().map(|task| (agent, task))) {
        let (_folder, plain) = setup(&task, 8000, 1);
        if !(agent.acts_in)(&plain.facts) {
            continue;
        }
        for source in SOURCES.iter().map(|source| source.name) {
            let options = changing(source);
            let (setup, tasks) = with_tasks(&plain, source, options, 1);
            let (log, learned) = told(agent, &setup, tasks);
            assert!(log.episodes.len() > 800 && log.tasks.len() == log.episodes.len(), "{}", agent.name);
            let (mut ids, mut values) = (BTreeSet::new(), BTreeSet::new());
            in_force(&log);
            for (Episode { instance, task, .. }, &scale) in log.episodes.iter().zip(&log.tasks) {
                assert!((0.25..=0.75).contains(&scale) && *instance < 130);
                ids.insert(task.expect("there is a source"));
                values.insert(scale.to_bits());
            }
            match source {
                "fixed" => assert_eq!((ids.len(), values.len()), (3, 3)),
                "uniform" => assert!(ids.len() == log.episodes.len() && values.len() > log.episodes.len() / 2),
                _ => assert!(values.len() > 1),
            }
            let (three, tasks) = with_tasks(&Setup { num_threads: 3, ..plain.clone() }, source, options, 1);
            let (again, learned_again) = told(agent, &three, tasks);
            assert!(format!("{log:?}") == format!("{again:?}") && learned == learned_again, "{}", agent.name);
        }
    }
}

/// Each return is that of the task with which it is told.
fn in_force(log: &Log) {
    for (Episode { episode_return, length, .. }, &scale) in log.episodes.iter().zip(&log.tasks) {
        let expected = scale as f32 * *length as f32;
        assert!((episode_return - expected).abs() < 1e-5, "{episode_return}, {expected}");
    }
}

#[test]
fn environments_on_a_gpu_get_their_tasks_and_are_learned_from_on_the_cpu() {
    if shadergym_envs::gpu::adapters().is_empty() && std::env::var_os("SHADERGYM_REQUIRE_GPU").is_none() {
        return;
    }
    let (_folder, cpu) = setup(&environments()[1], 4000, 1);
    let plain = Setup { device: Device::Gpu(None), ..cpu };
    let (setup, tasks) = with_tasks(&plain, "uniform", "", 1);
    let ppo = shadergym_agents::algorithms::find("ppo").unwrap();
    let make = |setup: &Setup| (ppo.make)(&settings(ppo, "num_envs=32 num_steps=16 hidden=[8]"), setup).unwrap();
    assert!(make(&plain).learns_on_gpu() && !make(&setup).learns_on_gpu());
    let (log, _) = told_of(make(&setup), &setup, tasks);
    assert!(log.episodes.len() > 400 && log.tasks.len() == log.episodes.len());
    in_force(&log);
}

/// Every third collection only tries something.
struct Trials {
    collections: u64,
    heard: usize,
}

impl TaskSource for Trials {
    fn propose(&self, place: Place, _: &Noise, task: &mut [f64]) -> u64 {
        task[0] = 0.5;
        place.id()
    }

    fn next(&self) -> Next {
        if self.collections % 3 == 2 { Next::Collect } else { Next::Learn }
    }

    fn hear(&mut self, episodes: &[Episode], tasks: &[f64]) {
        assert_eq!(episodes.len(), tasks.len());
        self.collections += 1;
        self.heard += episodes.len();
    }

    fn save(&self, state: &mut State) {
        state.put_u64("tasks/heard", &[self.heard as u64]);
    }

    fn load(&mut self, _: &State) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_source_may_have_collections_that_are_not_learned_from() {
    let (_folder, plain) = setup(&environments()[0], 1, 1);
    for agent in ["ppo", "pqn"].map(|name| shadergym_agents::algorithms::find(name).unwrap()) {
        let (setup, _) = with_tasks(&plain, "uniform", "", 1);
        let space = setup.tasks.as_ref().unwrap().space.clone();
        let mut tasks = Tasks::new(space, Box::new(Trials { collections: 0, heard: 0 }), 3);
        let mut learner = (agent.make)(&settings(agent, SHORT), &setup).unwrap();
        let (mut updates, mut episodes) = (Vec::new(), 0);
        for _ in 0..6 {
            let (mut log, before) = (Log::default(), learner.clocks().updates);
            iterate(&mut *learner, Some(&mut tasks), &mut log).unwrap();
            updates.push(learner.clocks().updates > before);
            assert_eq!(log.scalars.contains_key("loss/value"), updates[updates.len() - 1]);
            episodes += log.episodes.len() as u64;
        }
        assert_eq!(updates, [true, true, false, true, true, false], "{}", agent.name);
        assert_eq!(learner.clocks().collections, 6);
        let mut state = State::default();
        tasks.save(&mut state);
        assert!(state.counter("tasks/heard").unwrap() == episodes && episodes > 100);
    }
}

#[test]
fn the_command_line_takes_a_source() {
    let here = folder("command");
    let train = ["train", "ppo", "CartPole-v1", "--steps", "2000", "--no-gif", "--device", "cpu", "--out", "run"];
    let run = |more: &[&str]| common::run_in(&here, &[&train[..], more].concat());
    run(&["--tasks", "uniform", "--task-range", "gravity=5"]).fails(2, &["gravity=5", "gravity=5:15"]);
    run(&["--task-range", "gravity=5:7"]).fails(1, &["source of tasks", "not given", "--tasks"]);
    let more = ["--tasks", "fixed", "--task-set", "points=3", "--task-range", "gravity=5:1_5", "--eval-tasks", "4"];
    run(&more).ok();
    let table = read(&here, "run/tasks.csv");
    assert!(table.starts_with("task,gravity,") && table.lines().count() == 5, "{table}");
    assert!(read(&here, "run/config.toml").contains("points = 3"));
    let options = common::run_in(&here, &["train", "ppo", "--options"]).ok();
    assert!(SOURCES.iter().all(|source| options.contains(&format!("--tasks {}", source.name))), "{options}");
    // A teacher under its other names.
    let more = ["--teacher", "alp-gmm", "--task-set", "fit_rate=20", "--task-range", "gravity=5:15", "--out", "taught"];
    let with_pictures: Vec<&str> = train[..8].iter().copied().filter(|word| *word != "--no-gif").collect();
    common::run_in(&here, &[&with_pictures[..], &more[..]].concat()).ok();
    let is_gif = |path: &str| std::fs::read(here.join(path)).is_ok_and(|bytes| bytes.starts_with(b"GIF89a"));
    assert!(is_gif("taught/tasks.gif") && is_gif("taught/policy.gif") && !here.join("run/tasks.gif").exists());
    // What was played: every episode with its task.
    let played = read(&here, "taught/episodes.jsonl");
    let rows = played.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let counts = |row: serde_json::Value| ["tasks", "returns", "lengths"].map(|of| row[of].as_array().unwrap().len());
    let counts: Vec<[usize; 3]> = rows.map(counts).collect();
    let summary: serde_json::Value = serde_json::from_str(&read(&here, "taught/summary.json")).unwrap();
    let all = counts.iter().map(|row| row[0]).sum::<usize>() as u64;
    assert!(counts.iter().all(|[a, b, c]| a == b && b == c) && summary["episodes"].as_u64() == Some(all), "{counts:?}");
    assert!(read(&here, "run/tasks.svg").contains("fixed for ppo on CartPole-v1"));
    assert!(read(&here, "taught/config.toml").contains("source = \"alp_gmm\""));
    let first: serde_json::Value =
        serde_json::from_str(read(&here, "taught/teacher.jsonl").lines().next().unwrap()).unwrap();
    assert!(
        first["change"] == 1
            && first["fit"] == 1
            && first["step"].as_u64() >= Some(first["episodes"].as_u64().unwrap())
    );
    assert!(
        first["means"][0].as_array().unwrap().len() == 2 && first["covariances"][0][1].as_array().unwrap().len() == 2
    );
    assert!(first["lag"]["mean"].as_f64() > Some(0.0), "eight instances play at the same time: {first}");
    common::run_in(&here, &[&train[..8], &["--teacher", "Random", "--out", "random"]].concat()).fails(1, &["uniform"]);
    common::run_in(&here, &[&train[..8], &["--teacher", "random", "--out", "random"]].concat()).ok();
    assert!(
        read(&here, "random/config.toml").contains("source = \"uniform\"")
            && !here.join("random/teacher.jsonl").exists()
    );
    // The policy is evaluated on the same tasks.
    let json = common::run_in(&here, &["eval", "run", "--episodes", "3", "--json"]).ok();
    assert!(json.contains("\"episodes\":4"), "{json}");
}

#[test]
fn an_instance_goes_through_the_tasks_in_turn() {
    let (_folder, plain) = setup(&environments()[0], 6000, 1);
    let several = |agent: &Entry| (agent.options)().iter().any(|option| option.name == "num_envs");
    let agent = AGENTS.iter().find(|agent| (agent.acts_in)(&plain.facts) && several(agent)).unwrap();
    let tasks_of = |source, options| {
        let (setup, tasks) = with_tasks(&plain, source, options, 1);
        let log = told(agent, &setup, tasks).0;
        let of_seven = log.episodes.iter().zip(&log.tasks).filter(|(episode, _)| episode.instance == 7);
        of_seven.map(|(episode, &task)| (episode.task.unwrap(), task)).take(4).collect::<Vec<_>>()
    };
    assert_eq!(tasks_of("fixed", "list = [[0.3], [0.5], [0.7]]")[..3], [(1, 0.5), (2, 0.7), (0, 0.3)]);
    assert_eq!(tasks_of("fixed", "points = 3")[..3], [(1, 0.5), (2, 0.75), (0, 0.25)]);
    let twice = tasks_of("uniform", "episodes = 2");
    assert!(twice[0] == twice[1] && twice[2] == twice[3] && twice[0] != twice[2], "{twice:?}");
}

#[test]
fn evaluations_play_the_same_tasks_each_as_often() {
    let (_folder, plain) = setup(&environments()[0], 100, 1);
    let agent = AGENTS.iter().find(|agent| (agent.acts_in)(&plain.facts)).unwrap();
    let (setup, _) = with_tasks(&plain, "uniform", "", 7);
    let learner = (agent.make)(&settings(agent, "hidden=[8]"), &setup).unwrap();
    let play = |seed| {
        let found = evaluate(&learner.policy(0), &setup, 20, seed, true, &mut |_| ControlFlow::Continue(()));
        found.unwrap().unwrap()
    };
    let found = play(1);
    assert_eq!((found.episodes.len(), found.by_task().len()), (21, 7));
    assert!(found.by_task().iter().all(|spread| spread.episodes == 3));
    let scales = &setup.tasks.as_ref().unwrap().evaluated;
    for (k, episode) in found.episodes.iter().enumerate() {
        assert_eq!((episode.task, episode.instance as usize), (Some(k as u64 / 3), k / 3));
        let expected = scales[k / 3] as f32 * episode.length as f32;
        assert!((episode.episode_return - expected).abs() < 1e-5, "{} and {expected}", episode.episode_return);
    }
    assert!(found == play(1) && found != play(2));
    assert_eq!(*scales, with_tasks(&Setup { seed: 99, ..plain.clone() }, "fixed", "", 7).0.tasks.unwrap().evaluated);
}

/// A run with a source; `more` are options of the agent.
fn options(agent: &Entry, env: &str, source: &str, out: &Path) -> RunOptions {
    RunOptions {
        steps: Some(3000),
        device: Some(Device::Cpu),
        checkpoint_interval: Some(Interval::Steps(700)),
        eval_episodes: Some(6),
        eval_interval: Some(1500),
        settings: settings(
            agent,
            "num_envs=6 num_steps=32 num_minibatches=3 hidden=[8] width=16 state_size=16 encoder=[8] \
             learning_starts=500 batch_size=16 train_frequency=50",
        ),
        tasks: format!("source = '{source}'\neval_tasks = 3\nranges.scale = [0.25, 0.75]\n{}", changing(source))
            .parse()
            .unwrap(),
        out: Out::Folder(out.to_owned()),
        ..RunOptions::new(agent.name, env)
    }
}

fn read(folder: &Path, file: &str) -> String {
    std::fs::read_to_string(folder.join(file)).unwrap()
}

/// `metrics.csv` without the seconds.
fn metrics(folder: &Path) -> Vec<String> {
    let without = |line: &str| {
        let cells = line.split(',').enumerate().filter(|(i, _)| *i != 1).map(|(_, cell)| cell);
        cells.collect::<Vec<_>>().join(",")
    };
    read(folder, "metrics.csv").lines().map(without).collect()
}

#[test]
fn a_run_with_a_source_that_was_stopped_goes_on_bit_by_bit() {
    for (agent, task) in AGENTS.iter().flat_map(|agent| environments().map(|task| (agent, task))) {
        let (_folder, plain) = setup(&task, 1, 1);
        if !(agent.acts_in)(&plain.facts) {
            continue;
        }
        for source in SOURCES {
            let here = folder("tasks");
            let (whole, parts) = (here.join("whole"), here.join("parts"));
            let outcome = train(&options(agent, &plain.env, source.name, &whole), &mut |_| ControlFlow::Continue(()));
            let mut stop = |p: &shadergym_agents::train::Progress<'_>| {
                if p.step > 1700 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            train(&options(agent, &plain.env, source.name, &parts), &mut stop).unwrap();
            resume(&parts, None, &mut |_| ControlFlow::Continue(())).unwrap();
            assert_eq!(metrics(&whole), metrics(&parts), "{} {}", agent.name, source.name);
            let taught = teachers::find(source.name).is_ok();
            assert_eq!(whole.join("teacher.jsonl").exists(), taught, "{}", source.name);
            assert_eq!(metrics(&whole)[0].contains("teacher/lag"), taught);
            for file in
                ["policy.safetensors", "tasks.csv", "tasks.svg", "config.toml", "teacher.jsonl", "episodes.jsonl"]
            {
                let bytes = |run: &Path| std::fs::read(run.join(file)).unwrap_or_default();
                assert!(bytes(&whole) == bytes(&parts), "{} {}: {file}", agent.name, source.name);
            }
            let outcome = outcome.unwrap();
            assert_eq!(outcome.summary["evaluation"]["by_task"].as_array().unwrap().len(), 3);
            let table = read(&whole, "tasks.csv");
            assert!(table.starts_with("task,scale,episodes,return,median_length\n0,0.") && table.lines().count() == 4);
            // What it was goes in again.
            let again = RunOptions { config: Some(whole.join("config.toml")), ..RunOptions::default() };
            assert_eq!(shadergym_agents::train::resolve(&again).unwrap().tasks, outcome.config.tasks);
        }
    }
}

#[test]
fn bad_tasks_are_refused_before_anything_is_written() {
    let here = folder("bad");
    let bad = |tasks: &str| {
        let options = RunOptions {
            tasks: tasks.parse().unwrap_or_else(|e| panic!("{tasks}: {e}")),
            out: Out::Folder(here.join("run")),
            ..RunOptions::new("ppo", "CartPole-v1")
        };
        train(&options, &mut |_| ControlFlow::Continue(())).unwrap_err().to_string()
    };
    for (tasks, words) in [
        ("source = 'unifrm'", &["`unifrm`", "Did you mean `uniform`", "fixed"][..]),
        ("eval_tasks = 3", &["source of tasks", "not given", "uniform"]),
        ("source = 'uniform'\neval_tasks = 0", &["eval_tasks", "0", "1 to 10000"]),
        ("source = 'uniform'\nranges.gravitty = [5, 6]", &["gravitty", "Did you mean `gravity`"]),
        ("source = 'uniform'\nranges.gravity = [7, 6]", &["gravity", "[7, 6]", "from 5 to 15", "m/s^2"]),
        ("source = 'uniform'\nranges.gravity = [1, 6]", &["gravity", "[1, 6]", "from 5 to 15"]),
        ("source = 'uniform'\nranges.gravity = 5", &["gravity", "5", "lowest first"]),
        ("source = 'uniform'\nranges = 5", &["ranges of tasks", "5", "a table"]),
        ("source = 'uniform'\nranges.gravity = [9, 9]", &["CartPole-v1", "one task only", "widen"]),
        ("source = 'uniform'\nepisodes = 0", &["episodes", "0", "1 or more"]),
        ("source = 'uniform'\npoints = 3", &["uniform has no option `points`"]),
        ("source = 'fixed'", &["points", "5 along each of 9 ranges", "1000000"]),
        (
            "source = 'fixed'\nlist = [[5.0]]\nranges = { gravity = [5, 6], half_length = [0.5, 1] }",
            &["list[0]", "2 values"],
        ),
        (
            "source = 'fixed'\nlist = [[5.0], [7.0]]\nranges = { gravity = [5, 6] }",
            &["list[1]", "[7.0]", "gravity 5 to 6"],
        ),
    ] {
        let error = bad(tasks);
        assert!(words.iter().all(|word| error.contains(word)), "{tasks}: {error}");
    }
    assert!(!here.join("run").exists());
}

#[test]
fn whole_numbers_and_elements_have_ranges_too() {
    let facts = Arc::new(shadergym_envs::spec("Maze-v0").unwrap().clone());
    let whole = facts.params.fields.iter().find(|field| !field.shape.is_empty()).expect("an array");
    let space = |ranges: &str| TaskSpace::new(&facts, &ranges.parse().unwrap()).map_err(|e| e.to_string());
    let space = space(&format!("{0} = [1, 3]\n'{0}[2]' = [0, 1]", whole.name)).unwrap();
    assert_eq!(space.dimensions().len(), whole.words());
    assert_eq!(space.dimensions()[2].name, format!("{}[2]", whole.name));
    let (mut task, mut words) = (vec![0.0; whole.words()], vec![0; facts.params.words]);
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    for k in 0..200 {
        let noise = &mut Noise::new(k, "test");
        space.sample(noise, &mut task);
        space.params(&task, &mut words);
        (0..2).for_each(|d| seen[d].extend([words[whole.offset + 1 + d]]));
    }
    assert_eq!(seen, [BTreeSet::from([1, 2, 3]), BTreeSet::from([0, 1])]);
    assert!(TaskSpace::new(&facts, &format!("{} = [0.5, 1]", whole.name).parse().unwrap()).is_err());
}
