//! Small studies that have to get somewhere.

use std::ops::ControlFlow;

use toml::Table;

use crate::state::State;
use crate::timescales::{Damage, Pass, Rnn, Settings, Shape, Study, accuracy_after};

pub(super) fn settings(text: &str) -> Settings {
    Settings::checked(&text.parse::<Table>().unwrap()).unwrap()
}

#[test]
fn small_networks_master_short_windows_in_every_curriculum() {
    for curriculum in ["single", "multi", "window"] {
        let text = format!(
            "curriculum = \"{curriculum}\"\nunits = 48\nsteps = 100\nbatch = 64\ntests = 8\nuntil = 3\nkept = 2\n\
             learning_rate = 0.1\nthreshold = 0.95"
        );
        let mut study = Study::new(&settings(&text), 1).unwrap();
        let mut first = None;
        let mut row = None;
        while !study.is_over() && study.epoch() < 40 {
            row = study.advance(&mut |_| ControlFlow::Continue(())).unwrap();
            first.get_or_insert(row.clone().unwrap().loss);
        }
        let row = row.unwrap();
        assert!(study.is_over(), "{curriculum}: {row:?}");
        assert_eq!(row.windows, if curriculum == "single" { 3..4 } else { 2..4 });
        assert!(row.accuracies.iter().all(|&right| right > 0.9), "{curriculum}: {row:?}");
        assert!(row.tau_mean >= 1.0 && row.tau_max < 4.0 && row.network_mean.is_some(), "{row:?}");
        assert!((0..48).all(|i| study.rnn().parameters()[48 + i * 49] == 0.0), "no unit is connected to itself");
        let question = (crate::timescales::Task::Parity, 3, 1);
        let after = |damage| accuracy_after(damage, study.rnn(), question, (128, 4), (&mut Pass::new(1), 2)).unwrap();
        let whole = after(Damage::None);
        assert!(whole > 0.9 && after(Damage::Ablation(0.9)) < whole - 0.1, "{whole}");
        assert!(after(Damage::Weights(3.0)) < whole - 0.1);
    }
}

#[test]
fn damage_is_where_it_belongs() {
    let rnn = Rnn::new(Shape { units: 20, heads: 2, fixed_tau: false }, 1);
    let noise = crate::common::noise::Noise::new(1, "test");
    let damaged = Damage::Ablation(0.25).of(&rnn, &mut noise.at(0, 0));
    let weights = &damaged.parameters()[damaged.weights()];
    let cut: Vec<usize> =
        (0..20).filter(|unit| weights[unit * 20..(unit + 1) * 20].iter().all(|&w| w == 0.0)).collect();
    assert_eq!(cut.len(), 5);
    assert!(cut.iter().all(|unit| (0..22).all(|row| weights[row * 20 + unit] == 0.0)));
    assert!(damaged.parameters()[damaged.head_weights(0..2)].iter().filter(|&&w| w == 0.0).count() == 5 * 4);
    let norm = |values: &[f32]| values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    let moved = Damage::Weights(0.1).of(&rnn, &mut noise.at(0, 1));
    let square = rnn.weights().start..rnn.weights().start + 400;
    let way: Vec<f32> =
        moved.parameters()[square.clone()].iter().zip(&rnn.parameters()[square.clone()]).map(|(a, b)| a - b).collect();
    assert!((norm(&way) / norm(&rnn.parameters()[square]) - 0.1).abs() < 1e-4);
    assert!((0..20).all(|i| way[i * 21] == 0.0), "no unit is connected to itself");
    assert!(
        Damage::Tau(0.2).of(&rnn, &mut noise.at(0, 2)).time_constants().zip(rnn.time_constants()).all(|(a, b)| a > b)
    );
}

#[test]
fn time_constants_stay_fixed_where_they_are_to() {
    let text = "fixed_tau = true\nunits = 16\nsteps = 5\nbatch = 16\ntests = 1";
    let mut study = Study::new(&settings(text), 1).unwrap();
    let row = study.advance(&mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    assert_eq!((row.tau_mean, row.tau_max), (1.0, 1.0));
}

#[test]
fn networks_that_are_no_numbers_any_more_end_studies() {
    let mut study = Study::new(&settings("units = 16\nsteps = 5\nbatch = 16\ntests = 1"), 1).unwrap();
    let (mut agent, mut trainer) = (State::default(), State::default());
    study.save(&mut agent, &mut trainer);
    agent.put_f32("bias", &[f32::NAN; 16]);
    study.load(&agent, &trainer).unwrap();
    let error = study.advance(&mut |_| ControlFlow::Continue(())).unwrap_err().to_string();
    assert!(error.contains("diverged at step 0: the loss is NaN"), "{error}");
    agent.put_f32("tau", &[1.0; 15]);
    assert!(study.load(&agent, &trainer).unwrap_err().to_string().contains("`tau` has 15 elements, expected 16"));
}

#[test]
fn bad_options_say_what_is_allowed() {
    for (text, part) in [
        ("until = 1", "2 to 63"),
        ("until = 64", "2 to 63"),
        ("units = 0", "2 to 4096"),
        ("batch = 0", "1 to 8192"),
        ("steps = -3", "whole number"),
        ("threshold = 1.0", "below 1"),
        ("learning_rate = 0.0", "above 0"),
        ("momentum = 1.0", "below 1"),
        ("max_grad_norm = 0.0", "above 0"),
        ("kept = 0", "1 to 63"),
        ("task = \"xor\"", "parity or match"),
        ("curriculum = \"double\"", "single, multi or window"),
        ("unit = 3", "Did you mean `units`"),
        ("units = 4096\nbatch = 8192\nuntil = 63", "fewer units"),
    ] {
        let error = Settings::checked(&text.parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}
