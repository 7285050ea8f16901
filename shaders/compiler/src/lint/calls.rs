//! Statements and pointers: what the CPU back end translates, and what keeps a step finite and pure.

use naga::{Block, Expression, Function, Handle, Module, Span, Statement, TypeInner};

use super::{Check, Lint, Report, Text, types};
use crate::built_ins;

pub(super) const UNSUPPORTED: Lint = Lint {
    name: "unsupported",
    summary: "a construct that the CPU back end cannot translate",
    why: "every environment runs on both back ends, from one text",
    fix: "write it with if, switch, loops, calls of functions and whole values",
    check: Check::Module(unsupported),
};

fn unsupported(text: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    for (_, constant) in module.constants.iter() {
        if let Some(what) = types::unsupported(module, constant.ty) {
            let name = constant.name.as_deref().unwrap_or("");
            report.at(text.declared(name).map_or(0, |d| d.at), format!("`{name}` is {what}"));
        }
    }
    for (_, function) in module.functions.iter() {
        let declared = text.declared(function.name.as_deref().unwrap_or("")).map_or(0, |d| d.at);
        let arguments = function.arguments.iter().map(|a| (a.name.as_deref().unwrap_or("?"), a.ty));
        for (name, ty) in arguments.chain(function.result.iter().map(|r| ("the result", r.ty))) {
            // Other address spaces are a finding of `pointer_space`.
            if let Some(what) = types::unsupported(module, ty).filter(|_| pointee(module, ty).is_none()) {
                report.at(declared, format!("`{name}` of this function is {what}"));
            }
        }
        for (local, variable) in function.local_variables.iter() {
            if let Some(what) = types::unsupported(module, variable.ty) {
                let name = variable.name.as_deref().unwrap_or("?");
                report.span(function.local_variables.get_span(local), format!("`{name}` is {what}"));
            }
        }
        for (expression, value) in function.expressions.iter() {
            let what = match value {
                Expression::Compose { ty, .. } | Expression::ZeroValue(ty) => {
                    types::unsupported(module, *ty).map(str::to_owned)
                }
                value => (!translatable(value)).then(|| format!("the expression `{}`", variant(value))),
            };
            if let Some(what) = what {
                // `var x: T = T()` is reported with the variable.
                let span = function.expressions.get_span(expression);
                let inside = |v: Span| {
                    v.to_range().zip(span.to_range()).is_some_and(|(v, s)| v.start <= s.start && s.end <= v.end)
                };
                let known = function.local_variables.iter().any(|(l, v)| {
                    types::unsupported(module, v.ty).is_some() && inside(function.local_variables.get_span(l))
                });
                if !known && !text_finding(text, span) {
                    report.span(span, format!("{what} cannot be translated for the CPU"));
                }
            }
        }
        walk(&function.body, &mut |statement, span| {
            let known = matches!(
                statement,
                Statement::Emit(_)
                    | Statement::Block(_)
                    | Statement::If { .. }
                    | Statement::Switch { .. }
                    | Statement::Loop { .. }
                    | Statement::Break
                    | Statement::Continue
                    | Statement::Return { .. }
                    | Statement::Store { .. }
                    | Statement::Call { .. }
            );
            if !known && !text_finding(text, span) {
                report.span(span, format!("the statement `{}` cannot be translated for the CPU", variant(statement)));
            }
        });
    }
}

/// True if the text lints have named a refused function or type at this place already.
fn text_finding(text: &Text<'_>, span: Span) -> bool {
    let Some(range) = span.to_range() else { return false };
    let mut tokens = text.parts.iter().flat_map(|p| &p.tokens).filter(|t| range.contains(&t.at));
    tokens.any(|t| super::text::is_refused(t.text) || types::is_refused(t.text))
}

