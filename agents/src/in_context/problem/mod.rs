//! What a task is, and what is best in it, taken from the environment's State by the names of its fields. One small adapter
//! for each kind of problem, so that a user's file with these fields works as a shipped one does.

mod arms;
mod keys;
mod room;
mod table;
#[cfg(test)]
mod tests;

use shadergym_envs::{ActionSpace, Facts, Field, Kind as Word};

pub use arms::{Arms, Features};
pub use keys::Keys;
pub use room::Room;
pub use table::{Table, Tables, plan};

use super::source::Source;
use crate::error::{Error, Result};

/// What the adapters of problems look for, for who reads an error.
const WANTED: &str = "a discrete action of one agent, and in State either\n\
    - `means: array<f32, arms>`, what each arm pays on average (a bandit; `means` may be in a struct of State),\n\
    - `place: vec2<u32>` and `goal: vec2<u32>`, with actions x + 1, x - 1, y + 1, y - 1, stay (a room; `order: u32` may permute \
    them, nibble i being what action i does), and whole numbers as observation, the first two the columns and rows,\n\
    - `place`, `key`, `door: vec2<u32>` and `has: u32` with the same actions and observation (key and door), or\n\
    - `task: u32` and `place: u32`, a process whose state is `place` and whose transitions and rewards follow from `task`;\n\
    the last three also `time: u32`, steps since an attempt began, and `attempt: u32`, attempts that are over";

/// A kind of problem.
#[derive(Debug, Clone)]
pub enum Problem {
    /// Arms with means.
    Arms(Arms),
    /// A goal in a room.
    Room(Room),
    /// A key and a door in a room.
    Keys(Keys),
    /// States and actions with tables that are measured.
    Table(Table),
}

/// The best action of each of some tasks: with so many steps of an attempt over, in each state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Best {
    /// Steps after which nothing changes any more, 1 where the best does not depend on time.
    pub horizon: usize,
    /// States.
    pub states: usize,
    /// `[tasks, horizon, states]`.
    pub actions: Vec<u8>,
}

impl Best {
    /// Of a task, `time` steps into an attempt, in a state.
    #[inline]
    pub fn at(&self, task: usize, time: usize, state: usize) -> u8 {
        self.actions[(task * self.horizon + time.min(self.horizon - 1)) * self.states + state]
    }
}

impl Problem {
    /// The problem that an environment is.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with what a file must have; those of the batches that are made to look.
    pub fn of(source: &Source) -> Result<Self> {
        let facts = source.facts();
        let refuse = |why: &str| {
            Err(Error::Unsupported(format!(
                "{} is no problem of in-context learning here: {why}. It needs {WANTED}",
                facts.id
            )))
        };
        if facts.agents != 1 {
            return refuse(&format!("it has {} agents", facts.agents));
        }
        let actions = match &facts.action {
            ActionSpace::Discrete { n } if (2..=255).contains(n) => *n as usize,
            _ => return refuse("its actions are not 2 to 255 choices"),
        };
        if let Some(arms) = Arms::of(facts, actions) {
            return Ok(Self::Arms(arms));
        }
        let Some(clock) = Clock::of(facts) else { return refuse("State has neither `means` nor `time` and `attempt`") };
        if let Some(keys) = Keys::of(facts, actions, clock) {
            return Ok(Self::Keys(keys));
        }
        if let Some(room) = Room::of(facts, actions, clock) {
            return room.check(source).map(|()| Self::Room(room));
        }
        match Table::of(source, actions, clock)? {
            Some(table) => Ok(Self::Table(table)),
            None => refuse("State has `time` and `attempt` and no such fields beside them"),
        }
    }

    /// The bandit, if it is one.
    ///
    /// # Errors
    /// [`Error::Unsupported`] naming who asks.
    pub fn arms(&self, who: &str) -> Result<&Arms> {
        match self {
            Self::Arms(arms) => Ok(arms),
            _ => Err(Error::Unsupported(format!(
                "{who} plays bandits, State with `means: array<f32, arms>`; this is {}. Play ucb_vi or psrl on it",
                self.name()
            ))),
        }
    }

