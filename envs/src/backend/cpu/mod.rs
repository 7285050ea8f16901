//! The CPU back end: blocks of SIMD lanes, on the calling thread for little work, on all threads for much.

mod code;
mod threads;

use std::ops::Range;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use shadergym_compiler::bytecode::Options;
use shadergym_compiler::{Compiled, Facts};
use shadergym_shaders::Environment;
use shadergym_shaders::aligned::AlignedWords;
use shadergym_shaders::interpreter::{EndlessLoop, Interpreter, MAX_ROUNDS};
use shadergym_shaders::lanes::{self, Job, Level};

use super::{Advance, Backend, Control, Deliver, Outputs, Part, ResetCommand};
use crate::batch::StepRows;
use crate::error::{Error, Result};
use crate::observations::Observations;
use code::{Call, Code, no_level};
use threads::Threads;

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
    threads: Threads,
    /// [blocks, episode + state + params words, width]
    blocks: AlignedWords,
    /// [blocks, params words, width], or one block while all instances share their parameters.
    pending: AlignedWords,
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
        let count = num_envs.div_ceil(width);
        let mut backend = Self {
            code,
            width,
            words,
            endless: false,
            num_envs,
            control,
            threads: Threads::new(threads),
            blocks: AlignedWords::new(count * words.iter().sum::<usize>() * width),
            pending: AlignedWords::new(facts.params.words * width),
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
        let mut all = AlignedWords::new(count * params * width);
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

    /// Runs all blocks; `deliver` is given the outputs of each range of them by the thread that ran it.
    fn run(&mut self, job: &Job, call: Call, deliver: Option<Deliver<'_>>) -> Result<()> {
        let (code, facts, count) = (&self.code, &*self.facts, self.count());
        let endless = AtomicBool::new(false);
        self.threads.run(call as usize, count, job.steps, |blocks| {
            let instances = blocks.start * self.width..(blocks.end * self.width).min(self.num_envs);
            // SAFETY: the arrays have the sizes the trait demands; the ranges are disjoint; `advance` and `reset` prepare.
            if unsafe { code.run(call, job, blocks) }.is_err() {
                endless.store(true, Ordering::Relaxed);
            } else if let Some(deliver) = deliver {
                // SAFETY: this range is done, and no other thread touches its rows.
                deliver(unsafe { rows_of(facts, job, instances) });
            }
        });
        self.endless = endless.into_inner();
        self.check()
    }

    /// Index of a part's word 0 of an instance in its memory; further words are `width` apart.
    fn position(&self, part: Part, instance: usize) -> usize {
        let [episode, state, params] = self.words;
        let (words, offset) = match part {
            Part::Params | Part::Pending if self.shared => return instance % self.width,
            Part::Episode => (self.block_words(), 0),
            Part::Elapsed => (self.block_words(), self.facts.elapsed_word),
            Part::State => (self.block_words(), episode),
            Part::Params => (self.block_words(), episode + state),
            Part::Pending => (params, 0),
        };
        let width = self.width;
        (instance / width * words + offset) * width + instance % width
    }
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
        self.run(&job, Call::Reset, None)
    }

    fn advance(&mut self, request: Advance<'_>, out: &mut Outputs) -> Result<()> {
        self.check()?;
        self.prepare()?;
        let job = self.job(request.steps, request.actions, request.record, out);
        let job = if request.totals { job } else { Job { transitions: ptr::null_mut(), ..job } };
        self.run(&job, Call::Advance, request.deliver)
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
        let (level, width, threads) = (self.code.level(), self.width, self.threads.count);
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

/// The rows of some instances, where each has one.
///
/// # Safety
/// The job's arrays must have such rows, and nobody may write them while they are looked at.
unsafe fn rows_of<'a>(facts: &'a Facts, job: &Job, instances: Range<usize>) -> StepRows<'a> {
    /// # Safety
    /// As for `rows_of`.
    unsafe fn of<'a, T>(array: *mut T, instances: &Range<usize>, words: usize) -> &'a [T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(array.add(instances.start * words), instances.len() * words) }
    }
    // SAFETY: the caller's promise.
    unsafe {
        StepRows {
            first: instances.start,
            observations: Observations::new(
                of(job.observations, &instances, facts.observation_words()),
                &facts.observation,
            ),
            rewards: of(job.rewards, &instances, facts.agents),
            terminated: of(job.terminated, &instances, 1),
            truncated: of(job.truncated, &instances, 1),
        }
    }
}
