//! What recurrent networks remember, and the sequences that they learn from.

use super::{Loss, LossSums, Network, Rows};

/// A network whose outputs depend on what its row saw before in the episode. Who plays rows keeps their [`Carry`].
pub trait Recurrent {
    /// Values that a row carries from one step to the next; the last [`Self::hints`] of them are input beside the observation.
    fn carry(&self) -> usize;

    /// Values of the input that are no observation, such as the previous action.
    fn hints(&self) -> usize {
        0
    }

    /// What a row carries into the first step of an episode, `[carry]`: zeros unless it says otherwise.
    fn start(&self, carry: &mut [f32]) {
        carry.fill(0.0);
    }

    /// As [`Network::predict`], for one step of each row; `carry` `[rows, carry]` goes in and out.
    ///
    /// # Panics
    /// If an array has another length or the rows another width.
    fn advance(&self, rows: Rows<'_>, carry: &mut [f32], outputs: &mut [f32]);

    /// What a row does in the step that it was advanced by, for its next one.
    fn remember(&self, action: &[u32], carry: &mut [f32]) {
        let _ = (action, carry);
    }

    /// The reward of that step.
    fn hear(&self, reward: f32, carry: &mut [f32]) {
        let _ = (reward, carry);
    }

    /// Whether [`Self::hear`] matters.
    fn reads_reward(&self) -> bool {
        false
    }

    /// As [`Network::gradient`] over sequences: the loss gets positions within [`Sequences::chosen`].
    ///
    /// # Panics
    /// If `gradient` has another length or the rows another width; if it learns from no sequences.
    fn gradient_over(&self, sequences: Sequences<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        let _ = (sequences, loss, gradient);
        unimplemented!("it is played, not learned with")
    }
}

/// Sequences of rows that a recurrent network learns from.
#[derive(Debug, Clone, Copy)]
pub struct Sequences<'a> {
    /// Observations of all rows.
    pub rows: Rows<'a>,
    /// Hints of all rows, `[rows, hints]`.
    pub hints: &'a [f32],
    /// Whether an episode begins with a row, for all rows.
    pub starts: &'a [bool],
    /// Which rows the sequences are, one sequence after the other.
    pub chosen: &'a [u32],
    /// Steps of a sequence.
    pub steps: usize,
    /// What each carries into its first step, `[sequences, carry]`.
    pub carries: &'a [f32],
}

/// What the rows of a network carry; empty before their first step, and for a network that remembers nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Carry {
    /// `[rows, carry]`.
    values: Vec<f32>,
}

impl Carry {
    /// Makes ready for the next step of each row: those for which `starts` is true begin an episode, as all do in the first
    /// step. What they carry then is returned, `[rows, carry]`.
    ///
    /// # Panics
    /// If the number of rows changes.
    pub fn begin(&mut self, recurrent: &dyn Recurrent, rows: usize, starts: impl Fn(usize) -> bool) -> &mut [f32] {
        let width = recurrent.carry();
        let first = self.values.is_empty();
        self.values.resize(if first { rows * width } else { self.values.len() }, 0.0);
        assert_eq!(self.values.len(), rows * width, "the rows of the step before");
        for (row, carry) in self.values.chunks_exact_mut(width).enumerate() {
            if first || starts(row) {
                recurrent.start(carry);
            }
        }
        &mut self.values
    }

    /// Outputs `[rows, outputs]` of one step of each row, after [`Self::begin`].
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
        recurrent.advance(rows, self.begin(recurrent, rows.len(), starts), outputs);
    }

    /// What the rows do in the step that they were advanced by: words of an action for each.
    pub fn remember<'a>(&mut self, network: &dyn Network, actions: impl Iterator<Item = &'a [u32]>) {
        if let Some(recurrent) = network.recurrent() {
            let rows = self.values.chunks_exact_mut(recurrent.carry());
            rows.zip(actions).for_each(|(carry, action)| recurrent.remember(action, carry));
        }
    }

    /// The rewards of that step, one for each row.
    pub fn hear(&mut self, network: &dyn Network, rewards: impl Iterator<Item = f32>) {
        if let Some(recurrent) = network.recurrent() {
            let rows = self.values.chunks_exact_mut(recurrent.carry());
            rows.zip(rewards).for_each(|(carry, reward)| recurrent.hear(reward, carry));
        }
    }

    /// All of it, `[rows, carry]`; empty before the first step.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Puts back what [`Self::values`] gave.
    pub fn set(&mut self, values: &[f32]) {
        self.values.clear();
        self.values.extend_from_slice(values);
    }
}
