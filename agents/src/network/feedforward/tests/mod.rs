mod reference;

use self::reference::{packed, reference, rows_of};
use super::*;
use crate::Error;
use crate::network::Part;
use crate::network::init::{Random, uniform};

/// Largest difference between a gradient and finite differences of the reference in f64, relative to the gradient's
/// largest element. Rounding of f32 over a few hundred terms is about 1e-5.
const GRADIENT_ERROR: f64 = 1e-4;
/// Largest difference of an output from the reference.
const OUTPUT_ERROR: f64 = 1e-4;
/// Step of the finite differences, in f64.
const STEP: f64 = 1e-5;

/// The loss of a row: outputs against targets that differ by row and output, each with a weight of its own.
fn target(row: usize, output: usize) -> (f64, f64) {
    (((row * 7 + output * 3) % 11) as f64 / 11.0 - 0.5, 0.5 + ((row + output) % 3) as f64)
}

fn row_loss(row: usize, outputs: &[f64]) -> f64 {
    let term = |(o, y): (usize, &f64)| {
        let (target, weight) = target(row, o);
        weight * (y - target).powi(2)
    };
    outputs.iter().enumerate().map(term).sum()
}

fn loss(width: usize) -> impl Fn(Range<usize>, &[f32], &mut [f32]) -> LossSums + Sync {
    move |rows, outputs, gradient| {
        let mut sums = LossSums::default();
        for (i, row) in rows.enumerate() {
            for o in 0..width {
                let (target, weight) = target(row, o);
                let error = f64::from(outputs[i * width + o]) - target;
                sums[0] += weight * error * error;
                gradient[i * width + o] = (2.0 * weight * error) as f32;
            }
            sums[7] += 1.0;
        }
        sums
    }
}

fn tower(name: &'static str, hidden: &[usize], outputs: usize) -> Tower {
    Tower { name, hidden: hidden.to_vec(), outputs, output_gain: 0.7 }
}

fn shape(inputs: usize, towers: Vec<Tower>) -> Shape {
    Shape {
        inputs: Inputs::Flat { elements: inputs, encoding: Encoding::F32 },
        convolutions: Vec::new(),
        trunk: Vec::new(),
        towers,
        activation: Activation::Tanh,
        layer_norm: None,
        free: None,
        init: Init::Uniform,
    }
}

/// Bits, bytes or floats.
fn encoded(encoding: Encoding, shape: Shape) -> Shape {
    let inputs = match shape.inputs {
        Inputs::Picture { size, .. } => Inputs::Picture { size, encoding },
        inputs => Inputs::Flat { elements: inputs.elements(), encoding },
    };
    Shape { inputs, ..shape }
}

/// Two convolutions, one with a stride that leaves a border, a trunk and two towers. Neither the channels of cells nor the
/// layers fill whole vectors, unless told.
fn picture(channels: usize) -> Shape {
    let towers = vec![tower("policy", &[6], 3), tower("value", &[], 1)];
    Shape {
        inputs: Inputs::Picture { size: [6, 7, 3], encoding: Encoding::F32 },
        convolutions: vec![
            Convolution { channels, kernel: 2, stride: 2 },
            Convolution { channels: channels - 1, kernel: 2, stride: 1 },
        ],
        trunk: vec![9],
        ..shape(0, towers)
    }
}

/// Numbers in -1..1 of a seed.
fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    uniform(&mut Random::new(seed), &mut out, 1.0);
    out
}

