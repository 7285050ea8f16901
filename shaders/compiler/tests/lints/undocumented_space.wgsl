// expect: line 3
// expect: line 5
const ACTION_COUNT: u32 = 2u;
alias Observation = array<u32, 1>;
const OBSERVATION_SHAPE: array<u32, 2> = array<u32, 2>(2u, 2u);
const OBSERVATION_BITS: u32 = 8u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 9u;
fn observe(params: Params, state: State) -> Observation {
    return Observation(u32(state.x));
}
