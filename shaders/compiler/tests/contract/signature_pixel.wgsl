// expect: line 3
// says: argument 3 of `pixel`, `uv`
fn pixel(params: Params, state: State, uv: vec3<f32>) -> vec3<f32> {
    return uv;
}
