//! The self-test environments of the shaders crate, compiled at run time: on the GPU back end, natively and in a browser, and
//! interpreted on the CPU. The torture environments must go through bitwise the same states as on the lanes, which makes all
//! three oracles of the lane generator; the prelude must pass the checks that it passes on the lanes. Without an adapter or a
//! browser its tests are reported as ignored.

#[path = "../../shaders/tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use common::{Lanes, math, prelude};
use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_envs::gpu::{adapters, add_instance};
use shadergym_envs::{Batch, BatchOptions, Device, Kind, Level, make_from_file};
use shadergym_selftest::selftests;
use shadergym_shaders::Environment;

/// Instances; no multiple of the workgroup size or of a vector.
const INSTANCES: usize = 67;
const CALLS: usize = 40;
const STEPS_PER_CALL: usize = 15;

/// A check of the prelude, of so many samples where it samples arguments.
type Check = fn(&mut prelude::Run, usize);

/// Checks of the prelude: name, environment, instances at most, body.
const PRELUDE: [(&str, &str, usize, Check); 7] = [
    ("generators_equal_rand_pcg", "prelude_rng", 4096, |run, _| prelude::rng_many(run)),
    ("generators_equal_the_vectors", "prelude_rng", 1, |run, _| prelude::rng_vectors(run)),
    ("random_values_are_stable", "prelude_rng", 1, |run, _| prelude::rng_stability(run, false)),
    ("random_values_are_distributed_as_documented", "prelude_rng", 8192, |run, _| prelude::rng_distributions(run)),
    ("math_keeps_its_bounds", "prelude_math", 1 << 16, |run, n| math::bounds(run, n)),
    ("math_is_sane_outside_its_ranges", "prelude_math", 1 << 16, |run, n| math::edges(run, n)),
    ("products_are_exact", "prelude_math", 1 << 16, |run, n| math::mul_high(run, n)),
];

/// States go to the browser and back as text, and more of them take minutes.
const SAMPLES_IN_A_BROWSER: usize = math::SAMPLES >> 6;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // Where a device is required, its tests fail without one.
    let gpu = adapters().is_empty() && std::env::var_os("SHADERGYM_REQUIRE_GPU").is_none();
    let browser = shadergym_browser::missing().is_some();
    if !browser {
        add_instance(shadergym_browser::instance);
    }
    let browser = browser && std::env::var_os("SHADERGYM_REQUIRE_BROWSER").is_none();
    let mut trials = Vec::new();
    let devices = [("gpu", "gpu", gpu, math::SAMPLES), ("browser", "gpu:browser", browser, SAMPLES_IN_A_BROWSER)];
    for (name, device, missing, samples) in devices {
        let device: Device = device.parse().expect("a device");
        for e in selftests().iter().filter(|e| e.stem.starts_with("torture_")) {
            // As the back end does on this device; and, where rows have several parts, as it does where workgroups gather them.
            let facts = e.facts();
            let parts = facts.agents > 1 || facts.action_mask || facts.global_state.is_some();
            for (rows, gather) in [("", false), ("_with_rows_gathered", true)].into_iter().take(1 + usize::from(parts))
            {
                let device = device.clone();
                let test = format!("{}::{name}::equals_the_lanes{rows}", e.facts().slug());
                let trial = Trial::test(test, move || equals_the_lanes(e, &at(INSTANCES, device), gather));
                trials.push(trial.with_ignored_flag(missing));
            }
        }
        for e in selftests().iter().filter(|e| e.facts().family == "examples") {
            let device = device.clone();
            let trial = match e.facts().integer {
                true => Trial::test(format!("{}::{name}::equals_the_lanes", e.facts().slug()), move || {
                    equals_the_lanes(e, &at(INSTANCES, device), false)
                }),
                false => Trial::test(format!("{}::{name}::is_close_to_the_lanes", e.facts().slug()), move || {
                    is_close_to_the_lanes(e, device)
                }),
            };
            trials.push(trial.with_ignored_flag(missing));
        }
        for (check_name, stem, instances, check) in PRELUDE {
            let device = device.clone();
            let trial = Trial::test(format!("{stem}::{name}::{check_name}"), move || {
                holds(stem, &at(instances.min(samples), device), check, samples)
            });
            trials.push(trial.with_ignored_flag(missing));
        }
    }
    trials.push(Trial::test("torture_sums::sums_are_exact", sums_are_exact).with_ignored_flag(gpu));
    // Where GPUs may do as they please the interpreter may not.
    for environment in selftests().iter().filter(|e| !e.stem.starts_with("prelude_")) {
        for level in [Level::Scalar, Level::best()] {
            let name = format!("{}::interpreter::equals_the_lanes::{level}", environment.facts().slug());
            let options = at(INSTANCES, Device::Cpu).level(level);
            trials.push(Trial::test(name, move || equals_the_lanes(environment, &options, false)));
        }
    }
    for (name, stem, instances, check) in PRELUDE {
        let trial = move || holds(stem, &at(instances, Device::Cpu), check, math::SAMPLES);
        trials.push(Trial::test(format!("{stem}::interpreter::{name}"), trial));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn environment(stem: &str) -> &'static Environment {
    selftests().iter().find(|e| e.stem == stem).expect("a self-test environment")
}

