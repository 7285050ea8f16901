//! Outputs as NumPy arrays: new ones that a call fills, or views on the buffers of the batch.

use std::sync::Arc;

use numpy::ndarray::{ArrayView, IxDyn};
use numpy::{Element, PyArrayDyn, PyArrayMethods};
use pyo3::prelude::*;
use shadergym_envs::{Facts, Field, Kind, Observations, StepRows};

use crate::observed::{Observed, Targets};
use crate::shared::{Anchor, Inner, Shared};

/// Shapes of the arrays of one environment.
pub(crate) struct Shapes {
    pub num_envs: usize,
    pub agents: usize,
    /// One agent's observations.
    pub observed: Observed,
    /// The global state, where the environment has one.
    pub global_state: Option<Observed>,
    action: Vec<usize>,
    /// Actions that the masks of one agent tell of; 0 where the environment has no masks.
    mask_bits: usize,
    /// Fields of the infos; none where the environment has no infos.
    pub infos: Vec<Field>,
    /// Whether the environment says which agents are out of the game.
    pub agent_done: bool,
}

impl Shapes {
    pub fn new(facts: &Facts, num_envs: usize) -> Self {
        let action = match &facts.action {
            shadergym_envs::ActionSpace::Discrete { .. } => Vec::new(),
            other => vec![other.words()],
        };
        let mask_bits = if facts.action_mask { facts.action.mask_bits() } else { 0 };
        Self {
            num_envs,
            agents: facts.agents,
            observed: Observed::new(&facts.observation, facts.agents, num_envs),
            global_state: facts.global_state.as_ref().map(|space| Observed::new(space, 1, num_envs)),
            action,
            mask_bits,
            infos: facts.info.as_ref().map_or(Vec::new(), |info| info.fields.clone()),
            agent_done: facts.agent_done,
        }
    }

    /// `[..lead, n]`, then the agents where there are several.
    pub fn rewards(&self, lead: &[usize]) -> Vec<usize> {
        let mut shape = lead.to_vec();
        shape.push(self.num_envs);
        if self.agents > 1 {
            shape.push(self.agents);
        }
        shape
    }

    /// `[..lead, n, (agents,) ...]`.
    pub fn actions(&self, lead: &[usize]) -> Vec<usize> {
        let mut shape = self.rewards(lead);
        shape.extend(&self.action);
        shape
    }

    /// Whether the environment says which actions are legal.
    pub fn has_masks(&self) -> bool {
        self.mask_bits > 0
    }

    /// `[..lead, n, (agents,) actions]`.
    pub fn masks(&self, lead: &[usize]) -> Vec<usize> {
        let mut shape = self.rewards(lead);
        shape.push(self.mask_bits);
        shape
    }

    /// Bytes of all agents' masks of one instance, once unpacked.
    pub fn mask_bytes(&self) -> usize {
        self.agents * self.mask_bits
    }

    /// A new array of the masks of all instances, where there are masks: int8, which is what Gymnasium's `sample(mask)`
    /// takes. `one` leaves out the dimension of instances, of which there is one.
    pub fn new_masks<'py>(&self, py: Python<'py>, one: bool, masks: Option<&[u32]>) -> Option<Bound<'py, PyAny>> {
        let masks = masks?;
        let (array, target) = new_array::<i8>(py, &self.masks(&[])[usize::from(one)..]);
        // SAFETY: the array has the shape of these masks.
        unsafe { target.put_masks(0, masks, self.mask_bits) };
        Some(array)
    }

    /// `[..lead, n, ...]` of one field of the infos.
    pub fn info(&self, field: &Field, lead: &[usize]) -> Vec<usize> {
        let mut shape = self.flags(lead);
        shape.extend(&field.shape);
        shape
    }

    /// Words of the infos of one instance.
    pub fn info_words(&self) -> usize {
        self.infos.iter().map(Field::words).sum()
    }

    /// A new array of one field of the infos of all instances. `one` leaves out the dimension of instances, of which there
    /// is one.
    pub fn new_info<'py>(&self, py: Python<'py>, one: bool, field: &Field, rows: &[u32]) -> Bound<'py, PyAny> {
        let shape = &self.info(field, &[])[usize::from(one)..];
        let (array, target) = match field.kind {
            Kind::F32 => new_array::<f32>(py, shape),
            Kind::U32 => new_array::<u32>(py, shape),
            Kind::I32 => new_array::<i32>(py, shape),
        };
        // SAFETY: the array has the shape of this field.
        unsafe { target.put_field(0, rows, self.info_words(), field) };
        array
    }

    /// `[..lead, n]`.
    pub fn flags(&self, lead: &[usize]) -> Vec<usize> {
        let mut shape = lead.to_vec();
        shape.push(self.num_envs);
        shape
    }
}

/// Memory of a NumPy array that a call fills while the interpreter runs on.
#[derive(Clone, Copy)]
pub(crate) struct Target(*mut u8);

// SAFETY: the array is not visible to anyone else before the call is over, or it belongs to a batch that is locked.
unsafe impl Send for Target {}
// SAFETY: as above; whoever writes has it to itself.
unsafe impl Sync for Target {}

impl Target {
    pub fn at(data: *mut u8) -> Self {
        Self(data)
    }

    /// Where its bytes begin.
    pub fn bytes(self) -> *mut u8 {
        self.0
    }

    /// Writes `values` to element `at` (counted in `T`) and further.
    ///
    /// # Safety
    /// The array has room for them.
    pub unsafe fn fill<T>(self, at: usize, values: impl Iterator<Item = T>) {
        // SAFETY: the caller's promise.
        let mut to = unsafe { self.0.cast::<T>().add(at) };
        for value in values {
            // SAFETY: the caller's promise; the pointer ends at most one past the array.
            unsafe {
                to.write(value);
                to = to.add(1);
            }
        }
    }

