//! Every command as users call it: the built program, its output, its exit code. No GPU is needed here.

mod common;

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use common::{any_id, folder, gif_size, height, run, run_in, user_file};

#[test]
fn list_shows_every_environment() {
    let table = run(&["list"]).ok();
    let ids: Vec<&str> = shadergym_envs::ids().collect();
    assert_eq!(table.lines().count(), ids.len() + 1);
    for id in &ids {
        assert!(table.lines().any(|line| line.split_whitespace().next() == Some(id)), "{id}");
    }
    let json: serde_json::Value = serde_json::from_str(&run(&["list", "--json"]).ok()).unwrap();
    let listed: Vec<&str> = json.as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(listed, ids);
    assert!(json[0]["max_episode_steps"].is_u64() && json[0]["source"].as_str().is_some_and(|s| !s.is_empty()));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let id = any_id();
    for args in [&["list"][..], &["dump", id, "--lanes"], &["--help"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shadergym"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut text = String::new();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((child.wait().unwrap().code(), text.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn help_is_there_for_every_command() {
    assert!(run(&["--help"]).ok().contains("Exit codes"));
    assert!(run(&["--version"]).ok().starts_with("shadergym "));
    let help = run(&["--help"]).ok();
    let listed = help.split_once("Commands:").expect("a list of them").1.split_once("\n\n").expect("its end").0;
    let commands: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"train") && commands.len() > 10, "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        assert!(run(&[command, "--help"]).ok().contains("Examples:"), "{command}");
    }
    run(&[]).fails(2, &["Usage"]);
    run(&["lst"]).fails(2, &["lst", "list"]);
}

#[test]
fn unknown_ids_suggest_the_nearest() {
    let id = any_id();
    let typo = format!("{id}x");
    for args in [
        &["spec", &typo][..],
        &["bench", &typo],
        &["render", &id.to_lowercase(), "-o", "x.gif"],
        &["dump", &typo, "--facts"],
    ] {
        run(args).fails(1, &[args[1], &format!("Did you mean `{id}`")]);
    }
}

