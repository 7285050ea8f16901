// expect: line 10
// expect: line 12
struct Pair {
    /// 1; first
    a: u32,
    /// 1; second
    b: array<u32, 2>,
}
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let first = Pair(3u).a;
    let none = Pair();
    let last = Pair(array<u32, 2>(1u, 2u)[1],).a;
    let both = Pair(max(action, 1u), array<u32, 2>(1u, 2u));
    (*state).x += f32(first + none.a + last + both.a);
    return Outcome(1.0, false);
}
