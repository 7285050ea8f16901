// expect: line 3
// says: `Action` is not the type that `step` takes
alias Action = i32;
fn step(params: Params, state: ptr<function, State>, action: u32, rng: ptr<function, Rng>) -> Outcome {
    (*state).x += f32(action);
    return Outcome(1.0, false);
}
