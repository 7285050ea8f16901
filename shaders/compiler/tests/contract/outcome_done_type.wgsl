// expect: line 5
// says: not an array of 2 bool
// without: Outcome
const AGENTS: u32 = 2u;
struct Outcome {
    reward: array<f32, 2>,
    terminated: bool,
    done: array<u32, 2>,
}
fn step(params: Params, state: ptr<function, State>, action: array<Action, 2>, rng: ptr<function, Rng>) -> Outcome {
    var outcome: Outcome;
    return outcome;
}
fn observe(params: Params, state: State, agent: u32) -> Observation {
    return Observation(state.x + f32(agent));
}
