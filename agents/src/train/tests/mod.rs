//! Runs of the mock: what holds whatever the agent.

mod faults;
mod hosts;
mod populations;

use std::fs;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::checkpoint::Checkpoint;
pub(super) use super::mock::{MOCK, find};
pub(super) use super::*;
use crate::test_folder::{Folder, folder};

/// An environment that the mock acts in, with short episodes of random play of several steps, and a number as first parameter.
fn env() -> &'static str {
    let fits = |id: &&str| {
        let facts = shadergym_envs::spec(id).unwrap();
        let number = facts.params.fields.first().is_some_and(|field| field.kind == shadergym_envs::Kind::F32);
        (MOCK.acts_in)(facts) && facts.agents == 1 && facts.pixel_aspect.is_some() && number && {
            let mut batch = shadergym_envs::make(id, 8).unwrap();
            batch.reset(0).unwrap();
            (9..200).contains(&batch.rollout(200).unwrap().episodes)
        }
    };
    shadergym_envs::ids().find(fits).expect("an environment with short episodes")
}

/// A place for a run in a temporary folder; the run makes it.
struct Temporary(PathBuf, #[expect(dead_code, reason = "held until the test is over")] Folder);

impl Temporary {
    fn new(name: &str) -> Self {
        let folder = folder(name);
        Self(folder.join("run"), folder)
    }
}

fn options(folder: &Path) -> RunOptions {
    RunOptions {
        steps: Some(8_000),
        seed: Some(3),
        device: Some(shadergym_envs::Device::Cpu),
        checkpoint_interval: Some(Interval::Steps(700)),
        eval_episodes: Some(10),
        out: Out::Folder(folder.to_owned()),
        ..RunOptions::new("mock", env())
    }
}

fn run(options: &RunOptions, callback: &mut Callback<'_>) -> Result<Outcome> {
    Run::new(Plan::with(options, find)?, &options.out)?.run(callback)
}

fn quiet(_: &Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// `metrics.csv` without the seconds, which are never twice the same.
fn metrics(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("metrics.csv")).unwrap();
    let without = |line: &str| {
        line.split(',').enumerate().filter(|(i, _)| *i != 1).map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    text.lines().map(without).collect()
}

fn no_parts(folder: &Path) {
    for place in [folder.to_owned(), folder.join("checkpoints")] {
        for entry in fs::read_dir(place).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.ends_with(".part"), "{name}");
        }
    }
}

#[test]
fn a_run_that_dies_at_any_moment_comes_to_the_same_end() {
    let (whole, parts) = (Temporary::new("whole"), Temporary::new("parts"));
    run(&options(&whole.0), &mut quiet).unwrap();
    // A panic in the callback: nothing of the run is brought to an end.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut calls = 0;
    let mut die_at = 1;
    let mut deaths = 0;
    let mut dying = |_: &Progress<'_>| {
        calls += 1;
        assert!(calls < die_at, "died");
        ControlFlow::Continue(())
    };
    let _ = catch_unwind(AssertUnwindSafe(|| run(&options(&parts.0), &mut dying)));
    let outcome = loop {
        deaths += 1;
        let mut calls = 0;
        die_at = 7 + 11 * deaths % 29;
        let mut dying = |_: &Progress<'_>| {
            calls += 1;
            assert!(calls < die_at, "died");
            ControlFlow::Continue(())
        };
        if let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| resume_with(&parts.0, None, &mut dying, find))) {
            break outcome.unwrap();
        }
        assert!(deaths < 200);
    };
    std::panic::set_hook(hook);
    assert!(deaths > 5, "{deaths}");
    assert_eq!(outcome.end, End::Steps);
    let policy = |t: &Temporary| fs::read(t.0.join("policy.safetensors")).unwrap();
    assert_eq!(policy(&whole), policy(&parts));
    assert_eq!(metrics(&whole.0), metrics(&parts.0));
    assert!(metrics(&whole.0).len() > 100 && metrics(&whole.0)[0].contains("a/late"));
    for file in ["final.gif", "curve.svg", "config.toml"] {
        assert_eq!(fs::read(whole.0.join(file)).unwrap(), fs::read(parts.0.join(file)).unwrap(), "{file}");
    }
    no_parts(&parts.0);
    // It is over, unless more steps are wanted.
    let over = resume_with(&parts.0, None, &mut quiet, find).unwrap_err().to_string();
    assert!(over.contains("--steps"), "{over}");
    let more = resume_with(&parts.0, Some(2_000), &mut quiet, find).unwrap();
    assert!(more.step >= 10_000 && more.config.steps == 10_000, "{}", more.step);
    assert!(fs::read_to_string(parts.0.join("config.toml")).unwrap().contains("steps = 10000"));
}

