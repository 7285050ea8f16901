//! Experiments with a trainer that takes no time.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::spec::RunSpec;
use super::*;
use crate::error::Error;
use crate::test_folder::folder;

const FILE: &str = r#"
name = "toy"
about = "Whether agents learn."
seeds = [1, 2, 3]
tuning_seeds = [101]
eval_episodes = 7

[[runs]]
agent = "ppo"
envs = ["CartPole-v1", "MinAtar/Breakout-v1"]
steps = 1e5
target = 100.5

[[runs]]
agent = "dqn"
env = "CartPole-v1"
steps = 1_500_000
set = { learning_rate = 1e-3 }
note = "rates 1e-4 | 1e-3"
"#;

fn parse(text: &str) -> Result<Experiment> {
    Experiment::parse("toy.toml", text)
}

/// Learns 100 + seed; counts how often it is asked.
#[derive(Default)]
struct Fake {
    made: Mutex<Vec<String>>,
    diverges: &'static str,
    fails: &'static str,
    panics: &'static str,
    version: u32,
    side_by_side: (AtomicUsize, AtomicUsize),
}

impl Trainer for Fake {
    fn resolve(&self, run: &RunSpec) -> Result<String> {
        Ok(format!("{} {:?} {}", run.name(), run.group.settings, self.version))
    }

    fn train(
        &self,
        run: &RunSpec,
        num_threads: usize,
        folder: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<RunResult> {
        fs::create_dir_all(folder).unwrap();
        let name = run.name();
        self.made.lock().unwrap().push(name.clone());
        assert_eq!(num_threads, 1);
        let now = self.side_by_side.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.side_by_side.1.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(5));
        self.side_by_side.0.fetch_sub(1, Ordering::SeqCst);
        let is = |pattern: &str| !pattern.is_empty() && name == pattern;
        if is(self.diverges) {
            return Err(Error::Diverged { agent: "ppo".into(), step: 5, what: "the | loss".into(), value: f64::NAN });
        }
        if is(self.fails) {
            return Err(Error::Unsupported("no disk".into()));
        }
        assert!(!is(self.panics), "a slip");
        progress(run.group.steps / 2);
        let last = 100.0 + run.seed as f64;
        let curve = (0..=500).map(|i| (i * run.group.steps / 500, last * i as f64 / 500.0)).collect();
        let (step, seconds) = (run.group.steps, 2.0);
        let mastered = (!run.group.tasks.is_empty()).then_some(last / 4.0);
        let mastery = mastered.iter().map(|percent| (step, *percent)).collect();
        let (last_100, evaluation) = (Some(last), Some(last + 1.0));
        Ok(RunResult { step, seconds, last_100, evaluation, cut_off: Some(4), mastered, mastery, curve })
    }
}

fn options(fresh: bool) -> Options {
    Options { jobs: 2, num_threads: 1, fresh, machine: "a box".to_owned(), date: "2026-01-02".to_owned() }
}

/// Makes all runs; gives (kept, finished).
fn make(folder: &Path, text: &str, only: Option<&str>, fake: &Fake, fresh: bool) -> (usize, usize) {
    let experiment = parse(text).unwrap();
    let (mut kept, mut finished) = (0, 0);
    let mut store = Store::open(folder).unwrap();
    run(&experiment.runs(only), fake, &mut store, &options(fresh), &mut |event| match event {
        Event::Kept(n, _) => kept = n,
        Event::Finished(_, _, done) => {
            finished += 1;
            assert_eq!(done, kept + finished);
        }
        Event::Step(run, step) => assert_eq!(step, run.group.steps / 2),
    })
    .unwrap();
    assert_eq!(store, Store::open(folder).unwrap().tap(&store), "what is stored reads back");
    (kept, finished)
}

