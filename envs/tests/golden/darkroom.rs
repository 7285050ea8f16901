//! The rules of the dark rooms, written a second time with signed coordinates and a list of what actions do.

use libtest_mimic::Trial;

use crate::second_rules::{Case, Counts, Rules, Transition, equal, holds};

/// Steps along x and y.
const MOVES: [(i32, i32); 5] = [(1, 0), (-1, 0), (0, 1), (0, -1), (0, 0)];

pub fn trials(gpu: bool) -> Vec<Trial> {
    let cases: [Case; 5] = [
        ("in_context/DarkRoom-v0", || Room::boxed(10)),
        ("in_context/DarkRoomPermuted-v0", || Room::boxed(10)),
        ("in_context/DarkRoomAttempts-v0", || Room::boxed(10)),
        ("in_context/DarkRoom9-v0", || Room::boxed(9)),
        ("in_context/DarkRoomHard-v0", || Room::boxed(17)),
    ];
    crate::second_rules::trials("darkroom", gpu, &cases)
}

/// Where an agent is that makes a step in a room with walls around.
pub fn walked(place: [u32; 2], (x, y): (i32, i32), side: u32) -> [u32; 2] {
    let along = |from: u32, by: i32| (from as i32 + by).clamp(0, side as i32 - 1) as u32;
    [along(place[0], x), along(place[1], y)]
}

/// Whether a place is what the parameters ask for: the side stands for any.
pub fn is_asked(asked: [u32; 2], place: [u32; 2], side: u32) -> bool {
    (0..2).all(|k| place[k] < side && (asked[k] == side || asked[k] == place[k]))
}

struct Room {
    side: u32,
    goals: Counts,
    orders: Counts,
}

struct State {
    place: [u32; 2],
    goal: [u32; 2],
    order: u32,
    time: u32,
    attempt: u32,
    paid: u32,
    reached: u32,
}

impl State {
    fn of(words: &[u32]) -> Self {
        let &[x, y, goal_x, goal_y, order, time, attempt, paid, reached] = words else { panic!("another layout") };
        Self { place: [x, y], goal: [goal_x, goal_y], order, time, attempt, paid, reached }
    }

    fn moves(&self) -> [usize; 5] {
        std::array::from_fn(|i| (self.order >> (4 * i)) as usize & 15)
    }
}

impl Room {
    fn boxed(side: u32) -> Box<dyn Rules> {
        Box::new(Self { side, goals: Counts::of((side * side) as usize), orders: Counts::of(25) })
    }
}

impl Rules for Room {
    fn start(&mut self, params: &[u32], state: &[u32]) -> Result<(), String> {
        let &[.., goal_x, goal_y, start_x, start_y, permuted, _] = params else { panic!("another layout") };
        let s = State::of(state);
        holds(is_asked([goal_x, goal_y], s.goal, self.side), || "another goal is asked for".to_owned())?;
        holds(is_asked([start_x, start_y], s.place, self.side), || "another start is asked for".to_owned())?;
        equal("the rest", &[s.time, s.attempt, s.paid, s.reached], &[0; 4])?;
        let moves = s.moves();
        holds((0..5).all(|k| moves.contains(&k)), || "the actions are no permutation".to_owned())?;
        if permuted == 0 {
            equal("what the actions do", &moves, &[0, 1, 2, 3, 4])?;
        } else {
            for (action, does) in moves.into_iter().enumerate() {
                self.orders.0[action * 5 + does] += 1;
            }
        }
        if goal_x == self.side && goal_y == self.side {
            self.goals.0[(s.goal[1] * self.side + s.goal[0]) as usize] += 1;
        }
        Ok(())
    }

    fn step(&mut self, t: &Transition<'_>) -> Result<(), String> {
        let &[horizon, attempts, _, _, start_x, start_y, _, once] = t.params else { panic!("another layout") };
        let (s, got) = (State::of(t.before), State::of(t.after));
        let place = walked(s.place, MOVES[s.moves()[t.action as usize]], self.side);
        let at_goal = place == s.goal;
        let paid = u32::from(at_goal && !(once == 1 && s.reached == 1));
        let ends = s.time + 1 >= horizon;
        equal("reward", &t.reward, &f64::from(paid))?;
        equal("end", &t.terminated, &(ends && s.attempt + 1 >= attempts))?;
        equal("goal and order", &(got.goal, got.order, got.paid), &(s.goal, s.order, paid))?;
        if ends && !t.terminated {
            holds(is_asked([start_x, start_y], got.place, self.side), || "another start is asked for".to_owned())?;
            equal("the rest", &[got.time, got.attempt, got.reached], &[0, s.attempt + 1, 0])
        } else {
            let reached = s.reached | u32::from(at_goal);
            equal("place", &got.place, &place)?;
            equal("the rest", &[got.time, got.attempt, got.reached], &[s.time + 1, s.attempt, reached])
        }
    }

    fn seen(&self, _: &[u32], state: &[u32]) -> Vec<f64> {
        let s = State::of(state);
        [s.place[0], s.place[1], s.paid, u32::from(s.time == 0)].map(f64::from).to_vec()
    }

    fn finish(&self) -> Result<(), String> {
        // Where parameters fix the goal or the order nothing is drawn.
        if self.goals.0.iter().sum::<u32>() > 100 {
            self.goals.check("goals")?;
        }
        self.orders.check("what each action does")
    }
}
