//! Pipelines of one kernel source, and the driver's compiled form of them on disk.

use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::context::GpuContext;
use crate::backend::AutoresetMode;
use crate::error::Result;

/// The pipelines of one kernel on one device.
#[derive(Debug)]
pub(super) struct Program {
    source: String,
    trusted: bool,
    /// The environment's large constant arrays.
    pub tables: wgpu::Buffer,
    /// Made on first use, each.
    pipelines: Mutex<HashMap<Entry, wgpu::ComputePipeline>>,
    /// Those of learners, by their text.
    learners: Mutex<HashMap<String, wgpu::ComputePipeline>>,
    /// Time that making the module and the pipelines has taken so far, in nanoseconds.
    nanoseconds: AtomicU64,
}

/// A pipeline of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Entry {
    /// Starts and seeds instances.
    Reset,
    /// Draws one instance.
    Render,
    /// Makes transitions; the options are constants of the pipeline.
    Rollout(Variant),
}

/// The overrides of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Variant {
    pub autoreset: AutoresetMode,
    pub sticky: bool,
    pub actions_given: bool,
    pub record: bool,
    /// One step per dispatch, without totals.
    pub single: bool,
    /// All instances have the same parameters.
    pub common_params: bool,
    /// Workgroups gather rows; not together with `record`.
    pub staged: bool,
}

/// WGSL of a kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Of a shipped environment: its loops are known to end, so the driver need not count iterations.
    Shipped(&'static str),
    /// Of a file that was compiled at run time.
    File(&'a str),
}

/// What a GPU runs for an environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel<'a> {
    pub source: Source<'a>,
    /// Words of `kernel_tables`.
    pub tables: &'a [u32],
}

impl Program {
    /// A kernel and its tables; the pipelines follow when they are needed.
    pub fn new(source: Source<'_>, tables: wgpu::Buffer) -> Self {
        let (Source::Shipped(text) | Source::File(text)) = source;
        let trusted = matches!(source, Source::Shipped(_));
        let (source, pipelines, nanoseconds) = (text.to_owned(), Mutex::default(), AtomicU64::new(0));
        Self { source, trusted, tables, pipelines, learners: Mutex::default(), nanoseconds }
    }

    /// Parses and checks the source, and what is linked behind it, with these overrides as constants. naga's own replacement
    /// of overrides stumbles over parts of constant vectors and matrices ("already in scope"), and parsing anew takes
    /// milliseconds.
    fn module(&self, context: &GpuContext, overrides: &[(&str, String)], behind: &str) -> wgpu::ShaderModule {
        let of_driver = [
            ("KERNEL_ROUNDS_LIMITED", context.loop_rounds.is_some().to_string()),
            ("KERNEL_KEEP_LOOPS", format!("{}u", if context.info.is_software() { u32::MAX } else { 0 })),
        ];
        let source = with_constants(&self.source, &[&of_driver[..], overrides].concat()) + behind;
        let descriptor =
            wgpu::ShaderModuleDescriptor { label: Some("shadergym"), source: wgpu::ShaderSource::Wgsl(source.into()) };
        if self.trusted {
            // Array indices stay clamped and divisions checked: environments may rely on both. Only the counting of
            // loop iterations goes, which keeps drivers from unrolling.
            let mut checks = wgpu::ShaderRuntimeChecks::checked();
            checks.force_loop_bounding = false;
            // SAFETY: every loop of the shipped environments, of the kernel and of learners ends; files loaded at run time are
            // not trusted. All other checks stay on.
            unsafe { context.device.create_shader_module_trusted(descriptor, checks) }
        } else {
            context.device.create_shader_module(descriptor)
        }
    }

