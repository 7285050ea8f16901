//! Commands that need a GPU; software Vulkan will do. Where there is no adapter these are reported as ignored.

mod common;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use common::{any_id, folder, gif_size, height, run, run_in, user_file};
use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_agents::state::State;
use shadergym_agents::train::checkpoint::Checkpoint;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = shadergym_envs::gpu::adapters().is_empty();
    let trials = [
        ("render_draws_files_of_users", render_draws_files_of_users as fn() -> Result<(), Failed>),
        ("render_is_alike_on_both_devices", render_is_alike_on_both_devices),
        ("bench_compares_devices", bench_compares_devices),
        ("bench_runs_files_of_users", bench_runs_files_of_users),
        ("doctor_checks_adapters", doctor_checks_adapters),
        ("populations_of_streams_learn_on_the_gpu", populations_of_streams_learn_on_the_gpu),
    ]
    .map(|(name, test)| Trial::test(name, test).with_ignored_flag(missing));
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

fn render_draws_files_of_users() -> Result<(), Failed> {
    let here = folder("gpu-render");
    user_file(&here);
    let args = ["render", "point_mass.wgsl", "-o", "x.gif", "--steps", "5", "--width", "64", "--device", "gpu"];
    let text = run_in(&here, &args).ok();
    assert!(text.contains("PointMass-v0 on gpu:"), "{text}");
    let (width, _, frames) = gif_size(&here.join("x.gif"));
    assert_eq!((width, frames), (64, 6));
    Ok(())
}

fn render_is_alike_on_both_devices() -> Result<(), Failed> {
    let here = folder("gpu-alike");
    for device in ["cpu", "gpu"] {
        let name = format!("{device}.gif");
        run_in(&here, &["render", any_id(), "-o", &name, "--steps", "8", "--width", "80", "--device", device]).ok();
        assert_eq!(gif_size(&here.join(&name)), (80, height(any_id(), 80), 9));
    }
    Ok(())
}

fn bench_compares_devices() -> Result<(), Failed> {
    let args = ["bench", any_id(), "--num-envs", "64", "--repeats", "2", "--seconds", "0.01", "--json"];
    let json: serde_json::Value = serde_json::from_str(&run(&args).ok())?;
    let devices: Vec<_> = json["results"].as_array().ok_or("results")?.iter().map(|r| r["device"].clone()).collect();
    assert_eq!(devices, ["cpu", "gpu", "cpu", "gpu"]);
    assert!(json["results"][1]["pipeline_seconds"].as_f64().is_some_and(|s| s > 0.0), "{json}");
    run(&["bench", any_id(), "--device", "gpu:99"]).fails(1, &["gpu:99", "found:"]);
    Ok(())
}

fn bench_runs_files_of_users() -> Result<(), Failed> {
    let here = folder("gpu-bench");
    user_file(&here);
    let csv = run_in(
        &here,
        &["bench", "point_mass.wgsl", "--num-envs", "64", "--repeats", "1", "--seconds", "0.01", "--csv"],
    )
    .ok();
    // Two protocols on two devices: the file is interpreted on the CPU.
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(csv.contains("interpreter") && csv.contains("gpu:0"), "{csv}");
    Ok(())
}

fn doctor_checks_adapters() -> Result<(), Failed> {
    let done = run(&["doctor"]);
    assert_eq!(done.err, "");
    let text = done.ok();
    assert!(text.contains("gpu:0") && !text.contains("FAILED"), "{text}");
    Ok(())
}

/// Steps of a run of two iterations and a part of one.
const STEPS: &str = "2200";

/// The parameters of a policy, as the file has them.
fn policy(folder: &Path) -> State {
    Checkpoint::read(&folder.join("policy.safetensors")).expect("a policy").policy
}

fn populations_of_streams_learn_on_the_gpu() -> Result<(), Failed> {
    let here = folder("gpu-population");
    let train = |out: &str, more: &[&str]| {
        let common = ["train", "stream_q", "CartPole-v1", "--device", "gpu", "--steps", STEPS, "--out", out];
        let last = ["--eval-episodes", "1", "--no-gif"];
        run_in(&here, &[&common[..], more, &last].concat()).ok()
    };
    let text = train("all", &["--seed", "5", "--seeds", "3", "--sweep", "lambda=0.5,0.9"]);
    assert!(text.contains("3 seeds"), "{text}");
    let summary: serde_json::Value = serde_json::from_str(&fs::read_to_string(here.join("all/summary.json"))?)?;
    assert_eq!(summary["failed"], 0, "{summary}");
    let member = here.join("all/lambda=0.9/seed-6");
    let of: serde_json::Value = serde_json::from_str(&fs::read_to_string(member.join("summary.json"))?)?;
    assert!(of["machine"]["learner"].as_str().is_some_and(|learner| learner.starts_with("gpu")), "{of}");
    train("alone", &["--seed", "6", "--set", "lambda=0.9"]);
    assert!(policy(&member) == policy(&here.join("alone")), "a member is what it is alone");
    assert!(policy(&member) != policy(&here.join("all/lambda=0.5/seed-6")), "members differ");
    // All go on together, and alone as well.
    for folder in ["all", "alone"] {
        run_in(&here, &["resume", folder, "--steps", "1500"]).ok();
    }
    assert!(policy(&member) == policy(&here.join("alone")), "both go on alike");
    Ok(())
}
