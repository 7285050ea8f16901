//! Switches: a `match` where all lanes take the same case, else one mask for each case.

use naga::{Block, Expression, Handle, Statement, SwitchCase, SwitchValue};

use super::control::{ALL_LANES, FallThrough, JumpTarget, NO_LANES};
use super::flow::{Exits, exits};
use super::function::Writer;
use super::shared::Scalar;

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
            let pattern = if has_default(&values) { "_".to_owned() } else { self.pattern(&value, &values) };
            self.lines.text(format!("{pattern} => {{"));
            self.nested(body, mask);
            self.lines.text("}");
        }
        self.lines.indent -= 1;
        self.lines.text("}");
        self.lines.close_label(at, &label);
    }

    /// The pattern of an arm. Labels that are read are compared, since Rust's patterns are constants.
    fn pattern(&mut self, value: &str, labels: &[&SwitchValue]) -> String {
        let mut all = Vec::new();
        let mut is_read = false;
        for label in labels {
            let written = Scalar::label(label)
                .and_then(|(origin, scalar)| self.generator.scalars.write(self.module, origin, scalar));
            is_read |= written.is_some();
            all.push(match (written, label) {
                (Some(read), SwitchValue::I32(_)) => format!("{read}.0 as u32"),
                (Some(read), _) => format!("{read}.0"),
                (None, _) => number(label).to_string(),
            });
        }
        if !is_read {
            return all.join(" | ");
        }
        let compared: Vec<String> = all.iter().map(|label| format!("{value} == {label}")).collect();
        format!("_ if {}", compared.join(" || "))
    }

    fn masked_switch(&mut self, n: usize, selector: Handle<Expression>, arms: Vec<Arm<'a>>, mask: Option<&str>) {
        let value = self.lanes(selector);
        let ty = if self.kind(selector) == naga::ScalarKind::Sint { "Simd::I" } else { "Simd::U" };
        let mut conditions: Vec<Vec<String>> = Vec::new();
        for (labels, _) in &arms {
            let labels = labels.iter().filter_map(|label| Scalar::label(label));
            let labels = labels.map(|(origin, label)| self.generator.scalar(origin, label));
            conditions.push(labels.map(|label| format!("{value}.same(l::splat::<Simd, {ty}>(s, {label}))")).collect());
        }
        let all = conditions.concat();
        for (i, ((values, body), mut parts)) in arms.into_iter().zip(conditions).enumerate() {
            if body.is_empty() {
                continue;
            }
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

fn has_default(values: &[&SwitchValue]) -> bool {
    values.iter().any(|value| matches!(value, SwitchValue::Default))
}

fn number(value: &SwitchValue) -> u32 {
    match *value {
        SwitchValue::I32(v) => v as u32,
        SwitchValue::U32(v) => v,
        SwitchValue::Default => 0,
    }
}
