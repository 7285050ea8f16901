//! Control and data flow of blocks: how control leaves them, what they cost, which values they define and use.

use std::collections::HashSet;

use naga::{Block, Expression, Function, Handle, Statement};

use super::analysis::operands;

/// How control can leave a block other than at its end.
#[derive(Clone, Copy, Default)]
pub(super) struct Exits {
    pub breaks: bool,
    pub continues: bool,
    pub returns: bool,
}

impl Exits {
    pub fn any(self) -> bool {
        self.breaks || self.continues || self.returns
    }
    pub fn or(self, other: Self) -> Self {
        Self {
            breaks: self.breaks || other.breaks,
            continues: self.continues || other.continues,
            returns: self.returns || other.returns,
        }
    }
}

pub(super) fn exits(block: &Block) -> Exits {
    block.iter().fold(Exits::default(), |all, statement| {
        all.or(match statement {
            Statement::Break => Exits { breaks: true, ..Exits::default() },
            Statement::Continue => Exits { continues: true, ..Exits::default() },
            Statement::Return { .. } => Exits { returns: true, ..Exits::default() },
            Statement::Block(block) => exits(block),
            Statement::If { accept, reject, .. } => exits(accept).or(exits(reject)),
            Statement::Switch { cases, .. } => {
                let inner = cases.iter().fold(Exits::default(), |all, c| all.or(exits(&c.body)));
                Exits { breaks: false, ..inner }
            }
            Statement::Loop { body, continuing, .. } => {
                Exits { returns: exits(body).or(exits(continuing)).returns, ..Exits::default() }
            }
            _ => Exits::default(),
        })
    })
}

/// Expressions of a block without calls and loops; None if it has one.
pub(super) fn cost(function: &Function, block: &Block) -> Option<usize> {
    block.iter().try_fold(0, |sum, statement| {
        Some(
            sum + match statement {
                Statement::Emit(range) => range
                    .clone()
                    .filter(|e| {
                        !matches!(function.expressions[*e], Expression::AccessIndex { .. } | Expression::Load { .. })
                    })
                    .count(),
                Statement::Store { .. } => 1,
                Statement::Block(block) => cost(function, block)?,
                Statement::If { accept, reject, .. } => cost(function, accept)? + cost(function, reject)?,
                _ => return None,
            },
        )
    })
}

/// The expressions that are evaluated in a block or in blocks directly inside.
pub(crate) fn definitions(block: &Block, found: &mut HashSet<Handle<Expression>>) {
    for statement in block {
        match statement {
            Statement::Emit(range) => found.extend(range.clone()),
            Statement::Call { result: Some(result), .. } => {
                found.insert(*result);
            }
            Statement::Block(block) => definitions(block, found),
            _ => {}
        }
    }
}

/// The expressions that a block uses.
pub(crate) fn uses(function: &Function, block: &Block, found: &mut HashSet<Handle<Expression>>) {
    for statement in block {
        match statement {
            Statement::Emit(range) => {
                for expression in range.clone() {
                    operands(&function.expressions[expression], |operand| operand_uses(function, operand, found));
                }
            }
            Statement::Block(block) => uses(function, block, found),
            Statement::If { condition, accept, reject } => {
                operand_uses(function, *condition, found);
                uses(function, accept, found);
                uses(function, reject, found);
            }
            Statement::Switch { selector, cases } => {
                operand_uses(function, *selector, found);
                cases.iter().for_each(|c| uses(function, &c.body, found));
            }
            Statement::Loop { body, continuing, break_if } => {
                uses(function, body, found);
                uses(function, continuing, found);
                if let Some(condition) = break_if {
                    operand_uses(function, *condition, found);
                }
            }
            Statement::Store { pointer, value } => {
                operand_uses(function, *pointer, found);
                operand_uses(function, *value, found);
            }
            Statement::Call { arguments, .. } => arguments.iter().for_each(|a| operand_uses(function, *a, found)),
            Statement::Return { value: Some(value) } => operand_uses(function, *value, found),
            _ => {}
        }
    }
}

/// An expression that is used, and for a place the expressions of its indices.
pub(crate) fn operand_uses(
    function: &Function,
    expression: Handle<Expression>,
    found: &mut HashSet<Handle<Expression>>,
) {
    if found.insert(expression)
        && matches!(function.expressions[expression], Expression::Access { .. } | Expression::AccessIndex { .. })
    {
        operands(&function.expressions[expression], |operand| operand_uses(function, operand, found));
    }
}
