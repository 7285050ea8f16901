// expect: line 4
// module
fn sample_root(x: f32) -> f32 {
    return sqrt(x);
}
