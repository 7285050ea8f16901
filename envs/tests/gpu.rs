//! The GPU back end over the registry: every environment times every test below. Software Vulkan will do; where there
//! is no adapter at all the tests are reported as ignored, never as passed.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_envs::gpu::{adapters, select_adapter};
use shadergym_envs::{
    Actions, AutoresetMode, Batch, BatchOptions, Device, Elements, Error, SampleRng, Snapshot, ids, make_from_file,
    make_with,
};

type Test = fn(&str) -> Result<(), Failed>;

/// Instances; not a multiple of the workgroup size.
const N: usize = 65;

const TESTS: &[(&str, Test)] = &[
    ("runs", runs),
    ("recording_equals_steps", recording_equals_steps),
    ("batch_size_does_not_matter", batch_size_does_not_matter),
    ("masked_reset", masked_reset),
    ("state_round_trip", state_round_trip),
    ("params_wait_for_a_start", params_wait_for_a_start),
    ("renders", renders),
    ("split_rollouts_equal_unsplit_ones", split_rollouts_equal_unsplit_ones),
    ("device_steps_equal_host_steps", device_steps_equal_host_steps),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = adapters().is_empty();
    let mut trials = vec![
        Trial::test("missing_adapter_is_named", missing_adapter_is_named),
        Trial::test("user_shader_runs", user_shader_runs).with_ignored_flag(missing),
        Trial::test("user_shader_errors_name_the_line", user_shader_errors_name_the_line),
        Trial::test("batches_too_large_are_refused", batches_too_large_are_refused).with_ignored_flag(missing),
    ];
    for id in ids() {
        for (name, test) in TESTS {
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

/// A recorded rollout of K transitions gives what K steps with its actions give.
fn recording_equals_steps(id: &str) -> Result<(), Failed> {
    const K: usize = 40;
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep] {
        let options = options(N).autoreset_mode(mode).max_episode_steps(15);
        let mut recorded = make_with(id, &options)?;
        recorded.reset(5)?;
        let recording = recorded.record(K)?;
        let mut stepped = make_with(id, &options)?;
        stepped.reset(5)?;
        let (mut transitions, mut finished) = (0, 0);
        for t in 0..K {
            let view = stepped.step(recording.actions_at(t))?;
            let rows = recording.observations().rows() / K;
            for i in 0..N {
                let same = view.terminated()[i] == recording.terminated()[t * N + i]
                    && view.truncated()[i] == recording.truncated()[t * N + i];
                check(same, format!("flags of instance {i} differ at step {t} in {mode:?}"))?;
                finished += u64::from(view.ended(i));
            }
            for row in 0..rows {
                let (a, b) = (view.observations().row(row), recording.observations().row(t * rows + row));
                check(a.words() == b.words(), format!("observation row {row} differs at step {t} in {mode:?}"))?;
                if view.ended(row * N / rows) {
                    let (a, b) =
                        (view.final_observations().row(row), recording.final_observations().row(t * rows + row));
                    check(a.words() == b.words(), format!("last observation {row} differs at step {t} in {mode:?}"))?;
                }
                let (a, b) = (view.rewards()[row], recording.rewards()[t * rows + row]);
                check(a.to_bits() == b.to_bits(), format!("reward {row} is {a} and {b} at step {t} in {mode:?}"))?;
                transitions += 1;
            }
        }
        check(transitions > 0 && finished == recording.stats().episodes, "the number of episodes differs")?;
        let same = stepped.get_state(..)? == recorded.get_state(..)?;
        check(same, format!("the states differ at the end in {mode:?}"))?;
        check(stepped.view().episode_returns() == recorded.view().episode_returns(), "the returns differ")?;
        check(stepped.view().episode_lengths() == recorded.view().episode_lengths(), "the lengths differ")?;
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

/// Rollouts that are cut into several dispatches give what short ones give.
fn split_rollouts_equal_unsplit_ones(id: &str) -> Result<(), Failed> {
    // The first dispatch of a batch makes about 2^22 transitions, the rest follows in another.
    let (n, k) = (65_536, 68);
    let mut long = started(id, n, AutoresetMode::NextStep)?;
    let mut short = started(id, n, AutoresetMode::NextStep)?;
    let total = long.rollout(k)?;
    let (mut transitions, mut episodes) = (0, 0);
    for _ in 0..2 {
        let stats = short.rollout(k / 2)?;
        transitions += stats.transitions;
        episodes += stats.episodes;
    }
    check(total.transitions == transitions && total.episodes == episodes, "the statistics differ")?;
    check(long.get_state(..)? == short.get_state(..)?, "the states differ")?;
    check(long.view().episode_returns() == short.view().episode_returns(), "the returns differ")?;
    if long.spec().observation_words() > 4 {
        // Recordings of that length would need gigabytes.
        return Ok(());
    }
    let recording = long.record(k)?;
    let mut at = 0;
    for _ in 0..2 {
        let part = short.record(k / 2)?;
        let words = part.observations().words();
        check(recording.observations().words()[at..][..words.len()] == *words, "the recorded observations differ")?;
        at += words.len();
    }
    check(long.get_state(..)? == short.get_state(..)?, "the states differ after recordings")?;
    check(long.view().episode_lengths() == short.view().episode_lengths(), "the lengths differ after recordings")
}

/// Steps that a learner on the device makes give what steps from the host give.
fn device_steps_equal_host_steps(id: &str) -> Result<(), Failed> {
    let mut host = started(id, N, AutoresetMode::NextStep)?;
    let mut device = started(id, N, AutoresetMode::NextStep)?;
    let mut rng = SampleRng::new(9);
    for _ in 0..20 {
        let actions = random_actions(&host, &mut rng);
        step(&mut host, &actions)?;
        let on_device = device.on_device()?.ok_or("the batch is not on a GPU")?;
        let buffers = on_device.buffers();
        let bytes = match actions.as_actions() {
            Some(Actions::Discrete(a)) => a.iter().flat_map(|v| v.to_ne_bytes()).collect::<Vec<_>>(),
            Some(Actions::Continuous(a)) => a.iter().flat_map(|v| v.to_ne_bytes()).collect(),
            _ => return Err("samples are of these two types".into()),
        };
        buffers.queue.write_buffer(&buffers.actions, 0, &bytes);
        on_device.advance()?;
    }
    let view = device.read_back()?;
    check(view.observations().words() == host.observations().words(), "the observations differ")?;
    check(view.action_masks() == host.view().action_masks(), "the masks differ")?;
    check(view.rewards() == host.view().rewards(), "the rewards differ")?;
    check(device.get_state(..)? == host.get_state(..)?, "the states differ")
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
    let good = include_str!("../examples/user_env.wgsl");
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
