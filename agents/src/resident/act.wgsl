//! `act`: takes down what the step before gave, then forward, a sample, and the actions of the next step.
//! Dispatch [workgroups, towers], 64 threads; a workgroup is every so many tiles of 16 rows and one tower.
//! Binding 7: the environment's outputs (read), regions at plan.env_*. Binding 8: its actions [rows, action words].

@group(0) @binding(7) var<storage, read> outputs: array<u32>;
@group(0) @binding(8) var<storage, read_write> actions: array<u32>;

/// Whether a row of the tile needs the value of its last observation; whether any does.
var<workgroup> row_wants: array<u32, 16>;
var<workgroup> any_wants: u32;

/// Unpacks the observations at `source` [rows, words] of a tile to the inputs of the scratch.
fn load_inputs(base: u32, source: u32, first: u32, id: u32) {
    let row = id & 15u;
    for (var e = id >> 4u; e < plan.elements; e += 4u) {
        var x = 0.0;
        if (first + row < plan.rows) { x = unpacked(outputs[source + (first + row) * plan.words + word_of(e)], e); }
        scratch[base + e][row >> 2u][row & 3u] = x;
    }
    storageBarrier();
}

/// The value of a state from the outputs of the value tower.
fn value_of(base: u32, row: u32) -> f32 {
    let layer = plan.layers[tower_first(plan.value_tower) + tower_count(plan.value_tower) - 1u];
    return best(base + layer.output_at, layer.outputs, row).y;
}

/// Rewards, flags and finished episodes of the step before.
fn take_down(r: u32, flags: u32) {
    let at = (call.t - 1u) * plan.rows + r;
    record[plan.at_rewards + at] = outputs[plan.env_rewards + r];
    record[plan.at_flags + at] = flags & 3u;
    // KERNEL_CUT of the environment's kernel.
    if ((flags & 8u) != 0u) { atomicStore(&statistics.cut, 1u); }
    if ((flags & 3u) == 0u || r % plan.agents != 0u) { return; }
    let i = r / plan.agents;
    let entry = atomicAdd(&statistics.finished, 1u);
    if (entry >= plan.episodes) { return; }
    let source = plan.env_finished + i * (1u + plan.agents + plan.info_words);
    var sum = 0.0;
    for (var a = 0u; a < plan.agents; a++) { sum += bitcast<f32>(outputs[source + 1u + a]); }
    let told = entry * (3u + plan.info_words);
    statistics.episodes[told] = (call.t - 1u) * plan.instances + i;
    statistics.episodes[told + 1u] = outputs[source];
    statistics.episodes[told + 2u] = bitcast<u32>(sum / f32(plan.agents));
    for (var w = 0u; w < plan.info_words; w++) {
        statistics.episodes[told + 3u + w] = outputs[source + 1u + plan.agents + w];
    }
}

/// Inversion with one random number, as on the CPU.
fn sample(at: u32, n: u32, row: u32, noise: ptr<function, KernelNoise>) -> u32 {
    var largest = element(at, row);
    for (var j = 1u; j < n; j++) { largest = max(largest, element(at + j, row)); }
    var total = 0.0;
    for (var j = 0u; j < n; j++) { total += math_exp(element(at + j, row) - largest); }
    var rest = kernel_noise_uniform(noise) * total;
    for (var j = 0u; j < n; j++) {
        rest -= math_exp(element(at + j, row) - largest);
        if (rest < 0.0) { return j; }
    }
    return n - 1u;
}

/// From units of half the range around its middle to an action within the bounds.
fn unit_to_action(unit: f32, j: u32) -> f32 {
    let low = plan.low[j >> 2u][j & 3u];
    let high = plan.high[j >> 2u][j & 3u];
    // Not `high - low < 1e30`: the difference may overflow, which WGSL leaves open.
    if (0.5 * high - 0.5 * low < 5e29) {
        return clamp(0.5 * (high + low) + 0.5 * (high - low) * unit, low, high);
    }
    return clamp(unit, low, high);
}

