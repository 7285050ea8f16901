//! The table of built-in functions: each entry is probed for every kind of argument it takes by a self-test environment,
//! `torture_built_ins.wgsl`, which is written from the table. Like all of them it is compiled for every level of the lanes
//! and compared with width 1 (`--test lanes`), and with the interpreter and GPUs (`--test selftest`).
//!
//! After a change of the table: `SHADERGYM_UPDATE_SNAPSHOTS=1 cargo test --release --workspace --locked --test built_ins`

mod common;

use std::fmt::Write;
use std::path::Path;

use shadergym_compiler::bytecode::Options;
use shadergym_compiler::{Argument, BUILT_INS, BuiltIn, ScalarKind, compile};

const HEAD: &str = r#"//! TestBuiltIns-v0: every built-in function of the compiler's table, of varying and of uniform values.
//!
//! # Source
//! Written from the table by the test `built_ins` of the compiler: edit that one.
//! # Reward
//! The lowest bit of the first word.
//! # Start
//! Random words.
//! # End
//! Terminated with probability 1/64 in every step.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_next};
import package::shared::math::{math_sqrt};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 100u;

struct Params {
    /// 1; added to every input
    salt: u32,
}
const DEFAULT_PARAMS: Params = Params(7u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(1000000u);

struct State {
    /// 1; hashed results, one word per function
    words: array<u32, ENTRIES>,
}

alias Action = u32;
/// added to the inputs
const ACTION_COUNT: u32 = 4u;

struct Observation {
    /// 1; low bits of the first word
    low: f32,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 65535.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    for (var i = 0u; i < ENTRIESu; i++) {
        state.words[i] = rng_next(rng) + params.salt;
    }
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    probe(state, rng_next(rng) + params.salt + action);
    // The same in all lanes.
    for (var i = 0u; i < 3u; i++) {
        probe(state, (i + 5u) * 0x9e3779b1u);
    }
    return Outcome(f32((*state).words[0] & 1u), (rng_next(rng) & 63u) == 0u);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(state.words[0] & 0xffffu));
}

fn mix(h: u32, v: u32) -> u32 {
    let x = (h ^ v) * 0x9e3779b1u;
    return x ^ (x >> 15u);
}

/// Small multiples of a quarter: sums of products are exact in any order.
fn float(r: u32) -> f32 {
    return f32(i32(r >> 24u) - 128) * 0.25;
}

/// Small whole numbers, whose determinants are exact.
fn entry(r: u32) -> f32 {
    return f32(i32(r >> 29u) - 4);
}

/// Operands at the edges, or random. No switch: SwiftShader compiles path by path.
fn unsigned(r: u32) -> u32 {
    let kind = r >> 28u;
    let random = r * 0x85ebca6bu;
    var x = select(random, random >> 24u, kind < 6u);
    x = select(x, 0x7fffffffu, kind == 3u);
    x = select(x, 0x80000000u, kind == 2u);
    x = select(x, 0xffffffffu, kind == 1u);
    return select(x, 0u, kind == 0u);
}

fn signed(r: u32) -> i32 {
    return bitcast<i32>(unsigned(r));
}

fn condition(r: u32) -> bool {
    return (r >> 31u) == 1u;
}

/// Zeros may have any sign.
fn word_f32(x: f32) -> u32 {
    return select(bitcast<u32>(x), 0u, x == 0.0);
}

fn word_i32(x: i32) -> u32 {
    return bitcast<u32>(x);
}

fn word_u32(x: u32) -> u32 {
    return x;
}

fn word_bool(x: bool) -> u32 {
    return select(0u, 1u, x);
}
"#;

/// WGSL's name of a kind, and the header's function that draws one.
fn names(kind: ScalarKind) -> (&'static str, &'static str) {
    match kind {
        ScalarKind::Float => ("f32", "float"),
        ScalarKind::Signed => ("i32", "signed"),
        ScalarKind::Unsigned => ("u32", "unsigned"),
        ScalarKind::Bool => ("bool", "condition"),
    }
}

