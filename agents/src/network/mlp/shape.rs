//! What a perceptron is made of.

use shadergym_envs::Encoding;

/// Hidden layers and outputs that share nothing with other towers but the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Tower {
    /// First part of the parameters' names: `policy` gives `policy.0.weight`.
    pub name: &'static str,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Values per row that come out.
    pub outputs: usize,
    /// Gain of the last layer under [`Init::Orthogonal`].
    pub output_gain: f32,
}

/// What follows every hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// The positive part.
    Relu,
}

/// How parameters start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// Orthogonal weights with a gain of the square root of 2 in hidden layers and [`Tower::output_gain`] in the last,
    /// zero biases: as PPO does.
    Orthogonal,
    /// Weights and biases uniform within one over the square root of the inputs, PyTorch's default: as DQN and SAC do.
    Uniform,
    /// Truncated normal weights of variance one over the inputs, zero biases, flax's default: as PQN does.
    LecunNormal,
}

/// Shape and start of an [`Mlp`](super::Mlp).
#[derive(Debug, Clone, PartialEq)]
pub struct MlpShape {
    /// Values per row that go in.
    pub inputs: usize,
    /// How rows lie in memory.
    pub encoding: Encoding,
    /// Every tower reads the same rows; their outputs follow each other.
    pub towers: Vec<Tower>,
    /// What follows every hidden layer.
    pub activation: Activation,
    /// Whether hidden layers are normalised before their activation, with a learned scale and offset.
    pub layer_norm: bool,
    /// Name and start of parameters that come out as they are for every row, behind the towers' outputs: a standard
    /// deviation that does not depend on the state.
    pub free: Option<(&'static str, Vec<f32>)>,
    /// How the weights and biases start.
    pub init: Init,
}
