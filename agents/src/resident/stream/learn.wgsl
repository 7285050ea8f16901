//! `kernel_stream_learn`: stream Q(lambda) and SARSA(lambda), environment and learner in one dispatch of one workgroup a member
//! (folded into two dimensions where that is too many). The first thread plays and judges, all do the rest. The order of a
//! step is that of streaming/core.rs, and so is what an error leaves behind.

/// What the first thread knows of its member.
struct KernelStreamMember {
    key: vec2<u32>,
    /// gamma lambda
    decay: f32,
    gamma: f32,
    rate: f32,
    /// 0 = steps are not bounded
    kappa: f32,
    /// steps over which epsilon falls, and what it falls to
    span: f32,
    last: f32,
    bootstrap: u32,
    step: vec2<u32>,
    /// bool; the traces begin anew
    reset: u32,
    /// SARSA's next action + 1, 0 if it is not chosen
    next: u32,
    /// rewards seen, their moments, discounted return so far
    rewards: u32,
    moments: KernelStreamMoments,
    trace: f32,
    /// of the newest transition
    reward: f32,
    flow: u32,
    /// what was not finite, if anything, and its bits
    failure: u32,
    value: u32,
    epsilon: f32,
    /// told: episodes, steps, sums of |delta|, values and delta^2
    episodes: u32,
    steps: u32,
    errors: KernelSum,
    values: KernelSum,
    squares: KernelSum,
}

fn kernel_stream_told_sum(at: u32) -> KernelSum {
    return KernelSum(bitcast<f32>(kernel_stream_told[at]), bitcast<f32>(kernel_stream_told[at + 1u]));
}

fn kernel_stream_tell_sum(at: u32, sum: KernelSum) {
    kernel_stream_told[at] = bitcast<u32>(sum.value);
    kernel_stream_told[at + 1u] = bitcast<u32>(sum.rest);
}

fn kernel_stream_load(at: u32, told: u32) -> KernelStreamMember {
    var v = KernelStreamMember();
    v.key = vec2<u32>(
        kernel_stream_members[at + KERNEL_STREAM_AT_KEY], kernel_stream_members[at + KERNEL_STREAM_AT_KEY + 1u]);
    v.decay = kernel_stream_float(at + KERNEL_STREAM_AT_DECAY);
    v.gamma = kernel_stream_float(at + KERNEL_STREAM_AT_GAMMA);
    v.rate = kernel_stream_float(at + KERNEL_STREAM_AT_RATE);
    v.kappa = kernel_stream_float(at + KERNEL_STREAM_AT_KAPPA);
    v.span = kernel_stream_float(at + KERNEL_STREAM_AT_SPAN);
    v.last = kernel_stream_float(at + KERNEL_STREAM_AT_LAST);
    v.bootstrap = kernel_stream_members[at + KERNEL_STREAM_AT_BOOTSTRAP];
    v.step = vec2<u32>(
        kernel_stream_members[at + KERNEL_STREAM_AT_STEP], kernel_stream_members[at + KERNEL_STREAM_AT_STEP + 1u]);
    v.reset = kernel_stream_members[at + KERNEL_STREAM_AT_RESET];
    v.next = kernel_stream_members[at + KERNEL_STREAM_AT_NEXT];
    v.rewards = kernel_stream_members[at + KERNEL_STREAM_AT_REWARDS];
    let moments = at + KERNEL_STREAM_AT_REWARD_MOMENTS;
    v.moments.mean = KernelSum(kernel_stream_float(moments), kernel_stream_float(moments + 1u));
    v.moments.squares = KernelSum(kernel_stream_float(moments + 2u), kernel_stream_float(moments + 3u));
    v.trace = kernel_stream_float(at + KERNEL_STREAM_AT_TRACE);
    v.epsilon = bitcast<f32>(kernel_stream_told[told + KERNEL_STREAM_TOLD_EPSILON]);
    v.episodes = kernel_stream_told[told + KERNEL_STREAM_TOLD_EPISODES];
    v.steps = kernel_stream_told[told + KERNEL_STREAM_TOLD_STEPS];
    v.errors = kernel_stream_told_sum(told + KERNEL_STREAM_TOLD_SUMS);
    v.values = kernel_stream_told_sum(told + KERNEL_STREAM_TOLD_SUMS + 2u);
    v.squares = kernel_stream_told_sum(told + KERNEL_STREAM_TOLD_SUMS + 4u);
    return v;
}

