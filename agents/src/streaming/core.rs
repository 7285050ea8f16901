//! A stream without its environment: networks, what their inputs go through, and the steps from a transition to changed
//! parameters. Members of a population go through them side by side; each comes to what it would alone.

mod abreast;
mod checkpoint;
mod state;

use super::algorithm::{Algorithm, NetworkSpec, Transition};
use super::kernels::Pass;
use super::lanes::{COLUMNS, place};
use super::learner::{Learner, Lesson};
use super::options::Options;
use super::scaling::{ObservationScaler, RewardScaler, time_feature};
use crate::error::{Error, Result};
use crate::network::Lines;
use crate::options::Truncation;

/// A network with the passes of the two states of a transition.
#[derive(Debug, Clone)]
struct Net {
    spec: NetworkSpec,
    learner: Learner,
    now: Pass<Lines>,
    next: Pass<Lines>,
    /// The state before a step, if it is measured whether steps overshoot.
    probe: Option<Pass<Lines>>,
}

/// What a member has of its own besides parameters.
#[derive(Debug, Clone)]
struct Member<A> {
    algorithm: A,
    options: Options,
    /// Steps of an episode of training at most, 0 for no limit.
    limit: u32,
    observations: Option<ObservationScaler>,
    rewards: Option<RewardScaler>,
    /// Steps of the episode.
    elapsed: u32,
    /// Whether the traces begin anew.
    reset: bool,
    input: Vec<f32>,
    action: Vec<u32>,
    /// Legal actions where it was chosen, empty without masks.
    mask: Vec<u32>,
    /// Of the newest transition: scaled reward, whether it bootstraps, and whether the episode ended.
    reward: f32,
    bootstraps: bool,
    done: bool,
    outputs: [Vec<Vec<f32>>; 2],
    gradients: Vec<Vec<f32>>,
    sums: Sums,
    /// Whether it takes part no more, because it diverged.
    left: bool,
}

/// Sums since the last report.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    /// Their number.
    pub transitions: f64,
    /// Magnitudes of TD errors.
    pub errors: f64,
    /// Values.
    pub values: f64,
    /// Squares of TD errors.
    pub squares: f64,
    /// Steps that turned the sign of their error.
    pub overshoots: f64,
}

/// Streams side by side.
#[derive(Debug, Clone)]
pub struct Core<A> {
    name: &'static str,
    nets: Vec<Net>,
    members: Vec<Member<A>>,
    /// Places for members in the networks, of which the last may be empty.
    abreast: usize,
    lessons: Vec<Lesson>,
    steps: u64,
}

impl<A: Algorithm> Core<A> {
    /// One stream for each algorithm and seed; observations have so many elements, episodes of training so many steps at
    /// most (0 for no limit).
    pub fn new(
        name: &'static str,
        options: &Options,
        (elements, limit): (usize, u32),
        specs: Vec<NetworkSpec>,
        members: Vec<(A, u64)>,
        action_words: usize,
    ) -> Self {
        let outputs: Vec<Vec<f32>> = specs.iter().map(|spec| vec![0.0; spec.plan.shape.outputs]).collect();
        let nets = specs.into_iter().enumerate().map(|(k, spec)| {
            let seeds: Vec<u64> = members.iter().map(|(_, seed)| network_seed(*seed, k)).collect();
            let learner = Learner::new(spec.plan.clone(), &vec![spec.rule; members.len()], &seeds);
            let probe = options.overshoot.then(|| learner.pass());
            Net { now: learner.pass(), next: learner.pass(), probe, spec, learner }
        });
        let nets = nets.collect();
        let members: Vec<_> = members
            .into_iter()
            .map(|(algorithm, _)| Member {
                algorithm,
                options: options.clone(),
                limit,
                observations: options.normalize_observations.then(|| ObservationScaler::new(elements)),
                rewards: options.scale_rewards.then(|| RewardScaler::new(options.gamma)),
                elapsed: 0,
                reset: true,
                input: vec![0.0; elements + usize::from(options.timed())],
                action: vec![0; action_words],
                mask: Vec::new(),
                reward: 0.0,
                bootstraps: false,
                done: false,
                outputs: [outputs.clone(), outputs.clone()],
                gradients: outputs.clone(),
                sums: Sums::default(),
                left: false,
            })
            .collect();
        let abreast = members.len();
        Self { name, nets, members, abreast, lessons: vec![Lesson::default(); abreast], steps: 0 }
    }

    /// Transitions of each stream so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Where an observation `[elements]` of a member is to be written, before [`Self::start`] or [`Self::see`] tells of it.
    pub fn observation(&mut self, member: usize) -> &mut [f32] {
        let Member { input, options, .. } = &mut self.members[member];
        let elements = input.len() - usize::from(options.timed());
        &mut input[..elements]
    }

