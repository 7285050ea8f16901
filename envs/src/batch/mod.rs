//! The batch: n instances of one environment that step together.

mod instances;
#[cfg(feature = "gpu")]
mod on_device;
mod options;
mod reset;
mod rollout;
mod seeds;
mod snapshot;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use shadergym_compiler::Facts;

pub use instances::Instances;
pub use options::BatchOptions;
pub use rollout::{Recording, RolloutStats};
pub use snapshot::Snapshot;
pub use view::{Image, StepRows, StepView};

use crate::actions::check_actions;
use crate::backend::{Advance, AutoresetMode, Backend, Control, Deliver, Outputs, Part, ResetCommand};
use crate::elements::Actions;
use crate::error::{Error, Result};
use crate::observations::Observations;
use crate::space::Space;
use crate::wrappers::{FrameBuffers, Info};

/// n instances of one environment that step together on one device.
///
/// Shapes below: n = instances, agents = agents per instance (a dimension of 1 where there is one). All arrays are
/// row-major and live in buffers that the batch keeps at one place: a step allocates nothing, views are valid until the
/// next call, and a foreign language may look at the outputs in place as long as the batch lives.
/// Every input is checked before anything changes; after an error other than [`Error::DeviceFailed`] the batch is as it was.
pub struct Batch {
    facts: Arc<Facts>,
    /// None once closed.
    backend: Option<Box<dyn Backend>>,
    control: Control,
    num_envs: usize,
    device: String,
    observation_space: Space,
    action_space: Space,
    /// Outputs of the newest transition, R = 1. Its flags say which instances have ended.
    out: Outputs,
    seeds: Vec<u64>,
    started: bool,
    /// Scratch, kept to avoid allocation.
    commands: Vec<ResetCommand>,
    converted: Vec<u32>,
    pub(crate) frame: FrameBuffers,
}

impl Batch {
    /// A batch on an open back end whose pending parameters are the defaults.
    pub(crate) fn new(
        facts: Arc<Facts>,
        options: &BatchOptions,
        control: Control,
        backend: Box<dyn Backend>,
    ) -> Result<Self> {
        let num_envs = options.num_envs;
        let mut out = Outputs::default();
        rollout::reserve(&facts, num_envs, 1, &mut out)?;
        out.resize(&facts, num_envs, 1, false);
        let mut batch = Self {
            device: backend.describe(),
            backend: Some(backend),
            control,
            num_envs,
            observation_space: Space::of_observation(&facts),
            action_space: Space::of_action(&facts),
            out,
            seeds: vec![0; num_envs],
            started: false,
            commands: Vec::new(),
            converted: Vec::new(),
            frame: FrameBuffers::new(Info {
                num_envs,
                agents: facts.agents,
                observation_space: Space::of_observation(&facts).as_floats(),
                action_space: Space::of_action(&facts),
                autoreset_mode: control.autoreset,
                max_episode_steps: control.max_episode_steps,
            }),
            facts,
        };
        if let Some(params) = &options.params {
            batch.set_params(.., params)?;
        }
        Ok(batch)
    }

    /// What the environment's file declares: docs, spaces, parameters and state with their units.
    pub fn spec(&self) -> &Facts {
        &self.facts
    }

    /// Public id.
    pub fn id(&self) -> &str {
        &self.facts.id
    }

    /// Number of instances n.
    pub fn num_envs(&self) -> usize {
        self.num_envs
    }

    /// Agents per instance.
    pub fn agents(&self) -> usize {
        self.facts.agents
    }

    /// When ended instances start anew.
    pub fn autoreset_mode(&self) -> AutoresetMode {
        self.control.autoreset
    }

    /// Time limit of an episode in steps, 0 = none.
    pub fn max_episode_steps(&self) -> u32 {
        self.control.max_episode_steps
    }

    /// Probability of repeating the last executed action.
    pub fn sticky_action_probability(&self) -> f32 {
        self.control.sticky_probability
    }

    /// Observation space of one agent of one instance (packed observations: as they are once unpacked).
    pub fn single_observation_space(&self) -> &Space {
        &self.observation_space
    }

