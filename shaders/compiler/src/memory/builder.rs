//! One function, rewritten: its variables and expressions. `statement.rs` has its statements.

use std::collections::HashMap;

use naga::valid::FunctionInfo;
use naga::{
    Arena, BinaryOperator, Block, Expression, Function, FunctionArgument, Handle, Literal, LocalVariable, Range,
    Scalar, Span, Statement, Type, TypeInner,
};

use super::expression::mapped;
use super::{MAX_COPY, Place, Rewrite, Space, walk};
use crate::lanes::Refusal;

/// The rewriting of one function for one choice of pointer arguments that lead to storage.
pub(super) struct Builder<'r, 'a> {
    pub rewrite: &'r mut Rewrite<'a>,
    pub(super) source: &'a Function,
    pub(super) info: &'a FunctionInfo,
    stored: Vec<bool>,
    is_entry: bool,
    pub(super) expressions: Arena<Expression>,
    locals: Arena<LocalVariable>,
    /// Names of values, for people.
    named: Vec<(Handle<Expression>, String)>,
    /// New expressions of old ones.
    pub(super) values: HashMap<Handle<Expression>, Handle<Expression>>,
    /// Old pointers into storage, and old parts of tables.
    places: HashMap<Handle<Expression>, Place>,
    /// What pointer arguments that lead to storage point to.
    argument_places: Vec<Option<Place>>,
    /// Variables that lie in storage, and the others.
    local_places: HashMap<Handle<LocalVariable>, Place>,
    local_handles: HashMap<Handle<LocalVariable>, Handle<LocalVariable>>,
    /// How often an old expression is used other than to take a part of it.
    pub(super) uses: HashMap<Handle<Expression>, usize>,
    /// Loads of large values that the next statement stores: copied there word by word.
    pub(super) delayed: HashMap<Handle<Expression>, Place>,
    /// Results of calls that are left out.
    pub(super) dropped: Vec<Handle<Expression>>,
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

    /// A word of `kernel_control`.
    fn load_control(&mut self, block: &mut Block, name: &str) -> Handle<Expression> {
        let TypeInner::Struct { ref members, .. } =
            *self.rewrite.inner(self.rewrite.out.global_variables[self.rewrite.control].ty)
        else {
            unreachable!("KernelControl is a struct")
        };
        let member = members.iter().position(|m| m.name.as_deref() == Some(name)).expect("a member of KernelControl");
        let base = self.push(block, Expression::GlobalVariable(self.rewrite.control));
        let pointer = self.push(block, Expression::AccessIndex { base, index: member as u32 });
        self.push(block, Expression::Load { pointer })
    }

    fn load_instance(&mut self, block: &mut Block) -> (Handle<Expression>, Handle<Expression>) {
        let n = self.load_control(block, "instances");
        let pointer = self.push(block, Expression::GlobalVariable(self.rewrite.instance));
        (n, self.push(block, Expression::Load { pointer }))
    }

    /// Whether this is a variable's comparison with a constant, as loops of environments begin. Where it is anything else, a
    /// zero is added for nothing.
    fn bounds_a_loop(&self, expression: &Expression) -> bool {
        let Expression::Binary { op: BinaryOperator::Less, left, right } = *expression else { return false };
        let Expression::Load { pointer } = self.source.expressions[left] else { return false };
        let counts = matches!(self.source.expressions[pointer], Expression::LocalVariable(_));
        let constant =
            matches!(self.source.expressions[right], Expression::Constant(_) | Expression::Literal(Literal::U32(_)));
        let unsigned = self.info[right].ty.inner_with(&self.rewrite.source.types).scalar() == Some(Scalar::U32);
        let own = self.source.name.as_ref().is_some_and(|name| !name.starts_with("kernel_"));
        own && counts && constant && unsigned
    }

    /// A bound that software drivers cannot unroll a loop by: `kernel_control.zero` is added to it where the host sets
    /// `KERNEL_KEEP_LOOPS`.
    fn open_bound(&mut self, block: &mut Block, bound: Handle<Expression>) -> Handle<Expression> {
        let zero = self.load_control(block, "zero");
        let keep = self.push(block, Expression::Override(self.rewrite.keep_loops));
        let more = Expression::Binary { op: BinaryOperator::And, left: zero, right: keep };
        let right = self.push(block, more);
        self.push(block, Expression::Binary { op: BinaryOperator::Add, left: bound, right })
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

    pub(super) fn flush(&mut self, block: &mut Block) {
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
    pub(super) fn value(&mut self, block: &mut Block, old: Handle<Expression>) -> Handle<Expression> {
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
    pub(super) fn place(&mut self, old: Handle<Expression>) -> Option<Place> {
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

    pub(super) fn emit(&mut self, block: &mut Block, old: Handle<Expression>, delay: bool) {
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
        let mut new = mapped(expression, |operand| self.value(block, operand));
        if let Expression::Binary { ref mut right, .. } = new
            && self.bounds_a_loop(expression)
        {
            *right = self.open_bound(block, *right);
        }
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
}
