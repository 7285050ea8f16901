//! Values as 32-bit words: where they lie in a type, and what WGSL makes of them and into them.

use naga::{Handle, Module, Type, TypeInner};

use crate::facts::Kind;

/// Path of a word inside a type, and what it holds.
pub(crate) type Word = (String, Kind);

/// Access paths of the words of a type, in memory order.
pub(crate) fn type_words(module: &Module, ty: Handle<Type>) -> Vec<Word> {
    fn walk(module: &Module, ty: Handle<Type>, path: String, words: &mut Vec<Word>) {
        match module.types[ty].inner {
            TypeInner::Scalar(scalar) => words.push((path, scalar_kind(scalar))),
            TypeInner::Vector { size, scalar } => {
                for i in 0..size as usize {
                    words.push((format!("{path}[{i}]"), scalar_kind(scalar)));
                }
            }
            TypeInner::Matrix { columns, rows, scalar } => {
                for c in 0..columns as usize {
                    for r in 0..rows as usize {
                        words.push((format!("{path}[{c}][{r}]"), scalar_kind(scalar)));
                    }
                }
            }
            TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => {
                for i in 0..n.get() {
                    walk(module, base, format!("{path}[{i}]"), words);
                }
            }
            TypeInner::Struct { ref members, .. } => {
                for member in members {
                    walk(module, member.ty, format!("{path}.{}", member.name.as_deref().unwrap_or("?")), words);
                }
            }
            _ => unreachable!("layout() refused this type"),
        }
    }
    let mut words = Vec::new();
    walk(module, ty, String::new(), &mut words);
    words
}

fn scalar_kind(scalar: naga::Scalar) -> Kind {
    match scalar.kind {
        naga::ScalarKind::Float => Kind::F32,
        naga::ScalarKind::Sint => Kind::I32,
        _ => Kind::U32,
    }
}

pub(crate) fn from_bits(kind: Kind, word: &str) -> String {
    match kind {
        Kind::U32 => word.to_owned(),
        Kind::F32 => format!("bitcast<f32>({word})"),
        Kind::I32 => format!("bitcast<i32>({word})"),
    }
}

pub(crate) fn to_bits(kind: Kind, value: &str) -> String {
    match kind {
        Kind::U32 => value.to_owned(),
        _ => format!("bitcast<u32>({value})"),
    }
}
