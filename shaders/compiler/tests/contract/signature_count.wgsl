// expect: line 3
// says: `observe` takes 1 arguments, it must take 2
fn observe(state: State) -> Observation {
    return Observation(state.x);
}
