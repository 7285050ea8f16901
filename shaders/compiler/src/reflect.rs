//! Reads the facts out of a parsed environment.

use naga::{Expression, Handle, Literal, Module, ScalarKind, Type, TypeInner};

use crate::error::Diagnostic;
use crate::facts::*;
use crate::link::Linked;

/// Headings that the module docs must have, in this order.
pub const HEADINGS: [&str; 5] = ["Source", "Reward", "Start", "End", "Version"];

/// A reader over one parsed module that collects findings instead of stopping at the first.
pub(crate) struct Reflect<'a> {
    pub module: &'a Module,
    pub linked: &'a Linked,
    pub findings: Vec<Diagnostic>,
}

impl<'a> Reflect<'a> {
    pub fn new(module: &'a Module, linked: &'a Linked) -> Self {
        Self { module, linked, findings: Vec::new() }
    }

    /// Notes a breach of the environment contract at the declaration of `name` (or at the top of the file).
    pub fn breach(&mut self, name: &str, message: impl Into<String>, fix: &str) {
        let offset = declaration(&self.linked.text, name).unwrap_or(0);
        self.findings.push(self.linked.diagnostic(offset, "contract", message.into(), fix));
    }

    pub fn constant(&self, name: &str) -> Option<Handle<naga::Constant>> {
        self.module.constants.iter().find(|(_, c)| c.name.as_deref() == Some(name)).map(|(h, _)| h)
    }

