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
        self.observed("observe", "Observation", "OBSERVATION")
    }

    /// The space of the global state, if the file has one; the inner None is a finding.
    pub fn global_state(&mut self) -> Option<Option<ObservationSpace>> {
        self.function("global_state")?;
        Some(self.observed("global_state", "GlobalState", "GLOBAL_STATE"))
    }

    /// What a function gives, described by constants that begin with `prefix`.
    fn observed(&mut self, function: &str, name: &str, prefix: &str) -> Option<ObservationSpace> {
        let ty = self.function(function)?.result.as_ref()?.ty;
        let Some(layout) = self.layout(ty) else {
            self.breach(
                name,
                format!("`{name}` is not made of f32 or u32, or has too many words"),
                &format!("declare a struct of f32 fields, or `alias {name} = array<u32, N>` for packed elements"),
            );
            return None;
        };
        let members = match self.inner(ty) {
            TypeInner::Struct { members, .. } => &members[..],
            _ => &[],
        };
        let member_prefix = |member: &naga::StructMember| part_prefix(prefix, member.name.as_deref().unwrap_or("?"));
        let described = |member: &naga::StructMember| {
            let prefix = member_prefix(member);
            PART_CONSTANTS.iter().any(|what| self.constant(&format!("{prefix}_{what}")).is_some())
        };
        if !members.iter().any(described) {
            let mut part = self.part(prefix, ty, name)?;
            if !members.is_empty() {
                part.fields = layout.fields;
            }
            return Some(ObservationSpace { words: layout.words, parts: vec![part] });
        }
        let (mut parts, mut words) = (Vec::new(), 0);
        for (index, member) in members.iter().enumerate() {
            let part = self.part(&member_prefix(member), member.ty, name);
            let (unit, meaning) = self.member_doc(ty, index);
            // All findings at once.
            let Some(part) = part else { continue };
            let fields = match self.inner(member.ty) {
                TypeInner::Struct { .. } => self.layout(member.ty)?.fields,
                _ => Vec::new(),
            };
            let doc = if part.doc.is_empty() { format!("{unit}; {meaning}") } else { part.doc };
            parts.push(ObservationPart {
                name: member.name.clone().unwrap_or_default(),
                offset: words,
                fields,
                doc,
                ..part
            });
            words += parts.last().map_or(0, |part| part.words);
        }
        (parts.len() == members.len()).then_some(ObservationSpace { words, parts })
    }

    /// One part of what is observed: of type `ty`, its constants beginning with `prefix`.
    fn part(&mut self, prefix: &str, ty: Handle<Type>, owner: &str) -> Option<ObservationPart> {
        let layout = self.layout(ty)?;
        let constant = |what: &str| format!("{prefix}_{what}");
        let (shape_name, bits_name, count_name) = (constant("SHAPE"), constant("BITS"), constant("COUNT"));
        let doc = [&shape_name, &count_name].map(|name| self.constant_doc(name)).concat();
        let all = |kind| layout.kinds().iter().all(|k| *k == kind);
        let scalar = matches!(self.inner(ty), TypeInner::Scalar(_));
        let given = self.words(&shape_name).map(|words| words.into_iter().map(|w| w as usize).collect::<Vec<_>>());
        if self.constant(&count_name).is_some() {
            let counts = self.words_of(&count_name, ty).filter(|_| all(Kind::U32));
            let Some(counts) = counts.filter(|counts| !counts.contains(&0)) else {
                self.breach(
                    &count_name,
                    format!("{count_name} is not of the type of what it counts, made of u32 of 1 or more"),
                    &format!("declare `const {count_name}: u32 = 4u;` for a u32, or an array of counts for an array"),
                );
                return None;
            };
            let shape = given.unwrap_or_else(|| if scalar { Vec::new() } else { vec![counts.len()] });
            if shape.iter().product::<usize>() != counts.len() {
                self.shape_breach(&shape_name, &shape, 32, counts.len(), layout.words, owner);
                return None;
            }
            return Some(ObservationPart {
                name: String::new(),
                encoding: Encoding::Count,
                shape,
                offset: 0,
                words: counts.len(),
                low: vec![0.0; counts.len()],
                high: counts.iter().map(|&n| (n - 1) as f32).collect(),
                counts,
                fields: Vec::new(),
                doc,
            });
        }
        let bits = self.unsigned(&bits_name).unwrap_or(32);
        let encoding = match (bits, all(Kind::F32), all(Kind::U32)) {
            (32, true, _) => Encoding::F32,
            (8, _, true) => Encoding::U8,
            (1, _, true) => Encoding::Bit,
            _ => {
                self.breach(
                    &bits_name,
                    format!(
                        "{bits_name} is {bits}, allowed are 1 and 8 with u32 words, or f32 elements without it, or whole numbers \
                         with {count_name}"
                    ),
                    &format!("declare `const {bits_name}: u32 = 1u;` and `const {shape_name}: array<u32, 3> = ...`"),
                );
                return None;
            }
        };
        let shape = given.unwrap_or_else(|| vec![layout.words]);
        let elements = shape.iter().try_fold(1_usize, |all, n| all.checked_mul(*n)).unwrap_or(usize::MAX);
        let words = elements.saturating_mul(bits as usize).div_ceil(32);
        if words != layout.words || elements == 0 {
            self.shape_breach(&shape_name, &shape, bits, words, layout.words, owner);
            return None;
        }
        let low_name = constant("LOW");
        let low = self.observation_bound(&low_name, ty, encoding, elements);
        let high = self.observation_bound(&constant("HIGH"), ty, encoding, elements);
        if let (Some(low), Some(high)) = (&low, &high)
            && let Some(i) = low.iter().zip(high).position(|(l, h)| l > h)
        {
            self.breach(
                &low_name,
                format!("element {i} of `{owner}` lies in {:?} to {:?}, which is empty", low[i], high[i]),
                &format!("declare {low_name} at or below {}", constant("HIGH")),
            );
        }
        Some(ObservationPart {
            name: String::new(),
            encoding,
            shape,
            offset: 0,
            words,
            low: low?,
            high: high?,
            counts: Vec::new(),
            fields: Vec::new(),
            doc,
        })
    }

    fn shape_breach(&mut self, name: &str, shape: &[usize], bits: u32, words: usize, has: usize, owner: &str) {
        self.breach(
            name,
            format!("shape {shape:?} of {bits} bits needs {words} words, `{owner}` has {has}"),
            &format!("make the product of {name} fit the words of what it describes"),
        );
    }

    /// What the constants AGENT_OBSERVATION_SIZES and AGENT_ACTION_COUNTS say of agents that have less than the others.
    pub fn of_each_agent(
        &mut self,
        agents: usize,
        action: Option<&ActionSpace>,
        observation: Option<&ObservationSpace>,
    ) -> (Vec<usize>, Vec<u32>) {
        let size = observation.and_then(ObservationSpace::single).filter(|p| p.shape.len() == 1).map(|p| p.shape[0]);
        let count = match action {
            Some(ActionSpace::Discrete { n }) => Some(*n as usize),
            _ => None,
        };
        let mut each = |name: &str, most: Option<usize>, of: &str| {
            self.constant(name)?;
            let words = self.words(name).filter(|words| words.len() == agents && agents > 1);
            let fits = |words: &Vec<u32>| {
                most.is_some_and(|most| {
                    words.iter().all(|&n| n >= 1 && n as usize <= most) && words.contains(&(most as u32))
                })
            };
            let words = words.filter(fits);
            if words.is_none() {
                let most = most.map_or("none here".to_owned(), |most| most.to_string());
                self.breach(
                    name,
                    format!("{name} is not a number of 1 up to {of} ({most}) for each of {agents} agents, the largest of them included"),
                    &format!("declare `const {name}: array<u32, AGENTS> = ...;` with {of} as the largest, or delete it"),
                );
            }
            words
        };
        let sizes = each("AGENT_OBSERVATION_SIZES", size, "the length of an observation of one dimension");
        let counts = each("AGENT_ACTION_COUNTS", count, "ACTION_COUNT of a single choice");
        (sizes.unwrap_or_default().into_iter().map(|n| n as usize).collect(), counts.unwrap_or_default())
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
                    "the constant {name} is missing, or is neither one number nor of the type that it bounds ({elements} elements)"
                ),
                if float {
                    "declare it with that type, or as one f32 for all elements (3.4028234e38 = unbounded)"
                } else {
                    "declare it as one u32 for all elements"
                },
            );
        }
        bound
    }
}

/// What a constant that describes a part of an observation ends with.
const PART_CONSTANTS: [&str; 5] = ["SHAPE", "BITS", "LOW", "HIGH", "COUNT"];

/// What the constants of the member of an observation begin with: `OBSERVATION_IMAGE` for `image`.
fn part_prefix(prefix: &str, member: &str) -> String {
    format!("{prefix}_{}", member.to_uppercase())
}

/// Names of the constants that describe an observation as a whole, or as a struct of parts where one of these is `declared`.
pub(crate) fn part_constants(prefix: &str, members: &[&str], declared: impl Fn(&str) -> bool) -> Vec<String> {
    let all = |prefix: String| PART_CONSTANTS.map(|what| format!("{prefix}_{what}"));
    let of_parts: Vec<String> = members.iter().flat_map(|member| all(part_prefix(prefix, member))).collect();
    if of_parts.iter().any(|name| declared(name)) {
        of_parts
    } else {
        [all(prefix.to_owned()).to_vec(), of_parts].concat()
    }
}
