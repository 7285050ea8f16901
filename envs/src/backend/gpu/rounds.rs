//! Drivers that let an invocation make only so many rounds of loops.
//!
//! Mesa's llvmpipe counts the rounds of all loops of a vector of invocations together. After 65,535 every loop ends with
//! its first round, and the code behind it goes on with whatever is there: wrong values, and no error. So the limit is
//! measured when a device is opened, the kernels say where a loop was cut (`KERNEL_CUT`), rollouts are cut into dispatches
//! that fit, and a dispatch that did not is undone and made again in smaller ones.

use super::bind;
use super::context::GpuContext;
use super::layout::ControlBlock;
use super::transfer::{Piece, Staging};
use crate::error::Result;

/// Rounds that the probe asks for: some ten milliseconds on a device that makes them one after the other.
const PROBE_ROUNDS: u32 = 1 << 20;
/// Steps of Numerical Recipes' generator, whose result no compiler foresees.
const NEXT: fn(u32) -> u32 = |x| x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
const PROBE: &str = "
@group(0) @binding(1) var<storage, read_write> words: array<u32>;
@compute @workgroup_size(1)
fn main() {
    let last = words[0];
    var x = 0u;
    var made = 0u;
    while (x != last) {
        x = x * 1664525u + 1013904223u;
        made += 1u;
    }
    words[1] = made;
}";

/// Rounds after which the driver ends the loops of an invocation; None if it lets them run.
///
/// # Errors
/// [`crate::Error::DeviceFailed`].
pub(super) fn measure(context: &GpuContext) -> Result<Option<u32>> {
    let last = (0..PROBE_ROUNDS).fold(0, |x, _| NEXT(x));
    // The layout of the kernels, of which the probe needs one buffer.
    use wgpu::BufferUsages as Usage;
    let block = context.buffer("the block of a probe", size_of::<ControlBlock>() / 4, Usage::UNIFORM)?;
    let words = context.buffer("the words of a probe", 2, Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST)?;
    let read = context.buffer("nothing", 1, Usage::STORAGE)?;
    let written = context.buffer("nothing", 1, Usage::STORAGE)?;
    let (pipeline, group) = context.guard("make the probe of loops", || {
        let source = wgpu::ShaderSource::Wgsl(PROBE.into());
        let module = context.device.create_shader_module(wgpu::ShaderModuleDescriptor { label: None, source });
        let pipeline = context.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("probe of loops"),
            layout: Some(&context.pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: context.cache.handle.as_ref(),
        });
        let group = bind(context, &read, [&block, &words, &read, &read, &written]);
        context.queue.write_buffer(&words, 0, bytemuck::bytes_of(&last));
        (pipeline, group)
    })?;
    let made = Staging::default().read(
        context,
        &[Piece { buffer: &words, start: 1, len: 1 }],
        |encoder| {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(1, 1, 1);
        },
        |words| words[0],
    )?;
    Ok((made < PROBE_ROUNDS).then_some(made))
}

/// How many calls of step one dispatch may make on such a driver: found by trying, since how many rounds a step takes is
/// known to the device alone.
#[derive(Debug)]
pub(super) struct Fit {
    calls: usize,
    /// The smallest number that was too much.
    failed: usize,
}

impl Fit {
    /// A guess for the first dispatch: a step of 256 rounds.
    pub fn new(rounds: u32) -> Self {
        Self { calls: (rounds as usize / 256).max(1), failed: usize::MAX }
    }

    /// Calls of the next dispatch at most.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Takes note of a dispatch that fitted.
    pub fn fitted(&mut self, calls: usize) {
        if calls >= self.calls && self.calls < self.failed / 2 {
            self.calls *= 2;
        }
    }

    /// Takes note of one that did not.
    pub fn failed(&mut self, calls: usize) {
        self.failed = self.failed.min(calls);
        self.calls = (calls / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::Fit;

    #[test]
    fn dispatches_grow_until_they_do_not_fit() {
        let mut fit = Fit::new(65_535);
        assert_eq!(fit.calls(), 255);
        for _ in 0..3 {
            fit.fitted(fit.calls());
        }
        // A shorter one at the end of a rollout says nothing.
        fit.fitted(5);
        assert_eq!(fit.calls(), 2040);
        fit.failed(2040);
        assert_eq!(fit.calls(), 1020);
        fit.fitted(1020);
        assert_eq!(fit.calls(), 1020, "twice as many have failed");
        fit.failed(1);
        assert_eq!(fit.calls(), 1);
    }
}
