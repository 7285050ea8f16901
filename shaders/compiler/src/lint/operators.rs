//! Operators side by side: WGSL asks for parentheses where other languages have precedences, and naga does not.

use super::{Check, Lint, Report, Text};
use crate::source::Token;

pub(super) const MIXED_OPERATORS: Lint = Lint {
    name: "mixed_operators",
    summary: "operators side by side that WGSL does not order",
    why: "the parser used here orders them as C does; other WGSL compilers, browsers first, refuse the file",
    fix: "put what comes first into parentheses",
    check: Check::Text(mixed_operators),
};

/// Everything made of signs, longest first.
const SIGNS: [&str; 32] = [
    "<<=", ">>=", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "->", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=",
    "|=", "^=", "=", "<", ">", "+", "-", "*", "/", "%", "&", "|", "^",
];
/// Signs that end an expression instead of going on with it.
const ENDS: [&str; 14] = ["<<=", ">>=", "->", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "="];
/// Words that expressions stand behind or between, and that are no operands.
const WORDS: [&str; 20] = [
    "alias",
    "break",
    "case",
    "const",
    "const_assert",
    "continue",
    "continuing",
    "default",
    "discard",
    "else",
    "fn",
    "for",
    "if",
    "let",
    "loop",
    "return",
    "struct",
    "switch",
    "var",
    "while",
];

/// A binary operator of an expression.
#[derive(Debug, Clone, Copy)]
struct Operator {
    text: &'static str,
    at: usize,
}

/// How tightly an operator binds in C, and so in naga.
fn strength(operator: &str) -> usize {
    const LEVELS: [&[&str]; 10] = [
        &["||"],
        &["&&"],
        &["|"],
        &["^"],
        &["&"],
        &["==", "!="],
        &["<", ">", "<=", ">="],
        &["<<", ">>"],
        &["+", "-"],
        &["*", "/", "%"],
    ];
    LEVELS.iter().position(|level| level.contains(&operator)).unwrap_or(LEVELS.len())
}

fn is_relation(o: &Operator) -> bool {
    matches!(o.text, "==" | "!=" | "<" | ">" | "<=" | ">=")
}

fn mixed_operators(text: &Text<'_>, report: &mut Report<'_>) {
    for part in &text.parts {
        for (first, second) in clashes(&part.tokens) {
            let (a, b) = (first.text, second.text);
            let message = format!("`{a}` and `{b}` side by side without parentheses");
            let fix = if is_relation(&first) && is_relation(&second) {
                format!("compare one pair at a time: `(x {a} y) {b} z` if that is meant, or `x {a} y && y {b} z`")
            } else if strength(b) > strength(a) {
                format!("write `x {a} (y {b} z)`, which is what it means here, or `(x {a} y) {b} z`")
            } else {
                format!("write `(x {a} y) {b} z`, which is what it means here, or `x {a} (y {b} z)`")
            };
            report.with_fix(second.at, message, &fix);
        }
    }
}

/// The first clash of every expression.
fn clashes(tokens: &[Token<'_>]) -> Vec<(Operator, Operator)> {
    let templates = templates(tokens);
    let mut found = Vec::new();
    // The operators of the expression at hand, and of those around it: every bracket opens one.
    let (mut operators, mut around) = (Vec::new(), Vec::new());
    // An operand has just ended, so that a sign behind it is a binary operator.
    let mut operand = false;
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        let mut next = i + 1;
        match token.text {
            open if matches!(open, "(" | "[") || (open == "<" && templates[i]) => {
                around.push(std::mem::take(&mut operators));
                operand = false;
            }
            close if matches!(close, ")" | "]") || (close == ">" && templates[i]) => {
                found.extend(clash(&operators));
                operators = around.pop().unwrap_or_default();
                operand = true;
            }
            "." => {}
            word if matches!(word, "," | ";" | "{" | "}" | ":" | "@") || WORDS.contains(&word) => {
                found.extend(clash(&operators));
                operators.clear();
                operand = false;
            }
            _ => match SIGNS.iter().find(|sign| is_spelt(&tokens[i..], &templates[i..], sign)) {
                Some(sign) if ENDS.contains(sign) => {
                    found.extend(clash(&operators));
                    operators.clear();
                    next = i + sign.len();
                    operand = false;
                }
                Some(sign) if operand => {
                    operators.push(Operator { text: sign, at: token.at });
                    next = i + sign.len();
                    operand = false;
                }
                Some(_) => {}
                None => operand = !matches!(token.text, "!" | "~"),
            },
        }
        i = next;
    }
    found.extend(clash(&operators));
    found
}