    /// In a word or two.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Arms(_) => "a bandit",
            Self::Room(_) => "a room with a goal",
            Self::Keys(_) => "a room with key and door",
            Self::Table(_) => "a tabular process",
        }
    }

    /// Whether it is a bandit: one state, and regret is what counts.
    pub fn is_bandit(&self) -> bool {
        matches!(self, Self::Arms(_))
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        match self {
            Self::Arms(arms) => arms.arms,
            Self::Room(room) => room.actions,
            Self::Keys(keys) => keys.actions,
            Self::Table(table) => table.actions,
        }
    }

    /// Number of states that who plays can tell from each other; 1 for bandits.
    pub fn states(&self) -> usize {
        match self {
            Self::Arms(_) => 1,
            Self::Room(room) => room.sides.0 * room.sides.1,
            Self::Keys(keys) => 2 * keys.sides.0 * keys.sides.1,
            Self::Table(table) => table.states,
        }
    }

    /// The state that an instance is in, below [`Self::states`]; `row` is its State in words.
    #[inline]
    pub fn state(&self, row: &[u32]) -> u32 {
        match self {
            Self::Arms(_) => 0,
            Self::Room(room) => room.state(row),
            Self::Keys(keys) => keys.state(row),
            Self::Table(table) => table.state(row),
        }
    }

    /// Puts an instance into a state, at the beginning of its last attempt, so that the successor of whatever is done next can be seen.
    pub fn place(&self, state: u32, attempts: u32, row: &mut [u32]) {
        match self {
            Self::Arms(_) => {}
            Self::Room(room) => room.place(state, attempts, row),
            Self::Keys(keys) => keys.place(state, attempts, row),
            Self::Table(table) => table.place(state, attempts, row),
        }
    }

    /// Steps since the attempt began, and attempts that are over; zeros for bandits, whose episode is one attempt.
    #[inline]
    pub fn clock(&self, row: &[u32]) -> (u32, u32) {
        match self {
            Self::Arms(_) => (0, 0),
            Self::Room(Room { clock, .. }) | Self::Keys(Keys { clock, .. }) | Self::Table(Table { clock, .. }) => {
                (row[clock.time], row[clock.attempt])
            }
        }
    }

    /// Numbers that say which state it is: 1 for each choice made (column, row, ...), else 0.
    pub fn features(&self) -> usize {
        match self {
            Self::Arms(_) => 1,
            Self::Room(room) => room.sides.0 + room.sides.1,
            Self::Keys(keys) => keys.sides.0 + keys.sides.1 + 1,
            Self::Table(table) => table.states,
        }
    }

    /// Writes the [`Self::features`] of a state over zeros.
    pub fn write_features(&self, state: u32, out: &mut [f32]) {
        let state = state as usize;
        let cell = |cell: usize, (columns, _): (usize, usize), out: &mut [f32]| {
            out[cell % columns] = 1.0;
            out[columns + cell / columns] = 1.0;
        };
        match self {
            Self::Arms(_) => out[0] = 1.0,
            Self::Room(room) => cell(state, room.sides, out),
            Self::Keys(keys) => {
                cell(state / 2, keys.sides, out);
                out[keys.sides.0 + keys.sides.1] = (state % 2) as f32;
            }
            Self::Table(_) => out[state] = 1.0,
        }
    }

    /// A number that says which task an instance has: the same for the same task, almost surely another for another.
    pub fn task(&self, row: &[u32]) -> u64 {
        let of = |words: &[&[u32]]| {
            words.iter().flat_map(|words| words.iter()).fold(0xcbf2_9ce4_8422_2325u64, |hash, word| {
                (hash ^ u64::from(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
            })
        };
        match self {
            Self::Arms(arms) => of(&[&row[arms.means.clone()]]),
            Self::Room(room) => of(&[&row[room.goal..room.goal + 2], room.order.map_or(&[], |at| &row[at..=at])]),
            Self::Keys(keys) => of(&[&row[keys.key..keys.key + 2], &row[keys.door..keys.door + 2]]),
            Self::Table(table) => of(&[&row[table.task..=table.task]]),
        }
    }

    /// What is best in the tasks of these instances, whose States are `[instances, words]`.
    ///
    /// # Errors
    /// Those of the environment, for tables, which are measured in it.
    pub fn best(&self, source: &Source, rows: &[u32]) -> Result<Best> {
        let rows_of = rows.chunks_exact(source.facts().state.words);
        Ok(match self {
            Self::Arms(arms) => Best { horizon: 1, states: 1, actions: rows_of.map(|row| arms.best(row)).collect() },
            Self::Room(room) => {
                let states = self.states();
                let actions = rows_of.flat_map(|row| (0..states as u32).map(|state| room.best(state, row))).collect();
                Best { horizon: 1, states, actions }
            }
            Self::Keys(keys) => {
                let states = self.states();
                let actions = rows_of.flat_map(|row| (0..states as u32).map(|state| keys.best(state, row))).collect();
                Best { horizon: 1, states, actions }
            }
            Self::Table(table) => table.best(source, rows)?,
        })
    }
}

/// Where attempts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    time: usize,
    attempt: usize,
}

impl Clock {
    fn of(facts: &Facts) -> Option<Self> {
        let at = |name| find(facts, name).and_then(word);
        Some(Self { time: at("time")?, attempt: at("attempt")? })
    }
}

/// A field of State by its name, whatever struct of State it is in.
fn find<'a>(facts: &'a Facts, name: &str) -> Option<&'a Field> {
    let own = |field: &&Field| field.name == name || field.name.rsplit('.').next() == Some(name);
    facts.state.fields.iter().find(own)
}

/// The place of a whole number.
fn word(field: &Field) -> Option<usize> {
    (field.kind == Word::U32 && field.words() == 1).then_some(field.offset)
}

/// The first word of a cell.
fn cell(facts: &Facts, name: &str) -> Option<usize> {
    let field = find(facts, name)?;
    (field.kind == Word::U32 && field.shape == [2]).then_some(field.offset)
}

/// Columns and rows of a room: what the first two of whole numbers that are observed can be.
fn sides(facts: &Facts) -> Option<(usize, usize)> {
    let part = facts.observation.parts.first()?;
    match part.counts[..] {
        [columns, rows, ..] if columns > 0 && rows > 0 => Some((columns as usize, rows as usize)),
        _ => None,
    }
}

/// The action, of x + 1, x - 1, y + 1, y - 1, stay, that goes from a cell to another: along x first.
fn towards(from: (u32, u32), to: (u32, u32)) -> u8 {
    match (from.0.cmp(&to.0), from.1.cmp(&to.1)) {
        (std::cmp::Ordering::Less, _) => 0,
        (std::cmp::Ordering::Greater, _) => 1,
        (_, std::cmp::Ordering::Less) => 2,
        (_, std::cmp::Ordering::Greater) => 3,
        _ => 4,
    }
}
