//! The life of an episode: the three auto-reset modes tell the same story, ends come at the exact step.

use shadergym_envs::{AutoresetMode, Batch, Elements, Facts, SampleRng, StepView};

use crate::case::{Case, fingerprint, random_params, trace};

/// Relative error of a return: that of rounding the exact sum to a float, 2^-24, however many summands.
const RETURN_TOLERANCE: f64 = 6e-8;

/// What happened to one instance, whatever the mode.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    /// First observation.
    Start(Vec<u32>),
    /// Reward bits, terminated, truncated, the observation that followed (the last one at an end).
    Step(Vec<u32>, bool, bool, Vec<u32>),
    /// Length and return bits as reported.
    End(u32, Vec<u32>),
}

const INSTANCES: usize = 7;

/// The action of the t-th transition of an instance: the same in every mode.
fn action(batch: &Batch, instance: usize, transition: usize) -> Elements<'static> {
    let mut rng = SampleRng::new((instance as u64) << 32 | transition as u64);
    let space = batch.single_action_space();
    let agents: Vec<Elements<'static>> = (0..batch.agents()).map(|_| space.sample(&mut rng)).collect();
    let mut agents = agents.into_iter();
    let first = agents.next().expect("an agent");
    agents.fold(first, |all, next| match (all, next) {
        (Elements::F32(a), Elements::F32(b)) => [&*a, &*b].concat().into(),
        (Elements::U32(a), Elements::U32(b)) => [&*a, &*b].concat().into(),
        _ => unreachable!("one space, one type"),
    })
}

fn observation(view: &StepView<'_>, instance: usize, last: bool) -> Vec<u32> {
    let observations = if last { view.final_observations() } else { view.observations() };
    let words = observations.words().len() / INSTANCES;
    observations.words()[instance * words..(instance + 1) * words].to_vec()
}

/// Plays `steps` calls of step and tells each instance's story.
fn story(case: &Case, mode: AutoresetMode, limit: Option<u32>, steps: usize) -> Vec<Vec<Event>> {
    let agents = case.spec().agents;
    let mut batch = case.open(INSTANCES, |o| {
        let o = o.autoreset_mode(mode);
        if let Some(limit) = limit { o.max_episode_steps(limit) } else { o }
    });
    batch.reset(91).expect("resets");
    let mut stories: Vec<Vec<Event>> =
        (0..INSTANCES).map(|i| vec![Event::Start(observation(&batch.view(), i, false))]).collect();
    let mut transitions = [0; INSTANCES];
    let mut waiting = [false; INSTANCES];
    for _ in 0..steps {
        let row: Vec<Elements<'static>> = (0..INSTANCES).map(|i| action(&batch, i, transitions[i])).collect();
        let floats: Vec<f32> =
            row.iter().flat_map(|e| if let Elements::F32(v) = e { v.to_vec() } else { vec![] }).collect();
        let integers: Vec<u32> =
            row.iter().flat_map(|e| if let Elements::U32(v) = e { v.to_vec() } else { vec![] }).collect();
        let result = if floats.is_empty() { batch.step(&integers) } else { batch.step(&floats) };
        let view = result.expect("valid actions");
        for (i, story) in stories.iter_mut().enumerate() {
            let rewards: Vec<u32> = view.rewards()[i * agents..(i + 1) * agents].iter().map(|r| r.to_bits()).collect();
            if waiting[i] {
                // Only under NEXT_STEP: this call started the next episode.
                assert_eq!(rewards, vec![0; agents], "a start has no reward");
                assert!(!view.ended(i), "a start has no flags");
                story.push(Event::Start(observation(&view, i, false)));
                waiting[i] = false;
                continue;
            }
            transitions[i] += 1;
            let last = observation(&view, i, view.ended(i));
            if view.ended(i) && mode != AutoresetMode::SameStep {
                assert_eq!(last, observation(&view, i, false), "the observation of the end is the last one");
            }
            story.push(Event::Step(rewards, view.terminated()[i], view.truncated()[i], last));
            if view.ended(i) {
                let returns = &view.episode_returns()[i * agents..(i + 1) * agents];
                story.push(Event::End(view.episode_lengths()[i], returns.iter().map(|r| r.to_bits()).collect()));
                match mode {
                    AutoresetMode::NextStep => waiting[i] = true,
                    AutoresetMode::SameStep => story.push(Event::Start(observation(&view, i, false))),
                    AutoresetMode::Disabled => {}
                }
            }
        }
        if mode == AutoresetMode::Disabled {
            let ended: Vec<bool> = (0..INSTANCES).map(|i| batch.view().ended(i)).collect();
            if ended.contains(&true) {
                assert!(batch.rollout(1).is_err(), "ended instances must be reset first");
                let untouched = batch.observations().words().to_vec();
                batch.reset_masked(&ended, None).expect("selects some");
                for i in 0..INSTANCES {
                    let now = observation(&batch.view(), i, false);
                    if ended[i] {
                        stories[i].push(Event::Start(now));
                    } else {
                        let words = now.len();
                        assert_eq!(now, untouched[i * words..(i + 1) * words]);
                    }
                }
            }
        }
    }
    stories
}