    /// An episode of a member begins with the observation. [`Self::ready`] follows, or, behind a transition,
    /// [`Self::learn`].
    ///
    /// # Errors
    /// [`Error::Diverged`] if the observation is not finite.
    pub fn start(&mut self, member: usize) -> Result<()> {
        self.members[member].elapsed = 0;
        self.take_in(member)?;
        let Self { nets, members, abreast, .. } = self;
        nets.iter_mut().for_each(|net| put(&members[member].input, &mut net.now, member, *abreast));
        Ok(())
    }

    /// All members have begun.
    pub fn ready(&mut self) {
        for (k, net) in self.nets.iter_mut().enumerate() {
            net.learner.predict(&mut net.now);
            gather(&net.now, &mut self.members, (k, self.abreast), 0);
        }
    }

    /// The action of a member, as the environment takes it.
    pub fn act(&mut self, member: usize, mask: Option<&[u32]>, executed: &mut [u32]) {
        let Member { algorithm, outputs: [now, _], action, mask: kept, .. } = &mut self.members[member];
        kept.clear();
        kept.extend_from_slice(mask.unwrap_or_default());
        algorithm.act(self.steps, now, mask, action);
        algorithm.execute(action, executed);
    }

    /// What a member did, in the unit in which it learns, and what it could have done; for a caller that acts in its place.
    pub fn did(&mut self, member: usize, action: &[u32], mask: Option<&[u32]>) {
        let member = &mut self.members[member];
        member.action.copy_from_slice(action);
        member.mask.clear();
        member.mask.extend_from_slice(mask.unwrap_or_default());
    }

    /// What a member did, in the unit in which it learns.
    pub fn action_of(&self, member: usize) -> &[u32] {
        &self.members[member].action
    }

    /// The traces of a member begin anew.
    pub fn forget(&mut self, member: usize) {
        self.members[member].reset = true;
    }

    /// The transition that the action of a member made; the observation it ended in is written.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the reward or the observation is not finite.
    pub fn see(&mut self, member: usize, reward: f32, terminated: bool, truncated: bool) -> Result<()> {
        if !reward.is_finite() {
            return Err(self.bad("the reward", reward));
        }
        let m = &mut self.members[member];
        m.elapsed += 1;
        m.done = terminated || truncated;
        m.bootstraps = !terminated && (!truncated || m.options.truncation == Truncation::Bootstrap);
        m.reward = m.rewards.as_mut().map_or(reward, |scaler| scaler.scale(reward, m.done));
        self.take_in(member)?;
        let Self { nets, members, abreast, .. } = self;
        nets.iter_mut().for_each(|net| put(&members[member].input, &mut net.next, member, *abreast));
        Ok(())
    }

    /// Takes the observation of a member into its moments, normalises it and appends the time.
    fn take_in(&mut self, member: usize) -> Result<()> {
        let observation = self.observation(member);
        if let Some(bad) = observation.iter().copied().find(|x| !x.is_finite()) {
            return Err(self.bad("an observation", bad));
        }
        let m = &mut self.members[member];
        let timed = m.options.timed();
        let elements = m.input.len() - usize::from(timed);
        if let Some(scaler) = &mut m.observations {
            scaler.push(&m.input[..elements]);
            scaler.normalize(&mut m.input[..elements]);
        }
        if timed {
            m.input[elements] = time_feature(m.elapsed, m.limit);
        }
        Ok(())
    }

    /// The error of a number that is not finite.
    pub fn bad(&self, what: &str, value: f32) -> Error {
        let what = what.to_owned();
        Error::Diverged { agent: self.name.to_owned(), step: self.steps, what, value: f64::from(value) }
    }

