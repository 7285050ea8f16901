//! Sample-v0: a point on a line.
//!
//! # Source
//! Own.
//! # Reward
//! 1.
//! # Start
//! At 0.
//! # End
//! Never.
//! # Version
//! v0.
//! # Variants
//! - Long-v0: MAX_EPISODE_STEP = 20u; a name that is not there.
//! - Fast-v0: DEFAULT_PARAMS.sped = 2.0
//! - Twice-v0: MAX_EPISODE_STEPS = 20u, MAX_EPISODE_STEPS = 21u
// code: variant
// expect: line 14
// expect: line 15
// expect: line 16
// says: Long-v0: the file has no constant `MAX_EPISODE_STEP`
// says: did you mean `MAX_EPISODE_STEPS`?
// says: Params has no member `sped`
// says: Twice-v0: MAX_EPISODE_STEPS is replaced twice
