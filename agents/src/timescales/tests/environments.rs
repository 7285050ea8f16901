//! Streams and labels against the environments that they come from.

use shadergym_envs::{AutoresetMode, BatchOptions, Device, make_with};

use crate::timescales::{LONGEST_WINDOW, Source, Streams, Task};

const HEADS: [(Task, &str); 2] =
    [(Task::Parity, "timescales/NParityHeads-v0"), (Task::Match, "timescales/NDelayedMatchHeads-v0")];

#[test]
fn every_head_has_the_label_that_the_environment_pays_for() {
    const STREAMS: usize = 256;
    for (task, id) in HEADS {
        let options = BatchOptions::new(STREAMS).device(Device::Cpu).autoreset_mode(AutoresetMode::NextStep);
        let mut batch = make_with(id, &options).unwrap();
        batch.set_param(.., "n", 32u32).unwrap();
        let elements = batch.reset(5).unwrap().words().len() / STREAMS;
        let mut history = vec![Vec::new(); STREAMS];
        let mut asked = [0u32; LONGEST_WINDOW + 1];
        for _ in 0..4 * 32 + 1 {
            let seen = batch.observations().as_f32().unwrap().to_vec();
            let answer = |(row, bits): (&[f32], &mut Vec<u8>)| {
                match row[1] == 1.0 {
                    true => bits.push(u8::from(row[0] == 1.0)),
                    // Behind the end; the next stream begins with the next step.
                    false => bits.clear(),
                }
                let window = 2 + row[4..].iter().position(|&x| x == 1.0).unwrap_or(0);
                let label = if bits.len() >= window { task.label(bits, window) } else { 0 };
                (u32::from(label), (row[2] == 1.0).then_some(window))
            };
            let answers: Vec<_> = seen.chunks_exact(elements).zip(&mut history).map(answer).collect();
            let actions: Vec<u32> = answers.iter().map(|answer| answer.0).collect();
            let view = batch.step(&actions).unwrap();
            for (i, (_, counts)) in answers.iter().enumerate() {
                match counts {
                    Some(window) => {
                        assert!(view.rewards()[i] > 0.0, "{id}: window {window} of {:?}", history[i]);
                        asked[*window] += 1;
                    }
                    None => assert_eq!(view.rewards()[i], 0.0),
                }
            }
        }
        assert!(asked[2..=32].iter().all(|&times| times > 100), "{asked:?}");
    }
}

#[test]
fn drawn_streams_are_those_of_the_environment_with_its_labels() {
    const STREAMS: usize = 64;
    for task in [Task::Parity, Task::Match] {
        for window in [2, 11, LONGEST_WINDOW] {
            let mut source = Source::new(task, STREAMS, window).unwrap();
            let mut streams = Streams::default();
            source.draw(9, &mut streams).unwrap();
            let options = BatchOptions::new(STREAMS).device(Device::Cpu).autoreset_mode(AutoresetMode::NextStep);
            let mut batch = make_with(task.env(), &options).unwrap();
            batch.set_param(.., "n", window as u32).unwrap();
            batch.reset(9).unwrap();
            let labels = streams.labels(task, window..window + 1);
            let answers: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
            let mut ends = vec![0; STREAMS];
            for step in 1..=4 * window + 1 {
                let view = batch.step(&answers).unwrap();
                for (i, end) in ends.iter_mut().enumerate() {
                    if view.terminated()[i] && *end == 0 {
                        *end = step;
                        assert_eq!(view.rewards()[i], 1.0, "{task:?}, {window} bits of {:?}", streams.of(i));
                    }
                }
            }
            let lengths: Vec<usize> = (0..STREAMS).map(|i| streams.of(i).len()).collect();
            assert_eq!(lengths, ends, "a bit is seen before each answer");
            assert!(lengths.iter().all(|length| (window + 2..=4 * window + 1).contains(length)), "{lengths:?}");
        }
    }
}

#[test]
fn draws_belong_to_seeds_and_windows_change() {
    let mut source = Source::new(Task::Parity, 512, 4).unwrap();
    let draw = |source: &mut Source, seed| {
        let mut streams = Streams::default();
        source.draw(seed, &mut streams).unwrap();
        streams
    };
    let first = draw(&mut source, 3);
    assert_ne!(draw(&mut source, 4_000), first);
    source.set_window(9).unwrap();
    let longer = draw(&mut source, 3);
    assert!((0..512).all(|i| (11..=37).contains(&longer.of(i).len())));
    source.set_window(4).unwrap();
    assert_eq!(draw(&mut source, 3), first);
    // Chances of ones are uniform for parity and 1/2 for matching: variances 1/12 and next to nothing.
    let spread = |streams: &Streams| {
        let shares = (0..512).map(|i| f64::from(streams.of(i).iter().sum::<u8>()) / streams.of(i).len() as f64);
        shares.map(|share| (share - 0.5).powi(2)).sum::<f64>() / 512.0
    };
    let mut balanced = Source::new(Task::Match, 512, 40).unwrap();
    let mut uniform = Source::new(Task::Parity, 512, 40).unwrap();
    let (balanced, uniform) = (spread(&draw(&mut balanced, 1)), spread(&draw(&mut uniform, 1)));
    assert!(balanced < 0.01 && (0.07..0.1).contains(&uniform), "{balanced} {uniform}");
    for window in [1, LONGEST_WINDOW + 1] {
        assert!(source.set_window(window).is_err(), "{window}");
    }
}
