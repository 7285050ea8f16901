//! A stream in a loop that somebody else runs, in an environment of their own: act, then learn from what came of it.

use shadergym_envs::ActionSpace;

use super::algorithm::{Algorithm, Parts};
use super::core::Core;
use super::interface::Interface;
use super::options::Options;
use crate::common::head::Head;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::check;
use crate::state::State;

/// What a loop tells of a transition. Masks `[mask words]` have a bit per legal action.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// The observation that the action was chosen for, `[elements]`.
    pub observation: &'a [f32],
    /// What was done, `[action words]`, floats by their bits; empty for a learner that only predicts.
    pub action: &'a [u32],
    /// What came of it.
    pub reward: f32,
    /// The observation that followed, also where the episode ended.
    pub next_observation: &'a [f32],
    /// Whether the episode ended by the rules.
    pub terminated: bool,
    /// Whether it was cut off.
    pub truncated: bool,
    /// Legal actions in the state that followed; None: all.
    pub next_mask: Option<&'a [u32]>,
}

/// A learner that is given one transition at a time. Transitions of an episode follow each other: the next observation of one
/// is the observation of the next, so that each is looked at once.
pub trait OnlineLearner: Send {
    /// The action for an observation while learning, exploration included; asked again before [`Self::update`] it is the same.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for an observation of another size or not the one that followed,
    /// [`Error::Diverged`] for one that is not finite. The learner is then as it was.
    fn act(&mut self, observation: &[f32], mask: Option<&[u32]>, action: &mut [u32]) -> Result<()>;

    /// The best action for any observation, or the most likely one, `elapsed` steps after the start of its episode; learning goes
    /// on as if it had not been asked.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for an observation of another size.
    fn best(&self, observation: &[f32], mask: Option<&[u32]>, elapsed: u32, action: &mut [u32]) -> Result<()>;

    /// What the network of this index says of any observation: action values; logits, or means and deviations, and then, of the
    /// second network, a state value.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for an observation of another size.
    fn outputs(&self, network: usize, observation: &[f32], elapsed: u32) -> Result<Vec<f32>>;

    /// Outputs of each network where the episode is, what [`Self::act`] chooses by; undefined before the first observation
    /// of an episode.
    fn here(&self) -> &[Vec<f32>];

    /// Names of the networks.
    fn networks(&self) -> Vec<&'static str>;

    /// Learns from a transition; its TD error, in units of scaled rewards.
    ///
    /// # Errors
    /// As [`Self::act`], also for actions and rewards; and [`Error::Diverged`] if the optimiser has lost its numbers, after
    /// which it cannot learn on.
    fn update(&mut self, observed: &Observed<'_>) -> Result<f32>;

    /// Ends the episode where it is, without a transition: the next observation may be any, and traces begin anew.
    fn reset(&mut self);

    /// Transitions so far.
    fn steps(&self) -> u64;

    /// Standard deviation that rewards are divided by, 1 if they are not.
    fn reward_scale(&self) -> f64;

    /// Everything that it needs to go on bit by bit.
    fn save(&self) -> State;

    /// Goes on from there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if something is missing or of another size.
    fn load(&mut self, state: &State) -> Result<()>;
}

/// A stream as such a learner.
pub struct Online<A> {
    core: Core<A>,
    interface: Interface,
    acting: (usize, Head),
    /// The observation that the episode is at; None before its first.
    at: Option<Vec<f32>>,
    /// The action that was chosen for it.
    chosen: Option<Vec<u32>>,
    /// Whether masks are given, and the newest.
    masked: bool,
    mask: Vec<u32>,
}

impl<A: Algorithm> Online<A> {
    /// A learner for the interface.
    pub fn new(name: &'static str, options: &Options, interface: &Interface, seed: u64, parts: Parts<A>) -> Self {
        let sizes = (interface.elements(), options.limit(interface));
        let words = interface.action.words();
        let core = Core::new(name, options, sizes, parts.networks, vec![(parts.algorithm, seed)], words);
        let mask = vec![u32::MAX; interface.action.mask_words()];
        let (acting, interface) = (parts.acting, interface.clone());
        Self { core, interface, acting, at: None, chosen: None, masked: false, mask }
    }

    /// Stands at the observation: begins an episode with it if none has begun.
    fn stand(&mut self, observation: &[f32]) -> Result<()> {
        self.fits("observation", observation)?;
        match &self.at {
            Some(at) if same(at, observation) => Ok(()),
            Some(_) => check(
                "observation",
                "not the next observation of the transition before",
                "that one; call reset() where the transitions before have no more to do with it",
                false,
            ),
            None => {
                self.core.observation(0).copy_from_slice(observation);
                self.core.start(0)?;
                self.core.ready();
                self.at = Some(observation.to_vec());
                Ok(())
            }
        }
    }

    fn fits(&self, what: &str, observation: &[f32]) -> Result<()> {
        let elements = self.interface.elements();
        check(what, format!("{} numbers", observation.len()), &elements.to_string(), observation.len() == elements)?;
        match observation.iter().copied().find(|x| !x.is_finite()) {
            Some(bad) => Err(self.core.bad(&format!("the {what}"), bad)),
            None => Ok(()),
        }
    }

    fn take_mask(&mut self, mask: Option<&[u32]>) -> Result<()> {
        if let Some(mask) = mask {
            let words = self.mask.len();
            check(
                "action_mask",
                format!("{} words", mask.len()),
                &words.to_string(),
                mask.len() == words && words > 0,
            )?;
            self.mask.copy_from_slice(mask);
            self.masked = true;
        }
        Ok(())
    }

