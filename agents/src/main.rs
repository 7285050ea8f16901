//! The `shadergym` program; everything is in [`shadergym_agents::cli`].

fn main() -> std::process::ExitCode {
    shadergym_agents::cli::run(std::env::args_os())
}
