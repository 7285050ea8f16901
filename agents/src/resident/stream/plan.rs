//! From options, environment and network to what the kernel knows of streams, what it takes, and whether it can.

use std::fmt::Write;
use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use shadergym_envs::gpu::AdapterInfo;
use shadergym_envs::{ActionSpace, Device, Facts};

use super::super::device::SHARED;
use super::super::plan::{THREADS, element_places, encoding};
use crate::agent::Setup;
use crate::options::Truncation;
use crate::streaming::{self, Interface, Kind, ValueOptions};

/// Hidden layers at most.
const MAX_LAYERS: usize = 16;
/// Steps between reports, so the most episodes of a member in one.
pub const ITERATION: u64 = 1000;
/// Rounds of loops that an environment is taken to make in a step where the driver limits them.
const ENVIRONMENT_ROUNDS: usize = 256;

/// `KernelStreamLayer` of common.wgsl.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[allow(missing_docs, reason = "documented in common.wgsl")]
pub struct Layer {
    pub weight: u32,
    pub inputs: u32,
    pub stride: u32,
    pub width: u32,
    pub len: u32,
    pub input_at: u32,
    pub output_at: u32,
    pub normal_at: u32,
    pub runs: u32,
    pub run: u32,
    pub pitch: u32,
    pub places: u32,
    pub across: u32,
    pub right: u32,
    pub down: u32,
    pub pad: u32,
}

/// `KernelStreamPlan` of common.wgsl, which documents the fields.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[allow(missing_docs, reason = "documented in common.wgsl")]
pub struct Plan {
    pub members: u32,
    pub steps: u32,
    pub until: [u32; 2],
    pub member_words: u32,
    pub parameters: u32,
    pub elements: u32,
    pub inputs: u32,
    pub encoding: u32,
    pub at_places: u32,
    pub episode_words: u32,
    pub sarsa: u32,
    pub normalize: u32,
    pub scale: u32,
    pub timed: u32,
    pub layer_norm: u32,
    pub layers: u32,
    pub actions: u32,
    pub head: u32,
    pub head_stride: u32,
    pub head_inputs: u32,
    pub head_at: u32,
    pub head_bias: u32,
    pub pad: u32,
    pub layer: [Layer; MAX_LAYERS],
}

/// Where a member has what, in words; `KERNEL_STREAM_AT_*` of common.wgsl.
pub mod at {
    pub const KEY: usize = 0;
    pub const DECAY: usize = 2;
    pub const GAMMA: usize = 3;
    pub const RATE: usize = 4;
    pub const KAPPA: usize = 5;
    pub const SLOPE: usize = 6;
    pub const SPAN: usize = 7;
    pub const LAST: usize = 8;
    pub const BOOTSTRAP: usize = 9;
    pub const LIMIT: usize = 10;
    /// From here on it changes.
    pub const STEP: usize = 16;
    pub const RESET: usize = 18;
    pub const NEXT: usize = 19;
    pub const STOPPED: usize = 20;
    pub const SEEN: usize = 21;
    pub const REWARDS: usize = 22;
    pub const REWARD_MOMENTS: usize = 23;
    pub const TRACE: usize = 27;
    pub const MOMENTS: usize = 32;
}

/// Where it tells what; `KERNEL_STREAM_TOLD_*` of common.wgsl.
pub mod told {
    pub const EPISODES: usize = 0;
    pub const FAILURE: usize = 1;
    pub const VALUE: usize = 2;
    pub const CUT: usize = 3;
    pub const EPSILON: usize = 4;
    pub const STEPS: usize = 5;
    pub const SUMS: usize = 6;
    pub const HEADER: usize = 16;
}

