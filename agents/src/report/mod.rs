//! What runs leave behind and what is made of it: metrics, TensorBoard events, statistics over seeds, curves.

pub mod compare;
pub mod curve;
pub mod file;
pub mod metrics;
pub mod run;
pub mod statistics;
pub mod teaching;
pub mod tensorboard;
