//! The file of a projected environment, written around the environment's own declarations.

use std::fmt::Write;

use naga::TypeInner;

use super::Sizes;
use super::embed::{Embedded, embed};
use crate::Compiled;
use crate::contract::HEADINGS;
use crate::facts::{ActionSpace, Encoding, Facts, Field, Kind, ObservationPart};
use crate::link::Library;
use crate::source;
use crate::words::type_words;

/// Imports of what is written here.
const IMPORTS: [(&str, &[&str]); 2] = [("rng", &["Rng"]), ("hash", &["hash_of"])];

/// Elements up to which a loop is written out.
const SHORT: usize = 16;

/// The largest float as every compiler of WGSL reads it: rounded up in its last digit it is none any more.
const UNBOUNDED: &str = "3.4028234e38";

/// First of the tasks that nobody meets with the default parameters.
const HELD_OUT: u32 = 1 << 30;

pub(super) fn write(base: &Compiled, library: &Library, sizes: Sizes) -> String {
    let facts = &base.facts;
    let mut roots = vec!["Params", "State", "Outcome", "Action", "initial", "step", "observe"];
    roots.extend(["DEFAULT_PARAMS", "PARAMS_LOW", "PARAMS_HIGH"]);
    roots.extend(facts.action_mask.then_some("action_mask"));
    roots.extend(facts.pixel_aspect.map(|_| "pixel"));
    let mut embedded = embed(&base.linked, library, &roots);
    let file = Writer { base, facts, sizes, embedded: &embedded };
    let body = [
        file.constants(),
        file.params(),
        file.state(),
        file.spaces(),
        file.outcome(),
        file.turns(),
        file.initial(),
        file.step(),
        file.observe(),
        file.action_mask(),
        file.pixel(),
    ]
    .concat();
    let head = file.docs();
    let used: Vec<&str> = source::tokens(&body, 0).iter().map(|t| t.text).collect();
    let projection = library.modules.get("projection").map_or(Vec::new(), |text| crate::link::declared_names(text));
    let written = IMPORTS.into_iter().chain([("projection", projection.as_slice())]);
    for (module, names) in written {
        let names: Vec<String> = names.iter().filter(|n| used.contains(n)).map(|n| (*n).to_owned()).collect();
        embedded.imports.entry(module.to_owned()).or_default().extend(names);
    }
    let mut out = head;
    for (module, names) in &embedded.imports {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let _ = writeln!(out, "import package::shared::{module}::{{{}}};", names.join(", "));
    }
    format!("{out}\n{}{body}", embedded.text)
}

struct Writer<'a> {
    base: &'a Compiled,
    facts: &'a Facts,
    sizes: Sizes,
    embedded: &'a Embedded,
}

