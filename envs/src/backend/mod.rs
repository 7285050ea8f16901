//! What a back end must do. `Batch` checks every input before it calls one, so a back end sees valid data only.

use shadergym_compiler::Facts;

use crate::batch::StepRows;
use crate::error::Result;

pub(crate) mod cpu;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;
#[cfg(test)]
pub(crate) mod mock;

/// When an ended instance starts anew; the numbers are those of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u32)]
pub enum AutoresetMode {
    /// The step after an end ignores its action and returns the first observation, reward 0.
    #[default]
    NextStep = 0,
    /// The ending step itself returns the first observation; the last one is in `final_observations`.
    SameStep = 1,
    /// The caller resets ended instances with a mask.
    Disabled = 2,
}

/// Options of an episode, the same for all instances of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Control {
    /// Time limit in steps, 0 = none.
    pub max_episode_steps: u32,
    pub autoreset: AutoresetMode,
    /// Probability of repeating the last executed action.
    pub sticky_probability: f32,
}

/// What `Backend::reset` does with one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ResetCommand {
    /// Nothing.
    #[default]
    Keep,
    /// Start a new episode; the generators go on.
    Start,
    /// Seed the generators and start.
    Seed(u64),
    /// Only compute the observation anew (a state was written).
    Observe,
}

/// One call of step or rollout.
#[derive(Clone, Copy)]
pub(crate) struct Advance<'a> {
    /// Transitions K, at least 1.
    pub steps: usize,
    /// Raw words [K, n, agents, action words]; None = drawn by the instances' own action generators.
    pub actions: Option<&'a [u32]>,
    /// Keep the outputs of every transition (R = K rows) or only of the last (R = 1).
    pub record: bool,
    /// Whether the sums over the call are wanted: `transitions`, `episodes`, `length_sum`, `return_sum`, `info_sum` of the
    /// outputs, a fifth of what a single step writes.
    pub totals: bool,
    /// Who wants the outputs of ranges of instances as soon as they are there; not together with `record`.
    pub deliver: Option<Deliver<'a>>,
}

/// Takes the outputs of ranges of instances, which together are all, on any thread and in any order.
pub(crate) type Deliver<'a> = &'a (dyn Fn(StepRows<'_>) + Sync);

/// Parts of an instance that can be read and written as rows of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// `KernelEpisode` of the kernel.
    Episode,
    /// Transitions since the start of the episode: one word of `Episode`.
    Elapsed,
    /// The environment's `State`.
    State,
    /// Parameters in force.
    Params,
    /// Parameters that take effect at the next start.
    Pending,
}

impl Part {
    /// Words of this part.
    pub fn words(self, facts: &Facts) -> usize {
        match self {
            Self::Episode => facts.episode_words,
            Self::Elapsed => 1,
            Self::State => facts.state.words,
            Self::Params | Self::Pending => facts.params.words,
        }
    }
}

/// Host arrays that a back end fills, row-major. R = K for recorded rollouts, else 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outputs {
    /// [R, n, agents, observation words], raw words.
    pub observations: Vec<u32>,
    /// [R, n, global words] the global state seen with them; empty where the environment has none.
    pub global_states: Vec<u32>,
    /// [R, n, agents, mask words] legal actions of those observations; empty where the environment has no masks.
    pub masks: Vec<u32>,
    /// [R, n] whether the observation is the first of an episode.
    pub starts: Vec<bool>,
    /// [R, n, info words] what the transition told, 0 where an instance only started; empty where the environment has no
    /// info.
    pub infos: Vec<u32>,
    /// [R, n, agents] which agents are out of the game; empty where the environment does not say.
    pub agent_done: Vec<bool>,
    /// [R, n, agents].
    pub rewards: Vec<f32>,
    /// [R, n].
    pub terminated: Vec<bool>,
    /// [R, n].
    pub truncated: Vec<bool>,
    /// [R, n, agents, observation words]; a row means something only where terminated or truncated is set.
    pub final_observations: Vec<u32>,
    /// [R, n, global words]; see `final_observations`.
    pub final_global_states: Vec<u32>,
    /// [K, n, agents, action words] actions given or drawn; filled by recorded rollouts only.
    pub actions: Vec<u32>,
    /// [n, agents] return of the episode that each instance finished last; kept from call to call.
    pub finished_return: Vec<f32>,
    /// [n] its length in steps.
    pub finished_length: Vec<u32>,
    /// [n, info words] the sums of its infos.
    pub finished_info: Vec<f32>,
    /// [n] transitions made in this call (starts under NEXT_STEP do not count).
    pub transitions: Vec<u32>,
    /// [n] episodes finished in this call.
    pub episodes: Vec<u32>,
    /// [n] sum of their lengths.
    pub length_sum: Vec<u32>,
    /// [n, agents] sum of their returns.
    pub return_sum: Vec<f64>,
    /// [n, info words] sum of the sums of their infos.
    pub info_sum: Vec<f64>,
}

