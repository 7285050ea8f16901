//! Rooms with a key and a door, neither of which is seen.

use shadergym_envs::Facts;

use super::{Clock, cell, find, sides, towards, word};

/// A room of cells, a place in it, a key to be fetched and a door to be opened with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Number of actions.
    pub actions: usize,
    /// Columns and rows.
    pub sides: (usize, usize),
    pub(super) clock: Clock,
    place: usize,
    pub(super) key: usize,
    pub(super) door: usize,
    has: usize,
}

impl Keys {
    pub(super) fn of(facts: &Facts, actions: usize, clock: Clock) -> Option<Self> {
        let (place, key, door) = (cell(facts, "place")?, cell(facts, "key")?, cell(facts, "door")?);
        let (has, sides) = (find(facts, "has").and_then(word)?, sides(facts)?);
        (actions == 5).then_some(Self { actions, sides, clock, place, key, door, has })
    }

    /// Twice the cell, and 1 with the key.
    pub(super) fn state(&self, row: &[u32]) -> u32 {
        2 * (row[self.place] + row[self.place + 1] * self.sides.0 as u32) + u32::from(row[self.has] != 0)
    }

    pub(super) fn place(&self, state: u32, attempts: u32, row: &mut [u32]) {
        let (cell, columns) = (state / 2, self.sides.0 as u32);
        (row[self.place], row[self.place + 1]) = (cell % columns, cell / columns);
        row[self.has] = state % 2;
        (row[self.clock.time], row[self.clock.attempt]) = (0, attempts.saturating_sub(1));
    }

    pub(super) fn best(&self, state: u32, row: &[u32]) -> u8 {
        let (cell, columns) = (state / 2, self.sides.0 as u32);
        let to = if state.is_multiple_of(2) { self.key } else { self.door };
        towards((cell % columns, cell / columns), (row[to], row[to + 1]))
    }
}