/// Why these cannot be members of one group on a GPU, if so; devices are looked at later.
pub fn refusal(agent: &str, members: &[(ValueOptions, Setup)]) -> Option<String> {
    let Some((options, setup)) = members.first() else { return Some("there are no members".to_owned()) };
    let (o, facts) = (&options.stream, &*setup.facts);
    let alike = |(other, its): &(ValueOptions, Setup)| {
        let of = &other.stream;
        let same_rules = Arc::ptr_eq(&its.facts, &setup.facts)
            || Facts { default_params: facts.default_params.clone(), ..(*its.facts).clone() } == *facts;
        let network = of.network == o.network && other.hidden == options.hidden && of.layer_norm == o.layer_norm;
        let inputs = of.time_feature == o.time_feature
            && of.normalize_observations == o.normalize_observations
            && of.scale_rewards == o.scale_rewards;
        let run = its.env == setup.env && its.device == setup.device && its.steps == setup.steps;
        network && inputs && run && same_rules
    };
    let any = |what: &dyn Fn(&ValueOptions, &Setup) -> bool| members.iter().any(|(o, setup)| what(o, setup));
    let reasons = [
        (!matches!(agent, "stream_q" | "stream_sarsa"), "it is neither stream_q nor stream_sarsa"),
        (!matches!(setup.device, Device::Gpu(_)), "the environments are not on a GPU"),
        (any(&|_, setup| setup.tasks.is_some()), "it has a source of tasks, which the host proposes"),
        (!streaming::discrete(facts), "it takes one agent with one discrete choice"),
        (facts.action_mask, "the environment says which actions are legal"),
        (options.hidden.len() >= MAX_LAYERS, "it has more than 15 dense layers"),
        (any(&|o, _| !matches!(o.stream.optimizer, Kind::ObGd | Kind::Sgd)), "its optimiser is neither obgd nor sgd"),
        (any(&|o, _| o.stream.overshoot), "it measures overshoot"),
        (!members.iter().all(alike), "its members differ in more than seeds, parameters and numbers of options"),
    ];
    reasons.into_iter().find(|(refused, _)| *refused).map(|(_, reason)| reason.to_owned())
}

impl Plan {
    /// The plan of a group with this network, which was not refused.
    pub fn new(agent: &str, options: &ValueOptions, facts: &Facts, plan: &streaming::Plan, members: usize) -> Self {
        let (o, interface) = (&options.stream, Interface::from(facts));
        let actions = match facts.action {
            ActionSpace::Discrete { n } => n,
            _ => 0,
        };
        let (elements, inputs) = (interface.elements(), plan.shape.inputs);
        let member_words = at::MOMENTS + 4 * elements + inputs;
        let row = inputs.next_multiple_of(16);
        let mut p = Self {
            members: members as u32,
            member_words: member_words as u32,
            parameters: plan.layout.len() as u32,
            elements: elements as u32,
            inputs: inputs as u32,
            encoding: encoding(&facts.observation),
            at_places: (members * member_words) as u32,
            episode_words: 1 + facts.finished.words as u32,
            sarsa: u32::from(agent == "stream_sarsa"),
            normalize: u32::from(o.normalize_observations),
            scale: u32::from(o.scale_rewards),
            timed: u32::from(o.timed()),
            layer_norm: u32::from(o.layer_norm),
            layers: plan.layers.len() as u32,
            actions,
            head: plan.head as u32,
            head_stride: plan.head_stride as u32,
            head_inputs: plan.head_inputs as u32,
            head_bias: plan.head_bias as u32,
            ..Self::default()
        };
        for (to, layer) in p.layer.iter_mut().zip(&plan.layers) {
            *to = Layer {
                weight: layer.weight as u32,
                inputs: layer.inputs as u32,
                stride: layer.stride as u32,
                width: layer.width as u32,
                len: layer.len as u32,
                input_at: p.head_at,
                output_at: (row + layer.first) as u32,
                normal_at: layer.first as u32,
                ..reading(layer, plan)
            };
            p.head_at = to.output_at;
        }
        p
    }

    /// Words of the members, and of the table behind them.
    pub fn words(&self, facts: &Facts) -> (usize, Vec<[u32; 2]>) {
        ((self.members * self.member_words) as usize, element_places(&facts.observation))
    }

