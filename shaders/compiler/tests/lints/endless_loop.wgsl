// expect: line 3
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    loop {
        (*state).x += 1.0;
        switch (action) {
            case 1u: {
                break;
            }
            default: {
            }
        }
        loop {
            break;
        }
    }
    loop {
        if ((*state).x > 9.0) {
            return Outcome(1.0, false);
        }
    }
    return Outcome(0.0, false);
}
