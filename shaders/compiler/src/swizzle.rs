//! Assignments to swizzles, `v.xy = e` and `v.xy += e`, which naga does not know yet, as assignments to components.
//!
//! A statement becomes a block on the same lines: the place is taken once, as a pointer, then the value, then one store
//! per component. Members of structs that are named like swizzles are left alone.

use std::fmt::Write;

use crate::source::{Token, declarations, tokens};

/// The text with every assignment to a swizzle spelt out.
pub(crate) fn spell_out(text: &str) -> String {
    let all = tokens(text, 0);
    let members: Vec<&str> = declarations(&all).iter().flat_map(|d| d.members.iter().map(|m| m.text)).collect();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for i in 1..all.len() {
        let Some(found) = assignment(&all, i).filter(|f| f.start >= done && !members.contains(&all[i].text)) else {
            continue;
        };
        let (place, swizzle) = (text[found.start..all[i - 1].at].trim_end(), all[i].text);
        let (operator, value) = (&text[all[i].at + swizzle.len()..found.value], &text[found.value..found.end]);
        out.push_str(&text[done..found.start]);
        let _ = write!(
            out,
            "{{ let kernel_place = &({place}); var kernel_value = (*kernel_place).{swizzle}; \
             kernel_value{operator}{value};"
        );
        for (component, to) in "xyzw".chars().zip(swizzle.chars()) {
            let _ = write!(out, " (*kernel_place).{to} = kernel_value.{component};");
        }
        out.push_str(" }");
        // The semicolon of the statement.
        done = found.end + 1;
    }
    out.push_str(&text[done..]);
    out
}

/// Byte offsets of an assignment: its first token, its value and the semicolon behind it.
struct Assignment {
    start: usize,
    value: usize,
    end: usize,
}

/// The assignment whose left-hand side ends with the swizzle at token `i`.
fn assignment(all: &[Token<'_>], i: usize) -> Option<Assignment> {
    let swizzle = &all[i];
    if all[i - 1].text != "." || !is_swizzle(swizzle.text) {
        return None;
    }
    let adjacent = |a: &Token<'_>, b: &Token<'_>| a.at + a.text.len() == b.at;
    let [first, second, ..] = all.get(i + 1..)? else { return None };
    let operator = match (first.text, second.text) {
        ("=", "=") if adjacent(first, second) => return None,
        ("=", _) => 1,
        ("+" | "-" | "*" | "/" | "%" | "&" | "|" | "^", "=") if adjacent(first, second) => 2,
        _ => return None,
    };
    let depth = swizzle.depth;
    let before = all[..i].iter().rposition(|t| t.depth < depth || (t.depth == depth && matches!(t.text, ";" | "}")))?;
    if !matches!(all[before].text, ";" | "{" | "}") {
        return None;
    }
    let value = all.get(i + 1 + operator)?;
    let end = all[i + 1..].iter().find(|t| t.depth <= depth && t.text == ";")?;
    Some(Assignment { start: all[before + 1].at, value: value.at, end: end.at })
}

/// Two to four different components of one of WGSL's two sets.
fn is_swizzle(name: &str) -> bool {
    let letters: Vec<char> = name.chars().collect();
    let of = |set: &str| letters.iter().all(|&c| set.contains(c));
    (2..=4).contains(&letters.len())
        && (of("xyzw") || of("rgba"))
        && letters.iter().enumerate().all(|(i, c)| !letters[..i].contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_assignments_to_swizzles_change() {
        for same in [
            "fn f() { let a = v.xy; if (v.xy == w) { x = v.zw; } }",
            "fn f() { v.xx = w; v.x = 1.0; for (v.xy = a; b; ) {} }",
            "struct S { xy: f32 }\nfn f() { s.xy = 1.0; }",
            "v.xy",
            ".xy =",
        ] {
            assert_eq!(spell_out(same), same);
        }
        let text = "fn f() {\n  (*p).at[i].zx -= vec2(1.0,\n 2.0); v.rg = g(w.xy); }";
        let spelt = spell_out(text);
        assert_eq!(spelt.matches('\n').count(), text.matches('\n').count());
        assert!(
            spelt.contains("&((*p).at[i]); var kernel_value = (*kernel_place).zx; kernel_value -= vec2(1.0,\n 2.0);")
        );
        assert!(spelt.contains("(*kernel_place).z = kernel_value.x; (*kernel_place).x = kernel_value.y; }"));
        assert!(spelt.contains("kernel_value = g(w.xy); (*kernel_place).r = kernel_value.x;"));
    }
}
