//! Passes over a rollout in shuffled minibatches.

use crate::common::noise::Noise;
use crate::error::Result;
use crate::network::LossSums;
use crate::state::State;

/// The order of rows, shuffled anew for every pass.
#[derive(Debug)]
pub struct Minibatches {
    shuffles: Noise,
    order: Vec<u32>,
}

impl Minibatches {
    /// Of a run.
    pub fn new(seed: u64) -> Self {
        Self { shuffles: Noise::new(seed, "minibatches"), order: Vec::new() }
    }

    /// `passes` times all of `rows` rows in `count` minibatches of the same size: `update` gets each and gives the sums of
    /// its loss. After a pass `go_on` gets the means over the rows of its last minibatch, and ends the passes by false.
    /// Returns the means over the rows of all minibatches.
    ///
    /// # Errors
    /// Those of `update`.
    pub fn passes(
        &mut self,
        passes: usize,
        rows: usize,
        count: usize,
        mut update: impl FnMut(&[u32]) -> Result<LossSums>,
        go_on: impl Fn(&LossSums) -> bool,
    ) -> Result<LossSums> {
        let size = rows / count;
        self.order.clear();
        self.order.extend(0..rows as u32);
        let (mut sums, mut seen) = (LossSums::default(), 0.0);
        for _ in 0..passes {
            self.shuffles.shuffle(&mut self.order);
            let mut last = LossSums::default();
            // What is left over after equal minibatches waits for the next pass.
            for chosen in self.order.chunks_exact(size).take(count) {
                last = update(chosen)?;
                sums.iter_mut().zip(last).for_each(|(sum, x)| *sum += x);
                seen += size as f64;
            }
            if !go_on(&last.map(|sum| sum / size as f64)) {
                break;
            }
        }
        Ok(sums.map(|sum| sum / seen))
    }

    /// Into a checkpoint.
    pub fn save(&self, state: &mut State) {
        state.put_u64("minibatches/shuffles", &[self.shuffles.counter()]);
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State) -> Result<()> {
        self.shuffles.set_counter(state.counter("minibatches/shuffles")?);
        Ok(())
    }
}
