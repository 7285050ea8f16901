// expect: line 6
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let go = 1u;
    const STAY: u32 = 0u;
    switch (action) {
        case go: {
            (*state).x += 1.0;
        }
        case STAY, default: {
        }
    }
    return Outcome(1.0, false);
}
