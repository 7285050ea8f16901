//! The kernel: everything about an episode that is not the environment's own rules.
//!
//! It is linked after an environment file and after the glue that the compiler generates from the reflected
//! structs (`kernel_initial`, `kernel_step`, `kernel_observe`, `kernel_action_mask`, `kernel_draw_actions`, `kernel_write_masks`,
//! `kernel_load_*`, `kernel_store_*`, `KERNEL_*`).
//! `@if(feature)` keeps what follows (a statement, member, parameter, declaration) where the environment has the feature:
//! `truncates` and `agent_done` (members of its `Outcome`), `info` (a struct `Info` in it), `global_state` (that function). Elsewhere there is no trace of it.
//! The upper half is pure and compiled for both back ends; the lower half holds the only bindings and entry
//! points and is used by the GPU back end alone.
import package::shared::rng::{Rng, rng_seed, rng_uniform};

/// Auto-reset modes, numbered as in the Rust enum `AutoresetMode`.
const KERNEL_NEXT_STEP: u32 = 0u;
const KERNEL_SAME_STEP: u32 = 1u;
const KERNEL_DISABLED: u32 = 2u;

/// Bits of `KernelEpisode.ended` and of the flags in the outputs.
const KERNEL_TERMINATED: u32 = 1u;
const KERNEL_TRUNCATED: u32 = 2u;
/// Bits of the flags in the outputs alone: a transition was made, not just a start; the observation is the first of an
/// episode.
const KERNEL_TRANSITION: u32 = 4u;
const KERNEL_START: u32 = 16u;
/// Bit of `KernelEpisode.ended` and of the flags: the driver left a loop before its end, so the instance holds nothing
/// that can be relied on and stands still until its next start. Some drivers let an invocation make only so many rounds of
/// loops; then every loop ends after its first round and the code behind it goes on.
const KERNEL_CUT: u32 = 8u;
/// Steps of an episode that are counted; longer ones count as this long.
const KERNEL_LONGEST: u32 = 0x80000000u;

alias KernelActions = array<Action, AGENTS>;
alias KernelRewards = array<f32, AGENTS>;
alias KernelSums = array<KernelSum, AGENTS>;
/// The words of an `Info`, in memory order: as they are, and as numbers that can be summed.
@if(info) alias KernelInfo = array<u32, KERNEL_INFO_WORDS>;
@if(info) alias KernelInfoValues = array<f32, KERNEL_INFO_WORDS>;
@if(info) alias KernelInfoSums = array<KernelSum, KERNEL_INFO_WORDS>;
/// Which agents are out of the game: agent a is bit a % 32 of word a / 32.
@if(agent_done) alias KernelDone = array<u32, KERNEL_DONE_WORDS>;

/// Options of a batch, the same for all of its instances; a uniform buffer on the GPU, scalars on the CPU.
struct KernelControl {
    /// 1; number of instances n
    instances: u32,
    /// 1; transitions K per dispatch
    steps: u32,
    /// steps; time limit of an episode, 0 = none
    max_episode_steps: u32,
    /// enum; one of KERNEL_NEXT_STEP, KERNEL_SAME_STEP, KERNEL_DISABLED; on the GPU KERNEL_AUTORESET stands for it
    autoreset: u32,
    /// probability; of repeating the last executed action instead of the given one
    sticky_probability: f32,
    /// px; picture size of the render entry point, which the glue declares where there is a `pixel`
    width: u32,
    height: u32,
    /// 1; instance that the render entry point draws
    instance: u32,
    /// words; offsets of the regions of the outputs buffer
    at_reward: u32,
    at_flags: u32,
    at_finished: u32,
    at_observation: u32,
    at_final: u32,
    at_actions: u32,
    at_totals: u32,
    /// words; distance between two transitions' final observations, 0 where only the newest is kept
    final_stride: u32,
    /// bool; 1 = this dispatch goes on with the rollout of the one before: totals add up
    continued: u32,
    /// words; offsets of more regions of the outputs buffer: masks of legal actions, infos, which agents are out of the
    /// game, each where the environment has them
    at_mask: u32,
    at_info: u32,
    at_done: u32,
    /// words; offsets of the regions of global states and of the last ones of episodes, where the environment has them
    at_global: u32,
    at_final_global: u32,
    /// always 0, but no compiler knows: what depends on it is neither folded nor reordered
    zero: u32,
}

