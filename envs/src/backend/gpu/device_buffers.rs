//! The buffers of a batch for learners that work on the same device, and steps without read-back.

use super::*;

/// A region of a buffer, in bytes; all words are 32 bits and lie row-major without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub offset: u64,
    /// Length in bytes; 0 if the region does not exist in this auto-reset mode or environment.
    pub size: u64,
}

impl From<&std::ops::Range<usize>> for Region {
    fn from(words: &std::ops::Range<usize>) -> Self {
        Self { offset: 4 * words.start as u64, size: 4 * words.len() as u64 }
    }
}

/// Where a batch of n instances lies on the device. The handles stay the same for the life of the batch; offsets are
/// multiples of 4 bytes only, so copy out of `outputs` (or index it) rather than bind a region of it. All buffers can
/// be bound as storage and copied from and to. Everything runs in order on the one queue.
#[derive(Debug, Clone)]
pub struct DeviceBuffers {
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// [n, agents, action words]: what the next step executes; `u32` for discrete spaces, `f32` for boxes. Indices
    /// past the last action count as the last one.
    pub actions: wgpu::Buffer,
    /// The regions below.
    pub outputs: wgpu::Buffer,
    /// [n] bits of `outputs`: 1 terminated, 2 truncated, 4 a transition was made (not just a start), 8 the driver cut a loop
    /// of this step or of an earlier one ([`GpuContext::loop_rounds`]): the instance stands still until it is reset, 16 the
    /// observation is the first of an episode.
    pub flags: Region,
    /// [n, agents] `f32`.
    pub rewards: Region,
    /// [n, 1 + agents + info words]: length in steps (`u32`), returns and sums of infos (`f32`) of the episode that each
    /// instance finished last.
    pub finished: Region,
    /// [n, info words] as `spec().info` says; of length 0 where the environment has none.
    pub infos: Region,
    /// [n, (agents + 31) / 32]: bits of the agents that are out of the game; of length 0 where the environment does not say.
    pub agent_done: Region,
    /// [n, agents, observation words], packed as the observation space says.
    pub observations: Region,
    /// [n, agents, mask words]: the legal actions of those observations, see [`StepView::action_masks`]; of length 0
    /// where the environment has none.
    ///
    /// [`StepView::action_masks`]: crate::StepView::action_masks
    pub action_masks: Region,
    /// [n, global words], packed as `spec().global_state` says; of length 0 where the environment has none.
    pub global_states: Region,
    /// Like `global_states`, of the last observations; SAME_STEP only.
    pub final_global_states: Region,
    /// Like `observations`, last observations of ended episodes; SAME_STEP only. In the other modes the observation
    /// of a transition whose flags say that it ended is the last one.
    pub final_observations: Region,
    /// [episode + state + parameter words, n]: word w of instance i lies at index w * n + i.
    pub instances: wgpu::Buffer,
    /// Words of the kernel's bookkeeping in front of the state.
    pub episode_words: usize,
    /// Which of those is the transitions since the start of the episode.
    pub elapsed_word: usize,
    /// Words of the state; the parameters in force follow.
    pub state_words: usize,
    /// [parameter words, n]: parameters that take effect at an instance's next start. After writing here call
    /// [`OnDevice::params_written`].
    pub pending: wgpu::Buffer,
}

/// Steps of a batch without reading anything back. The batch must have been reset; nothing checks actions here.
pub struct OnDevice<'a>(&'a mut GpuBackend);

