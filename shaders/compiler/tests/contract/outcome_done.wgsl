// expect: line 4
// says: there is one agent
// without: Outcome
struct Outcome {
    reward: f32,
    terminated: bool,
    done: bool,
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var outcome: Outcome;
    return outcome;
}
