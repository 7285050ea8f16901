//! Loads and stores of values that lie in storage, word by word.

use naga::{
    BinaryOperator, Block, Expression, Handle, Literal, MathFunction, Scalar, ScalarKind, Statement, TypeInner,
};

use super::builder::Builder;
use super::{Place, Space};

/// What gives the value of a word.
type OfWord<'f, B> = dyn FnMut(&mut B, &mut Block, Handle<Expression>) -> Handle<Expression> + 'f;

impl Builder<'_, '_> {
    /// Member, element or component `index` of a place.
    pub(super) fn part(&mut self, place: Place, index: u32) -> Place {
        let (ty, before) = match self.rewrite.inner(place.ty).clone() {
            TypeInner::Struct { members, .. } => {
                let before = members[..index as usize].iter().map(|m| self.rewrite.words(m.ty)).sum();
                (members[index as usize].ty, before)
            }
            inner => {
                let ty = self.element_type(&inner);
                (ty, self.rewrite.words(ty) * index as usize)
            }
        };
        Place { ty, offset: place.offset + before as u32, ..place }
    }

    /// The element at an index that the shader computes, clamped to the last one as on the lanes.
    pub(super) fn element(
        &mut self,
        block: &mut Block,
        place: Place,
        index: Handle<Expression>,
        signed: bool,
    ) -> Place {
        let inner = self.rewrite.inner(place.ty).clone();
        let count = match inner {
            TypeInner::Array { size: naga::ArraySize::Constant(n), .. } => n.get(),
            TypeInner::Vector { size, .. } => size as u32,
            TypeInner::Matrix { columns, .. } => columns as u32,
            _ => 1,
        };
        let ty = self.element_type(&inner);
        let index = if signed {
            self.push(block, Expression::As { expr: index, kind: ScalarKind::Uint, convert: None })
        } else {
            index
        };
        let last = self.number(block, count - 1);
        let clamped = Expression::Math { fun: MathFunction::Min, arg: index, arg1: Some(last), arg2: None, arg3: None };
        let mut word = self.push(block, clamped);
        let words = self.rewrite.words(ty) as u32;
        if words != 1 {
            let words = self.number(block, words);
            word = self.binary(block, BinaryOperator::Multiply, word, words);
        }
        if let Some(before) = place.dynamic {
            word = self.binary(block, BinaryOperator::Add, before, word);
        }
        Place { ty, dynamic: Some(word), ..place }
    }

    fn element_type(&mut self, inner: &TypeInner) -> Handle<naga::Type> {
        match *inner {
            TypeInner::Array { base, .. } => base,
            TypeInner::Vector { scalar, .. } => self.rewrite.ty(TypeInner::Scalar(scalar)),
            TypeInner::Matrix { rows, scalar, .. } => self.rewrite.ty(TypeInner::Vector { size: rows, scalar }),
            _ => unreachable!("a type with parts"),
        }
    }

    /// Number of parts of a type: 0 for scalars.
    fn parts(&self, ty: Handle<naga::Type>) -> u32 {
        match *self.rewrite.inner(ty) {
            TypeInner::Vector { size, .. } => size as u32,
            TypeInner::Matrix { columns, .. } => columns as u32,
            TypeInner::Array { size: naga::ArraySize::Constant(n), .. } => n.get(),
            TypeInner::Struct { ref members, .. } => members.len() as u32,
            _ => 0,
        }
    }

    /// The number of a place's first word, as a pointer argument has it.
    pub(super) fn first_word(&mut self, block: &mut Block, place: Place) -> Handle<Expression> {
        let offset = self.number(block, place.offset);
        match place.dynamic {
            Some(dynamic) if place.offset == 0 => dynamic,
            Some(dynamic) => self.binary(block, BinaryOperator::Add, dynamic, offset),
            None => offset,
        }
    }

    /// Pointer to a word in its buffer.
    fn word(&mut self, block: &mut Block, place: Place, word: Handle<Expression>) -> Handle<Expression> {
        let (buffer, index) = match place.space {
            Space::Table => (self.rewrite.tables_buffer, word),
            Space::Instance => {
                let (n, i) = self.instance(block);
                let row = self.binary(block, BinaryOperator::Multiply, word, n);
                (self.rewrite.instances, self.binary(block, BinaryOperator::Add, row, i))
            }
        };
        let base = self.push(block, Expression::GlobalVariable(buffer));
        self.push(block, Expression::Access { base, index })
    }