    fn check_action(&self, action: &[u32]) -> Result<()> {
        let words = self.interface.action.words();
        check("action", format!("{} numbers", action.len()), &words.to_string(), action.len() == words)?;
        let counts = match &self.interface.action {
            ActionSpace::Discrete { n } => std::slice::from_ref(n),
            ActionSpace::MultiDiscrete { nvec } => nvec,
            ActionSpace::Box { .. } => {
                let bad = action.iter().map(|&word| f32::from_bits(word)).find(|x| !x.is_finite());
                return bad.map_or(Ok(()), |bad| check("action", bad, "finite numbers", false));
            }
        };
        let bad = action.iter().zip(counts).find(|(a, n)| a >= n);
        bad.map_or(Ok(()), |(a, n)| check("action", a, &format!("0 to {}", n - 1), false))
    }
}

/// By bits, so that no number is like another one only.
fn same(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

impl<A: Algorithm> OnlineLearner for Online<A> {
    fn act(&mut self, observation: &[f32], mask: Option<&[u32]>, action: &mut [u32]) -> Result<()> {
        self.stand(observation)?;
        if self.chosen.is_none() {
            self.take_mask(mask)?;
            let mut executed = vec![0; action.len()];
            self.core.act(0, self.masked.then_some(&self.mask), &mut executed);
            self.chosen = Some(executed);
        }
        action.copy_from_slice(self.chosen.as_deref().expect("just chosen"));
        Ok(())
    }

    fn best(&self, observation: &[f32], mask: Option<&[u32]>, elapsed: u32, action: &mut [u32]) -> Result<()> {
        let outputs = self.outputs(self.acting.0, observation, elapsed)?;
        if action.is_empty() {
            return Ok(());
        }
        self.acting.1.act(&outputs, outputs.len(), mask, true, &mut Noise::new(0, "acting"), action);
        Ok(())
    }

    fn outputs(&self, network: usize, observation: &[f32], elapsed: u32) -> Result<Vec<f32>> {
        self.fits("observation", observation)?;
        Ok(self.core.outputs_for(network, observation, elapsed))
    }

    fn here(&self) -> &[Vec<f32>] {
        self.core.outputs(0)
    }

    fn networks(&self) -> Vec<&'static str> {
        self.core.networks()
    }

    fn update(&mut self, observed: &Observed<'_>) -> Result<f32> {
        let Observed { observation, action, reward, next_observation, terminated, truncated, next_mask } = *observed;
        if !reward.is_finite() {
            return Err(self.core.bad("the reward", reward));
        }
        self.fits("next_observation", next_observation)?;
        self.check_action(action)?;
        if !A::OFF_POLICY && self.chosen.as_deref() != Some(action) {
            let allowed =
                "the action that act() gave for this observation, as this agent learns of its own actions only";
            check("action", format!("{action:?}"), allowed, false)?;
        }
        self.stand(observation)?;
        if self.chosen.as_deref() != Some(action) {
            self.core.did(0, action, self.masked.then_some(&self.mask));
        }
        self.take_mask(next_mask)?;
        if next_mask.is_none() {
            self.mask.fill(u32::MAX);
        }
        self.core.observation(0).copy_from_slice(next_observation);
        self.core.see(0, reward, terminated, truncated)?;
        let masks = self.masked.then_some(&self.mask[..]);
        self.core.judge(masks);
        // Where the episode ended, the step is made at the old state, and the next observation begins with its outcome.
        self.core.learn(masks)?;
        self.chosen = None;
        self.at = (!terminated && !truncated).then(|| next_observation.to_vec());
        Ok(self.core.delta(0))
    }

    fn reset(&mut self) {
        (self.at, self.chosen) = (None, None);
        self.mask.fill(u32::MAX);
        self.core.forget(0);
    }

    fn steps(&self) -> u64 {
        self.core.steps()
    }

    fn reward_scale(&self) -> f64 {
        self.core.reward_scale(0)
    }

    fn save(&self) -> State {
        let mut state = State::default();
        self.core.save(0, &mut state);
        state.put_f32("online/at", self.at.as_deref().unwrap_or_default());
        state.put_u32("online/chosen", self.chosen.as_deref().unwrap_or_default());
        state.put_u32("online/mask", &self.mask);
        let flags = [self.at.is_some(), self.chosen.is_some(), self.masked].map(u64::from);
        state.put_u64("online/flags", &flags);
        // The action as it is learned, which the one that was executed may be cut from.
        state.put_u32("online/action", self.core.action_of(0));
        state
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.core.load(0, state)?;
        self.core.ready();
        let [stands, chosen, masked] = state.counters("online/flags")?;
        self.at = (stands != 0).then(|| state.f32("online/at").map(<[f32]>::to_vec)).transpose()?;
        self.chosen = (chosen != 0).then(|| state.u32("online/chosen").map(<[u32]>::to_vec)).transpose()?;
        self.masked = masked != 0;
        let mask = state.u32("online/mask")?;
        let action = state.u32("online/action")?;
        if mask.len() != self.mask.len() || action.len() != self.interface.action.words() {
            let reason = "it belongs to other actions".to_owned();
            return Err(Error::Checkpoint { path: "the state".to_owned(), reason });
        }
        self.mask.copy_from_slice(mask);
        self.core.did(0, action, self.masked.then_some(mask));
        Ok(())
    }
}
