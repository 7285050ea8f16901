//! What one transition of a single-agent environment returns.
//!
//! Environments with several agents declare their own `Outcome` with one reward per agent and do not import this file.

struct Outcome {
    /// 1; reward of this transition
    reward: f32,
    /// bool; the transition led into a terminal state (time limits are the kernel's business, not counted here)
    terminated: bool,
}
