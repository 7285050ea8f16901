//! n-delayed-match: the answer is whether the first and the last bit of the window are the same.

use libtest_mimic::Trial;

use crate::bitstreams::Stream;
use crate::second_rules;

pub fn trials(gpu: bool) -> Vec<Trial> {
    second_rules::trials(
        "n_delayed_match",
        gpu,
        &[
            ("timescales/NDelayedMatch-v0", || Stream::boxed(same, false)),
            ("timescales/NDelayedMatchFinal-v0", || Stream::boxed(same, false)),
            ("timescales/NDelayedMatchHeads-v0", || Stream::boxed(same, true)),
        ],
    )
}

fn same(window: &[bool]) -> bool {
    window.first() == window.last()
}