    pub fn function(&self, name: &str) -> Option<&'a naga::Function> {
        self.module.functions.iter().find(|(_, f)| f.name.as_deref() == Some(name)).map(|(_, f)| f)
    }

    pub fn ty(&self, name: &str) -> Option<Handle<Type>> {
        self.module.types.iter().find(|(_, t)| t.name.as_deref() == Some(name)).map(|(h, _)| h)
    }

    pub fn inner(&self, ty: Handle<Type>) -> &'a TypeInner {
        &self.module.types[ty].inner
    }

    /// The words of a constant, flattened; None if it is missing or not made of 32-bit scalars.
    pub fn words(&self, name: &str) -> Option<Vec<u32>> {
        let constant = &self.module.constants[self.constant(name)?];
        let mut words = Vec::new();
        self.push_words(constant.init, &mut words)?;
        Some(words)
    }

    fn push_words(&self, expression: Handle<Expression>, words: &mut Vec<u32>) -> Option<()> {
        match self.module.global_expressions[expression] {
            Expression::Literal(Literal::F32(v)) => words.push(v.to_bits()),
            Expression::Literal(Literal::U32(v)) => words.push(v),
            Expression::Literal(Literal::I32(v)) => words.push(v as u32),
            Expression::Constant(c) => self.push_words(self.module.constants[c].init, words)?,
            Expression::ZeroValue(ty) => words.extend(vec![0; self.layout(ty)?.words]),
            Expression::Compose { ref components, .. } => {
                for &component in components {
                    self.push_words(component, words)?;
                }
            }
            Expression::Splat { size, value } => {
                for _ in 0..size as usize {
                    self.push_words(value, words)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn float(&self, name: &str) -> Option<f32> {
        Some(f32::from_bits(*self.words(name)?.first()?))
    }

    fn unsigned(&self, name: &str) -> Option<u32> {
        self.words(name)?.first().copied()
    }

    /// Layout of a type as words without padding; None if it holds anything but 32-bit scalars.
    pub fn layout(&self, ty: Handle<Type>) -> Option<Layout> {
        let mut layout = Layout::default();
        self.flatten(ty, "", &mut Vec::new(), &(String::new(), String::new()), &mut layout)?;
        Some(layout)
    }

    fn flatten(
        &self,
        ty: Handle<Type>,
        path: &str,
        shape: &mut Vec<usize>,
        doc: &(String, String),
        layout: &mut Layout,
    ) -> Option<()> {
        match *self.inner(ty) {
            TypeInner::Scalar(scalar) => {
                let field = Field {
                    name: path.to_owned(),
                    kind: kind_of(scalar)?,
                    shape: shape.clone(),
                    offset: layout.words,
                    unit: doc.0.clone(),
                    doc: doc.1.clone(),
                };
                layout.words += field.words();
                layout.fields.push(field);
            }
            TypeInner::Vector { size, scalar } => {
                shape.push(size as usize);
                let field = Field {
                    name: path.to_owned(),
                    kind: kind_of(scalar)?,
                    shape: shape.clone(),
                    offset: layout.words,
                    unit: doc.0.clone(),
                    doc: doc.1.clone(),
                };
                shape.pop();
                layout.words += field.words();
                layout.fields.push(field);
            }
            TypeInner::Array { base, size: naga::ArraySize::Constant(count), .. } => {
                let count = count.get() as usize;
                if self.holds_struct(base) {
                    for i in 0..count {
                        self.flatten(base, &format!("{path}[{i}]"), shape, doc, layout)?;
                    }
                } else {
                    shape.push(count);
                    self.flatten(base, path, shape, doc, layout)?;
                    shape.pop();
                }
            }
            TypeInner::Struct { ref members, .. } => {
                for (index, member) in members.iter().enumerate() {
                    let name = member.name.as_deref().unwrap_or("?");
                    let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    let doc = self.member_doc(ty, index);
                    self.flatten(member.ty, &path, &mut shape.clone(), &doc, layout)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn holds_struct(&self, ty: Handle<Type>) -> bool {
        match *self.inner(ty) {
            TypeInner::Struct { .. } => true,
            TypeInner::Array { base, .. } => self.holds_struct(base),
            _ => false,
        }
    }

    /// Unit and meaning of a struct member, split at the first `;`.
    pub fn member_doc(&self, ty: Handle<Type>, index: usize) -> (String, String) {
        let lines = self.module.doc_comments.as_ref().and_then(|d| d.struct_members.get(&(ty, index)));
        let text = lines.map_or(String::new(), |l| doc_text(l, "///"));
        match text.split_once(';') {
            Some((unit, doc)) => (unit.trim().to_owned(), doc.trim().to_owned()),
            None => (String::new(), text),
        }
    }

    fn constant_doc(&self, name: &str) -> String {
        let docs = self.module.doc_comments.as_ref();
        let lines = self.constant(name).and_then(|c| docs?.constants.get(&c));
        lines.map_or(String::new(), |l| doc_text(l, "///"))
    }

    /// All facts; findings are noted for what breaks the contract.
    pub fn facts(&mut self, stem: &str, family: &str) -> Option<Facts> {
        let (id, summary, sections) = self.docs();
        let agents = self.unsigned("AGENTS").unwrap_or(1) as usize;
        if agents == 0 {
            self.breach("AGENTS", "AGENTS is 0, it must be 1 or more", "give the number of agents of one instance");
        }
        if self.unsigned("MAX_EPISODE_STEPS").is_none() {
            self.breach(
                "MAX_EPISODE_STEPS",
                "the constant MAX_EPISODE_STEPS is missing or has no concrete type",
                "declare `const MAX_EPISODE_STEPS: u32 = 500u;` (0u = no limit)",
            );
        }
        let params = self.structure("Params");
        let state = self.structure("State");
        self.signatures(agents);
        let default_params = self.params_constant("DEFAULT_PARAMS", &params);
        if default_params.is_none() {
            self.breach(
                "DEFAULT_PARAMS",
                "the constant DEFAULT_PARAMS is missing or is not of type Params",
                "declare `const DEFAULT_PARAMS: Params = Params(...);`",
            );
        }
        let bounds = (self.params_constant("PARAMS_LOW", &params), self.params_constant("PARAMS_HIGH", &params));
        let params_bounds = match bounds {
            (Some(low), Some(high)) => Some((low, high)),
            (None, None) => None,
            _ => {
                self.breach("PARAMS_LOW", "PARAMS_LOW and PARAMS_HIGH come as a pair, one is missing", "declare both");
                None
            }
        };
        self.check_defaults(&params, &default_params, &params_bounds);
        let action = self.action(agents);
        let observation = self.observation();
        let action_doc = ["ACTION_COUNT", "ACTION_LOW"]
            .map(|name| self.constant_doc(name))
            .into_iter()
            .find(|d| !d.is_empty())
            .unwrap_or_default();
        let pixel_aspect = self.function("pixel").map(|_| self.float("PIXEL_ASPECT").unwrap_or(1.0));
        let (action, observation) = (action?, observation?);
        let integer = observation.encoding != Encoding::F32 && state.fields.iter().all(|f| f.kind != Kind::F32);
        let episode_words = 4 + agents * action.words() + 2 + agents;
        Some(Facts {
            id,
            stem: stem.to_owned(),
            family: family.to_owned(),
            summary,
            sections,
            max_episode_steps: self.unsigned("MAX_EPISODE_STEPS")?,
            reward_threshold: self.float("REWARD_THRESHOLD"),
            sticky_action_probability: self.float("STICKY_ACTION_PROBABILITY").unwrap_or(0.0),
            agents,
            pixel_aspect,
            default_params: default_params?,
            params_bounds,
            params,
            state,
            action,
            action_doc,
            observation,
            integer,
            episode_words,
        })
    }

    fn docs(&mut self) -> (String, String, Vec<Section>) {
        let lines = self.module.doc_comments.as_ref().map_or(&[][..], |d| &d.module);
        let text = doc_lines(lines, "//!");
        let (head, rest) = text.split_first().map_or(("", &[][..]), |(h, r)| (h.as_str(), r));
        let (id, summary) = head.split_once(": ").unwrap_or(("", head));
        if id.is_empty() || id.contains(' ') || summary.is_empty() {
            self.breach(
                "",
                format!("the first doc line must be `//! <id>: <one sentence>`, found {head:?}"),
                "start the file with, for instance, `//! CartPole-v1: balance a pole hinged on a cart.`",
            );
        }
        let mut sections: Vec<Section> = Vec::new();
        for line in rest {
            if let Some(heading) = line.strip_prefix("# ") {
                sections.push(Section { heading: heading.trim().to_owned(), text: String::new() });
            } else if let Some(section) = sections.last_mut() {
                if !section.text.is_empty() {
                    section.text.push('\n');
                }
                section.text.push_str(line);
            }
        }
        let summary = rest
            .iter()
            .take_while(|l| !l.starts_with("# ") && !l.is_empty())
            .fold(summary.to_owned(), |all, line| format!("{all} {line}"));
        for heading in HEADINGS {
            if !sections.iter().any(|s| s.heading == heading && !s.text.trim().is_empty()) {
                self.breach(
                    "",
                    format!("the module docs have no section `# {heading}`, or it is empty"),
                    "write the headings # Source, # Reward, # Start, # End, # Version in `//!` lines",
                );
            }
        }
        for section in &mut sections {
            section.text = section.text.trim().to_owned();
        }
        (id.to_owned(), summary, sections)
    }

    fn structure(&mut self, name: &str) -> Layout {
        let layout = self.ty(name).and_then(|ty| match self.inner(ty) {
            TypeInner::Struct { .. } => self.layout(ty),
            _ => None,
        });
        layout.unwrap_or_else(|| {
            self.breach(
                name,
                format!("`struct {name}` is missing or holds something other than f32, u32, i32, vectors, arrays and structs of them"),
                "bool has no memory layout in WGSL: store it as u32; matrices as arrays of vectors",
            );
            Layout::default()
        })
    }

    fn params_constant(&self, name: &str, params: &Layout) -> Option<Vec<u32>> {
        self.words(name).filter(|words| words.len() == params.words)
    }

    fn check_defaults(&mut self, params: &Layout, defaults: &Option<Vec<u32>>, bounds: &Option<(Vec<u32>, Vec<u32>)>) {
        let (Some(defaults), Some((low, high))) = (defaults, bounds) else { return };
        for (word, kind) in params.kinds().into_iter().enumerate() {
            let value = |words: &[u32]| match kind {
                Kind::F32 => f64::from(f32::from_bits(words[word])),
                Kind::U32 => f64::from(words[word]),
                Kind::I32 => f64::from(words[word] as i32),
            };
            if !(value(low) <= value(defaults) && value(defaults) <= value(high)) {
                let name = params.fields.iter().rev().find(|f| f.offset <= word).map_or("?", |f| &f.name);
                self.breach(
                    "DEFAULT_PARAMS",
                    format!(
                        "the default of `{name}` is {}, outside PARAMS_LOW..PARAMS_HIGH = {}..{}",
                        value(defaults),
                        value(low),
                        value(high)
                    ),
                    "move the default or widen the box",
                );
            }
        }
    }

    fn signatures(&mut self, agents: usize) {
        let agent = if agents > 1 { 1 } else { 0 };
        for (name, arguments, signature) in [
            ("initial", 2, "fn initial(params: Params, rng: ptr<function, Rng>) -> State"),
            (
                "step",
                4,
                "fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome",
            ),
            ("observe", 2 + agent, "fn observe(params: Params, state: ptr<function, State>) -> Observation"),
            ("pixel", 3, "fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32>"),
        ] {
            let ok = match self.function(name) {
                Some(f) => f.arguments.len() == arguments && f.result.is_some(),
                None => name == "pixel",
            };
            if !ok {
                self.breach(
                    name,
                    format!("the function `{name}` is missing or has another signature"),
                    &format!("declare `{signature}` (with several agents: actions as array<Action, AGENTS>, observe(..., agent: u32))"),
                );
            }
        }
    }

    fn action(&mut self, agents: usize) -> Option<ActionSpace> {
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
                        "with several agents, step takes `action: array<Action, AGENTS>`",
                        "change the third argument",
                    );
                    return None;
                }
            }
        }
        let (count, low, high) = (self.words("ACTION_COUNT"), self.words("ACTION_LOW"), self.words("ACTION_HIGH"));
        let layout = self.layout(ty)?;
        let kind = layout.fields.first().map(|f| f.kind);
        let floats = |words: Vec<u32>| words.into_iter().map(f32::from_bits).collect::<Vec<f32>>();
        match (kind, self.inner(ty), count, low, high) {
            (Some(Kind::U32), TypeInner::Scalar(_), Some(n), _, _) if n[0] > 0 => {
                Some(ActionSpace::Discrete { n: n[0] })
            }
            (Some(Kind::U32), TypeInner::Array { .. }, Some(nvec), _, _)
                if nvec.len() == layout.words && nvec.iter().all(|&n| n > 0) =>
            {
                Some(ActionSpace::MultiDiscrete { nvec })
            }
            (Some(Kind::F32), _, _, Some(low), Some(high))
                if low.len() == layout.words && high.len() == layout.words =>
            {
                Some(ActionSpace::Box { low: floats(low), high: floats(high) })
            }
            _ => {
                self.breach(
                    "Action",
                    "the action has no matching ACTION_COUNT, or ACTION_LOW and ACTION_HIGH",
                    "discrete: `alias Action = u32; const ACTION_COUNT: u32 = 2u;` multi-discrete: `alias Action = array<u32, N>` with an \
                     array of counts; continuous: `alias Action = array<f32, N>` with bounds of that type",
                );
                None
            }
        }
    }

    fn observation(&mut self) -> Option<ObservationSpace> {
        let ty = self.function("observe")?.result.as_ref()?.ty;
        let layout = self.layout(ty)?;
        let doc = self.constant_doc("OBSERVATION_SHAPE");
        let bits = self.unsigned("OBSERVATION_BITS").unwrap_or(32);
        let is_struct = matches!(self.inner(ty), TypeInner::Struct { .. });
        let floats = layout.fields.iter().all(|f| f.kind == Kind::F32);
        let shape = match self.words("OBSERVATION_SHAPE") {
            Some(words) => words.into_iter().map(|w| w as usize).collect(),
            None => vec![layout.words],
        };
        let encoding = match (bits, floats) {
            (32, true) => Encoding::F32,
            (8, false) => Encoding::U8,
            (1, false) => Encoding::Bit,
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
        let elements: usize = shape.iter().product();
        let words = (elements * bits as usize).div_ceil(32);
        if words != layout.words || elements == 0 {
            self.breach(
                "OBSERVATION_SHAPE",
                format!("shape {shape:?} of {bits} bits needs {words} words, Observation has {}", layout.words),
                "make the product of OBSERVATION_SHAPE fit the words of Observation",
            );
            return None;
        }
        let low = self.observation_bound("OBSERVATION_LOW", encoding, elements);
        let high = self.observation_bound("OBSERVATION_HIGH", encoding, elements);
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

    fn observation_bound(&mut self, name: &str, encoding: Encoding, elements: usize) -> Option<Vec<f32>> {
        let value = |word: u32| match encoding {
            Encoding::F32 => f32::from_bits(word),
            Encoding::U8 | Encoding::Bit => word as f32,
        };
        match self.words(name).as_deref() {
            Some([one]) => Some(vec![value(*one); elements]),
            Some(words) if words.len() == elements => Some(words.iter().map(|&w| value(w)).collect()),
            _ => {
                self.breach(
                    name,
                    format!("the constant {name} is missing, or is neither one number nor one per element ({elements})"),
                    "declare it with the type Observation, or as one number for all elements (3.4028234e38 = unbounded)",
                );
                None
            }
        }
    }
}

/// Byte offset of the declaration of a name at module scope.
pub(crate) fn declaration(text: &str, name: &str) -> Option<usize> {
    if name.is_empty() {
        return None;
    }
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        for keyword in ["fn ", "struct ", "const ", "alias ", "var"] {
            if let Some(rest) = line.strip_prefix(keyword)
                && let Some(after) = rest.trim_start().strip_prefix(name)
                && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                return Some(offset);
            }
        }
        offset += line.len();
    }
    None
}

fn kind_of(scalar: naga::Scalar) -> Option<Kind> {
    match (scalar.kind, scalar.width) {
        (ScalarKind::Float, 4) => Some(Kind::F32),
        (ScalarKind::Uint, 4) => Some(Kind::U32),
        (ScalarKind::Sint, 4) => Some(Kind::I32),
        _ => None,
    }
}

/// Doc comments without their markers, one string per line.
fn doc_lines(comments: &[String], marker: &str) -> Vec<String> {
    comments
        .iter()
        .flat_map(|c| c.lines())
        .map(|l| {
            let l = l.trim_start();
            let l = l.strip_prefix(marker).unwrap_or(l);
            l.strip_prefix(' ').unwrap_or(l).trim_end().to_owned()
        })
        .collect()
}

fn doc_text(comments: &[String], marker: &str) -> String {
    doc_lines(comments, marker).join(" ").trim().to_owned()
}
