//! Many transitions in one call, in pieces: between two of them Python gets to see Ctrl-C.

use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use shadergym_envs::{ActionSpace, Error, Facts, Kind, Recording, RolloutStats};

use crate::actions::{self, Given, is_continuous, of_words};
use crate::errors;
use crate::observed::{Observed, Targets};
use crate::outputs::{Shapes, Target};
use crate::shared::Inner;

/// Words of a piece that is recorded: small enough for the caches of a CPU, large enough for the trip to a GPU.
const CPU_WORDS: usize = 1 << 18;
const GPU_WORDS: usize = 1 << 24;
/// Transitions of a piece that is not recorded: well below a tenth of a second.
const TRANSITIONS: usize = 1 << 21;

/// What a rollout does.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub steps: usize,
    pub record: bool,
    /// Whether last observations are recorded too.
    pub final_observations: bool,
    /// In one piece: an ended instance stays as it is until the call is over.
    pub whole: bool,
    pub on_gpu: bool,
}

/// Arrays `[k, n, ...]`: observations, rewards, terminated, truncated, actions, starts, last observations if wanted, masks of
/// legal actions if there are any, each field of the infos, which agents are out of the game if the environment says so, and
/// the global state if there is one, the last ones too if wanted.
pub(crate) struct Arrays {
    pub steps: usize,
    /// What is observed may be several arrays.
    arrays: Vec<Vec<Py<PyAny>>>,
}

/// One of the results of a rollout: what is observed, or an array.
enum Part<'a> {
    Observed(&'a Observed),
    Array(Vec<usize>, &'static str),
}

impl Part<'_> {
    fn layout(&self, lead: &[usize]) -> Vec<(Vec<usize>, &'static str)> {
        match self {
            Self::Observed(observed) => observed.layout(lead),
            Self::Array(shape, kind) => vec![(shape.clone(), kind)],
        }
    }
}

impl Arrays {
    /// Shapes and types of the arrays.
    fn parts<'a>(facts: &Facts, shapes: &'a Shapes, request: Request) -> Vec<Part<'a>> {
        let lead = &[request.steps];
        let action = if is_continuous(facts) { "float32" } else { "int64" };
        let mut all = vec![
            Part::Observed(&shapes.observed),
            Part::Array(shapes.rewards(lead), "float32"),
            Part::Array(shapes.flags(lead), "bool"),
            Part::Array(shapes.flags(lead), "bool"),
            Part::Array(shapes.actions(lead), action),
            Part::Array(shapes.flags(lead), "bool"),
        ];
        if request.final_observations {
            all.push(Part::Observed(&shapes.observed));
        }
        if shapes.has_masks() {
            all.push(Part::Array(shapes.masks(lead), "int8"));
        }
        for field in &shapes.infos {
            let kind = match field.kind {
                Kind::F32 => "float32",
                Kind::U32 => "uint32",
                Kind::I32 => "int32",
            };
            all.push(Part::Array(shapes.info(field, lead), kind));
        }
        if shapes.agent_done {
            all.push(Part::Array(shapes.rewards(lead), "bool"));
        }
        if let Some(global) = &shapes.global_state {
            let count = if request.final_observations { 2 } else { 1 };
            all.extend((0..count).map(|_| Part::Observed(global)));
        }
        all
    }

    fn new(py: Python<'_>, facts: &Facts, shapes: &Shapes, request: Request) -> PyResult<Self> {
        let all = Self::parts(facts, shapes, request);
        let empty = py.import("numpy")?.getattr("empty")?;
        let make = |(shape, kind): (Vec<usize>, &str)| {
            // NumPy says ValueError where the size does not even fit a number.
            let array = empty.call1((PyTuple::new(py, &shape)?, kind));
            array.map(Bound::unbind).map_err(|_| {
                let bytes = shape.iter().fold(8u64, |product, &d| product.saturating_mul(d as u64));
                let what = format!("the outputs of {} instances x {} steps", shapes.num_envs, request.steps);
                let device = "this machine's memory".to_owned();
                errors::to_python(py, Error::TooLarge { what, needed: bytes, allowed: isize::MAX as u64, device })
            })
        };
        let make_all = |part: Part<'_>| part.layout(&[request.steps]).into_iter().map(make).collect::<PyResult<_>>();
        Ok(Self { steps: request.steps, arrays: all.into_iter().map(make_all).collect::<PyResult<_>>()? })
    }

    /// Whether the arrays still have room for a rollout of the same kind (users may resize arrays).
    fn fit(&self, py: Python<'_>, facts: &Facts, shapes: &Shapes, request: Request) -> bool {
        let lead = &[request.steps];
        let expected: Vec<_> = Self::parts(facts, shapes, request).iter().flat_map(|part| part.layout(lead)).collect();
        self.steps == request.steps
            && self.arrays.iter().flatten().count() == expected.len()
            && self.arrays.iter().flatten().zip(expected).all(|(array, (shape, _))| {
                array.bind(py).cast::<PyUntypedArray>().is_ok_and(|a| a.is_c_contiguous() && a.shape() == shape)
            })
    }

    fn targets(&self, py: Python<'_>) -> Vec<Targets> {
        let of = |arrays: &Vec<Py<PyAny>>| arrays.iter().map(|array| Target::of(array.bind(py))).collect();
        self.arrays.iter().map(of).collect()
    }

    pub fn to_tuple<'py>(
        &self,
        py: Python<'py>,
        facts: &Facts,
        shapes: &Shapes,
        request: Request,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let objects = self.arrays.iter().zip(Self::parts(facts, shapes, request)).map(|(arrays, part)| {
            let arrays: Vec<_> = arrays.iter().map(|array| array.bind(py).clone()).collect();
            match part {
                Part::Observed(observed) => observed.object(py, &arrays),
                Part::Array(..) => Ok(arrays[0].clone()),
            }
        });
        PyTuple::new(py, objects.collect::<PyResult<Vec<_>>>()?)
    }
}

