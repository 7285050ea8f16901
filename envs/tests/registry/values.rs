//! What comes out is what was promised: spaces, finite numbers, pictures; what cannot go in is refused.

use shadergym_envs::{Actions, AutoresetMode, Error, Facts, Kind, Observations, SampleRng, Space};

use crate::case::{Case, action_words, check_observations, choices, random_params};

pub fn spaces_contain_what_comes_out(case: &Case) {
    let mut batch = case.started(67, 3);
    let spec = case.spec();
    let space = batch.single_observation_space().clone();
    let global = Space::of_global_state(spec);
    check_observations(batch.observations(), &space, "after reset", |_| true);
    assert_eq!(batch.view().global_states().is_some(), global.is_some());
    assert_eq!(batch.observation_space().as_floats().elements(), batch.observations().elements());
    let mut rng = SampleRng::new(1);
    let all_actions = batch.action_space();
    for t in 0..64 {
        let actions = all_actions.sample(&mut rng);
        let view = batch.step(actions.as_actions().expect("integers or floats")).expect("a sample of the action space");
        check_observations(view.observations(), &space, &format!("step {t}"), |_| true);
        assert_eq!(view.rewards().len(), 67 * case.spec().agents);
    }
    let agents = case.spec().agents;
    let one_action = batch.single_action_space().clone();
    for _ in 0..4 {
        let recording = batch.record(500).expect("records");
        check_observations(recording.observations(), &space, "random play", |_| true);
        check_sizes(spec, recording.observations());
        let ended = |row: usize| recording.terminated()[row / agents] | recording.truncated()[row / agents];
        check_observations(recording.final_observations(), &space, "final observations", ended);
        if let (Some(space), Some(seen), Some(last)) =
            (&global, recording.global_states(), recording.final_global_states())
        {
            check_observations(seen, space, "global states", |_| true);
            check_observations(last, space, "final global states", |row| ended(row * agents));
        }
        let words = case.spec().action.words();
        if let (Actions::Discrete(values), false) = (recording.actions(), spec.agent_actions.is_empty()) {
            let own = values.iter().zip(spec.agent_actions.iter().cycle());
            assert!(own.clone().all(|(action, count)| action < count), "an action that its agent does not have");
            assert!(own.clone().any(|(action, count)| action + 1 == *count), "an action is never drawn");
        }
        match recording.actions() {
            Actions::Continuous(values) => values.chunks(words).for_each(|a| assert!(one_action.contains(a), "{a:?}")),
            Actions::Discrete(values) => values.chunks(words).for_each(|a| assert!(one_action.contains(a), "{a:?}")),
            _ => unreachable!("recordings hold these two"),
        }
    }
}

/// What an agent does not have of the common observation is 0, and what it has is not always.
fn check_sizes(spec: &Facts, observations: Observations<'_>) {
    let elements = spec.observation.flat_elements();
    let mut seen = vec![false; spec.agents * elements];
    let mut values = vec![0.0; elements];
    for row in 0..observations.rows() {
        let agent = row % spec.agents;
        observations.row(row).unpack_f32(&mut values).expect("a row");
        let size = spec.agent_observations.get(agent).copied().unwrap_or(elements);
        assert!(values[size..].iter().all(|v| *v == 0.0), "agent {agent} has {size} elements: {values:?}");
        seen[agent * elements..].iter_mut().zip(&values).for_each(|(seen, v)| *seen |= *v != 0.0);
    }
    for (agent, &size) in spec.agent_observations.iter().enumerate() {
        assert!(seen[agent * elements + size - 1], "the last element of agent {agent} is never anything but 0");
    }
}

/// A teacher may choose any point of the box of parameters.
pub fn spaces_hold_for_all_params(case: &Case) {
    let mut rng = SampleRng::new(2);
    let mut batch = case.open(67, |o| o);
    let space = batch.single_observation_space().clone();
    let agents = case.spec().agents;
    for round in 0..8 {
        let params = random_params(case.spec(), 67, &mut rng);
        batch.set_params_words(.., &params).expect("inside the box");
        batch.reset(round).expect("resets");
        assert_eq!(batch.params_words(..).expect("reads"), params);
        check_observations(batch.observations(), &space, "after reset", |_| true);
        let recording = batch.record(300).expect("records");
        check_observations(recording.observations(), &space, "random play", |_| true);
        let ended = |row: usize| recording.terminated()[row / agents] | recording.truncated()[row / agents];
        check_observations(recording.final_observations(), &space, "final observations", ended);
        assert!(recording.rewards().iter().all(|r| r.is_finite()));
    }
}

