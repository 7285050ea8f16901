//! Expressions: one Rust expression each, bound to a name where WGSL evaluates it.

use naga::{
    BinaryOperator as Op, Expression, Handle, Literal, MathFunction as Fun, RelationalFunction, ScalarKind, Type,
    TypeInner, UnaryOperator,
};

use super::function::Writer;
use super::types;

/// A place in memory: a Rust place expression, and what follows after an index that differs per lane.
pub(super) struct Place {
    /// Rust place expression up to the first varying index.
    pub text: String,
    /// The place's memory is uniform (scalars, not lanes).
    pub uniform: bool,
    /// The varying indices, each with the accesses after it.
    pub varying: Vec<Varying>,
}

/// An index that differs per lane.
pub(super) struct Varying {
    index: String,
    /// Fields and uniform indices after it.
    tail: String,
    element: Element,
}

/// What an index selects.
struct Element {
    /// Rust type in lanes.
    ty: String,
    /// Name of the select chain if the type has booleans, which have no layout in memory.
    suffix: &'static str,
}

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

    fn kind(&self, expression: Handle<Expression>) -> ScalarKind {
        self.inner(expression).scalar_kind().unwrap_or(ScalarKind::Float)
    }

    /// Number of vector components, None for scalars.
    fn size(&self, expression: Handle<Expression>) -> Option<usize> {
        match *self.inner(expression) {
            TypeInner::Vector { size, .. } => Some(size as usize),
            _ => None,
        }
    }

    /// The value of an expression, with its own uniformity.
    pub fn value(&mut self, expression: Handle<Expression>) -> String {
        match self.function.expressions[expression] {
            Expression::Literal(literal) => self.literal(literal),
            Expression::Constant(constant) => self.generator.constant(constant),
            Expression::ZeroValue(ty) => types::zero(self.module, ty),
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

    fn literal(&mut self, literal: Literal) -> String {
        match literal {
            // A method call binds more tightly than a minus sign.
            Literal::F32(v) if v.is_sign_negative() => format!("({v:?}f32)"),
            Literal::F32(v) => format!("{v:?}f32"),
            Literal::U32(v) => format!("W({v}u32)"),
            Literal::I32(v) => format!("W({v}i32)"),
            Literal::Bool(v) => v.to_string(),
            other => self.unsupported(&format!("literal {other:?}")),
        }
    }

    /// Component `i` of a vector, or the scalar itself.
    fn component(&mut self, expression: Handle<Expression>, i: usize, uniform: bool) -> String {
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
    fn map(
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
                let step = self.step(self.type_of_value(base), index);
                format!("{value}{step}")
            }
            Expression::Access { base, index } => self.access(base, index),
            Expression::Load { pointer } => self.load(pointer),
            Expression::Unary { op, expr } => {
                let kind = self.kind(expr);
                self.map(&[expr], u, &mut |_, p| match (op, kind) {
                    (UnaryOperator::Negate, ScalarKind::Sint) => format!("{}.negated()", p[0]),
                    (UnaryOperator::Negate, _) => format!("-{}", p[0]),
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

    fn type_of_value(&self, expression: Handle<Expression>) -> TypeInner {
        match self.inner(expression) {
            TypeInner::Pointer { base, .. } => self.module.types[*base].inner.clone(),
            inner => inner.clone(),
        }
    }

    /// `.field` or `[i]`.
    fn step(&self, inner: TypeInner, index: u32) -> String {
        match inner {
            TypeInner::Struct { ref members, .. } => {
                format!(".{}", types::ident(members[index as usize].name.as_deref().unwrap_or("_")))
            }
            _ => format!("[{index}]"),
        }
    }

    fn length(&self, inner: &TypeInner) -> usize {
        match *inner {
            TypeInner::Array { size: naga::ArraySize::Constant(n), .. } => n.get() as usize,
            TypeInner::Vector { size, .. } => size as usize,
            _ => 1,
        }
    }

    /// A uniform index, clamped to the last element as on the GPU.
    fn index(&mut self, index: Handle<Expression>, length: usize) -> String {
        let value = self.value(index);
        format!("[({value}.0 as u32 as usize).min({})]", length - 1)
    }

    /// A varying index as unsigned lanes.
    fn lane_index(&mut self, index: Handle<Expression>) -> String {
        let value = self.lanes(index);
        if self.kind(index) == ScalarKind::Sint { format!("{value}.to_u()") } else { value }
    }

    fn access(&mut self, base: Handle<Expression>, index: Handle<Expression>) -> String {
        let length = self.length(self.inner(base));
        let value = self.value(base);
        if self.analysis.is_uniform(index) {
            let index = self.index(index, length);
            return format!("{value}{index}");
        }
        let index = self.lane_index(index);
        let element = self.element(self.inner(base));
        gather(&value, self.analysis.is_uniform(base), &index, &element)
    }

    /// The elements of an array or vector.
    fn element(&self, inner: &TypeInner) -> Element {
        let (ty, bools) = match *inner {
            TypeInner::Array { base, .. } => {
                (types::handle(self.module, base, false), types::has_bools(self.module, base))
            }
            TypeInner::Vector { scalar, .. } | TypeInner::ValuePointer { scalar, .. } => {
                (types::scalar_type(scalar.kind, false).to_owned(), scalar.kind == ScalarKind::Bool)
            }
            _ => ("_".to_owned(), false),
        };
        Element { ty, suffix: if bools { "_chain" } else { "" } }
    }

    /// The place that a pointer expression points to.
    pub fn place(&mut self, pointer: Handle<Expression>) -> Place {
        match self.function.expressions[pointer] {
            Expression::LocalVariable(local) => Place {
                text: self.local_names[local.index()].clone(),
                uniform: self.analysis.local_uniform[local.index()],
                varying: Vec::new(),
            },
            Expression::FunctionArgument(i) => {
                Place { text: format!("(*{})", self.argument_names[i as usize]), uniform: false, varying: Vec::new() }
            }
            Expression::AccessIndex { base, index } => {
                let step = self.step(self.type_of_value(base), index);
                self.extend(base, step)
            }
            Expression::Access { base, index } => {
                let inner = self.type_of_value(base);
                let length = match inner {
                    TypeInner::ValuePointer { size: Some(size), .. } => size as usize,
                    ref inner => self.length(inner),
                };
                if self.analysis.is_uniform(index) {
                    let step = self.index(index, length);
                    return self.extend(base, step);
                }
                let mut place = self.place(base);
                let (index, element) = (self.lane_index(index), self.element(&inner));
                place.varying.push(Varying { index, tail: String::new(), element });
                place
            }
            ref other => {
                let text = self.unsupported(&format!("pointer {other:?}"));
                Place { text, uniform: false, varying: Vec::new() }
            }
        }
    }

    fn extend(&mut self, base: Handle<Expression>, step: String) -> Place {
        let mut place = self.place(base);
        match place.varying.last_mut() {
            Some(varying) => varying.tail.push_str(&step),
            None => place.text.push_str(&step),
        }
        place
    }

    fn load(&mut self, pointer: Handle<Expression>) -> String {
        let place = self.place(pointer);
        let mut uniform = place.uniform;
        place.varying.iter().fold(place.text, |text, varying| {
            let part = gather(&text, std::mem::take(&mut uniform), &varying.index, &varying.element);
            format!("{part}{}", varying.tail)
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
                Op::Divide => format!("{a}.quotient({b})"),
                Op::Modulo if float => format!("{a} - {b} * ({a} / {b}).round_to_zero()"),
                Op::Modulo => format!("{a}.remainder({b})"),
                Op::Equal => format!("{a}.same({b})"),
                Op::NotEqual => format!("{a}.differs({b})"),
                Op::Less => format!("{a}.less({b})"),
                Op::LessEqual => format!("{a}.less_equal({b})"),
                Op::Greater => format!("{b}.less({a})"),
                Op::GreaterEqual => format!("{b}.less_equal({a})"),
                Op::And => format!("{a} & {b}"),
                Op::InclusiveOr => format!("{a} | {b}"),
                Op::ExclusiveOr => format!("{a} ^ {b}"),
                Op::ShiftLeft => format!("{a}.shift_left({b})"),
                Op::ShiftRight => format!("{a}.shift_right({b})"),
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

    fn math(&mut self, fun: Fun, arg: Handle<Expression>, more: [Option<Handle<Expression>>; 3], u: bool) -> String {
        let kind = self.kind(arg);
        let float = kind == ScalarKind::Float;
        if fun == Fun::Dot {
            let other = more[0].unwrap_or(arg);
            let n = self.size(arg).unwrap_or(1);
            let parts: Vec<String> =
                (0..n).map(|i| format!("{} * {}", self.component(arg, i, u), self.component(other, i, u))).collect();
            return parts.join(" + ");
        }
        let operands: Vec<Handle<Expression>> = [Some(arg), more[0], more[1], more[2]].into_iter().flatten().collect();
        let constant = |text: &str| {
            if u {
                text.to_owned()
            } else {
                format!("l::splat::<Simd, {}>(s, {text})", types::scalar_type(kind, false))
            }
        };
        let word = |v: i64| {
            constant(&if kind == ScalarKind::Sint { format!("W({v}i32)") } else { format!("W({}u32)", v as u32) })
        };
        let blend = |c: String, a: String, b: String| {
            if u { format!("(if {c} {{ {a} }} else {{ {b} }})") } else { format!("l::blend(s, {c}, {a}, {b})") }
        };
        self.map(&operands, u, &mut |this, p| match fun {
            Fun::Abs if kind == ScalarKind::Uint => p[0].clone(),
            Fun::Abs => format!("{}.magnitude()", p[0]),
            Fun::Min => format!("{}.lower_of({})", p[0], p[1]),
            Fun::Max => format!("{}.higher_of({})", p[0], p[1]),
            Fun::Clamp => format!("{}.higher_of({}).lower_of({})", p[0], p[1], p[2]),
            Fun::Saturate => format!("{}.higher_of({}).lower_of({})", p[0], constant("0.0f32"), constant("1.0f32")),
            Fun::Floor => format!("{}.round_down()", p[0]),
            Fun::Ceil => format!("{}.round_up()", p[0]),
            Fun::Trunc => format!("{}.round_to_zero()", p[0]),
            Fun::Round => format!("{}.round_nearest()", p[0]),
            Fun::Fract => format!("{0} - {0}.round_down()", p[0]),
            Fun::Sqrt => format!("{}.root()", p[0]),
            Fun::Sign if kind == ScalarKind::Uint => format!("{}.lower_of({})", p[0], word(1)),
            Fun::Sign => format!("{}.sign_of()", p[0]),
            Fun::CountOneBits => format!("{}.bit_count()", p[0]),
            Fun::CountLeadingZeros => format!("{}.zeros_above()", p[0]),
            Fun::CountTrailingZeros => format!("{}.zeros_below()", p[0]),
            Fun::ReverseBits => format!("{}.bits_reversed()", p[0]),
            Fun::FirstTrailingBit => {
                blend(format!("{}.same({})", p[0], word(0)), word(-1), format!("{}.zeros_below()", p[0]))
            }
            Fun::FirstLeadingBit if kind == ScalarKind::Uint => format!("{} - {}.zeros_above()", word(31), p[0]),
            Fun::FirstLeadingBit => {
                let folded = blend(format!("{}.less({})", p[0], word(0)), format!("!{}", p[0]), p[0].clone());
                format!("{} - {folded}.zeros_above()", word(31))
            }
            Fun::ExtractBits => {
                let (offset, count, mask) = bit_field(u, &p[1], &p[2]);
                if kind == ScalarKind::Uint {
                    return format!("{}.shift_right({offset}) & {mask}", p[0]);
                }
                // Up to the sign and down again; no bits give 0 because then the mask is 0.
                let unused = format!("({} - {count})", unsigned(u, 32));
                let low = format!("l::Uint::to_i({}.to_u().shift_right({offset}) & {mask})", p[0]);
                format!("{low}.shift_left({unused}).shift_right({unused})")
            }
            Fun::InsertBits => {
                let (offset, _, mask) = bit_field(u, &p[2], &p[3]);
                let signed = kind == ScalarKind::Sint;
                let word = |v: &str| if signed { format!("{v}.to_u()") } else { v.to_owned() };
                let (old, new) = (word(&p[0]), word(&p[1]));
                let text = format!("({old} & !{mask}.shift_left({offset})) | ({new} & {mask}).shift_left({offset})");
                if signed { format!("l::Uint::to_i({text})") } else { text }
            }
            _ => {
                let _ = float;
                this.unsupported(&format!("built-in {fun:?}"))
            }
        })
    }

    fn cast(&mut self, expr: Handle<Expression>, to: ScalarKind, convert: Option<u8>, u: bool) -> String {
        let from = self.kind(expr);
        let ty = types::scalar_type(from, u);
        self.map(&[expr], u, &mut |this, p| {
            let v = &p[0];
            match (from, to, convert.is_some()) {
                (a, b, _) if a == b => v.clone(),
                (ScalarKind::Float, ScalarKind::Uint, true) | (ScalarKind::Sint, ScalarKind::Uint, _) => {
                    format!("{v}.to_u()")
                }
                (ScalarKind::Float, ScalarKind::Sint, true) | (ScalarKind::Uint, ScalarKind::Sint, _) => {
                    if from == ScalarKind::Float { format!("{v}.to_i()") } else { format!("l::Uint::to_i({v})") }
                }
                (ScalarKind::Float, ScalarKind::Uint, false) => format!("{v}.bits_u()"),
                (ScalarKind::Float, ScalarKind::Sint, false) => format!("{v}.bits_i()"),
                (ScalarKind::Uint | ScalarKind::Sint, ScalarKind::Float, false) => format!("{v}.bits_f()"),
                (ScalarKind::Uint | ScalarKind::Sint, ScalarKind::Float, true) => format!("{v}.to_f()"),
                (ScalarKind::Bool, ScalarKind::Float, _) => format!("l::Mask::to_f({v})"),
                (ScalarKind::Bool, ScalarKind::Uint, _) => format!("l::Mask::to_u({v})"),
                (ScalarKind::Bool, ScalarKind::Sint, _) => format!("l::Mask::to_i({v})"),
                (_, ScalarKind::Bool, _) => {
                    let zero = match from {
                        ScalarKind::Float => "0.0f32",
                        ScalarKind::Uint => "W(0u32)",
                        _ => "W(0i32)",
                    };
                    if u {
                        format!("{v}.differs({zero})")
                    } else {
                        format!("{v}.differs(l::splat::<Simd, {ty}>(s, {zero}))")
                    }
                }
                _ => this.unsupported(&format!("conversion {from:?} to {to:?}")),
            }
        })
    }
}

/// Per lane the element at `index` of `base`, which is in lanes or uniform.
fn gather(base: &str, uniform: bool, index: &str, element: &Element) -> String {
    let name = if uniform { "gather_uniform" } else { "gather" };
    format!("l::{name}{}::<Simd, {}, _>(s, &{base}, {index})", element.suffix, element.ty)
}

/// Statements that store `value` in the lanes of `mask` at a place with varying indices.
pub(super) fn scatter(base: &str, varying: &[Varying], value: &str, mask: &str) -> String {
    let [first, rest @ ..] = varying else { return format!("{base} = {value};") };
    let Varying { index, tail, element } = first;
    let into = |part: &str| format!("l::scatter{}(s, {mask}, &mut {base}, {index}, {part});", element.suffix);
    if rest.is_empty() && tail.is_empty() {
        return into(value);
    }
    let part = format!("part{}", rest.len());
    let inner = scatter(&format!("{part}{tail}"), rest, value, mask);
    format!("let mut {part} = {}; {inner} {}", gather(base, false, index, element), into(&part))
}

/// Offset, count and mask of `extractBits` / `insertBits` in unsigned lanes, exact for any offset and count.
fn bit_field(u: bool, offset: &str, count: &str) -> (String, String, String) {
    let offset = format!("{offset}.lower_of({})", unsigned(u, 32));
    let count = format!("{count}.lower_of({} - {offset})", unsigned(u, 32));
    let some = format!("({}.shift_left({count}) - {})", unsigned(u, 1), unsigned(u, 1));
    let mask = if u {
        format!("(if {count}.same(W(32u32)) {{ W(u32::MAX) }} else {{ {some} }})")
    } else {
        format!("l::blend(s, {count}.same({}), {}, {some})", unsigned(u, 32), unsigned(u, u32::MAX))
    };
    (offset, count, mask)
}

/// An unsigned constant.
fn unsigned(u: bool, v: u32) -> String {
    if u { format!("W({v}u32)") } else { format!("l::splat::<Simd, Simd::U>(s, W({v}u32))") }
}
