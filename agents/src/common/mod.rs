//! Mechanics that several agents share; an algorithm's decisions never live here.

pub mod action_values;
pub mod actor_critic;
pub mod build;
pub mod collector;
pub mod distribution;
pub mod head;
pub mod learner;
pub mod minibatches;
pub mod moments;
pub mod noise;
pub mod off_policy;
pub mod ppo;
pub mod replay;
pub mod restarts;
pub mod returns;
pub mod sac;
pub mod stepper;
pub mod task_space;
