//! Runs side by side: groups that differ by the seed only, their mean curves and what they came to.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::curve::{Panel, Series};
use super::run::RunRecord;
use super::statistics::{Estimate, bootstrap, interquartile_mean, mean};
use crate::error::{Error, Result};

/// Points of a mean curve.
const POINTS: usize = 200;

/// Runs of one agent with the same options in one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Environment id.
    pub env: String,
    /// The agent, with the options in which it differs from other groups of the same agent and environment.
    pub label: String,
    /// By ascending seed, each seed once.
    pub runs: Vec<RunRecord>,
}

/// Groups runs by environment, agent and options apart from the seed, sorted by environment and label.
///
/// # Errors
/// [`Error::Run`] if two runs of a group have the same seed: the second is no independent sample.
pub fn groups(runs: Vec<RunRecord>) -> Result<Vec<Group>> {
    let mut found: BTreeMap<(String, String, String), Vec<RunRecord>> = BTreeMap::new();
    for run in runs {
        found.entry((run.env.clone(), run.agent.clone(), run.options.to_string())).or_default().push(run);
    }
    let mut groups: Vec<Group> = Vec::new();
    for ((env, agent, _), mut runs) in found {
        runs.sort_by_key(|r| r.seed);
        if let Some(pair) = runs.windows(2).find(|pair| pair[0].seed == pair[1].seed) {
            return Err(Error::Run {
                folder: pair[1].folder.display().to_string(),
                missing: format!(
                    "it has the seed {} and the options of {}, so it is no sample of its own; leave one out",
                    pair[1].seed,
                    pair[0].folder.display()
                ),
            });
        }
        groups.push(Group { env, label: agent, runs });
    }
    let labels: Vec<String> = groups.iter().map(|group| label(group, &groups)).collect();
    for (group, label) in groups.iter_mut().zip(labels) {
        group.label = label;
    }
    Ok(groups)
}

/// The agent, and the options in which the group differs from those beside it.
fn label(group: &Group, all: &[Group]) -> String {
    let own = &group.runs[0].options;
    let rivals: Vec<&Table> = all
        .iter()
        .filter(|g| (&g.env, &g.label) == (&group.env, &group.label))
        .map(|g| &g.runs[0].options)
        .filter(|o| *o != own)
        .collect();
    let mut names: Vec<&String> = rivals.iter().flat_map(|o| o.keys()).chain(own.keys()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| rivals.iter().any(|o| o.get(*name) != own.get(*name)));
    let value = |name: &str| own.get(name).map_or("-".to_owned(), Value::to_string);
    let texts: Vec<String> = names.iter().map(|name| format!("{name} {}", value(name))).collect();
    if texts.is_empty() { group.label.clone() } else { format!("{} ({})", group.label, texts.join(", ")) }
}

/// Several curves on one axis: mean and 95 % bootstrap interval at up to 200 places between the first and the last step
/// that all of them cover, so that every place has as many samples. Linear between points. Empty if no step is covered
/// by all.
pub fn mean_curve(label: &str, curves: &[&[(f64, f64)]]) -> Series {
    let mut series = Series { label: label.to_owned(), ..Series::default() };
    let firsts = curves.iter().filter_map(|c| c.first()).map(|p| p.0);
    let lasts = curves.iter().filter_map(|c| c.last()).map(|p| p.0);
    let (first, last) = (firsts.fold(f64::NEG_INFINITY, f64::max), lasts.fold(f64::INFINITY, f64::min));
    if curves.is_empty() || curves.iter().any(|c| c.is_empty()) || first > last {
        return series;
    }
    let most = curves.iter().map(|c| c.len()).max().unwrap_or(0);
    let points = if first == last { 1 } else { most.clamp(2, POINTS) };
    for i in 0..points {
        let x = if i == 0 { first } else { first + (last - first) * i as f64 / (points - 1) as f64 };
        let values: Vec<f64> = curves.iter().map(|c| value_at(c, x)).collect();
        if curves.len() == 1 {
            series.points.push((x, values[0]));
            continue;
        }
        let estimate = bootstrap(&[values], mean);
        series.points.push((x, estimate.value));
        series.band.push((x, estimate.low, estimate.high));
    }
    series
}

