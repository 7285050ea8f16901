//! Random projections on a GPU: what they show and pay is what the CPU says.

use libtest_mimic::Failed;
use shadergym_envs::{
    ActionSpace, Batch, BatchOptions, Device, Projection, ids, make_from_file, random_projection, spec,
};

use crate::{N, check, options};

/// Largest difference of an element of an observation, or of a reward, as a share of the bound of observations. Turns are chains of
/// some hundred products of numbers that a GPU may fuse, and the environments' own rounding grows over the steps.
const TOLERANCE: f32 = 1e-4;

/// Steps of a comparison: some trials of the shortest games, and few enough for rounding to stay small.
const STEPS: usize = 24;

/// One environment of each kind of action: the first ones with numbered actions, masks, several choices and real numbers, and
/// packed bits.
pub fn projections_equal_the_cpu() -> Result<(), Failed> {
    for id in ["CartPole-v1", "Pendulum-v1", "TicTacToe-v0", "MinAtar/Breakout-v1"] {
        check(ids().any(|known| known == id), id)?;
        equal(id).map_err(|failed| format!("{id}: {}", failed.message().unwrap_or("")))?;
    }
    Ok(())
}

fn equal(id: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("projected.wgsl");
    std::fs::write(&file, random_projection(id, Projection { trials: Some(3), ..Projection::default() })?)?;
    let mut cpu = make_from_file(&file, &BatchOptions::new(N).device(Device::Cpu))?;
    let mut gpu = make_from_file(&file, &options(N))?;
    cpu.reset(5)?;
    gpu.reset(5)?;
    let bound = cpu.spec().observation.parts[0].high[0].min(1e3);
    let exact = spec(id)?.integer && !matches!(spec(id)?.action, ActionSpace::Box { .. });
    let mut rng = shadergym_envs::SampleRng::new(3);
    for t in 0..STEPS {
        let actions = cpu.action_space().sample(&mut rng);
        let given = actions.as_actions().ok_or("bytes are no actions")?;
        cpu.step(given)?;
        gpu.step(given)?;
        let (ours, theirs) = (rows(&cpu)?, rows(&gpu)?);
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / bound).fold(0.0, f32::max);
        check(worst <= TOLERANCE, format!("step {t}: observations are {worst} of their bound apart"))?;
        let (paid, other) = (cpu.view().rewards().to_vec(), gpu.view().rewards().to_vec());
        let off = paid.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        check(if exact { paid == other } else { off <= TOLERANCE * bound }, format!("step {t}: rewards {off} apart"))?;
        check(cpu.view().terminated() == gpu.view().terminated(), format!("step {t}: other ends"))?;
    }
    Ok(())
}

fn rows(batch: &Batch) -> Result<Vec<f32>, Failed> {
    Ok(batch.view().observations().as_f32().ok_or("projections are floats")?.to_vec())
}
