//! From options to networks and optimisers, the same way for every agent.

use shadergym_envs::{Encoding, Space};

use crate::agent::Setup;
use crate::error::{Error, Result};
use crate::network::{Activation, Convolution, FeedForward, Init, Inputs, LayerNorm, Layout, Network, Shape, Tower};
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
        let inputs = match self.kind {
            NetworkKind::Mlp => flat(setup),
            NetworkKind::Conv => picture(setup)?,
        };
        self.on(setup, inputs, heads, free)
    }

    /// A perceptron on rows of other inputs, such as observation and action.
    ///
    /// # Panics
    /// If a width is 0: [`check_common`] refuses that.
    pub fn perceptron(
        &self,
        setup: &Setup,
        inputs: usize,
        encoding: Encoding,
        heads: &[(&'static str, usize, f32)],
        free: Option<(&'static str, Vec<f32>)>,
    ) -> Box<dyn Network> {
        self.on(setup, Inputs::Flat { elements: inputs, encoding }, heads, free).expect("widths above 0")
    }

    fn on(
        &self,
        setup: &Setup,
        inputs: Inputs,
        heads: &[(&'static str, usize, f32)],
        free: Option<(&'static str, Vec<f32>)>,
    ) -> Result<Box<dyn Network>> {
        let conv = self.kind == NetworkKind::Conv;
        // Convolutions and the hidden layers behind them are shared; perceptrons have a tower per head.
        let (trunk, hidden) = if conv { (self.hidden, &[][..]) } else { (&[][..], self.hidden) };
        let towers = heads.iter().map(|&(name, outputs, output_gain)| Tower {
            name,
            hidden: hidden.to_vec(),
            outputs,
            output_gain,
        });
        let shape = Shape {
            inputs,
            convolutions: if conv { vec![MINATAR] } else { Vec::new() },
            trunk: trunk.to_vec(),
            towers: towers.collect(),
            activation: self.activation,
            layer_norm: self.layer_norm.then_some(LayerNorm::FLAX),
            free,
            init: match self.init {
                Init::LecunNormal if conv => Init::HeNormal,
                init => init,
            },
        };
        Ok(Box::new(FeedForward::new(&shape, setup.seed, setup.num_threads)?))
    }
}

/// The convolution of MinAtar's networks (Young and Tian 2019, and purejaxql's).
pub(crate) const MINATAR: Convolution = Convolution { channels: 16, kernel: 3, stride: 1 };

/// Observations as a dense layer reads them.
fn flat(setup: &Setup) -> Inputs {
    let space = &setup.facts.observation;
    Inputs::Flat { elements: space.flat_elements(), encoding: space.flat_encoding() }
}

/// Observations as a convolution reads them.
fn picture(setup: &Setup) -> Result<Inputs> {
    let shape = setup.facts.observation.single().map_or(&[][..], |part| &part.shape);
    let &[height, width, channels] = shape else {
        let text = format!(
            "network=conv needs observations [height, width, channels], those of {} are {}; use network=mlp",
            setup.facts.id,
            Space::of_observation(&setup.facts)
        );
        return Err(Error::Unsupported(text));
    };
    Ok(Inputs::Picture { size: [height, width, channels], encoding: setup.facts.observation.flat_encoding() })
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
