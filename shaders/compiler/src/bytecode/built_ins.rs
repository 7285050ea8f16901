//! Built-in functions and conversions.

use naga::{Expression, Handle, MathFunction as Fun, ScalarKind, TypeInner};

use super::ir::{FALSE, Val};
use super::lower::{Lowered, Lowerer};
use super::op::Op;
use crate::built_ins::{Term, term};

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
        match term(fun, kind) {
            Some(term) => self.map(&operands, &mut |this, p| this.term(&term, p)),
            None => self.refuse(&format!("the built-in function {fun:?} of {kind:?}")),
        }
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

    /// A term of the table of built-in functions, of these arguments. What a term says twice is one instruction.
    fn term(&mut self, term: &Term, arguments: &[Val]) -> Lowered<Val> {
        Ok(match *term {
            Term::Argument(i) => arguments[i],
            Term::Float(value) => self.b.float(value),
            Term::Signed(value) => self.b.constant(value as u32),
            Term::Unsigned(value) => self.b.constant(value),
            // A word is a word.
            Term::AsSigned(bits) | Term::AsUnsigned(bits) => self.term(bits, arguments)?,
            Term::Operation(op, operands) => {
                let mut values = [FALSE; 4];
                for (value, operand) in values.iter_mut().zip(operands) {
                    *value = self.term(operand, arguments)?;
                }
                self.op(op, &values[..operands.len()])?
            }
        })
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
