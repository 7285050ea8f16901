// expect: line 4
// says: `Info.episode` has the name of another entry
// without: Outcome
struct Info {
    /// 1; number
    episode: f32,
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
