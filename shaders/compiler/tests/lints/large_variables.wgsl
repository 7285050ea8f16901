// expect: line 2
fn observe(params: Params, state: State) -> Observation {
    var map: array<u32, 9000>;
    map[u32(state.x)] = 3u;
    return Observation(f32(map[2]));
}
