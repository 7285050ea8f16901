//! The built-in functions of WGSL that environments may call: one table. The lints allow what is in it; what is computed
//! component by component is written down here once, in the operations of the interpreter, and both back ends of the CPU
//! derive their code from that: the interpreter takes the operations, the lanes spell them as Rust.

use naga::{MathFunction as M, RelationalFunction as R, ScalarKind};

use crate::bytecode::Op;

/// A built-in function with one exact result on every device.
#[derive(Debug)]
pub struct BuiltIn {
    /// Its name in WGSL.
    pub name: &'static str,
    /// What it takes.
    pub arguments: &'static [Argument],
    /// What the scalars of its first argument may be.
    pub kinds: &'static [Kind],
    /// The prelude module that alone may call it, if not everybody may.
    pub only_in: Option<&'static str>,
    node: Node,
    meaning: Meaning,
}

/// What an argument of a built-in function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// A scalar of one of the kinds, or a vector of such; the same type in all these arguments.
    Same,
    /// As `Same`, but never a scalar.
    Vector,
    /// A vector of three.
    Vector3,
    /// A matrix.
    Matrix,
    /// A square matrix.
    Square,
    /// A `u32`, whatever the other arguments are.
    Bits,
    /// A bool, or a vector of as many as the other arguments have.
    Condition,
}

/// Scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `f32`
    Float,
    /// `i32`
    Signed,
    /// `u32`
    Unsigned,
    /// `bool`
    Bool,
}

/// What naga makes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Math(M),
    Relational(R),
    Select,
    Bitcast,
}

/// What a built-in function computes.
#[derive(Debug)]
enum Meaning {
    /// The same for every component, for floats, signed and unsigned integers.
    Componentwise([Option<Term>; 3]),
    /// Values as wholes, or an expression of its own in the IR: the back ends have code for each.
    Whole,
}

