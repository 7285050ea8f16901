//! What is counted while a run trains: episodes, and means since the last row of metrics.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::members::Windows;
use crate::agent::{Episode, Log};
use crate::error::Result;
use crate::state::State;

/// Episodes over which the mean return is taken that people watch.
pub(crate) const WINDOW: usize = 100;

/// One row of `metrics.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Environment transitions.
    pub step: u64,
    /// Seconds of training, over all interruptions.
    pub seconds: f64,
    /// `episode/return` and `episode/length`, means over the episodes since the last row (absent if none ended),
    /// `episode/return_last_100`, `episode/count` since the start, `info/<name>` the mean over those episodes of the sum of
    /// each info ([`Facts::info_scalars`]), and the agent's own figures, means since the last row.
    ///
    /// [`Facts::info_scalars`]: shadergym_envs::Facts::info_scalars
    pub scalars: BTreeMap<String, f64>,
}

/// Returns and lengths of some episodes in figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Number of episodes.
    pub episodes: usize,
    /// Mean return.
    pub mean: f64,
    /// Standard deviation of the returns, of a sample (n - 1).
    pub standard_deviation: f64,
    /// Lowest return.
    pub min: f64,
    /// Highest return.
    pub max: f64,
    /// Median length in steps.
    pub median_length: f64,
}

impl Spread {
    /// None without episodes.
    pub fn of(episodes: impl IntoIterator<Item = Episode>) -> Option<Self> {
        let (returns, mut lengths): (Vec<f64>, Vec<f64>) =
            episodes.into_iter().map(|e| (f64::from(e.episode_return), f64::from(e.length))).unzip();
        let n = returns.len();
        if n == 0 {
            return None;
        }
        lengths.sort_by(f64::total_cmp);
        let mean = returns.iter().sum::<f64>() / n as f64;
        let squares: f64 = returns.iter().map(|r| (r - mean).powi(2)).sum();
        Some(Self {
            episodes: n,
            mean,
            standard_deviation: if n > 1 { (squares / (n - 1) as f64).sqrt() } else { 0.0 },
            min: returns.iter().copied().fold(f64::INFINITY, f64::min),
            max: returns.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            median_length: 0.5 * (lengths[(n - 1) / 2] + lengths[n / 2]),
        })
    }

    /// For `summary.json` and `--json`.
    pub fn to_json(&self) -> Value {
        json!({
            "episodes": self.episodes, "mean": self.mean, "standard_deviation": self.standard_deviation,
            "min": self.min, "max": self.max, "median_length": self.median_length,
        })
    }
}

/// What the window has of an episode.
fn episode(episode_return: f32, length: u32) -> Episode {
    Episode { episode_return, length, ..Episode::default() }
}

/// Running counts; all of it is part of a checkpoint.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Tally {
    window: VecDeque<Episode>,
    pub members: Windows,
    /// Since the start.
    pub episodes: u64,
    /// Step of the last row.
    pub last_row: u64,
    /// Since the last row: episodes, sum of returns, sum of lengths.
    recent: [f64; 3],
    /// Since the last row: sums of infos by word.
    infos: Vec<f64>,
    /// Since the last row: sum and count of each figure.
    scalars: BTreeMap<String, [f64; 2]>,
    /// Step and mean return of each row with episodes.
    pub curve: Vec<(u64, f64)>,
}

