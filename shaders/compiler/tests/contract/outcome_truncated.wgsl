// expect: line 4
// says: `Outcome.truncated` is not a bool
// without: Outcome
struct Outcome {
    reward: f32,
    terminated: bool,
    truncated: u32,
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var outcome: Outcome;
    return outcome;
}
