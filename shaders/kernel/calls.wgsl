//! The kernel: everything about an episode that is not the environment's own rules, compiled for both back ends.
//!
//! It is linked after an environment file and after the glue that the compiler generates from the reflected
//! structs (`kernel_initial`, `kernel_step`, `kernel_observe`, `kernel_action_mask`, `kernel_draw_actions`,
//! `kernel_load_*`, `kernel_store_*`, `KERNEL_*`).
import package::shared::rng::{rng_seed, rng_uniform};

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
