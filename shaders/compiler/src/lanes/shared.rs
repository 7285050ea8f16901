//! Code that ids share: scalars of which variants have different values are read when it runs, all others are part of it.
//!
//! Variants share code if it differs in the values of scalars alone. To find these, the generator writes an outline of each
//! of them, in which scalars are numbers (`#3f` for a float). Where outlines are equal the numbers mean the same, so their
//! values can be compared: those that differ become fields of a struct `Constants`. naga has folded every constant by then:
//! what is computed from one has its own value for each id, the same that the GPU and the interpreter use, and a constant that
//! sizes something makes the outlines differ.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use naga::{Constant, Expression, Function, Handle, Literal, Module, ScalarKind, SwitchValue, Type, TypeInner};

use super::expression::float;
use super::types;

/// The struct of what is read, and the parameter that brings it to the functions that read it.
pub(super) const STRUCT: &str = "Constants";
pub(super) const PARAMETER: &str = "constants";

/// Where a scalar stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    /// An expression of a function: a literal, or an element at a constant index.
    Expression(Handle<Function>, Handle<Expression>),
    /// The scalar of this number in a named constant.
    Constant(Handle<Constant>, usize),
    /// A label of a case, by its address in the module, which does not move.
    Label(usize),
}

/// The value of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Scalar {
    kind: ScalarKind,
    bits: u32,
}

impl Scalar {
    /// None for types that environments cannot use.
    pub fn of(literal: Literal) -> Option<Self> {
        Some(match literal {
            Literal::F32(value) => Self { kind: ScalarKind::Float, bits: value.to_bits() },
            Literal::U32(value) => Self { kind: ScalarKind::Uint, bits: value },
            Literal::I32(value) => Self { kind: ScalarKind::Sint, bits: value as u32 },
            Literal::Bool(value) => Self { kind: ScalarKind::Bool, bits: u32::from(value) },
            _ => return None,
        })
    }

    /// The label of a case, and where it stands; None for the default.
    pub fn label(label: &SwitchValue) -> Option<(Origin, Self)> {
        let (kind, bits) = match *label {
            SwitchValue::U32(value) => (ScalarKind::Uint, value),
            SwitchValue::I32(value) => (ScalarKind::Sint, value as u32),
            SwitchValue::Default => return None,
        };
        Some((Origin::Label(std::ptr::from_ref(label) as usize), Self { kind, bits }))
    }

    /// An index.
    pub fn index(index: u32) -> Self {
        Self { kind: ScalarKind::Uint, bits: index }
    }

    /// Zero, where the type is one of scalars.
    pub fn zero(inner: &TypeInner) -> Option<Self> {
        match inner {
            TypeInner::Scalar(scalar) => Some(Self { kind: scalar.kind, bits: 0 }),
            _ => None,
        }
    }

    /// As Rust writes it.
    pub fn text(self) -> String {
        match self.kind {
            ScalarKind::Float => float(f32::from_bits(self.bits)),
            ScalarKind::Uint => format!("W({}u32)", self.bits),
            ScalarKind::Sint => format!("W({}i32)", self.bits as i32),
            _ => (self.bits != 0).to_string(),
        }
    }
}

/// How the generator writes scalars.
#[derive(Debug)]
pub(crate) enum Scalars {
    /// By their values.
    Values,
    /// As numbers.
    Numbers(Numbers),
    /// By their values, but for those that are read.
    Read(Shared),
}

/// The scalars of an outline.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    of: HashMap<Origin, usize>,
    all: Vec<(Origin, Scalar)>,
}

impl Numbers {
    fn write(&mut self, origin: Origin, scalar: Scalar) -> String {
        let number = *self.of.entry(origin).or_insert_with(|| {
            self.all.push((origin, scalar));
            self.all.len() - 1
        });
        let kind = match scalar.kind {
            ScalarKind::Float => 'f',
            ScalarKind::Uint => 'u',
            ScalarKind::Sint => 'i',
            _ => 'b',
        };
        format!("#{number}{kind}")
    }
}

/// What is read instead of being part of the code.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    fields: Vec<Field>,
    /// The field that has the scalar, or the constant whose scalar it is.
    of: HashMap<Origin, usize>,
}

