//! RIAC (Baranes and Oudeyer 2009; Portelas et al. 2019, arXiv 1910.07224): a tree of regions, each split where absolute learning
//! progress differs most, drawn from by their progress.
//!
//! A region's progress is how far the mean return of the newer half of its episodes lies from that of the older half. All regions
//! of the tree are drawn from, as in the authors' code. There cuts that leave one side too few tasks are drawn again for ever;
//! here that ends.

use std::collections::VecDeque;

use serde_json::{Value as Json, json};
use toml::Table;

use super::bounds::{between, choose, normal, sums};
use super::{Algorithm, Bounds, Entry, Settings, check_share, unfit, with_settings};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::{check, options, words};
use crate::state::State;

/// What the rest of the crate knows of it.
pub const TEACHER: Entry = Entry {
    name: "riac",
    about: "by absolute learning progress, from a tree of regions (Baranes and Oudeyer 2009)",
    options: Config::options,
    resolve: |table, _| Ok(Config::checked(table)?.to_table()),
    make: |table, bounds, seed| {
        let config = Config::checked(table)?;
        Ok((Some(config.returns.clone()), Box::new(Riac::new(config, bounds, seed))))
    },
};

/// What tells how good a cut is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitScore {
    /// Product of the numbers of tasks on both sides and the difference of their progress.
    Paper,
    /// The difference alone: the authors' code multiplies by the lengths of two lists that always are 2.
    Code,
}
words!(SplitScore, "paper or code", { "paper" => SplitScore::Paper, "code" => SplitScore::Code });

options! {
    /// Options of RIAC.
    pub struct Config {
        ..returns: super::Returns,
        /// Episodes that a region remembers; a region that has so many is split.
        region_size: usize = 200,
        /// Cuts of which the best is taken.
        cuts: usize = 50,
        /// Share of the region's tasks that each side of a cut has at least, 0 to 0.5.
        min_tasks: f64 = 0.05,
        /// Width that each side of a cut has at least, as a share of the range, 0 to 1.
        min_width: f64 = 1.0 / 15.0,
        /// What tells how good a cut is.
        score: SplitScore = SplitScore::Paper,
        /// Share of tasks that are evenly from the box, 0 to 1.
        random: f64 = 0.2,
        /// Share of tasks near the one with the lowest return of a region, 0 to 1.
        mutated: f64 = 0.1,
        /// Standard deviation of what is added to that one, in the parameters' own units.
        noise: f64 = 0.1,
        /// Whose numbers stand for options that are not set; TeachMyAgent: region_size 150, cuts 75, min_width 0.1.
        settings: Settings = Settings::TeachDeepRl,
    }
}

impl Config {
    fn checked(table: &Table) -> Result<Self> {
        let numbers = [("region_size", 150.0), ("cuts", 75.0), ("min_width", 0.1)];
        let c = Self::from_table("riac", &with_settings(table, &numbers))?;
        c.returns.check()?;
        check("region_size", c.region_size, "4 to 1000000", (4..=1_000_000).contains(&c.region_size))?;
        check("cuts", c.cuts, "1 to 10000", (1..=10_000).contains(&c.cuts))?;
        check("min_tasks", c.min_tasks, "0 to 0.5", (0.0..=0.5).contains(&c.min_tasks))?;
        check_share("min_width", c.min_width)?;
        check_share("random", c.random)?;
        check("mutated", c.mutated, "0 to 1, with random", c.mutated >= 0.0 && c.random + c.mutated <= 1.0)?;
        check("noise", c.noise, "0 or more", c.noise >= 0.0)?;
        Ok(c)
    }
}

/// Cuts are drawn again so many times where one side has too few tasks.
const AGAIN: usize = 20;

/// A box of tasks with the newest episodes in it.
#[derive(Debug, Clone)]
struct Region {
    low: Vec<f64>,
    high: Vec<f64>,
    /// Tasks, each with its return behind it, oldest first.
    episodes: VecDeque<Vec<f64>>,
    progress: f64,
    /// Dimension, threshold and the first of two regions below it, whose tasks are at most there.
    cut: Option<(usize, f64, usize)>,
}

impl Region {
    fn new(low: Vec<f64>, high: Vec<f64>, episodes: VecDeque<Vec<f64>>) -> Self {
        let progress = progress(episodes.iter());
        Self { low, high, episodes, progress, cut: None }
    }
}

