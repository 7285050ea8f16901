//! Switches: a `match` where all lanes take the same case, else one mask for each case.

use naga::{Block, Expression, Handle, Statement, SwitchCase, SwitchValue};

use super::control::{ALL_LANES, FallThrough, JumpTarget, NO_LANES};
use super::flow::{Exits, exits};
use super::function::Writer;

/// The selectors of one body, and that body.
type Arm<'a> = (Vec<&'a SwitchValue>, &'a Block);

impl<'a> Writer<'a, '_> {
    pub(super) fn write_switch(
        &mut self,
        statement: &'a Statement,
        selector: Handle<Expression>,
        cases: &'a [SwitchCase],
        mask: Option<&str>,
    ) -> FallThrough {
        let n = self.number();
        let masked = self.analysis.is_divergent(statement);
        let exits = cases.iter().fold(Exits::default(), |all, c| all.or(exits(&c.body)));
        let leaves = Exits { breaks: false, ..exits };
        let arms = self.arms(cases);
        if masked {
            if exits.breaks {
                self.lines.declare(format!("broken{n}"), None, NO_LANES);
            }
            self.jump_targets.push(JumpTarget::MaskedSwitch(n));
            self.masked_switch(n, selector, arms, mask);
        } else {
            self.jump_targets.push(JumpTarget::Switch(n));
            self.uniform_switch(n, selector, arms, mask);
        }
        self.jump_targets.pop();
        match mask {
            Some(mask) if leaves.any() => {
                self.remove_exited(leaves, mask);
                self.fall_through(leaves, Some(mask))
            }
            _ => FallThrough::All,
        }
    }

    /// naga writes `case 1, 2` as a chain of empty cases that fall through.
    fn arms(&mut self, cases: &'a [SwitchCase]) -> Vec<Arm<'a>> {
        let mut arms: Vec<Arm<'a>> = Vec::new();
        let mut values = Vec::new();
        for case in cases {
            values.push(&case.value);
            if !case.fall_through {
                arms.push((std::mem::take(&mut values), &case.body));
            } else if !case.body.is_empty() {
                self.unsupported("fall-through between switch cases");
            }
        }
        arms
    }

    fn uniform_switch(&mut self, n: usize, selector: Handle<Expression>, mut arms: Vec<Arm<'a>>, mask: Option<&str>) {
        let value = self.uniform_word(selector, "u32");
        let label = format!("switch{n}");
        let at = self.lines.open_label(&label);
        if let [(_, body)] = arms[..] {
            self.block(body, mask);
            self.lines.close_label(at, &label);
            return;
        }
        self.lines.text(format!("match {value} {{"));
        self.lines.indent += 1;
        // The default is last in Rust.
        arms.sort_by_key(|(values, _)| has_default(values));
        for (values, body) in arms {
            let pattern = if has_default(&values) {
                "_".to_owned()
            } else {
                values.iter().map(|v| number(v).to_string()).collect::<Vec<_>>().join(" | ")
            };
            self.lines.text(format!("{pattern} => {{"));
            self.nested(body, mask);
            self.lines.text("}");
        }
        self.lines.indent -= 1;
        self.lines.text("}");
        self.lines.close_label(at, &label);
    }

    fn masked_switch(&mut self, n: usize, selector: Handle<Expression>, arms: Vec<Arm<'a>>, mask: Option<&str>) {
        let value = self.lanes(selector);
        let signed = self.kind(selector) == naga::ScalarKind::Sint;
        let (ty, suffix) = if signed { ("Simd::I", "i32") } else { ("Simd::U", "u32") };
        let is = |v: &SwitchValue| {
            let v = if signed { i64::from(number(v) as i32) } else { i64::from(number(v)) };
            format!("{value}.same(l::splat::<Simd, {ty}>(s, W({v}{suffix})))")
        };
        let all: Vec<String> =
            arms.iter().flat_map(|(values, _)| values.iter().filter(|v| !is_default(v)).map(|v| is(v))).collect();
        for (i, (values, body)) in arms.into_iter().enumerate() {
            if body.is_empty() {
                continue;
            }
            let mut parts: Vec<String> = values.iter().filter(|v| !is_default(v)).map(|v| is(v)).collect();
            if has_default(&values) {
                parts.push(match all.is_empty() {
                    true => ALL_LANES.to_owned(),
                    false => format!("!({})", all.join(" | ")),
                });
            }
            let condition = parts.join(" | ");
            let condition = match mask {
                Some(mask) if parts.len() > 1 => format!("{mask} & ({condition})"),
                Some(mask) => format!("{mask} & {condition}"),
                None => condition,
            };
            let own = format!("case{n}_{i}");
            self.lines.declare(&own, None, condition);
            self.lines.text(format!("if {own}.any() {{"));
            self.nested(body, Some(&own));
            self.lines.text("}");
        }
    }
}

fn is_default(value: &SwitchValue) -> bool {
    matches!(value, SwitchValue::Default)
}

fn has_default(values: &[&SwitchValue]) -> bool {
    values.iter().any(|v| is_default(v))
}

fn number(value: &SwitchValue) -> u32 {
    match *value {
        SwitchValue::I32(v) => v as u32,
        SwitchValue::U32(v) => v,
        SwitchValue::Default => 0,
    }
}
