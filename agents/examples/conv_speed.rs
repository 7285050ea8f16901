//! Speed of MinAtar's convolutional network: medians of `predict` and `gradient` in microseconds.
//!
//! `cargo run --release --example conv_speed -p shadergym-agents`

use std::time::Instant;

use shadergym_agents::network::burn::{ConvNet, ConvShape, Head};
use shadergym_agents::network::{LossSums, Network, Rows};
use shadergym_envs::Encoding;

/// Values of an observation of MinAtar: 10 x 10 cells, 4 channels, one bit each.
const ELEMENTS: usize = 10 * 10 * 4;
/// Words of one.
const WORDS: usize = ELEMENTS.div_ceil(32);

fn main() {
    let heads = vec![Head { outputs: 6, gain: 0.01 }, Head { outputs: 1, gain: 1.0 }];
    println!("{:>10} {:>6} {:>12} {:>12}", "layer norm", "rows", "predict us", "gradient us");
    for layer_norm in [false, true] {
        let shape = ConvShape { layer_norm, ..ConvShape::minatar(10, 10, 4, heads.clone()) };
        let network = ConvNet::new(shape).expect("a valid shape");
        for count in [1, 32, 128, 1024] {
            // About one bit in eight is set.
            let words: Vec<u32> = (0..(count * WORDS) as u32)
                .map(|i| i.wrapping_mul(0x9e37_79b9) & i.wrapping_mul(0x85eb_ca6b) & i.wrapping_mul(0xc2b2_ae35))
                .collect();
            let rows = Rows::packed(&words, Encoding::Bit, ELEMENTS);
            let mut outputs = vec![0.0; count * network.outputs()];
            let mut gradient = vec![0.0; network.parameters().len()];
            let predict = median(|| network.predict(rows, &mut outputs));
            let learn = median(|| {
                network.gradient(rows, &loss, &mut gradient);
            });
            println!("{layer_norm:>10} {count:>6} {predict:>12.0} {learn:>12.0}");
        }
    }
}

/// Half the squared outputs: its gradient is the outputs.
fn loss(_: std::ops::Range<usize>, outputs: &[f32], wanted: &mut [f32]) -> LossSums {
    wanted.copy_from_slice(outputs);
    LossSums::default()
}

/// Median in microseconds of a second of calls, 10 at least.
fn median(mut call: impl FnMut()) -> f64 {
    call();
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < 10 || begin.elapsed().as_secs_f64() < 1.0 {
        let start = Instant::now();
        call();
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
