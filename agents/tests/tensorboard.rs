//! Event files as TensorBoard itself reads them.

mod common;

use std::collections::BTreeMap;
use std::process::Command;

use common::folder;
use shadergym_agents::report::metrics::MetricsWriter;

/// Prints tag, step and value of every scalar that TensorBoard has of a folder.
const READ: &str = "
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'tensors': 0})
events.Reload()
for tag in sorted(events.Tags()['scalars']):
    for event in events.Scalars(tag):
        print(tag, event.step, event.value)
";

#[test]
#[ignore = "needs a Python with `tensorboard`, named by the variable PYTHON or else python3"]
fn tensorboard_reads_runs_and_their_resumption() {
    let here = folder("tensorboard");
    let row = |a: f64, b: f64| BTreeMap::from([("loss/policy".to_owned(), a), ("train/return".to_owned(), b)]);
    let mut metrics = MetricsWriter::create(&here).unwrap();
    metrics.write(0, 0.0, &row(0.5, f64::NAN)).unwrap();
    metrics.write(300, 1.0, &row(-1.25, 9.0)).unwrap();
    metrics.write(600, 2.0, &row(1e9, 10.0)).unwrap();
    drop(metrics);
    let mut metrics = MetricsWriter::resume(&here, 300).unwrap();
    metrics.write(500, 2.5, &row(0.125, 11.0)).unwrap();
    drop(metrics);
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(&python).args(["-c", READ]).arg(&*here).output().expect("PYTHON starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{python}: {}", String::from_utf8_lossy(&output.stderr));
    // What came after step 300 before the resumption is forgotten.
    let expected = "loss/policy 0 0.5\nloss/policy 300 -1.25\nloss/policy 500 0.125\n\
                    train/return 0 nan\ntrain/return 300 9.0\ntrain/return 500 11.0\n";
    assert_eq!(text, expected);
}
