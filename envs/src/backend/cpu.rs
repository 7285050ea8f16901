//! The CPU back end: blocks of SIMD lanes, on the calling thread for small batches, on all threads for large ones.

use std::collections::HashMap;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rayon::ThreadPool;
use shadergym_compiler::bytecode::Options;
use shadergym_compiler::{Compiled, Facts};
use shadergym_shaders::Environment;
use shadergym_shaders::interpreter::{EndlessLoop, Interpreter, MAX_ROUNDS};
use shadergym_shaders::lanes::{self, Job, Kernel, Level};

use super::{Advance, Backend, Control, Outputs, Part, ResetCommand};
use crate::error::{Error, Result};

/// Transitions per thread and call below which waking another thread costs more than it saves (about 20 us).
const TRANSITIONS_PER_THREAD: usize = 4096;

/// Words with the alignment of the widest vector.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u32; 16]);

/// Memory for blocks.
struct Words {
    lines: Vec<Line>,
    len: usize,
}

impl Words {
    fn new(len: usize) -> Self {
        Self { lines: vec![Line([0; 16]); len.div_ceil(16)], len }
    }

    fn as_mut_ptr(&mut self) -> *mut u32 {
        self.lines.as_mut_ptr().cast()
    }

    fn as_slice(&self) -> &[u32] {
        // SAFETY: a Line is 16 words without padding, and there are at least `len` words.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }

    fn as_mut_slice(&mut self) -> &mut [u32] {
        // SAFETY: as in `as_slice`.
        unsafe { std::slice::from_raw_parts_mut(self.as_mut_ptr(), self.len) }
    }
}

/// What runs the blocks: lanes that were compiled into the build, or the interpreter for a file compiled at run time.
enum Code {
    Lanes(&'static Environment, &'static Kernel),
    Interpreted(Box<Interpreter>),
}

/// What is run.
#[derive(Clone, Copy)]
enum Call {
    Reset,
    Advance,
}

impl Code {
    fn level(&self) -> Level {
        match self {
            Self::Lanes(_, kernel) => kernel.level,
            Self::Interpreted(interpreter) => interpreter.level(),
        }
    }

    /// Runs a range of blocks.
    ///
    /// # Safety
    /// The job's arrays must have the sizes that [`Job`] documents, and the interpreter must have been prepared for it.
    unsafe fn run(&self, call: Call, job: &Job, blocks: Range<usize>) -> std::result::Result<(), EndlessLoop> {
        // SAFETY: the caller's promise; the levels were checked when the code was chosen.
        unsafe {
            match (self, call) {
                (Self::Lanes(_, kernel), Call::Reset) => (kernel.reset)(job, blocks),
                (Self::Lanes(_, kernel), Call::Advance) => (kernel.advance)(job, blocks),
                (Self::Interpreted(interpreter), Call::Reset) => return interpreter.reset(job, blocks),
                (Self::Interpreted(interpreter), Call::Advance) => return interpreter.advance(job, blocks),
            }
        }
        Ok(())
    }
}

/// A batch on the CPU.
pub(crate) struct CpuBackend {
    facts: Arc<Facts>,
    code: Code,
    /// Instances per block.
    width: usize,
    /// Words per instance in a block: episode, state, parameters.
    words: [usize; 3],
    /// A loop did not end: the instances are in no valid state until all of them start anew.
    endless: bool,
    num_envs: usize,
    control: Control,
    threads: usize,
    pool: Option<Arc<ThreadPool>>,
    /// [blocks, episode + state + params words, width]
    blocks: Words,
    /// [blocks, params words, width], or one block while all instances share their parameters.
    pending: Words,
    /// Nobody has changed parameters yet: `pending` is in force too, and the parameters in `blocks` are not used.
    shared: bool,
    commands: Vec<u8>,
    seeds: Vec<u64>,
}

impl CpuBackend {
    /// A batch with default parameters; `threads` None = all cores, `level` None = the best of this machine.
    ///
    /// # Errors
    /// A level that this machine does not have.
    pub fn new(
        environment: &'static Environment,
        num_envs: usize,
        control: Control,
        threads: Option<usize>,
        level: Option<Level>,
    ) -> Result<Self> {
        let Some(kernel) = environment.kernel(level) else {
            return Err(no_level(level, &environment.kernels.iter().map(|k| k.level).collect::<Vec<_>>()));
        };
        let facts = Arc::new(environment.facts().clone());
        Ok(Self::open(facts, Code::Lanes(environment, kernel), kernel.width, kernel.words, num_envs, control, threads))
    }

