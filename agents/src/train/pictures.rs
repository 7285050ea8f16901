//! Pictures of a run with a source of tasks: which it played, and how it plays some of those that it is evaluated in.

use super::finish::{Ended, FPS, not_encoded};
use super::folder::RunFolder;
use super::lessons;
use super::play::{Evaluation, Player};
use crate::animation::Animation;
use crate::error::Result;
use crate::policy::Policy;
use crate::report::teaching::Teaching;
use crate::tasks::TaskSet;

/// Width of the animation of what was played in pixels.
const WIDTH: usize = 360;
/// Height of each task's strip in the animation of the policy in pixels, and most of its pictures.
const STRIP: usize = 160;
const FRAMES: usize = 600;
/// Steps between two pictures: episodes of walkers are long.
const STRIDE: usize = 4;

/// Writes `tasks.svg`, and with animations `tasks.gif` and `policy.gif`.
pub(super) fn draw(
    folder: &RunFolder,
    ended: &Ended,
    set: &TaskSet,
    found: &Evaluation,
    policy: &Policy,
) -> Result<()> {
    let (config, facts) = (&ended.plan.config, &ended.plan.facts);
    let returns: Vec<f64> = found.by_task().iter().map(|spread| spread.mean).collect();
    let source = config.tasks.get("source").and_then(|s| s.as_str()).unwrap_or("tasks");
    let dimensions = set.space.dimensions();
    let few =
        if dimensions.len() > 2 { format!(", the first two of {} numbers", dimensions.len()) } else { String::new() };
    let title = format!("{source} for {} on {}, seed {}{few}", config.agent, facts.id, config.seed);
    let files = (&*folder.path.join(lessons::EPISODES), &*folder.path.join(lessons::FILE));
    let about = (title, ended.step, facts.reward_threshold.map(f64::from));
    let teaching = Teaching::read(files, dimensions, (&set.evaluated, &returns), about)?;
    folder.write("tasks.svg", teaching.svg().as_bytes())?;
    if !config.gif {
        return Ok(());
    }
    folder.write("tasks.gif", &teaching.gif(WIDTH).map_err(not_encoded)?)?;
    if let Some(aspect) = facts.pixel_aspect {
        folder.write("policy.gif", &policy_gif(ended, set, &returns, policy, aspect)?)?;
    }
    Ok(())
}

/// The tasks of the evaluation in which a policy did best, in the middle and worst, below one another.
fn chosen(returns: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..returns.len()).collect();
    order.sort_by(|a, b| returns[*b].total_cmp(&returns[*a]));
    let mut picked = vec![order[0], order[order.len() / 2], order[order.len() - 1]];
    picked.dedup();
    picked
}

fn policy_gif(ended: &Ended, set: &TaskSet, returns: &[f64], policy: &Policy, aspect: f32) -> Result<Vec<u8>> {
    let width = ((STRIP as f32 * aspect).round() as usize).clamp(8, 4096);
    let dimensions = set.space.dimensions().len();
    let picked = chosen(returns);
    let of = |k: &usize| set.evaluated[k * dimensions..(k + 1) * dimensions].to_vec();
    let tasks = TaskSet { space: set.space.clone(), evaluated: picked.iter().flat_map(of).collect() };
    let setup = ended.plan.setup();
    let mut player = Player::with_tasks(&setup, picked.len(), Some(&tasks), ended.plan.config.seed, "animation", true)?;
    let (mut gif, mut last) = (Vec::new(), vec![Vec::new(); picked.len()]);
    let mut animation = Animation::new(&mut gif, width, STRIP * picked.len(), FPS);
    let mut over = vec![false; picked.len()];
    for frame in 0..FRAMES {
        for _ in 0..if frame > 0 { STRIDE } else { 0 } {
            player.step(policy)?;
            player.ended().into_iter().for_each(|(i, _)| over[i] = true);
        }
        // One that is over stands still.
        for i in (0..picked.len()).filter(|&i| !over[i]) {
            last[i] = player.batch().render(i, width, STRIP)?.rgb;
        }
        animation.add(&last.concat()).map_err(not_encoded)?;
        if over.iter().all(|over| *over) {
            break;
        }
    }
    animation.finish().map_err(not_encoded)?;
    Ok(gif)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_the_median_and_the_worst_are_shown_once_each() {
        assert_eq!(chosen(&[3.0, 9.0, 1.0, 5.0, 4.0]), [1, 4, 2]);
        assert_eq!(chosen(&[7.0]), [0]);
        assert_eq!(chosen(&[7.0, f64::NAN]).len(), 2, "what is no number has its place too");
    }
}
