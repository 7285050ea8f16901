//! From values to rows: what frames read of the frames around them, how long values live, which share a row.

use std::collections::HashMap;

use super::ir::{Builder, Def, Info, Inst, NONE, Row, Space, Val};
use super::op::Op;
use super::place::LOCAL;
use super::{Instruction, Operand, Program};

/// Makes each value of an outer frame that a frame reads an `In` at its beginning.
fn frames(b: &mut Builder) {
    struct Frame {
        enter: usize,
        inner: HashMap<Val, Val>,
    }
    // The depth of the frame that a value belongs to; what is no instruction's belongs to the outermost.
    let mut depths = vec![0usize; b.values.len()];
    let mut known = vec![false; b.values.len()];
    let mut depth = 0;
    for inst in &b.insts {
        match inst.op {
            Op::Enter => depth += 1,
            Op::Leave => depth -= 1,
            _ => {}
        }
        let stored = inst.dst != NONE && matches!(b.values[inst.dst as usize].def, Def::Instruction);
        if stored && !std::mem::replace(&mut known[inst.dst as usize], true) {
            depths[inst.dst as usize] = depth - usize::from(inst.op == Op::Merge);
        }
    }
    let mut out: Vec<Inst> = Vec::with_capacity(b.insts.len());
    let mut stack: Vec<Frame> = Vec::new();
    let mut ins: Vec<(usize, Inst)> = Vec::new();
    fn resolve(
        b: &mut Builder,
        depths: &[usize],
        stack: &mut [Frame],
        value: Val,
        ins: &mut Vec<(usize, Inst)>,
    ) -> Val {
        if value == NONE || b.values[value as usize].uniform {
            return value;
        }
        let home = depths.get(value as usize).copied().unwrap_or(0);
        let mut name = value;
        for frame in &mut stack[home..] {
            name = match frame.inner.get(&value) {
                Some(inner) => *inner,
                None => {
                    let inner = b.fresh(false);
                    frame.inner.insert(value, inner);
                    ins.push((frame.enter, Inst::new(Op::In, inner, &[name])));
                    inner
                }
            };
        }
        name
    }
    for mut inst in std::mem::take(&mut b.insts) {
        if inst.op == Op::Leave {
            stack.pop();
        }
        for arg in &mut inst.args {
            *arg = resolve(b, &depths, &mut stack, *arg, &mut ins);
        }
        // What is written inside a frame but read around it is written there as a row of the inner frame only by `Merge`.
        if inst.op == Op::Enter {
            stack.push(Frame { enter: out.len(), inner: HashMap::new() });
        }
        out.push(inst);
    }
    ins.sort_by_key(|(enter, _)| *enter);
    let mut ins = ins.into_iter().peekable();
    b.insts = Vec::with_capacity(out.len() + ins.len());
    for (i, inst) in out.into_iter().enumerate() {
        b.insts.push(inst);
        while let Some((_, inst)) = ins.next_if(|(enter, _)| *enter == i) {
            b.insts.push(inst);
        }
    }
}

/// Positions from a write to the last read after it: instruction i reads at 2 i and writes at 2 i + 1.
type Segment = (usize, usize);

struct Lives {
    segments: Vec<Vec<Segment>>,
    /// Values that stand for one of an outer frame.
    inner: Vec<bool>,
}

