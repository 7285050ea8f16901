//! Learning within an episode: what plays an unknown task better the longer it plays it.
//!
//! [`baselines`] are the classic ways, which estimate and explore (UCB, Thompson sampling, LinUCB, UCB-VI, PSRL). [`dpt`] and
//! [`ad`] are transformers that were trained, supervised, on other tasks of the kind: decision-pretrained transformers (Lee et
//! al. 2023) and algorithm distillation (Laskin et al. 2022, from histories with fading noise instead of those of a learner).
//! All of them are [`Player`]s of whole batches of the real environment ([`play`]), and know it by a [`Problem`]: an adapter
//! found by the fields of its State, whether it is shipped or a user's file.

pub mod ad;
pub mod baselines;
mod contexts;
pub mod dpt;
mod model;
mod play;
mod pretrain;
pub mod problem;
mod source;
#[cfg(test)]
mod tests;
pub mod transformer;

pub use contexts::{Contexts, Rollin, Tokens};
pub use model::{Kind, Model, seeds_of};
pub use play::{Came, Now, Played, Player, Unit, play, play_offline};
pub use pretrain::{PretrainOptions, Progress, Trained};
pub use problem::Problem;
pub use source::Source;
