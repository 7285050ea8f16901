//! Expressions: component by component, with the semantics of the lanes.

use std::rc::Rc;

use naga::{BinaryOperator as Binary, Expression, Handle, RelationalFunction, ScalarKind, TypeInner, UnaryOperator};

use super::ir::{FALSE, NONE, TRUE, Val};
use super::lower::{Lowered, Lowerer, Value, type_words, words};
use super::op::Op;
use super::place::Place;

impl Lowerer<'_> {
    /// The value of an expression.
    pub fn value(&mut self, expression: Handle<Expression>) -> Lowered<Value> {
        let here = self.here();
        if let Some(first) = here.hoisted.get(&expression).copied() {
            let count = words(self.module, self.inner(expression)) as usize;
            return Ok(Value::Words(self.cells[first..first + count].into()));
        }
        match here.function.expressions[expression] {
            Expression::Literal(literal) => {
                let word = self.literal(literal)?;
                Ok(Value::Words([self.b.constant(word)].into()))
            }
            Expression::Constant(constant) => self.constant(constant),
            Expression::ZeroValue(ty) => Ok(Value::Words((0..type_words(self.module, ty)).map(|_| FALSE).collect())),
            Expression::FunctionArgument(i) => Ok(here.arguments[i as usize].clone()),
            Expression::LocalVariable(local) => Ok(Value::Place(Place::new(here.locals[local.index()]))),
            _ => match here.expressions.get(&expression) {
                Some(value) => Ok(value.clone()),
                // Initialisers of variables come before any statement.
                None => self.evaluate(expression),
            },
        }
    }

    pub fn kind(&self, expression: Handle<Expression>) -> ScalarKind {
        let inner = self.inner(expression);
        inner.scalar_kind().unwrap_or(ScalarKind::Float)
    }

    /// An operation on each component; scalars go with every component of a vector.
    pub fn map(
        &mut self,
        operands: &[Handle<Expression>],
        f: &mut dyn FnMut(&mut Self, &[Val]) -> Lowered<Val>,
    ) -> Lowered<Vec<Val>> {
        let all = operands.iter().map(|o| self.get(*o)).collect::<Lowered<Vec<_>>>()?;
        let count = all.iter().map(|v| v.len()).max().unwrap_or(1);
        let mut out = Vec::with_capacity(count);
        for i in 0..count {
            let mut parts = [FALSE; 4];
            for (part, values) in parts.iter_mut().zip(&all) {
                *part = self.real(values[if values.len() == 1 { 0 } else { i }])?;
            }
            out.push(f(self, &parts[..operands.len()])?);
        }
        Ok(out)
    }

    /// Evaluates an expression where its statement stands.
    pub fn evaluate(&mut self, handle: Handle<Expression>) -> Lowered<Value> {
        let function = self.here().function;
        let out: Vec<Val> = match function.expressions[handle] {
            Expression::Compose { ref components, .. } => {
                let mut out = Vec::new();
                for component in components {
                    out.extend(self.get(*component)?.iter());
                }
                out
            }
            Expression::Splat { size, value } => vec![self.scalar(value)?; size as usize],
            Expression::Swizzle { size, vector, ref pattern } => {
                let vector = self.get(vector)?;
                pattern[..size as usize].iter().map(|c| vector[c.index() as usize]).collect()
            }
            Expression::AccessIndex { base, index } => return self.part(base, index),
            Expression::Access { base, index } => return self.index(base, index),
            Expression::Load { pointer } => {
                let Value::Place(place) = self.value(pointer)? else { return self.refuse("a load from a value") };
                let count = words(self.module, self.inner(handle));
                self.load(&place, count)?
            }
            Expression::Unary { op, expr } => {
                let kind = self.kind(expr);
                self.map(&[expr], &mut |this, p| match (op, kind) {
                    (UnaryOperator::Negate, ScalarKind::Float) => this.op(Op::FNeg, p),
                    (UnaryOperator::Negate, _) => this.op(Op::Sub, &[FALSE, p[0]]),
                    _ => this.op(Op::Not, p),
                })?
            }
            Expression::Binary { op, left, right } => self.binary(op, left, right)?,
            Expression::Select { condition, accept, reject } => {
                self.map(&[condition, accept, reject], &mut |this, p| this.op(Op::Select, p))?
            }
            Expression::Relational { fun, argument } => {
                let parts = self.get(argument)?;
                let (op, start) = match fun {
                    RelationalFunction::All => (Op::And, TRUE),
                    RelationalFunction::Any => (Op::Or, FALSE),
                    _ => return self.refuse("isNan and isInf"),
                };
                let mut all = start;
                for part in parts.iter() {
                    all = self.op(op, &[all, *part])?;
                }
                vec![all]
            }
            Expression::Math { fun, arg, arg1, arg2, arg3 } => self.math(fun, arg, [arg1, arg2, arg3])?,
            Expression::As { expr, kind, convert } => self.cast(expr, kind, convert.is_some())?,
            ref other => return self.refuse(&format!("expression {other:?}")),
        };
        Ok(Value::Words(out.into()))
    }

    /// The type behind a pointer, or the type.
    fn behind(&self, expression: Handle<Expression>) -> TypeInner {
        match *self.inner(expression) {
            TypeInner::Pointer { base, .. } => self.module.types[base].inner.clone(),
            ref inner => inner.clone(),
        }
    }

    /// Where a member or known element of a type begins, in words.
    fn offset(&self, inner: &TypeInner, index: u32) -> u32 {
        match inner {
            TypeInner::Struct { members, .. } => {
                members[..index as usize].iter().map(|m| type_words(self.module, m.ty)).sum()
            }
            _ => index * self.element_size(inner).0,
        }
    }

    /// Words of an element, and how many there are.
    fn element_size(&self, inner: &TypeInner) -> (u32, u32) {
        match *inner {
            TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => {
                (type_words(self.module, base), n.get())
            }
            TypeInner::Matrix { columns, rows, .. } => (rows as u32, columns as u32),
            TypeInner::Vector { size, .. } | TypeInner::ValuePointer { size: Some(size), .. } => (1, size as u32),
            _ => (1, 1),
        }
    }

    fn part(&mut self, base: Handle<Expression>, index: u32) -> Lowered<Value> {
        let inner = self.behind(base);
        let offset = self.offset(&inner, index);
        let count = match inner {
            TypeInner::Struct { ref members, .. } => type_words(self.module, members[index as usize].ty),
            ref inner => self.element_size(inner).0,
        };
        Ok(match self.value(base)? {
            Value::Place(place) => Value::Place(Place { offset: place.offset + offset, ..place }),
            Value::Table(at) => Value::Table(at + offset),
            Value::Words(words) => Value::Words(words[offset as usize..(offset + count) as usize].into()),
        })
    }

    fn index(&mut self, base: Handle<Expression>, index: Handle<Expression>) -> Lowered<Value> {
        let inner = self.behind(base);
        let (size, length) = self.element_size(&inner);
        let index = self.scalar(index)?;
        let value = self.value(base)?;
        if let Value::Place(place) = value {
            return Ok(Value::Place(self.element(&place, index, length, size)?));
        }
        let last = self.b.constant(length - 1);
        let index = self.op(Op::UMin, &[index, last])?;
        if let Some(known) = self.b.word(index) {
            return Ok(match value {
                Value::Table(at) => Value::Table(at + known * size),
                _ => {
                    let all = self.words_of(&value, length * size)?;
                    Value::Words(all[(known * size) as usize..((known + 1) * size) as usize].into())
                }
            });
        }
        let step = self.b.constant(size);
        let first = self.op(Op::Mul, &[index, step])?;
        let out: Vec<Val> = match value {
            Value::Table(at) => {
                (0..size).map(|i| self.b.emit(Op::Table, [first, NONE, NONE, NONE], at + i, 0)).collect()
            }
            value => {
                let all = self.words_of(&value, length * size)?;
                if let Some(place) = self.same_place(&all) {
                    let place = Place { index: Some(first), ..place };
                    self.load(&place, size)?
                } else {
                    self.choose(&all, index, size)?
                }
            }
        };
        Ok(Value::Words(out.into()))
    }

    /// Element `index` of a value, by a tree of selections over the bits of the index.
    fn choose(&mut self, all: &Rc<[Val]>, index: Val, size: u32) -> Lowered<Vec<Val>> {
        let mut level: Vec<Vec<Val>> = all.chunks(size as usize).map(<[Val]>::to_vec).collect();
        let mut bit = 0;
        while level.len() > 1 {
            let (number, one) = (self.b.constant(bit), self.b.constant(1));
            let shifted = self.op(Op::ShrU, &[index, number])?;
            let low = self.op(Op::And, &[shifted, one])?;
            let odd = self.op(Op::NotEqual, &[low, FALSE])?;
            let mut next = Vec::with_capacity(level.len().div_ceil(2));
            for pair in level.chunks(2) {
                next.push(match pair {
                    [even] => even.clone(),
                    [a, b] => a
                        .iter()
                        .zip(b)
                        .map(|(a, b)| self.op(Op::Select, &[odd, *b, *a]))
                        .collect::<Lowered<Vec<_>>>()?,
                    _ => unreachable!("chunks of two"),
                });
            }
            level = next;
            bit += 1;
        }
        Ok(level.pop().unwrap_or_default())
    }

    fn binary(&mut self, op: Binary, left: Handle<Expression>, right: Handle<Expression>) -> Lowered<Vec<Val>> {
        let kind = self.kind(left);
        if op == Binary::Multiply
            && [left, right].iter().any(|e| matches!(self.inner(*e), TypeInner::Matrix { .. }))
            && [left, right].iter().all(|e| !matches!(self.inner(*e), TypeInner::Scalar(_)))
        {
            return self.product(left, right);
        }
        let (float, signed) = (kind == ScalarKind::Float, kind == ScalarKind::Sint);
        self.map(&[left, right], &mut |this, p| {
            let (a, b) = (p[0], p[1]);
            let pick = |f: Op, i: Op, u: Op| {
                if float {
                    f
                } else if signed {
                    i
                } else {
                    u
                }
            };
            let op = match op {
                Binary::Add => pick(Op::FAdd, Op::Add, Op::Add),
                Binary::Subtract => pick(Op::FSub, Op::Sub, Op::Sub),
                Binary::Multiply => pick(Op::FMul, Op::Mul, Op::Mul),
                Binary::Divide => pick(Op::FDiv, Op::IDiv, Op::UDiv),
                Binary::Modulo if float => {
                    let quotient = this.op(Op::FDiv, &[a, b])?;
                    let whole = this.op(Op::FTrunc, &[quotient])?;
                    let product = this.op(Op::FMul, &[b, whole])?;
                    return this.op(Op::FSub, &[a, product]);
                }
                Binary::Modulo => pick(Op::Nop, Op::IRem, Op::URem),
                Binary::Equal => pick(Op::FEqual, Op::Equal, Op::Equal),
                Binary::NotEqual => pick(Op::FNotEqual, Op::NotEqual, Op::NotEqual),
                Binary::Less => pick(Op::FLess, Op::ILess, Op::ULess),
                Binary::LessEqual => pick(Op::FLessEqual, Op::ILessEqual, Op::ULessEqual),
                Binary::Greater => return this.op(pick(Op::FLess, Op::ILess, Op::ULess), &[b, a]),
                Binary::GreaterEqual => return this.op(pick(Op::FLessEqual, Op::ILessEqual, Op::ULessEqual), &[b, a]),
                Binary::And | Binary::LogicalAnd => Op::And,
                Binary::InclusiveOr | Binary::LogicalOr => Op::Or,
                Binary::ExclusiveOr => Op::Xor,
                Binary::ShiftLeft => Op::Shl,
                Binary::ShiftRight => pick(Op::Nop, Op::ShrI, Op::ShrU),
            };
            this.op(op, &[a, b])
        })
    }

    /// A product with a matrix: sums of products from the first column on.
    fn product(&mut self, left: Handle<Expression>, right: Handle<Expression>) -> Lowered<Vec<Val>> {
        let shape = |inner: &TypeInner, vector_is_row: bool| match *inner {
            TypeInner::Matrix { columns, rows, .. } => (columns as usize, rows as usize),
            TypeInner::Vector { size, .. } if vector_is_row => (size as usize, 1),
            TypeInner::Vector { size, .. } => (1, size as usize),
            _ => (1, 1),
        };
        let (inner, rows) = shape(self.inner(left), true);
        let (columns, _) = shape(self.inner(right), false);
        let (a, b) = (self.get(left)?, self.get(right)?);
        let mut out = Vec::with_capacity(columns * rows);
        for column in 0..columns {
            for row in 0..rows {
                let mut sum = None;
                for k in 0..inner {
                    let product = self.op(Op::FMul, &[a[k * rows + row], b[column * inner + k]])?;
                    sum = Some(match sum {
                        None => product,
                        Some(sum) => self.op(Op::FAdd, &[sum, product])?,
                    });
                }
                out.push(sum.unwrap_or(FALSE));
            }
        }
        Ok(out)
    }
}
