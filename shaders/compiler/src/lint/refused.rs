//! What naga lets through and WGSL forbids, but for operators: found by comparing verdicts with a browser's compiler on the
//! corpus in `envs/tests/browser/probes`.

use naga::{ArraySize, Expression, Handle, Literal, MathFunction, Module, ScalarKind, TypeInner};

use super::{Check, Lint, Part, Report, Text};

const WHY: &str = "WGSL forbids it, and browsers refuse the file; only the parser used here lets it through";

pub(super) const CONSTANT_ERROR: Lint = Lint {
    name: "constant_error",
    summary: "constants that a built-in function has no result for",
    why: WHY,
    fix: "correct the constants",
    check: Check::Module(constant_error),
};

fn constant_error(_: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    for (_, function) in module.functions.iter() {
        let value = |e: Handle<Expression>| literals(module, &function.expressions, e);
        for (handle, expression) in function.expressions.iter() {
            let message = match *expression {
                Expression::Math { fun: MathFunction::Clamp, arg1: Some(low), arg2: Some(high), .. } => {
                    let above = |(a, b): (f64, f64)| a > b;
                    let bounds = value(low).into_iter().zip(value(high));
                    bounds
                        .flat_map(|(a, b)| a.into_iter().zip(b))
                        .any(above)
                        .then_some("the lower bound is above the upper")
                }
                Expression::Math { fun: MathFunction::ExtractBits, arg1: Some(first), arg2: Some(count), .. }
                | Expression::Math { fun: MathFunction::InsertBits, arg2: Some(first), arg3: Some(count), .. } => {
                    let bits = value(first).into_iter().flatten().zip(value(count).into_iter().flatten());
                    let mut sums = bits.map(|(first, count)| first + count);
                    sums.any(|sum| sum > 32.0).then_some("these bits lie beyond the 32 of a word")
                }
                Expression::As { expr, kind: ScalarKind::Float, convert: None } => {
                    let bits = value(expr).unwrap_or_default();
                    let finite = |bits: &f64| f32::from_bits(*bits as i64 as u32).is_finite();
                    (!bits.iter().all(finite)).then_some("these bits are no finite number")
                }
                _ => None,
            };
            if let Some(message) = message {
                report.span(function.expressions.get_span(handle), message);
            }
        }
    }
}

/// The components of a constant integer or float, scalar or vector.
fn literals(module: &Module, arena: &naga::Arena<Expression>, handle: Handle<Expression>) -> Option<Vec<f64>> {
    match arena[handle] {
        Expression::Literal(literal) => Some(vec![match literal {
            Literal::U32(value) => value.into(),
            Literal::I32(value) => value.into(),
            Literal::F32(value) => value.into(),
            _ => return None,
        }]),
        Expression::Constant(constant) => literals(module, &module.global_expressions, module.constants[constant].init),
        Expression::Splat { size, value } => {
            let value = literals(module, arena, value)?;
            Some(value.repeat(size as usize))
        }
        Expression::Compose { ref components, .. } => {
            components.iter().map(|&c| literals(module, arena, c)).collect::<Option<Vec<_>>>().map(|all| all.concat())
        }
        _ => None,
    }
}

pub(super) const TOO_FEW_VALUES: Lint = Lint {
    name: "too_few_values",
    summary: "a struct made of fewer values than it has members",
    why: WHY,
    fix: "give a value for every member, or none for zeros",
    check: Check::Text(too_few_values),
};

fn too_few_values(text: &Text<'_>, report: &mut Report<'_>) {
    for part in &text.parts {
        let templates = super::operators::templates(&part.tokens);
        for (i, pair) in part.tokens.windows(2).enumerate() {
            let structure = text.declared(pair[0].text).filter(|d| d.keyword == "struct" && d.at != pair[0].at);
            let Some(structure) = structure.filter(|_| pair[1].text == "(") else { continue };
            let depth = pair[1].depth;
            let (mut lists, mut given, mut value) = (0_usize, 0, false);
            for (token, template) in part.tokens[i + 2..].iter().zip(&templates[i + 2..]) {
                if token.depth <= depth {
                    break;
                }
                match token.text {
                    "<" if *template => lists += 1,
                    ">" if *template => lists -= 1,
                    "," if token.depth == depth + 1 && lists == 0 => value = false,
                    _ if !value => (given, value) = (given + 1, true),
                    _ => {}
                }
            }
            let members = structure.members.len();
            if (1..members).contains(&given) {
                let name = pair[0].text;
                report.at(pair[0].at, format!("`{name}` of {given} values, it has {members} members"));
            }
        }
    }
}

/// Elements from which on a browser refuses an array.
const MOST_ELEMENTS: u32 = 65_536;

pub(super) const LARGE_ARRAY: Lint = Lint {
    name: "large_array",
    summary: "an array of 65,536 elements or more",
    why: "browsers refuse the file; no GPU keeps such an array in registers either",
    fix: "make it smaller: pack several elements into a word, or split it",
    check: Check::Module(large_array),
};

