//! Drives the CPU kernels of one environment without the batch API: what the self-tests need, safely.
#![allow(dead_code, reason = "every test binary uses another part")]

pub mod math;
pub mod prelude;

use std::ptr;

use shadergym_shaders::Environment;
use shadergym_shaders::aligned::AlignedWords;
use shadergym_shaders::lanes::{Control, Job, Kernel, Level};

/// Instances of one environment at one SIMD level, on the calling thread.
pub struct Lanes {
    environment: &'static Environment,
    kernel: &'static Kernel,
    n: usize,
    control: Control,
    blocks: AlignedWords,
    pending: AlignedWords,
    /// [n, agents, observation words] of the last call.
    pub observations: Vec<u32>,
    /// [n, agents] of the last call.
    pub rewards: Vec<f32>,
    /// [n] of the last call.
    pub terminated: Vec<bool>,
    /// [n] of the last call.
    pub truncated: Vec<bool>,
    final_observations: Vec<u32>,
    /// [n, global words] of the last call.
    pub global_states: Vec<u32>,
    final_global_states: Vec<u32>,
    /// [n, agents, mask words] of the last call.
    pub masks: Vec<u32>,
    starts: Vec<bool>,
    /// [n, info words] of the last call.
    pub infos: Vec<u32>,
    /// [n, agents] of the last call.
    pub agent_done: Vec<bool>,
    finished_info: Vec<f32>,
    info_sum: Vec<f64>,
    per_instance: [Vec<u32>; 4],
    /// [n, agents] return of the newest finished episode.
    pub finished_return: Vec<f32>,
    /// [n, agents] sum of the returns of the episodes that finished in the last call.
    pub return_sum: Vec<f64>,
}

impl Lanes {
    /// n instances with default parameters; None if this machine lacks the level.
    pub fn new(environment: &'static Environment, level: Level, n: usize) -> Option<Self> {
        let kernel = environment.kernel(Some(level))?;
        let facts = environment.facts();
        assert_eq!(kernel.words, [facts.episode_words, facts.state.words, facts.params.words]);
        let words: usize = kernel.words.iter().sum();
        let observations = n * facts.observation_words();
        let mut lanes = Self {
            environment,
            kernel,
            n,
            control: Control {
                max_episode_steps: facts.max_episode_steps,
                constants: environment.constants,
                ..Control::default()
            },
            blocks: AlignedWords::new(n.div_ceil(kernel.width) * words * kernel.width),
            pending: AlignedWords::new(facts.params.words * kernel.width),
            observations: vec![0; observations],
            rewards: vec![0.0; n * facts.agents],
            terminated: vec![false; n],
            truncated: vec![false; n],
            final_observations: vec![0; observations],
            global_states: vec![0; n * facts.global_words()],
            final_global_states: vec![0; n * facts.global_words()],
            masks: vec![0; n * facts.mask_words()],
            starts: vec![false; n],
            infos: vec![0; n * facts.info_words()],
            agent_done: vec![false; if facts.agent_done { n * facts.agents } else { 0 }],
            finished_info: vec![0.0; n * facts.info_words()],
            info_sum: vec![0.0; n * facts.info_words()],
            per_instance: std::array::from_fn(|_| vec![0; n]),
            finished_return: vec![0.0; n * facts.agents],
            return_sum: vec![0.0; n * facts.agents],
        };
        for (word, &value) in facts.default_params.iter().enumerate() {
            for lane in 0..kernel.width {
                lanes.pending.as_mut_slice()[word * kernel.width + lane] = value;
            }
        }
        Some(lanes)
    }

    /// Every level of this machine, the plain reference first.
    pub fn all(environment: &'static Environment, n: usize) -> Vec<Self> {
        environment.kernels.iter().filter_map(|kernel| Self::new(environment, kernel.level, n)).collect()
    }

    /// The SIMD level.
    pub fn level(&self) -> Level {
        self.kernel.level
    }

