// expect: line 3
fn observe(params: Params, state: State) -> Observation {
    let wide = f32(i64(3));
    return Observation(state.x + wide);
}
