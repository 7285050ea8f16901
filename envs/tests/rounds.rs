//! Drivers that let an invocation make only so many rounds of loops: whatever takes longer is made in parts or refused,
//! never given back half done. On drivers without such a limit the same calls must simply work.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_envs::gpu::{GpuContext, adapters};
use shadergym_envs::{AutoresetMode, Batch, BatchOptions, Device, Error, Level, RolloutStats, make_from_file};
use shadergym_selftest::selftests;

#[path = "../../shaders/tests/common/mod.rs"]
mod common;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shaders/tests/selftest/torture_rounds.wgsl");
const MODES: [AutoresetMode; 3] = [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled];
/// A step of the test environment makes about 300 rounds, so llvmpipe's 65,535 last for about 200 steps.
const STEPS: usize = 1500;
/// More rounds than any driver with a limit allows to one step.
const TOO_MANY: f64 = 90_000.0;

type Test = fn() -> Result<(), Failed>;

const TESTS: &[(&str, Test)] = &[
    ("long_rollouts_equal_the_lanes", long_rollouts_equal_the_lanes),
    ("long_rollouts_equal_short_ones", long_rollouts_equal_short_ones),
    ("recordings_with_given_actions_equal_steps", recordings_with_given_actions_equal_steps),
    ("steps_that_are_too_long_are_refused", steps_that_are_too_long_are_refused),
    ("starts_and_pictures_that_are_too_long_are_refused", starts_and_pictures_that_are_too_long_are_refused),
    ("learners_on_the_device_are_told", learners_on_the_device_are_told),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = adapters().is_empty() && std::env::var_os("SHADERGYM_REQUIRE_GPU").is_none();
    let trial = |(name, test): &(&str, Test)| {
        let test = *test;
        Trial::test(*name, test).with_ignored_flag(missing)
    };
    libtest_mimic::run(&arguments, TESTS.iter().map(trial).collect()).exit_code()
}

fn batch(n: usize, mode: AutoresetMode) -> Result<Batch, Failed> {
    let mut batch = make_from_file(FILE, &BatchOptions::new(n).device(Device::Gpu(None)).autoreset_mode(mode))?;
    batch.reset(5)?;
    Ok(batch)
}

fn check(condition: bool, what: impl Into<String>) -> Result<(), Failed> {
    if condition { Ok(()) } else { Err(what.into().into()) }
}

fn long_rollouts_equal_the_lanes() -> Result<(), Failed> {
    let environment = selftests().iter().find(|e| e.stem == "torture_rounds").ok_or("a self-test environment")?;
    for n in [1, 64] {
        let mut gpu = batch(n, AutoresetMode::NextStep)?;
        let mut lanes = common::Lanes::new(environment, Level::best(), n).ok_or("the best level is there")?;
        lanes.reset(5);
        let stats = gpu.rollout(STEPS)?;
        lanes.play(STEPS);
        check(gpu.get_state(..)? == lanes.states(), format!("the states of {n} instances differ"))?;
        check(stats.transitions > (STEPS * n * 9 / 10) as u64, format!("{stats:?} of {STEPS} calls of {n} instances"))?;
    }
    Ok(())
}

fn long_rollouts_equal_short_ones() -> Result<(), Failed> {
    for mode in MODES {
        for n in [1, 70] {
            let (mut long, mut short) = (batch(n, mode)?, batch(n, mode)?);
            for _ in 0..2 {
                let whole = long.rollout(STEPS)?;
                let mut sum = RolloutStats { return_sum: vec![0.0], ..RolloutStats::default() };
                for _ in 0..STEPS / 50 {
                    if mode == AutoresetMode::Disabled && short.view().ended_instances().next().is_some() {
                        break;
                    }
                    sum += &short.rollout(50)?;
                }
                if mode == AutoresetMode::Disabled {
                    // Ended instances stand still in the long call; the short ones are over with the first end.
                    check(whole.episodes == n as u64, format!("{whole:?}"))?;
                    long.reset(5)?;
                    short.reset(5)?;
                    continue;
                }
                check(whole == sum, format!("{mode:?}: {whole:?} in one call, {sum:?} in short ones"))?;
                check(long.get_state(..)? == short.get_state(..)?, format!("{mode:?}: the states differ"))?;
                check(long.observations().words() == short.observations().words(), "the observations differ")?;
                let same = long.view().episode_returns() == short.view().episode_returns();
                check(same && long.view().episode_lengths() == short.view().episode_lengths(), "the episodes differ")?;
                if mode == AutoresetMode::SameStep {
                    check(whole.transitions == (STEPS * n) as u64, format!("{whole:?}"))?;
                }
            }
        }
    }
    Ok(())
}

