// expect: line 7
// expect: line 8
fn age(state: ptr<function, State>) {
    (*state).x += 1.0;
}
fn observe(params: Params, state: ptr<function, State>) -> Observation {
    (*state).x = 0.0;
    age(state);
    var copy = *state;
    age(&copy);
    return Observation(copy.x);
}
