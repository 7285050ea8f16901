//! Streams of a population on the GPU: every member is a workgroup, and environment and learner are one kernel, so a step
//! costs neither a launch nor a trip to the host. It does what `streaming/` does, up to the rounding of sums; a member comes to
//! the same bits whoever is beside it. Once per iteration the host reads what all members tell.

mod alone;
mod device;
mod member;
mod plan;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use shadergym_envs::gpu::select_adapter;
use shadergym_envs::{AutoresetMode, Batch, BatchOptions, Device};

use crate::abreast::Abreast;
use crate::agent::{Clocks, Episode, Log, Setup};
use crate::algorithms::stream_q::StreamQ;
use crate::common::collector::environment_seed;
use crate::common::head::Head;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::network::Rows;
use crate::policy::Policy;
use crate::state::State;
use crate::streaming::{self, Core, Inputs, Interface, ObservationScaler, Parts, StreamNetwork, ValueOptions};
use device::{Image, StreamDevice};
use member::{Member, joined};
use plan::{ITERATION, Plan, at, told};

pub(crate) use alone::make;

/// What may have more rounds of loops than a driver allows.
const LEARNING: &str = "a dispatch of a stream (its steps with networks of this size)";
/// Seconds of a dispatch that are aimed at: drivers end those of some seconds, and displays wait for them.
const DISPATCH_SECONDS: f64 = 0.05;
/// Steps of a dispatch before one was timed.
const FIRST_STEPS: u32 = 16;
/// Episodes of each member that the first iteration reads back with what it tells.
const FIRST_EPISODES: usize = 64;

/// Streams of one environment, network and device.
struct Streams {
    agent: &'static str,
    members: Vec<(ValueOptions, Setup)>,
    network: Arc<streaming::Plan>,
    heads: Vec<Head>,
    /// Kept for its memory on the device.
    env: Batch,
    device: StreamDevice,
    plan: Plan,
    steps: u64,
    /// Steps of a dispatch at most; fewer where they take their time.
    most_steps: u32,
    /// Episodes of each member that are read back with what it tells; more are a second read-back.
    episodes: usize,
    /// Members that the device knows to have failed.
    stopped: Vec<bool>,
    /// Why members failed before their first step.
    early: Vec<Option<Error>>,
    /// What lasts as it is now, if it was read or is to be written.
    image: Mutex<Option<Image>>,
    loaded: bool,
}

/// Streams of these options and runs on the GPU of their environments, side by side; or why they have to learn on the CPU.
/// Members may differ in seeds, parameters of the environment and numbers among the options.
///
/// # Errors
/// Those of the environments and of the device; [`Error::TooLarge`].
pub fn streams(agent: &'static str, members: &[(ValueOptions, Setup)]) -> Result<Result<Box<dyn Abreast>, String>> {
    if let Some(reason) = plan::refusal(agent, members) {
        return Ok(Err(reason));
    }
    let (options, setup) = &members[0];
    let (facts, n) = (setup.facts.clone(), members.len());
    let Device::Gpu(selector) = &setup.device else { return Ok(Err("the environments are not on a GPU".to_owned())) };
    let adapter = select_adapter(selector.as_ref().map(ToString::to_string).as_deref())?;
    if adapter.limits.max_storage_buffers_per_shader_stage < 8 {
        return Ok(Err(format!("{} binds fewer than eight storage buffers", adapter.name)));
    }
    let interface = Interface::from(&*facts);
    let limit = options.stream.limit(&interface);
    let mut env = setup.make(BatchOptions::new(n).autoreset_mode(AutoresetMode::SameStep).max_episode_steps(limit))?;
    if members.iter().any(|(_, its)| its.facts.default_params != facts.default_params) {
        let rows: Vec<u32> = members.iter().flat_map(|(_, its)| its.facts.default_params.iter().copied()).collect();
        env.set_params_words(.., &rows)?;
    }
    let seeds: Vec<u64> = members.iter().map(|(_, its)| environment_seed(its.seed)).collect();
    env.reset_with(&seeds)?;

    let mut begun = Vec::with_capacity(n);
    for (index, (options, setup)) in members.iter().enumerate() {
        begun.push(begin(agent, options, setup, &env, index)?);
    }
    let network = begun[0].network.clone();
    let mut plan = Plan::new(agent, options, &facts, &network, n);
    let Some(on_device) = env.on_device()? else { return Ok(Err("the environments are not on a GPU".to_owned())) };
    let rounds = on_device.context().loop_rounds;
    let most_steps = rounds.map_or(ITERATION as u32, |rounds| plan.steps_within(rounds).min(ITERATION as u32));
    if most_steps == 0 {
        let what = "its driver ends loops before one step of a network of this size";
        return Ok(Err(format!("{}: {what}", adapter.name)));
    }
    plan.steps = FIRST_STEPS.min(most_steps);
    let Some(text) = plan::text(&plan, &network, &adapter) else {
        return Ok(Err(format!(
            "the memory of a workgroup of {} does not hold the network's activations",
            adapter.name
        )));
    };
    let (words, places) = plan.words(&facts);
    let Some(device) = StreamDevice::new(&on_device, &plan, words + 2 * places.len(), &text)? else {
        return Ok(Err("the environment keeps large values in memory".to_owned()));
    };
    let mut streams = Streams {
        agent,
        members: members.to_vec(),
        network,
        heads: Vec::with_capacity(n),
        env,
        device,
        plan,
        steps: 0,
        most_steps,
        episodes: FIRST_EPISODES,
        stopped: vec![false; n],
        early: Vec::with_capacity(n),
        image: Mutex::new(None),
        loaded: false,
    };
    streams.begin(begun, places.as_flattened())?;
    Ok(Ok(Box::new(streams)))
}

