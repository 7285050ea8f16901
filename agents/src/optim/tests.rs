use super::*;

const KINDS: [Kind; 7] =
    [Kind::Sgd, Kind::Adam, Kind::AdamW, Kind::RAdam, Kind::Lamb, Kind::RmsProp, Kind::CenteredRmsProp];
/// Difference to the same rule in f64 after a hundred steps of 0.01.
const STEPS_ERROR: f64 = 2e-5;
/// Difference to PyTorch's f32 after twenty steps.
const TORCH_ERROR: f32 = 2e-6;

fn layout(sizes: &[usize]) -> Layout {
    let mut layout = Layout::default();
    for (i, size) in sizes.iter().enumerate() {
        layout.push(format!("part{i}"), &[*size]);
    }
    layout
}

/// A gradient that changes with the step and depends on the weights.
fn gradient(t: u64, i: usize, w: f64) -> f64 {
    3.0 * (0.1 * t as f64 * (i % 7 + 1) as f64 + i as f64).cos() + 0.1 * w
}

/// The rules as their papers write them, one weight array after the other, in f64.
fn reference(kind: Kind, o: Options, sizes: &[usize], mut w: Vec<f64>, steps: u64, rate: f64) -> Vec<f64> {
    let (mut b1, b2) = (f64::from(o.beta1), f64::from(o.beta2));
    if kind == Kind::CenteredRmsProp {
        b1 = b2;
    }
    let (epsilon, decay) = (f64::from(o.epsilon), f64::from(o.weight_decay));
    let (mut m, mut v) = (vec![0.0; w.len()], vec![0.0; w.len()]);
    for t in 1..=steps {
        let mut g: Vec<f64> = w.iter().enumerate().map(|(i, w)| gradient(t, i, *w)).collect();
        let length = g.iter().map(|g| g * g).sum::<f64>().sqrt();
        for i in 0..w.len() {
            match kind {
                Kind::Lamb => g[i] /= length.max(1.0),
                Kind::AdamW => w[i] -= rate * decay * w[i],
                _ => g[i] += decay * w[i],
            }
            m[i] = b1 * m[i] + (1.0 - b1) * g[i];
            v[i] = b2 * v[i] + (1.0 - b2) * g[i] * g[i];
        }
        let (c1, c2) = (1.0 - b1.powf(t as f64), 1.0 - b2.powf(t as f64));
        let rho_limit = 2.0 / (1.0 - b2) - 1.0;
        let rho = rho_limit - 2.0 * t as f64 * (1.0 - c2) / c2;
        let mut start = 0;
        for size in sizes {
            let range = start..start + size;
            start += size;
            let u: Vec<f64> = range.clone().map(|i| m[i] / (v[i].sqrt() + epsilon) + decay * w[i]).collect();
            let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
            let trust = match (norm(&w[range.clone()]).min(10.0), norm(&u)) {
                (0.0, _) | (_, 0.0) => 1.0,
                (weights, step) => weights / step,
            };
            for (i, u) in range.zip(u) {
                w[i] -= rate
                    * match kind {
                        Kind::Sgd => g[i],
                        Kind::Adam | Kind::AdamW => m[i] / c1 / ((v[i] / c2).sqrt() + epsilon),
                        Kind::RAdam if rho > 5.0 => {
                            let r = (rho - 4.0) * (rho - 2.0) * rho_limit;
                            let r = (r / ((rho_limit - 4.0) * (rho_limit - 2.0) * rho)).sqrt();
                            m[i] / c1 * r * c2.sqrt() / (v[i].sqrt() + epsilon)
                        }
                        Kind::RAdam => m[i] / c1,
                        Kind::Lamb => trust * u,
                        Kind::RmsProp => g[i] / (v[i].sqrt() + epsilon),
                        Kind::CenteredRmsProp => g[i] / ((v[i] - m[i] * m[i]).sqrt() + epsilon),
                    };
            }
        }
    }
    w
}

fn start(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i as f32 * 0.37).sin()).collect()
}

fn run(optimizer: &mut Optimizer, w: &mut [f32], steps: std::ops::RangeInclusive<u64>, rate: f32) {
    for t in steps {
        let g: Vec<f32> = w.iter().enumerate().map(|(i, w)| gradient(t, i, f64::from(*w)) as f32).collect();
        optimizer.step(w, &g, rate);
    }
}

#[test]
fn a_hundred_steps_follow_the_rules_in_f64() {
    // The first array is longer than 10, where LAMB's length is cut; the last starts at zero.
    let sizes = [301, 17, 1, 5];
    for kind in KINDS {
        for weight_decay in [0.0, 0.05] {
            // The first centred variances are differences of almost equal numbers; the published one is 0.01.
            let epsilon = match kind {
                Kind::Lamb => 1e-6,
                Kind::CenteredRmsProp => 1e-2,
                _ => 1e-8,
            };
            let beta2 = if kind == Kind::CenteredRmsProp { 0.95 } else { 0.999 };
            let options = Options { weight_decay, epsilon, beta2, ..Options::default() };
            let mut w = start(324);
            w[..301].iter_mut().for_each(|w| *w *= 2.0);
            w[319..].fill(0.0);
            let wide = w.iter().map(|w| f64::from(*w)).collect();
            let expected = reference(kind, options, &sizes, wide, 100, 0.01);
            run(&mut Optimizer::new(kind, options, &layout(&sizes)), &mut w, 1..=100, 0.01);
            for (i, (w, expected)) in w.iter().zip(&expected).enumerate() {
                let error = (f64::from(*w) - expected).abs();
                assert!(error < STEPS_ERROR, "{kind:?} decay {weight_decay}, weight {i}: {w} not {expected}");
            }
        }
    }
}

