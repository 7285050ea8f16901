//! Uniformity: which values are the same in all lanes, which control flow diverges, which stores need a blend.
//!
//! A local variable stays uniform (a scalar in the generated code) if every store to it is of a uniform value and no
//! lane that skips the store can read the variable later. The same condition decides whether a store to a varying
//! variable needs a blend, so both come out of one fixed point.

use std::collections::HashMap;

use naga::{Block, Expression, Function, Handle, LocalVariable, Module, Statement};

/// A statement's identity: its address in the module, which does not move.
type StatementId = usize;

fn statement_id(statement: &Statement) -> StatementId {
    std::ptr::from_ref(statement) as StatementId
}

/// One of the constructs around a statement, and the block of it that the statement is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    construct: StatementId,
    branch: u32,
    region: Region,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Region {
    If,
    Case,
    LoopBody,
    LoopContinuing,
}

type Path = Vec<Step>;

#[derive(Debug)]
struct Access {
    local: Handle<LocalVariable>,
    path: Path,
    reads: bool,
    /// The whole variable, not a part of it.
    whole: bool,
}

#[derive(Debug)]
struct Store {
    statement: StatementId,
    local: Handle<LocalVariable>,
    pointer: Handle<Expression>,
    value: Handle<Expression>,
    path: Path,
}

#[derive(Debug, PartialEq, Eq)]
enum ExitKind {
    Break,
    Continue,
    Return(Option<Handle<Expression>>),
}

#[derive(Debug)]
struct Exit {
    kind: ExitKind,
    path: Path,
}

/// The result of the analysis of one function for given argument uniformities.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    /// Per expression index: the same in all lanes.
    pub uniform: Vec<bool>,
    /// Per local variable index.
    pub local_uniform: Vec<bool>,
    /// The function returns a uniform value.
    pub result_uniform: bool,
    /// Some return is reached by a part of the lanes: returns work on masks.
    pub masked_returns: bool,
    /// Ifs, switches and loops on which lanes part: at the condition or selector, or by an exit that some of them take.
    divergent: HashMap<StatementId, bool>,
    /// Stores to local variables that need a blend where a mask is in force.
    blended: HashMap<StatementId, bool>,
}

impl Analysis {
    pub fn is_uniform(&self, expression: Handle<Expression>) -> bool {
        self.uniform[expression.index()]
    }

    pub fn is_divergent(&self, statement: &Statement) -> bool {
        self.divergent.get(&statement_id(statement)).copied().unwrap_or(false)
    }

    pub fn needs_blend(&self, statement: &Statement) -> bool {
        self.blended.get(&statement_id(statement)).copied().unwrap_or(true)
    }
}

/// A function and the arguments that it is called with.
type Call = (Handle<Function>, Vec<Handle<Expression>>);

/// What one walk over the body collects.
#[derive(Default)]
struct Summary {
    accesses: Vec<Access>,
    stores: Vec<Store>,
    exits: Vec<Exit>,
    /// By their results: functions and arguments.
    calls: HashMap<Handle<Expression>, Call>,
    /// Construct, its condition (a selector, or a loop's `break if`), its path.
    constructs: Vec<(StatementId, bool, Option<Handle<Expression>>, Path)>,
}

/// Analyses `function`; `arguments` tells which arguments are uniform (pointees for pointers: never),
/// `result_of` the uniformity of a callee's result.
pub(super) fn analyse(
    module: &Module,
    function: &Function,
    arguments: &[bool],
    result_of: &mut dyn FnMut(Handle<Function>, Vec<bool>) -> bool,
) -> Analysis {
    let mut summary = Summary::default();
    walk(function, &function.body, &mut Vec::new(), &mut summary);
    let mut out = Analysis {
        uniform: vec![true; function.expressions.len()],
        local_uniform: vec![true; function.local_variables.len()],
        ..Analysis::default()
    };
    loop {
        let before = (out.local_uniform.clone(), out.divergent.clone(), out.masked_returns);
        expressions(module, function, arguments, &summary, &mut out, result_of);
        constructs(&summary, &mut out);
        locals(function, &summary, &mut out);
        if before == (out.local_uniform.clone(), out.divergent.clone(), out.masked_returns) {
            break;
        }
    }
    out.result_uniform = !out.masked_returns
        && summary.exits.iter().all(|e| match e.kind {
            ExitKind::Return(Some(value)) => out.is_uniform(value),
            _ => true,
        });
    out
}

