//! `Backend` for the GPU: resets, parts of instances, pictures.

use std::ops::Range;

use super::*;

impl GpuBackend {
    /// The buffer of a part and its words there: word w of instance i lies at (start + w) * n + i.
    fn part(&self, part: Part) -> (wgpu::Buffer, Range<usize>) {
        let start = match part {
            Part::Episode | Part::Pending => 0,
            Part::Elapsed => self.facts.elapsed_word,
            Part::State => self.facts.episode_words,
            Part::Params => self.facts.episode_words + self.facts.state.words,
        };
        let buffer = if part == Part::Pending { &self.pending } else { &self.instances };
        (buffer.clone(), start..start + part.words(&self.facts))
    }

    /// Reads a whole part as it lies on the device, [words, n].
    fn read_all<T>(&mut self, part: Part, view: impl FnOnce(&[u32]) -> T) -> Result<T> {
        let (buffer, words) = self.part(part);
        let piece = Piece { buffer: &buffer, start: words.start * self.n, len: words.len() * self.n };
        self.run_and_read(&[piece], |_, _| {}, |_, words| view(words))
    }
}

impl Backend for GpuBackend {
    fn reset(&mut self, commands: &[ResetCommand], out: &mut Outputs) -> Result<()> {
        let words: Vec<u32> = commands
            .iter()
            .flat_map(|command| match command {
                ResetCommand::Keep => [0, 0, 0],
                ResetCommand::Start => [1, 0, 0],
                ResetCommand::Seed(seed) => [3, *seed as u32, (*seed >> 32) as u32],
                ResetCommand::Observe => [4, 0, 0],
            })
            .collect();
        self.upload("write the reset commands", &self.commands, 0, &words)?;
        self.control(ControlBlock::new(&self.control, &self.regions, 1));
        let pipeline = self.program.pipeline(&self.context, Entry::Reset)?;
        // The three regions are neighbours.
        let regions = [&self.regions.observation, &self.regions.mask, &self.regions.global].map(Clone::clone);
        let widths = [self.facts.observation_words(), self.facts.mask_words(), self.facts.global_words()];
        if commands.iter().all(|c| matches!(c, ResetCommand::Start | ResetCommand::Seed(_))) {
            self.params.in_force = true;
        }
        let (buffer, flags) = (self.outputs.clone(), self.regions.flags.clone());
        let start = regions[0].start;
        let cut = self.run_and_read(
            &[
                Piece { buffer: &buffer, start: flags.start, len: flags.len() },
                Piece { buffer: &buffer, start, len: regions[2].end - start },
            ],
            |backend, encoder| backend.dispatch(encoder, &pipeline, &backend.reset_group),
            |_, words| {
                let (flags, words) = words.split_at(flags.len());
                let of = |region: &std::ops::Range<usize>| &words[region.start - start..region.end - start];
                let mut cut = false;
                for (i, command) in commands.iter().enumerate() {
                    if *command != ResetCommand::Keep {
                        cut |= any_cut(&flags[i..=i]);
                        let targets = [&mut out.observations, &mut out.masks, &mut out.global_states];
                        for ((to, region), width) in targets.into_iter().zip(&regions).zip(widths) {
                            let at = i * width..(i + 1) * width;
                            to[at.clone()].copy_from_slice(&of(region)[at]);
                        }
                    }
                }
                cut
            },
        )?;
        if cut { Err(self.cut("a start")) } else { Ok(()) }
    }

    fn advance(&mut self, request: Advance<'_>, out: &mut Outputs) -> Result<()> {
        if request.steps > 1 || request.record {
            return self.rollout(request, out);
        }
        self.step(request.actions, out)?;
        if let Some(deliver) = request.deliver {
            deliver(StepView { out, facts: &self.facts }.rows());
        }
        Ok(())
    }

    fn set_control(&mut self, control: Control) {
        self.control = control;
        self.regions = Regions::new(&self.facts, self.n, 1, false, control.autoreset);
        let block = ControlBlock::new(&control, &self.regions, 1);
        self.context.queue.write_buffer(&self.device_block, 0, bytemuck::bytes_of(&block));
    }

