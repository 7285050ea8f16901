//! Places in memory, and elements at indices that may differ from lane to lane.

use naga::{Expression, Handle, ScalarKind, TypeInner};

use super::function::Writer;
use super::shared::{Origin, Scalar};
use super::types;

/// A place in memory: a Rust place expression, and what follows after an index that differs per lane.
pub(super) struct Place {
    /// Rust place expression up to the first varying index.
    pub text: String,
    /// The place's memory is uniform (scalars, not lanes).
    pub uniform: bool,
    /// The varying indices, each with the accesses after it.
    pub varying: Vec<Varying>,
}

/// An index that differs per lane.
pub(super) struct Varying {
    index: String,
    /// Fields and uniform indices after it.
    tail: String,
    element: Element,
}

/// What an index selects.
struct Element {
    /// Rust type in lanes.
    ty: String,
    /// Name of the select chain if the type has booleans, which have no layout in memory.
    suffix: &'static str,
}

impl Writer<'_, '_> {
    pub(super) fn type_of_value(&self, expression: Handle<Expression>) -> TypeInner {
        match self.inner(expression) {
            TypeInner::Pointer { base, .. } => self.module.types[*base].inner.clone(),
            inner => inner.clone(),
        }
    }

    /// `.field` or `[i]` of the type `inner`.
    pub(super) fn step(&mut self, access: Handle<Expression>, inner: &TypeInner, index: u32) -> String {
        if let TypeInner::Struct { members, .. } = inner {
            return format!(".{}", types::ident(members[index as usize].name.as_deref().unwrap_or("_")));
        }
        let generator = &mut *self.generator;
        match generator.scalars.write(self.module, Origin::Expression(self.handle, access), Scalar::index(index)) {
            None => format!("[{index}]"),
            Some(read) => format!("[({read}.0 as usize).min({})]", self.length(inner) - 1),
        }
    }

    fn length(&self, inner: &TypeInner) -> usize {
        match *inner {
            TypeInner::Array { size: naga::ArraySize::Constant(n), .. } => n.get() as usize,
            TypeInner::Vector { size, .. } => size as usize,
            TypeInner::Matrix { columns, .. } => columns as usize,
            _ => 1,
        }
    }

    /// A uniform index, clamped to the last element as on the GPU.
    fn index(&mut self, index: Handle<Expression>, length: usize) -> String {
        match length {
            1 => "[0]".to_owned(),
            _ => format!("[({}).min({})]", self.uniform_word(index, "usize"), length - 1),
        }
    }

    /// A uniform integer as a number of an unsigned type.
    pub(super) fn uniform_word(&mut self, integer: Handle<Expression>, ty: &str) -> String {
        let value = self.value(integer);
        match (self.kind(integer), ty) {
            (ScalarKind::Sint, "u32") => format!("{value}.0 as u32"),
            (ScalarKind::Sint, _) => format!("{value}.0 as u32 as {ty}"),
            (_, "u32") => format!("{value}.0"),
            _ => format!("{value}.0 as {ty}"),
        }
    }

    /// A varying index as unsigned lanes.
    fn lane_index(&mut self, index: Handle<Expression>) -> String {
        let value = self.lanes(index);
        if self.kind(index) == ScalarKind::Sint { format!("{value}.to_u()") } else { value }
    }

    pub(super) fn access(&mut self, base: Handle<Expression>, index: Handle<Expression>) -> String {
        let length = self.length(self.inner(base));
        let value = self.value(base);
        if self.analysis.is_uniform(index) {
            let index = self.index(index, length);
            return format!("{value}{index}");
        }
        let index = self.lane_index(index);
        let element = self.element(self.inner(base));
        gather(&value, self.analysis.is_uniform(base), &index, &element)
    }

