//! Agents for shadergym and its command line.
//!
//! [`cli::run`] is the whole program `shadergym`; the binary and `python -m shadergym` both call it.

pub mod cli;
