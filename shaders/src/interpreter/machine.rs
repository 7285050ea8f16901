//! Runs programs on blocks: every instruction is a loop over the vectors of a row.
//!
//! The lanes of a frame are either all lanes of the frame around it, of which the mask tells which count, or those of the
//! mask alone, packed to the front of rows of their own. Packing is chosen where the rows to move are less work than the
//! vectors saved.

use core::num::Wrapping as W;
use std::sync::Arc;

use shadergym_compiler::bytecode::{Bytecode, Instruction, Op, Operand, Program, Space};

use crate::lanes::{Float, Int, Lanes, Mask, Signed, Uint, blend, splat};

/// Words of the widest vector; rows are whole numbers of it, uniform words fill one.
pub(super) const LINE: usize = 16;
/// Rounds that the loops of one program may make in one step: far beyond any environment, a second or so.
pub const MAX_ROUNDS: u32 = 1 << 20;

/// A loop that made [`MAX_ROUNDS`] rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndlessLoop;

/// Words aligned to the widest vector.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u32; LINE]);

/// Memory in lines.
#[derive(Debug)]
pub(super) struct Memory(Vec<Line>);

impl Memory {
    pub fn new(words: usize) -> Self {
        Self(vec![Line([0; LINE]); words.div_ceil(LINE)])
    }

    pub fn as_mut_ptr(&mut self) -> *mut u32 {
        self.0.as_mut_ptr().cast()
    }
}

/// Where an operand is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub at: *mut u32,
    /// 1, or 0 where all lanes share a word.
    pub step: usize,
}

/// A program with its operands in place.
#[derive(Debug)]
struct Loaded {
    slots: Vec<Slot>,
    /// Operands that move from block to block: slot, space, row.
    moving: Vec<(usize, Space, usize)>,
    /// Uniform words and constants, a line each.
    _lines: Memory,
}

/// The lanes of a mask.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Lanes and vectors of the frame around, and whether lanes are not where they belong there.
    pub outer: (usize, usize, bool),
    /// These lanes are packed.
    pub packed: bool,
    /// All lanes of the frame around.
    pub full: bool,
    /// Those of the frame around that count.
    pub mask: *const u32,
    pub mask_step: usize,
    /// Where packed lanes come from.
    pub from: Vec<u16>,
}

impl Default for Frame {
    fn default() -> Self {
        let mask = std::ptr::null();
        Self { outer: (0, 0, false), packed: false, full: false, mask, mask_step: 0, from: Vec::new() }
    }
}

/// Numbers of the programs of a [`Bytecode`].
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the names of the programs")]
pub(super) enum Which {
    Seed,
    Start,
    RandomActions,
    Advance,
    Observe,
    ActionMask,
    Pixel,
}

/// The machine of one thread.
#[derive(Debug)]
pub(super) struct Machine {
    pub code: Arc<Bytecode>,
    /// Instances of a block.
    pub width: usize,
    scratch: Memory,
    loaded: Vec<Loaded>,
    spaces: [*mut u32; 4],
    frames: Vec<Frame>,
}

// SAFETY: the pointers are to memory that the machine owns, or to blocks that `bind` was given for the calls after it.
unsafe impl Send for Machine {}

fn programs(code: &Bytecode) -> [Option<&Program>; 7] {
    [
        Some(&code.seed),
        Some(&code.start),
        Some(&code.random_actions),
        Some(&code.advance),
        Some(&code.observe),
        Some(&code.action_mask),
        code.pixel.as_ref(),
    ]
}

impl Machine {
    /// A machine for blocks of `width` instances, a multiple of [`LINE`].
    pub fn new(code: Arc<Bytecode>, width: usize) -> Self {
        assert!(width.is_multiple_of(LINE));
        let mut scratch = Memory::new(code.scratch_rows() as usize * width);
        let base = scratch.as_mut_ptr();
        let loaded = programs(&code).map(|p| p.map(|p| load(p, base, width))).into_iter().flatten().collect();
        let mut machine = Self { code, width, scratch, loaded, spaces: [std::ptr::null_mut(); 4], frames: Vec::new() };
        let lane = machine.code.rows.lane;
        for (i, word) in machine.row_mut(lane).iter_mut().enumerate() {
            *word = i as u32;
        }
        machine
    }

    /// A row of the scratch space.
    pub fn row_mut(&mut self, row: u32) -> &mut [u32] {
        let width = self.width;
        // SAFETY: the scratch space has this row, and nothing else refers to it between two calls.
        unsafe { std::slice::from_raw_parts_mut(self.scratch.as_mut_ptr().add(row as usize * width), width) }
    }

