// expect: line 4
// says: `Outcome.info` is not the struct `Info`
// without: Outcome
struct Outcome {
    reward: f32,
    terminated: bool,
    info: f32,
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var outcome: Outcome;
    return outcome;
}
