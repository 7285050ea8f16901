// expect: line 6
// says: OBSERVATION_BITS is 4, allowed are 1 and 8
alias Observation = array<u32, 1>;
/// cell
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(8u);
const OBSERVATION_BITS: u32 = 4u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 9u;
fn observe(params: Params, state: State) -> Observation {
    return Observation(u32(state.x));
}
