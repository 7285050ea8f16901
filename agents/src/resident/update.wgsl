//! `reduce` and `adam`: from partial gradients to changed parameters. Both: dispatch [ceil((parameters + 8) / 64)] (folded
//! into two dimensions where that is too many), 64 threads, one thread per parameter.
//! Binding 8: `partials` [groups, parameters + 8]. Binding 9: `optimizer`: gradient [parameters], sums of the loss [8],
//! sums of squares of the gradient [workgroups], first moments [parameters], second moments [parameters].
//! Sums run in a fixed order, so the same minibatch always gives the same bits.

/// As in optim.rs.
const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;

@group(0) @binding(8) var<storage, read_write> partials: array<f32>;
@group(0) @binding(9) var<storage, read_write> optimizer: array<f32>;

var<workgroup> square_parts: array<f32, 64>;

/// Sum over the workgroup, the same in all threads.
fn sum_of_parts(id: u32, part: f32) -> f32 {
    square_parts[id] = part;
    workgroupBarrier();
    var sum = 0.0;
    for (var k = 0u; k < THREADS; k++) { sum += square_parts[k]; }
    return sum;
}

@compute @workgroup_size(64)
fn reduce(
    @builtin(local_invocation_index) id: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let workgroup = group.x + group.y * groups.x;
    let p = workgroup * THREADS + id;
    let width = plan.parameters + 8u;
    let rows = min((call.rows + TILE - 1u) / TILE, plan.groups);
    var sum = 0.0;
    if (p < width) {
        for (var g = 0u; g < rows; g++) { sum += partials[g * width + p]; }
        optimizer[p] = sum;
    }
    let squares = sum_of_parts(id, select(0.0, sum * sum, p < plan.parameters));
    if (id == 0u && workgroup * THREADS < width) { optimizer[width + workgroup] = squares; }
    check_loops();
}

@compute @workgroup_size(64)
fn adam(
    @builtin(local_invocation_index) id: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let halted = statistics.halt <= call.update;
    let width = plan.parameters + 8u;
    let norms = (width + THREADS - 1u) / THREADS;
    var part = 0.0;
    for (var k = id; k < norms; k += THREADS) { part += optimizer[width + k]; }
    let norm = sqrt(sum_of_parts(id, part));
    var finite = kernel_is_number(norm);
    for (var k = 0u; k < 8u; k++) { finite = finite && kernel_is_number(optimizer[plan.parameters + k]); }
    check_loops();
    if (halted) { return; }
    let p = (group.x + group.y * groups.x) * THREADS + id;
    if (p == 0u) {
        if (finite) {
            for (var k = 0u; k < 8u; k++) { statistics.sums[k] += optimizer[plan.parameters + k]; }
            statistics.updates += 1u;
            statistics.grad_norm = norm;
            let kl = optimizer[plan.parameters + 3u] / f32(call.rows);
            if (call.last_of_pass == 1u && plan.target_kl > 0.0 && kl > plan.target_kl) {
                statistics.halt = call.update + 1u;
            }
        } else {
            for (var k = 0u; k < 8u; k++) { statistics.sums[k] = optimizer[plan.parameters + k]; }
            statistics.grad_norm = norm;
            statistics.diverged = 1u;
            statistics.halt = call.update;
        }
    }
    if (!finite || p >= plan.parameters) { return; }
    var scale = 1.0;
    if (plan.max_grad_norm > 0.0 && norm > plan.max_grad_norm) { scale = plan.max_grad_norm / (norm + 1e-6f); }
    let g = optimizer[p] * scale;
    let first_at = width + norms + p;
    let second_at = first_at + plan.parameters;
    let first = optimizer[first_at] + (1.0 - BETA1) * (g - optimizer[first_at]);
    let second = optimizer[second_at] + (1.0 - BETA2) * (g * g - optimizer[second_at]);
    optimizer[first_at] = first;
    optimizer[second_at] = second;
    var step = first;
    if (call.plain == 0u) { step = first / (call.unroot * sqrt(second) + plan.adam_epsilon); }
    parameters[p] -= call.rate * step;
}