    /// Learns from the transitions of all members, first part: errors, traces and sizes of steps. `masks`
    /// `[members, mask words]` are the legal actions in the states that they ended in.
    pub fn judge(&mut self, masks: Option<&[u32]>) {
        let Self { nets, members, lessons, abreast, .. } = self;
        let (abreast, all) = (*abreast, members.len());
        let ahead = members.iter().any(|m| m.bootstraps);
        for (k, net) in nets.iter_mut().enumerate().filter(|(_, net)| ahead && net.spec.looks_ahead) {
            net.learner.predict(&mut net.next);
            gather(&net.next, members, (k, abreast), 1);
        }
        for (index, m) in members.iter_mut().enumerate() {
            m.gradients.iter_mut().for_each(|gradient| gradient.fill(0.0));
            if m.left {
                lessons[index] = Lesson::default();
                continue;
            }
            let trace_decay = m.options.gamma * m.options.lambda;
            let Member { algorithm, outputs: [now, next], action, gradients, mask, reward, bootstraps, done, .. } = m;
            let next_mask = mask_of(masks, index, all);
            let (reward, bootstraps, done, mask) = (*reward, *bootstraps, *done, next_mask.map(|_| &mask[..]));
            let step = self.steps;
            let transition = Transition { now, next, action, reward, bootstraps, done, mask, next_mask, step };
            let verdict = algorithm.judge(&transition, gradients);
            lessons[index] = Lesson { delta: verdict.delta, decay: if m.reset { 0.0 } else { trace_decay } };
            m.reset = m.done || verdict.cut;
            m.sums.transitions += 1.0;
            m.sums.values += f64::from(verdict.value);
            m.sums.errors += f64::from(verdict.delta.abs());
            m.sums.squares += f64::from(verdict.delta) * f64::from(verdict.delta);
        }
        for (k, net) in nets.iter_mut().enumerate() {
            if let Some(probe) = &mut net.probe {
                probe.input.copy_from_slice(&net.now.input);
            }
            for (index, m) in members.iter().enumerate() {
                let gradient = net.learner.gradient();
                m.gradients[k].iter().enumerate().for_each(|(o, slope)| gradient[place(abreast, o, index)] = *slope);
            }
            net.learner.learn(&net.now, lessons);
        }
    }

    /// Second part, once members whose episodes ended were given the observation of the next ([`Self::start`]): steps, and
    /// outputs at the states where the members are.
    ///
    /// # Errors
    /// [`Error::Diverged`]; the parameters are then as before.
    pub fn learn(&mut self, masks: Option<&[u32]>) -> Result<()> {
        let abreast = self.abreast;
        if let Some((_, error)) = self.diverged() {
            return Err(error);
        }
        for (k, net) in self.nets.iter_mut().enumerate() {
            let Net { learner, now, next, .. } = net;
            // Where an episode began, `now` has the input already.
            if abreast == 1 {
                if !self.members[0].done {
                    std::mem::swap(now, next);
                }
            } else {
                for (index, m) in self.members.iter().enumerate().filter(|(_, m)| !m.done) {
                    put(&m.input, now, index, abreast);
                }
            }
            learner.step_and_predict(now);
            gather(now, &mut self.members, (k, abreast), 0);
        }
        if self.members[0].options.overshoot {
            self.measure(masks);
        }
        self.steps += 1;
        Ok(())
    }

    /// Counts the members whose step turned the sign of their error.
    fn measure(&mut self, masks: Option<&[u32]>) {
        let Self { nets, members, lessons, abreast, .. } = self;
        for (k, net) in nets.iter_mut().enumerate() {
            if let Some(probe) = &mut net.probe {
                net.learner.predict(probe);
                gather(probe, members, (k, *abreast), 1);
            }
        }
        let all = members.len();
        // Where an episode was cut off, the state behind it is no longer there.
        for (index, m) in members.iter_mut().enumerate().filter(|(_, m)| !(m.done && m.bootstraps || m.left)) {
            let Member { algorithm, outputs: [next, now], action, reward, bootstraps, done, mask, .. } = m;
            let next_mask = mask_of(masks, index, all);
            let (reward, bootstraps, done, mask) = (*reward, *bootstraps, *done, next_mask.map(|_| &mask[..]));
            let step = self.steps;
            let transition = Transition { now, next, action, reward, bootstraps, done, mask, next_mask, step };
            m.sums.overshoots += f64::from(u8::from(algorithm.error(&transition) * lessons[index].delta < 0.0));
        }
    }
}

/// The legal actions of a member.
fn mask_of(masks: Option<&[u32]>, member: usize, members: usize) -> Option<&[u32]> {
    masks.map(|masks| masks.chunks_exact(masks.len() / members).nth(member).unwrap_or_default())
}

/// Writes a member's input.
fn put(input: &[f32], pass: &mut Pass<Lines>, member: usize, abreast: usize) {
    for (block, input) in input.chunks(COLUMNS).enumerate() {
        pass.input[place(abreast, block * COLUMNS, member)..][..input.len()].copy_from_slice(input);
    }
}

/// Copies the outputs of a network to the members.
fn gather<A>(pass: &Pass<Lines>, members: &mut [Member<A>], (network, abreast): (usize, usize), which: usize) {
    for (index, m) in members.iter_mut().enumerate() {
        let outputs = &mut m.outputs[which][network];
        outputs.iter_mut().enumerate().for_each(|(o, value)| *value = pass.outputs[place(abreast, o, index)]);
    }
}

/// The seed of a network: streams of their own, whatever the agent.
fn network_seed(seed: u64, network: usize) -> u64 {
    crate::common::noise::Noise::new(seed, "networks").at(network as u64, 0).bits()
}
