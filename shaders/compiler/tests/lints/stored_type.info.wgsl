// expect: line 5
// without: Outcome
struct Info {
    /// bool; done
    success: bool,
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