/// Whether the text starts with this sign: its characters are tokens that touch, and no brackets of templates.
fn is_spelt(tokens: &[Token<'_>], templates: &[bool], sign: &str) -> bool {
    let character = |(k, c): (usize, char)| {
        let touches = |t: &Token<'_>| t.at == tokens[0].at + k && t.text.chars().eq([c]);
        tokens.get(k).is_some_and(touches) && !templates[k]
    };
    sign.chars().enumerate().all(character)
}

/// The first two operators of an expression that WGSL's grammar does not let stand in it together.
fn clash(operators: &[Operator]) -> Option<(Operator, Operator)> {
    let place = |test: &dyn Fn(&Operator) -> bool| operators.iter().position(test);
    let pair = |a: usize, b: usize| Some((operators[a.min(b)], operators[a.max(b)]));
    // `&`, `|` and `^` stand between single operands, and only with themselves.
    if let Some(bitwise) = place(&|o| matches!(o.text, "&" | "|" | "^")) {
        let other = place(&|o| o.text != operators[bitwise].text)?;
        return pair(bitwise, other);
    }
    if let (Some(and), Some(or)) = (place(&|o| o.text == "&&"), place(&|o| o.text == "||")) {
        return pair(and, or);
    }
    for relational in operators.split(|o| matches!(o.text, "&&" | "||")) {
        let mut relations = relational.iter().filter(|o| is_relation(o));
        if let (Some(a), Some(b)) = (relations.next(), relations.next()) {
            return Some((*a, *b));
        }
        for side in relational.split(is_relation) {
            // A shift stands between two single operands, alone.
            if let Some(shift) = side.iter().position(|o| matches!(o.text, "<<" | ">>"))
                && side.len() > 1
            {
                let other = usize::from(shift == 0);
                return Some((side[shift.min(other)], side[shift.max(other)]));
            }
        }
    }
    None
}

/// Which tokens are the angle brackets of a template list: WGSL's own rule, "template list discovery".
pub(super) fn templates(tokens: &[Token<'_>]) -> Vec<bool> {
    let mut found = vec![false; tokens.len()];
    // Places of `<` that may open a list, with the brackets open around them.
    let mut pending: Vec<(usize, usize)> = Vec::new();
    let mut depth = 0_usize;
    let touches = |i: usize, text: &str| {
        tokens.get(i + 1).is_some_and(|next| next.text == text && next.at == tokens[i].at + tokens[i].text.len())
    };
    let mut i = 0;
    while i < tokens.len() {
        let mut next = i + 1;
        match tokens[i].text {
            ">" => {
                if pending.last().is_some_and(|&(_, at)| at == depth) {
                    let (start, _) = pending.pop().expect("looked at");
                    (found[start], found[i]) = (true, true);
                } else if touches(i, "=") {
                    next += 1;
                }
            }
            "(" | "[" => depth += 1,
            ")" | "]" => {
                pending.retain(|&(_, at)| at < depth);
                depth = depth.saturating_sub(1);
            }
            "!" if touches(i, "=") => next += 1,
            "=" if touches(i, "=") => next += 1,
            "=" | ";" | "{" | ":" => {
                depth = 0;
                pending.clear();
            }
            sign @ ("&" | "|") if touches(i, sign) => {
                pending.retain(|&(_, at)| at < depth);
                next += 1;
            }
            _ if tokens[i].is_name() && tokens.get(next).is_some_and(|t| t.text == "<") => {
                if touches(next, "<") || touches(next, "=") {
                    next += 2;
                } else {
                    pending.push((next, depth));
                    next += 1;
                }
            }
            _ => {}
        }
        i = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signs that clash, over all expressions of a text.
    fn found(text: &str) -> Vec<(&'static str, &'static str)> {
        clashes(&crate::source::tokens(text, 0)).iter().map(|(a, b)| (a.text, b.text)).collect()
    }

    #[test]
    fn clashes_are_those_of_the_grammar() {
        for (text, a, b) in [
            ("a * b | c", "*", "|"),
            ("a | b & c", "|", "&"),
            ("a & b == c", "&", "=="),
            ("a + b << c", "+", "<<"),
            ("a << b << c", "<<", "<<"),
            ("a < b == c", "<", "=="),
            ("a == b && c || d", "&&", "||"),
            ("f(x, a * -b ^ c)", "*", "^"),
            ("a[i + 1u & 3u]", "+", "&"),
            ("let a: array<u32, 3> = b >> c - d;", ">>", "-"),
            ("bitcast<u32>(y) * 2u | 1u", "*", "|"),
            ("x |= y * 3u | 1u;", "*", "|"),
            ("if a & 1u == 1u {", "&", "=="),
        ] {
            assert_eq!(found(text), [(a, b)], "{text}");
        }
    }

    #[test]
    fn what_the_grammar_orders_is_free() {
        for text in [
            "a * b + c / d - e % f",
            "a & b & c",
            "a << 1u == b >> 2u && c < d + e && (f || g)",
            "(a * b) | (c & d)",
            "~a | -b",
            "x |= a + b; y = c & d; z <<= a * b;",
            "fn f(a: ptr<function, array<u32, 3>>, b: u32) -> u32 { return a[b] + 1u; }",
            "for (var i = a + b; i < n && i >= m; i++) { i--; }",
            "select(0.0, -1.0, a == b) * x",
            "let a = vec2<f32>(1e-3, x) - y;\nlet b = c & d",
            "switch a { case 1u, 2u: { b = -c; } default: { } }",
            "@compute @workgroup_size(64) fn f() { return; }",
            "if (a < b) { c = d; } else if (e > f) { g = h | i; }",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn template_lists_are_told_from_comparisons() {
        let marked = |text: &str| {
            let tokens = crate::source::tokens(text, 0);
            templates(&tokens).iter().filter(|t| **t).count()
        };
        for (text, brackets) in [
            ("array<vec2<f32>, 4>", 4),
            ("a < b && c > d", 0),
            ("if (a < b) { c > d }", 0),
            ("f(a < b, c > d)", 2),
            ("a << b >> c", 0),
            ("a <= b, c > d", 0),
            ("vec2<u32>(x >> 1u)", 2),
            ("a < b; c > d", 0),
            ("array<u32, (a > b)>", 2),
        ] {
            assert_eq!(marked(text), brackets, "{text}");
        }
    }
}
