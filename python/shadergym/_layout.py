"""What an environment's file declares, as Gymnasium spaces and NumPy types."""

from __future__ import annotations

import copy
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorWrapper as _VectorWrapper
from gymnasium.vector.utils import batch_space

Space: TypeAlias = "spaces.Space[Any]"
Box: TypeAlias = "spaces.Box[Any]"

if TYPE_CHECKING:
    VectorWrapper = _VectorWrapper[Any, Any, Any, Any, np.ndarray]
else:
    # Generic from Gymnasium 1.4 on only.
    VectorWrapper = _VectorWrapper

_KINDS = {"f32": np.dtype("<f4"), "u32": np.dtype("<u4"), "i32": np.dtype("<i4")}


def parse(facts: str) -> dict[str, Any]:
    """The facts of an environment from their JSON."""
    parsed: dict[str, Any] = json.loads(facts)
    return parsed


def row_type(layout: dict[str, Any]) -> np.dtype:
    """The structured type of a row of parameters or state, one field per documented member."""
    return np.dtype([(f["name"], _KINDS[f["kind"]], tuple(f["shape"])) for f in layout["fields"]])


def by_field(layout: dict[str, Any] | None, words: np.ndarray) -> dict[str, Any]:
    """Numbers, one per word of a layout, as one value per field: a float, or an array of the field's shape."""
    values: dict[str, Any] = {}
    for field in layout["fields"] if layout else []:
        shape, first = tuple(field["shape"]), field["offset"]
        if shape:
            values[field["name"]] = words[first : first + int(np.prod(shape))].reshape(shape)
        else:
            values[field["name"]] = float(words[first])
    return values


def observation_space(facts: dict[str, Any], agent: int | None = None) -> Space:
    """The space of one agent's observations, or of those that ``agent`` has, where some have less than others."""
    space = _observed(facts["observation"])
    sizes = facts["agent_observations"]
    if agent is None or not sizes:
        return space
    return _shortened(space, sizes[agent])


def global_state_space(facts: dict[str, Any]) -> Space | None:
    """The space of the global state; None where the environment has none."""
    space = facts["global_state"]
    return None if space is None else _observed(space)


def _observed(space: dict[str, Any]) -> Space:
    """An array, or a dictionary of several in the order of the file, which is the order when they are flattened."""
    parts = space["parts"]
    if not parts[0]["name"]:
        return _part(parts[0])
    return spaces.Dict(OrderedDict((part["name"], _part(part)) for part in parts))


def _part(part: dict[str, Any]) -> Space:
    """Float32, uint8, bool for grids of bits, or whole numbers."""
    shape = tuple(part["shape"])
    match part["encoding"]:
        case "bit":
            # As MinAtar has it.
            return spaces.Box(0, 1, shape, dtype=np.bool_)
        case "count":
            counts = part["counts"]
            return spaces.MultiDiscrete(np.reshape(counts, shape)) if shape else spaces.Discrete(counts[0])
    dtype = np.uint8 if part["encoding"] == "u8" else np.float32
    low, high = (np.asarray(part[key], np.float32).reshape(shape) for key in ("low", "high"))
    if dtype is np.float32:
        low, high = unbounded(low), unbounded(high)
    return spaces.Box(low.astype(dtype), high.astype(dtype), shape, dtype=dtype)


def _shortened(space: Space, size: int) -> Space:
    """The first elements of a space of one dimension."""
    match space:
        case spaces.Box():
            box: Box = spaces.Box(space.low[:size], space.high[:size], dtype=space.dtype.type)
            return box
        case spaces.MultiDiscrete():
            return spaces.MultiDiscrete(space.nvec[:size])
        case _:
            raise TypeError(f"no first elements of {space}")


def map_arrays(function: Callable[[np.ndarray], Any], value: Any) -> Any:
    """A function of an array applied to observations: to the array, or to each array of a dictionary."""
    if isinstance(value, dict):
        return {key: map_arrays(function, part) for key, part in value.items()}
    return function(value)


def action_space(facts: dict[str, Any], agent: int | None = None) -> Space:
    """The space of one agent's actions, or of those that ``agent`` has, where some have fewer than others."""
    space = facts["action"]
    counts = facts["agent_actions"]
    match space["type"]:
        case "discrete":
            return spaces.Discrete(counts[agent] if agent is not None and counts else space["n"])
        case "multi_discrete":
            return spaces.MultiDiscrete(space["nvec"])
        case _:
            low, high = (unbounded(np.asarray(space[key], np.float32)) for key in ("low", "high"))
            return spaces.Box(low, high, dtype=np.float32)


