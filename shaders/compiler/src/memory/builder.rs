//! One function, rewritten statement by statement.

use std::collections::HashMap;

use naga::valid::FunctionInfo;
use naga::{
    AddressSpace, Arena, Block, Expression, Function, FunctionArgument, Handle, LocalVariable, Range, Span, Statement,
    SwitchCase, Type, TypeInner,
};

use super::expression::mapped;
use super::{MAX_COPY, Place, Rewrite, Space, pointer_space, walk};
use crate::lanes::Refusal;

/// The rewriting of one function for one choice of pointer arguments that lead to storage.
pub(super) struct Builder<'r, 'a> {
    pub rewrite: &'r mut Rewrite<'a>,
    source: &'a Function,
    info: &'a FunctionInfo,
    stored: Vec<bool>,
    is_entry: bool,
    pub(super) expressions: Arena<Expression>,
    locals: Arena<LocalVariable>,
    /// Names of values, for people.
    named: Vec<(Handle<Expression>, String)>,
    /// New expressions of old ones.
    values: HashMap<Handle<Expression>, Handle<Expression>>,
    /// Old pointers into storage, and old parts of tables.
    places: HashMap<Handle<Expression>, Place>,
    /// What pointer arguments that lead to storage point to.
    argument_places: Vec<Option<Place>>,
    /// Variables that lie in storage, and the others.
    local_places: HashMap<Handle<LocalVariable>, Place>,
    local_handles: HashMap<Handle<LocalVariable>, Handle<LocalVariable>>,
    /// How often an old expression is used other than to take a part of it.
    uses: HashMap<Handle<Expression>, usize>,
    /// Loads of large values that the next statement stores: copied there word by word.
    delayed: HashMap<Handle<Expression>, Place>,
    /// Results of calls that are left out.
    dropped: Vec<Handle<Expression>>,
    /// New expressions that no statement emits yet.
    pending: Option<(Handle<Expression>, Handle<Expression>)>,
    /// Number of instances and of the one at hand, computed at the start of the function.
    instance: Option<(Handle<Expression>, Handle<Expression>)>,
}

impl<'r, 'a> Builder<'r, 'a> {
    pub fn function(rewrite: &'r mut Rewrite<'a>, function: Handle<Function>, stored: &[bool]) -> Self {
        let (source, info) = (&rewrite.source.functions[function], &rewrite.info[function]);
        Self::new(rewrite, source, info, stored.to_vec(), false)
    }

    pub fn entry(rewrite: &'r mut Rewrite<'a>, index: usize) -> Self {
        let (source, info) = (&rewrite.source.entry_points[index].function, rewrite.info.get_entry_point(index));
        let stored = vec![false; source.arguments.len()];
        Self::new(rewrite, source, info, stored, true)
    }

    fn new(
        rewrite: &'r mut Rewrite<'a>,
        source: &'a Function,
        info: &'a FunctionInfo,
        stored: Vec<bool>,
        is_entry: bool,
    ) -> Self {
        let mut uses: HashMap<Handle<Expression>, usize> = HashMap::new();
        for (_, expression) in source.expressions.iter() {
            match *expression {
                Expression::Access { index, .. } => *uses.entry(index).or_default() += 1,
                Expression::AccessIndex { .. } => {}
                ref other => {
                    mapped(other, |operand| {
                        *uses.entry(operand).or_default() += 1;
                        operand
                    });
                }
            }
        }
        walk(&source.body, &mut |statement| {
            let used: Vec<Handle<Expression>> = match statement {
                Statement::If { condition, .. } => vec![*condition],
                Statement::Switch { selector, .. } => vec![*selector],
                Statement::Loop { break_if, .. } => break_if.iter().copied().collect(),
                Statement::Return { value } => value.iter().copied().collect(),
                Statement::Store { value, .. } => vec![*value],
                Statement::Call { arguments, .. } => arguments.clone(),
                _ => Vec::new(),
            };
            used.into_iter().for_each(|e| *uses.entry(e).or_default() += 1);
        });
        Self {
            rewrite,
            source,
            info,
            stored,
            is_entry,
            expressions: Arena::new(),
            locals: Arena::new(),
            named: Vec::new(),
            values: HashMap::new(),
            places: HashMap::new(),
            argument_places: Vec::new(),
            local_places: HashMap::new(),
            local_handles: HashMap::new(),
            uses,
            delayed: HashMap::new(),
            dropped: Vec::new(),
            pending: None,
            instance: None,
        }
    }

