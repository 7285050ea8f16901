//! The self check: the same play on every device, compared with the plain reference of width 1 on the CPU.

use shadergym_envs::{Batch, BatchOptions, Device, Elements, Error, Level, SampleRng, ids, make_with, spec};

use crate::cli::output::Progress;

/// A device under test.
pub struct Subject {
    /// As it is given to `--device`.
    pub name: String,
    pub device: Device,
}

/// What came of one environment on one device.
pub struct Outcome {
    pub device: String,
    pub id: String,
    /// What was compared, or what went wrong.
    pub result: Result<String, String>,
    /// None on the CPU.
    pub pipeline_seconds: Option<f64>,
}

const INSTANCES: usize = 65;
const STEPS: usize = 40;
/// A GPU may contract a multiplication and an addition into one rounding. One step then differs by about 1e-6, and
/// forty steps of an unstable system, each instance on its own path, multiply that by less than a thousand.
const TOLERANCE: f32 = 1e-3;

/// Checks every environment, or one of floats and one of integers.
pub fn run(subjects: &[Subject], full: bool, progress: &mut Progress) -> Vec<Outcome> {
    let all: Vec<&str> = ids().collect();
    let integer = |id: &&str| spec(id).is_ok_and(|f| f.integer);
    let few = [
        all.iter().find(|id| **id == "CartPole-v1").or_else(|| all.iter().find(|id| !integer(id))).copied(),
        all.iter().find(|id| integer(id)).copied(),
    ];
    let chosen: Vec<&str> = if full { all } else { few.into_iter().flatten().collect() };
    let mut outcomes = Vec::new();
    for subject in subjects {
        for id in &chosen {
            progress.show(true, || format!("checking {id} on {}", subject.name));
            let mut pipeline_seconds = None;
            let result = compare(id, &subject.device, full, &mut pipeline_seconds);
            outcomes.push(Outcome { device: subject.name.clone(), id: (*id).to_owned(), result, pipeline_seconds });
        }
    }
    outcomes
}

fn compare(id: &str, device: &Device, full: bool, pipelines: &mut Option<f64>) -> Result<String, String> {
    let text = |e: Error| e.to_string();
    let options = BatchOptions::new(INSTANCES);
    let mut reference = make_with(id, &options.clone().device(Device::Cpu).level(Level::Scalar)).map_err(text)?;
    let mut tested = make_with(id, &options.device(device.clone())).map_err(text)?;
    // Chaotic or not, integers must agree bitwise on all devices, floats on all SIMD levels.
    let exact = *device == Device::Cpu || reference.spec().integer;
    let steps = if full { 4 * STEPS } else { STEPS };
    let steps = if exact { steps } else { STEPS };
    reference.reset(7).map_err(text)?;
    tested.reset(7).map_err(text)?;
    let mut rng = SampleRng::new(7);
    let mut largest = 0.0f32;
    for step in 0..steps {
        let actions = reference.action_space().sample(&mut rng);
        advance(&mut reference, &actions)?;
        advance(&mut tested, &actions)?;
        let difference = difference(&reference, &tested, exact);
        largest = largest.max(difference);
        if difference.is_nan() || difference > if exact { 0.0 } else { TOLERANCE } {
            return Err(format!("step {step} differs from the reference by {difference}"));
        }
    }
    #[cfg(feature = "gpu")]
    {
        *pipelines = tested.pipeline_seconds();
    }
    #[cfg(not(feature = "gpu"))]
    let _ = pipelines;
    let equal = if largest == 0.0 { "bitwise equal".to_owned() } else { format!("largest difference {largest:.0e}") };
    Ok(format!("{INSTANCES} instances x {steps} steps, {equal}"))
}

fn advance(batch: &mut Batch, actions: &Elements<'_>) -> Result<(), String> {
    let actions = actions.as_actions().ok_or("actions are bytes")?;
    batch.step(actions).map(|_| ()).map_err(|e| e.to_string())
}

/// Largest difference of the newest observations and rewards; infinite if flags or packed words differ.
fn difference(a: &Batch, b: &Batch, exact: bool) -> f32 {
    let (a, b) = (a.view(), b.view());
    let same_flags = a.terminated() == b.terminated() && a.truncated() == b.truncated();
    let same_words = a.observations().words() == b.observations().words();
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let same_rewards = bits(a.rewards()) == bits(b.rewards());
    if same_flags && same_words && same_rewards {
        return 0.0;
    }
    let (Some(x), Some(y)) = (a.observations().as_f32(), b.observations().as_f32()) else { return f32::INFINITY };
    if exact || !same_flags {
        return f32::INFINITY;
    }
    let pairs = x.iter().zip(y).chain(a.rewards().iter().zip(b.rewards()));
    // `max` would lose a NaN.
    pairs.map(|(x, y)| (x - y).abs() / x.abs().max(1.0)).fold(0.0, |m, d| if d <= m { m } else { d })
}
