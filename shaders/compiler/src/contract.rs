//! The environment contract: what a file must declare, checked while its facts are gathered.
//!
//! A state of more than 64 words stays in memory: `fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>)`
//! starts it in place, where it finds zeros, and all functions take it by pointer. Smaller files may do so too.
//!
//! `fn action_mask(params: Params, state: State) -> u32` (an array of u32 for more than 32 actions; `, agent: u32` where
//! there are several agents) may say which actions are legal: one bit for each, the first action in the lowest bit of the
//! first word, 1 = legal; the bits of several choices follow each other without gaps, those past the last action are 0.
//! Every choice has a legal action in every state that can come up, ended ones included. `step` is given illegal actions
//! all the same, by sticky actions for one, and says what they do.
//!
//! `Outcome` may have members beside `reward` and `terminated`: `truncated: bool`, the environment itself cuts the episode
//! (both flags may be set); with several agents `done: array<bool, AGENTS>`, who is out of the game though the episode goes
//! on: the environment's rules say what its reward is and ignore its actions; `info: Info`, a struct of documented f32, u32
//! and i32 scalars, vectors and arrays, which the hosts report under the members' names, sum over episodes as f32, and
//! write to the metrics.
//!
//! An observation is one array or struct, described by the constants OBSERVATION_SHAPE, _BITS, _LOW, _HIGH or, for whole
//! numbers from 0, _COUNT; or it is a struct of several parts, each described by such constants with its name between:
//! OBSERVATION_IMAGE_SHAPE for `image`. `fn global_state(params: Params, state: State) -> GlobalState` may give what a central
//! critic sees, described by constants that begin with GLOBAL_STATE. AGENT_OBSERVATION_SIZES and AGENT_ACTION_COUNTS say how
//! many elements and actions each agent has, where some have less than others: what an agent does not have is 0, and illegal.
//!
//! `step`, `observe`, `action_mask`, `global_state` and `pixel` may take `elapsed: u32` as one more last argument: transitions since the
//! start of the episode, in `step` before this one.

use naga::TypeInner;

use crate::facts::*;
use crate::outcome::Parts;
use crate::reflect::{MAX_WORDS, Reflect, doc_lines};
use crate::source;

/// Headings that the module docs must have, in this order.
pub const HEADINGS: [&str; 5] = ["Source", "Reward", "Start", "End", "Version"];

/// Most agents of one instance.
const MAX_AGENTS: u32 = 1024;

