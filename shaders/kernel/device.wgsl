//! The kernel on GPUs: the only bindings and entry points, around what `calls.wgsl` says.

// Options that a pipeline is made for, so that what it does not need is not even in it: software rasterisers run both
// sides of every branch. They stand for the fields of KernelControl of the same names.
override KERNEL_AUTORESET: u32 = KERNEL_NEXT_STEP;
override KERNEL_STICKY: bool = true;
override KERNEL_ACTIONS_GIVEN: bool = false;
override KERNEL_RECORD: bool = false;
/// One step per dispatch, without totals.
override KERNEL_SINGLE: bool = false;
/// All instances have the same parameters, in force and pending: those of instance 0 stand for all.
override KERNEL_COMMON_PARAMS: bool = false;
/// The driver lets an invocation make only so many rounds of loops.
override KERNEL_ROUNDS_LIMITED: bool = true;
/// All bits are set on software drivers, which would unroll loops over variables that lie in memory: the compiler adds these
/// bits of a zero that they do not know to the loops' bounds.
override KERNEL_KEEP_LOOPS: u32 = 0u;

/// A workgroup gathers what its instances see in memory of its own and writes it in the order of the outputs: neighbouring
/// invocations write neighbouring words, where each alone would write its row word by word, at the distance of a row. Only
/// where nobody's loops are cut, because an instance's row is then written by its neighbours; and where all arrive together:
/// those of a recorded rollout do not, they are up to KERNEL_BLOCK calls apart.
override KERNEL_STAGED: bool = false;

/// Calls of step between two looks at which instances must start anew. A vector of instances then makes one start for
/// several ended instances; an ended one waits for at most this many calls of its neighbours.
const KERNEL_BLOCK: u32 = 8u;

@group(0) @binding(0) var<uniform> kernel_control: KernelControl;
/// [KERNEL_EPISODE_WORDS + KERNEL_STATE_WORDS + KERNEL_PARAMS_WORDS, n]: episode, state, parameters in force
@group(0) @binding(1) var<storage, read_write> kernel_instances: array<u32>;
/// [KERNEL_PARAMS_WORDS, n]: parameters that take effect at the next start
@group(0) @binding(2) var<storage, read> kernel_pending: array<u32>;
/// [K, n, AGENTS * KERNEL_ACTION_WORDS] actions; for `reset`: [n, 3] flags, seed low, seed high.
/// Flags: 0 leave alone, 1 start, 2 seed (with 1), 4 observe only (after the host wrote a state)
@group(0) @binding(3) var<storage, read> kernel_inputs: array<u32>;
/// regions at the offsets in KernelControl, see `Layout` of the GPU back end
@group(0) @binding(4) var<storage, read_write> kernel_outputs: array<u32>;
/// large constant arrays of the environment, which the compiler puts there
@group(0) @binding(5) var<storage, read> kernel_tables: array<u32>;

/// [64, KERNEL_STAGE_WORDS]: rows of what the instances of a workgroup see, as far as the compiler found room for the parts:
/// observations, masks, global state.
@if(staged) var<workgroup> kernel_rows: array<u32, 64u * KERNEL_STAGE_WORDS>;

/// The instance at hand, for accesses to what the compiler keeps in `kernel_instances`: large states and variables.
var<private> kernel_instance: u32;

/// The actions of call t: given, or drawn by the instance's own generator.
fn kernel_actions(
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
    t: u32,
    i: u32,
) -> KernelActions {
    if (KERNEL_ACTIONS_GIVEN) {
        return kernel_load_actions((t * kernel_control.instances + i) * AGENTS * KERNEL_ACTION_WORDS);
    }
    return kernel_random_actions(params, state, episode);
}

fn kernel_write_observations(at: u32, at_global: u32, params: Params, state: ptr<function, State>, elapsed: u32) {
    for (var agent = 0u; agent < AGENTS; agent++) {
        kernel_store_observation(at + agent * KERNEL_OBSERVATION_WORDS, kernel_observe(params, state, elapsed, agent));
    }
    @if(global_state) kernel_store_global_state(at_global, kernel_global_state(params, state, elapsed));
}

@if(action_mask)
fn kernel_write_masks(row: u32, params: ptr<function, Params>, state: ptr<function, State>, elapsed: u32) {
    for (var agent = 0u; agent < AGENTS; agent++) {
        kernel_store_mask(
            kernel_control.at_mask + (row * AGENTS + agent) * KERNEL_MASK_WORDS,
            kernel_action_mask(*params, state, elapsed, agent));
    }
}

/// Whether the driver has ended loops of this invocation: then it lets no more than one round of another one run.
fn kernel_loops_cut() -> bool {
    if (!KERNEL_ROUNDS_LIMITED) { return false; }
    let rounds = kernel_control.zero + 2u;
    var made = 0u;
    while (made < rounds) { made += 1u; }
    return made < rounds;
}