/// How far the number of times that an action was drawn may be off what its chances add up to, in standard deviations.
const DRAWN_SIGMAS: f64 = 6.0;

/// Masks belong to the observation before the action; where there are none, None says so. Every choice has a legal
/// action at any time, and random play draws the legal ones alike, also in calls whose action is ignored.
pub fn random_play_is_legal(case: &Case) {
    let (n, steps) = (67, 400);
    let (spec, choices) = (case.spec(), choices(case.spec()));
    let (agents, words) = (spec.agents, spec.action.mask_words());
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled] {
        let mut batch = case.open(n, |o| o.autoreset_mode(mode));
        batch.reset(13).expect("resets");
        let Some(first) = batch.view().action_masks().map(<[u32]>::to_vec) else {
            assert!(!spec.action_mask && batch.record(2).expect("records").action_masks().is_none());
            return;
        };
        let recording = batch.record(steps).expect("records");
        let masks = [&first, recording.action_masks().expect("as the view")].concat();
        assert_eq!((masks.len(), spec.mask_words()), ((steps + 1) * n * agents * words, agents * words));
        let is_legal = |row: usize, bit: usize| masks[row * words + bit / 32] >> (bit % 32) & 1 == 1;
        for row in 0..(steps + 1) * n * agents {
            assert!(choices.iter().all(|c| c.clone().any(|bit| is_legal(row, bit))), "{mode:?}: nothing to choose");
            assert!((spec.action.mask_bits()..32 * words).all(|bit| !is_legal(row, bit)), "bits past the last action");
        }
        // Row `row` of the actions was chosen by row `row` of the masks, which begin one step earlier.
        let (mut excess, mut variance) = (vec![0.0; spec.action.mask_bits()], vec![0.0; spec.action.mask_bits()]);
        for (row, actions) in action_words(recording.actions()).chunks_exact(choices.len()).enumerate() {
            for (choice, &action) in choices.iter().zip(actions) {
                assert!(is_legal(row, choice.start + action as usize), "{mode:?}: action {action} in row {row}");
                let legal = choice.clone().filter(|&bit| is_legal(row, bit));
                let chance = 1.0 / legal.clone().count() as f64;
                for bit in legal {
                    excess[bit] += f64::from(u8::from(bit == choice.start + action as usize)) - chance;
                    variance[bit] += chance * (1.0 - chance);
                }
            }
        }
        for (bit, (excess, variance)) in excess.iter().zip(&variance).enumerate() {
            assert!(
                excess * excess <= DRAWN_SIGMAS * DRAWN_SIGMAS * variance,
                "{mode:?}: bit {bit} is off by {excess}"
            );
        }
    }
}

pub fn random_play_stays_finite(case: &Case) {
    let n = 1000;
    let wanted = (n * case.steps(n, 10_000, 250)) as u64;
    let mut batch = case.started(n, 77);
    let kinds = case.spec().state.kinds();
    let mut transitions = 0;
    while transitions < wanted {
        let stats = batch.rollout(250).expect("rolls out");
        assert!(stats.transitions > 0, "instances get stuck");
        assert!(stats.return_sum.iter().all(|r| r.is_finite()), "{stats:?}");
        transitions += stats.transitions;
        assert!(batch.view().rewards().iter().all(|r| r.is_finite()));
        if let Some(values) = batch.observations().as_f32() {
            assert!(values.iter().all(|v| v.is_finite()));
        }
        for (at, (word, kind)) in batch.get_state(..).expect("reads").iter().zip(kinds.iter().cycle()).enumerate() {
            assert!(*kind != Kind::F32 || f32::from_bits(*word).is_finite(), "state word {at} is {word:#x}");
        }
    }
}

