//! The file that `new-env` writes: a small real environment, ready to be changed into another.

/// Why a name cannot become an environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The name holds other characters, or is empty or too long.
    #[error("the name `{name}` does not match {NAME_PATTERN}: use, for instance, `point_mass` or `PointMass`")]
    Name {
        /// The name as given.
        name: String,
    },
}

/// Allowed names; an id's version is cut off first.
const NAME_PATTERN: &str = "[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*(-v0)?, at most 48 characters";

/// File name and text of a new environment that passes all tests as it stands. The name may be a stem
/// (`point_mass`), a CamelCase name (`PointMass`) or an id of version 0 (`PointMass-v0`).
///
/// # Errors
/// If the name is none of these.
pub fn template(stem_or_name: &str) -> Result<(String, String), TemplateError> {
    let name = stem_or_name.strip_suffix("-v0").unwrap_or(stem_or_name);
    let words_fit = name.split('_').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric()));
    if !words_fit || name.len() > 48 || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(TemplateError::Name { name: stem_or_name.to_owned() });
    }
    let stem = snake(name);
    let name = camel(&stem);
    let text = include_str!("template.wgsl").replace("{id}", &format!("{name}-v0")).replace("{name}", &name);
    Ok((format!("{stem}.wgsl"), text))
}

/// `PointMass` and `point_mass` to `point_mass`; runs of capitals stay together: `MPESpread` to `mpe_spread`.
fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut stem = String::new();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let starts_word = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_ascii_uppercase() && chars.get(i + 1).is_some_and(char::is_ascii_lowercase))
            });
        if starts_word {
            stem.push('_');
        }
        stem.push(c.to_ascii_lowercase());
    }
    stem
}

/// `point_mass` to `PointMass`.
pub(crate) fn camel(stem: &str) -> String {
    stem.split('_')
        .filter_map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_stems_and_ids() {
        for (name, file, id) in [
            ("point_mass", "point_mass.wgsl", "PointMass-v0"),
            ("PointMass", "point_mass.wgsl", "PointMass-v0"),
            ("PointMass-v0", "point_mass.wgsl", "PointMass-v0"),
            ("MPESpread2", "mpe_spread2.wgsl", "MpeSpread2-v0"),
            ("x", "x.wgsl", "X-v0"),
        ] {
            let (path, text) = template(name).unwrap();
            assert_eq!(path, file);
            assert!(text.starts_with(&format!("//! {id}: ")), "{text}");
            assert!(!text.contains('{') || !text.contains("{id}"));
        }
    }

    #[test]
    fn other_names_are_refused_with_the_pattern() {
        for name in ["", "1d", "a-b", "a b", "_a", "a__b", "a_", "PointMass-v1", "ä", "../a", &"a".repeat(49)] {
            let error = template(name).unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")) && error.contains(NAME_PATTERN), "{error}");
        }
    }
}