fn kernel_stream_store(at: u32, told: u32, seen: u32, v: ptr<function, KernelStreamMember>) {
    kernel_stream_members[at + KERNEL_STREAM_AT_STEP] = (*v).step.x;
    kernel_stream_members[at + KERNEL_STREAM_AT_STEP + 1u] = (*v).step.y;
    kernel_stream_members[at + KERNEL_STREAM_AT_RESET] = (*v).reset;
    kernel_stream_members[at + KERNEL_STREAM_AT_NEXT] = (*v).next;
    kernel_stream_members[at + KERNEL_STREAM_AT_STOPPED] = (*v).failure;
    kernel_stream_members[at + KERNEL_STREAM_AT_SEEN] = seen;
    kernel_stream_members[at + KERNEL_STREAM_AT_REWARDS] = (*v).rewards;
    let moments = at + KERNEL_STREAM_AT_REWARD_MOMENTS;
    kernel_stream_members[moments] = bitcast<u32>((*v).moments.mean.value);
    kernel_stream_members[moments + 1u] = bitcast<u32>((*v).moments.mean.rest);
    kernel_stream_members[moments + 2u] = bitcast<u32>((*v).moments.squares.value);
    kernel_stream_members[moments + 3u] = bitcast<u32>((*v).moments.squares.rest);
    kernel_stream_members[at + KERNEL_STREAM_AT_TRACE] = bitcast<u32>((*v).trace);
    kernel_stream_told[told + KERNEL_STREAM_TOLD_EPISODES] = (*v).episodes;
    kernel_stream_told[told + KERNEL_STREAM_TOLD_FAILURE] = (*v).failure;
    kernel_stream_told[told + KERNEL_STREAM_TOLD_VALUE] = (*v).value;
    kernel_stream_told[told + KERNEL_STREAM_TOLD_EPSILON] = bitcast<u32>((*v).epsilon);
    kernel_stream_told[told + KERNEL_STREAM_TOLD_STEPS] = (*v).steps;
    kernel_stream_tell_sum(told + KERNEL_STREAM_TOLD_SUMS, (*v).errors);
    kernel_stream_tell_sum(told + KERNEL_STREAM_TOLD_SUMS + 2u, (*v).values);
    kernel_stream_tell_sum(told + KERNEL_STREAM_TOLD_SUMS + 4u, (*v).squares);
}

/// Steps of this dispatch: up to the end of the iteration, none if the member has stopped.
fn kernel_stream_due(at: u32) -> u32 {
    let step = vec2<u32>(
        kernel_stream_members[at + KERNEL_STREAM_AT_STEP], kernel_stream_members[at + KERNEL_STREAM_AT_STEP + 1u]);
    // An iteration is short, so the lower words tell.
    let left = select(0u, kernel_stream.until_low - step.x,
        kernel_stream.until_high > step.y || (kernel_stream.until_high == step.y && kernel_stream.until_low > step.x));
    return select(0u, min(left, kernel_stream.steps), kernel_stream_members[at + KERNEL_STREAM_AT_STOPPED] == 0u);
}

/// The best action at a row, the first of equals.
fn kernel_stream_best(row: u32) -> u32 {
    let at = row * KERNEL_STREAM_OUTPUTS;
    var found = 0u;
    for (var a = 1u; a < kernel_stream.actions; a++) {
        if (kernel_stream_outputs[at + a] > kernel_stream_outputs[at + found]) { found = a; }
    }
    return found;
}

/// An action for a row at a step of the run.
fn kernel_stream_choose(v: ptr<function, KernelStreamMember>, step: vec2<u32>, row: u32) -> u32 {
    let made = f32(step.y) * 4294967296.0 + f32(step.x);
    (*v).epsilon = 1.0 + min(made / (*v).span, 1.0) * ((*v).last - 1.0);
    var noise = kernel_noise_at((*v).key, step, 0u);
    if (kernel_noise_uniform(&noise) < (*v).epsilon) { return kernel_noise_below(&noise, kernel_stream.actions); }
    return kernel_stream_best(row);
}

/// What a member fails with first is what it fails with.
fn kernel_stream_fail(v: ptr<function, KernelStreamMember>, failure: u32, value: u32) {
    if ((*v).failure == 0u) {
        (*v).failure = failure;
        (*v).value = value;
    }
}

/// Fails if the newest observation is not finite.
fn kernel_stream_look(m: u32, v: ptr<function, KernelStreamMember>) {
    let bad = atomicLoad(&kernel_stream_bad);
    if (bad != KERNEL_STREAM_NONE) {
        let source = kernel_control.at_observation + m * KERNEL_OBSERVATION_WORDS;
        kernel_stream_fail(v, KERNEL_STREAM_OBSERVATION, bitcast<u32>(kernel_stream_element(source, bad)));
    }
}

