//! `compare` and `experiment` as users call them, on run folders that are made here.

mod common;

use std::fs;
use std::path::Path;

use common::{folder, run, run_in};

/// A run folder as `train` leaves it: learns up to `last` over 1000 steps.
fn write_run(here: &Path, name: &str, agent: &str, env: &str, seed: u64, rate: f64, last: f64) {
    let path = here.join(name);
    fs::create_dir(&path).unwrap();
    let config = format!(
        "# a comment\n[run]\nagent = \"{agent}\"\nenv = \"{env}\"\nseed = {seed}\nsteps = 1000\nnum_threads = {seed}\n\
         device = \"cpu\"\n[options]\nlearning_rate = {rate}\n"
    );
    fs::write(path.join("config.toml"), config).unwrap();
    let rows: String = (1..=10)
        .map(|i| {
            let value = last * f64::from(i) / 10.0;
            format!("{},{i},{value},{}\n", 100 * i, value / 2.0)
        })
        .collect();
    fs::write(path.join("metrics.csv"), format!("step,seconds,episode/return,episode/return_last_100\n{rows}"))
        .unwrap();
    let summary = serde_json::json!({
        "agent": agent, "env": env, "seed": seed, "end": "steps", "step": 1000, "seconds": 4.0,
        "steps_per_second": 250.0, "last_100": { "mean": last, "episodes": 100 },
    });
    fs::write(path.join("summary.json"), summary.to_string()).unwrap();
}

#[test]
fn compare_prints_a_table_and_draws() {
    let here = folder("compare");
    for (seed, last) in [(1, 10.0), (2, 20.0), (3, 30.0)] {
        write_run(&here, &format!("fast-{seed}"), "ppo", "CartPole-v1", seed, 0.1, last);
        write_run(&here, &format!("slow-{seed}"), "ppo", "CartPole-v1", seed, 0.01, last / 10.0);
    }
    write_run(&here, "other", "dqn", "Acrobot-v1", 7, 0.1, -90.0);
    let runs = ["slow-1", "fast-3", "fast-1", "other", "fast-2", "slow-3", "slow-2"];
    let text = run_in(&here, &[&["compare", "-o", "curves.svg"], &runs[..]].concat()).ok();
    let cells: Vec<Vec<&str>> =
        text.lines().map(|l| l.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect()).collect();
    assert_eq!(cells[0], ["environment", "group", "seeds", "final", "IQM", "interval", "steps/s", "seconds", "ended"]);
    assert_eq!(cells[1], ["Acrobot-v1", "dqn", "1", "-90.0", "-90.0", "-", "250", "4.00", "steps"]);
    assert_eq!(cells[2][..6], ["CartPole-v1", "ppo (learning_rate 0.01)", "3", "2.00", "2.00", "[1.00 to 3.00]"]);
    assert_eq!(cells[3][..6], ["CartPole-v1", "ppo (learning_rate 0.1)", "3", "20.0", "20.0", "[10.0 to 30.0]"]);
    assert_eq!(cells[4], ["wrote curves.svg"]);
    let svg = fs::read_to_string(here.join("curves.svg")).unwrap();
    assert!(svg.contains("viewBox=\"0 0 1600 500\"") && svg.contains(">ppo (learning_rate 0.01)<"), "{svg}");
    run_in(&here, &[&["compare", "-o", "smooth.svg", "--smooth"], &runs[..]].concat()).ok();
    let smooth = fs::read_to_string(here.join("smooth.svg")).unwrap();
    assert!(smooth.contains("last 100 episodes") && smooth != svg);
}

#[test]
fn compare_names_folders_and_what_they_lack() {
    let here = folder("bad");
    let break_one = |name: &str, file: &str, content: Option<&str>| {
        write_run(&here, name, "ppo", "CartPole-v1", 1, 0.1, 1.0);
        match content {
            Some(content) => fs::write(here.join(name).join(file), content).unwrap(),
            None => fs::remove_file(here.join(name).join(file)).unwrap(),
        }
        run_in(&here, &["compare", name])
    };
    break_one("a", "config.toml", None).fails(1, &["a is not a finished run", "config.toml is missing"]);
    break_one("b", "config.toml", Some("[run]\n")).fails(1, &["b is not", "no table [options]"]);
    break_one("c", "config.toml", Some("[run]\nseed = 1\n[options]")).fails(1, &["c is not", "no text `agent`"]);
    break_one("d", "summary.json", None).fails(1, &["d is not", "summary.json is missing", "shadergym resume"]);
    break_one("e", "summary.json", Some("{")).fails(1, &["e is not", "summary.json"]);
    break_one("f", "summary.json", Some("{\"end\": \"steps\"}")).fails(1, &["f is not", "`last_100.mean`"]);
    break_one("g", "metrics.csv", None).fails(1, &["g is not", "metrics.csv is missing"]);
    break_one("h", "metrics.csv", Some("step,seconds\n1,2\n")).fails(1, &["h is not", "no episode has ended"]);
    break_one("i", "metrics.csv", Some("step,seconds,x\n1,2,z\n")).fails(1, &["i/metrics.csv, line 2", "`x`", "`z`"]);
    run_in(&here, &["compare", "none"]).fails(1, &["none is not a finished run", "does not exist"]);
    write_run(&here, "j", "ppo", "CartPole-v1", 1, 0.1, 1.0);
    fs::create_dir(here.join("k")).unwrap();
    for file in ["config.toml", "metrics.csv", "summary.json"] {
        fs::copy(here.join("j").join(file), here.join("k").join(file)).unwrap();
    }
    run_in(&here, &["compare", "j", "k"]).fails(1, &["seed 1", "leave one out"]);
    run(&["compare"]).fails(2, &["RUN"]);
    run_in(&here, &["compare", "j", "-o", "x.png"]).fails(2, &["x.png", ".svg"]);
    run_in(&here, &["compare", "j", "-o", "none/x.svg"]).fails(1, &["cannot write", "none/x.svg"]);
}

