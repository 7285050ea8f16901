//! Advantages and returns over rollouts.

use crate::common::collector::Collector;
use crate::options::Truncation;

/// Generalised advantage estimation (Schulman et al. 2016) over the newest rollout: fills `advantages` `[rows]`. The
/// return that the value learns is advantage + value. A terminated state is worth 0; a truncated one is worth the value
/// of its last observation, or 0 under [`Truncation::Terminal`]; either way nothing flows across the end of an episode.
pub fn gae(collector: &Collector, gamma: f32, gae_lambda: f32, truncation: Truncation, advantages: &mut Vec<f32>) {
    let rollout = &collector.rollout;
    advantages.resize(rollout.rewards.len(), 0.0);
    backward(collector, |row, next_row, next_value| {
        let ended = rollout.terminated[row] || rollout.truncated[row];
        let next_value = next_value_of(collector, row, next_value, truncation);
        let delta = rollout.rewards[row] + gamma * next_value - rollout.values[row];
        let ahead = if ended { 0.0 } else { next_row.map_or(0.0, |next| advantages[next]) };
        advantages[row] = delta + gamma * gae_lambda * ahead;
    });
}

/// λ-returns of PQN (Gallici et al. 2024) over the newest rollout, where the value of a state is its best action value
/// in the pass that acted: G = r + γ (λ G' + (1 - λ) max Q'), fills `returns` `[rows]`. Ends as in [`gae`].
pub fn lambda_returns(collector: &Collector, gamma: f32, lambda: f32, truncation: Truncation, returns: &mut Vec<f32>) {
    let rollout = &collector.rollout;
    returns.resize(rollout.rewards.len(), 0.0);
    backward(collector, |row, next_row, next_value| {
        let ended = rollout.terminated[row] || rollout.truncated[row];
        let next_value = next_value_of(collector, row, next_value, truncation);
        let ahead = match next_row {
            Some(next) if !ended => lambda * returns[next] + (1.0 - lambda) * next_value,
            _ => next_value,
        };
        returns[row] = rollout.rewards[row] + gamma * ahead;
    });
}

fn next_value_of(collector: &Collector, row: usize, next_value: f32, truncation: Truncation) -> f32 {
    let rollout = &collector.rollout;
    match (rollout.terminated[row], rollout.truncated[row]) {
        (true, _) => 0.0,
        (false, true) if truncation == Truncation::Terminal => 0.0,
        (false, true) => rollout.final_values[row],
        (false, false) => next_value,
    }
}

/// Visits all rows, the last step first, with the row and value of the same instance's next step (None after the last).
fn backward(collector: &Collector, mut visit: impl FnMut(usize, Option<usize>, f32)) {
    let rollout = &collector.rollout;
    let mut first = 0;
    for (rows, n) in collector.shards() {
        let last = rows.end - n;
        for row in rows.rev() {
            let (next, value) = if row < last {
                (Some(row + n), rollout.values[row + n])
            } else {
                (None, rollout.last_values[first + row - last])
            };
            visit(row, next, value);
        }
        first += n;
    }
}
