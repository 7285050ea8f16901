//! Moving words between host and device.

use std::time::Duration;

use super::context::GpuContext;
use crate::error::Result;

/// The work is done when a map callback is waited for; only another thread's poll may still be busy with it.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// A contiguous piece of a buffer, in words.
pub(super) struct Piece<'a> {
    pub buffer: &'a wgpu::Buffer,
    pub start: usize,
    pub len: usize,
}

/// The host-visible buffers that everything read back goes through, each as large as the largest read-back through it so
/// far. There are two, so that one can be looked at while the device fills the other.
#[derive(Debug, Default)]
pub(super) struct Staging {
    buffers: [Option<wgpu::Buffer>; 2],
    /// Which one the next read-back takes.
    next: usize,
}

/// A read-back that was submitted.
pub(super) struct Pending {
    buffer: wgpu::Buffer,
    bytes: u64,
    submission: wgpu::SubmissionIndex,
    mapped: std::sync::mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

/// A read-back that has arrived; its buffer is free again when it is dropped.
pub(super) struct Arrived {
    buffer: wgpu::Buffer,
    range: Option<wgpu::BufferView>,
}

impl Arrived {
    /// The words of the pieces, one after the other.
    pub fn words(&self) -> &[u32] {
        self.range.as_deref().map_or(&[], bytemuck::cast_slice)
    }
}

impl Drop for Arrived {
    fn drop(&mut self) {
        self.range = None;
        self.buffer.unmap();
    }
}

impl Staging {
    /// Lets `encode` record commands, copies the pieces behind them, and submits all at once. At most two read-backs are
    /// under way or looked at: the one before the last must have been dropped.
    ///
    /// # Errors
    /// [`crate::Error::DeviceFailed`].
    pub fn submit(
        &mut self,
        context: &GpuContext,
        pieces: &[Piece<'_>],
        encode: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> Result<Pending> {
        let words: usize = pieces.iter().map(|p| p.len).sum();
        let bytes = 4 * words as u64;
        let place = &mut self.buffers[self.next];
        self.next = 1 - self.next;
        let buffer = match place {
            Some(buffer) if buffer.size() >= bytes => buffer.clone(),
            _ => {
                let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
                let buffer = context.buffer("the read-back buffer", words, usage)?;
                place.insert(buffer).clone()
            }
        };
        context.guard("run and read back", || {
            let mut encoder = context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encode(&mut encoder);
            let mut at = 0;
            for piece in pieces {
                let len = 4 * piece.len as u64;
                encoder.copy_buffer_to_buffer(piece.buffer, 4 * piece.start as u64, &buffer, at, len);
                at += len;
            }
            let submission = context.queue.submit([encoder.finish()]);
            let (send, mapped) = std::sync::mpsc::channel();
            buffer.slice(..bytes).map_async(wgpu::MapMode::Read, move |result| {
                let _ = send.send(result);
            });
            Pending { buffer, bytes, submission, mapped }
        })
    }

    /// Submits, waits, and shows the words of the pieces to `view`.
    ///
    /// # Errors
    /// [`crate::Error::DeviceFailed`].
    pub fn read<T>(
        &mut self,
        context: &GpuContext,
        pieces: &[Piece<'_>],
        encode: impl FnOnce(&mut wgpu::CommandEncoder),
        view: impl FnOnce(&[u32]) -> T,
    ) -> Result<T> {
        let pending = self.submit(context, pieces, encode)?;
        // It is looked at before the next one is submitted, so one buffer is enough.
        self.next = 1 - self.next;
        Ok(view(pending.wait(context)?.words()))
    }
}

impl Pending {
    /// Waits until the words are there.
    ///
    /// # Errors
    /// [`crate::Error::DeviceFailed`].
    pub fn wait(self, context: &GpuContext) -> Result<Arrived> {
        let Self { buffer, bytes, submission, mapped } = self;
        // From here on the buffer is unmapped whatever happens.
        let mut arrived = Arrived { buffer, range: None };
        let outcome = context.guard("run and read back", || {
            context
                .device
                .poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: None })
                .map_err(|e| e.to_string())?;
            // The callback runs inside a poll, but maybe that of another batch's thread, which may not be through with
            // it yet. A lost device drops it.
            mapped.recv_timeout(CALLBACK_TIMEOUT).map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
            arrived.buffer.slice(..bytes).get_mapped_range().map_err(|e| e.to_string())
        });
        arrived.range = Some(outcome?.map_err(|message| context.failed(message))?);
        Ok(arrived)
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
