//! What is observed as NumPy arrays: one array, or a dictionary with one for each part.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use shadergym_envs::{Encoding, ObservationPart, ObservationSpace, Observations, PartRows};

use crate::outputs::{Target, borrowed, new_array};

/// Names, types and shapes of the arrays of an observation, or of the global state.
pub(crate) struct Observed {
    parts: Vec<ObservationPart>,
    /// Rows of an instance: its agents, or 1.
    rows: usize,
    /// Dimensions between that of instances and those of a part.
    agents: Vec<usize>,
    num_envs: usize,
}

/// Where the arrays of an observation lie.
pub(crate) type Targets = Vec<Target>;

impl Observed {
    /// Of `agents` observers in each of `num_envs` instances.
    pub fn new(space: &ObservationSpace, agents: usize, num_envs: usize) -> Self {
        let parts = space.parts.iter().map(|part| ObservationPart {
            low: Vec::new(),
            high: Vec::new(),
            fields: Vec::new(),
            ..part.clone()
        });
        Self {
            parts: parts.collect(),
            rows: agents,
            agents: if agents > 1 { vec![agents] } else { Vec::new() },
            num_envs,
        }
    }

    /// Whether an observation is one array; else it is a dictionary.
    fn is_one(&self) -> bool {
        self.parts.len() == 1 && self.parts[0].name.is_empty()
    }

    /// Shapes `[..lead, n, (agents,) ...]` and types of the arrays.
    pub fn layout(&self, lead: &[usize]) -> Vec<(Vec<usize>, &'static str)> {
        let of = |part: &ObservationPart| {
            let kind = match part.encoding {
                Encoding::F32 => "float32",
                Encoding::U8 => "uint8",
                Encoding::Bit => "bool",
                Encoding::Count => "int64",
            };
            ([lead, &[self.num_envs], &self.agents, &part.shape].concat(), kind)
        };
        self.parts.iter().map(of).collect()
    }

    /// The arrays as Python has them: the only one, or a dictionary.
    pub fn object<'py>(&self, py: Python<'py>, arrays: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyAny>> {
        if self.is_one() {
            return Ok(arrays[0].clone());
        }
        let dict = PyDict::new(py);
        for (part, array) in self.parts.iter().zip(arrays) {
            dict.set_item(&part.name, array)?;
        }
        Ok(dict.into_any())
    }

