//! The same mathematics once more in f64, with gradients by central differences; and transitions of an autodiff library.

use serde::Deserialize;

use super::learner::differentiate;
use super::network::AcNetwork;
use super::*;
use crate::network::{Lines, LossSums, Network};
use crate::streaming::Interface;

const ACTIONS: usize = 3;
const RULE: Rule = Rule { learning_rate: 0.02, gamma: 0.9, lambda: 0.7, entropy_coef: 0.3, beta2: 0.99, epsilon: 1e-3 };

/// Added to probabilities inside logarithms.
const M: f64 = 1e-4;

/// Step of central differences of f64.
const H: f64 = 1e-5;

fn interface(observation: &[usize]) -> Interface {
    let action = shadergym_envs::ActionSpace::Discrete { n: ACTIONS as u32 };
    Interface { env: "test".to_owned(), observation: observation.to_vec(), action, limit: 0 }
}

/// Whole and broken blocks, with and without each part.
fn plans() -> Vec<Arc<Plan>> {
    let of =
        |kind, hidden: &[usize], shape: &[usize]| network::plan(kind, hidden, ACTIONS + 1, &interface(shape)).unwrap();
    vec![
        of(NetworkKind::Mlp, &[20, 9], &[5]),
        of(NetworkKind::Mlp, &[], &[7]),
        of(NetworkKind::Mlp, &[80], &[3]),
        of(NetworkKind::Conv, &[12], &[5, 4, 2]),
        of(NetworkKind::Conv, &[], &[3, 6, 1]),
    ]
}

fn fill(noise: &mut Noise, to: &mut [f32]) {
    to.iter_mut().for_each(|x| *x = noise.normal());
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Outputs for one input, by loops that follow the formulas.
fn forward(plan: &Plan, parameters: &[f64], input: &[f64]) -> Vec<f64> {
    let mut x = input.to_vec();
    for layer in &plan.layers {
        let weight = |row: usize, unit: usize| parameters[layer.weight + row * layer.stride + unit];
        let mut values = Vec::new();
        for place in 0..layer.windows.as_ref().map_or(1, |w| w.firsts.len()) {
            for unit in 0..layer.units {
                let at = |i: usize| layer.windows.as_ref().map_or(i, |w| (w.firsts[place] + w.offsets[i]) as usize);
                let sum: f64 = (0..layer.inputs).map(|i| x[at(i)] * weight(i, unit)).sum();
                let (sum, conv) = (sum + weight(layer.inputs, unit), layer.windows.is_some());
                let s = sigmoid(sum);
                values.push(if conv { sum * s } else { s * (1.0 + sum * (1.0 - s)) });
            }
        }
        x = values;
    }
    let output = |o: usize| {
        let products = x.iter().enumerate().map(|(i, x)| x * parameters[plan.head + o * plan.head_stride + i]);
        parameters[plan.head_bias + o] + products.sum::<f64>()
    };
    (0..plan.shape.outputs).map(output).collect()
}

/// Probabilities of the legal actions.
fn softmax(outputs: &[f64], legal: &[bool]) -> Vec<f64> {
    let weights: Vec<f64> = (0..ACTIONS).map(|j| if legal[j] { outputs[j].exp() } else { 0.0 }).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

/// What is traced.
fn potential(outputs: &[f64], action: usize, legal: &[bool]) -> f64 {
    outputs[ACTIONS] + 0.5 * (softmax(outputs, legal)[action] + M).ln()
}

fn entropy(outputs: &[f64], legal: &[bool]) -> f64 {
    -softmax(outputs, legal).iter().map(|p| p * (p + M).ln()).sum::<f64>()
}

/// Gradient of a function at a place by central differences.
fn differences(at: &[f64], of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut shifted = at.to_vec();
    let slope = |i: usize| {
        shifted[i] = at[i] + H;
        let above = of(&shifted);
        shifted[i] = at[i] - H;
        let below = of(&shifted);
        shifted[i] = at[i];
        (above - below) / (2.0 * H)
    };
    (0..at.len()).map(slope).collect()
}

/// f32 against f64, relative to the largest gradient or 1.
const TOLERANCE: f64 = 2e-5;

#[track_caller]
fn close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0f64, |m, g| m.max(g.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(*found) - expected).abs() <= tolerance * largest, "{what} {i}: {found}, not {expected}");
    }
}