    /// A batch of an environment compiled at run time, as [`Self::new`].
    ///
    /// # Errors
    /// A level that this machine does not have, a construct that the CPU back end cannot translate.
    pub fn interpreted(
        compiled: Arc<Compiled>,
        num_envs: usize,
        control: Control,
        threads: Option<usize>,
        level: Option<Level>,
    ) -> Result<Self> {
        let facts = Arc::new(compiled.facts.clone());
        // It has every level of the machine, also those that the build leaves out for shipped environments.
        let best = Level::ALL.into_iter().rev().find(|l| l.is_available()).unwrap_or(Level::Scalar);
        let interpreter = Interpreter::new(compiled, level.unwrap_or(best), num_envs);
        let interpreter = interpreter.ok_or_else(|| no_level(level, &Level::ALL))?;
        let (width, words) = (interpreter.width(), interpreter.words());
        let code = Code::Interpreted(Box::new(interpreter));
        let mut backend = Self::open(facts, code, width, words, num_envs, control, threads);
        backend.prepare()?;
        Ok(backend)
    }

    fn open(
        facts: Arc<Facts>,
        code: Code,
        width: usize,
        words: [usize; 3],
        num_envs: usize,
        control: Control,
        threads: Option<usize>,
    ) -> Self {
        debug_assert_eq!(words, [facts.episode_words, facts.state.words, facts.params.words]);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.unwrap_or(cores).max(1);
        let count = num_envs.div_ceil(width);
        let mut backend = Self {
            code,
            width,
            words,
            endless: false,
            num_envs,
            control,
            threads,
            pool: (threads > 1).then(|| pool(threads - 1)),
            blocks: Words::new(count * words.iter().sum::<usize>() * width),
            pending: Words::new(facts.params.words * width),
            shared: true,
            commands: vec![0; num_envs],
            seeds: vec![0; num_envs],
            facts,
        };
        for (word, &value) in backend.facts.default_params.iter().enumerate() {
            backend.pending.as_mut_slice()[word * width..][..width].fill(value);
        }
        backend
    }

    /// Makes the interpreter's programs fit the options.
    fn prepare(&mut self) -> Result<()> {
        if let Code::Interpreted(interpreter) = &mut self.code {
            interpreter.prepare(Options {
                max_episode_steps: self.control.max_episode_steps,
                autoreset: self.control.autoreset as u32,
                sticky_probability: self.control.sticky_probability,
                shared: self.shared,
            })?;
        }
        Ok(())
    }

    /// The error of a batch in which a loop did not end.
    fn check(&self) -> Result<()> {
        let endless = || Error::EndlessLoop { file: format!("{}.wgsl", self.facts.stem), rounds: MAX_ROUNDS };
        if self.endless { Err(endless()) } else { Ok(()) }
    }

    fn count(&self) -> usize {
        self.num_envs.div_ceil(self.width)
    }

    fn block_words(&self) -> usize {
        self.words.iter().sum()
    }

    /// Gives every instance parameters of its own, pending and in force.
    fn unshare(&mut self) {
        if !std::mem::replace(&mut self.shared, false) {
            return;
        }
        let [episode, state, params] = self.words;
        let (count, width, words) = (self.count(), self.width, self.block_words());
        let mut all = Words::new(count * params * width);
        for index in 0..count {
            let one = &self.pending.as_slice()[..params * width];
            all.as_mut_slice()[index * params * width..][..params * width].copy_from_slice(one);
            let first = (index * words + episode + state) * width;
            self.blocks.as_mut_slice()[first..first + params * width].copy_from_slice(one);
        }
        self.pending = all;
    }

    fn lanes_control(&self) -> lanes::Control {
        lanes::Control {
            max_episode_steps: self.control.max_episode_steps,
            autoreset: self.control.autoreset as u32,
            sticky_probability: self.control.sticky_probability,
            constants: match &self.code {
                Code::Lanes(environment, _) => environment.constants,
                // They are in its programs.
                Code::Interpreted(_) => &[],
            },
        }
    }