/// A stream before its first step.
struct Begun {
    network: Arc<streaming::Plan>,
    head: Head,
    state: State,
    failure: Option<Error>,
}

/// A CPU stream that has seen the first observation: its state is what the device begins with.
fn begin(agent: &'static str, options: &ValueOptions, setup: &Setup, env: &Batch, index: usize) -> Result<Begun> {
    let (interface, facts) = (Interface::from(&*setup.facts), &setup.facts);
    let gamma = options.stream.gamma;
    let parts = options.parts(&interface, (setup.seed, setup.steps), |exploration| StreamQ::new(exploration, gamma))?;
    let Parts { networks, algorithm, acting } = parts;
    let sizes = (interface.elements(), options.stream.limit(&interface));
    let mut core =
        Core::new(agent, &options.stream, sizes, networks, vec![(algorithm, setup.seed)], facts.action.words());
    let (observations, space) = (env.observations(), &facts.observation);
    let words = observations.row(index).flattened();
    Rows::packed(&words, space.flat_encoding(), space.flat_elements()).unpack(0, core.observation(0));
    let failure = core.start(0).err();
    let mut state = State::default();
    core.save(0, &mut state);
    Ok(Begun { network: core.plan(0).clone(), head: acting.1, state, failure })
}

impl Streams {
    /// Puts members in place that have begun.
    fn begin(&mut self, begun: Vec<Begun>, places: &[u32]) -> Result<()> {
        let mut image = self.device.image()?;
        let table = image.members.len() - places.len();
        image.members[table..].copy_from_slice(places);
        for (index, Begun { head, state, failure, .. }) in begun.into_iter().enumerate() {
            let (options, setup) = &self.members[index];
            let mut member = Member { image: &mut image, plan: &self.plan, index };
            plan::options_words(options, setup, Noise::new(setup.seed, "actions").key(), member.words());
            member.begin(self.agent, &state)?;
            self.heads.push(head);
            self.early.push(failure);
        }
        self.device.upload(&image)
    }

    /// Shows what lasts.
    fn image<T>(&self, see: impl FnOnce(&mut Image) -> Result<T>) -> Result<T> {
        let mut image = self.image.lock().unwrap_or_else(PoisonError::into_inner);
        if image.is_none() {
            *image = Some(self.device.image()?);
        }
        image.as_mut().map_or_else(|| Err(Error::Unsupported("nothing was read".to_owned())), see)
    }

    /// Writes what was loaded, and stops members of which only the host knows that they failed.
    fn settle(&mut self, failures: &mut [Option<Error>]) -> Result<()> {
        let image = self.image.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(image) = image.filter(|_| self.loaded) {
            self.device.upload(&image)?;
            // A loaded state is past what went wrong at the start.
            self.early.fill_with(|| None);
        }
        self.loaded = false;
        for (member, failure) in failures.iter_mut().enumerate() {
            if let Some(error) = self.early[member].take() {
                failure.get_or_insert(error);
            }
            if failure.is_some() && !self.stopped[member] {
                let place = member * self.plan.member_words as usize + at::STOPPED;
                self.device.transfer.write(&self.device.members, place, &[1])?;
                self.stopped[member] = true;
            }
        }
        Ok(())
    }

    /// The error of a member that told of one.
    fn failure(&self, header: &[u32]) -> Option<Error> {
        let what =
            ["the reward", "an observation", "the step"].get((header[told::FAILURE] as usize).checked_sub(1)?)?;
        Some(Error::Diverged {
            agent: self.agent.to_owned(),
            step: self.steps + u64::from(header[told::STEPS]),
            what: (*what).to_owned(),
            value: f64::from(f32::from_bits(header[told::VALUE])),
        })
    }

    /// Takes an episode down.
    fn log(&self, entry: &[u32], log: &mut Log) {
        let finished = &self.members[0].1.facts.finished;
        let words = &entry[1..];
        let episode_return = f32::from_bits(words[finished.returns]);
        let episode = Episode { episode_return, length: words[finished.length], ..Episode::default() };
        let infos = self.members[0].1.facts.info_words();
        log.push(episode, bytemuck::cast_slice(&words[finished.infos..][..infos]), &[]);
    }

