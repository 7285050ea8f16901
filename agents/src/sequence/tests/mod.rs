//! Networks over sequences against the same written a second time in JAX, their modes against each other, and episodes against
//! what came before them.

mod execution;
mod golden;

use shadergym_envs::Encoding;

use super::*;
use crate::network::{Activation, Network, Recurrent, Rows, Sequences, Tower};

/// Diagonal states of this size.
pub(super) fn s5(size: usize) -> StateSpace {
    StateSpace {
        of_channels: false,
        size,
        discretization: Discretization::Zoh,
        clip: false,
        execution: Execution::Recurrence,
        steps: (1e-3, 1e-1),
    }
}

/// Every cell there is, small.
fn cells() -> Vec<Cell> {
    let s4d = StateSpace { of_channels: true, ..s5(6) };
    vec![
        Cell::Diagonal(s5(32)),
        Cell::Diagonal(s4d),
        Cell::Lssl { size: 5, steps: (1e-3, 1e-1) },
        Cell::Gru,
        Cell::Attention(AttentionShape { heads: 4, context: 12 }),
    ]
}

pub(super) fn shape(cell: Cell) -> SequenceShape {
    let tower = |name, outputs| Tower { name, hidden: vec![8], outputs, output_gain: 1.0 };
    SequenceShape {
        observation: (3, Encoding::F32),
        hints: Hints { action: None, reward: true, start: true },
        encoder: vec![8],
        width: 32,
        cell,
        layers: 2,
        towers: vec![tower("policy", 3), tower("value", 1)],
        activation: Activation::LeakyRelu,
        free: Some(("log_std", vec![-0.5, 0.25])),
    }
}

/// Numbers without a pattern, between -1 and 1.
pub(super) fn numbers(count: usize, seed: u32) -> Vec<f32> {
    (0..count).map(|i| ((i as f32 + 1.0) * 12.9898 + seed as f32 * 78.233).sin() * 43758.547 % 1.0).collect()
}

/// Sequences with random inputs, episodes that begin here and there, and what they carry.
struct Case {
    observations: Vec<f32>,
    hints: Vec<f32>,
    starts: Vec<bool>,
    chosen: Vec<u32>,
    carries: Vec<f32>,
    steps: usize,
}

impl Case {
    fn new(network: &SequenceNetwork, (steps, sequences): (usize, usize), seed: u32) -> Self {
        let rows = steps * sequences;
        let mut carries = numbers(sequences * Recurrent::carry(network), seed + 1);
        if let Cell::Attention(AttentionShape { context, .. }) = network.shape().cell {
            // How many steps a layer has seen is no number without a pattern.
            let width = (context - 1) * 2 * network.shape().width + 1;
            let rows = carries.chunks_exact_mut(Recurrent::carry(network)).enumerate();
            rows.for_each(|(s, row)| (0..2).for_each(|layer| row[(layer + 1) * width - 1] = 3.0 * s as f32));
        }
        // Hints are their end.
        carries
            .chunks_exact_mut(Recurrent::carry(network))
            .for_each(|row| row[Recurrent::carry(network) - 2..].fill(0.0));
        Self {
            observations: numbers(rows * 3, seed),
            hints: numbers(rows * 2, seed + 2),
            starts: numbers(rows, seed + 3).iter().map(|x| *x > 0.8).collect(),
            chosen: (0..rows as u32).collect(),
            carries,
            steps,
        }
    }

    fn sequences(&self) -> Sequences<'_> {
        Sequences {
            rows: Rows::floats(&self.observations, 3),
            hints: &self.hints,
            starts: &self.starts,
            chosen: &self.chosen,
            steps: self.steps,
            carries: &self.carries,
        }
    }

    /// Outputs of all rows, and the gradient of their sum with these weights.
    fn learn(&self, network: &SequenceNetwork, weights: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let width = network.outputs();
        let outputs = std::sync::Mutex::new(vec![0.0; self.chosen.len() * width]);
        let mut gradient = vec![0.0; network.parameters().len()];
        network.gradient_over(
            self.sequences(),
            &|range, found, by| {
                let range = range.start * width..range.end * width;
                outputs.lock().unwrap()[range.clone()].copy_from_slice(found);
                by.copy_from_slice(&weights[range]);
                Default::default()
            },
            &mut gradient,
        );
        (outputs.into_inner().unwrap(), gradient)
    }
}

