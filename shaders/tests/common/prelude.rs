//! Checks of the prelude's functions, the same for every back end: what differs is a closure that sets the state words
//! of `TestMath-v0` or `TestRng-v0` in rows, makes one step and returns the new rows.
#![allow(dead_code, reason = "every test binary uses another part")]

use rand_pcg::rand_core::Rng as _;
use serde_json::Value;

/// Rows of states in, rows of states after one step out.
pub type Run<'a> = dyn FnMut(&[u32]) -> Vec<u32> + 'a;

const RNG_FUNCTIONS: [&str; 8] = [
    "rng_next",
    "rng_uniform",
    "rng_between",
    "rng_range",
    "rng_bernoulli",
    "rng_normal",
    "rng_choice_bit",
    "rng_shuffle_index",
];
/// Stream of `Pcg32::new` that the prelude uses.
const STREAM: u64 = 0x0a02_bdbf_7bb3_c0a7;
/// Words of a state: function, low, high, 2 arguments, 16 outputs.
const ROW: usize = 21;
const NEW: u32 = 32;
const SEED: u32 = 16;
/// Position of no function: the generator is only made.
const NOTHING: u32 = 8;

fn table(text: &str) -> Value {
    serde_json::from_str(text).expect("a table of tests/prelude")
}

fn word(value: &Value) -> u32 {
    value.as_u64().and_then(|v| u32::try_from(v).ok()).expect("a 32-bit word")
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

/// One generator's request: position of the function with SEED or NEW, state, arguments.
fn row(function: u32, low: u32, high: u32, arguments: [u32; 2]) -> [u32; ROW] {
    let mut row = [0; ROW];
    row[..5].copy_from_slice(&[function, low, high, arguments[0], arguments[1]]);
    row
}

fn rng_function(name: &str) -> u32 {
    RNG_FUNCTIONS.iter().position(|n| *n == name).expect("a function of TestRng-v0") as u32
}

/// Generators against `rand_pcg` itself and against the stored vectors.
pub fn rng_vectors(run: &mut Run) {
    let vectors = table(include_str!("../prelude/rng_vectors.json"));
    for (kind, flag, low, high) in [("new", NEW, "low", "high"), ("seed", SEED, "seed_low", "seed_high")] {
        for case in list(&vectors[kind]) {
            let mut state = run(&row(flag, word(&case[low]), word(&case[high]), [0; 2]));
            let outputs: Vec<u32> = list(&case["outputs"]).iter().map(word).collect();
            assert_eq!(state[5..5 + outputs.len()], outputs, "{kind} {case}");
            let made = run(&row(flag + NOTHING, word(&case[low]), word(&case[high]), [0; 2]));
            assert_eq!(made[1..3], [word(&case["state_low"]), word(&case["state_high"])], "{kind} {case}");
            if kind == "new" {
                let seed = u64::from(word(&case[high])) << 32 | u64::from(word(&case[low]));
                let mut reference = rand_pcg::Pcg32::new(seed, STREAM);
                for _ in 0..64 {
                    let expected: Vec<u32> = (0..16).map(|_| reference.next_u32()).collect();
                    assert_eq!(state[5..], expected, "Pcg32::new({seed:#x})");
                    state = run(&row(0, state[1], state[2], [0; 2]));
                }
            }
        }
    }
    for case in list(&vectors["after"]) {
        let calls = case["calls"].as_u64().expect("a number");
        let mut state = run(&row(NEW, word(&case["low"]), word(&case["high"]), [0; 2]));
        for _ in 1..calls / 16 {
            state = run(&row(0, state[1], state[2], [0; 2]));
        }
        assert_eq!(state[1..3], [word(&case["state_low"]), word(&case["state_high"])], "{case}");
    }
}

/// Random states of many generators against `rand_pcg`, 16 draws each.
pub fn rng_many(run: &mut Run) {
    let mut source = rand_pcg::Pcg32::new(5, STREAM);
    let seeds: Vec<u64> = (0..4096).map(|i| if i < 64 { u64::MAX << i } else { source.next_u64() }).collect();
    let rows: Vec<u32> = seeds.iter().flat_map(|&s| row(NEW, s as u32, (s >> 32) as u32, [0; 2])).collect();
    for (state, &seed) in run(&rows).chunks_exact(ROW).zip(&seeds) {
        let mut reference = rand_pcg::Pcg32::new(seed, STREAM);
        assert!(state[5..].iter().all(|&v| v == reference.next_u32()), "Pcg32::new({seed:#x})");
    }
}

/// The pinned values. `exact` is false where multiply-adds may be fused: then `rng_between` and `rng_normal` have the
/// tolerances of their documentation.
pub fn rng_stability(run: &mut Run, exact: bool) {
    let table = table(include_str!("../prelude/stability.json"));
    let mut seen = Vec::new();
    for case in list(&table["cases"]) {
        let name = case["function"].as_str().expect("a name");
        seen.push(name);
        let mut arguments = [0; 2];
        for (to, value) in arguments.iter_mut().zip(list(&case["args"])) {
            let float = matches!(name, "rng_between" | "rng_bernoulli");
            *to = if float { (value.as_f64().expect("a number") as f32).to_bits() } else { word(value) };
        }
        let state = run(&row(SEED + rng_function(name), 42, 0, arguments));
        let expected: Vec<u32> = list(&case["values"]).iter().map(word).collect();
        let tolerance = match name {
            "rng_between" if !exact => 2.0 * f32::EPSILON * 3.0,
            "rng_normal" if !exact => 2e-6,
            _ => 0.0,
        };
        if tolerance == 0.0 {
            assert_eq!(state[5..], expected, "{case}");
        } else {
            for (&found, &expected) in state[5..].iter().zip(&expected) {
                assert!((f32::from_bits(found) - f32::from_bits(expected)).abs() <= tolerance, "{case}: {found}");
            }
        }
        assert_eq!(state[1..3], [word(&case["state_low"]), word(&case["state_high"])], "{case}");
    }
    for name in RNG_FUNCTIONS {
        assert!(seen.contains(&name), "{name} has no stability case");
    }
}

/// `rows * 16` results of one function from `rows` seeded generators.
fn draws(run: &mut Run, name: &str, arguments: [u32; 2], rows: usize) -> Vec<u32> {
    let function = SEED + rng_function(name);
    let rows: Vec<u32> = (0..rows as u32).flat_map(|i| row(function, i, 77, arguments)).collect();
    run(&rows).chunks_exact(ROW).flat_map(|state| state[5..].to_vec()).collect()
}

/// Chi-square of counts against equal expectations, in standard deviations from its mean.
fn chi_square(counts: &[u32]) -> f64 {
    let mean = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    let chi: f64 = counts.iter().map(|&c| (f64::from(c) - mean).powi(2) / mean).sum();
    let freedom = counts.len() as f64 - 1.0;
    (chi - freedom) / (2.0 * freedom).sqrt()
}

/// Fails beyond 5 standard deviations; seeds are fixed, so this never fails by chance from one run to the next.
fn uniform(what: &str, counts: &[u32]) {
    let deviation = chi_square(counts);
    assert!(deviation.abs() < 5.0, "{what}: chi-square is {deviation:.1} standard deviations off, counts {counts:?}");
}

/// Distributions: ranges, bits, shuffles, uniforms, normals.
pub fn rng_distributions(run: &mut Run) {
    for n in [2u32, 3, 5, 6, 7, 10, 16, 37, 100] {
        let mut counts = vec![0; n as usize];
        draws(run, "rng_range", [n, 0], 8192).iter().for_each(|&v| counts[v as usize] += 1);
        uniform(&format!("rng_range({n})"), &counts);
    }
    // Modulo bias would favour the lower half by a factor of 2 here, multiply-shift alone every second value.
    for n in [0xc000_0000u32, 0x8000_0001] {
        let values = draws(run, "rng_range", [n, 0], 8192);
        assert!(values.iter().all(|&v| v < n));
        let mut counts = [0; 12];
        let mut low_bits = [0; 4];
        for v in values {
            counts[(u64::from(v) * 12 / u64::from(n)) as usize] += 1;
            low_bits[(v & 3) as usize] += 1;
        }
        uniform(&format!("rng_range({n})"), &counts);
        uniform(&format!("low bits of rng_range({n})"), &low_bits);
    }
    assert!(draws(run, "rng_range", [0, 0], 16).iter().chain(&draws(run, "rng_range", [1, 0], 16)).all(|&v| v == 0));
    for mask in [1u32, 0x8000_0000, 0x8000_0001, 0xf0f1, 0xffff_ffff, 0x5555_5555, 0x00ff_0100] {
        let mut counts = [0; 32];
        draws(run, "rng_choice_bit", [mask, 0], 4096).iter().for_each(|&v| counts[v as usize] += 1);
        let (set, unset): (Vec<_>, Vec<_>) = (0..32).partition(|bit| mask >> bit & 1 == 1);
        assert!(unset.iter().all(|&bit: &usize| counts[bit] == 0), "rng_choice_bit({mask:#x}): {counts:?}");
        if set.len() > 1 {
            let counts: Vec<u32> = set.iter().map(|&bit| counts[bit]).collect();
            uniform(&format!("rng_choice_bit({mask:#x})"), &counts);
        }
    }
    assert!(draws(run, "rng_choice_bit", [0, 0], 16).iter().all(|&v| v == 32));
    let shuffled = draws(run, "rng_shuffle_index", [0; 2], 32_768);
    let mut counts = vec![0; 256];
    for order in shuffled.chunks_exact(16) {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..16), "no permutation: {order:?}");
        order.iter().enumerate().for_each(|(place, &v)| counts[place * 16 + v as usize] += 1);
    }
    uniform("places of shuffled elements", &counts);
    let floats = |bits: Vec<u32>| bits.into_iter().map(|b| f64::from(f32::from_bits(b))).collect::<Vec<f64>>();
    let values = floats(draws(run, "rng_uniform", [0; 2], 32_768));
    let mut counts = vec![0; 64];
    values.iter().for_each(|v| counts[(v * 64.0) as usize] += 1);
    uniform("rng_uniform", &counts);
    assert!(values.iter().all(|v| (0.0..1.0).contains(v) && (v * 16_777_216.0).fract() == 0.0));
    let values = floats(draws(run, "rng_between", [(-1f32).to_bits(), 3f32.to_bits()], 8192));
    assert!(values.iter().all(|v| (-1.0..=3.0).contains(v)));
    assert!((values.iter().sum::<f64>() / values.len() as f64 - 1.0).abs() < 0.02);
    for (p, low, high) in [(0.0f32, 0.0, 0.0), (0.25, 0.245, 0.255), (1.0, 1.0, 1.0), (-1.0, 0.0, 0.0), (2.0, 1.0, 1.0)]
    {
        let share = draws(run, "rng_bernoulli", [p.to_bits(), 0], 8192).iter().sum::<u32>() as f64 / 131_072.0;
        assert!((low..=high).contains(&share), "rng_bernoulli({p}): {share}");
    }
    normal(&floats(draws(run, "rng_normal", [0; 2], 65_536)));
}

/// Moments of 2^20 standard normals within 5 standard errors, and the documented extreme.
fn normal(values: &[f64]) {
    let n = values.len() as f64;
    let moment = |k: i32| values.iter().map(|v| v.powi(k)).sum::<f64>() / n;
    // Variance of the k-th power of a standard normal.
    for (k, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
        let found = moment(k);
        assert!((found - expected).abs() < 5.0 * (variance / n).sqrt(), "moment {k} of rng_normal is {found}");
    }
    let beyond_two = values.iter().filter(|v| v.abs() > 2.0).count() as f64 / n;
    assert!((beyond_two - 0.0455).abs() < 0.001, "{beyond_two} beyond two standard deviations");
    assert!(values.iter().all(|v| v.abs() <= 5.77), "rng_normal beyond its documented extreme");
}
