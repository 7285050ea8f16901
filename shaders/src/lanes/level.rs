//! The SIMD levels of this build and of this machine.

use std::fmt;
use std::str::FromStr;

/// A SIMD level. `Scalar` (width 1) is the plain reference that every other level must equal bitwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// One instance at a time, baseline instructions.
    Scalar,
    /// 4 lanes on x86-64 of 2008 and later. Shipped environments have it only with the feature `sse4_2`: machines without
    /// AVX2 (from before 2013, and Celerons and Atoms until 2021) use width 1, and nobody else pays a level's compile time.
    Sse42,
    /// 8 lanes on x86-64 of 2013 and later.
    Avx2,
    /// 16 lanes, the Ice Lake / Zen 4 feature set.
    Avx512,
    /// 4 lanes on 64-bit ARM.
    Neon,
}

impl Level {
    /// Every level, in the order of preference from worst to best per machine.
    pub const ALL: [Self; 5] = [Self::Scalar, Self::Sse42, Self::Avx2, Self::Avx512, Self::Neon];

    /// True if this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Sse42 => fearless_simd::Level::new().as_sse4_2().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => fearless_simd::Level::new().as_avx2().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => fearless_simd::Level::new().as_avx512().is_some(),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => fearless_simd::Level::new().as_neon().is_some(),
            #[allow(unreachable_patterns, reason = "the arms above depend on the architecture")]
            _ => false,
        }
    }

    /// The levels of this machine that shipped environments have in this build, worst first.
    pub fn available() -> Vec<Self> {
        let compiled = |level: &Self| *level != Self::Sse42 || cfg!(feature = "sse4_2");
        Self::ALL.into_iter().filter(compiled).filter(|l| l.is_available()).collect()
    }

    /// The best of them.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::Scalar)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Scalar => "scalar",
            Self::Sse42 => "sse4.2",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        })
    }
}

/// A name that is no level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLevel(pub String);

impl fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = Level::ALL.iter().map(Level::to_string).collect();
        write!(f, "`{}` is no SIMD level, allowed are {}", self.0, all.join(", "))
    }
}

impl std::error::Error for UnknownLevel {}

impl FromStr for Level {
    type Err = UnknownLevel;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|l| l.to_string() == name).ok_or_else(|| UnknownLevel(name.to_owned()))
    }
}
