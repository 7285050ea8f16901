// expect: line 3
// says: `observe` takes 3 arguments, it must take 2
fn observe(params: Params, state: State, time: u32) -> Observation {
    return Observation(state.x + f32(time));
}