#[test]
fn spec_is_a_page_with_units_ranges_and_sources() {
    for id in shadergym_envs::ids() {
        let page = run(&["spec", id]).ok();
        let facts = shadergym_envs::spec(id).unwrap();
        let title = format!(
            "# {id}
"
        );
        let headings = ["## Observation", "## Action", "## Source", "## Reward", "## Start", "## End", "## State"];
        let fields = facts.params.fields.iter().chain(&facts.state.fields).flat_map(|f| [&f.name, &f.unit]);
        for text in headings.into_iter().chain([title.as_str()]).chain(fields.map(String::as_str)) {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
    }
    let here = folder("spec");
    user_file(&here);
    assert!(run_in(&here, &["spec", "point_mass.wgsl"]).ok().contains("# PointMass-v0"));
}

#[test]
fn doctor_checks_the_devices() {
    let text = run(&["doctor"]).ok();
    assert!(text.contains("simd") && text.contains("65_536") && text.contains("bitwise equal"), "{text}");
    assert!(!text.contains("FAILED"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&run(&["doctor", "--json"]).ok()).unwrap();
    assert!(json["self_check"].as_array().unwrap().iter().all(|c| c["ok"] == true), "{json}");
    assert!(json["cores"].as_u64().unwrap() > 0 && json["auto"][0]["device"] == "cpu");
}

#[test]
fn bench_prints_tables_json_and_csv() {
    let id = any_id();
    let quick = ["--device", "cpu", "--num-envs", "64,100", "--repeats", "3", "--seconds", "0.003"];
    let with = |more: &[&str]| run(&[&["bench", id][..], &quick, more].concat());
    let table = with(&["--level", "scalar"]).ok();
    let rows = table.lines().filter(|l| l.starts_with(&format!("{id} ")));
    assert_eq!(rows.count(), 8, "{table}");
    assert!(table.contains("x scalar") && table.contains("lanes of 1") && table.contains("bytes/instance"), "{table}");

    let json: serde_json::Value = serde_json::from_str(&with(&["--json", "--steps-per-call", "5"]).ok()).unwrap();
    let results = json["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for row in results {
        let rate = &row["steps_per_second"];
        let value = |name: &str| rate[name].as_f64().unwrap();
        assert!(0.0 < value("low") && value("low") <= value("median") && value("median") <= value("high"));
        assert_eq!(row["steps_per_call"], if row["protocol"] == "C" { 1 } else { 5 });
        assert_eq!(row["repeats"].as_array().unwrap().len(), 3);
        for repeat in row["repeats"].as_array().unwrap() {
            let most = repeat["calls"].as_u64().unwrap()
                * row["num_envs"].as_u64().unwrap()
                * row["steps_per_call"].as_u64().unwrap();
            let transitions = repeat["transitions"].as_u64().unwrap();
            // A step that only starts an episode does not count.
            assert!(transitions <= most && transitions >= most / 2, "{transitions} of {most}");
        }
    }
    let csv = with(&["--csv", "--protocol", "s", "--threads", "1"]).ok();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.starts_with("id,protocol,device,") && csv.contains("1 thread"), "{csv}");
}

#[test]
fn bench_runs_every_environment() {
    let csv =
        run(&["bench", "--device", "cpu", "--num-envs", "33", "--repeats", "1", "--seconds", "0.001", "--csv"]).ok();
    assert_eq!(csv.lines().count(), 1 + 2 * shadergym_envs::ids().len());
}

#[test]
fn wrong_arguments_say_what_is_allowed() {
    let id = any_id();
    for (args, words) in [
        (&["bench", "--num-envs", "0"][..], &["'0'", "1 to 4294967295"][..]),
        (&["bench", "--num-envs", "-1"], &["-1", "1 to 4294967295"]),
        (&["bench", "--num-envs", "many"], &["many", "1 to 4294967295"]),
        (&["bench", "--device", "cuda"], &["cuda", "gpu:<index>"]),
        (&["bench", "--device", "auto"], &["a bench names its devices"]),
        (&["bench", "--protocol", "x"], &["possible values: c, s"]),
        (&["bench", "--level", "avx9"], &["avx9", "avx2"]),
        (&["bench", "--threads", "0"], &["1 or more"]),
        (&["bench", "--repeats", "0"], &["1..=1000"]),
        (&["bench", "--seconds", "-1"], &["3600"]),
        (&["bench", "--steps-per-call", "0"], &["1 or more"]),
        (&["bench", "--json", "--csv"], &["cannot be used with"]),
        (&["render", id], &["--output"]),
        (&["render", id, "-o", "x.jpg"], &["x.jpg", ".gif or .png"]),
        (&["render", id, "-o", "x.gif", "--device", "tpu"], &["tpu", "gpu:<index>"]),
        (&["render", id, "-o", "x.gif", "--grid", "0x2"], &["1 to 64"]),
        (&["render", id, "-o", "x.gif", "--width", "5000"], &["16 to 4096"]),
        (&["render", id, "-o", "x.gif", "--width", "60", "--grid", "1x20"], &["8x8"]),
        (&["render", id, "-o", "x.gif", "--num-envs", "0"], &["1 to 4294967295"]),
        (&["render", id, "-o", "x.gif", "--steps", "-5"], &["'-5'", "--steps"]),
        (&["render", id, "-o", "x.gif", "--fps", "0"], &["1..=50"]),
        (&["dump", id], &["--lanes", "--facts"]),
        (&["dump", "--lanes"], &["required"]),
        (&["dump", id, "--facts", "--function", "step"], &["cannot be used with"]),
        (&["new-env", "thing", "--family", "shared"], &["shared", "classic_control"]),
    ] {
        run(args).fails(2, words);
    }
    run(&["render", id, "-o", "x.gif", "--instance", "7", "--num-envs", "4"]).fails(1, &["instance 7", "4 (0 to 3)"]);
    run(&["bench", "no_such.wgsl"]).fails(1, &["cannot read no_such.wgsl"]);
}

#[test]
fn render_writes_animations_and_pictures() {
    let id = any_id();
    let here = folder("render");
    let text = run_in(&here, &["render", id, "-o", "a.gif", "--steps", "12", "--width", "120"]).ok();
    let size = format!("120x{}", height(id, 120));
    assert!(text.contains(&size) && text.contains("13 frames"), "{text}");
    assert_eq!(gif_size(&here.join("a.gif")), (120, height(id, 120), 13));
    // The same seed gives the same file.
    run_in(&here, &["render", id, "-o", "b.gif", "--steps", "12", "--width", "120"]).ok();
    assert_eq!(fs::read(here.join("a.gif")).unwrap(), fs::read(here.join("b.gif")).unwrap());
    run_in(&here, &["render", id, "-o", "grid.gif", "--steps", "3", "--width", "104", "--grid", "2x3"]).ok();
    assert_eq!(gif_size(&here.join("grid.gif")), (104, 2 * height(id, 32) + 4, 4));
    run_in(&here, &["render", id, "-o", "One.PNG", "--seed", "3", "--width", "64"]).ok();
    let file = std::io::BufReader::new(fs::File::open(here.join("One.PNG")).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(
        (info.width, info.height, pixels.len()),
        (64, height(id, 64).into(), 64 * usize::from(height(id, 64)) * 3)
    );
    assert!(pixels.iter().any(|p| *p != pixels[0]), "the picture shows something");
    let left: Vec<_> = fs::read_dir(&here).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "nothing else is left behind: {left:?}");
}

#[test]
fn render_refuses_places_it_cannot_write() {
    let id = any_id();
    let here = folder("unwritable");
    run_in(&here, &["render", id, "-o", "none/x.gif"]).fails(1, &["none/x.gif", "does not exist"]);
    fs::create_dir(here.join("folder.gif")).unwrap();
    run_in(&here, &["render", id, "-o", "folder.gif"]).fails(1, &["folder.gif", "it is a folder"]);
    // A file in the place of a folder cannot be written into, not even by the superuser.
    fs::write(here.join("file"), "").unwrap();
    run_in(&here, &["render", id, "-o", "file/x.png"]).fails(1, &["file/x.png"]);
    #[cfg(target_os = "linux")]
    run_in(&here, &["render", id, "-o", "/proc/x.png"]).fails(1, &["cannot write /proc/x.png"]);
}

#[test]
fn new_env_writes_once() {
    let here = folder("new");
    let text = run_in(&here, &["new-env", "windy-walk"]).ok();
    assert!(text.contains("wrote windy_walk.wgsl: WindyWalk-v0") && text.contains("shadergym render"), "{text}");
    let path = here.join("windy_walk.wgsl");
    let before = fs::read(&path).unwrap();
    run_in(&here, &["new-env", "WindyWalk"]).fails(1, &["windy_walk.wgsl exists and stays as it is"]);
    assert_eq!(fs::read(&path).unwrap(), before);
    run_in(&here, &["new-env", "1st"]).fails(1, &["1st"]);
    run_in(&here, &["new-env", "x", "--path", "none"]).fails(1, &["none does not exist"]);
    run_in(&here, &["new-env", "x", "--path", ".", "--family", "toys"]).ok();
    assert!(here.join("toys/x.wgsl").is_file());
}

#[test]
fn new_env_finds_the_repository() {
    let here = folder("repository");
    fs::create_dir_all(here.join("shaders/deep")).unwrap();
    fs::create_dir(here.join("shaders/kernel")).unwrap();
    let text = run_in(&here, &["new-env", "toy", "--family", "toys"]).ok();
    assert!(here.join("shaders/toys/toy.wgsl").is_file() && text.contains("cargo test"), "{text}");
    run_in(&here.join("shaders/deep"), &["new-env", "other"]).ok();
    assert!(here.join("shaders/custom/other.wgsl").is_file());
    let facts = shadergym_envs::spec(any_id()).unwrap();
    run_in(&here, &["new-env", &facts.stem]).fails(1, &["there is already an environment", &facts.id]);
}

#[test]
fn project_writes_an_environment_once() {
    let here = folder("project");
    let text = run_in(&here, &["project", "CartPole-v1", "-o", "meta.wgsl", "--observation-size", "5"]).ok();
    assert!(text.contains("wrote meta.wgsl: CartPoleProjected-v1"), "{text}");
    assert!(run_in(&here, &["spec", "meta.wgsl"]).ok().contains("task_mix"));
    assert!(
        run_in(&here, &["project", "CartPole-v1", "-o", "meta.wgsl", "--observation-size", "5"])
            .ok()
            .contains("already")
    );
    run_in(&here, &["project", "CartPole-v1", "-o", "meta.wgsl"]).fails(1, &["meta.wgsl exists and stays as it is"]);
    run_in(&here, &["project", "CartPole-v1", "-o", "x.wgsl", "--observation-size", "3"])
        .fails(1, &["allowed are 4 to 1020"]);
    run_in(&here, &["project", "CartPole-v1", "-o", "x.txt"]).fails(1, &["x.txt", ".wgsl"]);
    run_in(&here, &["project", "CartPole-v7", "-o", "x.wgsl"]).fails(1, &["CartPole-v7"]);
    assert!(!here.join("x.wgsl").exists());
    let trained =
        ["train", "recurrent_ppo", "meta.wgsl", "--steps", "512", "--out", "run", "-q", "--set", "num_envs=8"];
    run_in(&here, &[&trained[..], &["--set", "num_steps=32", "--set", "width=16", "--set", "state_size=16"]].concat())
        .ok();
    assert!(here.join("run/policy.safetensors").is_file());
    run_in(
        &here,
        &[&trained[..4], &["512", "--out", "other", "-q", "--param", "task_mix=0.5", "--set", "width=16"]].concat(),
    )
    .ok();
    let held_out = ["eval", "run", "--trials", "--episodes", "3", "--param", "task_first=1073741824"];
    let text = run_in(&here, &[&held_out[..], &["--param", "task_trials=5", "-o", "trials.svg"]].concat()).ok();
    assert!(
        text.contains("     5  ") && !text.contains("     6  ") && text.contains("more than the first trial"),
        "{text}"
    );
    assert!(fs::read_to_string(here.join("trials.svg")).unwrap().contains("trial of an episode"));
    run_in(&here, &["eval", "run", "--param", "task_mix=2"]).fails(1, &["task_mix", "allowed is 0 to 1"]);
}

#[test]
fn dump_prints_what_is_derived() {
    let id = any_id();
    assert!(run(&["dump", id, "--source"]).ok().starts_with(&format!("//! {id}: ")));
    assert!(run(&["dump", id, "--wgsl"]).ok().contains("@compute"));
    assert!(run(&["dump", id, "--lanes"]).ok().contains("step"));
    let facts: serde_json::Value = serde_json::from_str(&run(&["dump", id, "--facts"]).ok()).unwrap();
    assert_eq!(facts["id"], id);
    let step = run(&["dump", id, "--wgsl", "--function", "step"]).ok();
    assert!(step.lines().any(|l| l.starts_with("fn step(")) && step.trim_end().ends_with('}'), "{step}");
    assert!(run(&["dump", id, "--lanes", "--function", "step"]).ok().contains("fn step"));
    run(&["dump", id, "--wgsl", "--function", "stap"]).fails(1, &["`stap`", "did you mean `step`"]);
    let sizes = run(&["dump", "--sizes"]).ok();
    assert_eq!(sizes.lines().count(), shadergym_envs::ids().len() + 2, "{sizes}");
    let here = folder("dump");
    user_file(&here);
    assert!(run_in(&here, &["dump", "point_mass.wgsl", "--lanes"]).ok().contains("fn step"));
}

#[test]
fn errors_of_user_shaders_name_file_and_line() {
    let here = folder("broken");
    let path = user_file(&here);
    let text = fs::read_to_string(&path).unwrap();
    let at = text.find("fn step(").expect("the template has a step");
    let line = text[..at].lines().count() + 1;
    fs::write(here.join("broken.wgsl"), text.replacen("fn step(", "fn step(?", 1)).unwrap();
    let place = format!("broken.wgsl:{line}:");
    for args in [&["render", "broken.wgsl", "-o", "x.gif"][..], &["spec", "broken.wgsl"], &["bench", "broken.wgsl"]] {
        run_in(&here, args).fails(1, &[&place, "fn step(?", "fix:"]);
    }
    assert!(!here.join("x.gif").exists());
    let drawn = run_in(&here, &["render", "point_mass.wgsl", "-o", "x.gif", "--steps", "5", "--device", "cpu"]).ok();
    assert!(drawn.contains("PointMass-v0 on cpu"), "{drawn}");
}

#[test]
fn predict_compares_learners_on_a_series() {
    let here = folder("predict");
    let small = ["--rows", "1_500", "--adam", "1e-3", "--set", "hidden=[8]"];
    let table = run_in(&here, &[&["predict", "--seeds", "2", "-o", "out"], &small[..]].concat()).ok();
    for learner in ["mean", "stream_td", "TD(0), Adam 1e-3", "TD(0), Adam 1e-3, inputs as they are"] {
        let line = table.lines().find(|line| line.split("  ").next() == Some(learner));
        assert!(line.is_some_and(|line| line.contains(" to ")), "{learner}: {table}");
    }
    let read = |name: &str| fs::read_to_string(here.join("out").join(name)).unwrap();
    assert!(read("prediction.svg").contains("stream_td"));
    assert_eq!(read("rmse.csv").lines().count(), 1 + 2 * 4);
    assert_eq!(read("predictions.csv").lines().count(), 1_500, "a row for each that has a next one");
    run_in(&here, &["predict", "--rows", "900", "--write-series", "series.csv"]).ok();
    let of_file = ["predict", "series.csv", "--target", "load_2", "--adam", "1e-3", "--set", "gamma=0.9"];
    assert!(run_in(&here, &of_file).ok().contains("stream_td"));
    assert!(run_in(&here, &["predict", "--options"]).ok().contains("kappa"));
    fs::write(here.join("bad.csv"), "a,b\n1,2\n3,x\n").unwrap();
    for (args, code, parts) in [
        (&["predict", "none.csv"][..], 1, &["none.csv"][..]),
        (&["predict", "bad.csv"], 1, &["bad.csv", "line 3", "`b`", "`x`"]),
        (&["predict", "series.csv", "--target", "oil"], 1, &["`oil`", "oil_temperature"]),
        (&["predict", "series.csv", "--rows", "100"], 1, &["100", "at least 690"]),
        (&["predict", "series.csv", "--set", "gama=0.5"], 1, &["Did you mean `gamma`"]),
        (&["predict", "series.csv", "--set", "gamma=1"], 1, &["gamma", "below 1"]),
        (&["predict", "series.csv", "--beta", "1"], 1, &["beta", "below 1"]),
        (&["predict", "series.csv", "--adam", "-1"], 1, &["learning rate", "-1", "above 0"]),
        (&["predict", "--seed", "-1"], 2, &["-1"]),
        (&["predict", "--seeds", "0"], 2, &["1 or more"]),
        (&["predict", "series.csv", "--write-series", "x.csv"], 2, &["cannot be used with"]),
    ] {
        run_in(&here, args).fails(code, parts);
    }
}

#[test]
fn timescales_are_studied_and_reported() {
    let here = folder("timescales");
    let small = ["--units", "16", "--epochs", "2", "--set", "steps=10", "--set", "batch=32", "--set", "tests=2"];
    let study = |rest: &[&str]| run_in(&here, &[&["timescales"], rest, &small[..]].concat());
    let done = study(&["parity", "--curriculum", "multi", "-o", "a", "--set", "threshold=0.501", "--until", "3"]).ok();
    assert!(done.contains("after 2 epochs, in a"), "{done}");
    study(&["parity", "--curriculum", "single", "-o", "b", "--set", "threshold=0.501", "--until", "3"]).ok();
    study(&["match", "--curriculum", "window", "--fixed-tau"]).ok();
    assert!(here.join("runs/timescales-match-window-0/checkpoint.safetensors").is_file());
    assert_eq!(fs::read_to_string(here.join("a/epochs.jsonl")).unwrap().lines().count(), 2);
    let report = ["timescales", "report", "a", "b", "--report", "report.md"];
    let table = run_in(&here, &report).ok();
    assert!(table.contains("multi-head: epochs") && table.contains("single-head: mean tau"), "{table}");
    let page = fs::read_to_string(here.join("report.md")).unwrap();
    assert!(page.contains("](report/timescales.svg)") && page.contains("units 16"), "{page}");
    assert!(fs::read_to_string(here.join("report/timescales.csv")).unwrap().starts_with("curriculum,seed,n,epoch"));
    assert!(run(&["timescales", "parity", "--options"]).ok().contains("max_grad_norm"));
    for (args, code, parts) in [
        (&["timescales", "parity", "--until", "64"][..], 1, &["until", "64", "2 to 63"][..]),
        (&["timescales", "parity", "--units", "-1"], 1, &["units", "-1", "whole number"]),
        (&["timescales", "parity", "--curriculum", "both"], 1, &["both", "single, multi or window"]),
        (&["timescales", "parity", "--set", "unit=5"], 1, &["Did you mean `units`"]),
        (&["timescales", "parity", "-o", "a", "--units", "17"], 1, &["`batch` is 32 in it and 256 here"]),
        (&["timescales", "parity", "--num-threads", "0"], 2, &["1 or more"]),
        (&["timescales", "report", "none"], 1, &["none"]),
        (&["timescales", "report", "mtch"], 2, &["timescales match"]),
        (&["timescales", "xor"], 2, &["xor"]),
    ] {
        run_in(&here, args).fails(code, parts);
    }
}
