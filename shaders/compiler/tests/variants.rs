//! Variants: which ids of a file share code on the CPU, and what they read where it runs.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use shadergym_compiler::{SharedLanes, compile, shared_lanes};

fn shared(path: &Path, source: &str) -> SharedLanes {
    shared_lanes(path, source, &common::library()).unwrap_or_else(|errors| panic!("{}", errors[0]))
}

/// The self-test environment, whose variants change constants of every kind.
fn torture() -> String {
    std::fs::read_to_string(common::shaders().join("tests/selftest/torture_variants.wgsl")).unwrap()
}

/// Ids by their code.
fn codes(lanes: &SharedLanes) -> Vec<Vec<&str>> {
    let mut codes: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for id in &lanes.ids {
        codes.entry(id.code).or_default().push(&id.compiled.facts.id);
    }
    assert_eq!(codes.len(), lanes.codes.len());
    codes.into_values().collect()
}

#[test]
fn ids_share_code_unless_a_constant_sizes_something() {
    let lanes = shared(Path::new("torture_variants.wgsl"), &torture());
    let [together, apart] = &codes(&lanes)[..] else { panic!("{:?}", codes(&lanes)) };
    assert_eq!((together.len(), apart.as_slice()), (7, ["TestVariantsSized-v0"].as_slice()));
    // Who has code of its own has that of a file without variants.
    for id in &lanes.ids {
        let own = id.compiled.lanes().unwrap();
        assert_eq!(own == lanes.codes[id.code], id.constants.is_empty(), "{}", id.compiled.facts.id);
    }
    // Nothing that code uses.
    let values = |name: &str| &lanes.ids.iter().find(|id| id.compiled.facts.id == name).unwrap().constants;
    assert_eq!(values("TestVariants-v0"), values("TestVariantsLimit-v0"));
    // What is computed from a constant is the id's own.
    let nearly = |scale: f32| (scale * scale / 7.0 - scale).to_bits();
    assert!(values("TestVariants-v0").contains(&nearly(0.1)));
    assert!(values("TestVariantsDerived-v0").contains(&nearly(1.0 / 3.0)));
}

#[test]
fn shipped_variants_share_code() {
    for (path, source) in common::shipped() {
        let lanes = shared(&path, &source);
        let constants = |id: usize| lanes.ids[id].constants.as_slice();
        match path.file_stem().unwrap().to_str().unwrap() {
            "cart_pole" => {
                assert_eq!(codes(&lanes), [["CartPole-v1", "CartPole-v0"]]);
                assert!(constants(0).is_empty() && constants(1).is_empty(), "they differ in their limits alone");
            }
            "breakout" => {
                assert_eq!(codes(&lanes), [["MinAtar/Breakout-v1", "MinAtar/Breakout-v0"]]);
                assert_eq!((constants(0), constants(1)), ([3, 2].as_slice(), [6, 3].as_slice()));
            }
            _ => {}
        }
    }
}

/// The order of the variants has no part in who shares with whom, and files without any have the code that they have alone.
#[test]
fn groups_keep_the_order_of_the_file() {
    let sized = "//! # Variants\n//! - First-v0: CELLS = 4u; apart.\n//! - Second-v0: TURNS = 9u; together.\n";
    let lanes = shared(Path::new("x.wgsl"), &torture().replace("//! # Variants\n", sized));
    assert_eq!(lanes.ids.iter().take(3).map(|id| id.code).collect::<Vec<_>>(), [0, 1, 0]);
    let alone = common::own("everything.wgsl");
    let lanes = shared(Path::new("everything.wgsl"), &alone);
    let own = compile(Path::new("everything.wgsl"), &alone, &common::library()).unwrap().lanes().unwrap();
    assert_eq!(lanes.codes, [own]);
}
