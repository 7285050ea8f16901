//! Branches, switches and jumps; loops are in `loops.rs`.
//!
//! Lanes that part run in frames: the instructions between an `Enter` and its `Leave` are for the lanes of a mask, which
//! the machine packs together where that pays. What a frame changes is merged into rows of the frame around it. Jumps set
//! cells; what follows a jump is a frame for the lanes that did not take it.

use naga::{Block, Expression, Handle, SwitchCase, SwitchValue};

use super::ir::{Def, FALSE, Inst, NONE, Val};
use super::lower::{Lowered, Lowerer, Target};
use super::op::Op;

/// Operations up to which both sides of a branch are computed for all lanes: less than what a frame costs.
const FLAT: usize = 10;
type Part<'p, 'l> = &'p mut dyn FnMut(&mut Lowerer<'l>) -> Lowered<()>;

impl<'a> Lowerer<'a> {
    /// The cells of the jumps of the current function.
    pub(super) fn jumps(&self) -> Vec<usize> {
        let Some(here) = self.stack.last() else { return Vec::new() };
        let mut cells = vec![here.returned];
        for target in &here.targets {
            match *target {
                Target::Loop { broke, continued } => cells.extend([broke, continued]),
                Target::Switch { left } => cells.push(left),
            }
        }
        cells
    }

    /// Lowers one side of a branch; gives its first instruction, the one behind it, and the cells after it.
    fn side(
        &mut self,
        mask: Val,
        before: &[Val],
        jumps: &[usize],
        part: Part<'_, 'a>,
    ) -> Lowered<(usize, usize, Vec<Val>)> {
        self.cells.clear();
        self.cells.extend_from_slice(before);
        for jump in jumps {
            self.cells[*jump] = FALSE;
        }
        let outer = std::mem::replace(&mut self.mask, mask);
        let first = self.b.insts.len();
        self.b.push(Inst::new(Op::Nop, NONE, &[]));
        self.b.open();
        part(self)?;
        self.b.close();
        self.b.push(Inst::new(Op::Nop, NONE, &[]));
        self.mask = outer;
        let mut after = std::mem::take(&mut self.cells);
        for jump in jumps {
            if after[*jump] == FALSE {
                after[*jump] = before[*jump];
            }
        }
        Ok((first, self.b.insts.len() - 1, after))
    }

    /// A branch on a condition.
    pub fn branch(&mut self, condition: Val, accept: Part<'_, 'a>, reject: Part<'_, 'a>) -> Lowered<()> {
        match self.b.word(condition) {
            Some(0) => return reject(self),
            Some(_) => return accept(self),
            None => {}
        }
        let uniform = self.b.is_uniform(condition);
        let not = self.op(Op::Not, &[condition])?;
        let masks = match uniform {
            true => [self.mask; 2],
            false => [self.op(Op::And, &[self.mask, condition])?, self.op(Op::And, &[self.mask, not])?],
        };
        let before = self.cells.clone();
        let jumps = self.jumps();
        let a = self.side(masks[0], &before, &jumps, accept)?;
        let b = self.side(masks[1], &before, &jumps, reject)?;
        self.cells = before;
        let changed: Vec<usize> =
            (0..self.cells.len()).filter(|&c| a.2[c] != self.cells[c] || b.2[c] != self.cells[c]).collect();
        if [&a, &b].iter().all(|(first, end, _)| self.is_flat(*first, *end)) {
            for cell in changed {
                self.cells[cell] = self.op(Op::Select, &[condition, a.2[cell], b.2[cell]])?;
            }
            return Ok(());
        }
        self.join([a, b], &changed, masks, uniform.then_some(condition))
    }

    /// True if the instructions in between are few and have no effects.
    fn is_flat(&self, first: usize, end: usize) -> bool {
        let insts = &self.b.insts[first..end];
        insts.len() <= FLAT + 1
            && insts.iter().all(|i| i.op == Op::Nop || i.op.is_pure() && i.dst != NONE && self.is_new(i))
    }

    /// True if the instruction's result is a value of its own, no row that something else writes too.
    fn is_new(&self, inst: &Inst) -> bool {
        inst.op != Op::Copy && self.b.values[inst.dst as usize].def == Def::Instruction
    }

