// expect: line 3
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    var count: atomic<u32>;
    return vec3<f32>(uv, state.x);
}