    /// A row of the scratch space.
    pub fn row(&self, row: u32) -> &[u32] {
        let first = row as usize * self.width;
        // SAFETY: as for `row_mut`; a line is its words.
        unsafe { std::slice::from_raw_parts(self.scratch.0.as_ptr().cast::<u32>().add(first), self.width) }
    }

    /// Puts the machine before a block.
    ///
    /// # Safety
    /// Until the next call the pointers must be valid for the rows of the spaces, which nothing else may use; `params`
    /// and `pending` may be one.
    pub unsafe fn bind(&mut self, block: *mut u32, params: *mut u32, pending: *mut u32) {
        self.spaces = [self.scratch.as_mut_ptr(), block, params, pending];
        for loaded in &mut self.loaded {
            for &(slot, space, row) in &loaded.moving {
                // SAFETY: the caller's promise.
                loaded.slots[slot].at = unsafe { self.spaces[space as usize].add(row * self.width) };
            }
        }
    }

    /// Runs a program on the block.
    ///
    /// # Safety
    /// [`Self::bind`] was called for memory that is still valid.
    #[inline(always)]
    pub unsafe fn run<S: Lanes>(&mut self, s: S, which: Which) -> Result<(), EndlessLoop> {
        let code = Arc::clone(&self.code);
        let Some(program) = programs(&code)[which as usize] else { return Ok(()) };
        let loaded = &mut self.loaded[which as usize];
        let mut run = Run::<S> {
            s,
            slots: &mut loaded.slots,
            spaces: self.spaces,
            pitch: self.width,
            tables: &code.tables,
            frames: &mut self.frames,
            depth: 0,
            lanes: self.width,
            vectors: self.width / S::WIDTH,
            moved: false,
            rounds: 0,
        };
        // SAFETY: the caller's promise.
        unsafe { run.execute(&program.code) }
    }
}