#[test]
fn an_interrupted_run_has_a_checkpoint_and_goes_on() {
    let (whole, parts) = (Temporary::new("calm"), Temporary::new("interrupted"));
    let never = |t: &Temporary| RunOptions { checkpoint_interval: Some(Interval::Never), ..options(&t.0) };
    let whole_outcome = run(&never(&whole), &mut quiet).unwrap();
    let mut stop = |p: &Progress<'_>| if p.step > 3_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let outcome = run(&never(&parts), &mut stop).unwrap();
    assert_eq!((outcome.end, outcome.evaluation.is_none()), (End::Interrupted, true));
    assert!(outcome.step > 3_000 && outcome.step < 3_100);
    assert!(!parts.0.join("policy.safetensors").exists());
    // Between training and the results.
    let mut late = |p: &Progress<'_>| match p.phase {
        Phase::Evaluating(done) if done > 0 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert_eq!(resume_with(&parts.0, None, &mut late, find).unwrap().end, End::Interrupted);
    let outcome = resume_with(&parts.0, None, &mut quiet, find).unwrap();
    assert_eq!(outcome.end, End::Steps);
    assert_eq!(metrics(&whole.0), metrics(&parts.0));
    assert_eq!(outcome.curve, whole_outcome.curve);
    assert_eq!(outcome.evaluation, whole_outcome.evaluation);
    assert_eq!(outcome.evaluation.unwrap().episodes.len(), 10);
}

#[test]
fn a_diverged_run_keeps_what_was_good() {
    let folder = Temporary::new("diverged");
    let mut options = options(&folder.0);
    options.settings.insert("diverge_at".into(), toml::Value::Integer(5_000));
    let error = run(&options, &mut quiet).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.0.join("summary.json")).unwrap()).unwrap();
    assert_eq!((&summary["end"], summary["reason"].as_str()), (&"failed".into(), Some(error.to_string().as_str())));
    let kept = folder.0.join("checkpoints").join(summary["checkpoint"].as_str().unwrap());
    let step = Checkpoint::read(&kept).unwrap().meta.step;
    assert!((4_200..5_000).contains(&step), "{step}");
    assert!(!folder.0.join("policy.safetensors").exists());
    no_parts(&folder.0);
}

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let (whole, damaged) = (Temporary::new("sound"), Temporary::new("damaged"));
    run(&options(&whole.0), &mut quiet).unwrap();
    let mut stop = |p: &Progress<'_>| if p.step > 3_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    run(&options(&damaged.0), &mut stop).unwrap();
    let (folder, _) = RunFolder::open(&damaged.0).unwrap();
    let newest = folder.latest().unwrap().0.unwrap().1;
    let mut bytes = fs::read(&newest).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&newest, bytes).unwrap();
    let mut notes = Vec::new();
    let mut listen = |p: &Progress<'_>| {
        notes.extend(p.notes.to_vec());
        ControlFlow::Continue(())
    };
    resume_with(&damaged.0, None, &mut listen, find).unwrap();
    assert!(notes.len() == 1 && notes[0].contains("damaged") && notes[0].contains("going on from"), "{notes:?}");
    assert_eq!(metrics(&whole.0), metrics(&damaged.0));
}

#[test]
fn a_run_under_way_can_be_looked_at() {
    let folder = Temporary::new("looked-at");
    let part = folder.0.join("checkpoints/9999.safetensors.part");
    let mut look = |p: &Progress<'_>| {
        if p.step < 3_000 {
            return ControlFlow::Continue(());
        }
        // What the trainer has just begun to write.
        fs::write(&part, "part").unwrap();
        let (checkpoint, _, notes) = trained::find(&folder.0).unwrap();
        assert!(checkpoint.meta.step > 2_000 && notes.is_empty() && part.exists());
        ControlFlow::Break(())
    };
    assert_eq!(run(&options(&folder.0), &mut look).unwrap().end, End::Interrupted);
    assert!(part.exists());
    resume_with(&folder.0, None, &mut quiet, find).unwrap();
    no_parts(&folder.0);
}

