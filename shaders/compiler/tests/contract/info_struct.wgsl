// expect: line 8
// says: `Info.part` holds a struct
// without: Outcome
struct Part {
    /// 1; number
    x: f32,
}
struct Info {
    /// 1; part
    part: Part,
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
