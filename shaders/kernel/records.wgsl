//! What the kernel keeps of an episode and tells of it: constants, options, records.
//!
//! The compiler reads the layout of `KernelEpisode` from here, of an environment's own types, and derives from it what the
//! glue loads and stores and what the hosts read; nobody else spells it out.
//! `@if(feature)` keeps what follows (a statement, member, parameter, declaration) where the environment has the feature:
//! `truncates` and `agent_done` (members of its `Outcome`), `info` (a struct `Info` in it), `global_state` (that function). Elsewhere there is no trace of it.
import package::shared::rng::{Rng};

/// Auto-reset modes, numbered as in the Rust enum `AutoresetMode`.
const KERNEL_NEXT_STEP: u32 = 0u;
const KERNEL_SAME_STEP: u32 = 1u;
const KERNEL_DISABLED: u32 = 2u;

/// Bits of `KernelEpisode.ended` and of the flags in the outputs.
const KERNEL_TERMINATED: u32 = 1u;
const KERNEL_TRUNCATED: u32 = 2u;
/// Bits of the flags in the outputs alone: a transition was made, not just a start; the observation is the first of an
/// episode.
const KERNEL_TRANSITION: u32 = 4u;
const KERNEL_START: u32 = 16u;
/// Bit of `KernelEpisode.ended` and of the flags: the driver left a loop before its end, so the instance holds nothing
/// that can be relied on and stands still until its next start. Some drivers let an invocation make only so many rounds of
/// loops; then every loop ends after its first round and the code behind it goes on.
const KERNEL_CUT: u32 = 8u;
/// Steps of an episode that are counted; longer ones count as this long.
const KERNEL_LONGEST: u32 = 0x80000000u;

alias KernelActions = array<Action, AGENTS>;
alias KernelRewards = array<f32, AGENTS>;
alias KernelSums = array<KernelSum, AGENTS>;
/// The words of an `Info`, in memory order: as they are, and as numbers that can be summed.
@if(info) alias KernelInfo = array<u32, KERNEL_INFO_WORDS>;
@if(info) alias KernelInfoValues = array<f32, KERNEL_INFO_WORDS>;
@if(info) alias KernelInfoSums = array<KernelSum, KERNEL_INFO_WORDS>;
/// Which agents are out of the game: agent a is bit a % 32 of word a / 32.
@if(agent_done) alias KernelDone = array<u32, KERNEL_DONE_WORDS>;

/// Options of a batch, the same for all of its instances; a uniform buffer on the GPU, scalars on the CPU.
struct KernelControl {
    /// 1; number of instances n
    instances: u32,
    /// 1; transitions K per dispatch
    steps: u32,
    /// steps; time limit of an episode, 0 = none
    max_episode_steps: u32,
    /// enum; one of KERNEL_NEXT_STEP, KERNEL_SAME_STEP, KERNEL_DISABLED; on the GPU KERNEL_AUTORESET stands for it
    autoreset: u32,
    /// probability; of repeating the last executed action instead of the given one
    sticky_probability: f32,
    /// px; picture size of the render entry point, which the glue declares where there is a `pixel`
    width: u32,
    height: u32,
    /// 1; instance that the render entry point draws
    instance: u32,
    /// words; offsets of the regions of the outputs buffer
    at_reward: u32,
    at_flags: u32,
    at_finished: u32,
    at_observation: u32,
    at_final: u32,
    at_actions: u32,
    at_totals: u32,
    /// words; distance between two transitions' final observations, 0 where only the newest is kept
    final_stride: u32,
    /// bool; 1 = this dispatch goes on with the rollout of the one before: totals add up
    continued: u32,
    /// words; offsets of more regions of the outputs buffer: masks of legal actions, infos, which agents are out of the
    /// game, each where the environment has them
    at_mask: u32,
    at_info: u32,
    at_done: u32,
    /// words; offsets of the regions of global states and of the last ones of episodes, where the environment has them
    at_global: u32,
    at_final_global: u32,
    /// always 0, but no compiler knows: what depends on it is neither folded nor reordered
    zero: u32,
}

/// A sum of many numbers: `value` is the sum, rounded; `rest` is what it lacks. Sums of floats alone stand still once a
/// summand is less than half a unit of the sum, at 2^24 for ones.
struct KernelSum {
    value: f32,
    rest: f32,
}

/// The bookkeeping of one instance.
struct KernelEpisode {
    /// the environment's generator
    rng: Rng,
    /// the generator of random play, apart so that replaying recorded actions gives the same trajectory
    action_rng: Rng,
    /// the actions executed last; zero at the beginning, kept through resets (sticky actions)
    last_actions: KernelActions,
    /// transitions since the start of the episode
    elapsed: u32,
    /// 0 while the episode runs, else KERNEL_TERMINATED | KERNEL_TRUNCATED, or KERNEL_CUT
    ended: u32,
    /// sum of the rewards of the running episode, per agent
    episode_return: KernelSums,
    /// sums of the infos of the running episode
    @if(info) info_sum: KernelInfoSums,
}

/// What one transition gives; also what the glue's `kernel_step` returns.
struct KernelTransition {
    reward: KernelRewards,
    terminated: bool,
    @if(truncates) truncated: bool,
    @if(agent_done) done: KernelDone,
    @if(info) info: KernelInfo,
    @if(info) info_values: KernelInfoValues,
}

/// What happened to one instance during one dispatch.
struct KernelTotals {
    /// transitions made; a step that only resets does not count
    transitions: u32,
    /// episodes finished
    episodes: u32,
    /// sum of the lengths of the finished episodes
    length_sum: u32,
    /// sum of the returns of the finished episodes, per agent
    return_sum: KernelSums,
    /// length of the newest finished episode
    finished_length: u32,
    /// return of the newest finished episode, per agent
    finished_return: KernelRewards,
    /// sums over the finished episodes of their sums of infos
    @if(info) info_sum: KernelInfoSums,
    /// sums of the infos of the newest finished episode
    @if(info) finished_info: KernelInfoValues,
    /// info of the newest transition, 0 if the newest call only started
    @if(info) info: KernelInfo,
    /// agents out of the game since the newest transition, none if the newest call only started
    @if(agent_done) done: KernelDone,
}