fn load(program: &Program, scratch: *mut u32, width: usize) -> Loaded {
    let mut lines = Memory::new((program.operands.len() + 1) * LINE);
    let base = lines.as_mut_ptr();
    let (mut slots, mut moving) = (Vec::with_capacity(program.operands.len()), Vec::new());
    for (i, operand) in program.operands.iter().enumerate() {
        // SAFETY: a line for each operand.
        let line = unsafe { base.add(i * LINE) };
        slots.push(match *operand {
            Operand::Constant(word) => {
                // SAFETY: as above.
                unsafe { std::slice::from_raw_parts_mut(line, LINE) }.fill(word);
                Slot { at: line, step: 0 }
            }
            Operand::Uniform => Slot { at: line, step: 0 },
            Operand::Row { space, row, uniform } => {
                let row = row as usize;
                if space != Space::Scratch {
                    moving.push((i, space, row));
                }
                let step = usize::from(!uniform);
                let at = if space == Space::Scratch {
                    // SAFETY: the scratch space has the rows of its programs.
                    unsafe { scratch.add(row * width) }
                } else {
                    line
                };
                Slot { at, step }
            }
        });
    }
    if slots.is_empty() {
        slots.push(Slot { at: base, step: 0 });
    }
    Loaded { slots, moving, _lines: lines }
}

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
    fn compare(&self, i: &Instruction, f: impl Fn(S::F, S::F) -> S::M) {
        let s = self.s;
        self.each(
            i,
            #[inline(always)]
            |[a, b]: [S::U; 2]| word(s, f(a.bits_f(), b.bits_f())),
        );
    }

    #[inline(always)]
    fn compare_u(&self, i: &Instruction, f: impl Fn(S::U, S::U) -> S::M) {
        let s = self.s;
        self.each(
            i,
            #[inline(always)]
            |[a, b]: [S::U; 2]| word(s, f(a, b)),
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
    unsafe fn execute(&mut self, code: &[Instruction]) -> Result<(), EndlessLoop> {
        let s = self.s;
        let mut pc = 0;
        while let Some(i) = code.get(pc) {
            pc += 1;
            match i.op {
                Op::FAdd => self.float(
                    i,
                    #[inline(always)]
                    |[a, b]| a + b,
                ),
                Op::FSub => self.float(
                    i,
                    #[inline(always)]
                    |[a, b]| a - b,
                ),
                Op::FMul => self.float(
                    i,
                    #[inline(always)]
                    |[a, b]| a * b,
                ),
                Op::FDiv => self.float(
                    i,
                    #[inline(always)]
                    |[a, b]| a / b,
                ),
                Op::FNeg => self.float(
                    i,
                    #[inline(always)]
                    |[a]| -a,
                ),
                Op::FAbs => self.float(
                    i,
                    #[inline(always)]
                    |[a]| a.magnitude(),
                ),
                Op::FMin => self.float(
                    i,
                    #[inline(always)]
                    |[a, b]| a.lower_of(b),
                ),
                Op::FMax => self.float(
                    i,
                    #[inline(always)]
                    |[a, b]| a.higher_of(b),
                ),
                Op::FFloor => self.float(
                    i,
                    #[inline(always)]
                    |[a]| a.round_down(),
                ),
                Op::FCeil => self.float(
                    i,
                    #[inline(always)]
                    |[a]| a.round_up(),
                ),
                Op::FTrunc => self.float(
                    i,
                    #[inline(always)]
                    |[a]| a.round_to_zero(),
                ),
                Op::FRound => self.float(
                    i,
                    #[inline(always)]
                    |[a]| a.round_nearest(),
                ),
                Op::FSqrt => self.float(
                    i,
                    #[inline(always)]
                    |[a]| a.root(),
                ),
                Op::FSign => self.float(
                    i,
                    #[inline(always)]
                    |[a]| a.sign_of(),
                ),
                Op::FLess => self.compare(
                    i,
                    #[inline(always)]
                    |a, b| a.less(b),
                ),
                Op::FLessEqual => self.compare(
                    i,
                    #[inline(always)]
                    |a, b| a.less_equal(b),
                ),
                Op::FEqual => self.compare(
                    i,
                    #[inline(always)]
                    |a, b| a.same(b),
                ),
                Op::FNotEqual => self.compare(
                    i,
                    #[inline(always)]
                    |a, b| a.differs(b),
                ),
                Op::FToU => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| a.bits_f().to_u(),
                ),
                Op::FToI => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| a.bits_f().to_i().to_u(),
                ),
                Op::Add => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a + b,
                ),
                Op::Sub => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a - b,
                ),
                Op::Mul => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a * b,
                ),
                Op::MulHigh => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a.mul_high(b),
                ),
                Op::UDiv => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a.quotient(b),
                ),
                Op::URem => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a.remainder(b),
                ),
                Op::IDiv => self.signed(
                    i,
                    #[inline(always)]
                    |[a, b]| a.quotient(b),
                ),
                Op::IRem => self.signed(
                    i,
                    #[inline(always)]
                    |[a, b]| a.remainder(b),
                ),
                Op::And => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a & b,
                ),
                Op::Or => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a | b,
                ),
                Op::Xor => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a ^ b,
                ),
                Op::Not => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| !a,
                ),
                Op::Shl => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _]: [S::U; 2], n| a.shift_left_by(n),
                    #[inline(always)]
                    |[a, b]| a.shift_left(b),
                ),
                Op::ShrU => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _]: [S::U; 2], n| a.shift_right_by(n),
                    #[inline(always)]
                    |[a, b]| a.shift_right(b),
                ),
                Op::ShrI => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _]: [S::U; 2], n| Uint::to_i(a).shift_right_by(n).to_u(),
                    #[inline(always)]
                    |[a, b]| Uint::to_i(a).shift_right(b).to_u(),
                ),
                Op::UMin => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a.lower_of(b),
                ),
                Op::UMax => self.each(
                    i,
                    #[inline(always)]
                    |[a, b]: [S::U; 2]| a.higher_of(b),
                ),
                Op::IMin => self.signed(
                    i,
                    #[inline(always)]
                    |[a, b]| a.lower_of(b),
                ),
                Op::IMax => self.signed(
                    i,
                    #[inline(always)]
                    |[a, b]| a.higher_of(b),
                ),
                Op::ULess => self.compare_u(
                    i,
                    #[inline(always)]
                    |a, b| a.less(b),
                ),
                Op::ULessEqual => self.compare_u(
                    i,
                    #[inline(always)]
                    |a, b| a.less_equal(b),
                ),
                Op::ILess => self.compare_u(
                    i,
                    #[inline(always)]
                    |a, b| Int::less(Uint::to_i(a), Uint::to_i(b)),
                ),
                Op::ILessEqual => {
                    self.compare_u(
                        i,
                        #[inline(always)]
                        |a, b| Int::less_equal(Uint::to_i(a), Uint::to_i(b)),
                    );
                }
                Op::Equal => self.compare_u(
                    i,
                    #[inline(always)]
                    |a, b| a.same(b),
                ),
                Op::NotEqual => self.compare_u(
                    i,
                    #[inline(always)]
                    |a, b| a.differs(b),
                ),
                Op::IAbs => self.signed(
                    i,
                    #[inline(always)]
                    |[a]| a.magnitude(),
                ),
                Op::ISign => self.signed(
                    i,
                    #[inline(always)]
                    |[a]| a.sign_of(),
                ),
                Op::CountOnes => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| a.bit_count(),
                ),
                Op::LeadingZeros => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| a.zeros_above(),
                ),
                Op::TrailingZeros => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| a.zeros_below(),
                ),
                Op::ReverseBits => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| a.bits_reversed(),
                ),
                Op::UToF => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| a.to_f().bits_u(),
                ),
                Op::IToF => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| Signed::to_f(Uint::to_i(a)).bits_u(),
                ),
                Op::Select => self.each(
                    i,
                    #[inline(always)]
                    |[a, b, c]: [S::U; 3]| blend(s, mask(s, a), b, c),
                ),
                Op::Copy => self.each(
                    i,
                    #[inline(always)]
                    |[a]: [S::U; 1]| a,
                ),
                Op::FMulAdd => self.float(
                    i,
                    #[inline(always)]
                    |[a, b, c]| a * b + c,
                ),
                Op::FMulSub => self.float(
                    i,
                    #[inline(always)]
                    |[a, b, c]| a * b - c,
                ),
                Op::FSubMul => self.float(
                    i,
                    #[inline(always)]
                    |[a, b, c]| c - a * b,
                ),
                Op::FAddMul => self.float(
                    i,
                    #[inline(always)]
                    |[a, b, c]| (a + b) * c,
                ),
                Op::FSubTimes => self.float(
                    i,
                    #[inline(always)]
                    |[a, b, c]| (a - b) * c,
                ),
                Op::FMulMul => self.float(
                    i,
                    #[inline(always)]
                    |[a, b, c]| a * b * c,
                ),
                Op::FAddAdd => self.float(
                    i,
                    #[inline(always)]
                    |[a, b, c]| a + b + c,
                ),
                Op::MulAdd => self.each(
                    i,
                    #[inline(always)]
                    |[a, b, c]: [S::U; 3]| a * b + c,
                ),
                Op::ShlOr => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _, c]: [S::U; 3], n| a.shift_left_by(n) | c,
                    #[inline(always)]
                    |[a, b, c]| a.shift_left(b) | c,
                ),
                Op::ShrXor => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _, c]: [S::U; 3], n| a.shift_right_by(n) ^ c,
                    #[inline(always)]
                    |[a, b, c]| a.shift_right(b) ^ c,
                ),
                Op::ShrOr => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _, c]: [S::U; 3], n| a.shift_right_by(n) | c,
                    #[inline(always)]
                    |[a, b, c]| a.shift_right(b) | c,
                ),
                Op::ShrAnd => self.shift(
                    i,
                    #[inline(always)]
                    |[a, _, c]: [S::U; 3], n| a.shift_right_by(n) & c,
                    #[inline(always)]
                    |[a, b, c]| a.shift_right(b) & c,
                ),
                Op::AddAdd => self.each(
                    i,
                    #[inline(always)]
                    |[a, b, c]: [S::U; 3]| a + b + c,
                ),
                Op::FLessSelect => self.each(
                    i,
                    #[inline(always)]
                    |[a, b, c, d]: [S::U; 4]| blend(s, a.bits_f().less(b.bits_f()), c, d),
                ),
                Op::FLessEqualSelect => self.each(
                    i,
                    #[inline(always)]
                    |[a, b, c, d]: [S::U; 4]| blend(s, a.bits_f().less_equal(b.bits_f()), c, d),
                ),
                Op::ULessSelect => {
                    self.each(
                        i,
                        #[inline(always)]
                        |[a, b, c, d]: [S::U; 4]| blend(s, a.less(b), c, d),
                    );
                }
                Op::EqualSelect => {
                    self.each(
                        i,
                        #[inline(always)]
                        |[a, b, c, d]: [S::U; 4]| blend(s, a.same(b), c, d),
                    );
                }
                // SAFETY (these six): the caller's promise.
                Op::Gather => unsafe { self.gather(i) },
                Op::Scatter => unsafe { self.scatter(i) },
                Op::Fill => unsafe { self.fill(i) },
                Op::CopyRows => unsafe { self.copy_rows(i) },
                Op::Table => unsafe { self.table(i) },
                Op::In => unsafe { self.carry_in(i) },
                Op::Merge => unsafe { self.merge(i) },
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
                    // SAFETY: the condition is an operand.
                    let any = match on.step {
                        0 => unsafe { *on.at != 0 },
                        _ => (0..self.vectors).any(
                            #[inline(always)]
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
