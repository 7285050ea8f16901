//! An environment's declarations under other names, so that another environment can be written around them.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::{Library, Linked, declared_names};
use crate::lint::of_scene;
use crate::source::{self, Token};

/// Declarations to be put into another file, and what they import.
pub(super) struct Embedded {
    /// The declarations that are needed, in their order, with their docs.
    pub text: String,
    /// Module to names.
    pub imports: BTreeMap<String, BTreeSet<String>>,
    /// Old name to new name, of what has one.
    pub names: BTreeMap<String, String>,
}

/// One declaration with its docs.
struct Piece<'a> {
    keyword: &'a str,
    name: &'a str,
    text: &'a str,
    tokens: Vec<Token<'a>>,
}

/// Names of an environment's own file that modules may use, beside those of a scene.
const OWN_NAMES: [&str; 7] = ["Params", "State", "Action", "Observation", "GlobalState", "Outcome", "Info"];

/// What `roots` need of a linked environment. Modules that name something of the environment's (its `State`, mostly) are
/// taken in with it, others stay imports.
pub(super) fn embed(linked: &Linked, library: &Library, roots: &[&str]) -> Embedded {
    let parts: Vec<(Option<&str>, Vec<Piece<'_>>)> = linked
        .parts()
        .enumerate()
        .filter_map(|(i, (file, _, text))| {
            let module = file.strip_prefix("shaders/shared/").and_then(|f| f.strip_suffix(".wgsl"));
            (i == 0 || module.is_some()).then(|| (module.filter(|_| i > 0), pieces(text)))
        })
        .collect();
    let mut taken = vec![false; parts.len()];
    let mut names: BTreeSet<&str> = OWN_NAMES.into_iter().collect();
    let own = parts.iter().filter(|(module, _)| module.is_none()).flat_map(|(_, pieces)| pieces);
    names.extend(own.map(|piece| piece.name).filter(|name| of_scene(name)));
    // A module that is taken in may have others that name something of its own.
    while let Some(next) = (0..parts.len()).find(|&i| {
        let mentions = |piece: &Piece<'_>| piece.tokens.iter().any(|t| t.is_name() && names.contains(t.text));
        !taken[i] && (parts[i].0.is_none() || parts[i].1.iter().any(mentions))
    }) {
        taken[next] = true;
        if parts[next].0.is_some() {
            names.extend(parts[next].1.iter().map(|piece| piece.name));
        }
    }
    let all: Vec<&Piece<'_>> =
        parts.iter().zip(&taken).filter(|(_, taken)| **taken).flat_map(|((_, pieces), _)| pieces).collect();

    let mut needed: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = roots.to_vec();
    while let Some(name) = open.pop() {
        if let Some(piece) = all.iter().find(|piece| piece.name == name)
            && needed.insert(piece.name)
        {
            open.extend(piece.tokens.iter().filter(|t| t.is_name()).map(|t| t.text));
        }
    }
    let kept: Vec<&Piece<'_>> = all.into_iter().filter(|piece| needed.contains(piece.name)).collect();
    let names: BTreeMap<String, String> =
        kept.iter().map(|piece| (piece.name.to_owned(), renamed(piece.keyword, piece.name))).collect();
    let mut embedded = Embedded { text: String::new(), imports: BTreeMap::new(), names };
    for piece in kept {
        let text = embedded.rename(piece.text, &piece.tokens, piece.keyword == "struct");
        embedded.text.push_str(text.trim());
        embedded.text.push_str("\n\n");
    }
    let used: BTreeSet<String> = source::tokens(&embedded.text, 0).iter().map(|t| t.text.to_owned()).collect();
    for module in parts.iter().zip(&taken).filter(|(_, taken)| !**taken).filter_map(|((module, _), _)| *module) {
        let items = declared_names(&library.modules[module]).into_iter().filter(|n| used.contains(*n));
        let items: BTreeSet<String> = items.map(str::to_owned).collect();
        if !items.is_empty() {
            embedded.imports.insert(module.to_owned(), items);
        }
    }
    embedded
}

impl Embedded {
    /// A text with the new names. Members of structs keep theirs.
    fn rename(&self, text: &str, tokens: &[Token<'_>], structure: bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (i, token) in tokens.iter().enumerate() {
            let before = i.checked_sub(1).map_or("", |i| tokens[i].text);
            let member = before == "."
                || (structure && token.depth == 1 && tokens.get(i + 1).is_some_and(|next| next.text == ":"));
            if let Some(name) = self.names.get(token.text).filter(|_| !member) {
                out.push_str(&text[at..token.at]);
                out.push_str(name);
                at = token.at + token.text.len();
            }
        }
        out.push_str(&text[at..]);
        out
    }
}

fn renamed(keyword: &str, name: &str) -> String {
    match keyword {
        "fn" | "var" => format!("base_{name}"),
        "struct" | "alias" => format!("Base{name}"),
        _ => format!("BASE_{name}"),
    }
}

/// The declarations of a file; docs of the file itself are left out.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let start = text.split_inclusive('\n').take_while(|l| l.trim().is_empty() || l.trim_start().starts_with("//!"));
    let start: usize = start.map(str::len).sum();
    let text = &text[start..];
    let tokens = source::tokens(text, 0);
    let declarations = source::declarations(&tokens);
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut rest = declarations.iter().peekable();
    for (i, token) in tokens.iter().enumerate() {
        let Some(declaration) = rest.peek() else { break };
        let braced = matches!(declaration.keyword, "fn" | "struct");
        let end = token.at > declaration.at && token.depth == 0 && token.text == if braced { "}" } else { ";" };
        if end {
            let mut until = token.at + 1;
            if braced && tokens.get(i + 1).is_some_and(|next| next.text == ";") {
                until = tokens[i + 1].at + 1;
            }
            let piece = &text[from..until];
            pieces.push(Piece {
                keyword: declaration.keyword,
                name: declaration.name,
                text: piece,
                tokens: source::tokens(piece, 0),
            });
            from = until;
            rest.next();
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::link;

    #[test]
    fn declarations_get_names_of_their_own_and_only_those_that_are_needed_stay() {
        let modules = [
            ("a", "//! A.\nfn a_free(x: f32) -> f32 { return x; }\nfn a_unused() {}\n"),
            (
                "b",
                "//! B.\nimport package::shared::a::{a_free};\n/// Moves.\nfn b_move(state: ptr<function, State>) { (*state).x = a_free(1.0); }\nfn b_other() {}\n",
            ),
            ("outcome", "//! O.\nstruct Outcome { reward: f32, terminated: bool }\n"),
        ];
        let library =
            Library { modules: modules.map(|(k, v)| (k.to_owned(), v.to_owned())).into(), ..Library::default() };
        let source = "//! T-v0: test.\nimport package::shared::b::{b_move};\nimport package::shared::outcome::{Outcome};\n\
            const SPEED: f32 = 1.0;\n/// S.\nstruct State { /// m; x\n x: f32, step: u32 }\n\
            fn step(state: ptr<function, State>) -> Outcome { b_move(state); (*state).step += 1u; return Outcome(SPEED, false); }\nfn pixel() {}\n";
        let linked = link("t.wgsl", source, &library).unwrap();
        let embedded = embed(&linked, &library, &["step"]);
        for there in [
            "const BASE_SPEED: f32",
            "/// S.\nstruct BaseState { /// m; x\n x: f32, step: u32 }",
            "fn base_step(state: ptr<function, BaseState>) -> BaseOutcome { base_b_move(state); (*state).step += 1u; return BaseOutcome(BASE_SPEED, false); }",
            "/// Moves.\nfn base_b_move(",
            "struct BaseOutcome {",
        ] {
            assert!(embedded.text.contains(there), "{there:?} in\n{}", embedded.text);
        }
        for gone in ["pixel", "other", "T-v0", "fn a_free", "//!"] {
            assert!(!embedded.text.contains(gone), "{gone:?} in\n{}", embedded.text);
        }
        assert_eq!(embedded.imports, [("a".to_owned(), ["a_free".to_owned()].into())].into());
    }
}
