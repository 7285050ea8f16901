//! The programs of an environment: what the kernel's functions become, and the rows that they share with the caller.

use naga::valid::ModuleInfo;
use naga::{Function, Handle, Module, TypeInner};

use super::Program;
use super::allocate::allocate;
use super::constants::Tables;
use super::ir::{Row, Space, Val};
use super::lower::{Lowered, Lowerer, Memo, Stop, Value, hash, scratch, type_words};
use super::optimise::optimise;
use crate::facts::Facts;
use crate::lanes::Refusal;

/// What a program is made for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Time limit in steps, 0 = none.
    pub max_episode_steps: u32,
    /// As numbered in the kernel, which alone knows what the modes mean.
    pub autoreset: u32,
    /// Probability of repeating the last executed action.
    pub sticky_probability: f32,
    /// All instances have the parameters of the rows of the next start, and these are the same in all lanes.
    pub shared: bool,
}

/// Words of a member of one of the kernel's structs.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Name of the member.
    pub name: String,
    /// Its first word.
    pub first: u32,
    /// Its words.
    pub words: u32,
}

/// First rows of what the programs share with their caller, in the scratch space.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rows {
    /// Numbers of the lanes 0, 1, 2, ...
    pub lane: u32,
    /// Lanes to seed or start.
    pub mask: u32,
    /// Lanes in which a start follows the transition.
    pub behind: u32,
    /// Low and high words of seeds.
    pub seed: u32,
    /// All agents' actions.
    pub actions: u32,
    /// All agents' rewards.
    pub rewards: u32,
    /// `KernelTotals`.
    pub totals: u32,
    /// All agents' observations.
    pub observation: u32,
    /// The global state, directly behind them.
    pub global_state: u32,
    /// All agents' masks of legal actions.
    pub action_mask: u32,
    /// Coordinates of pixels.
    pub uv: u32,
    /// Their colours.
    pub rgb: u32,
}

/// The programs of one environment.
#[derive(Debug)]
pub struct Bytecode {
    /// Shared rows.
    pub rows: Rows,
    /// Members of `KernelEpisode`, which begins a block.
    pub episode: Vec<Layout>,
    /// Members of `KernelTotals`.
    pub totals: Vec<Layout>,
    /// Constant arrays of all programs.
    pub tables: Vec<u32>,
    /// Seeds the lanes of the mask.
    pub seed: Program,
    /// Starts the lanes of the mask.
    pub start: Program,
    /// Draws actions.
    pub random_actions: Program,
    /// One call of step but for the start behind it.
    pub advance: Program,
    /// Which lanes start behind this call.
    pub starts: Program,
    /// Observations of all agents, and the global state.
    pub observe: Program,
    /// Masks of legal actions of all agents; empty where the environment has none.
    pub action_mask: Program,
    /// Colours; None if there is no picture.
    pub pixel: Option<Program>,
}

impl Bytecode {
    /// Rows of the scratch space that the programs need.
    pub fn scratch_rows(&self) -> u32 {
        let all = [
            &self.seed,
            &self.start,
            &self.random_actions,
            &self.advance,
            &self.starts,
            &self.observe,
            &self.action_mask,
        ];
        all.into_iter().chain(&self.pixel).map(|p| p.rows).max().unwrap_or(0)
    }
}

/// What lowering a program needs besides its function.
struct Scene<'a> {
    module: &'a Module,
    info: &'a ModuleInfo,
    facts: &'a Facts,
    options: Options,
    rows: Rows,
    /// First row behind the shared ones.
    first: u32,
}

impl<'a> Scene<'a> {
    fn find(&self, name: &str) -> Option<Handle<Function>> {
        self.module.functions.iter().find(|(_, f)| f.name.as_deref() == Some(name)).map(|(h, _)| h)
    }

    fn ty(&self, name: &str) -> Handle<naga::Type> {
        let (ty, _) = self.module.types.iter().find(|(_, t)| t.name.as_deref() == Some(name)).expect("kernel types");
        ty
    }

    fn members(&self, name: &str) -> Vec<Layout> {
        let TypeInner::Struct { ref members, .. } = self.module.types[self.ty(name)].inner else { return Vec::new() };
        let mut first = 0;
        let mut out = Vec::new();
        for member in members {
            let words = type_words(self.module, member.ty);
            out.push(Layout { name: member.name.clone().unwrap_or_default(), first, words });
            first += words;
        }
        out
    }

    fn words(&self, name: &str) -> u32 {
        type_words(self.module, self.ty(name))
    }

