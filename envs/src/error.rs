//! What can go wrong at the border of the suite.

use shadergym_compiler::CompileError;

/// Every error of the suite; the text holds the bad value, the allowed range and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No environment has this id.
    #[error("there is no environment `{id}`. {}`shadergym list` shows all", .nearest.as_ref().map_or(String::new(), |n| format!("Did you mean `{n}`? ")))]
    UnknownId {
        /// The id asked for.
        id: String,
        /// The closest id.
        nearest: Option<String>,
    },
    /// An option has a value outside its range.
    #[error("option `{option}` is {value}, allowed is {allowed}")]
    InvalidOption {
        /// Name of the option.
        option: &'static str,
        /// The bad value.
        value: String,
        /// The allowed range.
        allowed: String,
    },
    /// An array has the wrong number of elements.
    #[error("{what} has {got} elements, expected {expected} ({shape})")]
    InvalidShape {
        /// Which array.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The needed length.
        expected: usize,
        /// The needed shape in words, e.g. `num_envs 64 x agents 1 x 1 word`.
        shape: String,
    },
    /// Actions of the wrong type: integers for a continuous space or floats for a discrete one.
    #[error("actions are {got}, this environment takes {expected}")]
    InvalidActionType {
        /// What was given.
        got: &'static str,
        /// What is needed.
        expected: String,
    },
    /// An action outside its space.
    #[error(
        "action {value} of instance {instance} (agent {agent}, element {element}) is invalid, allowed is {allowed}"
    )]
    InvalidAction {
        /// Instance index.
        instance: usize,
        /// Agent index.
        agent: usize,
        /// Element of the agent's action.
        element: usize,
        /// The bad value.
        value: String,
        /// The allowed range.
        allowed: String,
    },
    /// A parameter that does not exist.
    #[error("{id} has no parameter `{field}`. {}It has {known}", .nearest.as_ref().map_or(String::new(), |n| format!("Did you mean `{n}`? ")))]
    UnknownParam {
        /// Environment id.
        id: String,
        /// The name asked for.
        field: String,
        /// The closest name.
        nearest: Option<String>,
        /// All names.
        known: String,
    },
    /// A parameter outside its bounds.
    #[error("parameter `{field}`{} is {value}{}, allowed is {low} to {high}{}", of_instance(.instance), spaced(.unit), spaced(.unit))]
    ParamOutOfRange {
        /// Parameter name.
        field: String,
        /// Instance index; None while the parameters belong to no instance yet.
        instance: Option<usize>,
        /// The bad value.
        value: String,
        /// Lowest allowed value.
        low: String,
        /// Highest allowed value.
        high: String,
        /// Unit, `1` or empty for pure numbers.
        unit: String,
    },
    /// An instance index past the end.
    #[error("instance {instance} does not exist, the batch has {num_envs} (0 to {})", .num_envs - 1)]
    InvalidInstance {
        /// The bad index.
        instance: usize,
        /// Number of instances.
        num_envs: usize,
    },
    /// A state word that no state can hold (NaN or infinite).
    #[error("state field `{field}` of instance {instance} is {value}, it must be finite")]
    InvalidState {
        /// State field.
        field: String,
        /// Instance index.
        instance: usize,
        /// The bad value.
        value: String,
    },
    /// Step or rollout before the first reset, or on an ended instance with auto-reset disabled.
    #[error("{what}; call reset{} first", if *.mask { " with a mask that selects it" } else { "" })]
    ResetNeeded {
        /// What is not ready.
        what: String,
        /// A masked reset is enough.
        mask: bool,
    },
    /// A call after `close`.
    #[error("this batch of {id} is closed; make a new one")]
    Closed {
        /// Environment id.
        id: String,
    },
    /// An environment, or sizes, of which no random projection can be made.
    #[error(transparent)]
    Projection(#[from] shadergym_compiler::ProjectionError),
    /// The file has no `pixel` function.
    #[error(
        "{id} cannot be rendered: its shader has no `pixel` function; add `fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32>`"
    )]
    NotRenderable {
        /// Environment id.
        id: String,
    },
    /// No GPU, or not the one asked for.
    #[error(
        "no adapter {wanted} was found; found: {found}. Install a Vulkan driver (mesa-vulkan-drivers gives a software one) or use the cpu device"
    )]
    NoAdapter {
        /// What was asked for.
        wanted: String,
        /// What there is.
        found: String,
    },
    /// The GPU went away or refused an operation; the batch is unusable, others are not.
    #[error("the GPU device `{device}` failed: {message}; make a new batch, on the cpu device if it fails again")]
    DeviceFailed {
        /// Adapter name.
        device: String,
        /// What the driver said.
        message: String,
    },
    /// The driver ended loops of a shader before they were done. The instances concerned hold nothing that can be relied on
    /// and stand still until they are reset; [`Error::DeviceFailed`] this is not, other calls work.
    #[error(
        "the driver of `{device}` ends the loops of a shader after {rounds} rounds, and {what} of {id} needs more; shorten its loops, or use the cpu device or another driver, and reset before going on"
    )]
    LoopsCut {
        /// Adapter name.
        device: String,
        /// Rounds of all loops of an invocation that the driver allows, or `some` where that is not known.
        rounds: String,
        /// What was being done, e.g. `one step`.
        what: &'static str,
        /// Environment id.
        id: String,
    },
    /// The batch does not fit the device.
    #[error("{what} needs {needed} bytes, {device} allows {allowed}; use fewer instances or steps")]
    TooLarge {
        /// What does not fit.
        what: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        allowed: u64,
        /// Device name.
        device: String,
    },
    /// A loop of a user's own file that does not end.
    #[error(
        "a loop of {file} made {rounds} rounds within one step of an instance and was ended; give it an exit that every state reaches, and reset all instances before the next step"
    )]
    EndlessLoop {
        /// Name of the file.
        file: String,
        /// Rounds after which the loop was ended.
        rounds: u32,
    },
    /// This build has no GPU back end.
    #[error("this build has no GPU back end (cargo feature `gpu`); use the cpu device")]
    NoGpuBackend,
    /// A shader file that cannot be read.
    #[error("cannot read {path}: {message}")]
    Unreadable {
        /// The path.
        path: String,
        /// The reason.
        message: String,
    },
    /// A shader that does not compile; the text shows file, line, excerpt and fix.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

/// Result of the suite's calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

fn of_instance(instance: &Option<usize>) -> String {
    instance.map_or(String::new(), |i| format!(" of instance {i}"))
}

/// A unit behind a number; pure numbers have none.
fn spaced(unit: &str) -> String {
    if unit.is_empty() || unit == "1" { String::new() } else { format!(" {unit}") }
}
