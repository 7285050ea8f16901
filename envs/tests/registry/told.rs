//! What a step tells beside observation and reward: infos, agents that are out, starts, the steps so far.

use shadergym_envs::{AutoresetMode, Batch, Kind};

use crate::case::Case;

const MODES: [AutoresetMode; 3] = [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled];

/// Words of infos as the numbers that are summed.
fn numbers(case: &Case, words: &[u32]) -> Vec<f32> {
    let kinds = case.spec().info.as_ref().map_or(Vec::new(), |info| info.kinds());
    let number = |(word, kind): (&u32, &Kind)| match kind {
        Kind::F32 => f32::from_bits(*word),
        Kind::U32 => *word as f32,
        Kind::I32 => *word as i32 as f32,
    };
    words.iter().zip(kinds.iter().cycle()).map(number).collect()
}

/// Starts are where the observation is the first of an episode, and the steps so far are 0 exactly there.
pub fn starts_and_steps_tell_where_episodes_begin(case: &Case) {
    let n = 35;
    for mode in MODES {
        let mut batch = case.open(n, |o| o.autoreset_mode(mode).max_episode_steps(7));
        assert!(batch.elapsed_steps().is_err(), "before the first reset");
        batch.reset(31).expect("resets");
        assert!(batch.view().starts().iter().all(|s| *s), "{mode:?}: a reset starts all");
        assert_eq!(batch.elapsed_steps().expect("reads"), vec![0; n]);
        let mut elapsed = vec![0u32; n];
        let mut ended = vec![false; n];
        for t in 0..30 {
            // Recorded and plain calls tell the same.
            let recorded = (t % 2 == 1).then(|| batch.record(1).expect("records"));
            if recorded.is_none() {
                batch.rollout(1).expect("rolls out");
            }
            let view = batch.view();
            for i in 0..n {
                let start = match mode {
                    AutoresetMode::NextStep => ended[i],
                    AutoresetMode::SameStep => view.ended(i),
                    AutoresetMode::Disabled => false,
                };
                elapsed[i] = if start { 0 } else { elapsed[i] + 1 };
                ended[i] = view.ended(i);
                assert_eq!(view.started(i), start, "{mode:?}, instance {i}, call {t}");
            }
            assert_eq!(recorded.as_ref().map_or(view.starts(), |r| r.starts()), view.starts());
            assert_eq!(batch.elapsed_steps().expect("reads"), elapsed, "{mode:?}, call {t}");
            if mode == AutoresetMode::Disabled && ended.contains(&true) {
                let before = batch.view().starts().to_vec();
                batch.reset_masked(&ended, None).expect("selects some");
                for i in 0..n {
                    assert_eq!(batch.view().started(i), ended[i] || before[i]);
                    elapsed[i] = if ended[i] { 0 } else { elapsed[i] };
                }
                ended.fill(false);
            }
        }
    }
}

/// Every word of the infos is finite, 0 where an instance only started; the sums over episodes, of the newest and of all
/// in the statistics, are those of the recording; nothing is told where nothing is declared.
pub fn infos_add_up(case: &Case) {
    let (n, steps) = (35, 120);
    let spec = case.spec();
    let words = spec.info_words();
    for mode in MODES {
        let mut batch = case.open(n, |o| o.autoreset_mode(mode).max_episode_steps(29));
        batch.reset(33).expect("resets");
        let recording = batch.record(steps).expect("records");
        let (Some(rows), Some(of_episodes)) = (recording.infos(), batch.view().episode_infos()) else {
            assert!(spec.info.is_none() && recording.infos().is_none() && recording.stats().info_sum.is_empty());
            return;
        };
        assert_eq!((rows.len(), of_episodes.len()), (steps * n * words, n * words));
        assert_eq!(batch.view().infos().expect("declared"), &rows[(steps - 1) * n * words..]);
        let values = numbers(case, rows);
        assert!(values.iter().all(|v| v.is_finite()));
        let (mut sums, mut latest, mut total) = (vec![0.0f64; n * words], vec![0.0f32; n * words], vec![0.0f64; words]);
        let (mut ended, mut episodes) = (vec![false; n], 0);
        for (at, row) in values.chunks_exact(words).enumerate() {
            let i = at % n;
            if ended[i] && mode != AutoresetMode::SameStep {
                assert!(row.iter().all(|v| *v == 0.0), "{mode:?}: a call without a transition tells nothing");
                sums[i * words..(i + 1) * words].fill(0.0);
                ended[i] = mode == AutoresetMode::Disabled;
                continue;
            }
            let sum = &mut sums[i * words..(i + 1) * words];
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
            ended[i] = recording.terminated()[at] | recording.truncated()[at];
            if ended[i] {
                episodes += 1;
                latest[i * words..].iter_mut().zip(&*sum).for_each(|(latest, sum)| *latest = *sum as f32);
                total.iter_mut().zip(&*sum).for_each(|(total, value)| *total += value);
                sum.fill(0.0);
            }
        }
        assert!(episodes >= n as u64 && episodes == recording.stats().episodes);
        assert_eq!(of_episodes, latest, "{mode:?}: sums of the newest episodes");
        for (word, (sum, expected)) in recording.stats().info_sum.iter().zip(&total).enumerate() {
            // The instances' own sums are f32 over few episodes.
            assert!(
                (sum - expected).abs() <= 1e-5 * expected.abs().max(1.0),
                "{mode:?}, word {word}: {sum} {expected}"
            );
        }
        let field = &spec.info.as_ref().expect("declared").fields[0];
        let one = recording.info(&field.name).expect("a field");
        assert_eq!(one.len(), steps * n * field.words());
        assert_eq!(one[0], f64::from(values[field.offset]));
        assert!(recording.info("no such info").is_none());
    }
}