/// Difference of the mean returns of the newer and the older half; 0 of less than 3 episodes.
fn progress<'a>(episodes: impl DoubleEndedIterator<Item = &'a Vec<f64>> + ExactSizeIterator) -> f64 {
    let (n, half) = (episodes.len(), episodes.len() / 2);
    if n < 3 {
        return 0.0;
    }
    let (mut older, mut newer) = (0.0, 0.0);
    for (i, episode) in episodes.enumerate() {
        *(if i < n - half { &mut older } else { &mut newer }) += episode[episode.len() - 1];
    }
    (newer / half as f64 - older / (n - half) as f64).abs()
}

struct Riac {
    config: Config,
    bounds: Bounds,
    /// The whole box first; two regions of the same cut behind each other.
    regions: Vec<Region>,
    /// Sums of the progress of all regions.
    sums: Vec<f64>,
    /// Regions that nobody was told of.
    untold: Vec<usize>,
    /// Looks for cuts so far.
    looks: u64,
    noise: Noise,
}

impl Riac {
    fn new(config: Config, bounds: &Bounds, seed: u64) -> Self {
        let root = Region::new(bounds.low().to_vec(), bounds.high().to_vec(), VecDeque::new());
        let noise = Noise::new(seed, "cuts of teachers");
        Self { config, bounds: bounds.clone(), regions: vec![root], sums: vec![0.0], untold: vec![], looks: 0, noise }
    }

    /// Cuts a full region in two, or forgets its oldest quarter if no cut is allowed.
    fn split(&mut self, index: usize) {
        self.looks += 1;
        let (c, region, mut noise) = (&self.config, &self.regions[index], self.noise.at(self.looks, 0));
        let (n, fewest) =
            (region.episodes.len(), (c.min_tasks * region.episodes.len() as f64).ceil().max(1.0) as usize);
        let mut best: Option<(f64, usize, f64)> = None;
        let mut left = c.cuts;
        for _ in 0..c.cuts * AGAIN {
            let d = noise.below(region.low.len() as u32) as usize;
            let threshold = between(region.low[d], region.high[d], &mut noise);
            let below = region.episodes.iter().filter(|episode| episode[d] <= threshold).count();
            if below < fewest || n - below < fewest {
                continue;
            }
            let narrowest = c.min_width * self.bounds.width(d);
            let wide = threshold - region.low[d] >= narrowest && region.high[d] - threshold >= narrowest;
            let (first, second) = sides(region, d, threshold);
            let mut score = (progress(first.iter()) - progress(second.iter())).abs();
            if c.score == SplitScore::Paper {
                score *= (below * (n - below)) as f64;
            }
            if wide && best.is_none_or(|(least, ..)| score >= least) {
                best = Some((score, d, threshold));
            }
            left -= 1;
            if left == 0 {
                break;
            }
        }
        let Some((_, d, threshold)) = best else {
            self.regions[index].episodes.drain(..n.div_ceil(4));
            return;
        };
        let (first, second) = sides(region, d, threshold);
        let (mut high, mut low) = (region.high.clone(), region.low.clone());
        (high[d], low[d]) = (threshold, threshold);
        let children = [Region::new(region.low.clone(), high, first), Region::new(low, region.high.clone(), second)];
        self.untold.push(index);
        self.regions[index].cut = Some((d, threshold, self.regions.len()));
        self.regions.extend(children);
    }
}

/// A region's episodes on both sides of a cut.
fn sides(region: &Region, d: usize, threshold: f64) -> (VecDeque<Vec<f64>>, VecDeque<Vec<f64>>) {
    region.episodes.iter().cloned().partition(|episode| episode[d] <= threshold)
}

