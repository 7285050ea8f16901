//! Built-in functions and conversions.

use naga::{Expression, Handle, MathFunction as Fun, ScalarKind};

use super::function::Writer;
use super::types;

impl Writer<'_, '_> {
    pub(super) fn math(
        &mut self,
        fun: Fun,
        arg: Handle<Expression>,
        more: [Option<Handle<Expression>>; 3],
        u: bool,
    ) -> String {
        if let Some(text) = self.linear_algebra(fun, arg, more[0], u) {
            return text;
        }
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

    pub(super) fn cast(&mut self, expr: Handle<Expression>, to: ScalarKind, convert: Option<u8>, u: bool) -> String {
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
