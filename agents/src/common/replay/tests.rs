use super::*;

fn replay(exponent: f32) -> Replay {
    let facts = shadergym_envs::spec("CartPole-v1").expect("shipped");
    let mut replay = Replay::new(&std::sync::Arc::new(facts.clone()), 2, 8, exponent).unwrap();
    // Instance 1 is 100 more than instance 0; step 3 terminates, step 5 is cut off. Steps 0 and 1 are overwritten.
    for t in 0..6u32 {
        let at = |i: u32, next: u32| [(100 * i + t + next) as f32; 4].map(f32::to_bits);
        let both = |next: u32| [at(0, next), at(1, next)].concat();
        replay.push(&Transition {
            observations: &both(0),
            next_observations: &both(1),
            next_masks: None,
            actions: &[t, t],
            rewards: &[t as f32, 10.0 * t as f32],
            terminated: &[t == 3; 2],
            truncated: &[t == 5; 2],
        });
    }
    replay
}

#[test]
fn n_steps_fold_until_an_end() {
    let replay = replay(0.0);
    assert_eq!(replay.len(), 8);
    let (mut sample, mut noise) = (Sample::default(), Noise::new(3, "replay"));
    for truncation in [Truncation::Bootstrap, Truncation::Terminal] {
        replay.sample(400, 2, 0.5, truncation, 0.0, &mut noise, &mut sample);
        let mut seen = std::collections::BTreeSet::new();
        for k in 0..400 {
            let t = replay.action(sample.slots[k])[0];
            let scale = if sample.slots[k] % 2 == 0 { 1.0 } else { 10.0 };
            let cut = if truncation == Truncation::Bootstrap { 0.25 } else { 0.0 };
            let (reward, discount, last) = match t {
                2 => (2.0 + 0.5 * 3.0, 0.0, 3),
                3 => (3.0, 0.0, 3),
                4 => (4.0 + 0.5 * 5.0, cut, 5),
                // Step 5 has no second step yet.
                _ => panic!("step {t}"),
            };
            assert_eq!((sample.rewards[k], sample.discounts[k]), (scale * reward, discount));
            assert_eq!(replay.action(sample.last[k])[0], last);
            let mut row = [0.0; 4];
            replay.next_observations(&sample.last).unpack(k, &mut row);
            assert_eq!(row[0], (100 * (sample.slots[k] % 2) + last + 1) as f32);
            seen.insert(sample.slots[k]);
        }
        assert_eq!(seen.len(), 6);
    }
}

#[test]
fn priorities_decide_how_often_a_transition_comes_back() {
    let mut replay = replay(1.0);
    let all: Vec<u32> = (0..8).collect();
    replay.prioritise(&all, (0..8).map(|i| if i < 2 { 3.0 } else { 1.0 }));
    let (mut sample, mut noise) = (Sample::default(), Noise::new(3, "replay"));
    replay.sample(60_000, 1, 0.9, Truncation::Bootstrap, 1.0, &mut noise, &mut sample);
    let mut counts = [0.0f32; 8];
    for (&slot, &weight) in sample.slots.iter().zip(&sample.weights) {
        counts[slot as usize] += 1.0;
        assert!((weight - if slot < 2 { 1.0 / 3.0 } else { 1.0 }).abs() < 1e-4, "{slot} {weight}");
    }
    for (slot, count) in counts.iter().enumerate() {
        let expected = if slot < 2 { 15_000.0 } else { 5_000.0 };
        assert!((count - expected).abs() < 0.06 * expected, "{counts:?}");
    }
}

/// Of a thousand transitions with a billionth of the weight each, those that come back are all different: a draw of 23 bits
/// could only reach nine of them.
#[test]
fn rare_transitions_all_can_come_back() {
    let facts = shadergym_envs::spec("CartPole-v1").expect("shipped");
    let (slots, often) = (1024, 1e3);
    let mut replay = Replay::new(&std::sync::Arc::new(facts.clone()), 1, slots, 1.0).unwrap();
    for _ in 0..slots {
        let (observations, rewards, ends) = ([0; 4], [0.0], [false]);
        replay.push(&Transition {
            observations: &observations,
            next_observations: &observations,
            next_masks: None,
            actions: &[0],
            rewards: &rewards,
            terminated: &ends,
            truncated: &ends,
        });
    }
    let all: Vec<u32> = (0..slots as u32).collect();
    replay.prioritise(&all, (0..slots).map(|slot| if slot == 0 { often } else { 0.0 }));
    let (mut sample, mut noise) = (Sample::default(), Noise::new(3, "replay"));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..32 {
        replay.sample(1 << 20, 1, 0.9, Truncation::Bootstrap, 0.0, &mut noise, &mut sample);
        seen.extend(sample.slots.iter().copied().filter(|slot| *slot != 0));
    }
    // 34 draws are expected, within three standard errors.
    assert!((17..=51).contains(&seen.len()), "{seen:?}");
}

#[test]
fn a_replay_survives_a_checkpoint() {
    let replay_a = replay(0.6);
    let mut state = State::default();
    replay_a.save(&mut state);
    let mut replay_b = replay(0.6);
    replay_b.rewards.fill(-1.0);
    replay_b.load(&state).unwrap();
    let draw = |replay: &Replay| {
        let (mut sample, mut noise) = (Sample::default(), Noise::new(5, "replay"));
        replay.sample(50, 2, 0.9, Truncation::Bootstrap, 0.5, &mut noise, &mut sample);
        (sample.slots, sample.rewards, sample.weights)
    };
    assert_eq!(draw(&replay_a), draw(&replay_b));
    let facts = replay_a.facts.clone();
    assert!(Replay::new(&facts, 2, 100, 0.6).unwrap().load(&state).is_err());
}
