// expect: line 2
fn pixel(params: Params, state: ptr<private, State>, uv: vec2<f32>) -> vec3<f32> {
    return vec3<f32>(uv, (*state).x);
}
