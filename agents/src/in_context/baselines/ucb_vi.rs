//! Value iteration with upper confidence bounds.

use super::Entry;
use super::planning::{Counts, Planned, Planner};
use crate::common::noise::Noise;
use crate::in_context::problem::Problem;
use crate::options::{check, options};

options! {
    /// UCB-VI with Hoeffding's bonus (Azar, Osband and Munos 2017), rewards being estimated too.
    pub struct UcbVi {
        /// Factor of the bonus (rest of the attempt) reward_range sqrt(ln(states actions tries / 0.05) / tries); proofs want 1 and
        /// more, at which a few dozen attempts are all exploration.
        bonus: f64 = 0.01,
        /// What a step pays at most, which no value is believed to exceed; with parameters `mean` and `spread`: mean + 3 spread.
        reward_high: f64 = 1.0,
        /// How far apart rewards of a step are.
        reward_range: f64 = 1.0,
    }
}

pub const UCB_VI: Entry = Entry {
    name: "ucb_vi",
    about: "UCB-VI: value iteration with optimism (rooms and tabular processes)",
    options: UcbVi::options,
    resolve: |settings| Ok(UcbVi::from_table("ucb_vi", settings)?.to_table()),
    make: |settings, table| {
        let mut options = UcbVi::from_table("ucb_vi", settings)?;
        if let (Problem::Table(_), Some(mean), Some(spread)) =
            (table.problem, table.source.param("mean"), table.source.param("spread"))
            && !settings.contains_key("reward_high")
        {
            options.reward_high = mean + 3.0 * spread;
        }
        check("bonus", options.bonus, "0 or more", options.bonus >= 0.0)?;
        check("reward_range", options.reward_range, "0 or more", options.reward_range >= 0.0)?;
        Planned::boxed(table, "ucb_vi", options)
    },
};

/// Chance that a bound fails.
const FAILS: f64 = 0.05;

impl Planner for UcbVi {
    fn plan(&self, seen: &Counts, horizon: usize, mut noise: Noise) -> Vec<u8> {
        let (states, actions) = (seen.states, seen.actions);
        let mut plan = vec![0; horizon * states];
        let (mut value, mut next) = (vec![0.0f32; states], vec![0.0f32; states]);
        let all: f64 = seen.tries.iter().map(|n| f64::from(*n)).sum::<f64>().max(1.0);
        let log = ((states * actions) as f64 * all / FAILS).ln();
        let pairs: Vec<(f32, f32)> = (0..states * actions)
            .map(|pair| {
                let tries = f64::from(seen.tries[pair].max(1.0));
                let wide = self.bonus * self.reward_range * (log / tries).sqrt();
                (seen.paid[pair] / tries as f32, wide as f32)
            })
            .collect();
        // Equal values are many at first: which action comes first is drawn, or all would go the same way.
        let turn = noise.below(actions as u32) as usize;
        for time in (0..horizon).rev() {
            let rest = (horizon - time) as f32;
            let most = rest * self.reward_high as f32;
            for state in 0..states {
                next[state] = f32::NEG_INFINITY;
                for k in 0..actions {
                    let action = (k + turn) % actions;
                    let pair = state * actions + action;
                    let followed = seen.followed(pair);
                    let (mean, wide) = pairs[pair];
                    let q = match followed {
                        // Where nothing followed yet anything may.
                        0.0 => most,
                        _ => {
                            let on = seen.next[pair].iter().map(|(to, times)| times * value[*to as usize]).sum::<f32>();
                            (mean + wide * rest + on / followed).min(most)
                        }
                    };
                    if q > next[state] {
                        (next[state], plan[time * states + state]) = (q, action as u8);
                    }
                }
            }
            std::mem::swap(&mut value, &mut next);
        }
        plan
    }
}
