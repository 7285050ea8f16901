//! What stream TD is compared with: TD(0) with Adam, one transition at a time, on the same inputs and rewards or on what they
//! are made from.

use shadergym_envs::Encoding;

use crate::common::build::optimizer;
use crate::error::Result;
use crate::network::{Activation, FeedForward, Init, Inputs, LossSums, Network, Rows, Shape, Tower};
use crate::optim::{Kind, Optimizer};
use crate::streaming::{ObservationScaler, RewardScaler};

/// A perceptron of ReLUs with PyTorch's start, without traces, bound and normalised layers.
pub struct Td0 {
    network: FeedForward,
    optimizer: Optimizer,
    learning_rate: f32,
    gamma: f32,
    /// What inputs and rewards go through, as those of a stream; None: they are taken as they come.
    scaling: Option<(ObservationScaler, RewardScaler)>,
    input: Vec<f32>,
    gradient: Vec<f32>,
}

impl Td0 {
    /// For observations of so many elements, which are normalised as those of a stream, and the rewards scaled, or not.
    ///
    /// # Errors
    /// Those of the network.
    pub fn new(
        elements: usize,
        hidden: &[usize],
        (learning_rate, gamma): (f32, f32),
        scaled: bool,
        seed: u64,
    ) -> Result<Self> {
        let shape = Shape {
            inputs: Inputs::Flat { elements, encoding: Encoding::F32 },
            convolutions: Vec::new(),
            trunk: Vec::new(),
            towers: vec![Tower { name: "value", hidden: hidden.to_vec(), outputs: 1, output_gain: 1.0 }],
            activation: Activation::Relu,
            layer_norm: None,
            free: None,
            init: Init::Uniform,
        };
        let network = FeedForward::new(&shape, seed, 1)?;
        Ok(Self {
            optimizer: optimizer(Kind::Adam, 1e-8, 0.0, network.layout()),
            gradient: vec![0.0; network.layout().len()],
            network,
            learning_rate,
            gamma,
            scaling: scaled.then(|| (ObservationScaler::new(elements), RewardScaler::new(gamma))),
            input: Vec::new(),
        })
    }

    /// Stands at the first observation.
    pub fn start(&mut self, observation: &[f32]) {
        self.input = observation.to_vec();
        if let Some((observations, _)) = &mut self.scaling {
            observations.push(observation);
            observations.normalize(&mut self.input);
        }
    }

    /// The value where it stands, in units of the rewards as they are.
    pub fn value(&self) -> f64 {
        f64::from(self.of(&self.input)) * self.scaling.as_ref().map_or(1.0, |(_, rewards)| rewards.spread())
    }

    fn of(&self, input: &[f32]) -> f32 {
        let mut value = [0.0];
        self.network.predict(Rows::floats(input, input.len()), &mut value);
        value[0]
    }

    /// Learns from a reward and the observation that came with it, at which it then stands.
    pub fn update(&mut self, reward: f32, next: &[f32]) {
        let reward = self.scaling.as_mut().map_or(reward, |(_, rewards)| rewards.scale(reward, false));
        let here = std::mem::take(&mut self.input);
        self.start(next);
        let target = reward + self.gamma * self.of(&self.input);
        let loss = |_: std::ops::Range<usize>, values: &[f32], slope: &mut [f32]| {
            slope[0] = values[0] - target;
            LossSums::default()
        };
        self.gradient.fill(0.0);
        self.network.gradient(Rows::floats(&here, here.len()), &loss, &mut self.gradient);
        self.optimizer.step(self.network.parameters_mut(), &self.gradient, self.learning_rate);
    }
}
