//! A stream on the GPU as the agent of its run: by itself, until it becomes a member of a group.

use std::any::Any;
use std::slice;

use shadergym_envs::Device;

use super::streams;
use crate::abreast::{Abreast, SideBySide};
use crate::agent::{Agent, Clocks, Log, Next, Setup};
use crate::error::Result;
use crate::policy::Policy;
use crate::state::State;
use crate::streaming::ValueOptions;
use crate::tasks::Tasks;

/// Members of a group at most: what they keep has to fit a buffer, which is checked, and a read-back per iteration has the
/// news of all.
const MOST: usize = 4096;

/// A group of one, with what makes it a member of a larger one.
struct Alone {
    agent: &'static str,
    member: (ValueOptions, Setup),
    group: Box<dyn Abreast>,
}

/// The agent of a stream that learns on the GPU of its environment; None if the environment is on none, or the options are not
/// for it.
///
/// # Errors
/// As [`streams`].
pub(crate) fn make(agent: &'static str, options: &ValueOptions, setup: &Setup) -> Result<Option<Box<dyn Agent>>> {
    if !matches!(setup.device, Device::Gpu(_)) {
        return Ok(None);
    }
    let member = (options.clone(), setup.clone());
    let group = streams(agent, slice::from_ref(&member))?;
    Ok(group.ok().map(|group| Box::new(Alone { agent, member, group }) as Box<dyn Agent>))
}

/// Streams become members of one group; gives them back if they do not go together, or do not fit the device.
fn join(mut agents: Vec<Box<dyn Agent>>) -> Result<Box<dyn Abreast>, Vec<Box<dyn Agent>>> {
    let found: Option<Vec<&Alone>> = agents.iter().map(|a| (&**a as &dyn Any).downcast_ref()).collect();
    let Some(found) = found.filter(|found| found.iter().all(|one| one.agent == found[0].agent)) else {
        return Err(agents);
    };
    let members: Vec<_> = found.iter().map(|one| one.member.clone()).collect();
    let Some(name) = found.first().map(|one| one.agent) else { return Err(agents) };
    let Ok(Ok(mut group)) = streams(name, &members) else { return Err(agents) };
    let moved = agents.iter_mut().enumerate().filter(|(_, agent)| agent.step() > 0).try_for_each(|(index, agent)| {
        let mut state = State::default();
        agent.save(&mut state)?;
        group.load(index, &state)
    });
    if moved.is_err() { Err(agents) } else { Ok(group) }
}

impl Agent for Alone {
    fn collect(&mut self, _: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        let mut failure = None;
        self.group.advance(slice::from_mut(log), slice::from_mut(&mut failure))?;
        failure.map_or(Ok(Next::Learn), Err)
    }

    /// The kernel has learned already.
    fn learn(&mut self) -> Result<()> {
        Ok(())
    }

    /// What is told is in the log already.
    fn report(&mut self, _: &mut Log) {}

    fn clocks(&self) -> Clocks {
        self.group.clocks()
    }

    fn learns_on_gpu(&self) -> bool {
        true
    }

    fn side_by_side(&self) -> Option<SideBySide> {
        Some(SideBySide { least: 2, most: MOST, join })
    }

    fn policy(&self, _: usize) -> Policy {
        self.group.policy(0)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        self.group.save(0, state)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.group.load(0, state)
    }
}
