//! From options to networks and optimisers, the same way for every agent.

use shadergym_envs::{Encoding, Space};

use crate::agent::Setup;
use crate::error::{Error, Result};
use crate::network::{Activation, Init, Layout, Mlp, MlpShape, Network, Tower};
use crate::optim::{Kind as OptimizerKind, Optimizer, Options as OptimizerOptions};
use crate::options::{NetworkKind, check};

/// What an agent's options say of its networks.
#[derive(Debug)]
pub struct Networks<'a> {
    /// Which one.
    pub kind: NetworkKind,
    /// Widths of the hidden layers.
    pub hidden: &'a [usize],
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Whether hidden layers are normalised.
    pub layer_norm: bool,
    /// How parameters begin.
    pub init: Init,
}

impl Networks<'_> {
    /// A network from the environment's observations to these heads (name, outputs, gain of the initialisation), and
    /// parameters that come out for every row. A perceptron has a tower per head, a convolutional network one trunk.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a network that this build or the observations cannot have.
    pub fn build(
        &self,
        setup: &Setup,
        heads: &[(&'static str, usize, f32)],
        free: Option<(&'static str, Vec<f32>)>,
    ) -> Result<Box<dyn Network>> {
        let space = &setup.facts.observation;
        match self.kind {
            NetworkKind::Mlp => Ok(self.perceptron(setup, space.flat_elements(), space.flat_encoding(), heads, free)),
            NetworkKind::Conv => self.convolutional(setup, heads, free),
        }
    }

    /// A perceptron on rows of other inputs, such as observation and action.
    pub fn perceptron(
        &self,
        setup: &Setup,
        inputs: usize,
        encoding: Encoding,
        heads: &[(&'static str, usize, f32)],
        free: Option<(&'static str, Vec<f32>)>,
    ) -> Box<dyn Network> {
        let towers = heads.iter().map(|&(name, outputs, output_gain)| Tower {
            name,
            hidden: self.hidden.to_vec(),
            outputs,
            output_gain,
        });
        let shape = MlpShape {
            inputs,
            encoding,
            towers: towers.collect(),
            activation: self.activation,
            layer_norm: self.layer_norm,
            free,
            init: self.init,
        };
        Box::new(Mlp::new(shape, setup.seed, setup.num_threads))
    }

    /// One 3 x 3 convolution to 16 channels (MinAtar's), then the hidden layers.
    #[cfg(feature = "burn")]
    fn convolutional(
        &self,
        setup: &Setup,
        heads: &[(&'static str, usize, f32)],
        free: Option<(&'static str, Vec<f32>)>,
    ) -> Result<Box<dyn Network>> {
        use crate::network::burn::{ConvLayer, ConvNet, ConvShape, Head, Init as ConvInit};
        let shape = setup.facts.observation.single().map_or(&[][..], |part| &part.shape);
        let &[height, width, channels] = shape else {
            let text = format!(
                "network=conv needs observations [height, width, channels], those of {} are {}; use network=mlp",
                setup.facts.id,
                Space::of_observation(&setup.facts)
            );
            return Err(Error::Unsupported(text));
        };
        let shape = ConvShape {
            height,
            width,
            channels,
            convolutions: vec![ConvLayer { channels: 16, kernel: 3, stride: 1 }],
            hidden: self.hidden.to_vec(),
            heads: heads.iter().map(|&(_, outputs, gain)| Head { outputs, gain }).collect(),
            layer_norm: self.layer_norm,
            free: free.map(|(name, values)| (name.to_owned(), values)),
            init: match self.init {
                Init::Orthogonal => ConvInit::Orthogonal,
                Init::Uniform => ConvInit::LeCun,
                Init::LecunNormal => ConvInit::He,
            },
            seed: setup.seed,
        };
        Ok(Box::new(ConvNet::new(shape)?))
    }

    #[cfg(not(feature = "burn"))]
    fn convolutional(
        &self,
        _: &Setup,
        _: &[(&'static str, usize, f32)],
        _: Option<(&'static str, Vec<f32>)>,
    ) -> Result<Box<dyn Network>> {
        let text = "this build has no convolutional networks (cargo feature `burn`); use network=mlp";
        Err(Error::Unsupported(text.to_owned()))
    }
}

/// The optimiser of these options.
pub fn optimizer(kind: OptimizerKind, epsilon: f32, weight_decay: f32, layout: &Layout) -> Optimizer {
    Optimizer::new(kind, OptimizerOptions { epsilon, weight_decay, ..OptimizerOptions::default() }, layout)
}

/// Ranges that are the same for every agent.
///
/// # Errors
/// [`Error::InvalidOption`].
pub fn check_common(learning_rate: f32, gamma: f32, hidden: &[usize]) -> Result<()> {
    check("learning_rate", learning_rate, "above 0, at most 1", learning_rate > 0.0 && learning_rate <= 1.0)?;
    check("gamma", gamma, "0 to 1", (0.0..=1.0).contains(&gamma))?;
    let widths = hidden.iter().all(|w| (1..=4096).contains(w)) && hidden.len() <= 8;
    check("hidden", format!("{hidden:?}"), "up to 8 widths of 1 to 4096", widths)
}
