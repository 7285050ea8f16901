// expect: line 9
// says: `action_mask` chooses among numbered actions, and these actions are real numbers
// without: ACTION_COUNT
alias Action = array<f32, 1>;
/// 1; push
const ACTION_LOW: Action = Action(-1.0);
/// 1; push
const ACTION_HIGH: Action = Action(1.0);
fn action_mask(params: Params, state: State) -> u32 {
    return 1u;
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x += action[0] * params.size;
    return Outcome(1.0, false);
}
