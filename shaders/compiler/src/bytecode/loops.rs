//! Loops: written out where they are of known length and short, else as one.
//!
//! A loop that stays one has a slot for each cell that it changes. Which these are, whether lanes differ in them and whether
//! lanes leave one by one is found by lowering the loop until nothing new is learnt.

use std::collections::HashSet;

use naga::{Block, Expression, Handle, Statement, TypeInner};

use super::ir::{FALSE, Inst, NONE, Val};
use super::lower::{Lowered, Lowerer, Target, address, hash, words};
use super::op::Op;
use crate::lanes::{definitions, operand_uses, uses};

/// Rounds and instructions up to which a loop is unrolled.
const UNROLLED_ROUNDS: usize = 64;
const UNROLLED: usize = 768;

/// What is needed to take back an attempt.
struct Checkpoint {
    builder: (usize, usize),
    cells: Vec<Val>,
    versions: Vec<u32>,
    local_rows: u32,
    mask: Val,
    path: u64,
}

impl<'a> Lowerer<'a> {
    fn checkpoint(&mut self) -> Checkpoint {
        let builder = self.b.mark();
        self.b.open();
        Checkpoint {
            builder,
            cells: self.cells.clone(),
            versions: self.memories.iter().map(|m| m.version).collect(),
            local_rows: self.local_rows,
            mask: self.mask,
            path: self.path,
        }
    }

    fn take_back(&mut self, to: Checkpoint) {
        self.b.undo(to.builder);
        self.cells = to.cells;
        self.memories.truncate(to.versions.len());
        for (memory, version) in self.memories.iter_mut().zip(to.versions) {
            memory.version = version;
        }
        (self.local_rows, self.mask, self.path) = (to.local_rows, to.mask, to.path);
    }

