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

#[cfg(test)]
mod tests {
    use shadergym_envs::{Actions, BatchOptions, make_with};

    use super::*;

    #[test]
    fn batches_that_wait_have_the_same_episodes() {
        let of = |mode| make_with("CartPole-v1", &BatchOptions::new(20).autoreset_mode(mode).max_episode_steps(30));
        let mut batches = [AutoresetMode::SameStep, AutoresetMode::Disabled].map(|mode| of(mode).unwrap());
        for batch in &mut batches {
            batch.reset(7).unwrap();
        }
        let mut ends = 0;
        for step in 0..200u32 {
            let actions: Vec<u32> = (0..20).map(|i| (step * 7 + i * 3) / 5 % 2).collect();
            let told = batches.each_mut().map(|batch| {
                batch.step(Actions::Discrete(&actions)).unwrap();
                let view = batch.view();
                let last: Vec<_> =
                    view.ended_instances().map(|i| (i, last_observation(batch, i).into_owned())).collect();
                let flags = [view.terminated().to_vec(), view.truncated().to_vec()];
                let returns = view.episode_returns().to_vec();
                restart(batch).unwrap();
                (last, flags, returns, batch.observations().flattened().into_owned())
            });
            ends += told[0].0.len();
            assert!(told[0] == told[1], "step {step}");
        }
        assert!(ends > 100, "{ends}");
    }

    #[test]
    fn only_masks_and_time_limits_together_need_to_wait() {
        let facts = shadergym_envs::spec("CartPole-v1").expect("shipped");
        for (action_mask, max_episode_steps, truncates, waits) in
            [(false, 500, true, false), (true, 0, false, false), (true, 500, false, true), (true, 0, true, true)]
        {
            let facts = Facts { action_mask, max_episode_steps, truncates, ..facts.clone() };
            assert_eq!(autoreset(&facts) == AutoresetMode::Disabled, waits);
        }
    }
}
