//! Functions and their plain statements; control flow is in `control.rs`, expressions in `expression.rs`.
//!
//! Calls are inlined. Variables are cells, one for each 32-bit word, that hold the value they have at this point of the
//! program; only arrays that are long or indexed by what is not known here live in memory. What turns out wrong about
//! that (an array that must be in memory after all) is noted in the [`Memo`], and the program is lowered again.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use naga::valid::{FunctionInfo, ModuleInfo};
use naga::{Block, Expression, Function, Handle, Module, Statement, Type, TypeInner};

use super::constants::Tables;
use super::ir::{Builder, Def, FALSE, Inst, Row, Space, TRUE, Val};
use super::op::Op;
use super::place::{Memory, Place, Variable};
use crate::lanes::Refusal;

/// Why lowering stops.
pub(super) enum Stop {
    /// The memo has learnt something: from the beginning.
    Again,
    /// Cannot be translated.
    Refused(Refusal),
}

pub(super) type Lowered<T> = Result<T, Stop>;

/// What earlier attempts have found out.
#[derive(Default)]
pub(super) struct Memo {
    /// Pieces of variables that must be in memory: variable, first word.
    pub memory: HashSet<(u64, u32)>,
    /// Variables whose words are read at once when they are loaded.
    pub eager: HashSet<u64>,
    /// Loops that cannot be unrolled.
    pub rolled: HashSet<u64>,
    /// Loops that lanes leave one by one.
    pub divergent: HashSet<u64>,
    /// Memories that a loop stores to.
    pub stored: HashMap<u64, Vec<usize>>,
    /// Cells that a loop changes, and whether lanes differ in them.
    pub changed: HashMap<u64, Vec<(usize, bool)>>,
}

/// The value of an expression.
#[derive(Clone)]
pub(super) enum Value {
    Words(Rc<[Val]>),
    /// Words of the tables, from this one on.
    Table(u32),
    Place(Place),
}

/// What a jump sets; all are cells.
pub(super) enum Target {
    Loop { broke: usize, continued: usize },
    Switch { left: usize },
}

/// A function being inlined.
pub(super) struct Activation<'a> {
    pub function: &'a Function,
    pub info: &'a FunctionInfo,
    pub arguments: Vec<Value>,
    pub expressions: HashMap<Handle<Expression>, Value>,
    pub locals: Vec<usize>,
    pub targets: Vec<Target>,
    /// Values of a loop's body that its continuing block uses: their first cells. The frames that computed them are over.
    pub hoisted: HashMap<Handle<Expression>, usize>,
    /// The cell that tells which lanes have returned.
    pub returned: usize,
    /// Cells of the result, where returns are not the last statement.
    pub cells: Option<usize>,
    pub result: Option<Value>,
}

pub(super) struct Lowerer<'a> {
    pub module: &'a Module,
    pub info: &'a ModuleInfo,
    pub b: Builder,
    pub memo: Memo,
    /// Words of the variables that are not in memory.
    pub cells: Vec<Val>,
    pub variables: Vec<Variable>,
    pub memories: Vec<Memory>,
    /// Lanes of the frame that run.
    pub mask: Val,
    /// Number of the lane in its block.
    pub lane: Val,
    /// Where in the program, through calls and unrolled loops.
    pub path: u64,
    pub stack: Vec<Activation<'a>>,
    /// Rows of local arrays so far; they lie behind all other rows of the scratch space.
    pub local_rows: u32,
    pub local_rows_needed: u32,
    pub tables: Tables,
    pub clock: u32,
}

pub(super) fn hash(a: u64, b: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (a, b).hash(&mut hasher);
    hasher.finish()
}

pub(super) fn address<T>(thing: &T) -> usize {
    std::ptr::from_ref(thing) as usize
}