/// An expression over the components of the arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Term {
    Argument(usize),
    Float(f32),
    Signed(i32),
    Unsigned(u32),
    /// The bits of a signed term as an unsigned one.
    AsUnsigned(&'static Self),
    /// The bits of an unsigned term as a signed one.
    AsSigned(&'static Self),
    Operation(Op, &'static [Self]),
}

use Argument::{Bits, Condition, Matrix, Same, Square, Vector, Vector3};
use Kind::{Bool, Float, Signed, Unsigned};

/// An operation on terms.
macro_rules! op {
    ($op:ident, $($term:expr),+) => { Term::Operation(Op::$op, &[$($term),+]) };
}

const A: Term = Term::Argument(0);
const B: Term = Term::Argument(1);
const C: Term = Term::Argument(2);
const D: Term = Term::Argument(3);
const WIDTH: Term = Term::Unsigned(32);

/// Bits `offset..offset + count`, exact for any offset and count: both are cut to what there is.
macro_rules! offset {
    ($offset:expr) => {
        op!(UMin, $offset, WIDTH)
    };
}
macro_rules! count {
    ($offset:expr, $count:expr) => {
        op!(UMin, $count, op!(Sub, WIDTH, offset!($offset)))
    };
}
/// As many low bits.
macro_rules! low_bits {
    ($offset:expr, $count:expr) => {
        op!(
            Select,
            op!(Equal, count!($offset, $count), WIDTH),
            Term::Unsigned(u32::MAX),
            op!(Sub, op!(Shl, Term::Unsigned(1), count!($offset, $count)), Term::Unsigned(1))
        )
    };
}
macro_rules! extract {
    ($word:expr) => {
        op!(And, op!(ShrU, $word, offset!(B)), low_bits!(B, C))
    };
}
macro_rules! insert {
    ($word:expr, $new:expr) => {
        op!(
            Or,
            op!(And, $word, op!(Not, op!(Shl, low_bits!(C, D), offset!(C)))),
            op!(Shl, op!(And, $new, low_bits!(C, D)), offset!(C))
        )
    };
}

const A_BITS: Term = Term::AsUnsigned(&A);
const B_BITS: Term = Term::AsUnsigned(&B);
/// Bits left of an extracted field.
const UNUSED: Term = op!(Sub, WIDTH, count!(B, C));

/// A function for everybody, computed component by component.
const fn componentwise(
    name: &'static str,
    function: M,
    arguments: &'static [Argument],
    kinds: &'static [Kind],
    terms: [Option<Term>; 3],
) -> BuiltIn {
    let meaning = Meaning::Componentwise(terms);
    BuiltIn { name, arguments, kinds, only_in: None, node: Node::Math(function), meaning }
}

/// A function of floats.
const fn float(name: &'static str, function: M, term: Term) -> BuiltIn {
    componentwise(name, function, &[Same], &[Float], [Some(term), None, None])
}

/// A function of a signed or an unsigned integer, and bit numbers.
const fn bits(name: &'static str, function: M, arguments: &'static [Argument], i: Term, u: Term) -> BuiltIn {
    componentwise(name, function, arguments, &[Signed, Unsigned], [None, Some(i), Some(u)])
}

/// A function of numbers, floats or integers.
const fn number(name: &'static str, function: M, arguments: &'static [Argument], f: Term, i: Term, u: Term) -> BuiltIn {
    componentwise(name, function, arguments, &[Float, Signed, Unsigned], [Some(f), Some(i), Some(u)])
}

/// A function for which the back ends have code of its own.
const fn whole(name: &'static str, node: Node, arguments: &'static [Argument], kinds: &'static [Kind]) -> BuiltIn {
    BuiltIn { name, arguments, kinds, only_in: None, node, meaning: Meaning::Whole }
}

/// All built-in functions that environments and the prelude may call, sorted by name.
pub static BUILT_INS: [BuiltIn; 28] = [
    number("abs", M::Abs, &[Same], op!(FAbs, A), op!(IAbs, A), A),
    whole("all", Node::Relational(R::All), &[Vector], &[Bool]),
    whole("any", Node::Relational(R::Any), &[Vector], &[Bool]),
    whole("bitcast", Node::Bitcast, &[Same], &[Float, Signed, Unsigned]),
    float("ceil", M::Ceil, op!(FCeil, A)),
    number(
        "clamp",
        M::Clamp,
        &[Same, Same, Same],
        op!(FMin, op!(FMax, A, B), C),
        op!(IMin, op!(IMax, A, B), C),
        op!(UMin, op!(UMax, A, B), C),
    ),
    bits("countLeadingZeros", M::CountLeadingZeros, &[Same], op!(LeadingZeros, A), op!(LeadingZeros, A)),
    bits("countOneBits", M::CountOneBits, &[Same], op!(CountOnes, A), op!(CountOnes, A)),
    bits("countTrailingZeros", M::CountTrailingZeros, &[Same], op!(TrailingZeros, A), op!(TrailingZeros, A)),
    whole("cross", Node::Math(M::Cross), &[Vector3, Vector3], &[Float]),
    whole("determinant", Node::Math(M::Determinant), &[Square], &[Float]),
    whole("dot", Node::Math(M::Dot), &[Vector, Vector], &[Float, Signed, Unsigned]),
    // A signed field goes up to the sign and down again; no bits give 0, because they are masked before.
    bits(
        "extractBits",
        M::ExtractBits,
        &[Same, Bits, Bits],
        op!(ShrI, op!(Shl, Term::AsSigned(&extract!(A_BITS)), UNUSED), UNUSED),
        extract!(A),
    ),
    bits(
        "firstLeadingBit",
        M::FirstLeadingBit,
        &[Same],
        op!(Sub, Term::Signed(31), op!(LeadingZeros, op!(Select, op!(ILess, A, Term::Signed(0)), op!(Not, A), A))),
        op!(Sub, Term::Unsigned(31), op!(LeadingZeros, A)),
    ),
    bits(
        "firstTrailingBit",
        M::FirstTrailingBit,
        &[Same],
        op!(Select, op!(Equal, A, Term::Signed(0)), Term::Signed(-1), op!(TrailingZeros, A)),
        op!(Select, op!(Equal, A, Term::Unsigned(0)), Term::Unsigned(u32::MAX), op!(TrailingZeros, A)),
    ),
    float("floor", M::Floor, op!(FFloor, A)),
    float("fract", M::Fract, op!(FSub, A, op!(FFloor, A))),
    bits(
        "insertBits",
        M::InsertBits,
        &[Same, Same, Bits, Bits],
        Term::AsSigned(&insert!(A_BITS, B_BITS)),
        insert!(A, B),
    ),
    number("max", M::Max, &[Same, Same], op!(FMax, A, B), op!(IMax, A, B), op!(UMax, A, B)),
    number("min", M::Min, &[Same, Same], op!(FMin, A, B), op!(IMin, A, B), op!(UMin, A, B)),
    bits("reverseBits", M::ReverseBits, &[Same], op!(ReverseBits, A), op!(ReverseBits, A)),
    float("round", M::Round, op!(FRound, A)),
    float("saturate", M::Saturate, op!(FMin, op!(FMax, A, Term::Float(0.0)), Term::Float(1.0))),
    whole("select", Node::Select, &[Same, Same, Condition], &[Float, Signed, Unsigned, Bool]),
    // naga parses it for unsigned integers too, WGSL does not have that.
    componentwise("sign", M::Sign, &[Same], &[Float, Signed], [Some(op!(FSign, A)), Some(op!(ISign, A)), None]),
    // Exact on the CPU and bounded on GPUs: the prelude wraps it, so nobody else needs it.
    BuiltIn { only_in: Some("math"), ..float("sqrt", M::Sqrt, op!(FSqrt, A)) },
    whole("transpose", Node::Math(M::Transpose), &[Matrix], &[Float]),
    float("trunc", M::Trunc, op!(FTrunc, A)),
];

fn find(node: Node) -> Option<&'static BuiltIn> {
    BUILT_INS.iter().find(|b| b.node == node)
}

/// The table's entry of a mathematical function.
pub(crate) fn math(function: M) -> Option<&'static BuiltIn> {
    find(Node::Math(function))
}

/// The table's entry of a function of booleans.
pub(crate) fn relational(function: R) -> Option<&'static BuiltIn> {
    find(Node::Relational(function))
}

/// What a mathematical function of scalars of this kind computes; None if it is none that works component by component.
pub(crate) fn term(function: M, kind: ScalarKind) -> Option<Term> {
    let Meaning::Componentwise([f, i, u]) = math(function)?.meaning else { return None };
    match kind {
        ScalarKind::Float => f,
        ScalarKind::Sint => i,
        ScalarKind::Uint => u,
        _ => None,
    }
}

/// Functions that everybody may call.
pub(crate) fn allowed() -> impl Iterator<Item = &'static BuiltIn> {
    BUILT_INS.iter().filter(|b| b.only_in.is_none())
}
