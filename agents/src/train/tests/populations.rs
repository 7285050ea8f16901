//! Many seeds side by side: each is the run that it is alone, and none is lost.

use super::*;

fn population(folder: &Path) -> RunOptions {
    RunOptions {
        agent: Some("ppo".to_owned()),
        num_threads: Some(3),
        steps: Some(6_000),
        settings: "num_envs = 4\nnum_steps = 32".parse().unwrap(),
        ..options(folder)
    }
}

fn parameters(folder: &Path) -> crate::state::State {
    Checkpoint::read(&folder.join("policy.safetensors")).unwrap().policy
}

#[test]
fn members_are_the_runs_that_they_are_alone() {
    let (together, alone) = (Temporary::new("together"), Temporary::new("alone"));
    let outcome = train_population(&population(&together.0), 5, &mut quiet).unwrap();
    assert_eq!((outcome.end, outcome.members.len()), (End::Steps, 5));
    let single = RunOptions { seed: Some(6), num_threads: Some(2), ..population(&alone.0) };
    train(&single, &mut quiet).unwrap();
    let member = outcome.members[3].folder.clone().unwrap();
    assert_eq!((outcome.members[3].seed, &member), (6, &together.0.join("seed-6")));
    assert_eq!(metrics(&member), metrics(&alone.0));
    assert_eq!(parameters(&member), parameters(&alone.0));
    assert_ne!(parameters(&member), parameters(&together.0.join("seed-5")));
    let summary = fs::read_to_string(together.0.join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!((&summary["members"][3]["seed"], &summary["last_100"]["members"]), (&6.into(), &5.into()));
    assert!(fs::read_to_string(together.0.join("curve.svg")).unwrap().starts_with("<svg"));
    // One picture is enough.
    let gifs = (3..8).filter(|seed| together.0.join(format!("seed-{seed}/final.gif")).exists()).count();
    assert_eq!(gifs, 1);
}

#[test]
fn a_population_goes_on_after_any_end() {
    let (whole, parts) = (Temporary::new("whole"), Temporary::new("parts"));
    train_population(&population(&whole.0), 5, &mut quiet).unwrap();
    let mut stop = |p: &Progress<'_>| if p.step > 7_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let outcome = train_population(&population(&parts.0), 5, &mut stop).unwrap();
    assert_eq!(outcome.end, End::Interrupted);
    assert!(is_population(&parts.0) && !is_population(&parts.0.join("seed-3")));
    // One whose process died before it said what it is.
    fs::create_dir_all(parts.0.join("seed-7")).unwrap();
    let _ = fs::remove_file(parts.0.join("seed-7/config.toml"));
    let outcome = resume_population(&parts.0, None, &mut quiet).unwrap();
    assert_eq!(outcome.end, End::Steps);
    for seed in 3..8 {
        let [a, b] = [&whole.0, &parts.0].map(|folder| folder.join(format!("seed-{seed}")));
        assert_eq!((metrics(&a), parameters(&a)), (metrics(&b), parameters(&b)), "seed {seed}");
    }
    // Over: nothing is made again; with more steps all go on.
    let again = resume_population(&parts.0, None, &mut quiet).unwrap();
    assert_eq!(again.summary["step"], outcome.summary["step"]);
    let more = resume_population(&parts.0, Some(1_000), &mut quiet).unwrap();
    assert!(more.members.iter().all(|m| m.summary["step"].as_u64() >= Some(7_000)), "{:?}", more.summary);
}

#[test]
fn a_member_that_fails_is_not_the_end_of_the_others() {
    let folder = Temporary::new("in-the-way");
    train_population(&population(&folder.0), 3, &mut |_| ControlFlow::Break(())).unwrap();
    let _ = fs::remove_dir_all(folder.0.join("seed-4"));
    fs::write(folder.0.join("seed-4"), "a file in the way").unwrap();
    let mut notes = Vec::new();
    let mut listen = |p: &Progress<'_>| {
        notes.extend(p.notes.to_vec());
        ControlFlow::Continue(())
    };
    let outcome = resume_population(&folder.0, None, &mut listen).unwrap();
    assert!(notes.len() == 1 && notes[0].contains("seed 4 failed") && notes[0].contains("seed-4"), "{notes:?}");
    assert_eq!(
        outcome.members.iter().map(|m| m.end).collect::<Vec<_>>(),
        [End::Steps, End::Failed, End::Steps].map(Some)
    );
    assert_eq!((outcome.end, &outcome.summary["failed"]), (End::Steps, &1.into()));
    assert_eq!(fs::read_to_string(folder.0.join("seed-4")).unwrap(), "a file in the way");
    let none = train_population(&population(&folder.0.join("none")), 0, &mut quiet).unwrap_err().to_string();
    assert!(none.contains("`seeds` is 0") && !folder.0.join("none").exists(), "{none}");
}

