//! What an environment may not declare or call, whatever its types: bindings, entry points, inexact built-ins.

use super::{Check, Lint, Report, Text};
use crate::built_ins::{self, BUILT_INS};

pub(super) const BINDING: Lint = Lint {
    name: "binding",
    summary: "a variable or an override at module scope",
    why: "an environment is pure functions of values; buffers belong to the kernel, which runs them on both back ends",
    fix: "pass values as arguments: tasks in Params, everything that lasts in State; `const` for constants",
    check: Check::Text(binding),
};

fn binding(text: &Text<'_>, report: &mut Report<'_>) {
    for declaration in text.parts.iter().flat_map(|p| &p.declarations) {
        let kind = match declaration.keyword {
            "var" => "a module-scope variable",
            "override" => "an override",
            _ => continue,
        };
        report.at(
            declaration.at,
            format!("`{}` is {kind}, only functions, structs, constants and aliases are allowed", declaration.name),
        );
    }
}

pub(super) const ENTRY_POINT: Lint = Lint {
    name: "entry_point",
    summary: "an entry point",
    why: "the kernel has the only entry points: they own the time limit, resets and statistics",
    fix: "delete the attribute; the kernel calls `initial`, `step`, `observe`, `action_mask` and `pixel`",
    check: Check::Text(entry_point),
};

fn entry_point(text: &Text<'_>, report: &mut Report<'_>) {
    for part in &text.parts {
        for pair in part.tokens.windows(2) {
            if pair[0].text == "@" && ["compute", "vertex", "fragment", "mesh", "task"].contains(&pair[1].text) {
                report.at(
                    pair[0].at,
                    format!("`@{}` makes an entry point, which only the kernel may have", pair[1].text),
                );
            }
        }
    }
}

pub(super) const BUILT_IN: Lint = Lint {
    name: "built_in",
    summary: "a built-in function that is not exactly specified, or that is no pure function of values",
    why: "GPUs round such functions as they like, so the two back ends would part; the CPU has no barriers or textures",
    fix: "use the prelude's math_* functions, whose errors are bounded on both back ends",
    check: Check::Text(built_in),
};

/// Built-in functions outside the table: the others of WGSL and of naga.
const REFUSED: &str = " acos acosh arrayLength asin asinh atan atan2 atanh atomicAdd atomicAnd atomicCompareExchangeWeak \
    atomicExchange atomicLoad atomicMax atomicMin atomicOr atomicStore atomicSub atomicXor cos cosh degrees \
    distance dot4I8Packed dot4U8Packed dpdx dpdxCoarse dpdxFine dpdy dpdyCoarse dpdyFine exp exp2 \
    faceForward fma frexp fwidth fwidthCoarse fwidthFine inverse inverseSqrt isInf isNan ldexp length log log2 mix modf \
    normalize outerProduct pack2x16float pack2x16snorm pack2x16unorm pack4x8snorm pack4x8unorm pack4xI8 pack4xI8Clamp \
    pack4xU8 pack4xU8Clamp pow quadBroadcast quadSwapDiagonal quadSwapX quadSwapY quantizeToF16 radians reflect refract \
    sin sinh smoothstep storageBarrier subgroupAdd subgroupAll subgroupAnd subgroupAny subgroupBallot \
    subgroupBarrier subgroupBroadcast subgroupBroadcastFirst subgroupElect subgroupExclusiveAdd subgroupExclusiveMul \
    subgroupInclusiveAdd subgroupInclusiveMul subgroupMax subgroupMin subgroupMul subgroupOr subgroupShuffle \
    subgroupShuffleDown subgroupShuffleUp subgroupShuffleXor subgroupXor tan tanh textureBarrier textureDimensions \
    textureGather textureGatherCompare textureLoad textureNumLayers textureNumLevels textureNumSamples textureSample \
    textureSampleBaseClampToEdge textureSampleBias textureSampleCompare textureSampleCompareLevel textureSampleGrad \
    textureSampleLevel textureStore unpack2x16float unpack2x16snorm unpack2x16unorm unpack4x8snorm \
    unpack4x8unorm unpack4xI8 unpack4xU8 workgroupBarrier workgroupUniformLoad ";

fn built_in(text: &Text<'_>, report: &mut Report<'_>) {
    for part in &text.parts {
        for pair in part.tokens.windows(2) {
            let name = pair[0].text;
            let called = pair[1].text == "(" && pair[0].is_name();
            let owner = BUILT_INS.iter().find(|b| b.name == name).and_then(|b| b.only_in);
            let exempt = owner.is_some() && part.shared == owner;
            if !called || exempt || text.declared(name).is_some() || !is_refused(name) {
                continue;
            }
            let twin = [format!("math_{name}"), format!("math_{}", name.to_lowercase())];
            let known = |twin: &&String| {
                text.library
                    .modules
                    .get("math")
                    .is_some_and(|math| crate::link::declared_names(math).contains(&twin.as_str()))
            };
            let fix = match twin.iter().find(known) {
                Some(twin) => format!("call `{twin}` (import package::shared::math::{{{twin}}};)"),
                None => {
                    let names: Vec<&str> = built_ins::allowed().map(|b| b.name).collect();
                    format!("{}; the exact built-ins are {}", report.lint.fix, names.join(", "))
                }
            };
            report.with_fix(pair[0].at, format!("the built-in function `{name}` is not allowed here"), &fix);
        }
    }
}

/// True for built-in functions that are not for everybody.
pub(super) fn is_refused(name: &str) -> bool {
    let kept = BUILT_INS.iter().any(|b| b.name == name && b.only_in.is_some());
    kept || REFUSED.contains(&format!(" {name} "))
}

pub(super) const SHADOWED_STEP: Lint = Lint {
    name: "shadowed_step",
    summary: "a call of the built-in function `step`",
    why: "the contract's function `step` hides the built-in of the same name in the whole text",
    fix: "compare: `step(edge, x)` is `select(0.0, 1.0, x >= edge)`",
    check: Check::Text(shadowed_step),
};

fn shadowed_step(text: &Text<'_>, report: &mut Report<'_>) {
    for part in &text.parts {
        for (i, pair) in part.tokens.windows(2).enumerate() {
            let after = i.checked_sub(1).map(|i| part.tokens[i].text);
            if pair[0].text != "step" || pair[1].text != "(" || matches!(after, Some("fn" | ".")) {
                continue;
            }
            // The built-in takes two arguments, the contract's function four.
            let inside = part.tokens[i + 2..].iter().take_while(|t| t.depth > pair[1].depth);
            let commas: Vec<usize> =
                inside.filter(|t| t.depth == pair[1].depth + 1 && t.text == ",").map(|t| t.at).collect();
            let [comma] = commas[..] else { continue };
            let end = part.tokens[i + 2..].iter().find(|t| t.depth <= pair[1].depth).map_or(comma + 1, |t| t.at);
            let source = |from: usize, to: usize| text.linked.text[from..to].trim();
            let (edge, x) = (source(pair[1].at + 1, comma), source(comma + 1, end));
            let message = "the contract's function `step` hides the built-in function of that name";
            report.with_fix(pair[0].at, message, &format!("write `select(0.0, 1.0, {x} >= {edge})`"));
        }
    }
}
