// expect: line 6
// says: element 1 of the action lies in 2.0 to 1.0
// without: ACTION_COUNT
alias Action = array<f32, 2>;
/// N; thrust to the left and to the right
const ACTION_LOW: array<f32, 2> = array<f32, 2>(0.0, 2.0);
const ACTION_HIGH: array<f32, 2> = array<f32, 2>(1.0, 1.0);
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x += action[0] * params.size;
    return Outcome(1.0, false);
}
