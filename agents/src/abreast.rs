//! Learners of several runs that advance together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::agent::{Agent, Clocks, Log, Next};
use crate::error::{Error, Result};
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

/// Learners of several runs side by side: each comes to what it would alone on the same back end.
pub trait Abreast: Send {
    /// One iteration of all members that have not failed: what each told goes into its log, why it failed into its place of
    /// `failures`, both `[members]`.
    ///
    /// # Errors
    /// What ends all of them, such as a lost device.
    fn advance(&mut self, logs: &mut [Log], failures: &mut [Option<Error>]) -> Result<()>;

    /// How much each member has done so far.
    fn clocks(&self) -> Clocks;

    /// Whether it learns on the GPU of its environments.
    fn learns_on_gpu(&self) -> bool {
        false
    }

    /// The policy of a member as it is now.
    fn policy(&self, member: usize) -> Policy;

    /// Everything that a member needs to go on bit by bit.
    ///
    /// # Errors
    /// Those of the environments.
    fn save(&mut self, member: usize, state: &mut State) -> Result<()>;

    /// Goes on where [`Self::save`] was called; all members are at the same step.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    fn load(&mut self, member: usize, state: &State) -> Result<()>;
}

/// Agents become members of a group; they are given back if they do not go together.
pub type Join = fn(Vec<Box<dyn Agent>>) -> Result<Box<dyn Abreast>, Vec<Box<dyn Agent>>>;

/// How learners of a kind go side by side.
#[derive(Debug, Clone, Copy)]
pub struct SideBySide {
    /// From how many on that is faster than one after the other.
    pub least: usize,
    /// How many fit.
    pub most: usize,
    /// Puts agents at the same step together.
    pub join: Join,
}

/// A group with what its members have not asked for yet.
struct Shared {
    group: Box<dyn Abreast>,
    iterations: u64,
    logs: Vec<Log>,
    failures: Vec<Option<Error>>,
}

/// A member of a group, as the agent of its own run.
struct Member {
    shared: Arc<Mutex<Shared>>,
    index: usize,
    /// Those of the group that it has told of.
    iterations: u64,
    clocks: Clocks,
}

/// The members of a group of so many, each as an agent. Their iterations take turns: the first that is asked advances all,
/// the others tell what it came to for them, so nobody is asked twice before all are asked once.
pub fn members(group: Box<dyn Abreast>, count: usize) -> Vec<Box<dyn Agent>> {
    let clocks = group.clocks();
    let failures = (0..count).map(|_| None).collect();
    let shared = Shared { group, iterations: 0, logs: vec![Log::default(); count], failures };
    let shared = Arc::new(Mutex::new(shared));
    let member = |index| Member { shared: shared.clone(), index, iterations: 0, clocks };
    (0..count).map(|index| Box::new(member(index)) as Box<dyn Agent>).collect()
}

impl Member {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Agent for Member {
    fn collect(&mut self, _: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        let (index, iterations) = (self.index, self.iterations);
        let mut shared = self.shared();
        if shared.iterations == iterations {
            let Shared { group, logs, failures, iterations } = &mut *shared;
            logs.iter_mut().for_each(Log::clear);
            group.advance(logs, failures)?;
            *iterations += 1;
        }
        std::mem::swap(log, &mut shared.logs[index]);
        let (failure, clocks) = (shared.failures[index].take(), shared.group.clocks());
        drop(shared);
        self.iterations += 1;
        self.clocks = clocks;
        failure.map_or(Ok(Next::Learn), Err)
    }

    fn learn(&mut self) -> Result<()> {
        Ok(())
    }

    /// What is told is in the log already.
    fn report(&mut self, _: &mut Log) {}

    fn clocks(&self) -> Clocks {
        self.clocks
    }

    fn learns_on_gpu(&self) -> bool {
        self.shared().group.learns_on_gpu()
    }

    fn policy(&self, _: usize) -> Policy {
        self.shared().group.policy(self.index)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        let index = self.index;
        self.shared().group.save(index, state)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let index = self.index;
        self.shared().group.load(index, state)
    }
}