    /// The pipeline of an entry point; `render` is there only if the environment has a picture.
    ///
    /// # Errors
    /// [`crate::Error::DeviceFailed`] if the driver refuses it.
    pub fn pipeline(&self, context: &GpuContext, entry: Entry) -> Result<wgpu::ComputePipeline> {
        let mut pipelines = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = pipelines.get(&entry) {
            return Ok(pipeline.clone());
        }
        let begin = Instant::now();
        let (name, constants) = match entry {
            Entry::Reset => ("reset", vec![]),
            Entry::Render => ("render", vec![]),
            Entry::Rollout(variant) => (
                "rollout",
                vec![
                    ("KERNEL_AUTORESET", format!("{}u", variant.autoreset as u32)),
                    ("KERNEL_STICKY", variant.sticky.to_string()),
                    ("KERNEL_ACTIONS_GIVEN", variant.actions_given.to_string()),
                    ("KERNEL_RECORD", variant.record.to_string()),
                    ("KERNEL_SINGLE", variant.single.to_string()),
                    ("KERNEL_COMMON_PARAMS", variant.common_params.to_string()),
                    ("KERNEL_STAGED", variant.staged.to_string()),
                ],
            ),
        };
        let pipeline = context.guard(&format!("make the {name} pipeline"), || {
            let module = self.module(context, &constants, "");
            context.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&context.pipeline_layout),
                module: &module,
                entry_point: Some(name),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // Every word of it that is read was written before.
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache: context.cache.handle.as_ref(),
            })
        })?;
        self.nanoseconds.fetch_add(begin.elapsed().as_nanos() as u64, Ordering::Relaxed);
        pipelines.insert(entry, pipeline.clone());
        drop(pipelines);
        context.cache.save();
        Ok(pipeline)
    }

    /// The pipeline of a learner's entry point in a text that is linked behind the kernel, whose functions it calls;
    /// `bindings` are those of group 1. None where large values of the environment lie in memory: then the kernel is what
    /// naga has written, and its functions take other arguments.
    ///
    /// # Errors
    /// [`crate::Error::DeviceFailed`] if the driver refuses it.
    pub fn learner(
        &self,
        context: &GpuContext,
        text: &str,
        entry: &str,
        bindings: &wgpu::BindGroupLayout,
    ) -> Result<Option<wgpu::ComputePipeline>> {
        // naga keeps no aliases.
        if !self.source.contains("\nalias KernelActions") {
            return Ok(None);
        }
        let mut learners = self.learners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = learners.get(text) {
            return Ok(Some(pipeline.clone()));
        }
        // Who chooses the actions leaves the generator of random play alone.
        let constants = [("KERNEL_ACTIONS_GIVEN", true.to_string())];
        let pipeline = context.guard(&format!("make the {entry} pipeline"), || {
            let module = self.module(context, &constants, text);
            let layout = context.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(entry),
                bind_group_layouts: &[Some(&context.layout), Some(bindings)],
                immediate_size: 0,
            });
            context.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry),
                layout: Some(&layout),
                module: &module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: context.cache.handle.as_ref(),
            })
        })?;
        learners.insert(text.to_owned(), pipeline.clone());
        drop(learners);
        context.cache.save();
        Ok(Some(pipeline))
    }

    /// Seconds that making the module and the pipelines has taken so far.
    pub fn creation_seconds(&self) -> f64 {
        self.nanoseconds.load(Ordering::Relaxed) as f64 * 1e-9
    }
}

/// The kernel with every `override` as a `const`, of the value given or of its own default.
fn with_constants(source: &str, values: &[(&str, String)]) -> String {
    let line = |line: &str| {
        let Some((name, rest)) = line.strip_prefix("override ").and_then(|rest| rest.split_once(':')) else {
            return line.to_owned();
        };
        let (ty, default) = rest.trim_end().trim_end_matches(';').split_once('=').unwrap_or((rest, ""));
        let value = values.iter().find(|(n, _)| *n == name).map_or(default.trim(), |(_, value)| value);
        format!("const {name}:{ty}= {value};")
    };
    source.lines().flat_map(|l| [line(l), "\n".to_owned()]).collect()
}

/// A cache file larger than this is thrown away rather than loaded.
const LARGEST_FILE: usize = 64 << 20;