    /// The value at a place.
    pub(super) fn load(&mut self, block: &mut Block, place: Place) -> Handle<Expression> {
        let ty = place.ty;
        if let TypeInner::Scalar(scalar) = *self.rewrite.inner(ty) {
            let word = self.first_word(block, place);
            let pointer = self.word(block, place, word);
            let bits = self.push(block, Expression::Load { pointer });
            return self.of_bits(block, bits, scalar);
        }
        let components = (0..self.parts(ty))
            .map(|i| self.part(place, i))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|p| self.load(block, p));
        let components = components.collect();
        self.push(block, Expression::Compose { ty, components })
    }

    fn of_bits(&mut self, block: &mut Block, bits: Handle<Expression>, scalar: Scalar) -> Handle<Expression> {
        match scalar.kind {
            ScalarKind::Uint => bits,
            ScalarKind::Bool => {
                let zero = self.number(block, 0);
                self.binary(block, BinaryOperator::NotEqual, bits, zero)
            }
            kind => self.push(block, Expression::As { expr: bits, kind, convert: None }),
        }
    }

    /// Writes a value to a place.
    pub(super) fn store(&mut self, block: &mut Block, place: Place, value: Handle<Expression>) {
        if let TypeInner::Scalar(scalar) = *self.rewrite.inner(place.ty) {
            let bits = match scalar.kind {
                ScalarKind::Uint => value,
                ScalarKind::Bool => {
                    let (accept, reject) = (self.number(block, 1), self.number(block, 0));
                    self.push(block, Expression::Select { condition: value, accept, reject })
                }
                _ => self.push(block, Expression::As { expr: value, kind: ScalarKind::Uint, convert: None }),
            };
            let word = self.first_word(block, place);
            let pointer = self.word(block, place, word);
            return self.statement(block, Statement::Store { pointer, value: bits });
        }
        for index in 0..self.parts(place.ty) {
            let part = self.part(place, index);
            let value = self.component(block, value, index, self.parts(place.ty), part.ty);
            self.store(block, part, value);
        }
    }

    /// Part `index` of a value; taken from what it was composed of where possible, because naga folds parts of constant
    /// values when it makes a pipeline, and then stumbles over values that are emitted twice.
    fn component(
        &mut self,
        block: &mut Block,
        value: Handle<Expression>,
        index: u32,
        parts: u32,
        ty: Handle<naga::Type>,
    ) -> Handle<Expression> {
        match self.expressions[value] {
            Expression::Compose { ref components, .. } if components.len() == parts as usize => {
                components[index as usize]
            }
            Expression::Splat { value, .. } => value,
            Expression::ZeroValue(_) => self.push(block, Expression::ZeroValue(ty)),
            _ => self.push(block, Expression::AccessIndex { base: value, index }),
        }
    }

    /// Zeros at a place.
    pub(super) fn clear(&mut self, block: &mut Block, place: Place) {
        self.each_word(block, place, &mut |this, block, _| this.number(block, 0));
    }

    /// Copies a place to another one of the same type.
    pub(super) fn copy(&mut self, block: &mut Block, from: Place, to: Place) {
        self.each_word(block, to, &mut |this, block, k| {
            let first = this.first_word(block, from);
            let word = this.binary(block, BinaryOperator::Add, first, k);
            let pointer = this.word(block, from, word);
            this.push(block, Expression::Load { pointer })
        });
    }

    /// A loop that stores what `value` gives for every word k of a place.
    fn each_word(&mut self, block: &mut Block, place: Place, value: &mut OfWord<'_, Self>) {
        let words = self.rewrite.words(place.ty) as u32;
        let counter = self.local(block, "kernel_word", self.rewrite.word);
        let zero = self.number(block, 0);
        self.statement(block, Statement::Store { pointer: counter, value: zero });

        let mut body = Block::new();
        let k = self.push(&mut body, Expression::Load { pointer: counter });
        let end = self.number(&mut body, words);
        let condition = self.binary(&mut body, BinaryOperator::GreaterEqual, k, end);
        let accept = Block::from_vec(vec![Statement::Break]);
        self.statement(&mut body, Statement::If { condition, accept, reject: Block::new() });
        let value = value(self, &mut body, k);
        let first = self.first_word(&mut body, place);
        let word = self.binary(&mut body, BinaryOperator::Add, first, k);
        let pointer = self.word(&mut body, place, word);
        self.statement(&mut body, Statement::Store { pointer, value });

        let mut continuing = Block::new();
        let k = self.push(&mut continuing, Expression::Load { pointer: counter });
        let one = self.number(&mut continuing, 1);
        let next = self.binary(&mut continuing, BinaryOperator::Add, k, one);
        self.statement(&mut continuing, Statement::Store { pointer: counter, value: next });
        self.statement(block, Statement::Loop { body, continuing, break_if: None });
    }

    pub(super) fn number(&mut self, block: &mut Block, value: u32) -> Handle<Expression> {
        self.push(block, Expression::Literal(Literal::U32(value)))
    }

    fn binary(
        &mut self,
        block: &mut Block,
        op: BinaryOperator,
        left: Handle<Expression>,
        right: Handle<Expression>,
    ) -> Handle<Expression> {
        self.push(block, Expression::Binary { op, left, right })
    }
}
