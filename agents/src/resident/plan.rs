//! From options, environment and network to what the kernels know of a run, and to the sizes of the buffers.

use bytemuck::Zeroable;
use shadergym_envs::{ActionSpace, Encoding, Facts, ObservationSpace};

use super::structs::{Layer, MAX_LAYERS, Plan};
use crate::common::ppo::Objective;
use crate::error::{Error, Result};
use crate::network::{Activation, Layout};
use crate::options::Truncation;

/// Rows of a tile.
pub const TILE: usize = 16;
/// Threads of a workgroup.
pub const THREADS: usize = 64;
/// Workgroups of a tower that act at most; each takes several tiles where there are more.
const MAX_GROUPS: usize = 1024;
/// Partial gradients at most, and bytes that they may take.
const MAX_PARTIALS: usize = 256;
const PARTIAL_BYTES: usize = 64 << 20;
/// Finished episodes that an iteration keeps at most: 12 bytes each to read back, and its infos. What is beyond is told as
/// `gpu/episodes_lost`.
const MAX_EPISODES: usize = 1 << 18;
/// Sums of the loss behind a gradient.
pub const SUMS: usize = 8;

/// What is learned and how, for both algorithms.
#[derive(Debug, Clone)]
pub struct Learning {
    /// Action values (PQN) rather than a policy and a value (PPO).
    pub action_values: bool,
    /// Parallel environments.
    pub num_envs: usize,
    /// Steps of a rollout.
    pub steps: usize,
    /// Passes over it.
    pub epochs: usize,
    /// Minibatches per pass.
    pub minibatches: usize,
    /// What the policy maximises.
    pub objective: Objective,
    /// Range of the ratio, and of the value if `clip_value`.
    pub clip_coef: f32,
    /// Whether the value loss is clipped.
    pub clip_value: bool,
    /// Whether advantages are normalised per minibatch.
    pub normalize: bool,
    /// Weight of the entropy bonus.
    pub entropy_coef: f32,
    /// Weight of the value loss.
    pub value_coef: f32,
    /// Discount factor.
    pub gamma: f32,
    /// Lambda of advantages or returns.
    pub lambda: f32,
    /// What rewards are multiplied by.
    pub reward_scale: f32,
    /// What a time limit means.
    pub truncation: Truncation,
    /// Global norm to clip gradients to, 0 = none.
    pub max_grad_norm: f32,
    /// Epsilon of the optimiser.
    pub adam_epsilon: f32,
    /// Whether the optimiser is RAdam, else Adam.
    pub rectified: bool,
    /// Divergence at which passes end, 0 = never.
    pub target_kl: f32,
    /// Hidden layers.
    pub activation: Activation,
    /// Whether they are normalised.
    pub layer_norm: bool,
}

/// Words of the buffers, and workgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The recorded observations.
    pub observations: usize,
    /// The rest of the recording.
    pub record: usize,
    /// Activations and their gradients.
    pub scratch: usize,
    /// Partial gradients.
    pub partials: usize,
    /// Gradient and moments of the optimiser.
    pub optimizer: usize,
    /// Statistics.
    pub statistics: usize,
    /// Rows in the minibatches of one iteration.
    pub order: usize,
    /// Workgroups per tower of `act`, of `returns`, of `reduce` and `adam`.
    pub act_groups: usize,
    /// Workgroups per tower of `gradient`.
    pub partial_groups: usize,
    /// As above.
    pub return_groups: usize,
    /// As above.
    pub parameter_groups: usize,
    /// Networks side by side.
    pub towers: usize,
    /// Rows of a minibatch.
    pub minibatch: usize,
    /// Updates of a pass; what is left over after equal minibatches waits for the next one.
    pub per_pass: usize,
    /// Updates of an iteration.
    pub updates: usize,
}

/// The towers of a network that kernels can run: `[weight, bias, (scale, offset)]` per layer, layer by layer.
fn towers(layout: &Layout, layer_norm: bool) -> Option<Vec<Vec<Layer>>> {
    let mut towers: Vec<(String, Vec<Layer>)> = Vec::new();
    let weights: Vec<_> = layout.parts().iter().filter(|p| p.shape.len() == 2).collect();
    for part in &weights {
        let tower = part.name.split('.').next()?.to_owned();
        if towers.last().is_none_or(|(name, _)| *name != tower) {
            towers.push((tower, Vec::new()));
        }
        let [inputs, outputs] = part.shape[..] else { return None };
        let (inputs, outputs, weights) = (inputs as u32, outputs as u32, part.offset as u32);
        towers.last_mut()?.1.push(Layer { inputs, outputs, weights, ..Layer::default() });
    }
    let mut end = 0;
    for (_, layers) in &mut towers {
        layers.last_mut()?.last = 1;
        for layer in layers {
            let norm = if layer_norm && layer.last == 0 { 2 * layer.outputs } else { 0 };
            if layer.weights != end {
                return None;
            }
            end = layer.weights + layer.inputs * layer.outputs + layer.outputs + norm;
        }
    }
    let free = layout.parts().iter().find(|p| p.offset as u32 == end);
    let rest_fits = end as usize == layout.len() || free.is_some_and(|p| p.offset + p.len() == layout.len());
    let count: usize = towers.iter().map(|(_, layers)| layers.len()).sum();
    (rest_fits && count <= MAX_LAYERS && (1..=2).contains(&towers.len()))
        .then(|| towers.into_iter().map(|(_, layers)| layers).collect())
}

