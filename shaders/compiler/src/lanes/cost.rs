//! What a function costs, roughly: enough to tell a level generator from four random numbers.

use naga::{Block, Function, Handle, Module, Statement};

/// Rounds that a loop is taken to make. Where the bound is known it is seldom far from this; nobody needs more than the
/// order of magnitude.
const ROUNDS: usize = 16;

/// No cost is larger, so that the runtime can multiply it by small numbers.
const MOST: usize = 1 << 24;

/// Operations on a vector that a call of a function takes, at most [`MOST`]: every expression and every store is one.
pub(super) fn of_function(module: &Module, function: Handle<Function>) -> usize {
    // Functions come behind those that they call, so each is looked at once, however often it is called.
    let mut costs = Vec::new();
    for (handle, declared) in module.functions.iter() {
        costs.push(of_block(&costs, &declared.body));
        if handle == function {
            break;
        }
    }
    costs.pop().unwrap_or(0)
}

/// `costs` holds those of the functions that the block may call.
fn of_block(costs: &[usize], block: &Block) -> usize {
    let of = |block: &Block| of_block(costs, block);
    let all = block.iter().map(|statement| match statement {
        Statement::Emit(range) => range.clone().count(),
        Statement::Block(inner) => of(inner),
        // Lanes differ: both sides run.
        Statement::If { accept, reject, .. } => of(accept) + of(reject),
        Statement::Switch { cases, .. } => cases.iter().fold(0, |sum, case| MOST.min(sum + of(&case.body))),
        Statement::Loop { body, continuing, .. } => (of(body) + of(continuing)) * ROUNDS,
        Statement::Call { function, .. } => costs[function.index()],
        _ => 1,
    });
    all.fold(0, |sum, cost| MOST.min(sum + cost))
}