#[test]
fn the_policy_of_a_folder_is_the_newest() {
    let folder = Temporary::new("newest");
    run(&options(&folder.0), &mut quiet).unwrap();
    let (over, path, _) = trained::find(&folder.0).unwrap();
    assert!(path.ends_with("policy.safetensors"));
    let mut stop = |p: &Progress<'_>| if p.step > 9_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let outcome = resume_with(&folder.0, Some(2_000), &mut stop, find).unwrap();
    let (newer, path, notes) = trained::find(&folder.0).unwrap();
    assert_eq!((newer.meta.step, notes.len()), (outcome.step, 0));
    assert!(over.policy != newer.policy && path.parent().unwrap().ends_with("checkpoints"));
    // As long as it can be read.
    for entry in fs::read_dir(folder.0.join("checkpoints")).unwrap() {
        fs::write(entry.unwrap().path(), "x").unwrap();
    }
    let (found, path, notes) = trained::find(&folder.0).unwrap();
    assert_eq!((&found, notes.len()), (&over, 1));
    assert!(path.ends_with("policy.safetensors"));
}

#[test]
fn added_steps_are_kept_from_the_first_moment() {
    let folder = Temporary::new("added");
    run(&options(&folder.0), &mut quiet).unwrap();
    let over = fs::read(folder.0.join("summary.json")).unwrap();
    let outcome = resume_with(&folder.0, Some(1_000), &mut |_| ControlFlow::Break(()), find).unwrap();
    assert_eq!((outcome.end, outcome.config.steps), (End::Interrupted, 9_000));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let died = catch_unwind(AssertUnwindSafe(|| resume_with(&folder.0, Some(1_000), &mut |_| panic!("died"), find)));
    std::panic::set_hook(hook);
    assert!(died.is_err());
    // As if it had died before the summary was removed.
    fs::write(folder.0.join("summary.json"), over).unwrap();
    let outcome = resume_with(&folder.0, None, &mut quiet, find).unwrap();
    assert!(outcome.end == End::Steps && outcome.step >= 10_000, "{}", outcome.step);
    // A target that was reached does not come back.
    let folder = Temporary::new("target");
    run(&RunOptions { until: Some(-1e9), ..options(&folder.0) }, &mut quiet).unwrap();
    resume_with(&folder.0, Some(1_000), &mut |_| ControlFlow::Break(()), find).unwrap();
    let outcome = resume_with(&folder.0, None, &mut quiet, find).unwrap();
    assert!(outcome.end == End::Steps && outcome.step >= 9_000, "{}", outcome.step);
}

#[test]
fn the_row_at_the_end_is_written_once() {
    let (whole, parts) = (Temporary::new("once"), Temporary::new("twice"));
    let sparse = |t: &Temporary| RunOptions {
        checkpoint_interval: Some(Interval::Steps(1)),
        tables: "[run]\nmetrics_interval = 3000".parse().ok(),
        ..options(&t.0)
    };
    run(&sparse(&whole), &mut quiet).unwrap();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    // Dies when the row at the end is written, and then in the evaluation.
    let mut dying = |p: &Progress<'_>| {
        assert!(p.row.is_none() || p.step < 8_000, "died");
        ControlFlow::Continue(())
    };
    let first = catch_unwind(AssertUnwindSafe(|| run(&sparse(&parts), &mut dying))).is_err();
    let mut dying = |p: &Progress<'_>| {
        assert!(p.phase == Phase::Training, "died");
        ControlFlow::Continue(())
    };
    let second = catch_unwind(AssertUnwindSafe(|| resume_with(&parts.0, None, &mut dying, find))).is_err();
    std::panic::set_hook(hook);
    assert!(first && second);
    // It has no row to write any more, and nothing is counted again in the rows to come.
    let mut rows = 0;
    let mut count = |p: &Progress<'_>| {
        rows += usize::from(p.row.is_some());
        ControlFlow::Continue(())
    };
    resume_with(&parts.0, None, &mut count, find).unwrap();
    assert_eq!((rows, metrics(&whole.0).len()), (0, 4));
    assert_eq!(metrics(&whole.0), metrics(&parts.0));
    let curves = [&whole, &parts].map(|t| resume_with(&t.0, Some(2_000), &mut quiet, find).unwrap().curve);
    assert!(curves[0] == curves[1] && metrics(&whole.0) == metrics(&parts.0));
}

