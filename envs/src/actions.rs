//! Checks of actions: every step pays for them, so the good case is one branch-free pass over the words.

use shadergym_compiler::{ActionSpace, Facts};

use crate::elements::Actions;
use crate::error::{Error, Result};

/// Checks actions for `steps` transitions of `num_envs` instances and gives them as raw words `[steps, n, agents, words]`,
/// without a copy where the type allows it (`buffer` takes the others).
pub(crate) fn check_actions<'a>(
    facts: &Facts,
    num_envs: usize,
    steps: usize,
    actions: Actions<'a>,
    buffer: &'a mut Vec<u32>,
) -> Result<&'a [u32]> {
    let continuous = matches!(facts.action, ActionSpace::Box { .. });
    if continuous != matches!(actions, Actions::Continuous(_)) {
        return Err(Error::InvalidActionType { got: actions.dtype(), expected: expected_type(&facts.action) });
    }
    let expected = steps * num_envs * facts.action_words();
    if actions.len() != expected {
        let rollout = if steps > 1 { format!("steps {steps} x ") } else { String::new() };
        let words = facts.action.words();
        return Err(Error::InvalidShape {
            what: "actions",
            got: actions.len(),
            expected,
            shape: format!("{rollout}num_envs {num_envs} x agents {} x {words} per agent", facts.agents),
        });
    }
    let words: &[u32] = match actions {
        Actions::Discrete(values) => values,
        Actions::I32(values) => bytemuck::cast_slice(values),
        Actions::Continuous(values) => bytemuck::cast_slice(values),
        Actions::I64(values) => {
            buffer.clear();
            let mut high = 0;
            for block in values.chunks(1024) {
                buffer.extend(block.iter().map(|&v| v as u32));
                high = block.iter().fold(high, |high, &v| high | v);
            }
            if high as u64 >> 32 != 0 {
                // What does not fit, or is negative, becomes the largest u32, which no count reaches.
                buffer.clear();
                buffer.extend(values.iter().map(|&v| u32::try_from(v).unwrap_or(u32::MAX)));
            }
            buffer
        }
    };
    let valid = match &facts.action {
        ActionSpace::Discrete { n } => all_below(words, *n),
        ActionSpace::MultiDiscrete { nvec } => all_below_each(words, nvec),
        ActionSpace::Box { .. } => all_finite(words),
    };
    if valid { Ok(words) } else { Err(first_offender(facts, num_envs, actions, words)) }
}

/// Whether every word is below `n`: subtraction and a sign bit instead of unsigned comparisons, which baseline x86-64
/// has no vector instruction for.
fn all_below(words: &[u32], n: u32) -> bool {
    let highest = n.wrapping_sub(1);
    if highest >= 1 << 31 {
        return words.iter().all(|&w| w < n);
    }
    let signs = words.iter().fold(0, |signs, &word| signs | word | highest.wrapping_sub(word));
    signs >> 31 == 0
}

/// Whether every row of words is below the counts, element by element: the counts are laid out for many rows at once.
fn all_below_each(words: &[u32], counts: &[u32]) -> bool {
    let mut highest = [0; 256];
    let block = highest.len() / counts.len() * counts.len();
    if block == 0 || counts.iter().any(|&n| n == 0 || n > 1 << 31) {
        return words.chunks_exact(counts.len()).all(|row| row.iter().zip(counts).all(|(w, n)| w < n));
    }
    for (highest, n) in highest.iter_mut().zip(counts.iter().cycle()) {
        *highest = n - 1;
    }
    let mut signs = 0;
    for rows in words.chunks(block) {
        signs = rows.iter().zip(&highest[..block]).fold(signs, |signs, (&w, &h)| signs | w | h.wrapping_sub(w));
    }
    signs >> 31 == 0
}

/// Whether every word is a finite float: an exponent of all ones overflows into the sign bit.
fn all_finite(words: &[u32]) -> bool {
    let signs = words.iter().fold(0, |signs, &word| signs | (word & 0x7f80_0000).wrapping_add(0x0080_0000));
    signs >> 31 == 0
}

fn expected_type(space: &ActionSpace) -> String {
    match space {
        ActionSpace::Discrete { n } => format!("integers (u32, i32 or i64), 0 to {}", n - 1),
        ActionSpace::MultiDiscrete { nvec } => format!("{} integers (u32, i32 or i64) below {nvec:?}", nvec.len()),
        ActionSpace::Box { low, high } => format!("{} floats (f32) between {low:?} and {high:?}", low.len()),
    }
}

/// Only on failure: which action was it?
#[cold]
fn first_offender(facts: &Facts, num_envs: usize, actions: Actions<'_>, words: &[u32]) -> Error {
    let per_agent = facts.action.words();
    let allowed = |element: usize| match &facts.action {
        ActionSpace::Discrete { n } => format!("0 to {}", n - 1),
        ActionSpace::MultiDiscrete { nvec } => format!("0 to {}", nvec[element] - 1),
        ActionSpace::Box { low, high } => {
            format!("a finite number, {} to {} has an effect", low[element], high[element])
        }
    };
    let invalid = |(index, &word): (usize, &u32)| match &facts.action {
        ActionSpace::Discrete { n } => word >= *n,
        ActionSpace::MultiDiscrete { nvec } => word >= nvec[index % per_agent],
        ActionSpace::Box { .. } => !f32::from_bits(word).is_finite(),
    };
    let index = words.iter().enumerate().position(invalid).unwrap_or(0);
    let mut value = match actions {
        Actions::Discrete(v) => v[index].to_string(),
        Actions::I32(v) => v[index].to_string(),
        Actions::I64(v) => v[index].to_string(),
        Actions::Continuous(v) => v[index].to_string(),
    };
    let row = num_envs * facts.agents * per_agent;
    if words.len() > row {
        value.push_str(&format!(" at step {}", index / row));
    }
    let element = index % per_agent;
    let agent = index / per_agent % facts.agents;
    let instance = index / per_agent / facts.agents % num_envs;
    Error::InvalidAction { instance, agent, element, value, allowed: allowed(element) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branch_free_checks_agree_with_comparisons() {
        let edges = [0, 1, 2, 3, 4, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, u32::MAX - 1, u32::MAX];
        for n in edges.into_iter().filter(|&n| n > 0) {
            for word in edges {
                assert_eq!(all_below(&[0, word], n), word < n, "{word} < {n}");
                assert_eq!(all_below_each(&[0, word], &[1, n]), word < n, "{word} < {n}");
            }
        }
        let rows: Vec<u32> = (0..3000).map(|i| i % 3 * 4).collect();
        assert!(all_below_each(&rows, &[1, 5, 9]));
        for bad in [0, 1499, 2999] {
            let mut rows = rows.clone();
            rows[bad] += 1;
            assert!(!all_below_each(&rows, &[1, 5, 9]), "element {bad}");
        }
        assert!(!all_below_each(&[0; 300], &[0; 300]) && all_below_each(&[0; 600], &[1; 300]));
        for value in [0.0, -0.0, 1.0, f32::MAX, f32::MIN, 1e-45, f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY]
        {
            assert_eq!(all_finite(&[0, value.to_bits()]), value.is_finite(), "{value}");
        }
    }
}
