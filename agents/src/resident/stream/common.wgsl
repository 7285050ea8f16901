//! Streams on the GPU: what their kernel binds, and sums over a workgroup. Linked behind an environment with its kernel, then
//! resident/shared.wgsl, then constants of the network's shape (KERNEL_STREAM_INPUTS, _HIDDEN, _LAYERS, _WIDEST, _OUTPUTS,
//! _PARAMETERS), which size memory of the workgroup. All names begin as those of the kernel do, which environments may not use.
//!
//! A workgroup of 64 threads is one member. Between dispatches a member lies in buffers, and a dispatch begins with the pass
//! that the step before would have ended with, so where dispatches are cut changes no bit.

const KERNEL_STREAM_THREADS: u32 = 64u;

/// A hidden layer; places as in streaming/plan.rs, in words of a member's parameters. A unit of a dense layer reads all inputs,
/// in one run from one place; a channel of a convolution reads several runs from each of its places.
struct KernelStreamLayer {
    /// first of `inputs + 1` rows of `stride` weights, the last row being the biases
    weight: u32,
    inputs: u32,
    stride: u32,
    /// values, and the same in whole blocks
    width: u32,
    len: u32,
    /// where its inputs and outputs are in a row of the cells
    input_at: u32,
    output_at: u32,
    /// where its normalised values are
    normal_at: u32,
    /// runs of inputs, their length, the distance of their beginnings
    runs: u32,
    run: u32,
    pitch: u32,
    /// places, those side by side, distances of their first inputs to the right and downwards
    places: u32,
    across: u32,
    right: u32,
    down: u32,
    pad: u32,
}

/// What all members share; `plan.rs` has it, field by field.
struct KernelStreamPlan {
    /// members; steps of a dispatch at most; the step of the run at which the iteration ends (low, high)
    members: u32, steps: u32, until_low: u32, until_high: u32,
    /// words of a member; its parameters; values of an observation, with the time; their encoding (shared.wgsl)
    member_words: u32, parameters: u32, elements: u32, inputs: u32,
    encoding: u32,
    /// first word of where the values of an observation are, if its encoding is 3
    at_places: u32,
    /// words of an episode in what is told; bool: SARSA's target, else Q-learning's
    episode_words: u32, sarsa: u32,
    /// bools
    normalize: u32, scale: u32, timed: u32, layer_norm: u32,
    /// hidden layers; actions; first weight of the outputs, their distance, what they read and from where; their biases
    layers: u32, actions: u32, head: u32, head_stride: u32, head_inputs: u32, head_at: u32, head_bias: u32,
    pad: u32,
    layer: array<KernelStreamLayer, 16>,
}

@group(1) @binding(0) var<uniform> kernel_stream: KernelStreamPlan;
/// [members, member words] options and what a member remembers, as KERNEL_STREAM_AT_* say; then the table of encoding 3
@group(1) @binding(1) var<storage, read_write> kernel_stream_members: array<u32>;
/// [members, 2, parameters] weights, then traces
@group(1) @binding(2) var<storage, read_write> kernel_stream_values: array<f32>;
/// [members, KERNEL_STREAM_HEADER], then [episodes, members, episode words]: a prefix has the same number of every member
@group(1) @binding(3) var<storage, read_write> kernel_stream_told: array<u32>;

/// Words of a member. Options:
const KERNEL_STREAM_AT_KEY: u32 = 0u;
const KERNEL_STREAM_AT_DECAY: u32 = 2u;
const KERNEL_STREAM_AT_GAMMA: u32 = 3u;
const KERNEL_STREAM_AT_RATE: u32 = 4u;
const KERNEL_STREAM_AT_KAPPA: u32 = 5u;
const KERNEL_STREAM_AT_SLOPE: u32 = 6u;
const KERNEL_STREAM_AT_SPAN: u32 = 7u;
const KERNEL_STREAM_AT_LAST: u32 = 8u;
const KERNEL_STREAM_AT_BOOTSTRAP: u32 = 9u;
const KERNEL_STREAM_AT_LIMIT: u32 = 10u;
/// What changes: the step of the run, bool reset of the traces, the next action + 1 (0 = not chosen), bool stopped,
/// observations and rewards seen, moments and trace of the rewards.
const KERNEL_STREAM_AT_STEP: u32 = 16u;
const KERNEL_STREAM_AT_RESET: u32 = 18u;
const KERNEL_STREAM_AT_NEXT: u32 = 19u;
const KERNEL_STREAM_AT_STOPPED: u32 = 20u;
const KERNEL_STREAM_AT_SEEN: u32 = 21u;
const KERNEL_STREAM_AT_REWARDS: u32 = 22u;
const KERNEL_STREAM_AT_REWARD_MOMENTS: u32 = 23u;
const KERNEL_STREAM_AT_TRACE: u32 = 27u;
/// [4, elements] moments of the observations, then [inputs] the input of the present state.
const KERNEL_STREAM_AT_MOMENTS: u32 = 32u;