/// Zero at the beginning of a rollout; the sums so far where a dispatch goes on with it.
fn kernel_load_totals(i: u32) -> KernelTotals {
    var totals = KernelTotals();
    if (!KERNEL_SINGLE && kernel_control.continued != 0u) {
        kernel_load_sums(kernel_control.at_totals + i * KERNEL_TOTALS_WORDS, &totals);
    }
    return totals;
}

@compute @workgroup_size(64)
fn reset(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 64u;
    if (i >= kernel_control.instances) { return; }
    let flags = kernel_inputs[i * 3u];
    if (flags == 0u) { return; }
    kernel_instance = i;
    var episode = kernel_load_episode(i);
    if ((flags & 2u) != 0u) {
        kernel_seed(&episode, kernel_inputs[i * 3u + 1u], kernel_inputs[i * 3u + 2u]);
    }
    var pending = kernel_load_pending(i);
    var params = kernel_load_params(i);
    var state = kernel_load_state(i);
    let start = (flags & 4u) == 0u;
    if (start) {
        kernel_start(&pending, &params, &state, &episode);
        kernel_store_state(i, &state);
        kernel_store_params(i, &params);
    }
    kernel_write_observations(
        kernel_control.at_observation + i * AGENTS * KERNEL_OBSERVATION_WORDS,
        kernel_control.at_global + i * KERNEL_GLOBAL_WORDS, params, &state, episode.elapsed);
    @if(action_mask) kernel_write_masks(i, &params, &state, episode.elapsed);
    let cut = select(0u, KERNEL_CUT, kernel_loops_cut());
    kernel_outputs[kernel_control.at_flags + i] =
        (episode.ended & KERNEL_CUT) | cut | select(0u, KERNEL_START, episode.elapsed == 0u);
    if (start) {
        episode.ended |= cut;
        kernel_store_episode(i, &episode);
    }
}

/// A start within `rollout`. Single steps seldom have one, so they load the pending parameters and store those in force
/// here; longer rollouts do so at their beginning and end.
fn kernel_restart(
    i: u32,
    pending: ptr<function, Params>,
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
) {
    let rare = KERNEL_SINGLE && !KERNEL_COMMON_PARAMS;
    if (rare) {
        *pending = kernel_load_pending(i);
    }
    kernel_start(pending, params, state, episode);
    if (rare) {
        kernel_store_params(i, params);
    }
}

/// Writes what one call of step gave into a row of the outputs, behind the start that belongs to it.
fn kernel_emit(
    i: u32,
    t: u32,
    flags: u32,
    reward: KernelRewards,
    actions: KernelActions,
    pending: ptr<function, Params>,
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
    totals: ptr<function, KernelTotals>,
) {
    let row = select(0u, t, KERNEL_RECORD) * kernel_control.instances + i;
    let observation_words = AGENTS * KERNEL_OBSERVATION_WORDS;
    if (kernel_starts_behind(KERNEL_AUTORESET, (*episode).ended)) {
        kernel_write_observations(
            kernel_control.at_final + t * kernel_control.final_stride + i * observation_words,
            kernel_control.at_final_global + row * KERNEL_GLOBAL_WORDS, *params, state, (*episode).elapsed);
        kernel_restart(i, pending, params, state, episode);
    }
    for (var agent = 0u; agent < AGENTS; agent++) {
        kernel_outputs[kernel_control.at_reward + row * AGENTS + agent] = bitcast<u32>(reward[agent]);
    }
    let elapsed = (*episode).elapsed;
    kernel_outputs[kernel_control.at_flags + row] = flags | select(0u, KERNEL_START, elapsed == 0u);
    let stage = i % 64u * KERNEL_STAGE_WORDS;
    for (var agent = 0u; agent < AGENTS; agent++) {
        kernel_tell_observation(
            kernel_control.at_observation + row * observation_words + agent * KERNEL_OBSERVATION_WORDS,
            stage + agent * KERNEL_OBSERVATION_WORDS, kernel_observe(*params, state, elapsed, agent));
        @if(action_mask) kernel_tell_mask(
            kernel_control.at_mask + (row * AGENTS + agent) * KERNEL_MASK_WORDS,
            stage + KERNEL_STAGE_MASK + agent * KERNEL_MASK_WORDS, kernel_action_mask(*params, state, elapsed, agent));
    }
    @if(global_state) kernel_tell_global_state(
        kernel_control.at_global + row * KERNEL_GLOBAL_WORDS,
        stage + KERNEL_STAGE_GLOBAL, kernel_global_state(*params, state, elapsed));
    @if(info) for (var w = 0u; w < KERNEL_INFO_WORDS; w++) {
        kernel_outputs[kernel_control.at_info + row * KERNEL_INFO_WORDS + w] = (*totals).info[w];
    }
    @if(agent_done) for (var w = 0u; w < KERNEL_DONE_WORDS; w++) {
        kernel_outputs[kernel_control.at_done + row * KERNEL_DONE_WORDS + w] = (*totals).done[w];
    }
    if (KERNEL_RECORD && !KERNEL_ACTIONS_GIVEN) {
        kernel_store_actions(kernel_control.at_actions + row * AGENTS * KERNEL_ACTION_WORDS, actions);
    }
}

