//! Reinforcement-learning environments as WGSL compute shaders.

mod backend;
mod error;

pub use backend::AutoresetMode;
pub use error::{Error, Result};
