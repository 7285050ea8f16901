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
        // The rest is told by a hash; these two say where to look.
        let places = |of: &dyn Fn(usize) -> bool, len: usize| (0..len).filter(|&i| of(i)).take(8).collect::<Vec<_>>();
        let (seen, told) = ([x.observations().words(), y.observations().words()], [x.rewards(), y.rewards()]);
        let observations = places(&|i| seen[0][i] != seen[1][i], seen[0].len());
        let rewards = places(&|i| told[0][i].to_bits() != told[1][i].to_bits(), told[0].len());
        let differ = format!("words of observations {observations:?}, rewards {rewards:?}");
        assert_eq!(fingerprint(&x), fingerprint(&y), "chunk {chunk} of 256 steps: {differ}");
    }
}

/// Largest difference between one transition on the GPU and on the CPU, absolute below 1 and relative above. GPU
/// compilers may contract a product and a sum and divide 2.5 ulp off; a transition is a few hundred operations of half
/// an ulp (6e-8) each, on states copied over before every step.
const PARITY_TOLERANCE: f64 = 1e-5;

/// How much further a row of rigid bodies may be off than the CPU's own result moves when all floats of the state move by [`NUDGE`]: where
/// unsettled rounds of a solver of contacts decide, one rounding on the way becomes 1e-3 and more.
const SENSITIVITY: f64 = 30.0;

/// Relative change of the floats of a state that tells how sensitive a transition is: four roundings.
const NUDGE: f32 = 2.4e-7;

/// Rewards of rigid bodies are compared relative to at least this share of the largest reward of random play: one may be the difference of
/// two potentials as large as that, whose roundings stay where they cancel. LunarLander's is off by 3e-5 where the largest is 100.
const REWARD_SHARE: f64 = 0.05;

/// Transitions in a million of rigid bodies that may be further off than that, by this much: where a corner of a body meets an
/// edge in one rounding and misses it in another, no small number of nudges finds it. Most on llvmpipe: 260 of LunarLander's, 1,220 of
/// the four-legged walker's.
const UNSETTLED_PER_MILLION: usize = 2000;
const UNSETTLED: f64 = 1e-2;

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
    let rigid = case.is_rigid();
    let (mut a, mut b, mut nudged) = (bare(case), bare(&cpu), rigid.then(|| bare(&cpu)));
    // Random play with many ends gives the states; instances start at different times of their episodes.
    let mut play = cpu.started(n, 82);
    let kinds = spec.state.kinds();
    let observation = spec.observation.kinds().repeat(spec.agents);
    let row_kinds = [observation.clone(), vec![Kind::F32; spec.agents], kinds.clone()].concat();
    let state_at = observation.len() + spec.agents;
    let mut scales = vec![1.0; row_kinds.len()];
    if rigid {
        let played = cpu.started(64, 83).record(200).expect("records");
        let largest = played.rewards().iter().fold(0.0f32, |most, r| r.abs().max(most));
        scales[observation.len()..state_at].fill((REWARD_SHARE * f64::from(largest)).max(1.0));
    }
    let off = |a: &[u32], b: &[u32], first: usize| off(a, b, &row_kinds, &scales, first);
    let (mut undecided, mut unsettled) = (0, 0);
    for step in 0..steps {
        play.rollout(7).expect("rolls out");
        let states = play.get_state(..).expect("reads");
        let drawn = play.record(1).expect("records");
        let advance = |batch: &mut Batch, states: &[u32]| {
            batch.reset(step).expect("resets");
            batch.set_state(.., states).expect("writes");
            batch.step(drawn.actions()).expect("steps");
            (batch.view().terminated().to_vec(), rows(batch, spec.agents))
        };
        let (x, y) = (advance(&mut a, &states), advance(&mut b, &states));
        let z = nudged.as_mut().map(|batch| {
            let moved: Vec<u32> = states.iter().zip(kinds.iter().cycle()).enumerate().map(nudge).collect();
            advance(batch, &moved).1
        });
        for i in 0..n {
            let alike = x.0[i] == y.0[i];
            // What an end on one device only is worth and shows is another matter; the state stays the same.
            let (word, by) = off(&x.1[i], &y.1[i], if alike { 0 } else { state_at });
            if !alike || rigid && by == f64::INFINITY {
                undecided += 1;
                if rigid {
                    continue;
                }
            }
            let sensitive = z.as_ref().map_or(0.0, |z| off(&z[i], &y.1[i], 0).1);
            if by <= PARITY_TOLERANCE + SENSITIVITY * sensitive {
                continue;
            }
            unsettled += 1;
            assert!(
                rigid && by <= UNSETTLED,
                "step {step}, instance {i}: word {word} of observation, reward, state is {:#x} on the GPU, {:#x} on the CPU, {by:e} \
                 apart; four roundings of the state move the row by {sensitive:e}",
                x.1[i][word],
                y.1[i][word]
            );
        }
    }
    let allowed = n * steps as usize * UNSETTLED_PER_MILLION / 1_000_000;
    assert!(unsettled <= allowed, "{unsettled} of {} transitions are off, allowed {allowed}", n as u64 * steps);
    let allowed = 1 + n * steps as usize * UNDECIDED_PER_MILLION / 1_000_000;
    assert!(
        undecided <= allowed,
        "{undecided} of {} transitions end, or change whole numbers, on one device only, allowed {allowed}",
        n as u64 * steps
    );
}

/// A word of a state, moved up or down by [`NUDGE`] where it is a float.
fn nudge((at, (&word, kind)): (usize, (&u32, &Kind))) -> u32 {
    let value = f32::from_bits(word);
    match kind {
        Kind::F32 => (value * if at % 3 == 0 { 1.0 + NUDGE } else { 1.0 - NUDGE }).to_bits(),
        Kind::U32 | Kind::I32 => word,
    }
}

/// Observations, rewards and state of each instance, behind one another.
fn rows(batch: &mut Batch, agents: usize) -> Vec<Vec<u32>> {
    let states = batch.get_state(..).expect("reads");
    let view = batch.view();
    let words = states.len() / batch.num_envs();
    let row = |i: usize| {
        let observations = (i * agents..(i + 1) * agents).flat_map(|row| view.observations().row(row).words().to_vec());
        let rewards = bits(&view.rewards()[i * agents..(i + 1) * agents]);
        observations.chain(rewards).chain(states[i * words..(i + 1) * words].iter().copied()).collect()
    };
    (0..batch.num_envs()).map(row).collect()
}

/// The word, from `first` on, of two rows that differs most, and by how much: relative to its scale below that, to itself
/// above; infinite for whole numbers, and the largest number where one is none.
fn off(a: &[u32], b: &[u32], kinds: &[Kind], scales: &[f64], first: usize) -> (usize, f64) {
    let by = |word: usize| {
        let (a, b) = (a[word], b[word]);
        let (x, y) = (f64::from(f32::from_bits(a)), f64::from(f32::from_bits(b)));
        let by = match kinds[word] {
            Kind::F32 if !x.is_finite() || !y.is_finite() => f64::MAX,
            Kind::F32 => (x - y).abs() / y.abs().max(scales[word]),
            Kind::U32 | Kind::I32 => [0.0, f64::INFINITY][usize::from(a != b)],
        };
        (word, by)
    };
    (first..kinds.len()).map(by).max_by(|a, b| a.1.total_cmp(&b.1)).expect("states have words")
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