/// Compares outputs, loss and gradient of a network with the reference, `checked` parameters among all.
fn check(shape: Shape, batch: usize, checked: usize) {
    let label = format!("{shape:?} batch {batch}");
    let mut mlp = FeedForward::new(&shape, 11, 1).unwrap();
    // Away from the start, where scales are all one and offsets zero.
    let noise = numbers(3, mlp.parameters().len());
    mlp.parameters_mut().iter_mut().zip(&noise).for_each(|(p, n)| *p += 0.1 * n);
    let (words, values) = rows_of(&shape.inputs, batch);
    let rows = Rows::packed(&words, shape.inputs.encoding(), shape.inputs.elements());
    let width = mlp.outputs();
    let mut outputs = vec![0.0; batch * width];
    mlp.predict(rows, &mut outputs);
    let parameters: Vec<f64> = mlp.parameters().iter().map(|p| f64::from(*p)).collect();
    let parts = mlp.layout().parts();
    let forward = |parameters: &[f64], row: usize| {
        reference(&shape, parts, parameters, &values[row * shape.inputs.width()..][..shape.inputs.width()])
    };
    for row in 0..batch {
        let expected = forward(&parameters, row);
        assert_eq!(expected.len(), width);
        for (o, expected) in expected.iter().enumerate() {
            let error = (f64::from(outputs[row * width + o]) - expected).abs();
            assert!(error < OUTPUT_ERROR, "{label}: output {o} of row {row} is {error:e} off");
        }
    }
    // Adds to what is there.
    let mut gradient = vec![1.0; parameters.len()];
    let sums = mlp.gradient(rows, &loss(width), &mut gradient);
    let total = |parameters: &[f64]| (0..batch).map(|row| row_loss(row, &forward(parameters, row))).sum::<f64>();
    assert!((sums[0] / total(&parameters) - 1.0).abs() < 1e-4 && sums[7] == batch as f64, "{label}: {sums:?}");
    let scale = gradient.iter().map(|g| f64::from(g - 1.0).abs()).fold(1e-3, f64::max);
    let stride = (parameters.len() / checked).max(1) | 1;
    let last = parameters.len() - 1;
    for index in (0..parameters.len()).step_by(stride).chain([last]) {
        let shifted = |by: f64| {
            let mut moved = parameters.clone();
            moved[index] += by;
            total(&moved)
        };
        let expected = (shifted(STEP) - shifted(-STEP)) / (2.0 * STEP);
        let error = (f64::from(gradient[index] - 1.0) - expected).abs() / scale;
        assert!(error < GRADIENT_ERROR, "{label}: parameter {index}: {} not {expected}", gradient[index] - 1.0);
    }
}

/// No normalisation, with scale and offset, without.
const NORMS: [Option<LayerNorm>; 3] = [None, Some(LayerNorm::FLAX), Some(LayerNorm::PLAIN)];
const ACTIVATIONS: [Activation; 3] = [Activation::Tanh, Activation::Relu, Activation::LeakyRelu];

#[test]
fn gradients_match_finite_differences_for_every_kind_of_network() {
    for activation in ACTIVATIONS {
        for layer_norm in NORMS {
            for encoding in [Encoding::F32, Encoding::U8, Encoding::Bit] {
                let free = layer_norm.map(|_| ("log_std", vec![0.1, -0.2, 0.3]));
                let towers = vec![tower("policy", &[17, 16], 3), tower("value", &[9], 1)];
                let flat = Shape { activation, layer_norm, free: free.clone(), ..shape(37, towers) };
                check(encoded(encoding, flat), 7, 60);
                check(encoded(encoding, Shape { activation, layer_norm, free, ..picture(5) }), 3, 60);
            }
        }
    }
}

#[test]
fn gradients_match_finite_differences_for_odd_sizes() {
    let norm = Some(LayerNorm::FLAX);
    for width in [1, 3, 17, 65] {
        check(shape(width, vec![tower("a", &[width, 65], width)]), 5, 40);
        check(Shape { layer_norm: norm, ..shape(3, vec![tower("a", &[65, width], 2)]) }, 3, 40);
        check(encoded(Encoding::Bit, shape(65, vec![tower("a", &[width], 9)])), 5, 40);
        check(encoded(Encoding::Bit, shape(40, vec![tower("a", &[], width)])), 5, 40);
    }
    // Longer than a block of terms, and rows half a page apart.
    check(shape(300, vec![tower("a", &[512, 140], 2)]), 9, 30);
    for (channels, batch) in [(16, 2), (17, 66), (2, 65)] {
        for layer_norm in [None, norm] {
            check(Shape { layer_norm, ..picture(channels) }, batch, 20);
            check(encoded(Encoding::Bit, Shape { layer_norm, trunk: vec![], ..picture(channels) }), batch, 20);
        }
    }
    // Rows of cells under a kernel that are longer than a word.
    let long = Inputs::Picture { size: [3, 4, 17], encoding: Encoding::Bit };
    let convolutions = vec![Convolution { channels: 16, kernel: 3, stride: 1 }];
    check(Shape { inputs: long, convolutions, ..picture(4) }, 5, 60);
    let numbers = Inputs::Numbers { counts: vec![4, 1, 9] };
    check(Shape { inputs: numbers, ..shape(0, vec![tower("a", &[7], 2), tower("b", &[], 1)]) }, 20, 60);
    for batch in [1, 63, 64, 65, 1000] {
        check(shape(3, vec![tower("a", &[17, 65], 4), tower("b", &[], 2)]), batch, 10);
    }
}

