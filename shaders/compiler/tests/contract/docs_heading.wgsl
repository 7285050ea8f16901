//! Sample-v0: the heading Start is missing, Reward is empty.
//! # Source
//! none
//! # Reward
//! # End
//! Never.
//! # Version
//! v0: first version.
// says: no section `# Start`
// says: no section `# Reward`
// expect: line 1
// expect: line 1
