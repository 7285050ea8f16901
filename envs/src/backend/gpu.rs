//! GPU back end: wgpu. One dispatch, one copy and one mapping per step.
//!
//! A batch owns, in words: `instances` [episode + state + parameters in force, n], `pending` [parameters, n],
//! `commands` [n, 3] for resets, `actions` [n, agents, action words] and `outputs` (see `layout::Regions`, R = 1).
//! These never move, so a learner on the device may keep their handles. Recorded rollouts and given action sequences
//! use buffers of their own for the time of the call.

use std::sync::Arc;

use shadergym_compiler::Facts;

use super::{Advance, Backend, Control, Outputs, Part, ResetCommand};
use crate::batch::StepView;
use crate::error::{Error, Result};

mod adapter;
mod calls;
mod context;
mod device_buffers;
mod instance;
mod last_rows;
mod layout;
mod program;
mod rollout;
mod rounds;
mod transfer;

pub use adapter::{AdapterInfo, adapters, add_instance, hardware_adapter, select_adapter};
pub use context::GpuContext;
pub use device_buffers::{DeviceBuffers, OnDevice, Region};
pub(crate) use program::{Kernel, Source};

use layout::{ControlBlock, Regions, any_cut};
use program::{Entry, Program, Variant};
use rounds::Fit;
use transfer::{Flight, Piece, Staging, runs};

/// Instances per workgroup, as in the kernel.
const WORKGROUP: usize = 64;
/// Copies or writes of single runs beyond this number are replaced by moving the whole part.
const MANY_RUNS: usize = 1024;

/// What the host knows of the parameters on the device.
struct ParamsKnowledge {
    /// The pending parameters, if those of all instances are the same.
    pending: Option<Vec<u32>>,
    /// Every instance has started since `pending` became what it is, so the parameters in force are the same.
    in_force: bool,
}

impl ParamsKnowledge {
    /// All parameters are the same, in force and pending: the kernel need not load and store them per instance.
    fn common(&self) -> bool {
        self.pending.is_some() && self.in_force
    }

    /// Takes note of a write of rows of parameters, in force or pending, to `all` or some instances.
    fn written(&mut self, part: Part, all: bool, rows: &[u32], width: usize) {
        let same = |row: &[u32]| rows.chunks_exact(width).all(|r| r == row);
        if self.pending.as_deref().is_some_and(same) {
            return;
        }
        match part {
            Part::Pending if all && same(&rows[..width]) => self.pending = Some(rows[..width].to_vec()),
            Part::Pending => self.pending = None,
            _ => {}
        }
        self.in_force = false;
    }
}

/// A batch on one GPU.
pub(crate) struct GpuBackend {
    context: Arc<GpuContext>,
    program: Arc<Program>,
    facts: Arc<Facts>,
    n: usize,
    control: Control,
    regions: Regions,
    block: wgpu::Buffer,
    /// What `block` holds.
    written: Option<ControlBlock>,
    /// The block of steps that a learner on the device encodes.
    device_block: wgpu::Buffer,
    instances: wgpu::Buffer,
    pending: wgpu::Buffer,
    commands: wgpu::Buffer,
    actions: wgpu::Buffer,
    outputs: wgpu::Buffer,
    step_group: wgpu::BindGroup,
    reset_group: wgpu::BindGroup,
    device_group: wgpu::BindGroup,
    staging: Staging,
    params: ParamsKnowledge,
    /// The rows of the last observations are read apart from the rest of a step, and only where an instance ended.
    few_end: bool,
    /// Workgroups gather what their instances see and write it in the order of the outputs.
    gather_rows: bool,
    /// Bytes that the buffers of a piece of a recorded or given rollout may take.
    piece_bytes: u64,
    /// Measured seconds of one transition of all instances.
    seconds_per_step: Option<f64>,
    /// Where the driver limits the rounds of loops: calls per dispatch.
    fit: Option<Fit>,
    /// What undoes a dispatch: instances, then finished episodes and totals of the outputs; one for each dispatch that may
    /// be under way. Made when first needed.
    backups: [Option<wgpu::Buffer>; 2],
}

