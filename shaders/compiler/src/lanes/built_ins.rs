//! Built-in functions and conversions.

use naga::{Expression, Handle, MathFunction as Fun, ScalarKind};

use super::expression::{float, receiver};
use super::function::Writer;
use super::types;
use crate::built_ins::{Term, term};
use crate::bytecode::Op;

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
        if fun == Fun::Dot {
            let other = more[0].unwrap_or(arg);
            let n = self.size(arg).unwrap_or(1);
            let parts: Vec<String> =
                (0..n).map(|i| format!("{} * {}", self.component(arg, i, u), self.component(other, i, u))).collect();
            return parts.join(" + ");
        }
        let operands: Vec<Handle<Expression>> = [Some(arg), more[0], more[1], more[2]].into_iter().flatten().collect();
        match term(fun, kind) {
            Some(term) => self.map(&operands, u, &mut |_, p| spell(&term, p, u).0),
            None => self.unsupported(&format!("the built-in function {fun:?} of {kind:?}")),
        }
    }

    pub(super) fn cast(&mut self, expr: Handle<Expression>, to: ScalarKind, convert: Option<u8>, u: bool) -> String {
        let from = self.kind(expr);
        let ty = types::scalar_type(from, u);
        self.map(&[expr], u, &mut |this, p| {
            let v = receiver(&p[0]);
            match (from, to, convert.is_some()) {
                (a, b, _) if a == b => p[0].clone(),
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

/// How tightly the outermost operator of a Rust expression binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binds {
    /// An operator between two operands: in parentheses wherever it is an operand.
    Infix,
    /// An operator in front: in parentheses where a method is called.
    Prefix,
    /// A name, a call, a literal.
    Tight,
}

/// How an operation is written.
enum Spelling {
    Method(&'static str),
    Infix(&'static str),
    Prefix(&'static str),
    /// `blend`, or an `if` where all lanes have the same value.
    Choice,
}

/// The operations that the table of built-in functions uses.
fn spelling(op: Op) -> Spelling {
    use Spelling::{Choice, Infix, Method, Prefix};
    match op {
        Op::FMin | Op::IMin | Op::UMin => Method("lower_of"),
        Op::FMax | Op::IMax | Op::UMax => Method("higher_of"),
        Op::FAbs | Op::IAbs => Method("magnitude"),
        Op::FSign | Op::ISign => Method("sign_of"),
        Op::FFloor => Method("round_down"),
        Op::FCeil => Method("round_up"),
        Op::FTrunc => Method("round_to_zero"),
        Op::FRound => Method("round_nearest"),
        Op::FSqrt => Method("root"),
        Op::CountOnes => Method("bit_count"),
        Op::LeadingZeros => Method("zeros_above"),
        Op::TrailingZeros => Method("zeros_below"),
        Op::ReverseBits => Method("bits_reversed"),
        Op::Shl => Method("shift_left"),
        Op::ShrU | Op::ShrI => Method("shift_right"),
        Op::Equal => Method("same"),
        Op::ILess | Op::ULess | Op::FLess => Method("less"),
        Op::FSub | Op::Sub => Infix("-"),
        Op::And => Infix("&"),
        Op::Or => Infix("|"),
        Op::Not => Prefix("!"),
        Op::Select => Choice,
        other => unreachable!("no built-in function is made of {other:?}; the test of the table compiles all of them"),
    }
}

/// A term of the table of built-in functions as a Rust expression; `u` if all lanes have the same value.
fn spell(term: &Term, arguments: &[String], u: bool) -> (String, Binds) {
    let constant = |ty: &str, text: String| {
        (if u { text } else { format!("l::splat::<Simd, Simd::{ty}>(s, {text})") }, Binds::Tight)
    };
    let (op, operands) = match *term {
        Term::Argument(i) if arguments[i].starts_with('-') => return (arguments[i].clone(), Binds::Prefix),
        Term::Argument(i) => return (arguments[i].clone(), Binds::Tight),
        Term::Float(value) => return constant("F", float(value)),
        Term::Signed(value) => return constant("I", format!("W({value}i32)")),
        Term::Unsigned(u32::MAX) => return constant("U", "W(u32::MAX)".to_owned()),
        Term::Unsigned(value) => return constant("U", format!("W({value}u32)")),
        Term::AsUnsigned(bits) => return (format!("{}.to_u()", tight(spell(bits, arguments, u))), Binds::Tight),
        Term::AsSigned(bits) => return (format!("l::Uint::to_i({})", spell(bits, arguments, u).0), Binds::Tight),
        Term::Operation(op, operands) => (op, operands),
    };
    let all: Vec<(String, Binds)> = operands.iter().map(|operand| spell(operand, arguments, u)).collect();
    match (spelling(op), &all[..]) {
        (Spelling::Method(name), [first, rest @ ..]) => {
            let rest: Vec<&str> = rest.iter().map(|(text, _)| text.as_str()).collect();
            (format!("{}.{name}({})", tight(first.clone()), rest.join(", ")), Binds::Tight)
        }
        (Spelling::Infix(sign), [a, b]) => (format!("{} {sign} {}", operand(a), operand(b)), Binds::Infix),
        (Spelling::Prefix(sign), [a]) => (format!("{sign}{}", operand(a)), Binds::Prefix),
        (Spelling::Choice, [(c, _), (a, _), (b, _)]) if u => (format!("if {c} {{ {a} }} else {{ {b} }}"), Binds::Infix),
        (Spelling::Choice, [(c, _), (a, _), (b, _)]) => (format!("l::blend(s, {c}, {a}, {b})"), Binds::Tight),
        _ => unreachable!("an operation of the table with operands that it does not take"),
    }
}

/// What a method can be called on.
fn tight((text, binds): (String, Binds)) -> String {
    if binds == Binds::Tight { text } else { format!("({text})") }
}

/// What an operator can stand next to.
fn operand((text, binds): &(String, Binds)) -> String {
    if *binds == Binds::Infix { format!("({text})") } else { text.clone() }
}
