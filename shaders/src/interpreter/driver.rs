//! The loops around the programs: blocks of instances, transitions, outputs. What the lanes' driver does, row by row.

use std::ops::Range;

use shadergym_compiler::Facts;
use shadergym_compiler::bytecode::Layout;

use super::Interpreter;
use super::machine::{EndlessLoop, Machine, Which};
use crate::aligned::AlignedWords;
use crate::lanes::{Job, Lanes, Level, Plain, Seen};

/// Runs a program at the interpreter's level.
///
/// # Safety
/// As for `Machine::run`; the machine has the level.
unsafe fn run(level: Level, machine: &mut Machine, which: Which) -> Result<(), EndlessLoop> {
    /// # Safety
    /// As for `run`.
    unsafe fn at<S: Lanes>(machine: &mut Machine, which: Which) -> Result<(), EndlessLoop> {
        let s = S::new().expect("the caller checked that the machine has this level");
        s.run(
            #[inline(always)]
            // SAFETY: the caller's promise.
            || unsafe { machine.run(s, which) },
        )
    }
    // SAFETY: the caller's promise.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Sse42 => at::<crate::lanes::Sse4_2>(machine, which),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => at::<crate::lanes::Avx2>(machine, which),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => at::<crate::lanes::Avx512>(machine, which),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => at::<crate::lanes::Neon>(machine, which),
            _ => at::<Plain>(machine, which),
        }
    }
}

/// First word of a member of a struct of the kernel.
fn member(layout: &[Layout], name: &str) -> u32 {
    layout.iter().find(|m| m.name == name).map_or_else(|| panic!("the kernel has no `{name}`"), |m| m.first)
}

/// A block in memory.
struct Block {
    index: usize,
    /// First instance.
    first: usize,
    /// Instances in it.
    lanes: usize,
    memory: *mut u32,
}

/// # Safety
/// The job's pointers must be valid for the block.
unsafe fn block(interpreter: &Interpreter, machine: &mut Machine, job: &Job, index: usize) -> Block {
    let [episode, state, params] = interpreter.words();
    let width = machine.width;
    let first = index * width;
    // SAFETY: the caller's promise.
    unsafe {
        let memory = job.blocks.add(index * (episode + state + params) * width);
        let pending = job.pending.add(index * job.pending_stride);
        let own = memory.add((episode + state) * width);
        machine.bind(memory, if job.pending_stride == 0 { pending } else { own }, pending);
        Block { index, first, lanes: (job.instances - first).min(width), memory }
    }
}

/// Writes rows of the scratch space as rows of instances: `to[lane * words + word]` for the lanes of `chosen`.
///
/// # Safety
/// `to` must be valid for these rows.
unsafe fn write(machine: &Machine, row: u32, words: usize, to: *mut u32, lanes: usize, chosen: impl Fn(usize) -> bool) {
    if words == 1 {
        let from = machine.row(row);
        for lane in (0..lanes).filter(|l| chosen(*l)) {
            // SAFETY: the caller's promise.
            unsafe { *to.add(lane) = from[lane] };
        }
        return;
    }
    // A tile of lanes at a time, so that both sides stay in the cache.
    for tile in (0..lanes).step_by(16) {
        for word in 0..words {
            let from = machine.row(row + word as u32);
            for lane in (tile..lanes.min(tile + 16)).filter(|l| chosen(*l)) {
                // SAFETY: the caller's promise.
                unsafe { *to.add(lane * words + word) = from[lane] };
            }
        }
    }
}

/// Writes observations, global state and masks of the chosen lanes to the rows of the block.
///
/// # Safety
/// The job's pointers must be valid for the block.
unsafe fn observe(
    interpreter: &Interpreter,
    machine: &mut Machine,
    seen: Seen,
    masks: *mut u32,
    lanes: usize,
    chosen: impl Fn(usize) -> bool + Copy,
) -> Result<(), EndlessLoop> {
    let (facts, rows) = (interpreter.facts(), machine.code.rows);
    // SAFETY: the caller's promise.
    unsafe {
        run(interpreter.level(), machine, Which::Observe)?;
        write(machine, rows.observation, facts.observation_words(), seen.observations, lanes, chosen);
        write(machine, rows.global_state, facts.global_words(), seen.global_states, lanes, chosen);
        if facts.mask_words() > 0 && !masks.is_null() {
            run(interpreter.level(), machine, Which::ActionMask)?;
            write(machine, rows.action_mask, facts.mask_words(), masks, lanes, chosen);
        }
    }
    Ok(())
}

