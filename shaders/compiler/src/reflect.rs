//! Reads the facts out of a parsed environment.

use naga::{Expression, Handle, Literal, Module, ScalarKind, Type, TypeInner};

use crate::error::Diagnostic;
use crate::facts::*;
use crate::link::Linked;
use crate::source;

/// Most words of a struct that the kernel stores; each is a line of generated code.
pub(crate) const MAX_WORDS: u32 = 1 << 16;

/// A reader over one parsed module that collects findings instead of stopping at the first.
pub(crate) struct Reflect<'a> {
    pub module: &'a Module,
    pub linked: &'a Linked,
    pub findings: Vec<Diagnostic>,
}

impl<'a> Reflect<'a> {
    pub fn new(module: &'a Module, linked: &'a Linked) -> Self {
        Self { module, linked, findings: Vec::new() }
    }

    /// Notes a breach of the environment contract at the declaration of `name` (or at the top of the file).
    pub fn breach(&mut self, name: &str, message: impl Into<String>, fix: &str) {
        let offset = source::declaration(&self.linked.text, name).unwrap_or(0);
        self.findings.push(self.linked.diagnostic(offset, "contract", message.into(), fix));
    }

    pub fn constant(&self, name: &str) -> Option<Handle<naga::Constant>> {
        self.module.constants.iter().find(|(_, c)| c.name.as_deref() == Some(name)).map(|(h, _)| h)
    }

