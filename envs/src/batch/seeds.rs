//! Where the seeds of a reset come from.

use std::hash::{BuildHasher, RandomState};

/// Seeds of a reset.
pub(super) enum Seeds<'a> {
    /// s + i for instance i.
    From(u64),
    /// Its own for each.
    Each(&'a [u64]),
}

impl Seeds<'_> {
    /// The seed of one instance.
    pub fn of(&self, instance: usize) -> u64 {
        match self {
            Self::From(seed) => seed.wrapping_add(instance as u64),
            Self::Each(seeds) => seeds[instance],
        }
    }
}

/// 64 bits from the operating system, by way of the standard library's hash keys.
pub(super) fn random_seed() -> u64 {
    RandomState::new().hash_one(0u8)
}
