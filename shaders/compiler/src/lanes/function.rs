//! Functions and their plain statements; control flow is in `control.rs`.
//!
//! A block runs under the mask of its frame, or under none where all lanes are active. Where lanes part, a block whose
//! mask is empty is skipped; a break, continue or return taken by a part of the lanes removes them from the frame.

use std::collections::HashSet;
use std::fmt::Write;

use naga::valid::FunctionInfo;
use naga::{Block, Expression, Function, Handle, LocalVariable, Module, Statement, TypeInner};

use super::analysis::{Analysis, is_pointer};
use super::control::{ALL_LANES, FallThrough, JumpTarget, NO_LANES};
use super::flow::{definitions, exits, operand_uses, uses};
use super::lines::Lines;
use super::place::{reference, scatter};
use super::shared::{PARAMETER, STRUCT, Scalars};
use super::types;
use super::{Generator, Refusal};
use crate::facts::Layout;

/// Writes one function.
pub(super) struct Writer<'a, 'g> {
    pub generator: &'g mut Generator<'a>,
    pub module: &'a Module,
    pub handle: Handle<Function>,
    pub function: &'a Function,
    pub info: &'a FunctionInfo,
    pub analysis: &'g Analysis,
    pub argument_names: Vec<String>,
    pub local_names: Vec<String>,
    /// Constant expressions are written out instead of named.
    pub in_initialiser: bool,
    pub(super) lines: Lines,
    counter: usize,
    /// The statement at hand is the last one that the function runs: what it returns is the value of the body.
    pub(super) is_last: bool,
    /// The loops and switches around the statement at hand, the innermost last.
    pub(super) jump_targets: Vec<JumpTarget>,
    /// Values of a loop's body that its continuing block uses, declared ahead of the body.
    hoisted: HashSet<Handle<Expression>>,
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
            handle,
            function,
            info,
            analysis,
            lines: Lines::new(),
            counter: 0,
            is_last: true,
            jump_targets: Vec::new(),
            hoisted: HashSet::new(),
        }
    }

    pub fn unsupported(&mut self, what: &str) -> String {
        let function = self.function.name.clone().unwrap_or_default();
        self.generator.errors.push(Refusal { function, what: what.to_owned() });
        "panic!()".to_owned()
    }

    /// Gives a value its name.
    fn define(&mut self, expression: Handle<Expression>, text: &str, has_effects: bool) {
        let name = format!("e{}", expression.index());
        match self.hoisted.contains(&expression) {
            true => self.lines.assign(name, text, has_effects),
            false => self.lines.define(name, text, has_effects),
        }
    }

    /// Declares what the continuing block of a loop uses of its body, whose text may be in a block of its own.
    pub(super) fn hoist(&mut self, body: &Block, continuing: &Block, break_if: Option<Handle<Expression>>) {
        let mut bound = HashSet::new();
        definitions(body, &mut bound);
        let mut used = HashSet::new();
        uses(self.function, continuing, &mut used);
        if let Some(condition) = break_if {
            operand_uses(self.function, condition, &mut used);
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
            self.lines.declare(format!("e{}", expression.index()), Some(ty), zero);
            self.hoisted.insert(expression);
        }
    }

    pub(super) fn number(&mut self) -> usize {
        self.counter += 1;
        self.counter
    }

    /// The function's text, named `name`; `full` means that all lanes are active at its start.
    pub fn write(mut self, name: &str, arguments: &[bool], full: bool) -> String {
        let function = self.function;
        for (handle, local) in function.local_variables.iter() {
            self.declare(handle, local);
        }
        let masked_returns = self.analysis.masked_returns;
        if masked_returns {
            if full {
                self.lines.declare("mask0", None, ALL_LANES);
            }
            self.lines.declare("returned", None, NO_LANES);
            if let Some(result) = &function.result {
                let ty = types::handle(self.module, result.ty, false);
                let zero = types::zero(self.module, result.ty);
                self.lines.declare("return_value", None, format!("l::splat::<Simd, {ty}>(s, {zero})"));
            }
        }
        let mask = (masked_returns || !full).then_some("mask0");
        self.block(&function.body, mask);
        if masked_returns && function.result.is_some() {
            self.lines.text("return_value");
        }
        self.lines.tidy();
        if matches!(self.generator.scalars, Scalars::Read(_)) && self.lines.mentioned().contains(PARAMETER) {
            self.generator.readers.insert(name.to_owned());
        }
        if !self.generator.apart.contains(&self.handle) {
            let head = self.head(name, name, arguments, full, true);
            return format!("{head} {{\n{}}}\n", self.lines.finish());
        }
        // The body is inlined into a function that has the level's target features and is called.
        let body = format!("__body_{name}");
        let (outer, inner) =
            (self.head(name, name, arguments, full, false), self.head(&body, name, arguments, full, true));
        let mut passed = self.generator.passed(name);
        if !full {
            passed.push_str(", mask0");
        }
        for argument in &self.argument_names {
            let _ = write!(passed, ", {argument}");
        }
        format!(
            "{outer} {{\n    l::apart(s, #[inline(always)] || {body}(s{passed}))\n}}\n\n{inner} {{\n{}}}\n",
            self.lines.finish()
        )
    }

    /// The signature of a function, or of its body, by the name `written`; parameters that a body does not read have no name.
    fn head(&self, written: &str, name: &str, arguments: &[bool], full: bool, is_body: bool) -> String {
        let (mentioned, changed) = (self.lines.mentioned(), self.lines.changed());
        let named = |name: &str| match !is_body || mentioned.contains(name) {
            true => name.to_owned(),
            false => "_".to_owned(),
        };
        let reads = self.generator.readers.contains(name);
        let count = 1 + usize::from(reads) + usize::from(!full) + arguments.len();
        let mut head = String::new();
        if count > 7 {
            head.push_str(
                "#[allow(clippy::too_many_arguments, reason = \"as many as the WGSL function has, and the lanes\")]\n",
            );
        }
        let _ = write!(head, "#[inline(always)]\nfn {written}<Simd: l::Lanes>({}: Simd", named("s"));
        if reads {
            let _ = write!(head, ", {PARAMETER}: &{STRUCT}");
        }
        if !full {
            let word = if is_body && changed.contains("mask0") { "mut " } else { "" };
            let _ = write!(head, ", {word}{}: Simd::M", named("mask0"));
        }
        for (i, argument) in self.function.arguments.iter().enumerate() {
            let ty = types::handle(self.module, argument.ty, arguments[i] && !is_pointer(self.module, argument.ty));
            let _ = write!(head, ", {}: {ty}", named(&self.argument_names[i]));
        }
        head.push(')');
        if let Some(result) = &self.function.result {
            let _ = write!(head, " -> {}", types::handle(self.module, result.ty, self.analysis.result_uniform));
        }
        head
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
        let init = if uniform { init } else { format!("l::splat::<Simd, {ty}>(s, {init})") };
        self.lines.declare(self.local_names[handle.index()].clone(), uniform.then_some(ty), init);
    }

    pub(super) fn block(&mut self, block: &'a Block, mask: Option<&str>) {
        let statements: Vec<&'a Statement> = block.iter().collect();
        self.statements(&statements, mask);
    }

    pub(super) fn statements(&mut self, statements: &[&'a Statement], mask: Option<&str>) {
        let is_last = self.is_last;
        for (i, statement) in statements.iter().enumerate() {
            self.is_last = is_last && i + 1 == statements.len();
            let fall_through = self.statement(statement, mask);
            self.is_last = is_last;
            match fall_through {
                FallThrough::All => {}
                // Nothing after a jump runs.
                FallThrough::None => return,
                FallThrough::Some => {
                    let rest = &statements[i + 1..];
                    if let Some(mask) = mask
                        && !rest.is_empty()
                    {
                        self.lines.text(format!("if {mask}.any() {{"));
                        self.lines.indent += 1;
                        self.statements(rest, Some(mask));
                        self.lines.indent -= 1;
                        self.lines.text("}");
                    }
                    return;
                }
            }
        }
    }

    pub(super) fn statement(&mut self, statement: &'a Statement, mask: Option<&str>) -> FallThrough {
        match statement {
            Statement::Emit(range) => {
                for expression in range.clone() {
                    if let Some(text) = self.emitted(expression) {
                        self.define(expression, &text, false);
                    }
                }
            }
            Statement::Block(block) => {
                let exits = exits(block);
                self.lines.text("{");
                self.nested(block, mask);
                self.lines.text("}");
                return self.fall_through(exits, mask);
            }
            Statement::If { condition, accept, reject } => {
                return self.write_if(statement, *condition, accept, reject, mask);
            }
            Statement::Switch { selector, cases } => return self.write_switch(statement, *selector, cases, mask),
            Statement::Loop { body, continuing, break_if } => {
                return self.write_loop(statement, body, continuing, *break_if, mask);
            }
            Statement::Break => return self.write_break(mask),
            Statement::Continue => return self.write_continue(mask),
            Statement::Return { value } => return self.write_return(*value, mask),
            Statement::Store { pointer, value } => self.store(statement, *pointer, *value, mask),
            Statement::Call { function, arguments, result } => self.call(*function, arguments, *result, mask),
            other => {
                self.unsupported(&format!("statement {other:?}"));
            }
        }
        FallThrough::All
    }

    fn store(
        &mut self,
        statement: &Statement,
        pointer: Handle<Expression>,
        value: Handle<Expression>,
        mask: Option<&str>,
    ) {
        let local = super::analysis::root_variable(self.function, pointer).is_some();
        let mask = if local && !self.analysis.needs_blend(statement) { None } else { mask };
        let place = self.place(pointer);
        let whole = match self.function.expressions[pointer] {
            Expression::LocalVariable(_) => Some(place.text.clone()),
            _ => None,
        };
        let write = |this: &mut Self, value: String| match &whole {
            Some(name) => this.lines.assign(name, value, false),
            None => this.lines.text(format!("{} = {value};", place.text)),
        };
        if place.uniform {
            let value = self.value(value);
            write(self, value);
            return;
        }
        if place.varying.is_empty() && self.is_large_zero(value) {
            let place = reference("&mut ", &place.text);
            self.lines.text(format!("l::clear(s, {}, {place});", mask.unwrap_or(ALL_LANES)));
            return;
        }
        let value = self.lanes(value);
        if place.varying.is_empty() {
            let value = match mask {
                None => value,
                Some(mask) => format!("l::blend(s, {mask}, {value}, {})", place.text),
            };
            write(self, value);
            return;
        }
        let text = scatter(&place.text, &place.varying, "part", mask.unwrap_or(ALL_LANES));
        self.lines.text(format!("{{ let part = {value}; {text} }}"));
    }

    /// A zero too large to be made on the stack first, of a type that memory has a layout for.
    fn is_large_zero(&self, value: Handle<Expression>) -> bool {
        let Expression::ZeroValue(ty) = self.function.expressions[value] else { return false };
        types::words(self.module, &self.module.types[ty].inner) > Layout::LARGE_WORDS
            && !types::has_bools(self.module, ty)
    }

    /// `&mut` of what a pointer argument points to. A part at an index per lane has no address, and Rust lends a
    /// variable to one argument at a time: there a copy is borrowed. Gives the copy's way back, if the callee may write.
    fn borrow(&mut self, pointer: Handle<Expression>, shared: bool, mask: Option<&str>) -> (String, Option<String>) {
        let place = self.place(pointer);
        if place.varying.is_empty() && !shared {
            return (reference("&mut ", &place.text), None);
        }
        let copy = format!("copy{}", self.number());
        let value = self.load(pointer);
        self.lines.declare(&copy, None, value);
        // WGSL forbids to write through one of two pointers into the same variable.
        let back = (!shared)
            .then(|| format!("{{ {} }}", scatter(&place.text, &place.varying, &copy, mask.unwrap_or(ALL_LANES))));
        (format!("&mut {copy}"), back)
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
        let mut back = Vec::new();
        let variables: Vec<_> = arguments.iter().map(|&a| variable(self.module, self.function, a)).collect();
        for (i, (declared, &argument)) in function.arguments.iter().zip(arguments).enumerate() {
            let pointer = matches!(self.module.types[declared.ty].inner, TypeInner::Pointer { .. });
            uniform.push(!pointer && self.analysis.is_uniform(argument));
            texts.push(if pointer {
                let shared = variables.iter().enumerate().any(|(j, v)| j != i && v.is_some() && *v == variables[i]);
                let (text, store) = self.borrow(argument, shared, mask);
                back.extend(store);
                text
            } else {
                self.value(argument)
            });
        }
        // Without pointers and loops a call has no effect that a mask could restrict.
        let full = mask.is_none() || self.generator.is_plain(callee);
        let name = self.generator.request(callee, uniform, full);
        let mut all = vec![format!("s{}", self.generator.passed(&name))];
        if !full {
            all.push(mask.unwrap_or("mask0").to_owned());
        }
        all.extend(texts);
        let call = format!("{name}({})", all.join(", "));
        let has_effects = function.arguments.iter().any(|a| is_pointer(self.module, a.ty));
        match result {
            Some(result) => self.define(result, &call, has_effects),
            None if has_effects => self.lines.text(format!("{call};")),
            None => {}
        }
        for store in back {
            self.lines.text(store);
        }
    }
}

/// The variable that a pointer argument of a call points into: a local one (true) or itself an argument, and its number.
fn variable(module: &Module, function: &Function, pointer: Handle<Expression>) -> Option<(bool, usize)> {
    match function.expressions[pointer] {
        Expression::LocalVariable(local) => Some((true, local.index())),
        Expression::FunctionArgument(i) => {
            is_pointer(module, function.arguments[i as usize].ty).then_some((false, i as usize))
        }
        Expression::Access { base, .. } | Expression::AccessIndex { base, .. } => variable(module, function, base),
        _ => None,
    }
}
