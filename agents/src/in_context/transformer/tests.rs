//! The network against the same formulas in f64, one number at a time, whose gradients are differences.

use super::*;
use crate::common::noise::Noise;

const INPUTS: usize = 5;
const OUTPUTS: usize = 3;

/// Longer than a tile of queries, and not a multiple of anything.
fn network(width: usize, heads: usize) -> Transformer {
    let shape = Shape { inputs: INPUTS, outputs: OUTPUTS, width, layers: 2, heads, length: 45 };
    let mut network = Transformer::new(shape, 3).unwrap();
    // Biases and norms too are something, and positions matter.
    let mut noise = Noise::new(1, "parameters");
    network.parameters_mut().iter_mut().for_each(|w| *w += 0.1 * noise.normal());
    network
}

fn input(sequence: usize, position: usize, k: usize) -> f32 {
    Noise::new(9, "inputs").at(sequence as u64, (position * INPUTS + k) as u64).normal()
}

fn label(sequence: usize, position: usize) -> u8 {
    match (sequence + position) % 5 {
        4 => UNLABELLED,
        k => (k % OUTPUTS) as u8,
    }
}

/// Sequences of 45, 38, 31, ... tokens.
fn tokens(sequence: usize) -> usize {
    45 - 7 * sequence
}

fn write(sequence: usize, to: &mut Sequence<'_>) {
    for position in 0..tokens(sequence) {
        (0..INPUTS).for_each(|k| to.token(position)[k] = input(sequence, position, k));
        to.labels[position] = label(sequence, position);
    }
    to.tokens = tokens(sequence);
}

/// Outputs by the formulas as they are written down.
struct Reference<'a> {
    network: &'a Transformer,
    parameters: Vec<f64>,
}

impl Reference<'_> {
    fn part(&self, name: &str) -> &[f64] {
        let part = self.network.layout().parts().iter().find(|part| part.name == name).unwrap();
        &self.parameters[part.range()]
    }

    fn dense(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let (w, b) = (self.part(&format!("{name}.weight")), self.part(&format!("{name}.bias")));
        (0..b.len()).map(|j| b[j] + x.iter().enumerate().map(|(i, x)| x * w[i * b.len() + j]).sum::<f64>()).collect()
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let (scale, offset) = (self.part(&format!("{name}.norm.scale")), self.part(&format!("{name}.norm.offset")));
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        (0..x.len()).map(|i| (x[i] - mean) / (variance + 1e-5).sqrt() * scale[i] + offset[i]).collect()
    }

    fn outputs(&self, sequence: usize) -> Vec<Vec<f64>> {
        let Shape { width, heads, layers, .. } = self.network.shape();
        let size = width / heads;
        let mut x: Vec<Vec<f64>> = (0..tokens(sequence))
            .map(|t| {
                let token: Vec<f64> = (0..INPUTS).map(|k| f64::from(input(sequence, t, k))).collect();
                let position = &self.part("positions")[t * width..(t + 1) * width];
                self.dense("embed", &token).iter().zip(position).map(|(a, b)| a + b).collect()
            })
            .collect();
        for layer in 0..layers {
            let name = |part: &str| format!("block.{layer}.{part}");
            let qkv: Vec<Vec<f64>> =
                x.iter().map(|x| self.dense(&name("attend"), &self.norm(&name("attend"), x))).collect();
            for (t, x) in x.iter_mut().enumerate() {
                let mut mixed = vec![0.0; width];
                for head in 0..heads {
                    let own = head * size;
                    let score = |s: usize| {
                        let dot: f64 = (0..size).map(|k| qkv[t][own + k] * qkv[s][width + own + k]).sum();
                        (dot / (size as f64).sqrt()).exp()
                    };
                    let sum: f64 = (0..=t).map(score).sum();
                    for (s, seen) in qkv[..=t].iter().enumerate() {
                        (0..size).for_each(|k| mixed[own + k] += score(s) / sum * seen[2 * width + own + k]);
                    }
                }
                let add = self.dense(&name("mix"), &mixed);
                x.iter_mut().zip(add).for_each(|(x, add)| *x += add);
            }
            for x in &mut x {
                let up = self.dense(&name("up"), &self.norm(&name("up"), x));
                let gelu = |v: f64| {
                    0.5 * v * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (v + 0.044715 * v.powi(3))).tanh())
                };
                let add = self.dense(&name("down"), &up.into_iter().map(gelu).collect::<Vec<_>>());
                x.iter_mut().zip(add).for_each(|(x, add)| *x += add);
            }
        }
        x.iter().map(|x| self.dense("head", &self.norm("last", x))).collect()
    }

    fn loss(&self, sequence: usize) -> f64 {
        let of = |(t, outputs): (usize, Vec<f64>)| match label(sequence, t) {
            UNLABELLED => 0.0,
            label => outputs.iter().map(|o| o.exp()).sum::<f64>().ln() - outputs[usize::from(label)],
        };
        self.outputs(sequence).into_iter().enumerate().map(of).sum()
    }
}

