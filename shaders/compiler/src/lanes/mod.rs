//! Generates the CPU kernels: naga IR to Rust in SPMD form, one lane per instance.
//!
//! Every function becomes a generic Rust function over the SIMD level; a function called with different uniformity of
//! its arguments, or with and without an execution mask, becomes several. Generated code is written against
//! `shadergym_shaders::lanes`.

mod analysis;
mod built_ins;
mod control;
mod expression;
mod flow;
mod function;
mod matrix;
mod place;
mod types;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::rc::Rc;

use naga::valid::ModuleInfo;
use naga::{Constant, Function, Handle, Module, Statement, TypeInner};

use crate::facts::Facts;
use analysis::{Analysis, analyse, is_pointer};
pub(crate) use flow::{bindings, reach, uses};
use function::Writer;

/// Prelude functions that have a native instruction sequence, bit-identical to their WGSL.
pub(crate) const NATIVE: [(&str, &str); 1] = [("math_mul_high", "mul_high")];

/// A construct that cannot be translated.
pub(crate) struct Refusal {
    /// The function that it is in; empty for a constant.
    pub function: String,
    pub what: String,
}

/// Everything shared between the functions of one module.
pub(crate) struct Generator<'a> {
    module: &'a Module,
    info: &'a ModuleInfo,
    analyses: HashMap<(Handle<Function>, Vec<bool>), Rc<Analysis>>,
    names: HashMap<(Handle<Function>, Vec<bool>, bool), String>,
    functions: Vec<String>,
    constants: BTreeMap<usize, String>,
    errors: Vec<Refusal>,
}

impl<'a> Generator<'a> {
    fn analysis(&mut self, function: Handle<Function>, arguments: &[bool]) -> Rc<Analysis> {
        let key = (function, arguments.to_vec());
        if let Some(found) = self.analyses.get(&key) {
            return Rc::clone(found);
        }
        let module = self.module;
        let result = Rc::new(analyse(module, &module.functions[function], arguments, &mut |callee, uniform| {
            self.analysis(callee, &uniform).result_uniform
        }));
        self.analyses.insert(key, Rc::clone(&result));
        result
    }

    /// The name of a function's variant, writing it if it is new.
    fn request(&mut self, function: Handle<Function>, arguments: Vec<bool>, full: bool) -> String {
        let key = (function, arguments.clone(), full);
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let module = self.module;
        let plain = module.functions[function].name.clone().unwrap_or_else(|| format!("unnamed{}", function.index()));
        let mut name = plain.clone();
        if arguments.iter().any(|u| *u) {
            name.push('_');
            name.extend(arguments.iter().map(|u| if *u { 'u' } else { 'l' }));
        }
        if !full {
            name.push_str("_masked");
        }
        let declared = |name: &str| module.functions.iter().any(|(_, f)| f.name.as_deref() == Some(name));
        let taken = |name: &String| (*name != plain && declared(name)) || self.names.values().any(|n| n == name);
        name = types::global(&name);
        while taken(&name) {
            name = format!("__{name}");
        }
        self.names.insert(key, name.clone());
        let text = match NATIVE.iter().find(|(wgsl, _)| *wgsl == plain) {
            Some((_, method)) => self.native(function, &name, method, &arguments, full),
            None => {
                let analysis = self.analysis(function, &arguments);
                Writer::new(self, function, &analysis, &arguments).write(&name, &arguments, full)
            }
        };
        self.functions.push(text);
        name
    }

