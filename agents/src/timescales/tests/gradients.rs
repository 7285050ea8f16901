//! Losses and gradients that `agents/tests/golden/make_timescales.py` computes in JAX.

use serde_json::Value;

use crate::timescales::{Pass, Question, Rnn, Sgd, Shape, Streams, Task};

/// Largest difference of losses and gradients, relative to the largest of the array: 32-bit sums of some dozens of terms through
/// a dozen steps.
const TOLERANCE: f64 = 2e-5;

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

fn close(what: &str, found: &[f64], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().map(|x| f64::from(x.abs())).fold(1e-3, f64::max);
    let off = found.iter().zip(expected).map(|(a, b)| (a - f64::from(*b)).abs()).fold(0.0, f64::max);
    assert!(off <= TOLERANCE * scale, "{what}: off by {off:e}, the largest is {scale:e}");
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

#[test]
fn losses_and_gradients_equal_those_of_jax_whatever_the_threads() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../tests/golden/timescales.json")).expect("what the script wrote");
    for case in golden["cases"].as_array().unwrap() {
        let whole = |name: &str| case[name].as_u64().unwrap() as usize;
        let shape =
            Shape { units: whole("units"), heads: whole("heads"), fixed_tau: case["fixed_tau"].as_bool().unwrap() };
        let mut rnn = Rnn::new(shape, 1);
        let parts = rnn.layout().parts().to_vec();
        assert_eq!(parts.len(), case["parameters"].as_object().unwrap().len());
        for part in &parts {
            rnn.parameters_mut()[part.range()].copy_from_slice(&floats(&case["parameters"][&part.name]));
        }
        let bits = |text: &Value| text.as_str().unwrap().bytes().map(|digit| digit - b'0').collect();
        let streams = Streams::new(&case["streams"].as_array().unwrap().iter().map(bits).collect::<Vec<Vec<u8>>>());
        let task = if case["task"] == "parity" { Task::Parity } else { Task::Match };
        let labels = streams.labels(task, whole("first") + 2..whole("last") + 3);
        let starts = floats(&case["starts"]);
        let question = Question { streams: &streams, starts: &starts, first_head: whole("first"), labels: &labels };
        let mut gradient = vec![f32::NAN; rnn.parameters().len()];
        // A larger network went through the same memory before.
        let mut pass = Pass::new(1);
        let large = Rnn::new(Shape { units: 40, heads: 4, fixed_tau: false }, 1);
        pass.answer(&large, &Question { starts: &vec![0.1; 40 * streams.len()], ..question });
        let outcome = pass.learn(&rnn, &question, &mut gradient);
        let mean: Vec<f64> = outcome.losses.iter().map(|loss| loss / streams.len() as f64).collect();
        close("losses", &mean, &floats(&case["losses"]));
        let right: Vec<u64> = case["right"].as_array().unwrap().iter().map(|x| x.as_u64().unwrap()).collect();
        assert_eq!(outcome.right, right);
        for part in &parts {
            let expected = floats(&case["gradient"][&part.name]);
            close(&format!("gradient of {}", part.name), &wide(&gradient[part.range()]), &expected);
        }
        let mut other = vec![0.0; gradient.len()];
        let outcome_of_two = Pass::new(2).learn(&rnn, &question, &mut other);
        assert_eq!((outcome_of_two, other), (outcome.clone(), gradient), "threads");
        assert_eq!(Pass::new(1).answer(&rnn, &question).losses, outcome.losses, "answers without gradients");
    }
}

#[test]
fn nesterov_steps_are_those_of_pytorch() {
    // torch.optim.SGD([w], lr=0.1, momentum=0.5, nesterov=True) on slopes 1, 1, -2 from w = 0.
    let mut sgd = Sgd::new(1, 0.1, 0.5);
    let mut w = [0.0];
    let mut seen = Vec::new();
    for slope in [1.0, 1.0, -2.0] {
        sgd.step(&mut w, &[slope]).unwrap();
        seen.push(w[0]);
    }
    // v = 1, 1.5, -1.25; steps 1.5, 1.75, -2.625.
    for (found, expected) in seen.iter().zip([-0.15f32, -0.325, -0.0625]) {
        assert!((found - expected).abs() < 1e-6, "{seen:?}");
    }
    assert!(sgd.step(&mut w, &[]).is_err());
}

#[test]
fn networks_begin_within_their_bounds() {
    let shape = Shape { units: 50, heads: 3, fixed_tau: false };
    let rnn = Rnn::new(shape, 4);
    let part = |name: &str| {
        let part = rnn.layout().parts().iter().find(|part| part.name == name).unwrap();
        &rnn.parameters()[part.range()]
    };
    let bound = 1.0 / 50f32.sqrt();
    assert!(part("tau").iter().all(|tau| (1.0..=2.0).contains(tau)));
    assert!(part("recurrent.weight").iter().all(|w| w.abs() <= bound));
    assert!((0..50).all(|i| part("recurrent.weight")[i * 51] == 0.0), "no unit is connected to itself");
    assert!(part("input.weight").iter().any(|w| w.abs() > 0.5) && part("input.weight").iter().all(|w| w.abs() <= 1.0));
    assert!(part("heads.weight").iter().all(|w| w.abs() <= bound && *w != 0.0));
    // A head is what it is however many there are.
    let more = Rnn::new(Shape { heads: 5, ..shape }, 4);
    assert_eq!(part("heads.weight"), &more.parameters()[more.head_weights(0..3)]);
    assert_eq!(part("heads.bias"), &more.parameters()[more.head_biases(0..3)]);
    assert!(Rnn::new(Shape { fixed_tau: true, ..shape }, 4).time_constants().all(|tau| tau == 1.0));
}