/// Where each value of a flattened observation is, `[elements, 2]`: its word, and how to take it from there: 0 a float,
/// 1 a byte and 2 a bit behind a shift, 3 whether the word is a number; shift and number are in the upper 30 bits. Empty
/// where all words are alike.
pub fn element_places(space: &ObservationSpace) -> Vec<[u32; 2]> {
    let mut places = Vec::new();
    for part in space.parts.iter().filter(|_| !space.is_flat()) {
        let word = |e: usize| (part.offset + e) as u32;
        match part.encoding {
            Encoding::F32 => places.extend((0..part.elements()).map(|e| [word(e), 0])),
            Encoding::U8 => places.extend((0..part.elements()).map(|e| [word(e / 4), 1 | (e as u32 % 4 * 8) << 2])),
            Encoding::Bit => places.extend((0..part.elements()).map(|e| [word(e / 32), 2 | (e as u32 % 32) << 2])),
            Encoding::Count => {
                let numbers = part.counts.iter().enumerate();
                places.extend(numbers.flat_map(|(e, &n)| (0..n).map(move |value| [word(e), 3 | value << 2])));
            }
        }
    }
    places
}

/// How kernels tell the encoding of flattened observations, as shared.wgsl says.
pub fn encoding(space: &ObservationSpace) -> u32 {
    match space.flat_encoding() {
        _ if !space.is_flat() => 3,
        Encoding::F32 | Encoding::Count => 0,
        Encoding::U8 => 1,
        Encoding::Bit => 2,
    }
}

/// Gives each layer its columns of the scratch; returns how many there are.
fn place(layers: &mut [Layer], layer_norm: bool) -> u32 {
    let mut at = layers[0].inputs;
    let mut input_at = 0;
    for layer in layers {
        layer.input_at = input_at;
        layer.output_at = at;
        at += layer.outputs;
        if layer_norm && layer.last == 0 {
            layer.norm_at = at;
            at += layer.outputs + 1;
        }
        layer.delta_at = at;
        at += layer.outputs;
        input_at = layer.output_at;
    }
    at
}

