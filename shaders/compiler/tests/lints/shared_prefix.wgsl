// expect: line 5
// expect: line 9
// expect: line 12
// module
const LIMIT: f32 = 1.0;
fn sample_good() -> f32 {
    return LIMIT;
}
fn other() -> f32 {
    return 1.0;
}
struct Other {
    a: f32,
}