    /// Rounds of loops that an invocation makes: in a dispatch whatever its steps, and in a step but for the environment's.
    fn rounds(&self) -> (usize, usize) {
        let share = |n: u32| (n as usize).div_ceil(THREADS);
        let total = |n: u32| (n.min(THREADS as u32) as usize).div_ceil(4);
        let (mut forward, mut backward) = (1, self.actions as usize * (share(self.head_stride) + 1) + 2);
        for (index, layer) in self.layer[..self.layers as usize].iter().enumerate() {
            let (own, sums) = (share(layer.width), 2 * total(layer.width));
            forward += own * (layer.inputs as usize + layer.runs as usize + 3) + sums + 1;
            let below = if index > 0 { share(layer.inputs) * (layer.width as usize + 1) } else { 0 };
            let windows = if layer.places > 1 { layer.places as usize } else { 0 };
            backward += 4 * own + sums + share((layer.inputs + 1) * layer.stride) * (1 + windows) + below + 1;
        }
        forward += share(self.actions) * (self.head_inputs as usize + 1);
        backward += share(self.head_stride);
        let rest = total(THREADS as u32) + share(self.parameters) + 2 * share(self.elements) + share(self.inputs);
        let choices = 4 * self.actions as usize;
        (2 * share(self.parameters) + 2 * share(self.inputs) + 8, 2 * forward + backward + rest + choices)
    }

    /// Steps that a dispatch may make on a driver that ends loops after so many rounds, half of which are left for what is
    /// not foreseen; 0 if not even one fits.
    pub fn steps_within(&self, rounds: u32) -> u32 {
        let (always, step) = self.rounds();
        let fitting = |rounds: usize| rounds.saturating_sub(always) / (step + ENVIRONMENT_ROUNDS);
        match fitting(rounds as usize / 2) {
            0 => fitting(rounds as usize).min(1) as u32,
            steps => steps as u32,
        }
    }
}

/// What the units of a layer read.
fn reading(layer: &streaming::Layer, plan: &streaming::Plan) -> Layer {
    let whole = Layer { runs: 1, run: layer.inputs as u32, places: 1, across: 1, ..Layer::default() };
    let (Some(windows), Some((convolution, [_, width, channels]))) = (&layer.windows, plan.shape.convolution) else {
        return whole;
    };
    Layer {
        runs: convolution.kernel as u32,
        run: (convolution.kernel * channels) as u32,
        pitch: (width * channels) as u32,
        places: windows.firsts.len() as u32,
        across: ((width - convolution.kernel) / convolution.stride + 1) as u32,
        right: (convolution.stride * channels) as u32,
        down: (convolution.stride * width * channels) as u32,
        ..whole
    }
}

/// The kernel's text for a network on a device; None if the memory of a workgroup does not hold its activations.
pub fn text(plan: &Plan, network: &streaming::Plan, adapter: &AdapterInfo) -> Option<String> {
    let row = network.shape.inputs.next_multiple_of(16);
    let (hidden, layers) = (network.hidden.max(1), network.layers.len().max(1));
    let outputs = plan.actions as usize;
    let shape = [
        ("INPUTS", row),
        ("HIDDEN", hidden),
        ("LAYERS", layers),
        ("WIDEST", network.widest),
        ("OUTPUTS", outputs),
        ("PARAMETERS", network.layout.len()),
    ];
    // Each variable may begin at a multiple of 16 bytes.
    let words = |local: usize| {
        let arrays = [2 * (row + hidden), hidden, layers, 2 * outputs, 2 * network.widest, THREADS, local, local];
        arrays.map(|n| n.next_multiple_of(4)).iter().sum::<usize>() + 6 * 4
    };
    let room = adapter.limits.max_compute_workgroup_storage_size as usize / 4;
    let parameters = match network.layout.len() {
        n if words(n) <= room => include_str!("parameters_local.wgsl"),
        _ if words(0) <= room => include_str!("parameters_buffer.wgsl"),
        _ => return None,
    };
    let mut text = SHARED.to_owned();
    for (name, value) in shape {
        writeln!(text, "const KERNEL_STREAM_{name}: u32 = {value}u;").expect("a string");
    }
    text += COMMON;
    text += parameters;
    Some(text + include_str!("scaling.wgsl") + include_str!("network.wgsl") + include_str!("learn.wgsl"))
}

