//! Functions and statements: structured control flow as execution masks.
//!
//! A block runs under the mask of its frame, or under none where all lanes are active. Where lanes part, a block whose
//! mask is empty is skipped; a break, continue or return taken by a part of the lanes removes them from the frame.

use std::collections::HashSet;
use std::fmt::Write;

use naga::valid::FunctionInfo;
use naga::{Block, Expression, Function, Handle, LocalVariable, Module, Statement, SwitchValue, TypeInner};

use super::analysis::{Analysis, is_pointer, operands};
use super::expression::scatter;
use super::types;
use super::{Generator, Refusal};

/// A branch with at most this many expressions and no call or loop is computed without asking whether any lane takes
/// it: the test and the jump would cost more.
const CHEAP: usize = 12;

/// Writes one function.
pub(super) struct Writer<'a, 'g> {
    pub generator: &'g mut Generator<'a>,
    pub module: &'a Module,
    pub function: &'a Function,
    pub info: &'a FunctionInfo,
    pub analysis: &'g Analysis,
    pub argument_names: Vec<String>,
    pub local_names: Vec<String>,
    /// Constant expressions are written out instead of named.
    pub in_initialiser: bool,
    pub out: String,
    indent: usize,
    counter: usize,
    /// The innermost construct that a break leaves, last.
    targets: Vec<Target>,
    /// Values of a loop's body that its continuing block uses, declared ahead of the body.
    hoisted: HashSet<Handle<Expression>>,
}

/// What break and continue refer to.
enum Target {
    /// A loop all lanes leave together: label number.
    Loop(usize),
    /// A loop that lanes leave one by one: number of its live mask, and whether it has a mask of continued lanes.
    MaskedLoop(usize),
    /// A switch all lanes leave together.
    Switch(usize),
    /// A switch with a mask of the lanes that left it.
    MaskedSwitch(usize),
}

/// How control can leave a block other than at its end.
#[derive(Clone, Copy, Default)]
struct Exits {
    breaks: bool,
    continues: bool,
    returns: bool,
}

impl Exits {
    fn any(self) -> bool {
        self.breaks || self.continues || self.returns
    }
    fn or(self, other: Self) -> Self {
        Self {
            breaks: self.breaks || other.breaks,
            continues: self.continues || other.continues,
            returns: self.returns || other.returns,
        }
    }
}

fn exits(block: &Block) -> Exits {
    block.iter().fold(Exits::default(), |all, statement| {
        all.or(match statement {
            Statement::Break => Exits { breaks: true, ..Exits::default() },
            Statement::Continue => Exits { continues: true, ..Exits::default() },
            Statement::Return { .. } => Exits { returns: true, ..Exits::default() },
            Statement::Block(block) => exits(block),
            Statement::If { accept, reject, .. } => exits(accept).or(exits(reject)),
            Statement::Switch { cases, .. } => {
                let inner = cases.iter().fold(Exits::default(), |all, c| all.or(exits(&c.body)));
                Exits { breaks: false, ..inner }
            }
            Statement::Loop { body, continuing, .. } => {
                Exits { returns: exits(body).or(exits(continuing)).returns, ..Exits::default() }
            }
            _ => Exits::default(),
        })
    })
}

/// Expressions of a block without calls and loops; None if it has one.
fn cost(function: &Function, block: &Block) -> Option<usize> {
    block.iter().try_fold(0, |sum, statement| {
        Some(
            sum + match statement {
                Statement::Emit(range) => range
                    .clone()
                    .filter(|e| {
                        !matches!(function.expressions[*e], Expression::AccessIndex { .. } | Expression::Load { .. })
                    })
                    .count(),
                Statement::Store { .. } => 1,
                Statement::Block(block) => cost(function, block)?,
                Statement::If { accept, reject, .. } => cost(function, accept)? + cost(function, reject)?,
                _ => return None,
            },
        )
    })
}

