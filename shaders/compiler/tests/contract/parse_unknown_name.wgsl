// expect: line 5
// code: parse
// says: did you mean `params`?
fn observe(params: Params, state: State) -> Observation {
    return Observation(state.x * parms.size);
}
