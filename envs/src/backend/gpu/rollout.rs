//! Rollouts: many calls of step, cut into dispatches that fit the buffers, the time and the driver's rounds of loops.

use std::ops::Range;
use std::time::Instant;

use super::*;

/// A recorded or given rollout is cut into pieces whose buffers stay below this many bytes (and the adapter's limit): large
/// enough that a dispatch more costs nothing beside it, small enough that there are several, which overlap.
pub(super) const PIECE_BYTES: u64 = 32 << 20;
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

/// A dispatch under way.
struct Part {
    /// Calls of the rollout before it, and its own.
    first: usize,
    calls: usize,
    regions: Regions,
    /// Which of the two staging buffers and backups are its own.
    index: usize,
    /// A backup was made.
    undo: bool,
    begin: Instant,
    flight: Flight,
}

impl GpuBackend {
    /// K transitions. While the device makes those of one dispatch the host takes over those of the one before. A dispatch
    /// that the driver did not make whole is undone and made again in smaller ones, so what comes out is what an
    /// uninterrupted one gives, bit by bit.
    pub(super) fn rollout(&mut self, request: Advance<'_>, out: &mut Outputs) -> Result<()> {
        let buffers = self.rollout_buffers(&request)?;
        let (mut sent, mut index) = (0, 0);
        let mut newest: Option<Part> = None;
        let mut idle = Instant::now();
        while sent < request.steps || newest.is_some() {
            let mut next = None;
            if sent < request.steps {
                let part = self.send(&request, &buffers, sent, index)?;
                sent += part.calls;
                index = 1 - index;
                next = Some(part);
            }
            let Some(part) = std::mem::replace(&mut newest, next) else { continue };
            let (first, calls, before) = (part.first, part.calls, part.index);
            let undo = part.undo;
            let whole = self.take(part, &request, &mut idle, out)?;
            match (&mut self.fit, whole) {
                (fit, true) => {
                    if let Some(fit) = fit {
                        fit.fitted(calls);
                    }
                }
                (Some(fit), false) if undo => {
                    fit.failed(calls);
                    // What went off meanwhile goes on from what is undone.
                    if let Some(next) = newest.take() {
                        next.flight.take(&self.context, |_| ())?;
                    }
                    let context = self.context.clone();
                    context.guard("undo a dispatch", || {
                        let mut encoder =
                            context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                        self.copy_backup(&mut encoder, before, true);
                        context.queue.submit([encoder.finish()]);
                    })?;
                    (sent, index) = (first, before);
                }
                _ => return Err(self.cut("a step")),
            }
        }
        Ok(())
    }

    /// Submits the next dispatch of a rollout, of which `first` calls have been submitted.
    fn send(&mut self, request: &Advance<'_>, buffers: &Buffers, first: usize, index: usize) -> Result<Part> {
        let action_words = self.n * self.facts.action_words();
        let calls = self.calls_of_next(request.steps - first, buffers.fit);
        let last = first + calls == request.steps;
        let regions = self.rollout_regions(request, if request.record { calls } else { 1 });
        if let Some(actions) = request.actions {
            let actions = &actions[first * action_words..][..calls * action_words];
            self.upload("write the actions", &buffers.actions, 0, actions)?;
        }
        self.control(ControlBlock {
            continued: u32::from(first > 0),
            ..ControlBlock::new(&self.control, &regions, calls)
        });
        // One call that does not fit cannot be made smaller.
        let undo = self.fit.is_some() && calls > 1;
        if undo {
            self.make_backup(index)?;
        }
        let flags = regions.last_flags();
        let piece = match &self.fit {
            _ if request.record || last => 0..regions.words,
            Some(_) => flags,
            // Whoever was cut stands still, so the last dispatch tells; this one is only waited for.
            None => flags.start..flags.start + 1,
        };
        let mut staging = std::mem::take(&mut self.staging);
        let flight = staging.send(
            &self.context,
            index,
            &[Piece { buffer: &buffers.outputs, start: piece.start, len: piece.len() }],
            |encoder| {
                if undo {
                    self.copy_backup(encoder, index, false);
                }
                // What a recording goes on from is kept in the outputs of the batch, as other rollouts keep it.
                if request.record {
                    let regions = Self::kept(&regions, &self.regions);
                    copy_regions(encoder, (&self.outputs, &buffers.outputs), regions.map(|(a, b)| (b, a)));
                }
                self.dispatch(encoder, &buffers.pipeline, &buffers.group);
                if request.record {
                    copy_regions(encoder, (&buffers.outputs, &self.outputs), Self::kept(&regions, &self.regions));
                }
                if request.record && last {
                    copy_regions(encoder, (&buffers.outputs, &self.outputs), Self::seen(&regions, &self.regions));
                }
            },
        );
        self.staging = staging;
        Ok(Part { first, calls, regions, index, undo, begin: Instant::now(), flight: flight? })
    }

