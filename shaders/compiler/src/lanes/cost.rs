//! What a function costs, roughly: enough to tell a level generator from four random numbers.

use naga::{Block, Function, Handle, Module, Statement};

use crate::memory::walk;

/// Rounds that a loop is taken to make. Where the bound is known it is seldom far from this; nobody needs more than the
/// order of magnitude.
const ROUNDS: usize = 16;

/// No cost is larger, so that the runtime can multiply it by small numbers.
const MOST: usize = 1 << 24;

/// Operations on a vector that a call of a function takes, at most [`MOST`]: every expression and every store is one.
pub(super) fn of_function(module: &Module, function: Handle<Function>) -> usize {
    of_functions(module, ROUNDS)[function.index()]
}

/// Expressions and stores of all functions with what they call, those of loops as often as a loop makes `rounds`.
fn of_functions(module: &Module, rounds: usize) -> Vec<usize> {
    // Functions come behind those that they call, so each is looked at once, however often it is called.
    let mut costs = Vec::new();
    for (_, declared) in module.functions.iter() {
        costs.push(of_block(&costs, &declared.body, rounds));
    }
    costs
}

/// `costs` holds those of the functions that the block may call.
fn of_block(costs: &[usize], block: &Block, rounds: usize) -> usize {
    let of = |block: &Block| of_block(costs, block, rounds);
    let all = block.iter().map(|statement| match statement {
        Statement::Emit(range) => range.clone().count(),
        Statement::Block(inner) => of(inner),
        // Lanes differ: both sides run.
        Statement::If { accept, reject, .. } => of(accept) + of(reject),
        Statement::Switch { cases, .. } => cases.iter().fold(0, |sum, case| MOST.min(sum + of(&case.body))),
        Statement::Loop { body, continuing, .. } => (of(body) + of(continuing)) * rounds,
        Statement::Call { function, .. } => costs[function.index()],
        _ => 1,
    });
    all.fold(0, |sum, cost| MOST.min(sum + cost))
}

/// Size from which a function that is reached in several ways is compiled once: a step of rigid bodies is larger, and what
/// calls cost is nothing beside it.
const APART: usize = 600;

/// What the driver of the lanes calls that may be large, and in how many places.
const CALLED: [(&str, usize); 3] = [("kernel_start", 3), ("kernel_advance", 1), ("kernel_observe", 3)];

/// Functions that are compiled once for each level, not into each of their callers: large ones, reached from the driver
/// in several ways. Otherwise a solver that the start and every step call is there half a dozen times, and the
/// compiler takes as much longer.
pub(super) fn apart(module: &Module) -> Vec<Handle<Function>> {
    let sizes = of_functions(module, 1);
    let mut ways = vec![0_usize; sizes.len()];
    // Callers come behind what they call.
    for (caller, declared) in module.functions.iter().rev() {
        let called = CALLED.iter().find(|(name, _)| declared.name.as_deref() == Some(name));
        ways[caller.index()] += called.map_or(0, |(_, places)| *places);
        walk(&declared.body, &mut |statement| {
            if let Statement::Call { function, .. } = statement {
                ways[function.index()] = MOST.min(ways[function.index()] + ways[caller.index()]);
            }
        });
    }
    let large = |handle: &Handle<Function>| sizes[handle.index()] >= APART && ways[handle.index()] > 1;
    module.functions.iter().map(|(handle, _)| handle).filter(large).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_and_reached_in_several_ways_is_compiled_once() {
        let sum = |n: usize| (0..n).map(|i| format!("x = x * 3.0 + {i}.0;")).collect::<String>();
        let of = |name: &str, n: usize| format!("fn {name}(y: f32) -> f32 {{ var x = y; {} return x; }}\n", sum(n));
        let text = of("solver", APART)
            + &of("small", 3)
            + &of("once", APART)
            + "fn kernel_start() { let a = solver(1.0) + small(1.0); }\n"
            + "fn kernel_advance() { let a = solver(2.0) + small(2.0) + once(1.0); }\n";
        let module = naga::front::wgsl::parse_str(&text).unwrap();
        let names: Vec<_> = apart(&module).into_iter().filter_map(|f| module.functions[f].name.as_deref()).collect();
        // A start is called in several places by the driver, and what it contains with it.
        assert_eq!(names, ["solver", "kernel_start"]);
    }
}
