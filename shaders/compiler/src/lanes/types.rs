//! WGSL types as Rust types of the lanes runtime.

use naga::{Handle, Module, ScalarKind, Type, TypeInner};

/// The Rust type of a WGSL type: in lanes (generic over `Simd`), or uniform (width 1).
pub(super) fn rust(module: &Module, inner: &TypeInner, uniform: bool) -> String {
    match *inner {
        TypeInner::Scalar(scalar) => scalar_type(scalar.kind, uniform).to_owned(),
        TypeInner::Vector { size, scalar } => format!("[{}; {}]", scalar_type(scalar.kind, uniform), size as usize),
        TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => {
            format!("[{}; {n}]", handle(module, base, uniform))
        }
        TypeInner::Pointer { base, .. } => format!("&mut {}", handle(module, base, uniform)),
        _ => format!("compile_error!(\"{inner:?}\")"),
    }
}

/// As [`rust`], for a type in the arena.
pub(super) fn handle(module: &Module, ty: Handle<Type>, uniform: bool) -> String {
    match &module.types[ty].inner {
        TypeInner::Struct { .. } => {
            format!("{}<{}>", struct_name(module, ty), if uniform { "l::Plain" } else { "Simd" })
        }
        inner => rust(module, inner, uniform),
    }
}

pub(super) fn struct_name(module: &Module, ty: Handle<Type>) -> String {
    ident(module.types[ty].name.as_deref().unwrap_or("Unnamed"))
}

pub(super) fn scalar_type(kind: ScalarKind, uniform: bool) -> &'static str {
    match (kind, uniform) {
        (ScalarKind::Float, false) => "Simd::F",
        (ScalarKind::Uint, false) => "Simd::U",
        (ScalarKind::Sint, false) => "Simd::I",
        (_, false) => "Simd::M",
        (ScalarKind::Float, true) => "f32",
        (ScalarKind::Uint, true) => "W<u32>",
        (ScalarKind::Sint, true) => "W<i32>",
        (_, true) => "bool",
    }
}

/// A WGSL name as a Rust identifier.
pub(super) fn ident(name: &str) -> String {
    match name {
        "self" | "super" | "crate" | "Self" | "_" => format!("{name}_"),
        "as" | "break" | "const" | "continue" | "dyn" | "else" | "enum" | "extern" | "false" | "fn" | "for" | "gen"
        | "if" | "impl" | "in" | "let" | "loop" | "match" | "mod" | "move" | "mut" | "pub" | "ref" | "return"
        | "static" | "struct" | "trait" | "true" | "type" | "unsafe" | "use" | "where" | "while" | "async"
        | "await" | "abstract" | "become" | "box" | "do" | "final" | "macro" | "override" | "priv" | "try"
        | "typeof" | "unsized" | "virtual" | "yield" => format!("r#{name}"),
        _ => name.to_owned(),
    }
}

/// Zero of a type, uniform.
pub(super) fn zero(module: &Module, ty: Handle<Type>) -> String {
    match module.types[ty].inner {
        TypeInner::Scalar(scalar) => zero_scalar(scalar.kind).to_owned(),
        TypeInner::Vector { size, scalar } => format!("[{}; {}]", zero_scalar(scalar.kind), size as usize),
        TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => format!("[{}; {n}]", zero(module, base)),
        TypeInner::Struct { ref members, .. } => {
            let fields: Vec<String> = members
                .iter()
                .map(|m| format!("{}: {}", ident(m.name.as_deref().unwrap_or("_")), zero(module, m.ty)))
                .collect();
            format!("{}::<l::Plain> {{ {} }}", struct_name(module, ty), fields.join(", "))
        }
        _ => "compile_error!(\"no zero\")".to_owned(),
    }
}

fn zero_scalar(kind: ScalarKind) -> &'static str {
    match kind {
        ScalarKind::Float => "0.0f32",
        ScalarKind::Uint => "W(0u32)",
        ScalarKind::Sint => "W(0i32)",
        _ => "false",
    }
}
