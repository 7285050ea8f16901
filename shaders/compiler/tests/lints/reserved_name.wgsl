// expect: line 5
// expect: line 6
// expect: line 9
// expect: line 12
const KERNEL_SIZE: f32 = 1.0;
struct KernelThing {
    a: f32,
}
fn rng_mine() -> f32 {
    return KERNEL_SIZE;
}
fn rollout(thing: KernelThing) -> f32 {
    return thing.a + rng_mine();
}
fn observe(params: Params, state: State) -> Observation {
    return Observation(rollout(KernelThing(state.x)));
}
