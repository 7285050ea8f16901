// expect: line 3
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).x += f32(sign(action));
    (*state).x += f32(sign(i32(action)));
    return Outcome(1.0, false);
}
