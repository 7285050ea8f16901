//! An environment without an id.
//! # Source
//! none
//! # Reward
//! 1 per step.
//! # Start
//! Anywhere.
//! # End
//! Never.
//! # Version
//! v0: first version.
// says: `//! <id>: <one sentence>`
// expect: line 1
