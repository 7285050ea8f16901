use super::*;
use crate::network::Part;

/// Largest difference between a gradient and finite differences of the reference in f64, relative to the gradient's
/// largest element. Rounding of f32 over a few hundred terms is about 1e-5.
const GRADIENT_ERROR: f64 = 1e-4;
/// Largest difference of an output from the reference.
const OUTPUT_ERROR: f64 = 1e-4;
/// Step of the finite differences, in f64.
const STEP: f64 = 1e-5;

/// A forward pass in f64, one row at a time, straight from the definitions.
fn reference(shape: &MlpShape, parts: &[Part], parameters: &[f64], row: &[f64]) -> Vec<f64> {
    let part = |name: String| {
        let part = parts.iter().find(|part| part.name == name).unwrap_or_else(|| panic!("no part {name}"));
        &parameters[part.range()]
    };
    let mut outputs = Vec::new();
    for tower in &shape.towers {
        let mut x = row.to_vec();
        for (l, width) in tower.hidden.iter().chain([&tower.outputs]).enumerate() {
            let (w, b) = (part(format!("{}.{l}.weight", tower.name)), part(format!("{}.{l}.bias", tower.name)));
            let dot = |o: usize| b[o] + x.iter().enumerate().map(|(i, x)| x * w[i * width + o]).sum::<f64>();
            let mut y: Vec<f64> = (0..*width).map(dot).collect();
            if l < tower.hidden.len() {
                if shape.layer_norm {
                    let n = *width as f64;
                    let mean = y.iter().sum::<f64>() / n;
                    let deviation = (y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n + 1e-6).sqrt();
                    let scale = part(format!("{}.{l}.norm.scale", tower.name));
                    let offset = part(format!("{}.{l}.norm.offset", tower.name));
                    y.iter_mut().enumerate().for_each(|(o, y)| *y = (*y - mean) / deviation * scale[o] + offset[o]);
                }
                y.iter_mut().for_each(|y| match shape.activation {
                    Activation::Tanh => *y = y.tanh(),
                    Activation::Relu => *y = y.max(0.0),
                });
            }
            x = y;
        }
        outputs.extend(x);
    }
    if let Some((name, _)) = &shape.free {
        outputs.extend(part((*name).to_owned()));
    }
    outputs
}

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

fn shape(inputs: usize, towers: Vec<Tower>) -> MlpShape {
    MlpShape {
        inputs,
        encoding: Encoding::F32,
        towers,
        activation: Activation::Tanh,
        layer_norm: false,
        free: None,
        init: Init::Uniform,
    }
}

/// Numbers in -1..1 of a seed.
fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    uniform(&mut Random::new(seed), &mut out, 1.0);
    out
}

/// Words of rows in an encoding, bits beyond the elements set, and their values.
fn packed(encoding: Encoding, elements: usize, rows: usize) -> (Vec<u32>, Vec<f64>) {
    let noise = numbers(5, rows * elements);
    let words = crate::network::rows::row_words(encoding, elements);
    let (mut out, mut values) = (vec![u32::MAX; rows * words], Vec::new());
    for row in 0..rows {
        let out = &mut out[row * words..][..words];
        for e in 0..elements {
            let x = noise[row * elements + e];
            match encoding {
                Encoding::Count => unreachable!("learners see whole numbers as zeros and ones"),
                Encoding::F32 => (out[e], values) = (x.to_bits(), [values, vec![f64::from(x)]].concat()),
                Encoding::U8 => {
                    // Small values, so that no tangent saturates.
                    let byte = ((x + 1.0) * 2.0) as u32;
                    out[e / 4] = out[e / 4] & !(0xff << (e % 4 * 8)) | byte << (e % 4 * 8);
                    values.push(f64::from(byte));
                }
                Encoding::Bit => {
                    let bit = u32::from(x > 0.6);
                    out[e / 32] = out[e / 32] & !(1 << (e % 32)) | bit << (e % 32);
                    values.push(f64::from(bit));
                }
            }
        }
    }
    (out, values)
}

