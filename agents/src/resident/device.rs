//! Buffers and pipelines of PPO and PQN on the environment's own device.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shadergym_envs::gpu::{DeviceBuffers, GpuContext};

use super::plan::{SUMS, Sizes, THREADS};
use super::structs::{Call, Plan};
use super::transfer::{Piece, Transfer};
use crate::error::Result;

/// What kernels of all learners share.
pub const SHARED: &str = include_str!("shared.wgsl");
const COMMON: &str = concat!(include_str!("common.wgsl"), include_str!("network.wgsl"));
const ACT: &str = include_str!("act.wgsl");
const RETURNS: &str = include_str!("returns.wgsl");
const GRADIENT: &str = include_str!("gradient.wgsl");
const UPDATE: &str = include_str!("update.wgsl");

/// One kernel of those of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// act.wgsl
    Act,
    /// returns.wgsl
    Returns,
    /// gradient.wgsl
    Moments,
    /// gradient.wgsl
    Gradient,
    /// update.wgsl
    Reduce,
    /// update.wgsl
    Adam,
}

/// What lies on the device.
pub struct OnDevice {
    transfer: Transfer,
    /// `[parameters]`.
    pub parameters: wgpu::Buffer,
    /// Recording but for observations.
    pub record: wgpu::Buffer,
    /// Statistics.
    pub statistics: wgpu::Buffer,
    /// Rows of the minibatches.
    pub order: wgpu::Buffer,
    /// Gradient, norms, moments.
    pub optimizer: wgpu::Buffer,
    sizes: Sizes,
    calls: wgpu::Buffer,
    stride: usize,
    collect: wgpu::BindGroup,
    learn: wgpu::BindGroup,
    pipelines: [wgpu::ComputePipeline; 6],
    launches: AtomicU64,
}

impl Deref for OnDevice {
    type Target = Transfer;

    fn deref(&self) -> &Transfer {
        &self.transfer
    }
}