#[test]
fn outputs_and_gradients_are_those_of_the_formulas() {
    for (width, heads) in [(32, 1), (32, 2), (16, 2)] {
        let network = network(width, heads);
        let parameters: Vec<f64> = network.parameters().iter().map(|w| f64::from(*w)).collect();
        let mut reference = Reference { network: &network, parameters };
        let expected = reference.outputs(0).concat();
        for (found, expected) in network.all(&write).iter().zip(&expected) {
            assert!((f64::from(*found) - expected).abs() < 2e-4, "{found} {expected}");
        }
        let mut gradient = vec![0.0; network.parameters().len()];
        let sums = network.learn(1, &write, 1.0, Some(&mut gradient));
        assert!((sums.loss - reference.loss(0)).abs() < 1e-3 * sums.loss, "{} {}", sums.loss, reference.loss(0));
        let largest = gradient.iter().fold(0.0f32, |most, g| most.max(g.abs()));
        // A few places of every part, the first and the last among them.
        for part in network.layout().parts().to_vec() {
            for k in 0..3 {
                let at = part.offset + k * (part.len() - 1) / 2;
                let old = reference.parameters[at];
                let step = 1e-4;
                reference.parameters[at] = old + step;
                let above = reference.loss(0);
                reference.parameters[at] = old - step;
                let below = reference.loss(0);
                reference.parameters[at] = old;
                let (expected, found) = ((above - below) / (2.0 * step), f64::from(gradient[at]));
                let allowed = 1e-3 * expected.abs() + 1e-5 * f64::from(largest);
                assert!((found - expected).abs() < allowed, "{} {k}: {found} {expected}", part.name);
            }
        }
    }
}

#[test]
fn nothing_comes_from_later_tokens() {
    let network = network(32, 2);
    let whole = network.all(&write);
    let part = network.all(&|sequence, to| {
        write(sequence, to);
        to.tokens = 33;
    });
    // Rows that are left over from blocks are summed in another order.
    assert_eq!(part.len(), 33 * OUTPUTS);
    assert!(part.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-5));
    let changed = network.all(&|sequence, to| {
        write(sequence, to);
        to.token(20)[0] += 1.0;
    });
    assert_eq!(changed[..20 * OUTPUTS], whole[..20 * OUTPUTS]);
    assert!((20..45).all(|t| changed[t * OUTPUTS..(t + 1) * OUTPUTS] != whole[t * OUTPUTS..(t + 1) * OUTPUTS]));
}

#[test]
fn step_by_step_is_the_whole_sequence() {
    for (width, heads) in [(32, 1), (16, 2)] {
        let network = network(width, heads);
        let mut cache = network.cache(3);
        let mut steps = Vec::new();
        for position in 0..tokens(2) {
            let of = |sequence| (0..INPUTS).map(move |k| input(sequence, position, k));
            steps.push(network.advance(&mut cache, &(0..3).flat_map(of).collect::<Vec<_>>()));
        }
        assert_eq!(cache.len(), tokens(2));
        for sequence in 0..3 {
            let whole = network.all(&|_, to| write(sequence, to));
            for (position, step) in steps.iter().enumerate() {
                for k in 0..OUTPUTS {
                    let (a, b) = (step[sequence * OUTPUTS + k], whole[position * OUTPUTS + k]);
                    assert!((a - b).abs() < 1e-4, "{sequence} {position}: {a} {b}");
                }
            }
        }
        let last = network.last(3, &write);
        for sequence in 0..3 {
            let whole = network.all(&|_, to| write(sequence, to));
            assert_eq!(last[sequence * OUTPUTS..(sequence + 1) * OUTPUTS], whole[whole.len() - OUTPUTS..]);
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let network = network(32, 1);
    let made: Vec<(Sums, Vec<f32>)> = [1, 3]
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut gradient = vec![0.0; network.parameters().len()];
            let sums = pool.install(|| network.learn(6, &write, 0.1, Some(&mut gradient)));
            (sums, gradient)
        })
        .into();
    assert_eq!(made[0], made[1]);
    assert!(made[0].1.iter().any(|g| *g != 0.0) && made[0].0.labelled > 100.0);
}

#[test]
fn shapes_are_checked() {
    let shape = Shape { inputs: 3, outputs: 2, width: 32, layers: 1, heads: 1, length: 8 };
    let refused = |shape| Transformer::new(shape, 0).unwrap_err().to_string();
    assert!(refused(Shape { width: 20, ..shape }).contains("multiple of 16"));
    assert!(refused(Shape { heads: 3, ..shape }).contains("heads"));
    assert!(refused(Shape { heads: 0, ..shape }).contains("heads"));
    assert!(refused(Shape { heads: 8, ..shape }).contains("heads of 8"));
    assert!(refused(Shape { layers: 0, ..shape }).contains("layers"));
    assert!(refused(Shape { outputs: 65, ..shape }).contains("2 to 64"));
}
