//! The rules of a batch on a mock back end: what is refused, that a refusal changes nothing, what is kept.

use shadergym_compiler::ActionSpace;

use super::*;
use crate::backend::mock::{batch, facts};
use crate::params::Params;

fn started(n: usize) -> Batch {
    let mut batch = batch(&facts(|_| ()), &BatchOptions::new(n)).unwrap();
    batch.reset(5).unwrap();
    batch
}

/// Runs a call that must fail, checks that nothing changed, and gives the error's text.
fn refused<T>(batch: &mut Batch, call: impl FnOnce(&mut Batch) -> Result<T>) -> Error {
    let before = batch.snapshot().unwrap();
    let error = call(batch).map(|_| ()).unwrap_err();
    assert_eq!(batch.snapshot().unwrap(), before, "a refused call changed the batch: {error}");
    error
}

#[test]
fn a_batch_may_move_to_another_thread() {
    fn send<T: Send>() {}
    send::<Batch>();
    send::<Snapshot>();
    send::<Recording>();
}

#[test]
fn options_outside_their_ranges_are_refused() {
    let facts = facts(|_| ());
    for (options, text) in [
        (BatchOptions::new(0), "`num_envs` is 0"),
        (BatchOptions::new(1).num_threads(0), "`num_threads` is 0"),
        (BatchOptions::new(1).sticky_action_probability(1.5), "is 1.5, allowed is a probability, 0 to 1"),
        (BatchOptions::new(1).sticky_action_probability(f32::NAN), "is NaN"),
    ] {
        let error = batch(&facts, &options).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    let other = crate::backend::mock::facts(|f| f.id = "Other-v1".to_owned());
    let error = batch(&facts, &BatchOptions::new(1).params(Params::defaults(&other))).unwrap_err().to_string();
    assert!(error.contains("those of Other-v1") && error.contains("parameters of Mock-v1"), "{error}");
}

#[test]
fn calls_out_of_order_are_refused() {
    let mut batch = batch(&facts(|_| ()), &BatchOptions::new(2)).unwrap();
    let text = batch.step(&[0u32, 0]).map(|_| ()).unwrap_err().to_string();
    assert_eq!(text, "step before the first reset; call reset first");
    assert!(matches!(batch.rollout(1), Err(Error::ResetNeeded { mask: false, .. })));
    assert!(matches!(batch.get_state(..), Err(Error::ResetNeeded { .. })));
    assert!(matches!(batch.render(0, 2, 2), Err(Error::ResetNeeded { .. })));
    assert!(matches!(batch.reset_masked(&[true, false], 1), Err(Error::ResetNeeded { .. })));
    batch.reset_masked(&[true, true], 1).unwrap();
    batch.step(&[0u32, 0]).unwrap();
    batch.close();
    assert!(matches!(batch.step(&[0u32, 0]), Err(Error::Closed { .. })));
    assert!(matches!(batch.reset(1), Err(Error::Closed { .. })));
    assert!(matches!(batch.set_param(.., "start", 1.0), Err(Error::Closed { .. })));
    assert!(matches!(batch.bytes_per_instance(), Err(Error::Closed { .. })));
}

#[test]
fn actions_that_do_not_fit_are_refused_and_change_nothing() {
    let mut batch = started(4);
    for (error, text) in [
        (refused(&mut batch, |b| b.step(&[0u32; 3]).map(|_| ())), "actions has 3 elements, expected 4"),
        (refused(&mut batch, |b| b.step(&[0.0f32; 4]).map(|_| ())), "actions are f32, this environment takes integers"),
        (refused(&mut batch, |b| b.step(&[0u32, 1, 3, 9]).map(|_| ())), "action 3 of instance 2 (agent 0, element 0)"),
        (refused(&mut batch, |b| b.step(&[0i32, -1, 0, 0]).map(|_| ())), "action -1 of instance 1"),
        (refused(&mut batch, |b| b.step(&[0i64, 0, 0, 1 << 40]).map(|_| ())), "action 1099511627776 of instance 3"),
        (refused(&mut batch, |b| b.step(&[0i64, 0, 0, -7]).map(|_| ())), "action -7 of instance 3"),
        (refused(&mut batch, |b| b.rollout_with(2, &[0u32, 0, 0, 0, 0, 4, 0, 0])), "action 4 at step 1 of instance 1"),
        (refused(&mut batch, |b| b.rollout_with(3, &[0u32; 4])), "expected 12 (steps 3 x num_envs 4"),
        (refused(&mut batch, |b| b.rollout(0)), "option `steps` is 0"),
        (refused(&mut batch, |b| b.record(usize::MAX)), "option `steps` is 18446744073709551615"),
        (refused(&mut batch, |b| b.record((1 << 30) + 1)), "1 to 1073741824 steps at once"),
    ] {
        assert!(error.to_string().contains(text), "{error}\nshould contain: {text}");
    }
    assert!(refused(&mut batch, |b| b.step(&[3u32; 4]).map(|_| ())).to_string().ends_with("allowed is 0 to 2"));
    assert!(matches!(started(1 << 16).record(1 << 30), Err(Error::TooLarge { .. })), "half a petabyte");
    batch.step(&[0i64, 1, 2, 0]).unwrap();
    assert_eq!(batch.view().rewards(), [0.0, 1.0, 2.0, 0.0]);
}

#[test]
fn the_first_offender_is_named_with_agent_and_element() {
    let several = facts(|f| {
        f.agents = 2;
        f.action = ActionSpace::MultiDiscrete { nvec: vec![2, 9] };
    });
    let mut ints = batch(&several, &BatchOptions::new(2)).unwrap();
    ints.reset(0).unwrap();
    let error = refused(&mut ints, |b| b.step(&[1u32, 8, 1, 8, 0, 0, 0, 9]).map(|_| ()));
    assert!(matches!(error, Error::InvalidAction { instance: 1, agent: 1, element: 1, .. }), "{error}");
    assert!(error.to_string().ends_with("allowed is 0 to 8"), "{error}");
    ints.step(&[1u32, 8, 1, 8, 0, 0, 0, 8]).unwrap();
    assert_eq!(ints.view().rewards(), [1.0, 1.0, 0.0, 0.0]);

    let floats = facts(|f| f.action = ActionSpace::Box { low: vec![-1.0; 2], high: vec![1.0; 2] });
    let mut batch = batch(&floats, &BatchOptions::new(2)).unwrap();
    batch.reset(0).unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let error = refused(&mut batch, |b| b.step(&[0.0, 5.0, 0.0, bad]).map(|_| ()));
        assert!(matches!(error, Error::InvalidAction { instance: 1, agent: 0, element: 1, .. }), "{error}");
        assert!(error.to_string().contains(&bad.to_string()), "{error}");
    }
    let error = refused(&mut batch, |b| b.step(&[0i64; 4]).map(|_| ()));
    assert!(error.to_string().contains("actions are i64, this environment takes 2 floats"), "{error}");
}

