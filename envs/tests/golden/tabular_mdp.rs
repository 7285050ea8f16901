//! The rules of the random processes, written a second time: transitions as gaps between sorted numbers, rewards in 64 bits.

use std::f64::consts::TAU;

use libtest_mimic::Trial;

use crate::second_rules::{Case, Drawn, Rules, Transition, equal, float, hash_word, holds};

pub fn trials(gpu: bool) -> Vec<Trial> {
    let cases: [Case; 2] = [
        ("in_context/TabularMdp-v0", || Process::boxed(10, 5)),
        ("in_context/TabularMdp16-v0", || Process::boxed(16, 4)),
    ];
    crate::second_rules::trials("tabular_mdp", gpu, &cases)
}

struct Process {
    states: u32,
    actions: u32,
    tasks: Drawn,
    means: Drawn,
    cuts: Drawn,
    noise: Drawn,
    /// How much more often each state, and a likely one, came next than it should, and the variance of that.
    excess: Vec<(f64, f64)>,
}

#[derive(Debug, PartialEq)]
struct State {
    task: u32,
    place: u32,
    before: u32,
    action: u32,
    reward: f64,
    time: u32,
    attempt: u32,
}

impl State {
    fn of(words: &[u32]) -> Self {
        let &[task, place, before, action, reward, time, attempt] = words else { panic!("another layout") };
        Self { task, place, before, action, reward: float(reward), time, attempt }
    }
}

/// The first normal number of the generator with this state.
fn normal(low: u32, high: u32) -> f64 {
    let mut state = u64::from(high) << 32 | u64::from(low);
    let mut uniform = || {
        let old = state;
        state = old.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let bits = (((old >> 18) ^ old) >> 27) as u32;
        f64::from(bits.rotate_right((old >> 59) as u32) >> 8) / f64::from(1u32 << 24)
    };
    let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
    radius * (TAU * (uniform() - 0.5)).cos()
}

impl Process {
    fn boxed(states: u32, actions: u32) -> Box<dyn Rules> {
        let [tasks, means, cuts, noise] = [(); 4].map(|()| Drawn::default());
        Box::new(Self { states, actions, tasks, means, cuts, noise, excess: vec![(0.0, 0.0); states as usize + 1] })
    }

    fn key(&self, task: u32, place: u32, action: u32) -> u32 {
        hash_word(hash_word(task).wrapping_add(place * self.actions + action))
    }

    /// The chance of each state to come next.
    fn chances(&self, key: u32) -> Vec<f64> {
        let cut = |i| f64::from(hash_word(key.wrapping_add(i))) / 2f64.powi(32);
        let mut cuts: Vec<f64> = (1..self.states).map(cut).collect();
        cuts.sort_by(f64::total_cmp);
        let ends = cuts.iter().copied().chain([1.0]);
        [0.0].into_iter().chain(cuts.iter().copied()).zip(ends).map(|(from, to)| to - from).collect()
    }
}

impl Rules for Process {
    fn start(&mut self, params: &[u32], state: &[u32]) -> Result<(), String> {
        let s = State::of(state);
        if params[2] == 0 {
            self.tasks.add(f64::from(s.task) / 2f64.powi(32));
            let key = self.key(s.task, 0, 0);
            self.means.add(normal(key, hash_word(key)));
            self.cuts.add(f64::from(hash_word(key.wrapping_add(1))) / 2f64.powi(32));
        } else {
            equal("task", &s.task, &params[2])?;
        }
        let (place, before, action, reward, time, attempt) = (0, 0, self.actions, 0.0, 0, 0);
        equal("the state", &s, &State { task: s.task, place, before, action, reward, time, attempt })
    }

    fn step(&mut self, t: &Transition<'_>) -> Result<(), String> {
        let &[horizon, attempts, _, sigma, mean, spread] = t.params else { panic!("another layout") };
        let (s, got) = (State::of(t.before), State::of(t.after));
        let key = self.key(s.task, s.place, t.action);
        let expected = float(mean) + float(spread) * normal(key, hash_word(key));
        if float(sigma) > 0.05 {
            self.noise.add((t.reward - expected) / float(sigma));
        }
        let over = s.time + 1 >= horizon;
        equal("end", &t.terminated, &(over && s.attempt + 1 >= attempts))?;
        let anew = over && !t.terminated;
        let (time, attempt) = if anew { (0, s.attempt + 1) } else { (s.time + 1, s.attempt) };
        let place = if anew { 0 } else { got.place };
        holds(place < self.states, || "no such state".to_owned())?;
        let next = State { task: s.task, place, before: s.place, action: t.action, reward: t.reward, time, attempt };
        equal("the next state", &got, &next)?;
        if !anew {
            let chances = self.chances(key);
            let power = |k: i32| chances.iter().map(|p| p.powi(k)).sum::<f64>();
            for (i, (&p, (excess, variance))) in chances.iter().zip(&mut self.excess).enumerate() {
                *excess += f64::from(u8::from(i == got.place as usize)) - p;
                *variance += p * (1.0 - p);
            }
            let (excess, variance) = self.excess.last_mut().expect("one more than states");
            *excess += chances[got.place as usize] - power(2);
            *variance += power(3) - power(2) * power(2);
        }
        Ok(())
    }

    fn seen(&self, _: &[u32], state: &[u32]) -> Vec<f64> {
        let s = State::of(state);
        let bit = |is: bool| f64::from(u8::from(is));
        let mut seen: Vec<f64> = (0..self.states).map(|i| bit(i == s.place)).collect();
        seen.extend((0..self.actions).map(|i| bit(i == s.action)));
        seen.extend([s.reward, bit(s.time == 0)]);
        seen
    }

    fn finish(&self) -> Result<(), String> {
        self.tasks.check("tasks", 0.5, 1.0 / 12.0)?;
        self.means.check("means of rewards", 0.0, 1.0)?;
        self.cuts.check("cuts between transitions", 0.5, 1.0 / 12.0)?;
        self.noise.check("noise", 0.0, 1.0)?;
        for (i, (excess, variance)) in self.excess.iter().enumerate() {
            holds(excess.abs() <= 6.0 * variance.sqrt(), || format!("state {i} came {excess} times too often"))?;
        }
        Ok(())
    }
}
