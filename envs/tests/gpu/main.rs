//! The GPU back end over the registry: every environment times every test below. Software Vulkan will do; where there
//! is no adapter at all the tests are reported as ignored, never as passed.

#[path = "../common/large.rs"]
mod large;
mod projected;
mod ways;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_envs::gpu::{adapters, select_adapter};
use shadergym_envs::{
    AutoresetMode, Batch, BatchOptions, Device, Elements, Error, SampleRng, Snapshot, ids, make_from_file, make_with,
    spec,
};
use shadergym_shaders::environments;

type Test = fn(&str) -> Result<(), Failed>;

/// Instances; not a multiple of the workgroup size.
const N: usize = 65;

const TESTS: &[(&str, Test)] = &[
    ("runs", runs),
    ("recording_equals_steps", ways::recording_equals_steps),
    ("batch_size_does_not_matter", batch_size_does_not_matter),
    ("masked_reset", masked_reset),
    ("state_round_trip", state_round_trip),
    ("params_wait_for_a_start", params_wait_for_a_start),
    ("renders", renders),
    ("split_rollouts_equal_unsplit_ones", ways::split_rollouts_equal_unsplit_ones),
    ("device_steps_equal_host_steps", ways::device_steps_equal_host_steps),
];

/// What variants of a file have in common.
const TESTS_OF_FILES: &[(&str, Test)] = &[
    ("gathered_rows_equal_single_ones", ways::gathered_rows_equal_single_ones),
    ("pieces_of_a_recording_equal_steps", ways::pieces_of_a_recording_equal_steps),
    ("last_rows_are_those_of_a_recording", ways::last_rows_are_those_of_a_recording),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = adapters().is_empty();
    let mut trials = vec![
        Trial::test("missing_adapter_is_named", missing_adapter_is_named),
        Trial::test("user_shader_runs", user_shader_runs).with_ignored_flag(missing),
        Trial::test("user_shader_errors_name_the_line", user_shader_errors_name_the_line),
        Trial::test("projections_equal_the_cpu", projected::projections_equal_the_cpu).with_ignored_flag(missing),
        Trial::test("batches_too_large_are_refused", batches_too_large_are_refused).with_ignored_flag(missing),
    ];
    let software = large::gpu_is_software();
    for id in ids() {
        let of_file = if spec(id).is_ok_and(|facts| facts.variant_of.is_none()) { TESTS_OF_FILES } else { &[] };
        // `registry` asks of large kernels on software GPUs what each of their pipelines has to do.
        let of_id = |e: &&shadergym_shaders::Environment| e.id == id;
        if software && environments().iter().find(of_id).is_some_and(large::is_large) {
            continue;
        }
        // Of variants that share the code of their file `registry` asks what numbers alone could change.
        if environments().iter().find(of_id).is_some_and(|e| e.shares_code()) {
            continue;
        }
        for (name, test) in TESTS.iter().chain(of_file) {
            trials.push(Trial::test(format!("{id}::{name}"), move || test(id)).with_ignored_flag(missing));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn options(n: usize) -> BatchOptions {
    BatchOptions::new(n).device(Device::Gpu(None))
}

fn started(id: &str, n: usize, mode: AutoresetMode) -> Result<Batch, Failed> {
    let mut batch = make_with(id, &options(n).autoreset_mode(mode))?;
    batch.reset(7)?;
    Ok(batch)
}

fn random_actions(batch: &Batch, rng: &mut SampleRng) -> Elements<'static> {
    batch.action_space().sample(rng)
}

fn step(batch: &mut Batch, actions: &Elements<'_>) -> Result<(), Failed> {
    batch.step(actions.as_actions().ok_or("bytes are no actions")?)?;
    Ok(())
}

/// Everything of a batch as bytes, for bitwise comparison.
fn bytes(batch: &mut Batch) -> Result<Vec<u8>, Failed> {
    Ok(Snapshot::to_bytes(&batch.snapshot()?))
}

fn check(condition: bool, what: impl Into<String>) -> Result<(), Failed> {
    if condition { Ok(()) } else { Err(what.into().into()) }
}

/// Creates, resets, steps and rolls out in every auto-reset mode; what comes out is finite and its flags add up.
fn runs(id: &str) -> Result<(), Failed> {
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled] {
        let mut batch = make_with(id, &options(N).autoreset_mode(mode).max_episode_steps(20))?;
        batch.reset(3)?;
        let mut rng = SampleRng::new(1);
        let mut ended = 0;
        for _ in 0..50 {
            let actions = random_actions(&batch, &mut rng);
            step(&mut batch, &actions)?;
            let view = batch.view();
            check(view.rewards().iter().all(|r| r.is_finite()), "a reward is not finite")?;
            if let Some(values) = view.observations().as_f32() {
                check(values.iter().all(|v| v.is_finite()), "an observation is not finite")?;
            }
            let mask: Vec<bool> = (0..N).map(|i| view.ended(i)).collect();
            for i in view.ended_instances() {
                ended += 1;
                check((1..=20).contains(&view.episode_lengths()[i]), "an episode has an impossible length")?;
            }
            if mode == AutoresetMode::Disabled && mask.contains(&true) {
                batch.reset_masked(&mask, None)?;
            }
        }
        check(ended >= 2 * N, format!("{ended} episodes of at most 20 steps ended in 50 steps of {N} instances"))?;
        let stats = batch.rollout(100);
        if mode == AutoresetMode::NextStep {
            let stats = stats?;
            // Every end is followed by a step that only starts.
            check(stats.transitions <= (100 * N) as u64, "too many transitions")?;
            check(stats.transitions + stats.episodes >= (99 * N) as u64, "transitions are missing")?;
        }
    }
    Ok(())
}

/// Instance i of seed s behaves like a single instance of seed s + i, and like itself in a larger batch.
fn batch_size_does_not_matter(id: &str) -> Result<(), Failed> {
    let run = |n: usize, seed: u64| -> Result<_, Failed> {
        let mut batch = make_with(id, &options(n))?;
        batch.reset(seed)?;
        batch.rollout(300)?;
        Ok((batch.get_state(0)?, batch))
    };
    let (_, mut large) = run(N, 100)?;
    for i in [0, 1, 37, N - 1] {
        let (alone, _) = run(1, 100 + i as u64)?;
        check(alone == large.get_state(i)?, format!("instance {i} differs from a batch of one"))?;
    }
    let (first, _) = run(200, 100)?;
    check(first == large.get_state(0)?, "instance 0 depends on the batch size")
}

/// A masked reset starts those and leaves the others alone.
fn masked_reset(id: &str) -> Result<(), Failed> {
    let mut batch = started(id, N, AutoresetMode::NextStep)?;
    batch.rollout(10)?;
    let before = batch.get_state(..)?;
    let words = batch.spec().state.words;
    let mask: Vec<bool> = (0..N).map(|i| i % 3 == 1).collect();
    batch.reset_masked(&mask, 50)?;
    let after = batch.get_state(..)?;
    for i in 0..N {
        let same = before[i * words..][..words] == after[i * words..][..words];
        check(mask[i] || same, format!("instance {i} was changed by a mask that leaves it out"))?;
    }
    let mut alone = make_with(id, &options(1))?;
    alone.reset(51)?;
    check(alone.get_state(0)? == after[words..2 * words], "instance 1 is not that of seed 51")
}

/// What set_state writes, get_state reads, by runs and scattered; observations follow.
fn state_round_trip(id: &str) -> Result<(), Failed> {
    let n = 700;
    let mut batch = started(id, n, AutoresetMode::NextStep)?;
    let words = batch.spec().state.words;
    let first: Vec<u32> = batch.get_state(..)?;
    let observations = batch.observations().words().to_vec();
    batch.rollout(25)?;
    // Every second instance, backwards: no two are neighbours.
    let scattered: Vec<usize> = (0..n).rev().filter(|i| i % 2 == 0).collect();
    let rows: Vec<u32> = scattered.iter().flat_map(|&i| first[i * words..][..words].to_vec()).collect();
    batch.set_state(&scattered, &rows)?;
    check(batch.get_state(&scattered)? == rows, "scattered states differ")?;
    batch.set_state(1..2, &first[words..2 * words])?;
    batch.set_state(.., &first)?;
    check(batch.get_state(..)? == first, "states differ")?;
    check(batch.observations().words() == observations, "the observations of the states differ")
}

/// New parameters wait for the next start of their instance, and for no other's.
fn params_wait_for_a_start(id: &str) -> Result<(), Failed> {
    let mut batch = started(id, N, AutoresetMode::NextStep)?;
    let spec = batch.spec();
    let (low, _) = spec.params_bounds.clone();
    let default = spec.default_params.clone();
    let params = batch.default_params().from_words(&low)?;
    batch.set_params(3, &params)?;
    check(batch.params(3)?.words() == default, "parameters changed before a start")?;
    check(batch.pending_params(3)?.words() == low, "the pending parameters are not there")?;
    batch.rollout(1)?;
    check(batch.params(3)?.words() == default || batch.view().ended(3), "parameters changed during an episode")?;
    let mask: Vec<bool> = (0..N).map(|i| i == 3 || i == 4).collect();
    batch.reset_masked(&mask, None)?;
    check(batch.params(3)?.words() == low, "parameters are not in force after a start")?;
    check(batch.params(4)?.words() == default, "another instance's parameters changed")?;
    // Instance 3 must really play by them: like a batch that has them from the beginning.
    batch.reset(7)?;
    batch.rollout(60)?;
    let mut all = make_with(id, &options(N).params(params))?;
    all.reset(7)?;
    all.rollout(60)?;
    check(batch.get_state(3)? == all.get_state(3)?, "instance 3 does not play by its parameters")?;
    let mut plain = started(id, N, AutoresetMode::NextStep)?;
    plain.rollout(60)?;
    check(batch.get_state(4)? == plain.get_state(4)?, "instance 4 does not play by the default parameters")
}

/// A picture has the size asked for and more than one colour; drawing leaves the outputs alone.
fn renders(id: &str) -> Result<(), Failed> {
    let mut batch = started(id, N, AutoresetMode::NextStep)?;
    let before = bytes(&mut batch)?;
    if batch.spec().pixel_aspect.is_none() {
        return check(matches!(batch.render(0, 8, 8), Err(Error::NotRenderable { .. })), "a picture without `pixel`");
    }
    let image = batch.render(N - 1, 61, 43)?;
    check(image.rgb.len() == 61 * 43 * 3, "the picture has the wrong size")?;
    check(image.rgb.chunks(3).any(|p| p != &image.rgb[..3]), "the picture has one colour only")?;
    check(bytes(&mut batch)? == before, "drawing changed the batch")
}

fn missing_adapter_is_named() -> Result<(), Failed> {
    let text = select_adapter(Some("no such gpu")).unwrap_err().to_string();
    check(text.contains("gpu:no such gpu") && text.contains("mesa-vulkan-drivers"), &text)?;
    for adapter in adapters() {
        check(text.contains(&adapter.name), format!("{} is missing in: {text}", adapter.name))?;
        check(select_adapter(Some(&adapter.index.to_string()))?.index == adapter.index, "selection by index")?;
    }
    Ok(())
}

fn user_shader_runs() -> Result<(), Failed> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/user_env.wgsl");
    let mut batch = make_from_file(file, &options(N))?;
    check(batch.id() == "WindyReach-v0", batch.id())?;
    batch.reset(1)?;
    let stats = batch.rollout(500)?;
    check(stats.episodes > 0, "no episode ended in 500 steps")?;
    check(batch.render(0, 32, 32)?.rgb.len() == 32 * 32 * 3, "the picture has the wrong size")
}

fn user_shader_errors_name_the_line() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("broken.wgsl");
    let good = include_str!("../../examples/user_env.wgsl");
    let broken = good.replace("let arrived = distance < 0.1;", "let arrived = distance <;");
    let line = good.lines().position(|l| l.contains("let arrived")).expect("it is there") + 1;
    std::fs::write(&file, broken)?;
    let result = make_from_file(&file, &options(1));
    let Err(Error::Compile(error)) = result else { return Err("the broken file compiled".into()) };
    let text = error.to_string();
    check(text.contains(&format!(".wgsl:{line}:")) && text.contains("distance <;"), &text)?;
    let result = make_from_file("does/not/exist.wgsl", &options(1));
    check(matches!(result, Err(Error::Unreadable { .. })), "a missing file was read")
}

fn batches_too_large_are_refused() -> Result<(), Failed> {
    let id = ids().next().ok_or("there are environments")?;
    match make_with(id, &options(u32::MAX as usize)) {
        Err(Error::TooLarge { needed, allowed, .. }) => check(needed > allowed, "the numbers make no sense"),
        other => Err(format!("expected TooLarge, got {other:?}").into()),
    }
}
