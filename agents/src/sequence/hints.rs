//! What a step's input has beside the observation: the previous action and reward, and whether the episode begins.

use shadergym_envs::ActionSpace;

/// Which of these there are, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct Hints {
    /// The space of the previous action, if that is one: choices as zeros and ones, numbers as they are; zeros in the first step.
    pub action: Option<ActionSpace>,
    /// Whether the previous reward is one; 0 in the first step.
    pub reward: bool,
    /// Whether a flag says that the episode begins with this step.
    pub start: bool,
}

impl Hints {
    fn of_action(&self) -> usize {
        match &self.action {
            None => 0,
            Some(ActionSpace::Discrete { n }) => *n as usize,
            Some(ActionSpace::MultiDiscrete { nvec }) => nvec.iter().map(|n| *n as usize).sum(),
            Some(ActionSpace::Box { low, .. }) => low.len(),
        }
    }

    /// Their number.
    pub fn count(&self) -> usize {
        self.of_action() + usize::from(self.reward) + usize::from(self.start)
    }

    /// Those of the first step of an episode.
    pub(super) fn begin(&self, hints: &mut [f32]) {
        hints.fill(0.0);
        if self.start {
            hints[self.count() - 1] = 1.0;
        }
    }

    /// Those of the step behind one with this action, whose reward is not known yet.
    pub(super) fn remember(&self, action: &[u32], hints: &mut [f32]) {
        hints.fill(0.0);
        match &self.action {
            None => {}
            Some(ActionSpace::Discrete { .. }) => hints[action[0] as usize] = 1.0,
            Some(ActionSpace::MultiDiscrete { nvec }) => {
                let mut first = 0;
                for (choice, n) in action.iter().zip(nvec) {
                    hints[first + *choice as usize] = 1.0;
                    first += *n as usize;
                }
            }
            Some(ActionSpace::Box { .. }) => {
                hints.iter_mut().zip(action).for_each(|(to, word)| *to = f32::from_bits(*word));
            }
        }
    }

    /// The reward of that step.
    pub(super) fn hear(&self, reward: f32, hints: &mut [f32]) {
        if self.reward {
            hints[self.of_action()] = reward;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_lie_one_after_the_other() {
        let space = ActionSpace::MultiDiscrete { nvec: vec![2, 3] };
        let hints = Hints { action: Some(space), reward: true, start: true };
        let mut found = vec![9.0; hints.count()];
        hints.begin(&mut found);
        assert_eq!(found, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        hints.remember(&[1, 2], &mut found);
        assert_eq!(found, [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        hints.hear(-2.5, &mut found);
        assert_eq!(found, [0.0, 1.0, 0.0, 0.0, 1.0, -2.5, 0.0]);
        let numbers = ActionSpace::Box { low: vec![-1.0], high: vec![1.0] };
        let hints = Hints { action: Some(numbers), reward: false, start: false };
        let mut found = [0.0];
        hints.remember(&[0.25f32.to_bits()], &mut found);
        hints.hear(1.0, &mut found);
        assert_eq!(found, [0.25]);
    }
}
