//! Options that work for an environment, found without a flag: `presets/<agent>/<family>.toml` for a family and
//! `presets/<agent>/<family>/<stem>.toml` for one environment, over the agent's own defaults.

use shadergym_envs::Facts;
use toml::Table;

include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// Of the options of a run that are not the agent's: environment steps.
pub const STEPS: &str = "steps";

/// The preset of an agent for an environment; empty where there is none.
///
/// # Panics
/// If a shipped preset is no TOML; a test reads all of them.
pub fn preset(agent: &str, facts: &Facts) -> Table {
    let mut table = Table::new();
    for name in [format!("{agent}/{}", facts.family), format!("{agent}/{}/{}", facts.family, facts.stem)] {
        if let Some((_, text)) = PRESETS.iter().find(|(n, _)| *n == name) {
            table.extend(text.parse::<Table>().unwrap_or_else(|e| panic!("presets/{name}.toml: {e}")));
        }
    }
    table
}
