//! How instances start anew, so that the last state of an episode is known with its legal actions.

use std::borrow::Cow;

use shadergym_envs::{AutoresetMode, Batch, Facts};

use crate::error::Result;

/// How environments of an agent start anew. Where a time limit may end an episode and there are masks, the legal actions
/// of its last state are wanted, which only an environment that waits has; [`restart`] starts it then.
pub fn autoreset(facts: &Facts) -> AutoresetMode {
    let limited = facts.max_episode_steps > 0 || facts.truncates;
    if facts.action_mask && limited { AutoresetMode::Disabled } else { AutoresetMode::SameStep }
}

/// Starts the instances of a batch that ended, if it is one that waits ([`autoreset`]); as SAME_STEP does it, so that
/// episodes are the same.
///
/// # Errors
/// Those of the environments.
pub fn restart(env: &mut Batch) -> Result<()> {
    if env.autoreset_mode() == AutoresetMode::Disabled {
        let view = env.view();
        let ended: Vec<bool> = (0..env.num_envs()).map(|i| view.ended(i)).collect();
        if ended.contains(&true) {
            env.reset_masked(&ended, None)?;
        }
    }
    Ok(())
}

/// The last observation of row `row`, which ended in the newest step.
pub fn last_observation<'a>(env: &'a Batch, row: usize) -> Cow<'a, [u32]> {
    let view = env.view();
    match env.autoreset_mode() {
        AutoresetMode::SameStep => view.final_observations(),
        _ => view.observations(),
    }
    .row(row)
    .flattened()
}
