//! What recurrent networks remember.

use super::{Network, Rows};

/// A network whose outputs depend on what its row saw before in the episode. Who plays rows keeps their [`Carry`].
pub trait Recurrent {
    /// Values that a row carries from one step to the next.
    fn carry(&self) -> usize;

    /// What a row carries into the first step of an episode, `[carry]`: zeros unless it says otherwise.
    fn start(&self, carry: &mut [f32]) {
        carry.fill(0.0);
    }

    /// As [`Network::predict`], for one step of each row; `carry` `[rows, carry]` goes in and out.
    ///
    /// # Panics
    /// If an array has another length or the rows another width.
    fn advance(&self, rows: Rows<'_>, carry: &mut [f32], outputs: &mut [f32]);
}

/// What the rows of a network carry; empty before their first step, and for a network that remembers nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Carry {
    /// `[rows, carry]`.
    values: Vec<f32>,
}

impl Carry {
    /// Outputs `[rows, outputs]` of one step of each row. Those for which `starts` is true begin an episode, as all do in
    /// the first step.
    ///
    /// # Panics
    /// As [`Network::predict`]; if the number of rows changes.
    pub fn advance(
        &mut self,
        network: &dyn Network,
        rows: Rows<'_>,
        starts: impl Fn(usize) -> bool,
        outputs: &mut [f32],
    ) {
        let Some(recurrent) = network.recurrent() else { return network.predict(rows, outputs) };
        let width = recurrent.carry();
        let first = self.values.is_empty();
        self.values.resize(if first { rows.len() * width } else { self.values.len() }, 0.0);
        assert_eq!(self.values.len(), rows.len() * width, "the rows of the step before");
        for (row, carry) in self.values.chunks_exact_mut(width).enumerate() {
            if first || starts(row) {
                recurrent.start(carry);
            }
        }
        recurrent.advance(rows, &mut self.values, outputs);
    }
}
