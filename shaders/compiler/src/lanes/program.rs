//! The module of one environment: its types, constants and functions, and the `Program` that the driver runs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use naga::valid::ModuleInfo;
use naga::{Module, TypeInner};

use super::lines::names;
use super::shared::{PARAMETER, STRUCT, Scalars};
use super::{Generator, Item, Refusal, cost, types};
use crate::facts::Facts;

impl Generator<'_> {
    /// The structs (`shared` too), constants and functions that `program` needs, and those that they need. What was asked for
    /// by code that nothing depends on is left out.
    fn declarations(&self, shared: Option<String>, program: &str) -> String {
        let mut structs = self.structs();
        structs.extend(shared.map(|text| Item { name: STRUCT.to_owned(), text }));
        let all = || structs.iter().chain(self.constants.values()).chain(&self.functions);
        let mut needed: HashSet<&str> = HashSet::new();
        let mut texts = vec![program];
        while let Some(text) = texts.pop() {
            for name in names(text) {
                for item in all().filter(|item| item.name.trim_start_matches("r#") == name) {
                    if needed.insert(&item.name) {
                        texts.push(&item.text);
                    }
                }
            }
        }
        all().filter(|item| needed.contains(item.name.as_str())).map(|item| item.text.as_str()).collect()
    }

    fn structs(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for (handle, ty) in self.module.types.iter() {
            let TypeInner::Struct { members, .. } = &ty.inner else { continue };
            let name = types::struct_name(self.module, handle);
            let mut text = format!("\nshadergym_shaders::lane_struct! {{\n    pub struct {name}<Simd> {{\n");
            for member in members {
                let field = types::ident(member.name.as_deref().unwrap_or("_"));
                let _ = writeln!(text, "        {field}: {},", types::handle(self.module, member.ty, false));
            }
            text.push_str("    }\n}\n");
            items.push(Item { name, text });
        }
        items
    }
}

/// What the generator works on.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub facts: &'a Facts,
    pub module: &'a Module,
    pub info: &'a ModuleInfo,
}

