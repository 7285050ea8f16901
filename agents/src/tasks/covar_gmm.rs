//! The teacher Covar-GMM as a source of tasks.

use super::Entry;
use crate::teachers::{covar_gmm::TEACHER, source};

/// What the rest of the crate knows of it.
pub const SOURCE: Entry = Entry {
    name: TEACHER.name,
    about: TEACHER.about,
    options: TEACHER.options,
    resolve: |table, space| source::resolve(&TEACHER, table, space),
    make: |table, space| source::make(&TEACHER, table, space),
};