    pub fn function(&self, name: &str) -> Option<&'a naga::Function> {
        self.module.functions.iter().find(|(_, f)| f.name.as_deref() == Some(name)).map(|(_, f)| f)
    }

    pub fn ty(&self, name: &str) -> Option<Handle<Type>> {
        self.module.types.iter().find(|(_, t)| t.name.as_deref() == Some(name)).map(|(h, _)| h)
    }

    pub fn inner(&self, ty: Handle<Type>) -> &'a TypeInner {
        &self.module.types[ty].inner
    }

    /// The words of a constant, flattened; None if it is missing or not made of 32-bit scalars.
    pub fn words(&self, name: &str) -> Option<Vec<u32>> {
        let constant = &self.module.constants[self.constant(name)?];
        if !self.fits(constant.ty) {
            return None;
        }
        let mut words = Vec::new();
        self.push_words(constant.init, &mut words)?;
        Some(words)
    }

    fn push_words(&self, expression: Handle<Expression>, words: &mut Vec<u32>) -> Option<()> {
        match self.module.global_expressions[expression] {
            Expression::Literal(Literal::F32(v)) => words.push(v.to_bits()),
            Expression::Literal(Literal::U32(v)) => words.push(v),
            Expression::Literal(Literal::I32(v)) => words.push(v as u32),
            Expression::Constant(c) => self.push_words(self.module.constants[c].init, words)?,
            Expression::ZeroValue(ty) => words.extend(vec![0; self.layout(ty)?.words]),
            Expression::Compose { ref components, .. } => {
                for &component in components {
                    self.push_words(component, words)?;
                }
            }
            Expression::Splat { size, value } => {
                for _ in 0..size as usize {
                    self.push_words(value, words)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// The value of an f32 constant.
    pub fn float(&self, name: &str) -> Option<f32> {
        match self.module.global_expressions[self.module.constants[self.constant(name)?].init] {
            Expression::Literal(Literal::F32(value)) => Some(value),
            _ => None,
        }
    }

    /// The value of a u32 constant.
    pub fn unsigned(&self, name: &str) -> Option<u32> {
        match self.module.global_expressions[self.module.constants[self.constant(name)?].init] {
            Expression::Literal(Literal::U32(value)) => Some(value),
            _ => None,
        }
    }

    /// The type of a constant.
    pub fn constant_type(&self, name: &str) -> Option<Handle<Type>> {
        Some(self.module.constants[self.constant(name)?].ty)
    }

    /// True if two types are the same but for names of aliases, which naga keeps.
    pub fn same(&self, a: Handle<Type>, b: Handle<Type>) -> bool {
        match (self.inner(a), self.inner(b)) {
            (TypeInner::Array { base: x, size: m, .. }, TypeInner::Array { base: y, size: n, .. }) => {
                m == n && self.same(*x, *y)
            }
            (TypeInner::Struct { .. }, _) | (_, TypeInner::Struct { .. }) => a == b,
            (x, y) => x == y,
        }
    }

    /// The words of a constant, if it is of this type.
    pub fn words_of(&self, name: &str, ty: Handle<Type>) -> Option<Vec<u32>> {
        self.words(name).filter(|_| self.constant_type(name).is_some_and(|found| self.same(found, ty)))
    }

    /// True if the kernel can store values of this type, by their size.
    pub fn fits(&self, ty: Handle<Type>) -> bool {
        self.inner(ty).try_size(self.module.to_ctx()).is_some_and(|bytes| bytes <= 4 * MAX_WORDS)
    }

    /// Layout of a type as words without padding; None if it holds anything but 32-bit scalars, or too many of them.
    pub fn layout(&self, ty: Handle<Type>) -> Option<Layout> {
        if !self.fits(ty) {
            return None;
        }
        let mut layout = Layout::default();
        self.flatten(ty, "", &mut Vec::new(), &(String::new(), String::new()), &mut layout)?;
        Some(layout)
    }

    fn flatten(
        &self,
        ty: Handle<Type>,
        path: &str,
        shape: &mut Vec<usize>,
        doc: &(String, String),
        layout: &mut Layout,
    ) -> Option<()> {
        match *self.inner(ty) {
            TypeInner::Scalar(scalar) => {
                let field = Field {
                    name: path.to_owned(),
                    kind: kind_of(scalar)?,
                    shape: shape.clone(),
                    offset: layout.words,
                    unit: doc.0.clone(),
                    doc: doc.1.clone(),
                };
                layout.words += field.words();
                layout.fields.push(field);
            }
            TypeInner::Vector { size, scalar } => {
                shape.push(size as usize);
                let field = Field {
                    name: path.to_owned(),
                    kind: kind_of(scalar)?,
                    shape: shape.clone(),
                    offset: layout.words,
                    unit: doc.0.clone(),
                    doc: doc.1.clone(),
                };
                shape.pop();
                layout.words += field.words();
                layout.fields.push(field);
            }
            TypeInner::Matrix { columns, rows, scalar } => {
                // Column by column: the last dimension is the row.
                shape.extend([columns as usize, rows as usize]);
                let field = Field {
                    name: path.to_owned(),
                    kind: kind_of(scalar)?,
                    shape: shape.clone(),
                    offset: layout.words,
                    unit: doc.0.clone(),
                    doc: doc.1.clone(),
                };
                shape.truncate(shape.len() - 2);
                layout.words += field.words();
                layout.fields.push(field);
            }
            TypeInner::Array { base, size: naga::ArraySize::Constant(count), .. } => {
                let count = count.get() as usize;
                if self.holds_struct(base) {
                    for i in 0..count {
                        self.flatten(base, &format!("{path}[{i}]"), shape, doc, layout)?;
                    }
                } else {
                    shape.push(count);
                    self.flatten(base, path, shape, doc, layout)?;
                    shape.pop();
                }
            }
            TypeInner::Struct { ref members, .. } => {
                for (index, member) in members.iter().enumerate() {
                    let name = member.name.as_deref().unwrap_or("?");
                    let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    let doc = self.member_doc(ty, index);
                    self.flatten(member.ty, &path, &mut shape.clone(), &doc, layout)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    pub fn holds_struct(&self, ty: Handle<Type>) -> bool {
        match *self.inner(ty) {
            TypeInner::Struct { .. } => true,
            TypeInner::Array { base, .. } => self.holds_struct(base),
            _ => false,
        }
    }

    /// Unit and meaning of a struct member, split at the first `;`.
    pub fn member_doc(&self, ty: Handle<Type>, index: usize) -> (String, String) {
        let lines = self.module.doc_comments.as_ref().and_then(|d| d.struct_members.get(&(ty, index)));
        let text = lines.map_or(String::new(), |l| doc_text(l, "///"));
        match text.split_once(';') {
            Some((unit, doc)) => (unit.trim().to_owned(), doc.trim().to_owned()),
            None => (String::new(), text),
        }
    }

    /// Whether a function of the environment takes `elapsed`, as its last argument.
    pub fn takes_elapsed(&self, function: &str) -> bool {
        let last = self.function(function).and_then(|f| f.arguments.last());
        last.is_some_and(|a| {
            a.name.as_deref() == Some("elapsed")
                && matches!(self.inner(a.ty), TypeInner::Scalar(s) if s.kind == ScalarKind::Uint)
        })
    }

    pub fn constant_doc(&self, name: &str) -> String {
        let docs = self.module.doc_comments.as_ref();
        let lines = self.constant(name).and_then(|c| docs?.constants.get(&c));
        lines.map_or(String::new(), |l| doc_text(l, "///"))
    }
}

fn kind_of(scalar: naga::Scalar) -> Option<Kind> {
    match (scalar.kind, scalar.width) {
        (ScalarKind::Float, 4) => Some(Kind::F32),
        (ScalarKind::Uint, 4) => Some(Kind::U32),
        (ScalarKind::Sint, 4) => Some(Kind::I32),
        _ => None,
    }
}

/// Doc comments without their markers, one string per line.
pub(crate) fn doc_lines(comments: &[String], marker: &str) -> Vec<String> {
    comments
        .iter()
        .flat_map(|c| c.lines())
        .map(|l| {
            let l = l.trim_start();
            let l = l.strip_prefix(marker).unwrap_or(l);
            l.strip_prefix(' ').unwrap_or(l).trim_end().to_owned()
        })
        .collect()
}

fn doc_text(comments: &[String], marker: &str) -> String {
    doc_lines(comments, marker).join(" ").trim().to_owned()
}