/// A sum of many numbers: `value` is the sum, rounded; `rest` is what it lacks. Sums of floats alone stand still once a
/// summand is less than half a unit of the sum, at 2^24 for ones.
struct KernelSum {
    value: f32,
    rest: f32,
}

/// The bookkeeping of one instance.
struct KernelEpisode {
    /// the environment's generator
    rng: Rng,
    /// the generator of random play, apart so that replaying recorded actions gives the same trajectory
    action_rng: Rng,
    /// the actions executed last; zero at the beginning, kept through resets (sticky actions)
    last_actions: KernelActions,
    /// transitions since the start of the episode
    elapsed: u32,
    /// 0 while the episode runs, else KERNEL_TERMINATED | KERNEL_TRUNCATED, or KERNEL_CUT
    ended: u32,
    /// sum of the rewards of the running episode, per agent
    episode_return: KernelSums,
    /// sums of the infos of the running episode
    @if(info) info_sum: KernelInfoSums,
}

/// What one transition gives; also what the glue's `kernel_step` returns.
struct KernelTransition {
    reward: KernelRewards,
    terminated: bool,
    @if(truncates) truncated: bool,
    @if(agent_done) done: KernelDone,
    @if(info) info: KernelInfo,
    @if(info) info_values: KernelInfoValues,
}

/// What happened to one instance during one dispatch.
struct KernelTotals {
    /// transitions made; a step that only resets does not count
    transitions: u32,
    /// episodes finished
    episodes: u32,
    /// sum of the lengths of the finished episodes
    length_sum: u32,
    /// sum of the returns of the finished episodes, per agent
    return_sum: KernelSums,
    /// length of the newest finished episode
    finished_length: u32,
    /// return of the newest finished episode, per agent
    finished_return: KernelRewards,
    /// sums over the finished episodes of their sums of infos
    @if(info) info_sum: KernelInfoSums,
    /// sums of the infos of the newest finished episode
    @if(info) finished_info: KernelInfoValues,
    /// info of the newest transition, 0 if the newest call only started
    @if(info) info: KernelInfo,
    /// agents out of the game since the newest transition, none if the newest call only started
    @if(agent_done) done: KernelDone,
}

/// Adds a number, whatever its size (Knuth 1969 and Dekker 1971): the sum is exact but for a part in 2^47 per summand. What
/// is rounded passes through integers, because WGSL lets compilers reorder additions, and (sum + x) - sum is then simply x.
fn kernel_add(zero: u32, sum: KernelSum, x: f32) -> KernelSum {
    let rounded = bitcast<f32>(bitcast<u32>(sum.value + x) ^ zero);
    let taken = bitcast<f32>(bitcast<u32>(rounded - sum.value) ^ zero);
    let lacking = ((sum.value - (rounded - taken)) + (x - taken)) + sum.rest;
    let value = bitcast<f32>(bitcast<u32>(rounded + lacking) ^ zero);
    return KernelSum(value, lacking - (value - rounded));
}

/// Seeds an instance as a new one with a 64-bit seed: generators and the memory of sticky actions.
fn kernel_seed(episode: ptr<function, KernelEpisode>, seed_low: u32, seed_high: u32) {
    (*episode).rng = rng_seed(seed_low, seed_high);
    // Any constant far from small seeds will do; this one is PCG's own multiplier.
    (*episode).action_rng = rng_seed(seed_low ^ 0x4c957f2du, seed_high ^ 0x5851f42du);
    (*episode).last_actions = KernelActions();
}