/// Ends come when the limit says so, lengths and returns are those of the steps told; gives the number of ends.
fn check_story(story: &[Event], limit: u32, spec: &Facts) -> usize {
    let agents = spec.agents;
    let (mut length, mut sums, mut ends) = (0, vec![0.0f64; agents], 0);
    let mut last_flags = (false, false);
    for event in story {
        match event {
            Event::Start(_) => (length, sums, last_flags) = (0, vec![0.0; agents], (false, false)),
            Event::Step(rewards, terminated, truncated, _) => {
                assert_eq!(last_flags, (false, false), "nothing follows an end but a start");
                length += 1;
                sums.iter_mut().zip(rewards).for_each(|(s, r)| *s += f64::from(f32::from_bits(*r)));
                let limited = limit > 0 && length == limit;
                // The environment itself may cut the episode earlier.
                assert!(*truncated == limited || (spec.truncates && *truncated), "after {length} steps of {limit}");
                last_flags = (*terminated, *truncated);
            }
            Event::End(reported, returns) => {
                assert_eq!(*reported, length);
                assert!(last_flags.0 | last_flags.1);
                for (found, sum) in returns.iter().map(|&r| f64::from(f32::from_bits(r))).zip(&sums) {
                    assert!((found - sum).abs() <= RETURN_TOLERANCE * sum.abs(), "return {found} of {sum}");
                }
                ends += 1;
            }
        }
    }
    ends
}

fn modes_agree(case: &Case, limit: Option<u32>, steps: usize) -> usize {
    let modes = [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled];
    let stories = modes.map(|mode| story(case, mode, limit, steps));
    let effective = limit.unwrap_or(case.spec().max_episode_steps);
    let mut ends = 0;
    for i in 0..INSTANCES {
        for (mode, story) in modes.iter().zip(&stories) {
            let common = story[i].len().min(stories[0][i].len());
            for (at, (a, b)) in stories[0][i][..common].iter().zip(&story[i]).enumerate() {
                assert_eq!(a, b, "instance {i}, event {at}: NEXT_STEP against {mode:?}");
            }
            ends += check_story(&story[i], effective, case.spec());
        }
    }
    ends
}

pub fn modes_agree_under_a_time_limit(case: &Case) {
    let ends = modes_agree(case, Some(6), 40);
    assert!(ends >= 3 * INSTANCES * 5, "every sixth transition at least is an end, got {ends}");
    modes_agree(case, Some(1), 9);
}

/// With the environment's own limit; environments whose random episodes are long may not end within the steps.
pub fn modes_agree_on_natural_ends(case: &Case) {
    modes_agree(case, None, if case.is_gpu() { 300 } else { 2100 });
}

pub fn params_wait_for_the_next_start(case: &Case) {
    let params = random_params(case.spec(), 1, &mut SampleRng::new(9));
    let limited = |seed| {
        let mut batch = case.open(INSTANCES, |o| o.max_episode_steps(12));
        batch.reset(seed).expect("resets");
        batch
    };
    let (mut changed, mut same) = (limited(101), limited(101));
    let (_, _) = (changed.rollout(2).expect("rolls out"), same.rollout(2).expect("rolls out"));
    // One whose episode goes on: where it has just ended, the next step is a start.
    let view = same.view();
    let changing = (4..INSTANCES).find(|&i| !view.ended(i)).expect("some go on");
    changed.set_params_words(changing, &params).expect("inside the box");
    assert_eq!(changed.pending_params(changing).expect("reads").words(), params);
    assert_eq!(changed.params(changing).expect("reads").words(), case.spec().default_params);
    let (a, b) = (changed.record(100).expect("records"), same.record(100).expect("records"));
    for i in (0..INSTANCES).filter(|&i| i != changing) {
        assert_eq!(trace(&a, i), trace(&b, i), "instance {i} has nothing to do with it");
    }
    // Up to the end of the episode it runs as if nothing had been written.
    let ended = |t: usize| b.terminated()[t * INSTANCES + changing] | b.truncated()[t * INSTANCES + changing];
    let end = (0..100).find(|&t| ended(t)).expect("within twelve steps");
    assert_eq!(trace(&a, changing)[..=end], trace(&b, changing)[..=end]);
    assert_eq!(changed.params(changing).expect("reads").words(), params, "in force since");
    assert_eq!(changed.params(0).expect("reads").words(), case.spec().default_params);
    // And it does have an effect: a batch with these parameters from the beginning starts the same way.
    let mut from_start = case.open(INSTANCES, |o| o.max_episode_steps(12));
    from_start.set_params_words(changing, &params).expect("inside the box");
    from_start.reset(7).expect("resets");
    changed.reset(7).expect("resets");
    assert_eq!(
        fingerprint(&from_start.record(50).expect("records")),
        fingerprint(&changed.record(50).expect("records"))
    );
}
