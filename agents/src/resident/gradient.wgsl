//! `gradient`: forward, loss and backward for the rows of a minibatch. Dispatch [groups, towers], 64 threads; a workgroup
//! is one tower and every groups-th tile of 16 rows. It adds the gradient over its tiles in a row of `partials`, with the
//! loss's sums behind the parameters, for `reduce` to add up in a fixed order: results do not depend on timing. The towers
//! of policy and value have no loss term in common, so they need not meet.
//! Binding 7: `order` [updates, minibatch] rows of the recording (read). Binding 8: `partials` [groups, parameters + 8].
//!
//! `moments`: mean and deviation of the advantages of each minibatch. Dispatch [updates], 64 threads.

const DPO_ALPHA: f32 = 2.0;
const DPO_BETA: f32 = 0.6;

@group(0) @binding(7) var<storage, read> order: array<u32>;
@group(0) @binding(8) var<storage, read_write> partials: array<f32>;

/// Sums of the loss, and gradients of the log deviations, of the tile's rows.
var<workgroup> row_sums: array<array<f32, 5>, 16>;
var<workgroup> row_free: array<array<f32, 16>, 16>;
var<workgroup> halted: u32;

fn load_rows(base: u32, first: u32, id: u32) {
    let row = id & 15u;
    let place = first + row;
    let inside = place < call.rows;
    let words = order[call.begin + min(place, call.rows - 1u)] * plan.words;
    for (var e = id >> 4u; e < plan.elements; e += 4u) {
        let x = select(0.0, unpacked(observations[words + word_of(e)], e), inside);
        scratch[base + e][row >> 2u][row & 3u] = x;
    }
    storageBarrier();
}

/// The policy's loss and its derivative with respect to the log-probability.
fn objective(ratio: f32, log_ratio: f32, advantage: f32) -> vec2<f32> {
    if (plan.objective == 0u) {
        let free = -advantage * ratio;
        let bound = -advantage * clamp(ratio, 1.0 - plan.clip_coef, 1.0 + plan.clip_coef);
        return select(vec2<f32>(bound, 0.0), vec2<f32>(free, free), free >= bound);
    }
    let positive = advantage >= 0.0;
    let u = select(log_ratio, ratio - 1.0, positive) * advantage;
    let scale = select(DPO_BETA, DPO_ALPHA, positive);
    let bend = math_tanh(u / scale);
    let drift = max(u - scale * bend, 0.0);
    let slope = select(0.0, bend * bend, drift > 0.0);
    let inner = select(advantage, advantage * ratio, positive);
    return vec2<f32>(drift - ratio * advantage, slope * inner - ratio * advantage);
}

/// Loss of a row of the policy's tower: writes the gradient of its outputs (and of the log deviations).
fn policy_row(at: u32, delta: u32, row: u32, source: u32) {
    let update = plan.at_moments + 2u * call.update;
    let advantage = (recorded(plan.at_advantages + source) - recorded(update)) / recorded(update + 1u);
    let taken = plan.at_actions + source * plan.action_words;
    var log_prob = 0.0;
    var entropy = 0.0;
    var first = 0u;
    for (var c = 0u; c < plan.choices; c++) {
        let n = choice(c);
        let log_total = log_sum(at + first, n, row).y;
        log_prob += element(at + first + record[taken + c], row) - log_total;
        for (var j = 0u; j < n; j++) {
            let log_p = element(at + first + j, row) - log_total;
            entropy -= math_exp(log_p) * log_p;
        }
        first += n;
    }
    if (plan.policy == 1u) {
        for (var j = 0u; j < plan.action_words; j++) {
            let log_std = parameters[plan.log_std + j];
            let z = (recorded(taken + j) - element(at + j, row)) * math_exp(-log_std);
            log_prob += -0.5 * z * z - log_std - 0.9189385f;
            entropy += 1.4189385f + log_std;
        }
    }
    let log_ratio = log_prob - recorded(plan.at_log_probs + source);
    let ratio = math_exp(log_ratio);
    let loss = objective(ratio, log_ratio, advantage);
    let of_log_prob = loss.y / f32(call.rows);
    let of_entropy = -plan.entropy_coef / f32(call.rows);
    first = 0u;
    for (var c = 0u; c < plan.choices; c++) {
        let n = choice(c);
        let log_total = log_sum(at + first, n, row).y;
        var h = 0.0;
        for (var j = 0u; j < n; j++) {
            let log_p = element(at + first + j, row) - log_total;
            h -= math_exp(log_p) * log_p;
        }
        for (var j = 0u; j < n; j++) {
            let log_p = element(at + first + j, row) - log_total;
            let p = math_exp(log_p);
            let hit = select(0.0, 1.0, j == record[taken + c]);
            let slope = of_log_prob * (hit - p) - of_entropy * p * (log_p + h);
            scratch[delta + first + j][row >> 2u][row & 3u] = slope;
        }
        first += n;
    }
    if (plan.policy == 1u) {
        for (var j = 0u; j < plan.action_words; j++) {
            let inverse = math_exp(-parameters[plan.log_std + j]);
            let z = (recorded(taken + j) - element(at + j, row)) * inverse;
            scratch[delta + j][row >> 2u][row & 3u] = of_log_prob * z * inverse;
            row_free[row][j] = of_log_prob * (z * z - 1.0) + of_entropy;
        }
    }
    let outside = select(0.0, 1.0, abs(ratio - 1.0) > plan.clip_coef);
    row_sums[row] = array<f32, 5>(loss.x, 0.0, entropy, ratio - 1.0 - log_ratio, outside);
}

