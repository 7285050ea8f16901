//! Starts, and the clocks of episodes.

use std::time::Instant;

use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

use super::Batch;

impl Batch {
    /// Starts the instances of `mask`, all without one.
    pub(super) fn run_reset<'py>(
        &self,
        py: Python<'py>,
        seed: Option<u64>,
        seeds: Option<PyReadonlyArray1<'py, u64>>,
        mask: Option<PyReadonlyArray1<'py, bool>>,
    ) -> PyResult<()> {
        let mut guard = self.shared.lock(py, "reset")?;
        let inner = &mut *guard;
        let seeds = seeds.map(|s| s.as_slice().map(<[u64]>::to_vec)).transpose()?;
        let mask = mask.map(|m| m.as_slice().map(<[bool]>::to_vec)).transpose()?;
        let batch = &mut inner.batch;
        let reset = || match (&mask, &seeds) {
            (None, None) => batch.reset(seed).map(drop),
            (None, Some(seeds)) => batch.reset_with(seeds).map(drop),
            (Some(mask), None) => batch.reset_masked(mask, seed).map(drop),
            (Some(mask), Some(seeds)) => batch.reset_masked_with(mask, seeds).map(drop),
        };
        py.detach(reset).map_err(|e| self.error(py, e))?;
        let now = Instant::now();
        for (i, began) in inner.began.iter_mut().enumerate() {
            if mask.as_ref().is_none_or(|mask| mask[i]) {
                *began = now;
            }
        }
        Ok(())
    }
}
