// expect: file
// says: the constant GLOBAL_STATE_LOW is missing
// expect: file
// says: the constant GLOBAL_STATE_HIGH is missing
alias GlobalState = array<f32, 1>;

fn global_state(params: Params, state: State) -> GlobalState {
    return GlobalState(state.x);
}