/// The value of a curve between its points; that of the nearer end outside.
fn value_at(curve: &[(f64, f64)], x: f64) -> f64 {
    let after = curve.partition_point(|p| p.0 < x);
    match (after.checked_sub(1).map(|i| curve[i]), curve.get(after)) {
        (Some((x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (None, Some(&(_, y))) | (Some((_, y)), None) => y,
        (None, None) => f64::NAN,
    }
}

/// One panel per environment; `smooth` shows the mean of the last 100 episodes instead of those since the last row.
pub fn panels(groups: &[Group], smooth: bool) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    for group in groups {
        if panels.last().is_none_or(|p| p.title != group.env) {
            panels.push(Panel {
                title: group.env.clone(),
                x_label: "environment steps".to_owned(),
                y_label: if smooth { "mean return of the last 100 episodes" } else { "episode return" }.to_owned(),
                series: Vec::new(),
            });
        }
        let curves: Vec<&[(f64, f64)]> =
            group.runs.iter().map(|r| if smooth { &r.smooth_curve[..] } else { &r.curve[..] }).collect();
        panels.last_mut().expect("just pushed").series.push(mean_curve(&group.label, &curves));
    }
    panels
}

impl Group {
    /// Mean return of the last 100 episodes of training, over seeds, with its interval.
    pub fn final_return(&self) -> Estimate {
        bootstrap(&[self.values(|r| r.last_100)], mean)
    }

    /// Inter-quartile mean of the same, over seeds.
    pub fn interquartile(&self) -> f64 {
        interquartile_mean(&self.values(|r| r.last_100))
    }

    /// Means over seeds of steps per second and of seconds.
    pub fn speed(&self) -> (f64, f64) {
        (mean(&self.values(|r| r.steps_per_second)), mean(&self.values(|r| r.seconds)))
    }

    fn values(&self, value: impl Fn(&RunRecord) -> f64) -> Vec<f64> {
        self.runs.iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(agent: &str, env: &str, seed: i64, options: &str, last_100: f64) -> RunRecord {
        RunRecord {
            folder: format!("{agent}-{env}-{seed}").into(),
            agent: agent.to_owned(),
            env: env.to_owned(),
            seed,
            options: options.parse().unwrap(),
            curve: vec![(0.0, 0.0), (10.0, last_100)],
            smooth_curve: vec![(0.0, 0.0), (20.0, last_100)],
            end: "steps".to_owned(),
            last_100,
            steps_per_second: 100.0 * last_100,
            seconds: 2.0,
        }
    }

    #[test]
    fn runs_group_by_everything_but_the_seed() {
        let fast = "lr = 0.1\nsteps = 5";
        let slow = "lr = 0.01\nsteps = 5";
        let runs = vec![
            run("ppo", "B", 2, fast, 4.0),
            run("ppo", "B", 1, fast, 2.0),
            run("ppo", "B", 1, slow, 1.0),
            run("dqn", "B", 1, slow, 1.0),
            run("ppo", "A", 1, slow, 1.0),
        ];
        let groups = groups(runs).unwrap();
        let labels: Vec<_> = groups.iter().map(|g| (g.env.as_str(), g.label.as_str(), g.runs.len())).collect();
        assert_eq!(labels, [("A", "ppo", 1), ("B", "dqn", 1), ("B", "ppo (lr 0.01)", 1), ("B", "ppo (lr 0.1)", 2)]);
        assert_eq!(groups[3].final_return(), Estimate { value: 3.0, low: 2.0, high: 4.0 });
        assert_eq!((groups[3].interquartile(), groups[3].speed()), (3.0, (300.0, 2.0)));
        let panels = panels(&groups, true);
        assert_eq!(panels.iter().map(|p| (p.title.as_str(), p.series.len())).collect::<Vec<_>>(), [("A", 1), ("B", 3)]);
        assert_eq!(panels[1].series[2].points, [(0.0, 0.0), (20.0, 3.0)]);
    }

    #[test]
    fn the_same_seed_twice_is_no_sample() {
        let error = groups(vec![run("ppo", "B", 3, "", 1.0), run("ppo", "B", 3, "", 2.0)]).unwrap_err().to_string();
        assert!(error.contains("seed 3") && error.contains("ppo-B-3"), "{error}");
    }

    #[test]
    fn curves_meet_on_the_steps_they_share() {
        let (a, b) = ([(0.0, 0.0), (10.0, 10.0)], [(5.0, 7.0), (8.0, 10.0), (20.0, 10.0)]);
        let series = mean_curve("x", &[&a, &b]);
        assert_eq!(series.points, [(5.0, 6.0), (7.5, 8.5), (10.0, 10.0)]);
        assert_eq!(series.band, [(5.0, 5.0, 7.0), (7.5, 7.5, 9.5), (10.0, 10.0, 10.0)]);
        assert!(mean_curve("x", &[&a, &[(11.0, 1.0)]]).points.is_empty());
        assert!(mean_curve("x", &[&a, &[]]).points.is_empty() && mean_curve("x", &[]).points.is_empty());
        assert_eq!(mean_curve("x", &[&[(3.0, 4.0)]]).points, [(3.0, 4.0)]);
        let long: Vec<(f64, f64)> = (0..1000).map(|i| (f64::from(i), 1.0)).collect();
        assert_eq!(mean_curve("x", &[&long]).points.len(), POINTS);
    }
}
