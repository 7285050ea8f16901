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
mod switch;
mod types;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::rc::Rc;

use naga::valid::ModuleInfo;
use naga::{Constant, Function, Handle, Module, Statement, TypeInner};

use analysis::{Analysis, analyse, is_pointer};
use expression::float;
pub(crate) use flow::{definitions, operand_uses, uses};
use function::Writer;
pub(crate) use program::generate;

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
    functions: Vec<Item>,
    constants: BTreeMap<usize, Item>,
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
        let call = format!("{}({values})", self.request(function, arguments, true));
        if uniform { format!("l::splat(s, {call})") } else { call }
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
        if !self.constants.contains_key(&handle.index()) {
            let value = self.constant_value(constant.init);
            let ty = types::handle(self.module, constant.ty, true);
            // A `const` would be copied to wherever an element of it is looked up.
            let table = matches!(self.module.types[constant.ty].inner, TypeInner::Array { .. });
            let word = if table { "static" } else { "const" };
            let text = format!("{word} {name}: {ty} = {value};\n");
            self.constants.insert(handle.index(), Item { name: name.clone(), text });
        }
        name
    }

    fn constant_value(&mut self, expression: Handle<naga::Expression>) -> String {
        use naga::{Expression as E, Literal as L};
        let module = self.module;
        match module.global_expressions[expression] {
            E::Literal(L::F32(v)) => float(v),
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
}
