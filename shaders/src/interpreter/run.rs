//! A program on its way: the loop over the instructions, each of which is a loop over the vectors of a row.

use core::num::Wrapping as W;

use shadergym_compiler::bytecode::{Instruction, Op, Space};

use super::machine::{EndlessLoop, Frame, MAX_ROUNDS, Slot};
use crate::lanes::{Float, Int, Lanes, Mask, Signed, Uint, blend, splat};

/// A program on its way.
pub(super) struct Run<'a, S: Lanes> {
    pub s: S,
    pub slots: &'a mut [Slot],
    pub spaces: [*mut u32; 4],
    pub pitch: usize,
    pub tables: &'a [u32],
    pub frames: &'a mut Vec<Frame>,
    pub depth: usize,
    pub lanes: usize,
    pub vectors: usize,
    pub moved: bool,
    pub rounds: u32,
}

/// A vector at a pointer.
///
/// # Safety
/// Valid for a vector.
#[inline(always)]
pub(super) unsafe fn at<S: Lanes>(s: S, from: *const u32) -> S::U {
    // SAFETY: the caller's promise.
    s.load(unsafe { std::slice::from_raw_parts(from, S::WIDTH) })
}

/// # Safety
/// Valid for a vector.
#[inline(always)]
pub(super) unsafe fn put<S: Lanes>(s: S, value: S::U, to: *mut u32) {
    // SAFETY: the caller's promise.
    s.store(value, unsafe { std::slice::from_raw_parts_mut(to, S::WIDTH) });
}

#[inline(always)]
pub(super) fn mask<S: Lanes>(s: S, words: S::U) -> S::M {
    Int::less(Uint::to_i(words), splat(s, W(0)))
}

#[inline(always)]
fn word<S: Lanes>(s: S, mask: S::M) -> S::U {
    blend(s, mask, splat(s, W(u32::MAX)), splat(s, W(0)))
}

