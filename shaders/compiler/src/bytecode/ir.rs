//! Values and instructions while a program is lowered: built with constant folding and common subexpressions found.

use std::collections::HashMap;

use super::op::{Op, evaluate};

/// A value: a word per lane, or one for all.
pub(super) type Val = u32;
pub(super) const NONE: Val = u32::MAX;
/// The constants 0 and true, which every program has.
pub(super) const FALSE: Val = 0;
pub(super) const TRUE: Val = 1;

/// Rows that outlive a program, or that it is called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum Space {
    /// Rows of the machine: inputs, outputs, values, local arrays.
    Scratch,
    /// Rows of the block: episode, state.
    Block,
    /// The parameters in force.
    Params,
    /// The parameters of the next start.
    Pending,
}

/// A row of a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub space: Space,
    pub row: u32,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Def {
    Constant(u32),
    /// What the row holds when the program starts; as a destination the row itself.
    Storage(Row),
    /// A word of a memory, not read yet.
    Memory {
        memory: u32,
        word: u32,
        version: u32,
    },
    Instruction,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Info {
    pub def: Def,
    pub uniform: bool,
    /// No other value than 0 and all bits.
    pub boolean: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Inst {
    pub op: Op,
    pub dst: Val,
    pub args: [Val; 4],
    /// Row of a memory or word of the tables.
    pub extra: u32,
    pub space: Space,
    /// Rows, of those that work on several.
    pub count: u32,
    /// Where `CopyRows` copies from.
    pub from: Row,
}

impl Inst {
    pub fn new(op: Op, dst: Val, args: &[Val]) -> Self {
        let mut all = [NONE; 4];
        all[..args.len()].copy_from_slice(args);
        Self {
            op,
            dst,
            args: all,
            extra: 0,
            space: Space::Scratch,
            count: 0,
            from: Row { space: Space::Scratch, row: 0 },
        }
    }

    pub fn operands(&self) -> impl Iterator<Item = Val> + use<> {
        self.args.into_iter().filter(|a| *a != NONE)
    }
}

/// What a result follows from: operation, operands, and what else the instruction says.
type Key = (Op, [Val; 4], u32, u32);

/// Instructions under construction.
#[derive(Debug)]
pub(super) struct Builder {
    pub values: Vec<Info>,
    pub insts: Vec<Inst>,
    constants: HashMap<u32, Val>,
    storage: HashMap<Row, Val>,
    /// Known results, innermost region last: a value of a region that may be skipped is not known outside.
    known: Vec<HashMap<Key, Val>>,
    /// Values whose lanes outside the frame that made them are those of another value.
    pub keeps: HashMap<Val, Val>,
    /// Values that a loop changes from round to round.
    pub slots: Vec<Val>,
}

impl Builder {
    pub fn new() -> Self {
        let mut builder = Self {
            values: Vec::new(),
            insts: Vec::new(),
            constants: HashMap::new(),
            storage: HashMap::new(),
            known: vec![HashMap::new()],
            keeps: HashMap::new(),
            slots: Vec::new(),
        };
        builder.constant(0);
        builder.constant(u32::MAX);
        builder
    }

    pub fn constant(&mut self, word: u32) -> Val {
        let (values, boolean) = (&mut self.values, word == 0 || word == u32::MAX);
        *self.constants.entry(word).or_insert_with(|| {
            values.push(Info { def: Def::Constant(word), uniform: true, boolean });
            values.len() as Val - 1
        })
    }

    pub fn float(&mut self, value: f32) -> Val {
        self.constant(value.to_bits())
    }

    pub fn word(&self, value: Val) -> Option<u32> {
        match self.values.get(value as usize)?.def {
            Def::Constant(word) => Some(word),
            _ => None,
        }
    }

    pub fn is_uniform(&self, value: Val) -> bool {
        self.values[value as usize].uniform
    }

    pub fn storage(&mut self, row: Row, uniform: bool) -> Val {
        let values = &mut self.values;
        *self.storage.entry(row).or_insert_with(|| {
            values.push(Info { def: Def::Storage(row), uniform, boolean: false });
            values.len() as Val - 1
        })
    }

    pub fn fresh(&mut self, uniform: bool) -> Val {
        self.values.push(Info { def: Def::Instruction, uniform, boolean: false });
        self.values.len() as Val - 1
    }

    pub fn push(&mut self, inst: Inst) {
        self.insts.push(inst);
    }

    pub fn open(&mut self) {
        self.known.push(HashMap::new());
    }

    pub fn close(&mut self) {
        self.known.pop();
    }

    /// As `close`; what became known stays known.
    pub fn close_into(&mut self) {
        let inner = self.known.pop().expect("an open scope");
        self.known.last_mut().expect("the outermost scope").extend(inner);
    }

    /// What is needed to undo what was added since.
    pub fn mark(&self) -> (usize, usize) {
        (self.insts.len(), self.known.len())
    }

    /// Undoes; a scope must have been opened at the mark.
    pub fn undo(&mut self, (insts, known): (usize, usize)) {
        self.insts.truncate(insts);
        self.known.truncate(known);
    }

    /// The result of a pure operation.
    pub fn op(&mut self, op: Op, args: &[Val]) -> Val {
        let mut all = [NONE; 4];
        all[..args.len()].copy_from_slice(args);
        // Commutative integer operations in one order, so that equal ones are found and constants come last.
        let last = |b: &Self, v: Val| (b.word(v).is_some(), v);
        if matches!(
            op,
            Op::Add
                | Op::Mul
                | Op::And
                | Op::Or
                | Op::Xor
                | Op::UMin
                | Op::UMax
                | Op::IMin
                | Op::IMax
                | Op::MulHigh
                | Op::Equal
                | Op::NotEqual
        ) && last(self, all[0]) > last(self, all[1])
        {
            all.swap(0, 1);
        }
        let words = all.map(|a| if a == NONE { Some(0) } else { self.word(a) });
        if let [Some(a), Some(b), Some(c), Some(d)] = words
            && let Some(word) = evaluate(op, [a, b, c, d])
        {
            return self.constant(word);
        }
        if let Some(value) = self.simpler(op, all, words) {
            return value;
        }
        self.emit(op, all, 0, 0)
    }

    /// An instruction with a result, unless it is known already.
    pub fn emit(&mut self, op: Op, args: [Val; 4], extra: u32, version: u32) -> Val {
        let key = (op, args, extra, version);
        if let Some(value) = self.known.iter().rev().find_map(|scope| scope.get(&key)) {
            return *value;
        }
        let uniform = args.iter().all(|a| *a == NONE || self.is_uniform(*a));
        let boolean = match op {
            Op::FLess
            | Op::FLessEqual
            | Op::FEqual
            | Op::FNotEqual
            | Op::ULess
            | Op::ULessEqual
            | Op::ILess
            | Op::ILessEqual
            | Op::Equal
            | Op::NotEqual => true,
            Op::And | Op::Or | Op::Xor => self.is_boolean(args[0]) && self.is_boolean(args[1]),
            Op::Not => self.is_boolean(args[0]),
            Op::Select => self.is_boolean(args[1]) && self.is_boolean(args[2]),
            _ => false,
        };
        let value = self.fresh(uniform);
        self.values[value as usize].boolean = boolean;
        self.insts.push(Inst { extra, ..Inst::new(op, value, &args) });
        self.known.last_mut().expect("the outermost scope").insert(key, value);
        value
    }

    fn is_boolean(&self, value: Val) -> bool {
        self.values[value as usize].boolean
    }

    /// The definition of a value, if it is among the newest instructions and an operation.
    fn definition(&self, value: Val) -> Option<&Inst> {
        self.insts.iter().rev().take(16).find(|i| i.dst == value && i.op.is_pure() && i.op != Op::Copy)
    }

    /// Exact identities only; floats have few.
    fn simpler(&mut self, op: Op, args: [Val; 4], words: [Option<u32>; 4]) -> Option<Val> {
        let [a, b, c, _] = args;
        let [x, y, _, _] = words;
        const ALL: u32 = u32::MAX;
        match (op, x, y) {
            (Op::Add | Op::Or | Op::Xor | Op::UMax, _, Some(0))
            | (Op::Sub | Op::Shl | Op::ShrU | Op::ShrI, _, Some(0)) => Some(a),
            (Op::Mul | Op::UDiv, _, Some(1)) | (Op::And, _, Some(ALL)) | (Op::UMin, _, Some(ALL)) => Some(a),
            (Op::Mul | Op::And | Op::UMin | Op::MulHigh, _, Some(0)) | (Op::URem, _, Some(1)) => Some(FALSE),
            (Op::Or, _, Some(ALL)) => Some(TRUE),
            (Op::And | Op::Or | Op::UMin | Op::UMax | Op::IMin | Op::IMax, _, _) if a == b => Some(a),
            (Op::Xor | Op::Sub, _, _) if a == b => Some(FALSE),
            (Op::Equal | Op::ULessEqual | Op::ILessEqual, _, _) if a == b => Some(TRUE),
            (Op::NotEqual | Op::ULess | Op::ILess, _, _) if a == b => Some(FALSE),
            (Op::ULess, _, Some(0)) => Some(FALSE),
            (Op::Xor, _, Some(ALL)) => Some(self.op(Op::Not, &[a])),
            (Op::UDiv, _, Some(n)) if n.is_power_of_two() => {
                let shift = self.constant(n.trailing_zeros());
                Some(self.op(Op::ShrU, &[a, shift]))
            }
            (Op::URem, _, Some(n)) if n.is_power_of_two() => {
                let low = self.constant(n - 1);
                Some(self.op(Op::And, &[a, low]))
            }
            (Op::Not, _, _) => {
                let inst = *self.definition(a)?;
                match inst.op {
                    Op::Not => Some(inst.args[0]),
                    // Integers only: with NaN a float comparison and its opposite are both false.
                    Op::Equal => Some(self.op(Op::NotEqual, &inst.args[..2])),
                    Op::NotEqual => Some(self.op(Op::Equal, &inst.args[..2])),
                    Op::ULess => Some(self.op(Op::ULessEqual, &[inst.args[1], inst.args[0]])),
                    Op::ULessEqual => Some(self.op(Op::ULess, &[inst.args[1], inst.args[0]])),
                    Op::ILess => Some(self.op(Op::ILessEqual, &[inst.args[1], inst.args[0]])),
                    Op::ILessEqual => Some(self.op(Op::ILess, &[inst.args[1], inst.args[0]])),
                    Op::FEqual => Some(self.op(Op::FNotEqual, &inst.args[..2])),
                    Op::FNotEqual => Some(self.op(Op::FEqual, &inst.args[..2])),
                    _ => None,
                }
            }
            // A boolean as a number: `select(0, k, m) != 0` and the like.
            (Op::NotEqual, _, Some(0)) => {
                let inst = *self.definition(a)?;
                match (inst.op, self.word(inst.args[1]), self.word(inst.args[2])) {
                    (Op::Select, Some(k), Some(0)) if k != 0 => Some(inst.args[0]),
                    (Op::And, Some(k), _) if k != 0 && self.is_boolean(inst.args[0]) => Some(inst.args[0]),
                    _ => None,
                }
            }
            (Op::Select, Some(word), _) => Some(if word != 0 { b } else { c }),
            (Op::Select, _, _) if b == c => Some(b),
            (Op::Select, _, _) => {
                let (accept, reject) = (self.word(b), self.word(c));
                match (accept, reject) {
                    (Some(ALL), Some(0)) => Some(a),
                    (Some(0), Some(ALL)) => Some(self.op(Op::Not, &[a])),
                    (_, Some(0)) => Some(self.op(Op::And, &[a, b])),
                    (Some(ALL), _) => Some(self.op(Op::Or, &[a, c])),
                    (Some(0), _) => {
                        let not = self.op(Op::Not, &[a]);
                        Some(self.op(Op::And, &[not, c]))
                    }
                    _ => {
                        let inst = *self.definition(a)?;
                        (inst.op == Op::Not).then(|| self.op(Op::Select, &[inst.args[0], c, b]))
                    }
                }
            }
            (Op::Copy, _, _) => Some(a),
            _ => None,
        }
    }
}
