// expect: line 3
// says: argument 2 of `initial`, `seed`
fn initial(params: Params, seed: u32) -> State {
    return State(f32(seed) * params.size);
}
import package::shared::rng::{Rng};
