//! All ids of a file, and the code on the CPU that they share.

use std::path::Path;

use crate::error::CompileError;
use crate::lanes::{self, Outline};
use crate::link::Library;
use crate::{Compiled, compile, compile_variant};

/// The environments of a file, and the Rust source of their CPU kernels. Ids whose code differs in nothing but the values of
/// scalars share it, and it reads these values where it runs; see `lanes/shared.rs`.
#[derive(Debug)]
pub struct SharedLanes {
    /// The environment itself, and behind it the variants that the file lists.
    pub ids: Vec<SharedId>,
    /// The sources.
    pub codes: Vec<String>,
}

/// One id.
#[derive(Debug)]
pub struct SharedId {
    /// The environment.
    pub compiled: Compiled,
    /// Index of its code.
    pub code: usize,
    /// Its values of what the ids of this code differ in, as the code reads them.
    pub constants: Vec<u32>,
}

/// Compiles the environment in `source` and the variants that it lists, as [`compile`].
///
/// # Errors
/// What is wrong with the file, or with each of the variants.
pub fn shared_lanes(path: &Path, source: &str, library: &Library) -> Result<SharedLanes, Vec<CompileError>> {
    let own = compile(path, source, library).map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    let mut all = Vec::new();
    for id in own.facts.variants.clone() {
        match compile_variant(path, source, library, Some(&id)) {
            Ok(compiled) => all.push(compiled),
            Err(error) => errors.push(error),
        }
    }
    all.insert(0, own);
    if errors.is_empty() { share(all).map_err(|error| vec![error]) } else { Err(errors) }
}

/// Groups what has equal outlines, in the order of the ids.
fn share(all: Vec<Compiled>) -> Result<SharedLanes, CompileError> {
    let refused = |compiled: &Compiled, refusals| compiled.untranslated(refusals);
    let outlines = match &all[..] {
        // Nobody to share it with.
        [_] => vec![Outline::default()],
        _ => all
            .iter()
            .map(|one| lanes::outline(one.input()).map_err(|refusals| refused(one, refusals)))
            .collect::<Result<_, _>>()?,
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, outline) in outlines.iter().enumerate() {
        match groups.iter_mut().find(|group| outlines[group[0]].text == outline.text) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    let mut codes = Vec::new();
    let mut of: Vec<(usize, Vec<u32>)> = vec![(0, Vec::new()); all.len()];
    for group in groups {
        let (shared, words) = lanes::compare(&group.iter().map(|&i| &outlines[i]).collect::<Vec<_>>());
        let first = &all[group[0]];
        let text = lanes::generate_shared(first.input(), shared).map_err(|refusals| refused(first, refusals))?;
        for (&i, words) in group.iter().zip(words) {
            of[i] = (codes.len(), words);
        }
        codes.push(text);
    }
    let ids = all.into_iter().zip(of);
    let ids = ids.map(|(compiled, (code, constants))| SharedId { compiled, code, constants }).collect();
    Ok(SharedLanes { ids, codes })
}
