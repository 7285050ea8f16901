//! The statements of one function, rewritten one by one.

use naga::{AddressSpace, Block, Expression, Function, Handle, Span, Statement, SwitchCase, Type, TypeInner};

use super::builder::Builder;
use super::{Place, Space, pointer_space};

impl<'a> Builder<'_, 'a> {
    pub(super) fn block(&mut self, old: &'a Block, block: &mut Block) {
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
    pub(super) fn assign(&mut self, block: &mut Block, place: Place, old: Handle<Expression>) {
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
