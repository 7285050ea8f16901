//! The interfaces of wgpu for buffers: what a mapped one holds is a copy of the page's.

use std::ops::Range;
use std::sync::{Arc, PoisonError};

use serde_json::json;
use wgpu::custom::*;

use crate::device::{Object, unsupported};
use crate::session::Mapped;

#[derive(Debug)]
pub(crate) struct Buffer {
    pub object: Arc<Object>,
    /// Bytes.
    pub size: u64,
    pub mapped: Mapped,
}

impl BufferInterface for Buffer {
    fn map_async(&self, mode: wgpu::MapMode, range: Range<u64>, callback: BufferMapCallback) {
        if mode != wgpu::MapMode::Read {
            unsupported("buffers mapped for writing");
        }
        let Object { session, device, id } = &*self.object;
        session.read(*device, *id, range, self.mapped.clone(), callback);
    }

    fn get_mapped_range(&self, range: Range<u64>) -> Result<DispatchBufferMappedRange, wgpu::MapRangeError> {
        let mapped = self.mapped.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, words) = mapped.clone().expect("the device was polled until the buffer was mapped");
        let range = (range.start - first) as usize..(range.end - first) as usize;
        Ok(DispatchBufferMappedRange::custom(MappedRange { words, range }))
    }

    fn unmap(&self) {
        // The page has unmapped it already: what is here is a copy.
        *self.mapped.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn destroy(&self) {
        let Object { session, device, id } = &*self.object;
        session.push(*device, json!({"op": "drop", "object": id}));
    }
}

#[derive(Debug)]
struct MappedRange {
    words: Arc<Vec<u32>>,
    /// Bytes.
    range: Range<usize>,
}

impl BufferMappedRangeInterface for MappedRange {
    fn len(&self) -> usize {
        self.range.len()
    }

    unsafe fn read_slice(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[self.range.clone()]
    }

    unsafe fn write_slice(&mut self) -> wgpu::WriteOnly<'_, [u8]> {
        unsupported("buffers mapped for writing")
    }
}