/// Starts an episode: pending parameters take effect, the state is drawn anew.
fn kernel_start(
    pending: ptr<function, Params>,
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
) {
    *params = *pending;
    var rng = (*episode).rng;
    kernel_initial(*params, state, &rng);
    (*episode).rng = rng;
    (*episode).elapsed = 0u;
    (*episode).ended = 0u;
    (*episode).episode_return = KernelSums();
    @if(info) (*episode).info_sum = KernelInfoSums();
}

/// Draws actions for random play; among the legal ones of this very state, where the environment has masks.
fn kernel_random_actions(
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
) -> KernelActions {
    var rng = (*episode).action_rng;
    let actions = kernel_draw_actions(params, state, (*episode).elapsed, &rng);
    (*episode).action_rng = rng;
    return actions;
}

/// One transition of an episode that runs: sticky actions, the environment's step, time limit, statistics. Returns the
/// rewards; the flags are in `episode.ended`.
fn kernel_transition(
    control: KernelControl,
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
    totals: ptr<function, KernelTotals>,
    given: KernelActions,
) -> KernelRewards {
    var rng = (*episode).rng;
    var actions = given;
    if (control.sticky_probability > 0.0) {
        if (rng_uniform(&rng) < control.sticky_probability) {
            actions = (*episode).last_actions;
        }
    }
    let before = (*episode).elapsed;
    let outcome = kernel_step(*params, state, actions, before, &rng);
    (*episode).rng = rng;
    (*episode).last_actions = actions;
    // Sums of lengths fit 32 bits: the host makes at most 2^30 calls at once, and no length exceeds 2^31.
    let elapsed = min(before, KERNEL_LONGEST - 1u) + 1u;
    (*episode).elapsed = elapsed;
    // Both flags may be set at once, as with Gymnasium's TimeLimit.
    let limited = control.max_episode_steps > 0u && elapsed >= control.max_episode_steps;
    @if(!truncates) let truncated = limited;
    @if(truncates) let truncated = limited || outcome.truncated;
    let ended = select(0u, KERNEL_TERMINATED, outcome.terminated) | select(0u, KERNEL_TRUNCATED, truncated);
    (*episode).ended = ended;
    (*totals).transitions += 1u;
    for (var agent = 0u; agent < AGENTS; agent++) {
        (*episode).episode_return[agent] =
            kernel_add(control.zero, (*episode).episode_return[agent], outcome.reward[agent]);
    }
    // Selects, not a branch: among 16 lanes one ends in every other step of CartPole, which no predictor foresees.
    let finished = ended != 0u;
    (*totals).episodes += select(0u, 1u, finished);
    (*totals).length_sum += select(0u, elapsed, finished);
    (*totals).finished_length = select((*totals).finished_length, elapsed, finished);
    for (var agent = 0u; agent < AGENTS; agent++) {
        let sum = (*episode).episode_return[agent].value;
        (*totals).return_sum[agent] =
            kernel_add(control.zero, (*totals).return_sum[agent], select(0.0, sum, finished));
        (*totals).finished_return[agent] = select((*totals).finished_return[agent], sum, finished);
    }
    @if(agent_done) (*totals).done = outcome.done;
    @if(info) (*totals).info = outcome.info;
    @if(info) for (var w = 0u; w < KERNEL_INFO_WORDS; w++) {
        let sum = kernel_add(control.zero, (*episode).info_sum[w], outcome.info_values[w]);
        (*episode).info_sum[w] = sum;
        (*totals).info_sum[w] =
            kernel_add(control.zero, (*totals).info_sum[w], select(0.0, sum.value, finished));
        (*totals).finished_info[w] = select((*totals).finished_info[w], sum.value, finished);
    }
    return outcome.reward;
}

