//! The same again: runs depend on the seed and nothing else, and can be taken up anywhere.

use std::sync::Mutex;

use shadergym_envs::{Actions, AutoresetMode, Batch, Level, RolloutStats, SampleRng, Snapshot, StepRows};

use crate::case::{Case, fingerprint, random_params, trace};

pub fn same_seed_same_run(case: &Case) {
    const CHUNK: usize = 2000;
    let chunks = case.steps(5, 100_000, CHUNK) / CHUNK;
    let (mut a, mut b) = (case.started(5, 11), case.started(5, 11));
    let mut other = case.started(5, 12);
    let (mut x, mut y) = (a.record(CHUNK).expect("records"), b.record(CHUNK).expect("records"));
    assert_ne!(fingerprint(&x), fingerprint(&other.record(CHUNK).expect("records")), "another seed, another run");
    for chunk in 1..=chunks {
        assert_eq!(fingerprint(&x), fingerprint(&y), "before step {}", chunk * CHUNK);
        a.record_into(CHUNK, None, &mut x).expect("records");
        b.record_into(CHUNK, None, &mut y).expect("records");
    }
    // A batch that has lived is as good as a new one.
    a.reset(11).expect("resets");
    let mut fresh = case.started(5, 11);
    assert_eq!(fingerprint(&a.record(500).expect("records")), fingerprint(&fresh.record(500).expect("records")));
}

pub fn batch_size_does_not_matter(case: &Case) {
    let run = |n| case.started(n, 21).record(300).expect("records");
    let (one, some, many) = (run(1), run(65), run(1000));
    assert_eq!(trace(&one, 0), trace(&some, 0));
    for i in [0, 1, 7, 8, 16, 63, 64] {
        assert_eq!(trace(&some, i), trace(&many, i), "instance {i}");
    }
}

pub fn instance_equals_single(case: &Case) {
    let seed = u64::MAX - 1; // wraps on the way
    let all = case.started(4, seed).record(400).expect("records");
    for i in 0..4 {
        let single = case.started(1, seed.wrapping_add(i as u64)).record(400).expect("records");
        assert_eq!(trace(&single, 0), trace(&all, i), "instance {i}");
    }
    let seeds = [9, 1 << 40, 3];
    let mut batch = case.open(3, |o| o);
    batch.reset_with(&seeds).expect("resets");
    let all = batch.record(100).expect("records");
    for (i, &seed) in seeds.iter().enumerate() {
        assert_eq!(trace(&case.started(1, seed).record(100).expect("records"), 0), trace(&all, i));
    }
}

pub fn recording_equals_single_steps(case: &Case) {
    const STEPS: usize = 700;
    let mut recorded = case.started(19, 31);
    let recording = recorded.record(STEPS).expect("records");
    let mut stepped = case.started(19, 31);
    let mut totals = RolloutStats { return_sum: vec![0.0; case.spec().agents], ..RolloutStats::default() };
    for t in 0..STEPS {
        let before = stepped.view().terminated().to_vec();
        let truncated_before = stepped.view().truncated().to_vec();
        let view = stepped.step(recording.actions_at(t)).expect("recorded actions are valid");
        for i in 0..19 {
            let at = t * 19 + i;
            let agents = case.spec().agents;
            let words = case.spec().observation_words();
            assert_eq!(view.terminated()[i], recording.terminated()[at], "step {t}, instance {i}");
            assert_eq!(view.truncated()[i], recording.truncated()[at], "step {t}, instance {i}");
            let of_step = view.rewards()[i * agents..(i + 1) * agents].iter().map(|r| r.to_bits());
            assert!(of_step.eq(recording.rewards()[at * agents..(at + 1) * agents].iter().map(|r| r.to_bits())));
            let range = i * words..(i + 1) * words;
            let recorded_range = at * words..(at + 1) * words;
            assert_eq!(
                view.observations().words()[range.clone()],
                recording.observations().words()[recorded_range.clone()]
            );
            let masks = case.spec().mask_words();
            assert_eq!(
                view.action_masks().map(|all| &all[i * masks..(i + 1) * masks]),
                recording.action_masks().map(|all| &all[at * masks..(at + 1) * masks])
            );
            if view.ended(i) {
                assert_eq!(
                    view.final_observations().words()[range],
                    recording.final_observations().words()[recorded_range]
                );
                totals.episodes += 1;
                totals.length_sum += u64::from(view.episode_lengths()[i]);
            }
            totals.transitions += u64::from(!(before[i] | truncated_before[i]));
        }
    }
    let stats = recording.stats();
    assert_eq!(
        (stats.transitions, stats.episodes, stats.length_sum),
        (totals.transitions, totals.episodes, totals.length_sum)
    );
    same_everywhere(&mut recorded, &mut stepped, false);
    // Recorded actions, given all at once.
    let mut given = case.started(19, 31);
    let again = given.record_with(STEPS, recording.actions()).expect("records");
    assert_eq!(fingerprint(&again), fingerprint(&recording));
    let mut fused = case.started(19, 31);
    assert_eq!(&fused.rollout(STEPS).expect("rolls out"), stats);
    same_everywhere(&mut recorded, &mut fused, true);
}

