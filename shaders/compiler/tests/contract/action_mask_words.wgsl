// expect: line 7
// says: `action_mask` returns another type than the contract's
// says: fn action_mask(params: Params, state: ptr<function, State>) -> array<u32, 2>
// says: one bit for each of 40 actions
/// one for each cell
const ACTION_COUNT: u32 = 40u;
fn action_mask(params: Params, state: State) -> u32 {
    return u32(state.x);
}
