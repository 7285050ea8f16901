//! What runs leave behind and what is made of it: metrics, TensorBoard events, statistics over seeds, curves.

pub mod curve;
pub mod file;
pub mod metrics;
pub mod statistics;
pub mod tensorboard;
