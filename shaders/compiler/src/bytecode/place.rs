//! Variables and places in them: cells, or rows of memory.

use naga::{Handle, Type, TypeInner};

use super::ir::{Def, FALSE, Inst, NONE, Row, Space, Val};
use super::lower::{Lowered, Lowerer, Stop, type_words, words};
use super::op::Op;

/// Words of an array that may be cells; longer ones are in memory from the start.
const MAX_CELLS: u32 = 64;
/// Words up to which an index that lanes differ in is a chain of selections.
const CHAIN: u32 = 8;
/// Equal or adjacent words from which on one instruction stores them.
const RUN: usize = 4;

/// A variable: its words in pieces, each an array that is no part of another, or a scalar or vector.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub id: u64,
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub first: u32,
    pub words: u32,
    pub at: At,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    /// The first cell.
    Cells(usize),
    /// Index of the memory.
    Memory(u32),
}

/// Rows that hold an array, lane by lane.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    pub row: Row,
    pub variable: u64,
    /// Another one after each store.
    pub version: u32,
}

/// Words of a variable: from `offset` on, or `index` words behind that.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub variable: usize,
    pub offset: u32,
    pub index: Option<Val>,
}

impl Place {
    pub fn new(variable: usize) -> Self {
        Self { variable, offset: 0, index: None }
    }
}

