//! From an id or a file to a batch. The list of environments is the folder of shaders; none is kept by hand.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use shadergym_compiler::{Compiled, Facts, compile_variant, nearest};
use shadergym_shaders::{Environment, environments};

use crate::backend::cpu::CpuBackend;
use crate::backend::{Backend, Control};
use crate::batch::{Batch, BatchOptions};
use crate::device::{Choice, Device};
use crate::error::{Error, Result};
use crate::params::Params;

/// Facts of the shipped environments, in the order of their stems.
static FACTS: LazyLock<Vec<Arc<Facts>>> =
    LazyLock::new(|| environments().iter().map(|e| Arc::new(e.facts().clone())).collect());

/// Ids of all shipped environments, sorted by the names of their files.
pub fn ids() -> impl ExactSizeIterator<Item = &'static str> {
    environments().iter().map(|e| e.id)
}

/// What the file of a shipped environment declares: docs, spaces, parameters and state with their units.
///
/// # Errors
/// [`Error::UnknownId`].
pub fn spec(id: &str) -> Result<&'static Facts> {
    Ok(&FACTS[find(id)?])
}

/// The default parameters of a shipped environment, to change and give to [`BatchOptions::params`] or [`Batch::set_params`].
///
/// # Errors
/// [`Error::UnknownId`].
pub fn default_params(id: &str) -> Result<Params> {
    Ok(Params::defaults(&FACTS[find(id)?]))
}

/// A batch of `num_envs` instances with all other options at their defaults.
///
/// # Errors
/// [`Error::UnknownId`], [`Error::InvalidOption`], [`Error::TooLarge`].
pub fn make(id: &str, num_envs: usize) -> Result<Batch> {
    make_with(id, &BatchOptions::new(num_envs))
}

/// A batch with chosen options.
///
/// # Errors
/// [`Error::UnknownId`], [`Error::InvalidOption`], [`Error::TooLarge`]; with a GPU device [`Error::NoAdapter`],
/// [`Error::NoGpuBackend`], [`Error::DeviceFailed`].
pub fn make_with(id: &str, options: &BatchOptions) -> Result<Batch> {
    let index = find(id)?;
    let facts = &FACTS[index];
    let control = options.check(facts)?;
    let environment = &environments()[index];
    let choice = choose_device(&options.device, options.num_envs);
    let backend = open_backend(&Program::Shipped(environment), facts, options, control, &choice.device)?;
    Batch::new(facts.clone(), options, control, backend)
}

/// A batch of an environment that was compiled into a program and may be none of the shipped ones.
///
/// # Errors
/// As [`make_with`].
pub fn make_compiled(environment: &'static Environment, options: &BatchOptions) -> Result<Batch> {
    let facts = Arc::new(environment.facts().clone());
    let control = options.check(&facts)?;
    let choice = choose_device(&options.device, options.num_envs);
    let backend = open_backend(&Program::Shipped(environment), &facts, options, control, &choice.device)?;
    Batch::new(facts, options, control, backend)
}

/// A batch of a user's own environment file, compiled now, in milliseconds. On the CPU it is interpreted, with results
/// bitwise those that it would have as a shipped environment; a loop without end then gives [`Error::EndlessLoop`].
/// `my.wgsl#Big-v0` is the variant `Big-v0` that the file lists.
///
/// # Errors
/// [`Error::Unreadable`], [`Error::Compile`] with file, line, excerpt and fix, [`Error::InvalidOption`], [`Error::TooLarge`], [`Error::NoAdapter`], [`Error::NoGpuBackend`], [`Error::DeviceFailed`].
pub fn make_from_file(path: impl AsRef<Path>, options: &BatchOptions) -> Result<Batch> {
    let compiled = compile_file(path.as_ref())?.1;
    let facts = Arc::new(compiled.facts.clone());
    let compiled = Arc::new(compiled);
    let control = options.check(&facts)?;
    let choice = choose_device(&options.device, options.num_envs);
    let backend = open_backend(&Program::File(&compiled), &facts, options, control, &choice.device)?;
    Batch::new(facts, options, control, backend)
}

/// A user's own environment file, its text and what the compiler makes of it; `my.wgsl#Big-v0` is a variant that it lists.
///
/// # Errors
/// [`Error::Unreadable`], [`Error::Compile`].
pub fn compile_file(path: &Path) -> Result<(String, Compiled)> {
    let (path, variant) = of_variant(path);
    let source = read(&path)?;
    let compiled = compile_variant(&path, &source, shadergym_shaders::library(), variant.as_deref())?;
    Ok((source, compiled))
}

/// The text of a user's own file.
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|e| Error::Unreadable { path: path.display().to_string(), message: e.to_string() })
}

/// Whether a name stands for a file, or for a variant that a file lists, and not for an id.
pub fn is_file(name: &str) -> bool {
    name.ends_with(".wgsl") || name.contains(".wgsl#")
}

/// A name that means the same in every folder: that of a file with its whole path, an id as it is.
pub fn absolute_name(name: &str) -> String {
    let (path, variant) = of_variant(Path::new(name));
    match std::fs::canonicalize(path) {
        Ok(path) if is_file(name) => {
            let variant = variant.map_or(String::new(), |id| format!("#{id}"));
            format!("{}{variant}", path.display())
        }
        _ => name.to_owned(),
    }
}

/// The file, and the id behind `.wgsl#`.
pub(crate) fn of_variant(path: &Path) -> (PathBuf, Option<String>) {
    match path.to_str().and_then(|text| text.rsplit_once(".wgsl#")) {
        Some((stem, id)) if !path.exists() => (PathBuf::from(format!("{stem}.wgsl")), Some(id.to_owned())),
        _ => (path.to_owned(), None),
    }
}

