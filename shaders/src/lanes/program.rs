//! What generated code provides: one [`Program`] per environment.

use core::num::Wrapping as W;

use super::{Lanes, Value};

/// Options of a batch, the lanes' view of `KernelControl`; and which of the ids that share the code it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Control {
    /// Time limit in steps, 0 = none.
    pub max_episode_steps: u32,
    /// As numbered in the kernel, which alone knows what the modes mean.
    pub autoreset: u32,
    /// Probability of repeating the last executed action.
    pub sticky_probability: f32,
    /// The id's values of what these ids differ in: `Environment::constants`.
    pub constants: &'static [u32],
}

/// First vectors of the members of the kernel's `KernelTotals`, as its struct in the generated code has them.
#[derive(Debug, Clone, Copy)]
pub struct TotalsAt {
    /// Transitions made.
    pub transitions: usize,
    /// Episodes finished.
    pub episodes: usize,
    /// Sum of their lengths.
    pub length_sum: usize,
    /// Sums of their returns, two vectors (value and rest) per agent.
    pub return_sum: usize,
    /// Sums of their infos, two vectors each; 0 where the environment has none.
    pub info_sum: usize,
    /// Length of the newest finished episode.
    pub finished_length: usize,
    /// Its returns.
    pub finished_return: usize,
    /// Its sums of infos; 0 where the environment has none.
    pub finished_info: usize,
}

/// What the generated code of one environment provides. Types are generic over the SIMD level.
pub trait Program: 'static {
    /// Agents per instance.
    const AGENTS: usize;
    /// Estimate of what a start costs, in operations on a vector.
    const START_COST: usize;
    /// Where `Totals` has what the driver writes out.
    const TOTALS: TotalsAt;
    /// The environment's generator, the action generator, counters.
    type Episode<S: Lanes>: Value<S>;
    /// The environment's `State`.
    type State<S: Lanes>: Value<S>;
    /// The environment's `Params`.
    type Params<S: Lanes>: Value<S>;
    /// All agents' actions.
    type Actions<S: Lanes>: Value<S>;
    /// One agent's observation.
    type Observation<S: Lanes>: Value<S>;
    /// The global state; no words where the environment has none.
    type GlobalState<S: Lanes>: Copy;
    /// One agent's mask of legal actions; no words where the environment has none.
    type Mask<S: Lanes>: Copy;
    /// Words of one transition's info; none where the environment has none.
    type Info<S: Lanes>: Copy;
    /// Bits of the agents that are out of the game; no words where the environment does not say.
    type Done<S: Lanes>: Copy;
    /// All agents' rewards.
    type Rewards<S: Lanes>: Value<S>;
    /// Sums over a rollout.
    type Totals<S: Lanes>: Value<S>;
    /// `KernelControl` with the same value in all lanes.
    type Control: Copy;
    /// What differs between the ids that share the code.
    type Constants: Copy;

    /// The control block.
    fn control(control: &Control) -> Self::Control;
    /// What differs, of the words of an id.
    fn constants(words: &[u32]) -> Self::Constants;
    /// Totals of zero.
    fn totals<S: Lanes>(s: S) -> Self::Totals<S>;
    /// Bits of the ended flags.
    fn ended<S: Lanes>(episode: &Self::Episode<S>) -> S::U;
    /// Transitions since the start of the episode.
    fn elapsed<S: Lanes>(episode: &Self::Episode<S>) -> S::U;
    /// Info of the newest transition; 0 in lanes that only started.
    fn info<S: Lanes>(totals: &Self::Totals<S>) -> Self::Info<S>;
    /// Agents out of the game since the newest transition; none in lanes that only started.
    fn done<S: Lanes>(totals: &Self::Totals<S>) -> Self::Done<S>;
    /// Seeds the masked lanes.
    fn seed<S: Lanes>(s: S, mask: S::M, episode: &mut Self::Episode<S>, low: S::U, high: S::U);
    /// Starts an episode in the masked lanes.
    fn start<S: Lanes>(
        s: S,
        constants: &Self::Constants,
        mask: S::M,
        pending: &mut Self::Params<S>,
        params: &mut Self::Params<S>,
        state: &mut Self::State<S>,
        episode: &mut Self::Episode<S>,
    );
    /// Draws actions, legal ones of this state where the environment has masks.
    fn random_actions<S: Lanes>(
        s: S,
        constants: &Self::Constants,
        params: &mut Self::Params<S>,
        state: &mut Self::State<S>,
        episode: &mut Self::Episode<S>,
    ) -> Self::Actions<S>;
    /// One call of step but for the start in it.
    #[expect(clippy::too_many_arguments, reason = "the parts of a block, which live in registers")]
    fn advance<S: Lanes>(
        s: S,
        constants: &Self::Constants,
        control: Self::Control,
        params: &mut Self::Params<S>,
        state: &mut Self::State<S>,
        episode: &mut Self::Episode<S>,
        totals: &mut Self::Totals<S>,
        actions: Self::Actions<S>,
    ) -> Self::Rewards<S>;
    /// Lanes in which a start takes the place of the transition; `ended` is as it was before the call.
    fn starts_instead<S: Lanes>(s: S, control: Self::Control, ended: S::U) -> S::M;
    /// Lanes in which a start follows the transition within the call; `ended` is as the transition left it.
    fn starts_behind<S: Lanes>(s: S, control: Self::Control, ended: S::U) -> S::M;
    /// One agent's observation.
    fn observe<S: Lanes>(
        s: S,
        constants: &Self::Constants,
        params: &Self::Params<S>,
        state: &mut Self::State<S>,
        elapsed: S::U,
        agent: W<u32>,
    ) -> Self::Observation<S>;
    /// The global state.
    fn global_state<S: Lanes>(
        s: S,
        constants: &Self::Constants,
        params: &Self::Params<S>,
        state: &mut Self::State<S>,
        elapsed: S::U,
    ) -> Self::GlobalState<S>;
    /// One agent's mask of legal actions.
    fn action_mask<S: Lanes>(
        s: S,
        constants: &Self::Constants,
        params: &Self::Params<S>,
        state: &mut Self::State<S>,
        elapsed: S::U,
        agent: W<u32>,
    ) -> Self::Mask<S>;
    /// The colour at `uv`, if the environment has a picture.
    fn pixel<S: Lanes>(
        s: S,
        constants: &Self::Constants,
        params: &Self::Params<S>,
        state: &mut Self::State<S>,
        elapsed: W<u32>,
        uv: [S::F; 2],
    ) -> Option<[S::F; 3]>;
}

/// A WGSL struct in lanes: fields of vectors, words of memory one after the other.
#[macro_export]
macro_rules! lane_struct {
    (pub struct $name:ident<$simd:ident> { $($field:ident: $ty:ty,)* }) => {
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct $name<$simd: $crate::lanes::Lanes> {
            $(pub $field: $ty,)*
        }

        impl<$simd: $crate::lanes::Lanes> $crate::lanes::Value<$simd> for $name<$simd> {
            type Uniform = $name<$crate::lanes::Plain>;
            #[inline(always)]
            fn blend(s: $simd, mask: $simd::M, on: Self, off: Self) -> Self {
                Self { $($field: $crate::lanes::blend(s, mask, on.$field, off.$field),)* }
            }
            #[inline(always)]
            fn spread(s: $simd, value: Self::Uniform) -> Self {
                Self { $($field: $crate::lanes::splat(s, value.$field),)* }
            }
        }
    };
}