    fn job(&mut self, steps: usize, actions: Option<&[u32]>, commands: &[u8], seeds: &[u64]) -> Job {
        let [finished_length, transitions, episodes, length_sum] = &mut self.per_instance;
        Job {
            control: self.control,
            instances: self.n,
            blocks: self.blocks.as_mut_ptr(),
            pending: self.pending.as_mut_ptr(),
            pending_stride: 0,
            steps,
            actions: actions.map_or(ptr::null(), <[u32]>::as_ptr),
            record: false,
            commands: commands.as_ptr(),
            seeds: seeds.as_ptr(),
            observations: self.observations.as_mut_ptr(),
            rewards: self.rewards.as_mut_ptr(),
            terminated: self.terminated.as_mut_ptr(),
            truncated: self.truncated.as_mut_ptr(),
            final_observations: self.final_observations.as_mut_ptr(),
            global_states: self.global_states.as_mut_ptr(),
            final_global_states: self.final_global_states.as_mut_ptr(),
            masks: self.masks.as_mut_ptr(),
            starts: self.starts.as_mut_ptr(),
            infos: self.infos.as_mut_ptr(),
            agent_done: self.agent_done.as_mut_ptr(),
            finished_info: self.finished_info.as_mut_ptr(),
            info_sum: self.info_sum.as_mut_ptr(),
            actions_out: ptr::null_mut(),
            finished_length: finished_length.as_mut_ptr(),
            finished_return: self.finished_return.as_mut_ptr(),
            transitions: transitions.as_mut_ptr(),
            episodes: episodes.as_mut_ptr(),
            length_sum: length_sum.as_mut_ptr(),
            return_sum: self.return_sum.as_mut_ptr(),
        }
    }

    fn run(&self, job: &Job, function: unsafe fn(&Job, std::ops::Range<usize>)) {
        // SAFETY: `new` asked for the level; all arrays have the sizes that `Job` documents; one thread.
        unsafe { function(job, 0..self.n.div_ceil(self.kernel.width)) }
    }

    /// Seeds instance i with `seed + i` and starts it.
    pub fn reset(&mut self, seed: u64) {
        let seeds: Vec<u64> = (0..self.n as u64).map(|i| seed + i).collect();
        let commands = vec![3; self.n];
        let job = self.job(1, None, &commands, &seeds);
        self.run(&job, self.kernel.reset);
    }

    /// `steps` transitions with random actions.
    pub fn play(&mut self, steps: usize) {
        let job = self.job(steps, None, &[], &[]);
        self.run(&job, self.kernel.advance);
    }

    /// One transition with the given actions [n, agents, action words].
    pub fn step(&mut self, actions: &[u32]) {
        assert_eq!(actions.len(), self.n * self.environment.facts().action_words());
        let job = self.job(1, Some(actions), &[], &[]);
        self.run(&job, self.kernel.advance);
    }

    /// RGB bytes [height, width, 3] of an instance.
    pub fn render(&mut self, instance: usize, width: usize, height: usize) -> Vec<u8> {
        let facts = self.environment.facts();
        let elapsed = *self.word(instance, facts.elapsed_word);
        let state = &self.states()[instance * facts.state.words..][..facts.state.words];
        let mut rgb = vec![0; width * height * 3];
        (self.kernel.render)(&self.control, &facts.default_params, state, elapsed, width, height, &mut rgb);
        rgb
    }

    fn word(&mut self, instance: usize, word: usize) -> &mut u32 {
        let words: usize = self.kernel.words.iter().sum();
        let width = self.kernel.width;
        &mut self.blocks.as_mut_slice()[((instance / width) * words + word) * width + instance % width]
    }

    /// Words [n, episode + state + params].
    pub fn instances(&mut self) -> Vec<u32> {
        let words: usize = self.kernel.words.iter().sum();
        (0..self.n * words).map(|i| *self.word(i / words, i % words)).collect()
    }

    /// Words [n, state].
    pub fn states(&mut self) -> Vec<u32> {
        let [episode, state, _] = self.kernel.words;
        (0..self.n * state).map(|i| *self.word(i / state, episode + i % state)).collect()
    }

    /// Writes words [n, state].
    pub fn set_states(&mut self, rows: &[u32]) {
        let [episode, state, _] = self.kernel.words;
        assert_eq!(rows.len(), self.n * state);
        for (i, &value) in rows.iter().enumerate() {
            *self.word(i / state, episode + i % state) = value;
        }
    }
}