    /// Copies `values` to element `at` (counted in `T`) and further.
    ///
    /// # Safety
    /// The array has room for them.
    pub unsafe fn put<T: Copy>(self, at: usize, values: &[T]) {
        // SAFETY: the caller's promise; source and target are different allocations.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), self.0.cast::<T>().add(at), values.len()) }
    }
}

impl Target {
    /// Writes masks of `bits` actions each, unpacked, to element `at` and further.
    ///
    /// # Safety
    /// The array has room for them.
    pub unsafe fn put_masks(self, at: usize, masks: &[u32], bits: usize) {
        let rows = masks.chunks_exact(bits.div_ceil(32));
        let values = rows.flat_map(|row| (0..bits).map(move |bit| (row[bit / 32] >> (bit % 32) & 1) as i8));
        // SAFETY: the caller's promise.
        unsafe { self.fill(at, values) }
    }
}

impl Target {
    /// Writes one field of rows of `words` words to element `at` and further.
    ///
    /// # Safety
    /// The array has room for them.
    pub unsafe fn put_field(self, at: usize, rows: &[u32], words: usize, field: &Field) {
        let range = field.offset..field.offset + field.words();
        let values = rows.chunks_exact(words).flat_map(|row| row[range.clone()].iter().copied());
        // SAFETY: the caller's promise; elements of every kind are words.
        unsafe { self.fill(at, values) }
    }
}

/// A new array, its content unset.
pub(crate) fn new_array<'py, T: Element>(py: Python<'py>, shape: &[usize]) -> (Bound<'py, PyAny>, Target) {
    // SAFETY: plain numbers; every caller fills the whole array before anyone sees it.
    let array = unsafe { PyArrayDyn::<T>::new(py, IxDyn(shape), false) };
    let target = Target(array.data().cast());
    (array.into_any(), target)
}

/// The arrays that a step gives.
pub(crate) struct StepArrays<'py> {
    pub observations: Bound<'py, PyAny>,
    pub rewards: Bound<'py, PyAny>,
    pub terminated: Bound<'py, PyAny>,
    pub truncated: Bound<'py, PyAny>,
    targets: (Targets, [Target; 3]),
}

impl<'py> StepArrays<'py> {
    pub fn new(py: Python<'py>, shapes: &Shapes) -> PyResult<Self> {
        let (observations, observed) = shapes.observed.new_arrays(py)?;
        let (rewards, a) = new_array::<f32>(py, &shapes.rewards(&[]));
        let (terminated, b) = new_array::<bool>(py, &[shapes.num_envs]);
        let (truncated, c) = new_array::<bool>(py, &[shapes.num_envs]);
        Ok(Self { observations, rewards, terminated, truncated, targets: (observed, [a, b, c]) })
    }

    pub fn targets(&self) -> StepTargets {
        StepTargets(self.targets.clone())
    }
}

#[derive(Clone)]
pub(crate) struct StepTargets((Targets, [Target; 3]));

impl StepTargets {
    /// Copies the outputs of a step of some instances.
    pub fn fill(&self, shapes: &Shapes, rows: StepRows<'_>) {
        let (observations, [rewards, terminated, truncated]) = &self.0;
        // SAFETY: `StepArrays::new` made the arrays for this environment's shapes.
        unsafe {
            shapes.observed.put(observations, rows.first, rows.observations);
            rewards.put(rows.first * shapes.agents, rows.rewards);
            terminated.put(rows.first, rows.terminated);
            truncated.put(rows.first, rows.truncated);
        }
    }
}

/// Views on the buffers of a batch, for `copy=False`: the same arrays come back from every call.
pub(crate) struct Views {
    pub observations: Py<PyAny>,
    pub final_observations: Py<PyAny>,
    pub rewards: Py<PyAny>,
    pub terminated: Py<PyAny>,
    pub truncated: Py<PyAny>,
}

impl Views {
    /// The batch keeps its buffers at one place for as long as it lives; the views keep it alive through `Anchor`.
    /// Flags are read-only, because the batch reads them; the rest may be written, which harms nobody.
    pub fn new(py: Python<'_>, shared: &Arc<Shared>, inner: &mut Inner, shapes: &Shapes) -> PyResult<Self> {
        let anchor = Bound::new(py, Anchor(shared.clone()))?.into_any();
        inner.unpacked = [shapes.observed.buffers(), shapes.observed.buffers()];
        let view = inner.batch.view();
        let of = |rows: Observations<'_>, buffers: &[Vec<u64>]| {
            Ok::<_, PyErr>(shapes.observed.views(&anchor, rows, buffers)?.unbind())
        };
        let flags = |values: &[bool]| {
            let array = borrowed(&anchor, values.as_ptr(), &[shapes.num_envs]);
            array.bind(py).getattr("flags")?.setattr("writeable", false)?;
            PyResult::Ok(array)
        };
        Ok(Self {
            observations: of(view.observations(), &inner.unpacked[0])?,
            final_observations: of(view.final_observations(), &inner.unpacked[1])?,
            rewards: borrowed(&anchor, view.rewards().as_ptr(), &shapes.rewards(&[])),
            terminated: flags(view.terminated())?,
            truncated: flags(view.truncated())?,
        })
    }
}

/// A view on a buffer that lives as long as the anchor.
pub(crate) fn borrowed<T: Element>(anchor: &Bound<'_, PyAny>, data: *const T, shape: &[usize]) -> Py<PyAny> {
    // SAFETY: `data` begins a buffer of this shape that lives as long as the anchor.
    unsafe {
        let view = ArrayView::from_shape_ptr(IxDyn(shape), data);
        PyArrayDyn::borrow_from_array(&view, anchor.clone()).into_any().unbind()
    }
}