    fn native(
        &mut self,
        function: Handle<Function>,
        name: &str,
        method: &str,
        arguments: &[bool],
        full: bool,
    ) -> String {
        let all = arguments.iter().all(|u| *u);
        let mut head = format!("#[inline(always)]\nfn {name}<Simd: l::Lanes>(s: Simd");
        if !full {
            head.push_str(", _: Simd::M");
        }
        let mut values = Vec::new();
        for (i, argument) in self.module.functions[function].arguments.iter().enumerate() {
            let _ = write!(head, ", a{i}: {}", types::handle(self.module, argument.ty, arguments[i]));
            let lanes = types::handle(self.module, argument.ty, false);
            values.push(if arguments[i] && !all {
                format!("l::splat::<Simd, {lanes}>(s, a{i})")
            } else {
                format!("a{i}")
            });
        }
        let result = self.module.functions[function].result.as_ref().expect("native functions return a value").ty;
        let (first, rest) = values.split_first().expect("native functions have arguments");
        format!(
            "{head}) -> {} {{\n    let _ = s;\n    {first}.{method}({})\n}}\n",
            types::handle(self.module, result, all),
            rest.join(", ")
        )
    }

    /// A named constant, declared once.
    fn constant(&mut self, handle: Handle<Constant>) -> String {
        let constant = &self.module.constants[handle];
        let name = constant.name.clone().map_or_else(|| format!("UNNAMED{}", handle.index()), |n| types::global(&n));
        if !self.constants.contains_key(&handle.index()) {
            let value = self.constant_value(constant.init);
            let ty = types::handle(self.module, constant.ty, true);
            // A `const` would be copied to wherever an element of it is looked up.
            let table = matches!(self.module.types[constant.ty].inner, TypeInner::Array { .. });
            let word = if table { "static" } else { "const" };
            self.constants.insert(handle.index(), format!("{word} {name}: {ty} = {value};\n"));
        }
        name
    }

    fn constant_value(&mut self, expression: Handle<naga::Expression>) -> String {
        use naga::{Expression as E, Literal as L};
        let module = self.module;
        match module.global_expressions[expression] {
            E::Literal(L::F32(v)) => format!("{v:?}f32"),
            E::Literal(L::U32(v)) => format!("W({v}u32)"),
            E::Literal(L::I32(v)) => format!("W({v}i32)"),
            E::Literal(L::Bool(v)) => v.to_string(),
            E::Constant(c) if matches!(module.types[module.constants[c].ty].inner, TypeInner::Array { .. }) => {
                self.constant_value(module.constants[c].init)
            }
            E::Constant(c) => self.constant(c),
            E::ZeroValue(ty) => types::zero(module, ty),
            E::Splat { size, value } => format!("[{}; {}]", self.constant_value(value), size as usize),
            E::Compose { ty, ref components } => {
                let values: Vec<String> = components.iter().map(|c| self.constant_value(*c)).collect();
                match &module.types[ty].inner {
                    TypeInner::Struct { members, .. } => {
                        let fields: Vec<String> = members
                            .iter()
                            .zip(values)
                            .map(|(m, v)| format!("{}: {v}", types::ident(m.name.as_deref().unwrap_or("_"))))
                            .collect();
                        format!("{}::<l::Plain> {{ {} }}", types::struct_name(module, ty), fields.join(", "))
                    }
                    _ => format!("[{}]", values.join(", ")),
                }
            }
            ref other => {
                self.errors
                    .push(Refusal { function: String::new(), what: format!("the constant expression {other:?}") });
                "panic!()".to_owned()
            }
        }
    }

    /// No pointer parameters and no loops, in it or in what it calls.
    fn is_plain(&self, function: Handle<Function>) -> bool {
        fn plain(generator: &Generator, block: &naga::Block) -> bool {
            block.iter().all(|statement| match statement {
                Statement::Loop { .. } => false,
                Statement::Block(b) => plain(generator, b),
                Statement::If { accept, reject, .. } => plain(generator, accept) && plain(generator, reject),
                Statement::Switch { cases, .. } => cases.iter().all(|c| plain(generator, &c.body)),
                Statement::Call { function, .. } => {
                    let callee = &generator.module.functions[*function];
                    plain(generator, &callee.body)
                }
                _ => true,
            })
        }
        let declared = &self.module.functions[function];
        !declared.arguments.iter().any(|a| is_pointer(self.module, a.ty)) && plain(self, &declared.body)
    }

