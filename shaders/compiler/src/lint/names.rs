//! Names: who owns which, and which do nothing.

use naga::Module;

use super::{Check, Lint, Part, Report, Text};
use crate::error::edit_distance;
use crate::link::declared_names;
use crate::spaces::part_constants;
use crate::template::camel;

pub(super) const ABSTRACT_CONSTANT: Lint = Lint {
    name: "abstract_constant",
    summary: "a constant without a concrete type",
    why: "WGSL's abstract numbers have no place in the parsed module, so such a constant would be silently overlooked",
    fix: "give it a type: `const LIMIT: f32 = 2.4;`",
    check: Check::Module(abstract_constant),
};

fn abstract_constant(text: &Text<'_>, module: &Module, report: &mut Report<'_>) {
    for declaration in text.parts.iter().flat_map(|p| &p.declarations).filter(|d| d.keyword == "const") {
        if !module.constants.iter().any(|(_, c)| c.name.as_deref() == Some(declaration.name)) {
            report.at(declaration.at, format!("the constant `{}` has no concrete type", declaration.name));
        }
    }
}

pub(super) const RESERVED_NAME: Lint = Lint {
    name: "reserved_name",
    summary: "a name that belongs to the kernel or to a shared module",
    why: "environment, prelude and kernel become one text for the GPU, where every name exists once",
    fix: "choose another name",
    check: Check::Text(reserved_name),
};

/// Start of names that describe a scene to the modules of physics: declared by whoever builds the scene, used by all.
pub(crate) fn of_scene(name: &str) -> bool {
    name.to_lowercase().starts_with("scene_")
}

fn reserved_name(text: &Text<'_>, report: &mut Report<'_>) {
    let modules = &text.library.modules;
    for declaration in &text.own().declarations {
        let name = declaration.name;
        let lower = name.to_lowercase();
        let owner = if ["kernel_", "Kernel", "KERNEL_"].iter().any(|p| name.starts_with(p))
            || text.library.kernel_declares(name)
            || name == "render"
        {
            "the kernel".to_owned()
        } else if let Some(module) = modules.keys().find(|m| lower.starts_with(&format!("{m}_"))) {
            format!("the shared module `{module}`")
        } else if let Some((module, _)) =
            modules.iter().find(|(_, t)| name != "Outcome" && !of_scene(name) && declared_names(t).contains(&name))
        {
            format!("the shared module `{module}`")
        } else {
            continue;
        };
        report.at(declaration.at, format!("the name `{name}` belongs to {owner}"));
    }
}

pub(super) const SHARED_PREFIX: Lint = Lint {
    name: "shared_prefix",
    summary: "a name of a shared module without the module's prefix",
    why: "all files share one name space; the prefix says where to look, and keeps names of environments free",
    fix: "start functions with `<module>_`, constants with `<MODULE>_`, types with `<Module>`",
    check: Check::Text(shared_prefix),
};

fn shared_prefix(text: &Text<'_>, report: &mut Report<'_>) {
    for part in &text.parts {
        let Some(module) = part.shared else { continue };
        for declaration in &part.declarations {
            let prefix = match declaration.keyword {
                "fn" => format!("{module}_"),
                "const" => format!("{}_", module.to_uppercase()),
                "struct" | "alias" => camel(module),
                _ => continue,
            };
            if !declaration.name.starts_with(&prefix) && !of_scene(declaration.name) {
                report.at(
                    declaration.at,
                    format!("`{}` in the shared module `{module}` does not start with `{prefix}`", declaration.name),
                );
            }
        }
    }
}

pub(super) const MISSING_IMPORT: Lint = Lint {
    name: "missing_import",
    summary: "a name of a shared module that the file does not import",
    why: "it would work only as long as another import happens to bring the module in",
    fix: "import it",
    check: Check::Text(missing_import),
};

fn missing_import(text: &Text<'_>, report: &mut Report<'_>) {
    for (part, (file, ..)) in text.parts.iter().zip(text.linked.parts()) {
        for (module, source) in &text.library.modules {
            if part.shared == Some(module) {
                continue;
            }
            let imported: Vec<_> =
                text.linked.imports(file).filter(|i| i.module == *module).flat_map(|i| &i.items).collect();
            let mut seen = Vec::new();
            for name in declared_names(source) {
                let own = part.declarations.iter().any(|d| d.name == name);
                if !own && !of_scene(name) && !imported.iter().any(|i| *i == name) {
                    seen.push(name);
                }
            }
            for (at, name) in uses(part) {
                if let Some(known) = seen.iter().position(|n| *n == name) {
                    seen.remove(known);
                    let fix = format!("add `import package::shared::{module}::{{{name}}};`");
                    report.with_fix(at, format!("`{name}` of the shared module `{module}` is not imported"), &fix);
                }
            }
        }
    }
}

