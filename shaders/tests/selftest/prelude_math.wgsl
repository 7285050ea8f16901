//! TestMath-v0: every math function of the prelude, arguments and results in the state.
//!
//! # Source
//! Own test program.
//! # Reward
//! Always 0.
//! # Start
//! All zeros; the tests write the inputs into the state.
//! # End
//! Never.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng};
import package::shared::math::{
    math_acos, math_asin, math_atan2, math_cos, math_exp, math_length, math_log, math_log1p_exp,
    math_mul_high, math_pow, math_sin, math_sincos, math_sqrt, math_tan, math_tanh, math_wrap_angle,
};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 0u;

struct Params {
    /// 1; without effect
    unused: u32,
}
const DEFAULT_PARAMS: Params = Params(0u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(0u);

struct State {
    /// 1; position of the function in the switch below
    function: u32,
    /// 1; arguments
    x: array<f32, 2>,
    /// 1; results
    y: array<f32, 2>,
    /// 1; integer arguments
    words: array<u32, 2>,
    /// 1; integer result
    word: u32,
}

alias Action = u32;
/// without effect
const ACTION_COUNT: u32 = 1u;

struct Observation {
    /// 1; number of the function
    function: f32,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 15.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State();
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let x = (*state).x;
    switch ((*state).function) {
        case 0u: { (*state).y[0] = math_sin(x[0]); }
        case 1u: { (*state).y[0] = math_cos(x[0]); }
        case 2u: { (*state).y[0] = math_tan(x[0]); }
        case 3u: { (*state).y[0] = math_wrap_angle(x[0]); }
        case 4u: { (*state).y[0] = math_exp(x[0]); }
        case 5u: { (*state).y[0] = math_log(x[0]); }
        case 6u: { (*state).y[0] = math_log1p_exp(x[0]); }
        case 7u: { (*state).y[0] = math_tanh(x[0]); }
        case 8u: { (*state).y[0] = math_sqrt(x[0]); }
        case 9u: { (*state).y[0] = math_length(vec2<f32>(x[0], x[1])); }
        case 10u: { (*state).y[0] = math_atan2(x[0], x[1]); }
        case 11u: { (*state).y[0] = math_asin(x[0]); }
        case 12u: { (*state).y[0] = math_acos(x[0]); }
        case 13u: { (*state).y[0] = math_pow(x[0], x[1]); }
        case 14u: { let both = math_sincos(x[0]); (*state).y = array<f32, 2>(both.x, both.y); }
        case 15u: { (*state).word = math_mul_high((*state).words[0], (*state).words[1]); }
        default: {}
    }
    return Outcome(0.0, false);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(state.function));
}