fn at(instances: usize, device: Device) -> BatchOptions {
    BatchOptions::new(instances).device(device)
}

fn batch(environment: &Environment, options: &BatchOptions) -> Result<Batch, Failed> {
    let folder = match &*environment.facts().family {
        "examples" => "examples",
        _ => "../shaders/tests/selftest",
    };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    Ok(make_from_file(folder.join(format!("{}.wgsl#{}", environment.stem, environment.id)), options)?)
}

/// `gather` makes workgroups of a GPU gather rows; otherwise they do so where the device is of a kind that gains by it.
fn equals_the_lanes(environment: &'static Environment, options: &BatchOptions, gather: bool) -> Result<(), Failed> {
    let mut other = batch(environment, options)?;
    let mut lanes = Lanes::new(environment, Level::best(), INSTANCES).expect("the best level is there");
    other.reset(9)?;
    if gather {
        other.on_device()?.ok_or("the batch is not on a GPU")?.gather_rows(true);
    }
    lanes.reset(9);
    let facts = environment.facts();
    let words = facts.state.words;
    let mut wrong = BTreeMap::new();
    for call in 0..CALLS {
        let (found, expected) = (lanes.states(), other.get_state(..)?);
        for (i, (lanes, other)) in found.iter().zip(&expected).enumerate().filter(|(_, (a, b))| a != b) {
            let text = format!(
                "state word {}: instance {}, by step {}: lanes {lanes:#x}, other {other:#x}",
                i % words,
                i / words,
                call * STEPS_PER_CALL
            );
            wrong.entry(i % words).or_insert(text);
        }
        other.rollout(STEPS_PER_CALL)?;
        lanes.play(STEPS_PER_CALL);
        let view = other.view();
        let told = [
            ("observations", view.observations().words() == lanes.observations),
            ("global states", view.global_states().map_or(&[][..], |states| states.words()) == lanes.global_states),
            ("infos", view.infos().unwrap_or_default() == lanes.infos),
            ("agent_done", view.agent_done().unwrap_or_default() == lanes.agent_done),
            ("truncated", view.truncated() == lanes.truncated),
        ];
        for (what, _) in told.into_iter().filter(|(_, same)| !same) {
            wrong.entry(words).or_insert(format!("{what} differ after {} steps", (call + 1) * STEPS_PER_CALL));
        }
    }
    // Pictures of GPUs may be rounded in another way.
    if other.describe().contains("interpreter") && facts.pixel_aspect.is_some() {
        const INSTANCE: usize = 3;
        if other.render(INSTANCE, 8, 8)?.rgb != lanes.render(INSTANCE, 8, 8) {
            wrong.insert(words + 1, "the pictures differ".to_owned());
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into_values().collect::<Vec<_>>().join("\n").into()) }
}

/// Largest difference between one step of an example on the lanes and on the GPU, absolute below 1 and relative above. GPU
/// compilers may contract products and sums and divide 2.5 ulp off; sixty rounds of a solver are some thousand operations
/// of half an ulp (6e-8) each, on states copied over before every step.
const EXAMPLE_TOLERANCE: f32 = 1e-4;

/// Steps of an example; below the time limits.
const EXAMPLE_STEPS: usize = 100;

