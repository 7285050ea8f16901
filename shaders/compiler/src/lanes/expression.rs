//! Expressions: one Rust expression each, bound to a name where WGSL evaluates it.

use std::borrow::Cow;

use naga::{
    BinaryOperator as Op, Expression, Handle, Literal, RelationalFunction, ScalarKind, Type, TypeInner, UnaryOperator,
};

use super::function::Writer;
use super::shared::{Origin, Scalar};
use super::types;

impl Writer<'_, '_> {
    /// The resolved type of an expression.
    pub fn inner(&self, expression: Handle<Expression>) -> &TypeInner {
        self.info[expression].ty.inner_with(&self.module.types)
    }

    pub fn type_handle(&self, expression: Handle<Expression>) -> Option<Handle<Type>> {
        self.info[expression].ty.handle()
    }

    /// The Rust type of an expression's value.
    pub fn rust_type(&self, expression: Handle<Expression>, uniform: bool) -> String {
        match self.type_handle(expression) {
            Some(ty) => types::handle(self.module, ty, uniform),
            None => types::rust(self.module, self.inner(expression), uniform),
        }
    }

    pub(super) fn kind(&self, expression: Handle<Expression>) -> ScalarKind {
        self.inner(expression).scalar_kind().unwrap_or(ScalarKind::Float)
    }

    /// Number of vector components, None for scalars.
    pub(super) fn size(&self, expression: Handle<Expression>) -> Option<usize> {
        match *self.inner(expression) {
            TypeInner::Vector { size, .. } => Some(size as usize),
            _ => None,
        }
    }

    /// The value of an expression, with its own uniformity.
    pub fn value(&mut self, expression: Handle<Expression>) -> String {
        match self.function.expressions[expression] {
            Expression::Literal(literal) => self.literal(expression, literal),
            Expression::Constant(constant) => self.generator.constant(constant),
            Expression::ZeroValue(ty) => match Scalar::zero(&self.module.types[ty].inner) {
                Some(zero) => self.generator.scalar(Origin::Expression(self.handle, expression), zero),
                None => types::zero(self.module, ty),
            },
            Expression::FunctionArgument(i) => self.argument_names[i as usize].clone(),
            // Initialisers of variables are written where the variables are declared, before any statement.
            Expression::Compose { .. } | Expression::Splat { .. } if self.in_initialiser => {
                self.emitted(expression).unwrap_or_default()
            }
            _ => format!("e{}", expression.index()),
        }
    }

    /// The value of an expression in lanes.
    pub fn lanes(&mut self, expression: Handle<Expression>) -> String {
        let value = self.value(expression);
        if self.analysis.is_uniform(expression) {
            let ty = self.rust_type(expression, false);
            format!("l::splat::<Simd, {ty}>(s, {value})")
        } else {
            value
        }
    }

    fn as_uniformity(&mut self, expression: Handle<Expression>, uniform: bool) -> String {
        if uniform { self.value(expression) } else { self.lanes(expression) }
    }

    fn literal(&mut self, expression: Handle<Expression>, literal: Literal) -> String {
        match Scalar::of(literal) {
            Some(scalar) => self.generator.scalar(Origin::Expression(self.handle, expression), scalar),
            None => self.unsupported(&format!("literal {literal:?}")),
        }
    }

    /// Component `i` of a vector, or the scalar itself.
    pub(super) fn component(&mut self, expression: Handle<Expression>, i: usize, uniform: bool) -> String {
        let value = self.value(expression);
        let value = if self.size(expression).is_some() { format!("{value}[{i}]") } else { value };
        if !uniform && self.analysis.is_uniform(expression) {
            let ty = types::scalar_type(self.kind(expression), false);
            format!("l::splat::<Simd, {ty}>(s, {value})")
        } else {
            value
        }
    }