#[test]
fn a_sweep_is_all_combinations_each_with_all_seeds() {
    let (together, alone) = (Temporary::new("sweep"), Temporary::new("sweep-alone"));
    let sweep = ["gamma=0.9,0.99", "num-steps=16,32"].map(|text| parse_sweep(text).unwrap()).to_vec();
    let options = RunOptions { sweep, steps: Some(1_500), ..population(&together.0) };
    let mut stop = |p: &Progress<'_>| if p.step > 4_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let outcome = train_population(&options, 2, &mut stop).unwrap();
    assert_eq!(outcome.end, End::Interrupted);
    let outcome = resume_population(&together.0, None, &mut quiet).unwrap();
    assert_eq!((outcome.end, outcome.members.len()), (End::Steps, 8));
    let member = &outcome.members[5];
    assert_eq!((member.seed, &*member.set), (4, "gamma=0.99, num_steps=16"));
    assert_eq!(member.folder.as_ref().unwrap(), &together.0.join("gamma=0.99_num_steps=16/seed-4"));
    let settings = "num_envs = 4\nnum_steps = 16\ngamma = 0.99".parse().unwrap();
    let single = RunOptions { seed: Some(4), settings, steps: Some(1_500), ..population(&alone.0) };
    train(&single, &mut quiet).unwrap();
    assert_eq!(parameters(member.folder.as_ref().unwrap()), parameters(&alone.0));
    let figures = &outcome.summary["sweep"];
    assert_eq!(figures.as_array().unwrap().len(), 4);
    assert_eq!(
        (&figures[1]["set"], &figures[1]["last_100"]["members"]),
        (&"gamma=0.9, num_steps=32".into(), &2.into())
    );
    // Nothing is written for what cannot be.
    let nowhere = Temporary::new("sweep-bad");
    let refused = |texts: &[&str]| {
        let sweep = texts.iter().map(|text| parse_sweep(text)).collect::<crate::Result<Vec<_>>>();
        let made = sweep.and_then(|sweep| {
            let options = RunOptions { sweep, out: Out::Folder(nowhere.0.join("x")), ..population(&nowhere.0) };
            train_population(&options, 60_000, &mut quiet)
        });
        assert!(!nowhere.0.join("x").exists());
        made.unwrap_err().to_string()
    };
    assert!(refused(&["gama=0.9,0.8"]).contains("Did you mean `gamma`?"));
    assert!(refused(&["gamma=0.9,2"]).contains("allowed is 0 to 1"));
    assert!(refused(&["gamma=0.9,0.9"]).contains("each value once"));
    assert!(refused(&["gamma="]).contains("name=value,value"));
    assert!(refused(&["gamma"]).contains("name=value,value"));
    assert!(refused(&["gamma=0.9", "gamma=0.8"]).contains("each option once"));
    assert!(refused(&["steps=100,200"]).contains("options of the agent"));
    assert!(refused(&["gamma=0.8,0.9"]).contains("100000 members at most"));
    assert_eq!(parse_sweep("hidden=[32,32],[64]").unwrap().1.len(), 2);
    assert_eq!(parse_sweep("optimizer=obgd, sgd").unwrap().1[1].as_str(), Some("sgd"));
}