fn is_close_to_the_lanes(environment: &'static Environment, device: Device) -> Result<(), Failed> {
    let mut gpu = batch(environment, &at(INSTANCES, device))?;
    let mut lanes = Lanes::new(environment, Level::best(), INSTANCES).expect("the best level is there");
    gpu.reset(9)?;
    lanes.reset(9);
    let kinds = environment.facts().state.kinds();
    // An instance that has ended starts anew on the lanes, but goes on where its state was copied to.
    let mut ended = [false; INSTANCES];
    for step in 0..EXAMPLE_STEPS {
        gpu.set_state(.., &lanes.states())?;
        gpu.rollout(1)?;
        lanes.play(1);
        for (i, (a, b)) in lanes.states().into_iter().zip(gpu.get_state(..)?).enumerate() {
            let (x, y) = (f32::from_bits(a), f32::from_bits(b));
            if ended[i / kinds.len()] {
                continue;
            }
            let close = (x - y).abs() <= EXAMPLE_TOLERANCE * x.abs().max(1.0);
            if a != b && (kinds[i % kinds.len()] != Kind::F32 || !close) {
                let (word, instance) = (i % kinds.len(), i / kinds.len());
                return Err(format!("state word {word} of instance {instance}, step {step}: lanes {x}, GPU {y}").into());
            }
        }
        for (ended, (a, b)) in ended.iter_mut().zip(lanes.terminated.iter().zip(&lanes.truncated)) {
            *ended |= a | b;
        }
        if ended.iter().all(|&e| e) {
            return if step >= 10 { Ok(()) } else { Err("all instances ended within ten steps".into()) };
        }
    }
    Ok(())
}

/// Returns of episodes and their sums, where single floats would stand still at 2^24: all rewards are whole numbers, so the
/// sums are known exactly, and a return is off by its own rounding alone.
fn sums_are_exact() -> Result<(), Failed> {
    const STEPS: usize = 3000;
    let environment = environment("torture_sums");
    let n = INSTANCES;
    for level in Level::available() {
        let lanes = || {
            let mut lanes = Lanes::new(environment, level, n).expect("an available level");
            lanes.reset(9);
            lanes
        };
        let (mut stepped, mut fused) = (lanes(), lanes());
        let (mut running, mut newest, mut sums) = (vec![0i64; 2 * n], vec![0.0f32; 2 * n], vec![0.0f64; 2 * n]);
        let mut ended = vec![false; n];
        for _ in 0..STEPS {
            stepped.play(1);
            for row in 0..2 * n {
                // The step after an end only starts.
                running[row] = if ended[row / 2] { 0 } else { running[row] + stepped.rewards[row] as i64 };
                if stepped.terminated[row / 2] {
                    newest[row] = running[row] as f32;
                    sums[row] += f64::from(newest[row]);
                }
            }
            ended.copy_from_slice(&stepped.terminated);
        }
        assert!(newest.iter().any(|r| r.abs() > 2f32.powi(25)), "the sums are large enough to matter");
        fused.play(STEPS);
        assert_eq!(stepped.finished_return, newest, "{level}");
        assert_eq!((&fused.finished_return, &fused.return_sum), (&newest, &sums), "{level}");
        if level == Level::best() && !adapters().is_empty() {
            let gpu = || batch(environment, &at(n, Device::Gpu(None)));
            let (mut stepped, mut fused) = (gpu()?, gpu()?);
            stepped.reset(9)?;
            fused.reset(9)?;
            let stats = fused.rollout(STEPS)?;
            for agent in 0..2 {
                let expected: f64 = sums.iter().skip(agent).step_by(2).sum();
                assert_eq!(stats.return_sum[agent], expected);
            }
            assert_eq!(fused.view().episode_returns(), newest);
            for _ in 0..STEPS / 100 {
                stepped.record(97)?;
                for _ in 0..3 {
                    stepped.rollout(1)?;
                }
            }
            assert_eq!(stepped.view().episode_returns(), newest);
        }
    }
    Ok(())
}

fn holds(stem: &str, options: &BatchOptions, check: Check, samples: usize) -> Result<(), Failed> {
    let environment = environment(stem);
    let words = environment.facts().state.words;
    let mut batch = batch(environment, options)?;
    let instances = batch.num_envs();
    batch.reset(0)?;
    check(
        &mut |rows| {
            let mut out = Vec::with_capacity(rows.len());
            for chunk in rows.chunks(instances * words) {
                let mut all = chunk.to_vec();
                all.resize(instances * words, 0);
                batch.set_state(.., &all).expect("an open batch");
                batch.rollout(1).expect("an open batch");
                out.extend_from_slice(&batch.get_state(..).expect("an open batch")[..chunk.len()]);
            }
            out
        },
        samples,
    );
    Ok(())
}
