//! What acts: networks, how their outputs become actions, and what observations go through before them.

use std::sync::Arc;

use shadergym_envs::{ActionSpace, Encoding, Facts, Observations};

use crate::common::head::Head;
use crate::common::moments::ObservationMoments;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::network::{Carry, Network, Recurrent, RowMap, Rows};
use crate::state::State;
use crate::streaming::Inputs as StreamInputs;

/// A policy: observations in, actions out.
pub struct Policy {
    facts: Arc<Facts>,
    networks: Vec<Box<dyn Network>>,
    map: RowMap,
    head: Head,
    inputs: Inputs,
}

/// What observations go through.
enum Inputs {
    Raw,
    Normalised(ObservationMoments),
    Stream(StreamInputs),
}

/// What the rows of a policy remember from step to step; empty at the start, and always for most policies.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    of_networks: Vec<Carry>,
    /// Steps since the start of each row's episode.
    elapsed: Vec<u32>,
    /// Rewards of the newest step, one for each row; empty: zeros.
    rewards: Vec<f32>,
}

impl Memory {
    /// What [`Self::carried`] gave, of a policy with one network.
    pub fn of_carried(values: &[f32]) -> Self {
        let mut carry = Carry::default();
        carry.set(values);
        Self { of_networks: vec![carry], ..Self::default() }
    }

    /// What rows carry in the only network of a policy, `[rows, carry]`.
    pub fn carried(&self) -> &[f32] {
        self.of_networks.first().map_or(&[], Carry::values)
    }

    /// What the rows got for their newest actions.
    pub fn hear(&mut self, rewards: &[f32]) {
        self.rewards.clear();
        self.rewards.extend_from_slice(rewards);
    }

    /// Of rows of which only the steps since the start of their episodes are known.
    pub fn at(elapsed: Vec<u32>) -> Self {
        Self { elapsed, ..Self::default() }
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { facts, networks, head, .. } = self;
        let parameters: usize = networks.iter().map(|network| network.parameters().len()).sum();
        write!(f, "Policy({}, {head:?}, {parameters} parameters)", facts.id)
    }
}

impl Policy {
    pub(crate) fn new(
        facts: Arc<Facts>,
        network: Box<dyn Network>,
        head: Head,
        moments: Option<ObservationMoments>,
    ) -> Self {
        let map = RowMap::shared(facts.agents);
        Self::of_networks(facts, (vec![network], map), head, moments)
    }

    /// With a network for each number of the map, whose outputs mean the same.
    pub(crate) fn of_networks(
        facts: Arc<Facts>,
        (networks, map): (Vec<Box<dyn Network>>, RowMap),
        head: Head,
        moments: Option<ObservationMoments>,
    ) -> Self {
        assert_eq!(networks.len(), map.networks(), "a network for each number");
        let inputs = moments.map_or(Inputs::Raw, Inputs::Normalised);
        Self { facts, networks, map, head, inputs }
    }

    /// Of a stream, with what its observations go through.
    pub(crate) fn of_stream(facts: Arc<Facts>, network: Box<dyn Network>, head: Head, inputs: StreamInputs) -> Self {
        Self { inputs: Inputs::Stream(inputs), ..Self::new(facts, network, head, None) }
    }

    /// Whether it reads the time in an episode, which [`Self::act_on`] counts.
    pub fn reads_time(&self) -> bool {
        matches!(&self.inputs, Inputs::Stream(inputs) if inputs.timed())
    }

