//! Parts of the kernel that are there only for environments that need them.

use crate::source;

/// Blanks what stands behind `@if(feature)` where the feature is missing (`@if(!feature)` where it is there), and the
/// attributes themselves: WESL's conditional translation. An item ends with its `;`, `,` or block; lines stay.
pub(crate) fn conditional(text: &str, features: &[&str]) -> String {
    let tokens = source::tokens(text, 0);
    let mut bytes = text.as_bytes().to_vec();
    let mut blank =
        |from: usize, to: usize| bytes[from..to].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
    let mut i = 0;
    while i < tokens.len() {
        let is = |offset: usize, text: &str| tokens.get(i + offset).is_some_and(|t| t.text == text);
        if !(is(0, "@") && is(1, "if") && is(2, "(")) {
            i += 1;
            continue;
        }
        let (start, depth, not) = (tokens[i].at, tokens[i].depth, is(3, "!"));
        let name = i + 3 + usize::from(not);
        let keep = tokens.get(name).is_some_and(|t| features.contains(&t.text)) != not;
        i = (name + 2).min(tokens.len());
        if !keep {
            // Members and parameters end with a comma, which may stand in their type too; the last one has none and ends
            // before the bracket of the list.
            let member = tokens.get(i + 1).is_some_and(|t| t.text == ":");
            let mut angles = 0;
            let ends = |t: &source::Token<'_>| match t.text {
                "<" => {
                    angles += 1;
                    false
                }
                ">" => {
                    angles -= 1;
                    false
                }
                "," => member && angles == 0 && t.depth <= depth,
                ";" | "}" => t.depth <= depth,
                _ => t.depth < depth,
            };
            let last = tokens[i..].iter().position(ends).map_or(tokens.len(), |n| i + n);
            i = last + usize::from(tokens.get(last).is_some_and(|t| t.depth == depth));
        }
        blank(start, tokens[i - 1].at + tokens[i - 1].text.len());
    }
    String::from_utf8(bytes).expect("whole tokens were blanked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_leave_no_trace_and_keep_lines() {
        let text = "struct S {\n    a: u32,\n    @if(x) b: array<u32, 2>,\n}\n@if(x) alias B = array<u32, 2>; // why\nfn f(\n    a: u32, @if(x) b: u32) {\n    \
                    @if(x) for (var i = 0u; i < 2u; i++) {\n        g(a, b);\n    }\n    @if(!x) { g(a, 0u); }\n    @if(y) h();\n}\n";
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let without = conditional(text, &[]);
        assert_eq!(without.lines().count(), text.lines().count());
        assert_eq!(squeeze(&without), "struct S { a: u32, } // why fn f( a: u32, ) { { g(a, 0u); } }");
        let with = conditional(text, &["x"]);
        assert!(
            with.contains("alias B = array<u32, 2>; // why") && with.contains("g(a, b);") && !with.contains("0u); }"),
            "{with}"
        );
        assert!(!with.contains('@') && !with.contains("h()"), "{with}");
    }
}
