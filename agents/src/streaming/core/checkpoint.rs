//! Members in checkpoints, each as it would be alone.

use super::{Algorithm, Core, put};
use crate::error::Result;
use crate::state::State;

impl<A: Algorithm> Core<A> {
    /// Everything of a member, under names that begin with the agent's.
    pub fn save(&self, member: usize, state: &mut State) {
        let (m, name) = (&self.members[member], self.name);
        for net in &self.nets {
            net.learner.save(member, state, &format!("{name}/{}", net.spec.name));
        }
        if let Some(scaler) = &m.observations {
            scaler.save(state, &format!("{name}/observations"));
        }
        if let Some(scaler) = &m.rewards {
            scaler.save(state, &format!("{name}/rewards"));
        }
        state.put_f32(format!("{name}/input"), &m.input);
        state.put_u64(format!("{name}/counters"), &[self.steps, u64::from(m.elapsed), u64::from(m.reset)]);
        m.algorithm.save(state);
    }

    /// Goes on from there; [`Self::ready`] follows once all members are there.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] if something is missing or of another size.
    pub fn load(&mut self, member: usize, state: &State) -> Result<()> {
        let Self { name, nets, members, abreast, .. } = self;
        let m = &mut members[member];
        if let Some(scaler) = &mut m.observations {
            scaler.load(state, &format!("{name}/observations"))?;
        }
        if let Some(scaler) = &mut m.rewards {
            scaler.load(state, &format!("{name}/rewards"))?;
        }
        state.read_f32(&format!("{name}/input"), &mut m.input)?;
        for net in nets.iter_mut() {
            net.learner.load(member, state, &format!("{name}/{}", net.spec.name))?;
            put(&m.input, &mut net.now, member, *abreast);
        }
        let [steps, elapsed, reset] = state.counters(&format!("{name}/counters"))?;
        (self.steps, m.elapsed, m.reset) = (steps, elapsed as u32, reset != 0);
        m.algorithm.load(state)
    }
}
