//! Options that work for an environment, found without a flag: `presets/<agent>/<family>.toml` for a family and
//! `presets/<agent>/<family>/<stem>.toml` for one environment, over the agent's own defaults. Others have a name behind a dot:
//! `minatar.published.toml`. One with `like = "<stem>"` has what the preset of that environment of its family has, under its own
//! options.

use shadergym_envs::Facts;
use toml::Table;

use crate::error::{Error, Result};

include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// Of the options of a run that are not the agent's: environment steps.
pub const STEPS: &str = "steps";

/// The stem of the environment whose options lie under those of a file.
const LIKE: &str = "like";

/// The options of a file over those of the one that it is like.
fn read(path: &str, suffix: &str) -> Option<Table> {
    let whole = format!("{path}{suffix}");
    let (_, text) = PRESETS.iter().find(|(name, _)| *name == whole)?;
    let mut own: Table = text.parse().unwrap_or_else(|e| panic!("presets/{whole}.toml: {e}"));
    let Some(like) = own.remove(LIKE) else { return Some(own) };
    let stem = like.as_str().filter(|stem| !path.ends_with(stem)).expect("another stem of the family");
    let like = path.rsplit_once('/').map_or_else(|| stem.to_owned(), |(folder, _)| format!("{folder}/{stem}"));
    let mut all = read(&like, suffix).unwrap_or_else(|| panic!("presets/{whole}.toml is like {like}, which is none"));
    all.extend(own);
    Some(all)
}

/// The preset of an agent for an environment; empty where there is none. With a name, one that has it:
/// `presets/<agent>/<family>.<name>.toml` or `presets/<agent>/<family>/<stem>.<name>.toml`, in place of the one without.
///
/// # Errors
/// [`Error::InvalidOption`] with those that there are, if none has the name.
///
/// # Panics
/// If a shipped preset is no TOML; a test reads all of them.
pub fn preset(agent: &str, facts: &Facts, name: Option<&str>) -> Result<Table> {
    let places = [format!("{agent}/{}", facts.family), format!("{agent}/{}/{}", facts.family, facts.stem)];
    let suffix = name.map_or_else(String::new, |name| format!(".{name}"));
    let mut found = None;
    for place in &places {
        if let Some(table) = read(place, &suffix) {
            found.get_or_insert_with(Table::new).extend(table);
        }
    }
    match (found, name) {
        (Some(table), _) => Ok(table),
        (None, None) => Ok(Table::new()),
        (None, Some(name)) => {
            let named = |(path, _): &(&'static str, &str)| {
                places.iter().find_map(|place| path.strip_prefix(place.as_str())?.strip_prefix('.'))
            };
            let known: Vec<&str> = PRESETS.iter().filter_map(named).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let allowed = format!("{known}, of {agent} for {}; without the option it is the usual one", facts.id);
            Err(Error::InvalidOption { option: "preset".to_owned(), value: format!("`{name}`"), allowed })
        }
    }
}
