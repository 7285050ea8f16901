//! Posterior sampling: Thompson sampling of whole processes.

use super::Entry;
use super::bandits::{gamma, noise_of};
use super::planning::{Counts, Planned, Planner};
use crate::common::noise::Noise;
use crate::in_context::problem::Problem;
use crate::options::{check, options};

options! {
    /// PSRL (Osband, Russo and Van Roy 2013): Dirichlet transitions, normal mean rewards.
    pub struct Psrl {
        /// Of the Dirichlet prior: successors of each kind before the first transition; 1 is flat.
        dirichlet: f64 = 1.0,
        /// Mean of the prior of mean rewards; the environment's parameters `mean` and `spread` count where it has them.
        prior_mean: f64 = 0.5,
        /// Its standard deviation.
        prior_deviation: f64 = 0.5,
        /// Standard deviation of rewards; 0: the environment's parameter `sigma`, or 0.3 where it has none.
        noise: f64 = 0.0,
    }
}

pub const PSRL: Entry = Entry {
    name: "psrl",
    about: "PSRL: the best play of a process drawn from the posterior, a new one each attempt (rooms and tabular processes)",
    options: Psrl::options,
    resolve: |settings| Ok(Psrl::from_table("psrl", settings)?.to_table()),
    make: |settings, table| {
        let mut options = Psrl::from_table("psrl", settings)?;
        options.noise = noise_of(options.noise, table)?;
        check("dirichlet", options.dirichlet, "above 0", options.dirichlet > 0.0)?;
        if let (Problem::Table(_), Some(mean), Some(spread)) =
            (table.problem, table.source.param("mean"), table.source.param("spread"))
        {
            let given = |name: &str| settings.contains_key(name);
            options.prior_mean = if given("prior_mean") { options.prior_mean } else { mean };
            options.prior_deviation = if given("prior_deviation") { options.prior_deviation } else { spread.max(1e-3) };
        }
        check("prior_deviation", options.prior_deviation, "above 0", options.prior_deviation > 0.0)?;
        Planned::boxed(table, "psrl", options)
    },
};

impl Planner for Psrl {
    fn plan(&self, seen: &Counts, horizon: usize, mut noise: Noise) -> Vec<u8> {
        let (states, pairs) = (seen.states, seen.states * seen.actions);
        let (prior, each) = (self.prior_deviation.powi(-2), self.noise.powi(-2));
        let (mut rewards, mut transitions) = (vec![0.0f32; pairs], vec![0.0f32; pairs * states]);
        let mut shapes = vec![0.0; states];
        for pair in 0..pairs {
            let precision = prior + each * f64::from(seen.tries[pair]);
            let mean = (prior * self.prior_mean + each * f64::from(seen.paid[pair])) / precision;
            rewards[pair] = (mean + f64::from(noise.normal()) / precision.sqrt()) as f32;
            shapes.fill(self.dirichlet);
            seen.next[pair].iter().for_each(|(to, times)| shapes[*to as usize] += f64::from(*times));
            let row = &mut transitions[pair * states..(pair + 1) * states];
            row.iter_mut().zip(&shapes).for_each(|(p, shape)| *p = gamma(*shape, &mut noise) as f32);
            let sum = row.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            row.iter_mut().for_each(|p| *p /= sum);
        }
        crate::in_context::problem::plan(&rewards, &transitions, (states, seen.actions), horizon)
    }
}