    pub fn build(mut self) -> Function {
        let mut body = Block::new();
        let source = self.source;
        let arguments: Vec<FunctionArgument> = source
            .arguments
            .iter()
            .zip(&self.stored)
            .map(|(argument, &stored)| FunctionArgument {
                ty: if stored { self.rewrite.word } else { argument.ty },
                ..argument.clone()
            })
            .collect();
        for (i, argument) in source.arguments.iter().enumerate() {
            let place = self.stored[i].then(|| {
                let TypeInner::Pointer { base, .. } = *self.rewrite.inner(argument.ty) else {
                    unreachable!("a stored argument is a pointer")
                };
                let dynamic = self.expressions.append(Expression::FunctionArgument(i as u32), Span::UNDEFINED);
                Place { space: Space::Instance, offset: 0, dynamic: Some(dynamic), ty: base }
            });
            self.argument_places.push(place);
        }
        let large = source.local_variables.iter().any(|(_, v)| self.rewrite.is_large(v.ty));
        if !self.is_entry && (large || self.stored.contains(&true)) {
            self.instance = Some(self.load_instance(&mut body));
            self.flush(&mut body);
        }
        for (local, variable) in source.local_variables.iter() {
            self.declare(&mut body, local, variable);
        }
        self.block(&source.body, &mut body);
        let mut named_expressions = source.named_expressions.clone();
        named_expressions.clear();
        named_expressions.extend(self.named);
        let suffix = if self.stored.contains(&true) { "_stored" } else { "" };
        Function {
            name: source.name.as_ref().map(|name| format!("{name}{suffix}")),
            arguments,
            result: source.result.clone(),
            local_variables: self.locals,
            expressions: self.expressions,
            named_expressions,
            body,
            diagnostic_filter_leaf: source.diagnostic_filter_leaf,
        }
    }

    fn declare(&mut self, body: &mut Block, local: Handle<LocalVariable>, variable: &LocalVariable) {
        if !self.rewrite.is_large(variable.ty) {
            let init = variable.init.map(|init| self.constant(body, init));
            let new = self.locals.append(LocalVariable { init, ..variable.clone() }, Span::UNDEFINED);
            self.local_handles.insert(local, new);
            return;
        }
        self.rewrite.changed = true;
        let named = |ty: Handle<Type>| self.rewrite.source.types[ty].name.as_deref() == Some("State");
        let is_state = self.is_entry && named(variable.ty);
        let offset = if is_state {
            self.rewrite.state_at
        } else {
            let at = self.rewrite.scratch_at + self.rewrite.scratch_words;
            self.rewrite.scratch_words += self.rewrite.words(variable.ty);
            at
        };
        let place = Place { space: Space::Instance, offset: offset as u32, dynamic: None, ty: variable.ty };
        self.local_places.insert(local, place);
        // Entry points assign their variables before they read them, and do not know their instance here.
        if self.is_entry {
            return;
        }
        match variable.init {
            Some(init) if !matches!(self.source.expressions[init], Expression::ZeroValue(_)) => {
                self.assign(body, place, init);
            }
            _ => self.clear(body, place),
        }
    }