/// 32-bit words of a type.
pub(super) fn words(module: &Module, inner: &TypeInner) -> u32 {
    match *inner {
        TypeInner::Scalar(_) => 1,
        TypeInner::Vector { size, .. } => size as u32,
        TypeInner::Matrix { columns, rows, .. } => columns as u32 * rows as u32,
        TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => n.get() * type_words(module, base),
        TypeInner::Struct { ref members, .. } => members.iter().map(|m| type_words(module, m.ty)).sum(),
        TypeInner::Pointer { base, .. } => type_words(module, base),
        TypeInner::ValuePointer { size, .. } => size.map_or(1, |s| s as u32),
        _ => 0,
    }
}

pub(super) fn type_words(module: &Module, ty: Handle<Type>) -> u32 {
    words(module, &module.types[ty].inner)
}

impl<'a> Lowerer<'a> {
    pub fn new(module: &'a Module, info: &'a ModuleInfo, memo: Memo, tables: Tables, lane: Row) -> Self {
        let mut b = Builder::new();
        let lane = b.storage(lane, false);
        Self {
            module,
            info,
            b,
            memo,
            cells: Vec::new(),
            variables: Vec::new(),
            memories: Vec::new(),
            mask: TRUE,
            lane,
            path: 0,
            stack: Vec::new(),
            local_rows: 0,
            local_rows_needed: 0,
            tables,
            clock: 0,
        }
    }