impl Store {
    /// The same, with the curves that only live in files.
    fn tap(self, like: &Self) -> Self {
        let experiment = parse(FILE).unwrap();
        for run in experiment.runs(None) {
            let without = |s: &Self| {
                s.get(&run).map(|r| Record { result: RunResult { curve: vec![], ..r.result.clone() }, ..r.clone() })
            };
            assert_eq!(without(&self), without(like));
        }
        like.clone()
    }
}

fn page(folder: &Path, text: &str, fake: &Fake) -> (String, Vec<(String, String)>) {
    let (experiment, store) = (parse(text).unwrap(), Store::open(folder).unwrap());
    let facts = Facts {
        command: "shadergym experiment toy.toml".to_owned(),
        outdated: outdated(&experiment, &store, fake).unwrap(),
    };
    render(&experiment, &store, &facts).unwrap()
}

#[test]
fn a_file_gives_its_runs() {
    let experiment = parse(FILE).unwrap();
    assert_eq!((experiment.name.as_str(), experiment.eval_episodes, experiment.groups.len()), ("toy", 7, 3));
    let runs = experiment.runs(None);
    assert_eq!(runs.len(), 9);
    assert_eq!(
        (runs[4].name().as_str(), runs[4].slug().as_str()),
        ("ppo MinAtar/Breakout-v1 2", "MinAtar-Breakout-v1-ppo-2")
    );
    let target = |run: &RunSpec| run.group.target.as_ref().map(|t| (t.value, t.of));
    assert_eq!(
        (runs[0].group.steps, target(&runs[0]), target(&runs[8])),
        (100_000, Some((100.5, Measure::Training)), None)
    );
    let own =
        parse(&FILE.replace("env = \"CartPole-v1\"", "env = \"CartPole-v1\"\nseeds = \"7-10\"\nevaluation_target = 9"))
            .unwrap();
    let of_own = own.runs(Some("dqn"));
    let seeds: Vec<u64> = of_own.iter().map(|run| run.seed).collect();
    assert_eq!((seeds, target(&of_own[0])), (vec![7, 8, 9, 10], Some((9.0, Measure::Evaluation))));
    assert_eq!(runs[8].group.settings["learning_rate"].as_float(), Some(1e-3));
    assert_eq!(experiment.runs(Some("CARTPOLE")).len(), 6);
    assert_eq!(experiment.runs(Some("dqn CartPole-v1 2")).len(), 1);
    assert_eq!(spec::slug("some/where/my env.wgsl"), "my-env");
}

#[test]
fn bad_files_say_where_and_what_is_allowed() {
    let replaced = |from: &str, to: &str| {
        assert!(FILE.contains(from), "{from}");
        parse(&FILE.replacen(from, to, 1)).unwrap_err().to_string()
    };
    for (from, to, words) in [
        ("[101]", "[3, 101]", &["toy.toml, `tuning_seeds`", "3 is one of its seeds"][..]),
        ("[1, 2, 3]", "[1, 2, 1]", &["`seeds`", "1 is there twice"]),
        ("[1, 2, 3]", "[]", &["`seeds`", "empty", "a list"]),
        ("[1, 2, 3]", "\"3-1\"", &["`seeds`", "3-1", "1-30"]),
        ("[1, 2, 3]", "[-1]", &["`seeds`", "[-1]", "whole numbers"]),
        ("seeds =", "sedes =", &["`sedes`", "did you mean `seeds`"]),
        ("\"toy\"", "\"To y\"", &["`name`", "To y", "lower-case"]),
        ("steps = 1e5", "steps = 0", &["run 1, `steps`", "1 or more"]),
        ("steps = 1e5", "", &["run 1, `steps`", "missing"]),
        ("agent = \"dqn\"", "agent = \"ppo\"", &["run 2", "ppo on CartPole-v1", "`label`"]),
        ("env = \"CartPole-v1\"", "", &["run 2, `env`", "`envs`"]),
        ("target = 100.5", "target = true", &["run 1, `target`", "no number"]),
        ("target = 100.5", "target = 1\nevaluation_target = 1", &["run 1, `target`", "one of them"]),
        ("target = 100.5", "source = \"a page\"", &["run 1, `source`", "there is none"]),
        ("target", "tarket", &["run 1, `tarket`", "`target`"]),
        ("set = {", "set = 1 #", &["run 2, `set`", "a table"]),
        ("name = ", "name ", &["line 2"]),
    ] {
        let error = replaced(from, to);
        for word in words {
            assert!(error.contains(word), "{word:?} is missing in: {error}");
        }
    }
    assert!(parse("name = \"x\"\nseeds = [1]").unwrap_err().to_string().contains("[[runs]]"));
}

