//! A tower of a multi-layer perceptron, forward, for the tile of rows whose inputs lie in the workgroup's scratch.
//! Shapes as in common.wgsl; `base` is the first column of the workgroup's scratch.

/// 1 / sqrt of the variance needs this to stay finite; as on the CPU.
const NORM_EPSILON: f32 = 1e-6f;

var<workgroup> norm_parts: array<f32, 64>;

fn tower_first(tower: u32) -> u32 {
    return select(plan.first0, plan.first1, tower == 1u);
}

fn tower_count(tower: u32) -> u32 {
    return select(plan.count0, plan.count1, tower == 1u);
}

fn element(column: u32, row: u32) -> f32 {
    return scratch[column][row >> 2u][row & 3u];
}

/// Value e of the observation whose words begin with `word` (the one that holds the value).
fn unpacked(word: u32, e: u32) -> f32 {
    if (plan.encoding == 3u) { return kernel_mixed_value(word, record[plan.at_elements + 2u * e + 1u]); }
    return kernel_plain_value(plan.encoding, word, e);
}

/// The word of an observation that holds value e.
fn word_of(e: u32) -> u32 {
    if (plan.encoding == 3u) { return record[plan.at_elements + 2u * e]; }
    return kernel_plain_word(plan.encoding, e);
}

fn activate(x: vec4<f32>) -> vec4<f32> {
    if (plan.activation == 1u) { return max(x, vec4<f32>()); }
    return vec4<f32>(math_tanh(x.x), math_tanh(x.y), math_tanh(x.z), math_tanh(x.w));
}

fn activated(x: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(activate(x[0]), activate(x[1]), activate(x[2]), activate(x[3]));
}

/// Sum over the four parts that threads found of a row; thread id has part id / 16 of row id % 16.
fn row_sum(id: u32, part: f32) -> f32 {
    workgroupBarrier();
    norm_parts[id] = part;
    workgroupBarrier();
    let row = id & 15u;
    return norm_parts[row] + norm_parts[row + 16u] + norm_parts[row + 32u] + norm_parts[row + 48u];
}

/// Normalises the raw outputs at `norm_at` in place and writes the activations.
fn normalized(base: u32, layer: Layer, id: u32) {
    let row = id & 15u;
    let n = layer.outputs;
    var sum = 0.0;
    for (var j = id >> 4u; j < n; j += 4u) { sum += element(base + layer.norm_at + j, row); }
    let mean = row_sum(id, sum) / f32(n);
    var squares = 0.0;
    for (var j = id >> 4u; j < n; j += 4u) {
        let d = element(base + layer.norm_at + j, row) - mean;
        squares += d * d;
    }
    let inverse = 1.0 / sqrt(row_sum(id, squares) / f32(n) + NORM_EPSILON);
    if (id < TILE) { scratch[base + layer.norm_at + n][row >> 2u][row & 3u] = inverse; }
    for (var j = id >> 4u; j < n; j += 4u) {
        let z = (element(base + layer.norm_at + j, row) - mean) * inverse;
        scratch[base + layer.norm_at + j][row >> 2u][row & 3u] = z;
    }
    storageBarrier();
    let scale = layer.weights + layer.inputs * n + n;
    for (var j = id; j < n; j += THREADS) {
        let z = scratch[base + layer.norm_at + j];
        let offset = parameters[scale + n + j];
        let o = vec4<f32>(offset);
        scratch[base + layer.output_at + j] = activated(z * parameters[scale + j] + mat4x4<f32>(o, o, o, o));
    }
    storageBarrier();
}

/// All layers of a tower; inputs are in place (behind a barrier), outputs are afterwards.
fn forward(base: u32, tower: u32, id: u32) {
    let first = tower_first(tower);
    let count = tower_count(tower);
    for (var l = first; l < first + count; l++) {
        let layer = plan.layers[l];
        let n = layer.outputs;
        let norm = plan.layer_norm == 1u && layer.last == 0u;
        for (var j = id; j < n; j += THREADS) {
            let bias = vec4<f32>(parameters[layer.weights + layer.inputs * n + j]);
            var sum = mat4x4<f32>(bias, bias, bias, bias);
            for (var k = 0u; k < layer.inputs; k++) {
                sum += scratch[base + layer.input_at + k] * parameters[layer.weights + k * n + j];
            }
            if (norm) {
                scratch[base + layer.norm_at + j] = sum;
            } else if (layer.last == 1u) {
                scratch[base + layer.output_at + j] = sum;
            } else {
                scratch[base + layer.output_at + j] = activated(sum);
            }
        }
        storageBarrier();
        if (norm) { normalized(base, layer, id); }
    }
}

/// Number of actions of a choice.
fn choice(c: u32) -> u32 {
    return plan.nvec[c >> 2u][c & 3u];
}

/// Largest of the logits `at..at + n` of a row, and log of the sum of their exponentials.
fn log_sum(at: u32, n: u32, row: u32) -> vec2<f32> {
    var largest = element(at, row);
    for (var j = 1u; j < n; j++) { largest = max(largest, element(at + j, row)); }
    var total = 0.0;
    for (var j = 0u; j < n; j++) { total += math_exp(element(at + j, row) - largest); }
    return vec2<f32>(largest, largest + math_log(total));
}

/// The best of the action values of a row, the first of equals: (index, value).
fn best(at: u32, n: u32, row: u32) -> vec2<f32> {
    var found = vec2<f32>(0.0, element(at, row));
    for (var j = 1u; j < n; j++) {
        let value = element(at + j, row);
        if (value > found.y) { found = vec2<f32>(f32(j), value); }
    }
    return found;
}
