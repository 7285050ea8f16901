//! `ConvNet` against a plain f64 forward pass, its gradients against differences of that.

use std::sync::Mutex;

use shadergym_agents::Error;
use shadergym_agents::network::burn::{ConvLayer, ConvNet, ConvShape, Head, Init, TILE};
use shadergym_agents::network::{LossSums, Network, Rows};
use shadergym_envs::Encoding;

/// f32 sums of up to a thousand terms against f64 ones, relative to the largest value compared.
const TOLERANCE: f64 = 2e-5;
/// Step of the central differences; the reference is f64, so that rounding costs about 1e-9.
const STEP: f64 = 1e-6;

/// Two convolutions, one with a stride that leaves a border, and all options.
fn shape(layer_norm: bool) -> ConvShape {
    ConvShape {
        height: 6,
        width: 7,
        channels: 3,
        convolutions: vec![
            ConvLayer { channels: 5, kernel: 2, stride: 2 },
            ConvLayer { channels: 4, kernel: 2, stride: 1 },
        ],
        hidden: vec![9, 6],
        heads: vec![Head { outputs: 3, gain: 0.5 }, Head { outputs: 1, gain: 1.0 }],
        layer_norm,
        free: Some(("log_std".into(), vec![-0.5, 0.25])),
        init: Init::Orthogonal,
        seed: 7,
    }
}

/// A network whose biases, scales and offsets matter too.
fn network(layer_norm: bool) -> ConvNet {
    let mut network = ConvNet::new(shape(layer_norm)).unwrap();
    let mut source = noise(11);
    network.parameters_mut().iter_mut().for_each(|p| *p += 0.3 * source());
    network
}

/// Values in [-1, 1).
fn noise(mut state: u64) -> impl FnMut() -> f32 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

fn values(count: usize, seed: u64) -> Vec<f32> {
    std::iter::repeat_with(noise(seed)).take(count).collect()
}

/// The next parameters.
fn take<'a>(rest: &mut &'a [f64], count: usize) -> &'a [f64] {
    rest.split_off(..count).expect("as many parameters as documented")
}

/// Outputs of one row: loops over everything, parameters taken in the documented order.
fn reference(shape: &ConvShape, parameters: &[f64], row: &[f64]) -> Vec<f64> {
    let mut rest = parameters;
    let rest = &mut rest;
    let norm = |cells: &mut [f64], scale: &[f64], offset: &[f64]| {
        for cell in cells.chunks_mut(scale.len()) {
            let mean = cell.iter().sum::<f64>() / cell.len() as f64;
            let variance = cell.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / cell.len() as f64;
            for (i, value) in cell.iter_mut().enumerate() {
                *value = (*value - mean) / (variance + 1e-6).sqrt() * scale[i] + offset[i];
            }
        }
    };
    let finish = |mut values: Vec<f64>, width: usize, rest: &mut &[f64]| {
        if shape.layer_norm {
            norm(&mut values, take(rest, width), take(rest, width));
        }
        values.iter().map(|v| v.max(0.0)).collect::<Vec<f64>>()
    };
    let dense = |input: &[f64], weight: &[f64], bias: &[f64]| {
        let column =
            |o: usize| bias[o] + input.iter().enumerate().map(|(i, v)| v * weight[i * bias.len() + o]).sum::<f64>();
        (0..bias.len()).map(column).collect::<Vec<f64>>()
    };
    let (mut picture, mut height, mut width, mut channels) = (row.to_vec(), shape.height, shape.width, shape.channels);
    for layer in &shape.convolutions {
        let weight = take(rest, layer.kernel * layer.kernel * channels * layer.channels);
        let bias = take(rest, layer.channels);
        let (rows, columns) = ((height - layer.kernel) / layer.stride + 1, (width - layer.kernel) / layer.stride + 1);
        let mut out = Vec::new();
        for place in 0..rows * columns {
            let (y, x) = (place / columns * layer.stride, place % columns * layer.stride);
            let patch: Vec<f64> = (0..layer.kernel * layer.kernel * channels)
                .map(|i| {
                    let (cell, channel) = (i / channels, i % channels);
                    let (dy, dx) = (cell / layer.kernel, cell % layer.kernel);
                    picture[((y + dy) * width + x + dx) * channels + channel]
                })
                .collect();
            out.extend(dense(&patch, weight, bias));
        }
        picture = finish(out, layer.channels, rest);
        (height, width, channels) = (rows, columns, layer.channels);
    }
    for &units in &shape.hidden {
        let weight = take(rest, picture.len() * units);
        let out = dense(&picture, weight, take(rest, units));
        picture = finish(out, units, rest);
    }
    let outputs = shape.heads.iter().map(|head| head.outputs).sum();
    let weight = take(rest, picture.len() * outputs);
    let mut out = dense(&picture, weight, take(rest, outputs));
    if let Some((_, free)) = &shape.free {
        out.extend(take(rest, free.len()));
    }
    assert!(rest.is_empty());
    out
}

