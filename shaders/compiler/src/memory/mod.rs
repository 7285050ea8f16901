//! Keeps large values in memory on the GPU: a rewriting of naga's IR.
//!
//! A state beyond [`Layout::LARGE_WORDS`] words, and every local variable as large, would be copied to registers that no
//! GPU has; drivers then take minutes to compile, or spill. Here such a variable becomes words of the instance's own
//! storage: loads and stores through its pointer, also in the functions that are given the pointer, become accesses to
//! `kernel_instances`. A pointer argument becomes the number of its first word, so a function called with both kinds of
//! pointers becomes two. Large constant arrays that are indexed become words of the read-only buffer `kernel_tables`.
//!
//! Pointers to parts of small variables are rewritten too (copied in and out): SPIR-V has no such arguments.
//!
//! The result goes to the GPU as the text that naga writes. The CPU's lanes need none of this: their state is memory.

mod builder;
mod expression;
mod place;
mod statement;

use std::collections::HashMap;

use naga::valid::ModuleInfo;
use naga::{
    AddressSpace, Arena, Block, Constant, Expression, Function, GlobalVariable, Handle, Literal, Module, Override,
    Scalar, Statement, Type, TypeInner,
};

use crate::facts::{Facts, Layout};
use crate::lanes::Refusal;
use builder::Builder;

/// Words from which a constant array that is indexed becomes a table in a buffer: drivers copy smaller ones to registers.
const TABLE_WORDS: usize = 32;
/// Most words that an expression may copy out of memory; each is a load of its own.
pub(crate) const MAX_COPY: usize = 1024;

/// A module that keeps large values in memory.
pub(crate) struct InMemory {
    pub module: Module,
    /// Content of `kernel_tables`.
    pub tables: Vec<u32>,
    /// Words per instance behind the parameters: large local variables.
    pub scratch_words: usize,
}

/// Rewrites the linked module; None where nothing in it is large and no pointer to a part is passed.
///
/// # Errors
/// Copies of more than [`MAX_COPY`] words.
pub(crate) fn in_memory(module: &Module, info: &ModuleInfo, facts: &Facts) -> Result<Option<InMemory>, Vec<Refusal>> {
    let mut out = module.clone();
    out.functions = Arena::new();
    out.entry_points = Vec::new();
    // Docs belong to handles that change.
    out.doc_comments = None;
    let scalar = |out: &mut Module, scalar: Scalar| {
        out.types.insert(Type { name: None, inner: TypeInner::Scalar(scalar) }, naga::Span::UNDEFINED)
    };
    let word = scalar(&mut out, Scalar::U32);
    let global = |name: &str| {
        let found = module.global_variables.iter().find(|(_, v)| v.name.as_deref() == Some(name));
        found.expect("declared in the kernel").0
    };
    let mut rewrite = Rewrite {
        source: module,
        info,
        word,
        instances: global("kernel_instances"),
        control: global("kernel_control"),
        keep_loops: module
            .overrides
            .iter()
            .find(|(_, o)| o.name.as_deref() == Some("KERNEL_KEEP_LOOPS"))
            .expect("declared in the kernel")
            .0,
        instance: global("kernel_instance"),
        tables_buffer: global("kernel_tables"),
        state_at: facts.episode_words,
        scratch_at: facts.episode_words + facts.state.words + facts.params.words,
        scratch_words: 0,
        functions: HashMap::new(),
        tables: Vec::new(),
        table_of: HashMap::new(),
        changed: false,
        refusals: Vec::new(),
        out,
    };
    for (index, entry) in module.entry_points.iter().enumerate() {
        let function = Builder::entry(&mut rewrite, index).build();
        rewrite.out.entry_points.push(naga::EntryPoint { function, ..entry.clone() });
    }
    if !rewrite.refusals.is_empty() {
        return Err(rewrite.refusals);
    }
    if !rewrite.changed {
        return Ok(None);
    }
    let Rewrite { mut out, tables, scratch_words, .. } = rewrite;
    naga::compact::compact(&mut out, naga::compact::KeepUnused::No);
    Ok(Some(InMemory { module: out, tables, scratch_words }))
}

/// The WGSL of a rewritten module.
///
/// # Errors
/// What naga finds wrong with it: a defect of the rewriting.
pub(crate) fn text(module: &Module) -> Result<String, String> {
    use naga::valid::{Capabilities, ValidationFlags, Validator};
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(module).map_err(|e| {
        format!("{}: {:?}", e.as_inner(), std::error::Error::source(e.as_inner()).map(ToString::to_string))
    })?;
    let text = naga::back::wgsl::write_string(module, &info, naga::back::wgsl::WriterFlags::empty());
    // In the shortest decimal digits the largest float lies above itself, which browsers refuse.
    let text = text.map_err(|e| e.to_string())?;
    Ok(text.replace("340282350000000000000000000000000000000f", "0x1.fffffep+127f"))
}

