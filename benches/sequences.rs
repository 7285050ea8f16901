//! One gradient of each cell over 8 sequences of T steps, and one step of 64 rows, as recurrent PPO makes them: milliseconds and
//! the ratio to the gated recurrent unit, the cells by turns.
//!
//! `cargo bench -p shadergym-benches --bench sequences [-- <largest T>]`. Criterion would time one cell after the other; here a round
//! is all cells, so that whatever else the machine does meets all of them, and a figure is the median of the rounds.

use std::time::Instant;

use shadergym_agents::network::{Activation, LossSums, Network, Recurrent, Rows, Sequences, Tower};
use shadergym_agents::sequence::{
    AttentionShape, Cell, Discretization, Execution, Hints, SequenceNetwork, SequenceShape, StateSpace,
};
use shadergym_envs::Encoding;

const SEQUENCES: usize = 8;
const ROWS: usize = 64;
const WIDTH: usize = 128;
const OBSERVATION: usize = 4;
const ROUNDS: usize = 7;

fn network(cell: Cell, layers: usize, threads: usize) -> SequenceNetwork {
    let tower = |name, outputs| Tower { name, hidden: vec![WIDTH; 2], outputs, output_gain: 1.0 };
    let shape = SequenceShape {
        observation: (OBSERVATION, Encoding::F32),
        hints: Hints { action: None, reward: false, start: true },
        encoder: vec![WIDTH],
        width: WIDTH,
        cell,
        layers,
        towers: vec![tower("policy", 4), tower("value", 1)],
        activation: Activation::LeakyRelu,
        free: None,
    };
    SequenceNetwork::new(shape, 1, threads)
}

/// The cells with their names, two of each one behind the other and as wide; attention over 64 steps.
fn cells(threads: usize) -> Vec<(&'static str, SequenceNetwork)> {
    let states = |of_channels, size| StateSpace {
        of_channels,
        size,
        discretization: Discretization::Zoh,
        clip: false,
        execution: Execution::Recurrence,
        steps: (1e-3, 1e-1),
    };
    let attention = Cell::Attention(AttentionShape { heads: 4, context: 64 });
    vec![
        ("gru", network(Cell::Gru, 2, threads)),
        ("s5", network(Cell::Diagonal(states(false, 128)), 2, threads)),
        ("s4d", network(Cell::Diagonal(states(true, 16)), 2, threads)),
        ("lssl", network(Cell::Lssl { size: 16, steps: (1e-3, 1e-1) }, 2, threads)),
        ("attention", network(attention, 2, threads)),
    ]
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 12.9898).sin()).collect()
}

/// Milliseconds of a gradient over sequences of so many steps.
fn gradient(network: &SequenceNetwork, steps: usize) -> f64 {
    let rows = SEQUENCES * steps;
    let (observations, hints) = (numbers(rows * OBSERVATION), numbers(rows));
    let starts: Vec<bool> = (0..rows).map(|row| row % steps.min(200) == 0).collect();
    let chosen: Vec<u32> = (0..rows as u32).collect();
    let mut carries = vec![0.0; SEQUENCES * Recurrent::carry(network)];
    carries.chunks_exact_mut(Recurrent::carry(network)).for_each(|row| Recurrent::start(network, row));
    let sequences = Sequences {
        rows: Rows::floats(&observations, OBSERVATION),
        hints: &hints,
        starts: &starts,
        chosen: &chosen,
        steps,
        carries: &carries,
    };
    let mut gradient = vec![0.0; network.parameters().len()];
    let begin = Instant::now();
    network.gradient_over(
        sequences,
        &|_, outputs, by| {
            by.copy_from_slice(outputs);
            LossSums::default()
        },
        &mut gradient,
    );
    begin.elapsed().as_secs_f64() * 1e3
}

/// Milliseconds of a step of all rows.
fn step(network: &SequenceNetwork, _: usize) -> f64 {
    let observations = numbers(ROWS * OBSERVATION);
    let mut carry = vec![0.0; ROWS * Recurrent::carry(network)];
    carry.chunks_exact_mut(Recurrent::carry(network)).for_each(|row| Recurrent::start(network, row));
    let mut outputs = vec![0.0; ROWS * network.outputs()];
    let begin = Instant::now();
    for _ in 0..20 {
        network.advance(Rows::floats(&observations, OBSERVATION), &mut carry, &mut outputs);
    }
    begin.elapsed().as_secs_f64() * 1e3 / 20.0
}

fn table(what: &str, cells: &[(&str, SequenceNetwork)], steps: usize, of: fn(&SequenceNetwork, usize) -> f64) {
    let mut found = vec![Vec::new(); cells.len()];
    for round in 0..=ROUNDS {
        for (times, (_, network)) in found.iter_mut().zip(cells) {
            let time = of(network, steps);
            // The first makes room and transposes.
            if round > 0 {
                times.push(time);
            }
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let medians: Vec<f64> = found.iter_mut().map(median).collect();
    let row: Vec<String> = medians.iter().map(|ms| format!("{ms:.2} ({:.2}x)", medians[0] / ms)).collect();
    println!("| {what} | {} |", row.join(" | "));
}

fn main() {
    let largest = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(4096);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let cells = cells(threads);
    let parameters = |network: &SequenceNetwork| network.parameters().len();
    let names: Vec<String> = cells.iter().map(|(name, n)| format!("{name}, {} parameters", parameters(n))).collect();
    println!(
        "Two layers of {WIDTH} channels, {threads} threads; ms, and how many times as fast as the first column.\n"
    );
    println!("| | {} |\n|---|{}", names.join(" | "), "---|".repeat(cells.len()));
    table(&format!("step of {ROWS} rows"), &cells, 1, step);
    let mut steps = 64;
    while steps <= largest {
        table(&format!("gradient, {SEQUENCES} x {steps}"), &cells, steps, gradient);
        steps *= 4;
    }
}
