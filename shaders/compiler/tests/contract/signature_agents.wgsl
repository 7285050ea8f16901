// expect: line 9
// says: with 2 agents, `step` must take an array of 2 actions
// without: Outcome
const AGENTS: u32 = 2u;
struct Outcome {
    reward: array<f32, 2>,
    terminated: bool,
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    return Outcome(array<f32, 2>(), false);
}
fn observe(params: Params, state: State, agent: u32) -> Observation {
    return Observation(state.x + f32(agent));
}