/// The driver's pipeline cache, kept in the user's cache folder. Whatever goes wrong only costs time.
#[derive(Debug)]
pub(super) struct DiskCache {
    /// None where the driver has no such cache.
    pub handle: Option<wgpu::PipelineCache>,
    file: Option<PathBuf>,
    /// Size and trouble of the last load or save.
    state: Mutex<String>,
}

impl DiskCache {
    /// Loads the cache of this adapter, if the device supports one.
    pub fn open(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Self {
        if !device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return Self { handle: None, file: None, state: Mutex::new("not supported by the driver".to_owned()) };
        }
        let file = wgpu::util::pipeline_cache_key(info).zip(cache_folder()).map(|(key, folder)| folder.join(key));
        let (data, state) = match file.as_ref().map(fs::read) {
            None => (None, "no cache folder".to_owned()),
            Some(Err(e)) => (None, format!("not loaded ({e})")),
            Some(Ok(bytes)) => match unseal(&bytes) {
                Some(data) => (Some(data.to_vec()), format!("{} bytes loaded", data.len())),
                None => (None, "damaged file ignored".to_owned()),
            },
        };
        // SAFETY: the bytes came from `PipelineCache::get_data` for this adapter: the name holds its ids and the
        // checksum was written together with them. wgpu checks version and adapter once more.
        let handle = unsafe {
            device.create_pipeline_cache(&wgpu::PipelineCacheDescriptor {
                label: Some("shadergym"),
                data: data.as_deref(),
                fallback: true,
            })
        };
        Self { handle: Some(handle), file, state: Mutex::new(state) }
    }

    /// Writes the cache, atomically.
    pub fn save(&self) {
        let (Some(handle), Some(file)) = (&self.handle, &self.file) else { return };
        let Some(data) = handle.get_data() else { return };
        let state = if data.len() > LARGEST_FILE {
            format!("not saved: {} bytes are more than {LARGEST_FILE}", data.len())
        } else {
            let temporary = file.with_extension(format!("{}.new", std::process::id()));
            let written = file
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(&temporary, seal(&data)))
                .and_then(|()| fs::rename(&temporary, file));
            match written {
                Ok(()) => format!("{} bytes saved", data.len()),
                Err(e) => format!("not saved ({e})"),
            }
        };
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// One line for people.
    pub fn report(&self) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.file {
            Some(file) => format!("{}: {state}", file.display()),
            None => state.clone(),
        }
    }
}

/// Checksum in front of the data: a driver may trust what it gets.
fn seal(data: &[u8]) -> Vec<u8> {
    [&checksum(data).to_le_bytes(), data].concat()
}

fn unseal(bytes: &[u8]) -> Option<&[u8]> {
    let (sum, data) = bytes.split_first_chunk::<8>()?;
    (data.len() <= LARGEST_FILE && checksum(data) == u64::from_le_bytes(*sum)).then_some(data)
}

fn checksum(data: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    hasher.finish()
}

/// The folder of this suite in the user's cache folder, by the conventions of the platform.
fn cache_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("shadergym"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_become_constants() {
        for environment in shadergym_shaders::environments() {
            let text = with_constants(&environment.compiled().kernel_source, &[("KERNEL_SINGLE", "true".to_owned())]);
            let module = wgpu::naga::front::wgsl::parse_str(&text).unwrap();
            assert!(module.overrides.is_empty());
            assert!(
                text.contains("const KERNEL_SINGLE: bool = true;")
                    && text.contains("const KERNEL_STICKY: bool = true;")
            );
            assert_eq!(text.lines().count(), environment.compiled().kernel_source.lines().count());
        }
    }

    #[test]
    fn a_damaged_cache_file_is_refused() {
        let mut bytes = seal(b"pipelines");
        assert_eq!(unseal(&bytes), Some(&b"pipelines"[..]));
        bytes[10] ^= 1;
        assert_eq!(unseal(&bytes), None);
        assert_eq!(unseal(&bytes[..5]), None);
    }
}
