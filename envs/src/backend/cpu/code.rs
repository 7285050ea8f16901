//! What runs the blocks.

use std::ops::Range;

use shadergym_shaders::Environment;
use shadergym_shaders::interpreter::{EndlessLoop, Interpreter};
use shadergym_shaders::lanes::{Job, Kernel, Level};

use crate::error::Error;

/// Lanes that were compiled into the build, or the interpreter for a file compiled at run time.
pub(super) enum Code {
    Lanes(&'static Environment, &'static Kernel),
    Interpreted(Box<Interpreter>),
}

/// What is run.
#[derive(Clone, Copy)]
pub(super) enum Call {
    Reset,
    Advance,
}

impl Code {
    pub fn level(&self) -> Level {
        match self {
            Self::Lanes(_, kernel) => kernel.level,
            Self::Interpreted(interpreter) => interpreter.level(),
        }
    }

    /// Runs a range of blocks.
    ///
    /// # Safety
    /// The job's arrays must have the sizes that [`Job`] documents, and the interpreter must have been prepared for it.
    pub unsafe fn run(&self, call: Call, job: &Job, blocks: Range<usize>) -> Result<(), EndlessLoop> {
        // SAFETY: the caller's promise; the levels were checked when the code was chosen.
        unsafe {
            match (self, call) {
                (Self::Lanes(_, kernel), Call::Reset) => (kernel.reset)(job, blocks),
                (Self::Lanes(_, kernel), Call::Advance) => (kernel.advance)(job, blocks),
                (Self::Interpreted(interpreter), Call::Reset) => return interpreter.reset(job, blocks),
                (Self::Interpreted(interpreter), Call::Advance) => return interpreter.advance(job, blocks),
            }
        }
        Ok(())
    }
}

/// The error for a level that none of the `kernels` has, or not this machine.
pub(super) fn no_level(level: Option<Level>, kernels: &[Level]) -> Error {
    let available = kernels.iter().filter(|l| l.is_available());
    let allowed = available.map(Level::to_string).collect::<Vec<_>>().join(", ");
    Error::InvalidOption { option: "level", value: level.map_or(String::new(), |l| l.to_string()), allowed }
}
