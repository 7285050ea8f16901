//! Starts of instances: all of them, or those of a mask.

use super::Batch;
use super::seeds::{Seeds, random_seed};
use crate::backend::ResetCommand;
use crate::error::{Error, Result};
use crate::observations::Observations;

impl Batch {
    /// Starts all instances. With a seed s instance i is seeded with s + i (wrapping) and begins exactly as a batch of
    /// one with that seed; with `None` the generators go on, or are seeded at random the first time ([`Self::seeds`]).
    /// Returns the first observations.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeviceFailed`], [`Error::LoopsCut`].
    pub fn reset(&mut self, seed: impl Into<Option<u64>>) -> Result<Observations<'_>> {
        let seed = seed.into().or_else(|| (!self.started).then(random_seed));
        self.reset_where(seed.map(Seeds::From), |_| true)
    }

    /// Starts all instances, instance i with seed `seeds[i]`; `seeds` is `[n]`.
    ///
    /// # Errors
    /// [`Error::InvalidShape`], [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn reset_with(&mut self, seeds: &[u64]) -> Result<Observations<'_>> {
        self.check_per_instance("seeds", seeds.len())?;
        self.reset_where(Some(Seeds::Each(seeds)), |_| true)
    }

    /// Starts the instances whose `mask[i]` is true, as [`Self::reset`] does; the others and their outputs stay as they
    /// are. `mask` is `[n]`.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] for a mask of another length, [`Error::InvalidOption`] for one that selects nothing,
    /// [`Error::ResetNeeded`] if it leaves out instances that were never started, [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn reset_masked(&mut self, mask: &[bool], seed: impl Into<Option<u64>>) -> Result<Observations<'_>> {
        self.check_per_instance("reset mask", mask.len())?;
        let seed = seed.into().or_else(|| (!self.started).then(random_seed));
        self.reset_selected(mask, seed.map(Seeds::From))
    }

    pub(super) fn reset_where(
        &mut self,
        seeds: Option<Seeds<'_>>,
        selected: impl Fn(usize) -> bool,
    ) -> Result<Observations<'_>> {
        self.open()?;
        self.commands.clear();
        self.commands.extend((0..self.num_envs).map(|i| match (&seeds, selected(i)) {
            (_, false) => ResetCommand::Keep,
            (None, true) => ResetCommand::Start,
            (Some(seeds), true) => ResetCommand::Seed(seeds.of(i)),
        }));
        self.run_commands()?;
        for (i, command) in self.commands.iter().enumerate() {
            if let ResetCommand::Seed(seed) = *command {
                self.seeds[i] = seed;
            }
        }
        self.started = true;
        Ok(self.observations())
    }

    /// Runs `commands`; instances that start or get a state have no reward and no flags any more.
    pub(super) fn run_commands(&mut self) -> Result<()> {
        let Some(backend) = &mut self.backend else { return Err(Error::Closed { id: self.facts.id.clone() }) };
        backend.reset(&self.commands, &mut self.out)?;
        let agents = self.facts.agents;
        for (i, command) in self.commands.iter().enumerate() {
            if matches!(command, ResetCommand::Start | ResetCommand::Seed(_)) {
                self.out.rewards[i * agents..(i + 1) * agents].fill(0.0);
                self.out.terminated[i] = false;
                self.out.truncated[i] = false;
                self.out.starts[i] = true;
                let info_words = self.facts.info_words();
                self.out.infos[i * info_words..(i + 1) * info_words].fill(0);
                if self.facts.agent_done {
                    self.out.agent_done[i * agents..(i + 1) * agents].fill(false);
                }
            }
        }
        Ok(())
    }
}
