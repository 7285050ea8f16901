//! What a stream is connected to: an environment of this build, or a user's own.

use shadergym_envs::{ActionSpace, Facts};

/// Observations, actions and the time limit of what a stream learns in.
#[derive(Debug, Clone, PartialEq)]
pub struct Interface {
    /// What errors call it.
    pub env: String,
    /// Shape of an observation: `[height, width, channels]` of a picture. Several parts lie one after the other.
    pub observation: Vec<usize>,
    /// Actions.
    pub action: ActionSpace,
    /// Steps after which an episode is cut off, 0 for no limit.
    pub limit: u32,
}

impl Interface {
    /// Values of an observation.
    pub fn elements(&self) -> usize {
        self.observation.iter().product()
    }
}

impl From<&Facts> for Interface {
    fn from(facts: &Facts) -> Self {
        let space = &facts.observation;
        let observation = match space.single() {
            Some(part) if part.elements() == space.flat_elements() => part.shape.clone(),
            _ => vec![space.flat_elements()],
        };
        Self { env: facts.id.clone(), observation, action: facts.action.clone(), limit: facts.max_episode_steps }
    }
}