/// Agents that are out stay out until the next start, at which nobody is; nothing is told where nothing is declared.
pub fn agents_stay_out(case: &Case) {
    let (n, steps, agents) = (35, 120, case.spec().agents);
    for mode in MODES {
        let mut batch = case.open(n, |o| o.autoreset_mode(mode));
        batch.reset(35).expect("resets");
        let recording = batch.record(steps).expect("records");
        let Some(done) = recording.agent_done() else {
            assert!(!case.spec().agent_done && batch.view().agent_done().is_none());
            return;
        };
        assert_eq!(done.len(), steps * n * agents);
        assert_eq!(batch.view().agent_done().expect("declared"), &done[(steps - 1) * n * agents..]);
        assert!(done.contains(&true), "nobody is ever out");
        for at in n..steps * n {
            let before = at - n;
            if recording.terminated()[before] | recording.truncated()[before] {
                if mode != AutoresetMode::SameStep {
                    assert!(!done[at * agents..(at + 1) * agents].contains(&true), "{mode:?}: out after a start");
                }
                continue;
            }
            for agent in 0..agents {
                assert!(done[at * agents + agent] || !done[before * agents + agent], "{mode:?}: agent {agent} is back");
            }
        }
    }
}

/// A physics that loses hold of its numbers ends its episode and says so, and nobody else sees anything of it. Every word of
/// every body becomes something that no body can have, in an instance of its own between two that are left alone.
pub fn blow_ups_stay_alone(case: &Case) {
    let spec = case.spec();
    let bodies = spec.state.fields.iter().filter(|field| field.name.starts_with("bodies"));
    let words: Vec<usize> = bodies.flat_map(|field| field.offset..field.offset + field.words()).collect();
    assert!(!words.is_empty(), "{} has bodies", spec.id);
    // States put in have to be finite; sums of the largest numbers are not.
    let bad = [1e30, -f32::MAX];
    let n = 2 * words.len() * bad.len() + 1;
    let [mut hurt, mut well] = [(); 2].map(|()| {
        let mut batch = case.open(n, |o| o.autoreset_mode(AutoresetMode::Disabled));
        batch.reset(5).expect("resets");
        batch.rollout(3).expect("rolls out");
        batch
    });
    let mut states = hurt.get_state(..).expect("reads");
    for (i, (word, value)) in words.iter().flat_map(|word| bad.map(|value| (word, value))).enumerate() {
        states[(2 * i + 1) * spec.state.words + word] = value.to_bits();
    }
    hurt.set_state(.., &states).expect("writes");
    let stats = hurt.rollout(1).expect("rolls out");
    well.rollout(1).expect("rolls out");
    let told = hurt.view().info("blown_up").expect("a field");
    let width = spec.observation_words() * spec.agents;
    let rows = |batch: &Batch| batch.view().observations().words().chunks_exact(width).map(<[u32]>::to_vec).collect();
    let (seen, expected): (Vec<Vec<u32>>, Vec<Vec<u32>>) = (rows(&hurt), rows(&well));
    for i in 0..n {
        assert!(hurt.view().rewards()[i].is_finite(), "reward of instance {i}");
        if i % 2 == 1 {
            assert!(told[i] == 1.0 && hurt.view().terminated()[i], "instance {i} has not blown up");
            assert!(seen[i].iter().all(|word| f32::from_bits(*word).is_finite()), "instance {i} sees {:?}", seen[i]);
        } else {
            assert_eq!(told[i], 0.0, "instance {i} has blown up");
            assert_eq!(seen[i], expected[i], "instance {i} sees something of its neighbours");
            assert_eq!(
                hurt.view().rewards()[i].to_bits(),
                well.view().rewards()[i].to_bits(),
                "reward of instance {i}"
            );
        }
    }
    assert_eq!(stats.info_sum.iter().sum::<f64>(), (n / 2) as f64, "episodes that blew up are counted");
}
