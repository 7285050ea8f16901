//! Variants: several ids from one file, which differ in the values of constants and default parameters.
//!
//! ```text
//! //! # Variants
//! //! - Maze7-v0: SIDE = 7u, DEFAULT_PARAMS.wall_budget = 8u; a maze of 7 x 7 cells.
//! ```
//! The section lists them: the id, what is replaced, and behind a semicolon what the variant is. A constant of the file
//! gets another value, `DEFAULT_PARAMS.member` (likewise of `PARAMS_LOW` and `PARAMS_HIGH`) another argument. All else is
//! derived as for any environment; who shares the code that a build compiles in is found out in `ids.rs`.

use std::ops::Range;

use crate::error::{CompileError, Diagnostic, nearest};
use crate::link::Linked;
use crate::source::{self, Token};

/// Heading of the section.
pub(crate) const HEADING: &str = "Variants";

/// Constants of `Params(...)`, of which single arguments may be replaced.
const OF_PARAMS: [&str; 3] = ["DEFAULT_PARAMS", "PARAMS_LOW", "PARAMS_HIGH"];

/// One variant as the file lists it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variant {
    pub id: String,
    /// What it is, as a sentence; may be empty.
    pub summary: String,
    /// Byte offset of the id in the file.
    pub at: usize,
    replacements: Vec<Replacement>,
}

/// `NAME = value` or `NAME.member = value`.
#[derive(Debug, Clone, PartialEq)]
struct Replacement {
    name: String,
    member: Option<String>,
    value: String,
}

/// The variants that a file lists.
///
/// # Errors
/// A line that cannot be read, an id that is there twice.
pub(crate) fn variants(linked: &Linked, source: &str) -> Result<Vec<Variant>, CompileError> {
    let mut found: Vec<Variant> = Vec::new();
    let mut findings = Vec::new();
    for (at, item) in items(source) {
        match parse(&item, at) {
            Some(variant) if found.iter().any(|v| v.id == variant.id) => {
                let message = format!("the variant {} is listed twice", variant.id);
                findings.push(linked.diagnostic(at, "variant", message, "give each variant an id of its own"));
            }
            Some(variant) => found.push(variant),
            None => findings.push(linked.diagnostic(
                at,
                "variant",
                format!("not a variant: {item:?}"),
                "write `- <id>: NAME = value, DEFAULT_PARAMS.member = value; what it is`",
            )),
        }
    }
    if findings.is_empty() { Ok(found) } else { Err(CompileError { diagnostics: findings }) }
}

/// The list items of the section with the offsets of their text; lines that follow an item belong to it.
fn items(source: &str) -> Vec<(usize, String)> {
    let mut items: Vec<(usize, String)> = Vec::new();
    let (mut inside, mut offset) = (false, 0);
    for line in source.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let Some(text) = line.trim_start().strip_prefix("//!") else {
            if line.trim().is_empty() { continue } else { break }
        };
        let text = text.trim();
        if let Some(heading) = text.strip_prefix("# ") {
            inside = heading.trim() == HEADING;
        } else if inside && !text.is_empty() {
            match (text.strip_prefix("- "), items.last_mut()) {
                (None, Some((_, item))) => *item = format!("{item} {text}"),
                (item, _) => {
                    let item = item.unwrap_or(text).trim();
                    items.push((start + line.find(item).unwrap_or(0), item.to_owned()));
                }
            }
        }
    }
    items
}

fn parse(item: &str, at: usize) -> Option<Variant> {
    let (id, rest) = item.split_once(": ")?;
    if id.is_empty() || id.contains(char::is_whitespace) {
        return None;
    }
    let pieces = split(rest, ';');
    let summary = pieces.get(1..)?.join(";").trim().to_owned();
    let replacements = split(pieces.first()?, ',').into_iter().map(|piece| {
        let (name, value) = piece.split_once('=')?;
        let (name, member) = match name.trim().split_once('.') {
            Some((name, member)) => (name.trim(), Some(member.trim().to_owned())),
            None => (name.trim(), None),
        };
        let named = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let fits = named(name) && member.as_deref().is_none_or(named) && !value.trim().is_empty();
        fits.then(|| Replacement { name: name.to_owned(), member, value: value.trim().to_owned() })
    });
    let replacements = replacements.collect::<Option<Vec<_>>>()?;
    Some(Variant { id: id.to_owned(), summary, at, replacements })
}

/// Splits at a character outside of brackets, those of templates included.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut pieces, mut depth, mut start, mut before) = (Vec::new(), 0_i32, 0, ' ');
    for (i, c) in text.char_indices() {
        let template = c == '<' && (before.is_alphanumeric() || before == '_');
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' | '>' => depth -= 1,
            _ if template => depth += 1,
            _ if c == at && depth <= 0 => {
                pieces.push(&text[start..i]);
                start = i + c.len_utf8();
            }
            _ => {}
        }
        before = c;
    }
    pieces.push(&text[start..]);
    pieces
}

/// The text of the file with the values of a variant in place. Lines stay lines, so that findings keep theirs.
///
/// # Errors
/// A constant or member that the file does not have, or that is replaced twice.
pub(crate) fn apply(linked: &Linked, source: &str, variant: &Variant) -> Result<String, CompileError> {
    let tokens = source::tokens(source, 0);
    let mut places: Vec<(Range<usize>, &str)> = Vec::new();
    let mut findings = Vec::new();
    for replacement in &variant.replacements {
        match place(&tokens, replacement) {
            Ok(place) if places.iter().any(|(other, _)| other.start < place.end && place.start < other.end) => {
                findings.push(finding(
                    linked,
                    variant,
                    format!("{} is replaced twice", replacement.name),
                    "delete one",
                ));
            }
            Ok(place) => places.push((place, &replacement.value)),
            Err((message, fix)) => findings.push(finding(linked, variant, message, &fix)),
        }
    }
    if !findings.is_empty() {
        return Err(CompileError { diagnostics: findings });
    }
    places.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mut text = source.to_owned();
    for (place, value) in places {
        // What was written over several lines leaves them behind.
        let lines = text[place.clone()].matches('\n').count();
        text.replace_range(place, &format!("{value}{}", "\n".repeat(lines)));
    }
    Ok(text)
}

