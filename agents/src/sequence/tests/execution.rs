//! The three ways to compute diagonal states.

use super::*;

/// Largest difference of outputs, relative to the largest: what the layer promises.
const TOLERANCE: f32 = 1e-4;

fn outputs(states: StateSpace, starts: impl Fn(usize) -> bool, steps: usize) -> Vec<f32> {
    let network = SequenceNetwork::new(shape(Cell::Diagonal(states)), 8, 2);
    let mut case = Case::new(&network, (steps, 5), 5);
    (0..case.starts.len()).for_each(|row| case.starts[row] = starts(row));
    case.learn(&network, &vec![0.0; case.chosen.len() * network.outputs()]).0
}

#[test]
fn recurrence_scan_and_convolution_agree() {
    let kinds = [s5(64), StateSpace { of_channels: true, ..s5(4) }];
    for (steps, states) in [1, 63, 64, 65, 1000].into_iter().flat_map(|steps| kinds.map(|kind| (steps, kind))) {
        for starts in [|_: usize| false, |row: usize| row.is_multiple_of(97)] {
            let expected = outputs(states, starts, steps);
            let scale = expected.iter().fold(0.0f32, |a, b| a.max(b.abs()));
            assert!(scale > 0.1 && scale < 1e3, "{scale}");
            for execution in [Execution::Scan, Execution::Convolution] {
                let found = outputs(StateSpace { execution, ..states }, starts, steps);
                let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(off <= TOLERANCE * scale, "{execution:?}, {steps} steps: {off:e} of {scale:e}");
            }
        }
    }
}
