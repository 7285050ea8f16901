//! The entry to the machine's graphics interfaces.

/// A fresh instance. Native interfaces only: OpenGL would list every Vulkan device twice.
pub(super) fn instance() -> wgpu::Instance {
    #[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
    if let Some(instance) = vulkan_without_wayland() {
        return instance;
    }
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    descriptor.flags = wgpu::InstanceFlags::empty();
    wgpu::Instance::new(descriptor)
}

/// Vulkan without the extension for windows on Wayland, which wgpu always asks for. With it Mesa connects to a
/// compositor each time devices are listed, to see which of them shows the screen, and where there is none its library
/// writes an error to the standard error of whoever uses this crate.
#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
fn vulkan_without_wayland() -> Option<wgpu::Instance> {
    use wgpu::hal;
    let descriptor = hal::InstanceDescriptor {
        name: "shadergym",
        flags: wgpu::InstanceFlags::empty(),
        memory_budget_thresholds: wgpu::MemoryBudgetThresholds::default(),
        backend_options: wgpu::BackendOptions::default(),
        telemetry: None,
        display: None,
    };
    let callback: Box<hal::vulkan::CreateInstanceCallback<'_>> =
        Box::new(|made| made.extensions.retain(|name| *name != c"VK_KHR_wayland_surface"));
    // SAFETY: nothing is added. wgpu asks callers to remove nothing either, since it would then call functions that are
    // not there; those of this extension it calls to make a surface only, after a look at this same list, and this
    // crate makes no surfaces.
    let instance = unsafe { hal::vulkan::Instance::init_with_callback(&descriptor, Some(callback)) }.ok()?;
    // SAFETY: the instance was made above, and nobody else has it.
    Some(unsafe { wgpu::Instance::from_hal::<hal::api::Vulkan>(instance) })
}
