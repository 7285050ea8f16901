//! `shadergym spec`: the page of one environment, made from its file.

use std::io::Write;

use shadergym_compiler::{ActionSpace, Encoding, Facts, Field, Kind, Layout, ObservationPart, ObservationSpace};
use shadergym_envs::Space;

use super::output::{Done, grouped};
use super::target::Target;

/// Show the page of one environment: rules, spaces with units and ranges, parameters, source.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  shadergym spec CartPole-v1
  shadergym spec my_env.wgsl > my_env.md

`shadergym dump <ENV> --facts` gives the same as JSON.")]
pub struct Args {
    /// Id as in `shadergym list`, or a .wgsl file
    env: String,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let target = Target::find(&args.env)?;
    out.write_all(page(&target).as_bytes())?;
    Ok(())
}

/// The page as Markdown.
fn page(target: &Target) -> String {
    let facts = target.facts();
    let mut text = format!("# {}\n\n{}\n", facts.id, facts.summary);
    let mut add = |heading: &str, body: &str| {
        if !body.trim().is_empty() {
            text.push_str(&format!("\n## {heading}\n\n{}\n", body.trim_end()));
        }
    };
    add("Overview", &overview(target));
    add("Observation", &observation(facts));
    add("Global state", &global_state(facts).unwrap_or_default());
    add("Action", &action(facts));
    for section in &facts.sections {
        add(&section.heading, &section.text);
    }
    add("Parameters", &parameters(facts));
    add("State", &layout(&facts.state));
    text
}

fn overview(target: &Target) -> String {
    let facts = target.facts();
    let mut rows = vec![
        ("observation", Space::of_observation(facts).to_string()),
        ("action", Space::of_action(facts).to_string()),
        ("agents", facts.agents.to_string()),
        (
            "time limit",
            if facts.max_episode_steps == 0 {
                "none".to_owned()
            } else {
                format!("{} steps", grouped(facts.max_episode_steps.into()))
            },
        ),
    ];
    if let Some(threshold) = facts.reward_threshold {
        rows.push(("solved at a mean return of", threshold.to_string()));
    }
    if facts.sticky_action_probability > 0.0 {
        rows.push(("sticky actions", format!("probability {}", facts.sticky_action_probability)));
    }
    let kinds = if facts.integer { "integers only, CPU and GPU agree bitwise" } else { "floats" };
    rows.push(("state", format!("{} words of 32 bits, {kinds}", facts.state.words)));
    rows.push(("file", target.place()));
    table(["", ""], rows.into_iter().map(|(name, value)| [name.to_owned(), value]))
}

fn observation(facts: &Facts) -> String {
    let mut text =
        format!("{}, {} words of 32 bits{}.\n", Space::of_observation(facts), facts.observation.words, each(facts));
    if !facts.agent_observations.is_empty() {
        text.push_str(&format!("Elements of each agent, the rest being 0: {:?}.\n", facts.agent_observations));
    }
    text + &parts(&facts.observation)
}

fn global_state(facts: &Facts) -> Option<String> {
    let space = facts.global_state.as_ref()?;
    let shown = Space::of_global_state(facts).map_or(String::new(), |space| space.to_string());
    Some(format!("{shown}, {} words of 32 bits for all agents together.\n{}", space.words, parts(space)))
}

/// What the parts of an observation are.
fn parts(space: &ObservationSpace) -> String {
    let mut text = String::new();
    for part in &space.parts {
        if !part.name.is_empty() {
            text.push_str(&format!("\n### {}\n", part.name));
        }
        text.push_str(&format!("\n{}", one_part(part)));
    }
    text
}

fn one_part(part: &ObservationPart) -> String {
    let bounds = |index: usize| range(part.low[index], part.high[index]);
    let mut text = String::new();
    if !part.doc.is_empty() {
        text.push_str(&format!("{}\n\n", part.doc));
    }
    let packed = match part.encoding {
        Encoding::F32 => "",
        Encoding::U8 => ", four to a word",
        Encoding::Bit => ", 32 to a word",
        Encoding::Count => ", whole numbers",
    };
    let same = |mut indices: std::ops::Range<usize>, first: usize| indices.all(|i| bounds(i) == bounds(first));
    if part.fields.is_empty() {
        let all = if same(0..part.elements(), 0) { bounds(0) } else { "differs by element, see the facts".to_owned() };
        return text + &format!("Shape {:?}{packed}, range of every element: {all}.\n", part.shape);
    }
    let rows = part.fields.iter().map(|field| {
        let all = same(field.offset..field.offset + field.words(), field.offset);
        let shown = if all { bounds(field.offset) } else { "by element".to_owned() };
        [index(field), field.name.clone(), field.unit.clone(), shown, field.doc.clone()]
    });
    text.push_str(&table(["index", "name", "unit", "range", "meaning"], rows));
    text
}

