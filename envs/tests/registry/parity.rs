//! Back ends against each other: the GPU's against the CPU's, the interpreter against the lanes.

use shadergym_envs::{AutoresetMode, Batch, Device, Kind, SampleRng};

use crate::case::{Case, action_words, bits, fingerprint, random_params};

pub fn integer_environments_equal_the_cpu(case: &Case) {
    assert!(case.is_gpu() && case.spec().integer);
    let cpu = Case::new(case.environment, Device::Cpu, false);
    let (mut a, mut b) = (case.started(65, 81), cpu.started(65, 81));
    for chunk in 0..16 {
        let (x, y) = (a.record(256).expect("records"), b.record(256).expect("records"));
        assert_eq!(action_words(x.actions()), action_words(y.actions()), "actions drawn in chunk {chunk}");
        assert_eq!(fingerprint(&x), fingerprint(&y), "chunk {chunk} of 256 steps");
    }
}

/// Largest difference between one transition on the GPU and on the CPU, absolute below 1 and relative above. GPU
/// compilers may contract a product and a sum and divide 2.5 ulp off; a transition is a few hundred operations of half
/// an ulp (6e-8) each, on states copied over before every step.
const PARITY_TOLERANCE: f64 = 1e-5;

/// Transitions in a million that may end on one device and not on the other: the state lies within the tolerance of a
/// threshold. Their rewards are not compared.
const UNDECIDED_PER_MILLION: usize = 20;

pub fn float_environments_equal_the_cpu_step_by_step(case: &Case) {
    let spec = case.spec();
    assert!(case.is_gpu() && !spec.integer);
    let (n, steps) = (1024, 64);
    let bare = |case: &Case| {
        let mut batch = case.open(n, |o| o.max_episode_steps(0).autoreset_mode(AutoresetMode::Disabled));
        batch.reset(0).expect("resets");
        batch
    };
    let cpu = Case::new(case.environment, Device::Cpu, false);
    let (mut a, mut b) = (bare(case), bare(&cpu));
    // Random play with many ends gives the states; instances start at different times of their episodes.
    let mut play = cpu.started(n, 82);
    let observation = spec.observation.kinds();
    let mut undecided = 0;
    for step in 0..steps {
        play.rollout(7).expect("rolls out");
        let states = play.get_state(..).expect("reads");
        for batch in [&mut a, &mut b] {
            batch.reset(step).expect("resets");
            batch.set_state(.., &states).expect("writes");
        }
        let drawn = play.record(1).expect("records");
        let (x, y) = (a.step(drawn.actions()).expect("steps"), b.step(drawn.actions()).expect("steps"));
        for i in 0..n {
            if x.terminated()[i] != y.terminated()[i] {
                undecided += 1;
                continue;
            }
            let rewards = i * spec.agents..(i + 1) * spec.agents;
            close(
                &bits(&x.rewards()[rewards.clone()]),
                &bits(&y.rewards()[rewards]),
                &vec![Kind::F32; spec.agents],
                "reward",
            );
            for row in i * spec.agents..(i + 1) * spec.agents {
                close(
                    x.observations().row(row).words(),
                    y.observations().row(row).words(),
                    &observation,
                    "observation",
                );
            }
        }
        let (x, y) = (a.get_state(..).expect("reads"), b.get_state(..).expect("reads"));
        let kinds = spec.state.kinds();
        for (x, y) in x.chunks_exact(kinds.len()).zip(y.chunks_exact(kinds.len())) {
            close(x, y, &kinds, "state");
        }
    }
    let allowed = 1 + n * steps as usize * UNDECIDED_PER_MILLION / 1_000_000;
    assert!(
        undecided <= allowed,
        "{undecided} of {} transitions end on one device only, allowed {allowed}",
        n as u64 * steps
    );
}

fn close(gpu: &[u32], cpu: &[u32], kinds: &[Kind], what: &str) {
    for (word, ((&gpu, &cpu), kind)) in gpu.iter().zip(cpu).zip(kinds).enumerate() {
        let (x, y) = (f64::from(f32::from_bits(gpu)), f64::from(f32::from_bits(cpu)));
        let ok = if *kind == Kind::F32 { (x - y).abs() <= PARITY_TOLERANCE * y.abs().max(1.0) } else { gpu == cpu };
        assert!(ok, "{what} word {word}: gpu {x} ({gpu:#x}), cpu {y} ({cpu:#x})");
    }
}

/// Bitwise, whatever the options: two implementations of the same WGSL on the same machine.
pub fn interpreter_equals_the_lanes(case: &Case) {
    assert!(case.from_file && !case.is_gpu());
    let lanes = Case::new(case.environment, Device::Cpu, false);
    let spec = case.spec();
    // More than a block, and no multiple of one.
    let n = 300;
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled] {
        for (own_params, sticky) in [(false, 0.0), (true, 0.3)] {
            let open = |case: &Case| {
                let mut batch = case.open(n, |o| {
                    o.autoreset_mode(mode).sticky_action_probability(sticky).max_episode_steps(40).num_threads(2)
                });
                if own_params {
                    let params = random_params(spec, n, &mut SampleRng::new(5));
                    batch.set_params_words(.., &params).expect("parameters of the box");
                }
                batch.reset(91).expect("resets");
                batch
            };
            let (mut a, mut b) = (open(case), open(&lanes));
            let what = format!("{mode:?}, own parameters {own_params}, sticky {sticky}");
            assert_eq!(a.observations().words(), b.observations().words(), "{what}: first observations");
            for chunk in 0..4 {
                let (x, y) = (a.record(60).expect("records"), b.record(60).expect("records"));
                if fingerprint(&x) != fingerprint(&y) {
                    for t in 0..60 {
                        for i in 0..n {
                            let rows = (crate::case::row(&x, t, i), crate::case::row(&y, t, i));
                            assert_eq!(rows.0, rows.1, "{what}: step {}, instance {i}", chunk * 60 + t);
                        }
                    }
                    panic!("{what}: recordings differ in what no row holds");
                }
                assert_eq!(x.stats(), y.stats(), "{what}");
                assert_eq!(a.get_state(..).expect("states"), b.get_state(..).expect("states"), "{what}: states");
                if mode == AutoresetMode::Disabled {
                    a.reset(92 + chunk as u64).expect("resets");
                    b.reset(92 + chunk as u64).expect("resets");
                }
            }
            if spec.pixel_aspect.is_some() {
                let draw = |batch: &mut Batch| batch.render(n - 1, 48, 40).expect("draws").rgb;
                assert!(draw(&mut a) == draw(&mut b), "{what}: pictures");
            }
        }
    }
}
