//! Commands that need a GPU; software Vulkan will do. Where there is no adapter these are reported as ignored.

mod common;

use std::process::ExitCode;

use common::{any_id, folder, gif_size, height, run, run_in, user_file};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = shadergym_envs::gpu::adapters().is_empty();
    let trials = [
        ("render_draws_files_of_users", render_draws_files_of_users as fn() -> Result<(), Failed>),
        ("render_is_alike_on_both_devices", render_is_alike_on_both_devices),
        ("bench_compares_devices", bench_compares_devices),
        ("bench_runs_files_of_users", bench_runs_files_of_users),
        ("doctor_checks_adapters", doctor_checks_adapters),
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
