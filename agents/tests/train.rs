//! Runs as users make them, with every agent there is: the built program, its files, its exit codes.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{folder, gif_size, run_in};
use serde_json::Value;
use shadergym_agents::algorithms::{AGENTS, Entry};

/// The cheapest environment with a picture in which an agent can act.
fn env(agent: &Entry) -> &'static str {
    let fits = |id: &&str| {
        let facts = shadergym_envs::spec(id).unwrap();
        (agent.acts_in)(facts) && facts.pixel_aspect.is_some() && facts.max_episode_steps > 0 && facts.agents == 1
    };
    let cost = |id: &&str| shadergym_envs::spec(id).unwrap().observation.flat_elements();
    shadergym_envs::ids().filter(fits).min_by_key(cost).unwrap_or_else(|| panic!("no environment for {}", agent.name))
}

/// Any agent that has several environments: what does not depend on it.
fn any() -> &'static Entry {
    let several = |agent: &&&Entry| (agent.options)().iter().any(|option| option.name == "num_envs");
    AGENTS.iter().find(several).expect("an agent is shipped")
}

const STEPS: &str = "2400";

/// `shadergym train` with few steps and these further arguments.
fn arguments<'a>(agent: &'a Entry, more: &[&'a str]) -> Vec<&'a str> {
    let always =
        ["train", agent.name, env(agent), "--steps", STEPS, "--seed", "3", "--device", "cpu", "--eval-episodes", "4"];
    // Those that fill a buffer first or learn from long rollouts shall learn too, and none of it needs to be good.
    let cheap =
        ["learning_starts=1500", "hidden=[16]", "batch_size=16", "num_steps=32", "num_minibatches=2", "width=16"]
            .into_iter()
            .filter(|setting| (agent.options)().iter().any(|option| setting.split('=').next() == Some(option.name)));
    always.into_iter().chain(cheap.flat_map(|setting| ["--set", setting])).chain(more.iter().copied()).collect()
}

fn spawn(here: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shadergym"));
    command.current_dir(here).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// `metrics.csv` without the seconds, which are never twice the same.
fn metrics(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join("metrics.csv")).unwrap();
    let without = |line: &str| {
        line.split(',').enumerate().filter(|(i, _)| *i != 1).map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    text.lines().map(without).collect()
}

/// All files of a folder and of those in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// So many environments, for agents that have several.
fn num_envs(agent: &Entry, n: &'static str) -> Vec<&'static str> {
    let several = (agent.options)().iter().any(|option| option.name == "num_envs");
    if several { vec!["--num-envs", n] } else { Vec::new() }
}

#[test]
fn every_agent_leaves_a_whole_run_that_its_configuration_repeats() {
    assert!(!AGENTS.is_empty());
    for agent in AGENTS {
        let here = folder(agent.name);
        let text = run_in(&here, &arguments(agent, &["--quiet"])).ok();
        let stem = &shadergym_envs::spec(env(agent)).unwrap().stem;
        let run = here.join(format!("runs/{stem}-{}-3-1", agent.name));
        assert!(text.lines().count() == 1 && text.contains("4 episodes of evaluation"), "{text}");
        let summary = json(&run.join("summary.json"));
        assert_eq!((&summary["end"], &summary["agent"]), (&"steps".into(), &agent.name.into()));
        assert_eq!(summary["evaluation"]["episodes"], 4);
        assert!(summary["step"].as_u64() >= STEPS.parse().ok() && summary["machine"]["cpu"].is_string());
        assert!(gif_size(&run.join("final.gif")).2 > 1);
        assert!(fs::read_to_string(run.join("curve.svg")).unwrap().contains("</svg>"));
        let rows = metrics(&run);
        assert!(rows.len() > 2 && rows[0].starts_with("step,") && rows[0].contains("episode/count"), "{rows:?}");
        let names: Vec<String> =
            fs::read_dir(&run).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.iter().any(|n| n.starts_with("events.out.tfevents")), "{names:?}");
        // The same again, from nothing but the configuration.
        let config = run.join("config.toml").display().to_string();
        run_in(&here, &["train", "--config", &config, "--out", "again", "--quiet"]).ok();
        let again = here.join("again");
        for file in ["policy.safetensors", "config.toml", "final.gif", "curve.svg"] {
            let same = fs::read(run.join(file)).unwrap() == fs::read(again.join(file)).unwrap();
            assert!(same, "{}: {file} differs", agent.name);
        }
        assert_eq!(rows, metrics(&again));
        assert!(files(&run).iter().all(|path| path.extension().is_some_and(|e| e != "part")));
        // What was learned is there for the other commands, in each of its forms.
        let checkpoint = fs::read_dir(run.join("checkpoints")).unwrap().next().unwrap().unwrap().path();
        let evaluations: Vec<Value> = [&run, &run.join("policy.safetensors"), &checkpoint]
            .map(|path| {
                let text =
                    run_in(&here, &["eval", &path.display().to_string(), "--episodes", "5", "--seed", "9", "--json"])
                        .ok();
                serde_json::from_str::<Value>(&text).unwrap()["returns"].clone()
            })
            .into();
        assert!(evaluations[0].as_array().unwrap().len() == 5 && evaluations.iter().all(|e| *e == evaluations[0]));
        // A second run of the same name has its own folder.
        let more = num_envs(agent, "3");
        run_in(&here, &arguments(agent, &[&["--quiet", "--no-gif"], &more[..]].concat())).ok();
        let second = here.join(format!("runs/{stem}-{}-3-2", agent.name));
        assert!(second.join("policy.safetensors").exists() && !second.join("final.gif").exists());
        let told = fs::read_to_string(second.join("config.toml")).unwrap().contains("num_envs = 3");
        assert_eq!(told, !more.is_empty(), "{}", agent.name);
        fs::remove_dir_all(&here).unwrap();
    }
}

#[test]
fn a_killed_run_comes_to_the_same_end() {
    for agent in AGENTS {
        let here = folder(&format!("{}-killed", agent.name));
        // Short iterations, so that there are moments between them.
        let common = [&["--quiet", "--checkpoint-interval", "100", "--no-gif"], &num_envs(agent, "2")[..]].concat();
        run_in(&here, &arguments(agent, &[&common[..], &["--out", "whole"]].concat())).ok();
        let (whole, parts) = (here.join("whole"), here.join("parts"));
        let rows = metrics(&whole).len();
        let mut child = spawn(&here, &arguments(agent, &[&common[..], &["--out", "parts"]].concat()));
        let mut kills = 0;
        // As soon as there is a run, and then all over it.
        for (moment, jitter) in [(0, 0), (rows / 5, 1), (2 * rows / 5, 3), (3 * rows / 5, 0), (4 * rows / 5, 7)] {
            let written = || fs::read_to_string(parts.join("metrics.csv")).map_or(0, |text| text.lines().count());
            let ended = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    assert_eq!(status.code(), Some(0), "{}", agent.name);
                    break true;
                }
                if parts.join("config.toml").exists() && written() >= moment {
                    break false;
                }
                std::thread::sleep(Duration::from_millis(1));
            };
            if ended {
                break;
            }
            std::thread::sleep(Duration::from_millis(jitter));
            // SIGKILL.
            child.kill().unwrap();
            kills += u32::from(child.wait().unwrap().code().is_none());
            child = spawn(&here, &["resume", "parts", "--quiet"]);
        }
        // One that was killed between the last file and its end is over.
        let code = child.wait().unwrap().code();
        assert!(code == Some(0) || parts.join("summary.json").exists(), "{}: {code:?}", agent.name);
        assert!(kills >= 2, "{}: killed {kills} times", agent.name);
        let policy = |run: &Path| fs::read(run.join("policy.safetensors")).unwrap();
        assert_eq!(metrics(&whole), metrics(&parts), "{}", agent.name);
        assert!(policy(&whole) == policy(&parts), "{}: the policies differ", agent.name);
        assert!(files(&parts).iter().all(|path| path.extension().is_some_and(|e| e != "part")));
        fs::remove_dir_all(&here).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_checkpoint() {
    let (agent, here) = (any(), folder("ctrl-c"));
    let args = ["train", agent.name, env(agent), "--out", "run", "--steps", "1e9", "--checkpoint-interval", "never"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_shadergym"));
    let child = command.current_dir(&here).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let csv = here.join("run/metrics.csv");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !csv.exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("shadergym resume run"), "{text}");
    assert_eq!(json(&here.join("run/summary.json"))["end"], "interrupted");
    assert_eq!(fs::read_dir(here.join("run/checkpoints")).unwrap().count(), 1);
    // What is there already can be looked at.
    assert!(run_in(&here, &["eval", "run", "--episodes", "2"]).ok().contains("2 episodes"));
    fs::remove_dir_all(&here).unwrap();
}

/// The disk is full: here, files may not become larger than some blocks.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_the_reason_of_a_failed_end_and_spares_the_policy() {
    let (agent, here) = (any(), folder("full"));
    let program = env!("CARGO_BIN_EXE_shadergym");
    let args = arguments(agent, &["--out", "run", "--checkpoint-interval", "500", "--quiet"]).join(" ");
    // With the signal ignored, writing fails as it does on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f 6; exec {program} {args}");
    let output = Command::new("bash").current_dir(&here).args(["-c", &script]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot write") && text.contains("too large") && text.contains("run"), "{text}");
    let left = files(&here.join("run"));
    assert!(left.iter().all(|path| path.extension().is_some_and(|e| e != "part")), "{left:?}");
    // What still fits is written: the policy is worth more than the checkpoints that failed on the way, and is whole.
    assert!(fs::read_dir(here.join("run/checkpoints")).unwrap().next().is_none());
    assert!(run_in(&here, &["eval", "run/policy.safetensors", "--episodes", "2"]).ok().contains("2 episodes"));
    fs::remove_dir_all(&here).unwrap();
}

#[test]
fn rows_come_as_json_and_the_summary_last() {
    let (agent, here) = (any(), folder("json"));
    let text = run_in(&here, &arguments(agent, &["--json", "--no-gif", "--out", "run"])).ok();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, rows) = lines.split_last().unwrap();
    assert_eq!(*summary, json(&here.join("run/summary.json")));
    assert_eq!(rows.len() + 1, metrics(&here.join("run")).len());
    assert!(rows.windows(2).all(|pair| pair[0]["step"].as_u64() < pair[1]["step"].as_u64()));
    assert!(rows.last().unwrap()["episode/return_last_100"].is_f64());
    let text = run_in(&here, &["eval", "run", "--episodes", "3", "--stochastic"]).ok();
    assert!(text.contains("return") && text.contains("median length") && text.contains("actions drawn"), "{text}");
    fs::remove_dir_all(&here).unwrap();
}

#[test]
fn a_policy_can_be_watched() {
    let (agent, here) = (any(), folder("watch"));
    run_in(&here, &arguments(agent, &["--quiet", "--no-gif", "--out", "run"])).ok();
    let text = run_in(&here, &["watch", "run", "-o", "x.gif", "--episodes", "2", "--width", "96"]).ok();
    assert!(text.contains("wrote x.gif"), "{text}");
    assert_eq!(gif_size(&here.join("x.gif")).0, 96);
    let run = run_in(&here, &["watch", "run", "--terminal", "--frames", "5", "--width", "32"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("\x1b[38;2;") && run.out.contains('▀'));
    run_in(&here, &["watch", "run", "-o", "x.png"]).fails(2, &["x.png", ".gif"]);
    run_in(&here, &["watch", "run", "-o", "none/x.gif"]).fails(1, &["cannot write none/x.gif"]);
    fs::remove_dir_all(&here).unwrap();
}

#[test]
fn every_agent_lists_its_options() {
    for agent in AGENTS {
        let here = folder("options");
        let text = run_in(&here, &["train", agent.name, "--options"]).ok();
        for option in (agent.options)() {
            let line = text.lines().find(|line| line.split_whitespace().next() == Some(option.name));
            assert!(line.is_some_and(|line| line.contains(option.doc)), "{}: {}", agent.name, option.name);
        }
        assert!(text.contains(agent.about));
        fs::remove_dir_all(&here).unwrap();
    }
}

#[test]
fn a_sweep_prints_a_line_for_each_combination() {
    let here = folder("sweep");
    let more = ["--seeds", "2", "--sweep", "gamma=0.9,0.99", "--out", "sweep", "--quiet", "--no-gif"];
    let text = run_in(&here, &arguments(any(), &more)).ok();
    for gamma in ["gamma=0.9", "gamma=0.99"] {
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(gamma)), "{text}");
        for seed in 3..5 {
            let of = json(&here.join(format!("sweep/{gamma}/seed-{seed}/summary.json")));
            assert_eq!(of["step"].as_u64(), Some(2400));
        }
    }
    fs::remove_dir_all(&here).unwrap();
}

