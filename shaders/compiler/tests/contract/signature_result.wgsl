// expect: line 8
// says: where Outcome is { reward: f32, terminated: bool }
// without: Outcome
struct Outcome {
    reward: vec2<f32>,
    terminated: bool,
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    return Outcome(vec2<f32>(1.0), false);
}
