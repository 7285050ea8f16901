// expect: line 10
// expect: line 11
// expect: line 12
// expect: line 13
// says: write `(x * y) | z`, which is what it means here
// says: write `(x == y) & z`, which is what it means here, or `x == (y & z)`
// says: `x < y && y <= z`
// says: `&&` and `||` side by side
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var x = action * 3u | 1u;
    x <<= select(1u, 2u, 1u == x & 1u);
    let inside = 0u < x <= 3u;
    let ended = x == 1u && x != 2u || inside;
    return Outcome(f32(x), ended);
}
