//! Bandits: greedy play, upper confidence bounds, Thompson sampling.

use super::{Entry, Table};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::in_context::play::{Came, Now, Player};
use crate::options::{check, options};

options! {
    /// Play of what paid most so far.
    pub struct Greedy {
        /// What an arm counts as that was never pulled.
        start: f64 = 1.0,
    }
}

options! {
    /// Upper confidence bounds whose width shrinks with the pulls alone (DPT's).
    pub struct Ucb {
        /// Bound: mean + exploration / sqrt(pulls).
        exploration: f64 = 1.0,
    }
}

options! {
    /// UCB1 (Auer, Cesa-Bianchi and Fischer 2002).
    pub struct Ucb1 {
        /// Bound: mean + exploration sqrt(2 ln t / pulls); 1 is proven for rewards in [0, 1].
        exploration: f64 = 1.0,
    }
}

options! {
    /// Thompson sampling with normal rewards of known noise.
    pub struct Thompson {
        /// Mean of the prior of an arm's mean.
        prior_mean: f64 = 0.5,
        /// Its standard deviation; that of a uniform number is 1 / sqrt(12).
        prior_deviation: f64 = 0.288_675_134_594_812_9,
        /// Standard deviation of rewards; 0: the environment's parameter `sigma`, or 0.3 where it has none.
        noise: f64 = 0.0,
    }
}

options! {
    /// Thompson sampling with rewards of 0 and 1.
    pub struct BernoulliThompson {
        /// Of the Beta prior: successes before the first pull.
        successes: f64 = 1.0,
        /// Of the Beta prior: failures before the first pull.
        failures: f64 = 1.0,
    }
}

pub const GREEDY: Entry = Entry {
    name: "greedy",
    about: "the arm that paid most on average so far (bandits)",
    options: Greedy::options,
    resolve: |settings| Ok(Greedy::from_table("greedy", settings)?.to_table()),
    make: |settings, table| {
        let options = Greedy::from_table("greedy", settings)?;
        counted(table, "greedy", move |arm, _, _| if arm.pulls == 0.0 { options.start } else { arm.mean() })
    },
};

pub const UCB: Entry = Entry {
    name: "ucb",
    about: "upper confidence bounds mean + c / sqrt(n), as DPT compares with (bandits)",
    options: Ucb::options,
    resolve: |settings| Ok(Ucb::from_table("ucb", settings)?.to_table()),
    make: |settings, table| {
        let c = Ucb::from_table("ucb", settings)?.exploration;
        check("exploration", c, "0 or more", c >= 0.0)?;
        counted(table, "ucb", move |arm, _, _| match arm.pulls {
            0.0 => f64::INFINITY,
            pulls => arm.mean() + c / pulls.sqrt(),
        })
    },
};

pub const UCB1: Entry = Entry {
    name: "ucb1",
    about: "UCB1: mean + c sqrt(2 ln t / n) (bandits)",
    options: Ucb1::options,
    resolve: |settings| Ok(Ucb1::from_table("ucb1", settings)?.to_table()),
    make: |settings, table| {
        let c = Ucb1::from_table("ucb1", settings)?.exploration;
        check("exploration", c, "0 or more", c >= 0.0)?;
        counted(table, "ucb1", move |arm, t, _| match arm.pulls {
            0.0 => f64::INFINITY,
            pulls => arm.mean() + c * (2.0 * t.ln() / pulls).sqrt(),
        })
    },
};

pub const THOMPSON: Entry = Entry {
    name: "thompson",
    about: "Thompson sampling, normal rewards of known noise and a normal prior (bandits)",
    options: Thompson::options,
    resolve: |settings| Ok(Thompson::from_table("thompson", settings)?.to_table()),
    make: |settings, table| {
        let options = Thompson::from_table("thompson", settings)?;
        let noise = noise_of(options.noise, table)?;
        let (mean, deviation) = (options.prior_mean, options.prior_deviation);
        check("prior_deviation", deviation, "above 0", deviation > 0.0)?;
        let (prior, each) = (deviation.powi(-2), noise.powi(-2));
        counted(table, "thompson", move |arm, _, noise| {
            let precision = prior + each * arm.pulls;
            (prior * mean + each * arm.sum) / precision + f64::from(noise.normal()) / precision.sqrt()
        })
    },
};