// ---- Auto-reset. What a call of step does with an instance follows from the mode and from `KernelEpisode.ended`; the three
// functions below say it for both back ends, whose loops only ask and move memory. Bits, not `&&`, which would be branches.

/// Before a call: it makes no transition, because the episode has ended. Such a call tells nothing (`kernel_stand_still`).
fn kernel_stands_still(ended: u32) -> bool {
    return ended != 0u;
}

/// Before a call: a start takes the place of its transition.
fn kernel_starts_instead(autoreset: u32, ended: u32) -> bool {
    return (autoreset == KERNEL_NEXT_STEP) & (ended != 0u);
}

/// Behind a transition: a start belongs to the same call, whose flags are those of the transition. It covers the last
/// observation of the episode, which is therefore kept apart; elsewhere the observation of the call is the last one.
fn kernel_starts_behind(autoreset: u32, ended: u32) -> bool {
    return (autoreset == KERNEL_SAME_STEP) & (ended != 0u);
}

/// What a call without a transition tells: rewards of 0, and no news.
fn kernel_stand_still(totals: ptr<function, KernelTotals>) -> KernelRewards {
    @if(agent_done) (*totals).done = KernelDone();
    @if(info) (*totals).info = KernelInfo();
    return KernelRewards();
}

/// One call of step but for the start in it: a transition, where the episode runs. Returns the rewards; the flags are in
/// `episode.ended`.
fn kernel_advance(
    control: KernelControl,
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
    totals: ptr<function, KernelTotals>,
    given: KernelActions,
) -> KernelRewards {
    var reward = KernelRewards();
    if (kernel_stands_still((*episode).ended)) {
        reward = kernel_stand_still(totals);
    } else {
        reward = kernel_transition(control, params, state, episode, totals, given);
    }
    return reward;
}

/// One call of step but for the start behind it, in one piece: for the interpreter, to which pieces are trips to memory.
fn kernel_call(
    control: KernelControl,
    pending: ptr<function, Params>,
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
    totals: ptr<function, KernelTotals>,
    given: KernelActions,
) -> KernelRewards {
    let instead = kernel_starts_instead(control.autoreset, (*episode).ended);
    let reward = kernel_advance(control, params, state, episode, totals, given);
    if (instead) {
        kernel_start(pending, params, state, episode);
    }
    return reward;
}

// ---- GPU only from here: bindings and entry points --------------------------------------------------

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
        let at = kernel_control.at_totals + i * KERNEL_TOTALS_WORDS;
        totals.transitions = kernel_outputs[at];
        totals.episodes = kernel_outputs[at + 1u];
        totals.length_sum = kernel_outputs[at + 2u];
        for (var agent = 0u; agent < AGENTS; agent++) {
            totals.return_sum[agent].value = bitcast<f32>(kernel_outputs[at + 3u + 2u * agent]);
            totals.return_sum[agent].rest = bitcast<f32>(kernel_outputs[at + 4u + 2u * agent]);
        }
        @if(info) for (var w = 0u; w < KERNEL_INFO_WORDS; w++) {
            totals.info_sum[w].value = bitcast<f32>(kernel_outputs[at + 3u + 2u * (AGENTS + w)]);
            totals.info_sum[w].rest = bitcast<f32>(kernel_outputs[at + 4u + 2u * (AGENTS + w)]);
        }
    }
    return totals;
}

