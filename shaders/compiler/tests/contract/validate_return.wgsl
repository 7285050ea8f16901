// expect: line 5
// code: validate
fn observe(params: Params, state: State) -> Observation {
    if (state.x > 0.0) {
        return Observation(vec2<f32>(1.0));
    }
    return Observation(state.x);
}