impl Algorithm for Riac {
    fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        let mode = noise.uniform_f64();
        if mode < self.config.random {
            return self.bounds.sample(noise, task);
        }
        let region = &self.regions[choose(&self.sums, noise)];
        let of_return = |episode: &&Vec<f64>| episode[task.len()];
        let worst = region.episodes.iter().min_by(|a, b| of_return(a).total_cmp(&of_return(b)));
        let worst = worst.filter(|_| mode < self.config.random + self.config.mutated);
        for (d, value) in task.iter_mut().enumerate() {
            let (low, high) = (region.low[d], region.high[d]);
            *value = match worst {
                Some(worst) => (worst[d] + self.config.noise * normal(noise)).clamp(low, high),
                None => between(low, high, noise),
            };
        }
    }

    fn update(&mut self, task: &[f64], episode_return: f64) {
        let episode: Vec<f64> = task.iter().copied().chain([episode_return]).collect();
        let mut at = 0;
        loop {
            let region = &mut self.regions[at];
            if region.episodes.len() == self.config.region_size {
                region.episodes.pop_front();
            }
            region.episodes.push_back(episode.clone());
            region.progress = progress(region.episodes.iter());
            match region.cut {
                Some((d, threshold, first)) => at = if task[d] <= threshold { first } else { first + 1 },
                None => break,
            }
        }
        if self.regions[at].episodes.len() == self.config.region_size {
            self.split(at);
        }
    }

    fn settle(&mut self) -> Vec<Json> {
        self.sums = sums(self.regions.iter().map(|region| region.progress));
        let tell = |index: usize| {
            let region = &self.regions[index];
            let (d, threshold, first) = region.cut.expect("told of as it was cut");
            let below = self.regions[first..first + 2].iter().zip(first..).map(|(region, index)| {
                json!({ "region": index, "low": region.low, "high": region.high, "progress": region.progress })
            });
            let below: Vec<Json> = below.collect();
            json!({
                "region": index, "progress": region.progress, "dimension": d, "threshold": threshold, "regions": below,
                "all": self.regions.len(),
            })
        };
        let rows = self.untold.iter().map(|&index| tell(index)).collect();
        self.untold.clear();
        rows
    }

    fn save(&self, state: &mut State) {
        let all = |of: fn(&Region) -> Vec<f64>| self.regions.iter().flat_map(of).collect::<Vec<f64>>();
        let numbers = |of: fn(&Region) -> u64| self.regions.iter().map(of).collect::<Vec<u64>>();
        state.put_u64("teacher/looks", &[self.looks]);
        state.put_u64("teacher/untold", &self.untold.iter().map(|&index| index as u64).collect::<Vec<_>>());
        state.put_f64("teacher/low", &all(|region| region.low.clone()));
        state.put_f64("teacher/high", &all(|region| region.high.clone()));
        state.put_f64("teacher/progress", &all(|region| vec![region.progress]));
        state.put_f64("teacher/sums", &self.sums);
        state.put_f64("teacher/thresholds", &all(|region| vec![region.cut.map_or(0.0, |cut| cut.1)]));
        // 0 for none, as nothing lies below the first region but others.
        state.put_u64("teacher/below", &numbers(|region| region.cut.map_or(0, |cut| cut.2 as u64)));
        state.put_u64("teacher/dimensions", &numbers(|region| region.cut.map_or(0, |cut| cut.0 as u64)));
        state.put_u64("teacher/lengths", &numbers(|region| region.episodes.len() as u64));
        state.put_f64("teacher/rows", &all(|region| region.episodes.iter().flatten().copied().collect()));
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let (d, below) = (self.bounds.dimensions(), state.u64("teacher/below")?);
        let (n, lengths, mut rows) = (below.len(), state.u64("teacher/lengths")?, state.f64("teacher/rows")?);
        let (low, high) = (state.f64("teacher/low")?, state.f64("teacher/high")?);
        let (progress, thresholds) = (state.f64("teacher/progress")?, state.f64("teacher/thresholds")?);
        let (dimensions, sums) = (state.u64("teacher/dimensions")?, state.f64("teacher/sums")?);
        let alike = [lengths.len(), progress.len(), thresholds.len(), dimensions.len()].iter().all(|&len| len == n);
        let episodes: u64 = lengths.iter().sum();
        let inside = below.iter().all(|&first| first + 1 < n.max(2) as u64) && dimensions.iter().all(|&k| k < d as u64);
        let sized = low.len() == n * d && high.len() == n * d && rows.len() as u64 == episodes * (d as u64 + 1);
        if n == 0 || !(alike && inside && sized) || sums.is_empty() || sums.len() > n {
            return Err(unfit("the tree of regions"));
        }
        let mut region = |i: usize| {
            let (own, others) = rows.split_at(lengths[i] as usize * (d + 1));
            rows = others;
            Region {
                low: low[i * d..(i + 1) * d].to_vec(),
                high: high[i * d..(i + 1) * d].to_vec(),
                episodes: own.chunks_exact(d + 1).map(<[f64]>::to_vec).collect(),
                progress: progress[i],
                cut: (below[i] > 0).then_some((dimensions[i] as usize, thresholds[i], below[i] as usize)),
            }
        };
        self.regions = (0..n).map(&mut region).collect();
        (self.looks, self.sums) = (state.counter("teacher/looks")?, sums.to_vec());
        let untold = state.u64("teacher/untold")?.iter().map(|&index| index as usize);
        self.untold = untold.filter(|&index| index < n && self.regions[index].cut.is_some()).collect();
        Ok(())
    }
}
