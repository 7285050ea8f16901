// expect: line 10
// says: `OBSERVATION_IMAG_LOW` is used nowhere and is no name of the contract
// says: did you mean `OBSERVATION_IMAGE_LOW`?
// without: OBSERVATION_LOW
// without: OBSERVATION_HIGH
struct Observation {
    /// 1; numbers
    image: array<f32, 2>,
}
const OBSERVATION_IMAG_LOW: f32 = 0.0;
const OBSERVATION_IMAGE_LOW: f32 = 0.0;
const OBSERVATION_IMAGE_HIGH: f32 = 1.0;
fn observe(params: Params, state: State) -> Observation {
    return Observation(array<f32, 2>(state.x, state.x));
}