    pub fn repeat(
        &mut self,
        statement: &'a Statement,
        body: &'a Block,
        continuing: &'a Block,
        break_if: Option<Handle<Expression>>,
    ) -> Lowered<()> {
        let key = hash(self.path, address(statement));
        let cells = self.cells.len();
        let (broke, continued) = (cells, cells + 1);
        self.cells.extend([FALSE, FALSE]);
        self.here_mut().targets.push(Target::Loop { broke, continued });
        let (mut bound, mut used) = (HashSet::new(), HashSet::new());
        definitions(body, &mut bound);
        let function = self.here().function;
        uses(function, continuing, &mut used);
        if let Some(condition) = break_if {
            operand_uses(function, condition, &mut used);
        }
        let mut hoisted: Vec<Handle<Expression>> = bound.intersection(&used).copied().collect();
        hoisted.retain(|e| !matches!(self.inner(*e), TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. }));
        hoisted.sort();
        for &expression in &hoisted {
            let (first, count) = (self.cells.len(), words(self.module, self.inner(expression)));
            self.cells.extend((0..count).map(|_| FALSE));
            self.here_mut().hoisted.insert(expression, first);
        }
        let path = self.path;
        if !self.unroll(key, broke, body, continuing, break_if)? {
            while !self.roll(key, broke, body, continuing, break_if)? {}
        }
        self.path = path;
        for expression in &hoisted {
            self.here_mut().hoisted.remove(expression);
        }
        self.here_mut().targets.pop();
        self.cells.truncate(cells);
        Ok(())
    }

    /// One round: the body, then for the lanes that are still in the loop the continuing block.
    fn round(
        &mut self,
        broke: usize,
        body: &'a Block,
        continuing: &'a Block,
        break_if: Option<Handle<Expression>>,
    ) -> Lowered<()> {
        (self.cells[broke], self.cells[broke + 1]) = (FALSE, FALSE);
        self.block(body)?;
        self.cells[broke + 1] = FALSE;
        let out = self.out(broke);
        let mut rest = |this: &mut Self| {
            this.block(continuing)?;
            if let Some(condition) = break_if {
                let condition = this.scalar(condition)?;
                this.cells[broke] = this.op(Op::Or, &[this.cells[broke], condition])?;
            }
            Ok(())
        };
        if continuing.is_empty() && break_if.is_none() {
            return Ok(());
        }
        let on = self.op(Op::Not, &[out])?;
        self.branch(on, &mut rest, &mut |_| Ok(()))
    }

    /// Lanes that have left the loop.
    fn out(&mut self, broke: usize) -> Val {
        let returned = self.here().returned;
        self.b.op(Op::Or, &[self.cells[broke], self.cells[returned]])
    }

    /// Writes a loop of few rounds out; false if it cannot be.
    fn unroll(
        &mut self,
        key: u64,
        broke: usize,
        body: &'a Block,
        continuing: &'a Block,
        break_if: Option<Handle<Expression>>,
    ) -> Lowered<bool> {
        if self.memo.rolled.contains(&key) {
            return Ok(false);
        }
        let before = self.checkpoint();
        let first = before.builder.0;
        for round in 0..=UNROLLED_ROUNDS {
            self.path = hash(key, round);
            self.round(broke, body, continuing, break_if)?;
            let out = self.out(broke);
            match self.b.word(out) {
                Some(0) if self.b.insts.len() - first <= UNROLLED => {}
                Some(0) | None => break,
                Some(_) => {
                    self.b.close_into();
                    self.path = before.path;
                    return Ok(true);
                }
            }
        }
        self.take_back(before);
        self.memo.rolled.insert(key);
        Ok(false)
    }

    /// Writes a loop as one, with what is known of the cells it changes; false if that was too little.
    fn roll(
        &mut self,
        key: u64,
        broke: usize,
        body: &'a Block,
        continuing: &'a Block,
        break_if: Option<Handle<Expression>>,
    ) -> Lowered<bool> {
        let start = self.checkpoint();
        let returned = self.here().returned;
        let divergent = self.memo.divergent.contains(&key);
        let slots = self.memo.changed.get(&key).cloned().unwrap_or_default();
        self.path = hash(key, "rolled");
        let mut rows = Vec::new();
        for &(cell, varying) in &slots {
            let slot = self.b.fresh(!varying);
            self.b.slots.push(slot);
            let value = self.real(self.cells[cell])?;
            self.b.push(Inst::new(Op::Copy, slot, &[value]));
            self.cells[cell] = if cell == returned { FALSE } else { slot };
            rows.push(slot);
        }
        let outer = self.mask;
        let live = self.b.fresh(false);
        self.b.slots.push(live);
        if divergent {
            self.b.push(Inst::new(Op::Copy, live, &[outer]));
            self.mask = live;
        }
        let stored = self.memo.stored.get(&key).cloned().unwrap_or_default();
        for memory in &stored {
            self.memories[*memory].version = self.tick();
        }
        let versions: Vec<u32> = self.memories.iter().map(|m| m.version).collect();
        self.b.push(Inst::new(Op::Loop, NONE, &[]));
        self.b.open();
        let heads = self.cells.clone();
        self.round(broke, body, continuing, break_if)?;
        let out = self.out(broke);
        self.b.close();
        self.mask = outer;

        // What was learnt in this round; if it is news, once more.
        let mut news = false;
        if !divergent && !self.b.is_uniform(out) {
            self.memo.divergent.insert(key);
            news = true;
        }
        let divergent = self.memo.divergent.contains(&key);
        for (memory, version) in versions.iter().enumerate() {
            if self.memories[memory].version != *version && !stored.contains(&memory) {
                self.memo.stored.entry(key).or_default().push(memory);
                news = true;
            }
        }
        let mut changed = slots.clone();
        for (cell, &head) in heads.iter().enumerate().take(broke) {
            let varying = divergent || !self.b.is_uniform(self.cells[cell]);
            match changed.iter_mut().find(|(c, _)| *c == cell) {
                Some((_, known)) if varying && !*known => (*known, news) = (true, true),
                None if self.cells[cell] != head => {
                    changed.push((cell, varying || !self.b.is_uniform(head)));
                    news = true;
                }
                _ => {}
            }
        }
        if news {
            self.memo.changed.insert(key, changed);
            self.take_back(start);
            return Ok(false);
        }

        let mut assigns = Vec::new();
        for (&(cell, _), &slot) in slots.iter().zip(&rows) {
            let mut end = self.cells[cell];
            if cell == returned && end == FALSE {
                end = slot;
            }
            let kept = std::iter::successors(Some(end), |v| self.b.keeps.get(v).copied()).any(|v| v == slot);
            if end != slot {
                if rows.contains(&end) {
                    let copy = self.b.fresh(self.b.is_uniform(end));
                    self.b.push(Inst::new(Op::Copy, copy, &[end]));
                    end = copy;
                }
                assigns.push(match divergent && !kept {
                    true => Inst::new(Op::Select, slot, &[live, end, slot]),
                    false => Inst::new(Op::Copy, slot, &[end]),
                });
            }
            self.cells[cell] = slot;
        }
        let on = self.op(Op::Not, &[out])?;
        self.b.insts.extend(assigns);
        if divergent {
            self.b.push(Inst::new(Op::And, live, &[live, on]));
            self.b.push(Inst::new(Op::EndLoop, NONE, &[live]));
        } else {
            self.b.push(Inst::new(Op::EndLoop, NONE, &[on]));
        }
        self.b.close();

        Ok(true)
    }
}