impl<'a, 'g> Writer<'a, 'g> {
    pub fn new(
        generator: &'g mut Generator<'a>,
        handle: Handle<Function>,
        analysis: &'g Analysis,
        arguments: &[bool],
    ) -> Self {
        let (module, info) = (generator.module, &generator.info[handle]);
        let function = &module.functions[handle];
        debug_assert_eq!(arguments.len(), function.arguments.len());
        let name = |prefix: &str, i: usize, name: &Option<String>| match name {
            Some(name) => format!("{prefix}{i}_{name}"),
            None => format!("{prefix}{i}"),
        };
        Self {
            in_initialiser: false,
            argument_names: function.arguments.iter().enumerate().map(|(i, a)| name("a", i, &a.name)).collect(),
            local_names: function.local_variables.iter().map(|(h, v)| name("v", h.index(), &v.name)).collect(),
            generator,
            module,
            function,
            info,
            analysis,
            out: String::new(),
            indent: 1,
            counter: 0,
            targets: Vec::new(),
            hoisted: HashSet::new(),
        }
    }

    pub fn unsupported(&mut self, what: &str) -> String {
        let function = self.function.name.clone().unwrap_or_default();
        self.generator.errors.push(Refusal { function, what: what.to_owned() });
        "panic!()".to_owned()
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Gives a value its name.
    fn bind(&mut self, expression: Handle<Expression>, text: &str) {
        let word = if self.hoisted.contains(&expression) { "" } else { "let " };
        self.line(&format!("{word}e{} = {text};", expression.index()));
    }

    /// Declares what the continuing block of a loop uses of its body, whose text may be in a block of its own.
    fn hoist(&mut self, body: &Block, continuing: &Block, break_if: Option<Handle<Expression>>) {
        let mut bound = HashSet::new();
        bindings(body, &mut bound);
        let mut used = HashSet::new();
        uses(self.function, continuing, &mut used);
        if let Some(condition) = break_if {
            reach(self.function, condition, &mut used);
        }
        let mut shared: Vec<_> = bound.intersection(&used).copied().collect();
        shared.sort();
        for expression in shared {
            if matches!(self.inner(expression), TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. }) {
                continue;
            }
            let uniform = self.analysis.is_uniform(expression);
            let ty = self.rust_type(expression, uniform);
            let zero = match self.type_handle(expression) {
                Some(handle) => types::zero(self.module, handle),
                None => types::zero_inner(self.module, self.inner(expression)),
            };
            let zero = if uniform { zero } else { format!("l::splat::<Simd, {ty}>(s, {zero})") };
            self.line(&format!("let mut e{}: {ty} = {zero};", expression.index()));
            self.hoisted.insert(expression);
        }
    }

    fn number(&mut self) -> usize {
        self.counter += 1;
        self.counter
    }

    /// The function's text, named `name`; `full` means that all lanes are active at its start.
    pub fn write(mut self, name: &str, arguments: &[bool], full: bool) -> String {
        let result_uniform = self.analysis.result_uniform;
        let mut head = format!("#[inline(always)]\nfn {name}<Simd: l::Lanes>(s: Simd");
        if !full {
            head.push_str(", m0: Simd::M");
        }
        for (i, argument) in self.function.arguments.iter().enumerate() {
            let ty = types::handle(self.module, argument.ty, arguments[i] && !is_pointer(self.module, argument.ty));
            let _ = write!(head, ", {}: {ty}", self.argument_names[i]);
        }
        head.push(')');
        let result = self.function.result.as_ref().map(|r| types::handle(self.module, r.ty, result_uniform));
        if let Some(result) = &result {
            let _ = write!(head, " -> {result}");
        }
        head.push_str(" {\n");
        for (handle, local) in self.function.local_variables.iter() {
            self.declare(handle, local);
        }
        let mut mask = (!full).then(|| "m0".to_owned());
        if self.analysis.masked_returns {
            if full {
                self.line("let mut m0 = l::splat::<Simd, Simd::M>(s, true);");
            } else {
                self.line("let mut m0 = m0;");
            }
            mask = Some("m0".to_owned());
            self.line("let mut done = l::splat::<Simd, Simd::M>(s, false);");
            if let Some(result) = &self.function.result {
                let ty = types::handle(self.module, result.ty, false);
                let zero = types::zero(self.module, result.ty);
                self.line(&format!("let mut result = l::splat::<Simd, {ty}>(s, {zero});"));
            }
        }
        let function = self.function;
        self.block(&function.body, mask.as_deref());
        if self.analysis.masked_returns && result.is_some() {
            self.line("result");
        }
        format!("{head}{}}}\n", self.out)
    }

