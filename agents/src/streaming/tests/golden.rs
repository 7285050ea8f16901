//! The agents on transitions whose errors and outputs JAX computed (`tests/golden/make_streams.py`).

use std::sync::Arc;

use serde::Deserialize;
use shadergym_envs::ActionSpace;

use crate::algorithms::{stream_ac, stream_q, stream_sarsa};
use crate::network::Convolution;
use crate::streaming::{
    Algorithm, Core, Exploration, Kind, NetworkSpec, Options, Plan, Shape, StreamInit, TimeFeature,
};

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    inputs: usize,
    picture: Option<[usize; 3]>,
    hidden: Vec<usize>,
    actions: usize,
    continuous: bool,
    adaptive: bool,
    time_limit: u32,
    observations: Vec<Vec<f32>>,
    taken: Vec<Vec<f32>>,
    rewards: Vec<f32>,
    flags: Vec<u32>,
    deltas: Vec<f64>,
    outputs: Vec<Vec<f64>>,
}

/// f32 against f64, relative to the larger of the value and 1, over 160 updates that build on each other.
const TOLERANCE: f64 = 2e-3;

impl Case {
    fn options(&self) -> Options {
        Options {
            optimizer: if self.adaptive { Kind::AdaptiveObGd } else { Kind::ObGd },
            time_feature: if self.time_limit > 0 { TimeFeature::On } else { TimeFeature::Off },
            time_limit: self.time_limit,
            ..Options::default()
        }
    }

    fn network(&self, name: &'static str, outputs: usize, kappa: f32, looks_ahead: bool) -> NetworkSpec {
        let convolution = self.picture.map(|size| (Convolution { channels: 16, kernel: 3, stride: 1 }, size));
        let shape = Shape {
            inputs: self.inputs + usize::from(self.time_limit > 0),
            convolution,
            hidden: self.hidden.clone(),
            outputs,
            layer_norm: true,
            slope: 0.01,
            init: StreamInit { sparsity: 0.9, keep_one: false },
        };
        NetworkSpec { name, plan: Arc::new(Plan::new(shape).unwrap()), rule: self.options().rule(kappa), looks_ahead }
    }

    fn check<A: Algorithm>(&self, specs: Vec<NetworkSpec>, algorithm: A, takes: impl Fn(&mut A, Option<u32>)) {
        let outputs: Vec<usize> = specs.iter().map(|spec| spec.plan.shape.outputs).collect();
        let starts: Vec<Vec<f32>> = specs.iter().map(|spec| start(&spec.plan)).collect();
        let words = self.taken[0].len();
        let sizes = (self.inputs, self.time_limit);
        let mut core = Core::new("test", &self.options(), sizes, specs, vec![(algorithm, 1)], words);
        for (k, parameters) in starts.iter().enumerate() {
            core.set_parameters(k, parameters);
        }
        let mut observations = self.observations.iter();
        let mut observe = |core: &mut Core<A>| core.observation(0).copy_from_slice(observations.next().unwrap());
        observe(&mut core);
        core.start(0).unwrap();
        core.ready();
        for t in 0..self.rewards.len() {
            let action = |t: usize| self.taken[t].iter().map(|&a| if self.continuous { a.to_bits() } else { a as u32 });
            core.did(0, &action(t).collect::<Vec<u32>>(), None);
            observe(&mut core);
            let (terminated, truncated) = (self.flags[t] & 1 == 1, self.flags[t] & 2 == 2);
            core.see(0, self.rewards[t], terminated, truncated).unwrap();
            let done = terminated || truncated;
            takes(core.algorithm_mut(0), (!done && t + 1 < self.taken.len()).then(|| action(t + 1).next().unwrap()));
            core.judge(None);
            let delta = f64::from(core.delta(0));
            let close = |found: f64, expected: f64| (found - expected).abs() < TOLERANCE * expected.abs().max(1.0);
            assert!(
                close(delta, self.deltas[t]),
                "{}, step {t}: error {delta}, expected {}",
                self.name,
                self.deltas[t]
            );
            if done {
                observe(&mut core);
                core.start(0).unwrap();
            }
            core.learn(None).unwrap();
            let found = core.outputs(0).iter().flatten();
            assert_eq!(found.clone().count(), outputs.iter().sum::<usize>());
            for (found, expected) in found.zip(&self.outputs[t]) {
                let found = f64::from(*found);
                assert!(close(found, *expected), "{}, step {t}: output {found}, expected {expected}", self.name);
            }
        }
        assert!(observations.next().is_none());
    }
}

/// As the script has them.
fn start(plan: &Plan) -> Vec<f32> {
    let mut parameters: Vec<f32> = (0..plan.layout.len())
        .map(|i| if i % 3 == 0 { (0.35 * (1.7 * i as f64 + 0.3).sin()) as f32 } else { 0.0 })
        .collect();
    // What only fills a block.
    parameters[plan.head_bias + plan.shape.outputs..].fill(0.0);
    parameters
}

#[test]
fn streams_are_those_of_an_autodiff_library() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/golden/streams.json")).unwrap();
    let gamma = Options::default().gamma;
    for case in &cases {
        match case.kind.as_str() {
            "q" => {
                let specs = vec![case.network("q", case.actions, 2.0, true)];
                case.check(specs, stream_q::StreamQ::new(Exploration::none(case.actions), gamma), |_, _| ());
            }
            "sarsa" => {
                let specs = vec![case.network("q", case.actions, 2.0, true)];
                case.check(
                    specs,
                    stream_sarsa::StreamSarsa::new(Exploration::none(case.actions), gamma),
                    |sarsa, next| sarsa.take(next),
                );
            }
            "ac" => {
                let space = match case.continuous {
                    true => ActionSpace::Box { low: vec![-1.0; case.actions], high: vec![1.0; case.actions] },
                    false => ActionSpace::Discrete { n: case.actions as u32 },
                };
                let ac = stream_ac::StreamAc::new(&space, gamma, 0.01);
                let policy = case.network("policy", ac.distribution.width(), 3.0, false);
                case.check(vec![policy, case.network("value", 1, 2.0, true)], ac, |_, _| ());
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(cases.len(), 5);
}