#[test]
fn gradients_of_outputs_are_central_differences() {
    let mut noise = Noise::new(1, "test");
    // Also probabilities far below what is added to them.
    for (round, scale) in (0..40).zip([0.5, 1.0, 3.0, 12.0].into_iter().cycle()) {
        let mut outputs = [0.0; ACTIONS + 1];
        fill(&mut noise, &mut outputs);
        outputs.iter_mut().for_each(|x| *x *= scale);
        let mask = [0b111, 0b101, 0b010][round % 3];
        let legal: Vec<bool> = (0..ACTIONS).map(|j| mask >> j & 1 == 1).collect();
        for action in (0..ACTIONS).filter(|&j| legal[j]) {
            let mut found = [[9.0; ACTIONS + 1]; 2];
            let [of_potential, of_entropy] = &mut found;
            let h = differentiate(&outputs, Some(action), Some(&[mask]), of_potential, of_entropy);
            let at = wide(&outputs);
            assert!((f64::from(h) - entropy(&at, &legal)).abs() < 1e-5);
            let expected = differences(&at, |y| potential(y, action, &legal));
            close(&found[0], &expected, TOLERANCE, "potential");
            close(&found[1], &differences(&at, |y| entropy(y, &legal)), TOLERANCE, "entropy");
        }
        let mut found = [[9.0; ACTIONS + 1]; 2];
        let [of_potential, of_entropy] = &mut found;
        differentiate(&outputs, None, Some(&[mask]), of_potential, of_entropy);
        assert!(found[0] == [0.0; ACTIONS + 1] && found[1][ACTIONS] == 0.0, "without an action nothing is traced");
    }
}

#[test]
fn gradients_of_parameters_are_central_differences() {
    let (mut noise, all) = (Noise::new(2, "test"), [true; ACTIONS]);
    for plan in plans() {
        let network = AcNetwork::new(plan.clone(), network::start(&plan, 7));
        let parameters = wide(network.parameters());
        let mut input = vec![0.0; plan.shape.inputs];
        fill(&mut noise, &mut input);
        let (x, row) = (wide(&input), Rows::floats(&input, input.len()));
        let mut outputs = vec![0.0; ACTIONS + 1];
        network.predict(row, &mut outputs);
        close(&outputs, &forward(&plan, &parameters, &x), TOLERANCE, "output");
        for which in 0..2 {
            let value = |y: &[f64]| if which == 0 { potential(y, 1, &all) } else { entropy(y, &all) };
            let loss = |_: std::ops::Range<usize>, outputs: &[f32], gradient: &mut [f32]| {
                let mut found = [[0.0; ACTIONS + 1]; 2];
                let [of_potential, of_entropy] = &mut found;
                differentiate(outputs, Some(1), None, of_potential, of_entropy);
                gradient.copy_from_slice(&found[which]);
                LossSums::default()
            };
            let mut found = vec![0.0; plan.layout.len()];
            network.gradient(row, &loss, &mut found);
            // Columns that only fill a block have a gradient of 0 as well: no output depends on them.
            let expected = differences(&parameters, |p| value(&forward(&plan, p, &x)));
            close(&found, &expected, TOLERANCE, &format!("{:?}", plan.shape));
            assert!(expected.iter().any(|g| g.abs() > 1e-3));
            if plan.shape.convolution.is_none() {
                let mut found = vec![0.0; input.len()];
                network.input_gradient(row, &loss, &mut found);
                let expected = differences(&x, |x| value(&forward(&plan, &parameters, x)));
                close(&found, &expected, TOLERANCE, "input");
            }
        }
    }
}

/// Parameters, traces and squares.
fn arrays(learner: &Learner) -> [Vec<f32>; 3] {
    let mut state = State::default();
    learner.save(&mut state, "x");
    ["x/parameters", "x/traces", "x/squares"].map(|name| state.f32(name).unwrap().to_vec())
}

/// What happens at a step of the made-up stream: an end, or a cut that counts the value behind it.
fn ends(step: usize) -> (bool, bool) {
    (step % 9 == 8, step % 18 == 17)
}