/// Writes the probe of one function.
struct Probe {
    salt: u32,
    body: String,
}

impl Probe {
    /// A random word of its own.
    fn random(&mut self) -> String {
        self.salt = self.salt.wrapping_mul(0x2c92_77b5).wrapping_add(0xac56_4b05);
        format!("r * {}u", self.salt | 1)
    }

    fn scalar(&mut self, draw: &str) -> String {
        format!("{draw}({})", self.random())
    }

    fn vector(&mut self, ty: &str, draw: &str, size: usize) -> String {
        let parts: Vec<String> = (0..size).map(|_| self.scalar(draw)).collect();
        if size == 1 { parts[0].clone() } else { format!("vec{size}<{ty}>({})", parts.join(", ")) }
    }

    /// Hashes the components of a value.
    fn hash(&mut self, value: &str, ty: &str, parts: &[String]) {
        let _ = writeln!(self.body, "    {{\n        let v = {value};");
        for part in parts {
            let _ = writeln!(self.body, "        h = mix(h, word_{ty}(v{part}));");
        }
        self.body.push_str("    }\n");
    }

    fn call(&mut self, built_in: &BuiltIn, kind: ScalarKind, size: usize) {
        let (ty, draw) = names(kind);
        let arguments: Vec<String> = built_in
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Same | Argument::Vector | Argument::Vector3 => self.vector(ty, draw, size),
                Argument::Matrix => {
                    let columns: Vec<String> = (0..3).map(|_| self.vector(ty, "entry", size)).collect();
                    format!("mat3x{size}<f32>({})", columns.join(", "))
                }
                Argument::Square => {
                    let columns: Vec<String> = (0..size).map(|_| self.vector(ty, "entry", size)).collect();
                    format!("mat{size}x{size}<f32>({})", columns.join(", "))
                }
                // Past the width too.
                Argument::Bits => format!("({}) >> 26u", self.random()),
                Argument::Condition => self.vector("bool", "condition", size),
            })
            .collect();
        let name = built_in.name;
        let components: Vec<String> =
            if size == 1 { vec![String::new()] } else { (0..size).map(|i| format!("[{i}]")).collect() };
        let one = [String::new()];
        match (name, &arguments[..]) {
            ("all" | "any", [v]) => self.hash(&format!("{name}({v})"), "bool", &one),
            ("dot" | "determinant", _) => self.hash(&format!("{name}({})", arguments.join(", ")), ty, &one),
            ("transpose", [m]) => {
                let parts: Vec<String> = (0..size).flat_map(|c| (0..3).map(move |r| format!("[{c}][{r}]"))).collect();
                self.hash(&format!("transpose({m})"), ty, &parts);
            }
            // WGSL leaves open what comes out if the bounds are the wrong way round.
            ("clamp", [x, a, b]) => {
                self.hash(&format!("clamp({x}, min({a}, {b}), max({a}, {b}))"), ty, &components);
            }
            ("bitcast", [v]) => {
                let into = |to: &str| match size {
                    1 => to.to_owned(),
                    _ => format!("vec{size}<{to}>"),
                };
                for to in ["f32", "i32", "u32"].into_iter().filter(|to| *to != ty) {
                    // Bits of a number: what becomes of others is up to the device.
                    let v = match (to, size) {
                        ("f32", 1) => format!("({v} & 0x1fffffff) | 0x20000000"),
                        ("f32", _) => format!("({v} & vec{size}<{ty}>(0x1fffffff)) | vec{size}<{ty}>(0x20000000)"),
                        _ => v.clone(),
                    };
                    self.hash(&format!("bitcast<{}>({v})", into(to)), to, &components);
                }
            }
            // Bounded on GPUs only.
            ("sqrt", _) if size == 1 => {
                let value = format!("round(math_sqrt(abs({})) * 4.0)", arguments[0]);
                self.hash(&value, ty, &one);
            }
            ("sqrt", _) => {}
            _ => self.hash(&format!("{name}({})", arguments.join(", ")), ty, &components),
        }
    }
}

