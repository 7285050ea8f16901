//! Reading and writing of chosen instances: parameters and state.

use std::borrow::Cow;
use std::ops::{Range, RangeFull};

use shadergym_compiler::Kind;

use super::Batch;
use crate::backend::{Part, ResetCommand};
use crate::error::{Error, Result};
use crate::params::{Params, Values, check_length, check_row, encode, find, show};

/// Which instances a call is about: an index, a slice of indices, a range, or `..` for all.
#[derive(Debug, Clone)]
pub enum Instances<'a> {
    /// All of them.
    All,
    /// One.
    One(usize),
    /// From the first (included) to the last (excluded).
    Range(Range<usize>),
    /// These, in this order.
    List(&'a [usize]),
}

impl From<RangeFull> for Instances<'_> {
    fn from(_: RangeFull) -> Self {
        Self::All
    }
}

impl From<usize> for Instances<'_> {
    fn from(instance: usize) -> Self {
        Self::One(instance)
    }
}

impl From<Range<usize>> for Instances<'_> {
    fn from(range: Range<usize>) -> Self {
        Self::Range(range)
    }
}

impl<'a> From<&'a [usize]> for Instances<'a> {
    fn from(list: &'a [usize]) -> Self {
        Self::List(list)
    }
}

impl<'a> From<&'a Vec<usize>> for Instances<'a> {
    fn from(list: &'a Vec<usize>) -> Self {
        Self::List(list)
    }
}

impl<'a, const N: usize> From<&'a [usize; N]> for Instances<'a> {
    fn from(list: &'a [usize; N]) -> Self {
        Self::List(list)
    }
}

impl<'a> Instances<'a> {
    /// The indices, all of which exist.
    pub(crate) fn resolve(self, num_envs: usize) -> Result<Cow<'a, [usize]>> {
        let list: Cow<'a, [usize]> = match self {
            Self::All => (0..num_envs).collect(),
            Self::One(instance) => vec![instance].into(),
            Self::Range(range) if range.end > num_envs => {
                let instance = range.start.max(num_envs);
                return Err(Error::InvalidInstance { instance, num_envs });
            }
            Self::Range(range) => range.collect(),
            Self::List(list) => list.into(),
        };
        match list.iter().find(|&&instance| instance >= num_envs) {
            Some(&instance) => Err(Error::InvalidInstance { instance, num_envs }),
            None => Ok(list),
        }
    }
}

impl Batch {
    /// The environment's default parameters, to change and give to [`Self::set_params`].
    pub fn default_params(&self) -> Params {
        Params::defaults(&self.facts)
    }

