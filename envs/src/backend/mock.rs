//! A back end in plain Rust for the unit tests of everything above the back ends: a counter that follows the kernel's
//! rules of episodes to the letter. An episode of instance i ends after `horizon` steps; the reward is the first word of
//! the action; the observation is (x, count), x = start + a random fraction + all rewards.

use std::path::Path;
use std::sync::Arc;

use shadergym_compiler::{ActionSpace, Facts, compile};

use super::*;
use crate::batch::{Batch, BatchOptions, StepView};

const SOURCE: &str = "//! Mock-v1: count to the horizon.
//! # Source
//! None.
//! # Reward
//! The action.
//! # Start
//! 0.
//! # End
//! At the horizon.
//! # Version
//! v1: first.
import package::shared::rng::{Rng, rng_uniform};
import package::shared::outcome::{Outcome};
const MAX_EPISODE_STEPS: u32 = 0u;
struct Params {
    /// steps; the episode terminates after so many
    horizon: u32,
    /// m; first position
    start: f32,
}
const DEFAULT_PARAMS: Params = Params(3u, 0.0);
const PARAMS_LOW: Params = Params(1u, -10.0);
const PARAMS_HIGH: Params = Params(100u, 10.0);
struct State {
    /// m; position
    x: f32,
    /// steps; made
    count: u32,
}
alias Action = u32;
/// reward
const ACTION_COUNT: u32 = 3u;
struct Observation {
    /// m; position
    x: f32,
    /// steps; made
    count: f32,
}
const OBSERVATION_LOW: f32 = -3.4028234e38;
const OBSERVATION_HIGH: f32 = 3.4028234e38;
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(params.start + rng_uniform(rng), 0u);
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).count += 1u;
    (*state).x += f32(action);
    return Outcome(f32(action), (*state).count >= params.horizon);
}
fn observe(params: Params, state: State) -> Observation {
    return Observation(state.x, f32(state.count));
}
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return vec3<f32>(uv, 0.0);
}
";

/// The facts of the mock, changed where a test needs it.
pub(crate) fn facts(change: impl FnOnce(&mut Facts)) -> Arc<Facts> {
    let compiled = compile(Path::new("tests/mock.wgsl"), SOURCE, shadergym_shaders::library());
    let mut facts = compiled.expect("the mock is a valid environment").facts;
    change(&mut facts);
    facts.episode_words = 4 + facts.action_words() + 2 + 2 * (facts.agents + facts.info_words());
    Arc::new(facts)
}

/// A batch of mocks.
pub(crate) fn batch(facts: &Arc<Facts>, options: &BatchOptions) -> Result<Batch> {
    let control = options.check(facts)?;
    let backend = MockBackend::new(facts.clone(), options.num_envs, control);
    Batch::new(facts.clone(), options, control, Box::new(backend))
}

pub(crate) struct MockBackend {
    facts: Arc<Facts>,
    control: Control,
    episode: Vec<Vec<u32>>,
    state: Vec<Vec<u32>>,
    params: Vec<Vec<u32>>,
    pending: Vec<Vec<u32>>,
}

impl MockBackend {
    pub fn new(facts: Arc<Facts>, n: usize, control: Control) -> Self {
        let rows = |words: usize| vec![vec![0; words]; n];
        let (episode, state, params) = (rows(facts.episode_words), rows(facts.state.words), rows(facts.params.words));
        let pending = vec![facts.default_params.clone(); n];
        Self { facts, control, episode, state, params, pending }
    }

    fn elapsed_at(&self) -> usize {
        4 + self.facts.action_words()
    }

    /// SplitMix64 over a generator of two words.
    fn draw(&mut self, i: usize, at: usize) -> u64 {
        let words = &mut self.episode[i][at..at + 2];
        let mut rng = crate::SampleRng::new(u64::from(words[0]) | u64::from(words[1]) << 32);
        let value = rng.next_u64();
        // The generator's state is advanced by its fixed increment.
        let state = (u64::from(words[0]) | u64::from(words[1]) << 32).wrapping_add(0x9e37_79b9_7f4a_7c15);
        (words[0], words[1]) = (state as u32, (state >> 32) as u32);
        value
    }

    fn start(&mut self, i: usize) {
        self.params[i] = self.pending[i].clone();
        let fraction = (self.draw(i, 0) >> 40) as f32 / (1 << 24) as f32;
        self.state[i] = vec![(f32::from_bits(self.params[i][1]) + fraction).to_bits(), 0];
        let at = self.elapsed_at();
        self.episode[i][at..].fill(0);
    }

    fn observe(&self, i: usize, out: &mut [u32]) {
        for (agent, row) in out.chunks_exact_mut(2).enumerate() {
            row[0] = (f32::from_bits(self.state[i][0]) + agent as f32).to_bits();
            row[1] = (self.state[i][1] as f32).to_bits();
        }
    }

    fn random_actions(&mut self, i: usize) -> Vec<u32> {
        (0..self.facts.action_words())
            .map(|w| {
                let bits = self.draw(i, 2);
                match &self.facts.action {
                    ActionSpace::Discrete { n } => (bits % u64::from(*n)) as u32,
                    ActionSpace::MultiDiscrete { nvec } => (bits % u64::from(nvec[w % nvec.len()])) as u32,
                    ActionSpace::Box { .. } => ((bits >> 40) as f32 / (1 << 24) as f32).to_bits(),
                }
            })
            .collect()
    }
}