#[test]
fn seeds_reach_each_instance() {
    let mut batch = started(3);
    assert_eq!(batch.seeds(), [5, 6, 7]);
    let first = batch.observations().words().to_vec();
    batch.rollout(10).unwrap();
    assert_eq!(batch.reset(5).unwrap().words(), first);
    assert_eq!(batch.reset_with(&[7, 5, 6]).unwrap().row(1).words(), &first[..2]);
    assert_ne!(batch.reset(None).unwrap().words(), first, "generators go on without a seed");
    batch.reset_masked(&[false, true, false], u64::MAX).unwrap();
    assert_eq!(batch.seeds(), [7, 0, 6], "s + i wraps");
    let error = refused(&mut batch, |b| b.reset_with(&[1]).map(|_| ()));
    assert!(error.to_string().contains("seeds has 1 elements, expected 3"), "{error}");

    let unseeded = |_| {
        let mut batch = super::tests::started(1);
        batch.started = false;
        batch.reset(None).unwrap();
        batch.seeds()[0]
    };
    assert_ne!(unseeded(()), unseeded(()));
}

#[test]
fn masks_must_fit_and_leave_the_others_alone() {
    let mut batch = started(3);
    batch.step(&[1u32, 2, 1]).unwrap();
    let error = refused(&mut batch, |b| b.reset_masked(&[true], None).map(|_| ()));
    assert!(error.to_string().contains("reset mask has 1 elements, expected 3 (num_envs 3)"), "{error}");
    let error = refused(&mut batch, |b| b.reset_masked(&[false; 3], None).map(|_| ()));
    assert!(error.to_string().contains("at least one true"), "{error}");
    let before = batch.observations().words().to_vec();
    batch.reset_masked(&[false, true, false], None).unwrap();
    let after = batch.observations();
    assert_eq!((&after.words()[..2], &after.words()[4..]), (&before[..2], &before[4..]));
    assert_eq!(after.row(1).as_f32().unwrap()[1], 0.0);
    assert_eq!(batch.view().rewards(), [1.0, 0.0, 1.0]);
}