    fn structs(&self) -> String {
        let mut out = String::new();
        for (handle, ty) in self.module.types.iter() {
            let TypeInner::Struct { members, .. } = &ty.inner else { continue };
            let name = types::struct_name(self.module, handle);
            let field = |m: &naga::StructMember| types::ident(m.name.as_deref().unwrap_or("_"));
            let _ = writeln!(out, "#[repr(C)]\n#[derive(Clone, Copy)]\npub struct {name}<Simd: l::Lanes> {{");
            for member in members {
                let _ = writeln!(out, "    pub {}: {},", field(member), types::handle(self.module, member.ty, false));
            }
            let each =
                |f: &dyn Fn(String) -> String| members.iter().map(|m| f(field(m))).collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                out,
                "}}\nimpl<Simd: l::Lanes> l::Value<Simd> for {name}<Simd> {{\n    type Uniform = {name}<l::Plain>;\n    \
                 #[inline(always)]\n    fn blend(s: Simd, mask: Simd::M, on: Self, off: Self) -> Self {{\n        Self {{ {} }}\n    }}\n    \
                 #[inline(always)]\n    fn spread(s: Simd, value: {name}<l::Plain>) -> Self {{\n        Self {{ {} }}\n    }}\n}}",
                each(&|f| format!("{f}: l::blend(s, mask, on.{f}, off.{f})")),
                each(&|f| format!("{f}: l::splat(s, value.{f})")),
            );
        }
        out
    }
}

