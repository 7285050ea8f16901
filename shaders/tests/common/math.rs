//! Checks of the prelude's math against f64, with the bounds of `prelude/math_bounds.json`; see `prelude.rs` for `Run`.
#![allow(dead_code, reason = "every test binary uses another part")]

use serde_json::Value;

use super::prelude::Run;

/// In the order of the switch in `prelude_math.wgsl`, with the exact function.
type Reference = fn(f64, f64) -> f64;
const FUNCTIONS: [(&str, Reference); 16] = [
    ("math_sin", |x, _| x.sin()),
    ("math_cos", |x, _| x.cos()),
    ("math_tan", |x, _| x.tan()),
    ("math_wrap_angle", |x, _| if x.abs() <= f64::from(LARGEST_ANGLE) { x } else { wrapped(x) }),
    ("math_exp", |x, _| x.exp()),
    ("math_log", |x, _| x.ln()),
    ("math_log1p_exp", |x, _| x.max(0.0) + (-x.abs()).exp().ln_1p()),
    ("math_tanh", |x, _| x.tanh()),
    ("math_sqrt", |x, _| x.sqrt()),
    ("math_length", f64::hypot),
    ("math_atan2", f64::atan2),
    ("math_asin", |x, _| x.asin()),
    ("math_acos", |x, _| x.acos()),
    ("math_pow", f64::powf),
    ("math_sincos", |x, _| x.sin()),
    ("math_mul_high", |_, _| f64::NAN),
];
const SINCOS: u32 = 14;
const MUL_HIGH: u32 = 15;
/// Largest f32 below pi.
const LARGEST_ANGLE: f32 = 3.141_592_5;
const MATH_LARGEST: f32 = f32::MAX;
/// Words of a state: function, 2 arguments, 2 results, 2 integer arguments, integer result.
const ROW: usize = 8;
/// Samples of each row of the table, and of arguments elsewhere, unless their number is limited.
pub const SAMPLES: usize = 1 << 20;

fn wrapped(x: f64) -> f64 {
    x - (x / std::f64::consts::TAU).round() * std::f64::consts::TAU
}

fn function(name: &str) -> u32 {
    FUNCTIONS.iter().position(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name} is not in TestMath-v0")) as u32
}

fn values(run: &mut Run, function: u32, arguments: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let rows: Vec<u32> =
        arguments.iter().flat_map(|a| [function, a[0].to_bits(), a[1].to_bits(), 0, 0, 0, 0, 0]).collect();
    run(&rows).chunks_exact(ROW).map(|r| [f32::from_bits(r[3]), f32::from_bits(r[4])]).collect()
}

/// Results of a function of one argument.
fn at(run: &mut Run, name: &str, xs: &[f32]) -> Vec<f32> {
    let arguments: Vec<[f32; 2]> = xs.iter().map(|&x| [x, 0.0]).collect();
    values(run, function(name), &arguments).iter().map(|v| v[0]).collect()
}

/// A weak generator for sample points.
pub struct Points(pub u64);

impl Points {
    pub fn word(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 32) as u32
    }
    /// On [0, 1).
    fn unit(&mut self) -> f64 {
        f64::from(self.word()) / 4_294_967_296.0
    }
}

/// Distance from one f32 to the next at `x`.
fn ulp(x: f64) -> f64 {
    let exponent = if x.abs() < 2f64.powi(-126) { -126 } else { x.abs().log2().floor() as i32 };
    // log2 may round up to the next power.
    let exponent = if 2f64.powi(exponent) > x.abs() && exponent > -126 { exponent - 1 } else { exponent };
    2f64.powi(exponent - 23)
}

/// Sample points of a row of the table: its whole range, its corners included.
fn samples(row: &Value, count: usize) -> Vec<[f32; 2]> {
    let number = |v: &Value| v.as_f64().expect("a number");
    let ranges: Vec<[f64; 2]> =
        row["args"].as_array().expect("ranges").iter().map(|r| [number(&r[0]), number(&r[1])]).collect();
    let log = row["sampling"] == "log";
    let signed = row["signed"] == true;
    let mut points = Points(17);
    let mut sample = |range: &[f64; 2], i: usize| -> f32 {
        let [low, high] = *range;
        let value = match i {
            0 => low as f32,
            1 => high as f32,
            _ if log => {
                let (low, high) = ((low as f32).to_bits(), (high as f32).to_bits());
                f32::from_bits(low + (points.unit() * f64::from(high - low + 1)) as u32)
            }
            _ => (low + (high - low) * points.unit()) as f32,
        };
        if signed && points.word() & 1 == 1 { -value } else { value }
    };
    (0..count).map(|i| [sample(&ranges[0], i), ranges.get(1).map_or(0.0, |r| sample(r, i))]).collect()
}

