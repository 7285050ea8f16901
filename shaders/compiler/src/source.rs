//! WGSL text as tokens and module-scope declarations: what findings need and naga's IR no longer knows.

/// An identifier, a number, or one character of punctuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub text: &'a str,
    /// Byte offset in the linked text.
    pub at: usize,
    /// Open brackets of any kind around it; 0 at module scope.
    pub depth: usize,
}

impl Token<'_> {
    pub fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// A declaration at module scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration<'a> {
    /// `fn`, `struct`, `const`, `alias`, `var` or `override`.
    pub keyword: &'a str,
    pub name: &'a str,
    /// Byte offset of the name.
    pub at: usize,
    /// Names and places of a struct's members, in order.
    pub members: Vec<Token<'a>>,
    /// True if an attribute stands before it.
    pub attributed: bool,
}

const KEYWORDS: [&str; 6] = ["fn", "struct", "const", "alias", "var", "override"];

/// The tokens of `text`, comments left out; `base` is added to every offset.
pub(crate) fn tokens(text: &str, base: usize) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if c.is_whitespace() {
            c.len_utf8()
        } else {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let length = match rest.find(|c| !word(c)) {
                Some(0) => c.len_utf8(),
                _ if c.is_ascii_digit() => number(rest),
                Some(n) => n,
                None => rest.len(),
            };
            if matches!(c, '}' | ')' | ']') {
                depth = depth.saturating_sub(1);
            }
            tokens.push(Token { text: &rest[..length], at: base + at, depth });
            if matches!(c, '{' | '(' | '[') {
                depth += 1;
            }
            length
        };
        at += length;
    }
    tokens
}

/// Length of the number at the start of `text`, with its point and exponent: neither the `f` of `1.f` is a name nor the `-` of
/// `1e-3` an operator.
fn number(text: &str) -> usize {
    let exponent: &[char] = if text.starts_with("0x") || text.starts_with("0X") { &['p', 'P'] } else { &['e', 'E'] };
    let mut before = ' ';
    let end = text.find(|c: char| {
        let inside = c.is_alphanumeric() || c == '.' || (matches!(c, '+' | '-') && exponent.contains(&before));
        before = c;
        !inside
    });
    end.unwrap_or(text.len())
}

/// Length of the block comment at the start of `text`; they nest.
fn block_comment(text: &str) -> usize {
    let mut open = 0;
    let mut at = 0;
    while at < text.len() {
        let step = if text[at..].starts_with("/*") {
            open += 1;
            2
        } else if text[at..].starts_with("*/") {
            open -= 1;
            2
        } else {
            text[at..].chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if open == 0 {
            break;
        }
    }
    at
}

/// The text with every comment but doc comments blanked, all places kept: naga drops docs that follow a comment.
pub(crate) fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let next = rest.find("//").into_iter().chain(rest.find("/*")).min().unwrap_or(rest.len());
        out.push_str(&rest[..next]);
        let comment = &rest[next..];
        let length = if comment.starts_with("//") {
            comment.find('\n').unwrap_or(comment.len())
        } else {
            block_comment(comment)
        };
        if ["///", "//!", "/**", "/*!"].iter().any(|doc| comment.starts_with(doc)) {
            out.push_str(&comment[..length]);
        } else {
            out.extend(comment[..length].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
        }
        at += next + length;
    }
    out
}

/// Most words and signs of one expression; the longest of the shipped files has about 100.
pub(crate) const MAX_EXPRESSION: usize = 500;

/// Place of an expression so long that naga's recursion over it could exhaust the stack, which nothing can catch.
pub(crate) fn endless_expression(text: &str) -> Option<usize> {
    let mut length = 0;
    for token in tokens(text, 0) {
        length = if matches!(token.text, "," | ";" | "{" | "}") { 0 } else { length + 1 };
        if length > MAX_EXPRESSION {
            return Some(token.at);
        }
    }
    None
}

/// The declarations at module scope.
pub(crate) fn declarations<'a>(tokens: &[Token<'a>]) -> Vec<Declaration<'a>> {
    let mut declarations = Vec::new();
    for (i, keyword) in tokens.iter().enumerate() {
        if keyword.depth > 0 || !KEYWORDS.contains(&keyword.text) {
            continue;
        }
        let mut rest = &tokens[i + 1..];
        // var<storage, read> name
        if keyword.text == "var" && rest.first().is_some_and(|t| t.text == "<") {
            let end = rest.iter().position(|t| t.text == ">").map_or(rest.len(), |n| n + 1);
            rest = &rest[end..];
        }
        let Some(name) = rest.first().filter(|t| t.is_name()) else { continue };
        let mut members = Vec::new();
        if keyword.text == "struct" {
            for pair in rest[1..].windows(2) {
                if pair[0].depth == 0 && pair[0].text != "{" {
                    break;
                }
                if pair[0].depth == 1 && pair[0].is_name() && pair[1].text == ":" {
                    members.push(pair[0]);
                }
            }
        }
        let attributed = i.checked_sub(1).is_some_and(|i| !matches!(tokens[i].text, "}" | ";" | "must_use"));
        declarations.push(Declaration { keyword: keyword.text, name: name.text, at: name.at, members, attributed });
    }
    declarations
}

/// The id in the first doc line, `//! <id>: <one sentence>`.
pub(crate) fn own_id(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("//!"))?;
    line.split_once(": ").map(|(id, _)| id.trim())
}

/// Byte offset of the name where it is declared at module scope.
pub(crate) fn declaration(text: &str, name: &str) -> Option<usize> {
    declarations(&tokens(text, 0)).iter().find(|d| d.name == name).map(|d| d.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_found_whatever_the_layout() {
        let text = "/* fn no() /* struct N */ */ // const X\nconst A: f32 = 1.f;\n  struct B { @size(8) a: array<u32, 3>, /// b\n b: f32 }\n\
                    fn f(const_: u32) { const C = 1; var x = vec2(1.0); }\nvar<storage, read> g: array<u32>;\nalias D = u32;";
        let found = declarations(&tokens(text, 0));
        let names: Vec<_> = found.iter().map(|d| (d.keyword, d.name)).collect();
        assert_eq!(names, [("const", "A"), ("struct", "B"), ("fn", "f"), ("var", "g"), ("alias", "D")]);
        let members: Vec<_> = found[1].members.iter().map(|m| m.text).collect();
        assert_eq!(members, ["a", "b"]);
        assert!(found.iter().all(|d| text[d.at..].starts_with(d.name)));
    }

    #[test]
    fn numbers_keep_points_and_exponents() {
        let found = |text| tokens(text, 0).iter().map(|t| t.text).collect::<Vec<_>>();
        assert_eq!(found("1.f+1e-3f-0x1p+2-0xe+2.5E3"), ["1.f", "+", "1e-3f", "-", "0x1p+2", "-", "0xe", "+", "2.5E3"]);
    }

    #[test]
    fn comments_go_and_places_stay() {
        let text = "a // ä b\n/* x\n /* y */ */ c /// doc\n//! doc";
        let plain = without_comments(text);
        assert_eq!(plain, "a        \n    \n            c /// doc\n//! doc");
        assert_eq!(plain.len(), text.len());
    }

    #[test]
    fn broken_text_gives_tokens_all_the_same() {
        for text in ["/* open", "}}} fn", "struct", "var<", "struct S {", "é ß const ü: u32"] {
            declarations(&tokens(text, 0));
        }
        assert_eq!(declaration("const ü: u32 = 1u;", "ü"), Some(6));
    }
}
