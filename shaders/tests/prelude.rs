//! The prelude on the CPU lanes: random numbers against `rand_pcg` and stored vectors, math against f64.

mod common;

use common::{Lanes, math, prelude};
use shadergym_selftest::selftests;
use shadergym_shaders::lanes::Level;

/// Rows per call; a multiple of all widths is not needed.
const INSTANCES: usize = 4099;

/// Calls `check` with the plain reference and with the best level of this machine; `levels_agree_on_the_prelude`
/// makes the others follow.
fn on_lanes(stem: &str, check: impl Fn(&mut prelude::Run)) {
    let environment = selftests().iter().find(|e| e.stem == stem).expect("a self-test environment");
    for level in [Level::Scalar, Level::best()] {
        let mut lanes = Lanes::new(environment, level, INSTANCES).expect("a level of this machine");
        lanes.reset(0);
        check(&mut |rows| run(&mut lanes, environment.facts().state.words, rows));
    }
}

/// Sets states, makes a step, returns the states.
fn run(lanes: &mut Lanes, words: usize, rows: &[u32]) -> Vec<u32> {
    let mut out = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(INSTANCES * words) {
        let mut all = chunk.to_vec();
        all.resize(INSTANCES * words, 0);
        lanes.set_states(&all);
        lanes.play(1);
        out.extend_from_slice(&lanes.states()[..chunk.len()]);
    }
    out
}

#[test]
fn generators_equal_rand_pcg() {
    on_lanes("prelude_rng", |run| prelude::rng_many(run));
}

#[test]
fn generators_equal_the_vectors() {
    // One generator at a time: few instances are enough.
    let environment = selftests().iter().find(|e| e.stem == "prelude_rng").expect("a self-test environment");
    for mut lanes in Lanes::all(environment, 1) {
        lanes.reset(0);
        prelude::rng_vectors(&mut |rows| {
            lanes.set_states(rows);
            lanes.play(1);
            lanes.states()
        });
    }
}

#[test]
fn random_values_are_stable() {
    on_lanes("prelude_rng", |run| prelude::rng_stability(run, true));
}

#[test]
fn random_values_are_distributed_as_documented() {
    on_lanes("prelude_rng", |run| prelude::rng_distributions(run));
}

#[test]
fn math_keeps_its_bounds() {
    on_lanes("prelude_math", |run| math::bounds(run, math::SAMPLES));
}

#[test]
fn math_is_sane_outside_its_ranges() {
    on_lanes("prelude_math", |run| math::edges(run, math::SAMPLES));
}

#[test]
fn products_are_exact() {
    on_lanes("prelude_math", |run| math::mul_high(run, math::SAMPLES));
}

#[test]
fn every_math_function_is_checked() {
    math::all_functions_are_checked();
}

/// Random words as arguments: all levels give the same bits, except that any NaN equals any other.
#[test]
fn levels_agree_on_the_prelude() {
    for stem in ["prelude_rng", "prelude_math"] {
        let environment = selftests().iter().find(|e| e.stem == stem).expect("a self-test environment");
        let words = environment.facts().state.words;
        let mut all = Lanes::all(environment, 1024);
        all.iter_mut().for_each(|lanes| lanes.reset(0));
        let mut points = math::Points(1);
        for round in 0..200 {
            let mut rows: Vec<u32> = (0..1024 * words).map(|_| points.word()).collect();
            for row in rows.chunks_exact_mut(words) {
                row[0] %= if stem == "prelude_rng" { 8 } else { 16 };
                // Finite arguments.
                row[1..3].iter_mut().for_each(|x| *x &= 0xff7f_ffff);
            }
            let mut results = all.iter_mut().map(|lanes| {
                lanes.set_states(&rows);
                lanes.play(1);
                lanes.states()
            });
            let expected = results.next().expect("the plain level");
            for result in results {
                assert_eq!(result, expected, "{stem}, round {round}");
            }
        }
    }
}
