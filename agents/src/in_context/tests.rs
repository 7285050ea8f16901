//! Pretraining from tasks to play, in its smallest form.

use toml::Table as Settings;

use super::*;
use crate::common::noise::Noise;
use crate::test_folder::folder;

fn source(env: &str, params: &str) -> Source {
    Source::new(env, &params.parse().unwrap(), 1).unwrap()
}

fn pretrained(kind: &str, settings: &str, source: &Source) -> (Model, Trained) {
    let kind = Kind::of(kind, &settings.parse().unwrap()).unwrap();
    Model::pretrain(kind, source, 1, &mut |_, _| Ok(()), &mut |_, _| Ok(())).unwrap()
}

fn total(model: &Model, source: &Source, seeds: &[u64]) -> f64 {
    let problem = Problem::of(source).unwrap();
    let mut player = model.player(&problem, seeds.len(), Noise::new(1, "test"), true);
    let found = play(&problem, source, seeds, player.as_mut(), &mut |_| Ok(())).unwrap();
    found.totals().iter().sum::<f64>() / seeds.len() as f64
}

const SMALL: &str =
    "tasks = 400\nvalidation = 64\nepochs = 12\nbatch = 16\nwidth = 16\nlayers = 2\nlearning_rate = 3e-3\n";

/// Two arms that differ much: far better than play that learns nothing, which loses 0.3 each second step.
#[test]
fn dpt_learns_to_learn_a_bandit() {
    let source = source("in_context/GaussianBandit-v0", "horizon = 24\ngap = 0.6\nsigma = 0.1");
    let (model, trained) = pretrained("dpt", SMALL, &source);
    let (first, last) = (trained.epochs[0].validation.unwrap(), trained.epochs[11].validation.unwrap());
    assert!(last.0 < first.0 && last.1 > 0.6, "{first:?} {last:?}");
    let seeds: Vec<u64> = (0..100).collect();
    let regret = total(&model, &source, &seeds);
    assert!(regret < 0.6 * 24.0 * 0.6 * 0.8, "{regret}");
}

#[test]
fn ad_and_dpt_play_rooms_and_processes_of_all_kinds() {
    let short = "tasks = 30\nvalidation = 8\nepochs = 1\nbatch = 8\nwidth = 16\nlayers = 1\n";
    for env in ["DarkRoom9-v0", "KeyToDoor-v0", "TabularMdp-v0", "LinearBandit-v0"] {
        let bandit = env.starts_with("Linear");
        let source = source(&format!("in_context/{env}"), if bandit { "horizon = 12" } else { "attempts = 2" });
        let problem = Problem::of(&source).unwrap();
        let seeds = seeds_of(&problem, &source, 7, 5, 0.2, true).unwrap();
        for (kind, more) in [("dpt", ""), ("ad", "context = 16\nattempts = 3\n")] {
            let (model, trained) = pretrained(kind, &format!("{short}{more}"), &source);
            assert_eq!((trained.updates, trained.epochs.len()), (3, 1), "{kind} {env}");
            model.fits(&problem, &source).unwrap();
            assert!(total(&model, &source, &seeds).is_finite(), "{kind} {env}");
        }
    }
}

#[test]
fn a_model_is_what_was_saved_whatever_the_threads() {
    let source = source("in_context/GaussianBandit-v0", "horizon = 20");
    let settings = "tasks = 64\nvalidation = 16\nepochs = 2\nbatch = 16\nwidth = 16\nlayers = 1\n";
    let (model, trained) = pretrained("dpt", settings, &source);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let (other, _) = pool.install(|| pretrained("dpt", settings, &source));
    assert_eq!(model.network.parameters(), other.network.parameters());
    let folder = folder("model");
    model.save(&folder).unwrap();
    let read = Model::load(&folder).unwrap();
    assert_eq!((&read.kind, read.seed, read.updates), (&model.kind, 1, trained.updates));
    assert_eq!(read.network.parameters(), model.network.parameters());
    let seeds: Vec<u64> = (0..8).collect();
    assert_eq!(total(&read, &source, &seeds), total(&model, &source, &seeds));
    // Another environment has other tokens.
    let room = Source::new("in_context/DarkRoom-v0", &Settings::new(), 1).unwrap();
    let error = read.fits(&Problem::of(&room).unwrap(), &room).unwrap_err().to_string();
    assert!(error.contains("was trained on") && error.contains("DarkRoom"), "{error}");
    std::fs::write(folder.join("model.safetensors"), b"no model").unwrap();
    assert!(Model::load(&folder).unwrap_err().to_string().contains("safetensors"));
}

