//! The rules of the room with a key and a door, written a second time.

use libtest_mimic::Trial;

use crate::darkroom::{is_asked, walked};
use crate::second_rules::{Counts, Rules, Transition, equal, holds};

const SIDE: u32 = 9;
const MOVES: [(i32, i32); 5] = [(1, 0), (-1, 0), (0, 1), (0, -1), (0, 0)];

pub fn trials(gpu: bool) -> Vec<Trial> {
    let rules: fn() -> Box<dyn Rules> = || Box::new(Room { places: Counts::of((SIDE * SIDE) as usize) });
    let cases = ["in_context/KeyToDoor-v0", "in_context/KeyToDoorAttempts-v0"].map(|id| (id, rules));
    crate::second_rules::trials("key_to_door", gpu, &cases)
}

struct Room {
    places: Counts,
}

#[derive(Debug, PartialEq)]
struct State {
    place: [u32; 2],
    key: [u32; 2],
    door: [u32; 2],
    time: u32,
    attempt: u32,
    paid: u32,
    has: bool,
    open: bool,
}

impl State {
    fn of(words: &[u32]) -> Self {
        let &[x, y, key_x, key_y, door_x, door_y, time, attempt, paid, has, open] = words else {
            panic!("another layout")
        };
        let (key, door) = ([key_x, key_y], [door_x, door_y]);
        Self { place: [x, y], key, door, time, attempt, paid, has: has == 1, open: open == 1 }
    }
}

/// Key, door and start of the parameters.
fn asked(params: &[u32]) -> [[u32; 2]; 3] {
    [2, 4, 6].map(|at| [params[at], params[at + 1]])
}

impl Rules for Room {
    fn start(&mut self, params: &[u32], state: &[u32]) -> Result<(), String> {
        let s = State::of(state);
        for (asked, place) in asked(params).into_iter().zip([s.key, s.door, s.place]) {
            holds(is_asked(asked, place, SIDE), || format!("{asked:?} is asked for"))?;
            if asked == [SIDE, SIDE] {
                self.places.0[(place[1] * SIDE + place[0]) as usize] += 1;
            }
        }
        let rest = State { time: 0, attempt: 0, paid: 0, has: false, open: false, ..State::of(state) };
        equal("the state", &s, &rest)
    }

    fn step(&mut self, t: &Transition<'_>) -> Result<(), String> {
        let (s, got) = (State::of(t.before), State::of(t.after));
        let (horizon, attempts, opens_end) = (t.params[0], t.params[1], t.params[8] == 1);
        let mut next = State { place: walked(s.place, MOVES[t.action as usize], SIDE), time: s.time + 1, paid: 0, ..s };
        let (key, door) = (next.place == next.key, next.place == next.door);
        if key && !next.has {
            next.has = true;
            next.paid += 1;
        }
        let mut opened = false;
        if door && next.has && !next.open {
            next.open = true;
            next.paid += 1;
            opened = true;
        }
        let over = next.time >= horizon || (opened && opens_end);
        equal("reward", &t.reward, &f64::from(next.paid))?;
        equal("end", &t.terminated, &(over && next.attempt + 1 >= attempts))?;
        if over && !t.terminated {
            holds(is_asked(asked(t.params)[2], got.place, SIDE), || "another start is asked for".to_owned())?;
            next = State { place: got.place, time: 0, attempt: next.attempt + 1, has: false, open: false, ..next };
        }
        equal("the next state", &got, &next)
    }

    fn seen(&self, _: &[u32], state: &[u32]) -> Vec<f64> {
        let s = State::of(state);
        [s.place[0], s.place[1], s.paid, u32::from(s.time == 0)].map(f64::from).to_vec()
    }

    fn finish(&self) -> Result<(), String> {
        self.places.check("places of keys, doors and starts")
    }
}