#[test]
fn updates_are_those_of_the_formulas() {
    for plan in plans() {
        let mut learner = Learner::new(plan.clone(), RULE, 3);
        let mut noise = Noise::new(4, "test");
        let (mut theta, len) = (wide(&arrays(&learner)[0]), plan.layout.len());
        let (mut e, mut v) = (vec![0.0; len], vec![0.0; len]);
        let mask = |step: usize| [0b111u32, 0b011, 0b110][step % 3];
        let legal = |step: usize| -> Vec<bool> { (0..ACTIONS).map(|j| mask(step) >> j & 1 == 1).collect() };
        let action = |step: usize| [step / 3 % 3, step / 3 % 2, 1 + step / 3 % 2][step % 3];
        let begin = |learner: &mut Learner, noise: &mut Noise, step: usize, theta: &[f64], e: &mut Vec<f64>| {
            fill(noise, learner.input());
            let x = wide(learner.input());
            learner.start(Some(&[mask(step)]), &mut |_| action(step));
            *e = differences(theta, |p| potential(&forward(&plan, p, &x), action(step), &legal(step)));
            x
        };
        let mut s = begin(&mut learner, &mut noise, 0, &theta, &mut e);
        for step in 1..28 {
            let (done, bootstraps) = ends(step);
            let outcome = Outcome { reward: 2.0 * noise.normal(), bootstraps: !done || bootstraps, done };
            fill(&mut noise, learner.input());
            let next = wide(learner.input());
            // Where an episode ends, every action counts as legal.
            let masks = [mask(step)];
            let told = learner.step(outcome, (!done).then_some(&masks), &mut |_| action(step)).unwrap();
            let value = |x: &[f64]| forward(&plan, &theta, x)[ACTIONS];
            let (gamma, ahead) = (f64::from(RULE.gamma), if outcome.bootstraps { value(&next) } else { 0.0 });
            let delta = f64::from(outcome.reward) + gamma * ahead - value(&s);
            assert!((f64::from(told.delta) - delta).abs() < 1e-3, "step {step}: {told:?}, not {delta}");
            let legal = if done { vec![true; ACTIONS] } else { legal(step) };
            let of_entropy = differences(&theta, |p| entropy(&forward(&plan, p, &next), &legal));
            let of_potential = match done {
                true => vec![0.0; len],
                false => differences(&theta, |p| potential(&forward(&plan, p, &next), action(step), &legal)),
            };
            let beta2 = f64::from(RULE.beta2);
            let decay = if done { 0.0 } else { gamma * f64::from(RULE.lambda) };
            for i in 0..len {
                let g = delta * e[i] + f64::from(RULE.entropy_coef) * of_entropy[i];
                v[i] = beta2 * v[i] + (1.0 - beta2) * g * g;
                let root = (v[i] / (1.0 - beta2.powi(step as i32)) + f64::from(RULE.epsilon)).sqrt();
                theta[i] += f64::from(RULE.learning_rate) * g / root;
                e[i] = decay * e[i] + of_potential[i];
            }
            let [parameters, traces, squares] = arrays(&learner);
            // Updates build on each other.
            close(&parameters, &theta, 1e-3, "parameters");
            close(&traces, &e, 1e-3, "traces");
            close(&squares, &v, 1e-3, "squares");
            assert!(!done || traces.iter().all(|e| *e == 0.0), "traces end with the episode");
            s = if done { begin(&mut learner, &mut noise, step, &theta, &mut e) } else { next };
        }
    }
}

#[test]
fn entropy_has_no_part_in_ends_where_not_every_action_is_legal() {
    let plan = plans().swap_remove(0);
    for (reward_only, mask) in [(true, Some(&[0b011u32][..])), (false, None)] {
        let mut learner = Learner::new(plan.clone(), Rule { entropy_coef: 0.5, ..RULE }, 3);
        let mut plain = Learner::new(plan.clone(), Rule { entropy_coef: 0.0, ..RULE }, 3);
        for learner in [&mut learner, &mut plain] {
            learner.input().fill(0.5);
            learner.start(None, &mut |_| 0);
            learner.input().fill(-0.5);
            learner.step(Outcome { reward: 1.0, bootstraps: false, done: true }, mask, &mut |_| 0).unwrap();
        }
        assert_eq!(arrays(&learner)[0] == arrays(&plain)[0], reward_only);
    }
}

#[test]
fn a_lost_error_does_not_reach_the_parameters() {
    let mut learner = Learner::new(plans().swap_remove(0), RULE, 3);
    learner.start(None, &mut |_| 0);
    let before = arrays(&learner);
    let outcome = Outcome { reward: f32::INFINITY, bootstraps: true, done: false };
    assert_eq!(learner.step(outcome, None, &mut |_| 0), Err(f32::INFINITY));
    assert_eq!(arrays(&learner), before);
}

