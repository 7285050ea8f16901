//! The interfaces of wgpu for device and queue. Whatever is no compute panics by name.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Value, json};
use wgpu::custom::*;

use crate::adapter::Adapter;
use crate::buffer::Buffer;
use crate::encoder::{Commands, Encoder};
use crate::session::{Mapped, Session};

/// Ends a call of something that no kernel needs.
pub(crate) fn unsupported(what: &str) -> ! {
    unimplemented!("the browser's device is for compute only: it has no {what}")
}

/// One object of the page; it goes when the last handle goes.
#[derive(Debug)]
pub(crate) struct Object {
    pub session: &'static Session,
    pub device: u64,
    pub id: u64,
}

impl Drop for Object {
    fn drop(&mut self) {
        self.session.push(self.device, json!({"op": "drop", "object": self.id}));
    }
}

/// An object with those that it needs to live: layouts, bind groups, pipelines, modules.
#[derive(Debug)]
pub(crate) struct Bound {
    pub object: Arc<Object>,
    pub holds: Vec<Arc<Object>>,
}

impl BindGroupLayoutInterface for Bound {}
impl BindGroupInterface for Bound {}
impl PipelineLayoutInterface for Bound {}

impl ComputePipelineInterface for Bound {
    fn get_bind_group_layout(&self, _: u32) -> DispatchBindGroupLayout {
        unsupported("layouts derived from pipelines")
    }
}

impl ShaderModuleInterface for Bound {
    fn get_compilation_info(&self) -> Pin<Box<dyn ShaderCompilationInfoFuture>> {
        unsupported("compilation info of modules: use `check`")
    }
}

/// A device and its queue.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub adapter: Adapter,
    pub id: u64,
}

impl Device {
    /// Makes an object of the page.
    fn make(&self, mut command: Value) -> Arc<Object> {
        let session = self.adapter.session;
        let id = session.id();
        command["id"] = id.into();
        session.push(self.id, command);
        Arc::new(Object { session, device: self.id, id })
    }

    fn bound(&self, command: Value, holds: Vec<Arc<Object>>) -> Bound {
        Bound { object: self.make(command), holds }
    }
}

/// A handle's object; every handle that comes in was made by this device.
macro_rules! object {
    ($handle:expr, $kind:ty) => {
        &$handle.as_custom::<$kind>().expect("an object of this device").object
    };
}

impl DeviceInterface for Device {
    fn features(&self) -> wgpu::Features {
        self.adapter.features()
    }

    fn limits(&self) -> wgpu::Limits {
        self.adapter.limits()
    }

    fn adapter_info(&self) -> wgpu::AdapterInfo {
        self.adapter.get_info()
    }

    fn create_shader_module(
        &self,
        desc: wgpu::ShaderModuleDescriptor<'_>,
        _: wgpu::ShaderRuntimeChecks,
    ) -> DispatchShaderModule {
        let wgpu::ShaderSource::Wgsl(code) = desc.source else { unsupported("modules other than WGSL") };
        DispatchShaderModule::custom(self.bound(json!({"op": "module", "code": code}), Vec::new()))
    }

