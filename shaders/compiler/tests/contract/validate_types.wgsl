// expect: line 4
// code: validate
fn observe(params: Params, state: State) -> Observation {
    return Observation(state.x + 1u);
}
