//! Rooms with a goal that is not seen.

use shadergym_envs::Facts;

use super::{Clock, cell, find, sides, towards, word};
use crate::error::{Error, Result};
use crate::in_context::source::Source;

/// A room of cells, a place in it, a goal, and what the actions do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Number of actions.
    pub actions: usize,
    /// Columns and rows.
    pub sides: (usize, usize),
    pub(super) clock: Clock,
    pub(super) place: usize,
    pub(super) goal: usize,
    /// Word whose nibble i is what action i does.
    pub(super) order: Option<usize>,
}

/// Nibble i is what action i does where nothing says otherwise.
const IN_ORDER: u32 = 0x43210;

impl Room {
    pub(super) fn of(facts: &Facts, actions: usize, clock: Clock) -> Option<Self> {
        let (place, goal, sides) = (cell(facts, "place")?, cell(facts, "goal")?, sides(facts)?);
        let order = find(facts, "order").and_then(word);
        (actions == 5).then_some(Self { actions, sides, clock, place, goal, order })
    }

    pub(super) fn state(&self, row: &[u32]) -> u32 {
        row[self.place] + row[self.place + 1] * self.sides.0 as u32
    }

    pub(super) fn place(&self, state: u32, attempts: u32, row: &mut [u32]) {
        let columns = self.sides.0 as u32;
        (row[self.place], row[self.place + 1]) = (state % columns, state / columns);
        (row[self.clock.time], row[self.clock.attempt]) = (0, attempts.saturating_sub(1));
    }

    pub(super) fn best(&self, state: u32, row: &[u32]) -> u8 {
        let columns = self.sides.0 as u32;
        let way = towards((state % columns, state / columns), (row[self.goal], row[self.goal + 1]));
        let order = self.order.map_or(IN_ORDER, |at| row[at]);
        (0..5).find(|action| (order >> (4 * u32::from(*action))) & 15 == u32::from(way)).unwrap_or(way)
    }

    /// Sees whether the actions do what the adapter thinks.
    pub(super) fn check(&self, source: &Source) -> Result<()> {
        let mut batch = source.batch(self.actions)?;
        batch.reset(0)?;
        let words = source.facts().state.words;
        let mut rows = batch.get_state(..)?;
        let middle = (self.sides.0 as u32 / 2, self.sides.1 as u32 / 2);
        let from = middle.0 + middle.1 * self.sides.0 as u32;
        rows.chunks_exact_mut(words).for_each(|row| self.place(from, 1, row));
        batch.set_state(.., &rows)?;
        let actions: Vec<u32> = (0..self.actions as u32).collect();
        batch.step(&actions)?;
        let after = batch.get_state(..)?;
        for (action, (before, after)) in rows.chunks_exact(words).zip(after.chunks_exact(words)).enumerate() {
            let order = self.order.map_or(IN_ORDER, |at| before[at]);
            let (x, y) = middle;
            let expected = match (order >> (4 * action)) & 15 {
                0 => ((x + 1).min(self.sides.0 as u32 - 1), y),
                1 => (x.saturating_sub(1), y),
                2 => (x, (y + 1).min(self.sides.1 as u32 - 1)),
                3 => (x, y.saturating_sub(1)),
                _ => (x, y),
            };
            let came = (after[self.place], after[self.place + 1]);
            if came != expected {
                return Err(Error::Unsupported(format!(
                    "action {action} of {} goes from cell {middle:?} to {came:?}, expected {expected:?}: actions must be x + 1, \
                     x - 1, y + 1, y - 1, stay, or what the nibbles of `order: u32` say",
                    source.facts().id
                )));
            }
        }
        Ok(())
    }
}
