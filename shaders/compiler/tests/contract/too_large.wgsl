// expect: line 3
// says: more than 65536 words
struct State {
    /// m; position
    x: array<f32, 70000>,
}
fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    (*state).x[0] = rng_uniform(rng) * params.size;
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x[1] += f32(action) * params.size;
    return Outcome(1.0, false);
}
fn observe(params: Params, state: ptr<function, State>) -> Observation {
    return Observation((*state).x[1]);
}