#[test]
fn finished_runs_are_kept() {
    let temporary = folder("kept");
    let folder = temporary.join("toy");
    let fake = Fake::default();
    assert_eq!(make(&folder, FILE, Some("CartPole"), &fake, false), (0, 6));
    assert_eq!(fake.side_by_side.1.load(Ordering::SeqCst), 2, "two runs are side by side");
    assert_eq!(make(&folder, FILE, None, &fake, false), (6, 3));
    assert_eq!(make(&folder, FILE, None, &fake, false), (9, 0));
    // Other options, and only those runs are made again.
    let changed = FILE.replace("1e-3 }", "1e-4 }");
    assert_eq!(page(&folder, &changed, &fake).0.matches("dqn CartPole-v1 ").count(), 3, "they are out of date");
    assert_eq!(make(&folder, &changed, None, &fake, false), (6, 3));
    assert!(!page(&folder, &changed, &fake).0.contains("Out of date"));
    assert_eq!(make(&folder, &changed, None, &fake, true), (0, 9));
    assert_eq!(fake.made.lock().unwrap().len(), 21);
    let stored = fs::read_to_string(folder.join("CartPole-v1-ppo-3.csv")).unwrap();
    assert_eq!(stored.lines().count(), 1 + store::ROWS);
    assert!(stored.starts_with("step,return\n0,0\n") && stored.ends_with("\n100000,103\n"), "{stored}");
}

#[test]
fn the_report_has_the_figures() {
    let temporary = folder("report");
    let folder = temporary.join("toy");
    let fake = Fake::default();
    make(&folder, FILE, None, &fake, false);
    let (text, pictures) = page(&folder, FILE, &fake);
    // Seeds 1, 2, 3 learn 101, 102, 103; the interval of their mean reaches nearly to both ends.
    let row = |agent: &str, env: &str| {
        let start = format!("| {agent} | {env} | ");
        text.lines().find(|l| l.starts_with(&start)).unwrap_or_else(|| panic!("{start} in {text}"))[start.len()..]
            .to_owned()
    };
    assert_eq!(
        row("ppo", "CartPole-v1"),
        "100k | 3 | 102.0 [101.0, 103.0] | 101.0 | 102.0 | 103.0 [102.0, 104.0] | 12 | 100.5 in training | yes | 2.0 | 50000 |  |"
    );
    assert!(row("dqn", "CartPole-v1").starts_with("1.5M | 3 | 102.0"));
    assert!(row("dqn", "CartPole-v1").ends_with("| 12 | - | - | 2.0 | 750000 | rates 1e-4 \\| 1e-3 |"));
    for words in [
        "# toy",
        "Whether agents learn.",
        "`shadergym experiment toy.toml`",
        "Seeds: 1 to 3",
        "101",
        "a box",
        "2 runs side by side",
        "2026-01-02",
        "(toy/MinAtar-Breakout-v1.svg)",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("failed |") && !text.contains("Unfinished") && !text.contains("Out of date"), "{text}");
    assert_eq!(
        pictures.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(),
        ["CartPole-v1.svg", "MinAtar-Breakout-v1.svg"]
    );
    assert!(pictures[0].1.contains(">ppo<") && pictures[0].1.contains(">dqn<") && !pictures[1].1.contains(">dqn<"));
    assert_eq!(page(&folder, FILE, &fake), (text, pictures), "the same data give the same report");
}

