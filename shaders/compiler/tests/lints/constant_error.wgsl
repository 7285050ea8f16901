// expect: line 8
// expect: line 9
// expect: line 10
// expect: line 11
// expect: line 12
const FAR: u32 = 20u;
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let a = clamp(action, 5u, 3u) + clamp(action, 3u, 5u);
    let b = clamp(vec2<u32>(action), vec2<u32>(1u, 5u), vec2<u32>(3u));
    let c = extractBits(a, 20u, FAR);
    let d = insertBits(a, b.x, 30u, 4u) + extractBits(a, 28u, 4u);
    (*state).x += bitcast<f32>(0x7f800000u) + bitcast<f32>(0x3f800000u) * f32(c + d);
    return Outcome(1.0, false);
}
