//! What is reflected: exact facts of a file with every shape of the contract, and of the clean one.

mod common;

use std::path::Path;

use shadergym_compiler::*;

fn facts(path: &str, source: &str) -> Facts {
    compile(Path::new(path), source, &common::library()).unwrap_or_else(|e| panic!("{e}")).facts
}

fn field(name: &str, kind: Kind, shape: &[usize], offset: usize, unit: &str, doc: &str) -> Field {
    Field { name: name.into(), kind, shape: shape.into(), offset, unit: unit.into(), doc: doc.into() }
}

fn section(heading: &str, text: &str) -> Section {
    Section { heading: heading.into(), text: text.into() }
}

#[test]
fn nested_structs_several_agents_and_bytes() {
    use Kind::*;
    let expected = Facts {
        id: "Test/Everything-v3".into(),
        variant_of: None,
        variants: vec![],
        stem: "everything".into(),
        family: "test".into(),
        summary: "every shape of the contract that the small files do not have. The sentence goes on here.".into(),
        sections: vec![
            section("Source", "Made up."),
            section("Reward", "None."),
            section("Start", "Zero."),
            section("End", "Never.\n\nNot even then."),
            section("Version", "v3: third."),
        ],
        max_episode_steps: 77,
        reward_threshold: Some(-1.5),
        sticky_action_probability: 0.25,
        agents: 2,
        pixel_aspect: Some(2.0),
        params: Layout {
            words: 6,
            fields: vec![
                field("corner", F32, &[3], 0, "m", "upper corner"),
                field("count", U32, &[], 3, "1", "number of things"),
                field("offset", I32, &[2], 4, "1", "offsets"),
            ],
        },
        default_params: vec![1f32.to_bits(), 2f32.to_bits(), 3f32.to_bits(), 4, -5_i32 as u32, 6],
        params_bounds: (
            vec![0, 0, 0, 0, -9_i32 as u32, -9_i32 as u32],
            vec![9f32.to_bits(), 9f32.to_bits(), 9f32.to_bits(), 8, 9, 9],
        ),
        state: Layout {
            words: 22,
            fields: vec![
                field("position", F32, &[3, 2], 0, "m", "positions"),
                field("wheels[0].angle", F32, &[], 6, "rad", "angle"),
                field("wheels[0].turns", I32, &[2], 7, "1", "turns of both kinds"),
                field("wheels[1].angle", F32, &[], 9, "rad", "angle"),
                field("wheels[1].turns", I32, &[2], 10, "1", "turns of both kinds"),
                field("spare.angle", F32, &[], 12, "rad", "angle"),
                field("spare.turns", I32, &[2], 13, "1", "turns of both kinds"),
                field("grid", U32, &[3, 2], 15, "bool", "grid of cells"),
                field("level", I32, &[], 21, "1", "level"),
            ],
        },
        action: ActionSpace::MultiDiscrete { nvec: vec![2, 3] },
        action_mask: true,
        action_doc: "first: 0 stay, 1 go; second: 0 to 2 gears".into(),
        observation: ObservationSpace {
            words: 2,
            parts: vec![ObservationPart {
                name: String::new(),
                encoding: Encoding::U8,
                shape: vec![2, 3],
                offset: 0,
                words: 2,
                low: vec![0.0; 6],
                high: vec![200.0; 6],
                counts: vec![],
                fields: vec![],
                doc: "row, column; value of the cell".into(),
            }],
        },
        global_state: None,
        agent_observations: vec![],
        agent_actions: vec![],
        info: Some(Layout {
            words: 5,
            fields: vec![
                field("way", F32, &[2], 0, "m", "way of each agent"),
                field("filled", U32, &[], 2, "1", "cells filled"),
                field("speed", I32, &[2], 3, "m/s", "speed"),
            ],
        }),
        truncates: true,
        agent_done: true,
        integer: false,
        episode_words: 4 + 2 * 2 + 2 + 2 * 2 + 2 * 5,
        totals: Totals {
            words: 3 + 2 * (2 + 5),
            transitions: 0,
            episodes: 1,
            length_sum: 2,
            return_sum: 3,
            info_sum: 3 + 2 * 2,
        },
        finished: Finished { words: 1 + 2 + 5, length: 0, returns: 1, infos: 1 + 2 },
        elapsed_word: 4 + 2 * 2,
        scratch_words: 0,
    };
    let found = facts("test/everything.wgsl", &common::own("everything.wgsl"));
    assert_eq!(found, expected);
    assert_eq!((found.action_words(), found.observation_words()), (4, 4));
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), expected, "facts survive the build folder");
}

#[test]
fn one_agent_with_a_struct_of_floats() {
    let found = facts("clean.wgsl", &common::own("clean.wgsl"));
    assert_eq!(found.action, ActionSpace::Discrete { n: 2 });
    assert_eq!((found.stem.as_str(), found.family.as_str()), ("clean", ""));
    let x = field("x", Kind::F32, &[], 0, "m", "position");
    assert_eq!(found.state, Layout { words: 1, fields: vec![x.clone()] });
    let part = found.observation.single().expect("one part");
    assert_eq!(part.fields, [x]);
    assert_eq!((&part.shape[..], part.encoding), (&[1][..], Encoding::F32));
    assert_eq!((&part.low[..], &part.high[..]), (&[0.0][..], &[f32::MAX][..]));
    assert_eq!((found.pixel_aspect, found.reward_threshold), (None, None));
    assert_eq!(found.params_bounds, (vec![0.5f32.to_bits()], vec![2f32.to_bits()]));
    assert_eq!((found.sticky_action_probability, found.agents, found.episode_words), (0.0, 1, 4 + 1 + 2 + 2));
}

#[test]
fn continuous_actions_and_bits() {
    let source = common::own("clean.wgsl")
        .replace("alias Action = u32;", "alias Action = array<f32, 2>;\n/// N; thrust left, thrust right\nconst ACTION_LOW: Action = Action(-1.0, 0.0);\nconst ACTION_HIGH: array<f32, 2> = array<f32, 2>(1.0, 2.0);")
        .replace("/// 0 stay, 1 go\nconst ACTION_COUNT: u32 = 2u;", "")
        .replace("f32(action)", "action[1]")
        .replace("struct Observation {\n    /// m; position\n    x: f32,\n}", "alias Observation = array<u32, 2>;\n/// lamps\nconst OBSERVATION_SHAPE: u32 = 33u;\nconst OBSERVATION_BITS: u32 = 1u;")
        .replace("OBSERVATION_LOW: f32 = 0.0", "OBSERVATION_LOW: u32 = 0u")
        .replace("OBSERVATION_HIGH: f32 = 3.4028234e38", "OBSERVATION_HIGH: u32 = 1u")
        .replace("Observation(state.x)", "Observation(u32(state.x), 1u)");
    let found = facts("x.wgsl", &source);
    assert_eq!(found.action, ActionSpace::Box { low: vec![-1.0, 0.0], high: vec![1.0, 2.0] });
    assert_eq!(found.action_doc, "N; thrust left, thrust right");
    assert_eq!(
        (found.observation.flat_encoding(), found.observation.words, found.observation.flat_elements()),
        (Encoding::Bit, 2, 33)
    );
}
