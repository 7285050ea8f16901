//! Where the seeds of a reset come from.

use std::hash::{BuildHasher, RandomState};

use super::Batch;
use crate::error::{Error, Result};
use crate::observations::Observations;

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

impl Batch {
    /// [`Self::reset_masked`] where instance i gets the seed `seeds[i]`; `mask` and `seeds` are `[n]`.
    ///
    /// # Errors
    /// As [`Self::reset_masked`].
    pub fn reset_masked_with(&mut self, mask: &[bool], seeds: &[u64]) -> Result<Observations<'_>> {
        self.check_per_instance("reset mask", mask.len())?;
        self.check_per_instance("seeds", seeds.len())?;
        self.reset_selected(mask, Some(Seeds::Each(seeds)))
    }

    pub(super) fn reset_selected(&mut self, mask: &[bool], seeds: Option<Seeds<'_>>) -> Result<Observations<'_>> {
        if !mask.contains(&true) {
            return Err(Error::InvalidOption {
                option: "reset mask",
                value: "false for every instance".to_owned(),
                allowed: "at least one true".to_owned(),
            });
        }
        if !self.started && mask.contains(&false) {
            let what = "the mask leaves out instances that were never started".to_owned();
            return Err(Error::ResetNeeded { what, mask: false });
        }
        self.reset_where(seeds, |i| mask[i])
    }
}

/// 64 bits from the operating system, by way of the standard library's hash keys.
pub(super) fn random_seed() -> u64 {
    RandomState::new().hash_one(0u8)
}
