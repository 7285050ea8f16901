//! The operations of the interpreter, on 32-bit words, and what each gives for one instance.
//!
//! A boolean is a word, 0 or all bits. Semantics are those of the lanes: arithmetic wraps, x / 0 = x, x % 0 = 0, shifts
//! modulo 32, saturating conversions, min and max by comparison, no fused multiply-add.

use crate::{LARGEST_I32, LARGEST_U32};

/// An operation on rows. `a`, `b`, `c`, `d` are the operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are those of the operators")]
pub enum Op {
    // Floats.
    FAdd,
    FSub,
    FMul,
    FDiv,
    FNeg,
    FAbs,
    FMin,
    FMax,
    FFloor,
    FCeil,
    FTrunc,
    FRound,
    FSqrt,
    FSign,
    FLess,
    FLessEqual,
    FEqual,
    FNotEqual,
    FToU,
    FToI,
    // Integers; the sign matters where the name says so.
    Add,
    Sub,
    Mul,
    MulHigh,
    UDiv,
    URem,
    IDiv,
    IRem,
    And,
    Or,
    Xor,
    Not,
    Shl,
    ShrU,
    ShrI,
    UMin,
    UMax,
    IMin,
    IMax,
    ULess,
    ULessEqual,
    ILess,
    ILessEqual,
    Equal,
    NotEqual,
    IAbs,
    ISign,
    CountOnes,
    LeadingZeros,
    TrailingZeros,
    ReverseBits,
    UToF,
    IToF,
    /// Where `a` is set `b`, else `c`.
    Select,
    /// `a`, in all lanes.
    Copy,
    // Two in one, to save a round through memory. Every product and sum is rounded.
    /// `a * b + c`
    FMulAdd,
    /// `a * b - c`
    FMulSub,
    /// `c - a * b`
    FSubMul,
    /// `(a + b) * c`
    FAddMul,
    /// `(a - b) * c`
    FSubTimes,
    /// `a * b * c`
    FMulMul,
    /// `a + b + c`
    FAddAdd,
    /// `a * b + c`
    MulAdd,
    /// `(a << b) | c`
    ShlOr,
    /// `(a >> b) ^ c`
    ShrXor,
    /// `(a >> b) | c`
    ShrOr,
    /// `(a >> b) & c`
    ShrAnd,
    /// `a + b + c`
    AddAdd,
    /// Where `a < b` `c`, else `d`.
    FLessSelect,
    /// Where `a <= b` `c`, else `d`.
    FLessEqualSelect,
    /// Where `a < b` `c`, else `d`.
    ULessSelect,
    /// Where `a == b` `c`, else `d`.
    EqualSelect,
    // Memory, control flow and frames: see the machine.
    /// Word `a` rows behind the row `extra` of a memory, of the lane's own instance `b`.
    Gather,
    /// Stores `b` where `c` is set, `a` rows behind the row `extra`, of the lane's own instance `d`.
    Scatter,
    /// Stores `a` in `count` rows from `extra` on, where `c` is set, of the lane's own instance `d`.
    Fill,
    /// Copies rows from memory `b` (a packed row) to memory `extra`, where `c` is set, of the lane's own instance `d`.
    CopyRows,
    /// Word `extra` + `a` of the tables.
    Table,
    /// Runs to the matching `Leave` for the lanes in which `a` is set; jumps there where no lane is.
    Enter,
    /// Makes the row `a` of the outer frame readable in this one.
    In,
    /// Writes `a` to the row `dst` of the outer frame, in the lanes of this one.
    Merge,
    /// Ends a frame.
    Leave,
    /// Jumps to the target if the uniform `a` is not set.
    JumpUnless,
    /// Jumps to the target.
    Jump,
    /// The head of a loop; does nothing.
    Loop,
    /// Jumps back to the head while `a` is set in a lane.
    EndLoop,
    /// The end of a uniform branch; does nothing.
    EndIf,
    /// Nothing.
    Nop,
}

impl Op {
    /// A function of its operands alone.
    pub fn is_pure(self) -> bool {
        (self as u8) <= (Self::EqualSelect as u8)
    }
}

