//! What a run leaves behind: the policy, its evaluation, the curve, the animation and the summary.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::checkpoint::{Checkpoint, Meta};
use super::config::{Plan, version};
use super::folder::RunFolder;
use super::members::{self, Windows, evaluate_all};
use super::pictures;
use super::play::{Evaluation, Player};
use super::progress::Phase;
use super::tally::Spread;
use super::{End, Outcome};
use crate::agent::Clocks;
use crate::animation::Animation;
use crate::error::{Error, Result};
use crate::machine;
use crate::policy::Policy;
use crate::report::curve::{Series, curves};
use crate::tasks::TaskSet;

/// Pictures per second of animations.
pub(crate) const FPS: u16 = 25;
/// Width of animations in pixels.
const WIDTH: usize = 320;
/// Most pictures of `final.gif`.
const FRAMES: usize = 500;

/// A run after its last iteration.
pub(super) struct Ended {
    pub plan: Plan,
    pub end: End,
    pub device: String,
    pub learner: String,
    pub step: u64,
    pub clocks: Clocks,
    pub seconds: f64,
    pub episodes: u64,
    pub last: Option<Spread>,
    pub members: Windows,
    pub curve: Vec<(u64, f64)>,
    pub checkpoint: Option<PathBuf>,
}

/// All results. Evaluates also where nothing is written.
pub(super) fn finish(
    mut ended: Ended,
    policies: Vec<Policy>,
    folder: Option<&RunFolder>,
    meta: Meta,
    callback: &mut dyn FnMut(Phase) -> ControlFlow<()>,
) -> Result<Outcome> {
    let config = ended.plan.config.clone();
    if let Some(folder) = folder {
        let mut file = Checkpoint { meta, ..Checkpoint::default() };
        members::save(&policies, &mut file.policy);
        file.write(&folder.path.join("policy.safetensors"))?;
        folder.write("curve.svg", curve(&ended).as_bytes())?;
    }
    let setup = ended.plan.setup();
    let mut evaluating = |done| callback(Phase::Evaluating(done));
    let found = evaluate_all(&policies, &setup, config.eval_episodes, config.seed, &mut evaluating)?;
    let Some(evaluation) = found else {
        ended.end = End::Interrupted;
        return interrupted(ended, policies, folder);
    };
    if let Some(folder) = folder
        && config.gif
        && let Some(aspect) = ended.plan.facts.pixel_aspect
        && callback(Phase::Drawing).is_continue()
    {
        let mut player = Player::new(&setup, 1, config.seed, "animation", true)?;
        let gif = animation(&mut player, &policies[0], aspect, WIDTH, 1, FRAMES)?;
        folder.write("final.gif", &gif)?;
    }
    let evaluation = (!evaluation.episodes.is_empty()).then_some(evaluation);
    if let (Some(folder), Some(tasks), Some(found)) = (folder, &ended.plan.tasks, &evaluation) {
        folder.write("tasks.csv", by_task(&tasks.set, found).as_bytes())?;
        if callback(Phase::Drawing).is_continue() {
            pictures::draw(folder, &ended, &tasks.set, found, &policies[0])?;
        }
    }
    outcome(ended, policies, folder, evaluation)
}

/// A run that will go on: only its summary.
pub(super) fn interrupted(ended: Ended, policies: Vec<Policy>, folder: Option<&RunFolder>) -> Result<Outcome> {
    outcome(ended, policies, folder, None)
}

/// The summary of a run that failed. Its policy is not asked for: it may be lost with its device.
pub(super) fn write_failure(folder: &RunFolder, ended: &Ended, error: &Error) -> Result<()> {
    write_summary(folder, &summary(ended, None, Some(error)))
}

fn outcome(
    ended: Ended,
    mut policies: Vec<Policy>,
    folder: Option<&RunFolder>,
    evaluation: Option<Evaluation>,
) -> Result<Outcome> {
    let summary = summary(&ended, evaluation.as_ref(), None);
    if let Some(folder) = folder {
        write_summary(folder, &summary)?;
    }
    Ok(Outcome {
        policy: policies.remove(0),
        others: policies,
        config: ended.plan.config,
        folder: folder.map(|folder| folder.path.clone()),
        end: ended.end,
        step: ended.step,
        seconds: ended.seconds,
        last_episodes: ended.last,
        curve: ended.curve,
        evaluation,
        summary,
    })
}