const TOY: &str = "
name = \"toy\"
seeds = [1, 2]
eval_episodes = 5
[[runs]]
agent = \"ppo\"
env = \"CartPole-v1\"
steps = 8192
target = 1
[[runs]]
agent = \"dqn\"
env = \"CartPole-v1\"
steps = 4096
set = { learning_starts = 1000 }
target = 400
";

#[test]
fn an_experiment_runs_once_and_reports() {
    let here = folder("experiment");
    fs::create_dir(here.join("experiments")).unwrap();
    fs::write(here.join("experiments/toy.toml"), TOY).unwrap();
    let file = "experiments/toy.toml";
    let text = run_in(&here, &["experiment", file, "--only", "ppo", "--jobs", "2", "--date", "2026-02-03"]).ok();
    assert!(text.contains("2 runs made, 0 kept, 0 failed") && text.contains("wrote results/toy.md"), "{text}");
    assert!(fs::read_to_string(here.join("results/toy.md")).unwrap().contains("2 of 4 runs"));
    let first = fs::read_to_string(here.join("results/toy/CartPole-v1-ppo-1.csv")).unwrap();
    let text = run_in(&here, &["experiment", file, "--jobs", "1"]).ok();
    assert!(text.contains("2 runs made, 2 kept, 0 failed"), "{text}");
    let page = fs::read_to_string(here.join("results/toy.md")).unwrap();
    for words in [
        "| ppo | CartPole-v1 | 8192 | 2 |",
        "| 1 in training | yes |",
        "| 400 in training | **no** |",
        "2026-02-03",
        "(toy/CartPole-v1.svg)",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    fs::remove_file(here.join("results/toy.md")).unwrap();
    let text = run_in(&here, &["experiment", file, "--report-only"]).ok();
    assert_eq!(text, "wrote results/toy.md\n");
    assert_eq!(fs::read_to_string(here.join("results/toy.md")).unwrap(), page);
    // The same seed learns the same, with other threads and other company.
    run_in(&here, &["experiment", file, "--fresh", "--only", "ppo CartPole-v1 1", "--jobs", "1"]).ok();
    assert_eq!(fs::read_to_string(here.join("results/toy/CartPole-v1-ppo-1.csv")).unwrap(), first);
    assert!(first.lines().count() > 2, "{first}");
}

#[test]
fn experiments_refuse_what_makes_no_sense() {
    let here = folder("refused");
    let with = |from: &str, to: &str| {
        assert!(TOY.contains(from));
        fs::write(here.join("toy.toml"), TOY.replacen(from, to, 1)).unwrap();
        run_in(&here, &["experiment", "toy.toml"])
    };
    with("seeds = [1, 2]", "seeds = [1, 2]\ntuning_seeds = [2]").fails(1, &["toy.toml, `tuning_seeds`", "2 is one of"]);
    with("\"ppo\"", "\"pppo\"").fails(1, &["`pppo`", "Did you mean `ppo`"]);
    with("CartPole-v1", "CartPole-v7").fails(1, &["CartPole-v7", "CartPole-v1"]);
    with("learning_starts", "learning_start")
        .fails(1, &["dqn CartPole-v1 1", "`learning_start`", "Did you mean `learning_starts`"]);
    assert!(!here.join("results").exists(), "nothing is made before everything is checked");
    fs::write(here.join("toy.toml"), TOY).unwrap();
    run_in(&here, &["experiment", "toy.toml", "--only", "sac"]).fails(1, &["no run contains `sac`", "ppo CartPole-v1"]);
    run_in(&here, &["experiment", "none.toml"]).fails(1, &["cannot read none.toml"]);
    run_in(&here, &["experiment", "toy.toml", "--jobs", "0"]).fails(2, &["1 or more"]);
    run_in(&here, &["experiment", "toy.toml", "--fresh", "--report-only"]).fails(2, &["cannot be used with"]);
}