/// Loss of a row of the value's tower: half the squared error, the larger of plain and clipped.
fn value_row(at: u32, delta: u32, row: u32, source: u32) {
    let value = element(at, row);
    let goal = recorded(plan.at_returns + source);
    let old = recorded(plan.at_values + source);
    var loss = 0.5 * (value - goal) * (value - goal);
    var slope = value - goal;
    let bound = old + clamp(value - old, -plan.clip_coef, plan.clip_coef) - goal;
    // Within the range both are the same but for rounding, and the gradient flows.
    let outside = abs(value - old) > plan.clip_coef;
    if (plan.clip_value == 1u && outside && 0.5 * bound * bound > loss) {
        loss = 0.5 * bound * bound;
        slope = 0.0;
    }
    scratch[delta][row >> 2u][row & 3u] = plan.value_coef * slope / f32(call.rows);
    row_sums[row] = array<f32, 5>(0.0, loss, 0.0, 0.0, 0.0);
}

/// Loss of a row of action values: half the squared error of the action taken; sums: loss, value.
fn action_value_row(at: u32, delta: u32, n: u32, row: u32, source: u32) {
    let action = record[plan.at_actions + source];
    let value = element(at + action, row);
    let error = value - recorded(plan.at_returns + source);
    for (var j = 0u; j < n; j++) {
        scratch[delta + j][row >> 2u][row & 3u] = select(0.0, error / f32(call.rows), j == action);
    }
    row_sums[row] = array<f32, 5>(0.5 * error * error, value, 0.0, 0.0, 0.0);
}

/// Row `id` of the tile: its loss, or nothing beyond the end of the minibatch.
fn loss_row(base: u32, tower: u32, place: u32, id: u32) {
    let head = plan.layers[tower_first(tower) + tower_count(tower) - 1u];
    let at = base + head.output_at;
    let delta = base + head.delta_at;
    for (var j = 0u; j < 16u; j++) { row_free[id][j] = 0.0; }
    if (place >= call.rows) {
        row_sums[id] = array<f32, 5>();
        for (var j = 0u; j < head.outputs; j++) { scratch[delta + j][id >> 2u][id & 3u] = 0.0; }
        return;
    }
    let source = order[call.begin + place];
    if (plan.policy == 2u) {
        action_value_row(at, delta, head.outputs, id, source);
    } else if (tower == plan.value_tower) {
        value_row(at, delta, id, source);
    } else {
        policy_row(at, delta, id, source);
    }
}

fn dot16(a: mat4x4<f32>, b: mat4x4<f32>) -> f32 {
    return (dot(a[0], b[0]) + dot(a[1], b[1])) + (dot(a[2], b[2]) + dot(a[3], b[3]));
}

/// Adds to a place of the workgroup's partials; its first tile writes.
fn add(at: u32, value: f32, begin: bool) {
    partials[at] = select(partials[at], 0.0, begin) + value;
}

/// From the gradient of an activation to that of what went in.
fn slope_of(a: vec4<f32>, gradient: vec4<f32>) -> vec4<f32> {
    if (plan.activation == 1u) { return select(vec4<f32>(), gradient, a > vec4<f32>()); }
    return gradient * (1.0 - a * a);
}

/// Through the norm of a hidden layer: its delta in place, gradients of scale and offset.
fn backward_norm(base: u32, layer: Layer, to: u32, begin: bool, id: u32) {
    let n = layer.outputs;
    let scale = layer.weights + layer.inputs * n + n;
    for (var j = id; j < n; j += THREADS) {
        let d = scratch[base + layer.delta_at + j];
        let ones = vec4<f32>(1.0);
        add(to + scale + j, dot16(d, scratch[base + layer.norm_at + j]), begin);
        add(to + scale + n + j, dot16(d, mat4x4<f32>(ones, ones, ones, ones)), begin);
        scratch[base + layer.delta_at + j] = d * parameters[scale + j];
    }
    storageBarrier();
    let row = id & 15u;
    var sum = 0.0;
    var along = 0.0;
    for (var j = id >> 4u; j < n; j += 4u) {
        let d = element(base + layer.delta_at + j, row);
        sum += d;
        along += d * element(base + layer.norm_at + j, row);
    }
    let mean = row_sum(id, sum) / f32(n);
    let mean_along = row_sum(id, along) / f32(n);
    let inverse = element(base + layer.norm_at + n, row);
    for (var j = id >> 4u; j < n; j += 4u) {
        let d = element(base + layer.delta_at + j, row);
        let z = element(base + layer.norm_at + j, row);
        scratch[base + layer.delta_at + j][row >> 2u][row & 3u] = inverse * (d - mean - z * mean_along);
    }
    storageBarrier();
}

