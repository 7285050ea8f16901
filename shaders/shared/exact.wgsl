//! Fractions that every back end rounds alike, for rewards of environments of whole numbers: WGSL lets a division be 2.5
//! units in the last place off, and then transitions would differ between devices.

/// 1 / n, correctly rounded, for n from 1 to 2^18, even where divisions are 4 units in the last place off. A division and
/// about 15 operations.
fn exact_inverse(n: u32) -> f32 {
    let near = 1.0 / f32(i32(n));
    // 1 / n = q / 2^places with q in (2^23, 2^24]; the rest of the division by the q at hand tells how far that is off.
    let places = 55u - countLeadingZeros(n);
    let q = i32(near * bitcast<f32>((127u + places) << 23u));
    let power = select(1u << (places & 31u), 0u, places > 31u);
    let rest = i32(power - u32(q) * n);
    return f32(q + i32(round(f32(rest) * near))) * bitcast<f32>((127u - places) << 23u);
}
