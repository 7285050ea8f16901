use super::*;

#[test]
fn samples_follow_the_logits_and_the_mask() {
    let logits = [0.0, 1.0f32, 2.0, -1.0];
    let noise = Noise::new(1, "head");
    let n = 100_000;
    for (mask, legal) in [(None, [1.0; 4]), (Some([0b1101u32]), [1.0, 0.0, 1.0, 1.0])] {
        let mut counts = [0.0f64; 4];
        for i in 0..n {
            counts[draw_choice(&logits, mask.as_ref().map(|m| &m[..]), 0, &mut noise.at(0, i)) as usize] += 1.0;
        }
        let total: f64 = (0..4).map(|j| legal[j] * f64::from(logits[j]).exp()).sum();
        for j in 0..4 {
            let p = legal[j] * f64::from(logits[j]).exp() / total;
            // Five standard errors of a frequency.
            assert!((counts[j] / n as f64 - p).abs() <= 5.0 * (p * (1.0 - p) / n as f64).sqrt(), "{counts:?}");
        }
    }
}

#[test]
fn the_most_likely_actions_are_legal_and_within_bounds() {
    let choices = Distribution::Categorical { nvec: vec![2, 3] };
    let outputs = [0.0, 1.0, 3.0, 2.0, 1.0, 99.0];
    let mut action = [9; 2];
    choices.mode(&outputs, None, &mut action);
    assert_eq!(action, [1, 0]);
    choices.mode(&outputs, Some(&[0b11001]), &mut action);
    assert_eq!(action, [0, 1]);
    let executed = |distribution: &Distribution, outputs: &[f32]| {
        let (mut action, mut executed) = ([0; 1], [0; 1]);
        distribution.mode(outputs, None, &mut action);
        distribution.execute(&action, &mut executed);
        f32::from_bits(executed[0])
    };
    let normal = Distribution::Gaussian { low: vec![-1.0], high: vec![3.0], log_std: 1 };
    for (mean, action) in [(5.0, 3.0), (0.0, 1.0), (-0.5, 0.0), (f32::NAN, -1.0)] {
        assert_eq!(executed(&normal, &[mean, 0.0]), action);
    }
    let squashed = Squashed { low: vec![0.0], high: vec![4.0], log_std: (-5.0, 2.0) };
    assert_eq!(executed(&Distribution::Squashed(squashed), &[0.0, 0.0]), 2.0);
}

#[test]
fn masked_actions_have_no_probability_and_no_gradient() {
    let outputs = [0.3, 50.0, -0.2, 0.1, 0.0];
    let mut gradient = [0.0; 5];
    let choice = Distribution::Categorical { nvec: vec![4] };
    let (log_prob, entropy) = choice.evaluate(&outputs, &[0], Some(&[0b1101]), Some((1.0, 1.0, &mut gradient)));
    let total = 0.3f32.exp() + (-0.2f32).exp() + 0.1f32.exp();
    assert!((log_prob - (0.3 - total.ln())).abs() < 1e-6);
    assert!(entropy > 0.0 && entropy < 3.0f32.ln() + 1e-6);
    assert_eq!(gradient[1], 0.0);
}
