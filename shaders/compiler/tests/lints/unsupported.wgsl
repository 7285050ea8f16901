// expect: line 4
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    if (action > 1u) {
        discard;
    }
    return Outcome(1.0, false);
}