    fn job(&mut self, steps: usize, actions: Option<&[u32]>, record: bool, out: &mut Outputs) -> Job {
        Job {
            control: self.lanes_control(),
            instances: self.num_envs,
            blocks: self.blocks.as_mut_ptr(),
            pending_stride: if self.shared { 0 } else { self.facts.params.words * self.width },
            pending: self.pending.as_mut_ptr(),
            steps,
            actions: actions.map_or(ptr::null(), <[u32]>::as_ptr),
            record,
            commands: self.commands.as_ptr(),
            seeds: self.seeds.as_ptr(),
            observations: out.observations.as_mut_ptr(),
            global_states: out.global_states.as_mut_ptr(),
            masks: out.masks.as_mut_ptr(),
            starts: out.starts.as_mut_ptr(),
            infos: out.infos.as_mut_ptr(),
            agent_done: out.agent_done.as_mut_ptr(),
            rewards: out.rewards.as_mut_ptr(),
            terminated: out.terminated.as_mut_ptr(),
            truncated: out.truncated.as_mut_ptr(),
            final_observations: out.final_observations.as_mut_ptr(),
            final_global_states: out.final_global_states.as_mut_ptr(),
            actions_out: if record { out.actions.as_mut_ptr() } else { ptr::null_mut() },
            finished_length: out.finished_length.as_mut_ptr(),
            finished_return: out.finished_return.as_mut_ptr(),
            finished_info: out.finished_info.as_mut_ptr(),
            transitions: out.transitions.as_mut_ptr(),
            episodes: out.episodes.as_mut_ptr(),
            length_sum: out.length_sum.as_mut_ptr(),
            return_sum: out.return_sum.as_mut_ptr(),
            info_sum: out.info_sum.as_mut_ptr(),
        }
    }

    /// Runs all blocks, with threads where that pays.
    fn run(&mut self, job: &Job, call: Call) -> Result<()> {
        let count = self.count();
        let transitions = self.num_envs * job.steps;
        let parts = (transitions / TRANSITIONS_PER_THREAD).clamp(1, self.threads).min(count);
        let range = |part: usize| part * count / parts..(part + 1) * count / parts;
        let endless = AtomicBool::new(false);
        let run = |part: usize| {
            // SAFETY: the arrays have the sizes the trait demands; the ranges are disjoint; `advance` and `reset` prepare.
            if unsafe { self.code.run(call, job, range(part)) }.is_err() {
                endless.store(true, Ordering::Relaxed);
            }
        };
        match &self.pool {
            Some(pool) if parts > 1 => pool.in_place_scope(|scope| {
                for part in 1..parts {
                    scope.spawn(move |_| run(part));
                }
                run(0);
            }),
            _ => (0..parts).for_each(run),
        }
        self.endless = endless.into_inner();
        self.check()
    }

    /// Index of a part's word 0 of an instance in its memory; further words are `width` apart.
    fn position(&self, part: Part, instance: usize) -> usize {
        let [episode, state, params] = self.words;
        let (words, offset) = match part {
            Part::Params | Part::Pending if self.shared => return instance % self.width,
            Part::Episode => (self.block_words(), 0),
            Part::Elapsed => (self.block_words(), self.facts.elapsed_word()),
            Part::State => (self.block_words(), episode),
            Part::Params => (self.block_words(), episode + state),
            Part::Pending => (params, 0),
        };
        let width = self.width;
        (instance / width * words + offset) * width + instance % width
    }
}

/// The error for a level that none of the `kernels` has, or not this machine.
fn no_level(level: Option<Level>, kernels: &[Level]) -> Error {
    let available = kernels.iter().filter(|l| l.is_available());
    let allowed = available.map(Level::to_string).collect::<Vec<_>>().join(", ");
    Error::InvalidOption { option: "level", value: level.map_or(String::new(), |l| l.to_string()), allowed }
}

/// Pools are shared by all batches of a process with the same number of workers. After a fork the child has none of
/// the threads, so its batches get pools of their own.
fn pool(workers: usize) -> Arc<ThreadPool> {
    type Pools = HashMap<(u32, usize), Arc<ThreadPool>>;
    static POOLS: LazyLock<Mutex<Pools>> = LazyLock::new(Mutex::default);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(pools.entry((std::process::id(), workers)).or_insert_with(|| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(workers);
        Arc::new(builder.thread_name(|i| format!("shadergym-{i}")).build().expect("the system gives threads"))
    }))
}

