// expect: line 5
// expect: line 11
struct Flags {
    /// bool; lamps that are on
    lamps: vec2<bool>,
}
struct State {
    /// m; position
    x: f32,
    /// bool; the door is open
    open: bool,
    /// 1; the lamps
    flags: Flags,
}
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    state.x = rng_uniform(rng) * params.size;
    return state;
}
