//! What the members came to together: `summary.json` and `curve.svg`.

use serde_json::{Value as Json, json};

use super::workers::summary;
use super::{Member, Population, PopulationOutcome};
use crate::error::Result;
use crate::report::compare::{groups, panels};
use crate::report::curve;
use crate::report::run::RunRecord;
use crate::report::statistics::{bootstrap, interquartile_mean, mean};
use crate::train::End;
use crate::train::config::version;
use crate::train::folder::RunFolder;

/// `seconds` are those of this call; those before it are in the summary that it left.
pub(super) fn write(population: &Population, members: Vec<Member>, seconds: f64) -> Result<PopulationOutcome> {
    let waiting = members.iter().any(|member| matches!(member.end, None | Some(End::Interrupted)));
    let failed = members.iter().filter(|member| member.end == Some(End::Failed)).count();
    let end = match () {
        () if waiting => End::Interrupted,
        () if failed == members.len() => End::Failed,
        () => End::Steps,
    };
    let values = |of: &[Member], part: &str| -> Vec<f64> {
        of.iter().filter_map(|member| member.summary[part]["mean"].as_f64()).collect()
    };
    let figures = |values: &[f64]| match values {
        [] => Json::Null,
        values => {
            let estimate = bootstrap(&[values.to_vec()], mean);
            json!({
                "members": values.len(),
                "mean": estimate.value,
                "interval_95": [estimate.low, estimate.high],
                "interquartile_mean": interquartile_mean(values),
                "worst": values.iter().copied().fold(f64::INFINITY, f64::min),
            })
        }
    };
    let of_member = |member: &Member| {
        json!({
            "seed": member.seed,
            "set": member.set,
            "end": member.end.map(End::name),
            "reason": member.error,
            "step": member.summary["step"],
            "last_100": member.summary["last_100"]["mean"],
            "evaluation": member.summary["evaluation"]["mean"],
        })
    };
    let former = population.folder.as_deref().and_then(summary).and_then(|of| of["seconds"].as_f64());
    let seconds = seconds + former.unwrap_or(0.0);
    let steps: u64 = members.iter().filter_map(|member| member.summary["step"].as_u64()).sum();
    let config = &population.variants[0].base;
    // One part of the members for each combination.
    let sweep: Vec<Json> = population
        .variants
        .iter()
        .zip(members.chunks(population.seeds as usize))
        .filter(|(variant, _)| !variant.set.is_empty())
        .map(|(variant, of)| {
            let (last_100, evaluation) = (figures(&values(of, "last_100")), figures(&values(of, "evaluation")));
            json!({ "set": variant.label(), "last_100": last_100, "evaluation": evaluation })
        })
        .collect();
    let summary = json!({
        "agent": config.agent,
        "env": config.env,
        "seeds": population.seeds,
        "end": end.name(),
        "failed": failed,
        "step": steps,
        "seconds": seconds,
        "last_100": figures(&values(&members, "last_100")),
        "evaluation": figures(&values(&members, "evaluation")),
        "sweep": sweep,
        "members": members.iter().map(of_member).collect::<Vec<_>>(),
        "version": version(),
    });
    if let Some(path) = &population.folder {
        let folder = RunFolder { path: path.clone() };
        folder.write("summary.json", format!("{summary:#}\n").as_bytes())?;
        // Members in which no episode ended have no curve.
        let records = members.iter().filter_map(|member| RunRecord::read(member.folder.as_deref()?).ok());
        let groups = groups(records.collect())?;
        if !groups.is_empty() {
            folder.write("curve.svg", curve::panels(&panels(&groups, false)).as_bytes())?;
        }
    }
    Ok(PopulationOutcome { folder: population.folder.clone(), members, end, summary })
}
