//! The same transitions made in different ways: step by step or recorded, in pieces, gathered, on the device.

use libtest_mimic::Failed;
use shadergym_envs::{Actions, AutoresetMode, Batch, Device, Recording, SampleRng, StepView, make_with, spec};

use super::{N, bytes, check, options, random_actions, started, step};

/// A recorded rollout of K transitions gives what K steps with its actions give.
pub fn recording_equals_steps(id: &str) -> Result<(), Failed> {
    recorded_equals_stepped(id, |_| Ok(()))
}

/// So does one in many pieces, of which the host takes over one while the device makes the next.
pub fn pieces_of_a_recording_equal_steps(id: &str) -> Result<(), Failed> {
    recorded_equals_stepped(id, |batch| {
        let mut on_device = batch.on_device()?.ok_or("the batch is not on a GPU")?;
        let mut bytes = 1024;
        let calls = loop {
            match on_device.record_in_pieces(bytes, K) {
                calls if calls >= 3 => break calls,
                _ => bytes *= 2,
            }
        };
        check(4 * calls < K, format!("{calls} of {K} transitions in a piece: too few pieces"))
    })
}

/// Transitions of a recording that is compared with steps.
const K: usize = 40;

/// Recorded by a batch that was prepared, with actions drawn and given, against steps and, where all numbers are integers,
/// against the CPU.
fn recorded_equals_stepped(id: &str, prepare: impl Fn(&mut Batch) -> Result<(), Failed>) -> Result<(), Failed> {
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep] {
        let options = options(N).autoreset_mode(mode).max_episode_steps(15);
        let recording_batch = || -> Result<Batch, Failed> {
            let mut batch = make_with(id, &options)?;
            batch.reset(5)?;
            prepare(&mut batch)?;
            Ok(batch)
        };
        let mut recorded = recording_batch()?;
        let recording = recorded.record(K)?;
        if mode == AutoresetMode::SameStep {
            let again = recording_batch()?.record_with(K, recording.actions())?;
            same_recordings(&recording, &again).map_err(|what| format!("{what} with given actions"))?;
        }
        if recorded.spec().integer {
            let mut cpu = make_with(id, &options.clone().device(Device::Cpu))?;
            cpu.reset(5)?;
            same_recordings(&recording, &cpu.record(K)?).map_err(|what| format!("{what} on the CPU in {mode:?}"))?;
        }
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

/// What differs between two recordings.
fn same_recordings(a: &Recording, b: &Recording) -> Result<(), String> {
    let same = [
        ("observations differ", a.observations().words() == b.observations().words()),
        ("rewards differ", a.rewards().iter().map(|r| r.to_bits()).eq(b.rewards().iter().map(|r| r.to_bits()))),
        ("ends differ", (a.terminated(), a.truncated()) == (b.terminated(), b.truncated())),
        ("masks differ", a.action_masks() == b.action_masks()),
        ("infos differ", a.infos() == b.infos()),
        ("statistics differ", a.stats() == b.stats()),
    ];
    same.into_iter().find(|(_, same)| !same).map_or(Ok(()), |(what, _)| Err(what.to_owned()))
}

/// Rollouts that are cut into several dispatches give what short ones give.
pub fn split_rollouts_equal_unsplit_ones(id: &str) -> Result<(), Failed> {
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
pub fn device_steps_equal_host_steps(id: &str) -> Result<(), Failed> {
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

/// Rows that workgroups gather and write together are those that each instance writes by itself.
pub fn gathered_rows_equal_single_ones(id: &str) -> Result<(), Failed> {
    // Two whole workgroups and a part of one.
    let n = 2 * N;
    let mut gathering = started(id, n, AutoresetMode::SameStep)?;
    let mut alone = started(id, n, AutoresetMode::SameStep)?;
    for (batch, gather) in [(&mut gathering, true), (&mut alone, false)] {
        batch.on_device()?.ok_or("the batch is not on a GPU")?.gather_rows(gather);
    }
    let mut rng = SampleRng::new(4);
    for call in 0..30 {
        for batch in [&mut gathering, &mut alone] {
            let actions = random_actions(batch, &mut rng.clone());
            if call % 2 == 0 { step(batch, &actions)? } else { drop(batch.rollout(7)?) }
        }
        random_actions(&alone, &mut rng);
        let (a, b) = (gathering.view(), alone.view());
        check(a.observations().words() == b.observations().words(), format!("observations differ in call {call}"))?;
        check(a.action_masks() == b.action_masks(), format!("masks differ in call {call}"))?;
        let words = |view: &StepView<'_>| view.global_states().map(|states| states.words().to_vec());
        check(words(&a) == words(&b), format!("global states differ in call {call}"))?;
    }
    check(bytes(&mut gathering)? == bytes(&mut alone)?, "the batches differ at the end")
}

/// Under SAME_STEP the last observations of a large batch are read by themselves, and only where an instance has ended.
pub fn last_rows_are_those_of_a_recording(id: &str) -> Result<(), Failed> {
    let facts = spec(id)?;
    // A megabyte of them.
    let n = (1 << 18) / (facts.observation_words() + facts.global_words());
    let options = options(n).autoreset_mode(AutoresetMode::SameStep).max_episode_steps(8);
    let (mut stepped, mut recorded) = (make_with(id, &options)?, make_with(id, &options)?);
    for batch in [&mut stepped, &mut recorded] {
        batch.reset(7)?;
    }
    let (mut ends, mut natural) = (Vec::new(), 0);
    // A few start anew on the way, so that they meet the time limit by themselves.
    let few: Vec<bool> = (0..n).map(|i| i % 1009 == 0).collect();
    for part in [3, 9] {
        let recording = recorded.record(part)?;
        for t in 0..part {
            let view = stepped.step(recording.actions_at(t))?;
            let row = |words: &[u32], i: usize, of: usize| words[i * (words.len() / of)..][..words.len() / of].to_vec();
            let globals = [view.final_global_states(), recording.final_global_states()];
            let globals = globals.map(|states| states.map_or(Vec::new(), |states| states.words().to_vec()));
            for i in view.ended_instances() {
                let (a, b) = (view.final_observations().words(), recording.final_observations().words());
                let at = t * n + i;
                let same = row(a, i, n) == row(b, at, part * n)
                    && row(&globals[0], i, n) == row(&globals[1], at, part * n)
                    && recording.terminated()[at] | recording.truncated()[at];
                check(same, format!("the last row of instance {i} differs at step {t}"))?;
            }
            ends.push(view.ended_instances().count());
            natural = natural.max(recording.terminated()[t * n..(t + 1) * n].iter().filter(|&&ended| ended).count());
        }
        for batch in [&mut stepped, &mut recorded] {
            batch.reset_masked(&few, 3)?;
        }
    }
    // None, a few, many: that is the time limit's doing, unless the environment itself ends more than a few within a step.
    if natural > n / 20 {
        return Ok(());
    }
    check(ends.iter().any(|&ended| ended > n / 2), format!("never did most of {n} instances end: {ends:?}"))?;
    check(ends.iter().any(|&ended| (1..=n / 20).contains(&ended)), format!("never did few of {n} end: {ends:?}"))
}
