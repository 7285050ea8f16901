// expect: line 3
// says: `action_mask` takes 3 arguments, it must take 2
fn action_mask(params: Params, state: State, agent: u32) -> u32 {
    return 3u;
}
