// expect: line 3
// expect: line 4
const REWARD_TRESHOLD: f32 = 475.0;
fn picture(uv: vec2<f32>) -> vec3<f32> {
    let REWARD_TRESHOLD_ = 1.0;
    return vec3<f32>(uv, REWARD_TRESHOLD_);
}
// says: did you mean `REWARD_THRESHOLD`?