/// Compares outputs, loss and gradient of a network with the reference, `checked` parameters among all.
fn check(shape: MlpShape, batch: usize, checked: usize) {
    let label = format!("{shape:?} batch {batch}");
    let mut mlp = Mlp::new(shape.clone(), 11, 1);
    // Away from the start, where scales are all one and offsets zero.
    let noise = numbers(3, mlp.parameters().len());
    mlp.parameters_mut().iter_mut().zip(&noise).for_each(|(p, n)| *p += 0.1 * n);
    let (words, values) = packed(shape.encoding, shape.inputs, batch);
    let rows = Rows::packed(&words, shape.encoding, shape.inputs);
    let width = mlp.outputs();
    let mut outputs = vec![0.0; batch * width];
    mlp.predict(rows, &mut outputs);
    let parameters: Vec<f64> = mlp.parameters().iter().map(|p| f64::from(*p)).collect();
    let parts = mlp.layout().parts();
    let forward = |parameters: &[f64], row: usize| {
        reference(&shape, parts, parameters, &values[row * shape.inputs..][..shape.inputs])
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

#[test]
fn gradients_match_finite_differences_for_every_kind_of_network() {
    for activation in [Activation::Tanh, Activation::Relu] {
        for layer_norm in [false, true] {
            for encoding in [Encoding::F32, Encoding::U8, Encoding::Bit] {
                let free = layer_norm.then(|| ("log_std", vec![0.1, -0.2, 0.3]));
                let towers = vec![tower("policy", &[17, 16], 3), tower("value", &[9], 1)];
                let shape = MlpShape { encoding, activation, layer_norm, free, ..shape(37, towers) };
                check(shape, 7, 60);
            }
        }
    }
}

#[test]
fn gradients_match_finite_differences_for_odd_sizes() {
    for width in [1, 3, 17, 65] {
        check(shape(width, vec![tower("a", &[width, 65], width)]), 5, 40);
        check(MlpShape { layer_norm: true, ..shape(3, vec![tower("a", &[65, width], 2)]) }, 3, 40);
        check(MlpShape { encoding: Encoding::Bit, ..shape(65, vec![tower("a", &[width], 9)]) }, 5, 40);
        check(MlpShape { encoding: Encoding::Bit, ..shape(40, vec![tower("a", &[], width)]) }, 5, 40);
    }
    for batch in [1, 63, 64, 65, 1000] {
        check(shape(3, vec![tower("a", &[17, 65], 4), tower("b", &[], 2)]), batch, 10);
    }
}

#[test]
fn input_gradients_match_finite_differences() {
    for layer_norm in [false, true] {
        let shape = MlpShape { layer_norm, ..shape(5, vec![tower("a", &[17, 64], 2), tower("b", &[3], 1)]) };
        let mlp = Mlp::new(shape.clone(), 4, 1);
        let rows = numbers(9, 70 * 5);
        let mut gradient = vec![7.0; rows.len()];
        mlp.input_gradient(Rows::floats(&rows, 5), &loss(3), &mut gradient);
        let parameters: Vec<f64> = mlp.parameters().iter().map(|p| f64::from(*p)).collect();
        for row in 0..70 {
            for i in 0..5 {
                let moved = |by: f64| {
                    let mut x: Vec<f64> = rows[row * 5..][..5].iter().map(|x| f64::from(*x)).collect();
                    x[i] += by;
                    row_loss(row, &reference(&shape, mlp.layout().parts(), &parameters, &x))
                };
                let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                let error = (f64::from(gradient[row * 5 + i]) - expected).abs();
                assert!(error < 1e-4 * expected.abs().max(1.0), "{row} {i}: {} not {expected}", gradient[row * 5 + i]);
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let towers = vec![tower("policy", &[33, 64], 5), tower("value", &[16], 1)];
    for batch in [100, 1537, 2500] {
        let rows = numbers(2, batch * 6);
        let rows = Rows::floats(&rows, 6);
        let run = |threads: usize| {
            let mlp = Mlp::new(shape(6, towers.clone()), 1, threads);
            let (mut outputs, mut gradient) = (vec![0.0; batch * 6], numbers(8, mlp.parameters().len()));
            mlp.predict(rows, &mut outputs);
            let sums = mlp.gradient(rows, &loss(6), &mut gradient);
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
    let mut mlp = Mlp::new(shape(4, vec![tower("a", &[8], 2)]), 1, 1);
    let rows = numbers(2, 3 * 4);
    let (mut all, mut picked) = (vec![0.0; 6], vec![0.0; 4]);
    mlp.predict(Rows::floats(&rows, 4), &mut all);
    mlp.predict(Rows::floats(&rows, 4).select(&[2, 0]), &mut picked);
    assert!(picked.iter().zip([all[4], all[5], all[0], all[1]]).all(|(a, b)| (a - b).abs() < 1e-6));
    // The transposed weights of the first gradient must not serve the second.
    let of = |mlp: &Mlp| {
        let mut gradient = vec![0.0; mlp.parameters().len()];
        mlp.gradient(Rows::floats(&rows, 4), &loss(2), &mut gradient);
        gradient
    };
    let copy = mlp.boxed_clone();
    let before = of(&mlp);
    mlp.parameters_mut().iter_mut().for_each(|p| *p *= -1.5);
    let mut fresh = Mlp::new(shape(4, vec![tower("a", &[8], 2)]), 99, 1);
    fresh.parameters_mut().copy_from_slice(mlp.parameters());
    assert_eq!(of(&mlp), of(&fresh));
    assert_ne!(of(&mlp), before);
    assert_ne!(copy.parameters(), mlp.parameters(), "a copy stays as it was");
}

#[test]
fn a_loss_may_call_networks() {
    let mlp = Mlp::new(shape(3, vec![tower("a", &[8], 2)]), 1, 1);
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
    let shape = MlpShape { layer_norm: true, free, init: Init::Orthogonal, ..shape(8, towers) };
    let mlp = Mlp::new(shape, 1, 1);
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
