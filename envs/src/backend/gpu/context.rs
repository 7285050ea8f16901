//! One open device per adapter and process, shared by all batches on it; its failures become errors, never panics.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use super::adapter::{AdapterInfo, enumerate, info, select_adapter};
use super::program::{DiskCache, Kernel, Program, Source};
use super::rounds;
use crate::error::{Error, Result};

/// An open device with its queue and the pipelines made on it.
///
/// Obtained from [`GpuContext::shared`]; all batches of a process on one adapter share one context, and a learner
/// that wants to work on the same buffers takes the handles from here. Errors that the learner's own calls cause
/// outside an error scope are kept in [`GpuContext::last_error`].
#[derive(Debug)]
pub struct GpuContext {
    /// The instance that the adapter came from.
    pub instance: wgpu::Instance,
    /// The adapter.
    pub adapter: wgpu::Adapter,
    /// The device, opened with all stable features and the full limits of the adapter.
    pub device: wgpu::Device,
    /// Its only queue; what is submitted runs in order.
    pub queue: wgpu::Queue,
    /// What the adapter says of itself.
    pub info: AdapterInfo,
    /// Rounds of all loops of an invocation together after which the driver ends every loop, without an error; None if it
    /// lets them run. Measured.
    pub loop_rounds: Option<u32>,
    pub(super) layout: wgpu::BindGroupLayout,
    pub(super) pipeline_layout: wgpu::PipelineLayout,
    pub(super) cache: DiskCache,
    programs: Mutex<HashMap<Key, Arc<Program>>>,
    faults: Arc<Faults>,
}

/// What tells programs apart.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    /// Address and length of a text that stays.
    Place(usize, usize),
    /// The text.
    Text(String),
}

/// What the callbacks of the device report.
#[derive(Debug, Default)]
struct Faults {
    /// Why the device is gone for good.
    lost: Mutex<Option<String>>,
    /// The newest error outside any error scope.
    uncaptured: Mutex<Option<String>>,
}

static CONTEXTS: LazyLock<Mutex<HashMap<usize, Arc<GpuContext>>>> = LazyLock::new(Mutex::default);

