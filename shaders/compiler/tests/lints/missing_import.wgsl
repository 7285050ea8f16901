// expect: line 3
fn observe(params: Params, state: State) -> Observation {
    return Observation(math_sqrt(state.x));
}
