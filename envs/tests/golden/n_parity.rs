//! n-parity: the answer is whether the window has an odd number of ones.

use libtest_mimic::Trial;

use crate::bitstreams::Stream;
use crate::second_rules;

pub fn trials(gpu: bool) -> Vec<Trial> {
    second_rules::trials(
        "n_parity",
        gpu,
        &[
            ("timescales/NParity-v0", || Stream::boxed(odd, false)),
            ("timescales/NParityFinal-v0", || Stream::boxed(odd, false)),
            ("timescales/NParityHeads-v0", || Stream::boxed(odd, true)),
        ],
    )
}

fn odd(window: &[bool]) -> bool {
    window.iter().filter(|bit| **bit).count() % 2 == 1
}
