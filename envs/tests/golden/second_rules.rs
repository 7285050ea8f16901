//! Environments whose rules are written a second time: they play at random, and every start, transition and observation is
//! judged by these rules; what is drawn is judged by its mean and variance, or by how often each outcome came up.

use libtest_mimic::{Failed, Trial};
use shadergym_envs::{ActionSpace, Device, Facts, Kind, SampleRng, ids, spec};

use crate::bare;

const INSTANCES: usize = 512;
const STEPS: usize = 400;
/// Allowed deviation of means and counts in standard errors.
const SIGMAS: f64 = 6.0;
/// Largest difference of a float, absolute below 1 and relative above.
const TOLERANCE: f64 = 1e-5;

/// One step of one instance.
pub struct Transition<'a> {
    pub params: &'a [u32],
    pub before: &'a [u32],
    pub action: u32,
    pub reward: f64,
    pub terminated: bool,
    /// The first word of the Info; 0 where there is none.
    pub info: f64,
    pub after: &'a [u32],
}

/// The rules of an environment.
pub trait Rules {
    /// Judges a state that begins an episode.
    fn start(&mut self, params: &[u32], state: &[u32]) -> Result<(), String>;
    /// Judges a transition.
    fn step(&mut self, t: &Transition<'_>) -> Result<(), String>;
    /// What a state shows.
    fn seen(&self, params: &[u32], state: &[u32]) -> Vec<f64>;
    /// Judges what was drawn in all of them.
    fn finish(&self) -> Result<(), String>;
}

/// An id, and its rules as they are before anything was judged.
pub type Case = (&'static str, fn() -> Box<dyn Rules>);

/// A trial for each id and device, named after the stem.
pub fn trials(stem: &str, gpu: bool, cases: &[Case]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for &(id, rules) in cases.iter().filter(|(id, _)| ids().any(|known| known == *id)) {
        for (label, device) in [("cpu", Device::Cpu), ("gpu", Device::Gpu(None))] {
            let test = move || play(id, rules(), &device).map_err(Failed::from);
            let trial = Trial::test(format!("{stem}::random_play_of::{id}::{label}"), test);
            trials.push(trial.with_ignored_flag(label == "gpu" && !gpu));
        }
    }
    trials
}

/// Half of the instances have the default parameters, the others points of the box.
fn params_of(facts: &Facts, rng: &mut SampleRng) -> Vec<u32> {
    let (low, high) = &facts.params_bounds;
    let mut words = Vec::new();
    for i in 0..INSTANCES {
        for (word, kind) in facts.params.kinds().into_iter().enumerate() {
            let share = f64::from(rng.below(1 << 24)) / f64::from((1 << 24) - 1);
            words.push(match kind {
                _ if i % 2 == 0 => facts.default_params[word],
                Kind::F32 => {
                    let (low, high) = (float(low[word]), float(high[word]));
                    ((low + (high - low) * share) as f32).to_bits()
                }
                Kind::U32 | Kind::I32 => low[word] + rng.below(high[word] - low[word] + 1),
            });
        }
    }
    words
}

fn play(id: &str, mut rules: Box<dyn Rules>, device: &Device) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let facts = spec(id).map_err(|e| told(&e))?;
    let ActionSpace::Discrete { n } = facts.action else { return Err("not one discrete choice".to_owned()) };
    let (states, of_params, of_info) = (facts.state.words, facts.params.words, facts.info_words());
    let (kinds, words) = (facts.observation.kinds(), facts.observation.words);
    let info_kind = facts.info.as_ref().map(|info| info.kinds()[0]);
    let mut rng = SampleRng::new(17);
    let params = params_of(facts, &mut rng);
    let own = |i: usize| &params[i * of_params..][..of_params];
    let mut batch = bare(id, INSTANCES, device, None);
    batch.set_params_words(.., &params).map_err(|e| told(&e))?;
    batch.reset(3).map_err(|e| told(&e))?;
    let mut begun = vec![true; INSTANCES];
    for _ in 0..STEPS {
        let before = batch.get_state(..).map_err(|e| told(&e))?;
        let state = |i: usize| &before[i * states..][..states];
        let shown = batch.observations().words().to_vec();
        for i in 0..INSTANCES {
            let say = |text: String| format!("{id}, parameters {:?}, state {:x?}: {text}", own(i), state(i));
            if begun[i] {
                rules.start(own(i), state(i)).map_err(say)?;
            }
            check_seen(&rules.seen(own(i), state(i)), &shown[i * words..][..words], &kinds).map_err(say)?;
        }
        let actions: Vec<u32> = (0..INSTANCES).map(|_| rng.below(n)).collect();
        let view = batch.step(&actions).map_err(|e| told(&e))?;
        let (rewards, ended) = (view.rewards().to_vec(), view.terminated().to_vec());
        let infos = view.infos().unwrap_or_default().to_vec();
        let shown = view.observations().words().to_vec();
        let after = batch.get_state(..).map_err(|e| told(&e))?;
        for i in 0..INSTANCES {
            let info = match info_kind {
                Some(Kind::F32) => float(infos[i * of_info]),
                Some(_) => f64::from(infos[i * of_info]),
                None => 0.0,
            };
            let t = Transition {
                params: own(i),
                before: state(i),
                action: actions[i],
                reward: f64::from(rewards[i]),
                terminated: ended[i],
                info,
                after: &after[i * states..][..states],
            };
            let say = |text: String| {
                format!(
                    "{id}, parameters {:?}, state {:x?}, action {} -> reward {}, end {}, info {}, state {:x?}: {text}",
                    t.params, t.before, t.action, t.reward, t.terminated, t.info, t.after
                )
            };
            rules.step(&t).map_err(say)?;
            check_seen(&rules.seen(t.params, t.after), &shown[i * words..][..words], &kinds).map_err(say)?;
        }
        if ended.contains(&true) {
            batch.reset_masked(&ended, None).map_err(|e| told(&e))?;
        }
        begun = ended;
    }
    rules.finish().map_err(|text| format!("{id}: {text}"))
}

fn check_seen(expected: &[f64], words: &[u32], kinds: &[Kind]) -> Result<(), String> {
    let number = |(word, kind): (&u32, &Kind)| if *kind == Kind::F32 { float(*word) } else { f64::from(*word) };
    let got: Vec<f64> = words.iter().zip(kinds).map(number).collect();
    let close = got.len() == expected.len() && got.iter().zip(expected).all(|(a, b)| near(*a, *b));
    holds(close, || format!("shows {got:?} instead of {expected:?}"))
}

pub fn float(word: u32) -> f64 {
    f64::from(f32::from_bits(word))
}

pub fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * b.abs().max(1.0)
}