#[test]
fn mistakes_are_named_and_leave_nothing() {
    let (agent, here) = (any(), folder("mistakes"));
    let (name, id) = (agent.name, env(agent));
    let typo = format!("{name}x");
    let option = (agent.options)()[0].name;
    let wrong = format!("{option}x=1");
    fs::write(here.join("bad.toml"), "a = ").unwrap();
    fs::write(here.join("foreign.safetensors"), "PK something else altogether").unwrap();
    fs::create_dir(here.join("empty")).unwrap();
    let before = files(&here);
    for (args, code, words) in [
        (&["train"][..], 2, &["<AGENT>"][..]),
        (&["train", name], 2, &["<ENV>"]),
        (&["train", &typo, id], 1, &["there is no agent", &typo, &format!("Did you mean `{name}`"), "Agents are"]),
        (&["train", name, &id.to_lowercase()], 1, &["there is no environment", &format!("Did you mean `{id}`")]),
        (&["train", name, id, "--set", &wrong], 1, &["has no option", &format!("Did you mean `{option}`")]),
        (&["train", name, id, "--set", "num_envs=abc"], 1, &["num_envs", "abc", "a whole number"]),
        (&["train", name, id, "--set", "num_envs"], 1, &["name=value"]),
        (&["train", name, id, "--preset", "best"], 1, &["`best`", "without the option it is the usual one"]),
        (
            &["train", name, id, "--sweep", &format!("{wrong},2")],
            1,
            &["has no option", &format!("Did you mean `{option}`")],
        ),
        (&["train", name, id, "--sweep", "gamma=0.9,2"], 1, &["gamma", "0 to 1"]),
        (&["train", name, id, "--sweep", "gamma"], 1, &["name=value,value"]),
        (&["train", name, id, "--num-envs", "0"], 2, &["'0'", "1 to 4294967295"]),
        (&["train", name, id, "--steps", "0"], 2, &["'0'", "1 or more"]),
        (&["train", name, id, "--steps", "1.5"], 2, &["1.5"]),
        (&["train", name, id, "--num-threads", "0"], 2, &["1 or more"]),
        (&["train", name, id, "--seed", "-1"], 2, &["-1"]),
        (&["train", name, id, "--until", "NaN"], 1, &["until", "NaN"]),
        (&["train", name, id, "--device", "tpu"], 2, &["tpu", "gpu:<index>"]),
        (&["train", name, id, "--checkpoint-interval", "soon"], 2, &["soon", "30s"]),
        (&["train", name, id, "--config", "none.toml"], 1, &["cannot read none.toml"]),
        (&["train", name, id, "--config", "bad.toml"], 1, &["bad.toml", "TOML"]),
        (&["train", name, id, "--json", "--quiet"], 2, &["cannot be used with"]),
        (&["train", name, id, "--out", "bad.toml/x"], 1, &["cannot create bad.toml/x"]),
        (&["train", name, id, "--out", "bad.toml"], 1, &["bad.toml"]),
        (&["train", name, id, "--out", "."], 1, &["something already", "shadergym resume"]),
        (&["train", &typo, "--options"], 1, &[name]),
        (&["resume", "none"], 1, &["cannot read none"]),
        (&["resume", "empty"], 1, &["empty", "not the folder of a run"]),
        (&["eval", "none"], 1, &["cannot read none"]),
        (&["eval", "empty"], 1, &["empty", "not the folder of a run"]),
        (&["eval", "foreign.safetensors"], 1, &["foreign.safetensors", "no safetensors file"]),
        (&["eval", "foreign.safetensors", "--episodes", "0"], 2, &["1 or more"]),
        (&["watch", "foreign.safetensors"], 1, &["foreign.safetensors", "no safetensors file"]),
    ] {
        run_in(&here, args).fails(code, words);
        assert_eq!(files(&here), before, "{args:?}");
    }
    assert!(!here.join("runs").exists());
    // What an agent cannot do.
    for agent in AGENTS {
        let unfit = shadergym_envs::ids().find(|id| !(agent.acts_in)(shadergym_envs::spec(id).unwrap()));
        if let Some(id) = unfit {
            run_in(&here, &["train", agent.name, id]).fails(1, &["cannot act in", id, "agents that can"]);
        }
    }
    fs::remove_dir_all(&here).unwrap();
}

#[test]
fn a_policy_acts_only_where_it_fits() {
    let (agent, here) = (any(), folder("fits"));
    run_in(&here, &arguments(agent, &["--quiet", "--no-gif", "--out", "run"])).ok();
    let own = shadergym_envs::spec(env(agent)).unwrap();
    let other = shadergym_envs::ids()
        .find(|id| shadergym_envs::spec(id).unwrap().observation.flat_elements() != own.observation.flat_elements());
    run_in(&here, &["eval", "run", "--env", other.unwrap()]).fails(1, &["it was trained with", other.unwrap()]);
    run_in(&here, &["resume", "run"]).fails(1, &["the run is over", "--steps"]);
    let text = run_in(&here, &["resume", "run", "--steps", "1000", "--quiet"]).ok();
    assert!(text.contains("-> run"), "{text}");
    let summary = json(&here.join("run/summary.json"));
    assert!(summary["steps"] == 3400 && summary["step"].as_u64() >= Some(3400), "{summary}");
    fs::remove_dir_all(&here).unwrap();
}
