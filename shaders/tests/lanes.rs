//! The lane generator: every SIMD level must equal the plain reference (width 1) bitwise, on environments that use
//! every statement, operator and built-in under divergence (`selftest/torture_*.wgsl`), where GPUs may do as they please
//! (`selftest/edges.wgsl`), and on the shipped ones.

mod common;

use common::Lanes;
use shadergym_selftest::selftests;
use shadergym_shaders::{Environment, environments};

/// No multiple of any width, so that the last block has unused lanes.
const INSTANCES: usize = 67;
const STEPS: usize = 600;

/// Plays at all levels and compares everything that an instance is, step by step.
fn levels_agree(environment: &'static Environment) {
    let words = environment.facts().episode_words + environment.facts().state.words + environment.facts().params.words;
    let mut all = Lanes::all(environment, INSTANCES);
    for lanes in &mut all {
        lanes.reset(1);
    }
    for step in 0..=STEPS {
        let (reference, others) = all.split_first_mut().expect("the plain level is always there");
        let expected = reference.instances();
        for other in others {
            let found = other.instances();
            if let Some(at) = (0..found.len()).find(|&i| found[i] != expected[i]) {
                let (instance, word) = (at / words, at % words);
                let state = word as isize - environment.facts().episode_words as isize;
                panic!(
                    "{} step {step}: {} gives {:#x}, scalar {:#x} in instance {instance}, state word {state}",
                    environment.id,
                    other.level(),
                    found[at],
                    expected[at]
                );
            }
            assert_eq!(other.observations, reference.observations, "{} step {step}", environment.id);
            assert_eq!(other.masks, reference.masks, "{} step {step}", environment.id);
            let bits = |l: &Lanes| l.rewards.iter().map(|r| r.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(other), bits(reference), "{} step {step}", environment.id);
            assert_eq!(other.terminated, reference.terminated, "{} step {step}", environment.id);
            assert_eq!(other.truncated, reference.truncated, "{} step {step}", environment.id);
        }
        for lanes in &mut all {
            lanes.play(1);
        }
    }
}

#[test]
fn levels_agree_on_the_torture_environments() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let torture: Vec<_> = selftests().iter().filter(|e| !e.stem.starts_with("prelude_")).collect();
    assert!(torture.len() >= 10, "the torture environments are compiled in");
    for environment in torture.into_iter().filter(|e| e.stem.contains(&only)) {
        levels_agree(environment);
    }
}

#[test]
fn levels_agree_on_the_shipped_environments() {
    environments().iter().for_each(levels_agree);
}

/// The environment counts what its own masks forbid; its choices lie across words, and a last word is not full.
#[test]
fn random_play_keeps_to_the_masks() {
    let masks = selftests().iter().find(|e| e.stem == "torture_masks").expect("a self-test environment");
    let facts = masks.facts();
    let illegal = facts.state.field("illegal").expect("it counts them").offset;
    let (agents, bits) = (facts.agents, facts.action.mask_bits());
    assert_eq!((facts.mask_words(), bits), (agents * 4, 108));
    let mut seen = vec![0u32; agents * bits];
    for mut lanes in Lanes::all(masks, INSTANCES) {
        lanes.reset(1);
        for step in 0..STEPS {
            let states = lanes.states();
            for state in states.chunks_exact(facts.state.words) {
                assert_eq!(state[illegal], 0, "{} by step {step}", lanes.level());
            }
            for (row, mask) in lanes.masks.chunks_exact(4).enumerate() {
                let is_legal = |bit: usize| mask[bit / 32] >> (bit % 32) & 1;
                for bit in 0..bits {
                    seen[row % agents * bits + bit] += is_legal(bit);
                }
                assert_eq!(mask[3] >> 12, 0, "bits past the last action");
                for choice in [0..1, 1..41, 41..44, 44..108] {
                    assert!(choice.clone().any(|bit| is_legal(bit) == 1), "choice {choice:?} has no legal action");
                }
            }
            lanes.play(1);
        }
    }
    assert!(seen.iter().all(|&n| n > 0), "every bit is legal now and then: {seen:?}");
}
