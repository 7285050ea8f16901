//! What wrappers hand on, and how a batch fills it.

use super::{Info, VectorEnv};
use crate::backend::AutoresetMode;
use crate::batch::Batch;
use crate::elements::Actions;
use crate::error::Result;

/// What happened to one instance in the newest call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// Nothing: a masked reset left it out.
    Idle,
    /// It only started: the observation is the first of an episode, the reward means nothing.
    Start,
    /// It made a transition; the observation is what followed, the last one of the episode if a flag is set.
    Step,
    /// It made a transition that ended an episode, and started anew (SAME_STEP): reward and final observation belong to
    /// the ended episode, the observation is the first of the next.
    StepAndStart,
}

impl Row {
    /// Whether a transition was made, so that the reward counts.
    pub fn is_step(self) -> bool {
        matches!(self, Self::Step | Self::StepAndStart)
    }

    /// Whether the observation is the first of an episode.
    pub fn is_start(self) -> bool {
        matches!(self, Self::Start | Self::StepAndStart)
    }
}

/// The outputs of one call, borrowed from the layers below. n = instances, elements = those of one agent's observation.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// `[n, agents, elements]`.
    pub observations: &'a [f32],
    /// `[n, agents, mask words]` legal actions, as [`StepView::action_masks`](crate::StepView::action_masks) has them.
    pub action_masks: Option<&'a [u32]>,
    /// `[n, agents]`.
    pub rewards: &'a [f32],
    /// `[n]`.
    pub terminated: &'a [bool],
    /// `[n]`.
    pub truncated: &'a [bool],
    /// `[n, agents, elements]`; a row means something only where a flag is set.
    pub final_observations: &'a [f32],
    /// `[n, agents]` return of the episode that each instance finished last, in the environment's own rewards whatever
    /// wrappers made of them.
    pub episode_returns: &'a [f32],
    /// `[n]` its length in steps.
    pub episode_lengths: &'a [u32],
    /// `[n]` what happened.
    pub rows: &'a [Row],
}

impl Frame<'_> {
    /// Whether instance i made the last transition of an episode in this call.
    pub fn ended(&self, instance: usize) -> bool {
        self.rows[instance].is_step() && (self.terminated[instance] | self.truncated[instance])
    }
}

/// With what a batch acts as a [`VectorEnv`]; the buffers are empty until it does.
#[derive(Debug)]
pub(crate) struct FrameBuffers {
    info: Info,
    rows: Vec<Row>,
    /// Unpacked observations, where they are packed.
    observations: Vec<f32>,
    final_observations: Vec<f32>,
}

impl FrameBuffers {
    pub fn new(info: Info) -> Self {
        Self { info, rows: Vec::new(), observations: Vec::new(), final_observations: Vec::new() }
    }
}

impl Batch {
    fn frame(&mut self) -> Result<Frame<'_>> {
        if self.observations().as_f32().is_none() {
            let mut floats = std::mem::take(&mut self.frame.observations);
            let mut finals = std::mem::take(&mut self.frame.final_observations);
            let view = self.view();
            let agents = self.agents();
            let per_agent = self.spec().observation.flat_elements();
            floats.resize(view.observations().elements(), 0.0);
            finals.resize(view.observations().elements(), 0.0);
            view.observations().unpack_f32(&mut floats)?;
            for row in view.ended_instances().flat_map(|i| i * agents..(i + 1) * agents) {
                let out = &mut finals[row * per_agent..(row + 1) * per_agent];
                view.final_observations().row(row).unpack_f32(out)?;
            }
            self.frame.observations = floats;
            self.frame.final_observations = finals;
        }
        let view = self.view();
        Ok(Frame {
            observations: view.observations().as_f32().unwrap_or(&self.frame.observations),
            action_masks: view.action_masks(),
            rewards: view.rewards(),
            terminated: view.terminated(),
            truncated: view.truncated(),
            final_observations: view.final_observations().as_f32().unwrap_or(&self.frame.final_observations),
            episode_returns: view.episode_returns(),
            episode_lengths: view.episode_lengths(),
            rows: &self.frame.rows,
        })
    }
}

impl VectorEnv for Batch {
    fn info(&self) -> &Info {
        &self.frame.info
    }

    fn reset(&mut self, seed: Option<u64>) -> Result<Frame<'_>> {
        Batch::reset(self, seed)?;
        self.frame.rows.clear();
        self.frame.rows.resize(self.num_envs(), Row::Start);
        self.frame()
    }

    fn reset_masked(&mut self, mask: &[bool], seed: Option<u64>) -> Result<Frame<'_>> {
        Batch::reset_masked(self, mask, seed)?;
        self.frame.rows.clear();
        self.frame.rows.extend(mask.iter().map(|&m| if m { Row::Start } else { Row::Idle }));
        self.frame()
    }

    fn step(&mut self, actions: Actions<'_>) -> Result<Frame<'_>> {
        let mut rows = std::mem::take(&mut self.frame.rows);
        // Under NEXT_STEP those that ended before this step start in it; under SAME_STEP those that end in it do.
        let mark = |rows: &mut Vec<Row>, view: crate::StepView<'_>, ended: Row| {
            let flags = view.terminated().iter().zip(view.truncated());
            rows.clear();
            rows.extend(flags.map(|(a, b)| if *a | *b { ended } else { Row::Step }));
        };
        if self.autoreset_mode() == AutoresetMode::NextStep {
            mark(&mut rows, self.view(), Row::Start);
        }
        let done = Batch::step(self, actions).map(|_| ());
        match self.autoreset_mode() {
            AutoresetMode::NextStep => {}
            AutoresetMode::SameStep => mark(&mut rows, self.view(), Row::StepAndStart),
            AutoresetMode::Disabled => rows.fill(Row::Step),
        }
        self.frame.rows = rows;
        done?;
        self.frame()
    }
}
