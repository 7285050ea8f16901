//! What kernels of learners share, alone or behind an environment's text: random numbers, values of observations. All names
//! begin as those of the kernel do, which environments may not use. Linked after shaders/shared/math.wgsl.

/// Whether a number is finite. Bits, because WGSL lets compilers assume that all floats are.
fn kernel_is_number(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

// ---- Noise, as in common/noise.rs: 64-bit numbers as (low, high) -------------------------------------

const KERNEL_GOLDEN: vec2<u32> = vec2<u32>(0x7f4a7c15u, 0x9e3779b9u);

fn kernel_wide_add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < b.x));
}

fn kernel_wide_mul(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(a.x * b.x, math_mul_high(a.x, b.x) + a.x * b.y + a.y * b.x);
}

/// SplitMix64's finaliser.
fn kernel_mix64(value: vec2<u32>) -> vec2<u32> {
    var x = value;
    x = x ^ vec2<u32>((x.x >> 30u) | (x.y << 2u), x.y >> 30u);
    x = kernel_wide_mul(x, vec2<u32>(0x1ce4e5b9u, 0xbf58476du));
    x = x ^ vec2<u32>((x.x >> 27u) | (x.y << 5u), x.y >> 27u);
    x = kernel_wide_mul(x, vec2<u32>(0x133111ebu, 0x94d049bbu));
    return x ^ vec2<u32>((x.x >> 31u) | (x.y << 1u), x.y >> 31u);
}

struct KernelNoise {
    key: vec2<u32>,
    /// what was added to the key so far: draws x KERNEL_GOLDEN
    sum: vec2<u32>,
}

/// The stream of a row at a step of a run.
fn kernel_noise_at(key: vec2<u32>, step: vec2<u32>, row: u32) -> KernelNoise {
    let of_step = kernel_mix64(key ^ kernel_wide_mul(step, KERNEL_GOLDEN));
    let of_row = kernel_wide_add(of_step, kernel_wide_mul(vec2<u32>(row, 0u), KERNEL_GOLDEN));
    return KernelNoise(kernel_mix64(of_row), vec2<u32>());
}

fn kernel_noise_bits(noise: ptr<function, KernelNoise>) -> vec2<u32> {
    (*noise).sum = kernel_wide_add((*noise).sum, KERNEL_GOLDEN);
    return kernel_mix64(kernel_wide_add((*noise).key, (*noise).sum));
}

/// Uniform in (0, 1).
fn kernel_noise_uniform(noise: ptr<function, KernelNoise>) -> f32 {
    return (f32(kernel_noise_bits(noise).y >> 9u) + 0.5) * 0x1p-23f;
}

/// Uniform below n.
fn kernel_noise_below(noise: ptr<function, KernelNoise>, n: u32) -> u32 {
    return math_mul_high(kernel_noise_bits(noise).y, n);
}

/// Standard normal.
fn kernel_noise_normal(noise: ptr<function, KernelNoise>) -> f32 {
    let radius = sqrt(-2.0 * math_log(kernel_noise_uniform(noise)));
    return radius * math_cos(MATH_TAU * kernel_noise_uniform(noise));
}

// ---- Values of observations; encodings 0 f32, 1 u8, 2 bits, 3 mixed, where a table says what lies where (`element_places`)

/// Value e of an observation of one encoding, from the word that holds it.
fn kernel_plain_value(encoding: u32, word: u32, e: u32) -> f32 {
    if (encoding == 2u) { return f32((word >> (e & 31u)) & 1u); }
    if (encoding == 1u) { return f32((word >> (8u * (e & 3u))) & 255u); }
    return bitcast<f32>(word);
}

/// The word of such an observation that holds value e.
fn kernel_plain_word(encoding: u32, e: u32) -> u32 {
    return select(select(e, e >> 2u, encoding == 1u), e >> 5u, encoding == 2u);
}

/// A value of a mixed observation from the word that holds it, and how the table says that it does. Selects: SwiftShader
/// takes the k cases of n switches of a loop k^n times.
fn kernel_mixed_value(word: u32, how: u32) -> f32 {
    let kind = how & 3u;
    let number = how >> 2u;
    let field = f32((word >> (number & 31u)) & select(1u, 255u, kind == 1u));
    return select(select(field, select(0.0, 1.0, word == number), kind == 3u), bitcast<f32>(word), kind == 0u);
}