/// The Rust source of an environment's CPU kernels.
///
/// # Errors
/// What the back end cannot translate; the lints catch most of it first, at its very line.
pub(crate) fn generate(facts: &Facts, module: &Module, info: &ModuleInfo) -> Result<String, Vec<Refusal>> {
    let mut g = Generator {
        module,
        info,
        analyses: HashMap::new(),
        names: HashMap::new(),
        functions: Vec::new(),
        constants: BTreeMap::new(),
        errors: Vec::new(),
    };
    let find = |name: &str| module.functions.iter().find(|(_, f)| f.name.as_deref() == Some(name)).map(|(h, _)| h);
    let kernel = |name: &str| find(name).expect("linked from kernel.wgsl and the glue");
    let seed = g.request(kernel("kernel_seed"), vec![false; 3], false);
    let start = g.request(kernel("kernel_start"), vec![false; 4], false);
    let random = g.request(kernel("kernel_random_actions"), vec![false; 3], true);
    let advance = g.request(kernel("kernel_advance"), vec![true, false, false, false, false, false], true);
    let instead = g.request(kernel("kernel_starts_instead"), vec![true, false], true);
    let behind = g.request(kernel("kernel_starts_behind"), vec![true, false], true);
    let observe = g.request(kernel("kernel_observe"), vec![false, false, false, true], true);
    let mask = find("kernel_action_mask").map(|f| g.request(f, vec![false, false, false, true], true));
    let pixel = find("kernel_pixel").map(|f| g.request(f, vec![false, false, true, false], true));

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
    let pixel = pixel.map_or("let _ = (s, params, state, elapsed, uv); None".to_owned(), |name| {
        format!("Some({name}(s, *params, state, elapsed, uv))")
    });
    let mask = mask.map_or("let _ = (s, params, state, elapsed, agent); []".to_owned(), |name| {
        format!("{name}(s, *params, state, elapsed, agent)")
    });
    let member =
        |there: bool, name: &str| if there { format!("totals.{name}") } else { "let _ = totals; []".to_owned() };

    let mut out = String::new();
    let _ = writeln!(
        out,
        "// Generated from {}.wgsl and kernel.wgsl by shadergym-compiler. Edit the shader, not this file.\n\
         use shadergym_shaders::lanes::prelude as l;\n\
         use shadergym_shaders::lanes::prelude::{{Float as _, Int as _, Mask as _, Signed as _, Uint as _, W}};\n",
        facts.stem
    );
    out.push_str(&g.structs());
    for constant in g.constants.values() {
        out.push_str(constant);
    }
    for function in &g.functions {
        out.push('\n');
        out.push_str(function);
    }
    let _ = writeln!(
        out,
        r#"
/// The environment for the driver.
pub struct Environment;

impl l::Program for Environment {{
    const AGENTS: usize = {agents};
    type Episode<Simd: l::Lanes> = KernelEpisode<Simd>;
    type State<Simd: l::Lanes> = State<Simd>;
    type Params<Simd: l::Lanes> = Params<Simd>;
    type Actions<Simd: l::Lanes> = {actions};
    type Observation<Simd: l::Lanes> = {observation};
    type Mask<Simd: l::Lanes> = [Simd::U; {mask_words}];
    type Info<Simd: l::Lanes> = [Simd::U; {info_words}];
    type Done<Simd: l::Lanes> = [Simd::U; {done_words}];
    type Rewards<Simd: l::Lanes> = {rewards};
    type Totals<Simd: l::Lanes> = KernelTotals<Simd>;
    type Control = KernelControl<l::Plain>;

    fn control(control: &l::Control) -> Self::Control {{
        KernelControl::<l::Plain> {{ {control} }}
    }}
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
    fn info<Simd: l::Lanes>(totals: &KernelTotals<Simd>) -> Self::Info<Simd> {{
        {info}
    }}
    #[inline(always)]
    fn done<Simd: l::Lanes>(totals: &KernelTotals<Simd>) -> Self::Done<Simd> {{
        {done}
    }}
    #[inline(always)]
    fn seed<Simd: l::Lanes>(s: Simd, mask: Simd::M, episode: &mut KernelEpisode<Simd>, low: Simd::U, high: Simd::U) {{
        {seed}(s, mask, episode, low, high)
    }}
    #[inline(always)]
    fn start<Simd: l::Lanes>(s: Simd, mask: Simd::M, pending: &mut Params<Simd>, params: &mut Params<Simd>, state: &mut State<Simd>, episode: &mut KernelEpisode<Simd>) {{
        {start}(s, mask, pending, params, state, episode)
    }}
    #[inline(always)]
    fn random_actions<Simd: l::Lanes>(s: Simd, params: &mut Params<Simd>, state: &mut State<Simd>, episode: &mut KernelEpisode<Simd>) -> Self::Actions<Simd> {{
        {random}(s, params, state, episode)
    }}
    #[inline(always)]
    fn advance<Simd: l::Lanes>(s: Simd, control: Self::Control, params: &mut Params<Simd>, state: &mut State<Simd>, episode: &mut KernelEpisode<Simd>, totals: &mut KernelTotals<Simd>, actions: Self::Actions<Simd>) -> Self::Rewards<Simd> {{
        {advance}(s, control, params, state, episode, totals, actions)
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
    fn observe<Simd: l::Lanes>(s: Simd, params: &Params<Simd>, state: &mut State<Simd>, elapsed: Simd::U, agent: W<u32>) -> Self::Observation<Simd> {{
        {observe}(s, *params, state, elapsed, agent)
    }}
    #[inline(always)]
    fn action_mask<Simd: l::Lanes>(s: Simd, params: &Params<Simd>, state: &mut State<Simd>, elapsed: Simd::U, agent: W<u32>) -> Self::Mask<Simd> {{
        {mask}
    }}
    #[inline(always)]
    fn pixel<Simd: l::Lanes>(s: Simd, params: &Params<Simd>, state: &mut State<Simd>, elapsed: W<u32>, uv: [Simd::F; 2]) -> Option<[Simd::F; 3]> {{
        {pixel}
    }}
}}

shadergym_shaders::kernels!(Environment);"#,
        agents = facts.agents,
        mask_words = facts.mask_words() / facts.agents,
        info_words = facts.info_words(),
        done_words = facts.done_words(),
        info = member(facts.info.is_some(), "info"),
        done = member(facts.agent_done, "done"),
        actions = result("kernel_random_actions"),
        observation = result("kernel_observe"),
        rewards = result("kernel_advance"),
        control = control.join(", "),
        totals = types::zero(module, ty("KernelTotals")),
    );
    if g.errors.is_empty() { Ok(out) } else { Err(g.errors) }
}
