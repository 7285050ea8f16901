//! Which windows are asked for, and when the next one comes.

use std::ops::Range;

use crate::options::words;

/// The shortest window, with which curricula begin.
pub(super) const FIRST_WINDOW: usize = 2;

/// Which windows are asked for beside the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curriculum {
    /// None: the head of the window before is dropped.
    Single,
    /// All from 2 bits on.
    Multi,
    /// Some before it.
    Window,
}
words!(Curriculum, "single, multi or window", {
    "single" => Curriculum::Single, "multi" => Curriculum::Multi, "window" => Curriculum::Window,
});

impl Curriculum {
    /// Windows that are asked for while `newest` is the longest; `kept` of them at most under [`Self::Window`].
    pub fn windows(self, newest: usize, kept: usize) -> Range<usize> {
        let first = match self {
            Self::Single => newest,
            Self::Multi => FIRST_WINDOW,
            Self::Window => (newest + 1).saturating_sub(kept).max(FIRST_WINDOW),
        };
        first..newest + 1
    }

    /// Whether windows with these accuracies, the newest last, are mastered: their mean and that of the newest are above
    /// `threshold`.
    pub fn mastered(accuracies: &[f64], threshold: f64) -> bool {
        let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
        mean > threshold && accuracies.last().is_some_and(|&newest| newest > threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_newest() {
        assert_eq!(Curriculum::Single.windows(7, 3), 7..8);
        assert_eq!(Curriculum::Multi.windows(7, 3), 2..8);
        assert_eq!([2, 3, 7].map(|newest| Curriculum::Window.windows(newest, 3)), [2..3, 2..4, 5..8]);
    }

    #[test]
    fn mean_and_newest_have_to_be_above_the_threshold() {
        assert!(Curriculum::mastered(&[0.981], 0.98));
        assert!(!Curriculum::mastered(&[0.98], 0.98), "above, not at");
        assert!(!Curriculum::mastered(&[0.9, 1.0], 0.98), "the mean is not");
        assert!(!Curriculum::mastered(&[1.0, 1.0, 0.97], 0.98), "the newest is not");
        assert!(!Curriculum::mastered(&[], 0.98));
    }
}
