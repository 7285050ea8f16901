//! `shadergym in-context` as users call it.

mod common;

use std::fs;

use common::{folder, run, run_in};
use serde_json::Value;

const BANDIT: &str = "in_context/GaussianBandit-v0";

#[test]
fn baselines_are_listed_and_played() {
    let listed = run(&["in-context", "list"]).ok();
    for name in ["ucb1", "thompson", "lin_ucb", "ucb_vi", "psrl", "dpt", "ad"] {
        assert!(listed.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}: {listed}");
    }
    let folder = folder("play");
    let args =
        ["in-context", "play", "thompson,uniform", BANDIT, "--tasks", "60", "--param", "horizon=50", "--out", "curves"];
    let table = run_in(&folder, &args).ok();
    assert!(table.contains("of the first") && table.contains("wrote curves"), "{table}");
    let curve = fs::read_to_string(folder.join("curves/curve.csv")).unwrap();
    assert_eq!(curve.lines().count(), 1 + 2 * 50);
    assert_eq!(fs::read_to_string(folder.join("curves/tasks.csv")).unwrap().lines().count(), 1 + 2 * 60);
    assert!(fs::read_to_string(folder.join("curves/curve.svg")).unwrap().starts_with("<svg"));
    // The same whatever the threads.
    let json = |threads: &str| {
        let mut found: Value =
            serde_json::from_str(&run(&[&args[..8], &["--json", "--num-threads", threads]].concat()).ok()).unwrap();
        found.as_array_mut().unwrap().iter_mut().for_each(|row| row["seconds"] = Value::Null);
        found
    };
    let found = json("1");
    assert_eq!(found, json("2"));
    assert!(
        found[0]["mean"].as_f64() < found[1]["mean"].as_f64() && found[0]["options"]["noise"].is_number(),
        "{found}"
    );
}

#[test]
fn what_is_pretrained_is_played() {
    let folder = folder("pretrain");
    let settings = ["tasks=64", "validation=8", "epochs=2", "width=16", "layers=1", "short_context=5"];
    let mut args =
        vec!["in-context", "pretrain", "dpt", BANDIT, "--param", "horizon=20", "--out", "model", "--num-threads", "1"];
    settings.iter().for_each(|setting| args.extend(["--set", setting]));
    let made = run_in(&folder, &args).ok();
    assert!(made.contains("4 updates") && made.contains("-> model"), "{made}");
    assert_eq!(fs::read_to_string(folder.join("model/training.csv")).unwrap().lines().count(), 3);
    let play = ["in-context", "play", "thompson,model", BANDIT, "--param", "horizon=20", "--tasks", "10"];
    assert!(run_in(&folder, &play).ok().contains("model"));
    assert!(run_in(&folder, &[&play[..], &["--offline", "--greedy"]].concat()).ok().contains("model"));
    let other = ["in-context", "play", "model", "in_context/DarkRoom-v0"];
    run_in(&folder, &other).fails(1, &["was trained on", "DarkRoom"]);
}

#[test]
fn wrong_use_is_refused() {
    let refused = |args: &[&str], code, words: &[&str]| run(&[&["in-context"], args].concat()).fails(code, words);
    refused(&["play", "thomson", BANDIT], 1, &["Did you mean `thompson`?"]);
    refused(&["play", "thompson", "CartPole-v1"], 1, &["means: array<f32, arms>", "CartPole-v1"]);
    refused(&["play", "thompson", BANDIT, "--set", "exploration=2"], 1, &["no option `exploration`"]);
    refused(&["play", "psrl", BANDIT], 1, &["is a bandit"]);
    refused(&["play", "ucb1", "in_context/DarkRoom-v0"], 1, &["ucb1 plays bandits"]);
    refused(&["play", "thompson", BANDIT, "--tasks", "0"], 2, &["--tasks"]);
    refused(&["play", "thompson", BANDIT, "--held-out", "1"], 2, &["--held-out"]);
    refused(&["pretrain", "dtp", BANDIT], 1, &["dpt, ad"]);
    refused(&["pretrain", "dpt", "CartPole-v1"], 1, &["goal: vec2<u32>"]);
    refused(&["pretrain", "ad", BANDIT, "--set", "heads=3"], 1, &["heads"]);
    assert!(run(&["in-context", "pretrain", "ad", "--options"]).ok().contains("last_noise"));
}
