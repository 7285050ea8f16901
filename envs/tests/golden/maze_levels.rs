//! Breadth-first search over our own step function: the fewest actions to the goal of each test level must be the
//! reference's. Every state of a level is one instance, so a search is one step per action and level.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use shadergym_envs::{Device, ids};

use crate::bare;

const ID: &str = "Maze-v0";
/// Turn left, turn right, forward; the other actions do nothing.
const ACTIONS: [u32; 3] = [0, 1, 2];

pub fn trials(gpu: bool) -> Vec<Trial> {
    if !ids().any(|id| id == ID) {
        return Vec::new();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/maze_levels.json");
    let text = fs::read_to_string(path).expect("the file beside this test");
    let levels: Value = serde_json::from_str(&text).expect("JSON");
    let mut trials = Vec::new();
    for level in levels["levels"].as_array().expect("levels") {
        for (label, device) in [("cpu", Device::Cpu), ("gpu", Device::Gpu(None))] {
            let ignored = label == "gpu" && !gpu;
            let name = format!("maze_levels::{}::{label}", level["name"].as_str().expect("name"));
            let level = level.clone();
            trials.push(Trial::test(name, move || search(&level, &device)).with_ignored_flag(ignored));
        }
    }
    trials
}

fn search(level: &Value, device: &Device) -> Result<(), Failed> {
    let number = |v: &Value| v.as_u64().expect("a number") as u32;
    let walls: Vec<u32> = level["walls"].as_array().expect("walls").iter().map(number).collect();
    // Cell (column, row) with the border counted; 13 x 13 inner cells x 4 headings.
    let states: Vec<(u32, u32, u32)> =
        (1..14).flat_map(|y| (1..14).flat_map(move |x| (0..4).map(move |d| (x, y, d)))).collect();
    let mut batch = bare(ID, states.len(), device, None);
    let params = batch.default_params();
    let params = params.with("walls", walls)?.with("wall_budget", 0u32)?.with("goal_x", number(&level["goal"][0]))?;
    let params = params.with("goal_y", number(&level["goal"][1]))?.with("start_x", number(&level["start"][0]))?;
    let params = params.with("start_y", number(&level["start"][1]))?.with("start_direction", 0u32)?;
    batch.set_params(.., &params)?;
    batch.reset(0)?;
    let facts = batch.spec().clone();
    let offset = |name: &str| facts.state.field(name).expect("a field of the maze").offset;
    let (x, y, direction, width) = (offset("x"), offset("y"), offset("direction"), facts.state.words);
    let mut words = batch.get_state(..)?;
    for (row, &(sx, sy, sd)) in words.chunks_exact_mut(width).zip(&states) {
        (row[x], row[y], row[direction]) = (sx, sy, sd);
    }
    // What each action does in each state.
    let mut next: HashMap<(usize, u32), (usize, bool)> = HashMap::new();
    for action in ACTIONS {
        batch.reset(0)?;
        batch.set_state(.., &words)?;
        let view = batch.step(&vec![action; states.len()])?;
        let ended = view.terminated().to_vec();
        let after = batch.get_state(..)?;
        for (i, row) in after.chunks_exact(width).enumerate() {
            let cell = (row[y] - 1) * 13 + row[x] - 1;
            next.insert((i, action), ((cell * 4 + row[direction]) as usize, ended[i]));
        }
    }
    // The reference's counts are from the best initial heading.
    let start = (number(&level["start"][1]) - 1) * 13 + number(&level["start"][0]) - 1;
    let mut frontier: Vec<usize> = (0..4).map(|d| (start * 4 + d) as usize).collect();
    let mut seen = vec![false; states.len()];
    for count in 1.. {
        let mut further = Vec::new();
        for &state in &frontier {
            for action in ACTIONS {
                let (to, ended) = next[&(state, action)];
                if ended {
                    let expected = number(&level["fewest_actions"]);
                    return if count == expected {
                        Ok(())
                    } else {
                        Err(format!("{count} actions, reference {expected}").into())
                    };
                }
                if !std::mem::replace(&mut seen[to], true) {
                    further.push(to);
                }
            }
        }
        if further.is_empty() {
            return Err("the goal cannot be reached".into());
        }
        frontier = further;
    }
    unreachable!()
}