/// Two batches hold the same, bit by bit. With given actions the generators of random play are not used: `random` says
/// whether they must agree too.
fn same_everywhere(a: &mut Batch, b: &mut Batch, random: bool) {
    assert_eq!(a.get_state(..).expect("reads"), b.get_state(..).expect("reads"));
    assert_eq!(a.view().observations().words(), b.view().observations().words());
    assert_eq!(a.view().action_masks(), b.view().action_masks());
    assert_eq!(a.view().terminated(), b.view().terminated());
    assert_eq!(a.view().truncated(), b.view().truncated());
    assert_eq!(a.view().episode_lengths(), b.view().episode_lengths());
    assert_eq!(a.view().episode_returns(), b.view().episode_returns());
    if random {
        assert_eq!(fingerprint(&a.record(50).expect("records")), fingerprint(&b.record(50).expect("records")));
    }
}

/// Relative difference of one sum of returns and the sum of its parts: 2^-47 for each of up to some thousand episodes.
const SUM_TOLERANCE: f64 = 1e-11;

/// A call makes all the transitions that were asked for, however many, and what many calls make.
pub fn long_rollouts_make_every_transition(case: &Case) {
    const PART: usize = 1009;
    for (n, parts) in [(1, 200), (64, 20)] {
        let parts = case.steps(n, parts * PART, 2 * PART) / PART;
        for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep] {
            let started = || {
                let mut batch = case.open(n, |o| o.autoreset_mode(mode));
                batch.reset(23).expect("resets");
                batch
            };
            let (mut whole, mut pieces) = (started(), started());
            let stats = whole.rollout(parts * PART).expect("rolls out");
            let mut sum = RolloutStats::default();
            (0..parts).for_each(|_| sum += &pieces.rollout(PART).expect("rolls out"));
            let counts = |s: &RolloutStats| (s.transitions, s.episodes, s.length_sum);
            assert_eq!(counts(&stats), counts(&sum), "{n} instances, {mode:?}");
            for (a, b) in stats.return_sum.iter().zip(&sum.return_sum) {
                assert!((a - b).abs() <= SUM_TOLERANCE * a.abs().max(b.abs()), "returns add up to {a} and {b}");
            }
            // Under NEXT_STEP each end but those of the newest step is followed by a call that only starts.
            let ended = whole.view().ended_instances().count() as u64;
            let starts = if mode == AutoresetMode::NextStep { stats.episodes - ended } else { 0 };
            assert_eq!(stats.transitions + starts, (n * parts * PART) as u64, "{n} instances, {mode:?}");
            same_everywhere(&mut whole, &mut pieces, true);
        }
    }
}

pub fn snapshot_resumes(case: &Case) {
    let mut batch = case.started(35, 41);
    let params = random_params(case.spec(), 35, &mut SampleRng::new(1));
    batch.set_params_words(.., &params).expect("inside the box");
    batch.rollout(50).expect("rolls out");
    let half = &params[..17 * case.spec().params.words];
    batch.set_params_words(18..35, half).expect("inside the box");
    batch.rollout(333).expect("rolls out");
    let snapshot = Snapshot::from_bytes(&batch.snapshot().expect("reads").to_bytes()).expect("whole");
    assert_eq!(batch.snapshot().expect("reads"), snapshot, "reading changes nothing");
    let expected = batch.record(300).expect("records");
    let (lengths, returns) = (batch.view().episode_lengths().to_vec(), batch.view().episode_returns().to_vec());
    let mut other = case.started(35, 5);
    other.rollout(7).expect("rolls out");
    for batch in [&mut other, &mut batch] {
        batch.restore(&snapshot).expect("fits");
        assert_eq!(batch.snapshot().expect("reads"), snapshot);
        assert_eq!(fingerprint(&batch.record(300).expect("records")), fingerprint(&expected));
        assert_eq!((batch.view().episode_lengths(), batch.view().episode_returns()), (&lengths[..], &returns[..]));
    }
}

