//! Types that one of the back ends, or memory, has no place for.

use naga::{Handle, Module, ScalarKind, Type, TypeInner};

use super::{Check, Lint, Report, Text};

pub(super) const UNSUPPORTED_TYPE: Lint = Lint {
    name: "unsupported_type",
    summary: "a type other than f32, u32, i32, bool, vectors, matrices, arrays and structs",
    why: "the CPU back end has lanes of 32-bit words; atomics, textures and half floats exist on some GPUs only",
    fix: "use f32, u32, i32, bool (in locals), vec2 to vec4, matrices of f32, arrays and structs",
    check: Check::Text(unsupported_type),
};

/// Names of refused types, and what the names of families of them start with.
const REFUSED: [&str; 11] = ["f16", "f64", "i64", "u64", "i16", "u16", "atomic", "sampler", "vec2h", "vec3h", "vec4h"];
const REFUSED_STARTS: [&str; 3] = ["texture_", "acceleration_structure", "ray_query"];

/// True for names of types that are not supported.
pub(super) fn is_refused(name: &str) -> bool {
    let half_matrix = name.starts_with("mat") && name.ends_with('h') && name.len() == "mat2x2h".len();
    half_matrix || REFUSED.contains(&name) || REFUSED_STARTS.iter().any(|start| name.starts_with(start))
}

fn unsupported_type(text: &Text<'_>, report: &mut Report<'_>) {
    let mut enabling = false;
    for token in text.parts.iter().flat_map(|p| &p.tokens) {
        if token.depth == 0 && token.text == "enable" {
            report.at(token.at, "extensions of WGSL cannot be enabled");
            enabling = true;
        } else if token.depth == 0 && enabling {
            enabling = token.text != ";";
        } else if is_refused(token.text) && text.declared(token.text).is_none() {
            report.at(token.at, format!("the type `{}` is not supported", token.text));
        }
    }
}

pub(super) const STORED_TYPE: Lint = Lint {
    name: "stored_type",
    summary: "a bool in Params, State, Observation or Info",
    why: "these structs are stored as rows of 32-bit words, and WGSL gives bool no place in memory",
    fix: "declare it u32: store select(0u, 1u, condition), read it with `== 1u`",
    check: Check::Module(stored_type),
};

fn stored_type(text: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    for ty in stored_structs(module) {
        let TypeInner::Struct { ref members, .. } = module.types[ty].inner else { continue };
        let structure = module.types[ty].name.as_deref().unwrap_or("");
        for member in members {
            let name = member.name.as_deref().unwrap_or("");
            if !matches!(module.types[member.ty].inner, TypeInner::Struct { .. }) && holds_bool(module, member.ty) {
                report.at(
                    text.member(structure, name),
                    format!("`{structure}.{name}` is a bool, which has no memory layout"),
                );
            }
        }
    }
}

/// Params, State, Info, the structs that `observe` and `global_state` return, and all structs inside them.
pub(super) fn stored_structs(module: &Module) -> Vec<Handle<Type>> {
    let named = module.types.iter().filter(|(_, t)| {
        matches!(t.name.as_deref(), Some("Params" | "State" | "Observation" | "GlobalState" | "Info"))
    });
    let mut all = Vec::new();
    let mut todo: Vec<_> = named.map(|(handle, _)| handle).collect();
    let observers =
        module.functions.iter().filter(|(_, f)| matches!(f.name.as_deref(), Some("observe" | "global_state")));
    todo.extend(observers.filter_map(|(_, f)| f.result.as_ref()).map(|r| r.ty));
    while let Some(ty) = todo.pop() {
        match module.types[ty].inner {
            TypeInner::Struct { ref members, .. } if !all.contains(&ty) => {
                all.push(ty);
                todo.extend(members.iter().map(|m| m.ty));
            }
            TypeInner::Array { base, .. } => todo.push(base),
            _ => {}
        }
    }
    all
}

/// True if a value of this type holds a bool.
pub(super) fn holds_bool(module: &Module, ty: Handle<Type>) -> bool {
    match module.types[ty].inner {
        TypeInner::Scalar(scalar) | TypeInner::Vector { scalar, .. } => scalar.kind == ScalarKind::Bool,
        TypeInner::Array { base, .. } => holds_bool(module, base),
        TypeInner::Struct { ref members, .. } => members.iter().any(|m| holds_bool(module, m.ty)),
        _ => false,
    }
}

pub(super) const LARGE_VARIABLES: Lint = Lint {
    name: "large_variables",
    summary: "a function with variables of more than 8192 words",
    why: "on the CPU they lie on the stack of a thread, 16 instances side by side: half a megabyte",
    fix: "keep them in State, or pack several values into one u32",
    check: Check::Module(large_variables),
};

/// Most words of all variables of a function.
const MAX_VARIABLES: u32 = 8192;

fn large_variables(text: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    for (_, function) in module.functions.iter() {
        let size = |ty: Handle<Type>| module.types[ty].inner.try_size(module.to_ctx()).unwrap_or(u32::MAX) / 4;
        // Larger ones are findings of `large_array`.
        let sizes = function.local_variables.iter().map(|(_, v)| size(v.ty)).filter(|&words| words <= u16::MAX.into());
        let words: u32 = sizes.fold(0, u32::saturating_add);
        if words > MAX_VARIABLES {
            let name = function.name.as_deref().unwrap_or("");
            let at = text.declared(name).map_or(0, |d| d.at);
            report.at(at, format!("the variables of `{name}` take {words} words, allowed are {MAX_VARIABLES}"));
        }
    }
}

/// Why the CPU back end cannot hold a value of this type; None if it can.
pub(super) fn unsupported(module: &Module, ty: Handle<Type>) -> Option<&'static str> {
    match module.types[ty].inner {
        TypeInner::Scalar(scalar) | TypeInner::Vector { scalar, .. } => {
            let fits = match scalar.kind {
                ScalarKind::Bool => true,
                ScalarKind::Float | ScalarKind::Sint | ScalarKind::Uint => scalar.width == 4,
                _ => false,
            };
            (!fits).then_some("a number that is not 32 bits wide")
        }
        TypeInner::Matrix { scalar, .. } => {
            (scalar.width != 4).then_some("a matrix of numbers that are not 32 bits wide")
        }
        TypeInner::Array { base, size: naga::ArraySize::Constant(_), .. } => unsupported(module, base),
        TypeInner::Struct { ref members, .. } => members.iter().find_map(|m| unsupported(module, m.ty)),
        TypeInner::Pointer { base, space: naga::AddressSpace::Function } => unsupported(module, base),
        TypeInner::ValuePointer { space: naga::AddressSpace::Function, .. } => None,
        _ => Some("not made of scalars, vectors, matrices, arrays and structs"),
    }
}