/// A field of the struct of what is read.
#[derive(Debug)]
struct Field {
    /// What it holds: a constant, or a scalar of this kind.
    holds: Result<Handle<Constant>, ScalarKind>,
    /// The numbers of its scalars in the outline.
    numbers: Vec<usize>,
}

impl Scalars {
    /// What is written for a scalar, None for its value.
    pub fn write(&mut self, module: &Module, origin: Origin, scalar: Scalar) -> Option<String> {
        match self {
            Self::Values => None,
            Self::Numbers(numbers) => Some(numbers.write(origin, scalar)),
            Self::Read(shared) => shared.of.get(&origin).map(|&field| shared.read(module, field)),
        }
    }
}

impl Shared {
    /// Nothing is read.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn name(&self, module: &Module, field: usize) -> String {
        let named = |constant: Handle<Constant>| module.constants[constant].name.as_deref();
        match self.fields[field].holds {
            Ok(constant) => named(constant).map_or_else(|| format!("__unnamed{field}"), types::ident),
            // No name of WGSL begins with two underscores.
            Err(_) => format!("__{field}"),
        }
    }

    fn read(&self, module: &Module, field: usize) -> String {
        format!("{PARAMETER}.{}", self.name(module, field))
    }

    /// The constant where it is read.
    pub fn constant(&self, module: &Module, constant: Handle<Constant>) -> Option<String> {
        self.of.get(&Origin::Constant(constant, 0)).map(|&field| self.read(module, field))
    }

    /// The struct's declaration.
    pub fn declaration(&self, module: &Module) -> String {
        let mut text = format!(
            "\n/// What differs between the ids that share this code.\n#[derive(Clone, Copy)]\npub struct {STRUCT} {{\n"
        );
        for (i, field) in self.fields.iter().enumerate() {
            let ty = match field.holds {
                Ok(constant) => types::handle(module, module.constants[constant].ty, true),
                Err(kind) => types::scalar_type(kind, true).to_owned(),
            };
            let _ = writeln!(text, "    {}: {ty},", self.name(module, i));
        }
        text.push_str("}\n");
        text
    }

    /// The struct made of an id's words, which are `words[..]` there.
    pub fn value(&self, module: &Module) -> String {
        let mut next = 0;
        let fields = (0..self.fields.len()).map(|i| {
            let value = match self.fields[i].holds {
                Ok(constant) => from_words(module, module.constants[constant].ty, &mut next),
                Err(kind) => scalar_from_words(kind, &mut next),
            };
            format!("{}: {value}", self.name(module, i))
        });
        format!("{STRUCT} {{ {} }}", fields.collect::<Vec<_>>().join(", "))
    }
}

fn scalar_from_words(kind: ScalarKind, next: &mut usize) -> String {
    let word = format!("words[{next}]");
    *next += 1;
    match kind {
        ScalarKind::Float => format!("f32::from_bits({word})"),
        ScalarKind::Uint => format!("W({word})"),
        ScalarKind::Sint => format!("W({word} as i32)"),
        _ => format!("{word} != 0"),
    }
}

/// A value of a type, of the words from `next` on, which is moved behind them.
fn from_words(module: &Module, ty: Handle<Type>, next: &mut usize) -> String {
    let list = |count: usize, next: &mut usize, part: &dyn Fn(&mut usize) -> String| {
        format!("[{}]", (0..count).map(|_| part(next)).collect::<Vec<_>>().join(", "))
    };
    match module.types[ty].inner {
        TypeInner::Scalar(scalar) => scalar_from_words(scalar.kind, next),
        TypeInner::Vector { size, scalar } => list(size as usize, next, &|next| scalar_from_words(scalar.kind, next)),
        TypeInner::Matrix { columns, rows, scalar } => list(columns as usize, next, &|next| {
            list(rows as usize, next, &|next| scalar_from_words(scalar.kind, next))
        }),
        TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => {
            list(n.get() as usize, next, &|next| from_words(module, base, next))
        }
        TypeInner::Struct { ref members, .. } => {
            let fields: Vec<String> = members
                .iter()
                .map(|m| {
                    let name = types::ident(m.name.as_deref().unwrap_or("_"));
                    format!("{name}: {}", from_words(module, m.ty, next))
                })
                .collect();
            format!("{}::<l::Plain> {{ {} }}", types::struct_name(module, ty), fields.join(", "))
        }
        _ => "compile_error!(\"no value\")".to_owned(),
    }
}

