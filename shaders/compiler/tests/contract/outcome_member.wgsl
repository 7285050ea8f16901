// expect: line 5
// says: `Outcome.trunkated` is no member of the contract
// says: did you mean `truncated`?
// without: Outcome
struct Outcome {
    reward: f32,
    terminated: bool,
    trunkated: bool,
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var outcome: Outcome;
    return outcome;
}