fn walk(function: &Function, block: &Block, path: &mut Path, summary: &mut Summary) {
    for statement in block {
        let mut nested = |block: &Block, branch: usize, region: Region, summary: &mut Summary| {
            path.push(Step { construct: statement_id(statement), branch: branch as u32, region });
            walk(function, block, path, summary);
            path.pop();
        };
        match statement {
            Statement::Emit(range) => {
                for expression in range.clone() {
                    if let Expression::Load { pointer } = function.expressions[expression]
                        && let Some(local) = root_variable(function, pointer)
                    {
                        summary.accesses.push(Access { local, path: path.clone(), reads: true, whole: false });
                    }
                }
            }
            Statement::Block(block) => walk(function, block, path, summary),
            Statement::If { condition, accept, reject } => {
                nested(accept, 0, Region::If, summary);
                nested(reject, 1, Region::If, summary);
                summary.constructs.push((statement_id(statement), false, Some(*condition), path.clone()));
            }
            Statement::Switch { selector, cases } => {
                for (i, case) in cases.iter().enumerate() {
                    nested(&case.body, i, Region::Case, summary);
                }
                summary.constructs.push((statement_id(statement), false, Some(*selector), path.clone()));
            }
            Statement::Loop { body, continuing, break_if } => {
                nested(body, 0, Region::LoopBody, summary);
                nested(continuing, 1, Region::LoopContinuing, summary);
                summary.constructs.push((statement_id(statement), true, *break_if, path.clone()));
            }
            Statement::Break => summary.exits.push(Exit { kind: ExitKind::Break, path: path.clone() }),
            Statement::Continue => summary.exits.push(Exit { kind: ExitKind::Continue, path: path.clone() }),
            Statement::Return { value } => {
                summary.exits.push(Exit { kind: ExitKind::Return(*value), path: path.clone() });
            }
            Statement::Store { pointer, value } => {
                if let Some(local) = root_variable(function, *pointer) {
                    let whole = matches!(function.expressions[*pointer], Expression::LocalVariable(_));
                    summary.accesses.push(Access { local, path: path.clone(), reads: false, whole });
                    let (statement, pointer, value, path) = (statement_id(statement), *pointer, *value, path.clone());
                    summary.stores.push(Store { statement, local, pointer, value, path });
                }
            }
            Statement::Call { function: callee, arguments, result } => {
                for &argument in arguments {
                    if let Some(local) = root_variable(function, argument) {
                        summary.accesses.push(Access { local, path: path.clone(), reads: true, whole: false });
                        summary.stores.push(Store {
                            statement: 0,
                            local,
                            pointer: argument,
                            value: argument,
                            path: path.clone(),
                        });
                    }
                }
                if let Some(result) = result {
                    summary.calls.insert(*result, (*callee, arguments.clone()));
                }
            }
            _ => {}
        }
    }
}

/// The local variable that a pointer expression points into.
pub(super) fn root_variable(function: &Function, pointer: Handle<Expression>) -> Option<Handle<LocalVariable>> {
    match function.expressions[pointer] {
        Expression::LocalVariable(local) => Some(local),
        Expression::Access { base, .. } | Expression::AccessIndex { base, .. } => root_variable(function, base),
        _ => None,
    }
}

fn expressions(
    module: &Module,
    function: &Function,
    arguments: &[bool],
    summary: &Summary,
    out: &mut Analysis,
    result_of: &mut dyn FnMut(Handle<Function>, Vec<bool>) -> bool,
) {
    for (handle, expression) in function.expressions.iter() {
        let uniform = match *expression {
            Expression::FunctionArgument(i) => arguments[i as usize],
            Expression::LocalVariable(local) => out.local_uniform[local.index()],
            Expression::CallResult(_) => summary.calls.get(&handle).is_some_and(|(callee, values)| {
                let pointers = module.functions[*callee].arguments.iter().map(|a| is_pointer(module, a.ty));
                let values: Vec<bool> =
                    values.iter().zip(pointers).map(|(v, pointer)| !pointer && out.is_uniform(*v)).collect();
                result_of(*callee, values)
            }),
            _ => {
                let mut all = true;
                operands(expression, |operand| all &= out.is_uniform(operand));
                all
            }
        };
        out.uniform[handle.index()] = uniform;
    }
}

pub(super) fn is_pointer(module: &Module, ty: Handle<naga::Type>) -> bool {
    matches!(module.types[ty].inner, naga::TypeInner::Pointer { .. } | naga::TypeInner::ValuePointer { .. })
}

/// Calls `f` on the operands of an expression.
pub(super) fn operands(expression: &Expression, mut f: impl FnMut(Handle<Expression>)) {
    match *expression {
        Expression::Compose { ref components, .. } => components.iter().copied().for_each(f),
        Expression::Access { base, index } => {
            f(base);
            f(index);
        }
        Expression::AccessIndex { base, .. } => f(base),
        Expression::Splat { value, .. } => f(value),
        Expression::Swizzle { vector, .. } => f(vector),
        Expression::Load { pointer } => f(pointer),
        Expression::Unary { expr, .. } | Expression::As { expr, .. } => f(expr),
        Expression::Binary { left, right, .. } => {
            f(left);
            f(right);
        }
        Expression::Select { condition, accept, reject } => {
            f(condition);
            f(accept);
            f(reject);
        }
        Expression::Relational { argument, .. } => f(argument),
        Expression::Math { arg, arg1, arg2, arg3, .. } => {
            [Some(arg), arg1, arg2, arg3].into_iter().flatten().for_each(f);
        }
        _ => {}
    }
}

