//! The rules of the linear bandits, written a second time: from the means of two arms follows the vector of the task, and from it
//! the means of all others.

use std::collections::HashMap;

use libtest_mimic::Trial;

use crate::gaussian_bandit::Arms;
use crate::second_rules::{Drawn, Rules, Transition, float, holds};

/// Tasks with the same features that are compared.
const TASKS: usize = 3;

pub fn trials(gpu: bool) -> Vec<Trial> {
    let rules: fn() -> Box<dyn Rules> = || Box::new(Bandit::default());
    crate::second_rules::trials("linear_bandit", gpu, &[("in_context/LinearBandit-v0", rules)])
}

#[derive(Default)]
struct Bandit {
    /// Means of the first tasks of each seed of the features.
    tasks: HashMap<u32, Vec<Vec<f64>>>,
    /// The first mean of the first task of each seed but the default one.
    means: Drawn,
    noise: Drawn,
}

/// Three vectors of means lie in a plane if all determinants of three of their places are 0.
fn determinant(rows: &[Vec<f64>], at: [usize; 3]) -> f64 {
    let [a, b, c] = [0, 1, 2].map(|row| at.map(|column| rows[row][column]));
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
}

impl Rules for Bandit {
    fn start(&mut self, params: &[u32], state: &[u32]) -> Result<(), String> {
        let arms = Arms::of(state);
        arms.begin()?;
        let tasks = self.tasks.entry(params[2]).or_default();
        if tasks.is_empty() && params[2] != 1 {
            self.means.add(arms.means[0]);
        }
        tasks.truncate(TASKS - 1);
        tasks.push(arms.means);
        if tasks.len() == TASKS {
            for at in [[0, 1, 2], [3, 4, 5], [6, 7, 8], [1, 5, 9], [0, 4, 9]] {
                let off = determinant(tasks, at);
                holds(off.abs() < 1e-3, || format!("the means are not linear in two features: {off} at {at:?}"))?;
            }
        }
        Ok(())
    }

    fn step(&mut self, t: &Transition<'_>) -> Result<(), String> {
        let mean = Arms::pull(t, t.params[0])?;
        let sigma = float(t.params[1]);
        if sigma > 0.01 {
            self.noise.add((t.reward - mean) / sigma);
        }
        Ok(())
    }

    fn seen(&self, _: &[u32], state: &[u32]) -> Vec<f64> {
        Arms::of(state).seen()
    }

    fn finish(&self) -> Result<(), String> {
        // A sum of two products of normal numbers, each with a variance of a half.
        self.means.check("means", 0.0, 0.5)?;
        self.noise.check("noise", 0.0, 1.0)
    }
}
