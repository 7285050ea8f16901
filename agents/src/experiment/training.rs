//! Runs of experiments by the trainer of this crate.

use std::ops::ControlFlow;
use std::path::Path;

use shadergym_envs::Device;

use super::hash::hash;
use super::{RunResult, RunSpec, Trainer};
use crate::error::{Error, Result};
use crate::report::metrics;
use crate::train::{self, MASTERED, Out, RunOptions};

include!(concat!(env!("OUT_DIR"), "/code.rs"));

/// Trains on the CPU (files of users where they can run) and keeps no folders of runs that are over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Training;

fn options(run: &RunSpec) -> RunOptions {
    let group = &run.group;
    RunOptions {
        seed: Some(run.seed),
        steps: Some(group.steps),
        // Runs side by side would fight for one GPU, and what is chosen must not depend on the machine.
        device: Some(if shadergym_envs::is_file(&group.env) { Device::Auto } else { Device::Cpu }),
        eval_episodes: Some(run.eval_episodes),
        eval_interval: run.eval_interval,
        gif: Some(false),
        preset: group.preset.clone(),
        settings: group.settings.clone(),
        params: group.params.clone(),
        tasks: group.tasks.clone(),
        ..RunOptions::new(&group.agent, &group.env)
    }
}

impl Trainer for Training {
    fn resolve(&self, run: &RunSpec) -> Result<String> {
        let config = train::resolve(&options(run))?.to_toml();
        // The code counts too: what learns and plays by a hash of its sources, which `build.rs` makes, the environment by its file and the modules
        // that it imports.
        let environment = &*run.group.env;
        let source = match shadergym_shaders::environments().iter().find(|e| e.id == environment) {
            Some(environment) => environment.source.to_owned(),
            None => shadergym_envs::compile_file(Path::new(environment))?.0,
        };
        let linked = shadergym_shaders::library().linked(environment, &source);
        let text = hash(linked.expect("compiled before").bytes());
        let agent = CODE.iter().find(|(name, _)| *name == run.group.agent);
        let code = agent.expect("the configuration could be resolved").1;
        let teaching = if run.group.tasks.is_empty() { String::new() } else { format!("\n{TEACHING}") };
        Ok(format!("{config}\n{code}\n{text}{teaching}"))
    }

    fn train(
        &self,
        run: &RunSpec,
        num_threads: usize,
        folder: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<RunResult> {
        let out = Out::Folder(folder.to_owned());
        let options = RunOptions { num_threads: Some(num_threads), out, ..options(run) };
        let mut newest = std::time::Instant::now();
        let mut callback = |at: &train::Progress<'_>| {
            // Iterations may be shorter than a millisecond.
            if newest.elapsed().as_millis() >= 100 {
                newest = std::time::Instant::now();
                progress(at.step);
            }
            ControlFlow::Continue(())
        };
        // One that was stopped goes on; one that died between its end and its record is made again.
        let resumed = folder.join("config.toml").exists().then(|| train::resume(folder, None, &mut callback));
        let outcome = match resumed {
            Some(Err(Error::Checkpoint { .. })) | None => match std::fs::remove_dir_all(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(train::failed("write", folder, error));
                }
                _ => train::train(&options, &mut callback)?,
            },
            Some(outcome) => outcome?,
        };
        let mastered = outcome.summary["evaluation"]["mastered"].as_f64();
        let mut mastery = if mastered.is_some() { mastery(folder)? } else { Vec::new() };
        mastery.retain(|(step, _)| *step < outcome.step);
        mastery.extend(mastered.map(|percent| (outcome.step, percent)));
        Ok(RunResult {
            mastered,
            mastery,
            step: outcome.step,
            seconds: outcome.seconds,
            last_100: outcome.last_episodes.map(|spread| spread.mean),
            cut_off: outcome.evaluation.as_ref().map(|e| e.cut_off),
            evaluation: outcome.evaluation.and_then(|e| e.spread()).map(|spread| spread.mean),
            curve: outcome.curve,
        })
    }
}

/// What the evaluations during training found.
fn mastery(folder: &Path) -> Result<Vec<(u64, f64)>> {
    let table = metrics::read(&folder.join(metrics::FILE))?;
    let Some(column) = table.columns.iter().position(|name| name == MASTERED) else { return Ok(Vec::new()) };
    let points = table.rows.iter().map(|row| (row[0] as u64, row[column]));
    Ok(points.filter(|(_, percent)| percent.is_finite()).collect())
}

#[cfg(test)]
mod tests {
    use super::super::spec::Experiment;
    use super::*;

    #[test]
    fn parameters_of_the_environment_are_part_of_a_run() {
        let key = |params: &str| {
            let run = format!("[[runs]]\nagent = \"ppo\"\nenv = \"CartPole-v1\"\nsteps = 1000\n{params}");
            let experiment = Experiment::parse("x.toml", &format!("name = \"x\"\nseeds = [1]\n{run}")).unwrap();
            Training.resolve(&experiment.runs(None)[0])
        };
        let heavier = key("params = { gravity = 12 }").unwrap();
        assert!(heavier.contains("gravity") && heavier != key("").unwrap());
        assert!(key("params = { gravity = 1e6 }").unwrap_err().to_string().contains("gravity"));
    }
}
