//! What observations and rewards go through before they are learned from, as streaming/scaling.rs.
//!
//! The CPU's moments are f64. Here means and sums of squares are pairs of f32 (`KernelSum`, exact but for a part in 2^47 per
//! summand), so they neither stand still nor drift over millions of steps; what is added is rounded to f32 (and divided within
//! 2.5 ulp), which is unbiased and a part in 10^7. So are the normalised values.

const KERNEL_STREAM_EPSILON: f32 = 1e-8f;

struct KernelStreamMoments {
    mean: KernelSum,
    /// sum of squared deviations from the mean
    squares: KernelSum,
}

/// x less a sum. What is rounded passes through integers, because WGSL lets compilers reorder: x - (value + rest) would lose
/// the rest.
fn kernel_stream_less(x: f32, sum: KernelSum) -> f32 {
    return bitcast<f32>(bitcast<u32>(x - sum.value) ^ kernel_control.zero) - sum.rest;
}

/// Takes in the n-th number (Welford 1962).
fn kernel_stream_push(moments: KernelStreamMoments, n: u32, x: f32) -> KernelStreamMoments {
    let before = kernel_stream_less(x, moments.mean);
    // GPUs may not divide by 1 exactly, and a number that never changes has no variance.
    let moved = select(before / f32(n), before, n == 1u);
    let mean = kernel_add(kernel_control.zero, moments.mean, moved);
    let squares = kernel_add(kernel_control.zero, moments.squares, before * kernel_stream_less(x, mean));
    return KernelStreamMoments(mean, squares);
}

/// Standard deviation of n numbers, 1 of fewer than two.
fn kernel_stream_deviation(moments: KernelStreamMoments, n: u32) -> f32 {
    let variance = select(moments.squares.value / f32(max(n, 2u) - 1u), 1.0, n < 2u);
    return sqrt(variance + KERNEL_STREAM_EPSILON);
}

/// Value e of the observation whose first word in the outputs is `source`.
fn kernel_stream_element(source: u32, e: u32) -> f32 {
    if (kernel_stream.encoding == 3u) {
        let place = kernel_stream.at_places + 2u * e;
        return kernel_mixed_value(
            kernel_outputs[source + kernel_stream_members[place]], kernel_stream_members[place + 1u]);
    }
    let word = kernel_outputs[source + kernel_plain_word(kernel_stream.encoding, e)];
    return kernel_plain_value(kernel_stream.encoding, word, e);
}

/// Takes the member's newest observation, the `seen`-th, into its moments, and makes of it the input of row 1; `time` is known
/// to the first thread.
fn kernel_stream_take_in(m: u32, seen: u32, time: f32, id: u32) {
    let source = kernel_control.at_observation + m * KERNEL_OBSERVATION_WORDS;
    let elements = kernel_stream.elements;
    for (var e = id; e < elements; e += KERNEL_STREAM_THREADS) {
        var x = kernel_stream_element(source, e);
        if (!kernel_is_number(x)) { atomicMin(&kernel_stream_bad, e); }
        if (kernel_stream.normalize != 0u) {
            // Planes of one word each, so that neighbours access neighbours.
            let at = m * kernel_stream.member_words + KERNEL_STREAM_AT_MOMENTS + e;
            let mean = KernelSum(kernel_stream_float(at), kernel_stream_float(at + elements));
            let squares = KernelSum(kernel_stream_float(at + 2u * elements), kernel_stream_float(at + 3u * elements));
            let moments = kernel_stream_push(KernelStreamMoments(mean, squares), seen, x);
            kernel_stream_members[at] = bitcast<u32>(moments.mean.value);
            kernel_stream_members[at + elements] = bitcast<u32>(moments.mean.rest);
            kernel_stream_members[at + 2u * elements] = bitcast<u32>(moments.squares.value);
            kernel_stream_members[at + 3u * elements] = bitcast<u32>(moments.squares.rest);
            x = kernel_stream_less(x, moments.mean) / kernel_stream_deviation(moments, seen);
        }
        kernel_stream_cells[KERNEL_STREAM_ROW + e] = x;
    }
    if (id == 0u && kernel_stream.timed != 0u) { kernel_stream_cells[KERNEL_STREAM_ROW + elements] = time; }
}

/// The time in an episode, from -1/2 to about 1/2.
fn kernel_stream_time(elapsed: u32, limit: u32) -> f32 {
    return -0.5 + f32(max(elapsed, 1u) - 1u) / f32(max(limit, 1u));
}
