//! The interfaces of wgpu for instance and adapter.

use std::future::ready;
use std::pin::Pin;

use serde_json::json;
use wgpu::custom::*;

use crate::device::{Device, unsupported};
use crate::session::Session;

/// wgpu's entry to the one browser of the process.
#[derive(Debug)]
pub(crate) struct Instance;

impl InstanceInterface for Instance {
    fn new(_: wgpu::InstanceDescriptor) -> Self {
        Self
    }

    unsafe fn create_surface(&self, _: wgpu::SurfaceTargetUnsafe) -> Result<DispatchSurface, wgpu::CreateSurfaceError> {
        unsupported("surfaces")
    }

    fn request_adapter(&self, _: &wgpu::RequestAdapterOptions<'_, '_>) -> Pin<Box<dyn RequestAdapterFuture>> {
        // The only error that can be made outside wgpu; nothing here requests an adapter where there is none.
        let found = Adapter::new().map(DispatchAdapter::custom);
        Box::pin(ready(found.map_err(|_| wgpu::RequestAdapterError::EnvNotSet)))
    }

    fn poll_all_devices(&self, _: bool) -> bool {
        if let Ok(session) = Session::shared() {
            session.flush();
        }
        true
    }

    fn wgsl_language_features(&self) -> wgpu::WgslLanguageFeatures {
        wgpu::WgslLanguageFeatures::empty()
    }

    fn enumerate_adapters(&self, _: wgpu::Backends) -> Pin<Box<dyn EnumerateAdapterFuture>> {
        let found = Adapter::new().inspect_err(|message| eprintln!("no browser: {message}"));
        Box::pin(ready(found.map(DispatchAdapter::custom).into_iter().collect::<Vec<_>>()))
    }
}

/// The browser's adapter, and the device that it gives.
#[derive(Debug, Clone)]
pub(crate) struct Adapter {
    pub session: &'static Session,
    info: wgpu::AdapterInfo,
}

impl Adapter {
    fn new() -> Result<Self, String> {
        let session = Session::shared()?;
        let found = session.call(0, json!({"op": "adapter"}))?;
        let kind = if found["software"] == true { wgpu::DeviceType::Cpu } else { wgpu::DeviceType::Other };
        let mut info = wgpu::AdapterInfo::new(kind, wgpu::Backend::BrowserWebGpu);
        info.name = format!("browser {}", found["name"].as_str().unwrap_or("of no name"));
        Ok(Self { session, info })
    }
}

impl AdapterInterface for Adapter {
    fn request_device(&self, _: &wgpu::DeviceDescriptor<'_>) -> Pin<Box<dyn RequestDeviceFuture>> {
        let device = Device { adapter: self.clone(), id: self.session.id() };
        let opened = self.session.call(device.id, json!({"op": "device", "id": device.id}));
        let handles = opened.map(|_| (DispatchDevice::custom(device.clone()), DispatchQueue::custom(device)));
        Box::pin(ready(handles.map_err(wgpu::RequestDeviceError::from_message)))
    }

    fn is_surface_supported(&self, _: &DispatchSurface) -> bool {
        false
    }

    fn features(&self) -> wgpu::Features {
        wgpu::Features::empty()
    }

    fn limits(&self) -> wgpu::Limits {
        // The defaults are WebGPU's, and the page asks for no more.
        wgpu::Limits::default()
    }

    fn downlevel_capabilities(&self) -> wgpu::DownlevelCapabilities {
        wgpu::DownlevelCapabilities::default()
    }

    fn get_info(&self) -> wgpu::AdapterInfo {
        self.info.clone()
    }

    fn get_texture_format_features(&self, _: wgpu::TextureFormat) -> wgpu::TextureFormatFeatures {
        unsupported("textures")
    }

    fn get_presentation_timestamp(&self) -> wgpu::PresentationTimestamp {
        wgpu::PresentationTimestamp::INVALID_TIMESTAMP
    }

    fn cooperative_matrix_properties(&self) -> Vec<wgpu::wgt::CooperativeMatrixProperties> {
        Vec::new()
    }
}