    /// Makes frames, or uniform branches, of two sides, and joins their cells.
    fn join(
        &mut self,
        [a, b]: [(usize, usize, Vec<Val>); 2],
        changed: &[usize],
        masks: [Val; 2],
        uniform: Option<Val>,
    ) -> Lowered<()> {
        let (mut before, mut ends) = (Vec::new(), [Vec::new(), Vec::new()]);
        let old: Vec<Val> = self.cells.clone();
        let olds: Vec<Val> = changed.iter().map(|c| old[*c]).collect();
        let mut replaced: Vec<(Val, Val)> = Vec::new();
        for &cell in changed {
            let sides = [a.2[cell], b.2[cell]];
            let both = sides.iter().all(|v| *v != old[cell]);
            let same = uniform.is_some() && sides.iter().all(|v| self.b.is_uniform(*v));
            let joined = self.b.fresh(same);
            self.b.values[joined as usize].boolean = sides.iter().all(|v| self.b.values[*v as usize].boolean);
            let row = !self.b.is_uniform(old[cell]);
            if !both || row {
                before.push(Inst::new(Op::Copy, joined, &[old[cell]]));
                if row {
                    replaced.push((old[cell], joined));
                }
            }
            if uniform.is_none() && (!both || row) {
                self.b.keeps.insert(joined, old[cell]);
            }
            for (end, value) in ends.iter_mut().zip(sides) {
                if value == old[cell] {
                    continue;
                }
                // Another cell's old value may be overwritten before it is read.
                let mut value = value;
                if olds.contains(&value) && !self.b.is_uniform(value) {
                    let copy = self.b.fresh(false);
                    end.insert(0, Inst::new(Op::Copy, copy, &[value]));
                    value = copy;
                }
                let op = if uniform.is_some() { Op::Copy } else { Op::Merge };
                end.push(Inst::new(op, joined, &[value]));
            }
            self.cells[cell] = joined;
        }
        let empty =
            |(first, end, _): &(usize, usize, Vec<Val>), merges: &[Inst]| *end == *first + 1 && merges.is_empty();
        let (no_a, no_b) = (empty(&a, &ends[0]), empty(&b, &ends[1]));
        let marker = |op, args: &[Val]| Inst::new(op, NONE, args);
        let insts = &mut self.b.insts;
        match uniform {
            Some(condition) => {
                insts[a.0] = marker(Op::JumpUnless, &[condition]);
                insts[a.1] = if no_b { marker(Op::EndIf, &[]) } else { marker(Op::Jump, &[]) };
                if !no_b {
                    insts[b.1] = marker(Op::EndIf, &[]);
                }
            }
            None => {
                for ((side, none), mask) in [(&a, no_a), (&b, no_b)].into_iter().zip(masks) {
                    if !none {
                        insts[side.0] = marker(Op::Enter, &[mask]);
                        insts[side.1] = marker(Op::Leave, &[]);
                    }
                }
            }
        }
        let [end_a, end_b] = ends;
        insts.splice(b.1..b.1, end_b);
        insts.splice(a.1..a.1, end_a);
        // In the frames the joined row still holds the old value for their lanes.
        for inst in &mut insts[a.0..] {
            for arg in &mut inst.args {
                if let Some((_, joined)) = replaced.iter().find(|(old, _)| old == arg) {
                    *arg = *joined;
                }
            }
        }
        insts.splice(a.0..a.0, before);
        Ok(())
    }

    pub fn switch(&mut self, selector: Handle<Expression>, cases: &'a [SwitchCase]) -> Lowered<()> {
        let selector = self.scalar(selector)?;
        let left = self.cells.len();
        self.cells.push(FALSE);
        self.here_mut().targets.push(Target::Switch { left });
        // Selectors of one body: naga writes `case 1, 2` as a chain of empty cases that fall through.
        let mut groups: Vec<(Val, bool, &'a Block)> = Vec::new();
        let (mut here, mut default, mut any) = (FALSE, false, FALSE);
        for case in cases {
            match case.value {
                SwitchValue::Default => default = true,
                SwitchValue::I32(_) | SwitchValue::U32(_) => {
                    let number = match case.value {
                        SwitchValue::I32(v) => v as u32,
                        SwitchValue::U32(v) => v,
                        SwitchValue::Default => 0,
                    };
                    let number = self.b.constant(number);
                    let equal = self.op(Op::Equal, &[selector, number])?;
                    here = self.op(Op::Or, &[here, equal])?;
                    any = self.op(Op::Or, &[any, equal])?;
                }
            }
            if !case.fall_through {
                groups.push((here, default, &case.body));
                (here, default) = (FALSE, false);
            } else if !case.body.is_empty() {
                return self.refuse("fall-through between switch cases");
            }
        }
        let none = self.op(Op::Not, &[any])?;
        for (mut condition, default, body) in groups {
            if default {
                condition = self.op(Op::Or, &[condition, none])?;
            }
            self.branch(condition, &mut |this| this.block(body), &mut |_| Ok(()))?;
            self.cells[left] = FALSE;
        }
        self.here_mut().targets.pop();
        self.cells.truncate(left);
        Ok(())
    }
}