pub const BERNOULLI_THOMPSON: Entry = Entry {
    name: "bernoulli_thompson",
    about: "Thompson sampling, rewards of 0 and 1 and a Beta prior (bandits)",
    options: BernoulliThompson::options,
    resolve: |settings| Ok(BernoulliThompson::from_table("bernoulli_thompson", settings)?.to_table()),
    make: |settings, table| {
        let BernoulliThompson { successes, failures } = BernoulliThompson::from_table("bernoulli_thompson", settings)?;
        check("successes", successes, "above 0", successes > 0.0)?;
        check("failures", failures, "above 0", failures > 0.0)?;
        counted(table, "bernoulli_thompson", move |arm, _, noise| {
            // Rewards beyond 0 and 1 count as the nearer end, so that a bandit of another kind is played, badly, too.
            let won = arm.sum.clamp(0.0, arm.pulls);
            let (a, b) = (gamma(successes + won, noise), gamma(failures + arm.pulls - won, noise));
            a / (a + b)
        })
    },
};

/// The noise of rewards that Bayesian baselines assume.
pub(super) fn noise_of(option: f64, table: Table<'_>) -> Result<f64> {
    check("noise", option, "0 (the environment's parameter `sigma`) or more", option >= 0.0)?;
    let noise = if option > 0.0 { option } else { table.source.param("sigma").unwrap_or(0.3) };
    // Without any noise a posterior would have no width to divide by.
    Ok(noise.max(1e-3))
}

/// An arm as it was pulled so far.
#[derive(Debug, Clone, Copy, Default)]
struct Arm {
    pulls: f64,
    sum: f64,
}

impl Arm {
    fn mean(self) -> f64 {
        self.sum / self.pulls
    }
}

/// Play of the arm of the highest index; an index is a function of the arm's counts, of the number of the pull and of noise.
struct Counted<F> {
    noise: Noise,
    arms: Vec<Arm>,
    index: F,
}

fn counted(
    table: Table<'_>,
    who: &str,
    index: impl Fn(Arm, f64, &mut Noise) -> f64 + 'static,
) -> Result<Box<dyn Player>> {
    let arms = table.problem.arms(who)?.arms;
    Ok(Box::new(Counted { noise: table.noise, arms: vec![Arm::default(); table.seeds.len() * arms], index }))
}

impl<F: Fn(Arm, f64, &mut Noise) -> f64> Player for Counted<F> {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        let count = self.arms.len() / actions.len();
        let pull = (now.step + 1) as f64;
        for (i, (arms, action)) in self.arms.chunks_exact(count).zip(actions).enumerate() {
            let mut noise = self.noise.at(now.step, i as u64);
            let mut most = f64::NEG_INFINITY;
            for (k, arm) in arms.iter().enumerate() {
                let index = (self.index)(*arm, pull, &mut noise);
                if index > most {
                    (most, *action) = (index, k as u32);
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, came: Came<'_>) -> Result<()> {
        let count = self.arms.len() / came.actions.len();
        for (arms, (action, reward)) in self.arms.chunks_exact_mut(count).zip(came.actions.iter().zip(came.rewards)) {
            let arm = &mut arms[*action as usize];
            arm.pulls += 1.0;
            arm.sum += f64::from(*reward);
        }
        Ok(())
    }
}

/// A number of the Gamma distribution of this shape and scale 1 (Marsaglia and Tsang 2000).
pub(super) fn gamma(shape: f64, noise: &mut Noise) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, noise) * noise.uniform_f64().powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = f64::from(noise.normal());
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && noise.uniform_f64().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}
