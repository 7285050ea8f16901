// expect: line 4
// without: Outcome
struct Info {
    success: f32,
}
struct Outcome {
    reward: f32,
    terminated: bool,
    info: Info,
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var outcome: Outcome;
    return outcome;
}
