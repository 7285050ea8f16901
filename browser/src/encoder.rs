//! Command encoders and compute passes: lists of commands that grow.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use wgpu::custom::*;

use crate::buffer::Buffer;
use crate::device::{Bound, Object, unsupported};

/// The commands of one encoder, and the objects that they name, which must live until they are submitted.
#[derive(Debug, Default)]
struct Recording {
    commands: Vec<Value>,
    objects: Vec<Arc<Object>>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Encoder(Arc<Mutex<Recording>>);

impl Encoder {
    fn record(&self, command: Value, objects: impl IntoIterator<Item = Arc<Object>>) {
        let mut recording = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recording.commands.push(command);
        recording.objects.extend(objects);
    }
}

fn buffer(buffer: &DispatchBuffer) -> &Arc<Object> {
    &buffer.as_custom::<Buffer>().expect("a buffer of this device").object
}

impl CommandEncoderInterface for Encoder {
    fn copy_buffer_to_buffer(
        &self,
        source: &DispatchBuffer,
        source_offset: u64,
        destination: &DispatchBuffer,
        destination_offset: u64,
        copy_size: Option<u64>,
    ) {
        let (from, to) = (buffer(source), buffer(destination));
        let size = copy_size.unwrap_or_else(|| source.as_custom::<Buffer>().map_or(0, |b| b.size) - source_offset);
        let copy = json!({"from": from.id, "fromOffset": source_offset, "to": to.id, "toOffset": destination_offset, "size": size});
        self.record(json!({ "copy": copy }), [from.clone(), to.clone()]);
    }

    fn clear_buffer(&self, cleared: &DispatchBuffer, offset: u64, size: Option<u64>) {
        let object = buffer(cleared);
        let clear = json!({"buffer": object.id, "offset": offset, "size": size});
        self.record(json!({ "clear": clear }), [object.clone()]);
    }

    fn begin_compute_pass(&self, _: &wgpu::ComputePassDescriptor<'_>) -> DispatchComputePass {
        DispatchComputePass::custom(Pass { encoder: self.clone(), steps: Vec::new(), objects: Vec::new() })
    }

    fn finish(&mut self) -> DispatchCommandBuffer {
        DispatchCommandBuffer::custom(Commands(std::mem::take(self)))
    }

    fn insert_debug_marker(&self, _: &str) {}
    fn push_debug_group(&self, _: &str) {}
    fn pop_debug_group(&self) {}

    fn copy_buffer_to_texture(
        &self,
        _: wgpu::TexelCopyBufferInfo<'_>,
        _: wgpu::TexelCopyTextureInfo<'_>,
        _: wgpu::Extent3d,
    ) {
        unsupported("textures")
    }

    fn copy_texture_to_buffer(
        &self,
        _: wgpu::TexelCopyTextureInfo<'_>,
        _: wgpu::TexelCopyBufferInfo<'_>,
        _: wgpu::Extent3d,
    ) {
        unsupported("textures")
    }

    fn copy_texture_to_texture(
        &self,
        _: wgpu::TexelCopyTextureInfo<'_>,
        _: wgpu::TexelCopyTextureInfo<'_>,
        _: wgpu::Extent3d,
    ) {
        unsupported("textures")
    }

    fn clear_texture(&self, _: &DispatchTexture, _: &wgpu::ImageSubresourceRange) {
        unsupported("textures")
    }

    fn begin_render_pass(&self, _: &wgpu::RenderPassDescriptor<'_>) -> DispatchRenderPass {
        unsupported("render passes")
    }

    fn write_timestamp(&self, _: &DispatchQuerySet, _: u32) {
        unsupported("queries")
    }

    fn resolve_query_set(&self, _: &DispatchQuerySet, _: u32, _: u32, _: &DispatchBuffer, _: u64) {
        unsupported("queries")
    }

    fn mark_acceleration_structures_built<'a>(
        &self,
        _: &mut dyn Iterator<Item = &'a wgpu::Blas>,
        _: &mut dyn Iterator<Item = &'a wgpu::Tlas>,
    ) {
        unsupported("acceleration structures")
    }

    fn build_acceleration_structures<'a>(
        &self,
        _: &mut dyn Iterator<Item = &'a wgpu::BlasBuildEntry<'a>>,
        _: &mut dyn Iterator<Item = &'a wgpu::Tlas>,
    ) {
        unsupported("acceleration structures")
    }

    fn transition_resources<'a>(
        &mut self,
        _: &mut dyn Iterator<Item = wgpu::wgt::BufferTransition<&'a DispatchBuffer>>,
        _: &mut dyn Iterator<Item = wgpu::wgt::TextureTransition<&'a DispatchTexture>>,
    ) {
        unsupported("transitions by hand")
    }
}

/// A finished encoder.
#[derive(Debug)]
pub(crate) struct Commands(Encoder);

impl Commands {
    /// The commands; the objects go once they are queued.
    pub fn take(&self) -> (Vec<Value>, Vec<Arc<Object>>) {
        let mut recording = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut recording.commands), std::mem::take(&mut recording.objects))
    }
}

impl CommandBufferInterface for Commands {}

/// A compute pass; it joins the encoder's commands when it ends.
#[derive(Debug)]
struct Pass {
    encoder: Encoder,
    steps: Vec<Value>,
    objects: Vec<Arc<Object>>,
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.encoder.record(json!({ "pass": std::mem::take(&mut self.steps) }), std::mem::take(&mut self.objects));
    }
}

impl ComputePassInterface for Pass {
    fn set_pipeline(&mut self, pipeline: &DispatchComputePipeline) {
        let bound = pipeline.as_custom::<Bound>().expect("a pipeline of this device");
        self.steps.push(json!({ "pipeline": bound.object.id }));
        self.objects.push(bound.object.clone());
    }

    fn set_bind_group(&mut self, index: u32, group: Option<&DispatchBindGroup>, offsets: &[u32]) {
        let bound = group.and_then(|g| g.as_custom::<Bound>()).expect("a bind group of this device");
        self.steps.push(json!({"group": bound.object.id, "index": index, "offsets": offsets}));
        self.objects.push(bound.object.clone());
        self.objects.extend(bound.holds.iter().cloned());
    }

    fn dispatch_workgroups(&mut self, x: u32, y: u32, z: u32) {
        self.steps.push(json!({ "workgroups": [x, y, z] }));
    }

    fn insert_debug_marker(&mut self, _: &str) {}
    fn push_debug_group(&mut self, _: &str) {}
    fn pop_debug_group(&mut self) {}

    fn set_immediates(&mut self, _: u32, _: &[u8]) {
        unsupported("immediates")
    }

    fn write_timestamp(&mut self, _: &DispatchQuerySet, _: u32) {
        unsupported("queries")
    }

    fn begin_pipeline_statistics_query(&mut self, _: &DispatchQuerySet, _: u32) {
        unsupported("queries")
    }

    fn end_pipeline_statistics_query(&mut self) {
        unsupported("queries")
    }

    fn dispatch_workgroups_indirect(&mut self, _: &DispatchBuffer, _: u64) {
        unsupported("indirect dispatches")
    }

    fn transition_resources<'a>(
        &mut self,
        _: &mut dyn Iterator<Item = wgpu::wgt::BufferTransition<&'a DispatchBuffer>>,
        _: &mut dyn Iterator<Item = wgpu::wgt::TextureTransition<&'a DispatchTextureView>>,
    ) {
        unsupported("transitions by hand")
    }
}
