// expect: line 3
// expect: line 4
const GRAVITY = 9.8;
const PAIR = vec2(1, 2);
const FINE = 9.8f;
fn observe(params: Params, state: State) -> Observation {
    return Observation(GRAVITY + FINE + f32(PAIR.x));
}
