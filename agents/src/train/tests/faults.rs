//! Disks that fill up, devices that go away, two processes in one folder.

use super::*;

#[test]
fn two_runs_do_not_train_in_one_folder() {
    let folder = Temporary::new("busy");
    let mut refused = None;
    let mut second = |p: &Progress<'_>| {
        if p.step > 3_000 && refused.is_none() {
            refused = Some(resume_with(&folder.0, None, &mut quiet, find).unwrap_err());
        }
        ControlFlow::Continue(())
    };
    run(&options(&folder.0), &mut second).unwrap();
    let error = refused.expect("tried");
    assert!(matches!(&error, Error::Busy { folder: at } if *at == folder.0.display().to_string()), "{error}");
    // Nothing of the first was disturbed, and its end lets go of the folder.
    let whole = Temporary::new("free");
    run(&options(&whole.0), &mut quiet).unwrap();
    assert_eq!(metrics(&whole.0), metrics(&folder.0));
    resume_with(&folder.0, Some(100), &mut quiet, find).unwrap();
}

#[test]
fn checkpoints_that_cannot_be_written_do_not_end_a_run_and_spare_the_former() {
    let (folder, whole) = (Temporary::new("full"), Temporary::new("room"));
    run(&options(&whole.0), &mut quiet).unwrap();
    let checkpoints = folder.0.join("checkpoints");
    let latest = || RunFolder::open(&folder.0).unwrap().0.latest().unwrap();
    let (mut notes, mut made, mut spared) = (Vec::new(), None, None);
    let mut fill = |p: &Progress<'_>| {
        notes.extend(p.notes.to_vec());
        if p.step > 2_000 && made.is_none() {
            // What is in the way of the next checkpoints, whoever runs the test.
            for step in (p.step..5_000).step_by(64) {
                fs::create_dir(checkpoints.join(format!("{step}.safetensors.part"))).unwrap();
            }
            made = Some(p.step);
        }
        if p.step > 4_800 && spared.is_none() {
            spared = Some(latest());
        }
        ControlFlow::Continue(())
    };
    run(&options(&folder.0), &mut fill).unwrap();
    assert!(notes.len() == 1 && notes[0].contains("safetensors") && notes[0].contains("goes on"), "{notes:?}");
    let (former, unreadable) = spared.expect("reached");
    assert!(unreadable.is_empty() && former.unwrap().0.meta.step <= made.unwrap());
    assert_eq!(metrics(&whole.0), metrics(&folder.0));
    assert!(latest().0.unwrap().0.meta.step >= 8_000);
}

#[test]
fn a_lost_device_is_replaced() {
    let (folder, whole) = (Temporary::new("lost"), Temporary::new("kept"));
    run(&options(&whole.0), &mut quiet).unwrap();
    let mut settings = toml::Table::new();
    settings.insert("lost_at".to_owned(), toml::Value::Integer(4_000));
    let lost = RunOptions { settings, ..options(&folder.0) };
    let mut notes = Vec::new();
    let mut listen = |p: &Progress<'_>| {
        notes.extend(p.notes.to_vec());
        ControlFlow::Continue(())
    };
    assert_eq!(run(&lost, &mut listen).unwrap().end, End::Steps);
    assert!(notes.len() == 1 && notes[0].contains("went away") && notes[0].contains("going on from step"), "{notes:?}");
    assert_eq!(metrics(&whole.0), metrics(&folder.0));
    // Without a checkpoint there is nothing to go on from.
    let error = run(&RunOptions { out: Out::Memory, ..lost }, &mut quiet).unwrap_err();
    assert!(matches!(error, Error::Envs(shadergym_envs::Error::DeviceFailed { .. })), "{error}");
}
