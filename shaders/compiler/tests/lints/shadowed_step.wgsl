// expect: line 6
// expect: line 10
// says: write `select(0.0, 1.0, (*state).x >= 0.5)`
// says: write `select(0.0, 1.0, max(x, 1.0) >= params.size)`
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x += step(0.5, (*state).x) * params.size;
    return Outcome(1.0, false);
}
fn edge(params: Params, x: f32) -> f32 {
    return step(params.size, max(x, 1.0));
}
fn observe(params: Params, state: State) -> Observation {
    return Observation(edge(params, state.x));
}