/// Shows the other threads where the member is.
fn kernel_stream_show(
    m: u32,
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
) {
    kernel_store_observation(
        kernel_control.at_observation + m * KERNEL_OBSERVATION_WORDS,
        kernel_observe(*params, state, (*episode).elapsed, 0u));
}

/// Chooses an action and makes the transition; tells the other threads of it.
fn kernel_stream_play(
    m: u32,
    control: KernelControl,
    v: ptr<function, KernelStreamMember>,
    params: ptr<function, Params>,
    state: ptr<function, State>,
    episode: ptr<function, KernelEpisode>,
    totals: ptr<function, KernelTotals>,
) {
    var action = (*v).next - 1u;
    if ((*v).next == 0u) { action = kernel_stream_choose(v, (*v).step, 0u); }
    kernel_stream_action = action;
    kernel_stream_decay = select((*v).decay, 0.0, (*v).reset != 0u);
    var actions = KernelActions();
    actions[0] = action;
    let rewards = kernel_transition(control, params, state, episode, totals, actions);
    let reward = rewards[0];
    let ended = (*episode).ended & (KERNEL_TERMINATED | KERNEL_TRUNCATED);
    let valued = (ended & KERNEL_TERMINATED) == 0u && (ended == 0u || (*v).bootstrap != 0u);
    (*v).flow = select(0u, KERNEL_STREAM_ENDED, ended != 0u) | select(0u, KERNEL_STREAM_BOOTSTRAPS, valued);
    if (ended != 0u) {
        let finished = kernel_control.at_finished + m * KERNEL_FINISHED_WORDS;
        kernel_store_finished(finished, totals);
        let first = kernel_stream.members * KERNEL_STREAM_HEADER;
        let told = first + ((*v).episodes * kernel_stream.members + m) * kernel_stream.episode_words;
        kernel_stream_told[told] = (*v).steps;
        for (var w = 0u; w < KERNEL_FINISHED_WORDS; w++) {
            kernel_stream_told[told + 1u + w] = kernel_outputs[finished + w];
        }
        (*v).episodes += 1u;
    }
    if (!kernel_is_number(reward)) { kernel_stream_fail(v, KERNEL_STREAM_REWARD, bitcast<u32>(reward)); }
    (*v).reward = reward;
    if (kernel_stream.scale != 0u) {
        (*v).trace = select((*v).gamma * (*v).trace, 0.0, ended != 0u) + reward;
        (*v).rewards += 1u;
        (*v).moments = kernel_stream_push((*v).moments, (*v).rewards, (*v).trace);
        (*v).reward = reward / kernel_stream_deviation((*v).moments, (*v).rewards);
    }
    kernel_stream_show(m, params, state, episode);
    kernel_stream_flow = (*v).flow | select(0u, KERNEL_STREAM_FAILED, (*v).failure != 0u);
}

/// The error of the transition and the size of the step, for the sum of the magnitudes of the traces.
fn kernel_stream_judge(m: u32, z: f32, v: ptr<function, KernelStreamMember>) {
    let zero = kernel_control.zero;
    let action = kernel_stream_action;
    let value = kernel_stream_outputs[action];
    let step = kernel_wide_add((*v).step, vec2<u32>(1u, 0u));
    var ahead = 0.0;
    (*v).next = 0u;
    if (((*v).flow & KERNEL_STREAM_BOOTSTRAPS) != 0u) {
        var next = 0u;
        if (kernel_stream.sarsa != 0u) { next = kernel_stream_choose(v, step, 1u); } else { next = kernel_stream_best(1u); }
        ahead = kernel_stream_outputs[KERNEL_STREAM_OUTPUTS + next];
        // Behind a time limit the state is valued, but not gone on from.
        let goes_on = kernel_stream.sarsa != 0u && ((*v).flow & KERNEL_STREAM_ENDED) == 0u;
        (*v).next = select(0u, next + 1u, goes_on);
    }
    let delta = (*v).reward + (*v).gamma * ahead - value;
    // A random action that happens to be the best one counts as greedy.
    let cut = kernel_stream.sarsa == 0u && action != kernel_stream_best(0u);
    (*v).reset = select(0u, 1u, cut || ((*v).flow & KERNEL_STREAM_ENDED) != 0u);
    let overshoot = (*v).rate * (*v).kappa * max(abs(delta), 1.0) * z;
    var size = (*v).rate;
    if (overshoot > 1.0) { size = (*v).rate / overshoot; }
    let change = size * delta;
    kernel_stream_look(m, v);
    if (!kernel_is_number(z) || !kernel_is_number(overshoot)) {
        kernel_stream_fail(v, KERNEL_STREAM_CHANGE, 0x7fc00000u);
    }
    if (!kernel_is_number(change)) { kernel_stream_fail(v, KERNEL_STREAM_CHANGE, bitcast<u32>(change)); }
    kernel_stream_change = change;
    if ((*v).failure != 0u) {
        kernel_stream_flow = KERNEL_STREAM_FAILED;
        return;
    }
    (*v).step = step;
    (*v).steps += 1u;
    (*v).errors = kernel_add(zero, (*v).errors, abs(delta));
    (*v).values = kernel_add(zero, (*v).values, value);
    (*v).squares = kernel_add(zero, (*v).squares, delta * delta);
    kernel_stream_flow = 0u;
}

