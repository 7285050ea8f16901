// expect: line 5
// says: shape [3, 3] of 8 bits needs 3 words, `Observation` has 2
alias Observation = array<u32, 2>;
/// row, column
const OBSERVATION_SHAPE: array<u32, 2> = array<u32, 2>(3u, 3u);
const OBSERVATION_BITS: u32 = 8u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 9u;
fn observe(params: Params, state: State) -> Observation {
    return Observation(u32(state.x), 0u);
}
