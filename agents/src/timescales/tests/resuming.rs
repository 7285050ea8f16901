//! Studies that are stopped, go on, and are reported.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::learning::settings;
use crate::error::Error;
use crate::test_folder::folder;
use crate::timescales::{End, Event, Networks, Pass, Row, read_runs, run};

const SMALL: &str = "units = 24\nsteps = 40\nbatch = 64\ntests = 4\nuntil = 3\nepochs = 6\nlearning_rate = 0.2\n\
                     threshold = 0.8\ncurriculum = \"multi\"";

fn go_on(folder: &Path, text: &str) -> crate::Result<(End, Vec<Row>)> {
    run(&settings(text), 1, folder, &mut |_| ControlFlow::Continue(()))
}

/// Without what depends on the clock.
fn timeless(rows: &[Row]) -> Vec<Row> {
    rows.iter().map(|row| Row { seconds: 0.0, gflops: 0.0, ..row.clone() }).collect()
}

#[test]
fn interrupted_studies_go_on_bit_by_bit() {
    let (whole, parts) = (folder("study"), folder("parts"));
    let (end, rows) = go_on(&whole, SMALL).unwrap();
    assert!(rows.len() > 2 && end != End::Interrupted, "{rows:?}");
    // In the middle of the second epoch, then behind it.
    let mut batches = 0;
    let middle = run(&settings(SMALL), 1, &parts, &mut |event| {
        batches += usize::from(matches!(event, Event::Batch(2, ..)));
        if batches == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(middle.map(|(end, rows)| (end, rows.len())).unwrap(), (End::Interrupted, 1));
    let mut resumed = None;
    let behind = run(&settings(SMALL), 1, &parts, &mut |event| match event {
        Event::Resumed(epochs) => {
            resumed = Some(epochs);
            ControlFlow::Continue(())
        }
        Event::Epoch(row) if row.epoch == 2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert_eq!((behind.map(|(end, rows)| (end, rows.len())).unwrap(), resumed), ((End::Interrupted, 2), Some(1)));
    // A row whose checkpoint was never written.
    let path = parts.join("epochs.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let extra = text.lines().last().unwrap().replace("\"epoch\":2", "\"epoch\":3");
    fs::write(&path, format!("{text}{extra}\n")).unwrap();
    let (end_of_parts, rows_of_parts) = go_on(&parts, SMALL).unwrap();
    assert_eq!((end_of_parts, timeless(&rows_of_parts)), (end, timeless(&rows)));
    for window in [2, 3].into_iter().filter(|&n| rows.iter().any(|row| row.mastered && row.newest() == n)) {
        assert_eq!(Networks(&parts).read(window).unwrap(), Networks(&whole).read(window).unwrap(), "{window}");
    }
    let lines = fs::read_to_string(&path).unwrap();
    let back: Vec<Row> = lines.lines().map(|line| Row::parse(line).unwrap()).collect();
    assert_eq!(back, rows_of_parts, "rows come back whole");
    assert_eq!(Row::parse("{}"), None);

    // Later, further.
    let further = SMALL.replace("until = 3", "until = 5").replace("epochs = 6", "epochs = 8");
    let (_, more) = go_on(&parts, &further).unwrap();
    assert_eq!(timeless(&more[..rows.len()]), timeless(&rows));
    assert!(more.len() > rows.len());
    for (text, part) in [
        (further.replace("units = 24", "units = 25"), "`units` is 24 in it and 25 here"),
        (further.replace("until = 5", "until = 4"), "`until` is 5"),
        (format!("{further}\nseed = 1"), "`seed` is 0"),
    ] {
        let error = go_on(&parts, &text).unwrap_err();
        assert!(matches!(&error, Error::Checkpoint { .. }) && error.to_string().contains(part), "{error}");
    }
    fs::write(parts.join("checkpoint.safetensors"), "no checkpoint").unwrap();
    assert!(matches!(go_on(&parts, &further), Err(Error::Checkpoint { .. })));
}

#[test]
fn reports_compare_curricula() {
    let here = folder("report");
    let mut folders: Vec<PathBuf> = Vec::new();
    for (curriculum, seed) in [("single", 1), ("single", 2), ("multi", 1), ("window", 1)] {
        let to = here.join(format!("{curriculum}-{seed}"));
        let text = SMALL.replace("\"multi\"", &format!("\"{curriculum}\"\nseed = {seed}")).replace("0.8", "0.5001");
        go_on(&to, &text).unwrap();
        folders.push(to);
    }
    let report = read_runs(&folders).unwrap();
    let (about, windows) = (report.about(), report.windows());
    assert!(about.contains("single-head: seeds 1, 2;") && about.contains("units 24"), "{about}");
    assert!(windows.contains("epochs, single / multi") && windows.contains("window of 3: mean tau"), "{windows}");
    assert_eq!(windows.lines().count(), 2 + 2, "windows of 2 and 3 bits: {windows}");
    let (window, damages) = report.damages(&mut Pass::new(1)).unwrap().unwrap();
    assert!(window == 3 && damages.contains("10 % of units cut off"), "{damages}");
    assert!(report.picture().contains("single-head") && report.csv().lines().count() == 1 + 4 * 2, "{}", report.csv());
    assert!(read_runs(&[]).is_err());
    let error = read_runs(&[here.join("none")]).unwrap_err().to_string();
    assert!(error.contains("none"), "{error}");
    fs::write(folders[0].join("epochs.jsonl"), "{\"epoch\": 1}\n").unwrap();
    let error = read_runs(&folders).unwrap_err().to_string();
    assert!(error.contains("line 1") && error.contains("no row"), "{error}");
}