impl OnDevice<'_> {
    /// The buffers of the batch.
    pub fn buffers(&self) -> DeviceBuffers {
        let GpuBackend { context, regions, facts, .. } = &*self.0;
        DeviceBuffers {
            device: context.device.clone(),
            queue: context.queue.clone(),
            actions: self.0.actions.clone(),
            outputs: self.0.outputs.clone(),
            flags: (&regions.flags).into(),
            rewards: (&regions.reward).into(),
            finished: (&regions.finished).into(),
            infos: (&regions.info).into(),
            agent_done: (&regions.done).into(),
            observations: (&regions.observation).into(),
            action_masks: (&regions.mask).into(),
            final_observations: (&regions.last).into(),
            global_states: (&regions.global).into(),
            final_global_states: (&regions.last_global).into(),
            instances: self.0.instances.clone(),
            episode_words: facts.episode_words,
            elapsed_word: facts.elapsed_word,
            state_words: facts.state.words,
            pending: self.0.pending.clone(),
        }
    }

    /// The context that the batch runs on.
    pub fn context(&self) -> &Arc<GpuContext> {
        &self.0.context
    }

    /// Records one step with the actions in [`DeviceBuffers::actions`] behind whatever the encoder holds already.
    ///
    /// # Errors
    /// [`Error::DeviceFailed`] if the driver refuses the pipeline.
    pub fn encode_step(&self, encoder: &mut wgpu::CommandEncoder) -> Result<()> {
        let pipeline = self.0.pipeline(true, false, true)?;
        self.0.dispatch(encoder, &pipeline, &self.0.device_group);
        Ok(())
    }

    /// The pipeline of a learner's entry point in WGSL that is linked behind the environment and its kernel and calls their
    /// functions, so that environment and learner share a dispatch. Its names begin with `kernel_`, `Kernel` or `KERNEL_`, which
    /// environments may not use. Group 0 is [`Self::bind_group`], with five storage buffers; `bindings` are those of group 1,
    /// which leaves three where a device has only what WebGPU promises. None where large values of the environment lie in
    /// memory, because its functions then take other arguments. Made once per text.
    ///
    /// # Errors
    /// [`Error::DeviceFailed`] if the driver refuses it.
    pub fn learner_pipeline(
        &self,
        text: &str,
        entry: &str,
        bindings: &wgpu::BindGroupLayout,
    ) -> Result<Option<wgpu::ComputePipeline>> {
        self.0.program.learner(&self.0.context, text, entry, bindings)
    }

    /// Group 0 of the kernel: options of one step with the actions in [`DeviceBuffers::actions`], instances, pending parameters,
    /// actions, outputs, tables. It stays the same for the life of the batch.
    pub fn bind_group(&self) -> &wgpu::BindGroup {
        &self.0.device_group
    }

    /// Submits one step with the actions in [`DeviceBuffers::actions`] and returns without waiting.
    ///
    /// # Errors
    /// [`Error::DeviceFailed`].
    pub fn advance(&self) -> Result<wgpu::SubmissionIndex> {
        let context = &self.0.context;
        context.guard("submit a step", || {
            let mut encoder = context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.encode_step(&mut encoder)?;
            Ok(context.queue.submit([encoder.finish()]))
        })?
    }

    /// To be called after the device wrote into `pending` or into the parameters of `instances`: until then a batch
    /// whose instances all have the same parameters loads those of instance 0 only.
    pub fn params_written(&mut self) {
        self.0.params.pending = None;
    }

    /// Whether the invocations of a workgroup gather what their instances see and write it in the order of the outputs from
    /// now on, or each writes its own row. What comes out is the same, so a batch chooses by the kind of device; this is for
    /// tests and measurements. Where the driver cuts loops ([`GpuContext::loop_rounds`]), rows gathered by a step that was cut
    /// may be missing for its neighbours too.
    pub fn gather_rows(&mut self, gather: bool) {
        self.0.gather_rows = gather;
    }

    /// Lets the buffers of a piece of a recorded rollout take this many bytes; the host takes over a piece while the device
    /// makes the next. Returns how many of `steps` transitions with drawn actions a piece then holds, at least one. What comes
    /// out is the same; this is for tests and measurements.
    pub fn record_in_pieces(&mut self, bytes: u64, steps: usize) -> usize {
        self.0.piece_bytes = bytes;
        self.0.calls_of_piece(&Advance { steps, actions: None, record: true, totals: true, deliver: None })
    }

    /// Waits until everything submitted so far is done.
    ///
    /// # Errors
    /// [`Error::DeviceFailed`].
    pub fn wait(&self) -> Result<()> {
        let submission = self.0.context.guard("submit", || self.0.context.queue.submit([]))?;
        self.0.context.wait(submission)
    }
}

impl GpuBackend {
    /// Access for learners on the device.
    pub fn on_device(&mut self) -> OnDevice<'_> {
        OnDevice(self)
    }

    /// Reads the outputs of the newest step back into the host arrays, which are sized for R = 1. The statistics are
    /// those of that one step.
    ///
    /// # Errors
    /// [`Error::DeviceFailed`]; [`Error::LoopsCut`] if a step since the last reset was not made whole.
    pub fn read_back(&mut self, out: &mut Outputs) -> Result<()> {
        self.read_step(|_, _| {}, out)
    }
}