def of_agents(space: Space, agents: int) -> Space:
    """The space of all agents of one instance, ``[agents, ...]``; the same where there is one agent."""
    if agents == 1:
        return space
    match space:
        case spaces.Dict():
            parts = ((key, of_agents(part, agents)) for key, part in space.spaces.items())
            return spaces.Dict(OrderedDict(parts))
        case spaces.Discrete():
            return spaces.MultiDiscrete([space.n] * agents)
        case spaces.MultiDiscrete():
            return spaces.MultiDiscrete(np.tile(space.nvec, (agents, *([1] * space.nvec.ndim))))
        case spaces.Box():
            low, high = (np.repeat(bound[None], agents, axis=0) for bound in (space.low, space.high))
            several: Box = spaces.Box(low, high, dtype=space.dtype.type)
            return several
        case _:
            raise TypeError(f"no space of several agents for {space}")


_WRITTEN_OUT = 1 << 20
"""Bytes of an array of bounds up to which every instance gets a row of it, as in Gymnasium: libraries make tensors of
bounds, and some warn where those cannot be written to."""


def of_instances(space: Space, count: int) -> Space:
    """``batch_space(space, count)``, but large bounds are one row that is seen ``count`` times, read-only.

    Gymnasium writes the row out, several times over: a million instances of a small grid took seconds and gigabytes.
    """
    one = batch_space(space, 1)
    if count * _row_bytes(one) <= _WRITTEN_OUT:
        return batch_space(space, count)
    return with_rows(one, count)


def with_rows(space: Space, count: int) -> Space:
    """A space of equal rows as one of ``count`` of them; it shares the row and the generator."""
    space = copy.copy(space)
    match space:
        case spaces.Dict():
            space.spaces = {key: with_rows(part, count) for key, part in space.spaces.items()}
        case spaces.Tuple():
            space.spaces = tuple(with_rows(part, count) for part in space.spaces)
        case spaces.Box() | spaces.MultiDiscrete():
            space._shape = shape = (count, *space.shape[1:])
            for name, value in vars(space).items():
                if isinstance(value, np.ndarray):
                    setattr(space, name, np.broadcast_to(value[:1], shape))
            if isinstance(space, spaces.Box):
                # Gymnasium would look at all rows; which release does so when they are made, and which when asked, differs.
                space.low_repr, space.high_repr = _short(space.low), _short(space.high)
        case _:
            raise TypeError(f"no space of rows for {space}")
    return space


def packed(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes of an object as pickle and copy shall take them: of spaces from :func:`of_instances` one row."""
    counts = {name: _equal_rows(value) for name, value in attributes.items() if isinstance(value, spaces.Space)}
    equal = {name: count for name, count in counts.items() if count > 1}
    return {**attributes, **{name: with_rows(attributes[name], 1) for name in equal}, "_equal_rows": equal}


def unpacked(state: dict[str, Any]) -> dict[str, Any]:
    """The attributes that :func:`packed` was given."""
    equal: dict[str, int] = state["_equal_rows"]
    attributes = {name: value for name, value in state.items() if name != "_equal_rows"}
    return {**attributes, **{name: with_rows(attributes[name], count) for name, count in equal.items()}}


def _row_bytes(space: Space) -> int:
    """Bytes of the largest array of a space of one row."""
    match space:
        case spaces.Dict() | spaces.Tuple():
            parts = space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces
            return max(map(_row_bytes, parts), default=0)
        case _:
            return max((value.nbytes for value in vars(space).values() if isinstance(value, np.ndarray)), default=0)


def _equal_rows(space: Space) -> int:
    """How many rows a space has if they are one row in memory, else 0."""
    match space:
        case spaces.Dict() | spaces.Tuple():
            parts = space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces
            counts = set(map(_equal_rows, parts))
            return counts.pop() if len(counts) == 1 else 0
        case spaces.Box() | spaces.MultiDiscrete():
            arrays = [value for value in vars(space).values() if isinstance(value, np.ndarray)]
            shared = space.shape and all(array.strides[0] == 0 for array in arrays)
            return space.shape[0] if shared else 0
        case _:
            return 0


def _short(rows: np.ndarray) -> str:
    """What Gymnasium writes for a bound: one number where all are the same."""
    row = rows[:1]
    return str(row.min()) if row.size and row.min() == row.max() else str(rows)


def unbounded(bounds: np.ndarray) -> np.ndarray:
    """WGSL has no infinity: the largest finite number stands for it."""
    largest = np.finfo(np.float32).max
    return np.where(np.abs(bounds) >= largest, np.copysign(np.float32(np.inf), bounds), bounds).astype(np.float32)