    /// The parameters in force for one instance; before the first reset those that will be.
    ///
    /// # Errors
    /// [`Error::InvalidInstance`], [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn params(&mut self, instance: usize) -> Result<Params> {
        let part = if self.started { Part::Params } else { Part::Pending };
        let words = self.get_rows(part, instance.into())?;
        Ok(Params::from_valid(&self.facts, words))
    }

    /// The parameters that take effect at the next start of one instance.
    ///
    /// # Errors
    /// [`Error::InvalidInstance`], [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn pending_params(&mut self, instance: usize) -> Result<Params> {
        let words = self.get_rows(Part::Pending, instance.into())?;
        Ok(Params::from_valid(&self.facts, words))
    }

    /// Parameters in force as raw words `[instances, params words]` in the order of `spec().params`; before the first
    /// reset those that will be.
    ///
    /// # Errors
    /// [`Error::InvalidInstance`], [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn params_words<'a>(&mut self, instances: impl Into<Instances<'a>>) -> Result<Vec<u32>> {
        let part = if self.started { Part::Params } else { Part::Pending };
        self.get_rows(part, instances.into())
    }

    /// Parameters that take effect at the next start as raw words `[instances, params words]`.
    ///
    /// # Errors
    /// [`Error::InvalidInstance`], [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn pending_params_words<'a>(&mut self, instances: impl Into<Instances<'a>>) -> Result<Vec<u32>> {
        self.get_rows(Part::Pending, instances.into())
    }

    /// Gives the instances these parameters from their next start on.
    ///
    /// # Errors
    /// [`Error::InvalidInstance`], [`Error::InvalidOption`] for another environment's, [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn set_params<'a>(&mut self, instances: impl Into<Instances<'a>>, params: &Params) -> Result<()> {
        let list = instances.into().resolve(self.num_envs)?;
        if params.id() != self.facts.id || params.words().len() != self.facts.params.words {
            let (value, allowed) = (format!("those of {}", params.id()), format!("parameters of {}", self.facts.id));
            return Err(Error::InvalidOption { option: "params", value, allowed });
        }
        // An id does not say everything: a user's file may have changed since.
        check_row(&self.facts, params.words(), list.first().copied())?;
        let rows = params.words().repeat(list.len());
        self.open()?.write(Part::Pending, &list, &rows)
    }

    /// Gives each instance its own parameters from its next start on, as raw words `[instances, params words]` in the
    /// order of `spec().params`: the way of teachers and level samplers.
    ///
    /// # Errors
    /// [`Error::InvalidInstance`], [`Error::InvalidShape`], [`Error::ParamOutOfRange`], [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn set_params_words<'a>(&mut self, instances: impl Into<Instances<'a>>, rows: &[u32]) -> Result<()> {
        let list = instances.into().resolve(self.num_envs)?;
        check_length(&self.facts, rows.len(), list.len())?;
        for (&instance, row) in list.iter().zip(rows.chunks_exact(self.facts.params.words)) {
            check_row(&self.facts, row, Some(instance))?;
        }
        self.open()?.write(Part::Pending, &list, rows)
    }

    /// Changes one field of the instances' parameters from their next start on. `values` holds the field once for all
    /// of them, or once for each, row-major.
    ///
    /// # Errors
    /// [`Error::UnknownParam`], [`Error::InvalidInstance`], [`Error::InvalidShape`], [`Error::ParamOutOfRange`] (NaN and
    /// fractions in integer fields too), [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn set_param<'a>(
        &mut self,
        instances: impl Into<Instances<'a>>,
        field: &str,
        values: impl Into<Values>,
    ) -> Result<()> {
        let list = instances.into().resolve(self.num_envs)?;
        let values = values.into().0;
        let facts = self.facts.clone();
        let field = find(&facts, field)?;
        let (words, of_row) = (field.words(), facts.params.words);
        let each = values.len() != words;
        if each && values.len() != words * list.len() {
            return Err(Error::InvalidShape {
                what: "parameter values",
                got: values.len(),
                expected: words * list.len(),
                shape: format!(
                    "instances {} x field `{}` {:?}, or the field once",
                    list.len(),
                    field.name,
                    field.shape
                ),
            });
        }
        let mut rows = self.read(Part::Pending, &list)?;
        for (index, &instance) in list.iter().enumerate() {
            let first = if each { index * words } else { 0 };
            let encoded = encode(&facts, field, &values[first..first + words], Some(instance))?;
            let at = index * of_row + field.offset;
            rows[at..at + words].copy_from_slice(&encoded);
        }
        self.open()?.write(Part::Pending, &list, &rows)
    }

    /// The instances' states as raw words `[instances, state words]` in the order of `spec().state`.
    ///
    /// # Errors
    /// [`Error::InvalidInstance`], [`Error::ResetNeeded`] before the first reset, [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn get_state<'a>(&mut self, instances: impl Into<Instances<'a>>) -> Result<Vec<u32>> {
        self.open_and_started("get_state")?;
        self.get_rows(Part::State, instances.into())
    }

    /// Puts the instances into these states, raw words `[instances, state words]`, and computes their observations anew.
    /// Generators and parameters stay. A running episode goes on with its steps and return so far; an ended instance
    /// begins a new episode at the given state (0 steps, return 0) instead of being reset.
    ///
    /// # Errors
    /// [`Error::InvalidInstance`], [`Error::InvalidShape`], [`Error::InvalidState`] for NaN and infinities,
    /// [`Error::ResetNeeded`] before the first reset, [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn set_state<'a>(&mut self, instances: impl Into<Instances<'a>>, rows: &[u32]) -> Result<()> {
        self.open_and_started("set_state")?;
        let list = instances.into().resolve(self.num_envs)?;
        self.check_state_rows(&list, rows)?;
        self.open()?.write(Part::State, &list, rows)?;
        let ended: Vec<usize> = list.iter().copied().filter(|&i| self.view().ended(i)).collect();
        if !ended.is_empty() {
            let mut episodes = self.read(Part::Episode, &ended)?;
            // KernelEpisode: two generators of two words, the last actions, then elapsed, ended, returns.
            let elapsed = 4 + self.facts.action_words();
            for episode in episodes.chunks_exact_mut(self.facts.episode_words) {
                episode[elapsed..].fill(0);
            }
            self.open()?.write(Part::Episode, &ended, &episodes)?;
            for i in ended {
                self.out.terminated[i] = false;
                self.out.truncated[i] = false;
            }
        }
        self.commands.clear();
        self.commands.resize(self.num_envs, ResetCommand::Keep);
        for &i in list.iter() {
            self.commands[i] = ResetCommand::Observe;
        }
        self.run_commands()
    }

    fn check_state_rows(&self, list: &[usize], rows: &[u32]) -> Result<()> {
        let state = &self.facts.state;
        let expected = list.len() * state.words;
        if rows.len() != expected {
            let shape = format!("instances {} x {} words", list.len(), state.words);
            return Err(Error::InvalidShape { what: "states", got: rows.len(), expected, shape });
        }
        for (&instance, row) in list.iter().zip(rows.chunks_exact(state.words.max(1))) {
            for field in state.fields.iter().filter(|f| f.kind == Kind::F32) {
                for (element, &word) in row[field.offset..field.offset + field.words()].iter().enumerate() {
                    if !f32::from_bits(word).is_finite() {
                        let scalar = field.shape.is_empty();
                        let name = if scalar { field.name.clone() } else { format!("{}[{element}]", field.name) };
                        return Err(Error::InvalidState { field: name, instance, value: show(Kind::F32, word) });
                    }
                }
            }
        }
        Ok(())
    }

    fn get_rows(&mut self, part: Part, instances: Instances<'_>) -> Result<Vec<u32>> {
        let list = instances.resolve(self.num_envs)?;
        self.read(part, &list)
    }
}
