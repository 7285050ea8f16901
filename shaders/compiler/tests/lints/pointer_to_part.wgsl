// expect: line 8
// expect: line 10
// expect: line 12
fn grow(x: ptr<function, f32>) {
    *x += 1.0;
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    grow(&(*state).x);
    var values: array<f32, 2>;
    let second = &values[action];
    grow(second);
    grow(&values[1]);
    return Outcome(values[1], false);
}