fn kernel_store_totals(i: u32, totals: ptr<function, KernelTotals>) {
    let at = kernel_control.at_totals + i * KERNEL_TOTALS_WORDS;
    kernel_outputs[at] = (*totals).transitions;
    kernel_outputs[at + 1u] = (*totals).episodes;
    kernel_outputs[at + 2u] = (*totals).length_sum;
    for (var agent = 0u; agent < AGENTS; agent++) {
        kernel_outputs[at + 3u + 2u * agent] = bitcast<u32>((*totals).return_sum[agent].value);
        kernel_outputs[at + 4u + 2u * agent] = bitcast<u32>((*totals).return_sum[agent].rest);
    }
    @if(info) for (var w = 0u; w < KERNEL_INFO_WORDS; w++) {
        kernel_outputs[at + 3u + 2u * (AGENTS + w)] = bitcast<u32>((*totals).info_sum[w].value);
        kernel_outputs[at + 4u + 2u * (AGENTS + w)] = bitcast<u32>((*totals).info_sum[w].rest);
    }
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
    kernel_write_masks(i, &params, &state, episode.elapsed);
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
    kernel_write_observations(
        kernel_control.at_observation + row * observation_words,
        kernel_control.at_global + row * KERNEL_GLOBAL_WORDS, *params, state, elapsed);
    kernel_write_masks(row, params, state, elapsed);
    @if(info) for (var w = 0u; w < KERNEL_INFO_WORDS; w++) {
        kernel_outputs[kernel_control.at_info + row * KERNEL_INFO_WORDS + w] = (*totals).info[w];
    }
    @if(agent_done) for (var w = 0u; w < KERNEL_DONE_WORDS; w++) {
        kernel_outputs[kernel_control.at_done + row * KERNEL_DONE_WORDS + w] = (*totals).done[w];
    }
    if (KERNEL_RECORD) {
        kernel_store_actions(kernel_control.at_actions + row * AGENTS * KERNEL_ACTION_WORDS, actions);
    }
}

@compute @workgroup_size(64)
fn rollout(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let n = kernel_control.instances;
    let i = id.x + id.y * groups.x * 64u;
    if (i >= n) { return; }
    kernel_instance = i;
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
    var state = kernel_load_state(i);
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
                actions = kernel_actions(&params, &state, &episode, t, i);
            }
            if (behind | instead) {
                kernel_restart(i, &pending, &params, &state, &episode);
            }
            if (!behind) {
                reward = kernel_stand_still(&totals);
                flags = episode.ended;
                if (KERNEL_RECORD) {
                    kernel_emit(i, t, flags, reward, actions, &pending, &params, &state, &episode, &totals);
                }
                t += 1u;
            }
        }
        let end = min(t + KERNEL_BLOCK, steps);
        while (t < end && !kernel_stands_still(episode.ended)) {
            actions = kernel_actions(&params, &state, &episode, t, i);
            reward = kernel_transition(control, &params, &state, &episode, &totals, actions);
            flags = episode.ended | KERNEL_TRANSITION;
            if (KERNEL_RECORD) {
                kernel_emit(i, t, flags, reward, actions, &pending, &params, &state, &episode, &totals);
            }
            t += 1u;
        }
    }
    if (!KERNEL_RECORD) {
        kernel_emit(i, 0u, flags, reward, actions, &pending, &params, &state, &episode, &totals);
    }
    kernel_store_state(i, &state);
    if (!KERNEL_SINGLE && !KERNEL_COMMON_PARAMS) {
        kernel_store_params(i, &params);
    }
    if (!KERNEL_SINGLE) {
        kernel_store_totals(i, &totals);
    }
    if (totals.episodes != episodes_before) {
        let finished = kernel_control.at_finished + i * KERNEL_FINISHED_WORDS;
        kernel_outputs[finished] = totals.finished_length;
        for (var agent = 0u; agent < AGENTS; agent++) {
            kernel_outputs[finished + 1u + agent] = bitcast<u32>(totals.finished_return[agent]);
        }
        @if(info) for (var w = 0u; w < KERNEL_INFO_WORDS; w++) {
            kernel_outputs[finished + 1u + AGENTS + w] = bitcast<u32>(totals.finished_info[w]);
        }
    }
    if (kernel_loops_cut() || t < steps) {
        episode.ended = KERNEL_CUT;
        kernel_outputs[last_flags] = KERNEL_CUT;
    }
    kernel_store_episode(i, &episode);
}
