//! What is not used goes, and pairs of operations become one.

use super::ir::{Builder, Def, Inst, NONE, Val};
use super::op::Op;

/// Removes instructions without effect, then joins pairs.
pub(super) fn optimise(b: &mut Builder) {
    loop {
        let before = b.insts.len();
        remove_unused(b);
        remove_empty(&mut b.insts);
        if b.insts.len() == before {
            break;
        }
    }
    fuse(b);
}

fn remove_unused(b: &mut Builder) {
    let storage = |v: Val| v != NONE && matches!(b.values[v as usize].def, Def::Storage(_));
    let mut definitions = vec![Vec::new(); b.values.len()];
    for (i, inst) in b.insts.iter().enumerate() {
        if inst.dst != NONE && !storage(inst.dst) {
            definitions[inst.dst as usize].push(i);
        }
    }
    let mut needed = vec![false; b.insts.len()];
    let mut queue: Vec<usize> = (0..b.insts.len())
        .filter(|&i| b.insts[i].op != Op::Nop && (b.insts[i].dst == NONE || storage(b.insts[i].dst)))
        .collect();
    for &i in &queue {
        needed[i] = true;
    }
    while let Some(i) = queue.pop() {
        for value in b.insts[i].operands() {
            for &j in &definitions[value as usize] {
                if !std::mem::replace(&mut needed[j], true) {
                    queue.push(j);
                }
            }
        }
    }
    let mut keep = needed.into_iter();
    b.insts.retain(|_| keep.next().unwrap_or(true));
}

/// Removes frames and branches with nothing in them.
fn remove_empty(insts: &mut Vec<Inst>) {
    let mut out: Vec<Inst> = Vec::with_capacity(insts.len());
    for inst in insts.drain(..) {
        let last = out.last().map(|i| i.op);
        match (inst.op, last) {
            (Op::Leave, Some(Op::Enter)) | (Op::EndIf, Some(Op::JumpUnless)) => {
                out.pop();
            }
            (Op::EndIf, Some(Op::Jump)) => {
                out.pop();
                if out.last().is_some_and(|i| i.op == Op::JumpUnless) {
                    out.pop();
                } else {
                    out.push(inst);
                }
            }
            _ => out.push(inst),
        }
    }
    *insts = out;
}

/// What `first` and then `second` are together, and whether the result of the first is the second's operand 0.
fn pair(first: Op, second: Op, at: usize) -> Option<Op> {
    Some(match (first, second, at) {
        (Op::FMul, Op::FAdd, _) => Op::FMulAdd,
        (Op::FMul, Op::FSub, 0) => Op::FMulSub,
        (Op::FMul, Op::FSub, 1) => Op::FSubMul,
        (Op::FAdd, Op::FMul, _) => Op::FAddMul,
        (Op::FSub, Op::FMul, _) => Op::FSubTimes,
        (Op::FMul, Op::FMul, _) => Op::FMulMul,
        (Op::FAdd, Op::FAdd, _) => Op::FAddAdd,
        (Op::Mul, Op::Add, _) => Op::MulAdd,
        (Op::Add, Op::Add, _) => Op::AddAdd,
        (Op::Shl, Op::Or, _) => Op::ShlOr,
        (Op::ShrU, Op::Xor, _) => Op::ShrXor,
        (Op::ShrU, Op::Or, _) => Op::ShrOr,
        (Op::ShrU, Op::And, _) => Op::ShrAnd,
        (Op::FLess, Op::Select, 0) => Op::FLessSelect,
        (Op::FLessEqual, Op::Select, 0) => Op::FLessEqualSelect,
        (Op::ULess, Op::Select, 0) => Op::ULessSelect,
        (Op::Equal, Op::Select, 0) => Op::EqualSelect,
        _ => return None,
    })
}

fn fuse(b: &mut Builder) {
    let mut uses = vec![0u32; b.values.len()];
    let mut definitions = vec![0u32; b.values.len()];
    for inst in &b.insts {
        inst.operands().for_each(|v| uses[v as usize] += 1);
        if inst.dst != NONE {
            definitions[inst.dst as usize] += 1;
        }
    }
    // Where each value was defined in the run of instructions without a marker.
    let mut defined: Vec<usize> = vec![usize::MAX; b.values.len()];
    let mut run = 0;
    for k in 0..b.insts.len() {
        let inst = b.insts[k];
        if !inst.op.is_pure() {
            if !matches!(inst.op, Op::Gather | Op::Table) {
                run = k + 1;
            } else {
                defined[inst.dst as usize] = k;
            }
            continue;
        }
        for at in 0..2 {
            let value = inst.args[at];
            if value == NONE || uses[value as usize] != 1 || definitions[value as usize] != 1 {
                continue;
            }
            let j = defined[value as usize];
            if j == usize::MAX || j < run {
                continue;
            }
            let first = b.insts[j];
            let Some(op) = pair(first.op, inst.op, at) else { continue };
            if b.values[value as usize].uniform != b.values[inst.dst as usize].uniform {
                continue;
            }
            // Its operands must not have changed in between.
            if b.insts[j + 1..k].iter().any(|i| i.dst != NONE && first.operands().any(|v| v == i.dst)) {
                continue;
            }
            let [x, y, ..] = first.args;
            let args = match inst.op {
                Op::Select => [x, y, inst.args[1], inst.args[2]],
                _ => [x, y, inst.args[1 - at], NONE],
            };
            b.insts[k] = Inst { args, op, ..inst };
            b.insts[j].op = Op::Nop;
            b.insts[j].dst = NONE;
            b.insts[j].args = [NONE; 4];
            break;
        }
        if inst.dst != NONE {
            defined[inst.dst as usize] = k;
        }
    }
    b.insts.retain(|i| i.op != Op::Nop);
}