/// Every row of the table with `count` samples; every bound present must hold for every sample.
pub fn bounds(run: &mut Run, count: usize) {
    let table: Value = serde_json::from_str(include_str!("../prelude/math_bounds.json")).expect("a table");
    let rows = table["rows"].as_array().expect("rows");
    let mut failures = Vec::new();
    for row in rows {
        let name = row["function"].as_str().expect("a name");
        let reference = FUNCTIONS[function(name) as usize].1;
        let samples = samples(row, count);
        let found = values(run, function(name), &samples);
        let skip = row["skip_above"].as_f64().unwrap_or(f64::MAX);
        let mut worst = [("max_abs", 0.0f64), ("max_ulp", 0.0), ("max_relative", 0.0), ("max_scaled", 0.0)];
        let mut worst_at = [[0f32; 2]; 4];
        for (x, y) in samples.iter().zip(&found) {
            // math_atan2 has its y first, as f64::atan2 has.
            let exact = reference(x[0].into(), x[1].into());
            if exact.abs() > skip {
                continue;
            }
            let mut error = (f64::from(y[0]) - exact).abs();
            if row["modulo_tau"] == true {
                error = wrapped(error).abs();
            }
            let errors = [error, error / ulp(exact), error / exact.abs(), error / exact.abs().max(1.0)];
            for ((worst, at), error) in worst.iter_mut().zip(&mut worst_at).zip(errors) {
                // A result that is not a number is infinitely wrong.
                let error = if y[0].is_finite() { error } else { f64::INFINITY };
                if error > worst.1 {
                    (worst.1, *at) = (error, *x);
                }
            }
        }
        for ((key, worst), at) in worst.iter().zip(worst_at) {
            if let Some(bound) = row[*key].as_f64()
                && *worst > bound
            {
                failures
                    .push(format!("{name} {} {}: {key} {worst:e} > {bound:e} at {at:?}", row["args"], row["sampling"]));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every function of math.wgsl is in the table, exact, or a part of one that is.
pub fn all_functions_are_checked() {
    const PARTS: [&str; 6] =
        ["math_half_turns", "math_reduced", "math_alternate", "math_sin_core", "math_cos_core", "math_sincos"];
    let table = include_str!("../prelude/math_bounds.json");
    for line in include_str!("../../shared/math.wgsl").lines() {
        if let Some((name, _)) = line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')) {
            let known = table.contains(&format!("\"{name}\"")) || PARTS.contains(&name) || name == "math_mul_high";
            assert!(known, "{name} has no row in math_bounds.json");
        }
    }
}

/// Zeros, subnormal and huge arguments, and what the documentation says outside the ranges.
pub fn edges(run: &mut Run, samples: usize) {
    let tiny = f32::from_bits(1);
    let subnormal = f32::from_bits(0x007f_ffff);
    let smallest = f32::MIN_POSITIVE;
    let zero = |v: f32| v == 0.0;
    let all = [0.0, -0.0, tiny, -tiny, subnormal, -subnormal, smallest, -smallest, 1.0, -1.0, 1e10, -1e10, 3e38, -3e38];
    for name in [
        "math_sin",
        "math_cos",
        "math_tan",
        "math_wrap_angle",
        "math_exp",
        "math_log",
        "math_tanh",
        "math_asin",
        "math_acos",
        "math_sqrt",
        "math_log1p_exp",
    ] {
        assert!(at(run, name, &all).iter().all(|v| v.is_finite()), "{name} of {all:?}: {:?}", at(run, name, &all));
    }
    let mut points = Points(3);
    let wide: Vec<f32> = (0..samples).map(|_| f32::from_bits(points.word())).filter(|x| x.is_finite()).collect();
    for name in ["math_sin", "math_cos"] {
        let limit = 1.0 + 2f32.powi(-23);
        assert!(at(run, name, &wide).iter().all(|v| v.abs() <= limit), "{name} leaves [-1, 1]");
    }
    assert!(at(run, "math_tan", &wide).iter().all(|v| v.is_finite()));
    assert!(at(run, "math_tanh", &wide).iter().all(|v| v.abs() <= 1.0));
    let angles = at(run, "math_wrap_angle", &wide);
    assert!(
        angles.iter().all(|v| (-std::f32::consts::PI..std::f32::consts::PI).contains(v)),
        "math_wrap_angle leaves [-pi, pi)"
    );
    for (x, y) in wide.iter().zip(&angles) {
        assert!(x.abs() > LARGEST_ANGLE || x == y || x.abs() < smallest, "math_wrap_angle({x}) is {y}");
    }
    assert!(at(run, "math_sqrt", &[0.0, -0.0, -tiny, -1.0, -3e38]).into_iter().all(zero));
    assert!(at(run, "math_exp", &[-87.34, -100.0, -3e38]).into_iter().all(zero));
    assert!(at(run, "math_exp", &[88.723, 100.0, 3e38]).iter().all(|&v| v == MATH_LARGEST));
    assert_eq!(at(run, "math_exp", &[0.0, -0.0, tiny]), [1.0; 3]);
    assert!(at(run, "math_log", &[0.0, -0.0, tiny, subnormal, -1.0, -3e38]).iter().all(|&v| v == -MATH_LARGEST));
    assert_eq!(at(run, "math_log", &[1.0]), [0.0]);
    assert!(at(run, "math_log1p_exp", &[-100.0, -3e38]).into_iter().all(zero));
    let ends = at(run, "math_tanh", &[9.2, 1e10, -9.2, -1e10, 0.0]);
    assert!(ends.iter().zip([1.0, 1.0, -1.0, -1.0, 0.0]).all(|(v, e)| (v - e).abs() <= f32::EPSILON), "{ends:?}");
    let half = std::f32::consts::FRAC_PI_2;
    assert!(at(run, "math_asin", &[2.0, 1e30]).iter().all(|v| (v - half).abs() < 6e-7));
    assert!(at(run, "math_acos", &[2.0, 1e30]).iter().all(|v| v.abs() < 7e-7));
    let quadrants =
        values(run, function("math_atan2"), &[[0.0, 0.0], [0.0, -1.0], [-0.0, -1.0], [1.0, 0.0], [-1.0, 0.0]]);
    let expected = [0.0, 2.0 * half, 2.0 * half, half, -half];
    assert!(quadrants.iter().zip(expected).all(|(v, e)| (v[0] - e).abs() < 5e-7), "{quadrants:?}");
    let powers =
        values(run, function("math_pow"), &[[0.0, 2.0], [-3.0, 2.0], [10.0, 100.0], [10.0, -100.0], [7.0, 0.0]]);
    let powers: Vec<f32> = powers.iter().map(|v| v[0]).collect();
    assert_eq!(powers, [0.0, 0.0, MATH_LARGEST, 0.0, 1.0]);
    // Both parts of math_sincos are bitwise the single functions.
    let both = values(run, SINCOS, &wide.iter().map(|&x| [x, 0.0]).collect::<Vec<_>>());
    let (sines, cosines) = (at(run, "math_sin", &wide), at(run, "math_cos", &wide));
    for (i, pair) in both.iter().enumerate() {
        assert_eq!(pair.map(f32::to_bits), [sines[i].to_bits(), cosines[i].to_bits()], "math_sincos({})", wide[i]);
    }
}

/// The high word of products, exact.
pub fn mul_high(run: &mut Run, samples: usize) {
    let mut points = Points(8);
    let edges = [0, 1, 2, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
    let mut pairs: Vec<[u32; 2]> = edges.iter().flat_map(|&a| edges.map(|b| [a, b])).collect();
    pairs.extend((0..samples).map(|_| [points.word(), points.word()]));
    let rows: Vec<u32> = pairs.iter().flat_map(|p| [MUL_HIGH, 0, 0, 0, 0, p[0], p[1], 0]).collect();
    for (row, [a, b]) in run(&rows).chunks_exact(ROW).zip(pairs) {
        assert_eq!(row[7], ((u64::from(a) * u64::from(b)) >> 32) as u32, "math_mul_high({a}, {b})");
    }
}