/// The Rust source of an environment's CPU kernels, in which scalars are written so.
///
/// # Errors
/// What the back end cannot translate; the lints catch most of it first, at its very line.
pub(super) fn write(input: Input<'_>, scalars: Scalars) -> Result<(String, Scalars), Vec<Refusal>> {
    let Input { facts, module, info } = input;
    let mut g = Generator {
        module,
        info,
        analyses: HashMap::new(),
        names: HashMap::new(),
        functions: Vec::new(),
        constants: BTreeMap::new(),
        scalars,
        readers: HashSet::new(),
        apart: cost::apart(module),
        errors: Vec::new(),
    };
    let find = |name: &str| module.functions.iter().find(|(_, f)| f.name.as_deref() == Some(name)).map(|(h, _)| h);
    let kernel = |name: &str| find(name).expect("linked from the kernel and the glue");
    let seed = g.request(kernel("kernel_seed"), vec![false; 3], false);
    let start = g.request(kernel("kernel_start"), vec![false; 4], false);
    let random = g.request(kernel("kernel_random_actions"), vec![false; 3], true);
    let advance = g.request(kernel("kernel_advance"), vec![true, false, false, false, false, false], true);
    let instead = g.request(kernel("kernel_starts_instead"), vec![true, false], true);
    let behind = g.request(kernel("kernel_starts_behind"), vec![true, false], true);
    let of_agent = "*params, state, elapsed, agent";
    let observe = g.call(kernel("kernel_observe"), vec![false, false, false, true], of_agent);
    let mask = find("kernel_action_mask").map(|f| g.call(f, vec![false, false, false, true], of_agent));
    let global = find("kernel_global_state").map(|f| g.call(f, vec![false; 3], "*params, state, elapsed"));
    let pixel = find("kernel_pixel").map(|f| g.call(f, vec![false, false, true, false], "*params, state, elapsed, uv"));

    let ty = |name: &str| {
        let (handle, _) = module.types.iter().find(|(_, t)| t.name.as_deref() == Some(name)).expect("kernel types");
        handle
    };
    let result =
        |name: &str| types::handle(module, module.functions[kernel(name)].result.as_ref().expect("a value").ty, false);
    let TypeInner::Struct { members, .. } = &module.types[ty("KernelControl")].inner else { unreachable!() };
    let control: Vec<String> = members
        .iter()
        .map(|m| {
            let name = m.name.as_deref().unwrap_or("_");
            let value = match name {
                "max_episode_steps" | "autoreset" => format!("W(control.{name})"),
                "sticky_probability" => "control.sticky_probability".to_owned(),
                _ => types::zero(module, m.ty),
            };
            format!("{name}: {value}")
        })
        .collect();
    // What differs between the ids that share the code: its declaration, its type, and how it is made of words.
    let (shared, constants_type, words, constants) = match &g.scalars {
        Scalars::Read(shared) => {
            let value = format!("{{\n        {}\n    }}", shared.value(module));
            (Some(shared.declaration(module)), STRUCT, "words", value)
        }
        _ => (None, "()", "_", "{}".to_owned()),
    };
    let [of_start, of_random, of_advance] = [&start, &random, &advance].map(|function| g.passed(function));
    let called = |call: &str| if names(call).any(|name| name == PARAMETER) { PARAMETER } else { "_" };
    let [at_start, at_random, at_advance] = [&of_start, &of_random, &of_advance].map(|passed| called(passed));
    let at_observe = called(&observe);
    let [at_mask, at_global, at_pixel] = [&mask, &global, &pixel].map(|call| call.as_deref().map_or("_", called));
    // Names of parameters that are not used, and what is given.
    let pixel = pixel.map_or(("_", "_", "_", "_", "_", "None".to_owned()), |call| {
        ("s", "params", "state", "elapsed", "uv", format!("Some({call})"))
    });
    let mask = mask
        .map_or(("_", "_", "_", "_", "_", "[]".to_owned()), |call| ("s", "params", "state", "elapsed", "agent", call));
    let global_type = global.as_ref().map_or("[Simd::U; 0]".to_owned(), |_| result("kernel_global_state"));
    let global = global.map_or(("_", "_", "_", "_", "[]".to_owned()), |call| ("s", "params", "state", "elapsed", call));
    let member = |there: bool, name: &str| match there {
        true => ("totals", format!("totals.{name}")),
        false => ("_", "[]".to_owned()),
    };
    let (info, done) = (member(facts.info.is_some(), "info"), member(facts.agent_done, "done"));
    // rustc knows where the members of the struct lie that it is given.
    let there = [true, true, true, true, facts.info.is_some(), true, true, facts.info.is_some()];
    let names = ["transitions", "episodes", "length_sum", "return_sum", "info_sum"];
    let names = names.into_iter().chain(["finished_length", "finished_return", "finished_info"]);
    let totals_at: Vec<String> = names
        .zip(there)
        .map(|(name, there)| match there {
            true => format!("{name}: core::mem::offset_of!(KernelTotals<l::Plain>, {name}) / 4"),
            false => format!("{name}: 0"),
        })
        .collect();

    let program = format!(
        r#"
/// The environment for the driver.
pub struct Environment;

impl l::Program for Environment {{
    const AGENTS: usize = {agents};
    const START_COST: usize = {start_cost};
    const TOTALS: l::TotalsAt = l::TotalsAt {{ {} }};
    type Episode<Simd: l::Lanes> = KernelEpisode<Simd>;
    type State<Simd: l::Lanes> = State<Simd>;
    type Params<Simd: l::Lanes> = Params<Simd>;
    type Actions<Simd: l::Lanes> = {actions};
    type Observation<Simd: l::Lanes> = {observation};
    type GlobalState<Simd: l::Lanes> = {global_type};
    type Mask<Simd: l::Lanes> = [Simd::U; {mask_words}];
    type Info<Simd: l::Lanes> = [Simd::U; {info_words}];
    type Done<Simd: l::Lanes> = [Simd::U; {done_words}];
    type Rewards<Simd: l::Lanes> = {rewards};
    type Totals<Simd: l::Lanes> = KernelTotals<Simd>;
    type Control = KernelControl<l::Plain>;
    type Constants = {constants_type};

    fn control(control: &l::Control) -> Self::Control {{
        KernelControl::<l::Plain> {{ {control} }}
    }}
    fn constants({words}: &[u32]) -> Self::Constants {constants}
    #[inline(always)]
    fn totals<Simd: l::Lanes>(s: Simd) -> KernelTotals<Simd> {{
        l::splat(s, {totals})
    }}
    #[inline(always)]
    fn ended<Simd: l::Lanes>(episode: &KernelEpisode<Simd>) -> Simd::U {{
        episode.ended
    }}
    #[inline(always)]
    fn elapsed<Simd: l::Lanes>(episode: &KernelEpisode<Simd>) -> Simd::U {{
        episode.elapsed
    }}
    #[inline(always)]
    fn info<Simd: l::Lanes>({}: &KernelTotals<Simd>) -> Self::Info<Simd> {{
        {}
    }}
    #[inline(always)]
    fn done<Simd: l::Lanes>({}: &KernelTotals<Simd>) -> Self::Done<Simd> {{
        {}
    }}
    #[inline(always)]
    fn seed<Simd: l::Lanes>(s: Simd, mask: Simd::M, episode: &mut KernelEpisode<Simd>, low: Simd::U, high: Simd::U) {{
        {seed}(s, mask, episode, low, high)
    }}
    #[inline(always)]
    fn start<Simd: l::Lanes>(s: Simd, {at_start}: &Self::Constants, mask: Simd::M, pending: &mut Params<Simd>, params: &mut Params<Simd>, state: &mut State<Simd>, episode: &mut KernelEpisode<Simd>) {{
        {start}(s{of_start}, mask, pending, params, state, episode)
    }}
    #[inline(always)]
    fn random_actions<Simd: l::Lanes>(s: Simd, {at_random}: &Self::Constants, params: &mut Params<Simd>, state: &mut State<Simd>, episode: &mut KernelEpisode<Simd>) -> Self::Actions<Simd> {{
        {random}(s{of_random}, params, state, episode)
    }}
    #[inline(always)]
    fn advance<Simd: l::Lanes>(s: Simd, {at_advance}: &Self::Constants, control: Self::Control, params: &mut Params<Simd>, state: &mut State<Simd>, episode: &mut KernelEpisode<Simd>, totals: &mut KernelTotals<Simd>, actions: Self::Actions<Simd>) -> Self::Rewards<Simd> {{
        {advance}(s{of_advance}, control, params, state, episode, totals, actions)
    }}
    #[inline(always)]
    fn starts_instead<Simd: l::Lanes>(s: Simd, control: Self::Control, ended: Simd::U) -> Simd::M {{
        {instead}(s, control.autoreset, ended)
    }}
    #[inline(always)]
    fn starts_behind<Simd: l::Lanes>(s: Simd, control: Self::Control, ended: Simd::U) -> Simd::M {{
        {behind}(s, control.autoreset, ended)
    }}
    #[inline(always)]
    fn observe<Simd: l::Lanes>(s: Simd, {at_observe}: &Self::Constants, params: &Params<Simd>, state: &mut State<Simd>, elapsed: Simd::U, agent: W<u32>) -> Self::Observation<Simd> {{
        {observe}
    }}
    #[inline(always)]
    fn global_state<Simd: l::Lanes>({}: Simd, {at_global}: &Self::Constants, {}: &Params<Simd>, {}: &mut State<Simd>, {}: Simd::U) -> Self::GlobalState<Simd> {{
        {}
    }}
    #[inline(always)]
    fn action_mask<Simd: l::Lanes>({}: Simd, {at_mask}: &Self::Constants, {}: &Params<Simd>, {}: &mut State<Simd>, {}: Simd::U, {}: W<u32>) -> Self::Mask<Simd> {{
        {}
    }}
    #[inline(always)]
    fn pixel<Simd: l::Lanes>({}: Simd, {at_pixel}: &Self::Constants, {}: &Params<Simd>, {}: &mut State<Simd>, {}: W<u32>, {}: [Simd::F; 2]) -> Option<[Simd::F; 3]> {{
        {}
    }}
}}

shadergym_shaders::kernels!(Environment);
"#,
        totals_at.join(", "),
        info.0,
        info.1,
        done.0,
        done.1,
        global.0,
        global.1,
        global.2,
        global.3,
        global.4,
        mask.0,
        mask.1,
        mask.2,
        mask.3,
        mask.4,
        mask.5,
        pixel.0,
        pixel.1,
        pixel.2,
        pixel.3,
        pixel.4,
        pixel.5,
        control = control.join(", "),
        agents = facts.agents,
        start_cost = cost::of_function(module, kernel("kernel_start")),
        mask_words = facts.mask_words() / facts.agents,
        info_words = facts.info_words(),
        done_words = facts.done_words(),
        actions = result("kernel_random_actions"),
        observation = result("kernel_observe"),
        rewards = result("kernel_advance"),
        totals = types::zero(module, ty("KernelTotals")),
    );
    if !g.errors.is_empty() {
        return Err(g.errors);
    }
    let stem = &facts.stem;
    let text = format!(
        "// Generated from {stem}.wgsl and the kernel by shadergym-compiler. Edit the shader, not this file.\n\
         use shadergym_shaders::lanes::prelude as l;\n\
         use shadergym_shaders::lanes::prelude::{{Float as _, Int as _, Mask as _, Signed as _, Uint as _, W}};\n{}{program}",
        g.declarations(shared, &program)
    );
    Ok((text, g.scalars))
}