/// A loss with a different derivative for every output: the sum of `weight * output + output^2 / 2`.
fn weight(position: usize, output: usize) -> f64 {
    ((position * 7 + output * 3) % 5) as f64 / 2.0 - 1.0
}

fn loss(range: std::ops::Range<usize>, outputs: &[f32], wanted: &mut [f32]) -> LossSums {
    let mut sums = LossSums::default();
    let width = outputs.len() / range.len();
    for (i, (output, wanted)) in outputs.iter().zip(wanted).enumerate() {
        let weight = weight(range.start + i / width, i % width);
        sums[0] += weight * f64::from(*output) + f64::from(*output).powi(2) / 2.0;
        *wanted = weight as f32 + output;
    }
    sums
}

/// The same loss of the reference.
fn reference_loss(shape: &ConvShape, parameters: &[f64], rows: &[f64]) -> f64 {
    let inputs = shape.height * shape.width * shape.channels;
    let row = |(position, row): (usize, &[f64])| {
        let outputs = reference(shape, parameters, row);
        outputs.iter().enumerate().map(|(o, v)| weight(position, o) * v + v * v / 2.0).sum::<f64>()
    };
    rows.chunks(inputs).enumerate().map(row).sum()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

fn assert_close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1e-3, |size: f64, v| size.max(v.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs() / size;
        assert!(error < TOLERANCE, "{i}: {found} instead of {expected}, {error:e}");
    }
}

/// Derivative of a function with respect to each of the values.
fn differences(values: &[f64], function: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut values = values.to_vec();
    (0..values.len())
        .map(|i| {
            let value = values[i];
            values[i] = value + STEP;
            let above = function(&values);
            values[i] = value - STEP;
            let below = function(&values);
            values[i] = value;
            (above - below) / (2.0 * STEP)
        })
        .collect()
}

#[test]
fn outputs_and_gradients_equal_the_reference() {
    for layer_norm in [false, true] {
        let (shape, network) = (shape(layer_norm), network(layer_norm));
        let rows = values(4 * 126, 3);
        let (parameters, rows64) = (wide(network.parameters()), wide(&rows));
        let mut outputs = vec![0.0; 4 * 6];
        network.predict(Rows::floats(&rows, 126), &mut outputs);
        let expected: Vec<f64> = rows64.chunks(126).flat_map(|row| reference(&shape, &parameters, row)).collect();
        assert_close(&outputs, &expected);

        // The gradient is added to what is there.
        let mut gradient = vec![1.0; parameters.len()];
        let sums = network.gradient(Rows::floats(&rows, 126), &loss, &mut gradient);
        gradient.iter_mut().for_each(|g| *g -= 1.0);
        let value = reference_loss(&shape, &parameters, &rows64);
        assert!((sums[0] - value).abs() < 1e-5 * value.abs().max(1.0));
        assert_close(&gradient, &differences(&parameters, |p| reference_loss(&shape, p, &rows64)));

        let mut inputs = vec![5.0; rows.len()];
        let again = network.input_gradient(Rows::floats(&rows, 126), &loss, &mut inputs);
        assert!((again[0] - value).abs() < 1e-5 * value.abs().max(1.0));
        assert_close(&inputs, &differences(&rows64, |rows| reference_loss(&shape, &parameters, rows)));
    }
}

