// expect: line 3
// expect: line 5
enable f16;
fn half(x: f32) -> f32 {
    return f32(f16(x));
}