#[test]
fn metrics_that_cannot_be_read_are_no_obstacle() {
    let folder = Temporary::new("unreadable");
    let mut stop = |p: &Progress<'_>| if p.step > 3_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    run(&options(&folder.0), &mut stop).unwrap();
    fs::write(folder.0.join("metrics.csv"), "").unwrap();
    let mut notes = Vec::new();
    let mut listen = |p: &Progress<'_>| {
        notes.extend(p.notes.to_vec());
        ControlFlow::Continue(())
    };
    assert_eq!(resume_with(&folder.0, None, &mut listen, find).unwrap().end, End::Steps);
    assert!(notes.len() == 1 && notes[0].contains("metrics.csv.unreadable"), "{notes:?}");
    assert!(metrics(&folder.0).len() > 50 && folder.0.join("metrics.csv.unreadable").exists());
}

#[test]
fn a_run_ends_at_its_target_and_can_leave_nothing() {
    let mut rows = 0;
    let options = RunOptions { out: Out::Memory, until: Some(-1e9), ..options(Path::new("")) };
    let mut count = |p: &Progress<'_>| {
        rows += usize::from(p.row.is_some());
        ControlFlow::Continue(())
    };
    let outcome = run(&options, &mut count).unwrap();
    assert_eq!((outcome.end, outcome.folder), (End::Until, None));
    assert!(outcome.step < 8_000 && outcome.last_episodes.unwrap().episodes == 100);
    assert!(rows > 1 && outcome.evaluation.unwrap().episodes.len() == 10);
}