#[test]
fn steps_one_by_one_come_to_what_sequences_come_to() {
    for cell in cells() {
        let network = SequenceNetwork::new(shape(cell), 5, 2);
        let case = Case::new(&network, (70, 9), 1);
        let weights = vec![0.0; case.chosen.len() * network.outputs()];
        let (outputs, _) = case.learn(&network, &weights);
        let (width, carry) = (network.outputs(), Recurrent::carry(&network));
        let mut carries = case.carries.clone();
        let mut largest = 0.0f32;
        for t in 0..case.steps {
            let mut rows = Vec::new();
            for (s, carry) in carries.chunks_exact_mut(carry).enumerate() {
                let row = s * case.steps + t;
                if case.starts[row] {
                    Recurrent::start(&network, carry);
                }
                let len = carry.len();
                carry[len - 2..].copy_from_slice(&case.hints[row * 2..row * 2 + 2]);
                rows.extend_from_slice(&case.observations[row * 3..row * 3 + 3]);
            }
            let mut found = vec![0.0; 9 * width];
            network.advance(Rows::floats(&rows, 3), &mut carries, &mut found);
            for s in 0..9 {
                let expected = &outputs[(s * case.steps + t) * width..][..width];
                let off = expected.iter().zip(&found[s * width..]).map(|(a, b)| (a - b).abs());
                largest = off.fold(largest, f32::max);
            }
        }
        // The same operations in blocks of rows of other sizes.
        assert!(largest < 1e-5, "{cell:?}: {largest:e}");
    }
}

#[test]
fn nothing_reaches_across_the_beginning_of_an_episode() {
    for cell in cells() {
        let network = SequenceNetwork::new(shape(cell), 6, 1);
        let mut case = Case::new(&network, (100, 6), 2);
        let begin = |s: usize| 20 + 10 * s;
        case.starts.fill(false);
        (0..6).for_each(|s| case.starts[s * case.steps + begin(s)] = true);
        // A loss behind the beginning alone.
        let width = network.outputs();
        let mut weights = numbers(case.chosen.len() * width, 3);
        (0..6).for_each(|s| weights[s * case.steps * width..(s * case.steps + begin(s)) * width].fill(0.0));
        let before = case.learn(&network, &weights);
        // Another history: other observations, hints and carry, some of them enormous.
        for s in 0..6 {
            let rows = s * case.steps..s * case.steps + begin(s);
            case.observations[rows.start * 3..rows.end * 3].iter_mut().for_each(|x| *x = 1e6 * (*x + 0.1));
            case.hints[rows.start * 2..rows.end * 2].iter_mut().for_each(|x| *x = -7.0 - *x);
        }
        let whole = |x: f32| x.fract() == 0.0;
        case.carries.iter_mut().filter(|x| !whole(**x)).for_each(|x| *x = 1e3 * (1.0 - *x));
        let after = case.learn(&network, &weights);
        for s in 0..6 {
            let rows = (s * case.steps + begin(s)) * width..(s + 1) * case.steps * width;
            assert!(before.0[rows.clone()] == after.0[rows.clone()], "{cell:?}: outputs of sequence {s}");
            let earlier = s * case.steps * width..rows.start;
            assert!(before.0[earlier.clone()] != after.0[earlier], "{cell:?}: the history is another one");
        }
        assert!(before.1.iter().any(|g| *g != 0.0));
        assert!(before.1 == after.1, "{cell:?}: gradients");
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    for cell in cells() {
        let [one, three] = [1, 3].map(|threads| SequenceNetwork::new(shape(cell), 7, threads));
        let case = Case::new(&one, (33, 21), 3);
        let weights = numbers(case.chosen.len() * one.outputs(), 4);
        assert!(case.learn(&one, &weights) == case.learn(&three, &weights), "{cell:?}");
        let mut found = [&one, &three].map(|network| {
            let (mut carry, mut outputs) = (case.carries.clone(), vec![0.0; 21 * network.outputs()]);
            network.advance(Rows::floats(&case.observations[..63], 3), &mut carry, &mut outputs);
            (carry, outputs)
        });
        let [one, three] = &mut found;
        assert!(one == three, "{cell:?}");
    }
}
