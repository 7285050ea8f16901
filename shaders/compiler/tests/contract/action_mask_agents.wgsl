// expect: line 16
// says: `action_mask` takes 2 arguments, it must take 3
// says: agent: u32
// without: Outcome
const AGENTS: u32 = 2u;
struct Outcome {
    reward: array<f32, 2>,
    terminated: bool,
}
fn step(params: Params, state: ptr<function, State>, action: array<Action, 2>, rng: ptr<function, Rng>) -> Outcome {
    return Outcome(array<f32, 2>(), false);
}
fn observe(params: Params, state: State, agent: u32) -> Observation {
    return Observation(state.x + f32(agent));
}
fn action_mask(params: Params, state: State) -> u32 {
    return 3u;
}
