//! The functions of an environment file: which there must be, what they take and return.

use naga::{Handle, ScalarKind, Type, TypeInner};

use crate::facts::*;
use crate::reflect::Reflect;

impl Reflect<'_> {
    /// Checks the signatures of all functions of the contract.
    pub fn signatures(&mut self, agents: usize, action: Option<&ActionSpace>) {
        use Want::*;
        let agent: &[Want] = if agents > 1 { &[Number] } else { &[] };
        let several = if agents > 1 { ", agent: u32" } else { "" };
        let whole = self.ty("State").and_then(|ty| self.layout(ty)).is_none_or(|state| !state.is_large());
        let in_place = !whole || self.function("initial").is_some_and(|f| f.arguments.len() == 3);
        // A large state stays where it is; a copy of it would not fit registers, nor the stack of a thread.
        let looked_at = if whole { Either("State") } else { Pointer("State") };
        for (name, wants, result, signature) in [
            if in_place {
                (
                    "initial",
                    vec![Value("Params"), Pointer("State"), Pointer("Rng")],
                    Nothing,
                    "fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>)".to_owned(),
                )
            } else {
                (
                    "initial",
                    vec![Value("Params"), Pointer("Rng")],
                    Value("State"),
                    "fn initial(params: Params, rng: ptr<function, Rng>) -> State".to_owned(),
                )
            },
            (
                "step",
                vec![Value("Params"), Pointer("State"), Anything, Pointer("Rng")],
                Outcome(agents),
                format!(
                    "fn step(params: Params, state: ptr<function, State>, action: {}, rng: ptr<function, Rng>) -> Outcome",
                    if agents > 1 { "array<Action, AGENTS>" } else { "Action" }
                ),
            ),
            (
                "observe",
                [&[Value("Params"), looked_at], agent].concat(),
                Anything,
                format!("fn observe(params: Params, state: ptr<function, State>{several}) -> Observation"),
            ),
            (
                "global_state",
                vec![Value("Params"), looked_at],
                Anything,
                "fn global_state(params: Params, state: ptr<function, State>) -> GlobalState".to_owned(),
            ),
            (
                "pixel",
                vec![Value("Params"), looked_at, Vector(2)],
                Vector(3),
                "fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32>".to_owned(),
            ),
            (
                "action_mask",
                [&[Value("Params"), looked_at], agent].concat(),
                // Without an action space there are other findings.
                action.map_or(Anything, |a| Words(a.mask_words())),
                format!(
                    "fn action_mask(params: Params, state: ptr<function, State>{several}) -> {}",
                    match action.map_or(1, ActionSpace::mask_words) {
                        0 | 1 => "u32".to_owned(),
                        words => format!("array<u32, {words}>"),
                    }
                ),
            ),
        ] {
            let fix = format!("declare `{signature}`");
            let Some(function) = self.function(name) else {
                if !["pixel", "action_mask", "global_state"].contains(&name) {
                    self.breach(name, format!("the function `{name}` is missing"), &fix);
                }
                continue;
            };
            if name == "action_mask" && matches!(action, Some(ActionSpace::Box { .. })) {
                let message = "`action_mask` chooses among numbered actions, and these actions are real numbers";
                self.breach(name, message, "delete it, or declare numbered actions with ACTION_COUNT");
                continue;
            }
            let mut wants = wants;
            if name != "initial" && self.takes_elapsed(name) {
                wants.push(Number);
            }
            let found = function.arguments.len();
            let bad = (0..wants.len()).find(|&i| function.arguments.get(i).is_some_and(|a| !self.is(wants[i], a.ty)));
            let result_fits = match (&function.result, result) {
                (None, Nothing) => true,
                (Some(found), wanted) => self.is(wanted, found.ty),
                (None, _) => false,
            };
            if found != wants.len() {
                self.breach(name, format!("`{name}` takes {found} arguments, it must take {}", wants.len()), &fix);
            } else if let Some(i) = bad {
                let argument = function.arguments[i].name.as_deref().unwrap_or("?");
                let copied = !whole && self.is(Value("State"), function.arguments[i].ty);
                let message = if copied {
                    let limit = Layout::LARGE_WORDS;
                    format!("`{name}` copies the state, allowed up to {limit} words: a larger one stays in memory")
                } else {
                    format!("argument {} of `{name}`, `{argument}`, has another type than the contract's", i + 1)
                };
                self.breach(name, message, &fix);
            } else if !result_fits {
                let rewards = if agents > 1 { format!("array<f32, {agents}>") } else { "f32".to_owned() };
                let note = match name {
                    "action_mask" => {
                        let bits = action.map_or(0, ActionSpace::mask_bits);
                        format!(
                            "{fix}: one bit for each of {bits} actions, the first in the lowest bit of the first word"
                        )
                    }
                    "step" => format!("{fix}, where Outcome is {{ reward: {rewards}, terminated: bool }}"),
                    _ => fix,
                };
                self.breach(name, format!("`{name}` returns another type than the contract's"), &note);
            }
        }
    }

    fn is(&self, want: Want, ty: Handle<Type>) -> bool {
        let named = |ty: Handle<Type>, name: &str| self.module.types[ty].name.as_deref() == Some(name);
        match (want, self.inner(ty)) {
            (Want::Anything, _) => true,
            (Want::Value(name) | Want::Either(name), TypeInner::Struct { .. }) => named(ty, name),
            (Want::Pointer(name) | Want::Either(name), TypeInner::Pointer { base, .. }) => named(*base, name),
            (Want::Number, TypeInner::Scalar(scalar)) => scalar.kind == ScalarKind::Uint,
            (Want::Words(1), TypeInner::Scalar(scalar)) => scalar.kind == ScalarKind::Uint,
            (Want::Words(n), TypeInner::Array { base, size: naga::ArraySize::Constant(count), .. }) => {
                count.get() as usize == n && self.is(Want::Number, *base)
            }
            (Want::Vector(n), TypeInner::Vector { size, scalar }) => {
                *size as usize == n && scalar.kind == ScalarKind::Float
            }
            (Want::Outcome(agents), TypeInner::Struct { members, .. }) => {
                let member = |name| members.iter().find(|m| m.name.as_deref() == Some(name)).map(|m| self.inner(m.ty));
                let float = |inner: &TypeInner| matches!(inner, TypeInner::Scalar(s) if s.kind == ScalarKind::Float);
                let reward = match member("reward") {
                    Some(inner) if agents == 1 => float(inner),
                    Some(TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. }) => {
                        n.get() as usize == agents && float(self.inner(*base))
                    }
                    _ => false,
                };
                let flag = |inner: &TypeInner| matches!(inner, TypeInner::Scalar(s) if s.kind == ScalarKind::Bool);
                reward && member("terminated").is_some_and(flag)
            }
            _ => false,
        }
    }
}

/// What an argument or a result must be.
#[derive(Clone, Copy)]
enum Want {
    Anything,
    /// No result.
    Nothing,
    /// The struct of this name.
    Value(&'static str),
    /// A pointer to the struct of this name.
    Pointer(&'static str),
    /// One or the other.
    Either(&'static str),
    /// u32.
    Number,
    /// This many u32: an array, or a single one as it is.
    Words(usize),
    /// f32 components.
    Vector(usize),
    /// A struct with `reward` (per agent, if there are several) and `terminated`.
    Outcome(usize),
}
