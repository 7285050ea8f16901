//! Environments that torture the lane generator and expose the prelude; no part of the registry. A crate of their own, so
//! that tests use the very build of the shipped ones.

use shadergym_shaders::Environment;

include!(concat!(env!("OUT_DIR"), "/environments.rs"));

/// All of them, sorted by stem.
pub fn selftests() -> &'static [Environment] {
    &ENVIRONMENTS
}
