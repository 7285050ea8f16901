//! What acts: a network, how its outputs become actions, and what observations go through before it.

use std::sync::Arc;

use shadergym_envs::{ActionSpace, Encoding, Facts, Observations};

use crate::common::head::Head;
use crate::common::moments::ObservationMoments;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::network::{Network, Predictor, Rows};
use crate::state::State;
use crate::streaming::Inputs as StreamInputs;

/// A policy: observations in, actions out.
pub struct Policy {
    facts: Arc<Facts>,
    network: Box<dyn Predictor>,
    head: Head,
    inputs: Inputs,
}

/// What observations go through.
enum Inputs {
    Raw,
    Normalised(ObservationMoments),
    Stream(StreamInputs),
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
        let inputs = moments.map_or(Inputs::Raw, Inputs::Normalised);
        Self { facts, network: Box::new(network), head, inputs }
    }

    pub(crate) fn of_stream(
        facts: Arc<Facts>,
        network: impl Predictor + 'static,
        head: Head,
        inputs: StreamInputs,
    ) -> Self {
        Self { facts, network: Box::new(network), head, inputs: Inputs::Stream(inputs) }
    }

    /// Whether [`Self::act`] wants to know how long the episodes last.
    pub fn reads_time(&self) -> bool {
        matches!(&self.inputs, Inputs::Stream(inputs) if inputs.timed())
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
    /// `[rows, mask words]` has a bit per legal action. `elapsed` `[rows]` are the steps since each episode's start, for
    /// policies that [read the time](Self::reads_time).
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the observations are not whole rows of the environment's, or if the time is missing.
    pub fn act(
        &self,
        observations: &[u32],
        masks: Option<&[u32]>,
        elapsed: Option<&[u32]>,
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
        let packed = Rows::packed(&flat, space.flat_encoding(), elements);
        let rows = match &self.inputs {
            Inputs::Raw => packed,
            Inputs::Normalised(moments) => {
                let mut values: Vec<f32> = bytemuck::cast_slice(&flat).to_vec();
                moments.normalize(&mut values);
                normalised = values;
                Rows::floats(&normalised, elements)
            }
            Inputs::Stream(inputs) => {
                let elapsed = elapsed.unwrap_or_default();
                if inputs.timed() && elapsed.len() != packed.len() {
                    return Err(Error::InvalidOption {
                        option: "elapsed".to_owned(),
                        value: format!("{} numbers", elapsed.len()),
                        allowed: format!(
                            "{}, one per observation: this policy reads the steps since the episode's start",
                            packed.len()
                        ),
                    });
                }
                normalised = inputs.rows(packed, elapsed);
                Rows::floats(&normalised, normalised.len() / packed.len())
            }
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
        match &self.inputs {
            Inputs::Raw => {}
            Inputs::Normalised(moments) => moments.save(state, "policy/observations"),
            Inputs::Stream(inputs) => inputs.save(state, "policy/observations"),
        }
    }

    /// Puts saved parameters and moments in place.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if something is missing or of another size.
    pub fn load(&mut self, state: &State) -> Result<()> {
        let mut parameters = vec![0.0; self.network.parameters().len()];
        state.read_f32("policy/parameters", &mut parameters)?;
        self.network.set_parameters(&parameters);
        match &mut self.inputs {
            Inputs::Raw => Ok(()),
            Inputs::Normalised(moments) => moments.load(state, "policy/observations"),
            Inputs::Stream(inputs) => inputs.load(state, "policy/observations"),
        }
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