#[test]
fn encodings_and_selections_do_not_matter() {
    let network = network(false);
    let bits: Vec<bool> = values(3 * 126, 5).iter().map(|v| *v > 0.0).collect();
    let floats: Vec<f32> = bits.iter().map(|bit| f32::from(u8::from(*bit))).collect();
    let pack = |width: u32| -> Vec<u32> {
        let per_word = (32 / width) as usize;
        let word = |bits: &[bool]| bits.iter().rev().fold(0u64, |word, bit| word << width | u64::from(*bit)) as u32;
        bits.chunks(126).flat_map(|row| row.chunks(per_word).map(word)).collect()
    };
    let (as_bits, as_bytes) = (pack(1), pack(8));
    let run = |rows: Rows<'_>| {
        let (mut outputs, mut gradient) = (vec![0.0; rows.len() * 6], vec![0.0; network.parameters().len()]);
        network.predict(rows, &mut outputs);
        network.gradient(rows, &loss, &mut gradient);
        (outputs, gradient)
    };
    let expected = run(Rows::floats(&floats, 126));
    assert!(expected.0[0] != expected.0[6], "rows differ");
    assert_eq!(run(Rows::packed(&as_bits, Encoding::Bit, 126)), expected);
    assert_eq!(run(Rows::packed(&as_bytes, Encoding::U8, 126)), expected);

    let picked = [2, 0, 2];
    let copied: Vec<f32> = picked.iter().flat_map(|&row| floats[row * 126..(row + 1) * 126].to_vec()).collect();
    let picked = picked.map(|row| row as u32);
    assert_eq!(run(Rows::packed(&as_bits, Encoding::Bit, 126).select(&picked)), run(Rows::floats(&copied, 126)));
}

#[test]
fn losses_see_every_row_once_with_the_outputs_of_predict() {
    let count = 2 * TILE + 9;
    let rows = values(count * 126, 9);
    for layer_norm in [false, true] {
        let network = network(layer_norm);
        let mut expected = vec![0.0; count * 6];
        network.predict(Rows::floats(&rows, 126), &mut expected);
        let seen = Mutex::new(vec![None; count * 6]);
        let mut gradient = vec![0.0; network.parameters().len()];
        let look = |range: std::ops::Range<usize>, outputs: &[f32], wanted: &mut [f32]| {
            assert_eq!((outputs.len(), wanted.len()), (range.len() * 6, range.len() * 6));
            assert!(wanted.iter().all(|w| *w == 0.0));
            for (i, output) in outputs.iter().enumerate() {
                assert_eq!(seen.lock().unwrap()[range.start * 6 + i].replace(*output), None, "a row twice");
            }
            [1.0; 8]
        };
        let sums = network.gradient(Rows::floats(&rows, 126), &look, &mut gradient);
        assert_eq!(sums, [3.0; 8]);
        assert!(gradient.iter().all(|g| *g == 0.0), "the loss was constant");
        for (seen, expected) in seen.into_inner().unwrap().into_iter().zip(&expected) {
            let error = (seen.expect("every row") - expected).abs();
            // Layer norm is one operation in inference and several in training, which round differently.
            assert!(if layer_norm { error < 1e-5 } else { error == 0.0 }, "{error}");
        }
    }
}

