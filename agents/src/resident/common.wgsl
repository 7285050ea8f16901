//! What all kernels of PPO and PQN share: the plan of a run, the call, bindings 0 to 6. Linked after shared.wgsl. A kernel
//! file adds bindings 7 and up.
//!
//! A tile is 16 rows, a matrix `[columns, 16]` of them lies in `scratch` as one mat4x4 per column (row r is element
//! [r / 4][r % 4]), so that one load feeds 16 multiply-adds. All workgroups have 64 threads.

const THREADS: u32 = 64u;
const TILE: u32 = 16u;

/// One layer of a tower. Weights lie at `weights` [inputs, outputs], then bias, then (hidden, normalised) scale, offset.
struct Layer {
    inputs: u32,
    outputs: u32,
    /// first parameter
    weights: u32,
    /// columns in the workgroup's scratch: what comes in, what comes out, normalised values (then a column of 1/deviation)
    input_at: u32,
    output_at: u32,
    norm_at: u32,
    /// column of the gradient with respect to the outputs
    delta_at: u32,
    /// bool; 1 = the head: neither norm nor activation
    last: u32,
}

/// What stays the same for a run; `structs.rs` has it, field by field.
struct Plan {
    /// rows of one step (instances x agents), agents, steps of a rollout, instances
    rows: u32, agents: u32, steps: u32, instances: u32,
    /// words of an observation, its values, its encoding (0 f32, 1 u8, 2 bits, 3 mixed), words of an action
    words: u32, elements: u32, encoding: u32, action_words: u32,
    /// offsets in `record`, all regions [steps, rows] but actions [.., action words] and values [steps + 1, rows]
    at_actions: u32, at_log_probs: u32, at_values: u32, at_rewards: u32,
    at_flags: u32, at_final_values: u32, at_advantages: u32, at_returns: u32,
    /// [updates, 2] mean and deviation of advantages; [workgroups of returns, 8] moments for the log
    at_moments: u32, at_summary: u32,
    /// offsets in the environment's outputs
    env_flags: u32, env_rewards: u32, env_finished: u32, env_observations: u32, env_final: u32,
    /// parameters; columns of one workgroup's scratch; partial gradients at most
    parameters: u32, scratch: u32, groups: u32,
    /// bools; enum 0 tanh, 1 relu
    layer_norm: u32, activation: u32,
    /// first layer and number of layers of tower 0 and 1; the tower that knows the value of a state
    first0: u32, count0: u32, first1: u32, count1: u32, value_tower: u32,
    /// enum 0 categorical, 1 Gaussian, 2 action values; number of choices; first parameter of the log deviations
    policy: u32, choices: u32, log_std: u32,
    /// enum 0 clip, 1 dpo; bools
    objective: u32, clip_value: u32, normalize: u32, bootstrap: u32,
    clip_coef: f32, entropy_coef: f32, value_coef: f32, gamma: f32, lambda: f32, reward_scale: f32,
    max_grad_norm: f32, adam_epsilon: f32, target_kl: f32,
    /// finished episodes that the statistics have room for
    episodes: u32,
    /// words of the infos of an episode; offset in `record` of where the values of an observation are, if its encoding is 3
    info_words: u32, at_elements: u32,
    /// actions of each choice
    nvec: array<vec4<u32>, 16>,
    /// of a Gaussian: lowest and highest action
    low: array<vec4<f32>, 4>, high: array<vec4<f32>, 4>,
    layers: array<Layer, 18>,
}

/// What differs from dispatch to dispatch; one slot of a buffer that the host writes once per iteration.
struct Call {
    /// step of the rollout (plan.steps = after the last), and counted over the run (low, high)
    t: u32, step_low: u32, step_high: u32,
    /// update of the iteration, first entry of its rows in `order`, number of its rows
    update: u32, begin: u32, rows: u32,
    /// bool; the last update of a pass
    last_of_pass: u32,
    /// bool; RAdam's variance is not known well enough yet
    plain: u32,
    /// learning rate with all corrections of the moments, but the factor of the second one's root
    rate: f32, unroot: f32,
    /// probability of a random action
    epsilon: f32,
    /// key of the actions' noise
    key_low: u32, key_high: u32,
    /// always 0, but no compiler knows
    zero: u32, pad0: u32, pad1: u32,
}

/// What the host reads back.
struct Statistics {
    /// episodes that ended
    finished: atomic<u32>,
    /// first update that must not happen any more; all ones if none
    halt: u32,
    /// bool; the loss or the gradient is no number
    diverged: u32,
    /// updates made
    updates: u32,
    /// norm of the newest gradient
    grad_norm: f32,
    /// bool; the driver ended a loop before its end, here or in the environment: nothing of this is right
    cut: atomic<u32>,
    pad0: f32, pad1: f32,
    /// sums of the loss over all updates
    sums: array<f32, 8>,
    /// [episodes, 3] place (step x instances + instance), length, mean return
    episodes: array<u32>,
}

@group(0) @binding(0) var<uniform> call: Call;
@group(0) @binding(1) var<uniform> plan: Plan;
/// [parameters]
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;
/// [steps, rows, words] as the environment gives them
@group(0) @binding(3) var<storage, read_write> observations: array<u32>;
@group(0) @binding(4) var<storage, read_write> record: array<u32>;
/// [workgroups, plan.scratch] columns of 16 rows
@group(0) @binding(5) var<storage, read_write> scratch: array<mat4x4<f32>>;
@group(0) @binding(6) var<storage, read_write> statistics: Statistics;

/// The last thing that a kernel does. Some drivers let an invocation make only so many rounds of loops; then every loop
/// ends with its first round, and the code behind it goes on with whatever is there. So does this one.
fn check_loops() {
    let rounds = call.zero + 2u;
    var made = 0u;
    while (made < rounds) { made += 1u; }
    if (made < rounds) { atomicStore(&statistics.cut, 1u); }
}

fn recorded(at: u32) -> f32 {
    return bitcast<f32>(record[at]);
}

/// The stream of a row at this call's step.
fn noise_at(row: u32) -> KernelNoise {
    return kernel_noise_at(vec2<u32>(call.key_low, call.key_high), vec2<u32>(call.step_low, call.step_high), row);
}
