//! The rules of the bandits with normal and with 0 or 1 rewards, written a second time.

use libtest_mimic::Trial;

use crate::second_rules::{Case, Counts, Drawn, Rules, Transition, equal, float, holds, near};

pub fn trials(gpu: bool) -> Vec<Trial> {
    let cases: [Case; 4] = [
        ("in_context/GaussianBandit-v0", || Bandit::boxed(5)),
        ("in_context/GaussianBandit20-v0", || Bandit::boxed(20)),
        ("in_context/BernoulliBandit-v0", || Bandit::boxed(5)),
        ("in_context/BernoulliBandit2-v0", || Bandit::boxed(2)),
    ];
    crate::second_rules::trials("gaussian_bandit", gpu, &cases)
}

/// What bandits have in common: means, the arm that was pulled last, what it paid, the time.
pub struct Arms {
    pub means: Vec<f64>,
    pub pulled: usize,
    pub reward: f64,
    pub time: u32,
}

impl Arms {
    pub fn of(words: &[u32]) -> Self {
        let (means, rest) = words.split_at(words.len() - 3);
        let means = means.iter().map(|word| float(*word)).collect();
        Self { means, pulled: rest[0] as usize, reward: float(rest[1]), time: rest[2] }
    }

    /// Judges all of a start but the means.
    pub fn begin(&self) -> Result<(), String> {
        equal("what was pulled", &(self.pulled, self.reward, self.time), &(self.means.len(), 0.0, 0))
    }

    /// Judges a step, of which the reward is told; gives the mean of the arm.
    pub fn pull(t: &Transition<'_>, horizon: u32) -> Result<f64, String> {
        let (s, got) = (Self::of(t.before), Self::of(t.after));
        let mean = s.means[t.action as usize];
        let best = s.means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        equal("means", &got.means, &s.means)?;
        equal("what was pulled", &(got.pulled, got.reward, got.time), &(t.action as usize, t.reward, s.time + 1))?;
        equal("end", &t.terminated, &(s.time + 1 >= horizon))?;
        holds(near(t.info, best - mean), || format!("the regret is {}", best - mean))?;
        Ok(mean)
    }

    pub fn seen(&self) -> Vec<f64> {
        let mut seen = vec![self.reward];
        seen.extend((0..self.means.len()).map(|arm| f64::from(u8::from(arm == self.pulled))));
        seen
    }
}

struct Bandit {
    means: Drawn,
    noise: Drawn,
    coins: Drawn,
    best: Counts,
}

impl Bandit {
    fn boxed(arms: usize) -> Box<dyn Rules> {
        let [means, noise, coins] = [(); 3].map(|()| Drawn::default());
        Box::new(Self { means, noise, coins, best: Counts::of(arms) })
    }
}

impl Rules for Bandit {
    fn start(&mut self, params: &[u32], state: &[u32]) -> Result<(), String> {
        let &[_, _, _, low, high, gap] = params else { panic!("another layout") };
        let (low, high, gap) = (float(low), float(high), float(gap));
        let arms = Arms::of(state);
        arms.begin()?;
        if gap == 0.0 {
            for mean in &arms.means {
                let within = (low.min(high) - 1e-6..=low.max(high) + 1e-6).contains(mean);
                holds(within, || format!("{mean} is outside {low} to {high}"))?;
                if (high - low).abs() > 0.01 {
                    self.means.add((mean - low) / (high - low));
                }
            }
            return Ok(());
        }
        let best = arms.means.iter().position(|mean| near(*mean, 0.5 + gap / 2.0));
        let best = best.ok_or("no arm is the best one")?;
        let others = arms.means.iter().enumerate().filter(|(arm, _)| *arm != best);
        holds(others.clone().all(|(_, mean)| near(*mean, 0.5 - gap / 2.0)), || "the others differ".to_owned())?;
        if gap > 0.001 {
            self.best.0[best] += 1;
        }
        Ok(())
    }

    fn step(&mut self, t: &Transition<'_>) -> Result<(), String> {
        let &[horizon, sigma, bernoulli, ..] = t.params else { panic!("another layout") };
        let mean = Arms::pull(t, horizon)?;
        let sigma = float(sigma);
        if bernoulli == 1 {
            holds(t.reward == 0.0 || t.reward == 1.0, || "a reward of 0 or 1".to_owned())?;
            if (0.25..=0.75).contains(&mean) {
                self.coins.add((t.reward - mean) / (mean * (1.0 - mean)).sqrt());
            }
        } else if sigma > 0.01 {
            self.noise.add((t.reward - mean) / sigma);
        }
        Ok(())
    }

    fn seen(&self, _: &[u32], state: &[u32]) -> Vec<f64> {
        Arms::of(state).seen()
    }

    fn finish(&self) -> Result<(), String> {
        self.means.check("means", 0.5, 1.0 / 12.0)?;
        self.noise.check("noise", 0.0, 1.0)?;
        self.coins.check("coins", 0.0, 1.0)?;
        self.best.check("best arms")
    }
}