/// What the rewriting of all functions shares.
pub(super) struct Rewrite<'a> {
    source: &'a Module,
    info: &'a ModuleInfo,
    out: Module,
    /// The type `u32`.
    word: Handle<Type>,
    instances: Handle<GlobalVariable>,
    control: Handle<GlobalVariable>,
    keep_loops: Handle<Override>,
    /// The private variable that holds the number of the instance at hand.
    instance: Handle<GlobalVariable>,
    tables_buffer: Handle<GlobalVariable>,
    /// First words of an instance's state and of its large local variables.
    state_at: usize,
    scratch_at: usize,
    scratch_words: usize,
    /// By function and which of its arguments are the numbers of first words.
    functions: HashMap<(Handle<Function>, Vec<bool>), Handle<Function>>,
    tables: Vec<u32>,
    table_of: HashMap<Handle<Constant>, u32>,
    /// Something differs from the source, and the result is needed.
    changed: bool,
    refusals: Vec<Refusal>,
}

impl Rewrite<'_> {
    /// The rewritten function, made on first use; callees come before their callers.
    fn request(&mut self, function: Handle<Function>, stored: Vec<bool>) -> Handle<Function> {
        let key = (function, stored);
        if let Some(&found) = self.functions.get(&key) {
            return found;
        }
        let built = Builder::function(self, function, &key.1).build();
        let span = self.source.functions.get_span(function);
        let handle = self.out.functions.append(built, span);
        self.functions.insert(key, handle);
        handle
    }

    fn inner(&self, ty: Handle<Type>) -> &TypeInner {
        &self.out.types[ty].inner
    }

    fn ty(&mut self, inner: TypeInner) -> Handle<Type> {
        self.out.types.insert(Type { name: None, inner }, naga::Span::UNDEFINED)
    }

    /// 32-bit words of a type without padding; booleans take one.
    fn words(&self, ty: Handle<Type>) -> usize {
        match *self.inner(ty) {
            TypeInner::Scalar(_) => 1,
            TypeInner::Vector { size, .. } => size as usize,
            TypeInner::Matrix { columns, rows, .. } => columns as usize * rows as usize,
            TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => n.get() as usize * self.words(base),
            TypeInner::Struct { ref members, .. } => members.iter().map(|m| self.words(m.ty)).sum(),
            _ => 0,
        }
    }

    fn is_large(&self, ty: Handle<Type>) -> bool {
        self.words(ty) > Layout::LARGE_WORDS
    }

    /// The first word of a constant array in `kernel_tables`; None if it is no array, or a small one.
    fn table(&mut self, constant: Handle<Constant>) -> Option<u32> {
        let Constant { ty, init, .. } = self.source.constants[constant];
        if !matches!(self.inner(ty), TypeInner::Array { .. }) || self.words(ty) <= TABLE_WORDS {
            return None;
        }
        if let Some(&at) = self.table_of.get(&constant) {
            return Some(at);
        }
        let at = self.tables.len();
        self.push_words(init);
        debug_assert_eq!(self.tables.len() - at, self.words(ty));
        self.table_of.insert(constant, at as u32);
        Some(at as u32)
    }

    fn push_words(&mut self, expression: Handle<Expression>) {
        let source = self.source;
        match source.global_expressions[expression] {
            Expression::Literal(Literal::F32(v)) => self.tables.push(v.to_bits()),
            Expression::Literal(Literal::U32(v)) => self.tables.push(v),
            Expression::Literal(Literal::I32(v)) => self.tables.push(v as u32),
            Expression::Literal(Literal::Bool(v)) => self.tables.push(v.into()),
            Expression::Constant(c) => self.push_words(source.constants[c].init),
            Expression::ZeroValue(ty) => self.tables.extend(std::iter::repeat_n(0, self.words(ty))),
            Expression::Compose { ref components, .. } => components.iter().for_each(|&c| self.push_words(c)),
            Expression::Splat { size, value } => (0..size as usize).for_each(|_| self.push_words(value)),
            ref other => self
                .refusals
                .push(Refusal { function: String::new(), what: format!("the constant expression {other:?}") }),
        }
    }
}

/// Storage that a place can lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    /// `kernel_instances`, at the instance at hand.
    Instance,
    /// `kernel_tables`.
    Table,
}

/// Words in storage that hold a value.
#[derive(Debug, Clone, Copy)]
struct Place {
    space: Space,
    /// First word.
    offset: u32,
    /// More words to add, known when the shader runs.
    dynamic: Option<Handle<Expression>>,
    ty: Handle<Type>,
}

/// The address space of a pointer type, None for values.
fn pointer_space(inner: &TypeInner) -> Option<AddressSpace> {
    match *inner {
        TypeInner::Pointer { space, .. } | TypeInner::ValuePointer { space, .. } => Some(space),
        _ => None,
    }
}

/// Visits the statements of a block and of the blocks in it.
pub(crate) fn walk<'a>(block: &'a Block, visit: &mut dyn FnMut(&'a Statement)) {
    for statement in block {
        visit(statement);
        match statement {
            Statement::Block(inner) => walk(inner, visit),
            Statement::If { accept, reject, .. } => {
                walk(accept, visit);
                walk(reject, visit);
            }
            Statement::Switch { cases, .. } => cases.iter().for_each(|c| walk(&c.body, visit)),
            Statement::Loop { body, continuing, .. } => {
                walk(body, visit);
                walk(continuing, visit);
            }
            _ => {}
        }
    }
}