fn recordings_with_given_actions_equal_steps() -> Result<(), Failed> {
    const N: usize = 3;
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep] {
        let (mut recorded, mut stepped) = (batch(N, mode)?, batch(N, mode)?);
        let drawn = recorded.record(STEPS)?;
        recorded.reset(5)?;
        let given = recorded.record_with(STEPS, drawn.actions())?;
        check(drawn.observations().words() == given.observations().words(), "given actions play differently")?;
        check(drawn.stats() == given.stats(), "the statistics of given actions differ")?;
        for t in 0..STEPS {
            let view = stepped.step(drawn.actions_at(t))?;
            let row = t * N..(t + 1) * N;
            check(view.rewards() == &drawn.rewards()[row.clone()], format!("{mode:?}: rewards of step {t}"))?;
            check(view.terminated() == &drawn.terminated()[row.clone()], format!("{mode:?}: ends of step {t}"))?;
            let words = view.observations().words().len();
            let expected = &drawn.observations().words()[t * words..(t + 1) * words];
            check(view.observations().words() == expected, format!("{mode:?}: observations of step {t}"))?;
        }
        let same = stepped.get_state(..)? == recorded.get_state(..)?;
        check(same, format!("{mode:?}: the states differ after {STEPS} steps"))?;
    }
    Ok(())
}

/// What a call gave must be an error exactly where the driver has a limit, and the error must say what to do.
fn refused<T>(result: Result<T, Error>, what: &str) -> Result<(), Failed> {
    let limit = GpuContext::shared(None)?.loop_rounds;
    match (limit, result) {
        (None, Ok(_)) => Ok(()),
        (Some(rounds), Err(error @ Error::LoopsCut { .. })) => {
            let text = error.to_string();
            let told =
                [rounds.to_string().as_str(), "TestRounds-v0", "cpu device", what].iter().all(|t| text.contains(t));
            check(told, text)
        }
        (limit, Ok(_)) => Err(format!("{what} went through, the driver allows {limit:?} rounds").into()),
        (limit, Err(error)) => Err(format!("{error}; the driver allows {limit:?} rounds").into()),
    }
}

fn steps_that_are_too_long_are_refused() -> Result<(), Failed> {
    for mode in MODES {
        let mut batch = batch(5, mode)?;
        // One of five: the others have nothing to do with it, but the call fails as a whole.
        batch.set_param(2, "step_rounds", TOO_MANY)?;
        batch.step(&[0u32; 5])?;
        batch.reset(6)?;
        refused(batch.step(&[0u32; 5]).map(|_| ()), "a step")?;
        refused(batch.step(&[0u32; 5]).map(|_| ()), "a step")?;
        refused(batch.rollout(40), "a step")?;
        refused(batch.record(40), "a step")?;
        batch.set_param(2, "step_rounds", 30.0)?;
        // Nobody has wrong values afterwards.
        let mut fresh = self::batch(5, mode)?;
        batch.reset(5)?;
        batch.rollout(20)?;
        fresh.rollout(20)?;
        check(batch.get_state(..)? == fresh.get_state(..)?, format!("{mode:?}: a reset does not make it good"))?;
        // A masked reset is enough.
        batch.set_param(2, "step_rounds", TOO_MANY)?;
        batch.reset(6)?;
        refused(batch.rollout(40), "a step")?;
        batch.set_param(2, "step_rounds", 30.0)?;
        batch.reset_masked(&[true, true, true, true, true], 5)?;
        fresh.reset(5)?;
        batch.rollout(20)?;
        fresh.rollout(20)?;
        check(batch.get_state(..)? == fresh.get_state(..)?, format!("{mode:?}: a masked reset does not make it good"))?;
    }
    Ok(())
}

fn starts_and_pictures_that_are_too_long_are_refused() -> Result<(), Failed> {
    let mut batch = batch(5, AutoresetMode::NextStep)?;
    batch.set_param(.., "pixel_rounds", TOO_MANY)?;
    batch.render(0, 8, 8)?;
    batch.reset(5)?;
    refused(batch.render(0, 8, 8), "a picture")?;
    batch.rollout(10)?;
    batch.set_param(3, "start_rounds", TOO_MANY)?;
    let before = batch.get_state(0..2)?;
    refused(batch.reset_masked(&[false, false, false, true, true], 7).map(|_| ()), "a start")?;
    check(batch.get_state(0..2)? == before, "instances that were not reset have changed")?;
    Ok(())
}

fn learners_on_the_device_are_told() -> Result<(), Failed> {
    let mut batch = batch(5, AutoresetMode::SameStep)?;
    let steps = |batch: &mut Batch| -> Result<Result<(), Error>, Failed> {
        for _ in 0..3 {
            batch.on_device()?.ok_or("the batch is on a GPU")?.advance()?;
        }
        Ok(batch.read_back().map(|_| ()))
    };
    steps(&mut batch)??;
    batch.set_param(4, "step_rounds", TOO_MANY)?;
    batch.reset(5)?;
    let result = steps(&mut batch)?;
    refused(result, "a step")
}
