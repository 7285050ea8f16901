//! What ALP-GMM and Covar-GMM share: every so many episodes a mixture is fitted to the newest ones, and tasks are drawn from its
//! Gaussians by the progress that each stands for.

use std::collections::VecDeque;

use serde_json::{Value as Json, json};

use super::bounds::{choose, sums};
use super::gmm::{self, Criterion, Gmm};
use super::{Bounds, Returns, check_share, unfit};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::{check, options};
use crate::state::State;

options! {
    /// Options of teachers that fit mixtures.
    pub struct Fitting {
        ..returns: Returns,
        /// Episodes between two fits, and episodes that a fit is made of; tasks are random before the first.
        fit_rate: usize = 250,
        /// Gaussians at least.
        min_k: usize = 2,
        /// Gaussians at most; the best number by the criterion is taken.
        max_k: usize = 10,
        /// Share of tasks that are evenly from the box, 0 to 1.
        random: f64 = 0.2,
        /// What tells which number of Gaussians is best.
        criterion: Criterion = Criterion::Aic,
        /// Whether distances and fits see tasks as shares of the box, 0 to 1, instead of in the parameters' own units.
        scaled: bool = false,
    }
}

/// Episodes of a fit at most: each is looked at some thousand times.
const MOST: usize = 100_000;

impl Fitting {
    pub fn check(&self) -> Result<()> {
        self.returns.check()?;
        check("min_k", self.min_k, "1 or more", self.min_k > 0)?;
        check("max_k", self.max_k, "min_k or more, and 100 at most", (self.min_k..=100).contains(&self.max_k))?;
        let range = format!("max_k to {MOST}");
        check("fit_rate", self.fit_rate, &range, (self.max_k..=MOST).contains(&self.fit_rate))?;
        check_share("random", self.random)
    }
}

/// The newest episodes as rows of numbers, the task first, and the mixture that was fitted to them last.
pub struct Mixture {
    fitting: Fitting,
    bounds: Bounds,
    /// Numbers of a row.
    width: usize,
    rows: VecDeque<Vec<f64>>,
    /// Episodes since the last fit was due.
    since: u64,
    fits: u64,
    fitted: Option<Gmm>,
    /// Sums of what each Gaussian is drawn by.
    sums: Vec<f64>,
    noise: Noise,
}

impl Mixture {
    /// Of rows with so many numbers behind those of the task.
    pub fn new(fitting: Fitting, bounds: &Bounds, behind: usize, seed: u64) -> Self {
        Self {
            fitting,
            bounds: bounds.clone(),
            width: bounds.dimensions() + behind,
            rows: VecDeque::new(),
            since: 0,
            fits: 0,
            fitted: None,
            sums: Vec::new(),
            noise: Noise::new(seed, "fits of teachers"),
        }
    }

    /// A task as fits and distances see it.
    pub fn seen(&self, task: &[f64]) -> Vec<f64> {
        let share = |(d, &value): (usize, &f64)| {
            let width = self.bounds.width(d);
            if width > 0.0 { (value - self.bounds.low()[d]) / width } else { 0.0 }
        };
        if self.fitting.scaled { task.iter().enumerate().map(share).collect() } else { task.to_vec() }
    }

    pub fn push(&mut self, row: Vec<f64>) {
        debug_assert_eq!(row.len(), self.width);
        if self.rows.len() == self.fitting.fit_rate {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
        self.since += 1;
    }

    /// Fits, if that is due. `prepare` gets each row with its place in time, 0 to 1; `progress` of a Gaussian is what it is
    /// drawn by. A fit that fails, as all do where numbers are too far apart, leaves the mixture before in force.
    pub fn settle(&mut self, prepare: impl Fn(&mut [f64], f64), progress: impl Fn(&Gmm, usize) -> f64) -> Option<Json> {
        let rate = self.fitting.fit_rate;
        if self.since < rate as u64 {
            return None;
        }
        self.since %= rate as u64;
        self.fits += 1;
        let mut data: Vec<f64> = self.rows.iter().flatten().copied().collect();
        let time = |i: usize| i as f64 / rate as f64;
        data.chunks_exact_mut(self.width).enumerate().for_each(|(i, row)| prepare(row, time(i)));
        let (range, noise) = ((self.fitting.min_k, self.fitting.max_k), self.noise.at(self.fits, 0));
        let (mixture, value) = match gmm::best(&data, self.width, range, self.fitting.criterion, &noise) {
            Ok(best) => best,
            Err(error) => return Some(json!({ "fit": self.fits, "failed": error.to_string() })),
        };
        let gaussians = 0..mixture.components();
        let of_each: Vec<f64> = gaussians.clone().map(|c| progress(&mixture, c).max(0.0)).collect();
        let covariance = |c| mixture.covariance(c).chunks_exact(self.width).map(<[f64]>::to_vec).collect();
        let covariances: Vec<Vec<Vec<f64>>> = gaussians.clone().map(covariance).collect();
        let row = json!({
            "fit": self.fits,
            "weights": mixture.weights,
            "means": gaussians.map(|c| mixture.mean(c).to_vec()).collect::<Vec<_>>(),
            "covariances": covariances,
            "progress": of_each,
            "criterion": value,
            "rounds": mixture.rounds,
            "scaled": self.fitting.scaled,
        });
        self.sums = sums(of_each);
        self.fitted = Some(mixture);
        Some(row)
    }

    pub fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        let Some(mixture) = self.fitted.as_ref().filter(|_| noise.uniform_f64() >= self.fitting.random) else {
            return self.bounds.sample(noise, task);
        };
        mixture.sample(choose(&self.sums, noise), noise, task);
        if self.fitting.scaled {
            let of_share =
                |(d, share): (usize, &mut f64)| *share = self.bounds.low()[d] + *share * self.bounds.width(d);
            task.iter_mut().enumerate().for_each(of_share);
        }
    }

    pub fn save(&self, state: &mut State) {
        state.put_f64("teacher/rows", &self.rows.iter().flatten().copied().collect::<Vec<_>>());
        state.put_u64("teacher/fits", &[self.since, self.fits]);
        state.put_f64("teacher/progress", &self.sums);
        self.fitted.iter().for_each(|mixture| mixture.save(state, "teacher/mixture"));
    }

    pub fn load(&mut self, state: &State) -> Result<()> {
        let (rows, sums) = (state.f64("teacher/rows")?, state.f64("teacher/progress")?.to_vec());
        if !rows.len().is_multiple_of(self.width) || rows.len() / self.width > self.fitting.fit_rate {
            return Err(unfit("what was heard last"));
        }
        let [since, fits] = state.counters("teacher/fits")?;
        let fitted = match sums.len() {
            0 => None,
            n => {
                let mixture = Gmm::load(self.width, state, "teacher/mixture")?;
                Some(mixture).filter(|m| m.components() == n).ok_or_else(|| unfit("the mixture"))?.into()
            }
        };
        (self.since, self.fits, self.sums, self.fitted) = (since, fits, sums, fitted);
        self.rows = rows.chunks_exact(self.width).map(<[f64]>::to_vec).collect();
        Ok(())
    }
}