/// Writes the rows of one part that a workgroup has gathered: `width` words from word `part` of a row on.
@if(staged)
fn kernel_write_rows(i: u32, at: u32, part: u32, width: u32) {
    let lane = i % 64u;
    let first = i - lane;
    let n = kernel_control.instances;
    let words = select(0u, min(n - first, 64u), first < n) * width;
    for (var w = lane; w < words; w += 64u) {
        kernel_outputs[at + first * width + w] = kernel_rows[w / width * KERNEL_STAGE_WORDS + part + w % width];
    }
}

@compute @workgroup_size(64)
fn rollout(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 64u;
    if (i < kernel_control.instances) {
        kernel_instance = i;
        // A large state stays where it is, which only entry points know.
        var state = kernel_load_state(i);
        kernel_rollout(i, &state);
    }
    @if(staged) if (KERNEL_STAGED) {
        workgroupBarrier();
        kernel_write_rows(i, kernel_control.at_observation, 0u, AGENTS * KERNEL_OBSERVATION_WORDS);
    }
    @if(staged_mask) if (KERNEL_STAGED) {
        kernel_write_rows(i, kernel_control.at_mask, KERNEL_STAGE_MASK, AGENTS * KERNEL_MASK_WORDS);
    }
    @if(staged_global_state) if (KERNEL_STAGED) {
        kernel_write_rows(i, kernel_control.at_global, KERNEL_STAGE_GLOBAL, KERNEL_GLOBAL_WORDS);
    }
}

/// Rolls out one instance.
fn kernel_rollout(i: u32, state: ptr<function, State>) {
    let n = kernel_control.instances;
    var control = kernel_control;
    control.autoreset = KERNEL_AUTORESET;
    control.sticky_probability = select(0.0, control.sticky_probability, KERNEL_STICKY);
    let steps = select(control.steps, 1u, KERNEL_SINGLE);
    var episode = kernel_load_episode(i);
    let last_flags = kernel_control.at_flags + select(0u, steps - 1u, KERNEL_RECORD) * n + i;
    if ((episode.ended & KERNEL_CUT) != 0u) {
        kernel_outputs[last_flags] = KERNEL_CUT;
        return;
    }
    var params: Params;
    var pending: Params;
    if (KERNEL_COMMON_PARAMS) {
        pending = kernel_load_pending(0u);
        params = pending;
    } else {
        params = kernel_load_params(i);
        if (!KERNEL_SINGLE) {
            pending = kernel_load_pending(i);
        }
    }
    var totals = kernel_load_totals(i);
    let episodes_before = totals.episodes;
    var actions: KernelActions;
    var reward: KernelRewards;
    var flags = 0u;
    var t = 0u;
    while (t < steps) {
        if (kernel_stands_still(episode.ended)) {
            // A start behind a call whose outputs nobody sees waits for those of the neighbours, up to here.
            let behind = kernel_starts_behind(KERNEL_AUTORESET, episode.ended);
            let instead = kernel_starts_instead(KERNEL_AUTORESET, episode.ended);
            if (!behind) {
                // This call of step is used up: its action is ignored, but drawn where actions are drawn, and from the
                // state in which the episode ended.
                actions = kernel_actions(&params, state, &episode, t, i);
            }
            if (behind | instead) {
                kernel_restart(i, &pending, &params, state, &episode);
            }
            if (!behind) {
                reward = kernel_stand_still(&totals);
                flags = episode.ended;
                if (KERNEL_RECORD) {
                    kernel_emit(i, t, flags, reward, actions, &pending, &params, state, &episode, &totals);
                }
                t += 1u;
            }
        }
        let end = min(t + KERNEL_BLOCK, steps);
        while (t < end && !kernel_stands_still(episode.ended)) {
            actions = kernel_actions(&params, state, &episode, t, i);
            reward = kernel_transition(control, &params, state, &episode, &totals, actions);
            flags = episode.ended | KERNEL_TRANSITION;
            if (KERNEL_RECORD) {
                kernel_emit(i, t, flags, reward, actions, &pending, &params, state, &episode, &totals);
            }
            t += 1u;
        }
    }
    if (!KERNEL_RECORD) {
        kernel_emit(i, 0u, flags, reward, actions, &pending, &params, state, &episode, &totals);
    }
    kernel_store_state(i, state);
    if (!KERNEL_SINGLE && !KERNEL_COMMON_PARAMS) {
        kernel_store_params(i, &params);
    }
    if (!KERNEL_SINGLE) {
        kernel_store_sums(kernel_control.at_totals + i * KERNEL_TOTALS_WORDS, &totals);
    }
    if (totals.episodes != episodes_before) {
        kernel_store_finished(kernel_control.at_finished + i * KERNEL_FINISHED_WORDS, &totals);
    }
    if (kernel_loops_cut() || t < steps) {
        episode.ended = KERNEL_CUT;
        kernel_outputs[last_flags] = KERNEL_CUT;
    }
    kernel_store_episode(i, &episode);
}