impl Lowerer<'_> {
    /// A new variable; its words are rows of a space, or nothing yet.
    pub fn declare(&mut self, id: u64, ty: Handle<Type>, rows: Option<(Row, bool)>) -> usize {
        let mut pieces = Vec::new();
        self.pieces(id, ty, 0, rows, &mut pieces);
        self.variables.push(Variable { id, pieces });
        self.variables.len() - 1
    }

    fn pieces(&mut self, id: u64, ty: Handle<Type>, first: u32, rows: Option<(Row, bool)>, out: &mut Vec<Piece>) {
        let module = self.module;
        let inner = &module.types[ty].inner;
        if let TypeInner::Struct { members, .. } = inner {
            let mut first = first;
            for member in members {
                self.pieces(id, member.ty, first, rows, out);
                first += type_words(module, member.ty);
            }
            return;
        }
        let count = words(module, inner);
        let array = matches!(inner, TypeInner::Array { .. });
        let memory = array && count > MAX_CELLS || self.memo.memory.contains(&(id, first));
        let row = rows.map(|(row, uniform)| (Row { row: row.row + first, ..row }, uniform));
        let at = if memory {
            let row = row.map_or_else(
                || {
                    let row = Row { space: Space::Scratch, row: LOCAL + self.local_rows };
                    self.local_rows += count;
                    row
                },
                |(row, _)| row,
            );
            let version = self.tick();
            self.memories.push(Memory { row, variable: id, version });
            At::Memory(self.memories.len() as u32 - 1)
        } else {
            let cell = self.cells.len();
            for i in 0..count {
                let value = match row {
                    Some((row, uniform)) => self.b.storage(Row { row: row.row + i, ..row }, uniform),
                    None => FALSE,
                };
                self.cells.push(value);
            }
            At::Cells(cell)
        };
        out.push(Piece { first, words: count, at });
    }

    /// Clears the memory of a new variable.
    pub fn zero_memory(&mut self, variable: usize) -> Lowered<()> {
        for piece in self.variables[variable].pieces.clone() {
            if let At::Memory(memory) = piece.at {
                self.fill(memory, 0, piece.words, FALSE);
            }
        }
        Ok(())
    }

    fn fill(&mut self, memory: u32, first: u32, count: u32, value: Val) {
        let (row, mask, lane) = (self.written(memory), self.mask, self.lane);
        let inst = Inst::new(Op::Fill, NONE, &[value, NONE, mask, lane]);
        self.b.push(Inst { extra: row.row + first, space: row.space, count, ..inst });
    }

    /// A number that no memory's version has had.
    pub fn tick(&mut self) -> u32 {
        self.clock += 1;
        self.clock
    }

    /// The rows of a memory that changes now.
    fn written(&mut self, memory: u32) -> Row {
        let version = self.tick();
        let memory = &mut self.memories[memory as usize];
        memory.version = version;
        memory.row
    }

    /// The value itself; a word in memory is read.
    pub fn real(&mut self, value: Val) -> Lowered<Val> {
        let Def::Memory { memory, word, version } = self.b.values[value as usize].def else { return Ok(value) };
        let Memory { row, variable, version: now } = self.memories[memory as usize];
        if version != now {
            self.memo.eager.insert(variable);
            return Err(Stop::Again);
        }
        Ok(self.gather(row, word, FALSE, version))
    }

    fn gather(&mut self, row: Row, word: u32, index: Val, version: u32) -> Val {
        let args = [index, self.lane, NONE, NONE];
        let before = self.b.insts.len();
        // The key of what is known needs the space too.
        let value = self.b.emit(Op::Gather, args, row.row + word, version << 2 | row.space as u32);
        if self.b.insts.len() > before {
            let inst = self.b.insts.last_mut().expect("just emitted");
            inst.space = row.space;
        }
        value
    }

    /// The piece that holds a word, and the word's number in it.
    fn piece(&self, variable: usize, word: u32) -> (Piece, u32) {
        let pieces = &self.variables[variable].pieces;
        let index = pieces.partition_point(|p| p.first <= word) - 1;
        (pieces[index].clone(), word - pieces[index].first)
    }

    /// Puts a piece into memory from the next attempt on.
    fn move_to_memory<T>(&mut self, variable: usize, piece: &Piece) -> Lowered<T> {
        self.memo.memory.insert((self.variables[variable].id, piece.first));
        self.memo.changed.clear();
        self.memo.stored.clear();
        Err(Stop::Again)
    }

    pub fn load(&mut self, place: &Place, count: u32) -> Lowered<Vec<Val>> {
        let mut out = Vec::with_capacity(count as usize);
        let eager = self.memo.eager.contains(&self.variables[place.variable].id);
        let mut word = 0;
        while word < count {
            let (piece, at) = self.piece(place.variable, place.offset + word);
            let end = count.min(word + piece.words - at);
            for i in 0..end - word {
                let value = match (piece.at, place.index) {
                    (At::Cells(cell), None) => self.cells[cell + (at + i) as usize],
                    (At::Memory(memory), None) => {
                        let version = self.memories[memory as usize].version;
                        let value = self.b.fresh(false);
                        self.b.values[value as usize].def = Def::Memory { memory, word: at + i, version };
                        if eager { self.real(value)? } else { value }
                    }
                    (At::Memory(memory), Some(index)) => {
                        let Memory { row, version, .. } = self.memories[memory as usize];
                        self.gather(row, at + i, index, version)
                    }
                    (At::Cells(cell), Some(index)) => {
                        if piece.words > CHAIN {
                            return self.move_to_memory(place.variable, &piece);
                        }
                        let mut value = self.cells[cell + piece.words as usize - 1];
                        for candidate in (at + i..piece.words - 1).rev() {
                            let number = self.b.constant(candidate - at - i);
                            let here = self.b.op(Op::Equal, &[index, number]);
                            value = self.b.op(Op::Select, &[here, self.cells[cell + candidate as usize], value]);
                        }
                        value
                    }
                };
                out.push(value);
            }
            word = end;
        }
        Ok(out)
    }

    pub fn store(&mut self, place: &Place, values: &[Val]) -> Lowered<()> {
        let count = values.len() as u32;
        let mut values = values.to_vec();
        // What is read from the memory that changes must be read before.
        let target = match self.piece(place.variable, place.offset).0.at {
            At::Memory(memory) => Some(memory),
            At::Cells(_) => None,
        };
        for i in 0..values.len() {
            let Def::Memory { memory, word, .. } = self.b.values[values[i] as usize].def else { continue };
            let follows = |j: usize, by: u32| match values.get(j).map(|v| self.b.values[*v as usize].def) {
                Some(Def::Memory { memory: other, word: w, .. }) => other == memory && w == by,
                _ => false,
            };
            let run = target != Some(memory)
                && place.index.is_none()
                && target.is_some()
                && (follows(i + 1, word + 1) || i > 0 && word > 0 && follows(i - 1, word - 1));
            if !run {
                values[i] = self.real(values[i])?;
            }
        }
        let mut word = 0;
        while word < count {
            let (piece, at) = self.piece(place.variable, place.offset + word);
            let end = count.min(word + piece.words - at);
            let part = &values[word as usize..end as usize];
            match (piece.at, place.index) {
                (At::Cells(cell), None) => {
                    for (i, value) in part.iter().enumerate() {
                        self.cells[cell + at as usize + i] = self.real(*value)?;
                    }
                }
                (At::Cells(cell), Some(index)) => {
                    if piece.words > CHAIN {
                        return self.move_to_memory(place.variable, &piece);
                    }
                    for (i, value) in part.iter().enumerate() {
                        let value = self.real(*value)?;
                        for candidate in at + i as u32..piece.words {
                            let number = self.b.constant(candidate - at - i as u32);
                            let here = self.b.op(Op::Equal, &[index, number]);
                            let cell = cell + candidate as usize;
                            self.cells[cell] = self.b.op(Op::Select, &[here, value, self.cells[cell]]);
                        }
                    }
                }
                (At::Memory(memory), index) => self.store_rows(memory, at, part, index.unwrap_or(FALSE))?,
            }
            word = end;
        }
        Ok(())
    }

    fn store_rows(&mut self, memory: u32, at: u32, values: &[Val], index: Val) -> Lowered<()> {
        let mut i = 0;
        while i < values.len() {
            let def = |v: usize| self.b.values[values[v] as usize].def;
            let mut run = 1;
            if let Def::Memory { memory: from, word, version } = def(i) {
                while i + run < values.len()
                    && def(i + run) == (Def::Memory { memory: from, word: word + run as u32, version })
                {
                    run += 1;
                }
                let Memory { row, version: now, variable } = self.memories[from as usize];
                if version != now {
                    self.memo.eager.insert(variable);
                    return Err(Stop::Again);
                }
                let (to, mask, lane) = (self.written(memory), self.mask, self.lane);
                let from = Row { row: row.row + word, ..row };
                let inst = Inst::new(Op::CopyRows, NONE, &[NONE, NONE, mask, lane]);
                self.b.push(Inst { extra: to.row + at + i as u32, space: to.space, count: run as u32, from, ..inst });
                i += run;
                continue;
            }
            while i + run < values.len() && values[i + run] == values[i] {
                run += 1;
            }
            if run >= RUN && index == FALSE {
                self.fill(memory, at + i as u32, run as u32, values[i]);
                i += run;
                continue;
            }
            let value = self.real(values[i])?;
            let (row, mask, lane) = (self.written(memory), self.mask, self.lane);
            let inst = Inst::new(Op::Scatter, NONE, &[index, value, mask, lane]);
            self.b.push(Inst { extra: row.row + at + i as u32, space: row.space, ..inst });
            i += 1;
        }
        Ok(())
    }

    /// The place that the words of a value lie in, if it is one memory from which they have not been read yet.
    pub fn same_place(&mut self, words: &[Val]) -> Option<Place> {
        let def = |i: usize| self.b.values[words[i] as usize].def;
        let Def::Memory { memory, word, version } = def(0) else { return None };
        let same = (1..words.len()).all(|i| def(i) == Def::Memory { memory, word: word + i as u32, version });
        if !same || self.memories[memory as usize].version != version {
            return None;
        }
        let variable = self.memories[memory as usize].variable;
        // A variable of its own for the memory, because the one that it is a piece of may be out of scope.
        let count = word + words.len() as u32;
        let piece = Piece { first: 0, words: count, at: At::Memory(memory) };
        self.variables.push(Variable { id: variable, pieces: vec![piece] });
        Some(Place { variable: self.variables.len() - 1, offset: word, index: None })
    }

    /// The place of an element, `size` words each, at a known or unknown index below `length`.
    pub fn element(&mut self, place: &Place, index: Val, length: u32, size: u32) -> Lowered<Place> {
        let last = self.b.constant(length - 1);
        let index = self.op(Op::UMin, &[index, last])?;
        if let Some(known) = self.b.word(index) {
            return Ok(Place { offset: place.offset + known * size, ..place.clone() });
        }
        let size = self.b.constant(size);
        let mut words = self.op(Op::Mul, &[index, size])?;
        if let Some(before) = place.index {
            words = self.op(Op::Add, &[before, words])?;
        }
        Ok(Place { index: Some(words), ..place.clone() })
    }

    /// Writes back what a variable with rows of its own holds now.
    pub fn write_back(&mut self, variable: usize, row: Row) -> Lowered<()> {
        let mut writes = Vec::new();
        for piece in self.variables[variable].pieces.clone() {
            if let At::Cells(cell) = piece.at {
                for i in 0..piece.words {
                    let row = Row { row: row.row + piece.first + i, ..row };
                    let value = self.cells[cell + i as usize];
                    if !self.is_row(value, row) {
                        writes.push((row, value));
                    }
                }
            }
        }
        // What another of these rows held at the beginning is copied first.
        for (_, value) in &mut writes {
            if matches!(self.b.values[*value as usize].def, Def::Storage(_)) {
                let copy = self.b.fresh(false);
                self.b.push(Inst::new(Op::Copy, copy, &[*value]));
                *value = copy;
            }
        }
        for (row, value) in writes {
            self.output(row, value)?;
        }
        Ok(())
    }
}

/// Local arrays are rows from here on until all other rows of the scratch space are known.
pub(super) const LOCAL: u32 = 1 << 24;
