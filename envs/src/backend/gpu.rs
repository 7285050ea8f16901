//! GPU back end: wgpu. One dispatch, one copy and one mapping per step.
//!
//! A batch owns, in words: `instances` [episode + state + parameters in force, n], `pending` [parameters, n],
//! `commands` [n, 3] for resets, `actions` [n, agents, action words] and `outputs` (see `layout::Regions`, R = 1).
//! These never move, so a learner on the device may keep their handles. Recorded rollouts and given action sequences
//! use buffers of their own for the time of the call.

use std::sync::Arc;
use std::time::Instant;

use shadergym_compiler::Facts;

use super::{Advance, Backend, Control, Outputs, Part, ResetCommand};
use crate::error::{Error, Result};

mod adapter;
mod calls;
mod context;
mod device_buffers;
mod instance;
mod layout;
mod program;
mod transfer;

pub use adapter::{AdapterInfo, adapters, add_instance, hardware_adapter, select_adapter};
pub use context::GpuContext;
pub use device_buffers::{DeviceBuffers, OnDevice, Region};

use layout::{ControlBlock, Regions};
use program::{Entry, Program, Variant};
use transfer::{Piece, Staging, runs};

/// Instances per workgroup, as in kernel.wgsl.
const WORKGROUP: usize = 64;
/// A recorded or given rollout is cut so that its buffers stay below this many bytes each (and the adapter's limit).
const CHUNK_BYTES: u64 = 256 << 20;
/// Seconds that one dispatch should take at most: watchdogs of display drivers end one after about two.
const DISPATCH_SECONDS: f64 = 0.25;
/// Transitions of the first dispatch of a long rollout, from which the time of the others is estimated.
const PROBE_TRANSITIONS: usize = 1 << 22;
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