    fn create_bind_group_layout(&self, desc: &wgpu::BindGroupLayoutDescriptor<'_>) -> DispatchBindGroupLayout {
        let entry = |entry: &wgpu::BindGroupLayoutEntry| {
            let wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size } = entry.ty else {
                unsupported("bindings other than buffers")
            };
            let kind = match ty {
                wgpu::BufferBindingType::Uniform => "uniform",
                wgpu::BufferBindingType::Storage { read_only: true } => "read-only-storage",
                wgpu::BufferBindingType::Storage { read_only: false } => "storage",
            };
            let size = min_binding_size.map_or(0, |size| size.get());
            let buffer = json!({"type": kind, "hasDynamicOffset": has_dynamic_offset, "minBindingSize": size});
            json!({"binding": entry.binding, "visibility": entry.visibility.bits(), "buffer": buffer})
        };
        let entries: Vec<Value> = desc.entries.iter().map(entry).collect();
        let command = json!({"op": "groupLayout", "entries": entries});
        DispatchBindGroupLayout::custom(self.bound(command, Vec::new()))
    }

    fn create_bind_group(&self, desc: &wgpu::BindGroupDescriptor<'_>) -> DispatchBindGroup {
        let layout = object!(desc.layout, Bound);
        let mut holds = vec![layout.clone()];
        let entry = |entry: &wgpu::BindGroupEntry<'_>| {
            let wgpu::BindingResource::Buffer(bound) = &entry.resource else {
                unsupported("bindings other than buffers")
            };
            let buffer = object!(bound.buffer, Buffer);
            holds.push(buffer.clone());
            json!({"binding": entry.binding, "buffer": buffer.id, "offset": bound.offset, "size": bound.size})
        };
        let entries: Vec<Value> = desc.entries.iter().map(entry).collect();
        let command = json!({"op": "group", "layout": layout.id, "entries": entries});
        DispatchBindGroup::custom(self.bound(command, holds))
    }

    fn create_pipeline_layout(&self, desc: &wgpu::PipelineLayoutDescriptor<'_>) -> DispatchPipelineLayout {
        let layouts: Vec<Option<Arc<Object>>> =
            desc.bind_group_layouts.iter().map(|layout| layout.map(|l| object!(l, Bound).clone())).collect();
        let groups: Vec<Option<u64>> = layouts.iter().map(|layout| layout.as_ref().map(|l| l.id)).collect();
        let command = json!({"op": "layout", "groups": groups});
        DispatchPipelineLayout::custom(self.bound(command, layouts.into_iter().flatten().collect()))
    }

    fn create_compute_pipeline(&self, desc: &wgpu::ComputePipelineDescriptor<'_>) -> DispatchComputePipeline {
        let layout = desc.layout.map(|l| object!(l, Bound).id);
        let constants: serde_json::Map<String, Value> =
            desc.compilation_options.constants.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
        let command = json!({
            "op": "pipeline",
            "layout": layout,
            "module": object!(desc.module, Bound).id,
            "entryPoint": desc.entry_point,
            "constants": constants,
        });
        DispatchComputePipeline::custom(self.bound(command, Vec::new()))
    }

    fn create_buffer(&self, desc: &wgpu::BufferDescriptor<'_>) -> DispatchBuffer {
        if desc.mapped_at_creation {
            unsupported("buffers mapped at creation");
        }
        let object = self.make(json!({"op": "buffer", "size": desc.size, "usage": desc.usage.bits()}));
        DispatchBuffer::custom(Buffer { object, size: desc.size, mapped: Mapped::default() })
    }

    fn create_command_encoder(&self, _: &wgpu::CommandEncoderDescriptor<'_>) -> DispatchCommandEncoder {
        DispatchCommandEncoder::custom(Encoder::default())
    }

    fn set_device_lost_callback(&self, callback: BoxDeviceLostCallback) {
        self.adapter.session.on_lost(self.id, callback);
    }

    fn on_uncaptured_error(&self, handler: Arc<dyn wgpu::UncapturedErrorHandler>) {
        self.adapter.session.on_uncaptured(self.id, handler);
    }

    fn push_error_scope(&self, filter: wgpu::ErrorFilter) -> u32 {
        self.adapter.session.push_scope(self.id, filter)
    }

    fn pop_error_scope(&self, index: u32) -> Pin<Box<dyn PopErrorScopeFuture>> {
        Box::pin(ready(self.adapter.session.pop_scope(self.id, index)))
    }

    fn poll(&self, poll_type: wgpu::wgt::PollType<u64>) -> Result<wgpu::PollStatus, wgpu::PollError> {
        if poll_type.is_wait() {
            self.adapter.session.push(self.id, json!({"op": "wait"}));
        }
        self.adapter.session.flush();
        Ok(wgpu::PollStatus::QueueEmpty)
    }

    fn destroy(&self) {
        self.adapter.session.push(self.id, json!({"op": "drop", "object": self.id}));
    }

    unsafe fn start_graphics_debugger_capture(&self) {}
    unsafe fn stop_graphics_debugger_capture(&self) {}

    fn get_internal_counters(&self) -> wgpu::InternalCounters {
        wgpu::InternalCounters::default()
    }

    fn generate_allocator_report(&self) -> Option<wgpu::AllocatorReport> {
        None
    }

    unsafe fn create_shader_module_passthrough(
        &self,
        _: &wgpu::ShaderModuleDescriptorPassthrough<'_>,
    ) -> DispatchShaderModule {
        unsupported("modules other than WGSL")
    }

    unsafe fn create_pipeline_cache(&self, _: &wgpu::PipelineCacheDescriptor<'_>) -> DispatchPipelineCache {
        unsupported("pipeline caches")
    }

    fn create_render_pipeline(&self, _: &wgpu::RenderPipelineDescriptor<'_>) -> DispatchRenderPipeline {
        unsupported("render pipelines")
    }

    fn create_mesh_pipeline(&self, _: &wgpu::MeshPipelineDescriptor<'_>) -> DispatchRenderPipeline {
        unsupported("render pipelines")
    }

    fn create_texture(&self, _: &wgpu::TextureDescriptor<'_>) -> DispatchTexture {
        unsupported("textures")
    }

    fn create_external_texture(
        &self,
        _: &wgpu::ExternalTextureDescriptor<'_>,
        _: &[&wgpu::TextureView],
    ) -> DispatchExternalTexture {
        unsupported("textures")
    }

    fn create_blas(
        &self,
        _: &wgpu::CreateBlasDescriptor<'_>,
        _: wgpu::BlasGeometrySizeDescriptors,
    ) -> (Option<u64>, DispatchBlas) {
        unsupported("acceleration structures")
    }

    fn create_tlas(&self, _: &wgpu::CreateTlasDescriptor<'_>) -> DispatchTlas {
        unsupported("acceleration structures")
    }

    fn create_sampler(&self, _: &wgpu::SamplerDescriptor<'_>) -> DispatchSampler {
        unsupported("samplers")
    }

    fn create_query_set(&self, _: &wgpu::QuerySetDescriptor<'_>) -> DispatchQuerySet {
        unsupported("queries")
    }

    fn create_render_bundle_encoder(&self, _: &wgpu::RenderBundleEncoderDescriptor<'_>) -> DispatchRenderBundleEncoder {
        unsupported("render bundles")
    }
}

