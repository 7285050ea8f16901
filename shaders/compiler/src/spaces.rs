//! The action and observation spaces: types, bounds and shapes of the contract.

use naga::{Handle, Type, TypeInner};

use crate::facts::*;
use crate::reflect::Reflect;

impl Reflect<'_> {
    /// The space of one agent's actions.
    pub fn action(&mut self, agents: usize) -> Option<ActionSpace> {
        let step = self.function("step")?;
        let mut ty = step.arguments.get(2)?.ty;
        if agents > 1 {
            match *self.inner(ty) {
                TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } if n.get() as usize == agents => {
                    ty = base;
                }
                _ => {
                    self.breach(
                        "step",
                        format!("with {agents} agents, `step` must take an array of {agents} actions"),
                        "declare the third argument `action: array<Action, AGENTS>`",
                    );
                    return None;
                }
            }
        }
        let typed = |name| self.words_of(name, ty);
        let (count, low, high) = (typed("ACTION_COUNT"), typed("ACTION_LOW"), typed("ACTION_HIGH"));
        let kinds = self.layout(ty).map(|l| l.kinds()).unwrap_or_default();
        let floats = |words: Vec<u32>| words.into_iter().map(f32::from_bits).collect::<Vec<f32>>();
        let all = |kind| !kinds.is_empty() && kinds.iter().all(|k| *k == kind);
        let scalar = matches!(self.inner(ty), TypeInner::Scalar(_));
        let array = matches!(*self.inner(ty), TypeInner::Array { base, .. } if matches!(self.inner(base), TypeInner::Scalar(_)));
        let space = match (count, low, high) {
            (Some(n), None, None) if scalar && all(Kind::U32) => ActionSpace::Discrete { n: n[0] },
            (Some(nvec), None, None) if array && all(Kind::U32) => ActionSpace::MultiDiscrete { nvec },
            (None, Some(low), Some(high)) if array && all(Kind::F32) => {
                ActionSpace::Box { low: floats(low), high: floats(high) }
            }
            _ => {
                self.breach(
                    "Action",
                    "the action has no matching ACTION_COUNT, or ACTION_LOW and ACTION_HIGH, of the same type",
                    "discrete: `alias Action = u32; const ACTION_COUNT: u32 = 2u;` multi-discrete: `alias Action = array<u32, N>` with an \
                     array of counts; continuous: `alias Action = array<f32, N>` with bounds of that type",
                );
                return None;
            }
        };
        match &space {
            ActionSpace::Discrete { n: 0 } => self.no_actions("0".to_owned()),
            ActionSpace::MultiDiscrete { nvec } if nvec.contains(&0) => self.no_actions(format!("{nvec:?}")),
            ActionSpace::Box { low, high } => {
                let bad = low.iter().zip(high).position(|(l, h)| !(l < h && (h - l).is_finite()));
                if let Some(i) = bad {
                    self.breach(
                        "ACTION_LOW",
                        format!(
                            "element {i} of the action lies in {:?} to {:?}, which is empty or infinite",
                            low[i], high[i]
                        ),
                        "declare ACTION_LOW below ACTION_HIGH, both finite: random play draws between them",
                    );
                }
            }
            _ => {}
        }
        Some(space)
    }

    fn no_actions(&mut self, count: String) {
        self.breach(
            "ACTION_COUNT",
            format!("ACTION_COUNT is {count}, allowed is 1 or more"),
            "count the actions, 0 included",
        );
    }

    /// The space of one agent's observations.
    pub fn observation(&mut self) -> Option<ObservationSpace> {
        let ty = self.function("observe")?.result.as_ref()?.ty;
        let Some(layout) = self.layout(ty) else {
            self.breach(
                "Observation",
                "the observation is not made of f32 or u32, or has too many words",
                "declare a struct of f32 fields, or `alias Observation = array<u32, N>` for packed elements",
            );
            return None;
        };
        let doc = self.constant_doc("OBSERVATION_SHAPE");
        let bits = self.unsigned("OBSERVATION_BITS").unwrap_or(32);
        let is_struct = matches!(self.inner(ty), TypeInner::Struct { .. });
        let all = |kind| layout.kinds().iter().all(|k| *k == kind);
        let shape: Vec<usize> = match self.words("OBSERVATION_SHAPE") {
            Some(words) => words.into_iter().map(|w| w as usize).collect(),
            None => vec![layout.words],
        };
        let encoding = match (bits, all(Kind::F32), all(Kind::U32)) {
            (32, true, _) => Encoding::F32,
            (8, _, true) => Encoding::U8,
            (1, _, true) => Encoding::Bit,
            _ => {
                self.breach(
                    "OBSERVATION_BITS",
                    format!(
                        "OBSERVATION_BITS is {bits}, allowed are 1 and 8 with u32 words, or f32 elements without it"
                    ),
                    "declare `const OBSERVATION_BITS: u32 = 1u;` and `const OBSERVATION_SHAPE: array<u32, 3> = ...`",
                );
                return None;
            }
        };
        let elements = shape.iter().try_fold(1_usize, |all, n| all.checked_mul(*n)).unwrap_or(usize::MAX);
        let words = elements.saturating_mul(bits as usize).div_ceil(32);
        if words != layout.words || elements == 0 {
            self.breach(
                "OBSERVATION_SHAPE",
                format!("shape {shape:?} of {bits} bits needs {words} words, Observation has {}", layout.words),
                "make the product of OBSERVATION_SHAPE fit the words of Observation",
            );
            return None;
        }
        let low = self.observation_bound("OBSERVATION_LOW", ty, encoding, elements);
        let high = self.observation_bound("OBSERVATION_HIGH", ty, encoding, elements);
        if let (Some(low), Some(high)) = (&low, &high)
            && let Some(i) = low.iter().zip(high).position(|(l, h)| l > h)
        {
            self.breach(
                "OBSERVATION_LOW",
                format!("element {i} of the observation lies in {:?} to {:?}, which is empty", low[i], high[i]),
                "declare OBSERVATION_LOW at or below OBSERVATION_HIGH",
            );
        }
        Some(ObservationSpace {
            encoding,
            shape,
            words,
            low: low?,
            high: high?,
            fields: if is_struct { layout.fields } else { Vec::new() },
            doc,
        })
    }

    fn observation_bound(
        &mut self,
        name: &str,
        ty: Handle<Type>,
        encoding: Encoding,
        elements: usize,
    ) -> Option<Vec<f32>> {
        let float = encoding == Encoding::F32;
        let one = if float { self.float(name) } else { self.unsigned(name).map(|v| v as f32) };
        let each = self.words_of(name, ty).filter(|words| words.len() == elements && float);
        let bound = match (one, each) {
            (Some(one), _) => Some(vec![one; elements]),
            (_, Some(words)) => Some(words.into_iter().map(f32::from_bits).collect()),
            _ => None,
        };
        if bound.is_none() {
            self.breach(
                name,
                format!(
                    "the constant {name} is missing, or is neither one number nor an Observation ({elements} elements)"
                ),
                if float {
                    "declare it as `Observation`, or as one f32 for all elements (3.4028234e38 = unbounded)"
                } else {
                    "declare it as one u32 for all elements"
                },
            );
        }
        bound
    }
}