/// All layers backwards; the head's delta is in place.
fn backward(base: u32, tower: u32, to: u32, begin: bool, id: u32) {
    let first = tower_first(tower);
    let count = tower_count(tower);
    for (var back = 0u; back < count; back++) {
        let l = first + count - 1u - back;
        let layer = plan.layers[l];
        let n = layer.outputs;
        if (plan.layer_norm == 1u && layer.last == 0u) { backward_norm(base, layer, to, begin, id); }
        // Weights: neighbouring threads have neighbouring columns; where there are few, rows are shared out too.
        let across = min(n, THREADS);
        let parts = THREADS / across;
        if (id < across * parts) {
            for (var j = id % across; j < n; j += across) {
                let d = scratch[base + layer.delta_at + j];
                for (var k = id / across; k < layer.inputs; k += parts) {
                    add(to + layer.weights + k * n + j, dot16(scratch[base + layer.input_at + k], d), begin);
                }
                if (id < across) {
                    let ones = vec4<f32>(1.0);
                    let sum = dot16(d, mat4x4<f32>(ones, ones, ones, ones));
                    add(to + layer.weights + layer.inputs * n + j, sum, begin);
                }
            }
        }
        if (l > first) {
            let below = plan.layers[l - 1u];
            for (var k = id; k < layer.inputs; k += THREADS) {
                var sum = mat4x4<f32>();
                for (var j = 0u; j < n; j++) {
                    sum += scratch[base + layer.delta_at + j] * parameters[layer.weights + k * n + j];
                }
                let a = scratch[base + layer.input_at + k];
                scratch[base + below.delta_at + k] = mat4x4<f32>(
                    slope_of(a[0], sum[0]), slope_of(a[1], sum[1]), slope_of(a[2], sum[2]), slope_of(a[3], sum[3]));
            }
        }
        storageBarrier();
    }
}

@compute @workgroup_size(64)
fn gradient(
    @builtin(local_invocation_index) id: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    if (id == 0u) { halted = select(0u, 1u, statistics.halt <= call.update); }
    if (workgroupUniformLoad(&halted) == 1u) { return; }
    let tower = group.y;
    let base = (tower * groups.x + group.x) * plan.scratch;
    let to = group.x * (plan.parameters + 8u);
    let tiles = (call.rows + TILE - 1u) / TILE;
    for (var tile = group.x; tile < tiles; tile += groups.x) {
        let begin = tile == group.x;
        load_rows(base, tile * TILE, id);
        forward(base, tower, id);
        if (id < TILE) { loss_row(base, tower, tile * TILE + id, id); }
        storageBarrier();
        workgroupBarrier();
        // Each tower adds the sums that are its own.
        let own = plan.policy == 2u || ((id == 1u) == (tower == plan.value_tower));
        if (id < 5u && own) {
            var sum = 0.0;
            for (var row = 0u; row < TILE; row++) { sum += row_sums[row][id]; }
            add(to + plan.parameters + id, sum, begin);
        }
        if (plan.policy == 1u && tower == 0u && id < plan.action_words) {
            var sum = 0.0;
            for (var row = 0u; row < TILE; row++) { sum += row_free[row][id]; }
            add(to + plan.log_std + id, sum, begin);
        }
        backward(base, tower, to, begin, id);
    }
    check_loops();
}

var<workgroup> moment_parts: array<f32, 64>;

fn moment_sum(id: u32, part: f32) -> f32 {
    workgroupBarrier();
    moment_parts[id] = part;
    workgroupBarrier();
    var sum = 0.0;
    for (var k = 0u; k < THREADS; k++) { sum += moment_parts[k]; }
    return sum;
}

@compute @workgroup_size(64)
fn moments(@builtin(local_invocation_index) id: u32, @builtin(workgroup_id) group: vec3<u32>) {
    let begin = group.x * call.rows;
    let n = f32(call.rows);
    var part = 0.0;
    for (var k = id; k < call.rows; k += THREADS) { part += recorded(plan.at_advantages + order[begin + k]); }
    let mean = moment_sum(id, part) / n;
    part = 0.0;
    for (var k = id; k < call.rows; k += THREADS) {
        let d = recorded(plan.at_advantages + order[begin + k]) - mean;
        part += d * d;
    }
    let deviation = sqrt(moment_sum(id, part) / max(n - 1.0, 1.0)) + 1e-8f;
    if (id == 0u) {
        let normalize = plan.normalize == 1u;
        record[plan.at_moments + 2u * group.x] = bitcast<u32>(select(0.0, mean, normalize));
        record[plan.at_moments + 2u * group.x + 1u] = bitcast<u32>(select(1.0, deviation, normalize));
    }
    check_loops();
}