    /// As many steps in a dispatch as fit the time that one should take.
    fn pace(&mut self, seconds_per_step: f64) {
        let fitting = DISPATCH_SECONDS / seconds_per_step.max(1e-9);
        self.plan.steps = (fitting as u32).clamp(1, self.most_steps);
    }
}

/// Figures of a member's iteration, as a CPU stream has them.
fn figures(header: &[u32], log: &mut Log) {
    let steps = f64::from(header[told::STEPS]);
    let sum = |k: usize| joined(header[told::SUMS + 2 * k], header[told::SUMS + 2 * k + 1]) / steps;
    log.scalars.insert("loss/td_error", sum(0));
    log.scalars.insert("value/mean", sum(1));
    log.scalars.insert("loss/value", 0.5 * sum(2));
    log.scalars.insert("policy/epsilon", f64::from(f32::from_bits(header[told::EPSILON])));
}

impl Abreast for Streams {
    fn advance(&mut self, logs: &mut [Log], failures: &mut [Option<Error>]) -> Result<()> {
        self.settle(failures)?;
        let total = self.members[0].1.steps;
        let end = (self.steps + ITERATION).min(total).max(self.steps + 1);
        let steps = end - self.steps;
        self.plan.until = [end as u32, (end >> 32) as u32];
        let begin = Instant::now();
        self.device.run(&self.plan, steps.div_ceil(u64::from(self.plan.steps)) as usize)?;
        let (headers, mut episodes) = self.device.told(&self.plan, self.episodes)?;
        self.pace(begin.elapsed().as_secs_f64() / steps as f64);
        let headers: Vec<&[u32]> = headers.chunks_exact(told::HEADER).collect();
        if headers.iter().any(|header| header[told::CUT] != 0) {
            let context = &self.device.transfer.context;
            let rounds = context.loop_rounds.map_or("some".to_owned(), |rounds| rounds.to_string());
            let (device, id) = (context.info.name.clone(), self.env.id().to_owned());
            return Err(shadergym_envs::Error::LoopsCut { device, rounds, what: LEARNING, id }.into());
        }
        let most = headers.iter().map(|header| header[told::EPISODES] as usize).max().unwrap_or(0);
        if most > self.episodes {
            episodes.extend(self.device.episodes(&self.plan, self.episodes..most)?);
        }
        // Ten more than twice as many as there were: one read-back as a rule, and not much that is read for nothing.
        self.episodes = (2 * most + 10).min(ITERATION as usize);
        let (members, width) = (self.members.len(), self.plan.episode_words as usize);
        for (index, header) in headers.iter().enumerate().filter(|(index, _)| !self.stopped[*index]) {
            for episode in 0..header[told::EPISODES] as usize {
                self.log(&episodes[(episode * members + index) * width..][..width], &mut logs[index]);
            }
            failures[index] = self.failure(header);
            if failures[index].is_none() {
                figures(header, &mut logs[index]);
            }
        }
        failures.iter().zip(&mut self.stopped).for_each(|(failure, stopped)| *stopped |= failure.is_some());
        self.steps = end;
        Ok(())
    }

    fn clocks(&self) -> Clocks {
        Clocks { env_steps: self.steps, collections: self.steps, updates: self.steps }
    }

    fn learns_on_gpu(&self) -> bool {
        true
    }

    /// # Panics
    /// If the device is lost: a policy cannot be had then, and the next iteration would say so too.
    fn policy(&self, member: usize) -> Policy {
        let (options, setup) = &self.members[member];
        let read = self.image(|image| {
            let mut member = Member { image, plan: &self.plan, index: member };
            let mut scaler =
                options.stream.normalize_observations.then(|| ObservationScaler::new(self.plan.elements as usize));
            if let Some(scaler) = &mut scaler {
                let mut state = State::default();
                state.put_f64("moments", &member.moments());
                scaler.load(&state, "moments")?;
            }
            Ok((member.weights(), scaler))
        });
        let (weights, scaler) = read.unwrap_or_else(|e| panic!("the policy cannot be read from the device: {e}"));
        let inputs = Inputs::new(&options.stream, options.stream.limit(&Interface::from(&*setup.facts)), scaler);
        let network = StreamNetwork::new(self.network.clone(), &weights);
        Policy::of_stream(setup.facts.clone(), Box::new(network), self.heads[member].clone(), inputs)
    }

    fn save(&mut self, member: usize, state: &mut State) -> Result<()> {
        let elapsed = self.device.env.elapsed_word;
        self.image(|image| {
            Member { image, plan: &self.plan, index: member }.save(self.agent, elapsed, state);
            Ok(())
        })
    }

    fn load(&mut self, member: usize, state: &State) -> Result<()> {
        let (steps, stopped) = self.image(|image| {
            let mut member = Member { image, plan: &self.plan, index: member };
            member.load(self.agent, state)?;
            Ok((member.steps(), member.words()[at::STOPPED] != 0))
        })?;
        (self.steps, self.stopped[member], self.loaded) = (steps, stopped, true);
        Ok(())
    }
}