/// Twenty steps at 0.01 from `[1, -1, 0.5, 2]` with the gradient `[0.5, -2, 0.01, 3] cos([1, 2, 3, 4] t / 10) + w / 10`,
/// by torch.optim of PyTorch 2.15.0 in f32.
#[test]
fn steps_are_those_of_pytorch() {
    let cases = [
        (Kind::Adam, 0.0, [0.829_278_9, -0.950_168_1, 0.313_090_27, 1.962_557_7]),
        (Kind::Adam, 0.1, [0.823_640_17, -0.942_499_64, 0.309_179_78, 1.948_205_7]),
        (Kind::AdamW, 0.1, [0.811_399_2, -0.931_618_8, 0.305_426_12, 1.923_547]),
        (Kind::RAdam, 0.0, [0.963_909_7, -0.907_710_9, 0.488_515_02, 1.898_435_8]),
        (Kind::Sgd, 0.1, [0.920_163_3, -1.053_936_2, 0.480_467_95, 1.865_308_6]),
    ];
    for (kind, weight_decay, expected) in cases {
        let options = Options { weight_decay, ..Options::default() };
        let mut optimizer = Optimizer::new(kind, options, &layout(&[4]));
        let mut w = [1.0f32, -1.0, 0.5, 2.0];
        for t in 1..=20 {
            let at = |i: usize| [0.5, -2.0, 0.01, 3.0][i] * ((i + 1) as f32 * t as f32 * 0.1).cos() + 0.1 * w[i];
            let g = [at(0), at(1), at(2), at(3)];
            optimizer.step(&mut w, &g, 0.01);
        }
        let worst = w.iter().zip(expected).map(|(w, e)| (w - e).abs()).fold(0.0, f32::max);
        assert!(worst < TORCH_ERROR, "{kind:?} {weight_decay}: {w:?} not {expected:?}");
    }
}

#[test]
fn a_loaded_optimizer_goes_on_bit_by_bit() {
    for kind in KINDS {
        let mut optimizer = Optimizer::new(kind, Options::default(), &layout(&[30, 7]));
        let mut w = start(37);
        run(&mut optimizer, &mut w, 1..=10, 0.01);
        let mut state = State::default();
        optimizer.save(&mut state, "optimizer");
        let mut again = w.clone();
        run(&mut optimizer, &mut w, 11..=20, 0.01);
        let mut loaded = Optimizer::new(kind, Options::default(), &layout(&[30, 7]));
        loaded.load(&state, "optimizer").unwrap();
        assert_eq!(loaded.steps(), 10);
        run(&mut loaded, &mut again, 11..=20, 0.01);
        assert_eq!(w, again, "{kind:?}");
        assert!(loaded.load(&state, "other").unwrap_err().to_string().contains("other.steps"));
        if kind != Kind::Sgd {
            let mut smaller = Optimizer::new(kind, Options::default(), &layout(&[30]));
            let message = smaller.load(&state, "optimizer").unwrap_err().to_string();
            assert!(message.contains("37 elements, expected 30") && smaller.steps() == 0, "{message}");
        }
    }
}

#[test]
fn long_gradients_are_cut_and_short_ones_left() {
    let mut gradient = [3.0, 4.0];
    assert_eq!(clip_global_norm(&mut gradient, 1.0), 5.0);
    // What PyTorch 2.15.0 makes of it.
    assert!((gradient[0] - 0.599_999_9).abs() < 1e-7 && (gradient[1] - 0.799_999_83).abs() < 1e-7, "{gradient:?}");
    let mut short = [0.3, 0.4];
    assert!((clip_global_norm(&mut short, 1.0) - 0.5).abs() < 1e-6);
    assert_eq!(short, [0.3, 0.4]);
    let mut long = vec![0.1; 1003];
    assert!((clip_global_norm(&mut long, 0.5) - 3.167_017_5).abs() < 1e-5);
    assert!((clip_global_norm(&mut long, 10.0) - 0.5).abs() < 1e-5);
    assert!(clip_global_norm(&mut [f32::NAN, 1.0], 1.0).is_nan());
}

#[test]
fn steps_do_not_depend_on_the_number_of_threads() {
    let mut layout = Layout::default();
    layout.push("w", &[70_001]);
    let gradient: Vec<f32> = (0..70_001).map(|i| (i as f32 * 0.37).sin()).collect();
    for kind in [Kind::Sgd, Kind::Adam, Kind::AdamW, Kind::RAdam, Kind::Lamb] {
        let run = |threads: usize| {
            let mut optimizer = Optimizer::new(kind, Options::default(), &layout).with_threads(threads);
            let mut parameters = vec![0.5; 70_001];
            (0..8).for_each(|_| optimizer.step(&mut parameters, &gradient, 1e-2));
            parameters
        };
        let alone = run(1);
        assert!(run(2) == alone && run(7) == alone, "{kind:?}");
    }
}
