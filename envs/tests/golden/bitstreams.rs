//! The rules of tasks on streams of bits, written a second time over lists of bits; what a window asks for comes from the task.

use crate::second_rules::{Drawn, Rules, Transition, equal, float, holds, near};

/// The right answer to a window, its oldest bit first.
pub type Label = fn(&[bool]) -> bool;

/// Windows that the ids with many heads can ask for.
const HEADS: usize = 31;

pub struct Stream {
    label: Label,
    heads: usize,
    lengths: Drawn,
    windows: Drawn,
    chances: Drawn,
    bits: Drawn,
}

#[derive(Debug)]
struct State {
    history: u64,
    length: u32,
    seen: u32,
    window: u32,
    chance: f64,
    verdict: u32,
}

impl State {
    fn of(words: &[u32]) -> Self {
        let &[low, high, length, seen, window, chance, verdict] = words else { panic!("another layout") };
        Self { history: u64::from(high) << 32 | u64::from(low), length, seen, window, chance: float(chance), verdict }
    }

    fn newest(&self) -> bool {
        self.history & 1 == 1
    }
}

struct Task {
    n: u32,
    heads: bool,
    dense: bool,
    p: [f64; 2],
    shortest: u32,
    longest: u32,
}

impl Task {
    fn of(params: &[u32]) -> Self {
        let &[n, heads, dense, p_low, p_high, extra, multiple] = params else { panic!("another layout") };
        let (shortest, p) = (n + extra, [float(p_low), float(p_high)]);
        Self { n, heads: heads == 1, dense: dense == 1, p, shortest, longest: shortest.max(multiple * n + 1) }
    }

    fn counts(&self, s: &State) -> bool {
        s.seen <= s.length && if self.dense { s.seen >= self.n } else { s.seen == s.length }
    }
}

/// A whole number that is uniform from `low` to `high`, in standard deviations from the middle.
fn standard(value: u32, low: u32, high: u32) -> f64 {
    let count = f64::from(high - low + 1);
    (f64::from(value) - f64::from(low + high) / 2.0) / ((count * count - 1.0) / 12.0).sqrt()
}

impl Stream {
    pub fn boxed(label: Label, many: bool) -> Box<dyn Rules> {
        let [lengths, windows, chances, bits] = [(); 4].map(|()| Drawn::default());
        Box::new(Self { label, heads: if many { HEADS } else { 0 }, lengths, windows, chances, bits })
    }

    /// Judges a window that was drawn and a bit.
    fn drew(&mut self, task: &Task, s: &State, bit: Option<bool>) -> Result<(), String> {
        if task.heads && task.n > 2 {
            holds((2..=task.n).contains(&s.window), || "no such window".to_owned())?;
            self.windows.add(standard(s.window, 2, task.n));
        } else {
            equal("window", &s.window, &task.n)?;
        }
        if let (Some(bit), true) = (bit, (0.25..=0.75).contains(&s.chance)) {
            self.bits.add((f64::from(u8::from(bit)) - s.chance) / (s.chance * (1.0 - s.chance)).sqrt());
        }
        Ok(())
    }
}

impl Rules for Stream {
    fn start(&mut self, params: &[u32], state: &[u32]) -> Result<(), String> {
        let (task, s) = (Task::of(params), State::of(state));
        holds((task.shortest..=task.longest).contains(&s.length), || "no such length".to_owned())?;
        if task.longest > task.shortest {
            self.lengths.add(standard(s.length, task.shortest, task.longest));
        }
        let [low, high] = task.p;
        let within = low.min(high) - 1e-6 <= s.chance && s.chance <= low.max(high) + 1e-6;
        holds(within, || "no such chance".to_owned())?;
        if (high - low).abs() > 0.01 {
            self.chances.add((s.chance - low) / (high - low));
        }
        equal("bits, those seen and the verdict", &(s.history >> 1, s.seen, s.verdict), &(0, 1, 0))?;
        self.drew(&task, &s, Some(s.newest()))
    }

    fn step(&mut self, t: &Transition<'_>) -> Result<(), String> {
        let (task, s, got) = (Task::of(t.params), State::of(t.before), State::of(t.after));
        // A window that reaches back beyond the first bit has zeros there, and never counts.
        let window: Vec<bool> = (0..s.window).rev().map(|ago| s.history >> ago & 1 == 1).collect();
        let right = (t.action == 1) == (self.label)(&window);
        let share = match (task.counts(&s), task.dense) {
            (false, _) => 0.0,
            (true, true) => 1.0 / f64::from(s.length - task.n + 1),
            (true, false) => 1.0,
        };
        let reward = if right { share } else { -share };
        holds(near(t.reward, reward), || format!("the answer is worth {reward}"))?;
        holds(near(t.info, reward.max(0.0)), || "the accuracy is another".to_owned())?;
        equal("end", &t.terminated, &(s.seen >= s.length))?;
        let verdict = if share == 0.0 { 0 } else { 1 + u32::from(right) };
        let kept = (got.length, got.seen, got.chance, got.verdict);
        equal("length, seen, chance, verdict", &kept, &(s.length, s.seen + 1, s.chance, verdict))?;
        if t.terminated {
            equal("bits", &got.history, &s.history)?;
            return self.drew(&task, &got, None);
        }
        equal("bits", &(got.history >> 1), &(s.history & u64::MAX >> 1))?;
        self.drew(&task, &got, Some(got.newest()))
    }

    fn seen(&self, params: &[u32], state: &[u32]) -> Vec<f64> {
        let (task, s) = (Task::of(params), State::of(state));
        let bit = |is: bool| f64::from(u8::from(is));
        let there = s.seen <= s.length;
        let share = f64::from(s.seen.min(s.length)) / f64::from(s.length);
        let mut seen = vec![bit(there && s.newest()), bit(there), bit(task.counts(&s)), share];
        seen.extend((0..self.heads).map(|i| bit(there && s.window as usize == i + 2)));
        seen
    }

    fn finish(&self) -> Result<(), String> {
        self.lengths.check("lengths", 0.0, 1.0)?;
        self.chances.check("chances", 0.5, 1.0 / 12.0)?;
        self.bits.check("bits", 0.0, 1.0)?;
        if self.heads > 0 { self.windows.check("windows", 0.0, 1.0) } else { Ok(()) }
    }
}
