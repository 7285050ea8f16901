//! The last few observations as one.

use super::{Frame, Info, Row, VectorEnv, wrapper};
use crate::elements::DType;
use crate::error::{Error, Result};
use crate::space::Space;

/// What stands for the observations before the first of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// The first observation, repeated.
    #[default]
    Repeat,
    /// Zeros.
    Zero,
}

/// Gives the last k observations of the running episode, oldest first, shape `[k, ...]`. A start clears the stack;
/// final observations are the stack as it was at the end.
#[derive(Debug, Clone)]
pub struct FrameStack<E> {
    inner: E,
    data: Data,
}

#[derive(Debug, Clone)]
struct Data {
    info: Info,
    /// Elements of one observation.
    elements: usize,
    padding: Padding,
    /// [n, agents, k, elements]
    stacks: Vec<f32>,
    final_stacks: Vec<f32>,
}

impl<E: VectorEnv> FrameStack<E> {
    /// Stacks `depth` observations, 1 or more, and repeats the first one at a start.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a depth of 0.
    pub fn new(inner: E, depth: usize) -> Result<Self> {
        Self::with_padding(inner, depth, Padding::default())
    }

    /// The same with a chosen padding.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a depth of 0.
    pub fn with_padding(inner: E, depth: usize, padding: Padding) -> Result<Self> {
        if depth == 0 {
            let allowed = "1 or more observations".to_owned();
            return Err(Error::InvalidOption { option: "depth", value: "0".to_owned(), allowed });
        }
        let mut info = inner.info().clone();
        let space = &info.observation_space;
        let elements = space.elements();
        let (mut low, mut high): (Vec<f32>, Vec<f32>) = (0..elements).map(|i| space.bounds(i)).unzip();
        if padding == Padding::Zero {
            low.iter_mut().for_each(|l| *l = l.min(0.0));
            high.iter_mut().for_each(|h| *h = h.max(0.0));
        }
        let shape = [&[depth], space.shape()].concat();
        info.observation_space =
            Space::Box { low: low.repeat(depth), high: high.repeat(depth), shape, dtype: DType::F32 };
        let size = info.num_envs * info.agents * depth * elements;
        let data = Data { info, elements, padding, stacks: vec![0.0; size], final_stacks: vec![0.0; size] };
        Ok(Self { inner, data })
    }
}

impl Data {
    fn info<'a>(&'a self, _inner: &'a Info) -> &'a Info {
        &self.info
    }

    fn apply<'a>(&'a mut self, frame: Frame<'a>) -> Frame<'a> {
        let agents = self.info.agents;
        let depth_elements = self.stacks.len() / (frame.rows.len() * agents);
        let elements = self.elements;
        for (i, row) in frame.rows.iter().enumerate() {
            for j in i * agents..(i + 1) * agents {
                let observation = &frame.observations[j * elements..(j + 1) * elements];
                let stack = &mut self.stacks[j * depth_elements..(j + 1) * depth_elements];
                let final_stack = &mut self.final_stacks[j * depth_elements..(j + 1) * depth_elements];
                if *row == Row::Step {
                    push(stack, observation);
                }
                if frame.ended(i) {
                    final_stack.copy_from_slice(stack);
                    if *row == Row::StepAndStart {
                        push(final_stack, &frame.final_observations[j * elements..(j + 1) * elements]);
                    }
                }
                if row.is_start() {
                    match self.padding {
                        Padding::Repeat => {
                            stack.chunks_exact_mut(elements).for_each(|f| f.copy_from_slice(observation))
                        }
                        Padding::Zero => {
                            stack.fill(0.0);
                            push(stack, observation);
                        }
                    }
                }
            }
        }
        Frame { observations: &self.stacks, final_observations: &self.final_stacks, ..frame }
    }
}

/// Drops the oldest observation and appends one.
fn push(stack: &mut [f32], observation: &[f32]) {
    stack.copy_within(observation.len().., 0);
    let newest = stack.len() - observation.len();
    stack[newest..].copy_from_slice(observation);
}

wrapper!(FrameStack, Data);