/// The scalars of a constant expression in the order of memory; None where one cannot be translated.
pub(super) fn scalars(module: &Module, expression: Handle<Expression>) -> Option<Vec<Scalar>> {
    fn zeros(module: &Module, ty: Handle<Type>) -> Option<Vec<Scalar>> {
        let repeat = |one: &[Scalar], n: usize| one.repeat(n);
        Some(match &module.types[ty].inner {
            TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => {
                repeat(&zeros(module, *base)?, n.get() as usize)
            }
            TypeInner::Struct { members, .. } => {
                members.iter().map(|m| zeros(module, m.ty)).collect::<Option<Vec<_>>>()?.concat()
            }
            inner @ (TypeInner::Vector { scalar, .. }
            | TypeInner::Matrix { scalar, .. }
            | TypeInner::Scalar(scalar)) => {
                repeat(&[Scalar { kind: scalar.kind, bits: 0 }], types::words(module, inner))
            }
            _ => return None,
        })
    }
    Some(match module.global_expressions[expression] {
        Expression::Literal(literal) => vec![Scalar::of(literal)?],
        Expression::Constant(constant) => scalars(module, module.constants[constant].init)?,
        Expression::ZeroValue(ty) => zeros(module, ty)?,
        Expression::Splat { size, value } => scalars(module, value)?.repeat(size as usize),
        Expression::Compose { ref components, .. } => {
            components.iter().map(|c| scalars(module, *c)).collect::<Option<Vec<_>>>()?.concat()
        }
        _ => return None,
    })
}

/// Code with its scalars as numbers.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub text: String,
    pub numbers: Numbers,
}

/// What ids with equal outlines read, the first of which the code is made of; and the words of each.
pub(crate) fn compare(outlines: &[&Outline]) -> (Shared, Vec<Vec<u32>>) {
    let mut shared = Shared::default();
    let Some(first) = outlines.first() else { return (shared, Vec::new()) };
    let values = |number: usize| outlines.iter().map(move |outline| outline.numbers.all[number].1);
    let mut fields: HashMap<Vec<Scalar>, usize> = HashMap::new();
    let mut constants = HashSet::new();
    // What is numbered but not in the text is read by nothing that anybody needs.
    for number in numbers(&first.text) {
        let (origin, scalar) = first.numbers.all[number];
        if values(number).all(|value| value == scalar) {
            continue;
        }
        let field = shared.fields.len();
        match origin {
            Origin::Constant(constant, _) => {
                if constants.insert(constant) {
                    let own =
                        |(origin, _): &(Origin, Scalar)| matches!(origin, Origin::Constant(c, _) if *c == constant);
                    let all = &first.numbers.all;
                    let numbers: Vec<usize> = (0..all.len()).filter(|&n| own(&all[n])).collect();
                    shared.of.extend(numbers.iter().map(|&n| (all[n].0, field)));
                    shared.fields.push(Field { holds: Ok(constant), numbers });
                }
            }
            Origin::Expression(..) | Origin::Label(_) => {
                // The same values have one field.
                let field = *fields.entry(values(number).collect()).or_insert(field);
                if field == shared.fields.len() {
                    shared.fields.push(Field { holds: Err(scalar.kind), numbers: vec![number] });
                }
                shared.of.insert(origin, field);
            }
        }
    }
    let all: Vec<usize> = shared.fields.iter().flat_map(|field| field.numbers.iter().copied()).collect();
    let words = |outline: &&Outline| all.iter().map(|&number| outline.numbers.all[number].1.bits).collect();
    (shared, outlines.iter().map(words).collect())
}

/// The numbers in the text of an outline, each once.
fn numbers(text: &str) -> BTreeSet<usize> {
    let digits = |rest: &str| rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok();
    text.split('#').skip(1).filter_map(digits).collect()
}