    fn read(&mut self, part: Part, instances: &[usize]) -> Result<Vec<u32>> {
        let (n, width) = (self.n, part.words(&self.facts));
        let runs = runs(instances);
        let mut rows = vec![0; instances.len() * width];
        if rows.is_empty() {
            return Ok(rows);
        }
        if runs.len() * width > MANY_RUNS {
            self.read_all(part, |words| {
                for (row, &i) in rows.chunks_exact_mut(width).zip(instances) {
                    for (w, word) in row.iter_mut().enumerate() {
                        *word = words[w * n + i];
                    }
                }
            })?;
            return Ok(rows);
        }
        let (buffer, words) = self.part(part);
        let pieces: Vec<_> = runs
            .iter()
            .flat_map(|&(first, _, len)| {
                let buffer = &buffer;
                words.clone().map(move |w| Piece { buffer, start: w * n + first, len })
            })
            .collect();
        self.run_and_read(
            &pieces,
            |_, _| {},
            |_, mut words| {
                for &(_, position, len) in &runs {
                    for w in 0..width {
                        let (piece, rest) = words.split_at(len);
                        for (k, word) in piece.iter().enumerate() {
                            rows[(position + k) * width + w] = *word;
                        }
                        words = rest;
                    }
                }
            },
        )?;
        Ok(rows)
    }

    fn write(&mut self, part: Part, instances: &[usize], rows: &[u32]) -> Result<()> {
        let (n, width) = (self.n, part.words(&self.facts));
        if rows.is_empty() {
            return Ok(());
        }
        let runs = runs(instances);
        if matches!(part, Part::Params | Part::Pending) {
            self.params.written(part, matches!(runs[..], [(0, _, len)] if len == n), rows, width);
        }
        let (buffer, words) = self.part(part);
        if runs.len() * width > MANY_RUNS {
            let mut all = self.read_all(part, <[u32]>::to_vec)?;
            for (row, &i) in rows.chunks_exact(width).zip(instances) {
                for (w, &word) in row.iter().enumerate() {
                    all[w * n + i] = word;
                }
            }
            return self.upload("write instances", &buffer, words.start * n, &all);
        }
        self.context.guard("write instances", || {
            for (first, position, len) in runs {
                for w in 0..width {
                    let column: Vec<u32> = (position..position + len).map(|p| rows[p * width + w]).collect();
                    let at = 4 * ((words.start + w) * n + first) as u64;
                    self.context.queue.write_buffer(&buffer, at, bytemuck::cast_slice(&column));
                }
            }
        })
    }

    fn render(&mut self, instance: usize, width: usize, height: usize) -> Result<Vec<u8>> {
        if self.facts.pixel_aspect.is_none() {
            return Err(Error::NotRenderable { id: self.facts.id.clone() });
        }
        let pixels = width * height;
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        let picture = self.context.buffer("the picture", pixels, usage)?;
        let pipeline = self.program.pipeline(&self.context, Entry::Render)?;
        let group = self.context.guard("bind the buffers", || {
            bind(
                &self.context,
                &self.program.tables,
                [&self.block, &self.instances, &self.pending, &self.actions, &picture],
            )
        })?;
        self.control(ControlBlock {
            width: width as u32,
            height: height as u32,
            instance: instance as u32,
            ..ControlBlock::new(&self.control, &self.regions, 1)
        });
        self.run_and_read(
            &[Piece { buffer: &picture, start: 0, len: pixels }],
            |_, encoder| {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                pass.set_pipeline(&pipeline);
                pass.set_bind_group(0, &group, &[]);
                // The render entry point works in squares of 8 x 8 pixels.
                pass.dispatch_workgroups(width.div_ceil(8) as u32, height.div_ceil(8) as u32, 1);
            },
            |backend, words| {
                // Opaque everywhere, unless a loop was cut.
                if words.iter().fold(u32::MAX, |all, rgba| all & rgba) >> 24 != 0xff {
                    return Err(backend.cut("a picture"));
                }
                Ok(words.iter().flat_map(|rgba| rgba.to_le_bytes().into_iter().take(3)).collect())
            },
        )?
    }

    fn describe(&self) -> String {
        format!("{}, {} workgroups of {WORKGROUP}", self.context.info, self.n.div_ceil(WORKGROUP))
    }

    fn as_gpu(&mut self) -> Option<&mut GpuBackend> {
        Some(self)
    }

    fn bytes_per_instance(&self) -> usize {
        let buffers = [&self.instances, &self.pending, &self.commands, &self.actions, &self.outputs];
        buffers.iter().map(|buffer| buffer.size() as usize).sum::<usize>() / self.n
    }
}
