//! Time spent training, and when the next checkpoint is due.

use std::time::{Duration, Instant};

use super::options::Interval;

/// Of a run that is under way.
pub(super) struct Clock {
    pub since: Instant,
    pub first_step: u64,
    seconds_before: f64,
    /// Step and time of the newest checkpoint.
    pub written: (u64, Instant),
    /// How long the last checkpoint took.
    pub cost: Duration,
}

impl Clock {
    pub fn new(step: u64, seconds_before: f64) -> Self {
        let now = Instant::now();
        Self { since: now, first_step: step, seconds_before, written: (step, now), cost: Duration::ZERO }
    }

    pub fn seconds(&self) -> f64 {
        self.seconds_before + self.since.elapsed().as_secs_f64()
    }

    pub fn due(&self, interval: Interval, step: u64) -> bool {
        match interval {
            Interval::Never => false,
            Interval::Steps(steps) => step / steps > self.written.0 / steps,
            // At most a twentieth of the time goes into checkpoints, however large they are.
            Interval::Seconds(seconds) => {
                let passed = self.written.1.elapsed();
                passed.as_secs_f64() >= seconds && passed >= 20 * self.cost
            }
        }
    }
}
