//! Branches, switches, loops and jumps as execution masks.

use naga::{Block, Expression, Handle, Statement, SwitchValue};

use super::flow::{Exits, cost, exits};
use super::function::Writer;

/// A branch with at most this many expressions and no call or loop is computed without asking whether any lane takes
/// it: the test and the jump would cost more.
const CHEAP: usize = 12;

/// What break and continue refer to.
pub(super) enum Target {
    /// A loop all lanes leave together: label number.
    Loop(usize),
    /// A loop that lanes leave one by one: number of its live mask, and whether it has a mask of continued lanes.
    MaskedLoop(usize),
    /// A switch all lanes leave together.
    Switch(usize),
    /// A switch with a mask of the lanes that left it.
    MaskedSwitch(usize),
}

/// How many lanes of the frame go on after a statement.
pub(super) enum Left {
    All,
    Some,
    None,
}

impl<'a> Writer<'a, '_> {
    /// What is left of the lanes after a statement that shares the frame's mask or has reduced it.
    pub(super) fn after(&self, exits: Exits, mask: Option<&str>) -> Left {
        let masked = (exits.returns && self.analysis.masked_returns)
            || (exits.continues && self.loop_is_masked())
            || (exits.breaks && matches!(self.targets.last(), Some(Target::MaskedLoop(_) | Target::MaskedSwitch(_))));
        if masked && mask.is_some() { Left::Some } else { Left::All }
    }

    fn loop_is_masked(&self) -> bool {
        self.targets
            .iter()
            .rev()
            .find(|t| matches!(t, Target::Loop(_) | Target::MaskedLoop(_)))
            .is_some_and(|t| matches!(t, Target::MaskedLoop(_)))
    }

    /// Removes from a frame the lanes that left a nested one.
    fn reduce(&mut self, exits: Exits, mask: &str) {
        if exits.returns && self.analysis.masked_returns {
            self.line(&format!("{mask} = {mask} & !done;"));
        }
        if exits.breaks {
            match self.targets.last() {
                Some(&Target::MaskedLoop(n)) => self.line(&format!("{mask} = {mask} & live{n};")),
                Some(&Target::MaskedSwitch(n)) => self.line(&format!("{mask} = {mask} & !left{n};")),
                _ => {}
            }
        }
        if exits.continues {
            let target = self.targets.iter().rev().find_map(|t| match t {
                Target::MaskedLoop(n) => Some(*n),
                _ => None,
            });
            if let Some(n) = target {
                self.line(&format!("{mask} = {mask} & !skip{n};"));
            }
        }
    }

    pub(super) fn branch(
        &mut self,
        statement: &'a Statement,
        condition: Handle<Expression>,
        accept: &'a Block,
        reject: &'a Block,
        mask: Option<&str>,
    ) -> Left {
        let exits = exits(accept).or(exits(reject));
        let c = self.value(condition);
        if !self.analysis.is_divergent(statement) {
            self.line(&format!("if {c} {{"));
            self.nested(accept, mask);
            if !reject.is_empty() {
                self.line("} else {");
                self.nested(reject, mask);
            }
            self.line("}");
            return self.after(exits, mask);
        }
        if self.short_circuit(&c, accept, reject) {
            return Left::All;
        }
        let n = self.number();
        let and = |c: String| mask.map_or(c.clone(), |m| format!("{m} & {c}"));
        let cheap =
            !exits.any() && [accept, reject].iter().all(|b| cost(self.function, b).is_some_and(|cost| cost <= CHEAP));
        for (name, block, condition) in [("on", accept, and(c.clone())), ("off", reject, and(format!("!{c}")))] {
            if block.is_empty() {
                continue;
            }
            let frame = format!("{name}{n}");
            self.line(&format!("let mut {frame} = {condition};"));
            self.line(&if cheap { "{".to_owned() } else { format!("if {frame}.any() {{") });
            self.nested(block, Some(&frame));
            self.line("}");
        }
        match mask {
            Some(mask) if exits.any() => {
                self.reduce(exits, mask);
                self.after(exits, Some(mask))
            }
            _ => Left::All,
        }
    }

    pub(super) fn nested(&mut self, block: &'a Block, mask: Option<&str>) {
        self.indent += 1;
        self.block(block, mask);
        self.indent -= 1;
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
        self.line(&match otherwise {
            false => format!("{name} = {condition} & {value};"),
            true => format!("{name} = !{condition} | {value};"),
        });
        true
    }

    pub(super) fn switch(
        &mut self,
        statement: &'a Statement,
        selector: Handle<Expression>,
        cases: &'a [naga::SwitchCase],
        mask: Option<&str>,
    ) -> Left {
        let n = self.number();
        let masked = self.analysis.is_divergent(statement);
        let exits = cases.iter().fold(Exits::default(), |all, c| all.or(exits(&c.body)));
        let leaves = Exits { breaks: false, ..exits };
        let value = if masked { self.lanes(selector) } else { self.value(selector) };
        // Selectors of one body: naga writes `case 1, 2` as a chain of empty cases that fall through.
        let mut groups: Vec<(Vec<&SwitchValue>, &'a Block)> = Vec::new();
        let mut values = Vec::new();
        for case in cases {
            values.push(&case.value);
            if !case.fall_through {
                groups.push((std::mem::take(&mut values), &case.body));
            } else if !case.body.is_empty() {
                self.unsupported("fall-through between switch cases");
            }
        }
        if masked && exits.breaks {
            self.line(&format!("let mut left{n} = l::splat::<Simd, Simd::M>(s, false);"));
        }
        self.targets.push(if masked { Target::MaskedSwitch(n) } else { Target::Switch(n) });
        if !masked {
            self.line(&format!("'s{n}: {{ match {value}.0 as u32 {{"));
            // The default is last in Rust.
            groups.sort_by_key(|(values, _)| values.iter().any(|v| matches!(v, SwitchValue::Default)));
            for (values, body) in groups {
                let default = values.iter().any(|v| matches!(v, SwitchValue::Default));
                let pattern = if default {
                    "_".to_owned()
                } else {
                    values.iter().map(|v| number(v).to_string()).collect::<Vec<_>>().join(" | ")
                };
                self.line(&format!("{pattern} => {{"));
                self.nested(body, mask);
                self.line("}");
            }
            self.line("} }");
        } else {
            let sint = self.inner(selector).scalar_kind() == Some(naga::ScalarKind::Sint);
            let (ty, suffix) = if sint { ("Simd::I", "i32") } else { ("Simd::U", "u32") };
            let is = |v: u32| {
                let v = if sint { i64::from(v as i32) } else { i64::from(v) };
                format!("{value}.same(l::splat::<Simd, {ty}>(s, W({v}{suffix})))")
            };
            let all: Vec<u32> = groups
                .iter()
                .flat_map(|(values, _)| values.iter().filter(|v| !matches!(v, SwitchValue::Default)).map(|v| number(v)))
                .collect();
            for (i, (values, body)) in groups.into_iter().enumerate() {
                let default = values.iter().any(|v| matches!(v, SwitchValue::Default));
                let mut parts: Vec<String> =
                    values.iter().filter(|v| !matches!(v, SwitchValue::Default)).map(|v| is(number(v))).collect();
                if default {
                    let others: Vec<String> = all.iter().map(|v| is(*v)).collect();
                    parts.push(if others.is_empty() {
                        "l::splat::<Simd, Simd::M>(s, true)".to_owned()
                    } else {
                        format!("!({})", others.join(" | "))
                    });
                }
                let condition = format!("({})", parts.join(" | "));
                let condition = mask.map_or(condition.clone(), |m| format!("{m} & {condition}"));
                if body.is_empty() {
                    continue;
                }
                let frame = format!("case{n}_{i}");
                self.line(&format!("let mut {frame} = {condition};"));
                self.line(&format!("if {frame}.any() {{"));
                self.nested(body, Some(&frame));
                self.line("}");
            }
        }
        self.targets.pop();
        match mask {
            Some(mask) if leaves.any() => {
                self.reduce(leaves, mask);
                self.after(leaves, Some(mask))
            }
            _ => Left::All,
        }
    }

    pub(super) fn repeat(
        &mut self,
        statement: &'a Statement,
        body: &'a Block,
        continuing: &'a Block,
        break_if: Option<Handle<Expression>>,
        mask: Option<&str>,
    ) -> Left {
        let n = self.number();
        let inner = exits(body).or(exits(continuing));
        if !self.analysis.is_divergent(statement) {
            self.targets.push(Target::Loop(n));
            self.line(&format!("'l{n}: loop {{"));
            self.indent += 1;
            self.hoist(body, continuing, break_if);
            if inner.continues {
                self.line(&format!("'b{n}: {{"));
                self.nested(body, mask);
                self.line("}");
                self.block(continuing, mask);
            } else {
                self.block(body, mask);
                self.block(continuing, mask);
            }
            if let Some(condition) = break_if {
                let condition = self.value(condition);
                self.line(&format!("if {condition} {{ break; }}"));
            }
            self.indent -= 1;
            self.line("}");
            self.targets.pop();
            return Left::All;
        }
        let start = mask.map_or("l::splat::<Simd, Simd::M>(s, true)".to_owned(), str::to_owned);
        self.line(&format!("let mut live{n} = {start};"));
        self.targets.push(Target::MaskedLoop(n));
        self.line("loop {");
        self.indent += 1;
        self.line(&format!("let mut m{n} = live{n};"));
        if inner.continues {
            self.line(&format!("let mut skip{n} = l::splat::<Simd, Simd::M>(s, false);"));
        }
        let frame = format!("m{n}");
        self.hoist(body, continuing, break_if);
        self.block(body, Some(&frame));
        self.line(&format!("if !live{n}.any() {{ break; }}"));
        if !continuing.is_empty() {
            self.line(&format!("let mut m{n} = live{n};"));
            self.block(continuing, Some(&frame));
        }
        if let Some(condition) = break_if {
            let condition = self.lanes(condition);
            self.line(&format!("live{n} = live{n} & !{condition};"));
            self.line(&format!("if !live{n}.any() {{ break; }}"));
        }
        self.indent -= 1;
        self.line("}");
        self.targets.pop();
        match mask {
            Some(mask) if inner.returns => {
                let returns = Exits { returns: true, ..Exits::default() };
                self.reduce(returns, mask);
                self.after(returns, Some(mask))
            }
            _ => Left::All,
        }
    }

    pub(super) fn jump_out(&mut self, mask: Option<&str>) -> Left {
        match (self.targets.last(), mask) {
            (Some(&Target::Loop(n)), _) => self.line(&format!("break 'l{n};")),
            (Some(&Target::Switch(n)), _) => self.line(&format!("break 's{n};")),
            (Some(&Target::MaskedLoop(n)), Some(mask)) => {
                self.line(&format!("live{n} = live{n} & !{mask};"));
                self.empty(mask);
            }
            (Some(&Target::MaskedSwitch(n)), Some(mask)) => {
                self.line(&format!("left{n} = left{n} | {mask};"));
                self.empty(mask);
            }
            _ => {
                self.unsupported("a break here");
            }
        }
        Left::None
    }

    pub(super) fn jump_on(&mut self, mask: Option<&str>) -> Left {
        let target = self.targets.iter().rev().find_map(|t| match t {
            Target::Loop(n) => Some((*n, false)),
            Target::MaskedLoop(n) => Some((*n, true)),
            _ => None,
        });
        match (target, mask) {
            (Some((n, false)), _) => self.line(&format!("break 'b{n};")),
            (Some((n, true)), Some(mask)) => {
                self.line(&format!("skip{n} = skip{n} | {mask};"));
                self.empty(mask);
            }
            _ => {
                self.unsupported("a continue here");
            }
        }
        Left::None
    }

    pub(super) fn give_back(&mut self, value: Option<Handle<Expression>>, mask: Option<&str>) -> Left {
        if !self.analysis.masked_returns {
            let text = match value {
                Some(value) if self.analysis.result_uniform => self.value(value),
                Some(value) => self.lanes(value),
                None => String::new(),
            };
            self.line(&format!("return {text};"));
            return Left::None;
        }
        let mask = mask.unwrap_or("m0").to_owned();
        if let Some(value) = value {
            let value = self.lanes(value);
            self.line(&format!("result = l::blend(s, {mask}, {value}, result);"));
        }
        self.line(&format!("done = done | {mask};"));
        let loops: Vec<usize> = self
            .targets
            .iter()
            .filter_map(|t| match t {
                Target::MaskedLoop(n) => Some(*n),
                _ => None,
            })
            .collect();
        for n in loops {
            self.line(&format!("live{n} = live{n} & !{mask};"));
        }
        self.empty(&mask);
        Left::None
    }

    fn empty(&mut self, mask: &str) {
        self.line(&format!("{mask} = l::splat::<Simd, Simd::M>(s, false);"));
    }
}

fn number(value: &SwitchValue) -> u32 {
    match *value {
        SwitchValue::I32(v) => v as u32,
        SwitchValue::U32(v) => v,
        SwitchValue::Default => 0,
    }
}
