//! Random projections of environments by name: shipped ones and files.

use std::path::{Path, PathBuf};

use shadergym_compiler::{Projection, ProjectionError, random_projection as project};
use shadergym_shaders::{environments, library};

use crate::error::{Error, Result};
use crate::registry::{find, is_file, of_variant, read};

/// The text of an environment file whose episodes are tasks made of the environment `name`, an id or a file: what it shows is
/// turned in space, its actions are put in another order, and several of its episodes are trials of one. For agents that adapt
/// in context; see [`shadergym_compiler::random_projection`].
///
/// # Errors
/// [`Error::UnknownId`], [`Error::Unreadable`], [`Error::Compile`], [`Error::Projection`] with the sizes that fit.
pub fn random_projection(name: &str, options: Projection) -> Result<String> {
    let projected = if is_file(name) {
        let (path, variant) = of_variant(Path::new(name));
        project(&path, &read(&path)?, library(), variant.as_deref(), options)
    } else {
        let environment = &environments()[find(name)?];
        let path = PathBuf::from(format!("shaders/{}/{}.wgsl", environment.facts().family, environment.stem));
        project(&path, environment.source, library(), Some(environment.id), options)
    };
    projected.map_err(|error| match error {
        ProjectionError::Compile(error) => Error::Compile(error),
        error => Error::Projection(error),
    })
}