impl Backend for MockBackend {
    fn reset(&mut self, commands: &[ResetCommand], out: &mut Outputs) -> Result<()> {
        let words = self.facts.observation_words();
        for (i, &command) in commands.iter().enumerate() {
            if let ResetCommand::Seed(seed) = command {
                let mixed = seed ^ 0x5851_f42d_4c95_7f2d;
                let words = [seed as u32, (seed >> 32) as u32, mixed as u32, (mixed >> 32) as u32];
                self.episode[i][..4].copy_from_slice(&words);
                let end = self.elapsed_at();
                self.episode[i][4..end].fill(0);
            }
            if matches!(command, ResetCommand::Seed(_) | ResetCommand::Start) {
                self.start(i);
            }
            if command != ResetCommand::Keep {
                self.observe(i, &mut out.observations[i * words..(i + 1) * words]);
            }
        }
        Ok(())
    }

    fn advance(&mut self, request: Advance<'_>, out: &mut Outputs) -> Result<()> {
        let (n, agents, words) = (self.state.len(), self.facts.agents, self.facts.observation_words());
        let (action_words, per_agent) = (self.facts.action_words(), self.facts.action.words());
        let at = self.elapsed_at();
        for counts in [&mut out.transitions, &mut out.episodes, &mut out.length_sum] {
            counts.fill(0);
        }
        out.return_sum.fill(0.0);
        for t in 0..request.steps {
            for i in 0..n {
                let row = if request.record { t * n + i } else { i };
                let actions = match request.actions {
                    Some(given) => given[(t * n + i) * action_words..][..action_words].to_vec(),
                    None => self.random_actions(i),
                };
                if request.record {
                    out.actions[row * action_words..][..action_words].copy_from_slice(&actions);
                }
                let mut rewards = vec![0.0; agents];
                if self.episode[i][at + 1] != 0 {
                    if self.control.autoreset == AutoresetMode::NextStep {
                        self.start(i);
                    }
                } else {
                    for (agent, reward) in rewards.iter_mut().enumerate() {
                        let word = actions[agent * per_agent];
                        let continuous = matches!(self.facts.action, ActionSpace::Box { .. });
                        *reward = if continuous { f32::from_bits(word) } else { word as f32 };
                        let sum = &mut self.episode[i][at + 2 + 2 * agent];
                        *sum = (f32::from_bits(*sum) + *reward).to_bits();
                    }
                    let x = f32::from_bits(self.state[i][0]) + rewards.iter().sum::<f32>();
                    self.state[i] = vec![x.to_bits(), self.state[i][1] + 1];
                    self.episode[i][4..at].copy_from_slice(&actions);
                    self.episode[i][at] += 1;
                    let limit = self.control.max_episode_steps;
                    let terminated = self.state[i][1] >= self.params[i][0];
                    let truncated = limit > 0 && self.episode[i][at] >= limit;
                    self.episode[i][at + 1] = u32::from(terminated) | u32::from(truncated) << 1;
                    out.transitions[i] += 1;
                    if terminated || truncated {
                        out.episodes[i] += 1;
                        out.length_sum[i] += self.episode[i][at];
                        out.finished_length[i] = self.episode[i][at];
                        for agent in 0..agents {
                            let value = f32::from_bits(self.episode[i][at + 2 + 2 * agent]);
                            out.return_sum[i * agents + agent] += f64::from(value);
                            out.finished_return[i * agents + agent] = value;
                        }
                    }
                }
                let ended = self.episode[i][at + 1];
                if ended != 0 {
                    self.observe(i, &mut out.final_observations[row * words..(row + 1) * words]);
                    if self.control.autoreset == AutoresetMode::SameStep {
                        self.start(i);
                    }
                }
                out.rewards[row * agents..(row + 1) * agents].copy_from_slice(&rewards);
                out.terminated[row] = ended & 1 != 0;
                out.truncated[row] = ended & 2 != 0;
                out.starts[row] = self.episode[i][at] == 0;
                self.observe(i, &mut out.observations[row * words..(row + 1) * words]);
            }
        }
        if let Some(deliver) = request.deliver {
            deliver(StepView { out, facts: &self.facts }.rows());
        }
        Ok(())
    }

    fn set_control(&mut self, control: Control) {
        self.control = control;
    }

    fn read(&mut self, part: Part, instances: &[usize]) -> Result<Vec<u32>> {
        if part == Part::Elapsed {
            return Ok(instances.iter().map(|&i| self.episode[i][self.elapsed_at()]).collect());
        }
        let rows = match part {
            Part::Episode | Part::Elapsed => &self.episode,
            Part::State => &self.state,
            Part::Params => &self.params,
            Part::Pending => &self.pending,
        };
        Ok(instances.iter().flat_map(|&i| rows[i].clone()).collect())
    }

    fn write(&mut self, part: Part, instances: &[usize], rows: &[u32]) -> Result<()> {
        let words = part.words(&self.facts);
        let target = match part {
            Part::Episode | Part::Elapsed => &mut self.episode,
            Part::State => &mut self.state,
            Part::Params => &mut self.params,
            Part::Pending => &mut self.pending,
        };
        for (&i, row) in instances.iter().zip(rows.chunks_exact(words)) {
            target[i] = row.to_vec();
        }
        Ok(())
    }

    fn render(&mut self, _: usize, width: usize, height: usize) -> Result<Vec<u8>> {
        Ok((0..width * height * 3).map(|b| b as u8).collect())
    }

    fn describe(&self) -> String {
        "mock".to_owned()
    }

    fn bytes_per_instance(&self) -> usize {
        0
    }
}
