//! Moving words between host and device.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::context::GpuContext;

/// The work is done when a map callback is waited for; only another thread's poll may still be busy with it.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// A contiguous piece of a buffer, in words.
pub(super) struct Piece<'a> {
    pub buffer: &'a wgpu::Buffer,
    pub start: usize,
    pub len: usize,
}

/// The host-visible buffers that everything read back goes through; each grows to the largest read-back so far. There are
/// two, so that one can be copied from while the device fills the other; only [`Staging::send`] uses the second.
#[derive(Debug, Default)]
pub(super) struct Staging {
    buffers: [Option<wgpu::Buffer>; 2],
}

/// A submission whose words come back: mapped when it is done, unmapped when this is dropped.
#[derive(Debug)]
pub(super) struct Flight {
    buffer: wgpu::Buffer,
    bytes: u64,
    submission: wgpu::SubmissionIndex,
    mapped: Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Staging {
    /// Lets `encode` record commands, copies the pieces behind them, submits all at once, waits, and shows the
    /// words of the pieces, one after the other, to `view`.
    ///
    /// # Errors
    /// [`crate::Error::DeviceFailed`].
    pub fn read<T>(
        &mut self,
        context: &GpuContext,
        pieces: &[Piece<'_>],
        encode: impl FnOnce(&mut wgpu::CommandEncoder),
        view: impl FnOnce(&[u32]) -> T,
    ) -> crate::error::Result<T> {
        let buffer = self.buffer(context, 0, pieces)?;
        let outcome =
            context.guard("run and read back", || Flight::begin(context, buffer, pieces, encode).end(context, view))?;
        outcome.map_err(|message| context.failed(message))
    }

    /// [`Self::read`] up to the submission. `index` says which of the two buffers is free.
    ///
    /// # Errors
    /// [`crate::Error::DeviceFailed`].
    pub fn send(
        &mut self,
        context: &GpuContext,
        index: usize,
        pieces: &[Piece<'_>],
        encode: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> crate::error::Result<Flight> {
        let buffer = self.buffer(context, index, pieces)?;
        context.guard("run and read back", || Flight::begin(context, buffer, pieces, encode))
    }

    /// A buffer with room for the pieces.
    fn buffer(
        &mut self,
        context: &GpuContext,
        index: usize,
        pieces: &[Piece<'_>],
    ) -> crate::error::Result<wgpu::Buffer> {
        let words: usize = pieces.iter().map(|p| p.len).sum();
        match &self.buffers[index] {
            Some(buffer) if buffer.size() >= 4 * words as u64 => Ok(buffer.clone()),
            _ => {
                let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
                Ok(self.buffers[index].insert(context.buffer("the read-back buffer", words, usage)?).clone())
            }
        }
    }
}

impl Flight {
    fn begin(
        context: &GpuContext,
        buffer: wgpu::Buffer,
        pieces: &[Piece<'_>],
        encode: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> Self {
        let mut encoder = context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encode(&mut encoder);
        let mut bytes = 0;
        for piece in pieces {
            let len = 4 * piece.len as u64;
            encoder.copy_buffer_to_buffer(piece.buffer, 4 * piece.start as u64, &buffer, bytes, len);
            bytes += len;
        }
        let submission = context.queue.submit([encoder.finish()]);
        let (send, mapped) = std::sync::mpsc::channel();
        buffer.slice(..bytes).map_async(wgpu::MapMode::Read, move |result| {
            let _ = send.send(result);
        });
        Self { buffer, bytes, submission, mapped }
    }

    /// Waits for this submission and shows its words.
    ///
    /// # Errors
    /// [`crate::Error::DeviceFailed`].
    pub fn take<T>(self, context: &GpuContext, view: impl FnOnce(&[u32]) -> T) -> crate::error::Result<T> {
        context.guard("read back", || self.end(context, view))?.map_err(|message| context.failed(message))
    }

    fn end<T>(self, context: &GpuContext, view: impl FnOnce(&[u32]) -> T) -> Result<T, String> {
        let submission_index = Some(self.submission.clone());
        context.device.poll(wgpu::PollType::Wait { submission_index, timeout: None }).map_err(|e| e.to_string())?;
        // The callback runs inside a poll, but maybe that of another batch's thread, which may not be through with
        // it yet. A lost device drops it.
        self.mapped.recv_timeout(CALLBACK_TIMEOUT).map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        let mapped = self.buffer.slice(..self.bytes).get_mapped_range().map_err(|e| e.to_string())?;
        Ok(view(bytemuck::cast_slice(&mapped)))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.buffer.unmap();
    }
}

/// Runs of consecutive indices: (first index, position of the first in the list, length).
pub(super) fn runs(indices: &[usize]) -> Vec<(usize, usize, usize)> {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (position, &index) in indices.iter().enumerate() {
        match runs.last_mut() {
            Some((first, _, len)) if *first + *len == index => *len += 1,
            _ => runs.push((index, position, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_join_neighbours() {
        assert_eq!(super::runs(&[3, 4, 5, 9, 7, 8]), [(3, 0, 3), (9, 3, 1), (7, 4, 2)]);
        assert!(super::runs(&[]).is_empty());
    }
}
