// expect: line 4
// expect: line 5
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    workgroupBarrier();
    (*state).x += fma(f32(action), params.size, 1.0);
    return Outcome(1.0, false);
}