    /// New arrays `[n, (agents,) ...]`, their contents unset, and where they begin.
    pub fn new_arrays<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Targets)> {
        self.arrays(py, 0)
    }

    /// The same for the only instance, `[(agents,) ...]`, filled; a single whole number is a scalar of NumPy's.
    pub fn of_one<'py>(&self, py: Python<'py>, observations: Observations<'_>) -> PyResult<Bound<'py, PyAny>> {
        let (object, targets) = self.arrays(py, 1)?;
        // SAFETY: there is one instance, and the arrays have the shape of its observation.
        unsafe { self.put(&targets, 0, observations) };
        let scalar = |part: &ObservationPart| part.shape.is_empty() && self.agents.is_empty();
        if !self.parts.iter().any(scalar) {
            return Ok(object);
        }
        let nothing = PyTuple::empty(py);
        if self.is_one() {
            return object.get_item(nothing);
        }
        for part in self.parts.iter().filter(|part| scalar(part)) {
            object.set_item(&part.name, object.get_item(&part.name)?.get_item(&nothing)?)?;
        }
        Ok(object)
    }

    /// Arrays without the first `skip` dimensions.
    fn arrays<'py>(&self, py: Python<'py>, skip: usize) -> PyResult<(Bound<'py, PyAny>, Targets)> {
        let layout = self.layout(&[]);
        let make = |((shape, _), part): ((Vec<usize>, _), &ObservationPart)| match part.encoding {
            Encoding::F32 => new_array::<f32>(py, &shape[skip..]),
            Encoding::U8 => new_array::<u8>(py, &shape[skip..]),
            Encoding::Bit => new_array::<bool>(py, &shape[skip..]),
            Encoding::Count => new_array::<i64>(py, &shape[skip..]),
        };
        let (arrays, targets): (Vec<_>, Vec<_>) = layout.into_iter().zip(&self.parts).map(make).unzip();
        Ok((self.object(py, &arrays)?, targets))
    }

    /// Writes observations, unpacked, from instance (or row of instances) `first` on.
    ///
    /// # Safety
    /// The arrays have this layout and room for them.
    pub unsafe fn put(&self, targets: &[Target], first: usize, observations: Observations<'_>) {
        for (rows, target) in observations.parts().zip(targets) {
            let at = first * self.rows * rows.part().elements();
            // SAFETY: the caller's promise.
            unsafe {
                match (observations.as_f32(), rows.part().encoding) {
                    (Some(values), _) => target.put(at, values),
                    (None, _) => target.put_part(at, rows),
                }
            }
        }
    }

    /// Brings buffers up to date with what instances from `first` on observed.
    ///
    /// # Safety
    /// The buffers are those of [`Self::buffers`], and nobody else uses these rows of them.
    pub unsafe fn put_buffered(&self, buffers: &Buffered, first: usize, observations: Observations<'_>) {
        for (rows, target) in observations.parts().zip(buffers) {
            let at = first * self.rows * rows.part().elements();
            // SAFETY: the caller's promise.
            target.iter().for_each(|target| unsafe { target.put_part(at, rows) });
        }
    }

    /// Words of memory of all instances' arrays, one list a part; empty where a view on the batch's own floats will do.
    pub fn buffers(&self) -> Vec<Vec<u64>> {
        let size = |part: &ObservationPart| match part.encoding {
            Encoding::F32 if self.is_one() => 0,
            Encoding::F32 => 4,
            Encoding::U8 | Encoding::Bit => 1,
            Encoding::Count => 8,
        };
        let bytes = |part: &ObservationPart| self.num_envs * self.rows * part.elements() * size(part);
        self.parts.iter().map(|part| vec![0; bytes(part).div_ceil(8)]).collect()
    }

    /// Views on the rows of the batch, or on `buffers` that [`Self::put_buffered`] keeps up to date.
    pub fn views<'py>(
        &self,
        anchor: &Bound<'py, PyAny>,
        observations: Observations<'_>,
        buffers: &[Vec<u64>],
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = anchor.py();
        let layout = self.layout(&[]);
        let views = layout.iter().zip(&self.parts).zip(buffers).map(|(((shape, _), part), buffer)| {
            let bytes = buffer.as_ptr();
            let array = match part.encoding {
                Encoding::F32 if buffer.is_empty() => {
                    borrowed(anchor, observations.words().as_ptr().cast::<f32>(), shape)
                }
                Encoding::F32 => borrowed(anchor, bytes.cast::<f32>(), shape),
                Encoding::U8 => borrowed(anchor, bytes.cast::<u8>(), shape),
                // The bytes are written by `unpack_u8`, which writes 0 and 1 only.
                Encoding::Bit => borrowed(anchor, bytes.cast::<bool>(), shape),
                Encoding::Count => borrowed(anchor, bytes.cast::<i64>(), shape),
            };
            array.into_bound(py)
        });
        self.object(py, &views.collect::<Vec<_>>())
    }
}

/// Where the buffers of [`Observed::buffers`] lie, None for those that are not needed.
pub(crate) type Buffered = Vec<Option<Target>>;

/// Their addresses; valid as long as they are.
pub(crate) fn buffered(buffers: &mut [Vec<u64>]) -> Buffered {
    let target = |buffer: &mut Vec<u64>| (!buffer.is_empty()).then(|| Target::at(buffer.as_mut_ptr().cast()));
    buffers.iter_mut().map(target).collect()
}

impl Target {
    /// Writes a part, unpacked, to element `at` and further.
    ///
    /// # Safety
    /// The array has the type of the part and room for it.
    unsafe fn put_part(self, at: usize, rows: PartRows<'_>) {
        let elements = rows.len() * rows.part().elements();
        // SAFETY: the caller's promise.
        unsafe {
            match rows.part().encoding {
                Encoding::F32 => self.fill(at, rows.rows().flatten().map(|&word| f32::from_bits(word))),
                Encoding::Count => self.fill(at, rows.rows().flatten().map(|&word| i64::from(word))),
                Encoding::U8 | Encoding::Bit => {
                    // `unpack_u8` writes every byte and reads none.
                    let bytes = std::slice::from_raw_parts_mut(self.bytes().add(at), elements);
                    rows.unpack_u8(bytes).expect("the length is that of the part");
                }
            }
        }
    }
}
