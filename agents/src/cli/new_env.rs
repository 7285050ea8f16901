//! `shadergym new-env`: the start of an environment.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use shadergym_compiler::build_script::NOT_FAMILIES;
use shadergym_compiler::{compile, template};
use shadergym_shaders::{environments, library};

use super::output::{Done, Failure};

/// Write a small complete environment to change into your own. Never overwrites a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  shadergym new-env point_mass                      into shaders/custom/ of the repository, else into this folder
  shadergym new-env PointMass --family physics      into shaders/physics/
  shadergym new-env point_mass --path experiments   into experiments/")]
pub struct Args {
    /// Name: `point_mass`, `point-mass`, `PointMass` or `PointMass-v0`
    name: String,
    /// Folder of related environments, made if missing; default in the repository: custom
    #[arg(long, value_parser = family)]
    family: Option<String>,
    /// Write into this folder instead of the repository's shaders/; it must exist
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    // `windy-walk` is how people write names of commands and folders.
    let name = args.name.strip_suffix("-v0").unwrap_or(&args.name).replace('-', "_");
    let (file, text) = template(&name).map_err(|e| Failure::Message(e.to_string()))?;
    let repository = args.path.is_none().then(repository_shaders).flatten();
    let mut folder = match (&args.path, &repository) {
        (Some(path), _) => path.clone(),
        (None, Some(shaders)) => shaders.clone(),
        (None, None) => PathBuf::new(),
    };
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        let shown = folder.display();
        return Err(Failure::Message(format!(
            "the folder {shown} does not exist; make it first, or choose another --path"
        )));
    }
    match (&args.family, &repository) {
        (Some(family), _) => folder.push(family),
        (None, Some(_)) => folder.push("custom"),
        (None, None) => {}
    }
    let path = folder.join(&file);
    let id = compile(&path, &text, library())?.facts.id;
    if repository.is_some()
        && let Some(other) = environments().iter().find(|e| e.id == id || path.file_stem().is_some_and(|s| s == e.stem))
    {
        let place = format!("shaders/{}/{}.wgsl", other.facts().family, other.stem);
        return Err(Failure::Message(format!(
            "there is already an environment {} ({place}); choose another name",
            other.id
        )));
    }
    write_new(&folder, &path, &text)?;
    let shown = path.display();
    writeln!(out, "wrote {shown}: {id}, {} lines. It works as it stands; next:", text.lines().count())?;
    if repository.is_some() {
        writeln!(out, "  1. change the rules in {shown}; its comments say what each part is for")?;
        writeln!(out, "  2. cargo run --release -- render {id} -o {}.gif    (it is in the registry now)", stem(&path))?;
        writeln!(out, "  3. cargo test --release                            (all tests run over it)")?;
    } else {
        writeln!(out, "  1. change the rules in {shown}; its comments say what each part is for")?;
        writeln!(out, "  2. shadergym render {shown} -o {}.gif    (GPU, software Vulkan will do)", stem(&path))?;
        writeln!(out, "  3. shadergym spec {shown}                (its spaces and docs as others see them)")?;
        writeln!(out, "  For SIMD kernels on the CPU put it into shaders/<family>/ of the repository and build.")?;
    }
    Ok(())
}

/// Creates the file; an existing one stays as it is.
pub(super) fn write_new(folder: &Path, path: &Path, text: &str) -> Done {
    let shown = path.display();
    let failed = |e: std::io::Error| Failure::Message(format!("cannot write {shown}: {e}"));
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = opened.map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            Failure::Message(format!("{shown} exists and stays as it is; choose another name or place"))
        }
        _ => failed(e),
    })?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// The `shaders` folder of the repository that the current folder is in, relative to it where it is the root.
fn repository_shaders() -> Option<PathBuf> {
    if Path::new("shaders/kernel").is_dir() {
        return Some(PathBuf::from("shaders"));
    }
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|a| a.join("shaders")).find(|s| s.join("kernel").is_dir())
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or(String::new(), |s| s.to_string_lossy().into_owned())
}

/// Parses `--family`: the name of a folder that the build looks into.
fn family(text: &str) -> Result<String, String> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    // The folders beside the families.
    if !fits || NOT_FAMILIES.contains(&text) {
        let taken = NOT_FAMILIES.join(", ");
        return Err(format!("allowed is a name like `classic_control`, other than {taken}"));
    }
    Ok(text.to_owned())
}