/// # Safety
/// As for [`Interpreter::reset`].
pub(super) unsafe fn reset(
    interpreter: &Interpreter,
    machine: &mut Machine,
    job: &Job,
    blocks: Range<usize>,
) -> Result<(), EndlessLoop> {
    let (facts, rows, level) = (interpreter.facts(), machine.code.rows, interpreter.level());
    for index in blocks {
        // SAFETY: the caller's promise; rows of this block only.
        unsafe {
            let b = block(interpreter, machine, job, index);
            // Lanes past the last instance copy its command, so that they hold a valid state.
            let command = |lane: usize| *job.commands.add(b.first + lane.min(b.lanes - 1));
            if (0..b.lanes).all(|lane| command(lane) == 0) {
                continue;
            }
            for lane in 0..machine.width {
                let seed = *job.seeds.add(b.first + lane.min(b.lanes - 1));
                machine.row_mut(rows.seed)[lane] = seed as u32;
                machine.row_mut(rows.seed + 1)[lane] = (seed >> 32) as u32;
            }
            for (bit, which) in [(2, Which::Seed), (1, Which::Start)] {
                let mut any = false;
                for lane in 0..machine.width {
                    let on = command(lane) & bit != 0;
                    any |= on;
                    machine.row_mut(rows.mask)[lane] = if on { u32::MAX } else { 0 };
                }
                if any {
                    run(level, machine, which)?;
                }
            }
            let to = job.seen(b.first, facts.observation_words(), facts.global_words());
            let masks = job.masks.add(b.first * facts.mask_words());
            observe(interpreter, machine, to, masks, b.lanes, |lane| command(lane) != 0)?;
        }
    }
    Ok(())
}

/// # Safety
/// As for [`Interpreter::advance`].
pub(super) unsafe fn advance(
    interpreter: &Interpreter,
    machine: &mut Machine,
    job: &Job,
    blocks: Range<usize>,
) -> Result<(), EndlessLoop> {
    for index in blocks {
        // SAFETY: the caller's promise.
        unsafe {
            let b = block(interpreter, machine, job, index);
            advance_block(interpreter, machine, job, &b)?;
        }
    }
    Ok(())
}

fn any(mask: &[u32]) -> bool {
    mask.iter().fold(0, |any, on| any | on) != 0
}

/// Starts the lanes of a row.
///
/// # Safety
/// As for [`run`], with a block bound.
unsafe fn start(level: Level, machine: &mut Machine, row: u32) -> Result<(), EndlessLoop> {
    if !any(machine.row(row)) {
        return Ok(());
    }
    machine.copy_row(row, machine.code.rows.mask);
    // SAFETY: the caller's promise.
    unsafe { run(level, machine, Which::Start) }
}

/// # Safety
/// The job's pointers must be valid for the block, before which the machine is.
unsafe fn advance_block(
    interpreter: &Interpreter,
    machine: &mut Machine,
    job: &Job,
    b: &Block,
) -> Result<(), EndlessLoop> {
    let (facts, rows, level) = (interpreter.facts(), machine.code.rows, interpreter.level());
    let (n, width, lanes, agents) = (job.instances, machine.width, b.lanes, facts.agents);
    let (observation_words, global_words) = (facts.observation_words(), facts.global_words());
    let action_words = facts.action_words();
    debug_assert!(b.index * width == b.first);
    let totals = machine.code.totals.iter().map(|m| m.first + m.words).max().unwrap_or(0);
    for word in 0..totals {
        machine.row_mut(rows.totals + word).fill(0);
    }
    let ended_row = member(&machine.code.episode, "ended") as usize;
    // SAFETY: the caller's promise; all rows below belong to instances of this block.
    unsafe {
        let ended = std::slice::from_raw_parts(b.memory.add(ended_row * width).cast_const(), width);
        for t in 0..job.steps {
            if job.actions.is_null() {
                run(level, machine, Which::RandomActions)?;
            } else {
                let from = job.actions.add((t * n + b.first) * action_words);
                for word in 0..action_words {
                    let row = machine.row_mut(rows.actions + word as u32);
                    for (lane, to) in row.iter_mut().enumerate() {
                        *to = *from.add(lane.min(lanes - 1) * action_words + word);
                    }
                }
            }
            let keep = job.record || t + 1 == job.steps;
            run(level, machine, Which::Advance)?;
            run(level, machine, Which::Starts)?;
            let row = if job.record { t * n } else { 0 } + b.first;
            let behind = any(machine.row(rows.behind));
            if keep {
                if behind {
                    let to = job.finally_seen(row, observation_words, global_words);
                    let chosen = machine.row(rows.behind).to_vec();
                    observe(interpreter, machine, to, std::ptr::null_mut(), lanes, |lane| chosen[lane] != 0)?;
                }
                for (lane, flags) in ended[..lanes].iter().enumerate() {
                    *job.terminated.add(row + lane) = flags & 1 != 0;
                    *job.truncated.add(row + lane) = flags & 2 != 0;
                }
                write(machine, rows.rewards, agents, job.rewards.add(row * agents).cast(), lanes, |_| true);
                if !job.actions_out.is_null() {
                    let to = job.actions_out.add(row * action_words);
                    write(machine, rows.actions, action_words, to, lanes, |_| true);
                }
                write_told(machine, job, b, row, facts);
            }
            start(level, machine, rows.behind)?;
            if keep {
                let to = job.seen(row, observation_words, global_words);
                observe(interpreter, machine, to, job.masks.add(row * facts.mask_words()), lanes, |_| true)?;
                // Where no start covers it, the observation of the call is the last one of the episode.
                for lane in (0..lanes).filter(|lane| ended[*lane] != 0) {
                    let from = job.seen(row + lane, observation_words, global_words);
                    let to = job.finally_seen(row + lane, observation_words, global_words);
                    to.copy_from(from, observation_words, global_words);
                }
                let elapsed = b.memory.add(facts.elapsed_word * width);
                for lane in 0..lanes {
                    *job.starts.add(row + lane) = *elapsed.add(lane) == 0;
                }
            }
        }
        write_totals(machine, job, b, facts);
    }
    Ok(())
}

