//! The structs of common.wgsl, field by field.

use bytemuck::{Pod, Zeroable};
use shadergym_envs::gpu::{DeviceBuffers, Region};

/// Layers of all towers at most.
pub const MAX_LAYERS: usize = 18;

/// `Layer` of common.wgsl.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[allow(missing_docs, reason = "documented in common.wgsl")]
pub struct Layer {
    pub inputs: u32,
    pub outputs: u32,
    pub weights: u32,
    pub input_at: u32,
    pub output_at: u32,
    pub norm_at: u32,
    pub delta_at: u32,
    pub last: u32,
}

/// `Plan` of common.wgsl, which documents the fields.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[allow(missing_docs, reason = "documented in common.wgsl")]
pub struct Plan {
    pub rows: u32,
    pub agents: u32,
    pub steps: u32,
    pub instances: u32,
    pub words: u32,
    pub elements: u32,
    pub encoding: u32,
    pub action_words: u32,
    pub at_actions: u32,
    pub at_log_probs: u32,
    pub at_values: u32,
    pub at_rewards: u32,
    pub at_flags: u32,
    pub at_final_values: u32,
    pub at_advantages: u32,
    pub at_returns: u32,
    pub at_moments: u32,
    pub at_summary: u32,
    pub env_flags: u32,
    pub env_rewards: u32,
    pub env_finished: u32,
    pub env_observations: u32,
    pub env_final: u32,
    pub parameters: u32,
    pub scratch: u32,
    pub groups: u32,
    pub layer_norm: u32,
    pub activation: u32,
    pub towers: [[u32; 2]; 2],
    pub value_tower: u32,
    pub policy: u32,
    pub choices: u32,
    pub log_std: u32,
    pub objective: u32,
    pub clip_value: u32,
    pub normalize: u32,
    pub bootstrap: u32,
    pub clip_coef: f32,
    pub entropy_coef: f32,
    pub value_coef: f32,
    pub gamma: f32,
    pub lambda: f32,
    pub reward_scale: f32,
    pub max_grad_norm: f32,
    pub adam_epsilon: f32,
    pub target_kl: f32,
    pub episodes: u32,
    pub info_words: u32,
    pub at_elements: u32,
    pub nvec: [u32; 64],
    pub low: [f32; 16],
    pub high: [f32; 16],
    pub layers: [Layer; MAX_LAYERS],
}

/// `Call` of common.wgsl.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[allow(missing_docs, reason = "documented in common.wgsl")]
pub struct Call {
    pub t: u32,
    pub step: [u32; 2],
    pub update: u32,
    pub begin: u32,
    pub rows: u32,
    pub last_of_pass: u32,
    pub plain: u32,
    pub rate: f32,
    pub unroot: f32,
    pub epsilon: f32,
    pub key: [u32; 2],
    pub zero: u32,
    pub pad: [u32; 2],
}

impl Plan {
    /// Takes down where the environment's outputs lie.
    pub fn bind(&mut self, buffers: &DeviceBuffers) {
        let word = |region: Region| (region.offset / 4) as u32;
        self.env_flags = word(buffers.flags);
        self.env_rewards = word(buffers.rewards);
        self.env_finished = word(buffers.finished);
        self.env_observations = word(buffers.observations);
        self.env_final = word(buffers.final_observations);
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// Names of the fields of a struct of common.wgsl.
    fn fields(name: &str) -> Vec<&'static str> {
        let text = include_str!("common.wgsl").split_once(&format!("struct {name} {{")).unwrap().1;
        let lines = text.split_once("\n}").unwrap().0.lines().filter(|line| !line.trim().starts_with("///"));
        lines.flat_map(|line| line.split(',')).filter_map(|f| Some(f.split_once(':')?.0.trim())).collect()
    }

    #[test]
    fn structs_are_those_of_the_kernels() {
        let plan = fields("Plan");
        let at = |name: &str| 4 * plan.iter().position(|f| *f == name).unwrap();
        assert_eq!(at("words"), offset_of!(Plan, words));
        assert_eq!(at("at_summary"), offset_of!(Plan, at_summary));
        assert_eq!(at("env_final"), offset_of!(Plan, env_final));
        assert_eq!(at("first0"), offset_of!(Plan, towers));
        assert_eq!(at("bootstrap"), offset_of!(Plan, bootstrap));
        assert_eq!(at("target_kl"), offset_of!(Plan, target_kl));
        // An array of vectors begins at a multiple of 16.
        assert_eq!(at("nvec").next_multiple_of(16), offset_of!(Plan, nvec));
        assert_eq!(4 * fields("Call").len(), size_of::<Call>());
        assert_eq!(4 * fields("Layer").len(), size_of::<Layer>());
    }
}
