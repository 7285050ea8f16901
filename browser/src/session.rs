//! Commands on their way to the page, and what comes back: values, errors for their scopes, mapped memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;

use serde_json::{Value, json};

use crate::process::Process;

/// A mapped piece of a buffer; words, so that it is aligned.
pub(crate) type Mapped = Arc<Mutex<Option<(u64, Arc<Vec<u32>>)>>>;

/// A read that waits for the next flush.
struct Read {
    into: Mapped,
    offset: u64,
    callback: wgpu::custom::BufferMapCallback,
}

/// A command and what must happen with its result.
struct Pending {
    thread: ThreadId,
    device: u64,
    command: Value,
    read: Option<Read>,
}

struct Scope {
    filter: wgpu::ErrorFilter,
    error: Option<wgpu::Error>,
}

/// What a device was told to do when something happens to it.
#[derive(Default)]
struct Callbacks {
    uncaptured: Option<Arc<dyn wgpu::UncapturedErrorHandler>>,
    lost: Option<wgpu::custom::BoxDeviceLostCallback>,
}

struct State {
    process: Process,
    pending: Vec<Pending>,
    /// Error scopes of each thread and device, the innermost last.
    scopes: HashMap<(ThreadId, u64), Vec<Scope>>,
    callbacks: HashMap<u64, Callbacks>,
}

/// The one browser of this process.
pub(crate) struct Session {
    state: Mutex<State>,
    ids: AtomicU64,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

type After = Box<dyn FnOnce() + Send>;

impl Session {
    /// Starts the browser on first use.
    pub fn shared() -> Result<&'static Self, String> {
        static SESSION: OnceLock<Result<Session, String>> = OnceLock::new();
        let start = || {
            let (pending, scopes, callbacks) = Default::default();
            let state = State { process: Process::start()?, pending, scopes, callbacks };
            Ok(Session { state: Mutex::new(state), ids: AtomicU64::new(1) })
        };
        SESSION.get_or_init(start).as_ref().map_err(Clone::clone)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for a new object.
    pub fn id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Appends a command; it is carried out with the next flush, in the order of all commands.
    pub fn push(&self, device: u64, command: Value) {
        self.lock().push(device, command, None);
    }

    /// Appends a read of a buffer.
    pub fn read(
        &self,
        device: u64,
        buffer: u64,
        range: std::ops::Range<u64>,
        into: Mapped,
        callback: wgpu::custom::BufferMapCallback,
    ) {
        let size = range.end - range.start;
        let command = json!({"op": "read", "buffer": buffer, "offset": range.start, "size": size});
        self.lock().push(device, command, Some(Read { into, offset: range.start, callback }));
    }

    /// Carries out everything appended so far, and waits for it.
    pub fn flush(&self) {
        let after = self.lock().flush();
        after.into_iter().for_each(|call| call());
    }

    /// One command by itself: its value.
    pub fn call(&self, device: u64, command: Value) -> Result<Value, String> {
        let mut state = self.lock();
        let after = state.flush();
        let result = state.process.run(vec![with_device(device, command)]);
        drop(state);
        after.into_iter().for_each(|call| call());
        let mut result = result?.remove(0);
        match result["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(result["value"].take()),
        }
    }

    pub fn push_scope(&self, device: u64, filter: wgpu::ErrorFilter) -> u32 {
        let mut state = self.lock();
        let after = state.flush();
        let scopes = state.scopes.entry((std::thread::current().id(), device)).or_default();
        scopes.push(Scope { filter, error: None });
        let index = scopes.len() as u32 - 1;
        drop(state);
        after.into_iter().for_each(|call| call());
        index
    }

    pub fn pop_scope(&self, device: u64, index: u32) -> Option<wgpu::Error> {
        self.flush();
        let mut state = self.lock();
        let scopes = state.scopes.get_mut(&(std::thread::current().id(), device))?;
        let scope = scopes.get_mut(index as usize).and_then(|scope| scope.error.take());
        scopes.truncate(index as usize);
        scope
    }

    pub fn on_uncaptured(&self, device: u64, handler: Arc<dyn wgpu::UncapturedErrorHandler>) {
        self.lock().callbacks.entry(device).or_default().uncaptured = Some(handler);
    }

    pub fn on_lost(&self, device: u64, callback: wgpu::custom::BoxDeviceLostCallback) {
        self.lock().callbacks.entry(device).or_default().lost = Some(callback);
    }
}

fn with_device(device: u64, mut command: Value) -> Value {
    command["device"] = device.into();
    command
}

impl State {
    fn push(&mut self, device: u64, command: Value, read: Option<Read>) {
        let thread = std::thread::current().id();
        self.pending.push(Pending { thread, device, command: with_device(device, command), read });
    }

    /// Gives what to call once the lock is free: callbacks may use the device again.
    #[must_use]
    fn flush(&mut self) -> Vec<After> {
        if self.pending.is_empty() {
            return Vec::new();
        }
        let mut pending = std::mem::take(&mut self.pending);
        let commands = pending.iter_mut().map(|p| p.command.take()).collect();
        let results = self.process.run(commands);
        let mut after: Vec<After> = Vec::new();
        for (i, Pending { thread, device, read, .. }) in pending.into_iter().enumerate() {
            // Without a browser every command fails, and every device is lost.
            let (value, error, kind, lost) = match &results {
                Ok(results) => {
                    let text = |key: &str| results[i][key].as_str().map(str::to_owned);
                    (text("value"), text("error"), text("kind"), text("lost"))
                }
                Err(message) => (None, Some(message.clone()), Some("internal".to_owned()), Some(message.clone())),
            };
            if let Some(Read { into, offset, callback }) = read {
                let words = value.and_then(|text| words(&text));
                let mapped = words.map(|words| (offset, Arc::new(words)));
                let result = if mapped.is_some() { Ok(()) } else { Err(wgpu::BufferAsyncError) };
                *into.lock().unwrap_or_else(PoisonError::into_inner) = mapped;
                after.push(Box::new(move || callback(result)));
            }
            if let Some(message) = error {
                after.extend(self.report(thread, device, &kind.unwrap_or_default(), message));
            }
            if let Some(message) = lost
                && let Some(callback) = self.callbacks.get_mut(&device).and_then(|c| c.lost.take())
            {
                after.push(Box::new(move || callback(wgpu::DeviceLostReason::Unknown, message)));
            }
        }
        after
    }

    /// Gives an error to the innermost scope for its kind, else to the device's handler.
    fn report(&mut self, thread: ThreadId, device: u64, kind: &str, message: String) -> Option<After> {
        let source = message.clone().into();
        let (filter, error) = match kind {
            "validation" => (wgpu::ErrorFilter::Validation, wgpu::Error::Validation { source, description: message }),
            "out-of-memory" => (wgpu::ErrorFilter::OutOfMemory, wgpu::Error::OutOfMemory { source }),
            _ => (wgpu::ErrorFilter::Internal, wgpu::Error::Internal { source, description: message }),
        };
        let mut scopes = self.scopes.get_mut(&(thread, device)).into_iter().flatten().rev();
        if let Some(scope) = scopes.find(|scope| scope.filter == filter) {
            scope.error.get_or_insert(error);
            return None;
        }
        let handler = self.callbacks.get(&device).and_then(|c| c.uncaptured.clone());
        Some(Box::new(move || match handler {
            Some(handler) => handler(error),
            None => panic!("{error}"),
        }))
    }
}

/// The words of base64 text.
fn words(text: &str) -> Option<Vec<u32>> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    Some(bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}