#[test]
fn episodes_of_an_evaluation_are_shared_out_beforehand() {
    let plan = Plan::with(&options(Path::new("")), find).unwrap();
    let policy = (plan.entry.policy)(&plan.config.options, &plan.setup()).unwrap();
    let play =
        |episodes, seed| evaluate(&policy, &plan.setup(), episodes, seed, false, &mut |_| ControlFlow::Continue(()));
    let episodes = |n, seed| play(n, seed).unwrap().unwrap().episodes;
    let (one, two) = (episodes(256, 0), episodes(512, 0));
    assert_eq!((one.len(), two.len(), episodes(259, 0).len(), episodes(1, 0).len()), (256, 512, 259, 1));
    assert!((0..256).all(|i| one[i] == two[2 * i]), "the first of each instance");
    assert_eq!(episodes(1, 0)[0], one[0]);
    assert_ne!(one, episodes(256, 1));
    // More threads than a system gives are no more than it has cores.
    let many = crate::agent::Setup { num_threads: 1 << 20, ..plan.setup() };
    let played = evaluate(&policy, &many, 256, 0, false, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(played.unwrap().episodes, one);
    // Whoever is fast does not play more: then the mean would be that of short episodes.
    let mean = |e: &[crate::agent::Episode]| e.iter().map(|e| f64::from(e.length)).sum::<f64>() / e.len() as f64;
    let (first, second) = (mean(&one), mean(&two));
    assert!((first - second).abs() < 0.2 * first, "{first} {second}");
}

#[test]
fn options_come_from_everywhere_in_order() {
    let folder = Temporary::new("config");
    fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("x.toml");
    let plan = |text: &str, more: &[&str]| {
        fs::write(&file, text).unwrap();
        let settings = crate::options::parse_settings(more.iter().copied()).unwrap();
        let wanted = RunOptions { config: Some(file.clone()), settings, ..RunOptions::new("mock", env()) };
        Plan::with(&wanted, find).map(|plan| plan.config).map_err(|e| e.to_string())
    };
    let config = plan("learning_rate = 0.5\nnum_envs = 9\nsteps = 5e3", &["num_envs=7"]).unwrap();
    assert_eq!(config.options["learning_rate"], toml::Value::Float(0.5));
    assert_eq!((config.options["num_envs"].as_integer(), config.steps, config.seed), (Some(7), 5_000, 0));
    assert_eq!(config.metrics_interval, 25);
    assert_eq!(plan("", &["steps=77"]).unwrap().steps, 77);
    // Tables do what a file does, and the steps of a run go before those of a preset.
    let tables = "[run]\nsteps = 321\nseed = 4\n[options]\nnum_envs = 9".parse().ok();
    let wanted = RunOptions { tables, ..RunOptions::new("ppo", "CartPole-v1") };
    let found = resolve(&wanted).unwrap();
    assert_eq!((found.steps, found.seed, found.options["num_envs"].as_integer()), (321, 4, Some(9)));
    let wanted = RunOptions { tables: "sed = 1".parse().ok(), ..RunOptions::new("mock", env()) };
    assert!(Plan::with(&wanted, find).unwrap_err().to_string().contains("sed"));
    // What comes out goes in again.
    let other = RunConfig { until: Some(-0.1), num_threads: Some(3), seed: 5, ..config };
    assert_eq!(RunConfig::from_toml(&other.to_toml()), Ok(other.clone()));
    assert_eq!(plan(&other.to_toml(), &[]), Ok(other));
    for (text, words) in [
        ("lerning_rate = 1", &["lerning_rate", "Did you mean `learning_rate`"][..]),
        ("learning_rate = 'abc'", &["learning_rate", "abc", "a number"]),
        ("[run]\nsed = 1", &["sed", "Did you mean `seed`"]),
        ("[run]\nseed = -1", &["seed", "-1"]),
        ("[run]\nagent = 'ppo'", &["\"ppo\"", "`mock`"]),
        ("[run]\nnum_threads = 0", &["num_threads", "0"]),
        ("[run]\nnum_threads = 1025", &["num_threads", "1025", "1 to 1024"]),
        ("[run]\ndevice = 'tpu'", &["tpu", "gpu:<index>"]),
        ("[run]\ncheckpoint_interval = 'soon'", &["soon", "30s"]),
        ("[run]\nx = 1\n[other]", &["[env], [tasks] and [options]"]),
        ("a = ", &["x.toml", "a TOML file"]),
    ] {
        let error = plan(text, &[]).unwrap_err();
        assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
    }
    for interval in [Interval::Steps(0), Interval::Steps(u64::MAX)]
        .into_iter()
        .chain([0.0, -1.0, f64::NAN, f64::INFINITY].map(Interval::Seconds))
    {
        let wanted = RunOptions { checkpoint_interval: Some(interval), ..RunOptions::new("mock", env()) };
        let error = Plan::with(&wanted, find).unwrap_err();
        assert!(matches!(&error, Error::InvalidOption { option, .. } if option == "checkpoint_interval"), "{error}");
    }
    let wanted = |config: &str| RunOptions { config: Some(config.into()), ..RunOptions::new("mock", env()) };
    let missing = Plan::with(&wanted("none.toml"), find).unwrap_err().to_string();
    assert!(missing.contains("cannot read none.toml"), "{missing}");
}

#[test]
fn a_folder_that_is_in_use_stays_as_it_is() {
    let folder = Temporary::new("used");
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(folder.0.join("mine"), "x").unwrap();
    let error = run(&options(&folder.0), &mut quiet).unwrap_err().to_string();
    assert!(error.contains("something already") && error.contains("resume"), "{error}");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    let none = resume_with(&folder.0, None, &mut quiet, find).unwrap_err().to_string();
    assert!(none.contains("not the folder of a run"), "{none}");
}

#[test]
fn a_policy_survives_its_bytes() {
    let options = RunOptions {
        steps: Some(256),
        eval_episodes: Some(0),
        out: Out::Memory,
        ..RunOptions::new("ppo", "CartPole-v1")
    };
    let trained = Trained::from_outcome(train(&options, &mut quiet).unwrap()).unwrap();
    let bytes = trained.to_bytes();
    let again = Trained::from_bytes(&bytes).unwrap();
    assert_eq!((again.to_bytes(), again.step, &again.config), (bytes.clone(), trained.step, &trained.config));
    let error = Trained::from_bytes(&bytes[..bytes.len() - 1]).unwrap_err().to_string();
    assert!(error.contains("the copy of a policy"), "{error}");
}

#[test]
fn parameters_of_the_environment_hold_in_training_and_evaluation() {
    let (plain, heavy) = (Temporary::new("plain"), Temporary::new("heavy"));
    let of = |params: &str, folder: &Path| RunOptions { params: params.parse().unwrap(), ..options(folder) };
    run(&of("", &plain.0), &mut quiet).unwrap();
    let field = &shadergym_envs::spec(env()).unwrap().params.fields[0].name;
    let low = {
        let batch = shadergym_envs::make(env(), 1).unwrap();
        0.75 * batch.default_params().get(field).unwrap()[0]
    };
    let outcome = run(&of(&format!("{field} = {low:?}"), &heavy.0), &mut quiet).unwrap();
    assert_ne!(metrics(&plain.0), metrics(&heavy.0));
    // Also in a run that goes on, and in what is read from its folder.
    let text = fs::read_to_string(heavy.0.join("config.toml")).unwrap();
    assert!(
        text.contains("[env]") && !fs::read_to_string(plain.0.join("config.toml")).unwrap().contains("[env]"),
        "{text}"
    );
    let again = Temporary::new("again");
    let mut stop = |p: &Progress<'_>| if p.step > 3_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    run(&of(&format!("{field} = {low:?}"), &again.0), &mut stop).unwrap();
    let resumed = resume_with(&again.0, None, &mut quiet, find).unwrap();
    assert_eq!(metrics(&heavy.0), metrics(&again.0));
    assert_eq!(resumed.evaluation, outcome.evaluation);
    let file = Temporary::new("file");
    let wanted = RunOptions { config: Some(heavy.0.join("config.toml")), ..options(&file.0) };
    run(&wanted, &mut quiet).unwrap();
    assert_eq!(metrics(&heavy.0), metrics(&file.0));
    let wrong = |params: &str| run(&of(params, &file.0.join("none")), &mut quiet).unwrap_err().to_string();
    assert!(wrong("no_such_field = 1.0").contains("no_such_field"));
    assert!(wrong(&format!("{field} = 1e30")).contains(field.as_str()));
    assert!(wrong(&format!("{field} = true")).contains("a number, or a list of numbers"));
    assert!(!file.0.join("none").exists());
}

#[test]
fn evaluations_during_training_change_nothing_but_the_rows() {
    let (plain, evaluated) = (Temporary::new("plain"), Temporary::new("evaluated"));
    run(&options(&plain.0), &mut quiet).unwrap();
    let outcome = run(&RunOptions { eval_interval: Some(2_000), ..options(&evaluated.0) }, &mut quiet).unwrap();
    let table = crate::report::metrics::read(&evaluated.0.join("metrics.csv")).unwrap();
    let points = table.points("eval/return");
    assert_eq!(points.len(), 4);
    // The last is that of the end: the same policy in the same episodes.
    assert_eq!(points[3].1, outcome.evaluation.unwrap().spread().unwrap().mean);
    let policies = [&plain, &evaluated].map(|t| Checkpoint::read(&t.0.join("policy.safetensors")).unwrap().policy);
    assert_eq!(policies[0], policies[1]);
    // Whoever stops a run in an evaluation does not lose it.
    let stopped = Temporary::new("stopped");
    let wanted = RunOptions { eval_interval: Some(2_000), ..options(&stopped.0) };
    let mut stop = |p: &Progress<'_>| match p.phase {
        Phase::Evaluating(_) if p.step > 3_000 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert_eq!(run(&wanted, &mut stop).unwrap().end, End::Interrupted);
    resume_with(&stopped.0, None, &mut quiet, find).unwrap();
    assert_eq!(metrics(&evaluated.0), metrics(&stopped.0));
    let none = RunOptions { eval_interval: Some(2_000), eval_episodes: Some(0), ..options(&stopped.0.join("none")) };
    assert!(run(&none, &mut quiet).unwrap_err().to_string().contains("1 or more with an eval_interval"));
}
