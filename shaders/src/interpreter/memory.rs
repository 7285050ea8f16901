//! Frames, and memory at indices that differ from lane to lane.

use core::num::Wrapping as W;

use shadergym_compiler::bytecode::Instruction;

use super::machine::{Frame, Slot};
use super::run::{Run, at, mask, put};
use crate::lanes::{Lanes, blend, splat};

/// Moving one word costs about as much as this many hundredths of an instruction on one vector.
const WORD_COST: usize = 70;

impl<S: Lanes> Run<'_, S> {
    /// The word of a lane of an operand.
    ///
    /// # Safety
    /// The frame has the lane.
    #[inline(always)]
    unsafe fn lane(slot: Slot, lane: usize) -> u32 {
        // SAFETY: the caller's promise.
        unsafe { *slot.at.add(lane * slot.step) }
    }

    /// # Safety
    /// The instruction's operands and memory are valid; indices are within the memory.
    #[inline(always)]
    pub(super) unsafe fn gather(&self, i: &Instruction) {
        let base = self.base(i.space, i.extra);
        let (to, index, lane) = (self.slot(i.dst).at, self.slot(i.args[0]), self.slot(i.args[1]));
        let words = if i.uniform { S::WIDTH } else { self.vectors * S::WIDTH };
        // SAFETY: the caller's promise; lanes are below the width of a row.
        unsafe {
            if index.step == 0 && !self.moved {
                let row = base.add(*index.at as usize * self.pitch);
                to.copy_from_nonoverlapping(row, words);
                return;
            }
            let (s, pitch): (S, S::U) = (self.s, splat(self.s, W(self.pitch as u32)));
            for k in (0..words).step_by(S::WIDTH) {
                let (index, lane) = (at(s, index.at.add(k * index.step)), at(s, lane.at.add(k * lane.step)));
                put(s, s.gather_words(base, pitch * index + lane), to.add(k));
            }
        }
    }

    /// # Safety
    /// As for `gather`.
    #[inline(always)]
    pub(super) unsafe fn scatter(&self, i: &Instruction) {
        let base = self.base(i.space, i.extra);
        let [index, value, on, lane] = i.args.map(|a| self.slot(a));
        // SAFETY: as for `gather`.
        unsafe {
            if index.step == 0 && !self.moved {
                let row = base.add(*index.at as usize * self.pitch);
                self.store_row(row, value, on);
                return;
            }
            for k in 0..self.lanes {
                if Self::lane(on, k) != 0 {
                    let (index, lane) = (Self::lane(index, k) as usize, Self::lane(lane, k) as usize);
                    *base.add(index * self.pitch + lane) = Self::lane(value, k);
                }
            }
        }
    }

    /// Stores a value in a row where the mask is set.
    ///
    /// # Safety
    /// As for `gather`; no frame is packed.
    #[inline(always)]
    unsafe fn store_row(&self, row: *mut u32, value: Slot, on: Slot) {
        let s = self.s;
        for v in 0..self.vectors {
            // SAFETY: the caller's promise.
            unsafe {
                let to = row.add(v * S::WIDTH);
                let on = mask(s, at(s, on.at.add(v * on.step * S::WIDTH)));
                let value = at(s, value.at.add(v * value.step * S::WIDTH));
                put(s, blend(s, on, value, at(s, to)), to);
            }
        }
    }

    /// # Safety
    /// As for `gather`.
    #[inline(always)]
    pub(super) unsafe fn fill(&self, i: &Instruction) {
        let [value, _, on, lane] = i.args.map(|a| self.slot(a));
        for row in 0..i.count {
            let row = self.base(i.space, i.extra + row);
            // SAFETY: as for `gather`.
            unsafe { self.store_lanes(row, value, on, lane) };
        }
    }

    /// # Safety
    /// As for `gather`.
    #[inline(always)]
    pub(super) unsafe fn copy_rows(&self, i: &Instruction) {
        let [_, _, on, lane] = i.args.map(|a| self.slot(a));
        for row in 0..i.count {
            let (to, from) = (self.base(i.space, i.extra + row), self.base(i.from_space, i.from + row));
            // SAFETY: as for `gather`.
            unsafe {
                if !self.moved {
                    self.store_row(to, Slot { at: from, step: 1 }, on);
                    continue;
                }
                for k in 0..self.lanes {
                    if Self::lane(on, k) != 0 {
                        let lane = Self::lane(lane, k) as usize;
                        *to.add(lane) = *from.add(lane);
                    }
                }
            }
        }
    }

    /// # Safety
    /// As for `gather`.
    #[inline(always)]
    unsafe fn store_lanes(&self, row: *mut u32, value: Slot, on: Slot, lane: Slot) {
        // SAFETY: as for `gather`.
        unsafe {
            if !self.moved {
                self.store_row(row, value, on);
                return;
            }
            for k in 0..self.lanes {
                if Self::lane(on, k) != 0 {
                    *row.add(Self::lane(lane, k) as usize) = Self::lane(value, k);
                }
            }
        }
    }

    /// # Safety
    /// As for `gather`.
    #[inline(always)]
    pub(super) unsafe fn table(&self, i: &Instruction) {
        let (to, index) = (self.slot(i.dst).at, self.slot(i.args[0]));
        let table = self.tables[i.extra as usize..].as_ptr();
        for k in (0..if i.uniform { S::WIDTH } else { self.vectors * S::WIDTH }).step_by(S::WIDTH) {
            // SAFETY: as for `gather`; the program keeps indices within the table.
            unsafe { put(self.s, self.s.gather_words(table, at(self.s, index.at.add(k * index.step))), to.add(k)) };
        }
    }

    /// Begins a frame; false if no lane is in it.
    ///
    /// # Safety
    /// The mask is an operand.
    #[inline(always)]
    pub(super) unsafe fn enter(&mut self, i: &Instruction) -> bool {
        let on = self.slot(i.args[0]);
        let mut bits = [0u64; super::MAX_WIDTH];
        let mut count = 0;
        for (v, bits) in bits[..self.vectors].iter_mut().enumerate() {
            // SAFETY: an operand has the vectors of the frame.
            *bits = unsafe { self.bits(on, v) };
            count += bits.count_ones() as usize;
        }
        if count == 0 {
            return false;
        }
        let packed_vectors = count.div_ceil(S::WIDTH);
        let saved = i.count as usize * (self.vectors - packed_vectors);
        let packed = i.from as usize * count * WORD_COST < saved * 100;
        if self.frames.len() == self.depth {
            self.frames.push(Frame::default());
        }
        let frame = &mut self.frames[self.depth];
        frame.outer = (self.lanes, self.vectors, self.moved);
        frame.packed = packed;
        frame.full = count == self.lanes;
        (frame.mask, frame.mask_step) = (on.at, on.step);
        if packed {
            frame.from.clear();
            for (v, bits) in bits[..self.vectors].iter().enumerate() {
                let mut bits = *bits;
                while bits != 0 {
                    frame.from.push((v * S::WIDTH) as u16 + bits.trailing_zeros() as u16);
                    bits &= bits - 1;
                }
            }
            // The last vector is filled up with its last lane.
            let last = frame.from[count - 1];
            frame.from.resize(packed_vectors * S::WIDTH, last);
            (self.lanes, self.vectors, self.moved) = (count, packed_vectors, true);
        }
        self.depth += 1;
        true
    }

    #[inline(always)]
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
        (self.lanes, self.vectors, self.moved) = self.frames[self.depth].outer;
    }

    /// # Safety
    /// The operand is of the frame around this one.
    #[inline(always)]
    pub(super) unsafe fn carry_in(&mut self, i: &Instruction) {
        let from = self.slot(i.args[0]);
        let frame = &self.frames[self.depth - 1];
        if !frame.packed {
            self.slots[i.dst as usize] = from;
            return;
        }
        // SAFETY: the row is that of the program; places of packed lanes are below the width.
        unsafe {
            let to = self.spaces[0].add(i.extra as usize * self.pitch);
            for (k, lane) in frame.from.iter().enumerate() {
                *to.add(k) = *from.at.add(usize::from(*lane) * from.step);
            }
            self.slots[i.dst as usize] = Slot { at: to, step: 1 };
        }
    }

    /// # Safety
    /// The row written is of the frame around this one.
    #[inline(always)]
    pub(super) unsafe fn merge(&self, i: &Instruction) {
        let (s, to, value) = (self.s, self.slot(i.dst).at, self.slot(i.args[0]));
        let frame = &self.frames[self.depth - 1];
        // SAFETY: as in `carry_in`; a row has the vectors of its frame.
        unsafe {
            if frame.packed {
                for (k, lane) in frame.from[..self.lanes].iter().enumerate() {
                    *to.add(usize::from(*lane)) = Self::lane(value, k);
                }
                return;
            }
            for v in 0..self.vectors {
                let to = to.add(v * S::WIDTH);
                let new = at(s, value.at.add(v * value.step * S::WIDTH));
                let on = mask(s, at(s, frame.mask.add(v * frame.mask_step * S::WIDTH)));
                put(s, if frame.full { new } else { blend(s, on, new, at(s, to)) }, to);
            }
        }
    }
}
