// expect: line 3
fn observe(params: Params, state: State) -> Observation {
    let turn = mat2x2<f32>(0.0, 1.0, -1.0, 0.0);
    return Observation((turn * vec2<f32>(state.x)).x);
}
