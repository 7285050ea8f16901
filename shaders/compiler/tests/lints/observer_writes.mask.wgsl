// expect: line 3
fn action_mask(params: Params, state: ptr<function, State>) -> u32 {
    (*state).x = 0.0;
    return 3u;
}