    /// Waits for a dispatch and takes over what it gave; false if the driver cut a loop. `idle` is when the one before was
    /// done.
    fn take(&mut self, part: Part, request: &Advance<'_>, idle: &mut Instant, out: &mut Outputs) -> Result<bool> {
        let Part { first, calls, regions, begin, flight, .. } = part;
        let last = first + calls == request.steps;
        let facts = &self.facts;
        let seconds = flight.take(&self.context, |words| {
            let now = Instant::now();
            let seconds = now.duration_since(begin.max(*idle)).as_secs_f64();
            *idle = now;
            let everything = request.record || last;
            if any_cut(if everything { &words[regions.last_flags()] } else { words }) {
                return None;
            }
            if everything {
                regions.unpack(words, facts, if request.record { first } else { 0 }, request.actions, out);
            }
            if last {
                regions.unpack_totals(words, facts, out);
            }
            Some(seconds)
        })?;
        if let Some(seconds) = seconds {
            self.seconds_per_step = Some(seconds / calls as f64);
        }
        Ok(seconds.is_some())
    }

    /// Where a dispatch of `rows` kept transitions writes.
    fn rollout_regions(&self, request: &Advance<'_>, rows: usize) -> Regions {
        let regions = Regions::new(&self.facts, self.n, rows, request.record, self.control.autoreset);
        if request.actions.is_some() { regions.without_actions() } else { regions }
    }

    /// Calls that fit the buffers of a piece, at most those of the request; at least one is always tried: the allocation says
    /// what does not fit.
    pub(super) fn calls_of_piece(&self, request: &Advance<'_>) -> usize {
        let bytes = |words: usize| 4 * words as u64;
        let most = self.piece_bytes.min(self.context.info.max_buffer_bytes());
        let mut calls = request.steps;
        if request.actions.is_some() {
            calls = calls.min((most / bytes(self.n * self.facts.action_words())) as usize);
        }
        if request.record {
            let one = self.rollout_regions(request, 1);
            let fixed = bytes(one.finished.len() + one.totals.len());
            let row = bytes(one.words) - fixed;
            calls = calls.min((most.saturating_sub(fixed) / row) as usize);
        }
        calls.max(1)
    }

    /// Buffers for a request; those of the batch where they will do.
    fn rollout_buffers(&self, request: &Advance<'_>) -> Result<Buffers> {
        let action_words = self.n * self.facts.action_words();
        let fit = self.calls_of_piece(request);
        let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let actions = match request.actions {
            Some(_) => self.context.buffer("the actions", fit * action_words, storage)?,
            None => self.actions.clone(),
        };
        let outputs = if request.record {
            let words = self.rollout_regions(request, fit).words;
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

    /// Makes a backup, where there is none yet.
    fn make_backup(&mut self, index: usize) -> Result<()> {
        if self.backups[index].is_none() {
            let usage = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
            let words = (self.instances.size() / 4) as usize + self.regions.finished.len() + self.regions.totals.len();
            self.backups[index] = Some(self.context.buffer("the copy of the instances", words, usage)?);
        }
        Ok(())
    }

    /// Encodes copies of what a dispatch changes and a second try needs, into a backup or back from it.
    fn copy_backup(&self, encoder: &mut wgpu::CommandEncoder, index: usize, back: bool) {
        let Some(backup) = &self.backups[index] else { return };
        let whole = 0..(self.instances.size() / 4) as usize;
        let mut at = 0;
        for (buffer, region) in
            [(&self.instances, &whole), (&self.outputs, &self.regions.finished), (&self.outputs, &self.regions.totals)]
        {
            let (start, len) = (4 * region.start as u64, 4 * region.len() as u64);
            if back {
                encoder.copy_buffer_to_buffer(backup, at, buffer, start, len);
            } else {
                encoder.copy_buffer_to_buffer(buffer, start, backup, at, len);
            }
            at += len;
        }
    }

    /// The regions that one dispatch of a recording hands to the next, there and in the outputs of the batch.
    fn kept<'a>(recorded: &'a Regions, own: &'a Regions) -> [(&'a Range<usize>, &'a Range<usize>); 2] {
        [(&recorded.finished, &own.finished), (&recorded.totals, &own.totals)]
    }

    /// The regions of the newest transition, at the end of those of a recording and where a step would have left them.
    fn seen<'a>(recorded: &'a Regions, own: &'a Regions) -> [(&'a Range<usize>, &'a Range<usize>); 9] {
        [
            (&recorded.flags, &own.flags),
            (&recorded.reward, &own.reward),
            (&recorded.info, &own.info),
            (&recorded.done, &own.done),
            (&recorded.observation, &own.observation),
            (&recorded.mask, &own.mask),
            (&recorded.global, &own.global),
            (&recorded.last, &own.last),
            (&recorded.last_global, &own.last_global),
        ]
    }
}

/// Copies from the ends of regions as much as the others hold.
fn copy_regions<'a>(
    encoder: &mut wgpu::CommandEncoder,
    (from, to): (&wgpu::Buffer, &wgpu::Buffer),
    regions: impl IntoIterator<Item = (&'a Range<usize>, &'a Range<usize>)>,
) {
    for (from_region, to_region) in regions {
        let len = 4 * to_region.len() as u64;
        if len > 0 {
            let at = 4 * from_region.end as u64 - len;
            encoder.copy_buffer_to_buffer(from, at, to, 4 * to_region.start as u64, len);
        }
    }
}
