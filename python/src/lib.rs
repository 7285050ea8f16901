//! The compiled module `shadergym._native`: a thin border around the Rust crates. What users see is the Python package.

// Errors hold the bad value and the allowed range; they are made once, on the way out.
#![allow(clippy::result_large_err)]

mod actions;
mod batch;
mod errors;
mod given;
mod infos;
mod observed;
mod online;
mod options;
mod outputs;
mod policy;
mod registry;
mod rollout;
mod settings;
mod shared;
mod teacher;
mod train;

use pyo3::prelude::*;

/// The compiled part of shadergym; use the package `shadergym` instead.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::batch::Batch;
    #[pymodule_export]
    use crate::online::{Learner, online_learners};
    #[pymodule_export]
    use crate::policy::Policy;
    #[pymodule_export]
    use crate::registry::{compile, ids, random_projection, run_command_line, spec, version};
    #[pymodule_export]
    use crate::shared::after_fork_in_child;
    #[pymodule_export]
    use crate::teacher::{Teacher, teacher_options, teachers};
    #[pymodule_export]
    use crate::train::{agent_options, agents, resume, train};
}