impl Reflect<'_> {
    /// All facts; findings are noted for what breaks the contract.
    pub fn facts(&mut self, stem: &str, family: &str) -> Option<Facts> {
        let (id, summary, sections) = self.docs();
        let agents = self.unsigned("AGENTS").unwrap_or(1) as usize;
        if !(1..=MAX_AGENTS as usize).contains(&agents) {
            self.breach(
                "AGENTS",
                format!("AGENTS is {agents}, allowed is 1 to {MAX_AGENTS}"),
                "give the number of agents of one instance",
            );
            return None;
        }
        self.numbers();
        let params = self.structure("Params");
        let state = self.structure("State");
        let action = self.action(agents);
        self.signatures(agents, action.as_ref());
        let default_params = self.params_constant("DEFAULT_PARAMS", &params);
        if default_params.is_none() && params.words > 0 {
            self.breach(
                "DEFAULT_PARAMS",
                "the constant DEFAULT_PARAMS is missing or is not of type Params",
                "declare `const DEFAULT_PARAMS: Params = Params(...);`",
            );
        }
        let mut bound = |name: &str| {
            let words = self.params_constant(name, &params);
            if words.is_none() && params.words > 0 {
                self.breach(
                    name,
                    format!("the constant {name} is missing or is not of type Params: PARAMS_LOW and PARAMS_HIGH are the box of tasks that teachers and tests draw from"),
                    &format!("declare `const {name}: Params = Params(...);`, for a member that must not change its default"),
                );
            }
            words
        };
        let (low, high) = (bound("PARAMS_LOW"), bound("PARAMS_HIGH"));
        let params_bounds = low.zip(high);
        self.check_defaults(&params, &default_params, &params_bounds);
        self.aliases(agents);
        let observation = self.observation();
        let global_state = self.global_state();
        let (agent_observations, agent_actions) = self.of_each_agent(agents, action.as_ref(), observation.as_ref());
        let action_doc = ["ACTION_COUNT", "ACTION_LOW"]
            .map(|name| self.constant_doc(name))
            .into_iter()
            .find(|d| !d.is_empty())
            .unwrap_or_default();
        let pixel_aspect = self.function("pixel").map(|_| self.float("PIXEL_ASPECT").unwrap_or(1.0));
        let Parts { truncates, agent_done, info } = self.outcome(agents);
        let (action, observation) = (action?, observation?);
        let global_state = match global_state {
            Some(space) => Some(space?),
            None => None,
        };
        let integer = observation.parts.iter().all(|part| part.encoding != Encoding::F32)
            && state.fields.iter().all(|f| f.kind != Kind::F32);
        Some(Facts {
            id,
            stem: stem.to_owned(),
            variant_of: None,
            variants: Vec::new(),
            family: family.to_owned(),
            summary,
            sections,
            max_episode_steps: self.unsigned("MAX_EPISODE_STEPS")?,
            reward_threshold: self.float("REWARD_THRESHOLD"),
            sticky_action_probability: self.float("STICKY_ACTION_PROBABILITY").unwrap_or(0.0),
            agents,
            pixel_aspect,
            default_params: default_params?,
            params_bounds: params_bounds?,
            params,
            state,
            action,
            action_doc,
            observation,
            global_state,
            action_mask: self.function("action_mask").is_some() || !agent_actions.is_empty(),
            agent_observations,
            agent_actions,
            info,
            truncates,
            agent_done,
            integer,
            episode_words: 0,
            totals: Totals::default(),
            finished: Finished::default(),
            elapsed_word: 0,
            scratch_words: 0,
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

    /// The single numbers of the contract: types and ranges.
    fn numbers(&mut self) {
        if self.constant("MAX_EPISODE_STEPS").is_none() {
            self.breach(
                "",
                "the constant MAX_EPISODE_STEPS is missing or has no concrete type",
                "declare `const MAX_EPISODE_STEPS: u32 = 500u;` (0u = no limit)",
            );
        }
        for name in ["MAX_EPISODE_STEPS", "AGENTS", "OBSERVATION_BITS", "GLOBAL_STATE_BITS"] {
            if self.constant(name).is_some() && self.unsigned(name).is_none() {
                self.breach(
                    name,
                    format!("{name} is not a number of type u32"),
                    &format!("declare `const {name}: u32 = ...u;`"),
                );
            }
        }
        for (name, low, high) in [
            ("REWARD_THRESHOLD", f32::MIN, f32::MAX),
            ("STICKY_ACTION_PROBABILITY", 0.0, 1.0),
            ("PIXEL_ASPECT", 0.01, 100.0),
        ] {
            if self.constant(name).is_none() {
                continue;
            }
            let fix = format!("declare `const {name}: f32 = ...;` within {low:?} to {high:?}");
            match self.float(name) {
                None => self.breach(name, format!("{name} is not a number of type f32"), &fix),
                Some(value) if !(low..=high).contains(&value) => {
                    self.breach(name, format!("{name} is {value:?}, allowed is {low:?} to {high:?}"), &fix);
                }
                Some(_) => {}
            }
        }
    }

    /// Both names are part of the kernel's text, whatever they stand for.
    fn aliases(&mut self, agents: usize) {
        for (name, example) in [("Action", "alias Action = u32;"), ("Observation", "struct Observation { ... }")] {
            if source::declaration(&self.linked.text, name).is_none() {
                self.breach(
                    "",
                    format!("the type `{name}` is missing"),
                    &format!("declare, for instance, `{example}`"),
                );
            }
        }
        let argument = self.function("step").and_then(|f| f.arguments.get(2)).map(|a| a.ty);
        let action = argument.map(|ty| match *self.inner(ty) {
            TypeInner::Array { base, .. } if agents > 1 => base,
            _ => ty,
        });
        let result = |name| self.function(name).and_then(|f| f.result.as_ref()).map(|r| r.ty);
        for (name, used, place) in [
            ("Action", action, "`step` takes"),
            ("Observation", result("observe"), "`observe` returns"),
            ("GlobalState", result("global_state"), "`global_state` returns"),
        ] {
            if let (Some(declared), Some(used)) = (self.ty(name), used)
                && !self.same(declared, used)
            {
                self.breach(name, format!("`{name}` is not the type that {place}"), "use the name in the signature");
            }
        }
    }

    fn structure(&mut self, name: &str) -> Layout {
        let ty = self.ty(name).filter(|&ty| matches!(self.inner(ty), TypeInner::Struct { .. }));
        let Some(ty) = ty else {
            self.breach(name, format!("`struct {name}` is missing"), &format!("declare `struct {name} {{ ... }}`"));
            return Layout::default();
        };
        if !self.fits(ty) {
            self.breach(
                name,
                format!("`{name}` has more than {MAX_WORDS} words of 32 bits"),
                "pack several values into one u32, or shorten its arrays",
            );
        }
        // Members that have no layout are findings of the lints.
        self.layout(ty).unwrap_or_default()
    }

    fn params_constant(&self, name: &str, params: &Layout) -> Option<Vec<u32>> {
        self.words_of(name, self.ty("Params")?).filter(|words| words.len() == params.words)
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
}
