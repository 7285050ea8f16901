//! `Outcome` and `Info`: what a transition tells, found by the members' names.

use naga::{Handle, ScalarKind, Type, TypeInner};

use crate::error::nearest;
use crate::facts::*;
use crate::reflect::Reflect;

/// Members of `Outcome`: the required ones, then those that a file may have.
const MEMBERS: [&str; 5] = ["reward", "terminated", "truncated", "done", "info"];

/// Names that Gymnasium and the Python package give to other things in the same dictionary.
const TAKEN: [&str; 10] = [
    "action_mask",
    "agent_done",
    "episode",
    "final_global_state",
    "final_info",
    "final_obs",
    "final_observation",
    "global_state",
    "reset_mask",
    "TimeLimit",
];

/// The optional parts of a file's `Outcome`.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub truncates: bool,
    pub agent_done: bool,
    pub info: Option<Layout>,
}

impl Reflect<'_> {
    /// The optional members of what `step` returns; findings for members that the contract does not know.
    pub fn outcome(&mut self, agents: usize) -> Parts {
        let mut parts = Parts::default();
        let Some(result) = self.function("step").and_then(|f| f.result.as_ref()) else { return parts };
        let TypeInner::Struct { ref members, .. } = self.module.types[result.ty].inner else { return parts };
        for member in members {
            let name = member.name.as_deref().unwrap_or("?");
            match name {
                "reward" | "terminated" => {}
                "truncated" => {
                    parts.truncates = true;
                    if !self.is_flag(member.ty) {
                        self.outcome_member("`Outcome.truncated` is not a bool", "declare `truncated: bool`");
                    }
                }
                "done" if agents == 1 => self.outcome_member(
                    "`Outcome.done` says which of several agents are out of the game, and there is one agent",
                    "delete it: `terminated` says that the only agent is done",
                ),
                "done" => {
                    parts.agent_done = true;
                    let array = match *self.inner(member.ty) {
                        TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => {
                            n.get() as usize == agents && self.is_flag(base)
                        }
                        _ => false,
                    };
                    if !array {
                        let message = format!("`Outcome.done` is not an array of {agents} bool, one for each agent");
                        self.outcome_member(&message, "declare `done: array<bool, AGENTS>`");
                    }
                }
                "info" => parts.info = self.info(member.ty),
                other => {
                    let hint =
                        nearest(other, MEMBERS).map_or(String::new(), |known| format!("did you mean `{known}`? "));
                    self.outcome_member(
                        &format!("`Outcome.{other}` is no member of the contract"),
                        &format!(
                            "{hint}The members are {}; what else there is to tell goes into `Info`",
                            MEMBERS.join(", ")
                        ),
                    );
                }
            }
        }
        parts
    }

    fn outcome_member(&mut self, message: &str, fix: &str) {
        self.breach("Outcome", message, fix);
    }

    fn is_flag(&self, ty: Handle<Type>) -> bool {
        matches!(self.inner(ty), TypeInner::Scalar(s) if s.kind == ScalarKind::Bool)
    }

    /// The layout of `Info`: scalars, vectors and arrays of 32-bit numbers.
    fn info(&mut self, ty: Handle<Type>) -> Option<Layout> {
        const FIX: &str = "declare `struct Info { /// unit; meaning, then a member of type f32, u32, i32, a vector or an array of them }`";
        let TypeInner::Struct { ref members, .. } = self.module.types[ty].inner else {
            self.outcome_member("`Outcome.info` is not the struct `Info`", FIX);
            return None;
        };
        if self.module.types[ty].name.as_deref() != Some("Info") {
            self.outcome_member("`Outcome.info` is not the struct `Info`", FIX);
            return None;
        }
        for member in members {
            let name = member.name.as_deref().unwrap_or("?");
            if TAKEN.contains(&name) || name.starts_with('_') {
                let fix = format!(
                    "choose another name; taken are {} and those with an underscore in front",
                    TAKEN.join(", ")
                );
                self.breach("Info", format!("`Info.{name}` has the name of another entry of the infos"), &fix);
            }
            if self.holds_struct(member.ty) {
                self.breach("Info", format!("`Info.{name}` holds a struct"), FIX);
            }
        }
        let layout = self.layout(ty);
        if layout.is_none() && !self.fits(ty) {
            self.breach("Info", "`Info` has too many words", FIX);
        }
        // Other members that have no layout are findings of the lints.
        layout
    }
}
