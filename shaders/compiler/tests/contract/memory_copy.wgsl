// expect: line 20
// code: memory
// says: a copy of 1600 words at once, allowed are 1024
struct State {
    /// m; position
    x: array<f32, 1600>,
}
fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    (*state).x[0] = rng_uniform(rng) * params.size;
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x[1] += f32(action) * params.size;
    // Where the copy is stored at once it is a loop.
    var other = (*state).x;
    return Outcome(other[action], false);
}
fn observe(params: Params, state: ptr<function, State>) -> Observation {
    return Observation(sum(state));
}
fn sum(state: ptr<function, State>) -> f32 {
    let all = (*state).x;
    return all[0] + all[1599];
}
