// expect: line 3
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var seen: array<u32, 65536>;
    var less: array<u32, 8000>;
    (*state).x += f32(seen[action] + less[action]);
    return Outcome(1.0, false);
}