/// Where a batch of `num_envs` instances would run, and why.
pub fn choose_device(device: &Device, num_envs: usize) -> Choice {
    device.choose(num_envs, hardware)
}

pub(crate) fn find(id: &str) -> Result<usize> {
    environments()
        .iter()
        .position(|e| e.id == id)
        .ok_or_else(|| Error::UnknownId { id: id.to_owned(), nearest: nearest(id, ids()).map(str::to_owned) })
}

/// What a back end runs.
enum Program<'a> {
    /// A shipped environment: CPU kernels and WGSL.
    Shipped(&'static Environment),
    /// A file compiled at run time.
    File(&'a Arc<Compiled>),
}

/// The one place that knows the constructors of the back ends. `device` is never `Auto`.
fn open_backend(
    program: &Program<'_>,
    facts: &Arc<Facts>,
    options: &BatchOptions,
    control: Control,
    device: &Device,
) -> Result<Box<dyn Backend>> {
    match (device, program) {
        (Device::Gpu(selector), _) => open_gpu(selector.as_ref(), facts, program, options.num_envs, control),
        (_, Program::Shipped(environment)) => {
            let backend = CpuBackend::new(environment, options.num_envs, control, options.num_threads, options.level)?;
            Ok(Box::new(backend))
        }
        (_, Program::File(compiled)) => {
            let (threads, level) = (options.num_threads, options.level);
            let compiled = Arc::clone(compiled);
            Ok(Box::new(CpuBackend::interpreted(compiled, options.num_envs, control, threads, level)?))
        }
    }
}

#[cfg(feature = "gpu")]
fn open_gpu(
    selector: Option<&crate::device::AdapterSelector>,
    facts: &Arc<Facts>,
    program: &Program<'_>,
    num_envs: usize,
    control: Control,
) -> Result<Box<dyn Backend>> {
    use crate::backend::gpu::{GpuBackend, Kernel, Source};
    let context = crate::gpu::GpuContext::shared(selector.map(ToString::to_string).as_deref())?;
    let kernel = match program {
        Program::Shipped(environment) => {
            let compiled = environment.compiled();
            Kernel { source: Source::Shipped(&compiled.kernel_source), tables: &compiled.tables }
        }
        Program::File(compiled) => Kernel { source: Source::File(&compiled.kernel_source), tables: &compiled.tables },
    };
    let backend = GpuBackend::new(context, facts.clone(), &kernel, num_envs, control)?;
    Ok(Box::new(backend))
}

#[cfg(not(feature = "gpu"))]
fn open_gpu(
    _: Option<&crate::device::AdapterSelector>,
    _: &Arc<Facts>,
    _: &Program<'_>,
    _: usize,
    _: Control,
) -> Result<Box<dyn Backend>> {
    Err(Error::NoGpuBackend)
}

/// Index and name of the best hardware adapter.
fn hardware() -> Option<(usize, String)> {
    #[cfg(feature = "gpu")]
    return crate::gpu::hardware_adapter().map(|adapter| (adapter.index, adapter.name));
    #[cfg(not(feature = "gpu"))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_ids_get_a_suggestion() {
        let id = ids().next().expect("an environment");
        assert_eq!(spec(id).unwrap().id, id);
        assert_eq!(default_params(id).unwrap().words(), spec(id).unwrap().default_params);
        let close = id.to_lowercase().replace('-', "");
        let error = make(&close, 1).unwrap_err().to_string();
        assert!(error.contains(&format!("`{close}`. Did you mean `{id}`?")), "{error}");
        assert!(make("Zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 1).unwrap_err().to_string().contains("shadergym list"));
        assert!(matches!(make(id, 0), Err(Error::InvalidOption { option: "num_envs", .. })));
    }

    #[test]
    fn files_run_on_the_cpu() {
        let options = BatchOptions::new(3).device(Device::Cpu);
        let error = make_from_file("no/such/file.wgsl", &options).unwrap_err().to_string();
        assert!(error.starts_with("cannot read no/such/file.wgsl"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.wgsl");
        let make = |text: &str| {
            std::fs::write(&path, text).unwrap();
            make_from_file(&path, &options)
        };
        assert!(matches!(make("fn broken(").unwrap_err(), Error::Compile(_)));
        let mut batch = make(environments()[0].source).unwrap();
        assert!(batch.describe().contains("interpreter"), "{}", batch.describe());
        batch.reset(1).unwrap();
        assert_eq!(batch.rollout(10).unwrap().transitions, 30);
    }

    #[test]
    fn a_loop_without_end_is_an_error() {
        let source = include_str!("../examples/user_env.wgsl");
        let head = "action: Action, rng: ptr<function, Rng>) -> Outcome {";
        assert!(source.contains(head));
        // Ends where the boat is on the near side, which it is at first.
        let source =
            source.replace(head, &format!("{head}\n    while (*state).position.y > 0.5 {{ _ = rng_normal(rng); }}"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shadergym_endless.wgsl");
        std::fs::write(&path, source).unwrap();
        let mut batch = make_from_file(&path, &BatchOptions::new(2).device(Device::Cpu)).unwrap();
        batch.reset(1).unwrap();
        batch.rollout(1).unwrap();
        let mut state = batch.get_state(..).unwrap();
        state[1] = 0.75f32.to_bits();
        batch.set_state(.., &state).unwrap();
        for _ in 0..2 {
            let error = batch.rollout(1).unwrap_err();
            assert!(matches!(error, Error::EndlessLoop { .. }), "{error}");
            assert!(error.to_string().contains("shadergym_endless"), "{error}");
        }
        batch.reset(1).unwrap();
        assert_eq!(batch.rollout(1).unwrap().transitions, 2);
    }
}