#[test]
fn next_step_ends_and_starts_in_separate_steps() {
    let mut batch = started(1); // horizon 3
    let mut flags = Vec::new();
    for _ in 0..8 {
        let view = batch.step(&[1u32]).unwrap();
        flags.push((view.rewards()[0], view.terminated()[0], view.observations().as_f32().unwrap()[1]));
    }
    let episode = [(1.0, false, 1.0), (1.0, false, 2.0), (1.0, true, 3.0), (0.0, false, 0.0)];
    assert_eq!(flags, [episode, episode].concat());
    assert_eq!((batch.view().episode_returns(), batch.view().episode_lengths()), (&[3.0][..], &[3][..]));
}

#[test]
fn same_step_keeps_the_last_observation() {
    let options = BatchOptions::new(1).autoreset_mode(AutoresetMode::SameStep).max_episode_steps(3);
    let mut batch = batch(&facts(|_| ()), &options).unwrap();
    batch.reset(0).unwrap();
    for t in 1..=6 {
        let view = batch.step(&[1u32]).unwrap();
        assert_eq!(view.ended(0), t % 3 == 0);
        assert_eq!(view.truncated()[0], t % 3 == 0, "both flags may be set");
        if view.ended(0) {
            assert_eq!(view.final_observations().as_f32().unwrap()[1], 3.0);
            assert_eq!(view.observations().as_f32().unwrap()[1], 0.0);
            assert_eq!(view.ended_instances().collect::<Vec<_>>(), [0]);
        }
    }
}

#[test]
fn disabled_asks_for_a_mask() {
    let options = BatchOptions::new(2).autoreset_mode(AutoresetMode::Disabled);
    let mut batch = batch(&facts(|_| ()), &options).unwrap();
    batch.set_param(0, "horizon", 1).unwrap();
    batch.reset(0).unwrap();
    batch.step(&[1u32, 1]).unwrap();
    for error in [refused(&mut batch, |b| b.step(&[1u32, 1]).map(|_| ())), refused(&mut batch, |b| b.rollout(2))] {
        let text = error.to_string();
        assert!(text.contains("instance 0 has ended and auto-reset is disabled; call reset with a mask"), "{text}");
    }
    batch.reset_masked(&[true, false], None).unwrap();
    let stats = batch.rollout(5).unwrap();
    assert_eq!((stats.transitions, stats.episodes, stats.length_sum), (3, 2, 4), "1 + 2 more of 3, then they stay");
}

#[test]
fn rollouts_sum_up_and_recordings_replay() {
    let two = facts(|f| f.agents = 2);
    let make = || {
        let mut batch = batch(&two, &BatchOptions::new(3)).unwrap();
        batch.reset(9).unwrap();
        batch
    };
    let (mut recorded, mut rolled, mut stepped) = (make(), make(), make());
    let recording = recorded.record(11).unwrap();
    let stats = rolled.rollout(11).unwrap();
    assert_eq!(recording.stats(), &stats);
    assert_eq!(stats.transitions, 3 * 9, "every fourth step only starts");
    assert_eq!((stats.episodes, stats.length_sum, stats.mean_length()), (9, 27, Some(3.0)));
    let mut returns = 0.0;
    for t in 0..11 {
        let view = stepped.step(recording.actions_at(t)).unwrap();
        assert_eq!(view.rewards(), &recording.rewards()[t * 6..(t + 1) * 6]);
        assert_eq!(view.terminated(), &recording.terminated()[t * 3..(t + 1) * 3]);
        assert_eq!(view.observations().words(), &recording.observations().words()[t * 12..(t + 1) * 12]);
        returns += view.ended_instances().flat_map(|i| &view.episode_returns()[i * 2..i * 2 + 2]).sum::<f32>();
    }
    assert_eq!(stats.mean_return(), Some(f64::from(returns) / 18.0));
    assert_eq!(recorded.view().observations().words(), stepped.view().observations().words());
    assert_eq!(recorded.view().episode_returns(), stepped.view().episode_returns());
    let mut sum = RolloutStats::default();
    sum += &stats;
    sum += &stats;
    assert_eq!((sum.transitions, sum.mean_return()), (54, stats.mean_return()));
    let mut again = make();
    again.record_with(11, recording.actions()).unwrap();
    assert_eq!(again.get_state(..).unwrap(), recorded.get_state(..).unwrap());
    assert_eq!(RolloutStats::default().mean_return(), None);
}

