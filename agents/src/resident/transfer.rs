//! Words to the device and back, and what is submitted in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shadergym_envs::gpu::GpuContext;

use crate::error::Result;

/// A place in a buffer, in words.
#[derive(Debug)]
pub struct Piece<'a> {
    /// The buffer.
    pub buffer: &'a wgpu::Buffer,
    /// First word.
    pub at: usize,
    /// Number of words.
    pub words: usize,
}

/// The one way to a learner's device and back.
pub struct Transfer {
    /// The device's context.
    pub context: Arc<GpuContext>,
    reads: AtomicU64,
    read_words: AtomicU64,
}

impl Transfer {
    /// Of a device.
    pub fn new(context: Arc<GpuContext>) -> Self {
        Self { context, reads: AtomicU64::new(0), read_words: AtomicU64::new(0) }
    }

    /// Writes words; they are there for the next submission.
    ///
    /// # Errors
    /// Those of the device.
    pub fn write(&self, buffer: &wgpu::Buffer, at: usize, words: &[u32]) -> Result<()> {
        Ok(self.context.guard("write", || {
            self.context.queue.write_buffer(buffer, 4 * at as u64, bytemuck::cast_slice(words));
        })?)
    }

    /// Read-backs so far, and their words.
    pub fn reads(&self) -> (u64, u64) {
        (self.reads.load(Ordering::Relaxed), self.read_words.load(Ordering::Relaxed))
    }

    /// Submits what `encode` records.
    ///
    /// # Errors
    /// Those of the device, and of `encode`.
    pub fn submit(&self, encode: impl FnOnce(&mut wgpu::CommandEncoder) -> Result<()>) -> Result<()> {
        self.context.guard("submit", || {
            let mut encoder = self.context.device.create_command_encoder(&Default::default());
            encode(&mut encoder)?;
            self.context.queue.submit([encoder.finish()]);
            Ok(())
        })?
    }

    /// Waits for all that was submitted and reads these pieces. Nothing else here brings anything to the host.
    ///
    /// # Errors
    /// Those of the device.
    pub fn read(&self, pieces: &[Piece<'_>]) -> Result<Vec<Vec<u32>>> {
        let words: usize = pieces.iter().map(|p| p.words).sum();
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.read_words.fetch_add(words as u64, Ordering::Relaxed);
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = self.context.buffer("what is read back", words, usage)?;
        let submission = self.context.guard("read back", || {
            let mut encoder = self.context.device.create_command_encoder(&Default::default());
            let mut at = 0;
            for piece in pieces {
                let bytes = 4 * piece.words as u64;
                encoder.copy_buffer_to_buffer(piece.buffer, 4 * piece.at as u64, &staging, at, bytes);
                at += bytes;
            }
            let submission = self.context.queue.submit([encoder.finish()]);
            staging.slice(..).map_async(wgpu::MapMode::Read, |_| {});
            submission
        })?;
        self.context.wait(submission)?;
        Ok(self.context.guard("read back", || {
            let view = staging.slice(..).get_mapped_range().expect("the device was waited for");
            let all: &[u32] = bytemuck::cast_slice(&view);
            let mut rest = all;
            pieces
                .iter()
                .map(|piece| {
                    let (head, tail) = rest.split_at(piece.words);
                    rest = tail;
                    head.to_vec()
                })
                .collect()
        })?)
    }
}
