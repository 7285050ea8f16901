//! Linear bandits: LinUCB and Thompson sampling of the vector.

use nalgebra::{DMatrix, DVector};

use super::bandits::noise_of;
use super::{Entry, Table};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::in_context::play::{Came, Now, Player};
use crate::in_context::problem::Features;
use crate::options::{check, options};

options! {
    /// LinUCB (Li et al. 2010) with features that all tasks share.
    pub struct LinUcb {
        /// Bound: estimate + alpha times the width of the estimate.
        alpha: f64 = 1.0,
        /// Regularisation of least squares.
        lambda: f64 = 1.0,
    }
}

options! {
    /// Thompson sampling of the vector, normal prior and noise.
    pub struct LinearThompsonOptions {
        /// Standard deviation of rewards; 0: the environment's parameter `sigma`, or 0.3 where it has none.
        noise: f64 = 0.0,
    }
}

pub const LIN_UCB: Entry = Entry {
    name: "lin_ucb",
    about: "LinUCB, with the features that the means of tasks are linear in (linear bandits)",
    options: LinUcb::options,
    resolve: |settings| Ok(LinUcb::from_table("lin_ucb", settings)?.to_table()),
    make: |settings, table| {
        let LinUcb { alpha, lambda } = LinUcb::from_table("lin_ucb", settings)?;
        check("alpha", alpha, "0 or more", alpha >= 0.0)?;
        check("lambda", lambda, "above 0", lambda > 0.0)?;
        let features = table.problem.arms("lin_ucb")?.features(table.source)?;
        Ok(Box::new(Linear::new(table, features, lambda, Choice::Bound(alpha))))
    },
};

pub const LINEAR_THOMPSON: Entry = Entry {
    name: "linear_thompson",
    about: "Thompson sampling of the vector that means are linear in (linear bandits)",
    options: LinearThompsonOptions::options,
    resolve: |settings| Ok(LinearThompsonOptions::from_table("linear_thompson", settings)?.to_table()),
    make: |settings, table| {
        let options = LinearThompsonOptions::from_table("linear_thompson", settings)?;
        Ok(Box::new(LinearThompson::new(table, options.noise)?))
    },
};

/// Thompson sampling of the vector: what plays the contexts of linear bandits that a transformer learns from.
pub struct LinearThompson(Linear);

impl LinearThompson {
    /// For some tasks; see the option for the noise.
    ///
    /// # Errors
    /// If it is no linear bandit.
    pub fn new(table: Table<'_>, noise: f64) -> Result<Self> {
        let noise = noise_of(noise, table)?;
        let features = table.problem.arms("linear_thompson")?.features(table.source)?;
        // The prior's variance of a number of the vector is one over how many there are.
        let lambda = noise * noise * features.dimensions as f64;
        Ok(Self(Linear::new(table, features, lambda, Choice::Sample(noise))))
    }
}

impl Player for LinearThompson {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        self.0.act(now, actions)
    }

    fn hear(&mut self, came: Came<'_>) -> Result<()> {
        self.0.hear(came)
    }
}

#[derive(Debug, Clone, Copy)]
enum Choice {
    /// The highest bound, so many widths above the estimate.
    Bound(f64),
    /// The best arm of a vector drawn from the posterior, whose covariance is the inverse times the noise's square.
    Sample(f64),
}

struct Linear {
    noise: Noise,
    choice: Choice,
    arms: Vec<DVector<f64>>,
    /// Of each instance: the inverse of `lambda I + sum of features featuresᵀ`, and the sum of rewards times features.
    learned: Vec<(DMatrix<f64>, DVector<f64>)>,
}

impl Linear {
    fn new(table: Table<'_>, features: Features, lambda: f64, choice: Choice) -> Self {
        let d = features.dimensions;
        let arms = features.values.chunks_exact(d).map(DVector::from_column_slice).collect();
        let fresh = (DMatrix::identity(d, d) / lambda, DVector::zeros(d));
        Self { noise: table.noise, choice, arms, learned: vec![fresh; table.seeds.len()] }
    }
}

impl Player for Linear {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        for (i, ((inverse, sums), action)) in self.learned.iter().zip(actions).enumerate() {
            let mut vector = inverse * sums;
            let width = match self.choice {
                Choice::Bound(alpha) => alpha,
                Choice::Sample(noise) => {
                    let mut random = self.noise.at(now.step, i as u64);
                    let normal = DVector::from_fn(vector.len(), |_, _| f64::from(random.normal()));
                    // Rounding may leave a matrix that is not quite positive; then the estimate is played.
                    if let Some(root) = inverse.clone().cholesky() {
                        vector += root.l() * normal * noise;
                    }
                    0.0
                }
            };
            let mut most = f64::NEG_INFINITY;
            for (k, arm) in self.arms.iter().enumerate() {
                let index = vector.dot(arm) + width * arm.dot(&(inverse * arm)).max(0.0).sqrt();
                if index > most {
                    (most, *action) = (index, k as u32);
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, came: Came<'_>) -> Result<()> {
        let of = self.learned.iter_mut().zip(came.actions.iter().zip(came.rewards));
        for ((inverse, sums), (action, reward)) in of {
            let arm = &self.arms[*action as usize];
            // Sherman and Morrison: the inverse after one more row.
            let moved = &*inverse * arm;
            *inverse -= &moved * moved.transpose() / (1.0 + arm.dot(&moved));
            *sums += arm * f64::from(*reward);
        }
        Ok(())
    }
}
