//! What a function costs, roughly: enough to tell a level generator from four random numbers.

use naga::{Block, Function, Handle, Module, Statement};

/// Rounds that a loop is taken to make. Where the bound is known it is seldom far from this; nobody needs more than the
/// order of magnitude.
const ROUNDS: usize = 16;

/// Operations on a vector that a call of a function takes, at most `usize::MAX`: every expression and every store is one.
pub(super) fn of_function(module: &Module, function: Handle<Function>) -> usize {
    let function = &module.functions[function];
    of_block(module, function, &function.body)
}

fn of_block(module: &Module, function: &Function, block: &Block) -> usize {
    let of = |block: &Block| of_block(module, function, block);
    let costs = block.iter().map(|statement| match statement {
        Statement::Emit(range) => range.clone().count(),
        Statement::Block(inner) => of(inner),
        // Lanes differ: both sides run.
        Statement::If { accept, reject, .. } => of(accept).saturating_add(of(reject)),
        Statement::Switch { cases, .. } => cases.iter().map(|case| of(&case.body)).fold(0, usize::saturating_add),
        Statement::Loop { body, continuing, .. } => of(body).saturating_add(of(continuing)).saturating_mul(ROUNDS),
        Statement::Call { function, .. } => of_function(module, *function),
        _ => 1,
    });
    costs.fold(0, usize::saturating_add)
}