impl OnDevice {
    /// Makes everything; the sizes were checked.
    ///
    /// # Errors
    /// Those of the device.
    pub fn new(context: Arc<GpuContext>, env: &DeviceBuffers, plan: &Plan, sizes: Sizes, calls: usize) -> Result<Self> {
        use wgpu::BufferUsages as Usage;
        let storage = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
        let uniform = Usage::UNIFORM | Usage::COPY_DST;
        let stride =
            size_of::<Call>().next_multiple_of(context.info.limits.min_uniform_buffer_offset_alignment as usize);
        let parameters = context.buffer("the parameters of the network", plan.parameters as usize, storage)?;
        let observations = context.buffer("the recorded observations", sizes.observations, storage)?;
        let record = context.buffer("the recorded rollout", sizes.record, storage)?;
        let scratch = context.buffer("the activations", sizes.scratch, storage)?;
        let statistics = context.buffer("the statistics", sizes.statistics, storage)?;
        let order = context.buffer("the minibatches", sizes.order, storage)?;
        let partials = context.buffer("the partial gradients", sizes.partials, storage)?;
        let optimizer = context.buffer("the optimiser", sizes.optimizer, storage)?;
        let plan_buffer = context.buffer("the plan", size_of::<Plan>() / 4, uniform)?;
        let call_buffer = context.buffer("the calls", calls * stride / 4, uniform)?;
        let (collect, learn, pipelines) = context.guard("make the learner's kernels", || {
            let device = &context.device;
            context.queue.write_buffer(&plan_buffer, 0, bytemuck::bytes_of(plan));
            let first = [&call_buffer, &plan_buffer, &parameters, &observations, &record, &scratch, &statistics];
            let bind = |layout: &wgpu::BindGroupLayout, rest: &[&wgpu::Buffer]| {
                let entries: Vec<_> = (0..)
                    .zip(first.iter().chain(rest))
                    .map(|(binding, buffer)| wgpu::BindGroupEntry {
                        binding,
                        resource: if binding == 0 {
                            let size = std::num::NonZero::new(size_of::<Call>() as u64);
                            wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset: 0, size })
                        } else {
                            buffer.as_entire_binding()
                        },
                    })
                    .collect();
                device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
            };
            let collecting = layout(device, &[true, false]);
            let learning = layout(device, &[true, false, false]);
            let groups =
                (bind(&collecting, &[&env.outputs, &env.actions]), bind(&learning, &[&order, &partials, &optimizer]));
            let pipelines = [
                (&collecting, ACT, "act"),
                (&collecting, RETURNS, "returns"),
                (&learning, GRADIENT, "moments"),
                (&learning, GRADIENT, "gradient"),
                (&learning, UPDATE, "reduce"),
                (&learning, UPDATE, "adam"),
            ]
            .map(|(layout, source, entry)| pipeline(device, layout, source, entry));
            (groups.0, groups.1, pipelines)
        })?;
        Ok(Self {
            transfer: Transfer::new(context),
            parameters,
            record,
            statistics,
            order,
            optimizer,
            sizes,
            calls: call_buffer,
            stride,
            collect,
            learn,
            pipelines,
            launches: AtomicU64::new(0),
        })
    }

    /// Writes the calls of an iteration.
    ///
    /// # Errors
    /// Those of the device.
    pub fn write_calls(&self, calls: &[Call]) -> Result<()> {
        let mut bytes = vec![0; calls.len() * self.stride];
        for (slot, call) in bytes.chunks_exact_mut(self.stride).zip(calls) {
            slot[..size_of::<Call>()].copy_from_slice(bytemuck::bytes_of(call));
        }
        self.write(&self.calls, 0, bytemuck::cast_slice(&bytes))
    }

    /// Records one launch of a kernel with call number `call`.
    pub fn encode(&self, encoder: &mut wgpu::CommandEncoder, kernel: Kernel, call: usize) {
        let s = &self.sizes;
        let most = self.context.info.limits.max_compute_workgroups_per_dimension;
        let fold = |groups: usize| (most.min(groups as u32), (groups as u32).div_ceil(most.min(groups as u32)));
        let towers = s.towers as u32;
        let ((x, y), group) = match kernel {
            Kernel::Act => ((s.act_groups as u32, towers), &self.collect),
            Kernel::Returns => ((s.return_groups as u32, 1), &self.collect),
            Kernel::Moments => ((s.updates as u32, 1), &self.learn),
            Kernel::Gradient => ((s.partial_groups as u32, towers), &self.learn),
            Kernel::Reduce | Kernel::Adam => (fold(s.parameter_groups), &self.learn),
        };
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&self.pipelines[kernel as usize]);
        pass.set_bind_group(0, group, &[(call * self.stride) as u32]);
        pass.dispatch_workgroups(x, y, 1);
        self.count_launch();
    }

    /// Counts a launch that someone else encoded.
    pub fn count_launch(&self) {
        self.launches.fetch_add(1, Ordering::Relaxed);
    }

    /// Launches so far.
    pub fn launches(&self) -> u64 {
        self.launches.load(Ordering::Relaxed)
    }

    /// Both moments of the optimiser, in its buffer.
    pub fn moments(&self) -> Piece<'_> {
        let parameters = (self.parameters.size() / 4) as usize;
        let at = parameters + SUMS + (parameters + SUMS).div_ceil(THREADS);
        Piece { buffer: &self.optimizer, at, words: 2 * parameters }
    }
}

/// Bindings 0 to 6 of common.wgsl, then storage buffers, read-only or not.
fn layout(device: &wgpu::Device, rest: &[bool]) -> wgpu::BindGroupLayout {
    let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
    let mut types = vec![wgpu::BufferBindingType::Uniform; 2];
    types.extend([storage(false); 5]);
    types.extend(rest.iter().map(|&read_only| storage(read_only)));
    let entries: Vec<_> = (0..)
        .zip(types)
        .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: binding == 0, min_binding_size: None },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries })
}

fn pipeline(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    source: &str,
    entry: &'static str,
) -> wgpu::ComputePipeline {
    let maths = &shadergym_shaders::library().modules["math"];
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(entry),
        source: wgpu::ShaderSource::Wgsl(format!("{maths}{SHARED}{COMMON}{source}").into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(entry),
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(entry),
        layout: Some(&layout),
        module: &module,
        entry_point: Some(entry),
        compilation_options: Default::default(),
        cache: None,
    })
}
