//! Outputs and gradients of the networks that `agents/tests/golden/make_sequences.py` computes in JAX.

use serde_json::Value;

use super::*;

/// Largest difference of outputs and of gradients, relative to the largest of the array: 32-bit sums of some dozens of terms
/// through a handful of layers and seven steps.
const TOLERANCE: f64 = 2e-5;

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

fn close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().map(|x| f64::from(x.abs())).fold(1e-3, f64::max);
    let off = found.iter().zip(expected).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
    assert!(off <= TOLERANCE * scale, "{what}: off by {off:e}, the largest is {scale:e}");
}

fn cell(case: &Value) -> Cell {
    match case["cell"].as_str().unwrap() {
        "gru" => Cell::Gru,
        "lssl" => Cell::Lssl { size: case["size"].as_u64().unwrap() as usize, steps: (1e-3, 1e-1) },
        "attention" => Cell::Attention(AttentionShape {
            heads: case["heads"].as_u64().unwrap() as usize,
            context: case["context"].as_u64().unwrap() as usize,
        }),
        name => Cell::Diagonal(StateSpace {
            of_channels: name == "s4d",
            discretization: match case["discretization"].as_str().unwrap() {
                "zoh" => Discretization::Zoh,
                _ => Discretization::Bilinear,
            },
            clip: case["clip"].as_bool().unwrap(),
            ..s5(case["size"].as_u64().unwrap() as usize)
        }),
    }
}

#[test]
fn networks_equal_those_of_jax() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../tests/golden/sequences.json")).expect("what the script wrote");
    let steps = golden["steps"].as_u64().unwrap() as usize;
    for case in golden["cases"].as_array().unwrap() {
        let tower = |name, outputs| Tower { name, hidden: vec![6], outputs, output_gain: 1.0 };
        let cell = cell(case);
        let shape = SequenceShape {
            observation: (3, Encoding::F32),
            encoder: vec![5],
            width: case["width"].as_u64().unwrap() as usize,
            cell,
            layers: case["layers"].as_u64().unwrap() as usize,
            towers: vec![tower("policy", 3), tower("value", 1)],
            free: None,
            ..shape(cell)
        };
        let mut network = SequenceNetwork::new(shape, 1, 1);
        let parts = network.layout().parts().to_vec();
        assert_eq!(parts.len(), case["parameters"].as_object().unwrap().len());
        for part in &parts {
            let values = floats(&case["parameters"][&part.name]);
            network.parameters_mut()[part.range()].copy_from_slice(&values);
        }
        let input = floats(&case["input"]);
        let of = |range: std::ops::Range<usize>| input.chunks_exact(5).flat_map(move |row| row[range.clone()].to_vec());
        let rows = input.len() / 5;
        // What a row carries ends with hints, which sequences bring along themselves.
        let carried = floats(&case["carry"]);
        let sequences = rows / steps;
        let carries = carried.chunks_exact(carried.len() / sequences).flat_map(|row| [row, &[0.0, 0.0]].concat());
        let of_case = Case {
            observations: of(0..3).collect(),
            hints: of(3..5).collect(),
            starts: case["starts"].as_array().unwrap().iter().map(|x| x.as_bool().unwrap()).collect(),
            chosen: (0..rows as u32).collect(),
            carries: carries.collect(),
            steps,
        };
        let (outputs, gradient) = of_case.learn(&network, &floats(&case["weights"]));
        close(&format!("{cell:?}: outputs"), &outputs, &floats(&case["outputs"]));
        for part in &parts {
            let expected = floats(&case["gradient"][&part.name]);
            close(&format!("{cell:?}: gradient of {}", part.name), &gradient[part.range()], &expected);
        }
    }
}