    /// What it is if it is one network that remembers.
    pub fn recurrent(&self) -> Option<&dyn Recurrent> {
        self.networks[0].recurrent().filter(|_| self.networks.len() == 1)
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
    /// [`Error::InvalidOption`] if the observations are not whole rows of the environment's; [`Error::Unsupported`] if it
    /// remembers what it saw, for which there is [`Self::act_on`].
    pub fn act(
        &self,
        observations: &[u32],
        masks: Option<&[u32]>,
        deterministic: bool,
        noise: &mut Noise,
        actions: &mut Vec<u32>,
    ) -> Result<()> {
        if self.reads_time() || self.networks.iter().any(|network| network.recurrent().is_some()) {
            let (id, what) = (&self.facts.id, if self.reads_time() { "counts steps" } else { "remembers what it saw" });
            return Err(Error::Unsupported(format!(
                "this policy of {id} {what}; play whole episodes, or tell it of them"
            )));
        }
        self.act_on(observations, masks, (&mut Memory::default(), &|_| true), deterministic, noise, actions)
    }

    /// As [`Self::act`], one step after the other of the same rows with what they remember. `starts` tells which of them
    /// begin an episode.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the observations are not whole rows of the environment's.
    pub fn act_on(
        &self,
        observations: &[u32],
        masks: Option<&[u32]>,
        (memory, starts): (&mut Memory, &dyn Fn(usize) -> bool),
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
        memory.elapsed.resize(packed.len(), 0);
        let rows = match &self.inputs {
            Inputs::Raw => packed,
            Inputs::Normalised(moments) => {
                let mut values: Vec<f32> = bytemuck::cast_slice(&flat).to_vec();
                moments.normalize(&mut values);
                normalised = values;
                Rows::floats(&normalised, elements)
            }
            Inputs::Stream(inputs) => {
                let elapsed = &mut memory.elapsed;
                (0..packed.len()).filter(|&row| starts(row)).for_each(|row| elapsed[row] = 0);
                normalised = inputs.rows(packed, elapsed);
                elapsed.iter_mut().for_each(|steps| *steps += 1);
                Rows::floats(&normalised, normalised.len() / packed.len())
            }
        };
        let width = self.networks[0].outputs();
        let mut outputs = vec![0.0; rows.len() * width];
        memory.of_networks.resize(self.networks.len(), Carry::default());
        let heard = !memory.rewards.is_empty();
        if let [network] = &self.networks[..] {
            if heard {
                memory.of_networks[0].hear(&**network, memory.rewards.iter().copied());
            }
            memory.of_networks[0].advance(&**network, rows, starts, &mut outputs);
        } else {
            for (k, (network, carry)) in self.networks.iter().zip(&mut memory.of_networks).enumerate() {
                let own = self.map.rows_of(k, rows.len());
                let chosen: Vec<u32> = own.iter().map(|&row| row as u32).collect();
                let mut of_own = vec![0.0; own.len() * width];
                if heard {
                    carry.hear(&**network, own.iter().map(|&row| memory.rewards[row]));
                }
                carry.advance(&**network, rows.select(&chosen), |k| starts(own[k]), &mut of_own);
                for (&row, of_row) in own.iter().zip(of_own.chunks_exact(width)) {
                    outputs[row * width..(row + 1) * width].copy_from_slice(of_row);
                }
            }
        }
        actions.resize(rows.len() * self.facts.action.words(), 0);
        self.head.act(&outputs, width, masks, deterministic, noise, actions);
        let words = self.facts.action.words();
        for (k, (network, carry)) in self.networks.iter().zip(&mut memory.of_networks).enumerate() {
            let own = (0..rows.len()).filter(|&row| self.map.network(row) == k);
            carry.remember(&**network, own.map(|row| &actions[row * words..(row + 1) * words]));
        }
        Ok(())
    }

    /// Parameters and moments.
    pub fn save(&self, state: &mut State) {
        let parameters: Vec<&[f32]> = self.networks.iter().map(|network| network.parameters()).collect();
        state.put_f32("policy/parameters", &parameters.concat());
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
        let mut parameters = vec![0.0; self.networks.iter().map(|network| network.parameters().len()).sum()];
        state.read_f32("policy/parameters", &mut parameters)?;
        let mut rest = &parameters[..];
        for network in &mut self.networks {
            let (own, others) = rest.split_at(network.parameters().len());
            network.parameters_mut().copy_from_slice(own);
            rest = others;
        }
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
