//! TestRng-v0: every random function of the prelude, generator and results in the state.
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
import package::shared::rng::{
    Rng, rng_bernoulli, rng_between, rng_choice_bit, rng_new, rng_next, rng_normal, rng_range, rng_seed, rng_shuffle_index, rng_uniform,
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
    /// 1; position of the function in the switch below; 16 + the same: the generator is seeded with its state first,
    /// 32 + the same: made with rng_new
    function: u32,
    /// 1; state of the generator before and after
    low: u32,
    /// 1; the same, high word
    high: u32,
    /// 1; arguments, floats as bits
    arguments: array<u32, 2>,
    /// 1; results of 16 calls, floats as bits
    outputs: array<u32, 16>,
}

alias Action = u32;
/// without effect
const ACTION_COUNT: u32 = 1u;

struct Observation {
    /// 1; number of the function
    function: f32,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 47.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State();
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let a = (*state).arguments;
    let chosen = (*state).function;
    var own = Rng((*state).low, (*state).high);
    if (chosen >= 32u) {
        own = rng_new(own.low, own.high);
    } else if (chosen >= 16u) {
        own = rng_seed(own.low, own.high);
    }
    if ((chosen & 15u) == 7u) {
        for (var i = 0u; i < 16u; i++) {
            (*state).outputs[i] = i;
        }
        for (var i = 15u; i > 0u; i--) {
            let j = rng_shuffle_index(&own, i);
            let kept = (*state).outputs[i];
            (*state).outputs[i] = (*state).outputs[j];
            (*state).outputs[j] = kept;
        }
    }
    for (var i = 0u; i < 16u; i++) {
        switch (chosen & 15u) {
            case 0u: { (*state).outputs[i] = rng_next(&own); }
            case 1u: { (*state).outputs[i] = bitcast<u32>(rng_uniform(&own)); }
            case 2u: { (*state).outputs[i] = bitcast<u32>(rng_between(&own, bitcast<f32>(a[0]), bitcast<f32>(a[1]))); }
            case 3u: { (*state).outputs[i] = rng_range(&own, a[0]); }
            case 4u: { (*state).outputs[i] = u32(rng_bernoulli(&own, bitcast<f32>(a[0]))); }
            case 5u: { (*state).outputs[i] = bitcast<u32>(rng_normal(&own)); }
            case 6u: { (*state).outputs[i] = rng_choice_bit(&own, a[0]); }
            default: {}
        }
    }
    (*state).low = own.low;
    (*state).high = own.high;
    return Outcome(0.0, false);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(state.function));
}
