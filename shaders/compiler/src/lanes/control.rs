//! Branches, loops and jumps as execution masks.

use naga::{Block, Expression, Handle, Statement};

use super::flow::{Exits, cost, exits};
use super::function::Writer;

/// A branch with at most this many expressions and no call or loop is computed without asking whether any lane takes
/// it: the test and the jump would cost more.
const CHEAP: usize = 12;

/// No lane and all lanes, as masks.
pub(super) const NO_LANES: &str = "l::splat::<Simd, Simd::M>(s, false)";
pub(super) const ALL_LANES: &str = "l::splat::<Simd, Simd::M>(s, true)";

/// What `break` and `continue` leave, with the number of its names.
pub(super) enum JumpTarget {
    /// A loop that all lanes leave together: labels `loop` and `body`.
    Loop(usize),
    /// A loop that lanes leave one by one: masks `active` and `continued`.
    MaskedLoop(usize),
    /// A switch that all lanes leave together: label `switch`.
    Switch(usize),
    /// A switch that lanes leave one by one: mask `broken`.
    MaskedSwitch(usize),
}

/// Which of the lanes that are active before a statement fall through to the next one.
pub(super) enum FallThrough {
    All,
    Some,
    None,
}

impl<'a> Writer<'a, '_> {
    /// What falls through a statement that shares its block's mask or has removed lanes from it.
    pub(super) fn fall_through(&self, exits: Exits, mask: Option<&str>) -> FallThrough {
        let masked = (exits.returns && self.analysis.masked_returns)
            || (exits.continues && self.innermost_loop().is_some_and(|(_, masked)| masked))
            || (exits.breaks
                && matches!(self.jump_targets.last(), Some(JumpTarget::MaskedLoop(_) | JumpTarget::MaskedSwitch(_))));
        if masked && mask.is_some() { FallThrough::Some } else { FallThrough::All }
    }

    /// Number of the loop that a `continue` here belongs to, and whether lanes leave it one by one.
    fn innermost_loop(&self) -> Option<(usize, bool)> {
        self.jump_targets.iter().rev().find_map(|target| match target {
            JumpTarget::Loop(n) => Some((*n, false)),
            JumpTarget::MaskedLoop(n) => Some((*n, true)),
            _ => None,
        })
    }

    /// Removes from a block's mask the lanes that left a nested block.
    pub(super) fn remove_exited(&mut self, exits: Exits, mask: &str) {
        if exits.returns && self.analysis.masked_returns {
            self.lines.assign(mask, format!("{mask} & !returned"), false);
        }
        if exits.breaks {
            match self.jump_targets.last() {
                Some(&JumpTarget::MaskedLoop(n)) => self.lines.assign(mask, format!("{mask} & active{n}"), false),
                Some(&JumpTarget::MaskedSwitch(n)) => self.lines.assign(mask, format!("{mask} & !broken{n}"), false),
                _ => {}
            }
        }
        if exits.continues
            && let Some((n, true)) = self.innermost_loop()
        {
            self.lines.assign(mask, format!("{mask} & !continued{n}"), false);
        }
    }

    pub(super) fn write_if(
        &mut self,
        statement: &'a Statement,
        condition: Handle<Expression>,
        accept: &'a Block,
        reject: &'a Block,
        mask: Option<&str>,
    ) -> FallThrough {
        let exits = exits(accept).or(exits(reject));
        let c = self.value(condition);
        if !self.analysis.is_divergent(statement) {
            if accept.is_empty() {
                self.lines.text(format!("if !{c} {{"));
                self.nested(reject, mask);
                self.lines.text("}");
                return self.fall_through(exits, mask);
            }
            self.lines.text(format!("if {c} {{"));
            self.nested(accept, mask);
            if !reject.is_empty() {
                self.lines.text("} else {");
                self.nested(reject, mask);
            }
            self.lines.text("}");
            return self.fall_through(exits, mask);
        }
        if self.short_circuit(&c, accept, reject) {
            return FallThrough::All;
        }
        let n = self.number();
        let and = |c: String| mask.map_or(c.clone(), |m| format!("{m} & {c}"));
        let cheap =
            !exits.any() && [accept, reject].iter().all(|b| cost(self.function, b).is_some_and(|cost| cost <= CHEAP));
        for (name, block, condition) in [("then", accept, and(c.clone())), ("else", reject, and(format!("!{c}")))] {
            if block.is_empty() {
                continue;
            }
            let own = format!("{name}{n}");
            self.lines.declare(&own, None, condition);
            self.lines.text(if cheap { "{".to_owned() } else { format!("if {own}.any() {{") });
            self.nested(block, Some(&own));
            self.lines.text("}");
        }
        match mask {
            Some(mask) if exits.any() => {
                self.remove_exited(exits, mask);
                self.fall_through(exits, Some(mask))
            }
            _ => FallThrough::All,
        }
    }

    pub(super) fn nested(&mut self, block: &'a Block, mask: Option<&str>) {
        self.lines.indent += 1;
        self.block(block, mask);
        self.lines.indent -= 1;
    }

    /// `a && b` and `a || b` come as an if that fills an unnamed bool; where `b` is cheap they become `&` and `|`.
    fn short_circuit(&mut self, condition: &str, accept: &'a Block, reject: &'a Block) -> bool {
        let (Some(Statement::Store { pointer, value }), Some(Statement::Store { pointer: other, value: constant })) =
            (accept.last(), reject.first())
        else {
            return false;
        };
        let function = self.function;
        let local = match (&function.expressions[*pointer], &function.expressions[*other]) {
            (Expression::LocalVariable(a), Expression::LocalVariable(b)) if a == b => *a,
            _ => return false,
        };
        let Expression::Literal(naga::Literal::Bool(otherwise)) = function.expressions[*constant] else { return false };
        let unnamed = function.local_variables[local].name.is_none();
        let cheap = cost(function, accept).is_some_and(|c| c <= CHEAP);
        if !unnamed || !cheap || reject.len() != 1 || self.analysis.local_uniform[local.index()] {
            return false;
        }
        let before = accept.len() - 1;
        for statement in accept.iter().take(before) {
            if !matches!(statement, Statement::Emit(_) | Statement::If { .. } | Statement::Store { .. }) {
                return false;
            }
        }
        // Lanes for which the condition does not hold compute the right side too; it has no effects but on unnamed
        // variables of its own.
        for statement in accept.iter().take(before) {
            self.statement(statement, None);
        }
        let value = self.lanes(*value);
        let name = self.local_names[local.index()].clone();
        let both = match otherwise {
            false => format!("{condition} & {value}"),
            true => format!("!{condition} | {value}"),
        };
        self.lines.assign(name, both, false);
        true
    }

    pub(super) fn write_loop(
        &mut self,
        statement: &'a Statement,
        body: &'a Block,
        continuing: &'a Block,
        break_if: Option<Handle<Expression>>,
        mask: Option<&str>,
    ) -> FallThrough {
        let n = self.number();
        let inner = exits(body).or(exits(continuing));
        self.is_last = false;
        if !self.analysis.is_divergent(statement) {
            self.jump_targets.push(JumpTarget::Loop(n));
            let head = self.lines.position();
            self.lines.text("loop {");
            self.lines.indent += 1;
            self.hoist(body, continuing, break_if);
            if inner.continues {
                let label = format!("body{n}");
                let at = self.lines.open_label(&label);
                self.block(body, mask);
                self.lines.close_label(at, &label);
            } else {
                self.block(body, mask);
            }
            self.block(continuing, mask);
            if let Some(condition) = break_if {
                let condition = self.value(condition);
                self.lines.text(format!("if {condition} {{"));
                self.lines.indent += 1;
                self.lines.text("break;");
                self.lines.indent -= 1;
                self.lines.text("}");
            }
            self.lines.indent -= 1;
            self.lines.text("}");
            self.lines.set_loop(head, &format!("loop{n}"));
            self.jump_targets.pop();
            return FallThrough::All;
        }
        self.lines.declare(format!("active{n}"), None, mask.unwrap_or(ALL_LANES));
        self.jump_targets.push(JumpTarget::MaskedLoop(n));
        self.lines.text("loop {");
        self.lines.indent += 1;
        let own = format!("mask{n}");
        self.lines.declare(&own, None, format!("active{n}"));
        if inner.continues {
            self.lines.declare(format!("continued{n}"), None, NO_LANES);
        }
        self.hoist(body, continuing, break_if);
        self.block(body, Some(&own));
        self.break_without_lanes(n);
        if !continuing.is_empty() {
            // Lanes that continued are back.
            self.lines.assign(&own, format!("active{n}"), false);
            self.block(continuing, Some(&own));
        }
        if let Some(condition) = break_if {
            let condition = self.lanes(condition);
            self.lines.assign(format!("active{n}"), format!("active{n} & !{condition}"), false);
            self.break_without_lanes(n);
        }
        self.lines.indent -= 1;
        self.lines.text("}");
        self.jump_targets.pop();
        match mask {
            Some(mask) if inner.returns => {
                let returns = Exits { returns: true, ..Exits::default() };
                self.remove_exited(returns, mask);
                self.fall_through(returns, Some(mask))
            }
            _ => FallThrough::All,
        }
    }

    /// Ends the masked loop `n` once all lanes have left it.
    fn break_without_lanes(&mut self, n: usize) {
        self.lines.text(format!("if !active{n}.any() {{"));
        self.lines.indent += 1;
        self.lines.text("break;");
        self.lines.indent -= 1;
        self.lines.text("}");
    }

    pub(super) fn write_break(&mut self, mask: Option<&str>) -> FallThrough {
        match (self.jump_targets.last(), mask) {
            (Some(&JumpTarget::Loop(n)), _) => self.lines.text(format!("break 'loop{n};")),
            (Some(&JumpTarget::Switch(n)), _) => self.lines.text(format!("break 'switch{n};")),
            (Some(&JumpTarget::MaskedLoop(n)), Some(mask)) => {
                self.lines.assign(format!("active{n}"), format!("active{n} & !{mask}"), false);
                self.clear_mask(mask);
            }
            (Some(&JumpTarget::MaskedSwitch(n)), Some(mask)) => {
                self.lines.assign(format!("broken{n}"), format!("broken{n} | {mask}"), false);
                self.clear_mask(mask);
            }
            _ => {
                self.unsupported("a break here");
            }
        }
        FallThrough::None
    }

    pub(super) fn write_continue(&mut self, mask: Option<&str>) -> FallThrough {
        match (self.innermost_loop(), mask) {
            (Some((n, false)), _) => self.lines.text(format!("break 'body{n};")),
            (Some((n, true)), Some(mask)) => {
                self.lines.assign(format!("continued{n}"), format!("continued{n} | {mask}"), false);
                self.clear_mask(mask);
            }
            _ => {
                self.unsupported("a continue here");
            }
        }
        FallThrough::None
    }

    pub(super) fn write_return(&mut self, value: Option<Handle<Expression>>, mask: Option<&str>) -> FallThrough {
        if !self.analysis.masked_returns {
            let value = match value {
                Some(value) if self.analysis.result_uniform => Some(self.value(value)),
                Some(value) => Some(self.lanes(value)),
                None => None,
            };
            match value {
                Some(value) if self.is_last => self.lines.text(value),
                Some(value) => self.lines.text(format!("return {value};")),
                None if self.is_last => {}
                None => self.lines.text("return;"),
            }
            return FallThrough::None;
        }
        let mask = mask.unwrap_or("mask0").to_owned();
        if let Some(value) = value {
            let value = self.lanes(value);
            self.lines.assign("return_value", format!("l::blend(s, {mask}, {value}, return_value)"), false);
        }
        self.lines.assign("returned", format!("returned | {mask}"), false);
        let loops: Vec<usize> = self
            .jump_targets
            .iter()
            .filter_map(|t| match t {
                JumpTarget::MaskedLoop(n) => Some(*n),
                _ => None,
            })
            .collect();
        for n in loops {
            self.lines.assign(format!("active{n}"), format!("active{n} & !{mask}"), false);
        }
        self.clear_mask(&mask);
        FallThrough::None
    }

    fn clear_mask(&mut self, mask: &str) {
        self.lines.assign(mask, NO_LANES, false);
    }
}
