// code: parse
// without: State
// without: initial
// without: step
// says: fix: declare `struct State { ... }`
// expect: line 7
fn observe(params: Params, state: State) -> Observation {
    return Observation(state.x);
}