fn finding(linked: &Linked, variant: &Variant, message: String, fix: &str) -> Diagnostic {
    linked.diagnostic(variant.at, "variant", format!("{}: {message}", variant.id), fix)
}

/// Where the value stands that a replacement replaces; what is wrong and how to mend it if there is none.
fn place(tokens: &[Token<'_>], replacement: &Replacement) -> Result<Range<usize>, (String, String)> {
    let Replacement { name, member, .. } = replacement;
    let constants: Vec<&str> =
        source::declarations(tokens).into_iter().filter(|d| d.keyword == "const").map(|d| d.name).collect();
    let at = tokens.windows(2).position(|w| w[0].depth == 0 && w[0].text == "const" && w[1].text == name);
    let Some(at) = at else {
        let fix = match nearest(name, constants) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "name a constant of this file".to_owned(),
        };
        return Err((format!("the file has no constant `{name}`"), fix));
    };
    let rest = &tokens[at..];
    // The value ends where the declaration does; a damaged file may have neither.
    let end = rest.iter().position(|t| t.depth == 0 && t.text == ";");
    let equals = rest[..end.unwrap_or(0)].iter().position(|t| t.depth == 0 && t.text == "=");
    let (Some(equals), Some(end)) = (equals, end) else {
        return Err((format!("`{name}` has no value"), "declare it `const NAME: type = value;`".to_owned()));
    };
    let value = &rest[equals + 1..end];
    let span = |tokens: &[Token<'_>]| {
        let (first, last) = (tokens.first()?, tokens.last()?);
        Some(first.at..last.at + last.text.len())
    };
    let Some(member) = member else {
        return span(value).ok_or((format!("`{name}` has no value"), "declare it with one".to_owned()));
    };
    if !OF_PARAMS.contains(&name.as_str()) {
        let fix = format!("replace the whole of `{name}`, or a member of {}", OF_PARAMS.join(", "));
        return Err((format!("`{name}.{member}` is no member of Params"), fix));
    }
    let params = source::declarations(tokens).into_iter().find(|d| d.keyword == "struct" && d.name == "Params");
    let members: Vec<&str> = params.iter().flat_map(|d| &d.members).map(|m| m.text).collect();
    let Some(index) = members.iter().position(|m| m == member) else {
        let fix = match nearest(member, members) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "name a member of Params".to_owned(),
        };
        return Err((format!("Params has no member `{member}`"), fix));
    };
    let arguments = arguments(value);
    if value.first().is_none_or(|t| t.text != "Params") || arguments.len() != members.len() {
        let fix = format!("write it `Params(...)` with {} arguments", members.len());
        return Err((format!("`{name}` does not list its members one by one"), fix));
    }
    span(arguments[index]).ok_or((format!("`{name}` has an empty argument"), "give it a value".to_owned()))
}

/// The arguments of the call that these tokens are, without its name and brackets.
fn arguments<'a, 'b>(call: &'a [Token<'b>]) -> Vec<&'a [Token<'b>]> {
    let (Some(open), Some(close)) = (call.iter().position(|t| t.text == "("), call.iter().rposition(|t| t.text == ")"))
    else {
        return Vec::new();
    };
    if close < open {
        return Vec::new();
    }
    let inner = &call[open + 1..close];
    let (mut pieces, mut start, mut templates) = (Vec::new(), 0, 0_i32);
    for (i, token) in inner.iter().enumerate() {
        match token.text {
            "<" if i > 0 && inner[i - 1].is_name() => templates += 1,
            ">" => templates = (templates - 1).max(0),
            "," if token.depth == 1 && templates == 0 => {
                pieces.push(&inner[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    if start < inner.len() {
        pieces.push(&inner[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_over_several_lines() {
        let text = "//! A-v0: one.\n//!\n//! # Variants\n//! - B-v0: SIZE = array<u32, 2>(1u, 2u),\n//!   DEFAULT_PARAMS.x = f(1, 2); two; and more\n\
                    //! - C-v0: N = 3u\n//! # Version\n//! - no\nconst N = 1;";
        let found = items(text);
        assert_eq!(found.len(), 2);
        let b = parse(&found[0].1, found[0].0).unwrap();
        assert!(text[b.at..].starts_with("B-v0: SIZE"));
        assert_eq!((b.id.as_str(), b.summary.as_str()), ("B-v0", "two; and more"));
        let told: Vec<_> = b.replacements.iter().map(|r| (&*r.name, r.member.as_deref(), &*r.value)).collect();
        assert_eq!(told, [("SIZE", None, "array<u32, 2>(1u, 2u)"), ("DEFAULT_PARAMS", Some("x"), "f(1, 2)")]);
        assert_eq!(parse(&found[1].1, 0).unwrap().summary, "");
        for bad in ["", "A", "A: ", "A B: N = 1", "A: N", "A: N = ", "A: = 1", "A: N.x.y = 1, M"] {
            assert!(parse(bad, 0).is_none(), "{bad}");
        }
    }
}