fn action(facts: &Facts) -> String {
    let mut text = String::new();
    if !facts.action_doc.is_empty() {
        text.push_str(&format!("{}\n\n", facts.action_doc));
    }
    text.push_str(&format!("{}{}.\n", Space::of_action(facts), each(facts)));
    if facts.action_mask {
        text.push_str("Every observation comes with a mask of the legal actions, to which random play keeps.\n");
    }
    match &facts.action {
        ActionSpace::Discrete { .. } => text,
        ActionSpace::MultiDiscrete { nvec } => {
            let rows = nvec.iter().enumerate().map(|(i, n)| [i.to_string(), format!("0 to {}", n - 1)]);
            text + "\n" + &table(["index", "range"], rows)
        }
        ActionSpace::Box { low, high } => {
            let rows = low.iter().zip(high).enumerate().map(|(i, (l, h))| [i.to_string(), range(*l, *h)]);
            text + "\n" + &table(["index", "range"], rows)
        }
    }
}

fn each(facts: &Facts) -> String {
    if facts.agents > 1 { format!(" for each of {} agents", facts.agents) } else { String::new() }
}

fn parameters(facts: &Facts) -> String {
    let value = |words: &[u32], field: &Field| {
        let shown: Vec<String> =
            words[field.offset..field.offset + field.words()].iter().map(|&w| number(field.kind, w)).collect();
        match shown.as_slice() {
            [one] => one.clone(),
            all if all.iter().all(|v| v == &all[0]) => format!("{} x {}", all.len(), all[0]),
            all if all.len() <= 8 => format!("[{}]", all.join(", ")),
            all => format!("{} values", all.len()),
        }
    };
    let rows = facts.params.fields.iter().map(|field| {
        let (low, high) = &facts.params_bounds;
        let bounds = format!("{} to {}", value(low, field), value(high, field));
        [field.name.clone(), field.unit.clone(), value(&facts.default_params, field), bounds, field.doc.clone()]
    });
    table(["name", "unit", "default", "allowed", "meaning"], rows)
}

fn layout(layout: &Layout) -> String {
    let rows = layout
        .fields
        .iter()
        .map(|f| [index(f), f.name.clone(), kind(f.kind).to_owned(), f.unit.clone(), f.doc.clone()]);
    table(["word", "name", "kind", "unit", "meaning"], rows)
}

fn index(field: &Field) -> String {
    match field.words() {
        1 => field.offset.to_string(),
        words => format!("{}-{}", field.offset, field.offset + words - 1),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::F32 => "f32",
        Kind::U32 => "u32",
        Kind::I32 => "i32",
    }
}

fn number(kind: Kind, word: u32) -> String {
    match kind {
        Kind::F32 => bound(f32::from_bits(word)),
        Kind::U32 => word.to_string(),
        Kind::I32 => (word as i32).to_string(),
    }
}

fn range(low: f32, high: f32) -> String {
    format!("{} to {}", bound(low), bound(high))
}

/// WGSL has no infinity: the largest finite number stands for it.
fn bound(value: f32) -> String {
    if value.abs() == f32::MAX { format!("{}inf", if value < 0.0 { "-" } else { "" }) } else { value.to_string() }
}

/// A Markdown table that also reads well as text; empty without rows.
fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> =
        rows.into_iter().map(|row| row.map(|cell| cell.replace('\n', " ").replace('|', "\\|"))).collect();
    if rows.is_empty() {
        return String::new();
    }
    let width =
        |c: usize| rows.iter().map(|r| r[c].chars().count()).chain([head[c].chars().count(), 3]).max().unwrap_or(3);
    // The last column may be long; it is not padded.
    let widths: Vec<usize> = (0..N).map(|c| if c + 1 == N { 3 } else { width(c) }).collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, w)| format!("{cell:<w$}")).collect();
        format!("| {} |\n", padded.join(" | "))
    };
    let mut text = line(&head.map(str::to_owned));
    text.push_str(&line(&widths.iter().map(|&w| "-".repeat(w)).collect::<Vec<_>>()));
    for row in &rows {
        text.push_str(&line(row));
    }
    text
}