const COMMON: &str = include_str!("common.wgsl");

/// The words of a member's options; the others are 0.
pub fn options_words(options: &ValueOptions, setup: &Setup, key: u64, to: &mut [u32]) {
    let o = &options.stream;
    let rule = o.rule(options.kappa);
    let span = (setup.steps as f64 * f64::from(options.exploration_fraction)).max(1.0);
    to[at::KEY] = key as u32;
    to[at::KEY + 1] = (key >> 32) as u32;
    for (place, value) in [
        (at::DECAY, o.gamma * o.lambda),
        (at::GAMMA, o.gamma),
        (at::RATE, rule.learning_rate),
        (at::KAPPA, rule.kappa),
        (at::SLOPE, o.negative_slope),
        (at::SPAN, span as f32),
        (at::LAST, options.final_epsilon),
    ] {
        to[place] = value.to_bits();
    }
    to[at::BOOTSTRAP] = u32::from(o.truncation == Truncation::Bootstrap);
    to[at::LIMIT] = o.limit(&Interface::from(&*setup.facts));
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn structs_and_places_are_those_of_the_kernel() {
        let number = |name: &str| -> usize {
            let text = COMMON.split_once(&format!("const KERNEL_STREAM_{name}: u32 = ")).unwrap().1;
            text.split_once("u;").unwrap().0.parse().unwrap()
        };
        for (name, value) in [
            ("AT_KEY", at::KEY),
            ("AT_DECAY", at::DECAY),
            ("AT_GAMMA", at::GAMMA),
            ("AT_RATE", at::RATE),
            ("AT_KAPPA", at::KAPPA),
            ("AT_SLOPE", at::SLOPE),
            ("AT_SPAN", at::SPAN),
            ("AT_LAST", at::LAST),
            ("AT_BOOTSTRAP", at::BOOTSTRAP),
            ("AT_LIMIT", at::LIMIT),
            ("AT_STEP", at::STEP),
            ("AT_RESET", at::RESET),
            ("AT_NEXT", at::NEXT),
            ("AT_STOPPED", at::STOPPED),
            ("AT_SEEN", at::SEEN),
            ("AT_REWARDS", at::REWARDS),
            ("AT_REWARD_MOMENTS", at::REWARD_MOMENTS),
            ("AT_TRACE", at::TRACE),
            ("AT_MOMENTS", at::MOMENTS),
            ("HEADER", told::HEADER),
            ("TOLD_EPISODES", told::EPISODES),
            ("TOLD_FAILURE", told::FAILURE),
            ("TOLD_VALUE", told::VALUE),
            ("TOLD_CUT", told::CUT),
            ("TOLD_EPSILON", told::EPSILON),
            ("TOLD_STEPS", told::STEPS),
            ("TOLD_SUMS", told::SUMS),
        ] {
            assert_eq!(number(name), value, "{name}");
        }
        let text = COMMON.split_once("struct KernelStreamPlan {").unwrap().1.split_once("\n}").unwrap().0;
        let lines = text.lines().filter(|line| !line.trim().starts_with("///"));
        let fields: Vec<&str> =
            lines.flat_map(|l| l.split(',')).filter_map(|f| Some(f.split_once(':')?.0.trim())).collect();
        let at = |name: &str| 4 * fields.iter().position(|f| *f == name).unwrap();
        for (name, offset) in [
            ("until_low", offset_of!(Plan, until)),
            ("at_places", offset_of!(Plan, at_places)),
            ("layer_norm", offset_of!(Plan, layer_norm)),
            ("head_at", offset_of!(Plan, head_at)),
            ("layer", offset_of!(Plan, layer)),
        ] {
            assert_eq!(at(name), offset, "{name}");
        }
        // Uniform buffers have arrays at multiples of 16.
        assert!(offset_of!(Plan, layer).is_multiple_of(16));
    }
}