pub(super) const UNUSED_IMPORT: Lint = Lint {
    name: "unused_import",
    summary: "an imported name that the file does not use",
    why: "imports tell the reader what a file stands on",
    fix: "delete it from the import",
    check: Check::Module(unused_import),
};

fn unused_import(text: &Text<'_>, _: &Module, report: &mut Report<'_>) {
    for (part, (file, ..)) in text.parts.iter().zip(text.linked.parts()) {
        for import in text.linked.imports(file) {
            for item in &import.items {
                if !part.tokens.iter().any(|t| t.text == item) {
                    report.import(import, item, format!("`{item}` is imported and never used"));
                }
            }
        }
    }
}

pub(super) const UNUSED_NAME: Lint = Lint {
    name: "unused_name",
    summary: "a function, constant or type that nothing uses and the contract does not know",
    why: "most often it is a misspelt name of the contract, which then silently has no effect",
    fix: "use it or delete it",
    check: Check::Module(unused_name),
};

/// Names that mean something to the compiler, by the keyword that declares them.
const CONTRACT: [(&str, &str); 27] = [
    ("fn", "initial"),
    ("fn", "step"),
    ("fn", "observe"),
    ("fn", "pixel"),
    ("fn", "action_mask"),
    ("fn", "global_state"),
    ("struct", "Params"),
    ("struct", "State"),
    ("struct", "Observation"),
    ("struct", "GlobalState"),
    ("struct", "Outcome"),
    ("alias", "Action"),
    ("alias", "Observation"),
    ("alias", "GlobalState"),
    ("const", "MAX_EPISODE_STEPS"),
    ("const", "REWARD_THRESHOLD"),
    ("const", "STICKY_ACTION_PROBABILITY"),
    ("const", "PIXEL_ASPECT"),
    ("const", "AGENTS"),
    ("const", "DEFAULT_PARAMS"),
    ("const", "PARAMS_LOW"),
    ("const", "PARAMS_HIGH"),
    ("const", "ACTION_COUNT"),
    ("const", "ACTION_LOW"),
    ("const", "ACTION_HIGH"),
    ("const", "AGENT_ACTION_COUNTS"),
    ("const", "AGENT_OBSERVATION_SIZES"),
];

fn uses_name(part: &Part<'_>, name: &str) -> bool {
    uses(part).any(|(_, used)| used == name)
}

fn unused_name(text: &Text<'_>, _: &Module, report: &mut Report<'_>) {
    let own = text.own();
    let observed: Vec<String> = [("Observation", "OBSERVATION"), ("GlobalState", "GLOBAL_STATE")]
        .into_iter()
        .filter_map(|(name, prefix)| Some((own.declarations.iter().find(|d| d.name == name)?, prefix)))
        .flat_map(|(declared, prefix)| {
            let members: Vec<&str> = declared.members.iter().map(|m| m.text).collect();
            part_constants(prefix, &members, |name| own.declarations.iter().any(|d| d.name == name))
        })
        .collect();
    let contract: Vec<(&str, &str)> =
        CONTRACT.into_iter().chain(observed.iter().map(|name| ("const", name.as_str()))).collect();
    for declaration in &own.declarations {
        let (keyword, name) = (declaration.keyword, declaration.name);
        let shared = of_scene(name) && text.parts.iter().any(|p| p.shared.is_some() && uses_name(p, name));
        let used = shared
            || own.tokens.windows(3).any(|w| {
                w[1].text == name
                    && w[1].at != declaration.at
                    && w[0].text != "."
                    && w[2].text != ":"
                    && (keyword != "fn" || w[2].text == "(")
            });
        // Variables and entry points are other lints' business.
        let other = matches!(keyword, "var" | "override") || declaration.attributed;
        if used || other || contract.iter().any(|(_, n)| *n == name) {
            continue;
        }
        let is_type = |k: &str| k == "struct" || k == "alias";
        let hint = contract
            .iter()
            .filter(|(k, _)| *k == keyword || (is_type(k) && is_type(keyword)))
            .map(|(_, n)| (edit_distance(n, name), *n))
            .filter(|(distance, n)| *distance <= n.len().max(name.len()) / 2)
            .min();
        let fix = match hint {
            Some((_, n)) => format!("did you mean `{n}`? Else {}", report.lint.fix),
            None => report.lint.fix.to_owned(),
        };
        report.with_fix(declaration.at, format!("`{name}` is used nowhere and is no name of the contract"), &fix);
    }
}

/// Names in use: not declared here, not a member's.
fn uses<'a>(part: &'a Part<'a>) -> impl Iterator<Item = (usize, &'a str)> {
    part.tokens
        .windows(3)
        .filter(|w| w[1].is_name() && w[0].text != "." && w[2].text != ":")
        .map(|w| (w[1].at, w[1].text))
}