/// Any finite action is executed: what lies outside the bounds must not make a state, a reward or a return infinite.
pub fn actions_far_outside_leave_all_finite(case: &Case) {
    const VALUES: [f32; 9] = [1e30, -1e30, f32::MAX, f32::MIN, 1e20, -1e10, 1e-45, -0.0, 3.0];
    const STEPS: usize = 400;
    let (n, words) = (VALUES.len() + 4, case.spec().action_words());
    let mut rng = SampleRng::new(4);
    let kinds = case.spec().state.kinds();
    for seed in 0..4 {
        let mut batch = case.open(n, |o| o);
        // The default parameters first, then points of the box.
        if seed > 0 {
            let params = random_params(case.spec(), n, &mut rng);
            batch.set_params_words(.., &params).expect("inside the box");
        }
        batch.reset(seed).expect("resets");
        let space = batch.single_observation_space().clone();
        // The first instances stick to one value each, the others change.
        let mut pick =
            |i: usize| VALUES.get(i).copied().unwrap_or_else(|| VALUES[rng.below(VALUES.len() as u32) as usize]);
        let actions: Vec<f32> = (0..STEPS * n * words).map(|at| pick(at / words % n)).collect();
        let recording = batch.record_with(STEPS, &actions).expect("finite actions are executed");
        check_observations(recording.observations(), &space, "actions far outside", |_| true);
        assert!(recording.rewards().iter().all(|r| r.is_finite()), "rewards are finite");
        assert!(recording.stats().return_sum.iter().all(|r| r.is_finite()), "{:?}", recording.stats());
        assert!(batch.view().episode_returns().iter().all(|r| r.is_finite()), "returns are finite");
        for (at, (word, kind)) in batch.get_state(..).expect("reads").iter().zip(kinds.iter().cycle()).enumerate() {
            assert!(*kind != Kind::F32 || f32::from_bits(*word).is_finite(), "state word {at} is {word:#x}");
        }
    }
}

pub fn pictures_show_something(case: &Case) {
    let mut batch = case.started(3, 5);
    assert!(case.spec().pixel_aspect.is_some(), "every shipped environment has a picture");
    for steps in [0, 20] {
        if steps > 0 {
            batch.rollout(steps).expect("rolls out");
        }
        for (width, height) in [(96, 64), (37, 53)] {
            let image = batch.render(2, width, height).expect("renders");
            assert_eq!((image.width, image.height, image.rgb.len()), (width, height, width * height * 3));
            let first = &image.rgb[..3];
            let other = image.rgb.chunks_exact(3).filter(|p| *p != first).count();
            assert!(
                other * 200 > width * height,
                "at least half a percent differs from the corner, got {other} pixels"
            );
        }
    }
    let again = batch.render(2, 96, 64).expect("renders");
    assert_eq!(again, batch.render(2, 96, 64).expect("renders"), "drawing changes nothing");
}

/// The checks themselves are tested on a mock; here that each back end is left as it was by a refused call.
pub fn bad_input_is_refused(case: &Case) {
    let mut batch = case.started(5, 1);
    batch.rollout(3).expect("rolls out");
    let words = 5 * case.spec().action_words();
    let before = batch.snapshot().expect("reads");
    for result in [
        batch.step(&vec![f32::NAN; words]).map(|_| ()),
        batch.step(&vec![u32::MAX; words]).map(|_| ()),
        batch.step(&vec![-1i64; words]).map(|_| ()),
        batch.step(&vec![0i64; words + 1]).map(|_| ()),
        batch.rollout(0).map(|_| ()),
        batch.set_param(.., "no such parameter", 1.0),
        batch.set_params_words(5, &[]),
        batch.set_state(0, &[]),
        batch.reset_masked(&[false; 5], None).map(|_| ()),
        batch.render(5, 8, 8).map(|_| ()),
    ] {
        let error = result.expect_err("bad input is refused");
        assert!(error.to_string().len() > 20, "{error}");
    }
    assert_eq!(batch.snapshot().expect("reads"), before);
    batch.rollout(10).expect("still usable");
    batch.close();
    assert!(matches!(batch.rollout(1), Err(Error::Closed { .. })));
}