    /// Applies a scalar operation to scalars or, component by component, to vectors.
    pub(super) fn map(
        &mut self,
        operands: &[Handle<Expression>],
        uniform: bool,
        f: &mut dyn FnMut(&mut Self, &[String]) -> String,
    ) -> String {
        let size = operands.iter().find_map(|o| self.size(*o));
        let mut one = |this: &mut Self, i: usize| {
            let parts: Vec<String> = operands.iter().map(|o| this.component(*o, i, uniform)).collect();
            f(this, &parts)
        };
        match size {
            None => one(self, 0),
            Some(n) => {
                let all: Vec<String> = (0..n).map(|i| one(self, i)).collect();
                format!("[{}]", all.join(", "))
            }
        }
    }

    /// The Rust expression of an emitted expression; None for pointers, which are places.
    pub fn emitted(&mut self, handle: Handle<Expression>) -> Option<String> {
        if matches!(self.inner(handle), TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. }) {
            return None;
        }
        let u = self.analysis.is_uniform(handle);
        let function = self.function;
        Some(match function.expressions[handle] {
            Expression::Compose { ty, ref components } => self.compose(ty, components, u),
            Expression::Splat { size, value } => {
                let value = self.as_uniformity(value, u);
                format!("[{value}; {}]", size as usize)
            }
            Expression::Swizzle { size, vector, ref pattern } => {
                let vector = self.value(vector);
                let parts: Vec<String> =
                    pattern[..size as usize].iter().map(|c| format!("{vector}[{}]", c.index())).collect();
                format!("[{}]", parts.join(", "))
            }
            Expression::AccessIndex { base, index } => {
                let value = self.value(base);
                let step = self.step(handle, &self.type_of_value(base), index);
                format!("{value}{step}")
            }
            Expression::Access { base, index } => self.access(base, index),
            Expression::Load { pointer } => self.load(pointer),
            Expression::Unary { op, expr } => {
                let kind = self.kind(expr);
                self.map(&[expr], u, &mut |_, p| match (op, kind) {
                    (UnaryOperator::Negate, ScalarKind::Sint) => format!("{}.negated()", p[0]),
                    (UnaryOperator::Negate, _) => format!("-{}", receiver(&p[0])),
                    _ => format!("!{}", p[0]),
                })
            }
            Expression::Binary { op, left, right } => self.binary(op, left, right, u),
            Expression::Select { condition, accept, reject } => self.select(handle, condition, accept, reject, u),
            Expression::Relational { fun, argument } => {
                let n = self.size(argument).unwrap_or(1);
                let parts: Vec<String> = (0..n).map(|i| self.component(argument, i, u)).collect();
                match fun {
                    RelationalFunction::All => parts.join(" & "),
                    RelationalFunction::Any => parts.join(" | "),
                    _ => self.unsupported("isNan and isInf"),
                }
            }
            Expression::Math { fun, arg, arg1, arg2, arg3 } => self.math(fun, arg, [arg1, arg2, arg3], u),
            Expression::As { expr, kind, convert } => self.cast(expr, kind, convert, u),
            ref other => self.unsupported(&format!("expression {other:?}")),
        })
    }

    fn compose(&mut self, ty: Handle<Type>, components: &[Handle<Expression>], u: bool) -> String {
        match &self.module.types[ty].inner {
            TypeInner::Struct { members, .. } => {
                let mut fields = Vec::new();
                for (member, component) in members.iter().zip(components) {
                    let value = self.as_uniformity(*component, u);
                    fields.push(format!("{}: {value}", types::ident(member.name.as_deref().unwrap_or("_"))));
                }
                let generic = if u { "l::Plain" } else { "Simd" };
                format!("{}::<{generic}> {{ {} }}", types::struct_name(self.module, ty), fields.join(", "))
            }
            TypeInner::Vector { .. } => {
                let mut parts = Vec::new();
                for &component in components {
                    for i in 0..self.size(component).unwrap_or(1) {
                        parts.push(self.component(component, i, u));
                    }
                }
                format!("[{}]", parts.join(", "))
            }
            _ => {
                let parts: Vec<String> = components.iter().map(|c| self.as_uniformity(*c, u)).collect();
                format!("[{}]", parts.join(", "))
            }
        }
    }

    fn binary(&mut self, op: Op, left: Handle<Expression>, right: Handle<Expression>, u: bool) -> String {
        if let Some(text) = self.matrix_binary(op, left, right, u) {
            return text;
        }
        let kind = self.kind(left);
        if matches!(op, Op::ShiftLeft | Op::ShiftRight)
            && !u
            && self.analysis.is_uniform(right)
            && self.size(right).is_none()
        {
            let name = if op == Op::ShiftLeft { "shift_left_by" } else { "shift_right_by" };
            let amount = self.value(right);
            return self.map(&[left], u, &mut |_, p| format!("{}.{name}({amount})", p[0]));
        }
        self.map(&[left, right], u, &mut |this, p| {
            let (a, b) = (&p[0], &p[1]);
            let (of_a, of_b) = (receiver(a), receiver(b));
            let float = kind == ScalarKind::Float;
            if kind == ScalarKind::Bool {
                return match op {
                    Op::And | Op::LogicalAnd => format!("{a} & {b}"),
                    Op::InclusiveOr | Op::LogicalOr => format!("{a} | {b}"),
                    Op::Equal => format!("!({a} ^ {b})"),
                    Op::NotEqual => format!("{a} ^ {b}"),
                    _ => this.unsupported(&format!("{op:?} of bool")),
                };
            }
            match op {
                Op::Add => format!("{a} + {b}"),
                Op::Subtract => format!("{a} - {b}"),
                Op::Multiply => format!("{a} * {b}"),
                Op::Divide if float => format!("{a} / {b}"),
                Op::Divide => format!("{of_a}.quotient({b})"),
                Op::Modulo if float => format!("{a} - {b} * ({a} / {b}).round_to_zero()"),
                Op::Modulo => format!("{of_a}.remainder({b})"),
                Op::Equal => format!("{of_a}.same({b})"),
                Op::NotEqual => format!("{of_a}.differs({b})"),
                Op::Less => format!("{of_a}.less({b})"),
                Op::LessEqual => format!("{of_a}.less_equal({b})"),
                Op::Greater => format!("{of_b}.less({a})"),
                Op::GreaterEqual => format!("{of_b}.less_equal({a})"),
                Op::And => format!("{a} & {b}"),
                Op::InclusiveOr => format!("{a} | {b}"),
                Op::ExclusiveOr => format!("{a} ^ {b}"),
                Op::ShiftLeft => format!("{of_a}.shift_left({b})"),
                Op::ShiftRight => format!("{of_a}.shift_right({b})"),
                Op::LogicalAnd | Op::LogicalOr => this.unsupported("logical operator on numbers"),
            }
        })
    }

    fn select(
        &mut self,
        handle: Handle<Expression>,
        condition: Handle<Expression>,
        accept: Handle<Expression>,
        reject: Handle<Expression>,
        u: bool,
    ) -> String {
        if self.size(condition).is_some() {
            return self.map(&[condition, accept, reject], u, &mut |_, p| {
                if u {
                    format!("if {} {{ {} }} else {{ {} }}", p[0], p[1], p[2])
                } else {
                    format!("l::blend(s, {}, {}, {})", p[0], p[1], p[2])
                }
            });
        }
        let (a, b) = (self.as_uniformity(accept, u), self.as_uniformity(reject, u));
        let c = self.value(condition);
        if self.analysis.is_uniform(condition) {
            format!("if {c} {{ {a} }} else {{ {b} }}")
        } else {
            let ty = self.rust_type(handle, false);
            format!("l::blend::<Simd, {ty}>(s, {c}, {a}, {b})")
        }
    }
}

/// A float as Rust writes it.
pub(super) fn float(value: f32) -> String {
    format!("{value:?}f32")
}

/// What a method is called on: it binds more tightly than the minus sign of a literal.
pub(super) fn receiver(text: &str) -> Cow<'_, str> {
    if text.starts_with('-') { format!("({text})").into() } else { text.into() }
}
