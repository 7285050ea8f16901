//! Environments that were not compiled into the build: their programs, instruction by instruction, over blocks of some
//! hundred instances. Results are bitwise those of the compiled lanes, at every SIMD level.

mod driver;
mod machine;
mod memory;
mod run;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use shadergym_compiler::bytecode::{Bytecode, Options};
use shadergym_compiler::{CompileError, Compiled, Facts};

use crate::aligned::LINE;
use crate::lanes::{Job, Level};
use machine::Machine;
pub use machine::{EndlessLoop, MAX_ROUNDS};

/// Instances of a block: a row of 1 KiB, so that what an instruction works on stays in the cache while choosing the
/// instruction costs little.
const MAX_WIDTH: usize = 256;
/// Words of a block beyond which it has fewer instances, so that large states stay in the cache too.
const BLOCK_WORDS: usize = 1 << 17;

/// The kernels of an environment compiled at run time.
pub struct Interpreter {
    compiled: Arc<Compiled>,
    level: Level,
    width: usize,
    code: Option<(Options, Arc<Bytecode>)>,
    /// Machines that no thread uses now.
    machines: Mutex<Vec<Machine>>,
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter").field("level", &self.level).field("width", &self.width).finish_non_exhaustive()
    }
}

impl Interpreter {
    /// For batches of `instances`; None if this machine lacks the level.
    pub fn new(compiled: Arc<Compiled>, level: Level, instances: usize) -> Option<Self> {
        let facts = &compiled.facts;
        let words = facts.episode_words + facts.state.words + facts.params.words;
        let width = (BLOCK_WORDS / words.max(1)).min(MAX_WIDTH).min(instances.next_multiple_of(LINE));
        let width = (width / LINE * LINE).max(LINE);
        level.is_available().then(|| Self { compiled, level, width, code: None, machines: Mutex::default() })
    }

    /// What the file declares.
    pub fn facts(&self) -> &Facts {
        &self.compiled.facts
    }

    /// SIMD level.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Instances per block.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Words per instance in a block: episode, state, parameters.
    pub fn words(&self) -> [usize; 3] {
        let facts = self.facts();
        [facts.episode_words, facts.state.words, facts.params.words]
    }

    /// Lowers the programs for these options, if they are not those of the last call: milliseconds.
    ///
    /// # Errors
    /// A construct that the CPU back end cannot translate.
    pub fn prepare(&mut self, options: Options) -> Result<(), CompileError> {
        if self.code.as_ref().is_none_or(|(of, _)| *of != options) {
            self.code = Some((options, Arc::new(self.compiled.bytecode(options)?)));
            self.machines.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        }
        Ok(())
    }

    /// The programs in use.
    pub fn code(&self) -> Option<&Bytecode> {
        self.code.as_ref().map(|(_, code)| &**code)
    }

    /// Runs `f` on a machine of this thread's own.
    fn with_machine<R>(&self, f: impl FnOnce(&mut Machine) -> R) -> R {
        let free = || self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let machine = free().pop();
        let mut machine = machine.unwrap_or_else(|| {
            let (_, code) = self.code.as_ref().expect("prepared before it runs");
            Machine::new(Arc::clone(code), self.width)
        });
        let result = f(&mut machine);
        free().push(machine);
        result
    }

    /// Resets blocks.
    ///
    /// # Errors
    /// A loop without end; the instances of these blocks are then in no valid state.
    ///
    /// # Safety
    /// The pointers of the job must be valid for these blocks of [`Self::width`], and `prepare` must have been called with
    /// the job's options.
    pub unsafe fn reset(&self, job: &Job, blocks: Range<usize>) -> Result<(), EndlessLoop> {
        // SAFETY: the caller's promise; `new` checked the level.
        self.with_machine(|machine| unsafe { driver::reset(self, machine, job, blocks) })
    }

    /// Advances blocks.
    ///
    /// # Errors
    /// As for `reset`.
    ///
    /// # Safety
    /// As for `reset`.
    pub unsafe fn advance(&self, job: &Job, blocks: Range<usize>) -> Result<(), EndlessLoop> {
        // SAFETY: as in `reset`.
        self.with_machine(|machine| unsafe { driver::advance(self, machine, job, blocks) })
    }

    /// Draws an instance `[words of params, words of state]` into RGB bytes [height, width, 3].
    ///
    /// # Errors
    /// As for `reset`.
    pub fn render(
        &self,
        params: &[u32],
        state: &[u32],
        elapsed: u32,
        width: usize,
        height: usize,
        rgb: &mut [u8],
    ) -> Result<(), EndlessLoop> {
        let [_, state_words, params_words] = self.words();
        assert!(params.len() == params_words && state.len() == state_words && rgb.len() == width * height * 3);
        self.with_machine(|machine| driver::render(self, machine, params, state, elapsed, [width, height], rgb))
    }
}
