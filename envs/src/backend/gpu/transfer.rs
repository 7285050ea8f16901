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

/// The host-visible buffer that everything read back goes through; it grows to the largest read-back so far.
#[derive(Debug, Default)]
pub(super) struct Staging {
    buffer: Option<wgpu::Buffer>,
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
    ) -> Result<T> {
        let words: usize = pieces.iter().map(|p| p.len).sum();
        let bytes = 4 * words as u64;
        let buffer = match &self.buffer {
            Some(buffer) if buffer.size() >= bytes => buffer.clone(),
            _ => {
                let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
                let buffer = context.buffer("the read-back buffer", words, usage)?;
                self.buffer.insert(buffer).clone()
            }
        };
        let outcome = context.guard("run and read back", || {
            let mut encoder = context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encode(&mut encoder);
            let mut at = 0;
            for piece in pieces {
                let len = 4 * piece.len as u64;
                encoder.copy_buffer_to_buffer(piece.buffer, 4 * piece.start as u64, &buffer, at, len);
                at += len;
            }
            let submission = context.queue.submit([encoder.finish()]);
            let (send, receive) = std::sync::mpsc::channel();
            let slice = buffer.slice(..bytes);
            slice.map_async(wgpu::MapMode::Read, move |result| {
                let _ = send.send(result);
            });
            context
                .device
                .poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: None })
                .map_err(|e| e.to_string())?;
            // The callback runs inside a poll, but maybe that of another batch's thread, which may not be through with
            // it yet. A lost device drops it.
            receive.recv_timeout(CALLBACK_TIMEOUT).map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
            let mapped = slice.get_mapped_range().map_err(|e| e.to_string())?;
            Ok::<_, String>(view(bytemuck::cast_slice(&mapped)))
        });
        buffer.unmap();
        outcome?.map_err(|message| context.failed(message))
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