/// Sizes of the values that an entry is probed with: scalars, and vectors of another length for each entry.
fn sizes(built_in: &BuiltIn, index: usize) -> Vec<usize> {
    match built_in.arguments[0] {
        Argument::Vector3 => vec![3],
        Argument::Matrix | Argument::Square => vec![2, 3, 4],
        Argument::Vector => vec![2 + index % 3, 2 + (index + 1) % 3],
        _ => vec![1, 2 + index % 3],
    }
}

/// The self-test environment.
fn environment() -> String {
    let mut text = HEAD.replace("ENTRIES", &BUILT_INS.len().to_string());
    text.push_str("\nfn probe(state: ptr<function, State>, r: u32) {\n");
    for (i, built_in) in BUILT_INS.iter().enumerate() {
        let _ = writeln!(text, "    (*state).words[{i}] = mix((*state).words[{i}], probe_{}(r));", built_in.name);
    }
    text.push_str("}\n");
    for (i, built_in) in BUILT_INS.iter().enumerate() {
        let mut probe = Probe { salt: i as u32, body: String::new() };
        for &kind in built_in.kinds {
            for size in sizes(built_in, i) {
                probe.call(built_in, kind, size);
            }
        }
        let _ = write!(
            text,
            "\nfn probe_{}(r: u32) -> u32 {{\n    var h = 0u;\n{}    return h;\n}}\n",
            built_in.name, probe.body
        );
    }
    text
}

#[test]
fn the_table_is_sorted_and_every_entry_is_probed() {
    assert!(BUILT_INS.windows(2).all(|pair| pair[0].name < pair[1].name), "not sorted by name");
    let path = common::shaders().join("tests/selftest/torture_built_ins.wgsl");
    common::compare_with(&path, &environment());
}

/// The self-test environment with one more call, with scalars of a kind.
fn compiles(built_in: &BuiltIn, kind: ScalarKind) -> Result<(), String> {
    let mut probe = Probe { salt: 1, body: String::new() };
    probe.call(built_in, kind, 1);
    let first = "fn probe(state: ptr<function, State>, r: u32) {\n";
    let text = environment().replace(first, &format!("{first}    (*state).words[0] += probe_more(r);\n"));
    let text = format!("{text}\nfn probe_more(r: u32) -> u32 {{\n    var h = 0u;\n{}    return h;\n}}\n", probe.body);
    let compiled = compile(Path::new("built_in.wgsl"), &text, &common::library()).map_err(|e| e.to_string())?;
    let lanes = compiled.lanes().map_err(|e| e.to_string());
    let options = Options { max_episode_steps: 0, autoreset: 0, sticky_probability: 0.0, shared: true };
    let interpreted = compiled.bytecode(options).map_err(|e| e.to_string());
    match (lanes, interpreted) {
        (Ok(_), Ok(_)) => Ok(()),
        (Err(a), Err(_)) => Err(a),
        (a, b) => panic!("{} of {kind:?}: lanes {:?}, interpreter {:?}", built_in.name, a.err(), b.err().is_some()),
    }
}

#[test]
fn other_kinds_are_refused_by_both_back_ends() {
    let all = [ScalarKind::Float, ScalarKind::Signed, ScalarKind::Unsigned, ScalarKind::Bool];
    let of_scalars = |b: &&BuiltIn| b.arguments[0] == Argument::Same && b.name != "bitcast" && b.only_in.is_none();
    let mut refused = 0;
    for built_in in BUILT_INS.iter().filter(of_scalars) {
        for kind in all {
            let takes = built_in.kinds.contains(&kind);
            match compiles(built_in, kind) {
                Ok(()) => assert!(takes, "{} of {kind:?} is translated, the table has it not", built_in.name),
                Err(error) => {
                    assert!(!takes, "{} of {kind:?}: {error}", built_in.name);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 20, "only {refused} were refused");
}