#[test]
fn after_a_recording_the_view_shows_its_last_step() {
    let make = || {
        let options = BatchOptions::new(2).autoreset_mode(AutoresetMode::SameStep).max_episode_steps(4);
        let mut batch = batch(&facts(|_| ()), &options).unwrap();
        batch.set_param(1, "horizon", 5).unwrap();
        batch.reset(3).unwrap();
        batch
    };
    for steps in 1..=8 {
        let (mut recorded, mut rolled) = (make(), make());
        recorded.record(steps).unwrap();
        rolled.rollout(steps).unwrap();
        let (a, b) = (recorded.view(), rolled.view());
        assert_eq!((a.terminated(), a.truncated()), (b.terminated(), b.truncated()), "{steps} steps");
        assert_eq!((a.terminated()[0], a.truncated()[1]), (steps % 3 == 0, steps % 4 == 0));
        assert_eq!(a.rewards(), b.rewards());
        for i in a.ended_instances() {
            assert_eq!(a.final_observations().row(i).words(), b.final_observations().row(i).words());
        }
        assert_eq!(a.observations().words(), b.observations().words());
    }
}

#[test]
fn params_are_checked_and_wait_for_the_next_start() {
    let mut batch = started(4);
    for (error, text) in [
        (
            refused(&mut batch, |b| b.set_param(.., "starp", 1.0)),
            "no parameter `starp`. Did you mean `start`? It has horizon, start",
        ),
        (
            refused(&mut batch, |b| b.set_param(1, "start", 11.0)),
            "`start` of instance 1 is 11 m, allowed is -10 to 10 m",
        ),
        (
            refused(&mut batch, |b| b.set_param(.., "start", [0.0, 1.0, f64::NAN, 2.0])),
            "`start` of instance 2 is NaN m",
        ),
        (
            refused(&mut batch, |b| b.set_param(.., "horizon", 1.5)),
            "is 1.5 steps, allowed is the whole numbers 1 to 100",
        ),
        (refused(&mut batch, |b| b.set_param(.., "horizon", -1)), "is -1 steps"),
        (refused(&mut batch, |b| b.set_param(.., "start", [1.0, 2.0])), "parameter values has 2 elements, expected 4"),
        (refused(&mut batch, |b| b.set_param(4, "start", 1.0)), "instance 4 does not exist, the batch has 4 (0 to 3)"),
        (refused(&mut batch, |b| b.set_params_words(1..3, &[1, 0, 0, 0])), "`horizon` of instance 2 is 0 steps"),
        (refused(&mut batch, |b| b.set_params_words(.., &[1, 0])), "parameters has 2 elements, expected 8"),
    ] {
        assert!(error.to_string().contains(text), "{error}\nshould contain: {text}");
    }
    let error = batch.default_params().with("horizon", 101).unwrap_err().to_string();
    assert!(error.contains("parameter `horizon` is 101 steps"), "{error}");

    let params = batch.default_params().with("horizon", 2).unwrap().with("start", 4.5).unwrap();
    assert_eq!((params.get("horizon").unwrap(), params.get("start").unwrap()), (vec![2.0], vec![4.5]));
    batch.set_params(&[1, 3], &params).unwrap();
    batch.set_param(&[0, 2], "start", [-1.0f32, -2.0]).unwrap();
    assert_eq!(batch.params(1).unwrap().get("horizon").unwrap(), [3.0], "not before the next start");
    assert_eq!(batch.pending_params(1).unwrap(), params);
    batch.reset(None).unwrap();
    assert_eq!(batch.params(3).unwrap(), params);
    assert_eq!(batch.params(2).unwrap().get("start").unwrap(), [-2.0]);
    assert_eq!(batch.params_words(1).unwrap(), [2, 4.5f32.to_bits()]);
    batch.rollout(2).unwrap();
    assert_eq!(batch.view().terminated(), [false, true, false, true]);
}