/// What an operation gives for one instance; None for those that are no function of their operands.
pub fn evaluate(op: Op, [a, b, c, d]: [u32; 4]) -> Option<u32> {
    let f = f32::from_bits;
    let (x, y, z) = (f(a), f(b), f(c));
    let (i, j) = (a as i32, b as i32);
    let float = |v: f32| v.to_bits();
    let bool = |v: bool| if v { u32::MAX } else { 0 };
    Some(match op {
        Op::FAdd => float(x + y),
        Op::FSub => float(x - y),
        Op::FMul => float(x * y),
        Op::FDiv => float(x / y),
        Op::FNeg => float(-x),
        Op::FAbs => float(x.abs()),
        Op::FMin => {
            if y < x {
                b
            } else {
                a
            }
        }
        Op::FMax => {
            if x < y {
                b
            } else {
                a
            }
        }
        Op::FFloor => float(x.floor()),
        Op::FCeil => float(x.ceil()),
        Op::FTrunc => float(x.trunc()),
        Op::FRound => float(x.round_ties_even()),
        Op::FSqrt => float(x.sqrt()),
        Op::FSign => float(if 0.0 < x {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            0.0
        }),
        Op::FLess => bool(x < y),
        Op::FLessEqual => bool(x <= y),
        Op::FEqual => bool(x == y),
        Op::FNotEqual => bool(x != y),
        Op::FToU => (if LARGEST_U32 < x { LARGEST_U32 } else { x }) as u32,
        Op::FToI => (if LARGEST_I32 < x { LARGEST_I32 } else { x }) as i32 as u32,
        Op::Add => a.wrapping_add(b),
        Op::Sub => a.wrapping_sub(b),
        Op::Mul => a.wrapping_mul(b),
        Op::MulHigh => ((u64::from(a) * u64::from(b)) >> 32) as u32,
        Op::UDiv => a.checked_div(b).unwrap_or(a),
        Op::URem => a.checked_rem(b).unwrap_or(0),
        Op::IDiv => {
            if j == 0 {
                a
            } else {
                i.wrapping_div(j) as u32
            }
        }
        Op::IRem => {
            if j == 0 {
                0
            } else {
                i.wrapping_rem(j) as u32
            }
        }
        Op::And => a & b,
        Op::Or => a | b,
        Op::Xor => a ^ b,
        Op::Not => !a,
        Op::Shl => a.wrapping_shl(b),
        Op::ShrU => a.wrapping_shr(b),
        Op::ShrI => i.wrapping_shr(b) as u32,
        Op::UMin => a.min(b),
        Op::UMax => a.max(b),
        Op::IMin => i.min(j) as u32,
        Op::IMax => i.max(j) as u32,
        Op::ULess => bool(a < b),
        Op::ULessEqual => bool(a <= b),
        Op::ILess => bool(i < j),
        Op::ILessEqual => bool(i <= j),
        Op::Equal => bool(a == b),
        Op::NotEqual => bool(a != b),
        Op::IAbs => i.wrapping_abs() as u32,
        Op::ISign => i.signum() as u32,
        Op::CountOnes => a.count_ones(),
        Op::LeadingZeros => a.leading_zeros(),
        Op::TrailingZeros => a.trailing_zeros(),
        Op::ReverseBits => a.reverse_bits(),
        Op::UToF => float(a as f32),
        Op::IToF => float(i as f32),
        Op::Select => {
            if a != 0 {
                b
            } else {
                c
            }
        }
        Op::Copy => a,
        Op::FMulAdd => float(x * y + z),
        Op::FMulSub => float(x * y - z),
        Op::FSubMul => float(z - x * y),
        Op::FAddMul => float((x + y) * z),
        Op::FSubTimes => float((x - y) * z),
        Op::FMulMul => float(x * y * z),
        Op::FAddAdd => float(x + y + z),
        Op::MulAdd => a.wrapping_mul(b).wrapping_add(c),
        Op::ShlOr => a.wrapping_shl(b) | c,
        Op::ShrXor => a.wrapping_shr(b) ^ c,
        Op::ShrOr => a.wrapping_shr(b) | c,
        Op::ShrAnd => a.wrapping_shr(b) & c,
        Op::AddAdd => a.wrapping_add(b).wrapping_add(c),
        Op::FLessSelect => {
            if x < y {
                c
            } else {
                d
            }
        }
        Op::FLessEqualSelect => {
            if x <= y {
                c
            } else {
                d
            }
        }
        Op::ULessSelect => {
            if a < b {
                c
            } else {
                d
            }
        }
        Op::EqualSelect => {
            if a == b {
                c
            } else {
                d
            }
        }
        _ => return None,
    })
}