/// Plan and sizes; None if the kernels cannot do it.
pub fn plan(learning: &Learning, facts: &Facts, layout: &Layout) -> Option<(Plan, Sizes)> {
    let l = learning;
    if l.activation == Activation::LeakyRelu {
        return None;
    }
    let mut towers = towers(layout, l.layer_norm)?;
    let scratch = towers.iter_mut().map(|layers| place(layers, l.layer_norm)).max()?;
    let (rows, steps, words) = (l.num_envs * facts.agents, l.steps, facts.observation.words);
    let transitions = rows.checked_mul(steps)?;
    let action_words = facts.action.words();
    let mut p = Plan::zeroed();
    match &facts.action {
        ActionSpace::Discrete { n } => (p.choices, p.nvec[0]) = (1, *n),
        ActionSpace::MultiDiscrete { nvec } if nvec.len() <= 64 => {
            p.choices = nvec.len() as u32;
            p.nvec[..nvec.len()].copy_from_slice(nvec);
        }
        ActionSpace::Box { low, high } if low.len() <= 16 => {
            p.policy = 1;
            p.low[..low.len()].copy_from_slice(low);
            p.high[..high.len()].copy_from_slice(high);
            p.log_std = (layout.len() - low.len()) as u32;
        }
        _ => return None,
    }
    if l.action_values {
        p.policy = 2;
    }
    let minibatch = transitions / l.minibatches;
    let per_pass = (transitions / minibatch).min(l.minibatches);
    let updates = l.epochs * per_pass;
    let mut next = 0;
    let mut region = |words: usize| {
        let at = next;
        next += words;
        at as u32
    };
    p.at_actions = region(transitions * action_words);
    p.at_log_probs = region(transitions);
    p.at_values = region(transitions + rows);
    p.at_rewards = region(transitions);
    p.at_flags = region(transitions);
    p.at_final_values = region(transitions);
    p.at_advantages = region(transitions);
    p.at_returns = region(transitions);
    p.at_moments = region(2 * updates);
    let return_groups = rows.div_ceil(THREADS);
    p.at_summary = region(8 * return_groups);
    let elements = element_places(&facts.observation);
    p.at_elements = region(2 * elements.len());
    let parameters = layout.len();
    let width = parameters + SUMS;
    let most = (PARTIAL_BYTES / (4 * width)).clamp(1, MAX_PARTIALS);
    let groups = minibatch.div_ceil(TILE).min(most);
    let act_groups = rows.div_ceil(TILE).min(MAX_GROUPS);
    let episodes = (l.num_envs * steps).min(MAX_EPISODES);
    (p.rows, p.agents, p.steps, p.instances) = (rows as u32, facts.agents as u32, steps as u32, l.num_envs as u32);
    (p.words, p.elements, p.action_words) =
        (words as u32, facts.observation.flat_elements() as u32, action_words as u32);
    p.encoding = encoding(&facts.observation);
    (p.parameters, p.scratch, p.groups) = (parameters as u32, scratch, groups as u32);
    (p.layer_norm, p.activation) = (u32::from(l.layer_norm), u32::from(l.activation == Activation::Relu));
    let mut first = 0;
    for (k, layers) in towers.iter().enumerate() {
        p.towers[k] = [first as u32, layers.len() as u32];
        p.layers[first..first + layers.len()].copy_from_slice(layers);
        first += layers.len();
    }
    p.value_tower = towers.len() as u32 - 1;
    p.objective = u32::from(l.objective == Objective::Dpo);
    (p.clip_value, p.normalize) = (u32::from(l.clip_value), u32::from(l.normalize && minibatch > 1));
    p.bootstrap = u32::from(l.truncation == Truncation::Bootstrap);
    (p.clip_coef, p.entropy_coef, p.value_coef) = (l.clip_coef, l.entropy_coef, l.value_coef);
    (p.gamma, p.lambda, p.reward_scale) = (l.gamma, l.lambda, l.reward_scale);
    (p.max_grad_norm, p.adam_epsilon, p.target_kl) = (l.max_grad_norm, l.adam_epsilon, l.target_kl);
    p.episodes = episodes as u32;
    p.info_words = facts.info_words() as u32;
    let parameter_groups = width.div_ceil(THREADS);
    let sizes = Sizes {
        observations: transitions * words,
        record: next,
        scratch: 16 * scratch as usize * towers.len() * groups.max(act_groups),
        partials: groups * width,
        optimizer: width + parameter_groups + 2 * parameters,
        statistics: 16 + (3 + facts.info_words()) * episodes,
        order: updates * minibatch,
        act_groups,
        partial_groups: groups,
        return_groups,
        parameter_groups,
        towers: towers.len(),
        minibatch,
        per_pass,
        updates,
    };
    Some((p, sizes))
}

impl Sizes {
    /// Fails if a buffer is larger than a device allows.
    ///
    /// # Errors
    /// [`Error::TooLarge`] with the need and the limit.
    pub fn check(&self, device: &str, limit: u64, most_groups: u32) -> Result<()> {
        let buffers = [
            ("the recorded observations", self.observations, "use fewer num_envs or num_steps"),
            ("the recorded rollout", self.record, "use fewer num_envs or num_steps"),
            ("the activations", self.scratch, "use smaller hidden layers"),
            ("the partial gradients", self.partials, "use smaller hidden layers"),
            ("the optimiser", self.optimizer, "use smaller hidden layers"),
            ("the minibatches", self.order, "use fewer update_epochs, num_envs or num_steps"),
        ];
        // Indices in the kernels are 32 bits.
        let limit = limit.min(4 * u64::from(u32::MAX));
        for (what, words, advice) in buffers {
            let needed = 4 * words as u64;
            if needed > limit {
                let what = format!("{what} on {device}");
                return Err(Error::TooLarge { what, needed, available: limit, advice: advice.to_owned() });
            }
        }
        let (needed, available) = (self.return_groups.max(self.updates) as u64, u64::from(most_groups));
        if needed > available {
            let what = format!("one launch on {device} (in workgroups, not bytes)");
            let advice = "use fewer num_envs or num_minibatches".to_owned();
            return Err(Error::TooLarge { what, needed, available, advice });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kernels_cannot_run_is_seen_in_the_layout() {
        let mut layout = Layout::default();
        layout.push("policy.0.weight", &[4, 8]);
        layout.push("policy.0.bias", &[8]);
        layout.push("policy.1.weight", &[8, 2]);
        layout.push("policy.1.bias", &[2]);
        let found = towers(&layout, false).unwrap();
        assert_eq!((found.len(), found[0].len(), found[0][1].weights, found[0][1].last), (1, 2, 40, 1));
        assert!(towers(&layout, true).is_none(), "there is no scale and offset");
        layout.push("log_std", &[2]);
        assert!(towers(&layout, false).is_some());
        layout.push("other", &[2]);
        assert!(towers(&layout, false).is_none());
    }
}
