// expect: line 4
// expect: line 5
fn observe(params: Params, state: State) -> Observation {
    var seen: array<bool, 4>;
    let known = array(true, state.x > 1.0);
    return Observation(select(state.x, 0.0, seen[1] || known[1]));
}
