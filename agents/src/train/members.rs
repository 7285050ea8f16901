//! The members of a population that is one agent: their policies in files, and what each came to.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::play::{Evaluation, evaluate};
use super::tally::WINDOW;
use crate::agent::{Agent, Episode, Setup};
use crate::error::Result;
use crate::policy::Policy;
use crate::state::State;

/// The policies of all members as they are now.
pub(super) fn policies(agent: &dyn Agent) -> Vec<Policy> {
    (0..agent.members()).map(|member| agent.policy(member)).collect()
}

/// Where the arrays of a member's policy are; those of the first are where a single policy is.
fn prefix(member: usize) -> String {
    if member == 0 { String::new() } else { format!("member.{member}/") }
}

/// Keeps the policies of all members.
pub(super) fn save<'a>(policies: impl IntoIterator<Item = &'a Policy>, state: &mut State) {
    for (member, policy) in policies.into_iter().enumerate() {
        let mut own = State::default();
        policy.save(&mut own);
        state.put_all(&prefix(member), own);
    }
}

/// What was kept of a member's policy; empty if there is no such member.
pub(super) fn of_member(state: &State, member: usize) -> State {
    if member == 0 { state.clone() } else { state.behind(&prefix(member)) }
}

/// The same evaluation of every member, one after the other; their episodes say whose they are.
///
/// # Errors
/// As [`evaluate`].
pub(super) fn evaluate_all(
    policies: &[Policy],
    setup: &Setup,
    episodes: usize,
    seed: u64,
    go_on: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Option<Evaluation>> {
    let mut all = Evaluation { episodes: Vec::new(), truncated: 0, cut_off: 0 };
    for (member, policy) in policies.iter().enumerate() {
        let before = all.episodes.len();
        let mut go_on = |done| go_on(before + done);
        let Some(found) = evaluate(policy, setup, episodes, seed, true, &mut go_on)? else { return Ok(None) };
        let own = found.episodes.into_iter().map(|episode| Episode { member: member as u32, ..episode });
        all.episodes.extend(own);
        all.truncated += found.truncated;
        all.cut_off += found.cut_off;
    }
    Ok(Some(all))
}

/// Returns of the last 100 episodes of each member; nothing of a single one, whose are those of the run.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Windows {
    of_members: Vec<VecDeque<f32>>,
}

impl Windows {
    pub fn add(&mut self, episode: &Episode, members: usize) {
        if members > 1 {
            self.of_members.resize(members, VecDeque::new());
            let window = &mut self.of_members[episode.member as usize];
            if window.len() == WINDOW {
                window.pop_front();
            }
            window.push_back(episode.episode_return);
        }
    }

    pub fn save(&self, state: &mut State) {
        for (member, window) in self.of_members.iter().enumerate() {
            let returns: Vec<f32> = window.iter().copied().collect();
            state.put_f32(format!("members/{member}/returns"), &returns);
        }
    }

    pub fn load(state: &State) -> Self {
        let of = |member| state.f32(&format!("members/{member}/returns")).ok();
        Self { of_members: (0..).map_while(of).map(|returns| returns.iter().copied().collect()).collect() }
    }

    /// For `summary.json`: what each member came to; null of a single one.
    pub fn to_json(&self, evaluation: Option<&Evaluation>) -> Value {
        let mean = |returns: &mut dyn Iterator<Item = f32>| {
            let (sum, n) = returns.fold((0.0, 0.0), |(sum, n), r| (sum + f64::from(r), n + 1.0));
            (n > 0.0).then(|| sum / n)
        };
        let of = |(member, window): (usize, &VecDeque<f32>)| {
            let own = evaluation.into_iter().flat_map(|found| &found.episodes);
            let mut own = own.filter(|e| e.member as usize == member).map(|e| e.episode_return);
            json!({
                "member": member, "last_100": mean(&mut window.iter().copied()), "evaluation": mean(&mut own),
            })
        };
        match self.of_members.is_empty() {
            true => Value::Null,
            false => self.of_members.iter().enumerate().map(of).collect(),
        }
    }
}
