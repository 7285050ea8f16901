//! Streams of a population side by side on one thread: each comes to the bits that it has alone.

use std::any::Any;

use super::agent::{ITERATION, StreamAgent};
use super::algorithm::Algorithm;
use super::core::Core;
use super::learner::Learner;
use super::stream::Stream;
use crate::abreast::{Abreast, SideBySide};
use crate::agent::{Agent, Clocks, Log};
use crate::error::{Error, Result};
use crate::policy::Policy;
use crate::state::State;

/// Parameters of a network up to which streams go side by side: the steps of wider ones are bound by memory, not by waiting.
const NARROW: usize = 4096;

/// From so many streams on they are faster than one after the other.
const LEAST: usize = 2;

/// How streams go side by side, those that are narrow and play one task.
pub fn side_by_side<A: Algorithm + 'static>(agent: &StreamAgent<A>) -> Option<SideBySide> {
    let narrow = agent.core.networks().len() * NARROW >= agent.core.parameter_count();
    narrow.then_some(SideBySide { least: LEAST, most: Learner::ABREAST, join: join::<A> })
}

/// Streams side by side; gives them back if they do not go together.
fn join<A: Algorithm + 'static>(agents: Vec<Box<dyn Agent>>) -> Result<Box<dyn Abreast>, Vec<Box<dyn Agent>>> {
    let streams: Option<Vec<&StreamAgent<A>>> = agents.iter().map(|a| (&**a as &dyn Any).downcast_ref()).collect();
    let Some(first) = streams.as_ref().and_then(|streams| streams.first()) else { return Err(agents) };
    let fits = |other: &&StreamAgent<A>| other.total == first.total && first.core.goes_with(&other.core);
    if agents.len() > Learner::ABREAST || !streams.iter().flatten().all(fits) {
        return Err(agents);
    }
    let total = first.total;
    let agents = agents.into_iter().filter_map(|agent| (agent as Box<dyn Any>).downcast::<StreamAgent<A>>().ok());
    let (streams, cores): (Vec<Stream>, Vec<Core<A>>) = agents.map(|agent| (agent.stream, agent.core)).unzip();
    let left = vec![false; streams.len()];
    let mut core = Core::merge(cores);
    core.ready();
    Ok(Box::new(Group { streams, core, left, total, masks: None }))
}

struct Group<A> {
    streams: Vec<Stream>,
    core: Core<A>,
    /// Those that failed.
    left: Vec<bool>,
    /// Steps of the whole run.
    total: u64,
    /// Legal actions of all, `[members, mask words]`.
    masks: Option<Vec<u32>>,
}

impl<A: Algorithm> Group<A> {
    /// Does something with each member that has not failed; those for which it fails have.
    fn each(
        &mut self,
        failures: &mut [Option<Error>],
        mut act: impl FnMut(&mut Stream, &mut Core<A>, usize) -> Result<()>,
    ) {
        let Self { streams, core, left, .. } = self;
        for (member, stream) in streams.iter_mut().enumerate().filter(|(member, _)| !left[*member]) {
            if let Err(error) = act(stream, core, member) {
                failures[member] = Some(error);
            }
        }
        for (member, left) in left.iter_mut().enumerate().filter(|(member, _)| failures[*member].is_some()) {
            *left = true;
            core.leave(member);
        }
    }

    /// Puts the masks of all members one after the other.
    fn gather_masks(&mut self) {
        if self.streams.iter().all(|stream| stream.masks.is_none()) {
            return;
        }
        let masks = self.masks.get_or_insert_default();
        masks.clear();
        // One that failed before its first step has none: zeros stand for them, nobody reads them.
        let words = self.streams.iter().flat_map(|stream| &stream.masks).map(Vec::len).max().unwrap_or(0);
        for stream in &self.streams {
            let len = masks.len();
            masks.extend_from_slice(stream.masks.as_deref().unwrap_or_default());
            masks.resize(len + words, 0);
        }
    }
}

impl<A: Algorithm> Abreast for Group<A> {
    fn advance(&mut self, logs: &mut [Log], failures: &mut [Option<Error>]) -> Result<()> {
        let mut begun = false;
        self.each(failures, |stream, core, member| {
            begun |= stream.begin(core, member, None)?;
            Ok(())
        });
        if begun {
            self.core.ready();
        }
        let end = (self.core.steps() + ITERATION).min(self.total);
        while self.core.steps() < end && self.left.contains(&false) {
            self.each(failures, |stream, core, member| stream.collect(core, member, None, &mut logs[member]));
            self.gather_masks();
            self.core.judge(self.masks.as_deref());
            self.each(failures, |stream, core, member| stream.look(core, member));
            while let Some((member, error)) = self.core.diverged() {
                failures[member] = Some(error);
                self.left[member] = true;
                self.core.leave(member);
            }
            self.core.learn(self.masks.as_deref())?;
        }
        for (member, stream) in self.streams.iter().enumerate() {
            stream.report(&mut self.core, member, &mut logs[member]);
        }
        Ok(())
    }

    fn clocks(&self) -> Clocks {
        self.core.clocks()
    }

    fn policy(&self, member: usize) -> Policy {
        self.streams[member].policy(&self.core, member)
    }

    fn save(&mut self, member: usize, state: &mut State) -> Result<()> {
        self.streams[member].save(&self.core, member, state)
    }

    fn load(&mut self, member: usize, state: &State) -> Result<()> {
        self.streams[member].load(&mut self.core, member, state)?;
        self.core.ready();
        Ok(())
    }
}
