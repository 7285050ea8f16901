//! Documentation that the spaces, the tables and the site are made of.

use naga::{Module, TypeInner};

use super::types::stored_structs;
use super::{Check, Lint, Report, Text};
use crate::reflect::Reflect;

pub(super) const UNDOCUMENTED_FIELD: Lint = Lint {
    name: "undocumented_field",
    summary: "a member of Params, State, Observation or Info without `/// unit; meaning`",
    why: "spaces, error texts and tables show the unit and the meaning of every field, and take them from here",
    fix: "write `/// m/s; velocity of the cart` above it; the unit is 1 for a pure number, else rad, cell, bool or the like",
    check: Check::Module(undocumented_field),
};

fn undocumented_field(text: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    let reflect = Reflect::new(module, text.linked);
    for ty in stored_structs(module) {
        let TypeInner::Struct { ref members, .. } = module.types[ty].inner else { continue };
        let structure = module.types[ty].name.as_deref().unwrap_or("");
        for (index, member) in members.iter().enumerate() {
            let name = member.name.as_deref().unwrap_or("");
            let missing = match reflect.member_doc(ty, index) {
                (unit, doc) if unit.is_empty() && doc.is_empty() => "doc comment",
                (unit, _) if unit.is_empty() => "unit",
                (_, doc) if doc.is_empty() => "meaning",
                _ => continue,
            };
            report.at(text.member(structure, name), format!("`{structure}.{name}` has no {missing}"));
        }
    }
}

pub(super) const UNDOCUMENTED_SPACE: Lint = Lint {
    name: "undocumented_space",
    summary: "actions, or observations without named members, that say nothing of their meaning",
    why: "nobody can play or read an environment whose numbers have no meaning",
    fix: "write `/// 0 push left, 1 push right` above it, or what the axes and channels are",
    check: Check::Module(undocumented_space),
};

fn undocumented_space(text: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    let reflect = Reflect::new(module, text.linked);
    let constants: Vec<_> =
        ["ACTION_COUNT", "ACTION_LOW"].into_iter().filter(|n| reflect.constant(n).is_some()).collect();
    if constants.iter().all(|name| reflect.constant_doc(name).is_empty())
        && let Some(first) = constants.first()
    {
        report.at(text.declared(first).map_or(0, |d| d.at), format!("`{first}` does not say what the actions mean"));
    }
    for (name, shape) in [("Observation", "OBSERVATION_SHAPE"), ("GlobalState", "GLOBAL_STATE_SHAPE")] {
        let is_struct = reflect.ty(name).is_some_and(|ty| matches!(module.types[ty].inner, TypeInner::Struct { .. }));
        // Whole numbers say it where they are counted.
        let count = shape.replace("SHAPE", "COUNT");
        let described: Vec<_> = [shape, &count].into_iter().filter(|n| reflect.constant(n).is_some()).collect();
        if !is_struct
            && described.iter().all(|name| reflect.constant_doc(name).is_empty())
            && let Some(first) = described.first()
        {
            let at = text.declared(first).map_or(0, |d| d.at);
            report.at(at, format!("`{first}` does not say what the elements mean"));
        }
    }
}