impl<S: Lanes> Run<'_, S> {
    #[inline(always)]
    pub(super) fn slot(&self, operand: u32) -> Slot {
        debug_assert!((operand as usize) < self.slots.len());
        // SAFETY: the numbers of a program's operands are below their count.
        unsafe { *self.slots.get_unchecked(operand as usize) }
    }

    /// Applies `f` to every vector of the operands.
    #[inline(always)]
    fn each<const N: usize>(&self, i: &Instruction, f: impl Fn([S::U; N]) -> S::U) {
        let count = if i.uniform { 1 } else { self.vectors };
        let mut to = self.slot(i.dst).at;
        let slots: [Slot; N] = core::array::from_fn(|k| self.slot(i.args[k]));
        let mut from = slots.map(|s| s.at.cast_const());
        let step = slots.map(|s| s.step * S::WIDTH);
        for _ in 0..count {
            // SAFETY: an operand has as many vectors as the frame, or one where its step is 0.
            unsafe {
                let values = from.map(
                    #[inline(always)]
                    |p| at(self.s, p),
                );
                put(self.s, f(values), to);
                to = to.add(S::WIDTH);
                for k in 0..N {
                    from[k] = from[k].add(step[k]);
                }
            }
        }
    }

    #[inline(always)]
    fn float<const N: usize>(&self, i: &Instruction, f: impl Fn([S::F; N]) -> S::F) {
        self.each(
            i,
            #[inline(always)]
            |v: [S::U; N]| {
                f(v.map(
                    #[inline(always)]
                    |v| v.bits_f(),
                ))
                .bits_u()
            },
        );
    }

    #[inline(always)]
    fn compare(&self, i: &Instruction, f: impl Fn([S::F; 2]) -> S::M) {
        let s = self.s;
        self.each(
            i,
            #[inline(always)]
            |[a, b]| word(s, f([a.bits_f(), b.bits_f()])),
        );
    }

    #[inline(always)]
    fn signed<const N: usize>(&self, i: &Instruction, f: impl Fn([S::I; N]) -> S::I) {
        self.each(
            i,
            #[inline(always)]
            |v: [S::U; N]| {
                f(v.map(
                    #[inline(always)]
                    |v| Uint::to_i(v),
                ))
                .to_u()
            },
        );
    }

    /// A shift, by one amount where all lanes share it.
    #[inline(always)]
    fn shift<const N: usize>(
        &self,
        i: &Instruction,
        one: impl Fn([S::U; N], W<u32>) -> S::U,
        each: impl Fn([S::U; N]) -> S::U,
    ) {
        let amount = self.slot(i.args[1]);
        if amount.step == 0 {
            // SAFETY: a word is there.
            let amount = W(unsafe { *amount.at });
            self.each(
                i,
                #[inline(always)]
                |v: [S::U; N]| one(v, amount),
            );
        } else {
            self.each(i, each);
        }
    }

    /// # Safety
    /// Operands, spaces and tables must be valid for the program.
    #[inline(always)]
    pub(super) unsafe fn execute(&mut self, code: &[Instruction]) -> Result<(), EndlessLoop> {
        let s = self.s;
        let mut pc = 0;
        while let Some(i) = code.get(pc) {
            pc += 1;
            // An operation on the vectors of the operands.
            macro_rules! on {
                ($how:ident: $($v:ident)+ => $result:expr) => { self.$how(i, #[inline(always)] |[$($v),+]| $result) };
            }
            // A shift of the first operand by the second, and what follows.
            macro_rules! shift {
                ($a:ident $c:ident, $by:ident, $each:ident => $result:expr) => {
                    self.shift(
                        i,
                        #[inline(always)]
                        |[$a, _, $c], n| {
                            let $a = $a.$by(n);
                            $result
                        },
                        #[inline(always)]
                        |[$a, b, $c]| {
                            let $a = $a.$each(b);
                            $result
                        },
                    )
                };
            }
            match i.op {
                Op::FAdd => on!(float: a b => a + b),
                Op::FSub => on!(float: a b => a - b),
                Op::FMul => on!(float: a b => a * b),
                Op::FDiv => on!(float: a b => a / b),
                Op::FNeg => on!(float: a => -a),
                Op::FAbs => on!(float: a => a.magnitude()),
                Op::FMin => on!(float: a b => a.lower_of(b)),
                Op::FMax => on!(float: a b => a.higher_of(b)),
                Op::FFloor => on!(float: a => a.round_down()),
                Op::FCeil => on!(float: a => a.round_up()),
                Op::FTrunc => on!(float: a => a.round_to_zero()),
                Op::FRound => on!(float: a => a.round_nearest()),
                Op::FSqrt => on!(float: a => a.root()),
                Op::FSign => on!(float: a => a.sign_of()),
                Op::FMulAdd => on!(float: a b c => a * b + c),
                Op::FMulSub => on!(float: a b c => a * b - c),
                Op::FSubMul => on!(float: a b c => c - a * b),
                Op::FAddMul => on!(float: a b c => (a + b) * c),
                Op::FSubTimes => on!(float: a b c => (a - b) * c),
                Op::FMulMul => on!(float: a b c => a * b * c),
                Op::FAddAdd => on!(float: a b c => a + b + c),
                Op::FLess => on!(compare: a b => a.less(b)),
                Op::FLessEqual => on!(compare: a b => a.less_equal(b)),
                Op::FEqual => on!(compare: a b => a.same(b)),
                Op::FNotEqual => on!(compare: a b => a.differs(b)),
                Op::FToU => on!(each: a => a.bits_f().to_u()),
                Op::FToI => on!(each: a => a.bits_f().to_i().to_u()),
                Op::UToF => on!(each: a => a.to_f().bits_u()),
                Op::IToF => on!(each: a => Signed::to_f(Uint::to_i(a)).bits_u()),
                Op::Add => on!(each: a b => a + b),
                Op::Sub => on!(each: a b => a - b),
                Op::Mul => on!(each: a b => a * b),
                Op::MulHigh => on!(each: a b => a.mul_high(b)),
                Op::UDiv => on!(each: a b => a.quotient(b)),
                Op::URem => on!(each: a b => a.remainder(b)),
                Op::IDiv => on!(signed: a b => a.quotient(b)),
                Op::IRem => on!(signed: a b => a.remainder(b)),
                Op::And => on!(each: a b => a & b),
                Op::Or => on!(each: a b => a | b),
                Op::Xor => on!(each: a b => a ^ b),
                Op::Not => on!(each: a => !a),
                Op::UMin => on!(each: a b => a.lower_of(b)),
                Op::UMax => on!(each: a b => a.higher_of(b)),
                Op::IMin => on!(signed: a b => a.lower_of(b)),
                Op::IMax => on!(signed: a b => a.higher_of(b)),
                Op::ULess => on!(each: a b => word(s, a.less(b))),
                Op::ULessEqual => on!(each: a b => word(s, a.less_equal(b))),
                Op::ILess => on!(each: a b => word(s, Int::less(Uint::to_i(a), Uint::to_i(b)))),
                Op::ILessEqual => on!(each: a b => word(s, Int::less_equal(Uint::to_i(a), Uint::to_i(b)))),
                Op::Equal => on!(each: a b => word(s, a.same(b))),
                Op::NotEqual => on!(each: a b => word(s, a.differs(b))),
                Op::IAbs => on!(signed: a => a.magnitude()),
                Op::ISign => on!(signed: a => a.sign_of()),
                Op::CountOnes => on!(each: a => a.bit_count()),
                Op::LeadingZeros => on!(each: a => a.zeros_above()),
                Op::TrailingZeros => on!(each: a => a.zeros_below()),
                Op::ReverseBits => on!(each: a => a.bits_reversed()),
                Op::Select => on!(each: a b c => blend(s, mask(s, a), b, c)),
                Op::Copy => on!(each: a => a),
                Op::MulAdd => on!(each: a b c => a * b + c),
                Op::AddAdd => on!(each: a b c => a + b + c),
                Op::FLessSelect => on!(each: a b c d => blend(s, a.bits_f().less(b.bits_f()), c, d)),
                Op::FLessEqualSelect => on!(each: a b c d => blend(s, a.bits_f().less_equal(b.bits_f()), c, d)),
                Op::ULessSelect => on!(each: a b c d => blend(s, a.less(b), c, d)),
                Op::EqualSelect => on!(each: a b c d => blend(s, a.same(b), c, d)),
                Op::Shl => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _], n| a.shift_left_by(n),
                    #[inline(always)]
                    |[a, b]| a.shift_left(b),
                ),
                Op::ShrU => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _], n| a.shift_right_by(n),
                    #[inline(always)]
                    |[a, b]| a.shift_right(b),
                ),
                Op::ShrI => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _], n| Uint::to_i(a).shift_right_by(n).to_u(),
                    #[inline(always)]
                    |[a, b]| Uint::to_i(a).shift_right(b).to_u(),
                ),
                Op::ShlOr => shift!(a c, shift_left_by, shift_left => a | c),
                Op::ShrXor => shift!(a c, shift_right_by, shift_right => a ^ c),
                Op::ShrOr => shift!(a c, shift_right_by, shift_right => a | c),
                Op::ShrAnd => shift!(a c, shift_right_by, shift_right => a & c),
                Op::Gather | Op::Scatter | Op::Fill | Op::CopyRows | Op::Table | Op::In | Op::Merge => {
                    // SAFETY: the caller's promise is that of each of them.
                    unsafe {
                        match i.op {
                            Op::Gather => self.gather(i),
                            Op::Scatter => self.scatter(i),
                            Op::Fill => self.fill(i),
                            Op::CopyRows => self.copy_rows(i),
                            Op::Table => self.table(i),
                            Op::In => self.carry_in(i),
                            _ => self.merge(i),
                        }
                    }
                }
                Op::Enter => {
                    // SAFETY: the mask is an operand.
                    if !unsafe { self.enter(i) } {
                        pc = i.extra as usize;
                    }
                }
                Op::Leave => self.leave(),
                Op::JumpUnless => {
                    // SAFETY: an operand has a word.
                    if unsafe { *self.slot(i.args[0]).at } == 0 {
                        pc = i.extra as usize;
                    }
                }
                Op::Jump => pc = i.extra as usize,
                Op::EndLoop => {
                    self.rounds += 1;
                    if self.rounds > MAX_ROUNDS {
                        self.depth = 0;
                        return Err(EndlessLoop);
                    }
                    let on = self.slot(i.args[0]);
                    let any = match on.step {
                        // SAFETY: an operand has a word.
                        0 => unsafe { *on.at != 0 },
                        _ => (0..self.vectors).any(
                            #[inline(always)]
                            // SAFETY: an operand whose step is not 0 has as many vectors as the frame.
                            |v| unsafe { self.bits(on, v) } != 0,
                        ),
                    };
                    if any {
                        pc = i.extra as usize;
                    }
                }
                Op::Loop | Op::EndIf | Op::Nop => {}
            }
        }
        Ok(())
    }

    /// Bits of a vector of a mask, one for each of the frame's lanes. Those that fill up the last vector of packed lanes
    /// are left out: they do not follow what frames inside merge.
    ///
    /// # Safety
    /// An operand with such a vector.
    #[inline(always)]
    pub(super) unsafe fn bits(&self, on: Slot, v: usize) -> u64 {
        // SAFETY: the caller's promise.
        let bits = mask(self.s, unsafe { at(self.s, on.at.add(v * on.step * S::WIDTH)) }).to_bits();
        let here = self.lanes - (v * S::WIDTH).min(self.lanes);
        if here < S::WIDTH { bits & ((1 << here) - 1) } else { bits }
    }

    pub(super) fn base(&self, space: Space, row: u32) -> *mut u32 {
        // SAFETY: the spaces have the rows of the program's memories.
        unsafe { self.spaces[space as usize].add(row as usize * self.pitch) }
    }
}
