//! Variables that are declared without a value, for compilers that forget to clear them.
//!
//! WGSL gives such a variable zero each time its declaration is executed. Tint (Chromium 156) clears it once, at the entry of
//! the function, so in a loop it keeps the value of the round before. Written out, the zero is there in every round; other
//! compilers make the same code of both.

use crate::source::tokens;

/// The text with the zero values of variables of functions written out: `var x: u32;` as `var x: u32 = u32();`. Lines stay.
pub(crate) fn with_zeros(text: &str) -> String {
    let tokens = tokens(text, 0);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (i, token) in tokens.iter().enumerate() {
        let [name, colon, ..] = tokens[i + 1..] else { break };
        if token.text != "var" || token.depth == 0 || !name.is_name() || colon.text != ":" {
            continue;
        }
        let rest = &tokens[i + 3..];
        let Some(end) = rest.iter().position(|t| t.text == ";" && t.depth == token.depth) else { break };
        if end == 0 || rest[..end].iter().any(|t| t.text == "=") {
            continue;
        }
        let (first, last) = (rest[0].at, rest[end - 1].at + rest[end - 1].text.len());
        out.push_str(&text[done..last]);
        out.push_str(&format!(" = {}()", &text[first..last]));
        done = last;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::with_zeros;

    #[test]
    fn zeros_are_written_where_no_value_stands() {
        let text = "var<private> g: u32;\nfn f() {\n  var x: u32;\n  loop { var p : array<u32, 3> ; var y = 2u; var z: i32 = 1; }\n  \
                    for (var i: u32; i < 3u; i++) { var s: State; }\n}\n";
        let expected = text
            .replace("var x: u32;", "var x: u32 = u32();")
            .replace("array<u32, 3> ;", "array<u32, 3> = array<u32, 3>() ;")
            .replace("var i: u32;", "var i: u32 = u32();")
            .replace("s: State;", "s: State = State();");
        assert_eq!(with_zeros(text), expected);
    }
}
