//! Pictures, pixel by pixel.

use core::num::Wrapping as W;

use super::super::memory::words;
use super::super::rows::read_rows;
use super::super::{Control, Plain, Program};

/// Draws an instance at width 1.
#[inline(always)]
pub fn render<P: Program>(
    control: &Control,
    params: &[u32],
    state: &[u32],
    elapsed: u32,
    width: usize,
    height: usize,
    rgb: &mut [u8],
) {
    let (s, constants) = (Plain, P::constants(control.constants));
    // SAFETY: zero is a valid value of vectors of words, and the slices have a word for each vector.
    let (params, mut state) = unsafe {
        assert!(params.len() == words::<Plain, P::Params<Plain>>() && state.len() == words::<Plain, P::State<Plain>>());
        (
            read_rows::<Plain, P::Params<Plain>>(core::mem::zeroed(), params.as_ptr(), 0, 1),
            read_rows::<Plain, P::State<Plain>>(core::mem::zeroed(), state.as_ptr(), 0, 1),
        )
    };
    for y in 0..height {
        for x in 0..width {
            let uv = [(x, width), (y, height)].map(|(v, size)| (v as f32 + 0.5) / size as f32);
            let Some(colour) = P::pixel(s, &constants, &params, &mut state, W(elapsed), uv) else { return };
            for (channel, value) in rgb[(y * width + x) * 3..][..3].iter_mut().zip(colour) {
                *channel = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            }
        }
    }
}
