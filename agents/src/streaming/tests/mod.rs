#![allow(clippy::needless_range_loop, reason = "indices of several arrays at once")]

mod golden;
mod reference;

use std::sync::Arc;

use super::*;
use crate::common::noise::Noise;
use crate::network::{Convolution, LossSums, Network, Rows};

fn shape(inputs: usize, hidden: &[usize], outputs: usize) -> Shape {
    let init = StreamInit { sparsity: 0.5, keep_one: true };
    Shape { inputs, convolution: None, hidden: hidden.to_vec(), outputs, layer_norm: true, slope: 0.01, init }
}

/// Shapes with whole and broken blocks, with and without each part.
fn shapes() -> Vec<Shape> {
    let convolution = Some((Convolution { channels: 16, kernel: 3, stride: 1 }, [5, 6, 2]));
    let strided = Some((Convolution { channels: 32, kernel: 2, stride: 2 }, [6, 7, 3]));
    vec![
        shape(5, &[32, 32], 2),
        shape(3, &[20, 9], 17),
        shape(7, &[], 3),
        Shape { layer_norm: false, slope: 0.0, ..shape(4, &[144], 1) },
        Shape { convolution, ..shape(60, &[40], 6) },
        Shape { convolution: strided, layer_norm: false, ..shape(126, &[], 2) },
    ]
}

fn learner(plan: &Arc<Plan>, rules: &[StepRule]) -> Learner {
    let seeds: Vec<u64> = (0..rules.len() as u64).map(|m| 7 + m).collect();
    Learner::new(plan.clone(), rules, &seeds)
}

const RULE: StepRule = StepRule { learning_rate: 1.0, kappa: 2.0, adaptive: None };
const ADAPTIVE: Adaptive = Adaptive { beta2: 0.999, epsilon: 1e-8, corrected: true };

