//! What is left of what a network can do when it is damaged.

use super::network::Rnn;
use super::pass::{Outcome, Pass, Question};
use super::streams::{Source, Streams, Task};
use crate::common::noise::Noise;
use crate::error::Result;

/// How a network is damaged, at random places or in a random direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Damage {
    /// Not at all.
    None,
    /// This share of the units is cut off from input, other units and readouts.
    Ablation(f64),
    /// The recurrent weights move by this share of their norm.
    Weights(f64),
    /// The time constants grow by this share of their norm, each by its part.
    Tau(f64),
}

impl Damage {
    /// In words.
    pub fn name(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Ablation(share) => format!("{:.0} % of units cut off", 100.0 * share),
            Self::Weights(share) => format!("recurrent weights moved by {share} of their norm"),
            Self::Tau(share) => format!("time constants grown by {share} of their norm"),
        }
    }

    /// A damaged copy.
    pub fn of(self, rnn: &Rnn, noise: &mut Noise) -> Rnn {
        let (mut rnn, n) = (rnn.clone(), rnn.shape().units);
        let norm = |values: &[f32]| values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        match self {
            Self::None => {}
            Self::Ablation(share) => {
                let mut order: Vec<u32> = (0..n as u32).collect();
                noise.shuffle(&mut order);
                let heads = rnn.head_weights(0..rnn.shape().heads);
                let weights = rnn.weights();
                for &unit in &order[..(share * n as f64).round() as usize] {
                    let unit = unit as usize;
                    let square = &mut rnn.parameters[weights.clone()];
                    square[unit * n..(unit + 1) * n].fill(0.0);
                    square.iter_mut().skip(unit).step_by(n).for_each(|w| *w = 0.0);
                    rnn.parameters[heads.clone()].iter_mut().skip(unit).step_by(n).for_each(|w| *w = 0.0);
                }
            }
            Self::Weights(share) => {
                let range = rnn.weights();
                let square = &mut rnn.parameters[range][..n * n];
                let mut direction: Vec<f32> = square.iter().map(|_| noise.normal()).collect();
                (0..n).for_each(|i| direction[i * n + i] = 0.0);
                let factor = (share * norm(square) / norm(&direction)) as f32;
                square.iter_mut().zip(&direction).for_each(|(w, d)| *w += factor * d);
            }
            Self::Tau(share) => {
                let taus = rnn.time_constants().collect::<Vec<f32>>();
                let direction: Vec<f32> = taus.iter().map(|_| noise.normal().abs()).collect();
                let factor = (share * norm(&taus) / norm(&direction)) as f32;
                let moved = taus.iter().zip(&direction).map(|(tau, d)| tau + factor * d);
                rnn.parameters.iter_mut().zip(moved).for_each(|(to, tau)| *to = tau);
            }
        }
        rnn
    }
}

/// Share of right answers to a window after damage, mean over `trials` damages of one batch of streams each. The same seed gives
/// the same damages and streams.
///
/// # Errors
/// Those of the environment.
pub fn accuracy_after(
    damage: Damage,
    rnn: &Rnn,
    (task, window, head): (Task, usize, usize),
    (streams_each, trials): (usize, usize),
    (pass, seed): (&mut Pass, u64),
) -> Result<f64> {
    let mut source = Source::new(task, streams_each, window)?;
    let noise = Noise::new(seed, "timescales damage");
    let (mut streams, mut all) = (Streams::default(), Outcome::default());
    for trial in 0..trials as u64 {
        let damaged = damage.of(rnn, &mut noise.at(0, trial));
        source.draw(noise.at(1, trial).bits(), &mut streams)?;
        let starts = starts(&noise.at(2, trial), 0, &streams, rnn.shape().units);
        let labels = streams.labels(task, window..window + 1);
        let question = Question { streams: &streams, starts: &starts, first_head: head, labels: &labels };
        all.add(&pass.answer(&damaged, &question));
    }
    Ok(all.accuracies()[0])
}

/// States before the first bits, uniform from 0 to 0.1, `[streams, units]`, of place `a` of a stream of random numbers.
pub(super) fn starts(noise: &Noise, a: u64, streams: &Streams, units: usize) -> Vec<f32> {
    let of = |stream| {
        let mut noise = noise.at(a, stream);
        (0..units).map(move |_| 0.1 * noise.uniform())
    };
    (0..streams.len() as u64).flat_map(of).collect()
}
