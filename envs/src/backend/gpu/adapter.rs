//! Which GPUs there are, and which of them a batch gets.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// One adapter that wgpu reaches on this machine.
#[derive(Debug, Clone)]
pub struct AdapterInfo {
    /// Position in [`adapters`]; `gpu:<index>` selects it.
    pub index: usize,
    /// Name given by the driver, e.g. `llvmpipe (LLVM 15.0.7, 256 bits)`.
    pub name: String,
    /// Graphics interface, e.g. `vulkan`.
    pub backend: wgpu::Backend,
    /// Driver and its version; either may be missing.
    pub driver: String,
    /// Discrete, integrated, virtual, software (`Cpu`) or unknown (`Other`).
    pub device_type: wgpu::DeviceType,
    /// What the adapter can hold; the sizes are bytes.
    pub limits: wgpu::Limits,
}

impl AdapterInfo {
    /// A rasteriser that runs on the CPU (lavapipe, WARP, SwiftShader). `Device::Auto` never picks one.
    pub fn is_software(&self) -> bool {
        self.device_type == wgpu::DeviceType::Cpu
    }

    /// Bytes that one buffer of a batch may take.
    pub fn max_buffer_bytes(&self) -> u64 {
        self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size)
    }

    fn new(index: usize, adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let driver =
            [info.driver, info.driver_info].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ");
        Self {
            index,
            name: info.name,
            backend: info.backend,
            driver,
            device_type: info.device_type,
            limits: adapter.limits(),
        }
    }

    /// Smaller is better.
    fn rank(&self) -> u8 {
        match self.device_type {
            wgpu::DeviceType::DiscreteGpu => 0,
            wgpu::DeviceType::IntegratedGpu => 1,
            wgpu::DeviceType::VirtualGpu => 2,
            wgpu::DeviceType::Other => 3,
            wgpu::DeviceType::Cpu => 4,
        }
    }
}

impl fmt::Display for AdapterInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete GPU",
            wgpu::DeviceType::IntegratedGpu => "integrated GPU",
            wgpu::DeviceType::VirtualGpu => "virtual GPU",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "unknown kind",
        };
        write!(f, "gpu:{} {} ({}, {kind}, {})", self.index, self.name, self.backend, self.driver)
    }
}

/// What [`adapters`] found.
static FOUND: Mutex<Vec<AdapterInfo>> = Mutex::new(Vec::new());
/// Instances beside the one of the native interfaces.
static FURTHER: Mutex<Vec<fn() -> wgpu::Instance>> = Mutex::new(Vec::new());

/// Lists the adapters of one more instance behind the native ones from now on: tests run the back end on other
/// implementations of WebGPU.
#[doc(hidden)]
pub fn add_instance(make: fn() -> wgpu::Instance) {
    FURTHER.lock().unwrap_or_else(PoisonError::into_inner).push(make);
    FOUND.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// All adapters of this machine, in a stable order. Empty where there is no driver. The first call that finds any costs
/// some milliseconds; its list is kept for the life of the process.
pub fn adapters() -> Vec<AdapterInfo> {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if found.is_empty() {
        *found = enumerate().iter().enumerate().map(|(index, (_, adapter))| AdapterInfo::new(index, adapter)).collect();
    }
    found.clone()
}

/// The adapter that `selector` means: a number is an index into [`adapters`], other text is part of the name
/// (upper and lower case alike), None is the best hardware, or the software one where there is nothing else.
///
/// # Errors
/// [`Error::NoAdapter`], which lists what was found.
pub fn select_adapter(selector: Option<&str>) -> Result<AdapterInfo> {
    select(adapters(), selector)
}

/// The best adapter that is not software. `Device::Auto` takes this one or none.
pub fn hardware_adapter() -> Option<AdapterInfo> {
    adapters().into_iter().filter(|adapter| !adapter.is_software()).min_by_key(AdapterInfo::rank)
}

fn select(found: Vec<AdapterInfo>, selector: Option<&str>) -> Result<AdapterInfo> {
    let selector = selector.map(str::trim).filter(|s| !s.is_empty());
    let chosen = match selector {
        Some(text) => match text.parse::<usize>() {
            Ok(index) => found.get(index),
            Err(_) => {
                let wanted = text.to_lowercase();
                found.iter().filter(|a| a.name.to_lowercase().contains(&wanted)).min_by_key(|a| a.rank())
            }
        },
        None => found.iter().min_by_key(|a| a.rank()),
    };
    chosen.cloned().ok_or_else(|| Error::NoAdapter {
        wanted: selector.map_or("gpu".to_owned(), |s| format!("gpu:{s}")),
        found: match found.as_slice() {
            [] => "none".to_owned(),
            all => all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        },
    })
}

/// All adapters, each with the instance that it comes from.
pub(super) fn enumerate() -> Vec<(wgpu::Instance, wgpu::Adapter)> {
    let further = FURTHER.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let instances = std::iter::once(super::instance::instance()).chain(further.into_iter().map(|make| make()));
    let of_instance = |instance: wgpu::Instance| {
        let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
        adapters.into_iter().map(move |adapter| (instance.clone(), adapter))
    };
    instances.flat_map(of_instance).collect()
}

/// The info of an adapter of [`enumerate`].
pub(super) fn info(index: usize, adapter: &wgpu::Adapter) -> AdapterInfo {
    AdapterInfo::new(index, adapter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(index: usize, name: &str, device_type: wgpu::DeviceType) -> AdapterInfo {
        AdapterInfo {
            index,
            name: name.to_owned(),
            backend: wgpu::Backend::Vulkan,
            driver: "test 1.0".to_owned(),
            device_type,
            limits: wgpu::Limits::default(),
        }
    }

    fn machine() -> Vec<AdapterInfo> {
        vec![
            adapter(0, "llvmpipe (LLVM 15)", wgpu::DeviceType::Cpu),
            adapter(1, "Intel Iris", wgpu::DeviceType::IntegratedGpu),
            adapter(2, "GeForce", wgpu::DeviceType::DiscreteGpu),
        ]
    }

    #[test]
    fn hardware_is_preferred_and_software_can_be_asked_for() {
        for (selector, expected) in [(None, 2), (Some("1"), 1), (Some("LLVM"), 0), (Some("iris"), 1), (Some(""), 2)] {
            assert_eq!(select(machine(), selector).unwrap().index, expected, "{selector:?}");
        }
        let only_software = vec![adapter(0, "llvmpipe", wgpu::DeviceType::Cpu)];
        assert!(select(only_software, None).unwrap().is_software());
    }

    #[test]
    fn a_missing_adapter_is_named_with_those_found() {
        let text = select(machine(), Some("radeon")).unwrap_err().to_string();
        assert!(text.contains("gpu:radeon") && text.contains("gpu:2 GeForce") && text.contains("llvmpipe"), "{text}");
        let text = select(machine(), Some("7")).unwrap_err().to_string();
        assert!(text.contains("gpu:7"), "{text}");
        let text = select(Vec::new(), None).unwrap_err().to_string();
        assert!(text.contains("found: none") && text.contains("mesa-vulkan-drivers"), "{text}");
    }
}
