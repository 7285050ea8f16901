//! The `shadergym` program; everything is in [`shadergym_agents::cli`].

use std::env;

fn main() -> std::process::ExitCode {
    // Without a session, Mesa's device-select layer writes an error line each time adapters are listed. It chooses
    // between adapters of a desktop, of which such a machine has none.
    if env::var_os("XDG_RUNTIME_DIR").is_none() && env::var_os("NODEVICE_SELECT").is_none() {
        // SAFETY: nothing else runs yet, so no other thread reads the environment.
        unsafe { env::set_var("NODEVICE_SELECT", "1") };
    }
    shadergym_agents::cli::run(env::args_os())
}