/// A panic while a lock was held leaves plain data behind that is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GpuContext {
    /// The context of the adapter that `selector` means (see [`select_adapter`]), opened on first use and again
    /// after its device was lost.
    ///
    /// # Errors
    /// [`Error::NoAdapter`]; [`Error::DeviceFailed`] if the driver refuses to open the device.
    pub fn shared(selector: Option<&str>) -> Result<Arc<Self>> {
        let wanted = select_adapter(selector)?;
        let mut contexts = lock(&CONTEXTS);
        if let Some(context) = contexts.get(&wanted.index)
            && context.alive().is_ok()
        {
            return Ok(context.clone());
        }
        let context = Arc::new(Self::open(&wanted)?);
        contexts.insert(wanted.index, context.clone());
        Ok(context)
    }

    /// Opens a context of its own.
    fn open(wanted: &AdapterInfo) -> Result<Self> {
        let failed = |message: String| Error::DeviceFailed { device: wanted.name.clone(), message };
        let mut adapters = enumerate();
        if wanted.index >= adapters.len() {
            return Err(failed("the adapter disappeared".to_owned()));
        }
        let (instance, adapter) = adapters.swap_remove(wanted.index);
        let info = info(wanted.index, &adapter);
        // All stable features, because libraries that share the device decide by what the adapter has. Mappable
        // primary buffers are left out: some drivers then place every buffer in slow memory.
        let features =
            adapter.features() - wgpu::Features::all_experimental_mask() - wgpu::Features::MAPPABLE_PRIMARY_BUFFERS;
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("shadergym"),
            required_features: features,
            required_limits: adapter.limits(),
            ..Default::default()
        }))
        .map_err(|e| failed(e.to_string()))?;
        let faults = Arc::new(Faults::default());
        let seen = faults.clone();
        device.set_device_lost_callback(move |reason, message| {
            *lock(&seen.lost) = Some(format!("device lost ({reason:?}): {message}"));
        });
        let seen = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            *lock(&seen.uncaptured) = Some(error.to_string());
        }));
        let layout = bind_group_layout(&device);
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("shadergym"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let cache = DiskCache::open(&device, &adapter.get_info());
        let programs = Mutex::default();
        let loop_rounds = None;
        let mut context = Self {
            instance,
            adapter,
            device,
            queue,
            info,
            loop_rounds,
            layout,
            pipeline_layout,
            cache,
            programs,
            faults,
        };
        context.loop_rounds = rounds::measure(&context)?;
        Ok(context)
    }

    /// The pipelines of a kernel and the buffer of its tables, made on first use.
    ///
    /// # Errors
    /// [`Error::DeviceFailed`] if the driver refuses the kernel.
    pub(super) fn program(&self, kernel: &Kernel<'_>) -> Result<Arc<Program>> {
        // What is shipped is compiled once and has a place of its own, which saves hashing the text.
        let key = match kernel.source {
            Source::Shipped(text) => Key::Place(text.as_ptr() as usize, text.len()),
            Source::File(text) => Key::Text(text.to_owned()),
        };
        if let Some(program) = lock(&self.programs).get(&key) {
            return Ok(program.clone());
        }
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let buffer = self.buffer("the tables", kernel.tables.len(), usage)?;
        let program = Arc::new(self.guard("read the kernel", || {
            self.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(kernel.tables));
            Program::new(kernel.source, buffer)
        })?);
        lock(&self.programs).insert(key, program.clone());
        Ok(program)
    }

    /// Where compiled pipelines are kept between runs and what went wrong there, for `shadergym doctor`.
    pub fn pipeline_cache_report(&self) -> String {
        self.cache.report()
    }

    /// The newest error that no error scope caught: one that a caller's own use of the handles caused.
    pub fn last_error(&self) -> Option<String> {
        lock(&self.faults.uncaptured).clone()
    }

    /// Whether the device still works.
    ///
    /// # Errors
    /// [`Error::DeviceFailed`] once it is lost.
    pub fn check(&self) -> Result<()> {
        match &*lock(&self.faults.lost) {
            Some(message) => Err(self.failed(message.clone())),
            None => Ok(()),
        }
    }

    /// [`Self::check`] after asking the device for news.
    fn alive(&self) -> Result<()> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.device.poll(wgpu::PollType::Poll)));
        if polled.is_err() {
            lock(&self.faults.lost).get_or_insert_with(|| "device lost".to_owned());
        }
        self.check()
    }

    /// The error of this device with a message.
    pub(super) fn failed(&self, message: impl Into<String>) -> Error {
        Error::DeviceFailed { device: self.info.name.clone(), message: message.into() }
    }

    /// Runs work on the device and turns everything that wgpu reports meanwhile (on this thread) into an error, as
    /// well as a panic: wgpu panics where waiting on a lost device fails.
    pub fn guard<T>(&self, doing: &str, work: impl FnOnce() -> T) -> Result<T> {
        self.check()?;
        let filters = [wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation];
        let scopes = filters.map(|filter| self.device.push_error_scope(filter));
        let result = catch_unwind(AssertUnwindSafe(work));
        let mut errors = Vec::new();
        for scope in scopes.into_iter().rev() {
            errors.extend(pollster::block_on(scope.pop()));
        }
        if let Some(error) = errors.first() {
            // A lost device says so in a callback, which runs inside a poll.
            self.alive()?;
            return Err(self.failed(format!("could not {doing}: {error}")));
        }
        result.map_err(|panic| {
            let text =
                panic.downcast_ref::<String>().cloned().or(panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            let message = text.unwrap_or_default();
            // The device cannot be trusted after that, whether or not its callback came.
            lock(&self.faults.lost).get_or_insert_with(|| message.clone());
            self.failed(format!("could not {doing}: {message}"))
        })
    }

    /// Waits until a submission is done.
    ///
    /// # Errors
    /// [`Error::DeviceFailed`].
    pub fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        self.guard("wait for the device", || {
            self.device.poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: None })
        })?
        .map(|_| ())
        .map_err(|e| self.failed(e.to_string()))
    }

    /// Makes a buffer of `words` 32-bit words (at least one), filled with zeros.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond the adapter's limit, [`Error::DeviceFailed`] if there is no memory.
    pub fn buffer(&self, what: &str, words: usize, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        let size = 4 * words.max(1) as u64;
        let allowed = self.info.max_buffer_bytes();
        if size > allowed {
            let device = self.info.name.clone();
            return Err(Error::TooLarge { what: what.to_owned(), needed: size, allowed, device });
        }
        self.guard(&format!("allocate {size} bytes for {what}"), || {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(what),
                size,
                usage,
                mapped_at_creation: false,
            })
        })
    }
}

/// The bindings of the kernel: control, instances, pending parameters, inputs, outputs, tables.
fn bind_group_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
    let entries: Vec<_> =
        [wgpu::BufferBindingType::Uniform, storage(false), storage(true), storage(true), storage(false), storage(true)]
            .into_iter()
            .zip(0..)
            .map(|(ty, binding)| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
                count: None,
            })
            .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some("shadergym"), entries: &entries })
}