    pub fn here(&self) -> &Activation<'a> {
        self.stack.last().expect("inside a function")
    }

    pub fn here_mut(&mut self) -> &mut Activation<'a> {
        self.stack.last_mut().expect("inside a function")
    }

    pub fn refuse<T>(&self, what: &str) -> Lowered<T> {
        let function = self.stack.last().and_then(|a| a.function.name.clone()).unwrap_or_default();
        Err(Stop::Refused(Refusal { function, what: what.to_owned() }))
    }

    /// An operation on values, those in memory read first.
    pub fn op(&mut self, op: Op, args: &[Val]) -> Lowered<Val> {
        let mut real = [0; 4];
        for (to, from) in real.iter_mut().zip(args) {
            *to = self.real(*from)?;
        }
        Ok(self.b.op(op, &real[..args.len()]))
    }

    /// The words of a value.
    pub fn words_of(&mut self, value: &Value, count: u32) -> Lowered<Rc<[Val]>> {
        match value {
            Value::Words(words) => Ok(words.clone()),
            Value::Table(at) => {
                Ok((*at..*at + count).map(|i| self.b.constant(self.tables.words[i as usize])).collect())
            }
            Value::Place(_) => self.refuse("a pointer here"),
        }
    }

    /// The type of an expression of the current function.
    pub fn inner(&self, expression: Handle<Expression>) -> &'a TypeInner {
        self.here().info[expression].ty.inner_with(&self.module.types)
    }

    /// The words of an expression.
    pub fn get(&mut self, expression: Handle<Expression>) -> Lowered<Rc<[Val]>> {
        let value = self.value(expression)?;
        let count = words(self.module, self.inner(expression));
        self.words_of(&value, count)
    }

    /// The word of a scalar expression.
    pub fn scalar(&mut self, expression: Handle<Expression>) -> Lowered<Val> {
        let word = self.get(expression)?[0];
        self.real(word)
    }

    /// Lanes that have left the block by a jump.
    pub fn left(&mut self) -> Val {
        self.jumps().into_iter().fold(FALSE, |all, cell| self.b.op(Op::Or, &[all, self.cells[cell]]))
    }

    pub fn block(&mut self, block: &'a Block) -> Lowered<()> {
        let statements: Vec<&'a Statement> = block.iter().collect();
        self.statements(&statements)
    }

    pub fn statements(&mut self, statements: &[&'a Statement]) -> Lowered<()> {
        for (i, statement) in statements.iter().enumerate() {
            self.statement(statement)?;
            if matches!(statement, Statement::Emit(_) | Statement::Store { .. } | Statement::Call { .. }) {
                continue;
            }
            let left = self.left();
            match self.b.word(left) {
                Some(0) => {}
                Some(_) => return Ok(()),
                None => {
                    let rest = &statements[i + 1..];
                    if !rest.is_empty() {
                        let on = self.op(Op::Not, &[left])?;
                        self.branch(on, &mut |this| this.statements(rest), &mut |_| Ok(()))?;
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn statement(&mut self, statement: &'a Statement) -> Lowered<()> {
        match statement {
            Statement::Emit(range) => {
                for expression in range.clone() {
                    let value = self.evaluate(expression)?;
                    self.bind(expression, value)?;
                }
            }
            Statement::Block(block) => return self.block(block),
            Statement::If { condition, accept, reject } => {
                let condition = self.scalar(*condition)?;
                return self.branch(condition, &mut |this| this.block(accept), &mut |this| this.block(reject));
            }
            Statement::Switch { selector, cases } => return self.switch(*selector, cases),
            Statement::Loop { body, continuing, break_if } => {
                return self.repeat(statement, body, continuing, *break_if);
            }
            Statement::Break => {
                let cell = match self.here().targets.last() {
                    Some(Target::Loop { broke, .. }) => *broke,
                    Some(Target::Switch { left }) => *left,
                    None => return self.refuse("a break here"),
                };
                self.cells[cell] = TRUE;
            }
            Statement::Continue => {
                let cell = self.here().targets.iter().rev().find_map(|t| match t {
                    Target::Loop { continued, .. } => Some(*continued),
                    Target::Switch { .. } => None,
                });
                let Some(cell) = cell else { return self.refuse("a continue here") };
                self.cells[cell] = TRUE;
            }
            Statement::Return { value } => {
                let value = value.map(|v| self.value(v).map(|value| (v, value))).transpose()?;
                if let Some((expression, value)) = value {
                    match self.here().cells {
                        None => {
                            // The memory that it may lie in can change before it is used.
                            let count = words(self.module, self.inner(expression));
                            let kept = self.words_of(&value, count)?;
                            self.here_mut().result = Some(Value::Words(kept));
                        }
                        Some(first) => {
                            let count = words(self.module, self.inner(expression));
                            let all = self.words_of(&value, count)?;
                            for (i, word) in all.iter().enumerate() {
                                self.cells[first + i] = self.real(*word)?;
                            }
                        }
                    }
                }
                let cell = self.here().returned;
                self.cells[cell] = TRUE;
            }
            Statement::Store { pointer, value } => {
                let Value::Place(place) = self.value(*pointer)? else { return self.refuse("a store to a value") };
                let value = self.get(*value)?;
                self.store(&place, &value)?;
            }
            Statement::Call { function, arguments, result } => {
                let arguments = arguments.iter().map(|a| self.value(*a)).collect::<Lowered<Vec<_>>>()?;
                let path = self.path;
                self.path = hash(path, address(statement));
                let value = self.inline(*function, arguments)?;
                self.path = path;
                if let (Some(result), Some(value)) = (result, value) {
                    self.bind(*result, value)?;
                }
            }
            other => return self.refuse(&format!("statement {other:?}")),
        }
        Ok(())
    }

    /// Remembers the value of an expression.
    fn bind(&mut self, expression: Handle<Expression>, value: Value) -> Lowered<()> {
        if let Some(first) = self.here().hoisted.get(&expression).copied() {
            let count = words(self.module, self.inner(expression));
            for (i, word) in self.words_of(&value, count)?.iter().enumerate() {
                self.cells[first + i] = self.real(*word)?;
            }
        }
        self.here_mut().expressions.insert(expression, value);
        Ok(())
    }

    /// Writes a value to a row that outlives the program.
    pub fn output(&mut self, row: Row, value: Val) -> Lowered<()> {
        let value = self.real(value)?;
        let to = self.b.storage(row, false);
        if to != value {
            self.b.push(Inst::new(Op::Copy, to, &[value]));
        }
        Ok(())
    }

    /// True if the value is what the row held at the beginning.
    pub fn is_row(&self, value: Val, row: Row) -> bool {
        self.b.values[value as usize].def == Def::Storage(row)
    }
}

/// A row of the scratch space.
pub(super) fn scratch(row: u32) -> Row {
    Row { space: Space::Scratch, row }
}