impl Outputs {
    /// Sizes the arrays for R rows of n instances; what is kept from call to call keeps its content.
    pub fn resize(&mut self, facts: &Facts, num_envs: usize, rows: usize, record: bool) {
        let (agents, n) = (facts.agents, num_envs);
        self.observations.resize(rows * n * facts.observation_words(), 0);
        self.global_states.resize(rows * n * facts.global_words(), 0);
        self.masks.resize(rows * n * facts.mask_words(), 0);
        self.starts.resize(rows * n, false);
        self.infos.resize(rows * n * facts.info_words(), 0);
        self.agent_done.resize(if facts.agent_done { rows * n * agents } else { 0 }, false);
        self.rewards.resize(rows * n * agents, 0.0);
        self.terminated.resize(rows * n, false);
        self.truncated.resize(rows * n, false);
        self.final_observations.resize(rows * n * facts.observation_words(), 0);
        self.final_global_states.resize(rows * n * facts.global_words(), 0);
        self.actions.resize(if record { rows * n * facts.action_words() } else { 0 }, 0);
        self.finished_return.resize(n * agents, 0.0);
        self.finished_length.resize(n, 0);
        self.finished_info.resize(n * facts.info_words(), 0.0);
        self.transitions.resize(n, 0);
        self.episodes.resize(n, 0);
        self.length_sum.resize(n, 0);
        self.return_sum.resize(n * agents, 0.0);
        self.info_sum.resize(n * facts.info_words(), 0.0);
    }

    /// Takes over arrays of the same lengths, in place: views on the buffers stay valid.
    pub fn copy_from(&mut self, other: &Self) {
        self.observations.copy_from_slice(&other.observations);
        self.global_states.copy_from_slice(&other.global_states);
        self.masks.copy_from_slice(&other.masks);
        self.starts.copy_from_slice(&other.starts);
        self.infos.copy_from_slice(&other.infos);
        self.agent_done.copy_from_slice(&other.agent_done);
        self.rewards.copy_from_slice(&other.rewards);
        self.terminated.copy_from_slice(&other.terminated);
        self.truncated.copy_from_slice(&other.truncated);
        self.final_observations.copy_from_slice(&other.final_observations);
        self.final_global_states.copy_from_slice(&other.final_global_states);
        self.actions.copy_from_slice(&other.actions);
        self.finished_return.copy_from_slice(&other.finished_return);
        self.finished_length.copy_from_slice(&other.finished_length);
        self.finished_info.copy_from_slice(&other.finished_info);
        self.transitions.copy_from_slice(&other.transitions);
        self.episodes.copy_from_slice(&other.episodes);
        self.length_sum.copy_from_slice(&other.length_sum);
        self.return_sum.copy_from_slice(&other.return_sum);
        self.info_sum.copy_from_slice(&other.info_sum);
    }
}

/// A batch of instances on one device.
pub(crate) trait Backend: Send {
    /// Resets the instances whose command says so; `out` is sized for R = 1 and receives the observations and masks of exactly
    /// those rows (all other rows of all arrays stay as they are).
    fn reset(&mut self, commands: &[ResetCommand], out: &mut Outputs) -> Result<()>;

    /// Makes K transitions of every instance and fills all of `out`, which is sized for it, but for what is not wanted.
    fn advance(&mut self, request: Advance<'_>, out: &mut Outputs) -> Result<()>;

    /// Changes the episode options from the next call on.
    fn set_control(&mut self, control: Control);

    /// Reads rows [instances.len(), part words].
    fn read(&mut self, part: Part, instances: &[usize]) -> Result<Vec<u32>>;

    /// Writes rows [instances.len(), part words].
    fn write(&mut self, part: Part, instances: &[usize], rows: &[u32]) -> Result<()>;

    /// The picture of one instance, RGB bytes [height, width, 3].
    fn render(&mut self, instance: usize, width: usize, height: usize) -> Result<Vec<u8>>;

    /// One line for people: device, driver, lanes or workgroups, threads.
    fn describe(&self) -> String;

    /// Bytes that one instance takes on the device, outputs included.
    fn bytes_per_instance(&self) -> usize;

    /// The GPU back end behind this, for learners on the device.
    #[cfg(feature = "gpu")]
    fn as_gpu(&mut self) -> Option<&mut gpu::GpuBackend> {
        None
    }
}
