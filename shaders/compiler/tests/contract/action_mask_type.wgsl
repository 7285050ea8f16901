// expect: line 3
// says: fn action_mask(params: Params, state: ptr<function, State>) -> u32
fn action_mask(params: Params, state: State) -> f32 {
    return state.x;
}
