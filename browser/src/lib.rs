//! A browser's WebGPU as a device of wgpu.
//!
//! [`instance`] gives a `wgpu::Instance` whose one adapter is that of a headless Chromium: everything that is written
//! for wgpu then runs there, its WGSL compiled by the browser (Tint) instead of naga, on nothing but the features and
//! limits that every browser with WebGPU has. Compute only. Calls become commands, which `page/host.js` carries out.
//!
//! The tests use it as a second, independent implementation. It needs Node.js, `npm ci` in this crate's folder, and a
//! browser; [`missing`] says what is not there.

mod adapter;
mod buffer;
mod device;
mod encoder;
mod process;
mod session;

use serde_json::json;

use session::Session;

/// What must be installed before there can be a browser, if anything.
pub fn missing() -> Option<String> {
    process::missing()
}

/// An instance whose only adapter is the browser's; without adapters where the browser does not start. The browser runs
/// until the process ends.
pub fn instance() -> wgpu::Instance {
    wgpu::Instance::from_custom(adapter::Instance)
}

/// One message of the browser's WGSL compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The text is refused; otherwise this is a warning or a hint.
    pub is_error: bool,
    /// From 1; 0 where the message has no place.
    pub line: u64,
    /// From 1, in UTF-16 units; 0 where the message has no place.
    pub column: u64,
    /// In the compiler's words.
    pub text: String,
}

/// What the browser's compiler says of WGSL texts, in their order.
///
/// # Errors
/// The browser does not start or has no WebGPU, in words.
pub fn check(texts: &[&str]) -> Result<Vec<Vec<Message>>, String> {
    let session = Session::shared()?;
    let device = session.id();
    session.call(device, json!({"op": "device", "id": device}))?;
    let check = |text: &&str| {
        let messages = session.call(device, json!({"op": "check", "code": text}))?;
        let message = |m: &serde_json::Value| Message {
            is_error: m["type"] == "error",
            line: m["line"].as_u64().unwrap_or(0),
            column: m["column"].as_u64().unwrap_or(0),
            text: m["message"].as_str().unwrap_or_default().to_owned(),
        };
        Ok(messages.as_array().into_iter().flatten().map(message).collect())
    };
    texts.iter().map(check).collect()
}
