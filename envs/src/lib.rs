//! Reinforcement-learning environments as WGSL compute shaders.

mod backend;
mod error;

pub use backend::AutoresetMode;
pub use error::{Error, Result};

#[cfg(feature = "gpu")]
pub mod gpu {
    //! GPU back end: adapters, shared devices, buffers for learners on the device, environments of the user's own.
    pub use crate::backend::gpu::{
        AdapterInfo, DeviceBuffers, GpuContext, OnDevice, Region, UserEnvironment, adapters, select_adapter,
    };
}