pub fn holds(is: bool, text: impl FnOnce() -> String) -> Result<(), String> {
    if is { Ok(()) } else { Err(text()) }
}

pub fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Result<(), String> {
    holds(got == expected, || format!("{what} is {got:?} instead of {expected:?}"))
}

/// `hash_word` of shaders/shared/hash.wgsl: what a task draws for itself.
pub fn hash_word(x: u32) -> u32 {
    let x = x.wrapping_add(0x9e37_79b9);
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// Numbers whose mean and variance are known.
#[derive(Default)]
pub struct Drawn {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Drawn {
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    /// The mean is allowed what follows from the variance, the variance what follows for numbers whose fourth moment is at most that
    /// of normal ones.
    pub fn check(&self, what: &str, mean: f64, variance: f64) -> Result<(), String> {
        let (n, got) = (self.count, self.sum / self.count);
        let spread = self.squares / n - 2.0 * got * mean + mean * mean;
        let off = (got - mean).abs() / (variance / n).sqrt();
        let wide = (spread - variance).abs() / (variance * (2.0 / n).sqrt());
        holds(n > 100.0 && off <= SIGMAS && wide <= SIGMAS, || {
            format!("{what}: mean {got}, variance {spread} of {n} instead of {mean}, {variance}")
        })
    }
}

/// How often each of some equally likely outcomes came up.
pub struct Counts(pub Vec<u32>);

impl Counts {
    pub fn of(kinds: usize) -> Self {
        Self(vec![0; kinds])
    }

    pub fn check(&self, what: &str) -> Result<(), String> {
        let total: f64 = self.0.iter().copied().map(f64::from).sum();
        let chance = 1.0 / self.0.len() as f64;
        let error = (total * chance * (1.0 - chance)).sqrt();
        let worst = self.0.iter().map(|&n| (f64::from(n) - total * chance).abs()).fold(0.0, f64::max);
        holds(total > 100.0 && worst <= SIGMAS * error.max(1.0), || format!("{what}: {:?}", self.0))
    }
}