/// Chooses the actions of a row and records them.
fn choose(base: u32, tower: u32, row: u32, r: u32) {
    let layer = plan.layers[tower_first(tower) + tower_count(tower) - 1u];
    let at = base + layer.output_at;
    let place = call.t * plan.rows + r;
    let source = plan.at_actions + place * plan.action_words;
    var noise = noise_at(r);
    if (plan.policy == 2u) {
        var action = u32(best(at, layer.outputs, row).x);
        if (kernel_noise_uniform(&noise) < call.epsilon) { action = kernel_noise_below(&noise, layer.outputs); }
        record[source] = action;
        actions[r] = action;
        return;
    }
    var log_prob = 0.0;
    if (plan.policy == 1u) {
        for (var j = 0u; j < plan.action_words; j++) {
            let log_std = parameters[plan.log_std + j];
            let unit = element(at + j, row) + kernel_noise_normal(&noise) * math_exp(log_std);
            record[source + j] = bitcast<u32>(unit);
            actions[r * plan.action_words + j] = bitcast<u32>(unit_to_action(unit, j));
            let z = (unit - element(at + j, row)) * math_exp(-log_std);
            log_prob += -0.5 * z * z - log_std - 0.9189385f;
        }
    } else {
        var first = 0u;
        for (var c = 0u; c < plan.choices; c++) {
            let n = choice(c);
            let action = sample(at + first, n, row, &noise);
            record[source + c] = action;
            actions[r * plan.action_words + c] = action;
            log_prob += element(at + first + action, row) - log_sum(at + first, n, row).y;
            first += n;
        }
    }
    record[plan.at_log_probs + place] = bitcast<u32>(log_prob);
}

/// One tile of one tower, in three parts: what the step before gave, the forward pass, what comes of it.
fn act_tile(base: u32, tower: u32, first: u32, id: u32) {
    let r = first + id;
    let mine = id < TILE && r < plan.rows;
    let values = tower == plan.value_tower;
    if (call.t > 0u) {
        var wants = 0u;
        if (mine) {
            let flags = outputs[plan.env_flags + r / plan.agents];
            if (tower == 0u) { take_down(r, flags); }
            wants = select(0u, 1u, (flags & 3u) == 2u && plan.bootstrap == 1u);
        }
        if (values) {
            if (id < TILE) { row_wants[id] = wants; }
            workgroupBarrier();
            if (id == 0u) {
                var any = 0u;
                for (var k = 0u; k < TILE; k++) { any |= row_wants[k]; }
                any_wants = any;
            }
            var value = 0.0;
            if (workgroupUniformLoad(&any_wants) != 0u) {
                load_inputs(base, plan.env_final, first, id);
                forward(base, tower, id);
                if (wants == 1u) { value = value_of(base, id); }
                storageBarrier();
            }
            if (mine) { record[plan.at_final_values + (call.t - 1u) * plan.rows + r] = bitcast<u32>(value); }
        }
    }
    if (call.t == plan.steps && !values) { return; }
    if (call.t < plan.steps && tower == 0u) {
        let begin = first * plan.words;
        let end = min((first + TILE) * plan.words, plan.rows * plan.words);
        for (var w = begin + id; w < end; w += THREADS) {
            observations[call.t * plan.rows * plan.words + w] = outputs[plan.env_observations + w];
        }
    }
    load_inputs(base, plan.env_observations, first, id);
    forward(base, tower, id);
    if (!mine) { return; }
    if (values) { record[plan.at_values + call.t * plan.rows + r] = bitcast<u32>(value_of(base, id)); }
    if (tower == 0u && call.t < plan.steps) { choose(base, tower, id, r); }
}

@compute @workgroup_size(64)
fn act(
    @builtin(local_invocation_index) id: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let base = (group.y * groups.x + group.x) * plan.scratch;
    let tiles = (plan.rows + TILE - 1u) / TILE;
    for (var tile = group.x; tile < tiles; tile += groups.x) {
        storageBarrier();
        act_tile(base, group.y, tile * TILE, id);
    }
    check_loops();
}
