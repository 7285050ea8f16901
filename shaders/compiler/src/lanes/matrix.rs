//! Matrices: arrays of columns, multiplied in the order in which WGSL writes the sums down.

use naga::{BinaryOperator as Op, Expression, Handle, MathFunction as Fun, TypeInner};

use super::function::Writer;

impl Writer<'_, '_> {
    /// Columns and rows of a matrix, None for other types.
    fn matrix(&self, expression: Handle<Expression>) -> Option<(usize, usize)> {
        match *self.inner(expression) {
            TypeInner::Matrix { columns, rows, .. } => Some((columns as usize, rows as usize)),
            _ => None,
        }
    }

    /// Element of a matrix.
    fn element_at(&mut self, matrix: Handle<Expression>, column: usize, row: usize, u: bool) -> String {
        let value = format!("{}[{column}][{row}]", self.value(matrix));
        if !u && self.analysis.is_uniform(matrix) { format!("l::splat::<Simd, Simd::F>(s, {value})") } else { value }
    }

    /// An operation with a matrix on either side; None if there is none.
    pub(super) fn matrix_binary(
        &mut self,
        op: Op,
        left: Handle<Expression>,
        right: Handle<Expression>,
        u: bool,
    ) -> Option<String> {
        let by_column = |columns: usize, rows: usize, f: &mut dyn FnMut(usize, usize) -> String| {
            let columns: Vec<String> =
                (0..columns).map(|c| list((0..rows).map(|r| f(c, r)).collect::<Vec<String>>())).collect();
            list(columns)
        };
        Some(match (self.matrix(left), self.matrix(right), op) {
            (None, None, _) => return None,
            (Some((columns, rows)), Some(_), Op::Add | Op::Subtract) => {
                let sign = if op == Op::Add { "+" } else { "-" };
                by_column(columns, rows, &mut |c, r| {
                    format!("{} {sign} {}", self.element_at(left, c, r, u), self.element_at(right, c, r, u))
                })
            }
            (Some((inner, rows)), Some((columns, _)), Op::Multiply) => by_column(columns, rows, &mut |c, r| {
                sum((0..inner).map(|k| (self.element_at(left, k, r, u), self.element_at(right, c, k, u))))
            }),
            (Some((columns, rows)), None, Op::Multiply) if self.size(right).is_some() => list(
                (0..rows)
                    .map(|r| sum((0..columns).map(|k| (self.element_at(left, k, r, u), self.component(right, k, u)))))
                    .collect(),
            ),
            (None, Some((columns, rows)), Op::Multiply) if self.size(left).is_some() => list(
                (0..columns)
                    .map(|c| sum((0..rows).map(|k| (self.component(left, k, u), self.element_at(right, c, k, u)))))
                    .collect(),
            ),
            (Some((columns, rows)), None, Op::Multiply) => by_column(columns, rows, &mut |c, r| {
                format!("{} * {}", self.element_at(left, c, r, u), self.component(right, 0, u))
            }),
            (None, Some((columns, rows)), Op::Multiply) => by_column(columns, rows, &mut |c, r| {
                format!("{} * {}", self.component(left, 0, u), self.element_at(right, c, r, u))
            }),
            _ => self.unsupported(&format!("{op:?} of matrices")),
        })
    }

    /// `cross`, `transpose` and `determinant`; None for other functions.
    pub(super) fn linear_algebra(
        &mut self,
        fun: Fun,
        arg: Handle<Expression>,
        other: Option<Handle<Expression>>,
        u: bool,
    ) -> Option<String> {
        match fun {
            Fun::Cross => {
                let other = other?;
                let mut part = |i: usize, j: usize| {
                    let (a, b) = (self.component(arg, i, u), self.component(other, j, u));
                    let (c, d) = (self.component(arg, j, u), self.component(other, i, u));
                    format!("{a} * {b} - {c} * {d}")
                };
                Some(list(vec![part(1, 2), part(2, 0), part(0, 1)]))
            }
            Fun::Transpose => {
                let (columns, rows) = self.matrix(arg)?;
                let row = |this: &mut Self, r: usize| {
                    list((0..columns).map(|c| this.element_at(arg, c, r, u)).collect::<Vec<String>>())
                };
                Some(list((0..rows).map(|r| row(self, r)).collect()))
            }
            Fun::Determinant => {
                let (n, _) = self.matrix(arg)?;
                let columns: Vec<usize> = (0..n).collect();
                Some(self.minor(arg, &columns, 0, u))
            }
            _ => None,
        }
    }

    /// Determinant of the rows from `row` on and of these columns, by the first of the rows.
    fn minor(&mut self, matrix: Handle<Expression>, columns: &[usize], row: usize, u: bool) -> String {
        if let [only] = *columns {
            return self.element_at(matrix, only, row, u);
        }
        let mut text = String::new();
        for (i, &column) in columns.iter().enumerate() {
            let others: Vec<usize> = columns.iter().copied().filter(|&c| c != column).collect();
            let sign = if i == 0 {
                ""
            } else if i % 2 == 1 {
                " - "
            } else {
                " + "
            };
            let factor = self.element_at(matrix, column, row, u);
            let rest = self.minor(matrix, &others, row + 1, u);
            let rest = if others.len() > 1 { format!("({rest})") } else { rest };
            text.push_str(&format!("{sign}{factor} * {rest}"));
        }
        text
    }
}

fn list(parts: Vec<String>) -> String {
    format!("[{}]", parts.join(", "))
}

fn sum(products: impl Iterator<Item = (String, String)>) -> String {
    products.map(|(a, b)| format!("{a} * {b}")).collect::<Vec<_>>().join(" + ")
}