fn lives(b: &Builder) -> Lives {
    let n = b.values.len();
    let (mut start, mut end) = (vec![usize::MAX; n], vec![0usize; n]);
    let mut inner = vec![false; n];
    let mut loops = Vec::new();
    let mut open = Vec::new();
    let mut last_write = vec![0usize; n];
    for (i, inst) in b.insts.iter().enumerate() {
        inst.operands().for_each(|v| end[v as usize] = end[v as usize].max(2 * i));
        if inst.dst != NONE {
            let d = inst.dst as usize;
            // Merging packed lanes is no copy from place to place: the row written must not be the one read.
            start[d] = start[d].min(2 * i + usize::from(inst.op != Op::Merge));
            last_write[d] = 2 * i + 1;
            if !matches!(b.values[d].def, Def::Storage(_)) {
                end[d] = end[d].max(2 * i + 1);
            }
            inner[d] |= inst.op == Op::In;
        }
        match inst.op {
            Op::Loop | Op::Enter => open.push(i),
            Op::EndLoop => loops.push((open.pop().expect("loops nest"), i)),
            // Merges look at the mask of their frame.
            Op::Leave => {
                let mask = b.insts[open.pop().expect("frames nest")].args[0] as usize;
                end[mask] = end[mask].max(2 * i);
            }
            _ => {}
        }
    }
    let storage = |v: usize| matches!(b.values[v].def, Def::Storage(_));
    let ins: Vec<(usize, usize)> =
        b.insts.iter().filter(|i| i.op == Op::In).map(|i| (i.args[0] as usize, i.dst as usize)).collect();
    loop {
        let mut changed = false;
        for &(outer, inner) in ins.iter().rev() {
            if end[inner] > end[outer] {
                (end[outer], changed) = (end[inner], true);
            }
        }
        for &(first, last) in &loops {
            for v in 0..n {
                let from = if storage(v) { 0 } else { start[v] };
                if from < 2 * first && end[v] > 2 * first && end[v] < 2 * last + 1 {
                    (end[v], changed) = (2 * last + 1, true);
                }
            }
        }
        if !changed {
            break;
        }
    }
    let mut segments: Vec<Vec<Segment>> = (0..n)
        .map(|v| match storage(v) {
            true if last_write[v] > 0 => vec![(0, end[v]), (last_write[v], usize::MAX)],
            // What a program only reads must be there when it is over: a state that an observation is made of, for one.
            true => vec![(0, usize::MAX)],
            false if start[v] == usize::MAX => Vec::new(),
            false => vec![(start[v], end[v])],
        })
        .collect();
    // A slot is free from its last read in a round to its write at the end of the round.
    for &slot in &b.slots {
        let v = slot as usize;
        let writes: Vec<usize> = b.insts.iter().enumerate().filter(|(_, i)| i.dst == slot).map(|(i, _)| i).collect();
        let [before, after] = writes[..] else { continue };
        let Some(&(first, last)) = loops.iter().filter(|(l, e)| *l < after && after < *e).min_by_key(|(l, e)| e - l)
        else {
            continue;
        };
        if before > first {
            continue;
        }
        let mut read = 2 * before + 1;
        let mut whole = false;
        for (i, inst) in b.insts.iter().enumerate() {
            if !inst.operands().any(|v| v == slot) {
                continue;
            }
            let mut until = if inst.op == Op::In { end[inst.dst as usize].max(2 * i) } else { 2 * i };
            for &(_, l) in loops.iter().filter(|(f, l)| first < *f && *l < last && *f < i && i < *l) {
                until = until.max(2 * l + 1);
            }
            if until <= 2 * after {
                read = read.max(until);
            } else if until <= 2 * last && i < after {
                whole = true;
            }
        }
        if !whole {
            segments[v] = vec![(2 * before + 1, read), (2 * after + 1, end[v].max(2 * last + 1))];
        }
    }
    Lives { segments, inner }
}

fn overlap(a: &[Segment], b: &[Segment]) -> bool {
    a.iter().any(|x| b.iter().any(|y| x.0 <= y.1 && y.0 <= x.1))
}

/// Rows for the values; `first` is the first free row of the scratch space.
pub(super) fn allocate(b: &mut Builder, first: u32, local_rows: u32) -> Program {
    frames(b);
    let lives = lives(b);
    let n = b.values.len();
    let (mut class, mut segments): (Vec<usize>, Vec<Vec<Segment>>) = ((0..n).collect(), lives.segments);
    let mut members: Vec<Vec<usize>> = (0..n).map(|v| vec![v]).collect();
    let mut rows: Vec<Option<Row>> = b
        .values
        .iter()
        .map(|info| match info.def {
            Def::Storage(row) => Some(row),
            _ => None,
        })
        .collect();
    // A copy needs no instruction if both can be one row.
    for inst in &b.insts {
        let (to, from) = (inst.dst, inst.args[0]);
        if inst.op != Op::Copy || is_uniform(b, from) || is_uniform(b, to) || lives.inner[from as usize] {
            continue;
        }
        let (mut x, mut y) = (class[to as usize], class[from as usize]);
        if x == y || rows[x].is_some() && rows[y].is_some() || overlap(&segments[x], &segments[y]) {
            continue;
        }
        if rows[y].is_some() {
            std::mem::swap(&mut x, &mut y);
        }
        let moved = std::mem::take(&mut members[y]);
        moved.iter().for_each(|v| class[*v] = x);
        members[x].extend(moved);
        let more = std::mem::take(&mut segments[y]);
        segments[x].extend(more);
    }
    let mut waiting: Vec<(usize, usize, usize)> = (0..n)
        .filter(|c| rows[*c].is_none() && !segments[*c].is_empty() && !b.values[*c].uniform && class[*c] == *c)
        .map(|c| {
            let from = segments[c].iter().map(|s| s.0).min().unwrap_or(0);
            (from, segments[c].iter().map(|s| s.1).max().unwrap_or(0), c)
        })
        .collect();
    waiting.sort_unstable();
    let (mut free, mut used, mut active): (Vec<u32>, u32, Vec<(usize, u32)>) = (Vec::new(), first, Vec::new());
    for (from, until, c) in waiting {
        active.retain(|(end, row)| {
            let over = *end < from;
            if over {
                free.push(*row);
            }
            !over
        });
        // The row freed last is the one most likely in the cache.
        let row = free.pop().unwrap_or_else(|| {
            used += 1;
            used - 1
        });
        rows[c] = Some(Row { space: Space::Scratch, row });
        active.push((until, row));
    }
    emit(b, &class, &rows, &lives.inner, used, local_rows)
}

