//! `shadergym list`: the environments.

use std::io::Write;

use serde_json::json;
use shadergym_envs::{Facts, Space, ids, spec};

use super::output::{Done, Table, shortened};

/// Show all environments: id, spaces, agents, time limit and where the rules come from.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  shadergym list
  shadergym list --json | jq '.[].id'

`shadergym spec <ID>` shows everything about one environment.")]
pub struct Args {
    /// Print an array of objects instead of a table
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let mut all = Vec::new();
    for id in ids() {
        all.push(spec(id)?);
    }
    if args.json {
        let list: Vec<_> = all.iter().map(|f| entry(f)).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&list).expect("plain data"))?;
        return Ok(());
    }
    let mut table = Table::new(["id", "observation", "action", "agents", "steps", "source"]);
    for facts in all {
        table.row([
            facts.id.clone(),
            Space::of_observation(facts).to_string(),
            Space::of_action(facts).to_string(),
            facts.agents.to_string(),
            if facts.max_episode_steps == 0 { "-".to_owned() } else { facts.max_episode_steps.to_string() },
            shortened(&one_line(facts.section("Source")), 60),
        ]);
    }
    table.write(out)?;
    Ok(())
}

fn entry(facts: &Facts) -> serde_json::Value {
    json!({
        "id": facts.id,
        "summary": facts.summary,
        "family": facts.family,
        "stem": facts.stem,
        "observation": Space::of_observation(facts).to_string(),
        "observation_shape": facts.observation.single().map(|part| &part.shape),
        "action": Space::of_action(facts).to_string(),
        "agents": facts.agents,
        "max_episode_steps": facts.max_episode_steps,
        "reward_threshold": facts.reward_threshold,
        "renderable": facts.pixel_aspect.is_some(),
        "source": one_line(facts.section("Source")),
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
