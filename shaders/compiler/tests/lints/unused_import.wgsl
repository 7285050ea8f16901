// expect: line 4
import package::shared::math::{
    math_sin,
    math_cos,
};
fn observe(params: Params, state: State) -> Observation {
    return Observation(math_sin(state.x));
}
