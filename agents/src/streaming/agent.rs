//! The agent of one stream, which the trainer runs.

use super::algorithm::{Algorithm, Parts};
use super::core::Core;
use super::group;
use super::interface::Interface;
use super::options::Options;
use super::stream::Stream;
use crate::abreast::SideBySide;
use crate::agent::{Agent, Clocks, Log, Next, Setup};
use crate::error::Result;
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

/// Transitions between reports.
pub const ITERATION: u64 = 1000;

/// One stream.
pub struct StreamAgent<A> {
    pub(super) stream: Stream,
    pub(super) core: Core<A>,
    /// Steps of the whole run.
    pub(super) total: u64,
}

impl<A: Algorithm> StreamAgent<A> {
    /// Starts its environment.
    ///
    /// # Errors
    /// Those of the environment.
    pub fn new(name: &'static str, options: &Options, setup: &Setup, parts: Parts<A>) -> Result<Self> {
        let (facts, limit) = (&setup.facts, options.limit(&Interface::from(&*setup.facts)));
        let stream = Stream::new(options, setup, parts.acting)?;
        let sizes = (facts.observation.flat_elements(), limit);
        let members = vec![(parts.algorithm, setup.seed)];
        let core = Core::new(name, options, sizes, parts.networks, members, facts.action.words());
        Ok(Self { stream, core, total: setup.steps })
    }
}

impl<A: Algorithm + 'static> Agent for StreamAgent<A> {
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        if self.stream.begin(&mut self.core, 0, tasks)? {
            self.core.ready();
        }
        self.stream.collect(&mut self.core, 0, tasks, log)?;
        Ok(Next::Learn)
    }

    fn process(&mut self) {
        self.core.judge(self.stream.masks.as_deref());
    }

    fn learn(&mut self) -> Result<()> {
        self.stream.look(&mut self.core, 0)?;
        self.core.learn(self.stream.masks.as_deref())
    }

    fn report(&mut self, log: &mut Log) {
        self.stream.report(&mut self.core, 0, log);
    }

    fn is_iteration_over(&self, since: Clocks) -> bool {
        let steps = self.core.steps();
        steps - since.env_steps >= ITERATION || steps >= self.total
    }

    fn clocks(&self) -> Clocks {
        self.core.clocks()
    }

    fn side_by_side(&self) -> Option<SideBySide> {
        group::side_by_side(self)
    }

    fn policy(&self, _: usize) -> Policy {
        self.stream.policy(&self.core, 0)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        self.stream.save(&self.core, 0, state)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.stream.load(&mut self.core, 0, state)?;
        self.core.ready();
        Ok(())
    }
}