fn is_uniform(b: &Builder, value: Val) -> bool {
    b.values[value as usize].uniform
}

fn emit(b: &Builder, class: &[usize], rows: &[Option<Row>], inner: &[bool], used: u32, local_rows: u32) -> Program {
    let mut program = Program { rows: used + local_rows, ..Program::default() };
    let mut numbers: HashMap<Val, u32> = HashMap::new();
    // Values that share a row share its operand, except those that may stand for another row.
    let mut shared: HashMap<Row, u32> = HashMap::new();
    let mut operand = |program: &mut Program, value: Val| -> u32 {
        if value == NONE {
            return 0;
        }
        if let Some(number) = numbers.get(&value) {
            return *number;
        }
        let info: Info = b.values[value as usize];
        let row = rows[class[value as usize]];
        if let Some(row) = row.filter(|_| !inner[value as usize] && !info.uniform)
            && let Some(number) = shared.get(&row)
        {
            return *number;
        }
        let number = program.operands.len() as u32;
        program.operands.push(match (info.def, row) {
            (Def::Constant(word), _) => Operand::Constant(word),
            (Def::Storage(row), _) => Operand::Row { space: row.space, row: row.row, uniform: info.uniform },
            (_, Some(row)) if !info.uniform => Operand::Row { space: row.space, row: row.row, uniform: false },
            _ => Operand::Uniform,
        });
        match row.filter(|_| !inner[value as usize] && !info.uniform) {
            Some(row) => shared.insert(row, number),
            None => numbers.insert(value, number),
        };
        number
    };
    let place = |row: Row| match row.row {
        local if row.space == Space::Scratch && local >= LOCAL => used + local - LOCAL,
        row => row,
    };
    let mut open: Vec<usize> = Vec::new();
    for inst in &b.insts {
        let same = |v: Val| rows[class[v as usize]].is_some() && class[v as usize] == class[inst.dst as usize];
        if inst.op == Op::EndIf
            || inst.op == Op::Copy
                && !is_uniform(b, inst.args[0])
                && !inner[inst.args[0] as usize]
                && same(inst.args[0])
        {
            if inst.op == Op::EndIf {
                let from = open.pop().expect("branches nest");
                program.code[from].extra = program.code.len() as u32;
            }
            continue;
        }
        let at = program.code.len();
        let args = inst.args.map(|a| operand(&mut program, a));
        let dst = operand(&mut program, inst.dst);
        let uniform = inst.dst != NONE && is_uniform(b, inst.dst) && inst.op != Op::Merge;
        let extra = place(Row { space: inst.space, row: inst.extra });
        let from = place(inst.from);
        program.code.push(Instruction {
            op: inst.op,
            uniform,
            space: inst.space,
            from_space: inst.from.space,
            dst,
            args,
            extra,
            count: inst.count,
            from,
        });
        match inst.op {
            Op::Enter | Op::Loop | Op::JumpUnless => open.push(at),
            Op::Jump => {
                let from = std::mem::replace(open.last_mut().expect("branches nest"), at);
                program.code[from].extra = at as u32 + 1;
            }
            Op::Leave => {
                let enter = open.pop().expect("frames nest");
                let inside = &program.code[enter + 1..at];
                let moves = inside.iter().filter(|i| matches!(i.op, Op::In | Op::Merge)).count();
                let loops = inside.iter().any(|i| i.op == Op::EndLoop);
                // A loop makes many rounds.
                let work = (inside.len() - moves) * if loops { 8 } else { 1 };
                let enter = &mut program.code[enter];
                (enter.extra, enter.count, enter.from) = (at as u32 + 1, work as u32, moves as u32);
            }
            Op::EndLoop => {
                let head = open.pop().expect("loops nest");
                program.code[at].extra = head as u32 + 1;
            }
            Op::In => {
                // Where the value goes when lanes are packed.
                let row = rows[class[inst.dst as usize]].map_or(0, |r| r.row);
                program.code[at].extra = row;
            }
            _ => {}
        }
    }
    program
}
