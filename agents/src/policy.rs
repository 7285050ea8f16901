//! What acts: a network, how its outputs become actions, and how observations are normalised before it.

use std::sync::Arc;

use shadergym_envs::{ActionSpace, Encoding, Facts, Observations};

use crate::common::head::Head;
use crate::common::moments::ObservationMoments;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::network::{Network, Rows};
use crate::state::State;

/// A policy: observations in, actions out.
pub struct Policy {
    facts: Arc<Facts>,
    network: Box<dyn Network>,
    head: Head,
    moments: Option<ObservationMoments>,
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { facts, network, head, .. } = self;
        write!(f, "Policy({}, {head:?}, {} parameters)", facts.id, network.parameters().len())
    }
}

impl Policy {
    pub(crate) fn new(
        facts: Arc<Facts>,
        network: Box<dyn Network>,
        head: Head,
        moments: Option<ObservationMoments>,
    ) -> Self {
        Self { facts, network, head, moments }
    }

    /// What the environment's file declares: spaces and docs.
    pub fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Values per flattened observation.
    pub fn observation_elements(&self) -> usize {
        self.facts.observation.flat_elements()
    }

    /// Actions for rows of observations as the environment gives them: raw words `[rows, action words]` as in
    /// [`shadergym_envs::Actions`] (`f32` bits for boxes), within the action space. `deterministic` takes the most
    /// likely action (or the greedy one), else it is drawn with `noise`, one counter per row and call. `masks`
    /// `[rows, mask words]` has a bit per legal action.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the observations are not whole rows of the environment's.
    pub fn act(
        &self,
        observations: &[u32],
        masks: Option<&[u32]>,
        deterministic: bool,
        noise: &mut Noise,
        actions: &mut Vec<u32>,
    ) -> Result<()> {
        let space = &self.facts.observation;
        let Some(observed) = Observations::of_rows(observations, space).filter(|rows| rows.rows() > 0) else {
            return Err(Error::InvalidOption {
                option: "observations".to_owned(),
                value: format!("{} words", observations.len()),
                allowed: format!("whole rows of {} words, as {} gives them", space.words, self.facts.id),
            });
        };
        let flat = observed.flattened();
        let elements = space.flat_elements();
        let normalised;
        let rows = match &self.moments {
            Some(moments) => {
                let mut values: Vec<f32> = bytemuck::cast_slice(&flat).to_vec();
                moments.normalize(&mut values);
                normalised = values;
                Rows::floats(&normalised, elements)
            }
            None => Rows::packed(&flat, space.flat_encoding(), elements),
        };
        let mut outputs = vec![0.0; rows.len() * self.network.outputs()];
        self.network.predict(rows, &mut outputs);
        actions.resize(rows.len() * self.facts.action.words(), 0);
        self.head.act(&outputs, self.network.outputs(), masks, deterministic, noise, actions);
        Ok(())
    }

    /// Parameters and moments.
    pub fn save(&self, state: &mut State) {
        state.put_f32("policy/parameters", self.network.parameters());
        if let Some(moments) = &self.moments {
            moments.save(state, "policy/observations");
        }
    }

    /// Puts saved parameters and moments in place.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if something is missing or of another size.
    pub fn load(&mut self, state: &State) -> Result<()> {
        state.read_f32("policy/parameters", self.network.parameters_mut())?;
        if let Some(moments) = &mut self.moments {
            moments.load(state, "policy/observations")?;
        }
        Ok(())
    }

    /// Whether actions are floats.
    pub fn is_continuous(&self) -> bool {
        matches!(self.facts.action, ActionSpace::Box { .. })
    }

    /// How a flattened observation lies in memory.
    pub fn encoding(&self) -> Encoding {
        self.facts.observation.flat_encoding()
    }
}