    /// A variable of the function's own.
    pub(super) fn local(&mut self, block: &mut Block, name: &str, ty: Handle<Type>) -> Handle<Expression> {
        self.flush(block);
        let variable = LocalVariable { name: Some(name.to_owned()), ty, init: None };
        let local = self.locals.append(variable, Span::UNDEFINED);
        self.expressions.append(Expression::LocalVariable(local), Span::UNDEFINED)
    }

    fn load_instance(&mut self, block: &mut Block) -> (Handle<Expression>, Handle<Expression>) {
        let TypeInner::Struct { ref members, .. } =
            *self.rewrite.inner(self.rewrite.out.global_variables[self.rewrite.control].ty)
        else {
            unreachable!("KernelControl is a struct")
        };
        let member = members.iter().position(|m| m.name.as_deref() == Some("instances")).expect("checked by the host");
        let base = self.push(block, Expression::GlobalVariable(self.rewrite.control));
        let pointer = self.push(block, Expression::AccessIndex { base, index: member as u32 });
        let n = self.push(block, Expression::Load { pointer });
        let pointer = self.push(block, Expression::GlobalVariable(self.rewrite.instance));
        (n, self.push(block, Expression::Load { pointer }))
    }

    /// Number of instances n, and of the one at hand.
    pub(super) fn instance(&mut self, block: &mut Block) -> (Handle<Expression>, Handle<Expression>) {
        match self.instance {
            Some(known) => known,
            None => self.load_instance(block),
        }
    }

    /// Adds an expression, to be emitted where the block stands.
    pub(super) fn push(&mut self, block: &mut Block, expression: Expression) -> Handle<Expression> {
        if expression.needs_pre_emit() || matches!(expression, Expression::CallResult(_)) {
            self.flush(block);
            return self.expressions.append(expression, Span::UNDEFINED);
        }
        let new = self.expressions.append(expression, Span::UNDEFINED);
        self.pending = Some((self.pending.map_or(new, |(first, _)| first), new));
        new
    }

    fn flush(&mut self, block: &mut Block) {
        if let Some((first, last)) = self.pending.take() {
            block.push(Statement::Emit(Range::new_from_bounds(first, last)), Span::UNDEFINED);
        }
    }

    /// Adds a statement behind what it uses.
    pub(super) fn statement(&mut self, block: &mut Block, statement: Statement) {
        // Blocks inside have emitted all of theirs.
        self.flush(block);
        block.push(statement, Span::UNDEFINED);
    }

    /// A constant expression, as initialisers of variables are.
    fn constant(&mut self, block: &mut Block, old: Handle<Expression>) -> Handle<Expression> {
        self.flush(block);
        let expression = self.source.expressions[old].clone();
        let new = mapped(&expression, |operand| self.constant(&mut Block::new(), operand));
        self.expressions.append(new, Span::UNDEFINED)
    }

    /// The new value of an old expression.
    fn value(&mut self, block: &mut Block, old: Handle<Expression>) -> Handle<Expression> {
        if let Some(&new) = self.values.get(&old) {
            return new;
        }
        let new = match self.source.expressions[old] {
            Expression::LocalVariable(local) => Expression::LocalVariable(self.local_handles[&local]),
            ref other if other.needs_pre_emit() => other.clone(),
            // Constant expressions that the front end does not emit.
            _ => return self.constant(block, old),
        };
        let new = self.push(block, new);
        self.values.insert(old, new);
        new
    }

    /// The place that an old pointer, or an old part of a table, stands for.
    fn place(&mut self, old: Handle<Expression>) -> Option<Place> {
        if let Some(&place) = self.places.get(&old) {
            return Some(place);
        }
        let place = match self.source.expressions[old] {
            Expression::LocalVariable(local) => *self.local_places.get(&local)?,
            Expression::FunctionArgument(i) => self.argument_places[i as usize]?,
            Expression::Constant(constant) => {
                let ty = self.rewrite.source.constants[constant].ty;
                let offset = self.rewrite.table(constant)?;
                Place { space: Space::Table, offset, dynamic: None, ty }
            }
            _ => return None,
        };
        self.places.insert(old, place);
        Some(place)
    }