/// Runs a rollout; `reuse` are arrays of an earlier one that may be written over.
pub(crate) fn run(
    py: Python<'_>,
    inner: &mut Inner,
    facts: &Facts,
    shapes: &Shapes,
    request: Request,
    given: Option<&Bound<'_, PyAny>>,
    reuse: Option<Arrays>,
) -> PyResult<(Option<Arrays>, RolloutStats)> {
    let Request { steps, .. } = request;
    let python = |error| errors::to_python(py, error);
    if steps == 0 {
        return Err(python(inner.batch.rollout(0).err().unwrap_or(Error::NoGpuBackend)));
    }
    let row = shapes.num_envs * facts.action_words();
    let given = match given {
        Some(array) => {
            let given = actions::read(array, facts, &shapes.actions(&[steps]), &mut inner.batch)?;
            given.copy_to(&mut inner.words)?;
            check(py, inner, facts, steps, row, &given)?;
            true
        }
        None => false,
    };
    let arrays = match (request.record, reuse) {
        (false, _) => None,
        (true, Some(old)) if old.fit(py, facts, shapes, request) => Some(old),
        (true, _) => Some(Arrays::new(py, facts, shapes, request)?),
    };
    let targets = arrays.as_ref().map(|a| a.targets(py));
    let piece = if request.whole {
        steps
    } else if request.record {
        let words = shapes.num_envs
            * (2 * (facts.observation_words() + facts.global_words())
                + facts.mask_words()
                + facts.agents
                + facts.action_words()
                + facts.info_words());
        (if request.on_gpu { GPU_WORDS } else { CPU_WORDS } / words).clamp(1, steps)
    } else {
        (TRANSITIONS / shapes.num_envs).clamp(1, steps)
    };
    let mut total = RolloutStats::default();
    for start in (0..steps).step_by(piece) {
        let count = piece.min(steps - start);
        let Inner { batch, words, recording, .. } = inner;
        let (continuous, targets) = (is_continuous(facts), &targets);
        let stats = py.detach(|| {
            let actions = given.then(|| of_words(&words[start * row..(start + count) * row], continuous));
            match (targets, actions) {
                (None, None) => batch.rollout(count),
                (None, Some(actions)) => batch.rollout_with(count, actions),
                (Some(targets), actions) => {
                    match (recording.as_mut(), actions) {
                        (Some(recording), actions) => batch.record_into(count, actions, recording)?,
                        (None, None) => *recording = Some(batch.record(count)?),
                        (None, Some(actions)) => *recording = Some(batch.record_with(count, actions)?),
                    }
                    let recording = recording.as_ref().expect("set above");
                    put(recording, targets, start, shapes, row, request.final_observations);
                    Ok(recording.stats().clone())
                }
            }
        });
        total += &stats.map_err(python)?;
        py.check_signals()?;
    }
    Ok((arrays, total))
}

