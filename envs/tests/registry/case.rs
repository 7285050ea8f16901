//! One environment on one back end, and what the properties share.

use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use shadergym_envs::{
    ActionSpace, Actions, Batch, BatchOptions, Device, Encoding, Facts, Kind, Recording, SampleRng, Space,
    make_compiled, make_from_file,
};
use shadergym_shaders::Environment;

use crate::large;

/// Seconds that a property of a large kernel may repeat itself: games take a second for the most that any property asks for,
/// rigid bodies on a software GPU would take an hour.
const PATIENCE: f64 = 2.0;

/// One environment on one back end.
pub struct Case {
    pub environment: &'static Environment,
    pub device: Device,
    /// Compiled from its file now, as a file of a user's own.
    pub from_file: bool,
}

impl Case {
    pub fn new(environment: &'static Environment, device: Device, from_file: bool) -> Self {
        Self { environment, device, from_file }
    }

    pub fn spec(&self) -> &'static Facts {
        self.environment.facts()
    }

    /// A batch with changed options, not reset yet.
    pub fn open(&self, num_envs: usize, options: impl FnOnce(BatchOptions) -> BatchOptions) -> Batch {
        let options = options(BatchOptions::new(num_envs).device(self.device.clone()));
        if self.from_file {
            let spec = self.spec();
            // The self-tests lie deeper.
            let shaders = concat!(env!("CARGO_MANIFEST_DIR"), "/../shaders");
            let folders = [&*spec.family, "tests/selftest"].map(|f| format!("{shaders}/{f}/{}.wgsl", spec.stem));
            let file = folders.iter().find(|file| Path::new(file).exists()).expect("a file of this family");
            return make_from_file(format!("{file}#{}", spec.id), &options).expect("opens");
        }
        make_compiled(self.environment, &options).expect("opens")
    }

    /// A batch with default options, seeded.
    pub fn started(&self, num_envs: usize, seed: u64) -> Batch {
        let mut batch = self.open(num_envs, |o| o);
        batch.reset(seed).expect("resets");
        batch
    }

    /// Whether the environment is one of rigid bodies, whose numbers may get out of hand.
    pub fn is_rigid(&self) -> bool {
        self.spec().info.as_ref().is_some_and(|info| info.fields.iter().any(|field| field.name == "blown_up"))
    }

    /// How many of `wanted` steps of `n` instances a property makes that shows the same with fewer: all of them, but of large
    /// kernels as many as take [`PATIENCE`], and at least `least`.
    pub fn steps(&self, n: usize, wanted: usize, least: usize) -> usize {
        const TIMED: usize = 20;
        if !large::is_large(self.environment) {
            return wanted;
        }
        let mut batch = self.started(n, 1);
        batch.rollout(1).expect("rolls out");
        let begun = Instant::now();
        batch.rollout(TIMED).expect("rolls out");
        let each = begun.elapsed().as_secs_f64() / TIMED as f64;
        ((PATIENCE / each.max(1e-9)) as usize).clamp(least.min(wanted), wanted)
    }

    pub fn is_gpu(&self) -> bool {
        matches!(self.device, Device::Gpu(_))
    }
}

/// Everything that came out of one instance in one recorded step, as words; final observations where it ended.
pub fn row(recording: &Recording, step: usize, instance: usize) -> Vec<u32> {
    let n = recording.num_envs();
    let at = step * n + instance;
    let per = |words: &[u32]| {
        let width = words.len() / (recording.steps() * n);
        words[at * width..(at + 1) * width].to_vec()
    };
    let mut all = per(recording.observations().words());
    all.extend(per(recording.global_states().map_or(&[][..], |states| states.words())));
    all.extend(per(recording.action_masks().unwrap_or_default()));
    all.extend(per(bits(recording.rewards()).as_slice()));
    all.extend(per(recording.infos().unwrap_or_default()));
    all.extend(per(&recording.agent_done().unwrap_or_default().iter().map(|d| u32::from(*d)).collect::<Vec<_>>()));
    all.push(u32::from(recording.starts()[at]));
    let ended = [recording.terminated()[at], recording.truncated()[at]];
    all.extend(ended.map(u32::from));
    if ended.contains(&true) {
        all.extend(per(recording.final_observations().words()));
        all.extend(per(recording.final_global_states().map_or(&[][..], |states| states.words())));
    }
    all.extend(per(&action_words(recording.actions())));
    all
}