    fn declare(&mut self, handle: Handle<LocalVariable>, local: &LocalVariable) {
        let uniform = self.analysis.local_uniform[handle.index()];
        let init = match local.init {
            Some(init) => {
                self.in_initialiser = true;
                let value = self.value(init);
                self.in_initialiser = false;
                value
            }
            None => types::zero(self.module, local.ty),
        };
        let ty = types::handle(self.module, local.ty, uniform);
        let name = self.local_names[handle.index()].clone();
        if uniform {
            self.line(&format!("let mut {name}: {ty} = {init};"));
        } else {
            self.line(&format!("let mut {name} = l::splat::<Simd, {ty}>(s, {init});"));
        }
    }

    fn block(&mut self, block: &'a Block, mask: Option<&str>) {
        let statements: Vec<&'a Statement> = block.iter().collect();
        self.statements(&statements, mask);
    }

    fn statements(&mut self, statements: &[&'a Statement], mask: Option<&str>) {
        for (i, statement) in statements.iter().enumerate() {
            let left = self.statement(statement, mask);
            match left {
                Left::All => {}
                // Nothing after a jump runs.
                Left::None => return,
                Left::Some => {
                    let rest = &statements[i + 1..];
                    if let Some(mask) = mask
                        && !rest.is_empty()
                    {
                        self.line(&format!("if {mask}.any() {{"));
                        self.indent += 1;
                        self.statements(rest, Some(mask));
                        self.indent -= 1;
                        self.line("}");
                    }
                    return;
                }
            }
        }
    }

    fn statement(&mut self, statement: &'a Statement, mask: Option<&str>) -> Left {
        match statement {
            Statement::Emit(range) => {
                for expression in range.clone() {
                    if let Some(text) = self.emitted(expression) {
                        self.bind(expression, &text);
                    }
                }
            }
            Statement::Block(block) => {
                let exits = exits(block);
                self.line("{");
                self.nested(block, mask);
                self.line("}");
                return self.after(exits, mask);
            }
            Statement::If { condition, accept, reject } => {
                return self.branch(statement, *condition, accept, reject, mask);
            }
            Statement::Switch { selector, cases } => return self.switch(statement, *selector, cases, mask),
            Statement::Loop { body, continuing, break_if } => {
                return self.repeat(statement, body, continuing, *break_if, mask);
            }
            Statement::Break => return self.jump_out(mask),
            Statement::Continue => return self.jump_on(mask),
            Statement::Return { value } => return self.give_back(*value, mask),
            Statement::Store { pointer, value } => self.store(statement, *pointer, *value, mask),
            Statement::Call { function, arguments, result } => self.call(*function, arguments, *result, mask),
            other => {
                self.unsupported(&format!("statement {other:?}"));
            }
        }
        Left::All
    }

    /// What is left of the lanes after a statement that shares the frame's mask or has reduced it.
    fn after(&self, exits: Exits, mask: Option<&str>) -> Left {
        let masked = (exits.returns && self.analysis.masked_returns)
            || (exits.continues && self.loop_is_masked())
            || (exits.breaks && matches!(self.targets.last(), Some(Target::MaskedLoop(_) | Target::MaskedSwitch(_))));
        if masked && mask.is_some() { Left::Some } else { Left::All }
    }

    fn loop_is_masked(&self) -> bool {
        self.targets
            .iter()
            .rev()
            .find(|t| matches!(t, Target::Loop(_) | Target::MaskedLoop(_)))
            .is_some_and(|t| matches!(t, Target::MaskedLoop(_)))
    }

    /// Removes from a frame the lanes that left a nested one.
    fn reduce(&mut self, exits: Exits, mask: &str) {
        if exits.returns && self.analysis.masked_returns {
            self.line(&format!("{mask} = {mask} & !done;"));
        }
        if exits.breaks {
            match self.targets.last() {
                Some(&Target::MaskedLoop(n)) => self.line(&format!("{mask} = {mask} & live{n};")),
                Some(&Target::MaskedSwitch(n)) => self.line(&format!("{mask} = {mask} & !left{n};")),
                _ => {}
            }
        }
        if exits.continues {
            let target = self.targets.iter().rev().find_map(|t| match t {
                Target::MaskedLoop(n) => Some(*n),
                _ => None,
            });
            if let Some(n) = target {
                self.line(&format!("{mask} = {mask} & !skip{n};"));
            }
        }
    }

    fn branch(
        &mut self,
        statement: &'a Statement,
        condition: Handle<Expression>,
        accept: &'a Block,
        reject: &'a Block,
        mask: Option<&str>,
    ) -> Left {
        let exits = exits(accept).or(exits(reject));
        let c = self.value(condition);
        if !self.analysis.is_divergent(statement) {
            self.line(&format!("if {c} {{"));
            self.nested(accept, mask);
            if !reject.is_empty() {
                self.line("} else {");
                self.nested(reject, mask);
            }
            self.line("}");
            return self.after(exits, mask);
        }
        if self.short_circuit(&c, accept, reject) {
            return Left::All;
        }
        let n = self.number();
        let and = |c: String| mask.map_or(c.clone(), |m| format!("{m} & {c}"));
        let cheap =
            !exits.any() && [accept, reject].iter().all(|b| cost(self.function, b).is_some_and(|cost| cost <= CHEAP));
        for (name, block, condition) in [("on", accept, and(c.clone())), ("off", reject, and(format!("!{c}")))] {
            if block.is_empty() {
                continue;
            }
            let frame = format!("{name}{n}");
            self.line(&format!("let mut {frame} = {condition};"));
            self.line(&if cheap { "{".to_owned() } else { format!("if {frame}.any() {{") });
            self.nested(block, Some(&frame));
            self.line("}");
        }
        match mask {
            Some(mask) if exits.any() => {
                self.reduce(exits, mask);
                self.after(exits, Some(mask))
            }
            _ => Left::All,
        }
    }

    fn nested(&mut self, block: &'a Block, mask: Option<&str>) {
        self.indent += 1;
        self.block(block, mask);
        self.indent -= 1;
    }

    /// `a && b` and `a || b` come as an if that fills an unnamed bool; where `b` is cheap they become `&` and `|`.
    fn short_circuit(&mut self, condition: &str, accept: &'a Block, reject: &'a Block) -> bool {
        let (Some(Statement::Store { pointer, value }), Some(Statement::Store { pointer: other, value: constant })) =
            (accept.last(), reject.first())
        else {
            return false;
        };
        let function = self.function;
        let local = match (&function.expressions[*pointer], &function.expressions[*other]) {
            (Expression::LocalVariable(a), Expression::LocalVariable(b)) if a == b => *a,
            _ => return false,
        };
        let Expression::Literal(naga::Literal::Bool(otherwise)) = function.expressions[*constant] else { return false };
        let unnamed = function.local_variables[local].name.is_none();
        let cheap = cost(function, accept).is_some_and(|c| c <= CHEAP);
        if !unnamed || !cheap || reject.len() != 1 || self.analysis.local_uniform[local.index()] {
            return false;
        }
        let before = accept.len() - 1;
        for statement in accept.iter().take(before) {
            if !matches!(statement, Statement::Emit(_) | Statement::If { .. } | Statement::Store { .. }) {
                return false;
            }
        }
        // Lanes for which the condition does not hold compute the right side too; it has no effects but on unnamed
        // variables of its own.
        for statement in accept.iter().take(before) {
            self.statement(statement, None);
        }
        let value = self.lanes(*value);
        let name = self.local_names[local.index()].clone();
        self.line(&match otherwise {
            false => format!("{name} = {condition} & {value};"),
            true => format!("{name} = !{condition} | {value};"),
        });
        true
    }

    fn switch(
        &mut self,
        statement: &'a Statement,
        selector: Handle<Expression>,
        cases: &'a [naga::SwitchCase],
        mask: Option<&str>,
    ) -> Left {
        let n = self.number();
        let masked = self.analysis.is_divergent(statement);
        let exits = cases.iter().fold(Exits::default(), |all, c| all.or(exits(&c.body)));
        let leaves = Exits { breaks: false, ..exits };
        let value = if masked { self.lanes(selector) } else { self.value(selector) };
        // Selectors of one body: naga writes `case 1, 2` as a chain of empty cases that fall through.
        let mut groups: Vec<(Vec<&SwitchValue>, &'a Block)> = Vec::new();
        let mut values = Vec::new();
        for case in cases {
            values.push(&case.value);
            if !case.fall_through {
                groups.push((std::mem::take(&mut values), &case.body));
            } else if !case.body.is_empty() {
                self.unsupported("fall-through between switch cases");
            }
        }
        if masked && exits.breaks {
            self.line(&format!("let mut left{n} = l::splat::<Simd, Simd::M>(s, false);"));
        }
        self.targets.push(if masked { Target::MaskedSwitch(n) } else { Target::Switch(n) });
        if !masked {
            self.line(&format!("'s{n}: {{ match {value}.0 as u32 {{"));
            // The default is last in Rust.
            groups.sort_by_key(|(values, _)| values.iter().any(|v| matches!(v, SwitchValue::Default)));
            for (values, body) in groups {
                let default = values.iter().any(|v| matches!(v, SwitchValue::Default));
                let pattern = if default {
                    "_".to_owned()
                } else {
                    values.iter().map(|v| number(v).to_string()).collect::<Vec<_>>().join(" | ")
                };
                self.line(&format!("{pattern} => {{"));
                self.nested(body, mask);
                self.line("}");
            }
            self.line("} }");
        } else {
            let sint = self.inner(selector).scalar_kind() == Some(naga::ScalarKind::Sint);
            let (ty, suffix) = if sint { ("Simd::I", "i32") } else { ("Simd::U", "u32") };
            let is = |v: u32| {
                let v = if sint { i64::from(v as i32) } else { i64::from(v) };
                format!("{value}.same(l::splat::<Simd, {ty}>(s, W({v}{suffix})))")
            };
            let all: Vec<u32> = groups
                .iter()
                .flat_map(|(values, _)| values.iter().filter(|v| !matches!(v, SwitchValue::Default)).map(|v| number(v)))
                .collect();
            for (i, (values, body)) in groups.into_iter().enumerate() {
                let default = values.iter().any(|v| matches!(v, SwitchValue::Default));
                let mut parts: Vec<String> =
                    values.iter().filter(|v| !matches!(v, SwitchValue::Default)).map(|v| is(number(v))).collect();
                if default {
                    let others: Vec<String> = all.iter().map(|v| is(*v)).collect();
                    parts.push(if others.is_empty() {
                        "l::splat::<Simd, Simd::M>(s, true)".to_owned()
                    } else {
                        format!("!({})", others.join(" | "))
                    });
                }
                let condition = format!("({})", parts.join(" | "));
                let condition = mask.map_or(condition.clone(), |m| format!("{m} & {condition}"));
                if body.is_empty() {
                    continue;
                }
                let frame = format!("case{n}_{i}");
                self.line(&format!("let mut {frame} = {condition};"));
                self.line(&format!("if {frame}.any() {{"));
                self.nested(body, Some(&frame));
                self.line("}");
            }
        }
        self.targets.pop();
        match mask {
            Some(mask) if leaves.any() => {
                self.reduce(leaves, mask);
                self.after(leaves, Some(mask))
            }
            _ => Left::All,
        }
    }

    fn repeat(
        &mut self,
        statement: &'a Statement,
        body: &'a Block,
        continuing: &'a Block,
        break_if: Option<Handle<Expression>>,
        mask: Option<&str>,
    ) -> Left {
        let n = self.number();
        let inner = exits(body).or(exits(continuing));
        if !self.analysis.is_divergent(statement) {
            self.targets.push(Target::Loop(n));
            self.line(&format!("'l{n}: loop {{"));
            self.indent += 1;
            self.hoist(body, continuing, break_if);
            if inner.continues {
                self.line(&format!("'b{n}: {{"));
                self.nested(body, mask);
                self.line("}");
                self.block(continuing, mask);
            } else {
                self.block(body, mask);
                self.block(continuing, mask);
            }
            if let Some(condition) = break_if {
                let condition = self.value(condition);
                self.line(&format!("if {condition} {{ break; }}"));
            }
            self.indent -= 1;
            self.line("}");
            self.targets.pop();
            return Left::All;
        }
        let start = mask.map_or("l::splat::<Simd, Simd::M>(s, true)".to_owned(), str::to_owned);
        self.line(&format!("let mut live{n} = {start};"));
        self.targets.push(Target::MaskedLoop(n));
        self.line("loop {");
        self.indent += 1;
        self.line(&format!("let mut m{n} = live{n};"));
        if inner.continues {
            self.line(&format!("let mut skip{n} = l::splat::<Simd, Simd::M>(s, false);"));
        }
        let frame = format!("m{n}");
        self.hoist(body, continuing, break_if);
        self.block(body, Some(&frame));
        self.line(&format!("if !live{n}.any() {{ break; }}"));
        if !continuing.is_empty() {
            self.line(&format!("let mut m{n} = live{n};"));
            self.block(continuing, Some(&frame));
        }
        if let Some(condition) = break_if {
            let condition = self.lanes(condition);
            self.line(&format!("live{n} = live{n} & !{condition};"));
            self.line(&format!("if !live{n}.any() {{ break; }}"));
        }
        self.indent -= 1;
        self.line("}");
        self.targets.pop();
        match mask {
            Some(mask) if inner.returns => {
                let returns = Exits { returns: true, ..Exits::default() };
                self.reduce(returns, mask);
                self.after(returns, Some(mask))
            }
            _ => Left::All,
        }
    }

    fn jump_out(&mut self, mask: Option<&str>) -> Left {
        match (self.targets.last(), mask) {
            (Some(&Target::Loop(n)), _) => self.line(&format!("break 'l{n};")),
            (Some(&Target::Switch(n)), _) => self.line(&format!("break 's{n};")),
            (Some(&Target::MaskedLoop(n)), Some(mask)) => {
                self.line(&format!("live{n} = live{n} & !{mask};"));
                self.empty(mask);
            }
            (Some(&Target::MaskedSwitch(n)), Some(mask)) => {
                self.line(&format!("left{n} = left{n} | {mask};"));
                self.empty(mask);
            }
            _ => {
                self.unsupported("a break here");
            }
        }
        Left::None
    }

    fn jump_on(&mut self, mask: Option<&str>) -> Left {
        let target = self.targets.iter().rev().find_map(|t| match t {
            Target::Loop(n) => Some((*n, false)),
            Target::MaskedLoop(n) => Some((*n, true)),
            _ => None,
        });
        match (target, mask) {
            (Some((n, false)), _) => self.line(&format!("break 'b{n};")),
            (Some((n, true)), Some(mask)) => {
                self.line(&format!("skip{n} = skip{n} | {mask};"));
                self.empty(mask);
            }
            _ => {
                self.unsupported("a continue here");
            }
        }
        Left::None
    }

    fn give_back(&mut self, value: Option<Handle<Expression>>, mask: Option<&str>) -> Left {
        if !self.analysis.masked_returns {
            let text = match value {
                Some(value) if self.analysis.result_uniform => self.value(value),
                Some(value) => self.lanes(value),
                None => String::new(),
            };
            self.line(&format!("return {text};"));
            return Left::None;
        }
        let mask = mask.unwrap_or("m0").to_owned();
        if let Some(value) = value {
            let value = self.lanes(value);
            self.line(&format!("result = l::blend(s, {mask}, {value}, result);"));
        }
        self.line(&format!("done = done | {mask};"));
        let loops: Vec<usize> = self
            .targets
            .iter()
            .filter_map(|t| match t {
                Target::MaskedLoop(n) => Some(*n),
                _ => None,
            })
            .collect();
        for n in loops {
            self.line(&format!("live{n} = live{n} & !{mask};"));
        }
        self.empty(&mask);
        Left::None
    }

    fn empty(&mut self, mask: &str) {
        self.line(&format!("{mask} = l::splat::<Simd, Simd::M>(s, false);"));
    }

    fn store(
        &mut self,
        statement: &Statement,
        pointer: Handle<Expression>,
        value: Handle<Expression>,
        mask: Option<&str>,
    ) {
        let local = super::analysis::root(self.function, pointer).is_some();
        let mask = if local && !self.analysis.needs_blend(statement) { None } else { mask };
        let place = self.place(pointer);
        if place.uniform {
            let value = self.value(value);
            self.line(&format!("{} = {value};", place.text));
            return;
        }
        let value = self.lanes(value);
        if place.varying.is_empty() {
            self.line(&match mask {
                None => format!("{} = {value};", place.text),
                Some(mask) => format!("{0} = l::blend(s, {mask}, {value}, {0});", place.text),
            });
            return;
        }
        let mask = mask.map_or("l::splat::<Simd, Simd::M>(s, true)".to_owned(), str::to_owned);
        let text = scatter(&place.text, &place.varying, "part", &mask);
        self.line(&format!("{{ let part = {value}; {text} }}"));
    }

    fn call(
        &mut self,
        callee: Handle<Function>,
        arguments: &[Handle<Expression>],
        result: Option<Handle<Expression>>,
        mask: Option<&str>,
    ) {
        let function = &self.module.functions[callee];
        let mut uniform = Vec::new();
        let mut texts = Vec::new();
        for (declared, &argument) in function.arguments.iter().zip(arguments) {
            let pointer = matches!(self.module.types[declared.ty].inner, TypeInner::Pointer { .. });
            uniform.push(!pointer && self.analysis.is_uniform(argument));
            texts.push(if pointer {
                let place = self.place(argument);
                if !place.varying.is_empty() {
                    self.unsupported("a pointer to an element at a per-lane index");
                }
                format!("&mut {}", place.text)
            } else {
                self.value(argument)
            });
        }
        // Without pointers and loops a call has no effect that a mask could restrict.
        let full = mask.is_none() || self.generator.is_plain(callee);
        let name = self.generator.request(callee, uniform, full);
        let mut all = vec!["s".to_owned()];
        if !full {
            all.push(mask.unwrap_or("m0").to_owned());
        }
        all.extend(texts);
        let call = format!("{name}({})", all.join(", "));
        match result {
            Some(result) => self.bind(result, &call),
            None => self.line(&format!("{call};")),
        }
    }
}

/// How many lanes of the frame go on after a statement.
enum Left {
    All,
    Some,
    None,
}

/// The expressions that get a name in a block or below.
fn bindings(block: &Block, found: &mut HashSet<Handle<Expression>>) {
    for statement in block {
        match statement {
            Statement::Emit(range) => found.extend(range.clone()),
            Statement::Call { result: Some(result), .. } => {
                found.insert(*result);
            }
            Statement::Block(block) => bindings(block, found),
            _ => {}
        }
    }
}

/// The expressions that a block uses.
fn uses(function: &Function, block: &Block, found: &mut HashSet<Handle<Expression>>) {
    for statement in block {
        match statement {
            Statement::Emit(range) => {
                for expression in range.clone() {
                    operands(&function.expressions[expression], |operand| reach(function, operand, found));
                }
            }
            Statement::Block(block) => uses(function, block, found),
            Statement::If { condition, accept, reject } => {
                reach(function, *condition, found);
                uses(function, accept, found);
                uses(function, reject, found);
            }
            Statement::Switch { selector, cases } => {
                reach(function, *selector, found);
                cases.iter().for_each(|c| uses(function, &c.body, found));
            }
            Statement::Loop { body, continuing, break_if } => {
                uses(function, body, found);
                uses(function, continuing, found);
                if let Some(condition) = break_if {
                    reach(function, *condition, found);
                }
            }
            Statement::Store { pointer, value } => {
                reach(function, *pointer, found);
                reach(function, *value, found);
            }
            Statement::Call { arguments, .. } => arguments.iter().for_each(|a| reach(function, *a, found)),
            Statement::Return { value: Some(value) } => reach(function, *value, found),
            _ => {}
        }
    }
}

/// An expression, and for a place the expressions of its indices.
fn reach(function: &Function, expression: Handle<Expression>, found: &mut HashSet<Handle<Expression>>) {
    if found.insert(expression)
        && matches!(function.expressions[expression], Expression::Access { .. } | Expression::AccessIndex { .. })
    {
        operands(&function.expressions[expression], |operand| reach(function, operand, found));
    }
}

fn number(value: &SwitchValue) -> u32 {
    match *value {
        SwitchValue::I32(v) => v as u32,
        SwitchValue::U32(v) => v,
        SwitchValue::Default => 0,
    }
}