/// Infos and agents that are out since the newest transition, where the environment tells of them.
///
/// # Safety
/// The job's pointers must be valid for the block.
unsafe fn write_told(machine: &Machine, job: &Job, b: &Block, row: usize, facts: &Facts) {
    let at = |name: &str| machine.code.rows.totals + member(&machine.code.totals, name);
    // SAFETY: the caller's promise.
    unsafe {
        if facts.info.is_some() {
            let words = facts.info_words();
            write(machine, at("info"), words, job.infos.add(row * words), b.lanes, |_| true);
        }
        if facts.agent_done {
            let to = job.agent_done.add(row * facts.agents);
            for agent in 0..facts.agents {
                let bits = machine.row(at("done") + agent as u32 / 32);
                for (lane, bits) in bits.iter().enumerate().take(b.lanes) {
                    *to.add(lane * facts.agents + agent) = (bits >> (agent % 32)) & 1 != 0;
                }
            }
        }
    }
}

/// # Safety
/// The job's pointers must be valid for the block.
unsafe fn write_totals(machine: &Machine, job: &Job, b: &Block, facts: &Facts) {
    let (agents, info_words) = (facts.agents, facts.info_words());
    let at = |name: &str| machine.code.rows.totals + member(&machine.code.totals, name);
    let episodes = machine.row(at("episodes"));
    // SAFETY: the caller's promise.
    unsafe {
        if !job.transitions.is_null() {
            for (name, to) in
                [("transitions", job.transitions), ("episodes", job.episodes), ("length_sum", job.length_sum)]
            {
                write(machine, at(name), 1, to.add(b.first), b.lanes, |_| true);
            }
            // Sums of two floats, the larger one first.
            for (name, words, to) in [("return_sum", agents, job.return_sum), ("info_sum", info_words, job.info_sum)] {
                for word in 0..words {
                    let part = |k: usize| machine.row(at(name) + (2 * word + k) as u32);
                    for (lane, (high, low)) in part(0).iter().zip(part(1)).enumerate().take(b.lanes) {
                        let sum = f64::from(f32::from_bits(*high)) + f64::from(f32::from_bits(*low));
                        *to.add((b.first + lane) * words + word) = sum;
                    }
                }
            }
        }
        let finished = |lane: usize| episodes[lane] != 0;
        write(machine, at("finished_length"), 1, job.finished_length.add(b.first), b.lanes, finished);
        let to = job.finished_return.add(b.first * agents).cast();
        write(machine, at("finished_return"), agents, to, b.lanes, finished);
        if info_words > 0 {
            let to = job.finished_info.add(b.first * info_words).cast();
            write(machine, at("finished_info"), info_words, to, b.lanes, finished);
        }
    }
}

pub(super) fn render(
    interpreter: &Interpreter,
    machine: &mut Machine,
    params: &[u32],
    state: &[u32],
    elapsed: u32,
    [columns, lines]: [usize; 2],
    rgb: &mut [u8],
) -> Result<(), EndlessLoop> {
    let (width, [episode, ..]) = (machine.width, interpreter.words());
    if machine.code.pixel.is_none() {
        return Ok(());
    }
    let rows = machine.code.rows;
    let mut memory = AlignedWords::new((episode + state.len() + params.len()) * width);
    let block = memory.as_mut_ptr();
    let rest = state.iter().chain(params).enumerate().map(|(row, word)| (episode + row, *word));
    for (row, word) in rest.chain([(interpreter.facts().elapsed_word, elapsed)]) {
        // SAFETY: the memory has these rows.
        unsafe { std::slice::from_raw_parts_mut(block.add(row * width), width) }.fill(word);
    }
    // SAFETY: as above; pictures read their parameters from either place.
    unsafe {
        let params = block.add((episode + state.len()) * width);
        machine.bind(block, params, params);
    }
    let pixels = columns * lines;
    for first in (0..pixels).step_by(width) {
        for lane in 0..width {
            let (x, y) = ((first + lane) % columns, (first + lane) / columns);
            machine.row_mut(rows.uv)[lane] = ((x as f32 + 0.5) / columns as f32).to_bits();
            machine.row_mut(rows.uv + 1)[lane] = ((y as f32 + 0.5) / lines as f32).to_bits();
        }
        // SAFETY: bound above; `Interpreter::new` checked the level.
        unsafe { run(interpreter.level(), machine, Which::Pixel)? };
        for channel in 0..3 {
            let row = machine.row(rows.rgb + channel);
            for (lane, word) in row[..width.min(pixels - first)].iter().enumerate() {
                let value = f32::from_bits(*word);
                rgb[(first + lane) * 3 + channel as usize] = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            }
        }
    }
    Ok(())
}