#[test]
fn what_tasks_are_mastered_is_a_column_and_a_picture() {
    let temporary = folder("mastered");
    let folder = temporary.join("toy");
    let fake = Fake::default();
    let taught = FILE.replace("set = {", "mastered_target = 25\ntasks = { source = \"alp-gmm\" }\nset = {");
    make(&folder, &taught, None, &fake, false);
    let (text, pictures) = page(&folder, &taught, &fake);
    assert!(text.contains("| evaluation | mastered | cut off |"), "{text}");
    let row = "| 103.0 [102.0, 104.0] | 25.50 [25.25, 25.75] | 12 | 25 in % mastered | yes |";
    assert!(text.contains("| dqn alp-gmm | CartPole-v1 | 1.5M |") && text.contains(row), "{text}");
    assert!(text.contains("| 103.0 [102.0, 104.0] | - | 12 | 100.5 in training | yes |"), "others have none: {text}");
    assert!(text.contains("\nMastered: ") && !page(&folder, FILE, &fake).0.contains("Mastered: "), "{text}");
    let names: Vec<&str> = pictures.iter().map(|picture| picture.0.as_str()).collect();
    assert_eq!(names, ["CartPole-v1.svg", "CartPole-v1.mastered.svg", "MinAtar-Breakout-v1.svg"]);
    let stored = fs::read_to_string(folder.join("CartPole-v1-dqn-alp-gmm-3.mastered.csv")).unwrap();
    assert_eq!(stored, "step,mastered\n1500000,25.75\n");
}

#[test]
fn a_missed_target_and_missing_runs_are_said() {
    let temporary = folder("missed");
    let folder = temporary.join("toy");
    let fake = Fake::default();
    let hard = FILE.replace("100.5", "102.5");
    make(&folder, &hard, Some("ppo CartPole"), &fake, false);
    make(&folder, &hard, Some("Breakout-v1 3"), &fake, false);
    let (text, pictures) = page(&folder, &hard, &fake);
    assert!(
        text.contains("| ppo | CartPole-v1 | 100k | 3 | 102.0 [101.0, 103.0] |")
            && text.contains("| 102.5 in training | **no** |"),
        "{text}"
    );
    // One good seed of three is no met target.
    assert!(text.contains("| 1 of 3 | 103.0 | 103.0 | 103.0 | 104.0 | 4 | 102.5 in training | **no** |"), "{text}");
    assert!(text.contains("| dqn | CartPole-v1 | 1.5M | 0 of 3 | - | - | - | - | - | - | - | - | - |"), "{text}");
    assert!(text.contains("**Unfinished**: 4 of 9 runs") && pictures.len() == 2, "{text}");
}

#[test]
fn failures_are_rows_and_the_others_go_on() {
    let temporary = folder("failures");
    let folder = temporary.join("toy");
    let fake = Fake {
        diverges: "ppo CartPole-v1 2",
        fails: "ppo CartPole-v1 3",
        panics: "dqn CartPole-v1 1",
        ..Fake::default()
    };
    assert_eq!(make(&folder, FILE, None, &fake, false), (0, 9));
    let (text, _) = page(&folder, FILE, &fake);
    assert!(text.contains("| ppo | CartPole-v1 | 100k | 1 of 3, 2 failed | 101.0 |"), "{text}");
    assert!(text.contains("| 100.5 in training | **no** |"), "a failed seed is not met: {text}");
    for row in [
        "| ppo | CartPole-v1 | 2 | diverged | ",
        "the \\| loss is NaN",
        "| 3 | error | no disk |",
        "| 1 | error | a defect of the program: a slip |",
    ] {
        assert!(text.contains(row), "{row} in {text}");
    }
    // It would diverge again; the others may have been bad luck.
    let well = Fake::default();
    assert_eq!(make(&folder, FILE, None, &well, false), (7, 2));
    assert!(page(&folder, FILE, &well).0.contains("2 of 3, 1 failed"));
}

