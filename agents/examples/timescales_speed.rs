//! How fast a pass through a network with time constants is, forward alone and with the gradient:
//! `cargo run --release --example timescales_speed -- 500 11` for 500 units and streams for windows of 11 bits.

use std::error::Error;
use std::time::Instant;

use shadergym_agents::timescales::{Outcome, Pass, Question, Rnn, Shape, Source, Streams, Task};

/// Streams of a pass.
const STREAMS: usize = 256;
/// Seconds that are measured.
const SECONDS: f64 = 3.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<usize>().ok());
    let (units, window) = (numbers.next().unwrap_or(500), numbers.next().unwrap_or(11));
    let heads = window - 1;
    let rnn = Rnn::new(Shape { units, heads, fixed_tau: false }, 0);
    let mut source = Source::new(Task::Parity, STREAMS, window)?;
    let mut pass = Pass::new(1);
    let mut gradient = vec![0.0; rnn.parameters().len()];
    let starts = vec![0.05; STREAMS * units];
    for learn in [false, true] {
        let (mut total, mut drawing) = (Outcome::default(), 0.0);
        let (begun, mut passes) = (Instant::now(), 0);
        while begun.elapsed().as_secs_f64() < SECONDS {
            let mut streams = Streams::default();
            let drawn = Instant::now();
            source.draw(passes, &mut streams)?;
            drawing += drawn.elapsed().as_secs_f64();
            let labels = streams.labels(Task::Parity, 2..window + 1);
            let question = Question { streams: &streams, starts: &starts, first_head: 0, labels: &labels };
            total.add(&match learn {
                true => pass.learn(&rnn, &question, &mut gradient),
                false => pass.answer(&rnn, &question),
            });
            passes += 1;
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{units} units, N = {window}, {}: {:.2} ms a pass, {:.2} ms of them for streams, {:.1} GFLOP/s",
            if learn { "with gradient" } else { "forward" },
            1e3 * seconds / passes as f64,
            1e3 * drawing / passes as f64,
            total.operations as f64 / seconds * 1e-9,
        );
    }
    Ok(())
}
