//! A member on the host: from a CPU stream's state to words of the device, and back under the same names.

use super::device::Image;
use super::plan::{Plan, at};
use crate::error::{Error, Result};
use crate::state::State;

/// Words of an image that belong to a member.
pub struct Member<'a> {
    pub image: &'a mut Image,
    pub plan: &'a Plan,
    pub index: usize,
}

/// A number as the pair of floats that the kernel adds to.
fn pair(x: f64) -> [u32; 2] {
    let value = x as f32;
    [value, (x - f64::from(value)) as f32].map(f32::to_bits)
}

/// The number that a pair is.
pub fn joined(value: u32, rest: u32) -> f64 {
    f64::from(f32::from_bits(value)) + f64::from(f32::from_bits(rest))
}

fn checked<'a, T>(name: &str, values: &'a [T], expected: usize) -> Result<&'a [T]> {
    if values.len() == expected {
        return Ok(values);
    }
    let reason = format!("`{name}` has {} elements, expected {expected}", values.len());
    Err(Error::Checkpoint { path: "the state".to_owned(), reason })
}

impl Member<'_> {
    /// Options and what changes.
    pub fn words(&mut self) -> &mut [u32] {
        let width = self.plan.member_words as usize;
        &mut self.image.members[self.index * width..(self.index + 1) * width]
    }

    fn parameters(&mut self, which: usize) -> &mut [u32] {
        let width = self.plan.parameters as usize;
        &mut self.image.values[(2 * self.index + which) * width..][..width]
    }

    /// Parameters, as the network's layout says.
    pub fn weights(&mut self) -> Vec<f32> {
        bytemuck::cast_slice(self.parameters(0)).to_vec()
    }

    /// Steps of the run.
    pub fn steps(&mut self) -> u64 {
        let words = self.words();
        u64::from(words[at::STEP]) | u64::from(words[at::STEP + 1]) << 32
    }

    /// Moments of the observations as a CPU stream has them: count, means, sums of squares.
    pub fn moments(&mut self) -> Vec<f64> {
        let elements = self.plan.elements as usize;
        let words = self.words();
        let planes = &words[at::MOMENTS..at::MOMENTS + 4 * elements];
        let of = |plane: usize| {
            (0..elements).map(move |e| joined(planes[plane * elements + e], planes[(plane + 1) * elements + e]))
        };
        [f64::from(words[at::SEEN])].into_iter().chain(of(0)).chain(of(2)).collect()
    }

    /// Takes over what a CPU stream has saved, at the start of a run.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn begin(&mut self, agent: &str, state: &State) -> Result<()> {
        self.take_parameters(agent, state)?;
        let (elements, inputs) = (self.plan.elements as usize, self.plan.inputs as usize);
        if self.plan.normalize != 0 {
            let name = format!("{agent}/observations");
            let moments = checked(&name, state.f64(&name)?, 1 + 2 * elements)?;
            let words = self.words();
            words[at::SEEN] = moments[0] as u32;
            for (e, (mean, squares)) in moments[1..].iter().zip(&moments[1 + elements..]).enumerate() {
                let planes = pair(*mean).into_iter().chain(pair(*squares));
                planes.enumerate().for_each(|(plane, word)| words[at::MOMENTS + plane * elements + e] = word);
            }
        }
        let name = format!("{agent}/input");
        let input = checked(&name, state.f32(&name)?, inputs)?;
        let words = self.words();
        words[at::MOMENTS + 4 * elements..].copy_from_slice(bytemuck::cast_slice(input));
        let [steps, _, reset] = state.counters(&format!("{agent}/counters"))?;
        (words[at::STEP], words[at::STEP + 1]) = (steps as u32, (steps >> 32) as u32);
        words[at::RESET] = reset as u32;
        Ok(())
    }

    fn take_parameters(&mut self, agent: &str, state: &State) -> Result<()> {
        for (which, name) in ["parameters", "traces"].into_iter().enumerate() {
            let name = format!("{agent}/q/{name}");
            let to = self.parameters(which);
            to.copy_from_slice(bytemuck::cast_slice(checked(&name, state.f32(&name)?, to.len())?));
        }
        Ok(())
    }

    /// Words of the member's environment: `[episode, state, parameters in force, ..]`, and pending parameters.
    fn places(&self) -> (usize, usize) {
        let members = self.plan.members as usize;
        (self.image.instances.len() / members, self.image.pending.len() / members)
    }

    /// What a CPU stream saves, as far as readers of policies and figures want it, and bit by bit what the kernel goes on with.
    pub fn save(&mut self, agent: &str, elapsed_word: usize, state: &mut State) {
        for (which, name) in ["parameters", "traces"].into_iter().enumerate() {
            state.put_f32(format!("{agent}/q/{name}"), bytemuck::cast_slice(self.parameters(which)));
        }
        state.put_f32(format!("{agent}/q/squares"), &[]);
        let steps = self.steps();
        state.put_u64(format!("{agent}/q/steps"), &[steps]);
        if self.plan.normalize != 0 {
            state.put_f64(format!("{agent}/observations"), &self.moments());
        }
        let (members, index) = (self.plan.members as usize, self.index);
        let elapsed = self.image.instances[elapsed_word * members + index];
        let (scale, sarsa, elements) = (self.plan.scale != 0, self.plan.sarsa != 0, self.plan.elements as usize);
        let words = self.words();
        if scale {
            let m = &words[at::REWARD_MOMENTS..];
            let moments = [f64::from(words[at::REWARDS]), joined(m[0], m[1]), joined(m[2], m[3])];
            state.put_f64(format!("{agent}/rewards"), &moments);
            state.put_f64(format!("{agent}/rewards_trace"), &[f64::from(f32::from_bits(words[at::TRACE]))]);
        }
        state.put_f32(format!("{agent}/input"), bytemuck::cast_slice(&words[at::MOMENTS + 4 * elements..]));
        state.put_u64(format!("{agent}/counters"), &[steps, u64::from(elapsed), u64::from(words[at::RESET])]);
        if sarsa {
            let next: Vec<u32> = words[at::NEXT].checked_sub(1).into_iter().collect();
            state.put_u32(format!("{agent}/next"), &next);
        }
        state.put_u64("stream/begun", &[1]);
        state.put_u32("stream/device", &words[at::STEP..]);
        let (instance, pending) = self.places();
        let column =
            |from: &[u32], width: usize| -> Vec<u32> { (0..width).map(|w| from[w * members + index]).collect() };
        state.put_u32("stream/environment", &column(&self.image.instances, instance));
        state.put_u32("stream/pending", &column(&self.image.pending, pending));
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn load(&mut self, agent: &str, state: &State) -> Result<()> {
        let (instance, pending) = self.places();
        let environment = checked("stream/environment", state.u32("stream/environment")?, instance)?;
        let parameters = checked("stream/pending", state.u32("stream/pending")?, pending)?;
        let changing = self.plan.member_words as usize - at::STEP;
        let words = checked("stream/device", state.u32("stream/device")?, changing)?;
        self.take_parameters(agent, state)?;
        self.words()[at::STEP..].copy_from_slice(words);
        let (members, index) = (self.plan.members as usize, self.index);
        environment.iter().enumerate().for_each(|(w, word)| self.image.instances[w * members + index] = *word);
        parameters.iter().enumerate().for_each(|(w, word)| self.image.pending[w * members + index] = *word);
        Ok(())
    }
}