impl QueueInterface for Device {
    fn write_buffer(&self, buffer: &DispatchBuffer, offset: u64, data: &[u8]) {
        use base64::Engine;
        let data = base64::engine::general_purpose::STANDARD.encode(data);
        let command = json!({"op": "write", "buffer": object!(buffer, Buffer).id, "offset": offset, "data": data});
        self.adapter.session.push(self.id, command);
    }

    fn submit(&self, buffers: &mut dyn Iterator<Item = DispatchCommandBuffer>) -> u64 {
        let (mut encoders, mut objects) = (Vec::new(), Vec::new());
        for buffer in buffers {
            let (commands, mut named) = buffer.as_custom::<Commands>().expect("a command buffer of this device").take();
            encoders.push(commands);
            objects.append(&mut named);
        }
        let session = self.adapter.session;
        session.push(self.id, json!({"op": "submit", "encoders": encoders}));
        // What is dropped now is dropped behind the submission.
        drop(objects);
        session.id()
    }

    fn get_timestamp_period(&self) -> f32 {
        1.0
    }

    fn on_submitted_work_done(&self, callback: BoxSubmittedWorkDoneCallback) {
        self.adapter.session.push(self.id, json!({"op": "wait"}));
        self.adapter.session.flush();
        callback();
    }

    fn create_staging_buffer(&self, _: wgpu::BufferSize) -> Option<DispatchQueueWriteBuffer> {
        unsupported("staging buffers")
    }

    fn validate_write_buffer(&self, _: &DispatchBuffer, _: u64, _: wgpu::BufferSize) -> Option<()> {
        unsupported("staging buffers")
    }

    fn write_staging_buffer(&self, _: &DispatchBuffer, _: u64, _: &DispatchQueueWriteBuffer) {
        unsupported("staging buffers")
    }

    fn write_texture(
        &self,
        _: wgpu::TexelCopyTextureInfo<'_>,
        _: &[u8],
        _: wgpu::TexelCopyBufferLayout,
        _: wgpu::Extent3d,
    ) {
        unsupported("textures")
    }

    fn compact_blas(&self, _: &DispatchBlas) -> (Option<u64>, DispatchBlas) {
        unsupported("acceleration structures")
    }

    fn present(&self, _: &DispatchSurfaceOutputDetail) {
        unsupported("surfaces")
    }
}
