//! Two-class readouts at the ends of streams: answers, cross-entropy and its gradient.

/// Cross-entropy in nats of two outputs where `label` is right, and the probability that they give to class 1.
pub(super) fn cross_entropy(outputs: &[f32], label: u8) -> (f64, f32) {
    let margin = outputs[1] - outputs[0];
    let probability = 1.0 / (1.0 + (-margin).exp());
    let wrong = if label == 1 { -margin } else { margin };
    // ln(1 + e^x) without an overflow.
    (f64::from(wrong.max(0.0) + (-wrong.abs()).exp().ln_1p()), probability)
}

/// Whether the larger output is that of the label; class 0 where they are the same.
pub(super) fn is_right(outputs: &[f32], label: u8) -> bool {
    u8::from(outputs[1] > outputs[0]) == label
}

/// Writes the gradient of `share` times the cross-entropy.
pub(super) fn slope(probability: f32, label: u8, share: f32, gradient: &mut [f32]) {
    let slope = (probability - f32::from(label)) * share;
    gradient.copy_from_slice(&[-slope, slope]);
}