#[test]
fn params_of_the_options_hold_from_the_first_start() {
    let facts = facts(|_| ());
    let params = Params::defaults(&facts).with("start", 7.0).unwrap();
    let mut batch = batch(&facts, &BatchOptions::new(2).params(params.clone())).unwrap();
    assert_eq!(batch.params(1).unwrap(), params);
    assert!(batch.reset(1).unwrap().row(1).as_f32().unwrap()[0] >= 7.0);
}

#[test]
fn states_are_checked_and_observed_anew() {
    let mut batch = started(2);
    let nan = f32::NAN.to_bits();
    for (error, text) in [
        (refused(&mut batch, |b| b.set_state(.., &[0, 0, nan, 0])), "`x` of instance 1 is NaN, it must be finite"),
        (refused(&mut batch, |b| b.set_state(1, &[0])), "states has 1 elements, expected 2"),
        (refused(&mut batch, |b| b.set_state(2, &[0, 0])), "instance 2 does not exist"),
    ] {
        assert!(error.to_string().contains(text), "{error}");
    }
    batch.rollout(3).unwrap();
    assert!(batch.view().ended(0) && batch.view().ended(1));
    batch.set_state(1, &[2.5f32.to_bits(), 1]).unwrap();
    assert_eq!(batch.get_state(1).unwrap(), [2.5f32.to_bits(), 1]);
    assert_eq!(batch.observations().row(1).as_f32().unwrap(), [2.5, 1.0]);
    assert!(batch.view().ended(0) && !batch.view().ended(1), "it lives again");
    let view = batch.step(&[1u32, 2]).unwrap();
    assert_eq!(view.rewards(), [0.0, 2.0]);
    batch.step(&[1u32, 2]).unwrap();
    assert_eq!(
        (batch.view().episode_lengths()[1], batch.view().episode_returns()[1]),
        (2, 4.0),
        "counted from the new state"
    );
}

#[test]
fn snapshots_resume_bit_by_bit() {
    let mut batch = started(3);
    batch.rollout(5).unwrap();
    batch.set_param(1, "horizon", 9).unwrap();
    let snapshot = batch.snapshot().unwrap();
    let restored = Snapshot::from_bytes(&snapshot.to_bytes()).unwrap();
    assert_eq!(restored, snapshot);
    let goes_on = batch.record(20).unwrap();
    let mut other = started(3);
    other.restore(&restored).unwrap();
    assert_eq!((other.seeds(), other.view().terminated()), (&[5, 6, 7][..], &[false; 3][..]));
    assert_eq!(other.record(20).unwrap().observations().words(), goes_on.observations().words());

    let error = started(2).restore(&snapshot).unwrap_err().to_string();
    assert!(error.contains("of 3 instances of Mock-v1") && error.contains("one of 2 instances"), "{error}");
    let bytes = snapshot.to_bytes();
    for length in 0..bytes.len() {
        assert!(Snapshot::from_bytes(&bytes[..length]).is_err());
    }
}

#[test]
fn pictures_have_a_size() {
    let mut batch = started(2);
    let image = batch.render(1, 4, 3).unwrap();
    assert_eq!((image.width, image.height, image.rgb.len()), (4, 3, 36));
    for (call, text) in
        [((2, 4, 4), "instance 2"), ((0, 0, 4), "`render width` is 0"), ((0, 4, 5000), "1 to 4096 pixels")]
    {
        let error = refused(&mut batch, |b| b.render(call.0, call.1, call.2)).to_string();
        assert!(error.contains(text), "{error}");
    }
    let blind = facts(|f| f.pixel_aspect = None);
    let mut batch = crate::backend::mock::batch(&blind, &BatchOptions::new(1)).unwrap();
    batch.reset(0).unwrap();
    assert!(matches!(batch.render(0, 4, 4), Err(Error::NotRenderable { .. })));
}

#[test]
fn options_can_change_on_the_way() {
    let mut batch = started(1);
    batch.set_max_episode_steps(2).unwrap();
    batch.rollout(2).unwrap();
    assert_eq!((batch.view().truncated()[0], batch.view().terminated()[0]), (true, false));
    assert!(batch.set_sticky_action_probability(2.0).is_err());
    assert_eq!((batch.max_episode_steps(), batch.sticky_action_probability()), (2, 0.0));
}