#[test]
fn bad_options_are_refused() {
    let source = source("in_context/GaussianBandit-v0", "");
    let refused = |kind: &str, settings: &str| {
        let kind = Kind::of(kind, &settings.parse().unwrap());
        let made = kind.and_then(|kind| Model::pretrain(kind, &source, 1, &mut |_, _| Ok(()), &mut |_, _| Ok(())));
        made.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(refused("dtp", "").contains("dpt, ad"));
    assert!(refused("dpt", "epoch = 1").contains("Did you mean `epochs`?"));
    assert!(refused("dpt", "epochs = 0").contains("epochs"));
    assert!(refused("dpt", "context = 600\ntasks = 1\nvalidation = 1").contains("1 to 500"));
    assert!(refused("dpt", "rollin = 'states'\ntasks = 1").contains("mixture or thompson for bandits"));
    assert!(refused("ad", "last_noise = 2").contains("0 to 1"));
    assert!(refused("ad", "heads = 5").contains("heads"));
}

#[test]
fn held_out_tasks_are_a_share_and_no_others() {
    let source = source("in_context/DarkRoom-v0", "");
    let problem = Problem::of(&source).unwrap();
    let words = source.facts().state.words;
    let goals = |held_out| {
        let seeds = seeds_of(&problem, &source, 0, 3000, 0.2, held_out).unwrap();
        let mut batch = source.batch(3000).unwrap();
        batch.reset_with(&seeds).unwrap();
        let state = batch.get_state(..).unwrap();
        let mut goals: Vec<u64> = state.chunks_exact(words).map(|row| problem.task(row)).collect();
        goals.sort_unstable();
        goals.dedup();
        goals
    };
    let (held_out, learned) = (goals(true), goals(false));
    assert_eq!(held_out.len() + learned.len(), 100);
    assert!((10..=30).contains(&held_out.len()), "{}", held_out.len());
    assert!(held_out.iter().all(|goal| !learned.contains(goal)));
}

/// A data set of 100 transitions and nothing else.
#[test]
fn offline_play_hears_the_data_and_nothing_else() {
    let source = source("in_context/GaussianBandit-v0", "horizon = 100");
    let problem = Problem::of(&source).unwrap();
    let seeds: Vec<u64> = (0..200).collect();
    let noise = Noise::new(3, "test");
    let rollin = Rollin::Auto;
    let contexts = Contexts::collect(&problem, &source, &seeds, 100, rollin, noise, &mut |_| Ok(())).unwrap();
    assert_eq!((contexts.tasks, contexts.length), (200, 100));
    let table = baselines::Table { problem: &problem, source: &source, seeds: &seeds, noise };
    let greedy = baselines::find("greedy").unwrap();
    let mut player = (greedy.make)(&"start = -1".parse().unwrap(), table).unwrap();
    let found = play_offline(&problem, &source, &seeds, &contexts, player.as_mut(), &mut |_| Ok(())).unwrap();
    let regret = found.totals().iter().sum::<f64>() / 200.0;
    // Many data sets have hardly any pulls of most arms.
    assert!((0.05..16.0).contains(&regret), "uniform play has 33: {regret}");
    let steps = found.task(0);
    assert!((steps[99] - 100.0 * steps[0]).abs() < 1e-3, "the same arm throughout");
}
