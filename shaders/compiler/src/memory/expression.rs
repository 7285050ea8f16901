//! Expressions with other operands.

use naga::{Expression, Handle};

/// The same expression with every operand replaced.
pub(super) fn mapped(
    expression: &Expression,
    mut f: impl FnMut(Handle<Expression>) -> Handle<Expression>,
) -> Expression {
    let mut new = expression.clone();
    match new {
        Expression::Compose { ref mut components, .. } => components.iter_mut().for_each(|c| *c = f(*c)),
        Expression::Access { ref mut base, ref mut index } => {
            *base = f(*base);
            *index = f(*index);
        }
        Expression::AccessIndex { base: ref mut operand, .. }
        | Expression::Splat { value: ref mut operand, .. }
        | Expression::Swizzle { vector: ref mut operand, .. }
        | Expression::Load { pointer: ref mut operand }
        | Expression::Unary { expr: ref mut operand, .. }
        | Expression::As { expr: ref mut operand, .. }
        | Expression::Relational { argument: ref mut operand, .. } => *operand = f(*operand),
        Expression::Binary { ref mut left, ref mut right, .. } => {
            *left = f(*left);
            *right = f(*right);
        }
        Expression::Select { ref mut condition, ref mut accept, ref mut reject } => {
            *condition = f(*condition);
            *accept = f(*accept);
            *reject = f(*reject);
        }
        Expression::Math { ref mut arg, ref mut arg1, ref mut arg2, ref mut arg3, .. } => {
            *arg = f(*arg);
            for more in [arg1, arg2, arg3].into_iter().flatten() {
                *more = f(*more);
            }
        }
        // The rest has no operands, or the lints refuse it.
        _ => {}
    }
    new
}
