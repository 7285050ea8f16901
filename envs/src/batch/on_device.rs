//! A batch as seen by a learner on the same GPU.

use super::{Batch, StepView};
use crate::backend::gpu::{GpuBackend, OnDevice};
use crate::error::{Error, Result};

impl Batch {
    /// The device buffers of this batch, and steps that read nothing back. While a learner steps on the device the host
    /// does not see the outputs; [`Self::read_back`] fetches the newest. None for a batch on the CPU.
    ///
    /// # Errors
    /// [`Error::ResetNeeded`] before the first reset, [`Error::Closed`].
    pub fn on_device(&mut self) -> Result<Option<OnDevice<'_>>> {
        self.open_and_started("a step on the device")?;
        Ok(self.open()?.as_gpu().map(GpuBackend::on_device))
    }

    /// Waits for the device and reads the outputs of the newest step back. On the CPU they are there already.
    ///
    /// # Errors
    /// [`Error::ResetNeeded`] before the first reset, [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn read_back(&mut self) -> Result<StepView<'_>> {
        self.open_and_started("read_back")?;
        let Some(backend) = &mut self.backend else { return Err(Error::Closed { id: self.facts.id.clone() }) };
        if let Some(gpu) = backend.as_gpu() {
            gpu.read_back(&mut self.out)?;
        }
        Ok(self.view())
    }

    /// Seconds that making this batch's pipelines has taken so far in this process; None on the CPU.
    pub fn pipeline_seconds(&mut self) -> Option<f64> {
        self.backend.as_mut()?.as_gpu().map(|gpu| gpu.pipeline_seconds())
    }
}