    fn emit(&mut self, block: &mut Block, old: Handle<Expression>, delay: bool) {
        let source = self.source;
        let expression = &source.expressions[old];
        let part = match *expression {
            Expression::AccessIndex { base, index } => self.place(base).map(|place| self.part(place, index)),
            Expression::Access { base, index } => {
                if matches!(source.expressions[base], Expression::Constant(_)) {
                    self.flush(block);
                }
                self.place(base).map(|place| {
                    let signed = self.info[index].ty.inner_with(&self.rewrite.source.types).scalar_kind()
                        == Some(naga::ScalarKind::Sint);
                    let index = self.value(block, index);
                    self.element(block, place, index, signed)
                })
            }
            Expression::Load { pointer } => {
                if let Some(place) = self.place(pointer) {
                    if delay {
                        self.delayed.insert(old, place);
                    } else {
                        self.check_copy(place.ty);
                        let value = self.load(block, place);
                        self.values.insert(old, value);
                    }
                    return;
                }
                None
            }
            _ => None,
        };
        if let Some(place) = part {
            self.rewrite.changed = true;
            self.places.insert(old, place);
            if place.space == Space::Table && self.uses.contains_key(&old) {
                self.check_copy(place.ty);
                let value = self.load(block, place);
                self.values.insert(old, value);
            }
            return;
        }
        let new = mapped(expression, |operand| self.value(block, operand));
        let new = self.push(block, new);
        self.values.insert(old, new);
        if let Some(name) = source.named_expressions.get(&old) {
            self.named.push((new, name.clone()));
        }
    }

    fn check_copy(&mut self, ty: Handle<Type>) {
        let words = self.rewrite.words(ty);
        let function = self.source.name.clone().unwrap_or_default();
        if words > MAX_COPY && !function.starts_with("kernel_") && !self.is_entry {
            let what =
                format!("a copy of {words} words at once, allowed are {MAX_COPY}: point to it, or copy in a loop");
            self.rewrite.refusals.push(Refusal { function, what });
        }
    }

    fn block(&mut self, old: &'a Block, block: &mut Block) {
        let statements: Vec<&'a Statement> = old.iter().collect();
        for (i, statement) in statements.iter().enumerate() {
            match *statement {
                Statement::Emit(range) => {
                    let stored = match statements.get(i + 1) {
                        Some(Statement::Store { pointer, value }) if self.place(*pointer).is_some() => Some(*value),
                        _ => None,
                    };
                    for expression in range.clone() {
                        let delay = stored == Some(expression)
                            && self.uses.get(&expression) == Some(&1)
                            && self.type_of(expression).is_some_and(|ty| self.rewrite.is_large(ty));
                        self.emit(block, expression, delay);
                    }
                    self.flush(block);
                }
                statement => self.copy_statement(block, statement),
            }
        }
        self.flush(block);
    }

    fn nested(&mut self, outer: &mut Block, old: &'a Block) -> Block {
        self.flush(outer);
        let mut block = Block::new();
        self.block(old, &mut block);
        block
    }

    fn type_of(&self, old: Handle<Expression>) -> Option<Handle<Type>> {
        self.info[old].ty.handle()
    }

