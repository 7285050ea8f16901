//! How a policy gets better within an episode: its return in each trial, over tasks that it has to find out about.

use std::ops::ControlFlow;

use shadergym_envs::Facts;

use super::play::Player;
use crate::agent::Setup;
use crate::error::{Error, Result};
use crate::policy::Policy;
use crate::report::statistics::{Estimate, bootstrap};

/// Instances that play side by side.
const SIDE_BY_SIDE: usize = 256;

/// Names of the infos by which trials are known: one that is 1 where a trial ends, and the return of that trial.
const INFOS: [&str; 2] = ["trials", "trial_return"];

/// Returns by trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Adaptation {
    /// `[episodes][trials]`, in the order in which they were played; an episode may have fewer trials than others.
    pub returns: Vec<Vec<f64>>,
}

impl Adaptation {
    /// Mean over episodes of the return in each trial with its 95 % bootstrap interval, of the trials that all episodes have.
    pub fn by_trial(&self) -> Vec<Estimate> {
        let trials = self.returns.iter().map(Vec::len).min().unwrap_or(0);
        (0..trials).map(|trial| over_episodes(&self.returns, |episode| episode[trial])).collect()
    }

    /// Mean over episodes of what the last quarter of an episode's trials is worth more than its first one, with its interval.
    pub fn gain(&self) -> Estimate {
        over_episodes(&self.returns, |episode| {
            let last = &episode[episode.len() - episode.len().div_ceil(4)..];
            last.iter().sum::<f64>() / last.len() as f64 - episode[0]
        })
    }
}

fn over_episodes(returns: &[Vec<f64>], value: impl Fn(&[f64]) -> f64) -> Estimate {
    bootstrap(&[returns.iter().map(|episode| value(episode)).collect()], |values| {
        values.iter().sum::<f64>() / values.len() as f64
    })
}

/// First words of the two infos in a row of infos.
fn words(facts: &Facts) -> Result<[usize; 2]> {
    let word = |name: &str| facts.info.as_ref().and_then(|info| info.field(name)).map(|field| field.offset);
    match INFOS.map(word) {
        [Some(ended), Some(trial_return)] if facts.agents == 1 => Ok([ended, trial_return]),
        _ => Err(Error::InvalidOption {
            option: "trials".to_owned(),
            value: facts.id.clone(),
            allowed: format!(
                "an environment of one agent whose Info has {}, such as `shadergym project` writes",
                INFOS.join(" and ")
            ),
        }),
    }
}

/// Plays `episodes` episodes from first to last, each instance as many as any other but for one, and tells the return of each
/// trial. None if `go_on` breaks, which is asked before every step and hears how many episodes are over.
///
/// # Errors
/// [`Error::InvalidOption`] if the environment has no trials; those of [`Player`].
pub fn adaptation(
    policy: &Policy,
    setup: &Setup,
    episodes: usize,
    seed: u64,
    deterministic: bool,
    go_on: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Option<Adaptation>> {
    let [ended, trial_return] = words(&setup.facts)?;
    let n = episodes.min(SIDE_BY_SIDE);
    let mut player = Player::new(setup, n, seed, "adaptation", deterministic)?;
    let width = setup.facts.info_words();
    let share = |i: usize| episodes / n + usize::from(i < episodes % n);
    let mut found: Vec<Vec<Vec<f64>>> = vec![Vec::new(); n];
    let mut now: Vec<Vec<f64>> = vec![Vec::new(); n];
    let mut done = 0;
    while done < episodes {
        if go_on(done).is_break() {
            return Ok(None);
        }
        player.step(policy)?;
        let infos = player.batch().view().infos().unwrap_or_default().to_vec();
        for (row, trials) in infos.chunks_exact(width).zip(&mut now) {
            if row[ended] != 0 {
                trials.push(f64::from(f32::from_bits(row[trial_return])));
            }
        }
        for (i, _) in player.ended() {
            let trials = std::mem::take(&mut now[i]);
            if found[i].len() < share(i) && !trials.is_empty() {
                found[i].push(trials);
                done += 1;
            }
        }
    }
    Ok(Some(Adaptation { returns: found.into_iter().flatten().collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_the_last_quarter_over_the_first_trial() {
        let found = Adaptation { returns: vec![vec![1.0, 2.0, 3.0, 5.0], vec![0.0, 2.0, 2.0, 4.0, 8.0]] };
        assert_eq!(found.gain().value, (4.0 + 6.0) / 2.0);
        let by_trial: Vec<f64> = found.by_trial().iter().map(|e| e.value).collect();
        assert_eq!(by_trial, [0.5, 2.0, 2.5, 4.5]);
    }
}