    /// Lowers a program; `body` is tried until what it has to know about itself is known.
    fn program(&self, tables: &mut Tables, body: &dyn Fn(&mut Lowerer<'a>) -> Lowered<()>) -> Result<Program, Refusal> {
        let mut memo = Memo::default();
        loop {
            let mut lowerer =
                Lowerer::new(self.module, self.info, memo, std::mem::take(tables), scratch(self.rows.lane));
            let result = body(&mut lowerer);
            *tables = lowerer.tables;
            memo = lowerer.memo;
            match result {
                Ok(()) => {
                    let local_rows = lowerer.local_rows_needed.max(lowerer.local_rows);
                    optimise(&mut lowerer.b);
                    return Ok(allocate(&mut lowerer.b, self.first, local_rows));
                }
                Err(Stop::Again) => {}
                Err(Stop::Refused(refusal)) => return Err(refusal),
            }
        }
    }

    /// Calls a function of the kernel: its arguments by name, its results as words; what it changes is written back.
    /// `given` tells where the words begin of arguments that are given as rows.
    fn call(
        &self,
        l: &mut Lowerer<'a>,
        function: Handle<Function>,
        given: &[(&str, Row)],
        constants: &[(&str, u32)],
        mask: Option<Val>,
    ) -> Lowered<Vec<Val>> {
        let declared = &self.module.functions[function];
        let mut arguments = Vec::new();
        let mut back = Vec::new();
        let mut params = None;
        for argument in &declared.arguments {
            let name = argument.name.as_deref().unwrap_or_default();
            let inner = &self.module.types[argument.ty].inner;
            let pointed = match *inner {
                TypeInner::Pointer { base, .. } => Some(base),
                _ => None,
            };
            let state = self.facts.episode_words as u32;
            let shared = self.options.shared;
            let row = match name {
                "episode" => Some((Row { space: Space::Block, row: 0 }, true)),
                "state" => Some((Row { space: Space::Block, row: state }, true)),
                "totals" => Some((scratch(self.rows.totals), true)),
                "pending" => Some((Row { space: Space::Pending, row: 0 }, false)),
                "params" if shared => Some((Row { space: Space::Pending, row: 0 }, false)),
                "params" => Some((Row { space: Space::Params, row: 0 }, true)),
                _ => None,
            };
            if let Some((row, writable)) = row {
                let ty = pointed.unwrap_or(argument.ty);
                let uniform = shared && row.space == Space::Pending;
                // With shared parameters those of the next start are those in force.
                let variable = match params {
                    Some(variable) if uniform => variable,
                    _ => l.declare(hash(1, name), ty, Some((row, uniform))),
                };
                if uniform {
                    params = Some(variable);
                }
                if writable {
                    back.push((variable, row));
                }
                let place = super::place::Place::new(variable);
                arguments.push(match pointed {
                    Some(_) => Value::Place(place),
                    None => Value::Words(l.load(&place, type_words(self.module, ty))?.into()),
                });
                continue;
            }
            let words = type_words(self.module, argument.ty);
            if name == "control" {
                let mut values = Vec::new();
                for member in self.members("KernelControl") {
                    let word = match member.name.as_str() {
                        "max_episode_steps" => self.options.max_episode_steps,
                        "autoreset" => self.options.autoreset,
                        "sticky_probability" => self.options.sticky_probability.to_bits(),
                        _ => 0,
                    };
                    values.extend((0..member.words).map(|_| l.b.constant(word)));
                }
                arguments.push(Value::Words(values.into()));
            } else if name == "autoreset" {
                arguments.push(Value::Words([l.b.constant(self.options.autoreset)].into()));
            } else if name == "elapsed" {
                let row = Row { space: Space::Block, row: self.facts.elapsed_word as u32 };
                arguments.push(Value::Words([l.b.storage(row, false)].into()));
            } else if let Some((_, word)) = constants.iter().find(|(n, _)| *n == name) {
                arguments.push(Value::Words([l.b.constant(*word)].into()));
            } else if let Some((_, first)) = given.iter().find(|(n, _)| *n == name) {
                let values = (0..words).map(|i| l.b.storage(Row { row: first.row + i, ..*first }, false)).collect();
                arguments.push(Value::Words(values));
            } else {
                return l.refuse(&format!("the kernel's argument `{name}`"));
            }
        }
        let value = match mask {
            None => l.inline(function, arguments)?,
            Some(mask) => {
                let mut call = |l: &mut Lowerer<'a>| l.inline(function, arguments.clone()).map(|_| ());
                l.branch(mask, &mut call, &mut |_| Ok(()))?;
                None
            }
        };
        let mut out = Vec::new();
        if let Some(value) = value {
            let result = declared.result.as_ref().map_or(0, |r| type_words(self.module, r.ty));
            for word in l.words_of(&value, result)?.iter() {
                out.push(l.real(*word)?);
            }
        }
        for (variable, row) in back {
            l.write_back(variable, row)?;
        }
        Ok(out)
    }

    /// A call whose result goes to rows.
    fn call_into(
        &self,
        l: &mut Lowerer<'a>,
        name: &str,
        given: &[(&str, Row)],
        constants: &[(&str, u32)],
        to: u32,
    ) -> Lowered<()> {
        let Some(function) = self.find(name) else { return l.refuse(&format!("a kernel without `{name}`")) };
        for (i, word) in self.call(l, function, given, constants, None)?.into_iter().enumerate() {
            l.output(scratch(to + i as u32), word)?;
        }
        Ok(())
    }

    /// A call for the lanes of the mask.
    fn call_masked(&self, l: &mut Lowerer<'a>, name: &'static str, given: &[(&str, Row)]) -> Lowered<()> {
        let Some(function) = self.find(name) else { return l.refuse(&format!("a kernel without `{name}`")) };
        let mask = l.b.storage(scratch(self.rows.mask), false);
        self.call(l, function, given, &[], Some(mask)).map(|_| ())
    }
}

/// The programs of an environment.
///
/// # Errors
/// What cannot be translated.
pub(crate) fn lower(facts: &Facts, module: &Module, info: &ModuleInfo, options: Options) -> Result<Bytecode, Refusal> {
    let mut scene = Scene { module, info, facts, options, rows: Rows::default(), first: 0 };
    let (agents, totals) = (facts.agents, scene.words("KernelTotals") as usize);
    let mut take = |words: usize| {
        let first = scene.first;
        scene.first += words as u32;
        first
    };
    scene.rows = Rows {
        lane: take(1),
        mask: take(1),
        behind: take(1),
        seed: take(2),
        actions: take(facts.action_words()),
        rewards: take(agents),
        totals: take(totals),
        observation: take(facts.observation_words()),
        global_state: take(facts.global_words()),
        action_mask: take(facts.mask_words()),
        uv: take(2),
        rgb: take(3),
    };
    let rows = scene.rows;
    let mut tables = Tables::default();
    let t = &mut tables;
    let seeds = [("seed_low", scratch(rows.seed)), ("seed_high", scratch(rows.seed + 1))];
    let seed = scene.program(t, &|l| scene.call_masked(l, "kernel_seed", &seeds))?;
    let start = scene.program(t, &|l| scene.call_masked(l, "kernel_start", &[]))?;
    let random_actions = scene.program(t, &|l| scene.call_into(l, "kernel_random_actions", &[], &[], rows.actions))?;
    let given = [("given", scratch(rows.actions))];
    let advance = scene.program(t, &|l| scene.call_into(l, "kernel_call", &given, &[], rows.rewards))?;
    let ended = scene.members("KernelEpisode").iter().find(|m| m.name == "ended").map_or(0, |m| m.first);
    let starts = scene.program(t, &|l| {
        let now = Row { space: Space::Block, row: ended };
        scene.call_into(l, "kernel_starts_behind", &[("ended", now)], &[], rows.behind)
    })?;
    let observe = scene.program(t, &|l| {
        for agent in 0..agents as u32 {
            let to = rows.observation + agent * facts.observation.words as u32;
            scene.call_into(l, "kernel_observe", &[], &[("agent", agent)], to)?;
        }
        if facts.global_state.is_some() {
            scene.call_into(l, "kernel_global_state", &[], &[], rows.global_state)?;
        }
        Ok(())
    })?;
    let action_mask = scene.program(t, &|l| {
        for agent in 0..if facts.action_mask { agents as u32 } else { 0 } {
            let to = rows.action_mask + agent * (facts.mask_words() / agents) as u32;
            scene.call_into(l, "kernel_action_mask", &[], &[("agent", agent)], to)?;
        }
        Ok(())
    })?;
    let uv = [("uv", scratch(rows.uv))];
    let pixel = scene
        .find("kernel_pixel")
        .map(|_| scene.program(t, &|l| scene.call_into(l, "kernel_pixel", &uv, &[], rows.rgb)))
        .transpose()?;
    Ok(Bytecode {
        rows,
        episode: scene.members("KernelEpisode"),
        totals: scene.members("KernelTotals"),
        tables: tables.words,
        seed,
        start,
        random_actions,
        advance,
        starts,
        observe,
        action_mask,
        pixel,
    })
}
