//! `returns`: advantages (GAE) or lambda-returns of a rollout, backwards in time, and their moments for the log.
//! Dispatch [ceil(rows / 64)], 64 threads, one thread per row of a step. Writes `record` at plan.at_advantages,
//! at_returns (both [steps, rows]) and at_summary [workgroups, 8]: count, mean and squares of advantages, mean and squares
//! of returns, sum of values, of which the host makes the explained variance.

var<workgroup> summaries: array<array<f32, 5>, 64>;

@compute @workgroup_size(64)
fn returns(
    @builtin(local_invocation_index) id: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(global_invocation_id) global: vec3<u32>,
) {
    let r = global.x;
    var moments = array<f32, 5>();
    if (r < plan.rows) {
        var ahead = 0.0;
        var next_value = recorded(plan.at_values + plan.steps * plan.rows + r);
        var seen = 0.0;
        for (var back = 0u; back < plan.steps; back++) {
            let t = plan.steps - 1u - back;
            let at = t * plan.rows + r;
            let flags = record[plan.at_flags + at];
            let value = recorded(plan.at_values + at);
            let reward = recorded(plan.at_rewards + at) * plan.reward_scale;
            var next = next_value;
            if (flags == 2u) { next = recorded(plan.at_final_values + at); }
            if ((flags & 1u) != 0u) { next = 0.0; }
            var goal = 0.0;
            var advantage = 0.0;
            if (plan.policy == 2u) {
                // The first return from behind has nothing ahead of it but the value.
                let mixed = plan.lambda * ahead + (1.0 - plan.lambda) * next;
                goal = reward + plan.gamma * select(mixed, next, flags != 0u || back == 0u);
                ahead = goal;
            } else {
                advantage = reward + plan.gamma * next - value;
                advantage += plan.gamma * plan.lambda * select(ahead, 0.0, flags != 0u);
                ahead = advantage;
                goal = advantage + value;
            }
            record[plan.at_advantages + at] = bitcast<u32>(advantage);
            record[plan.at_returns + at] = bitcast<u32>(goal);
            next_value = value;
            seen += 1.0;
            let a = advantage - moments[0];
            moments[0] += a / seen;
            moments[1] += a * (advantage - moments[0]);
            let b = goal - moments[2];
            moments[2] += b / seen;
            moments[3] += b * (goal - moments[2]);
            moments[4] += value;
        }
    }
    summaries[id] = moments;
    workgroupBarrier();
    if (id != 0u) {
        check_loops();
        return;
    }
    // Chan's rule for the moments of joined samples, row by row.
    let steps = f32(plan.steps);
    let rows = min(THREADS, plan.rows - group.x * THREADS);
    var all = summaries[0];
    for (var k = 1u; k < rows; k++) {
        let n = steps * f32(k);
        let other = summaries[k];
        let a = other[0] - all[0];
        let b = other[2] - all[2];
        all[0] += a / f32(k + 1u);
        all[1] += other[1] + a * a * n / f32(k + 1u);
        all[2] += b / f32(k + 1u);
        all[3] += other[3] + b * b * n / f32(k + 1u);
        all[4] += other[4];
    }
    let to = plan.at_summary + 8u * group.x;
    record[to] = bitcast<u32>(steps * f32(rows));
    for (var k = 0u; k < 5u; k++) { record[to + 1u + k] = bitcast<u32>(all[k]); }
    check_loops();
}