fn fill(noise: &mut Noise, to: &mut [f32]) {
    to.iter_mut().for_each(|x| *x = noise.normal());
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// f32 against f64 through a normalised network, relative to the largest gradient.
const GRADIENT_TOLERANCE: f64 = 2e-4;

#[test]
fn outputs_and_gradients_are_those_of_the_formulas() {
    for shape in shapes() {
        let plan = Arc::new(Plan::new(shape).unwrap());
        let learner = learner(&plan, &[RULE]);
        let parameters = learner.parameters(0);
        let (mut pass, mut noise) = (learner.pass(), Noise::new(1, "test"));
        fill(&mut noise, &mut pass.input[..plan.shape.inputs]);
        learner.predict(&mut pass);
        let input = wide(&pass.input[..plan.shape.inputs]);
        let outputs = reference::forward(&plan, &wide(&parameters), &input);
        for (o, expected) in outputs.iter().enumerate() {
            assert!((f64::from(pass.outputs[o]) - expected).abs() < 1e-4, "{:?}: {o}", plan.shape);
        }
        let mut weights = vec![0.0; plan.shape.outputs];
        fill(&mut noise, &mut weights);
        let network = StreamNetwork::new(plan.clone(), &parameters);
        let row = Rows::floats(&pass.input[..plan.shape.inputs], plan.shape.inputs);
        let loss = |_: std::ops::Range<usize>, outputs: &[f32], gradient: &mut [f32]| {
            gradient.copy_from_slice(&weights);
            assert_eq!(outputs, &pass.outputs[..outputs.len()]);
            LossSums::default()
        };
        let mut found = vec![0.0; plan.layout.len()];
        network.gradient(row, &loss, &mut found);
        if plan.shape.convolution.is_none() {
            let mut of_inputs = vec![0.0; plan.shape.inputs];
            network.input_gradient(row, &loss, &mut of_inputs);
            for (i, found) in of_inputs.iter().enumerate() {
                let slope = reference::input_slope(&plan, &wide(&parameters), &input, i, &wide(&weights));
                assert!((f64::from(*found) - slope).abs() < 1e-3 * slope.abs().max(1.0), "input {i}: {found} {slope}");
            }
        }
        let expected = reference::gradient(&plan, &wide(&parameters), &input, &wide(&weights));
        let largest = expected.iter().fold(0.0f64, |m, g| m.max(g.abs()));
        for (i, (g, e)) in found.iter().zip(&expected).enumerate() {
            // Columns that only fill a block have neither weight nor gradient.
            let part = plan.layout.parts().iter().find(|part| part.range().contains(&i)).unwrap();
            assert!(
                (f64::from(*g) - e).abs() <= GRADIENT_TOLERANCE * largest.max(1.0),
                "{:?} {}[{}]: {g} {e}",
                plan.shape,
                part.name,
                i - part.offset
            );
        }
    }
}

#[test]
fn updates_are_those_of_the_formulas() {
    let rules = [RULE, StepRule { learning_rate: 0.01, kappa: 0.0, adaptive: None }];
    let adaptive = |rule: StepRule| StepRule { adaptive: Some(ADAPTIVE), ..rule };
    let uncorrected = Adaptive { beta2: 0.99, epsilon: 1e-4, corrected: false };
    let last = StepRule { learning_rate: 1e-3, kappa: 0.0, adaptive: Some(uncorrected) };
    for rule in rules.into_iter().chain([adaptive(RULE), last]) {
        let plan = Arc::new(Plan::new(shape(6, &[16, 12], 2)).unwrap());
        let mut learner = learner(&plan, &[rule]);
        let mut parameters = wide(&learner.parameters(0));
        let mut optimizer = reference::Optimizer::default();
        let (mut pass, mut noise) = (learner.pass(), Noise::new(2, "test"));
        fill(&mut noise, &mut pass.input[..6]);
        learner.predict(&mut pass);
        for step in 0..40 {
            // A made-up error, of all sizes, and a reset of the traces now and then.
            let delta = noise.normal() * if step % 5 == 0 { 10.0 } else { 0.3 };
            let decay = if step % 7 == 0 { 0.0 } else { 0.8 };
            let output = step % 2;
            learner.gradient().fill(0.0);
            learner.gradient()[output] = -1.0;
            let mut weights = [0.0; 2];
            weights[output] = -1.0;
            let gradient = reference::gradient(&plan, &parameters, &wide(&pass.input[..6]), &weights);
            learner.learn(&pass, &[Lesson { delta, decay }]);
            optimizer.step(&rule, &mut parameters, &gradient, f64::from(delta), f64::from(decay));
            fill(&mut noise, &mut pass.input[..6]);
            learner.step_and_predict(&mut pass);
            let expected = reference::forward(&plan, &parameters, &wide(&pass.input[..6]));
            for o in 0..2 {
                let error = (f64::from(pass.outputs[o]) - expected[o]).abs();
                assert!(error < 2e-3 * expected[o].abs().max(1.0), "{rule:?} step {step}: {error}");
            }
        }
    }
}

#[test]
fn a_member_side_by_side_is_bitwise_the_one_alone() {
    let adaptive = |adaptive| StepRule { adaptive, ..RULE };
    for (shape, kind) in shapes().into_iter().flat_map(|s| [(s.clone(), None), (s, Some(ADAPTIVE))]) {
        let plan = Arc::new(Plan::new(shape).unwrap());
        let rules: Vec<StepRule> =
            (0..Learner::ABREAST).map(|m| StepRule { kappa: 0.5 + m as f32 * 0.25, ..adaptive(kind) }).collect();
        let mut together = learner(&plan, &rules);
        let members = rules.len();
        let (inputs, outputs) = (plan.shape.inputs, plan.shape.outputs);
        let mut alone: Vec<Learner> =
            (0..members).map(|m| Learner::new(plan.clone(), &rules[m..=m], &[7 + m as u64])).collect();
        let mut passes: Vec<Pass<_>> = alone.iter().map(Learner::pass).collect();
        let (mut pass, mut noise) = (together.pass(), Noise::new(3, "test"));
        for step in 0..12 {
            for i in 0..inputs {
                for m in 0..members {
                    let x = noise.normal();
                    pass.input[lanes::place(members, i, m)] = x;
                    passes[m].input[i] = x;
                }
            }
            together.step_and_predict(&mut pass);
            for m in 0..members {
                alone[m].step_and_predict(&mut passes[m]);
                for o in 0..outputs {
                    let (a, b) = (pass.outputs[lanes::place(members, o, m)], passes[m].outputs[o]);
                    assert_eq!(a.to_bits(), b.to_bits(), "{:?}: step {step}, member {m}: {a} {b}", plan.shape);
                }
            }
            let lessons: Vec<Lesson> = (0..members)
                .map(|m| Lesson { delta: noise.normal(), decay: if (m + step) % 5 == 0 { 0.0 } else { 0.79 } })
                .collect();
            for m in 0..members {
                for o in 0..outputs {
                    let slope = noise.normal();
                    together.gradient()[lanes::place(members, o, m)] = slope;
                    alone[m].gradient()[o] = slope;
                }
            }
            together.learn(&pass, &lessons);
            for m in 0..members {
                alone[m].learn(&passes[m], &lessons[m..=m]);
                assert_eq!(together.change()[m].to_bits(), alone[m].change()[0].to_bits(), "{:?}", plan.shape);
            }
        }
        for m in 0..members {
            let parameters = together.parameters(m);
            assert!(parameters.iter().all(|p| p.is_finite()) && parameters == alone[m].parameters(0));
        }
    }
}

#[test]
fn lost_traces_are_told_before_they_reach_the_weights() {
    for rule in [RULE, StepRule { kappa: 0.0, ..RULE }] {
        let plan = Arc::new(Plan::new(shape(4, &[], 2)).unwrap());
        let mut learner = learner(&plan, &[rule]);
        let mut pass = learner.pass();
        pass.input[..4].fill(10.0);
        learner.predict(&mut pass);
        learner.gradient()[0] = f32::MAX;
        // The products are infinite although every number that goes in is finite.
        learner.learn(&pass, &[Lesson { delta: 0.5, decay: 0.8 }]);
        assert!(!learner.change()[0].is_finite());
        assert!(learner.parameters(0).iter().all(|p| p.is_finite()));
    }
}