pub fn state_round_trip(case: &Case) {
    let mut batch = case.started(21, 51);
    batch.rollout(13).expect("rolls out");
    let states = batch.get_state(..).expect("reads");
    let observations = batch.observations().words().to_vec();
    let masks = batch.view().action_masks().map(<[u32]>::to_vec);
    batch.rollout(9).expect("rolls out");
    let moved = batch.observations().words().to_vec();
    // Some first: the others stay where they are.
    let (words, of_observation) = (case.spec().state.words, case.spec().observation_words());
    let chosen = [20, 3, 11];
    let rows: Vec<u32> = chosen.iter().flat_map(|&i| states[i * words..(i + 1) * words].to_vec()).collect();
    batch.set_state(&chosen, &rows).expect("a state that was");
    assert_eq!(batch.get_state(&chosen).expect("reads"), rows);
    for i in 0..21 {
        let expected = if chosen.contains(&i) { &observations } else { &moved };
        let range = i * of_observation..(i + 1) * of_observation;
        assert_eq!(batch.observations().words()[range.clone()], expected[range], "instance {i}");
    }
    batch.set_state(.., &states).expect("states that were");
    assert_eq!(batch.get_state(..).expect("reads"), states);
    assert_eq!(batch.observations().words(), observations);
    assert_eq!(batch.view().action_masks(), masks.as_deref());
    assert!(!batch.view().ended_instances().any(|_| true), "all live again");
    assert_eq!(batch.rollout(1).expect("rolls out").transitions, 21);
}

pub fn levels_equal_the_plain_reference(case: &Case) {
    let steps = case.steps(67, 2000, 300);
    let run = |level: Level, spread: bool| {
        let mut batch = case.open(67, |o| o.level(level));
        if spread {
            let params = random_params(case.spec(), 67, &mut SampleRng::new(3));
            batch.set_params_words(.., &params).expect("inside the box");
        }
        batch.reset(61).expect("resets");
        let recording = batch.record(steps).expect("records");
        let image = batch.render(66, 24, 16).expect("renders");
        (fingerprint(&recording), image, recording)
    };
    for spread in [false, true] {
        let plain = run(Level::Scalar, spread);
        for level in Level::available().into_iter().filter(|&l| l != Level::Scalar) {
            let lanes = run(level, spread);
            if plain.0 != lanes.0 {
                for i in 0..67 {
                    let (a, b) = (trace(&plain.2, i), trace(&lanes.2, i));
                    let step = a.iter().zip(&b).position(|(a, b)| a != b);
                    assert!(
                        step.is_none(),
                        "{level}, instance {i}, step {step:?}: {:x?}",
                        step.map(|t| (&a[t], &b[t]))
                    );
                }
            }
            assert_eq!(plain.1, lanes.1, "pictures of {level}");
        }
    }
}

pub fn thread_count_does_not_matter(case: &Case) {
    let run = |threads| {
        let mut batch = case.open(20_011, |o| o.num_threads(threads));
        batch.reset(71).expect("resets");
        let stats = batch.rollout(40).expect("rolls out");
        let recording = batch.record(3).expect("records");
        outputs_are_delivered_once(&mut batch, recording.actions_at(2));
        (stats, fingerprint(&recording), batch.snapshot().expect("reads"))
    };
    let one = run(1);
    for threads in [2, 5] {
        let several = run(threads);
        assert_eq!((&several.0, several.1), (&one.0, one.1), "{threads} threads");
        assert_eq!(several.2, one.2, "{threads} threads");
    }
}

/// A step whose outputs are given out range by range, from whatever thread: each instance's once, and those of the batch.
fn outputs_are_delivered_once(batch: &mut Batch, actions: Actions<'_>) {
    let (n, agents, words) = (batch.num_envs(), batch.agents(), batch.spec().observation_words());
    let given = Mutex::new(vec![None; n]);
    let row = |observations: &[u32], rewards: &[f32], flags: [bool; 2], k: usize| {
        let rewards: Vec<u32> = rewards[k * agents..][..agents].iter().map(|r| r.to_bits()).collect();
        (observations[k * words..][..words].to_vec(), rewards, flags)
    };
    let deliver = |rows: StepRows| {
        let mut given = given.lock().expect("nobody panics");
        for k in 0..rows.terminated.len() {
            let flags = [rows.terminated[k], rows.truncated[k]];
            let before = given[rows.first + k].replace(row(rows.observations.words(), rows.rewards, flags, k));
            assert!(before.is_none(), "instance {} was given out twice", rows.first + k);
        }
    };
    let view = batch.step_delivered(actions, &deliver).expect("steps");
    for (i, given) in given.into_inner().expect("nobody panics").into_iter().enumerate() {
        let flags = [view.terminated()[i], view.truncated()[i]];
        assert_eq!(given, Some(row(view.observations().words(), view.rewards(), flags, i)), "instance {i}");
    }
}
