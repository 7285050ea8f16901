//! Reinforcement-learning environments as WGSL compute shaders, stepped by the thousand on CPU SIMD lanes or any GPU.
//!
//! [`make`] gives a [`Batch`] of instances of one environment, which resets, steps, rolls out and renders them together:
//!
//! ```no_run
//! # fn main() -> shadergym_envs::Result<()> {
//! let mut batch = shadergym_envs::make("CartPole-v1", 4096)?;
//! batch.reset(7)?; // instance i is seeded with 7 + i
//! let view = batch.step(&vec![1u32; 4096])?;
//! println!("{:?} {:?}", view.observations().row(0).as_f32(), view.rewards()[0]);
//! let stats = batch.rollout(1000)?; // random play, drawn where the instances live
//! println!("{} transitions, mean return {:?}", stats.transitions, stats.mean_return());
//! # Ok(()) }
//! ```
//!
//! What changes an episode (time limit, sticky actions, auto-reset) is an option of the batch, [`BatchOptions`]; what
//! changes data (normalising, clipping, stacking, statistics) is a wrapper around batches, [`wrappers`].

#![allow(
    clippy::result_large_err,
    reason = "errors hold their texts' parts by value; they are rare and no hot path passes them on"
)]

mod actions;
mod backend;
mod batch;
mod device;
mod elements;
mod error;
mod observations;
mod params;
mod projection;
mod registry;
mod sampling;
mod space;
pub mod wrappers;

#[cfg(feature = "gpu")]
pub mod gpu {
    //! GPU back end: adapters, shared devices, buffers for learners that work on the device.
    pub use crate::backend::gpu::{
        AdapterInfo, DeviceBuffers, GpuContext, OnDevice, Region, adapters, add_instance, hardware_adapter,
        select_adapter,
    };
}

pub use backend::AutoresetMode;
pub use batch::{Batch, BatchOptions, Image, Instances, Recording, RolloutStats, Snapshot, StepRows, StepView};
pub use device::{AUTO_GPU_INSTANCES, AdapterSelector, Choice, Device};
pub use elements::{Actions, DType, Elements};
pub use error::{Error, Result};
pub use observations::{Observations, PartRows};
pub use params::{Params, Values};
pub use projection::random_projection;
pub use registry::{
    absolute_name, choose_device, compile_file, default_params, ids, is_file, make, make_compiled, make_from_file,
    make_with, spec,
};
pub use sampling::SampleRng;
pub use shadergym_compiler::{
    ActionSpace, Encoding, Facts, Field, Kind, Layout, ObservationPart, ObservationSpace, Projection, ProjectionError,
};
pub use shadergym_shaders::lanes::Level;
pub use space::Space;
