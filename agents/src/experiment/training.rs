//! Runs of experiments by the trainer of this crate.

use std::ops::ControlFlow;

use shadergym_envs::Device;

use super::{RunResult, RunSpec, Trainer};
use crate::error::Result;
use crate::train::{self, Out, RunOptions};

/// Trains on the CPU (files of users, which have no CPU code, where they can run) and keeps no run folders.
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
        gif: Some(false),
        out: Out::Memory,
        settings: group.settings.clone(),
        ..RunOptions::new(&group.agent, &group.env)
    }
}

impl Trainer for Training {
    fn resolve(&self, run: &RunSpec) -> Result<String> {
        Ok(train::resolve(&options(run))?.to_toml())
    }

    fn train(&self, run: &RunSpec, num_threads: usize, progress: &mut dyn FnMut(u64)) -> Result<RunResult> {
        let options = RunOptions { num_threads: Some(num_threads), ..options(run) };
        let mut newest = std::time::Instant::now();
        let outcome = train::train(&options, &mut |at| {
            // Iterations may be shorter than a millisecond.
            if newest.elapsed().as_millis() >= 100 {
                newest = std::time::Instant::now();
                progress(at.step);
            }
            ControlFlow::Continue(())
        })?;
        Ok(RunResult {
            step: outcome.step,
            seconds: outcome.seconds,
            last_100: outcome.last_episodes.map(|spread| spread.mean),
            cut_off: outcome.evaluation.as_ref().map(|e| e.cut_off),
            evaluation: outcome.evaluation.and_then(|e| e.spread()).map(|spread| spread.mean),
            curve: outcome.curve,
        })
    }
}