    /// Action space of one agent of one instance.
    pub fn single_action_space(&self) -> &Space {
        &self.action_space
    }

    /// Observation space of the batch, `[n, ...]` or `[n, agents, ...]`.
    pub fn observation_space(&self) -> Space {
        self.observation_space.batched(self.num_envs, self.facts.agents)
    }

    /// Action space of the batch, `[n, ...]` or `[n, agents, ...]`.
    pub fn action_space(&self) -> Space {
        self.action_space.batched(self.num_envs, self.facts.agents)
    }

    /// One line for people: device, driver, lanes or workgroups, threads.
    pub fn describe(&self) -> &str {
        &self.device
    }

    /// Bytes that one instance takes on the device, outputs included.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn bytes_per_instance(&self) -> Result<usize> {
        match &self.backend {
            Some(backend) => Ok(backend.bytes_per_instance()),
            None => Err(Error::Closed { id: self.facts.id.clone() }),
        }
    }

    /// The seed that each instance was last seeded with, `[n]`.
    pub fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// One step of every instance. `actions` is `[n, agents, ...]`: integers for discrete spaces, finite floats for
    /// continuous ones. Every action of the space is executed, also an illegal one ([`StepView::action_masks`]): the
    /// environment's docs say what it does. Under [`AutoresetMode::NextStep`] an instance that ended in the step before ignores its action,
    /// starts anew and has reward 0.
    ///
    /// # Errors
    /// [`Error::InvalidActionType`], [`Error::InvalidShape`], [`Error::InvalidAction`], [`Error::ResetNeeded`] before the
    /// first reset or where auto-reset is disabled and an instance has ended, [`Error::Closed`], [`Error::DeviceFailed`],
    /// [`Error::LoopsCut`] if the driver limits the rounds of loops and the step takes more.
    pub fn step<'a>(&mut self, actions: impl Into<Actions<'a>>) -> Result<StepView<'_>> {
        self.make_step(actions.into(), None)
    }

    /// [`Self::step`] for a caller who copies the outputs elsewhere: `deliver` is called with those of ranges of instances,
    /// which together are all, by the thread that made them and while they are in its cache; on GPUs once. What it was
    /// given means nothing if the call fails.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn step_delivered<'a>(
        &mut self,
        actions: impl Into<Actions<'a>>,
        deliver: &(dyn Fn(StepRows<'_>) + Sync),
    ) -> Result<StepView<'_>> {
        self.make_step(actions.into(), Some(deliver))
    }

    fn make_step(&mut self, actions: Actions<'_>, deliver: Option<Deliver<'_>>) -> Result<StepView<'_>> {
        let backend = ready(&mut self.backend, &self.facts, self.started, self.control, &self.out, "step")?;
        let words = check_actions(&self.facts, self.num_envs, 1, actions, &mut self.converted)?;
        let request = Advance { steps: 1, actions: Some(words), record: false, totals: false, deliver };
        backend.advance(request, &mut self.out)?;
        Ok(self.view())
    }

    /// The outputs of the newest transition or reset. Before the first reset they are all zeros.
    pub fn view(&self) -> StepView<'_> {
        StepView { out: &self.out, facts: &self.facts }
    }

    /// Transitions since the start of each instance's episode, `[n]`; read from the device.
    ///
    /// # Errors
    /// [`Error::ResetNeeded`] before the first reset, [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn elapsed_steps(&mut self) -> Result<Vec<u32>> {
        self.open_and_started("elapsed_steps")?;
        let all: Vec<usize> = (0..self.num_envs).collect();
        self.read(Part::Elapsed, &all)
    }

    /// The newest observations `[n, agents, ...]`.
    pub fn observations(&self) -> Observations<'_> {
        self.view().observations()
    }

    /// The picture of one instance as it is now, RGB bytes `[height, width, 3]`; 1 to 4,096 pixels each way.
    /// `spec().pixel_aspect` is the width over height that the environment is drawn for.
    ///
    /// # Errors
    /// [`Error::NotRenderable`], [`Error::InvalidInstance`], [`Error::InvalidOption`] for sizes, [`Error::ResetNeeded`],
    /// [`Error::Closed`], [`Error::DeviceFailed`], [`Error::LoopsCut`].
    pub fn render(&mut self, instance: usize, width: usize, height: usize) -> Result<Image> {
        self.open_and_started("render")?;
        if self.facts.pixel_aspect.is_none() {
            return Err(Error::NotRenderable { id: self.facts.id.clone() });
        }
        Instances::One(instance).resolve(self.num_envs)?;
        for (option, size) in [("render width", width), ("render height", height)] {
            if !(1..=4096).contains(&size) {
                let allowed = "1 to 4096 pixels".to_owned();
                return Err(Error::InvalidOption { option, value: size.to_string(), allowed });
            }
        }
        let rgb = self.open()?.render(instance, width, height)?;
        Ok(Image { width, height, rgb })
    }

    /// Changes the time limit from the next transition on, 0 = none.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] beyond 2^31 steps, [`Error::Closed`].
    pub fn set_max_episode_steps(&mut self, steps: u32) -> Result<()> {
        options::check_limit(steps)?;
        let control = Control { max_episode_steps: steps, ..self.control };
        self.open()?.set_control(control);
        self.control = control;
        Ok(())
    }

    /// Changes the probability (0 to 1) of repeating the last executed action, from the next transition on: 0 for
    /// evaluation without sticky actions, say.
    ///
    /// # Errors
    /// [`Error::InvalidOption`], [`Error::Closed`].
    pub fn set_sticky_action_probability(&mut self, probability: f32) -> Result<()> {
        options::check_probability(probability)?;
        let control = Control { sticky_probability: probability, ..self.control };
        self.open()?.set_control(control);
        self.control = control;
        Ok(())
    }

    /// Frees the device's memory; all later calls that need it give [`Error::Closed`]. Dropping a batch does the same.
    pub fn close(&mut self) {
        self.backend = None;
    }

    fn open(&mut self) -> Result<&mut (dyn Backend + 'static)> {
        match &mut self.backend {
            Some(backend) => Ok(backend.as_mut()),
            None => Err(Error::Closed { id: self.facts.id.clone() }),
        }
    }

    fn open_and_started(&mut self, what: &str) -> Result<()> {
        self.open()?;
        if self.started {
            return Ok(());
        }
        Err(Error::ResetNeeded { what: format!("{what} before the first reset"), mask: false })
    }

    fn check_per_instance(&mut self, what: &'static str, got: usize) -> Result<()> {
        self.open()?;
        if got == self.num_envs {
            return Ok(());
        }
        Err(Error::InvalidShape { what, got, expected: self.num_envs, shape: format!("num_envs {}", self.num_envs) })
    }

    /// Rows [instances, part words].
    fn read(&mut self, part: Part, instances: &[usize]) -> Result<Vec<u32>> {
        self.open()?.read(part, instances)
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch")
            .field("id", &self.facts.id)
            .field("num_envs", &self.num_envs)
            .field("device", &self.device)
            .field("control", &self.control)
            .field("open", &self.backend.is_some())
            .finish_non_exhaustive()
    }
}

/// The back end, if a transition may be made now.
fn ready<'a>(
    backend: &'a mut Option<Box<dyn Backend>>,
    facts: &Facts,
    started: bool,
    control: Control,
    out: &Outputs,
    what: &str,
) -> Result<&'a mut (dyn Backend + 'static)> {
    let Some(backend) = backend else { return Err(Error::Closed { id: facts.id.clone() }) };
    if !started {
        return Err(Error::ResetNeeded { what: format!("{what} before the first reset"), mask: false });
    }
    if control.autoreset == AutoresetMode::Disabled
        && let Some(i) = out.terminated.iter().zip(&out.truncated).position(|(a, b)| *a | *b)
    {
        let what = format!("{what}: instance {i} has ended and auto-reset is disabled");
        return Err(Error::ResetNeeded { what, mask: true });
    }
    Ok(backend.as_mut())
}
