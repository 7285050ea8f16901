//! Rows of what instances see, in the outputs of the GPU: written word by word, or gathered by a workgroup first.

use std::fmt::Write;

use crate::facts::Facts;
use crate::words::{Word, to_bits};

/// Words of workgroup memory that every WebGPU device has.
const WORKGROUP_WORDS: usize = 16_384 / 4;
/// Invocations of a workgroup of the kernel.
const WORKGROUP: usize = 64;

/// Which parts of a row a workgroup gathers before it writes them (`KERNEL_STAGED` in the kernel).
#[derive(Clone, Copy, Default)]
pub(crate) struct Stages {
    pub observation: bool,
    pub mask: bool,
    pub global_state: bool,
    /// Words of a row with all of them.
    words: usize,
}

impl Stages {
    /// Distance between two rows: odd, so that neighbours write into different banks of the memory; 0 without any.
    pub fn stride(self) -> usize {
        if self.observation { self.words | 1 } else { 0 }
    }
}

/// Parts are taken in the order of a row as long as the rows of a workgroup fit. Rows of one word are contiguous as they are.
pub(crate) fn stages(facts: &Facts) -> Stages {
    let fits = |words: usize| (words | 1) * WORKGROUP <= WORKGROUP_WORDS;
    let (observation, mask, global) = (facts.observation_words(), facts.mask_words(), facts.global_words());
    if observation + mask + global <= 1 || !fits(observation) {
        return Stages::default();
    }
    let mut stages = Stages { observation: true, words: observation, ..Stages::default() };
    if fits(stages.words + mask) {
        stages.mask = mask > 0;
        stages.words += mask;
        if fits(stages.words + global) {
            stages.global_state = global > 0;
            stages.words += global;
        }
    }
    stages
}

/// `kernel_store_<part>` into the outputs, and `kernel_tell_<part>`, which may write into the workgroup's rows instead.
pub(crate) fn row(part: &str, ty: &str, words: &[Word], staged: bool) -> String {
    let stores = |to: &str| {
        let store = |(w, (path, kind)): (usize, &Word)| {
            format!("    {to} + {w}u] = {};\n", to_bits(*kind, &format!("v{path}")))
        };
        words.iter().enumerate().map(store).collect::<String>()
    };
    let mut out = format!("fn kernel_store_{part}(at: u32, v: {ty}) {{\n{}}}\n", stores("kernel_outputs[at"));
    let direct = format!("kernel_store_{part}(at, v);");
    let tell = match staged {
        false => direct,
        true => {
            let _ = write!(out, "fn kernel_stage_{part}(at: u32, v: {ty}) {{\n{}}}\n", stores("kernel_rows[at"));
            format!("if (KERNEL_STAGED) {{ kernel_stage_{part}(stage, v); }} else {{ {direct} }}")
        }
    };
    let _ = writeln!(out, "fn kernel_tell_{part}(at: u32, stage: u32, v: {ty}) {{\n    {tell}\n}}");
    out
}