/// What a GPU runs for an environment.
pub(crate) struct Kernel<'a> {
    /// WGSL.
    pub source: &'a str,
    /// Words of `kernel_tables`.
    pub tables: &'a [u32],
    /// One of the shipped environments, whose loops end.
    pub trusted: bool,
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
    /// Measured seconds of one transition of all instances.
    seconds_per_step: Option<f64>,
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
        let program = context.program(kernel.source, kernel.tables, kernel.trusted)?;
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
                .map(|(block, inputs)| bind(&context, &program, [block, &instances, &pending, inputs, &outputs]))
        })?;
        let staging = Staging::default();
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
            seconds_per_step: None,
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
        let variant = Variant { autoreset, sticky, actions_given, record, single, common_params };
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

    /// Bytes that one buffer of a long rollout may take.
    fn chunk_bytes(&self) -> u64 {
        CHUNK_BYTES.min(self.context.info.max_buffer_bytes())
    }

    /// How many of the remaining transitions the next dispatch makes.
    fn chunk(&self, remaining: usize, limit: usize) -> usize {
        let by_time = match self.seconds_per_step {
            Some(seconds) => (DISPATCH_SECONDS / seconds.max(1e-9)) as usize,
            None => PROBE_TRANSITIONS / self.n,
        };
        remaining.min(limit).min(by_time).max(1)
    }

    /// One transition: one dispatch, one copy, one mapping.
    fn step(&mut self, actions: Option<&[u32]>, out: &mut Outputs) -> Result<()> {
        if let Some(actions) = actions {
            self.upload("write the actions", &self.actions, 0, actions)?;
        }
        let pipeline = self.pipeline(actions.is_some(), false, true)?;
        self.control(ControlBlock::new(&self.control, &self.regions, 1, actions.is_some()));
        let range = self.regions.step();
        self.run_and_read(
            &[Piece { buffer: &self.outputs.clone(), start: 0, len: range.len() }],
            |backend, encoder| backend.dispatch(encoder, &pipeline, &backend.step_group),
            |backend, words| {
                backend.regions.unpack(words, &backend.facts, 0, None, out);
                backend.regions.unpack_totals(words, &backend.facts, out);
            },
        )
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

    /// K transitions, cut into dispatches that fit the buffers and the time.
    fn rollout(&mut self, request: Advance<'_>, out: &mut Outputs) -> Result<()> {
        let (n, facts) = (self.n, self.facts.clone());
        let action_words = n * facts.action_words();
        // Transitions that fit the buffers of given actions and of recorded outputs.
        let row_bytes = |words: usize| 4 * words as u64;
        let mut fit = request.steps;
        if request.actions.is_some() {
            fit = fit.min((self.chunk_bytes() / row_bytes(action_words)) as usize);
        }
        if request.record {
            let one = Regions::new(&facts, n, 1, true, self.control.autoreset);
            let fixed = row_bytes(one.finished.len() + one.totals.len());
            let row = row_bytes(one.words) - fixed;
            fit = fit.min((self.chunk_bytes().saturating_sub(fixed) / row) as usize);
        }
        // One transition is always tried: the allocation below says what does not fit.
        let fit = fit.max(1);
        let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let inputs = match request.actions {
            Some(_) => self.context.buffer("the actions", fit * action_words, storage)?,
            None => self.actions.clone(),
        };
        let outputs = if request.record {
            let words = Regions::new(&facts, n, fit, true, self.control.autoreset).words;
            self.context.buffer("the recorded rollout", words, storage)?
        } else {
            self.outputs.clone()
        };
        let group = self.context.guard("bind the buffers", || {
            bind(&self.context, &self.program, [&self.block, &self.instances, &self.pending, &inputs, &outputs])
        })?;
        let pipeline = self.pipeline(request.actions.is_some(), request.record, false)?;
        let mut done = 0;
        // What the next piece of a recorded rollout goes on from; other rollouts keep it on the device.
        let mut carried: Option<(Vec<u32>, Vec<u32>)> = None;
        while done < request.steps {
            let k = self.chunk(request.steps - done, fit);
            let last = done + k == request.steps;
            let rows = if request.record { k } else { 1 };
            let regions = Regions::new(&facts, n, rows, request.record, self.control.autoreset);
            if let Some(actions) = request.actions {
                self.upload("write the actions", &inputs, 0, &actions[done * action_words..][..k * action_words])?;
            }
            if let Some((finished, totals)) = &carried {
                self.upload("write the statistics", &outputs, regions.finished.start, finished)?;
                self.upload("write the statistics", &outputs, regions.totals.start, totals)?;
            }
            self.control(ControlBlock {
                continued: u32::from(done > 0),
                ..ControlBlock::new(&self.control, &regions, k, request.actions.is_some())
            });
            let begin = Instant::now();
            let seconds = if request.record || last {
                let (seconds, statistics) = self.run_and_read(
                    &[Piece { buffer: &outputs, start: 0, len: regions.words }],
                    |backend, encoder| {
                        backend.dispatch(encoder, &pipeline, &group);
                        if request.record && last {
                            backend.copy_last_row(encoder, &outputs, &regions);
                        }
                    },
                    |_, words| {
                        let seconds = begin.elapsed().as_secs_f64();
                        regions.unpack(words, &facts, if request.record { done } else { 0 }, request.actions, out);
                        if last {
                            regions.unpack_totals(words, &facts, out);
                        }
                        let copy = |region: &std::ops::Range<usize>| words[region.clone()].to_vec();
                        (seconds, (!last).then(|| (copy(&regions.finished), copy(&regions.totals))))
                    },
                )?;
                carried = statistics;
                seconds
            } else {
                let submission = self.context.guard("dispatch", || {
                    let mut encoder = self.context.device.create_command_encoder(&Default::default());
                    self.dispatch(&mut encoder, &pipeline, &group);
                    self.context.queue.submit([encoder.finish()])
                })?;
                self.context.wait(submission)?;
                begin.elapsed().as_secs_f64()
            };
            self.seconds_per_step = Some(seconds / k as f64);
            done += k;
        }
        Ok(())
    }

    /// Copies the newest transition of a recorded rollout to where a step would have left it.
    fn copy_last_row(&self, encoder: &mut wgpu::CommandEncoder, from: &wgpu::Buffer, recorded: &Regions) {
        for (from_region, to_region) in [
            (&recorded.flags, &self.regions.flags),
            (&recorded.reward, &self.regions.reward),
            (&recorded.observation, &self.regions.observation),
            (&recorded.mask, &self.regions.mask),
            (&recorded.last, &self.regions.last),
        ] {
            let len = 4 * to_region.len() as u64;
            if len > 0 {
                let at = 4 * from_region.end as u64 - len;
                encoder.copy_buffer_to_buffer(from, at, &self.outputs, 4 * to_region.start as u64, len);
            }
        }
    }
}

/// A bind group of kernel.wgsl: control, instances, pending parameters, inputs, outputs, and the program's tables.
fn bind(context: &GpuContext, program: &Program, buffers: [&wgpu::Buffer; 5]) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(buffers.into_iter().chain([&program.tables]))
        .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
        .collect();
    context.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("shadergym"),
        layout: &context.layout,
        entries: &entries,
    })
}
