//! Runs programs on blocks: every instruction is a loop over the vectors of a row.
//!
//! The lanes of a frame are either all lanes of the frame around it, of which the mask tells which count, or those of the
//! mask alone, packed to the front of rows of their own. Packing is chosen where the rows to move are less work than the
//! vectors saved.

use std::sync::Arc;

use shadergym_compiler::bytecode::{Bytecode, Operand, Program, Space};

use super::run::Run;
use crate::aligned::{AlignedWords, LINE};
use crate::lanes::Lanes;

/// Rounds that the loops of one program may make in one step: far beyond any environment, a second or so.
pub const MAX_ROUNDS: u32 = 1 << 20;

/// A loop that made [`MAX_ROUNDS`] rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndlessLoop;

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
    _lines: AlignedWords,
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
    Starts,
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
    scratch: AlignedWords,
    loaded: Vec<Loaded>,
    spaces: [*mut u32; 4],
    frames: Vec<Frame>,
}

// SAFETY: the pointers are to memory that the machine owns, or to blocks that `bind` was given for the calls after it.
unsafe impl Send for Machine {}

fn programs(code: &Bytecode) -> [Option<&Program>; 8] {
    [
        Some(&code.seed),
        Some(&code.start),
        Some(&code.random_actions),
        Some(&code.advance),
        Some(&code.starts),
        Some(&code.observe),
        Some(&code.action_mask),
        code.pixel.as_ref(),
    ]
}

impl Machine {
    /// A machine for blocks of `width` instances, a multiple of [`LINE`].
    pub fn new(code: Arc<Bytecode>, width: usize) -> Self {
        assert!(width.is_multiple_of(LINE));
        let mut scratch = AlignedWords::new(code.scratch_rows() as usize * width);
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
        unsafe { std::slice::from_raw_parts(self.scratch.as_ptr().add(first), self.width) }
    }

    /// Copies a row of the scratch space to another one.
    pub fn copy_row(&mut self, from: u32, to: u32) {
        let at = |row: u32| row as usize * self.width;
        let (from, to, scratch) = (at(from), at(to), self.scratch.as_mut_ptr());
        // SAFETY: the scratch space has both rows.
        unsafe { scratch.add(from).copy_to(scratch.add(to), self.width) };
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
    let mut lines = AlignedWords::new((program.operands.len() + 1) * LINE);
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