impl GpuBackend {
    /// A batch of n instances, all with the default parameters pending; nothing has started yet.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if n instances do not fit, [`Error::DeviceFailed`].
    pub fn new(
        context: Arc<GpuContext>,
        facts: Arc<Facts>,
        kernel: &Kernel<'_>,
        n: usize,
        control: Control,
    ) -> Result<Self> {
        use wgpu::BufferUsages as Usage;
        let program = context.program(kernel)?;
        // Room for the last observations is always there, so that a change of mode moves nothing.
        let room = Regions::new(&facts, n, 1, false, super::AutoresetMode::SameStep).words;
        let regions = Regions::new(&facts, n, 1, false, control.autoreset);
        let storage = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
        let instance_words = facts.episode_words + facts.state.words + facts.params.words + facts.scratch_words;
        let block_words = size_of::<ControlBlock>() / 4;
        let block = context.buffer("the control block", block_words, Usage::UNIFORM | Usage::COPY_DST)?;
        let device_block = context.buffer("the control block", block_words, Usage::UNIFORM | Usage::COPY_DST)?;
        let instances = context.buffer("the instances", n * instance_words, storage)?;
        let pending = context.buffer("the parameters", n * facts.params.words, storage)?;
        let commands = context.buffer("the reset commands", n * 3, storage)?;
        let actions = context.buffer("the actions", n * facts.action_words(), storage)?;
        let outputs = context.buffer("the outputs", room, storage)?;
        let [step_group, reset_group, device_group] = context.guard("bind the buffers", || {
            [(&block, &actions), (&block, &commands), (&device_block, &actions)]
                .map(|(block, inputs)| bind(&context, &program.tables, [block, &instances, &pending, inputs, &outputs]))
        })?;
        let staging = Staging::default();
        let fit = context.loop_rounds.map(Fit::new);
        // Software has no memory accesses to coalesce; and where loops may be cut, that of a neighbour might be before it
        // has written an instance's row.
        let gather_rows = context.loop_rounds.is_none() && !context.info.is_software();
        let defaults: Vec<u32> = facts.default_params.iter().flat_map(|&w| std::iter::repeat_n(w, n)).collect();
        let params = ParamsKnowledge { pending: Some(facts.default_params.clone()), in_force: false };
        let mut backend = Self {
            context,
            program,
            facts,
            n,
            control,
            regions,
            block,
            written: None,
            device_block,
            instances,
            pending,
            commands,
            actions,
            outputs,
            step_group,
            reset_group,
            device_group,
            staging,
            params,
            few_end: false,
            gather_rows,
            piece_bytes: rollout::PIECE_BYTES,
            seconds_per_step: None,
            fit,
            backups: [None, None],
        };
        backend.set_control(control);
        // What nearly every user needs is made now, so that errors of the driver come now.
        backend.program.pipeline(&backend.context, Entry::Reset)?;
        backend.pipeline(true, false, true)?;
        backend.upload("write the parameters", &backend.pending, 0, &defaults)?;
        Ok(backend)
    }

    /// Seconds that making the pipelines took; they are made once per process, adapter and environment.
    pub fn pipeline_seconds(&self) -> f64 {
        self.program.creation_seconds()
    }

    fn upload(&self, doing: &str, buffer: &wgpu::Buffer, at: usize, words: &[u32]) -> Result<()> {
        self.context.guard(doing, || {
            self.context.queue.write_buffer(buffer, 4 * at as u64, bytemuck::cast_slice(words));
        })
    }

    /// Makes `block` the control block of the next submission.
    fn control(&mut self, block: ControlBlock) {
        if self.written != Some(block) {
            self.context.queue.write_buffer(&self.block, 0, bytemuck::bytes_of(&block));
            self.written = Some(block);
        }
    }

    /// The pipeline of a step or rollout with the present options.
    fn pipeline(&self, actions_given: bool, record: bool, single: bool) -> Result<wgpu::ComputePipeline> {
        let Control { autoreset, sticky_probability, .. } = self.control;
        let (sticky, common_params) = (sticky_probability > 0.0, self.params.common());
        // Instances of a recording are not at the same call at the same time, so its rows are written one by one.
        let staged = self.gather_rows && !record;
        let variant = Variant { autoreset, sticky, actions_given, record, single, common_params, staged };
        self.program.pipeline(&self.context, Entry::Rollout(variant))
    }

    /// Encodes one dispatch over all instances.
    fn dispatch(&self, encoder: &mut wgpu::CommandEncoder, pipeline: &wgpu::ComputePipeline, group: &wgpu::BindGroup) {
        let groups = self.n.div_ceil(WORKGROUP) as u32;
        let x = groups.min(self.context.info.limits.max_compute_workgroups_per_dimension);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, group, &[]);
        pass.dispatch_workgroups(x, groups.div_ceil(x), 1);
    }

    /// One transition: one dispatch, one copy, one mapping.
    fn step(&mut self, actions: Option<&[u32]>, out: &mut Outputs) -> Result<()> {
        if let Some(actions) = actions {
            self.upload("write the actions", &self.actions, 0, actions)?;
        }
        let pipeline = self.pipeline(actions.is_some(), false, true)?;
        self.control(ControlBlock::new(&self.control, &self.regions, 1));
        self.read_step(|backend, encoder| backend.dispatch(encoder, &pipeline, &backend.step_group), out)
    }

    /// The error for loops that the driver ended.
    fn cut(&self, what: &'static str) -> Error {
        let rounds = self.context.loop_rounds.map_or("some".to_owned(), |rounds| rounds.to_string());
        Error::LoopsCut { device: self.context.info.name.clone(), rounds, what, id: self.facts.id.clone() }
    }

    /// Submits what `encode` records and shows the words of the pieces afterwards.
    fn run_and_read<T>(
        &mut self,
        pieces: &[Piece<'_>],
        encode: impl FnOnce(&Self, &mut wgpu::CommandEncoder),
        view: impl FnOnce(&Self, &[u32]) -> T,
    ) -> Result<T> {
        let mut staging = std::mem::take(&mut self.staging);
        let result = staging.read(&self.context, pieces, |encoder| encode(self, encoder), |words| view(self, words));
        self.staging = staging;
        result
    }
}

/// A bind group of the kernel: control, instances, pending parameters, inputs, outputs, tables.
fn bind(context: &GpuContext, tables: &wgpu::Buffer, buffers: [&wgpu::Buffer; 5]) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(buffers.into_iter().chain([tables]))
        .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
        .collect();
    context.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("shadergym"),
        layout: &context.layout,
        entries: &entries,
    })
}
