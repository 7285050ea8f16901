// expect: line 2
const HALF_TURN: f32 = acos(-1.0);
fn observe(params: Params, state: State) -> Observation {
    return Observation(state.x * HALF_TURN);
}
