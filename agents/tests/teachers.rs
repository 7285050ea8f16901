//! Teachers by themselves: mixtures against scikit-learn, where they send learners, and what they do with bad input.

use std::time::Instant;

use serde_json::Value as Json;
use shadergym_agents::common::noise::Noise;
use shadergym_agents::state::State;
use shadergym_agents::teachers::gmm::{Criterion, Gmm, best};
use shadergym_agents::teachers::{Bounds, TEACHERS, Teacher, find, toy};

fn teacher(name: &str, options: &str, (low, high): (&[f64], &[f64])) -> Teacher {
    let bounds = Bounds::new(low.to_vec(), high.to_vec()).unwrap();
    Teacher::new(find(name).unwrap(), &options.parse().unwrap(), bounds, 1).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Options with which returns of 0 to 1 count.
fn unit(name: &str) -> String {
    toy::options(find(name).unwrap(), 2).to_string()
}

const SQUARE: (&[f64], &[f64]) = (&[0.0, 0.0], &[1.0, 1.0]);

/// Draws and hears, with returns by task and episode; all rows.
fn teach(
    teacher: &mut Teacher,
    episodes: std::ops::Range<u64>,
    episode_return: impl Fn(&[f64], u64) -> f64,
) -> Vec<Json> {
    let (mut rows, mut task) = (Vec::new(), vec![0.0; teacher.bounds().dimensions()]);
    for episode in episodes {
        teacher.sample(&mut Noise::new(7, "test").at(episode, 0), &mut task);
        rows.extend(teacher.update(&task, episode_return(&task, episode)).unwrap());
    }
    rows
}

/// What it told last.
fn newest(teacher: &Teacher) -> Json {
    serde_json::from_str(teacher.newest()).unwrap()
}

fn bytes(teacher: &Teacher) -> State {
    let mut state = State::default();
    teacher.save(&mut state);
    state
}

/// Returns rise in a fifth of the box, and nowhere else.
fn rises(task: &[f64], episode: u64) -> f64 {
    if task[0] < 0.2 { episode as f64 / 3000.0 } else { 0.5 }
}

/// Share of 1000 draws in that fifth.
fn share(teacher: &Teacher) -> f64 {
    let (mut task, noise) = (vec![0.0; 2], Noise::new(11, "test"));
    let hits = (0..1000).filter(|&i| {
        teacher.sample(&mut noise.at(i, 1), &mut task);
        task[0] < 0.2
    });
    hits.count() as f64 / 1000.0
}

#[test]
fn mixtures_are_those_of_scikit_learn() {
    let golden: Json = serde_json::from_str(include_str!("golden/gmm.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    let numbers = |value: &Json| value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<f64>>();
    let mut worst = 0.0f64;
    for case in cases {
        let name = &case["name"];
        let (points, shares) = (numbers(&case["points"]), numbers(&case["shares"]));
        let d = case["dimensions"].as_u64().unwrap() as usize;
        let k = shares.len() / (points.len() / d);
        let found = Gmm::from_responsibilities(&points, d, k, shares).unwrap();
        let mut close = |what: &str, ours: &[f64], theirs: &[f64]| {
            assert_eq!(ours.len(), theirs.len());
            for (a, b) in ours.iter().zip(theirs) {
                let error = (a - b).abs() / b.abs().max(1.0);
                worst = worst.max(error);
                assert!(error < 1e-6, "{name}, {what}: {a}, {b}");
            }
        };
        close("weights", &found.weights, &numbers(&case["weights"]));
        close("means", &found.means, &numbers(&case["means"]));
        close("covariances", &found.covariances, &numbers(&case["covariances"]));
        close("log-likelihood", &[found.log_likelihood(&points)], &[case["log_likelihood"].as_f64().unwrap()]);
        close("AIC", &[found.criterion(Criterion::Aic, &points)], &[case["aic"].as_f64().unwrap()]);
        close("BIC", &[found.criterion(Criterion::Bic, &points)], &[case["bic"].as_f64().unwrap()]);
        assert_eq!((found.rounds as u64, found.converged), (case["rounds"].as_u64().unwrap(), true), "{name}");
        let (n, p) = ((points.len() / d) as f64, (k * d * (d + 1) / 2 + k * d + k - 1) as f64);
        let aicc = found.criterion(Criterion::Aic, &points) + 2.0 * p * (p + 1.0) / (n - p - 1.0);
        let ours = found.criterion(Criterion::Aicc, &points);
        assert!(if n > p + 1.0 { (ours - aicc).abs() < 1e-6 * aicc.abs() } else { ours == f64::INFINITY }, "{name}");
    }
    println!("{} cases, largest difference {worst:.1e}", cases.len());
    let dimensions: Vec<u64> = cases.iter().map(|case| case["dimensions"].as_u64().unwrap()).collect();
    assert!([2, 3, 13].iter().all(|d| dimensions.contains(d)) && cases.len() > 15);
}

#[test]
fn the_number_of_gaussians_is_found_and_draws_are_theirs() {
    let noise = Noise::new(3, "test");
    let data: Vec<f64> = (0..300u64)
        .flat_map(|i| {
            let mut noise = noise.at(i, 0);
            let x = [0.0, 10.0, 20.0][i as usize % 3] + noise.uniform_f64();
            [x, 2.0 * x + noise.uniform_f64()]
        })
        .collect();
    let (mixture, value) = best(&data, 2, (1, 6), Criterion::Bic, &noise).unwrap();
    assert!(mixture.components() == 3 && mixture.criterion(Criterion::Bic, &data) == value);
    let (draws, mut draw) = (20_000, [0.0; 2]);
    let (mut sums, mut products) = ([0.0; 2], 0.0);
    for i in 0..draws {
        mixture.sample(1, &mut noise.at(i, 9), &mut draw);
        (0..2).for_each(|d| sums[d] += draw[d] / draws as f64);
        products += (draw[0] - mixture.mean(1)[0]) * (draw[1] - mixture.mean(1)[1]) / draws as f64;
    }
    assert!((0..2).all(|d| (sums[d] - mixture.mean(1)[d]).abs() < 0.02), "{sums:?}");
    assert!((products - mixture.covariance(1)[1]).abs() < 0.1 * mixture.covariance(1)[1], "{products}");
    for (points, k, word) in
        [(&[1.0, 2.0][..], 2, "1 points for 2"), (&[1.0, f64::NAN], 1, "finite"), (&[1.0], 1, "no points")]
    {
        let error = Gmm::fit(points, 2, k, &mut noise.at(0, 0)).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let singular = Gmm::new(2, vec![1.0], vec![0.0; 2], vec![1.0, 1.0, 1.0, 1.0]).unwrap_err().to_string();
    assert!(singular.contains("singular"), "{singular}");
}

#[test]
fn teachers_go_where_something_is_learned() {
    for name in ["alp_gmm", "covar_gmm", "riac", "random"] {
        let mut teacher = teacher(name, &unit(name), SQUARE);
        let rows = teach(&mut teacher, 0..3000, rises);
        let share = share(&teacher);
        println!("{name}: {share} of the tasks where returns rise, a fifth of the box; {} changes", rows.len());
        assert!(if name == "random" { (0.15..0.25).contains(&share) } else { share > 0.5 }, "{name}: {share}");
        assert_eq!(rows.len() as u64, teacher.changes());
        assert!(
            rows.last().map_or(String::new(), Json::to_string) == teacher.newest()
                && (name == "random" || rows.len() > 5)
        );
    }
    // Tasks in their own units are far apart along the second dimension only.
    for (scaled, more) in [(true, ""), (false, "random = 0.2")] {
        let options = format!("{}\nscaled = {scaled}\n{more}", unit("alp_gmm"));
        let mut teacher = teacher("alp_gmm", &options, (&[0.0, 0.0], &[1.0, 1e6]));
        teach(&mut teacher, 0..3000, rises);
        println!("scaled {scaled}: {}", share(&teacher));
        assert_eq!(share(&teacher) > 0.5, scaled);
    }
}

#[test]
fn the_gaussian_with_progress_is_drawn_from() {
    let mut teacher = teacher("alp_gmm", "reward_low = 0\nreward_high = 1\nrandom = 0", SQUARE);
    let row =
        teach(&mut teacher, 0..250, |task, episode| if task[0] < 0.2 { (episode % 2) as f64 } else { 0.5 })[0].clone();
    let (means, progress) = (&row["means"], row["progress"].as_array().unwrap());
    for (mean, progress) in means.as_array().unwrap().iter().zip(progress) {
        assert_eq!(
            mean[2].as_f64().unwrap().max(0.0),
            progress.as_f64().unwrap(),
            "progress is the mean of the last number"
        );
    }
    assert!(share(&teacher) > 0.5 && row["episodes"] == 250 && row["fit"] == 1, "{row}");
    // Nothing else than a fit makes it change.
    let (before, state) = (share(&teacher), bytes(&teacher));
    teach(&mut teacher, 250..499, |_, _| 0.0);
    assert!(share(&teacher) == before && bytes(&teacher) != state);
    teach(&mut teacher, 499..500, |_, _| 0.0);
    assert!(share(&teacher) != before);
}

#[test]
fn riac_splits_where_progress_differs() {
    for score in ["paper", "code"] {
        let mut teacher = teacher("riac", &format!("{}\nscore = '{score}'", unit("riac")), SQUARE);
        let rows = teach(&mut teacher, 0..4000, rises);
        let first = &rows[0];
        assert!(first["dimension"] == 0 && first["episodes"] == 200 && rows.len() > 5, "{score}: {first}");
        let threshold = first["threshold"].as_f64().unwrap();
        assert!((0.1..0.35).contains(&threshold), "{score}: {threshold}");
        for row in &rows {
            for region in row["regions"].as_array().unwrap() {
                let side = |d: usize| region["high"][d].as_f64().unwrap() - region["low"][d].as_f64().unwrap();
                assert!((0..2).all(|d| side(d) >= 1.0 / 15.0 - 1e-12), "{region}");
            }
        }
    }
    // Tasks that are all alike cannot be split, and nobody waits for it.
    let mut alike = teacher("riac", "", SQUARE);
    for episode in 0..1000 {
        assert!(alike.update(&[0.5, 0.5], f64::from(episode)).unwrap().is_empty());
    }
}

#[test]
fn the_oracle_moves_from_the_easy_end_to_the_hard_one() {
    let mut teacher = teacher("oracle", "threshold = 0.5\neasy_high = [1]", SQUARE);
    let windows = |teacher: &Teacher| {
        let row = newest(teacher);
        [0, 1].map(|d| [&row["low"][d], &row["high"][d]].map(|v| (v.as_f64().unwrap() * 30.0).round()))
    };
    teach(&mut teacher, 0..1, |_, _| 0.5);
    assert_eq!(windows(&teacher), [[0.0, 5.0], [25.0, 30.0]]);
    teach(&mut teacher, 1..50, |_, _| 0.5);
    assert_eq!(windows(&teacher), [[0.0, 5.0], [25.0, 30.0]], "the mean must exceed it");
    teach(&mut teacher, 50..100, |task, _| if task[0] <= 1.0 / 6.0 && task[1] >= 5.0 / 6.0 { 0.51 } else { 0.0 });
    assert_eq!(windows(&teacher), [[1.0, 6.0], [24.0, 29.0]]);
    teach(&mut teacher, 100..5000, |_, _| 1.0);
    assert_eq!(windows(&teacher), [[25.0, 30.0], [0.0, 5.0]], "and stays at the end");
}

#[test]
fn adr_grows_where_it_is_mastered_and_shrinks_where_it_is_failed() {
    let mut teacher = teacher("adr", "reward_low = 0\nreward_high = 1", SQUARE);
    teach(&mut teacher, 0..3000, |task, _| f64::from(task[0] < 0.75));
    let row = newest(&teacher);
    let at = |side: &str, d: usize| row[side][d].as_f64().unwrap();
    assert!(at("low", 0) < 1e-9 && at("low", 1) < 1e-9 && at("high", 1) > 1.0 - 1e-9, "{row}");
    // It goes to and fro around what is possible.
    assert!((0.65..0.85).contains(&at("high", 0)), "{row}");
    // A result of a boundary that has moved on counts for nothing.
    let before = teacher.changes();
    (0..100).for_each(|_| drop(teacher.update(&[0.1, 0.9], 0.0)));
    assert_eq!(teacher.changes(), before);
}

#[test]
fn plr_plays_again_what_is_half_mastered() {
    let half = |task: &[f64], _: u64| if (0.4..0.6).contains(&task[0]) { 0.5 } else { 0.0 };
    let mut teacher = teacher("plr", "reward_low = 0\nreward_high = 1\ncapacity = 100", SQUARE);
    teach(&mut teacher, 0..50, half);
    let (mut task, noise, mut seen) = (vec![0.0; 2], Noise::new(2, "test"), std::collections::BTreeMap::new());
    teach(&mut teacher, 50..2000, half);
    for i in 0..1000 {
        teacher.sample(&mut noise.at(i, 0), &mut task);
        *seen.entry(task[0].to_bits()).or_insert(0) += 1;
    }
    let again: Vec<_> =
        seen.iter().filter(|(_, count)| **count > 1).map(|(bits, count)| (f64::from_bits(*bits), *count)).collect();
    let all: i32 = again.iter().map(|(_, count)| count).sum();
    let of_half: i32 = again.iter().filter(|(x, _)| (0.4..0.6).contains(x)).map(|(_, count)| count).sum();
    assert!((700..870).contains(&all) && of_half > all * 7 / 10, "{of_half} of {all}");
    let row = newest(&teacher);
    assert!(row["levels"] == 100 && row["scores"][0] == 0.25 && row["episodes"] == 2000, "{row}");
    // Best so far less the newest: what was once solved and now fails.
    let mut regret =
        self::teacher("plr", "reward_low = 0\nreward_high = 1\ncapacity = 4\nfill = 0.5\nscore = 'regret'", SQUARE);
    for (x, r) in [(0.1, 0.2), (0.2, 0.9), (0.3, 0.1), (0.2, 0.1), (0.1, 0.2)] {
        regret.update(&[x, f64::from(x as f32)], r).unwrap();
    }
    let scores = bytes(&regret);
    assert_eq!(scores.f64("teacher/scores").unwrap(), [0.0, 0.9 - 0.1, 0.0]);
}

#[test]
fn every_teacher_goes_on_bit_by_bit_from_what_it_saved() {
    for name in TEACHERS.iter().map(|entry| entry.name) {
        let mut whole = teacher(name, &unit(name), SQUARE);
        teach(&mut whole, 0..777, rises);
        let mut part = teacher(name, &unit(name), SQUARE);
        part.load(&bytes(&whole)).unwrap();
        assert!(bytes(&part) == bytes(&whole), "{name}");
        assert_eq!(teach(&mut part, 777..2000, rises), teach(&mut whole, 777..2000, rises), "{name}");
        assert!(bytes(&part) == bytes(&whole) && share(&part) == share(&whole), "{name}");
        // What is missing or of another box is no reason to panic.
        let mut other = teacher(name, "", (&[0.0; 3], &[1.0; 3]));
        assert!(other.load(&State::default()).is_err());
        let refused = other.load(&bytes(&whole));
        assert!(name == "random" || name == "oracle" || refused.is_err(), "{name}");
    }
}

#[test]
fn many_results_at_once_are_those_one_by_one() {
    for name in TEACHERS.iter().map(|entry| entry.name) {
        let (mut once, mut each) = (teacher(name, &unit(name), SQUARE), teacher(name, &unit(name), SQUARE));
        let noise = Noise::new(5, "test");
        for episode in 0..250u64 {
            let mut noise = noise.at(episode, 0);
            let task = [noise.uniform_f64(), noise.uniform_f64()];
            once.hear(&task, rises(&task, episode)).unwrap();
            each.update(&task, rises(&task, episode)).unwrap();
        }
        once.settle();
        assert_eq!(share(&once), share(&each), "{name}");
    }
    // A fit that nobody would draw from is left out.
    let mut late = teacher("alp_gmm", "", SQUARE);
    (0..1100).for_each(|i| late.hear(&[f64::from(i) / 1100.0, 0.5], 0.0).unwrap());
    let rows = late.settle();
    assert!(rows.len() == 1 && rows[0]["episodes"] == 1100 && late.settle().is_empty());
}

#[test]
fn nothing_degenerate_ends_it() {
    for name in TEACHERS.iter().map(|entry| entry.name) {
        for (what, (low, high)) in [
            ("plain", SQUARE),
            ("a dimension with one value", (&[0.0, 3.0][..], &[1.0, 3.0][..])),
            ("one task", (&[2.0, 3.0], &[2.0, 3.0])),
            ("huge", (&[-1e300, 0.0], &[1e300 / 2.0, 1.0])),
            ("tiny", (&[0.0, 0.0], &[1e-300, 1e-12])),
            ("far from 0", (&[1e9, 1e9], &[1e9 + 1.0, 1e9 + 1.0])),
        ] {
            for returns in [|_: u64| 0.5, |episode| (episode % 2) as f64, |_| 1e300, |_| -1e300] {
                let mut teacher = teacher(name, &unit(name), (low, high));
                teach(&mut teacher, 0..600, |_, episode| returns(episode));
                let mut task = vec![0.0; 2];
                for i in 0..100 {
                    teacher.sample(&mut Noise::new(i, "test"), &mut task);
                    teacher.bounds().check(&task).unwrap_or_else(|e| panic!("{name}, {what}: {e}"));
                }
                assert_eq!((teacher.heard(), teacher.refused()), (600, 0));
            }
        }
    }
}

#[test]
fn bad_results_are_refused_counted_and_forgotten() {
    for name in TEACHERS.iter().map(|entry| entry.name) {
        let mut teacher = teacher(name, &unit(name), SQUARE);
        teach(&mut teacher, 0..300, rises);
        let before = share(&teacher);
        for (task, episode_return, words) in [
            (&[0.5, 1.5][..], 0.0, "dimension 1 of the task is 1.5, allowed is 0 to 1"),
            (&[0.5], 0.0, "numbers of the task: 1, allowed is 2"),
            (&[0.5, f64::NAN], 0.0, "NaN"),
            (&[0.5, 0.5], f64::NAN, "return of the episode is NaN"),
            (&[0.5, 0.5], f64::INFINITY, "finite"),
        ] {
            let error = teacher.update(task, episode_return).unwrap_err().to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
        assert_eq!((teacher.heard(), teacher.refused(), share(&teacher)), (300, 5, before));
    }
    let bounds = Bounds::new(vec![0.0], vec![1.0]).unwrap();
    for (name, options, words) in [
        ("alp_gmm", "fit_rates = 3", &["alp_gmm has no option `fit_rates`", "Did you mean `fit_rate`"][..]),
        ("alp_gmm", "fit_rate = 9", &["fit_rate", "9", "max_k to 100000"]),
        ("alp_gmm", "min_k = 4\nmax_k = 3", &["max_k", "3"]),
        ("alp_gmm", "reward_low = 3\nreward_high = 3", &["reward_low", "below reward_high, which is 3"]),
        ("covar_gmm", "random = 1.5", &["random", "1.5", "0 to 1"]),
        ("covar_gmm", "criterion = 'aik'", &["aic, bic or aicc"]),
        ("riac", "random = 0.5\nmutated = 0.6", &["mutated", "with random"]),
        ("riac", "region_size = 1", &["region_size", "4 to"]),
        ("oracle", "easy_high = [1]", &["easy_high", "0 to 0"]),
        ("oracle", "reward_low = 0", &["oracle has no option `reward_low`"]),
        ("adr", "start = [0.5, 0.5]", &["start", "no numbers or 1"]),
        ("adr", "threshold_low = 0.9", &["threshold_low", "0 to threshold_high"]),
        ("plr", "temperature = 0", &["temperature", "above 0"]),
        ("random", "episodes = 2", &["random has no option `episodes`"]),
    ] {
        let error =
            Teacher::new(find(name).unwrap(), &options.parse().unwrap(), bounds.clone(), 0).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{options}: {error}");
    }
    assert!(find("alp-gmm").is_ok() && find("alp_gm").unwrap_err().to_string().contains("Did you mean `alp_gmm`"));
}

#[test]
fn the_numbers_of_teach_my_agent_stand_for_what_is_not_set() {
    let bounds = Bounds::new(vec![0.0], vec![1.0]).unwrap();
    for (name, more, expected) in [
        ("alp_gmm", "", "fit_rate = 150\nrandom = 0.05\nmax_k = 9"),
        ("alp_gmm", "random = 0.3", "fit_rate = 150\nrandom = 0.3\nmax_k = 9"),
        ("covar_gmm", "", "fit_rate = 150\nrandom = 0.1\nmax_k = 14"),
        ("riac", "", "region_size = 150\ncuts = 75\nmin_width = 0.1"),
    ] {
        let options = format!("settings = 'teach_my_agent'\n{more}").parse().unwrap();
        let resolved = (find(name).unwrap().resolve)(&options, &bounds).unwrap();
        let expected: toml::Table = expected.parse().unwrap();
        assert!(expected.iter().all(|(name, value)| resolved[name] == *value), "{resolved}");
        // Written out they are what they were.
        assert_eq!((find(name).unwrap().resolve)(&resolved, &bounds).unwrap(), resolved);
    }
}

/// Short of the benchmark (`shadergym teachers`), whose figures are in `results/teachers.md`.
#[test]
fn teachers_of_progress_master_more_of_the_toy_grid_than_random() {
    let mastered = |name| {
        let seeds =
            (0..3).map(|seed| *toy::run(find(name).unwrap(), (2, 0), 6000, 6000, seed).unwrap().last().unwrap());
        seeds.sum::<f64>() / 3.0
    };
    let random = mastered("random");
    for name in ["alp_gmm", "covar_gmm", "riac"] {
        let found = mastered(name);
        println!("{name}: {found:.1} % mastered, random {random:.1} %");
        assert!(found > 2.0 * random.max(1.0), "{name}: {found}, random {random}");
    }
}

/// Predicted: 4 fits of some 5 ms per 1,000 episodes, a search among up to 20,000 tasks of 2 us, so 0.02 to 0.05 s for two
/// dimensions; 13 numbers per point cost about five times that.
#[test]
fn what_a_teacher_costs() {
    for (name, d) in TEACHERS.iter().flat_map(|entry| [(entry.name, 2), (entry.name, 12)]) {
        let bounds = Bounds::new(vec![0.0; d], vec![1.0; d]).unwrap();
        let options = toy::options(find(name).unwrap(), d);
        let mut teacher = Teacher::new(find(name).unwrap(), &options, bounds, 1).unwrap();
        let start = Instant::now();
        teach(&mut teacher, 0..5000, rises);
        let seconds = start.elapsed().as_secs_f64() / 5.0;
        println!("{name}, {d} dimensions: {seconds:.4} s per 1,000 episodes drawn and heard");
        assert!(seconds < 5.0, "{name}");
    }
}
