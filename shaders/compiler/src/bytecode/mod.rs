//! Lowers an environment to the programs of the interpreter: naga IR to instructions on rows of words, a row holding one
//! word of every instance of a block.
//!
//! Everything is inlined and unrolled as far as its length is known, constants are folded, and each instruction is one
//! loop over a row, whose cost outweighs that of choosing it. The machine is `shadergym_shaders::interpreter`.

mod allocate;
mod built_ins;
mod calls;
mod constants;
mod control;
mod expression;
mod ir;
mod loops;
mod lower;
mod op;
mod optimise;
mod place;
mod programs;

pub use ir::Space;
pub use op::{Op, evaluate};
pub(crate) use programs::lower;
pub use programs::{Bytecode, Layout, Options, Rows};

/// What an instruction works on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operand {
    /// The same word for all instances.
    Constant(u32),
    /// A word that the program computes once for all instances.
    Uniform,
    /// A row; uniform if all its words are the same.
    Row {
        /// The space it is in.
        space: Space,
        /// Its number there.
        row: u32,
        /// All its words are the same.
        uniform: bool,
    },
}

/// One instruction.
#[derive(Debug, Clone, Copy)]
pub struct Instruction {
    /// What to do.
    pub op: Op,
    /// Once for all instances.
    pub uniform: bool,
    /// Space of the row `extra`.
    pub space: Space,
    /// Space of the row `from`.
    pub from_space: Space,
    /// Number of the operand that is written.
    pub dst: u32,
    /// Numbers of the operands that are read.
    pub args: [u32; 4],
    /// A row of memory, a word of the tables, or where to go on. For `In` the row of packed lanes.
    pub extra: u32,
    /// Rows to work on. For `Enter` the instructions in the frame.
    pub count: u32,
    /// The row to copy from. For `Enter` the rows that packing moves.
    pub from: u32,
}

/// Instructions and their operands.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// In order.
    pub code: Vec<Instruction>,
    /// What they work on. Number 0 is also what unused operands refer to.
    pub operands: Vec<Operand>,
    /// Rows of the scratch space.
    pub rows: u32,
}
