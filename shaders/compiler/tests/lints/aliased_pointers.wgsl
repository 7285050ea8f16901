// expect: line 11
fn swap(a: ptr<function, f32>, b: ptr<function, f32>) {
    let old = *a;
    *a = *b;
    *b = old;
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var x = 1.0;
    var y = 2.0;
    swap(&x, &y);
    swap(&x, &x);
    return Outcome(x, false);
}
