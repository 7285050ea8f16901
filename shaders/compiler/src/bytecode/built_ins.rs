//! Built-in functions and conversions.

use naga::{Expression, Handle, MathFunction as Fun, ScalarKind, TypeInner};

use super::ir::{FALSE, TRUE, Val};
use super::lower::{Lowered, Lowerer};
use super::op::Op;

impl Lowerer<'_> {
    pub(super) fn math(
        &mut self,
        fun: Fun,
        arg: Handle<Expression>,
        more: [Option<Handle<Expression>>; 3],
    ) -> Lowered<Vec<Val>> {
        let kind = self.kind(arg);
        match (fun, more[0]) {
            (Fun::Dot, Some(other)) => {
                let (a, b) = (self.get(arg)?, self.get(other)?);
                let (multiply, add) = if kind == ScalarKind::Float { (Op::FMul, Op::FAdd) } else { (Op::Mul, Op::Add) };
                let mut sum = self.op(multiply, &[a[0], b[0]])?;
                for (x, y) in a.iter().zip(b.iter()).skip(1) {
                    let product = self.op(multiply, &[*x, *y])?;
                    sum = self.op(add, &[sum, product])?;
                }
                return Ok(vec![sum]);
            }
            (Fun::Cross, Some(other)) => {
                let (a, b) = (self.get(arg)?, self.get(other)?);
                let mut out = Vec::new();
                for (i, j) in [(1, 2), (2, 0), (0, 1)] {
                    let plus = self.op(Op::FMul, &[a[i], b[j]])?;
                    let minus = self.op(Op::FMul, &[a[j], b[i]])?;
                    out.push(self.op(Op::FSub, &[plus, minus])?);
                }
                return Ok(out);
            }
            (Fun::Transpose | Fun::Determinant, _) => {
                let TypeInner::Matrix { columns, rows, .. } = *self.inner(arg) else {
                    return self.refuse("this matrix");
                };
                let (all, columns, rows) = (self.get(arg)?, columns as usize, rows as usize);
                if fun == Fun::Transpose {
                    return Ok((0..rows)
                        .flat_map(|r| (0..columns).map(move |c| c * rows + r))
                        .map(|i| all[i])
                        .collect());
                }
                let columns: Vec<usize> = (0..columns).collect();
                return Ok(vec![self.minor(&all, rows, &columns, 0)?]);
            }
            _ => {}
        }
        let operands: Vec<Handle<Expression>> = [Some(arg), more[0], more[1], more[2]].into_iter().flatten().collect();
        self.map(&operands, &mut |this, p| this.scalar_math(fun, kind, p))
    }

    /// Determinant of the rows from `row` on and of these columns, by the first of the rows.
    fn minor(&mut self, matrix: &[Val], rows: usize, columns: &[usize], row: usize) -> Lowered<Val> {
        if let [only] = *columns {
            return Ok(matrix[only * rows + row]);
        }
        let mut sum = None;
        for (i, &column) in columns.iter().enumerate() {
            let others: Vec<usize> = columns.iter().copied().filter(|&c| c != column).collect();
            let rest = self.minor(matrix, rows, &others, row + 1)?;
            let product = self.op(Op::FMul, &[matrix[column * rows + row], rest])?;
            sum = Some(match sum {
                None => product,
                Some(sum) => self.op(if i % 2 == 1 { Op::FSub } else { Op::FAdd }, &[sum, product])?,
            });
        }
        Ok(sum.unwrap_or(FALSE))
    }

    fn scalar_math(&mut self, fun: Fun, kind: ScalarKind, p: &[Val]) -> Lowered<Val> {
        let (float, signed) = (kind == ScalarKind::Float, kind == ScalarKind::Sint);
        let pick = |f: Op, i: Op, u: Op| {
            if float {
                f
            } else if signed {
                i
            } else {
                u
            }
        };
        let (min, max) = (pick(Op::FMin, Op::IMin, Op::UMin), pick(Op::FMax, Op::IMax, Op::UMax));
        let word31 = self.b.constant(31);
        Ok(match fun {
            Fun::Abs if kind == ScalarKind::Uint => p[0],
            Fun::Abs => self.op(pick(Op::FAbs, Op::IAbs, Op::Nop), p)?,
            Fun::Min => self.op(min, p)?,
            Fun::Max => self.op(max, p)?,
            Fun::Clamp => {
                let low = self.op(max, &p[..2])?;
                self.op(min, &[low, p[2]])?
            }
            Fun::Saturate => {
                let (zero, one) = (self.b.float(0.0), self.b.float(1.0));
                let low = self.op(Op::FMax, &[p[0], zero])?;
                self.op(Op::FMin, &[low, one])?
            }
            Fun::Floor => self.op(Op::FFloor, p)?,
            Fun::Ceil => self.op(Op::FCeil, p)?,
            Fun::Trunc => self.op(Op::FTrunc, p)?,
            Fun::Round => self.op(Op::FRound, p)?,
            Fun::Fract => {
                let whole = self.op(Op::FFloor, p)?;
                self.op(Op::FSub, &[p[0], whole])?
            }
            Fun::Sqrt => self.op(Op::FSqrt, p)?,
            Fun::Sign if kind == ScalarKind::Uint => {
                let one = self.b.constant(1);
                self.op(Op::UMin, &[p[0], one])?
            }
            Fun::Sign => self.op(pick(Op::FSign, Op::ISign, Op::Nop), p)?,
            Fun::CountOneBits => self.op(Op::CountOnes, p)?,
            Fun::CountLeadingZeros => self.op(Op::LeadingZeros, p)?,
            Fun::CountTrailingZeros => self.op(Op::TrailingZeros, p)?,
            Fun::ReverseBits => self.op(Op::ReverseBits, p)?,
            Fun::FirstTrailingBit => {
                let none = self.op(Op::Equal, &[p[0], FALSE])?;
                let zeros = self.op(Op::TrailingZeros, p)?;
                self.op(Op::Select, &[none, TRUE, zeros])?
            }
            Fun::FirstLeadingBit => {
                let mut value = p[0];
                if signed {
                    let negative = self.op(Op::ILess, &[value, FALSE])?;
                    let opposite = self.op(Op::Not, &[value])?;
                    value = self.op(Op::Select, &[negative, opposite, value])?;
                }
                let zeros = self.op(Op::LeadingZeros, &[value])?;
                self.op(Op::Sub, &[word31, zeros])?
            }
            Fun::ExtractBits => {
                let (offset, count, mask) = self.bit_field(p[1], p[2])?;
                let shifted = self.op(Op::ShrU, &[p[0], offset])?;
                let low = self.op(Op::And, &[shifted, mask])?;
                if !signed {
                    return Ok(low);
                }
                // Up to the sign and down again; no bits give 0 because then the mask is 0.
                let all = self.b.constant(32);
                let unused = self.op(Op::Sub, &[all, count])?;
                let up = self.op(Op::Shl, &[low, unused])?;
                self.op(Op::ShrI, &[up, unused])?
            }
            Fun::InsertBits => {
                let (offset, _, mask) = self.bit_field(p[2], p[3])?;
                let place = self.op(Op::Shl, &[mask, offset])?;
                let others = self.op(Op::Not, &[place])?;
                let old = self.op(Op::And, &[p[0], others])?;
                let new = self.op(Op::And, &[p[1], mask])?;
                let new = self.op(Op::Shl, &[new, offset])?;
                self.op(Op::Or, &[old, new])?
            }
            _ => return self.refuse(&format!("built-in {fun:?}")),
        })
    }

    /// Offset, count and mask of `extractBits` and `insertBits`, exact for any offset and count.
    fn bit_field(&mut self, offset: Val, count: Val) -> Lowered<(Val, Val, Val)> {
        let (one, all) = (self.b.constant(1), self.b.constant(32));
        let offset = self.op(Op::UMin, &[offset, all])?;
        let room = self.op(Op::Sub, &[all, offset])?;
        let count = self.op(Op::UMin, &[count, room])?;
        let bit = self.op(Op::Shl, &[one, count])?;
        let some = self.op(Op::Sub, &[bit, one])?;
        let every = self.op(Op::Equal, &[count, all])?;
        let mask = self.op(Op::Select, &[every, TRUE, some])?;
        Ok((offset, count, mask))
    }

    pub(super) fn cast(&mut self, expr: Handle<Expression>, to: ScalarKind, convert: bool) -> Lowered<Vec<Val>> {
        let from = self.kind(expr);
        self.map(&[expr], &mut |this, p| match (from, to, convert) {
            (a, b, _) if a == b => Ok(p[0]),
            (ScalarKind::Float, ScalarKind::Uint, true) => this.op(Op::FToU, p),
            (ScalarKind::Float, ScalarKind::Sint, true) => this.op(Op::FToI, p),
            (ScalarKind::Uint, ScalarKind::Float, true) => this.op(Op::UToF, p),
            (ScalarKind::Sint, ScalarKind::Float, true) => this.op(Op::IToF, p),
            (ScalarKind::Bool, ScalarKind::Float, _) => {
                let one = this.b.float(1.0);
                this.op(Op::And, &[p[0], one])
            }
            (ScalarKind::Bool, _, _) => {
                let one = this.b.constant(1);
                this.op(Op::And, &[p[0], one])
            }
            (ScalarKind::Float, ScalarKind::Bool, _) => this.op(Op::FNotEqual, &[p[0], FALSE]),
            (_, ScalarKind::Bool, _) => this.op(Op::NotEqual, &[p[0], FALSE]),
            (ScalarKind::Float | ScalarKind::Uint | ScalarKind::Sint, _, _) => Ok(p[0]),
            _ => this.refuse(&format!("conversion {from:?} to {to:?}")),
        })
    }
}
