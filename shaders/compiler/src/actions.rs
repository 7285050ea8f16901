//! The part of the glue that draws, loads and stores the actions of all agents.

use std::fmt::Write;

use crate::facts::{ActionSpace, Facts, Kind};
use crate::words::{from_bits, to_bits};

/// `kernel_draw_actions`: random play.
pub(crate) fn draw(facts: &Facts) -> String {
    let choices: Vec<u32> = match &facts.action {
        ActionSpace::Discrete { n } => vec![*n],
        ActionSpace::MultiDiscrete { nvec } => nvec.clone(),
        ActionSpace::Box { .. } => Vec::new(),
    };
    let draws = each_word(facts, |w, path, agent| {
        if facts.action_mask {
            let mask = match w {
                0 => format!("let mask = kernel_action_mask(*params, state, elapsed, {agent});\n"),
                _ => String::new(),
            };
            let first: u32 = choices[..w].iter().sum();
            return format!("{mask}{path} = kernel_draw_legal(rng, mask, {first}u, {}u);", first + choices[w]);
        }
        match &facts.action {
            ActionSpace::Discrete { .. } | ActionSpace::MultiDiscrete { .. } => {
                format!("{path} = rng_range(rng, {}u);", choices[w])
            }
            ActionSpace::Box { low, high } => format!("{path} = rng_between(rng, {:?}f, {:?}f);", low[w], high[w]),
        }
    });
    format!(
        "fn kernel_draw_actions(params: ptr<function, Params>, state: ptr<function, State>, elapsed: u32, rng: ptr<function, Rng>) -> KernelActions {{\n    \
         var v: KernelActions;\n{draws}    return v;\n}}"
    )
}

/// Statements for each word of `v: KernelActions`, made of the word's number within an agent's action, its path and the
/// agent. Several agents are a loop, so that a hundred are no more code than two.
fn each_word(facts: &Facts, statement: impl Fn(usize, &str, &str) -> String) -> String {
    let several = facts.agents > 1;
    let (agent, index, indent) = if several { ("agent", "agent", "        ") } else { ("0u", "0", "    ") };
    let scalar = matches!(facts.action, ActionSpace::Discrete { .. });
    let mut body = String::new();
    for w in 0..facts.action.words() {
        let path = if scalar { format!("v[{index}]") } else { format!("v[{index}][{w}]") };
        for line in statement(w, &path, agent).lines() {
            let _ = writeln!(body, "{indent}{line}");
        }
    }
    match several {
        true => format!("    for (var agent = 0u; agent < AGENTS; agent++) {{\n{body}    }}\n"),
        false => body,
    }
}

/// A word of an agent's part of a row.
fn row_word(agent: &str, words: usize, w: usize) -> String {
    if agent == "0u" { format!("{w}u") } else { format!("{agent} * {words}u + {w}u") }
}

/// What the words of an action are.
pub(crate) fn kind(facts: &Facts) -> Kind {
    if matches!(facts.action, ActionSpace::Box { .. }) { Kind::F32 } else { Kind::U32 }
}

/// `kernel_load_actions`: given actions from a row.
pub(crate) fn load(facts: &Facts) -> String {
    let (kind, words) = (kind(facts), facts.action.words());
    let load = each_word(facts, |w, path, agent| {
        let load = from_bits(kind, &format!("kernel_inputs[at + {}]", row_word(agent, words, w)));
        // On-device learners are not checked by the host: an index past the end becomes the last action.
        match &facts.action {
            ActionSpace::Discrete { n } => format!("{path} = min({load}, {}u);", n - 1),
            ActionSpace::MultiDiscrete { nvec } => format!("{path} = min({load}, {}u);", nvec[w] - 1),
            ActionSpace::Box { .. } => format!("{path} = {load};"),
        }
    });
    format!("fn kernel_load_actions(at: u32) -> KernelActions {{\n    var v: KernelActions;\n{load}    return v;\n}}\n")
}

/// `kernel_store_actions`: drawn actions to a row.
pub(crate) fn store(facts: &Facts) -> String {
    let (kind, words) = (kind(facts), facts.action.words());
    let store = each_word(facts, |w, path, agent| {
        format!("kernel_outputs[at + {}] = {};", row_word(agent, words, w), to_bits(kind, path))
    });
    // Compilers copy what is indexed by a variable and is none itself, once for each time.
    let (name, copy) = if facts.agents > 1 { ("given", "    var v = given;\n") } else { ("v", "") };
    format!("fn kernel_store_actions(at: u32, {name}: KernelActions) {{\n{copy}{store}}}\n")
}