    fn copy_statement(&mut self, block: &mut Block, statement: &'a Statement) {
        match statement {
            Statement::Block(inner) => {
                let inner = self.nested(block, inner);
                self.statement(block, Statement::Block(inner));
            }
            Statement::If { condition, accept, reject } => {
                let condition = self.value(block, *condition);
                let (accept, reject) = (self.nested(block, accept), self.nested(block, reject));
                self.statement(block, Statement::If { condition, accept, reject });
            }
            Statement::Switch { selector, cases } => {
                let selector = self.value(block, *selector);
                let cases = cases
                    .iter()
                    .map(|case| SwitchCase { body: self.nested(block, &case.body), ..case.clone() })
                    .collect();
                self.statement(block, Statement::Switch { selector, cases });
            }
            Statement::Loop { body, continuing, break_if } => {
                let body = self.nested(block, body);
                let mut continuing = self.nested(block, continuing);
                let break_if = break_if.map(|condition| self.value(&mut continuing, condition));
                self.statement(block, Statement::Loop { body, continuing, break_if });
            }
            Statement::Return { value } => {
                let value = value.map(|value| self.value(block, value));
                self.statement(block, Statement::Return { value });
            }
            Statement::Store { pointer, value } => {
                if self.dropped.contains(value) {
                    return;
                }
                match self.place(*pointer) {
                    Some(place) => self.assign(block, place, *value),
                    None => {
                        let (pointer, value) = (self.value(block, *pointer), self.value(block, *value));
                        self.statement(block, Statement::Store { pointer, value });
                    }
                }
            }
            Statement::Call { function, arguments, result } => self.call(block, *function, arguments, *result),
            other => self.statement(block, other.clone()),
        }
    }

    /// Stores an old value at a place.
    fn assign(&mut self, block: &mut Block, place: Place, old: Handle<Expression>) {
        let large = self.rewrite.is_large(place.ty);
        if large && matches!(self.source.expressions[old], Expression::ZeroValue(_)) {
            self.clear(block, place);
        } else if let Some(&from) = self.delayed.get(&old) {
            self.copy(block, from, place);
        } else if large && let Some(from) = self.place(old).filter(|p| p.space == Space::Table) {
            self.copy(block, from, place);
        } else {
            let value = self.value(block, old);
            self.store(block, place, value);
        }
    }

    fn call(
        &mut self,
        block: &mut Block,
        callee: Handle<Function>,
        arguments: &'a [Handle<Expression>],
        result: Option<Handle<Expression>>,
    ) {
        let declared = &self.rewrite.source.functions[callee];
        let first = arguments.last().copied();
        // The state is where it is: nothing to load and nothing to store back.
        match declared.name.as_deref() {
            Some("kernel_store_state") if first.is_some_and(|state| self.place(state).is_some()) => return,
            Some("kernel_load_state") if declared.result.as_ref().is_some_and(|r| self.rewrite.is_large(r.ty)) => {
                self.dropped.extend(result);
                return;
            }
            _ => {}
        }
        let mut stored = Vec::new();
        let mut values = Vec::new();
        let mut back = Vec::new();
        for (argument, &old) in declared.arguments.iter().zip(arguments) {
            let pointer = pointer_space(self.rewrite.inner(argument.ty)).is_some();
            let place = if pointer { self.place(old) } else { None };
            stored.push(place.is_some());
            values.push(match (place, &self.source.expressions[old]) {
                (Some(place), _) => self.first_word(block, place),
                (None, Expression::Access { .. } | Expression::AccessIndex { .. }) if pointer => {
                    self.rewrite.changed = true;
                    let TypeInner::Pointer { base, space: AddressSpace::Function } = *self.rewrite.inner(argument.ty)
                    else {
                        unreachable!("checked by the lint `pointer_space`")
                    };
                    let (part, copy) = (self.value(block, old), self.local(block, "part", base));
                    let value = self.push(block, Expression::Load { pointer: part });
                    self.statement(block, Statement::Store { pointer: copy, value });
                    back.push((part, copy));
                    copy
                }
                _ => self.value(block, old),
            });
        }
        let function = self.rewrite.request(callee, stored);
        self.flush(block);
        let new = result.map(|old| {
            let new = self.expressions.append(Expression::CallResult(function), Span::UNDEFINED);
            self.values.insert(old, new);
            new
        });
        self.statement(block, Statement::Call { function, arguments: values, result: new });
        for (part, copy) in back {
            let value = self.push(block, Expression::Load { pointer: copy });
            self.statement(block, Statement::Store { pointer: part, value });
        }
    }
}
