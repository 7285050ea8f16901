//! Buffers, kernel and dispatches of streams.

use shadergym_envs::gpu::{DeviceBuffers, OnDevice};

use super::super::transfer::{Piece, Transfer};
use super::plan::{ITERATION, Plan, told};
use crate::error::{Error, Result};

/// What lies on the device.
pub struct StreamDevice {
    pub transfer: Transfer,
    /// Of the environments.
    pub env: DeviceBuffers,
    plan: wgpu::Buffer,
    pub members: wgpu::Buffer,
    values: wgpu::Buffer,
    told: wgpu::Buffer,
    groups: [wgpu::BindGroup; 2],
    pipeline: wgpu::ComputePipeline,
}

/// Everything that lasts, on the host.
pub struct Image {
    /// Options and memories of the members, then the table of observations.
    pub members: Vec<u32>,
    /// `[members, 2, parameters]`, bits of weights and traces.
    pub values: Vec<u32>,
    /// `[words, members]` of the environments, and their pending parameters.
    pub instances: Vec<u32>,
    pub pending: Vec<u32>,
}

impl StreamDevice {
    /// Makes everything for environments that are on the device; None if they keep large values in memory.
    ///
    /// # Errors
    /// Those of the device; [`Error::TooLarge`].
    pub fn new(env: &OnDevice<'_>, plan: &Plan, member_words: usize, text: &str) -> Result<Option<Self>> {
        use wgpu::BufferUsages as Usage;
        let context = env.context().clone();
        let storage = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
        let bindings = context.guard("make the bindings of streams", || layout(&context.device))?;
        let Some(pipeline) = env.learner_pipeline(text, "kernel_stream_learn", &bindings)? else { return Ok(None) };
        let members = plan.members as usize;
        let told_words = members * (told::HEADER + ITERATION as usize * plan.episode_words as usize);
        let value_words = members * 2 * plan.parameters as usize;
        let buffer = |what: &str, words: usize, usage| {
            // Indices in the kernel are 32 bits.
            if words > u32::MAX as usize {
                let (needed, available) = (4 * words as u64, 4 * u64::from(u32::MAX));
                let advice = "use fewer members".to_owned();
                return Err(Error::TooLarge { what: what.to_owned(), needed, available, advice });
            }
            Ok(context.buffer(what, words, usage)?)
        };
        let plan_buffer = buffer("the plan", size_of::<Plan>() / 4, Usage::UNIFORM | Usage::COPY_DST)?;
        let member_buffer = buffer("the members", member_words, storage)?;
        let values = buffer("the parameters and traces of the members", value_words, storage)?;
        let told = buffer("what the members tell", told_words, storage)?;
        let group = context.guard("bind the members", || {
            let buffers = [&plan_buffer, &member_buffer, &values, &told];
            let entries: Vec<_> = (0..)
                .zip(buffers)
                .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
                .collect();
            let descriptor = wgpu::BindGroupDescriptor { label: Some("streams"), layout: &bindings, entries: &entries };
            context.device.create_bind_group(&descriptor)
        })?;
        Ok(Some(Self {
            transfer: Transfer::new(context.clone()),
            env: env.buffers(),
            plan: plan_buffer,
            members: member_buffer,
            values,
            told,
            groups: [env.bind_group().clone(), group],
            pipeline,
        }))
    }

    /// Submits dispatches of the plan's steps.
    ///
    /// # Errors
    /// Those of the device.
    pub fn run(&self, plan: &Plan, dispatches: usize) -> Result<()> {
        self.transfer.write(&self.plan, 0, bytemuck::cast_slice(std::slice::from_ref(plan)))?;
        self.transfer.write(&self.told, 0, &vec![0; plan.members as usize * told::HEADER])?;
        let most = self.transfer.context.info.limits.max_compute_workgroups_per_dimension;
        let x = plan.members.min(most);
        self.transfer.submit(|encoder| {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&self.pipeline);
            for (index, group) in (0..).zip(&self.groups) {
                pass.set_bind_group(index, group, &[]);
            }
            (0..dispatches).for_each(|_| pass.dispatch_workgroups(x, plan.members.div_ceil(x), 1));
            Ok(())
        })
    }

    /// Headers of all members `[members, HEADER]`, and their first episodes `[rows, members, episode words]`.
    ///
    /// # Errors
    /// Those of the device.
    pub fn told(&self, plan: &Plan, rows: usize) -> Result<(Vec<u32>, Vec<u32>)> {
        let header = plan.members as usize * told::HEADER;
        let words = header + rows * (plan.members * plan.episode_words) as usize;
        let mut read = self.transfer.read(&[Piece { buffer: &self.told, at: 0, words }])?.swap_remove(0);
        let episodes = read.split_off(header);
        Ok((read, episodes))
    }

    /// Further episodes of all members.
    ///
    /// # Errors
    /// Those of the device.
    pub fn episodes(&self, plan: &Plan, rows: std::ops::Range<usize>) -> Result<Vec<u32>> {
        let row = (plan.members * plan.episode_words) as usize;
        let at = plan.members as usize * told::HEADER + rows.start * row;
        Ok(self.transfer.read(&[Piece { buffer: &self.told, at, words: rows.len() * row }])?.swap_remove(0))
    }

    fn kept(&self) -> [&wgpu::Buffer; 4] {
        [&self.members, &self.values, &self.env.instances, &self.env.pending]
    }

    /// Reads everything that lasts.
    ///
    /// # Errors
    /// Those of the device.
    pub fn image(&self) -> Result<Image> {
        let pieces = self.kept().map(|buffer| Piece { buffer, at: 0, words: (buffer.size() / 4) as usize });
        let read = self.transfer.read(&pieces)?;
        let [members, values, instances, pending] = <[_; 4]>::try_from(read).expect("four pieces");
        Ok(Image { members, values, instances, pending })
    }

    /// Writes it back.
    ///
    /// # Errors
    /// Those of the device.
    pub fn upload(&self, image: &Image) -> Result<()> {
        let words = [&image.members, &image.values, &image.instances, &image.pending];
        self.kept().into_iter().zip(words).try_for_each(|(buffer, words)| self.transfer.write(buffer, 0, words))
    }
}

/// Group 1 of common.wgsl.
fn layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let storage = wgpu::BufferBindingType::Storage { read_only: false };
    let types = [wgpu::BufferBindingType::Uniform, storage, storage, storage];
    let entries: Vec<_> = (0..)
        .zip(types)
        .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some("streams"), entries: &entries })
}