    /// The elements of an array or vector.
    fn element(&self, inner: &TypeInner) -> Element {
        let (ty, bools) = match *inner {
            TypeInner::Array { base, .. } => {
                (types::handle(self.module, base, false), types::has_bools(self.module, base))
            }
            TypeInner::Matrix { rows, scalar, .. } => {
                (format!("[{}; {}]", types::scalar_type(scalar.kind, false), rows as usize), false)
            }
            TypeInner::Vector { scalar, .. } | TypeInner::ValuePointer { scalar, .. } => {
                (types::scalar_type(scalar.kind, false).to_owned(), scalar.kind == ScalarKind::Bool)
            }
            _ => ("_".to_owned(), false),
        };
        Element { ty, suffix: if bools { "_chain" } else { "" } }
    }

    /// The place that a pointer expression points to.
    pub fn place(&mut self, pointer: Handle<Expression>) -> Place {
        match self.function.expressions[pointer] {
            Expression::LocalVariable(local) => Place {
                text: self.local_names[local.index()].clone(),
                uniform: self.analysis.local_uniform[local.index()],
                varying: Vec::new(),
            },
            Expression::FunctionArgument(i) => {
                Place { text: format!("*{}", self.argument_names[i as usize]), uniform: false, varying: Vec::new() }
            }
            Expression::AccessIndex { base, index } => {
                let step = self.step(pointer, &self.type_of_value(base), index);
                self.extend(base, step)
            }
            Expression::Access { base, index } => {
                let inner = self.type_of_value(base);
                let length = match inner {
                    TypeInner::ValuePointer { size: Some(size), .. } => size as usize,
                    ref inner => self.length(inner),
                };
                if self.analysis.is_uniform(index) {
                    let step = self.index(index, length);
                    return self.extend(base, step);
                }
                let mut place = self.place(base);
                let (index, element) = (self.lane_index(index), self.element(&inner));
                place.varying.push(Varying { index, tail: String::new(), element });
                place
            }
            ref other => {
                let text = self.unsupported(&format!("pointer {other:?}"));
                Place { text, uniform: false, varying: Vec::new() }
            }
        }
    }

    fn extend(&mut self, base: Handle<Expression>, step: String) -> Place {
        let mut place = self.place(base);
        match place.varying.last_mut() {
            Some(varying) => varying.tail.push_str(&step),
            // Rust dereferences by itself where a part is taken.
            None => place.text = format!("{}{step}", place.text.trim_start_matches('*')),
        }
        place
    }

    pub(super) fn load(&mut self, pointer: Handle<Expression>) -> String {
        let place = self.place(pointer);
        let mut uniform = place.uniform;
        place.varying.iter().fold(place.text, |text, varying| {
            let part = gather(&text, std::mem::take(&mut uniform), &varying.index, &varying.element);
            format!("{part}{}", varying.tail)
        })
    }
}

/// Per lane the element at `index` of `base`, which is in lanes or uniform.
fn gather(base: &str, uniform: bool, index: &str, element: &Element) -> String {
    let name = if uniform { "gather_uniform" } else { "gather" };
    format!("l::{name}{}::<Simd, {}, _>(s, {}, {index})", element.suffix, element.ty, reference("&", base))
}

/// Statements that store `value` in the lanes of `mask` at a place with varying indices.
pub(super) fn scatter(base: &str, varying: &[Varying], value: &str, mask: &str) -> String {
    let [first, rest @ ..] = varying else { return format!("{base} = {value};") };
    let Varying { index, tail, element } = first;
    let into =
        |part: &str| format!("l::scatter{}(s, {mask}, {}, {index}, {part});", element.suffix, reference("&mut ", base));
    if rest.is_empty() && tail.is_empty() {
        return into(value);
    }
    let part = format!("part{}", rest.len());
    let inner = scatter(&format!("{part}{tail}"), rest, value, mask);
    format!("let mut {part} = {}; {inner} {}", gather(base, false, index, element), into(&part))
}

/// A reference to a place; what an argument points to is one already.
pub(super) fn reference(sign: &str, place: &str) -> String {
    place.strip_prefix('*').map_or_else(|| format!("{sign}{place}"), str::to_owned)
}
