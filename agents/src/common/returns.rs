//! What follows a step of a rollout: the frame of advantages and returns, whose recursion is the algorithm's.

use crate::common::collector::Collector;
use crate::options::Truncation;

/// What comes after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Next {
    /// Value of the state after it. A terminated one is worth 0; a truncated one is worth the value of its last
    /// observation, or 0 under [`Truncation::Terminal`].
    pub value: f32,
    /// The row of the next step of the same episode; None after its end and after the last step of the rollout.
    pub row: Option<usize>,
}

/// Visits all rows of the newest rollout, the last step first, with what comes after each: nothing flows across the end of
/// an episode.
pub fn backward(collector: &Collector, truncation: Truncation, mut visit: impl FnMut(usize, Next)) {
    let rollout = &collector.rollout;
    let mut first = 0;
    for (rows, n) in collector.shards() {
        let last = rows.end - n;
        for row in rows.rev() {
            let next = match (rollout.terminated[row], rollout.truncated[row]) {
                (true, _) => Next { value: 0.0, row: None },
                (false, true) if truncation == Truncation::Terminal => Next { value: 0.0, row: None },
                (false, true) => Next { value: rollout.final_values[row], row: None },
                (false, false) if row < last => Next { value: rollout.values[row + n], row: Some(row + n) },
                (false, false) => Next { value: rollout.last_values[first + row - last], row: None },
            };
            visit(row, next);
        }
        first += n;
    }
}