/// Initial parameters fill the range of PyTorch's default, biases too, and nothing else.
#[test]
fn parameters_start_uniform_within_one_over_the_root_of_the_inputs() {
    let plan = network::plan(NetworkKind::Conv, &[100], 4, &interface(&[10, 10, 4])).unwrap();
    let parameters = network::start(&plan, 1);
    let mut inputs = 0;
    for part in plan.layout.parts() {
        let bound = 1.0
            / match part.name.as_str() {
                "head.weight" | "head.bias" => 100f32,
                name if name.ends_with(".weight") => {
                    inputs = part.shape[0];
                    inputs as f32
                }
                _ => inputs as f32,
            }
            .sqrt();
        let values = &parameters[part.range()];
        let largest = values.iter().fold(0.0f32, |m, p| m.max(p.abs()));
        assert!(largest <= bound && largest > 0.5 * bound, "{}: {largest}, bound {bound}", part.name);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        // Five standard errors of a mean of uniform numbers, and few numbers are in small parts.
        assert!(mean.abs() < 5.0 * bound / (3.0 * values.len() as f32).sqrt(), "{}: {mean}", part.name);
    }
    let zeros = parameters.iter().filter(|p| **p == 0.0).count();
    assert_eq!(plan.layout.len() - zeros, plan.parameter_count(), "what only fills blocks is 0");
}

#[derive(Deserialize)]
struct Case {
    name: String,
    observation: Vec<usize>,
    hidden: Vec<usize>,
    observations: Vec<Vec<f32>>,
    /// For each observation; none where an episode terminated.
    actions: Vec<Option<usize>>,
    rewards: Vec<f32>,
    /// At each observation that an action was chosen for.
    logits: Vec<Vec<f64>>,
    deltas: Vec<f64>,
    entropies: Vec<f64>,
}

/// Transitions whose errors and outputs JAX computed (`tests/golden/make_ac_lambda.py`), with the values of the source.
#[test]
fn transitions_are_those_of_an_autodiff_library() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/golden/ac_lambda.json")).unwrap();
    let c = Config::default();
    let rule = Rule {
        learning_rate: c.learning_rate,
        gamma: c.gamma,
        lambda: c.lambda,
        entropy_coef: c.entropy_coef,
        beta2: c.beta2,
        epsilon: c.epsilon,
    };
    for case in &cases {
        let kind = if case.observation.len() == 3 { NetworkKind::Conv } else { NetworkKind::Mlp };
        let plan = network::plan(kind, &case.hidden, ACTIONS + 1, &interface(&case.observation)).unwrap();
        let mut learner = Learner::new(plan.clone(), rule, 0);
        let mut state = State::default();
        learner.save(&mut state, "x");
        state.put_f32("x/parameters", &formula(&plan));
        learner.load(&state, "x").unwrap();
        let (mut logits, mut learned) = (case.logits.iter(), 0);
        let close = |found: f32, expected: f64, what: &str, at: usize| {
            let error = (f64::from(found) - expected).abs();
            assert!(error < 1e-4 * expected.abs().max(1.0), "{}, {what} {at}: {found}, not {expected}", case.name);
        };
        let mut begins = true;
        for (at, (observation, action)) in case.observations.iter().zip(&case.actions).enumerate() {
            learner.input().copy_from_slice(observation);
            let mut choose = |found: &[f32]| {
                let expected = logits.next().unwrap();
                found.iter().zip(expected).for_each(|(found, expected)| close(*found, *expected, "logit at", at));
                action.unwrap()
            };
            if begins {
                learner.start(None, &mut choose);
            } else {
                let done = action.is_none();
                let outcome = Outcome { reward: case.rewards[learned], bootstraps: !done, done };
                let told = learner.step(outcome, None, &mut choose).unwrap();
                close(told.delta, case.deltas[learned], "error", learned);
                close(told.entropy, case.entropies[learned], "entropy", learned);
                learned += 1;
            }
            begins = action.is_none();
        }
        assert!(logits.next().is_none() && learned == case.deltas.len() && learned >= 50, "{}", case.name);
    }
    assert_eq!(cases.len(), 2);
}

/// As the script has them.
fn formula(plan: &Plan) -> Lines {
    let mut parameters = Lines::zeros(plan.layout.len());
    for (i, p) in parameters.iter_mut().enumerate().filter(|(i, _)| i % 3 == 0) {
        *p = (0.35 * (1.7 * i as f64 + 0.3).sin()) as f32;
    }
    // What only fills a block.
    parameters[plan.head_bias + plan.shape.outputs..].fill(0.0);
    parameters
}
