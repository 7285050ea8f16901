use std::sync::Arc;

use shadergym_envs::Device;

use super::*;
use crate::common::replay::Transition;
use crate::options::Truncation;

fn learner(spinning_up: bool) -> (SoftActorCritic, Setup) {
    let facts = Arc::new(shadergym_envs::spec("Pendulum-v1").expect("shipped").clone());
    let setup =
        Setup { env: facts.id.clone(), facts, seed: 5, steps: 100, device: Device::Cpu, num_threads: 1, tasks: None };
    let options = Options {
        spinning_up,
        hidden: &[32],
        activation: Activation::Relu,
        gamma: 0.9,
        tau: 0.1,
        alpha: 1.0,
        autotune: !spinning_up,
        log_std: (-5.0, 2.0),
        max_grad_norm: 0.0,
        reward_scale: 1.0,
    };
    (SoftActorCritic::new(&setup, &options), setup)
}

/// The same numbers at another scale would have a cosine of 1; unrelated ones are within five standard errors of 0.
#[test]
fn networks_begin_with_numbers_of_their_own() {
    let (learner, _) = learner(true);
    let value = learner.value.as_ref().expect("Spinning Up's form has a state value");
    let networks = [&learner.policy, &learner.critic, value].map(|learner| &learner.network.parameters()[..96]);
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let (a, b) = (networks[a], networks[b]);
        let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        assert!(cosine.abs() < 5.0 / 96f32.sqrt(), "{cosine}");
    }
}

/// Adam's first step is as long as its rate.
#[test]
fn the_temperature_learns_at_its_own_rate() {
    let (mut learner, setup) = learner(false);
    let mut replay = Replay::new(&setup.facts, 1, 8, 0.0).unwrap();
    for _ in 0..8 {
        replay.push(&Transition {
            observations: &[0; 3],
            next_observations: &[0; 3],
            next_masks: None,
            actions: &[0],
            rewards: &[1.0],
            terminated: &[false],
            truncated: &[false],
        });
    }
    let (mut sample, mut noise) = (Sample::default(), Noise::new(3, "replay"));
    replay.sample(8, 1, 0.9, Truncation::Bootstrap, 0.0, &mut noise, &mut sample);
    learner.learn_policy(0, &replay, &sample, (1e-6, 0.25), 0, &mut LossSums::default()).unwrap();
    assert!((learner.log_alpha.abs() - 0.25).abs() < 1e-3, "{}", learner.log_alpha);
}