impl Backend for CpuBackend {
    fn reset(&mut self, commands: &[ResetCommand], out: &mut Outputs) -> Result<()> {
        for (i, command) in commands.iter().enumerate() {
            (self.commands[i], self.seeds[i]) = match *command {
                ResetCommand::Keep => (0, 0),
                ResetCommand::Start => (1, 0),
                ResetCommand::Seed(seed) => (3, seed),
                ResetCommand::Observe => (4, 0),
            };
        }
        // Who starts all instances anew may go on after an endless loop.
        self.endless &= commands.iter().any(|c| matches!(c, ResetCommand::Keep | ResetCommand::Observe));
        self.check()?;
        self.prepare()?;
        let job = self.job(1, None, false, out);
        self.run(&job, Call::Reset)
    }

    fn advance(&mut self, request: Advance<'_>, out: &mut Outputs) -> Result<()> {
        self.check()?;
        self.prepare()?;
        let job = self.job(request.steps, request.actions, request.record, out);
        self.run(&job, Call::Advance)
    }

    fn set_control(&mut self, control: Control) {
        self.control = control;
    }

    fn read(&mut self, part: Part, instances: &[usize]) -> Result<Vec<u32>> {
        let (words, width) = (part.words(&self.facts), self.width);
        let pending = part == Part::Pending || self.shared && part == Part::Params;
        let memory = if pending { &self.pending } else { &self.blocks }.as_slice();
        let mut rows = Vec::with_capacity(instances.len() * words);
        for &instance in instances {
            let first = self.position(part, instance);
            rows.extend((0..words).map(|word| memory[first + word * width]));
        }
        Ok(rows)
    }

    fn write(&mut self, part: Part, instances: &[usize], rows: &[u32]) -> Result<()> {
        let (words, width) = (part.words(&self.facts), self.width);
        if matches!(part, Part::Params | Part::Pending) {
            self.unshare();
        }
        for (row, &instance) in instances.iter().enumerate() {
            let first = self.position(part, instance);
            let memory = if part == Part::Pending { &mut self.pending } else { &mut self.blocks }.as_mut_slice();
            for word in 0..words {
                memory[first + word * width] = rows[row * words + word];
            }
        }
        Ok(())
    }

    fn render(&mut self, instance: usize, width: usize, height: usize) -> Result<Vec<u8>> {
        let params = self.read(Part::Params, &[instance])?;
        let state = self.read(Part::State, &[instance])?;
        let elapsed = self.read(Part::Elapsed, &[instance])?[0];
        let mut rgb = vec![0; width * height * 3];
        self.check()?;
        self.prepare()?;
        match &self.code {
            Code::Lanes(_, kernel) => {
                (kernel.render)(&self.lanes_control(), &params, &state, elapsed, width, height, &mut rgb);
            }
            Code::Interpreted(interpreter) => {
                let drawn = interpreter.render(&params, &state, elapsed, width, height, &mut rgb);
                drawn.map_err(|EndlessLoop| Error::EndlessLoop {
                    file: format!("{}.wgsl", self.facts.stem),
                    rounds: MAX_ROUNDS,
                })?;
            }
        }
        Ok(rgb)
    }

    fn describe(&self) -> String {
        let (level, width, threads) = (self.code.level(), self.width, self.threads);
        match self.code {
            Code::Lanes(..) => format!("cpu, {level} lanes of {width}, {threads} thread(s)"),
            Code::Interpreted(_) => {
                format!("cpu, {level} interpreter on blocks of {width}, {threads} thread(s)")
            }
        }
    }

    fn bytes_per_instance(&self) -> usize {
        let facts = &self.facts;
        let seen = facts.observation_words() + facts.global_words();
        let outputs = 2 * seen + facts.mask_words() + 3 * facts.agents + 4 + 4 * facts.info_words();
        let flags = 3 + if facts.agent_done { facts.agents } else { 0 };
        4 * (self.block_words() + outputs) + flags
    }
}
