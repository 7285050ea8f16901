// expect: line 5
// expect: line 11
// expect: line 13
struct Wheel {
    angle: f32,
}
struct State {
    /// m; position
    x: f32,
    /// velocity, without a unit
    speed: f32,
    /// rad;
    lean: f32,
    /// 1; the wheels
    wheels: array<Wheel, 2>,
}
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    state.x = rng_uniform(rng) * params.size;
    return state;
}