@compute @workgroup_size(64)
fn kernel_stream_learn(
    @builtin(local_invocation_index) id: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let m = group.x + group.y * groups.x;
    if (m >= kernel_stream.members) { return; }
    let at = m * kernel_stream.member_words;
    let told = m * KERNEL_STREAM_HEADER;
    if (id == 0u) {
        kernel_stream_todo = kernel_stream_due(at);
        atomicStore(&kernel_stream_bad, KERNEL_STREAM_NONE);
    }
    let todo = workgroupUniformLoad(&kernel_stream_todo);
    if (todo == 0u) { return; }
    kernel_instance = m;
    let inputs = at + KERNEL_STREAM_AT_MOMENTS + 4u * kernel_stream.elements;
    for (var e = id; e < kernel_stream.inputs; e += KERNEL_STREAM_THREADS) {
        kernel_stream_cells[e] = kernel_stream_float(inputs + e);
    }
    kernel_stream_fetch(m, id);
    let slope = kernel_stream_float(at + KERNEL_STREAM_AT_SLOPE);
    let limit = kernel_stream_members[at + KERNEL_STREAM_AT_LIMIT];
    var seen = kernel_stream_members[at + KERNEL_STREAM_AT_SEEN];
    var v = kernel_stream_load(at, told);
    var control = kernel_control;
    control.max_episode_steps = limit;
    var episode = kernel_load_episode(m);
    var params = kernel_load_params(m);
    var state = kernel_load_state(m);
    var totals = KernelTotals();
    for (var t = 0u; t < todo; t++) {
        kernel_stream_forward(0u, slope, id);
        if (id == 0u) { kernel_stream_play(m, control, &v, &params, &state, &episode, &totals); }
        storageBarrier();
        let flow = workgroupUniformLoad(&kernel_stream_flow);
        if ((flow & KERNEL_STREAM_FAILED) != 0u) { break; }
        seen += 1u;
        kernel_stream_take_in(m, seen, kernel_stream_time(episode.elapsed, limit), id);
        if ((flow & KERNEL_STREAM_BOOTSTRAPS) != 0u) { kernel_stream_forward(1u, slope, id); }
        let part = kernel_stream_backward(kernel_stream_action, kernel_stream_decay, slope, id);
        let z = kernel_stream_total(id, part, KERNEL_STREAM_THREADS);
        if ((flow & KERNEL_STREAM_ENDED) != 0u) {
            if (id == 0u) {
                kernel_stream_look(m, &v);
                var pending = kernel_load_pending(m);
                kernel_start(&pending, &params, &state, &episode);
                kernel_stream_show(m, &params, &state, &episode);
            }
            storageBarrier();
            seen += 1u;
            kernel_stream_take_in(m, seen, kernel_stream_time(0u, limit), id);
            workgroupBarrier();
        }
        if (id == 0u) { kernel_stream_judge(m, z, &v); }
        kernel_stream_settle();
        let judged = workgroupUniformLoad(&kernel_stream_flow);
        if ((judged & KERNEL_STREAM_FAILED) != 0u) { break; }
        for (var p = id; p < kernel_stream.parameters; p += KERNEL_STREAM_THREADS) {
            kernel_stream_step(p, kernel_stream_change);
        }
        for (var e = id; e < kernel_stream.inputs; e += KERNEL_STREAM_THREADS) {
            kernel_stream_cells[e] = kernel_stream_cells[KERNEL_STREAM_ROW + e];
        }
        kernel_stream_settle();
    }
    for (var e = id; e < kernel_stream.inputs; e += KERNEL_STREAM_THREADS) {
        kernel_stream_members[inputs + e] = bitcast<u32>(kernel_stream_cells[e]);
    }
    kernel_stream_keep(m, id);
    if (id == 0u) {
        kernel_stream_store(at, told, seen, &v);
        kernel_store_episode(m, &episode);
        kernel_store_params(m, &params);
        kernel_store_state(m, &state);
    }
    if (kernel_loops_cut()) { kernel_stream_told[told + KERNEL_STREAM_TOLD_CUT] = 1u; }
}