fn write_summary(folder: &RunFolder, summary: &Value) -> Result<()> {
    folder.write("summary.json", format!("{summary:#}\n").as_bytes())
}

fn summary(ended: &Ended, evaluation: Option<&Evaluation>, error: Option<&Error>) -> Value {
    let config = &ended.plan.config;
    let evaluated = evaluation.and_then(|e| e.spread().map(|spread| (e, spread))).map(|(e, spread)| {
        let mut value = spread.to_json();
        value["truncated"] = json!(e.truncated);
        value["cut_off"] = json!(e.cut_off);
        value["deterministic"] = json!(true);
        if ended.plan.tasks.is_some() {
            value["by_task"] = e.by_task().iter().map(|spread| spread.mean).collect();
            value["mastered"] = json!(ended.plan.facts.reward_threshold.and_then(|threshold| e.mastered(threshold)));
        }
        value
    });
    json!({
        "agent": config.agent,
        "env": ended.plan.facts.id,
        "seed": config.seed,
        "end": ended.end.name(),
        "reason": error.map_or_else(|| ended.end.reason(config), Error::to_string),
        "step": ended.step,
        "steps": config.steps,
        "env_steps": ended.clocks.env_steps,
        "collections": ended.clocks.collections,
        "updates": ended.clocks.updates,
        "seconds": ended.seconds,
        "steps_per_second": ended.step as f64 / ended.seconds.max(1e-9),
        "episodes": ended.episodes,
        "final_return": ended.curve.last().map(|(_, mean)| mean),
        "last_100": ended.last.map(|spread| spread.to_json()),
        "evaluation": evaluated,
        "members": ended.members.to_json(evaluation),
        "checkpoint": ended.checkpoint.as_ref().and_then(|path| path.file_name()).map(|n| n.to_string_lossy()),
        "version": version(),
        "machine": {
            "cpu": machine::cpu_name(),
            "cores": machine::cores(),
            "simd": machine::levels().last(),
            "system": machine::system(),
            "device": ended.device,
            "learner": ended.learner,
        },
    })
}

/// The tasks of the evaluation with their parameters and what was reached in each.
fn by_task(set: &TaskSet, found: &Evaluation) -> String {
    let dimensions = set.space.dimensions();
    let mut text = String::from("task");
    dimensions.iter().for_each(|d| text += &format!(",{}", d.name));
    text += ",episodes,return,median_length\n";
    for (k, (task, spread)) in set.evaluated.chunks_exact(dimensions.len()).zip(found.by_task()).enumerate() {
        text += &k.to_string();
        task.iter().for_each(|value| text += &format!(",{value}"));
        text += &format!(",{},{},{}\n", spread.episodes, spread.mean, spread.median_length);
    }
    text
}

/// The learning curve.
fn curve(ended: &Ended) -> String {
    let config = &ended.plan.config;
    let points = ended.curve.iter().map(|&(step, mean)| (step as f64, mean)).collect();
    let title = format!("{} on {}, seed {}", config.agent, ended.plan.facts.id, config.seed);
    curves(
        &title,
        "environment steps",
        "episode return",
        &[Series { label: config.agent.clone(), points, band: Vec::new() }],
    )
}

/// An animation that could not be encoded.
pub(super) fn not_encoded(error: std::io::Error) -> Error {
    super::files::failed("encode", Path::new("the animation"), error)
}

/// Plays `episodes` of one instance, or as many as `frames` pictures show, as a GIF `width` pixels wide.
///
/// # Errors
/// Those of the environments; [`Error::Io`] if it cannot be encoded.
pub fn animation(
    player: &mut Player,
    policy: &Policy,
    aspect: f32,
    width: usize,
    episodes: usize,
    frames: usize,
) -> Result<Vec<u8>> {
    let height = ((width as f32 / aspect).round() as usize).clamp(8, 4096);
    let mut gif = Vec::new();
    let mut animation = Animation::new(&mut gif, width, height, FPS);
    let mut left = episodes;
    for frame in 0..frames {
        if frame > 0 {
            player.step(policy)?;
        }
        animation.add(&player.batch().render(0, width, height)?.rgb).map_err(not_encoded)?;
        left -= usize::from(frame > 0 && !player.ended().is_empty());
        if left == 0 {
            break;
        }
    }
    animation.finish().map_err(not_encoded)?;
    Ok(gif)
}