impl Writer<'_> {
    fn docs(&self) -> String {
        let facts = self.facts;
        let id = match facts.id.rsplit_once("-v") {
            Some((name, version)) => format!("{name}Projected-v{version}"),
            None => format!("{}Projected", facts.id),
        };
        let mut out = format!(
            "//! {id}: {}, seen and steered through a random projection that is new in each episode.\n//!\n",
            facts.id
        );
        let own = |heading: &str| {
            match heading {
            "Source" => "Lu et al. 2023, \"Structured State Space Models for In-Context Reinforcement Learning\": random projections of\n\
                observations and actions, here orthogonal ones. Written by shadergym; an edit of it is an environment of its own."
                .to_owned(),
            "Reward" => format!("That of {}, summed over trials; the Info trial_return is that of a trial.", facts.id),
            "Start" => "A task is drawn, numbers task_first to task_first + task_count - 1, and the first trial begins.".to_owned(),
            "End" => format!(
                "A trial ends as an episode of {} does, or after task_trial_steps steps; the observation is that of the next start already.\n\
                 The episode ends with task_trials trials, as termination, or if that is one, as that trial ends.",
                facts.id
            ),
            _ => format!("Tasks {HELD_OUT} and up are met by nobody who leaves task_first and task_count as they are."),
        }
        };
        for heading in HEADINGS {
            let _ = writeln!(out, "//! # {heading}");
            for line in own(heading).lines().chain([format!("Of {}:", facts.id).as_str()]) {
                let _ = writeln!(out, "//! {}", line.trim());
            }
            for line in facts.section(heading).lines() {
                let _ = writeln!(out, "//! {line}");
            }
        }
        out
    }

    fn constants(&self) -> String {
        let facts = self.facts;
        let mut out = "const MAX_EPISODE_STEPS: u32 = 0u;\n".to_owned();
        if facts.sticky_action_probability != 0.0 {
            let _ = writeln!(out, "const STICKY_ACTION_PROBABILITY: f32 = {:?};", facts.sticky_action_probability);
        }
        if let Some(aspect) = facts.pixel_aspect {
            let _ = writeln!(out, "const PIXEL_ASPECT: f32 = {aspect:?};");
        }
        out.push('\n');
        out
    }

    /// `{ ... }` of one of the environment's structs with its docs, without the braces.
    fn members(&self, structure: &str) -> (&str, Vec<String>) {
        let name = &self.embedded.names[structure];
        let text = &self.embedded.text;
        let tokens = source::tokens(text, 0);
        let declarations = source::declarations(&tokens);
        let declaration = declarations.iter().find(|d| d.name == name).expect("it was embedded");
        let place = |sign| tokens.iter().find(|t| t.at > declaration.at && t.depth == 0 && t.text == sign);
        let (open, close) = (place("{").expect("a struct"), place("}").expect("a struct"));
        let members = declaration.members.iter().map(|m| m.text.to_owned()).collect();
        (text[open.at + 1..close.at].trim(), members)
    }

    fn params(&self) -> String {
        let (text, members) = self.members("Params");
        let limit = self.facts.max_episode_steps;
        let comma = if text.ends_with(',') { "" } else { "," };
        let mut out = format!(
            "struct Params {{\n    {text}{comma}\n    \
             /// 1; number of the first task\n    task_first: u32,\n    \
             /// 1; number of tasks\n    task_count: u32,\n    \
             /// 1; share of the projection: 0 shows everything as it is, between lie shorter turns and fewer swaps\n    task_mix: f32,\n    \
             /// 1; trials of an episode\n    task_trials: u32,\n    \
             /// steps; longest trial, 0: no limit\n    task_trial_steps: u32,\n}}\n"
        );
        let lowest = limit.min(1);
        let longest = if limit == 0 { 100_000 } else { limit.saturating_mul(4) };
        for (name, own) in [
            ("DEFAULT_PARAMS", format!("0u, {HELD_OUT}u, 1.0, {}u, {limit}u", self.sizes.trials)),
            ("PARAMS_LOW", format!("0u, 1u, 0.0, 1u, {lowest}u")),
            (
                "PARAMS_HIGH",
                format!("{}u, {}u, 1.0, {}u, {longest}u", 1_u32 << 31, 1_u32 << 31, self.sizes.trials.max(64)),
            ),
        ] {
            let base = self.embedded.names.get(name).map_or("", String::as_str);
            let given = members.iter().fold(String::new(), |all, member| format!("{all}{base}.{member}, "));
            let _ = writeln!(out, "const {name}: Params = Params({given}{own});");
        }
        let given: Vec<String> = members.iter().map(|member| format!("params.{member}")).collect();
        let _ = writeln!(
            out,
            "\nfn own_params(params: Params) -> BaseParams {{\n    return BaseParams({});\n}}\n",
            given.join(", ")
        );
        out
    }

    fn state(&self) -> String {
        let action = match &self.facts.action {
            ActionSpace::Box { .. } => format!("array<f32, {}>", self.sizes.action),
            numbered => format!("array<u32, {}>", numbered.words()),
        };
        format!(
            "struct State {{\n    \
             /// 1; the environment\n    base: BaseState,\n    \
             /// 1; number of the task\n    task: u32,\n    \
             /// 1; trials that are over\n    trial: u32,\n    \
             /// steps; since the trial began\n    time: u32,\n    \
             /// 1; rewards since the trial began\n    trial_return: f32,\n    \
             /// 1; the last action as it was given\n    action: {action},\n}}\n\n"
        )
    }

    /// Elements of the observation.
    fn elements(&self) -> usize {
        self.sizes.observation + self.sizes.action + 2
    }

    fn spaces(&self) -> String {
        let (facts, sizes) = (self.facts, self.sizes);
        let id = &facts.id;
        let doc = facts.action_doc.replace('\n', " ");
        let mut out = match &facts.action {
            ActionSpace::Discrete { n } => {
                format!(
                    "alias Action = u32;\n/// as those of {id} ({doc}), in an order of the task\nconst ACTION_COUNT: u32 = {n}u;\n"
                )
            }
            ActionSpace::MultiDiscrete { nvec } => {
                let (k, list) = (nvec.len(), nvec.iter().map(|n| format!("{n}u")).collect::<Vec<_>>().join(", "));
                format!(
                    "alias Action = array<u32, {k}>;\n/// as those of {id} ({doc}), each choice in an order of the task\n\
                     const ACTION_COUNT: array<u32, {k}> = array<u32, {k}>({list});\n"
                )
            }
            ActionSpace::Box { .. } => {
                let n = sizes.action;
                format!(
                    "alias Action = array<f32, {n}>;\n/// turned by the task, then bounded and scaled to the actions of {id} ({doc})\n\
                     const ACTION_LOW: Action = Action({});\nconst ACTION_HIGH: Action = Action({});\n",
                    vec!["-1.0"; n].join(", "),
                    vec!["1.0"; n].join(", ")
                )
            }
        };
        // Turns keep the length.
        let bounds = facts.observation.parts.iter().map(|part| match part.encoding {
            Encoding::Count => part.counts.len() as f64,
            _ => part.low.iter().zip(&part.high).map(|(l, h)| f64::from(l.abs().max(h.abs())).powi(2)).sum(),
        });
        let length = bounds.sum::<f64>().sqrt().max(1.0) * 1.001;
        // A word beyond half of the largest float stands for anything.
        let bound =
            if length < f64::from(f32::MAX) / 2.0 { format!("{:?}", length as f32) } else { UNBOUNDED.to_owned() };
        let (n, seen, last) = (self.elements(), sizes.observation, sizes.action);
        let _ = writeln!(
            out,
            "\nalias Observation = array<f32, {n}>;\n\
             /// {seen} elements of what {id} shows, turned by the task; {last} of the last action, 0 before the first one; 1 where a trial \
             has just ended; 1 at the start of the episode\n\
             const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>({n}u);\n\
             const OBSERVATION_LOW: f32 = -{bound};\nconst OBSERVATION_HIGH: f32 = {bound};\n"
        );
        out
    }

    fn infos(&self) -> &[Field] {
        self.facts.info.as_ref().map_or(&[], |info| &info.fields)
    }

    fn outcome(&self) -> String {
        let mut out = "struct Info {\n".to_owned();
        for field in self.infos() {
            let kind = match field.kind {
                Kind::F32 => "f32",
                Kind::U32 => "u32",
                Kind::I32 => "i32",
            };
            let ty = field.shape.iter().rev().fold(kind.to_owned(), |ty, n| format!("array<{ty}, {n}>"));
            let _ =
                writeln!(out, "    /// {}; {}\n    {}: {ty},", field.unit, field.doc.replace('\n', " "), field.name);
        }
        out.push_str(
            "    /// 1; return of the trial that ended, else 0\n    trial_return: f32,\n    \
             /// 1; 1 where a trial ended\n    trials: u32,\n}\n\
             struct Outcome {\n    reward: f32,\n    terminated: bool,\n    truncated: bool,\n    info: Info,\n}\n\n",
        );
        out
    }

    /// Rotations of as many dimensions as are turned.
    fn turns(&self) -> String {
        let turn = |name: &str, ty: &str, size: usize| {
            format!(
                "/// Turns the first {size} elements: pairs of all strides, each by an angle of the seed. Every round begins elsewhere.\n\
                 fn turn_{name}(x: ptr<function, {ty}>, seed: u32, mix: f32) {{\n    var index = 0u;\n    \
                 for (var round = 0u; round < PROJECTION_ROUNDS; round++) {{\n        \
                 for (var stride = 1u; stride < {size}u; stride <<= 1u) {{\n            \
                 for (var i = 0u; i < {size}u - stride; i++) {{\n                \
                 if (i & stride) == 0u {{\n                    \
                 let a = (i + round * {}u) % {size}u;\n                    \
                 let b = (i + stride + round * {}u) % {size}u;\n                    \
                 let turn = projection_turn(seed, index, mix);\n                    \
                 let before = vec2<f32>((*x)[a], (*x)[b]);\n                    \
                 (*x)[a] = turn.y * before.x - turn.x * before.y;\n                    \
                 (*x)[b] = turn.x * before.x + turn.y * before.y;\n                    \
                 index++;\n                }}\n            }}\n        }}\n    }}\n}}\n\n",
                size.div_ceil(3),
                size.div_ceil(3)
            )
        };
        let mut out = String::new();
        if self.sizes.observation > 1 {
            out.push_str(&turn("observation", "Observation", self.sizes.observation));
        }
        if matches!(self.facts.action, ActionSpace::Box { .. }) && self.sizes.action > 1 {
            out.push_str(&turn("action", "Action", self.sizes.action));
        }
        out
    }

    /// Whether an argument of one of the environment's functions is a pointer.
    fn by_pointer(&self, function: &str, index: usize) -> bool {
        let module = &self.base.module;
        let found = module.functions.iter().find(|(_, f)| f.name.as_deref() == Some(function));
        found
            .and_then(|(_, f)| f.arguments.get(index))
            .is_some_and(|argument| matches!(module.types[argument.ty].inner, TypeInner::Pointer { .. }))
    }

    fn takes_elapsed(&self, function: &str) -> bool {
        let found = self.base.module.functions.iter().find(|(_, f)| f.name.as_deref() == Some(function));
        found.and_then(|(_, f)| f.arguments.last()).is_some_and(|a| a.name.as_deref() == Some("elapsed"))
    }

    /// A call that only looks at the environment's state, and what must stand before it. A small state is copied, as drivers
    /// do not take pointers into variables that lie in registers.
    fn look(&self, function: &str, more: &str) -> (&'static str, String) {
        let elapsed = if self.takes_elapsed(function) { ", (*state).time" } else { "" };
        let (before, state) = match (self.by_pointer(function, 1), self.facts.state.is_large()) {
            (false, _) => ("", "(*state).base"),
            (true, true) => ("", "&(*state).base"),
            (true, false) => ("    var base = (*state).base;\n", "&base"),
        };
        (before, format!("base_{function}(own_params(params), {state}{more}{elapsed})"))
    }

    /// Statements that begin the environment in the state.
    fn begin(&self, indent: &str) -> String {
        let call = |state: &str| format!("base_initial(own_params(params), {state}rng)");
        // In three arguments the state is one of them, and begins as zeros.
        let in_place = self.facts.state.is_large() || self.by_pointer("initial", 1) && self.by_pointer("initial", 2);
        match (in_place, self.facts.state.is_large()) {
            (false, _) => format!("{indent}(*state).base = {};\n", call("")),
            (true, true) => format!("{indent}(*state).base = BaseState();\n{indent}{};\n", call("&(*state).base, ")),
            (true, false) => format!(
                "{indent}var base = BaseState();\n{indent}{};\n{indent}(*state).base = base;\n",
                call("&base, ")
            ),
        }
    }

    fn initial(&self) -> String {
        format!(
            "fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {{\n    \
             (*state).task = projection_task(rng, params.task_first, params.task_count);\n{}}}\n\n",
            self.begin("    ")
        )
    }

    /// Statements that make `given: BaseAction` of `action: Action`.
    fn given(&self) -> String {
        let module = &self.base.module;
        let step = module.functions.iter().find(|(_, f)| f.name.as_deref() == Some("step")).expect("of the contract").1;
        let words = type_words(module, step.arguments[2].ty);
        let mut out = String::new();
        match &self.facts.action {
            ActionSpace::Discrete { n } => {
                let choice = choice("(*state).task", 0, *n, "action");
                let _ = writeln!(out, "    let given = {choice};");
            }
            ActionSpace::MultiDiscrete { nvec } => {
                out.push_str("    var given: BaseAction;\n");
                for (w, (n, (path, _))) in nvec.iter().zip(&words).enumerate() {
                    let choice = choice("(*state).task", w, *n, &format!("action[{w}]"));
                    let _ = writeln!(out, "    given{path} = {choice};");
                }
            }
            ActionSpace::Box { low, high } => {
                out.push_str("    var turned = action;\n");
                if self.sizes.action > 1 {
                    out.push_str("    turn_action(&turned, hash_of((*state).task, 1u), params.task_mix);\n");
                }
                out.push_str("    var given: BaseAction;\n");
                for (w, (path, _)) in words.iter().enumerate() {
                    let (l, h) = (f64::from(low[w]), f64::from(high[w]));
                    let (middle, half) = ((l + h) / 2.0, (h - l) / 2.0);
                    let _ = writeln!(
                        out,
                        "    given{path} = {:?} + {:?} * clamp(turned[{w}], -1.0, 1.0);",
                        middle as f32, half as f32
                    );
                }
            }
        }
        out
    }

    fn step(&self) -> String {
        let facts = self.facts;
        let elapsed = if self.takes_elapsed("step") { ", (*state).time" } else { "" };
        let (before, place, behind) = match facts.state.is_large() {
            true => ("", "&(*state).base", ""),
            false => ("    var base = (*state).base;\n", "&base", "    (*state).base = base;\n"),
        };
        let ended = if facts.truncates { "out.terminated || out.truncated" } else { "out.terminated" };
        let stored = match &facts.action {
            ActionSpace::Discrete { .. } => "array<u32, 1>(action)",
            _ => "action",
        };
        let mut info = String::new();
        for field in self.infos() {
            for path in paths(&field.shape) {
                let _ = writeln!(info, "    info.{}{path} = out.info.{}{path};", field.name, field.name);
            }
        }
        format!(
            "fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {{\n{}{before}    \
             let out = base_step(own_params(params), {place}, given, rng{elapsed});\n{behind}    \
             (*state).action = {stored};\n    \
             (*state).time += 1u;\n    \
             (*state).trial_return += out.reward;\n    \
             let over = {ended} || (params.task_trial_steps > 0u && (*state).time >= params.task_trial_steps);\n    \
             (*state).trial += u32(over);\n    \
             var info: Info;\n{info}    \
             info.trial_return = select(0.0, (*state).trial_return, over);\n    \
             info.trials = u32(over);\n    \
             let last = (*state).trial >= params.task_trials;\n    \
             if over && !last {{\n{}        \
             (*state).time = 0u;\n        \
             (*state).trial_return = 0.0;\n    }}\n    \
             let terminated = last && (out.terminated || params.task_trials > 1u);\n    \
             return Outcome(out.reward, terminated, last && !terminated, info);\n}}\n\n",
            self.given(),
            self.begin("        ")
        )
    }

    fn observe(&self) -> String {
        let (facts, sizes) = (self.facts, self.sizes);
        let (before, call) = self.look("observe", "");
        let mut out = format!(
            "fn observe(params: Params, state: ptr<function, State>) -> Observation {{\n{before}    var seen = {call};\n    \
             var v: Observation;\n"
        );
        let mut at = 0;
        for part in &facts.observation.parts {
            out.push_str(&self.flattened(part, at));
            at += part.flat_elements();
        }
        if sizes.observation > 1 {
            out.push_str("    turn_observation(&v, hash_of((*state).task, 0u), params.task_mix);\n");
        }
        out.push_str("    if (*state).time + (*state).trial > 0u {\n");
        match &facts.action {
            ActionSpace::Box { .. } => {
                let _ = writeln!(
                    out,
                    "        for (var i = 0u; i < {}u; i++) {{\n            v[{}u + i] = clamp((*state).action[i], -1.0, 1.0);\n        }}",
                    sizes.action, sizes.observation
                );
            }
            numbered => {
                let nvec = match numbered {
                    ActionSpace::MultiDiscrete { nvec } => nvec.clone(),
                    _ => vec![sizes.action as u32],
                };
                let mut first = sizes.observation;
                for (w, n) in nvec.iter().enumerate() {
                    let _ = writeln!(out, "        v[{first}u + (*state).action[{w}]] = 1.0;");
                    first += *n as usize;
                }
            }
        }
        let flags = sizes.observation + sizes.action;
        let _ = write!(
            out,
            "    }}\n    let begins = (*state).time == 0u;\n    \
             v[{flags}] = f32((*state).trial > 0u && (begins || (*state).trial >= params.task_trials));\n    \
             v[{}] = f32(begins && (*state).trial == 0u);\n    return v;\n}}\n\n",
            flags + 1
        );
        out
    }

    /// Statements that write a part of what is `seen` to `v` from element `at` on.
    fn flattened(&self, part: &ObservationPart, at: usize) -> String {
        let module = &self.base.module;
        let observe = module.functions.iter().find(|(_, f)| f.name.as_deref() == Some("observe"));
        let result = observe.and_then(|(_, f)| f.result.as_ref()).expect("of the contract").ty;
        let words: Vec<String> = type_words(module, result)[part.offset..part.offset + part.words]
            .iter()
            .map(|(path, _)| format!("seen{path}"))
            .collect();
        // Elements of one array follow each other, whatever holds it.
        let array = words
            .first()
            .and_then(|first| first.strip_suffix("[0]"))
            .filter(|array| words.iter().enumerate().all(|(w, word)| *word == format!("{array}[{w}]")));
        let value = |word: &str, shift: &str| match part.encoding {
            Encoding::F32 => word.to_owned(),
            Encoding::U8 => format!("f32(({word} >> ({shift})) & 255u)"),
            Encoding::Bit => format!("f32(({word} >> ({shift})) & 1u)"),
            Encoding::Count => unreachable!("they are spread out"),
        };
        let (per_word, bits) = match part.encoding {
            Encoding::U8 => (4, 8),
            Encoding::Bit => (32, 1),
            _ => (1, 0),
        };
        let mut out = String::new();
        match (part.encoding, array) {
            (Encoding::Count, _) => {
                let mut first = at;
                for (word, count) in words.iter().zip(&part.counts) {
                    let _ = writeln!(out, "    v[{first}u + min({word}, {}u)] = 1.0;", count - 1);
                    first += *count as usize;
                }
            }
            (_, Some(array)) if part.elements() > SHORT => {
                let value = match per_word {
                    1 => value(&format!("{array}[i]"), ""),
                    n => value(&format!("{array}[i / {n}u]"), &format!("{bits}u * (i % {n}u)")),
                };
                let _ = writeln!(
                    out,
                    "    for (var i = 0u; i < {}u; i++) {{\n        v[{at}u + i] = {value};\n    }}",
                    part.elements()
                );
            }
            _ => {
                for e in 0..part.elements() {
                    let value = value(&words[e / per_word], &format!("{}u", bits * (e % per_word)));
                    let _ = writeln!(out, "    v[{}] = {value};", at + e);
                }
            }
        }
        out
    }

    fn action_mask(&self) -> String {
        let facts = self.facts;
        if !facts.action_mask {
            return String::new();
        }
        let words = facts.action.mask_words();
        let (before, call) = self.look("action_mask", "");
        let (ty, legal, of, to) = match words {
            1 => ("u32".to_owned(), "let legal", "legal", "mask"),
            n => (format!("array<u32, {n}>"), "var legal", "legal[source / 32u]", "mask[at / 32u]"),
        };
        let nvec = match &facts.action {
            ActionSpace::MultiDiscrete { nvec } => nvec.clone(),
            _ => vec![facts.action.mask_bits() as u32],
        };
        let mut out = format!(
            "fn action_mask(params: Params, state: ptr<function, State>) -> {ty} {{\n{before}    {legal} = {call};\n    var mask: {ty};\n"
        );
        let mut first = 0;
        for (w, n) in nvec.iter().enumerate() {
            let choice = choice("(*state).task", w, *n, "k");
            let _ = writeln!(
                out,
                "    for (var k = 0u; k < {n}u; k++) {{\n        let at = {first}u + k;\n        let source = {first}u + {choice};\n        \
                 {to} |= (({of} >> (source % 32u)) & 1u) << (at % 32u);\n    }}"
            );
            first += n;
        }
        out.push_str("    return mask;\n}\n\n");
        out
    }

    fn pixel(&self) -> String {
        if self.facts.pixel_aspect.is_none() {
            return String::new();
        }
        let (before, call) = self.look("pixel", ", uv");
        format!(
            "/// As the environment itself is drawn.\n\
             fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {{\n{before}    return {call};\n}}\n"
        )
    }
}

/// Which of n actions stands behind action `k` of choice `w`.
fn choice(task: &str, w: usize, n: u32, k: &str) -> String {
    format!("projection_choice(hash_of({task}, {}u), {n}u, params.task_mix, {k})", w + 1)
}

/// Paths of the elements of a value of this shape.
fn paths(shape: &[usize]) -> Vec<String> {
    shape.iter().fold(vec![String::new()], |all, n| {
        all.iter().flat_map(|path| (0..*n).map(move |i| format!("{path}[{i}]"))).collect()
    })
}
