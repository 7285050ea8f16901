//! The closed-form gradient of PPO's loss against central differences of its value.

use shadergym_envs::{ActionSpace, Facts};

use super::*;
use crate::common::collector::Chosen;
use crate::common::noise::Noise;

/// Largest difference between the gradient and a central difference of `f32` sums with step 1e-2: third derivatives
/// times 1e-4 / 6, and rounding of values of about 10 over 2e-2.
const DIFFERENCE: f64 = 2e-3;

/// What the tests change nothing of.
const LOSS: Loss = Loss {
    objective: Objective::Clip,
    clip_coef: 0.2,
    clip_value: true,
    entropy_coef: 0.01,
    value_coef: 0.5,
    normalize_advantage: true,
};

fn actor(action: ActionSpace, action_mask: bool) -> ActorCritic {
    let facts = shadergym_envs::spec("CartPole-v1").expect("shipped").clone();
    ActorCritic::new(&Facts { action, action_mask, ..facts }).with_noise(Noise::new(1, "t"))
}

fn check(actor: &ActorCritic, width: usize, words: usize, actions: Vec<u32>, masks: Vec<u32>) {
    let rows = actions.len() / words;
    let mut noise = Noise::new(9, "values");
    let outputs: Vec<f32> = (0..rows * width).map(|_| 0.3 * noise.normal()).collect();
    let rollout = Rollout {
        actions,
        masks,
        // Near the present log-probabilities, so that some ratios are inside the clipping range and some outside.
        log_probs: Vec::new(),
        values: (0..rows).map(|_| noise.normal()).collect(),
        ..Rollout::default()
    };
    let log_prob = |row: usize| {
        let (action, mask) = actor.recorded(&rollout, row);
        actor.distribution.evaluate(&outputs[row * width..(row + 1) * width], action, mask, None).0
    };
    let log_probs: Vec<f32> = (0..rows).map(|row| log_prob(row) + [0.03, -0.07, 0.5, -0.6][row % 4]).collect();
    let rollout = Rollout { log_probs, ..rollout };
    let advantages: Vec<f32> = (0..rows).map(|row| [1.0, -1.5, 0.7, -0.4, 2.0][row % 5]).collect();
    let chosen: Vec<u32> = (0..rows as u32).rev().collect();
    for objective in [Objective::Clip, Objective::Dpo] {
        for clip_value in [false, true] {
            let options = Loss { objective, clip_value, entropy_coef: 0.3, value_coef: 0.7, ..LOSS };
            let terms = Terms { loss: options, head: actor, rollout: &rollout, advantages: &advantages };
            let loss = terms.of(&chosen);
            let mut gradient = vec![0.0; outputs.len()];
            loss(0..rows, &outputs, &mut gradient);
            for k in 0..outputs.len() {
                let total = |by: f32| {
                    let mut moved = outputs.clone();
                    moved[k] += by;
                    let sums = loss(0..rows, &moved, &mut vec![0.0; outputs.len()]);
                    (sums[0] + 0.7 * sums[1] - 0.3 * sums[2]) / rows as f64
                };
                let difference = (total(1e-2) - total(-1e-2)) / 2e-2;
                let got = f64::from(gradient[k]);
                assert!((difference - got).abs() < DIFFERENCE, "{objective:?} output {k}: {got}, not {difference}");
            }
        }
    }
}

#[test]
fn gradients_of_discrete_actions() {
    check(&actor(ActionSpace::Discrete { n: 3 }, false), 4, 1, vec![0, 1, 2, 1, 0, 2, 2], Vec::new());
}

#[test]
fn gradients_of_several_choices() {
    let space = ActionSpace::MultiDiscrete { nvec: vec![2, 3] };
    check(&actor(space, false), 6, 2, vec![0, 1, 1, 2, 1, 0, 0, 2, 1, 1], Vec::new());
}

#[test]
fn gradients_of_masked_actions() {
    let actor = actor(ActionSpace::Discrete { n: 4 }, true);
    check(&actor, 5, 1, vec![0, 3, 0, 2, 3], vec![0b1001, 0b1111, 0b0011, 0b0101, 0b1000]);
}

#[test]
fn gradients_of_continuous_actions() {
    let space = ActionSpace::Box { low: vec![-2.0, -1.0], high: vec![2.0, 1.0] };
    let actions = [0.3f32, -0.5, 1.5, 0.1, -0.7, 0.9, 0.2, -1.1].map(f32::to_bits).to_vec();
    // Two means, the value, two log standard deviations.
    check(&actor(space, false), 5, 2, actions, Vec::new());
}

#[test]
fn chosen_actions_follow_the_policy() {
    let actor = actor(ActionSpace::Discrete { n: 2 }, false);
    let rows = 40_000;
    let outputs = [1.0f32, 0.0, 7.0].repeat(rows);
    let (mut actions, mut executed) = (vec![0; rows], vec![0; rows]);
    let (mut log_probs, mut values) = (vec![0.0; rows], vec![0.0; rows]);
    let chosen =
        Chosen { actions: &mut actions, executed: &mut executed, log_probs: &mut log_probs, values: &mut values };
    actor.act(3, 10, &outputs, None, chosen);
    let p = 1.0 / (1.0 + (-1.0f32).exp());
    let share = actions.iter().filter(|a| **a == 0).count() as f32 / rows as f32;
    // Five standard errors.
    assert!((share - p).abs() < 5.0 * (p * (1.0 - p) / rows as f32).sqrt(), "{share} {p}");
    assert!((log_probs[0] - if actions[0] == 0 { p.ln() } else { (1.0 - p).ln() }).abs() < 1e-6);
    assert_eq!((values[0], actor.value(&outputs[..3], None)), (7.0, 7.0));
    // The same rows at other places of the stream are other draws; the same places are the same draws.
    let mut again = vec![0; 100];
    let chosen = Chosen {
        actions: &mut again,
        executed: &mut executed[..100],
        log_probs: &mut log_probs[..100],
        values: &mut values[..100],
    };
    actor.act(3, 60, &outputs[..300], None, chosen);
    assert_eq!(again[..50], actions[50..100]);
    assert_ne!(again[..100], actions[..100]);
}

/// Within the range the clipped value is the plain one but for rounding, and must not stop the gradient.
#[test]
fn the_value_learns_within_the_clipping_range() {
    for k in 0..1000 {
        let old = 0.37 + 0.011 * k as f32;
        let value = old + 0.19 * (k as f32).sin();
        let target = old - 3.0 * (k as f32).cos();
        assert_eq!(value_loss(value, target, Some((old, 0.2))).1, value - target);
    }
    assert_eq!(value_loss(1.3, 2.0, Some((1.0, 0.2))).1, 0.0);
}
