// expect: line 3
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x += sin(f32(action) * params.size);
    return Outcome(1.0, false);
}
