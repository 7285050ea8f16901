//! Baselines against each other and against figures of the same rules written a second time in NumPy (20,000 tasks; linear ones
//! 4,000, each with features of its own).

use toml::Table as Settings;

use super::*;
use crate::in_context::play::{Played, play};

fn played(env: &str, params: &str, name: &str, tasks: u64) -> Played {
    let source = Source::new(env, &params.parse().unwrap(), 1).unwrap();
    let problem = Problem::of(&source).unwrap();
    let seeds: Vec<u64> = (100..100 + tasks).collect();
    let table = Table { problem: &problem, source: &source, seeds: &seeds, noise: Noise::new(2, name) };
    let mut player = (find(name).unwrap().make)(&Settings::new(), table).unwrap();
    play(&problem, &source, &seeds, player.as_mut(), &mut |_| Ok(())).unwrap()
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    use crate::report::statistics::{mean, standard_deviation};
    (mean(values), standard_deviation(values) / (values.len() as f64).sqrt())
}

/// Four standard errors of both figures.
fn agrees(env: &str, name: &str, tasks: u64, known: f64, known_error: f64) {
    let (mean, error) = mean_and_error(&played(env, "", name, tasks).totals());
    let allowed = 4.0 * error.hypot(known_error);
    assert!((mean - known).abs() < allowed, "{name} on {env}: {mean} ± {error}, NumPy {known} ± {known_error}");
}

#[test]
fn regrets_are_those_of_a_second_implementation() {
    let gaussian = "in_context/GaussianBandit-v0";
    agrees(gaussian, "thompson", 1000, 9.555, 0.039);
    agrees(gaussian, "ucb", 1000, 10.506, 0.030);
    agrees(gaussian, "ucb1", 500, 48.153, 0.063);
    agrees(gaussian, "greedy", 500, 17.415, 0.245);
    agrees("in_context/BernoulliBandit-v0", "bernoulli_thompson", 500, 14.010, 0.059);
    // Horizon times the expected most of five uniform numbers less their mean: 500 (5 / 6 - 1 / 2).
    agrees(gaussian, "uniform", 1000, 500.0 / 3.0, 0.0);
}

/// Features of the file are one draw, those of NumPy's figures (3.48 and 3.80) one for each task, so only about as much.
#[test]
fn linear_bandits_are_learned() {
    let env = "in_context/LinearBandit-v0";
    let [ucb, thompson, plain] =
        ["lin_ucb", "linear_thompson", "ucb"].map(|name| mean_and_error(&played(env, "", name, 300).totals()).0);
    assert!((1.5..8.0).contains(&ucb) && (1.5..8.0).contains(&thompson), "{ucb} {thompson}");
    assert!(plain > 2.0 * ucb, "what knows the features learns faster: {ucb}, without {plain}");
}

#[test]
fn planners_learn_processes() {
    let means = |env, params, names: [&str; 3], tasks| {
        names.map(|name| mean_and_error(&played(env, params, name, tasks).totals()).0)
    };
    let [uniform, psrl, best] = means("in_context/TabularMdp-v0", "attempts = 30", ["uniform", "psrl", "optimal"], 40);
    assert!((uniform - 10.0).abs() < 2.0, "ten steps of mean 1: {uniform}");
    assert!(psrl > uniform + 0.5 * (best - uniform) && best > psrl, "{uniform} {psrl} {best}");
    let found = played("in_context/DarkRoom9-v0", "attempts = 100", "ucb_vi", 20);
    let late = (90..100).map(|at| mean_and_error(&found.at(at)).0).sum::<f64>() / 10.0;
    let best = mean_and_error(&played("in_context/DarkRoom9-v0", "attempts = 1", "optimal", 20).totals()).0;
    assert!(late > 0.3 * best, "{late} of {best}");
}

#[test]
fn gamma_numbers_have_their_moments() {
    for shape in [0.3, 1.0, 4.5] {
        let mut noise = Noise::new(0, "gamma");
        let values: Vec<f64> = (0..100_000).map(|_| super::bandits::gamma(shape, &mut noise)).collect();
        let (mean, error) = mean_and_error(&values);
        assert!((mean - shape).abs() < 5.0 * error, "{shape}: {mean}");
        assert!((error * error * 1e5 / shape - 1.0).abs() < 0.06, "{shape}: variance {}", error * error * 1e5);
    }
}

#[test]
fn names_and_options_are_checked() {
    assert!(find("thomson").unwrap_err().to_string().contains("Did you mean `thompson`?"));
    assert_eq!(find("lin-ucb").unwrap().name, "lin_ucb");
    let source = Source::new("in_context/GaussianBandit-v0", &Settings::new(), 1).unwrap();
    let problem = Problem::of(&source).unwrap();
    let table = Table { problem: &problem, source: &source, seeds: &[0], noise: Noise::new(0, "") };
    let refused = |name: &str, settings: &str| {
        let made = (find(name).unwrap().make)(&settings.parse().unwrap(), table);
        made.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(refused("ucb", "exploraton = 1").contains("Did you mean `exploration`?"));
    assert!(refused("ucb1", "exploration = -1").contains("allowed is 0 or more"));
    assert!(refused("thompson", "prior_deviation = 0").contains("above 0"));
    assert!(refused("uniform", "exploration = 1").contains("no option"));
    assert!(refused("psrl", "").contains("is a bandit"));
    assert!(refused("lin_ucb", "").contains("no linear bandit"));
    for entry in BASELINES {
        let options = (entry.resolve)(&Settings::new()).unwrap();
        assert_eq!((entry.options)().len(), options.len(), "{}", entry.name);
    }
}
