//! What a function costs, roughly: enough to tell a level generator from four random numbers.

use std::collections::HashMap;

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

/// Size from which a function that is reached in several ways is compiled once: a step of rigid bodies is larger, and what
/// calls cost is nothing beside it.
const APART: usize = 600;

/// What the driver of the lanes calls, and in how many places.
const CALLED: [(&str, usize); 3] = [("kernel_start", 3), ("kernel_advance", 1), ("kernel_observe", 3)];

/// Functions that are compiled once for each level, not into each of their callers: large ones, reached from the driver
/// in several ways. Otherwise a solver that the start and every step call is there half a dozen times, and the
/// compiler takes as much longer.
pub(super) fn apart(module: &Module) -> Vec<Handle<Function>> {
    let (mut sizes, mut calls) = (Vec::new(), Vec::new());
    for (_, declared) in module.functions.iter() {
        let mut called = HashMap::new();
        let size = size_of(&sizes, &declared.body, &mut called);
        sizes.push(size);
        calls.push(called);
    }
    let called =
        |name: Option<&str>| CALLED.iter().find(|(called, _)| Some(*called) == name).map_or(0, |(_, ways)| *ways);
    let mut ways: Vec<usize> = module.functions.iter().map(|(_, f)| called(f.name.as_deref())).collect();
    // Callers come behind what they call.
    for caller in (0..sizes.len()).rev() {
        for (&callee, &times) in &calls[caller] {
            ways[callee] = MOST.min(ways[callee] + ways[caller] * times);
        }
    }
    let large = |handle: &Handle<Function>| sizes[handle.index()] >= APART && ways[handle.index()] > 1;
    module.functions.iter().map(|(handle, _)| handle).filter(large).collect()
}

/// Expressions and statements of a block with everything that it calls; `called` counts the calls.
fn size_of(sizes: &[usize], block: &Block, called: &mut HashMap<usize, usize>) -> usize {
    let mut size = 0;
    for statement in block {
        let more = match statement {
            Statement::Emit(range) => range.clone().count(),
            Statement::Block(inner) => size_of(sizes, inner, called),
            Statement::If { accept, reject, .. } => size_of(sizes, accept, called) + size_of(sizes, reject, called),
            Statement::Switch { cases, .. } => cases.iter().map(|case| size_of(sizes, &case.body, called)).sum(),
            Statement::Loop { body, continuing, .. } => {
                size_of(sizes, body, called) + size_of(sizes, continuing, called)
            }
            Statement::Call { function, .. } => {
                *called.entry(function.index()).or_default() += 1;
                sizes[function.index()]
            }
            _ => 1,
        };
        size = MOST.min(size + more);
    }
    size
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