#[test]
fn results_depend_neither_on_threads_nor_on_the_run() {
    let rows = values((3 * TILE + 1) * 126, 13);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let network = network(true);
            let mut outputs = vec![0.0; (3 * TILE + 1) * 6];
            network.predict(Rows::floats(&rows, 126), &mut outputs);
            let mut gradient = vec![0.0; network.parameters().len()];
            let sums = network.gradient(Rows::floats(&rows, 126), &loss, &mut gradient);
            (outputs, gradient, sums)
        })
    };
    let first = run(1);
    for threads in [1, 2, 3, 8] {
        assert_eq!(run(threads), first, "{threads} threads");
    }
}

#[test]
fn changed_parameters_count_and_clones_keep_theirs() {
    let mut network = network(false);
    let rows = values(126, 17);
    let predict = |network: &dyn Network| {
        let mut outputs = vec![0.0; 6];
        network.predict(Rows::floats(&rows, 126), &mut outputs);
        outputs
    };
    let (before, saved) = (predict(&network), network.parameters().to_vec());
    let copy = network.boxed_clone();
    network.parameters_mut().iter_mut().for_each(|p| *p *= 1.5);
    assert_ne!(predict(&network), before);
    assert_eq!(predict(&*copy), before);
    network.parameters_mut().copy_from_slice(&saved);
    assert_eq!(predict(&network), before);
}

#[test]
fn no_rows_are_no_gradient() {
    let network = network(false);
    let mut gradient = vec![0.0; network.parameters().len()];
    network.predict(Rows::floats(&[], 126), &mut []);
    assert_eq!(network.gradient(Rows::floats(&[], 126), &loss, &mut gradient), [0.0; 8]);
    assert_eq!(network.input_gradient(Rows::floats(&[], 126), &loss, &mut []), [0.0; 8]);
}

#[test]
fn the_layout_of_minatar_is_what_it_says() {
    let heads = vec![Head { outputs: 6, gain: 0.01 }, Head { outputs: 1, gain: 1.0 }];
    let network = ConvNet::new(ConvShape { layer_norm: true, ..ConvShape::minatar(10, 10, 4, heads) }).unwrap();
    let parts: Vec<_> =
        network.layout().parts().iter().map(|part| (part.name.as_str(), part.shape.as_slice())).collect();
    let expected: [(&str, &[usize]); 10] = [
        ("conv.0.weight", &[3, 3, 4, 16]),
        ("conv.0.bias", &[16]),
        ("conv.0.scale", &[16]),
        ("conv.0.offset", &[16]),
        ("dense.0.weight", &[1024, 128]),
        ("dense.0.bias", &[128]),
        ("dense.0.scale", &[128]),
        ("dense.0.offset", &[128]),
        ("heads.weight", &[128, 7]),
        ("heads.bias", &[7]),
    ];
    assert_eq!(parts, expected);
    assert_eq!(network.parameters().len(), network.layout().len());
    assert_eq!(network.outputs(), 7);
}

#[test]
fn shapes_that_cannot_be_are_refused() {
    let wrong = |change: fn(&mut ConvShape), option: &str| {
        let mut shape = shape(false);
        change(&mut shape);
        match ConvNet::new(shape) {
            Err(Error::InvalidOption { option: found, .. }) => assert_eq!(found, option),
            other => panic!("{option}: {:?}", other.map(|network| network.outputs())),
        }
    };
    wrong(|shape| shape.convolutions[0].kernel = 7, "kernel");
    wrong(|shape| shape.convolutions[1].kernel = 4, "kernel");
    wrong(|shape| shape.convolutions[0].stride = 0, "stride");
    wrong(|shape| shape.hidden[1] = 0, "hidden");
    wrong(|shape| shape.heads.clear(), "outputs");
    wrong(|shape| shape.heads[0].outputs = 0, "outputs");
    wrong(|shape| shape.channels = 0, "channels");
}

#[test]
#[should_panic(expected = "only floats have a gradient")]
fn packed_rows_have_no_input_gradient() {
    let network = network(false);
    network.input_gradient(Rows::packed(&[0; 4], Encoding::Bit, 126), &loss, &mut [0.0; 126]);
}
