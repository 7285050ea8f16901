//! Functions and their plain statements; control flow is in `control.rs`.
//!
//! A block runs under the mask of its frame, or under none where all lanes are active. Where lanes part, a block whose
//! mask is empty is skipped; a break, continue or return taken by a part of the lanes removes them from the frame.

use std::collections::HashSet;
use std::fmt::Write;

use naga::valid::FunctionInfo;
use naga::{Block, Expression, Function, Handle, LocalVariable, Module, Statement, TypeInner};

use super::analysis::{Analysis, is_pointer};
use super::control::{Left, Target};
use super::flow::{bindings, exits, reach, uses};
use super::place::scatter;
use super::types;
use super::{Generator, Refusal};
use crate::facts::Layout;

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
    pub(super) indent: usize,
    counter: usize,
    /// The innermost construct that a break leaves, last.
    pub(super) targets: Vec<Target>,
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

    pub(super) fn line(&mut self, text: &str) {
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
    pub(super) fn hoist(&mut self, body: &Block, continuing: &Block, break_if: Option<Handle<Expression>>) {
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

    pub(super) fn number(&mut self) -> usize {
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

    pub(super) fn block(&mut self, block: &'a Block, mask: Option<&str>) {
        let statements: Vec<&'a Statement> = block.iter().collect();
        self.statements(&statements, mask);
    }

    pub(super) fn statements(&mut self, statements: &[&'a Statement], mask: Option<&str>) {
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

    pub(super) fn statement(&mut self, statement: &'a Statement, mask: Option<&str>) -> Left {
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
        if place.varying.is_empty() && self.is_large_zero(value) {
            let mask = mask.map_or("l::splat::<Simd, Simd::M>(s, true)".to_owned(), str::to_owned);
            self.line(&format!("l::clear(s, {mask}, &mut {});", place.text));
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

    /// A zero too large to be made on the stack first, of a type that memory has a layout for.
    fn is_large_zero(&self, value: Handle<Expression>) -> bool {
        let Expression::ZeroValue(ty) = self.function.expressions[value] else { return false };
        types::words(self.module, &self.module.types[ty].inner) > Layout::LARGE_WORDS
            && !types::has_bools(self.module, ty)
    }

    /// `&mut` of what a pointer argument points to. A part at an index per lane has no address, and Rust lends a
    /// variable to one argument at a time: there a copy is lent. Gives the copy's way back, if the callee may write.
    fn lend(&mut self, pointer: Handle<Expression>, shared: bool, mask: Option<&str>) -> (String, Option<String>) {
        let place = self.place(pointer);
        if place.varying.is_empty() && !shared {
            return (format!("&mut {}", place.text), None);
        }
        let copy = format!("lent{}", self.number());
        let value = self.load(pointer);
        self.line(&format!("let mut {copy} = {value};"));
        // WGSL forbids to write through one of two pointers into the same variable.
        let back = (!shared).then(|| {
            let mask = mask.map_or("l::splat::<Simd, Simd::M>(s, true)".to_owned(), str::to_owned);
            format!("{{ {} }}", scatter(&place.text, &place.varying, &copy, &mask))
        });
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
                let (text, store) = self.lend(argument, shared, mask);
                back.extend(store);
                text
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
        for store in back {
            self.line(&store);
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
