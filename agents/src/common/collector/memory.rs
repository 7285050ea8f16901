//! What the rows of a shard remember, and what of it is recorded for learning from sequences.

use crate::error::Result;
use crate::network::{Carry, Network, Recurrent, Rows};
use crate::state::State;

/// Of the rows of a shard; empty where the network remembers nothing.
#[derive(Debug, Default)]
pub(super) struct Memory {
    carry: Carry,
    /// Rows whose next step begins an episode.
    begins: Vec<bool>,
    /// What those carried whose episodes were cut off, one after the other.
    pub finals: Vec<f32>,
}

impl Memory {
    /// Outputs of step `t`, and what the rows read and carry in it to the recording, every `every` steps all of it.
    pub fn advance(
        &mut self,
        network: &dyn Network,
        (t, every): (usize, usize),
        rows: Rows<'_>,
        (kept_hints, starts, carries): (&mut [f32], &mut [bool], &mut [f32]),
        outputs: &mut [f32],
    ) {
        let Some(recurrent) = network.recurrent() else { return network.predict(rows, outputs) };
        let (n, width, hints) = (rows.len(), recurrent.carry(), recurrent.hints());
        self.begins.resize(n, true);
        let begins = &self.begins;
        let carry = self.carry.begin(recurrent, n, |row| begins[row]);
        if t.is_multiple_of(every) {
            carries[t / every * n * width..][..n * width].copy_from_slice(carry);
        }
        starts[t * n..(t + 1) * n].copy_from_slice(begins);
        for (to, carry) in kept_hints[t * n * hints..].chunks_exact_mut(hints.max(1)).zip(carry.chunks_exact(width)) {
            to[..hints].copy_from_slice(&carry[width - hints..]);
        }
        recurrent.advance(rows, carry, outputs);
        self.begins.fill(false);
    }

    /// What the rows did and got in the step, `actions` `[rows, words]`.
    pub fn hear(&mut self, network: &dyn Network, actions: &[u32], rewards: &[f32]) {
        self.carry.remember(network, actions.chunks_exact(actions.len() / rewards.len()));
        self.carry.hear(network, rewards.iter().copied());
    }

    /// These rows begin an episode with the next step; where theirs was cut off, what they carried is kept.
    pub fn end(&mut self, network: &dyn Network, rows: std::ops::Range<usize>, cut_off: bool) {
        if let Some(recurrent) = network.recurrent() {
            let width = recurrent.carry();
            if cut_off {
                self.finals.extend_from_slice(&self.carry.values()[rows.start * width..rows.end * width]);
            }
            self.begins[rows].fill(true);
        }
    }

    /// What the rows carry into the step behind the newest.
    pub fn beyond(&self, recurrent: &dyn Recurrent) -> Vec<f32> {
        let mut carry = self.carry.clone();
        carry.begin(recurrent, self.begins.len(), |row| self.begins[row]).to_vec()
    }

    /// Into a checkpoint, if there is anything.
    pub fn save(&self, state: &mut State, prefix: &str) {
        if !self.begins.is_empty() {
            state.put_f32(format!("{prefix}.carry"), self.carry.values());
            state.put_bytes(format!("{prefix}.begins"), &self.begins.iter().map(|&b| u8::from(b)).collect::<Vec<_>>());
        }
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State, prefix: &str) -> Result<()> {
        if let Ok(carry) = state.f32(&format!("{prefix}.carry")) {
            self.carry.set(carry);
            self.begins = state.bytes(&format!("{prefix}.begins"))?.iter().map(|b| *b != 0).collect();
        }
        Ok(())
    }
}
