//! Rollouts: many calls of step, cut into dispatches that fit the buffers, the time and the driver's rounds of loops.

use std::ops::Range;
use std::time::Instant;

use super::transfer::Arrived;
use super::*;

/// A recorded or given rollout is cut so that its buffers stay below this many bytes each (and the adapter's limit). The
/// outputs of one piece are taken over while the device makes the next, and no host touches more new memory than this.
const CHUNK_BYTES: u64 = 16 << 20;
/// Seconds that one dispatch should take at most: watchdogs of display drivers end one after about two.
const DISPATCH_SECONDS: f64 = 0.25;
/// Transitions of the first dispatch of a long rollout, from which the time of the others is estimated.
const PROBE_TRANSITIONS: usize = 1 << 22;

/// Where the dispatches of one rollout read and write.
struct Buffers {
    /// Calls that fit the buffers.
    fit: usize,
    actions: wgpu::Buffer,
    outputs: wgpu::Buffer,
    group: wgpu::BindGroup,
    pipeline: wgpu::ComputePipeline,
}

/// What the next piece of a recorded rollout goes on from; other rollouts keep it on the device.
struct Carried {
    finished: Vec<u32>,
    totals: Vec<u32>,
}

/// Transitions that have arrived and are not yet taken over.
struct Made {
    /// The first of them.
    first: usize,
    regions: Regions,
    arrived: Arrived,
}

impl GpuBackend {
    /// K transitions. A dispatch that the driver did not make whole is undone and made again in smaller ones, so what
    /// comes out is what an uninterrupted one gives, bit by bit.
    pub(super) fn rollout(&mut self, request: Advance<'_>, out: &mut Outputs) -> Result<()> {
        let (n, facts) = (self.n, self.facts.clone());
        let action_words = n * facts.action_words();
        let buffers = self.rollout_buffers(&request)?;
        let mut carried: Option<Carried> = None;
        let take = |made: Made, out: &mut Outputs| {
            made.regions.unpack(made.arrived.words(), &facts, made.first, request.actions, out);
        };
        let mut made: Option<Made> = None;
        let mut done = 0;
        while done < request.steps {
            let k = self.calls_of_next(request.steps - done, buffers.fit);
            let last = done + k == request.steps;
            let rows = if request.record { k } else { 1 };
            let regions = Regions::new(&facts, n, rows, request.record, self.control.autoreset);
            if let Some(actions) = request.actions {
                let actions = &actions[done * action_words..][..k * action_words];
                self.upload("write the actions", &buffers.actions, 0, actions)?;
            }
            if let Some(Carried { finished, totals }) = &carried {
                self.upload("write the statistics", &buffers.outputs, regions.finished.start, finished)?;
                self.upload("write the statistics", &buffers.outputs, regions.totals.start, totals)?;
            }
            self.control(ControlBlock {
                continued: u32::from(done > 0),
                ..ControlBlock::new(&self.control, &regions, k)
            });
            // One call that does not fit cannot be made smaller.
            let undo = self.fit.is_some() && k > 1;
            if undo {
                self.submit("copy the instances", |backend, encoder| backend.copy_backup(encoder, false))?;
            }
            let begin = Instant::now();
            let everything = request.record || last;
            let flags = regions.last_flags();
            let piece = match (everything, &self.fit) {
                // What was given need not be brought back.
                (true, _) if request.actions.is_some() => 0..regions.actions.start,
                (true, _) => 0..regions.words,
                (false, Some(_)) => flags.clone(),
                // Whoever was cut stands still, so the last dispatch tells; this one is only waited for.
                (false, None) => flags.start..flags.start + 1,
            };
            let mut staging = std::mem::take(&mut self.staging);
            let pending = staging.submit(
                &self.context,
                &[Piece { buffer: &buffers.outputs, start: piece.start, len: piece.len() }],
                |encoder| {
                    self.dispatch(encoder, &buffers.pipeline, &buffers.group);
                    if request.record && last {
                        self.copy_last_row(encoder, &buffers.outputs, &regions);
                    }
                },
            );
            self.staging = staging;
            let pending = pending?;
            // The device is busy: time to take over what the dispatch before has left.
            if let Some(made) = made.take() {
                take(made, out);
            }
            let arrived = pending.wait(&self.context)?;
            let words = arrived.words();
            let seconds = begin.elapsed().as_secs_f64();
            let seconds = if any_cut(if everything { &words[flags] } else { words }) { None } else { Some(seconds) };
            if seconds.is_some() {
                if last {
                    regions.unpack_totals(words, &facts, out);
                } else if request.record {
                    let copy = |region: &Range<usize>| words[region.clone()].to_vec();
                    let (finished, totals) = (copy(&regions.finished), copy(&regions.totals));
                    carried = Some(Carried { finished, totals });
                }
                if everything {
                    made = Some(Made { first: if request.record { done } else { 0 }, regions, arrived });
                }
            }
            match (&mut self.fit, seconds) {
                (fit, Some(seconds)) => {
                    self.seconds_per_step = Some(seconds / k as f64);
                    if let Some(fit) = fit {
                        fit.fitted(k);
                    }
                    done += k;
                }
                (Some(fit), None) if undo => {
                    fit.failed(k);
                    self.submit("undo a dispatch", |backend, encoder| backend.copy_backup(encoder, true))?;
                }
                _ => return Err(self.cut("a step")),
            }
        }
        if let Some(made) = made {
            take(made, out);
        }
        Ok(())
    }

