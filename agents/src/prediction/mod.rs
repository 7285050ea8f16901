//! Prediction of a series: at every step the discounted average of what a column will be, learned from one row at a time.

mod series;
pub(crate) mod stream_td;
mod td0;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::time::Instant;

use shadergym_envs::ActionSpace;
use toml::Table;

pub use series::{Averages, Series};
pub use stream_td::Config;
pub use td0::Td0;

use crate::error::{Error, Result};
use crate::options::check;
use crate::streaming::{Interface, Observed};

/// What is to be predicted.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The series.
    pub series: &'a Series,
    /// The column.
    pub target: usize,
    /// What the averages that are observed keep at every step; the source's 0.999.
    pub beta: f64,
    /// Options of stream TD; its discount factor says how far ahead is looked.
    pub options: &'a Table,
}

/// Predictions of a learner, made before it saw what came.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// For each row but the last, in the unit of the target: (1 - gamma) times the sum of gamma^k times the target k + 1 rows
    /// later.
    pub values: Vec<f64>,
    /// How long it took.
    pub seconds: f64,
}

/// Rows whose outcome counts may lack this share of what it is a sum of, as the series ends.
const UNKNOWN: f64 = 1e-3;

impl Question<'_> {
    /// The options in force.
    ///
    /// # Errors
    /// Those of the options; and [`Error::InvalidOption`] for a discount factor of 1, where nothing is ever known, or a series
    /// that is too short for it.
    pub fn config(&self) -> Result<Config> {
        let config = Config::checked(self.options, &self.interface())?;
        let gamma = config.stream.gamma;
        check(
            "gamma",
            gamma,
            "0 or more, below 1: what is further ahead must count for less",
            (0.0..1.0).contains(&gamma),
        )?;
        check("beta", self.beta, "0 or more, below 1", (0.0..1.0).contains(&self.beta))?;
        let rows = self.series.rows.len();
        let needed = Self::tail(gamma) + 2;
        let allowed = format!("at least {needed}, as gamma is {gamma}");
        check("rows of the series", rows, &allowed, !self.known(gamma).is_empty())?;
        Ok(config)
    }

    /// What learners are connected to: they see averages of all columns, and do nothing.
    fn interface(&self) -> Interface {
        Interface {
            env: "the series".to_owned(),
            observation: vec![self.series.names.len()],
            action: ActionSpace::MultiDiscrete { nvec: Vec::new() },
            limit: 0,
        }
    }

    /// Rows whose outcome the series knows.
    pub fn known(&self, gamma: f32) -> Range<usize> {
        0..(self.series.rows.len() - 1).saturating_sub(Self::tail(gamma))
    }

    /// The rows behind them.
    fn tail(gamma: f32) -> usize {
        if gamma > 0.0 { (UNKNOWN.ln() / f64::from(gamma).ln()).ceil() as usize } else { 0 }
    }

    /// Lowest value of the target, and how far the highest is from it. Both learners see it between 0 and 1, as in the source,
    /// although nobody knows that before the end.
    fn scale(&self) -> (f64, f64) {
        let of = |fold: fn(f64, f64) -> f64, start| self.column().fold(start, fold);
        let (low, high) = (of(f64::min, f64::INFINITY), of(f64::max, f64::NEG_INFINITY));
        (low, if high > low { high - low } else { 1.0 })
    }

    fn column(&self) -> impl DoubleEndedIterator<Item = f64> {
        self.series.rows.iter().map(|row| row[self.target])
    }

    /// What came: for each row but the last what [`Forecast::values`] should have been.
    pub fn outcome(&self, gamma: f32) -> Vec<f64> {
        let gamma = f64::from(gamma);
        let mut ahead = 0.0;
        // Behind the end the last value goes on, so that the last rows are no cliff in pictures.
        let mut outcome: Vec<f64> = self
            .column()
            .rev()
            .enumerate()
            .map(|(i, value)| {
                ahead = if i == 0 { value } else { (1.0 - gamma) * value + gamma * ahead };
                ahead
            })
            .collect();
        outcome.pop();
        outcome.reverse();
        outcome
    }

    /// Rewards, and what is observed with each; the first has none.
    fn steps(&self) -> impl Iterator<Item = (f32, Vec<f32>)> {
        let mut averages = Averages::new(self.series.names.len(), self.beta);
        let (low, range) = self.scale();
        let of = move |row: &Vec<f64>| (((row[self.target] - low) / range) as f32, averages.push(row));
        self.series.rows.iter().map(of)
    }

    /// Predictions of stream TD(λ).
    ///
    /// # Errors
    /// Those of its options, and [`Error::Diverged`].
    pub fn stream_td(&self, seed: u64) -> Result<Forecast> {
        let gamma = self.config()?.stream.gamma;
        let mut learner = (stream_td::MAKE)(self.options, &self.interface(), (seed, 0))?;
        let mut steps = self.steps();
        let (_, mut observation) = steps.next().ok_or_else(empty)?;
        learner.act(&observation, None, &mut [])?;
        self.forecast(gamma, steps, |step| {
            let value = f64::from(learner.here()[0][0]) * learner.reward_scale();
            let (reward, next_observation) = step;
            learner.update(&Observed {
                observation: &observation,
                action: &[],
                reward,
                next_observation: &next_observation,
                terminated: false,
                truncated: false,
                next_mask: None,
            })?;
            observation = next_observation;
            Ok(value)
        })
    }

    /// Predictions of TD(0) with Adam at a learning rate, on a network of the same widths; `scaled` if its inputs and rewards are
    /// those that a stream makes of them.
    ///
    /// # Errors
    /// As [`Self::stream_td`].
    pub fn td0(&self, learning_rate: f32, scaled: bool, seed: u64) -> Result<Forecast> {
        let config = self.config()?;
        let fits = learning_rate > 0.0 && learning_rate <= 1.0;
        check("learning rate of Adam", learning_rate, "above 0, at most 1", fits)?;
        let gamma = config.stream.gamma;
        let mut learner = Td0::new(self.series.names.len(), &config.hidden, (learning_rate, gamma), scaled, seed)?;
        let mut steps = self.steps();
        learner.start(&steps.next().ok_or_else(empty)?.1);
        self.forecast(gamma, steps, |(reward, next)| {
            let value = learner.value();
            learner.update(reward, &next);
            Ok(value)
        })
    }

    /// Predicts, then learns, row by row.
    fn forecast(
        &self,
        gamma: f32,
        steps: impl Iterator<Item = (f32, Vec<f32>)>,
        mut step: impl FnMut((f32, Vec<f32>)) -> Result<f64>,
    ) -> Result<Forecast> {
        let (begun, (low, range)) = (Instant::now(), self.scale());
        let unit = |value: f64| (1.0 - f64::from(gamma)) * value * range + low;
        let values = steps.map(|row| step(row).map(unit)).collect::<Result<_>>()?;
        Ok(Forecast { values, seconds: begun.elapsed().as_secs_f64() })
    }
}

fn empty() -> Error {
    Error::Unsupported("a series without rows".to_owned())
}

/// Root of the mean squared error over some rows; not finite if a prediction is not.
pub fn rmse(values: &[f64], outcome: &[f64], rows: Range<usize>) -> f64 {
    let errors = values[rows.clone()].iter().zip(&outcome[rows.clone()]).map(|(value, came)| (value - came).powi(2));
    (errors.sum::<f64>() / rows.len() as f64).sqrt()
}
