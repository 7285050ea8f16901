//! Medians of the time that networks take: `cargo run -p shadergym-agents --release --example network_speed`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use shadergym_agents::network::{
    Activation, Convolution, FeedForward, Init, Inputs, LayerNorm, LossSums, Network, Rows, Shape, Tower,
};
use shadergym_agents::optim::{Kind, Optimizer, Options};
use shadergym_envs::Encoding;

/// Median of the time a call takes, in microseconds.
fn median(mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    call();
    // Several calls a sample, so that reading the clock does not count.
    let calls = (Duration::from_micros(200).as_nanos() / start.elapsed().as_nanos().max(1)).clamp(1, 1000) as u32;
    let mut samples: Vec<f64> = (0..401)
        .map(|_| {
            let start = Instant::now();
            (0..calls).for_each(|_| call());
            start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[200]
}

/// Deterministic words, about `share` in 256 of their bits set.
fn words(len: usize, share: u32) -> Vec<u32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 24
    };
    (0..len).map(|_| (0..32).fold(0, |word, bit| word | u32::from(next() < share) << bit)).collect()
}

fn measure(name: &str, shape: Shape, batch: usize, threads: usize) {
    let (inputs, encoding) = (shape.inputs.elements(), shape.inputs.encoding());
    let mut network = FeedForward::new(&shape, 1, threads).expect("a valid shape");
    let (packed, floats);
    let rows = match encoding {
        Encoding::Bit => {
            packed = words(batch * inputs.div_ceil(32), 19);
            Rows::packed(&packed, encoding, inputs)
        }
        _ => {
            floats = (0..batch * inputs).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<_>>();
            Rows::floats(&floats, inputs)
        }
    };
    let mut outputs = vec![0.0; batch * network.outputs()];
    let mut gradient = vec![0.0; network.parameters().len()];
    let scale = 1.0 / batch as f32;
    let loss = |_: std::ops::Range<usize>, outputs: &[f32], gradient: &mut [f32]| {
        let mut sums = LossSums::default();
        for (out, gradient) in outputs.iter().zip(gradient) {
            let error = out - 0.5;
            sums[0] += f64::from(error * error);
            *gradient = 2.0 * error * scale;
        }
        sums
    };
    let forward = median(|| network.predict(black_box(rows), &mut outputs));
    let backward = median(|| {
        gradient.fill(0.0);
        network.parameters_mut();
        black_box(network.gradient(black_box(rows), &loss, &mut gradient));
    });
    let mut adam = Optimizer::new(Kind::Adam, Options::default(), network.layout());
    let update = median(|| {
        gradient.fill(0.0);
        network.gradient(black_box(rows), &loss, &mut gradient);
        // So slow that nothing is learned: once the loss is zero, so is the gradient, and zeros are not typical.
        adam.step(network.parameters_mut(), &gradient, 1e-12);
    });
    println!("| {name} | {batch} | {threads} | {forward:.2} | {backward:.2} | {update:.2} |");
}

fn tower(name: &'static str, hidden: &[usize], outputs: usize) -> Tower {
    Tower { name, hidden: hidden.to_vec(), outputs, output_gain: 1.0 }
}

fn main() {
    let shape = |inputs, encoding, towers, activation, layer_norm| Shape {
        inputs: Inputs::Flat { elements: inputs, encoding },
        convolutions: Vec::new(),
        trunk: Vec::new(),
        towers,
        activation,
        layer_norm,
        free: None,
        init: Init::Orthogonal,
    };
    println!("| network | batch | threads | forward us | forward and backward us | with Adam us |");
    println!("|---|---|---|---|---|---|");
    for (batch, threads) in [(1, 1), (256, 1), (2048, 1), (2048, 2)] {
        let towers = vec![tower("policy", &[64, 64], 4)];
        measure("8-64-64-4 tanh", shape(8, Encoding::F32, towers, Activation::Tanh, None), batch, threads);
    }
    for threads in [1, 2] {
        let towers = vec![tower("policy", &[64, 64], 6), tower("value", &[64, 64], 1)];
        let bits = shape(400, Encoding::Bit, towers, Activation::Relu, None);
        measure("400 bits, 2 towers 64-64-{6,1} relu", bits, 1024, threads);
    }
    for batch in [32, 1024] {
        let bits = shape(400, Encoding::Bit, vec![tower("q", &[128], 4)], Activation::Relu, Some(LayerNorm::FLAX));
        measure("400 bits-128-4 relu, layer norm", bits, batch, 1);
    }
    for threads in [1, 2] {
        let towers = vec![tower("q", &[256, 256], 1)];
        measure("23-256-256-1 relu", shape(23, Encoding::F32, towers, Activation::Relu, None), 256, threads);
    }
    for (width, threads) in [(256, 1), (1024, 1), (1024, 2)] {
        let wide = shape(64, Encoding::F32, vec![tower("q", &[width, width], 1)], Activation::Relu, None);
        measure(&format!("64-{width}-{width}-1 relu"), wide, 256, threads);
    }
    // MinAtar's.
    for (layer_norm, batch, threads) in
        [(None, 1, 1), (None, 128, 1), (None, 1024, 1), (None, 1024, 2), (Some(LayerNorm::FLAX), 128, 1)]
    {
        let towers = vec![tower("policy", &[], 6), tower("value", &[], 1)];
        let shape = Shape {
            inputs: Inputs::Picture { size: [10, 10, 4], encoding: Encoding::Bit },
            convolutions: vec![Convolution { channels: 16, kernel: 3, stride: 1 }],
            trunk: vec![128],
            ..shape(400, Encoding::Bit, towers, Activation::Relu, layer_norm)
        };
        let norm = if layer_norm.is_some() { ", layer norm" } else { "" };
        measure(&format!("10x10x4 bits, conv 16, 128, 6 and 1, relu{norm}"), shape, batch, threads);
    }
}
