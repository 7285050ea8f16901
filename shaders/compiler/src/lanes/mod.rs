//! Generates the CPU kernels: naga IR to Rust in SPMD form, one lane per instance.
//!
//! Every function becomes a generic Rust function over the SIMD level; a function called with different uniformity of
//! its arguments, or with and without an execution mask, becomes several. Generated code is written against
//! `shadergym_shaders::lanes`.

mod analysis;
mod built_ins;
mod control;
mod cost;
mod expression;
mod flow;
mod function;
mod lines;
mod matrix;
mod place;
mod program;
mod shared;
mod switch;
mod types;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::rc::Rc;

use naga::valid::ModuleInfo;
use naga::{Constant, Function, Handle, Module, Statement, TypeInner};

use analysis::{Analysis, analyse, is_pointer};
pub(crate) use flow::{definitions, operand_uses, uses};
use function::Writer;
pub(crate) use program::Input;
use shared::{Numbers, Scalars};
use shared::{Origin, PARAMETER, Scalar};
pub(crate) use shared::{Outline, Shared, compare};

/// Prelude functions that have a native instruction sequence, bit-identical to their WGSL.
pub(crate) const NATIVE: [(&str, &str); 1] = [("math_mul_high", "mul_high")];

/// A construct that cannot be translated.
pub(crate) struct Refusal {
    /// The function that it is in; empty for a constant.
    pub function: String,
    pub what: String,
}

/// The Rust source of an environment's CPU kernels.
///
/// # Errors
/// What the back end cannot translate.
pub(crate) fn generate(input: Input<'_>) -> Result<String, Vec<Refusal>> {
    program::write(input, Scalars::Values).map(|(text, _)| text)
}

/// The same for several ids, which read what differs between them.
///
/// # Errors
/// What the back end cannot translate.
pub(crate) fn generate_shared(input: Input<'_>, shared: Shared) -> Result<String, Vec<Refusal>> {
    let scalars = if shared.is_empty() { Scalars::Values } else { Scalars::Read(shared) };
    program::write(input, scalars).map(|(text, _)| text)
}

/// The source with its scalars as numbers.
///
/// # Errors
/// What the back end cannot translate.
pub(crate) fn outline(input: Input<'_>) -> Result<Outline, Vec<Refusal>> {
    let (text, scalars) = program::write(input, Scalars::Numbers(Numbers::default()))?;
    let Scalars::Numbers(numbers) = scalars else { unreachable!("the generator writes scalars in one way") };
    Ok(Outline { text, numbers })
}

/// Everything shared between the functions of one module.
pub(crate) struct Generator<'a> {
    module: &'a Module,
    info: &'a ModuleInfo,
    analyses: HashMap<(Handle<Function>, Vec<bool>), Rc<Analysis>>,
    names: HashMap<(Handle<Function>, Vec<bool>, bool), String>,
    functions: Vec<Item>,
    constants: BTreeMap<usize, Item>,
    scalars: Scalars,
    /// Functions that read what differs between the ids that share the code.
    readers: HashSet<String>,
    /// Functions that are no part of their callers.
    apart: Vec<Handle<Function>>,
    errors: Vec<Refusal>,
}

/// A struct, constant or function of the generated module.
struct Item {
    name: String,
    text: String,
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

    /// A call of a function, whose result has a value for each lane even where all are the same.
    fn call(&mut self, function: Handle<Function>, arguments: Vec<bool>, values: &str) -> String {
        let uniform = self.analysis(function, &arguments).result_uniform;
        let name = self.request(function, arguments, true);
        let call = format!("{name}(s{}, {values})", self.passed(&name));
        if uniform { format!("l::splat(s, {call})") } else { call }
    }

    /// How a function is given what it reads, behind its first argument; nothing where it reads nothing.
    fn passed(&self, function: &str) -> String {
        if self.readers.contains(function) { format!(", {PARAMETER}") } else { String::new() }
    }

    /// A scalar of the file.
    fn scalar(&mut self, origin: Origin, scalar: Scalar) -> String {
        self.scalars.write(self.module, origin, scalar).unwrap_or_else(|| scalar.text())
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
        self.functions.push(Item { name: name.clone(), text: format!("\n{text}") });
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
        let mixed = !all && arguments.contains(&true);
        let s = if mixed { "s" } else { "_" };
        let mut head = format!("#[inline(always)]\nfn {name}<Simd: l::Lanes>({s}: Simd");
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
            "{head}) -> {} {{\n    {first}.{method}({})\n}}\n",
            types::handle(self.module, result, all),
            rest.join(", ")
        )
    }

    /// A named constant, declared once.
    fn constant(&mut self, handle: Handle<Constant>) -> String {
        let constant = &self.module.constants[handle];
        let name = constant.name.clone().map_or_else(|| format!("UNNAMED{}", handle.index()), |n| types::global(&n));
        if let Scalars::Read(shared) = &self.scalars
            && let Some(read) = shared.constant(self.module, handle)
        {
            return read;
        }
        if !self.constants.contains_key(&handle.index()) {
            let value = match self.scalars {
                Scalars::Numbers(_) => self.outlined(handle),
                _ => self.constant_value(constant.init),
            };
            let ty = types::handle(self.module, constant.ty, true);
            // A `const` would be copied to wherever an element of it is looked up.
            let table = matches!(self.module.types[constant.ty].inner, TypeInner::Array { .. });
            let word = if table { "static" } else { "const" };
            let text = format!("{word} {name}: {ty} = {value};\n");
            self.constants.insert(handle.index(), Item { name: name.clone(), text });
        }
        name
    }

    /// The value of a constant in an outline: its scalars, in whichever way the file writes them down.
    fn outlined(&mut self, handle: Handle<Constant>) -> String {
        let Some(all) = shared::scalars(self.module, self.module.constants[handle].init) else {
            return self.constant_value(self.module.constants[handle].init);
        };
        let numbers = all.into_iter().enumerate().map(|(i, scalar)| self.scalar(Origin::Constant(handle, i), scalar));
        numbers.collect::<Vec<_>>().join(" ")
    }

    fn constant_value(&mut self, expression: Handle<naga::Expression>) -> String {
        use naga::Expression as E;
        let module = self.module;
        if let E::Literal(literal) = module.global_expressions[expression]
            && let Some(scalar) = Scalar::of(literal)
        {
            return scalar.text();
        }
        match module.global_expressions[expression] {
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
}