impl Tally {
    /// Takes down what an agent of so many members told.
    pub fn add(&mut self, log: &Log, members: usize) {
        for episode in &log.episodes {
            self.members.add(episode, members);
            if self.window.len() == WINDOW {
                self.window.pop_front();
            }
            self.window.push_back(self::episode(episode.episode_return, episode.length));
            let add = [1.0, f64::from(episode.episode_return), f64::from(episode.length)];
            self.recent.iter_mut().zip(add).for_each(|(sum, value)| *sum += value);
        }
        self.episodes += log.episodes.len() as u64;
        let words = log.infos.len() / log.episodes.len().max(1);
        if words > 0 {
            // Summed by iterations, then over them.
            let mut sums = vec![0.0; words];
            for infos in log.infos.chunks_exact(words) {
                sums.iter_mut().zip(infos).for_each(|(sum, &value)| *sum += f64::from(value));
            }
            self.infos.resize(words, 0.0);
            self.infos.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
        for (&name, &value) in &log.scalars {
            if let Some([sum, count]) = self.scalars.get_mut(name) {
                *sum += value;
                *count += 1.0;
            } else {
                self.scalars.insert(name.to_owned(), [value, 1.0]);
            }
        }
    }

    /// Mean return and length of the last 100 episodes; None before the first.
    pub fn means(&self) -> Option<(f64, f64)> {
        let n = self.window.len() as f64;
        let sum = self.window.iter().fold((0.0, 0.0), |(returns, lengths), e| {
            (returns + f64::from(e.episode_return), lengths + f64::from(e.length))
        });
        (n > 0.0).then(|| (sum.0 / n, sum.1 / n))
    }

    /// Whether the mean return of the last 100 episodes (not fewer) has come this far.
    pub fn reached(&self, until: Option<f32>) -> bool {
        let full = self.window.len() == WINDOW;
        full && until.is_some_and(|until| self.means().is_some_and(|(mean, _)| mean >= f64::from(until)))
    }

    /// The last 100 episodes.
    pub fn last(&self) -> Option<Spread> {
        Spread::of(self.window.iter().copied())
    }

    /// A row, after which the next one begins; `infos` names the words of the infos that are told as one.
    pub fn row(&mut self, step: u64, seconds: f64, infos: &[(String, Vec<usize>)]) -> Row {
        let mut scalars: BTreeMap<String, f64> =
            std::mem::take(&mut self.scalars).into_iter().map(|(name, [sum, count])| (name, sum / count)).collect();
        let [count, returns, lengths] = std::mem::take(&mut self.recent);
        let sums = std::mem::take(&mut self.infos);
        if count > 0.0 {
            for (name, words) in infos {
                let sum: f64 = words.iter().filter_map(|&word| sums.get(word)).sum();
                scalars.insert(format!("info/{name}"), sum / words.len() as f64 / count);
            }
            scalars.insert("episode/return".to_owned(), returns / count);
            scalars.insert("episode/length".to_owned(), lengths / count);
            self.curve.push((step, returns / count));
        }
        if let Some((mean, _)) = self.means() {
            scalars.insert("episode/return_last_100".to_owned(), mean);
        }
        scalars.insert("episode/count".to_owned(), self.episodes as f64);
        self.last_row = step;
        Row { step, seconds, scalars }
    }

    pub fn save(&self, state: &mut State) {
        let (returns, lengths): (Vec<f32>, Vec<u32>) = self.window.iter().map(|e| (e.episode_return, e.length)).unzip();
        state.put_f32("window/returns", &returns);
        state.put_u32("window/lengths", &lengths);
        self.members.save(state);
        state.put_u64("counts", &[self.episodes, self.last_row]);
        state.put_f64("recent", &self.recent);
        state.put_f64("infos", &self.infos);
        for (name, sums) in &self.scalars {
            state.put_f64(format!("scalars/{name}"), sums);
        }
        let (steps, means): (Vec<u64>, Vec<f64>) = self.curve.iter().copied().unzip();
        state.put_u64("curve/steps", &steps);
        state.put_f64("curve/returns", &means);
    }

    pub fn load(state: &State) -> Result<Self> {
        let episodes = state.f32("window/returns")?.iter().zip(state.u32("window/lengths")?);
        let mut tally = Self {
            window: episodes.map(|(&episode_return, &length)| episode(episode_return, length)).collect(),
            members: Windows::load(state),
            episodes: state.counter("counts")?,
            last_row: state.u64("counts")?.get(1).copied().unwrap_or(0),
            curve: std::iter::zip(state.u64("curve/steps")?.to_vec(), state.f64("curve/returns")?.to_vec()).collect(),
            ..Self::default()
        };
        tally.recent.iter_mut().zip(state.f64("recent")?).for_each(|(to, from)| *to = *from);
        // Checkpoints of earlier versions have none.
        tally.infos = state.f64("infos").unwrap_or(&[]).to_vec();
        for (name, ..) in state.arrays() {
            if let (Some(scalar), &[sum, count]) = (name.strip_prefix("scalars/"), state.f64(name).unwrap_or(&[])) {
                tally.scalars.insert(scalar.to_owned(), [sum, count]);
            }
        }
        Ok(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(returns: &[f32], loss: f64) -> Log {
        let mut log = Log { scalars: [("loss/value", loss)].into(), ..Log::default() };
        returns.iter().for_each(|&r| log.push(episode(r, 2 * r as u32), &[r, 0.5], &[]));
        log
    }

    #[test]
    fn rows_are_means_since_the_last_row() {
        let mut tally = Tally::default();
        tally.add(&log(&[1.0, 3.0], 0.5), 1);
        tally.add(&log(&[], 1.5), 1);
        let names = [("first".to_owned(), vec![0]), ("mean".to_owned(), vec![0, 1])];
        let row = tally.row(10, 0.1, &names).scalars;
        assert_eq!((row["episode/return"], row["episode/length"], row["loss/value"]), (2.0, 4.0, 1.0));
        // The sums over both episodes are 4 and 1, which makes 2 and 0.5 an episode.
        assert_eq!((row["info/first"], row["info/mean"]), (2.0, 1.25));
        let row = tally.row(20, 0.2, &names).scalars;
        assert_eq!((row.get("episode/return"), row.get("loss/value"), row.get("info/first")), (None, None, None));
        assert_eq!((row["episode/return_last_100"], row["episode/count"]), (2.0, 2.0));
        assert_eq!(tally.curve, [(10, 2.0)]);
    }

    #[test]
    fn the_window_holds_a_hundred_and_survives_a_checkpoint() {
        let mut tally = Tally::default();
        tally.add(&log(&[50.0; 99], 0.0), 1);
        assert!(!tally.reached(Some(1.0)), "99 episodes are too few");
        tally.add(&log(&[1.0, 50.0], 7.0), 1);
        assert!(tally.reached(Some(49.51)) && !tally.reached(Some(49.6)) && !tally.reached(None));
        tally.row(3, 0.0, &[]);
        tally.add(&log(&[2.0], 8.0), 1);
        let mut state = State::default();
        tally.save(&mut state);
        assert_eq!(Tally::load(&state).unwrap(), tally);
    }

    #[test]
    fn spreads() {
        let spread = Spread::of([episode(1.0, 9), episode(3.0, 1), episode(5.0, 2), episode(-1.0, 4)]).unwrap();
        assert_eq!((spread.mean, spread.min, spread.max, spread.median_length), (2.0, -1.0, 5.0, 3.0));
        assert!((spread.standard_deviation - (20.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(Spread::of([]), None);
    }
}
