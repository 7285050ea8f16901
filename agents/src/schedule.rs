//! How the learning rate goes over a run, as a factor of its peak.

use crate::error::{Error, Result};

/// Share of the run in which the rate rises linearly from zero, of the schedules that have a warm-up.
pub const WARM_UP: f64 = 0.05;
/// Share of the run, at its end, in which the rate falls, of the schedules that are constant before.
pub const DECAY: f64 = 0.1;
/// Exponent of [`Schedule::Power`] (arXiv 2408.13359).
pub const POWER_EXPONENT: f64 = -0.51;
/// Share of the run after which [`Schedule::Power`] falls below the peak: where `b a n^exponent` crosses the maximum,
/// told by its place rather than by the paper's constants, which are for tokens of language.
pub const POWER_KNEE: f64 = 0.1;
/// Share of the run at which [`Schedule::Infinite`] has come down to its constant rate.
pub const INFINITE_COOLED: f64 = 0.3;
/// The constant rate of [`Schedule::Infinite`] (arXiv 2403.08763: 3.75e-5 of 3e-4).
pub const INFINITE_CONSTANT: f64 = 0.125;
/// The last rate of [`Schedule::Infinite`].
pub const INFINITE_LAST: f64 = 0.0125;

/// A course of the learning rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// The peak throughout.
    Constant,
    /// Linearly from the peak to zero: PPO's and PQN's.
    Linear,
    /// Half a wave of cosine from the peak to zero.
    Cosine,
    /// Warm-up, stable, decay: linear rise, constant, linear fall to zero.
    Wsd,
    /// `(1 - p) / (1 - p / 2)` at the share `p` of the run: falls late and steeply.
    Rex,
    /// Linear rise, then the peak or a power of the samples so far, whichever is less, and a linear fall to zero.
    Power,
    /// Linear rise, cosine down to a constant rate that training can stay at, exponential fall at the end.
    Infinite,
}

impl Schedule {
    /// All of them with their names.
    pub const ALL: [(&str, Self); 7] = [
        ("constant", Self::Constant),
        ("linear", Self::Linear),
        ("cosine", Self::Cosine),
        ("wsd", Self::Wsd),
        ("rex", Self::Rex),
        ("power", Self::Power),
        ("infinite", Self::Infinite),
    ];

    /// The schedule of a name.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if there is none.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, schedule)| *schedule).ok_or_else(|| {
            Error::InvalidOption {
                option: "schedule".to_owned(),
                value: format!("`{name}`"),
                allowed: Self::ALL.map(|(known, _)| known).join(", "),
            }
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    /// Factor of the peak, 0 to 1, for the update after `step` of `total` updates; from `total` on the last one.
    pub fn at(self, step: u64, total: u64) -> f32 {
        self.at_share(if total == 0 { 0.0 } else { (step as f64 / total as f64).min(1.0) }) as f32
    }

    fn at_share(self, p: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Linear => 1.0 - p,
            Self::Cosine => cosine(p),
            Self::Wsd => warm_up(p) * fall(p),
            Self::Rex => (1.0 - p) / (1.0 - p / 2.0),
            Self::Power => warm_up(p) * fall(p) * (p / POWER_KNEE).powf(POWER_EXPONENT).min(1.0),
            Self::Infinite if p < INFINITE_COOLED => {
                let cooled = ((p - WARM_UP) / (INFINITE_COOLED - WARM_UP)).max(0.0);
                warm_up(p) * (INFINITE_CONSTANT + (1.0 - INFINITE_CONSTANT) * cosine(cooled))
            }
            Self::Infinite => {
                let annealed = ((p - (1.0 - DECAY)) / DECAY).max(0.0);
                INFINITE_CONSTANT * (INFINITE_LAST / INFINITE_CONSTANT).powf(annealed)
            }
        }
    }
}

/// From 0 to 1 at the start.
fn warm_up(p: f64) -> f64 {
    (p / WARM_UP).min(1.0)
}

/// From 1 to 0 at the end.
fn fall(p: f64) -> f64 {
    ((1.0 - p) / DECAY).min(1.0)
}

/// From 1 to 0, level at both ends.
fn cosine(p: f64) -> f64 {
    0.5 * (1.0 + (std::f64::consts::PI * p).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written anew from the definitions, in steps rather than shares.
    fn expected(schedule: Schedule, s: f64, t: f64) -> f64 {
        let w = 0.05 * t;
        let tail = 0.1 * t;
        let half_wave = |x: f64| (std::f64::consts::FRAC_PI_2 * x).cos().powi(2);
        match schedule {
            Schedule::Constant => 1.0,
            Schedule::Linear => (t - s) / t,
            Schedule::Cosine => half_wave(s / t),
            Schedule::Rex => 2.0 * (t - s) / (2.0 * t - s),
            Schedule::Wsd if s < w => s / w,
            Schedule::Wsd if s > t - tail => (t - s) / tail,
            Schedule::Wsd => 1.0,
            Schedule::Power if s < w => s / w,
            Schedule::Power if s < tail => 1.0,
            Schedule::Power => (0.51 * (tail / s).ln()).exp() * if s > t - tail { (t - s) / tail } else { 1.0 },
            Schedule::Infinite if s < w => s / w,
            Schedule::Infinite if s < 0.3 * t => 0.125 + 0.875 * half_wave((s - w) / (0.25 * t)),
            Schedule::Infinite if s < t - tail => 0.125,
            Schedule::Infinite => 0.125 * 0.1f64.powf((s - t + tail) / tail),
        }
    }

    #[test]
    fn every_schedule_follows_its_closed_form() {
        for (name, schedule) in Schedule::ALL {
            for total in [1u64, 7, 1000, 12_345] {
                for step in 0..=total {
                    let (at, expected) = (schedule.at(step, total), expected(schedule, step as f64, total as f64));
                    assert!((f64::from(at) - expected).abs() < 1e-6, "{name} {step}/{total}: {at} {expected}");
                }
                assert_eq!(schedule.at(total + 5, total), schedule.at(total, total), "{name} past the end");
            }
        }
    }

    #[test]
    fn known_values_at_the_ends_and_in_the_middle() {
        let of = |s: Schedule| [s.at(0, 1000), s.at(500, 1000), s.at(1000, 1000)];
        let near = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(near(of(Schedule::Constant), [1.0, 1.0, 1.0]));
        assert!(near(of(Schedule::Linear), [1.0, 0.5, 0.0]));
        assert!(near(of(Schedule::Cosine), [1.0, 0.5, 0.0]));
        assert!(near(of(Schedule::Rex), [1.0, 2.0 / 3.0, 0.0]));
        assert!(near(of(Schedule::Wsd), [0.0, 1.0, 0.0]));
        // 5^-0.51.
        assert!(near(of(Schedule::Power), [0.0, 0.440_073_58, 0.0]), "{:?}", of(Schedule::Power));
        assert!(near(of(Schedule::Infinite), [0.0, 0.125, 0.0125]));
    }

    #[test]
    fn names_parse_and_others_are_told_the_choice() {
        for (name, schedule) in Schedule::ALL {
            assert_eq!(Schedule::parse(name).unwrap(), schedule);
            assert_eq!(schedule.name(), name);
        }
        let message = Schedule::parse("cosin").unwrap_err().to_string();
        assert!(message.contains("`cosin`") && message.contains("cosine"), "{message}");
    }
}