    /// Buffers for a request; those of the batch where they will do.
    fn rollout_buffers(&self, request: &Advance<'_>) -> Result<Buffers> {
        let (n, facts) = (self.n, &self.facts);
        let action_words = n * facts.action_words();
        let row_bytes = |words: usize| 4 * words as u64;
        let most = CHUNK_BYTES.min(self.context.info.max_buffer_bytes());
        let mut fit = request.steps;
        if request.actions.is_some() {
            fit = fit.min((most / row_bytes(action_words)) as usize);
        }
        if request.record {
            let one = Regions::new(facts, n, 1, true, self.control.autoreset);
            let fixed = row_bytes(one.finished.len() + one.totals.len());
            let row = row_bytes(one.words) - fixed;
            fit = fit.min((most.saturating_sub(fixed) / row) as usize);
        }
        // One transition is always tried: the allocation below says what does not fit.
        let fit = fit.max(1);
        let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let actions = match request.actions {
            Some(_) => self.context.buffer("the actions", fit * action_words, storage)?,
            None => self.actions.clone(),
        };
        let outputs = if request.record {
            let words = Regions::new(facts, n, fit, true, self.control.autoreset).words;
            self.context.buffer("the recorded rollout", words, storage)?
        } else {
            self.outputs.clone()
        };
        let group = self.context.guard("bind the buffers", || {
            bind(&self.context, &self.program.tables, [&self.block, &self.instances, &self.pending, &actions, &outputs])
        })?;
        let pipeline = self.pipeline(request.actions.is_some(), request.record, false)?;
        Ok(Buffers { fit, actions, outputs, group, pipeline })
    }

    /// How many of the remaining calls the next dispatch makes.
    fn calls_of_next(&self, remaining: usize, limit: usize) -> usize {
        let by_time = match self.seconds_per_step {
            Some(seconds) => (DISPATCH_SECONDS / seconds.max(1e-9)) as usize,
            None => PROBE_TRANSITIONS / self.n,
        };
        let by_rounds = self.fit.as_ref().map_or(usize::MAX, Fit::calls);
        remaining.min(limit).min(by_time).min(by_rounds).max(1)
    }

    /// Encodes copies of what a dispatch changes and a second try needs, into the backup or back from it.
    fn copy_backup(&mut self, encoder: &mut wgpu::CommandEncoder, back: bool) -> Result<()> {
        let whole = 0..(self.instances.size() / 4) as usize;
        let words = whole.len() + self.regions.finished.len() + self.regions.totals.len();
        let backup = match &self.backup {
            Some(backup) => backup.clone(),
            None => {
                let usage = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
                self.backup.insert(self.context.buffer("the copy of the instances", words, usage)?).clone()
            }
        };
        let mut at = 0;
        for (buffer, region) in
            [(&self.instances, &whole), (&self.outputs, &self.regions.finished), (&self.outputs, &self.regions.totals)]
        {
            let (start, len) = (4 * region.start as u64, 4 * region.len() as u64);
            if back {
                encoder.copy_buffer_to_buffer(&backup, at, buffer, start, len);
            } else {
                encoder.copy_buffer_to_buffer(buffer, start, &backup, at, len);
            }
            at += len;
        }
        Ok(())
    }

    /// Submits what `encode` records.
    fn submit(
        &mut self,
        doing: &str,
        encode: impl FnOnce(&mut Self, &mut wgpu::CommandEncoder) -> Result<()>,
    ) -> Result<()> {
        let context = self.context.clone();
        context.guard(doing, || {
            let mut encoder = context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encode(self, &mut encoder)?;
            context.queue.submit([encoder.finish()]);
            Ok(())
        })?
    }

    /// Copies the newest transition of a recorded rollout to where a step would have left it.
    fn copy_last_row(&self, encoder: &mut wgpu::CommandEncoder, from: &wgpu::Buffer, recorded: &Regions) {
        for (from_region, to_region) in [
            (&recorded.flags, &self.regions.flags),
            (&recorded.reward, &self.regions.reward),
            (&recorded.info, &self.regions.info),
            (&recorded.done, &self.regions.done),
            (&recorded.observation, &self.regions.observation),
            (&recorded.mask, &self.regions.mask),
            (&recorded.last, &self.regions.last),
        ] {
            let len = 4 * to_region.len() as u64;
            if len > 0 {
                let at = 4 * from_region.end as u64 - len;
                encoder.copy_buffer_to_buffer(from, at, &self.outputs, 4 * to_region.start as u64, len);
            }
        }
    }
}