fn large_array(text: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    for (handle, ty) in module.types.iter() {
        let TypeInner::Array { size: ArraySize::Constant(count), .. } = ty.inner else { continue };
        if count.get() < MOST_ELEMENTS {
            continue;
        }
        let message = format!("an array of {count} elements, allowed are {}", MOST_ELEMENTS - 1);
        // Types have no place of their own: what has the type has one.
        let locals = module.functions.iter().flat_map(|(_, f)| {
            let of_type = f.local_variables.iter().filter(move |(_, v)| v.ty == handle);
            of_type.filter_map(|(v, _)| f.local_variables.get_span(v).to_range()).map(|range| range.start)
        });
        // The contract's own limit is tighter for what is stored.
        let stored = super::types::stored_structs(module);
        let others = module.types.iter().filter(|(outer, _)| !stored.contains(outer));
        let members = others.flat_map(|(_, outer)| {
            let TypeInner::Struct { ref members, .. } = outer.inner else { return Vec::new() };
            let of_type = members.iter().filter(|m| m.ty == handle);
            let name = outer.name.as_deref().unwrap_or("");
            of_type.map(|m| text.member(name, m.name.as_deref().unwrap_or(""))).collect()
        });
        let constants = module.constants.iter().filter(|(_, c)| c.ty == handle);
        let constants = constants.filter_map(|(_, c)| text.declared(c.name.as_deref()?).map(|d| d.at));
        let places: Vec<usize> = locals.chain(members).chain(constants).collect();
        places.into_iter().for_each(|at| report.at(at, message.clone()));
    }
}

pub(super) const UNSIGNED_SIGN: Lint = Lint {
    name: "unsigned_sign",
    summary: "the sign of an unsigned number",
    why: WHY,
    fix: "write `min(x, 1u)`",
    check: Check::Module(unsigned_sign),
};

fn unsigned_sign(_: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    let mut types = naga::front::Typifier::new();
    for (_, function) in module.functions.iter() {
        types.reset();
        let context = naga::proc::ResolveContext::with_locals(module, &function.local_variables, &function.arguments);
        for (handle, expression) in function.expressions.iter() {
            let Expression::Math { fun: MathFunction::Sign, arg, .. } = *expression else { continue };
            if types.grow(arg, &function.expressions, &context).is_ok()
                && types.get(arg, &module.types).scalar_kind() == Some(ScalarKind::Uint)
            {
                report.span(function.expressions.get_span(handle), "`sign` of an unsigned number");
            }
        }
    }
}

pub(super) const CASE_SELECTOR: Lint = Lint {
    name: "case_selector",
    summary: "a `let` as the selector of a case",
    why: WHY,
    fix: "declare it with `const`",
    check: Check::Text(case_selector),
};

fn case_selector(text: &Text<'_>, report: &mut Report<'_>) {
    for part in &text.parts {
        for (i, _) in part.tokens.iter().enumerate().filter(|(_, t)| t.text == "case") {
            let selectors = part.tokens[i + 1..].iter().take_while(|t| !matches!(t.text, ":" | "{"));
            for name in selectors.filter(|t| t.is_name()) {
                let before = part.tokens[..i].windows(2).rev();
                let mut declared = before.filter(|w| w[1].text == name.text).map(|w| w[0].text);
                let keyword = declared.find(|keyword| matches!(*keyword, "let" | "var" | "const"));
                if let Some(keyword @ ("let" | "var")) = keyword {
                    report.at(name.at, format!("the selector `{}` is a `{keyword}`, no constant", name.text));
                }
            }
        }
    }
}

pub(super) const BYPASSED_DECLARATION: Lint = Lint {
    name: "bypassed_declaration",
    summary: "a `continue` in front of a declaration that the `continuing` block uses",
    why: WHY,
    fix: "declare it in front of the `continue`, or outside of the loop",
    check: Check::Text(bypassed_declaration),
};

fn bypassed_declaration(text: &Text<'_>, report: &mut Report<'_>) {
    for part in &text.parts {
        for (i, _) in part.tokens.iter().enumerate().filter(|(_, t)| t.text == "continuing") {
            let Some(start) = block(part, i) else { continue };
            let depth = part.tokens[i].depth;
            let used: Vec<&str> =
                part.tokens[i + 1..].iter().skip(1).take_while(|t| t.depth > depth).map(|t| t.text).collect();
            let body = &part.tokens[start..i];
            let jumps =
                body.iter().enumerate().filter(|(k, t)| t.text == "continue" && !in_inner_loop(body, *k, depth));
            let jumps: Vec<_> = jumps.map(|(_, t)| t).collect();
            for pair in body.windows(2).filter(|w| w[0].depth == depth && matches!(w[0].text, "let" | "var")) {
                let (name, at) = (pair[1].text, pair[1].at);
                if let Some(jump) = jumps.iter().find(|jump| jump.at < at)
                    && used.contains(&name)
                {
                    report.at(jump.at, format!("this jumps over the declaration of `{name}`, which `continuing` uses"));
                }
            }
        }
    }
}

/// The first token inside of the block that token `i` stands in.
fn block(part: &Part<'_>, i: usize) -> Option<usize> {
    let depth = part.tokens[i].depth.checked_sub(1)?;
    part.tokens[..i].iter().rposition(|t| t.depth == depth).map(|open| open + 1)
}

/// Whether token `k` of a loop's body, which lies at `depth`, belongs to a loop inside of it.
fn in_inner_loop(body: &[crate::source::Token<'_>], k: usize, depth: usize) -> bool {
    (depth..body[k].depth).any(|level| {
        // Back from the brace that opens the block around it to the end of the statement before.
        let Some(open) = body[..k].iter().rposition(|t| t.depth == level && t.text == "{") else { return false };
        let head = body[..open].iter().rev().take_while(|t| t.depth > level || !matches!(t.text, ";" | "{" | "}"));
        head.filter(|t| t.depth == level).any(|t| matches!(t.text, "for" | "while" | "loop"))
    })
}