#[test]
fn a_store_that_cannot_be_written_ends_the_runs() {
    let folder = folder("full");
    fs::write(folder.join("toy"), "a file in the place of the folder").unwrap();
    let (experiment, fake) = (parse(FILE).unwrap(), Fake::default());
    let mut store = Store::open(&folder.join("toy")).unwrap();
    let error = run(&experiment.runs(None), &fake, &mut store, &options(false), &mut |_| {}).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if path.ends_with("toy")), "{error}");
    assert!(fake.made.lock().unwrap().len() < 9, "runs whose results would be lost are not started");
    fs::create_dir(folder.join("bad")).unwrap();
    fs::write(folder.join("bad/summary.json"), "{\n  nonsense").unwrap();
    let error = Store::open(&folder.join("bad")).unwrap_err().to_string();
    assert!(error.contains("summary.json, line 2"), "{error}");
}

#[test]
fn shipped_experiments_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let mut read = 0;
    for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        let experiment = Experiment::read(&path).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(experiment.name.as_str()));
        for group in &experiment.groups {
            shadergym_envs::spec(&group.env).unwrap();
        }
        read += 1;
    }
    assert!(read > 0);
}

#[test]
fn what_a_run_left_stays_until_it_is_over() {
    let temporary = folder("left");
    let folder = temporary.join("toy");
    let fake = Fake { diverges: "ppo CartPole-v1 2", fails: "ppo CartPole-v1 3", ..Fake::default() };
    make(&folder, FILE, None, &fake, false);
    let left = || {
        let entries = fs::read_dir(folder.join("unfinished")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    assert!(left().len() == 1 && left()[0].starts_with("CartPole-v1-ppo-3-"), "{:?}", left());
    // Who wants all made anew does not go on with it.
    let kept = folder.join("unfinished").join(&left()[0]).join("kept");
    fs::write(&kept, "").unwrap();
    make(&folder, FILE, None, &fake, false);
    assert!(kept.exists());
    make(&folder, FILE, None, &fake, true);
    assert!(!kept.exists() && left().len() == 1);
    make(&folder, FILE, None, &Fake::default(), false);
    assert!(!folder.join("unfinished").exists());
}

#[test]
fn a_run_that_was_stopped_goes_on() {
    use crate::train::{self, Interval, Out, RunOptions};
    let results = folder("experiment-resume");
    let text = "name = \"toy\"\nseeds = [1]\neval_episodes = 3\n[[runs]]\nagent = \"ppo\"\nenv = \"CartPole-v1\"\nsteps = 8000";
    let experiment = parse(text).unwrap();
    let run = &experiment.runs(None)[0];
    let made = |folder: &Path| Training.train(run, 1, folder, &mut |_| {}).unwrap();
    let whole = made(&results.join("whole"));
    // As a process leaves it that is killed half-way.
    let stopped = results.join("stopped");
    let options = RunOptions {
        seed: Some(1),
        steps: Some(8_000),
        device: Some(shadergym_envs::Device::Cpu),
        num_threads: Some(1),
        eval_episodes: Some(3),
        gif: Some(false),
        checkpoint_interval: Some(Interval::Steps(1)),
        out: Out::Folder(stopped.clone()),
        ..RunOptions::new("ppo", "CartPole-v1")
    };
    let half = |p: &train::Progress<'_>| match p.step >= 4_000 {
        true => std::ops::ControlFlow::Break(()),
        false => std::ops::ControlFlow::Continue(()),
    };
    let before = train::train(&options, &mut { half }).unwrap().step;
    assert!(before < 8_000);
    let mut heard = Vec::new();
    let resumed = Training.train(run, 1, &stopped, &mut |step| heard.push(step)).unwrap();
    assert!(heard.iter().all(|step| *step >= before), "{heard:?}");
    assert_eq!((&resumed.curve, resumed.evaluation), (&whole.curve, whole.evaluation));
    // Over, but never stored: made again.
    assert_eq!(made(&stopped).curve, whole.curve);
}