/// Refuses all actions before any of them is executed.
fn check(
    py: Python<'_>,
    inner: &mut Inner,
    facts: &Facts,
    steps: usize,
    row: usize,
    given: &Given<'_>,
) -> PyResult<()> {
    let words = &inner.words;
    let valid = words.len() == steps * row
        && match &facts.action {
            ActionSpace::Discrete { n } => words.iter().fold(true, |ok, word| ok & (word < n)),
            ActionSpace::MultiDiscrete { nvec } => {
                words.chunks_exact(nvec.len()).all(|row| row.iter().zip(nvec).all(|(word, n)| word < n))
            }
            ActionSpace::Box { .. } => words.iter().all(|&word| f32::from_bits(word).is_finite()),
        };
    if valid { Ok(()) } else { Err(errors::to_python(py, given.refuse(&mut inner.batch, steps)?)) }
}

/// Copies a piece to its place in the arrays.
fn put(
    recording: &Recording,
    targets: &[Targets],
    start: usize,
    shapes: &Shapes,
    row: usize,
    final_observations: bool,
) {
    let (n, agents) = (shapes.num_envs, shapes.agents);
    let first = start * n;
    // SAFETY: the arrays have the shapes of the whole rollout, of which this piece is a part.
    unsafe {
        shapes.observed.put(&targets[0], first, recording.observations());
        targets[1][0].put(start * n * agents, recording.rewards());
        targets[2][0].put(start * n, recording.terminated());
        targets[3][0].put(start * n, recording.truncated());
        match recording.actions() {
            shadergym_envs::Actions::Continuous(values) => targets[4][0].put(start * row, values),
            shadergym_envs::Actions::Discrete(values) => {
                targets[4][0].fill(start * row, values.iter().map(|&value| i64::from(value)));
            }
            _ => unreachable!("recordings hold u32 or f32"),
        }
        targets[5][0].put(start * n, recording.starts());
        let mut rest = targets[6..].iter();
        if final_observations && let Some(last) = rest.next() {
            shapes.observed.put(last, first, recording.final_observations());
        }
        if let Some(masks) = recording.action_masks()
            && let Some(target) = rest.next()
        {
            target[0].put_masks(start * n * shapes.mask_bytes(), masks, shapes.mask_bytes() / agents);
        }
        if let Some(rows) = recording.infos() {
            for (field, target) in shapes.infos.iter().zip(rest.by_ref()) {
                target[0].put_field(start * n * field.words(), rows, shapes.info_words(), field);
            }
        }
        if let Some(done) = recording.agent_done()
            && let Some(target) = rest.next()
        {
            target[0].put(start * n * agents, done);
        }
        if let Some(observed) = &shapes.global_state {
            let seen = [recording.global_states(), recording.final_global_states()];
            for (states, targets) in seen.into_iter().flatten().zip(rest) {
                observed.put(targets, first, states);
            }
        }
    }
}

impl Target {
    /// Where the bytes of an array begin.
    fn of(array: &Bound<'_, PyAny>) -> Self {
        // The pointer does not depend on the type of the elements.
        // SAFETY: `Arrays` holds arrays only, and the cast changes nothing but the type of the pointer.
        Self::at(unsafe { array.cast_unchecked::<PyArrayDyn<u8>>() }.data())
    }
}
