// without: OBSERVATION_LOW
// without: OBSERVATION_HIGH
// expect: line 15
// expect: line 16
// says: OBSERVATION_COUNT_COUNT is not of the type of what it counts
// says: shape [2, 3] of 8 bits needs 2 words, `Observation` has 1
struct Observation {
    /// 1; grid
    image: array<u32, 1>,
    /// 1; number
    count: u32,
    /// 1; speed
    speed: f32,
}
const OBSERVATION_COUNT_COUNT: i32 = 4;
const OBSERVATION_IMAGE_SHAPE: array<u32, 2> = array<u32, 2>(2u, 3u);
const OBSERVATION_IMAGE_BITS: u32 = 8u;
const OBSERVATION_IMAGE_LOW: u32 = 0u;
const OBSERVATION_IMAGE_HIGH: u32 = 9u;
const OBSERVATION_SPEED_LOW: f32 = -1.0;
const OBSERVATION_SPEED_HIGH: f32 = 1.0;
fn observe(params: Params, state: State) -> Observation {
    return Observation(array<u32, 1>(1u), 2u, state.x);
}
