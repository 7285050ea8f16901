//! The `shadergym` program; everything is in [`shadergym_agents::cli`].

use std::env;

fn main() -> std::process::ExitCode {
    shadergym_agents::cli::run(env::args_os())
}