/// All of one instance's rows.
pub fn trace(recording: &Recording, instance: usize) -> Vec<Vec<u32>> {
    (0..recording.steps()).map(|t| row(recording, t, instance)).collect()
}

/// One number for everything in a recording: equal recordings have equal ones, others hardly ever.
pub fn fingerprint(recording: &Recording) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut take = |word: u32| hash = (hash ^ u64::from(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    recording.observations().words().iter().copied().for_each(&mut take);
    let globals = recording.global_states();
    globals.iter().flat_map(|states| states.words()).copied().for_each(&mut take);
    recording.action_masks().unwrap_or_default().iter().copied().for_each(&mut take);
    recording.rewards().iter().map(|r| r.to_bits()).for_each(&mut take);
    recording.infos().unwrap_or_default().iter().copied().for_each(&mut take);
    let flags = recording.agent_done().unwrap_or_default().iter().chain(recording.starts());
    flags.for_each(|flag| take(u32::from(*flag)));
    action_words(recording.actions()).into_iter().for_each(&mut take);
    let finals = recording.final_observations();
    let rows = recording.steps() * recording.num_envs();
    let width = finals.words().len() / rows;
    for at in 0..rows {
        let (terminated, truncated) = (recording.terminated()[at], recording.truncated()[at]);
        take(u32::from(terminated) | u32::from(truncated) << 1);
        if terminated | truncated {
            finals.words()[at * width..(at + 1) * width].iter().copied().for_each(&mut take);
        }
    }
    hash
}

pub fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

pub fn action_words(actions: Actions<'_>) -> Vec<u32> {
    match actions {
        Actions::Discrete(words) => words.to_vec(),
        Actions::Continuous(values) => bits(values),
        _ => unreachable!("recordings hold these two"),
    }
}

/// Bits of each choice in one agent's mask of legal actions; none where actions are real numbers.
pub fn choices(spec: &Facts) -> Vec<Range<usize>> {
    let counts = match &spec.action {
        ActionSpace::Discrete { n } => vec![*n],
        ActionSpace::MultiDiscrete { nvec } => nvec.clone(),
        ActionSpace::Box { .. } => Vec::new(),
    };
    let mut first = 0;
    let range = |n: &u32| {
        first += *n as usize;
        first - *n as usize..first
    };
    counts.iter().map(range).collect()
}

/// Whether every row of observations lies in the space; `rows` selects.
pub fn check_observations(
    observations: shadergym_envs::Observations<'_>,
    space: &Space,
    what: &str,
    rows: impl Fn(usize) -> bool,
) {
    for i in (0..observations.rows()).filter(|&i| rows(i)) {
        let row = observations.row(i);
        let spaces: Vec<&Space> = match space.parts() {
            [] => vec![space],
            parts => parts.iter().map(|(_, space)| space).collect(),
        };
        let inside = row.parts().zip(spaces).all(|(part, space)| match part.part().encoding {
            Encoding::F32 => space.contains(part.rows().flatten().map(|w| f32::from_bits(*w)).collect::<Vec<f32>>()),
            Encoding::Count => space.contains(part.rows().flatten().copied().collect::<Vec<u32>>()),
            Encoding::U8 | Encoding::Bit => {
                let mut bytes = vec![0u8; part.part().elements()];
                part.unpack_u8(&mut bytes).expect("packed");
                space.contains(bytes)
            }
        });
        assert!(inside, "{what}: row {i} is outside {space}: {:?} {:x?}", row.as_f32(), row.words());
    }
}

/// Parameters drawn from the box of the environment, `[n, params words]`.
pub fn random_params(spec: &Facts, n: usize, rng: &mut SampleRng) -> Vec<u32> {
    let (low, high) = &spec.params_bounds;
    let kinds = spec.params.kinds();
    let mut draw = |word: usize| {
        let fraction = f64::from(rng.below(1 << 24)) / f64::from((1 << 24) - 1);
        match kinds[word] {
            Kind::F32 => {
                let (low, high) = (f32::from_bits(low[word]), f32::from_bits(high[word]));
                ((f64::from(low) + (f64::from(high) - f64::from(low)) * fraction) as f32).clamp(low, high).to_bits()
            }
            Kind::U32 => low[word] + rng.below((high[word] - low[word]).saturating_add(1)),
            Kind::I32 => {
                let span = (high[word] as i32).abs_diff(low[word] as i32);
                (low[word] as i32).wrapping_add_unsigned(rng.below(span.saturating_add(1))) as u32
            }
        }
    };
    (0..n * kinds.len()).map(|i| draw(i % kinds.len())).collect()
}