/// Words told of a member before its episodes.
const KERNEL_STREAM_HEADER: u32 = 16u;
const KERNEL_STREAM_TOLD_EPISODES: u32 = 0u;
const KERNEL_STREAM_TOLD_FAILURE: u32 = 1u;
const KERNEL_STREAM_TOLD_VALUE: u32 = 2u;
const KERNEL_STREAM_TOLD_CUT: u32 = 3u;
const KERNEL_STREAM_TOLD_EPSILON: u32 = 4u;
const KERNEL_STREAM_TOLD_STEPS: u32 = 5u;
/// Sums of |delta|, values and delta^2, each with its rest.
const KERNEL_STREAM_TOLD_SUMS: u32 = 6u;

/// What was not finite.
const KERNEL_STREAM_REWARD: u32 = 1u;
const KERNEL_STREAM_OBSERVATION: u32 = 2u;
const KERNEL_STREAM_CHANGE: u32 = 3u;

/// Bits that say how a step goes on.
const KERNEL_STREAM_ENDED: u32 = 1u;
const KERNEL_STREAM_BOOTSTRAPS: u32 = 2u;
const KERNEL_STREAM_FAILED: u32 = 4u;

const KERNEL_STREAM_NORM_EPSILON: f32 = 1e-5f;
const KERNEL_STREAM_NONE: u32 = 0xffffffffu;

/// Words of a row of cells: an input, then the values of all hidden layers. Row 0 is the present state, row 1 the next.
/// Cells that fill blocks stay the zeros that memory of a workgroup begins with.
const KERNEL_STREAM_ROW: u32 = KERNEL_STREAM_INPUTS + KERNEL_STREAM_HIDDEN;
var<workgroup> kernel_stream_cells: array<f32, 2u * KERNEL_STREAM_ROW>;
/// Of the present state: values before their activation, and one over the deviation of each layer.
var<workgroup> kernel_stream_normals: array<f32, KERNEL_STREAM_HIDDEN>;
var<workgroup> kernel_stream_inverses: array<f32, KERNEL_STREAM_LAYERS>;
var<workgroup> kernel_stream_outputs: array<f32, 2u * KERNEL_STREAM_OUTPUTS>;
/// Gradients with respect to the values of a layer and of the one below.
var<workgroup> kernel_stream_deltas: array<f32, 2u * KERNEL_STREAM_WIDEST>;
var<workgroup> kernel_stream_parts: array<f32, 64>;
/// What the first thread tells the others.
var<workgroup> kernel_stream_todo: u32;
var<workgroup> kernel_stream_flow: u32;
var<workgroup> kernel_stream_action: u32;
var<workgroup> kernel_stream_decay: f32;
var<workgroup> kernel_stream_change: f32;
/// First value of the newest observation that is not finite.
var<workgroup> kernel_stream_bad: atomic<u32>;

fn kernel_stream_float(at: u32) -> f32 {
    return bitcast<f32>(kernel_stream_members[at]);
}

/// Sum over the threads below n (and zeros of others), the same in all of them, in one order. Four chains of every fourth
/// part, because additions wait for each other: on 64 threads a tree of six barriers takes longer.
fn kernel_stream_total(id: u32, part: f32, n: u32) -> f32 {
    workgroupBarrier();
    kernel_stream_parts[id] = part;
    workgroupBarrier();
    var sums = vec4<f32>();
    for (var k = 0u; k < min(n, KERNEL_STREAM_THREADS); k += 4u) {
        sums += vec4<f32>(
            kernel_stream_parts[k], kernel_stream_parts[k + 1u], kernel_stream_parts[k + 2u], kernel_stream_parts[k + 3u]);
    }
    return (sums.x + sums.y) + (sums.z + sums.w);
}
