// expect: line 9
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var i = 0u;
    loop {
        if (i > 5u) {
            break;
        }
        if (action > 1u) {
            continue;
        }
        let next = i + 1u;
        if (action > 0u) {
            continue;
        }
        continuing {
            i += next;
        }
    }
    loop {
        if (i > 9u) {
            break;
        }
        for (var k = 0u; k < 3u; k++) {
            continue;
        }
        let next = i + 1u;
        continuing {
            i += next;
        }
    }
    (*state).x += f32(i);
    return Outcome(1.0, false);
}