#[test]
fn input_gradients_match_finite_differences() {
    let flat = shape(5, vec![tower("a", &[17, 64], 2), tower("b", &[3], 1)]);
    for (shape, count) in [(flat, 70), (picture(5), 2), (picture(17), 2)] {
        for layer_norm in NORMS {
            let shape = Shape { layer_norm, ..shape.clone() };
            let mlp = FeedForward::new(&shape, 4, 1).unwrap();
            let inputs = shape.inputs.elements();
            let rows = numbers(9, count * inputs);
            let mut gradient = vec![7.0; rows.len()];
            mlp.input_gradient(Rows::floats(&rows, inputs), &loss(mlp.outputs()), &mut gradient);
            let parameters: Vec<f64> = mlp.parameters().iter().map(|p| f64::from(*p)).collect();
            for (at, gradient) in gradient.iter().enumerate().step_by(if count > 9 { 1 } else { 7 }) {
                let (row, i) = (at / inputs, at % inputs);
                let moved = |by: f64| {
                    let mut x: Vec<f64> = rows[row * inputs..][..inputs].iter().map(|x| f64::from(*x)).collect();
                    x[i] += by;
                    row_loss(row, &reference(&shape, mlp.layout().parts(), &parameters, &x))
                };
                let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                let error = (f64::from(*gradient) - expected).abs();
                assert!(error < 1e-4 * expected.abs().max(1.0), "{row} {i}: {gradient} not {expected}");
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    // The last has more parameters than one thread adds up.
    let flat = shape(6, vec![tower("policy", &[33, 64], 5), tower("value", &[16], 1)]);
    let wide = shape(6, vec![tower("policy", &[300, 200], 6)]);
    for (shape, batch) in [(&flat, 100), (&flat, 1537), (&flat, 2500), (&picture(5), 333), (&wide, 200)] {
        let inputs = shape.inputs.elements();
        let rows = numbers(2, batch * inputs);
        let rows = Rows::floats(&rows, inputs);
        let run = |threads: usize| {
            let mlp = FeedForward::new(shape, 1, threads).unwrap();
            let width = mlp.outputs();
            let (mut outputs, mut gradient) = (vec![0.0; batch * width], numbers(8, mlp.parameters().len()));
            mlp.predict(rows, &mut outputs);
            let sums = mlp.gradient(rows, &loss(width), &mut gradient);
            let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            (bits(outputs), bits(gradient), sums)
        };
        let alone = run(1);
        for threads in [2, 3, 8] {
            assert!(run(threads) == alone, "{batch} rows on {threads} threads");
        }
    }
}

#[test]
fn selected_rows_and_changed_parameters_are_seen() {
    let mut mlp = FeedForward::new(&shape(4, vec![tower("a", &[8], 2)]), 1, 1).unwrap();
    let rows = numbers(2, 3 * 4);
    let (mut all, mut picked) = (vec![0.0; 6], vec![0.0; 4]);
    mlp.predict(Rows::floats(&rows, 4), &mut all);
    mlp.predict(Rows::floats(&rows, 4).select(&[2, 0]), &mut picked);
    assert!(picked.iter().zip([all[4], all[5], all[0], all[1]]).all(|(a, b)| (a - b).abs() < 1e-6));
    // The transposed weights of the first gradient must not serve the second.
    let of = |mlp: &FeedForward| {
        let mut gradient = vec![0.0; mlp.parameters().len()];
        mlp.gradient(Rows::floats(&rows, 4), &loss(2), &mut gradient);
        gradient
    };
    let copy = mlp.boxed_clone();
    let before = of(&mlp);
    mlp.parameters_mut().iter_mut().for_each(|p| *p *= -1.5);
    let mut fresh = FeedForward::new(&shape(4, vec![tower("a", &[8], 2)]), 99, 1).unwrap();
    fresh.parameters_mut().copy_from_slice(mlp.parameters());
    assert_eq!(of(&mlp), of(&fresh));
    assert_ne!(of(&mlp), before);
    assert_ne!(copy.parameters(), mlp.parameters(), "a copy stays as it was");
}

#[test]
fn a_loss_may_call_networks() {
    let mlp = FeedForward::new(&shape(3, vec![tower("a", &[8], 2)]), 1, 1).unwrap();
    let rows = numbers(2, 100 * 3);
    let run = |nested: bool| {
        let mut gradient = vec![0.0; mlp.parameters().len()];
        let plain = loss(2);
        let calls = |range: Range<usize>, outputs: &[f32], gradient: &mut [f32]| {
            if nested {
                mlp.predict(Rows::floats(&rows, 3), &mut vec![0.0; 200]);
                mlp.gradient(Rows::floats(&rows, 3), &plain, &mut vec![0.0; mlp.parameters().len()]);
            }
            plain(range, outputs, gradient)
        };
        mlp.gradient(Rows::floats(&rows, 3), &calls, &mut gradient);
        gradient
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn parts_have_names_shapes_and_starts() {
    let free = Some(("log_std", vec![-0.5, 0.5]));
    let towers = vec![tower("policy", &[64], 2), tower("value", &[], 1)];
    let layer_norm = Some(LayerNorm::FLAX);
    let shape = Shape { layer_norm, free, init: Init::Orthogonal, ..shape(8, towers) };
    let mlp = FeedForward::new(&shape, 1, 1).unwrap();
    let parts: Vec<(&str, &[usize])> =
        mlp.layout().parts().iter().map(|part| (part.name.as_str(), part.shape.as_slice())).collect();
    let expected: [(&str, &[usize]); 9] = [
        ("policy.0.weight", &[8, 64]),
        ("policy.0.bias", &[64]),
        ("policy.0.norm.scale", &[64]),
        ("policy.0.norm.offset", &[64]),
        ("policy.1.weight", &[64, 2]),
        ("policy.1.bias", &[2]),
        ("value.0.weight", &[8, 1]),
        ("value.0.bias", &[1]),
        ("log_std", &[2]),
    ];
    assert_eq!(parts, expected);
    let part = |index: usize| &mlp.parameters()[mlp.layout().parts()[index].range()];
    let norm = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>().sqrt();
    // Eight orthonormal rows times the root of 2; two columns and one times the gain of the last layer.
    assert!((norm(part(0)) - 4.0).abs() < 1e-5 && (norm(part(4)) - 0.7 * 2f32.sqrt()).abs() < 1e-5);
    assert!((norm(part(6)) - 0.7).abs() < 1e-5);
    assert!(part(1).iter().all(|b| *b == 0.0) && part(2).iter().all(|s| *s == 1.0) && part(8) == [-0.5, 0.5]);
}

#[test]
fn the_layout_of_minatar_is_what_it_says() {
    let convolutions = vec![Convolution { channels: 16, kernel: 3, stride: 1 }];
    let inputs = Inputs::Picture { size: [10, 10, 4], encoding: Encoding::Bit };
    let towers = vec![tower("policy", &[], 6), tower("value", &[], 1)];
    let shape =
        Shape { inputs, convolutions, trunk: vec![128], layer_norm: Some(LayerNorm::PLAIN), ..shape(0, towers) };
    let network = FeedForward::new(&shape, 1, 1).unwrap();
    let parts: Vec<(&str, &[usize])> =
        network.layout().parts().iter().map(|part| (part.name.as_str(), part.shape.as_slice())).collect();
    let expected: [(&str, &[usize]); 8] = [
        ("conv.0.weight", &[3, 3, 4, 16]),
        ("conv.0.bias", &[16]),
        ("dense.0.weight", &[1024, 128]),
        ("dense.0.bias", &[128]),
        ("policy.0.weight", &[128, 6]),
        ("policy.0.bias", &[6]),
        ("value.0.weight", &[128, 1]),
        ("value.0.bias", &[1]),
    ];
    assert_eq!(parts, expected);
}

#[test]
fn shapes_that_cannot_be_are_refused() {
    let wrong = |change: fn(&mut Shape), option: &str| {
        let mut shape = picture(5);
        change(&mut shape);
        match FeedForward::new(&shape, 1, 1) {
            Err(Error::InvalidOption { option: found, .. }) => assert_eq!(found, option),
            other => panic!("{option}: {:?}", other.map(|network| network.outputs())),
        }
    };
    wrong(|shape| shape.convolutions[0].kernel = 7, "kernel");
    wrong(|shape| shape.convolutions[1].kernel = 4, "kernel");
    wrong(|shape| shape.convolutions[0].stride = 0, "stride");
    wrong(|shape| shape.trunk[0] = 0, "hidden");
    wrong(|shape| shape.towers[0].hidden[0] = 0, "hidden");
    wrong(|shape| shape.towers.clear(), "outputs");
    wrong(|shape| shape.towers[0].outputs = 0, "outputs");
    wrong(|shape| shape.inputs = Inputs::Numbers { counts: vec![0] }, "inputs");
    let flat = Shape { inputs: shape(6, vec![]).inputs, ..picture(5) };
    assert!(matches!(FeedForward::new(&flat, 1, 1), Err(Error::Unsupported(_))));
}

#[test]
fn encodings_and_selections_do_not_matter() {
    let shape = picture(5);
    let (bits, values) = packed(Encoding::Bit, 126, 3);
    let floats: Vec<f32> = values.iter().map(|v| *v as f32).collect();
    let run = |rows: Rows<'_>| {
        let network = FeedForward::new(&encoded(rows.encoding(), shape.clone()), 1, 1).unwrap();
        let (mut outputs, mut gradient) = (vec![0.0; rows.len() * 4], vec![0.0; network.parameters().len()]);
        network.predict(rows, &mut outputs);
        network.gradient(rows, &loss(4), &mut gradient);
        (outputs, gradient)
    };
    // Sums of few terms in another order.
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5 * b.abs().max(1.0));
    let (expected, found) = (run(Rows::floats(&floats, 126)), run(Rows::packed(&bits, Encoding::Bit, 126)));
    assert!(close(&found.0, &expected.0) && close(&found.1, &expected.1));
    let picked = [2u32, 0, 2];
    let copied: Vec<f32> = picked.iter().flat_map(|&row| floats[row as usize * 126..][..126].to_vec()).collect();
    assert_eq!(run(Rows::floats(&floats, 126).select(&picked)), run(Rows::floats(&copied, 126)));
}

#[test]
#[should_panic(expected = "only floats have a gradient")]
fn packed_rows_have_no_input_gradient() {
    let network = FeedForward::new(&encoded(Encoding::Bit, picture(5)), 1, 1).unwrap();
    network.input_gradient(Rows::packed(&[0; 4], Encoding::Bit, 126), &loss(4), &mut [0.0; 126]);
}

#[test]
fn no_rows_are_no_gradient() {
    let network = FeedForward::new(&picture(5), 1, 2).unwrap();
    let mut gradient = vec![0.0; network.parameters().len()];
    network.predict(Rows::floats(&[], 126), &mut []);
    assert_eq!(network.gradient(Rows::floats(&[], 126), &loss(4), &mut gradient), [0.0; 8]);
    assert_eq!(network.input_gradient(Rows::floats(&[], 126), &loss(4), &mut []), [0.0; 8]);
}
