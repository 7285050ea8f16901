// expect: line 10
// expect: line 19
// says: `initial` takes 2 arguments, it must take 3
// says: `observe` copies the state, allowed up to 64 words
// says: observe(params: Params, state: ptr<function, State>)
struct State {
    /// m; position
    x: array<f32, 100>,
}
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    state.x[0] = rng_uniform(rng) * params.size;
    return state;
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x[1] += f32(action) * params.size;
    return Outcome(1.0, false);
}
fn observe(params: Params, state: State) -> Observation {
    return Observation(state.x[1]);
}
