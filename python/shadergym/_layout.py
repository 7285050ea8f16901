"""What an environment's file declares, as Gymnasium spaces and NumPy types."""

import json
from typing import Any

import numpy as np
from gymnasium import spaces

_KINDS = {"f32": np.dtype("<f4"), "u32": np.dtype("<u4"), "i32": np.dtype("<i4")}


def parse(facts: str) -> dict[str, Any]:
    """The facts of an environment from their JSON."""
    return json.loads(facts)


def row_type(layout: dict[str, Any]) -> np.dtype:
    """The structured type of a row of parameters or state, one field per documented member."""
    return np.dtype([(f["name"], _KINDS[f["kind"]], tuple(f["shape"])) for f in layout["fields"]])


def observation_space(facts: dict[str, Any]) -> spaces.Box:
    """The space of one agent's observations: float32, uint8, or bool for grids of bits."""
    space = facts["observation"]
    shape = tuple(space["shape"])
    if space["encoding"] == "bit":
        # As MinAtar has it.
        return spaces.Box(0, 1, shape, dtype=np.bool_)
    dtype = np.uint8 if space["encoding"] == "u8" else np.float32
    low, high = (np.asarray(space[key], np.float32).reshape(shape) for key in ("low", "high"))
    if dtype is np.float32:
        low, high = unbounded(low), unbounded(high)
    return spaces.Box(low.astype(dtype), high.astype(dtype), shape, dtype=dtype)


def action_space(facts: dict[str, Any]) -> spaces.Space:
    """The space of one agent's actions."""
    space = facts["action"]
    match space["type"]:
        case "discrete":
            return spaces.Discrete(space["n"])
        case "multi_discrete":
            return spaces.MultiDiscrete(space["nvec"])
        case _:
            low, high = (unbounded(np.asarray(space[key], np.float32)) for key in ("low", "high"))
            return spaces.Box(low, high, dtype=np.float32)


def of_agents(space: spaces.Space, agents: int) -> spaces.Space:
    """The space of all agents of one instance, ``[agents, ...]``; the same where there is one agent."""
    if agents == 1:
        return space
    match space:
        case spaces.Discrete():
            return spaces.MultiDiscrete([space.n] * agents)
        case spaces.MultiDiscrete():
            return spaces.MultiDiscrete(np.tile(space.nvec, (agents, 1)))
        case spaces.Box():
            bounds = (np.repeat(bound[None], agents, axis=0) for bound in (space.low, space.high))
            return spaces.Box(*bounds, dtype=space.dtype.type)
        case _:
            raise TypeError(f"no space of several agents for {space}")


def unbounded(bounds: np.ndarray) -> np.ndarray:
    """WGSL has no infinity: the largest finite number stands for it."""
    largest = np.finfo(np.float32).max
    return np.where(np.abs(bounds) >= largest, np.copysign(np.float32(np.inf), bounds), bounds).astype(np.float32)