/// Name of an IR node: the word before the first bracket of its debug text.
fn variant(node: &impl std::fmt::Debug) -> String {
    let text = format!("{node:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("").to_owned()
}

fn translatable(expression: &Expression) -> bool {
    match expression {
        Expression::Literal(_)
        | Expression::Constant(_)
        | Expression::ZeroValue(_)
        | Expression::Compose { .. }
        | Expression::Access { .. }
        | Expression::AccessIndex { .. }
        | Expression::Splat { .. }
        | Expression::Swizzle { .. }
        | Expression::FunctionArgument(_)
        | Expression::GlobalVariable(_)
        | Expression::LocalVariable(_)
        | Expression::Load { .. }
        | Expression::Unary { .. }
        | Expression::Binary { .. }
        | Expression::Select { .. }
        | Expression::As { .. }
        | Expression::CallResult(_) => true,
        Expression::Relational { fun, .. } => built_ins::relational(*fun).is_some(),
        Expression::Math { fun, .. } => built_ins::math(*fun).is_some(),
        _ => false,
    }
}

pub(super) const ENDLESS_LOOP: Lint = Lint {
    name: "endless_loop",
    summary: "a loop without break or return",
    why: "it never ends: a GPU is reset by its driver, a CPU thread hangs",
    fix: "give it a bound: `for (var i = 0u; i < LIMIT; i++)`, or a `break`",
    check: Check::Module(endless_loop),
};

fn endless_loop(_: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    for (_, function) in module.functions.iter() {
        walk(&function.body, &mut |statement, span| {
            if let Statement::Loop { body, continuing, break_if: None } = statement
                && !leaves(body, true)
                && !leaves(continuing, true)
            {
                report.span(span, "this loop has no way out");
            }
        });
    }
}

/// True if a statement of the block leaves the loop around it; a `break` counts unless it belongs to a switch.
fn leaves(block: &Block, breaks: bool) -> bool {
    block.iter().any(|statement| match statement {
        Statement::Break => breaks,
        Statement::Return { .. } => true,
        Statement::Block(inner) => leaves(inner, breaks),
        Statement::If { accept, reject, .. } => leaves(accept, breaks) || leaves(reject, breaks),
        Statement::Switch { cases, .. } => cases.iter().any(|c| leaves(&c.body, false)),
        Statement::Loop { body, continuing, .. } => leaves(body, false) || leaves(continuing, false),
        _ => false,
    })
}

pub(super) const POINTER_SPACE: Lint = Lint {
    name: "pointer_space",
    summary: "a pointer to something other than a local variable",
    why: "functions run on values; only the kernel knows about buffers",
    fix: "write `ptr<function, T>`",
    check: Check::Text(pointer_space),
};

fn pointer_space(text: &Text<'_>, report: &mut Report<'_>) {
    for part in &text.parts {
        for t in part.tokens.windows(3) {
            if t[0].text == "ptr" && t[1].text == "<" && t[2].text != "function" {
                report.at(t[0].at, format!("a pointer in the address space `{}`, allowed is `function`", t[2].text));
            }
        }
    }
}

pub(super) const ALIASED_POINTERS: Lint = Lint {
    name: "aliased_pointers",
    summary: "one variable passed by pointer twice in a call that writes to it",
    why: "WGSL leaves open what happens when one of the two is written",
    fix: "copy the variable: `var copy = x; f(&x, &copy);`",
    check: Check::Module(aliased_pointers),
};

fn aliased_pointers(_: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    let written = written_arguments(module);
    for (_, function) in module.functions.iter() {
        walk(&function.body, &mut |statement, span| {
            let Statement::Call { function: callee, arguments, .. } = statement else { return };
            let roots: Vec<_> = arguments.iter().map(|&a| root(module, function, a)).collect();
            let clash = roots.iter().enumerate().any(|(i, root)| {
                let writes = |k: usize| written[callee.index()].contains(&(k as u32));
                root.is_some() && (0..i).any(|k| roots[k] == *root && (writes(i) || writes(k)))
            });
            if clash {
                report
                    .span(span, "two arguments of this call point to the same variable, and the function writes to it");
            }
        });
    }
}

/// Per function the pointer arguments that it, or what it calls, writes through; callees come before callers in the arena.
fn written_arguments(module: &Module) -> Vec<Vec<u32>> {
    let mut written: Vec<Vec<u32>> = Vec::new();
    for (_, function) in module.functions.iter() {
        let mut arguments = Vec::new();
        walk(&function.body, &mut |statement, _| {
            for target in targets(statement, &written) {
                if let Some(Root::Argument(index)) = root(module, function, target) {
                    arguments.push(index);
                }
            }
        });
        written.push(arguments);
    }
    written
}

/// The pointers that a statement writes through.
fn targets(statement: &Statement, written: &[Vec<u32>]) -> Vec<Handle<Expression>> {
    match statement {
        Statement::Store { pointer, .. } => vec![*pointer],
        Statement::Call { function, arguments, .. } => {
            let written = written.get(function.index()).into_iter().flatten();
            written.filter_map(|&i| arguments.get(i as usize).copied()).collect()
        }
        _ => Vec::new(),
    }
}

pub(super) const OBSERVER_WRITES: Lint = Lint {
    name: "observer_writes",
    summary: "`observe`, `action_mask` or `pixel` changing the state",
    why: "the kernel observes as often as it likes, and draws pictures or not: looking must not change the world",
    fix: "take `state: State` by value, or copy what must change into a `var`",
    check: Check::Module(observer_writes),
};

fn observer_writes(_: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    let written = written_arguments(module);
    for (_, function) in module.functions.iter() {
        let Some(name @ ("observe" | "action_mask" | "pixel")) = function.name.as_deref() else { continue };
        walk(&function.body, &mut |statement, span| {
            for target in targets(statement, &written) {
                if let Some(Root::Argument(_)) = root(module, function, target) {
                    report.span(span, format!("`{name}` writes through its pointer"));
                }
            }
        });
    }
}

/// What a pointer expression points into.
#[derive(Debug, PartialEq, Eq)]
enum Root {
    Local(Handle<naga::LocalVariable>),
    Argument(u32),
}

/// The variable or pointer argument behind an expression; None if it is a value.
fn root(module: &Module, function: &Function, expression: Handle<Expression>) -> Option<Root> {
    match function.expressions[expression] {
        Expression::LocalVariable(local) => Some(Root::Local(local)),
        Expression::FunctionArgument(index) => {
            pointee(module, function.arguments[index as usize].ty).map(|_| Root::Argument(index))
        }
        Expression::Access { base, .. } | Expression::AccessIndex { base, .. } => root(module, function, base),
        _ => None,
    }
}

fn pointee(module: &Module, ty: Handle<naga::Type>) -> Option<Handle<naga::Type>> {
    match module.types[ty].inner {
        TypeInner::Pointer { base, .. } => Some(base),
        _ => None,
    }
}

/// Visits every statement, outer ones first.
fn walk(block: &Block, visit: &mut dyn FnMut(&Statement, Span)) {
    for (statement, span) in block.span_iter() {
        visit(statement, *span);
        match statement {
            Statement::Block(inner) => walk(inner, visit),
            Statement::If { accept, reject, .. } => {
                walk(accept, visit);
                walk(reject, visit);
            }
            Statement::Switch { cases, .. } => cases.iter().for_each(|c| walk(&c.body, visit)),
            Statement::Loop { body, continuing, .. } => {
                walk(body, visit);
                walk(continuing, visit);
            }
            _ => {}
        }
    }
}