fn constructs(summary: &Summary, out: &mut Analysis) {
    let divergent = |out: &Analysis, step: &Step| out.divergent.get(&step.construct).copied().unwrap_or(false);
    for (construct, is_loop, condition, _) in &summary.constructs {
        let mut diverges = condition.is_some_and(|c| !out.is_uniform(c));
        for exit in &summary.exits {
            let Some(at) = exit.path.iter().position(|s| s.construct == *construct) else { continue };
            let inner = &exit.path[at + 1..];
            let loops = |s: &Step| matches!(s.region, Region::LoopBody | Region::LoopContinuing);
            diverges |= match exit.kind {
                // A break inside a switch or an inner loop belongs to that one.
                ExitKind::Break if inner.iter().any(|s| loops(s) || s.region == Region::Case) => false,
                ExitKind::Break if !is_loop && exit.path[at].region != Region::Case => false,
                ExitKind::Break => inner.iter().any(|s| divergent(out, s)),
                _ if !is_loop => false,
                ExitKind::Continue if inner.iter().any(loops) => false,
                ExitKind::Continue => inner.iter().any(|s| divergent(out, s)),
                ExitKind::Return(_) => out.masked_returns || inner.iter().any(|s| divergent(out, s)),
            };
        }
        let before = out.divergent.get(construct).copied().unwrap_or(false);
        out.divergent.insert(*construct, before || diverges);
    }
    out.masked_returns |= summary
        .exits
        .iter()
        .any(|exit| matches!(exit.kind, ExitKind::Return(_)) && exit.path.iter().any(|s| divergent(out, s)));
}

fn locals(function: &Function, summary: &Summary, out: &mut Analysis) {
    for (local, variable) in function.local_variables.iter() {
        let accesses: Vec<&Access> = summary.accesses.iter().filter(|a| a.local == local).collect();
        let mut common = accesses.first().map_or(0, |a| a.path.len());
        for access in &accesses {
            let shared = access.path.iter().zip(&accesses[0].path).take_while(|(a, b)| a == b).count();
            common = common.min(shared);
        }
        // A variable declared in a loop is stored to, as a whole, where it is declared; any other keeps its value from
        // one iteration to the next, so its block is outside the loop.
        let declared_here = accesses.first().is_some_and(|a| !a.reads && a.whole && a.path.len() == common);
        if variable.init.is_some() || !declared_here {
            let first_loop = accesses.first().and_then(|a| {
                a.path.iter().position(|s| matches!(s.region, Region::LoopBody | Region::LoopContinuing))
            });
            common = common.min(first_loop.unwrap_or(common));
        }
        for store in summary.stores.iter().filter(|s| s.local == local) {
            let blended = needs_blend(&store.path[common..], common, &accesses, summary, out);
            let called = store.statement == 0;
            if called || blended || !out.is_uniform(store.value) || !uniform_place(function, store.pointer, out) {
                out.local_uniform[local.index()] = false;
            }
            if !called {
                out.blended.insert(store.statement, blended);
            }
        }
    }
}

/// True if all indices on the way to the place are uniform.
fn uniform_place(function: &Function, pointer: Handle<Expression>, out: &Analysis) -> bool {
    match function.expressions[pointer] {
        Expression::Access { base, index } => out.is_uniform(index) && uniform_place(function, base, out),
        Expression::AccessIndex { base, .. } => uniform_place(function, base, out),
        _ => true,
    }
}

/// Can a lane that is not active at the store read the variable later? `inner` is the path from the innermost block
/// that holds all accesses (at depth `common`) to the store.
fn needs_blend(inner: &[Step], common: usize, accesses: &[&Access], summary: &Summary, out: &Analysis) -> bool {
    let mut loops_before = 0;
    for (depth, step) in inner.iter().enumerate() {
        let divergent = out.divergent.get(&step.construct).copied().unwrap_or(false);
        match step.region {
            Region::If | Region::Case => {
                if divergent {
                    return true;
                }
            }
            Region::LoopBody | Region::LoopContinuing => {
                if divergent {
                    let read_outside =
                        accesses.iter().any(|a| a.reads && !a.path.iter().any(|s| s.construct == step.construct));
                    let continues = step.region == Region::LoopBody
                        && summary.exits.iter().any(|e| {
                            e.kind == ExitKind::Continue
                                && e.path.get(common + depth).is_some_and(|s| s.construct == step.construct)
                        });
                    if read_outside || loops_before > 0 || continues {
                        return true;
                    }
                }
                loops_before += 1;
            }
        }
    }
    false
}
