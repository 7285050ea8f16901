//! What `train --seeds` and `resume` show of a population.

use std::io::Write;

use serde_json::Value;

use super::bar::{Bar, Verbosity, rate};
use super::output::{Done, Failure, Table, digits, grouped};
use crate::train::{Callback, End, PopulationOutcome};

/// Trains a population, shows how far it is, and says at the end what came out.
pub fn follow(
    verbosity: Verbosity,
    out: &mut dyn Write,
    run: impl FnOnce(&mut Callback<'_>) -> crate::Result<PopulationOutcome>,
) -> Done {
    let mut bar = Bar::new(verbosity, &mut *out);
    let mut begun = false;
    let outcome = run(&mut |progress| {
        if let (false, Some(folder)) = (begun, progress.folder) {
            bar.start(progress, folder);
        }
        begun = true;
        bar.show(progress)
    });
    bar.finish();
    if let Some(error) = bar.failed.take() {
        return Err(error.into());
    }
    let outcome = outcome?;
    let folder = outcome.folder.as_deref().map(|f| f.display().to_string()).unwrap_or_default();
    if verbosity.json {
        writeln!(out, "{}", outcome.summary)?;
    } else {
        table(&outcome.summary, out)?;
        writeln!(out, "{}", last_line(&outcome.summary, &folder))?;
    }
    match outcome.end {
        End::Interrupted => Err(Failure::Interrupted(format!("interrupted; to go on: shadergym resume {folder}"))),
        End::Failed => {
            let reason = outcome.members.iter().find_map(|member| member.error.clone()).unwrap_or_default();
            Err(Failure::Message(format!("all members failed, the first: {reason}")))
        }
        End::Steps | End::Until => Ok(()),
    }
}

/// What the combinations of a sweep came to.
fn table(summary: &Value, out: &mut dyn Write) -> Done {
    let sweep = summary["sweep"].as_array().map_or(&[][..], Vec::as_slice);
    if sweep.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["options", "last 100", "interval", "worst", "evaluation", "interval", "worst"]);
    for one in sweep {
        let number = |value: &Value| value.as_f64().map_or("-".to_owned(), digits);
        let cells = ["last_100", "evaluation"].into_iter().flat_map(|part| {
            let figures = &one[part];
            let interval =
                format!("[{} to {}]", number(&figures["interval_95"][0]), number(&figures["interval_95"][1]));
            [number(&figures["mean"]), interval, number(&figures["worst"])]
        });
        table.row([one["set"].as_str().unwrap_or_default().to_owned()].into_iter().chain(cells));
    }
    Ok(table.write(out)?)
}

fn last_line(summary: &Value, folder: &str) -> String {
    let text = |name: &str| summary[name].as_str().unwrap_or_default().to_owned();
    let (step, seconds) = (summary["step"].as_u64().unwrap_or(0), summary["seconds"].as_f64().unwrap_or(0.0));
    let mut line = format!(
        "{} on {}, {} seeds: {} steps in {} s ({} steps/s)",
        text("agent"),
        text("env"),
        summary["seeds"],
        grouped(step),
        digits(seconds),
        rate(step as f64 / seconds.max(1e-9))
    );
    for (name, when) in [("last_100", "in training"), ("evaluation", "in evaluation")] {
        let figures = &summary[name];
        let number = |value: &Value| value.as_f64().map_or("-".to_owned(), digits);
        if figures.is_object() {
            let (low, high) = (number(&figures["interval_95"][0]), number(&figures["interval_95"][1]));
            let (mean, worst) = (number(&figures["mean"]), number(&figures["worst"]));
            line += &format!(", return {mean} [{low} to {high}], worst {worst} {when}");
        }
    }
    if let Some(failed @ 1..) = summary["failed"].as_u64() {
        line += &format!(", {failed} failed");
    }
    line + &format!(" -> {folder}")
}
