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
        // Column by column, as in memory.
        TypeInner::Matrix { columns, rows, scalar } => {
            format!("[[{}; {}]; {}]", scalar_type(scalar.kind, uniform), rows as usize, columns as usize)
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
    global(module.types[ty].name.as_deref().unwrap_or("Unnamed"))
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

/// 32-bit words of a type without padding; booleans count as one.
pub(super) fn words(module: &Module, inner: &TypeInner) -> usize {
    match *inner {
        TypeInner::Scalar(_) => 1,
        TypeInner::Vector { size, .. } => size as usize,
        TypeInner::Matrix { columns, rows, .. } => columns as usize * rows as usize,
        TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => {
            n.get() as usize * words(module, &module.types[base].inner)
        }
        TypeInner::Struct { ref members, .. } => members.iter().map(|m| words(module, &module.types[m.ty].inner)).sum(),
        _ => 0,
    }
}

/// True if values of the type hold booleans.
pub(super) fn has_bools(module: &Module, ty: Handle<Type>) -> bool {
    match module.types[ty].inner {
        TypeInner::Scalar(scalar) | TypeInner::Vector { scalar, .. } => scalar.kind == ScalarKind::Bool,
        TypeInner::Array { base, .. } => has_bools(module, base),
        TypeInner::Struct { ref members, .. } => members.iter().any(|m| has_bools(module, m.ty)),
        _ => false,
    }
}

/// A constant's, function's or struct's name as a Rust identifier. Names that the generated code uses itself get two
/// underscores in front, with which no WGSL name begins.
pub(super) fn global(name: &str) -> String {
    const TAKEN: [&str; 14] = [
        "W",
        "Simd",
        "Environment",
        "Option",
        "Some",
        "None",
        "KERNELS",
        "s",
        "l",
        "returned",
        "return_value",
        "part",
        super::shared::STRUCT,
        super::shared::PARAMETER,
    ];
    // Bindings of the generated code are one of these and a number.
    const NUMBERED: [&str; 15] = [
        "a",
        "v",
        "e",
        "mask",
        "then",
        "else",
        "case",
        "active",
        "continued",
        "broken",
        "copy",
        "part",
        "control",
        "params",
        "uv",
    ];
    let numbered = |prefix: &str| {
        let rest = name.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    if TAKEN.contains(&name) || NUMBERED.iter().any(|prefix| numbered(prefix)) {
        format!("__{name}")
    } else {
        ident(name)
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
        TypeInner::Struct { ref members, .. } => {
            let fields: Vec<String> = members
                .iter()
                .map(|m| format!("{}: {}", ident(m.name.as_deref().unwrap_or("_")), zero(module, m.ty)))
                .collect();
            format!("{}::<l::Plain> {{ {} }}", struct_name(module, ty), fields.join(", "))
        }
        ref inner => zero_inner(module, inner),
    }
}

/// As [`zero`], for a type that is no struct.
pub(super) fn zero_inner(module: &Module, inner: &TypeInner) -> String {
    match *inner {
        TypeInner::Scalar(scalar) => zero_scalar(scalar.kind).to_owned(),
        TypeInner::Vector { size, scalar } => format!("[{}; {}]", zero_scalar(scalar.kind), size as usize),
        TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => format!("[{}; {n}]", zero(module, base)),
        TypeInner::Matrix { columns, rows, scalar } => {
            format!("[[{}; {}]; {}]", zero_scalar(scalar.kind), rows as usize, columns as usize)
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
