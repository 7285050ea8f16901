"""Checks of single calls: interface, spaces, types, masks."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space, iterate

from shadergym._layout import Space
from shadergym.utils._probe import Abort, Probe, Step, indices


def interface(probe: Probe) -> None:
    """Attributes, before anything is called."""
    env = probe.env
    if not isinstance(env.num_envs, (int, np.integer)) or env.num_envs < 1:
        probe.report(
            "interface", "num_envs", f"is {env.num_envs!r}", "set self.num_envs to the number of instances, 1 or more"
        )
        raise Abort
    for name in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        if not isinstance(getattr(env, name, None), spaces.Space):
            probe.report("interface", name, "is not a Space", f"set self.{name} in __init__")
    if probe.findings:
        raise Abort
    for kind in ("observation", "action"):
        batched, single = getattr(env, f"{kind}_space"), getattr(env, f"single_{kind}_space")
        expected = batch_space(single, env.num_envs)
        if batched != expected:
            probe.report(
                "spaces",
                f"{kind}_space",
                f"is {batched}, but {env.num_envs} times single_{kind}_space is {expected}",
                f"self.{kind}_space = batch_space(self.single_{kind}_space, self.num_envs)",
            )
    mode = env.metadata.get("autoreset_mode")
    if not isinstance(mode, AutoresetMode):
        probe.report(
            "interface",
            "metadata['autoreset_mode']",
            f"is {mode!r}; wrappers and training code need it (NEXT_STEP is assumed below)",
            "set it to a member of gymnasium.vector.AutoresetMode",
        )
    if env.render_mode is not None and env.render_mode not in env.metadata.get("render_modes", []):
        probe.report(
            "interface",
            "metadata['render_modes']",
            f"lacks the render mode {env.render_mode!r} in use",
            "list all render modes there",
        )
    if env.spec is not None:
        try:
            equal = pickle.loads(pickle.dumps(env.spec)) == env.spec
        except Exception as error:
            probe.report("spec", "spec", f"cannot be pickled: {error}", "keep functions and handles out of its kwargs")
        else:
            if not equal:
                probe.report("spec", "spec", "is another one after pickling", "give its kwargs an equality")


def first_reset(probe: Probe) -> None:
    """The result of reset."""
    _, result = probe.reset(seed=probe.seed)
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], dict):
        probe.report(
            "reset",
            "reset",
            f"gave {type(result).__name__}, expected a tuple of observations and a dictionary of infos",
            "return observations, infos",
        )
        raise Abort
    observations(probe, "reset", result[0])
    infos(probe, "reset", result[1])


def one_step(probe: Probe, t: int, step: Step) -> None:
    """Everything that one step gives."""
    where = f"step {t}"
    observations(probe, where, step.raw[0])
    shape = (probe.n, *probe.reward_shape)
    rewards = np.asarray(step.rewards)
    if rewards.shape != shape or rewards.dtype.kind != "f":
        probe.report(
            "rewards",
            where,
            f"have shape {rewards.shape} and type {rewards.dtype}, expected {shape} of floats",
            "return a float array of one reward per instance (`reward_shape=` for more)",
        )
    elif not np.isfinite(rewards).all():
        i = indices(~np.isfinite(rewards.reshape(probe.n, -1)).all(1))[0]
        probe.report("rewards", f"{where}, instance {i}", f"reward {rewards[i]}", "rewards must be finite")
    for name in ("terminations", "truncations"):
        flags = np.asarray(getattr(step, name))
        if flags.shape != (probe.n,) or flags.dtype != np.bool_:
            probe.report(
                "flags",
                f"{where}, {name}",
                f"have shape {flags.shape} and type {flags.dtype}, expected ({probe.n},) of bool",
                "return a bool array of one flag per instance",
            )
            if flags.shape != (probe.n,):
                raise Abort
    if not isinstance(step.infos, dict):
        probe.report("infos", where, f"are {type(step.infos).__name__}", "return a dictionary of arrays")
        raise Abort
    infos(probe, where, step.infos)


def observations(probe: Probe, where: str, value: Any) -> None:
    """Type, shape and bounds."""
    env = probe.env
    problem = mismatch(env.observation_space, value)
    if problem:
        probe.report(
            "observations",
            where,
            problem,
            "return what observation_space declares, or correct the space (also its dtype)",
        )
        return
    for i, row in enumerate(iterate(env.observation_space, value)):
        problem = mismatch(env.single_observation_space, row)
        if problem:
            probe.report(
                "observations",
                f"{where}, instance {i}",
                f"not in single_observation_space: {problem}",
                "batched and single space must agree; widen the bounds or clip the observation",
            )
            return


def mismatch(space: Space, value: Any, at: str = "") -> str | None:
    """Why a value is not in a space."""
    name = f" at {at}" if at else ""
    if isinstance(space, spaces.Dict) and isinstance(value, dict):
        if space.spaces.keys() != value.keys():
            return f"keys {sorted(value)}{name}, expected {sorted(space.spaces)}"
        parts = [(part, value[key], f"{at}[{key!r}]") for key, part in space.spaces.items()]
        return next(filter(None, (mismatch(*part) for part in parts)), None)
    if isinstance(space, spaces.Tuple) and isinstance(value, (tuple, list)):
        if len(space.spaces) != len(value):
            return f"{len(value)} members{name}, expected {len(space.spaces)}"
        parts = [(part, value[i], f"{at}[{i}]") for i, part in enumerate(space.spaces)]
        return next(filter(None, (mismatch(*part) for part in parts)), None)
    if isinstance(space, (spaces.Box, spaces.MultiDiscrete, spaces.MultiBinary)):
        array = np.asarray(value)
        if array.dtype != space.dtype or array.shape != space.shape:
            return f"shape {array.shape} and type {array.dtype}{name}, expected {space.shape} and {space.dtype}"
        if array.dtype.kind == "f" and np.isnan(array).any():
            return f"NaN{name}"
        if isinstance(space, spaces.Box) and array not in space:
            bad = (array < space.low) | (array > space.high)
            where = tuple(np.argwhere(bad)[0].tolist())
            return f"element {where}{name} is {array[where]}, bounds {space.low[where]} to {space.high[where]}"
        value = array
    return None if value in space else f"{value!r}{name} is not in {space}"


def infos(probe: Probe, where: str, value: dict[str, Any]) -> None:
    """Arrays of n rows, each with its mask."""
    for key, part in value.items():
        if key.startswith("_"):
            if key[1:] not in value:
                probe.report(
                    "infos", f"{where}, infos[{key!r}]", f"is a mask without infos[{key[1:]!r}]", "give both or none"
                )
            continue
        mask = value.get(f"_{key}")
        if not isinstance(mask, np.ndarray) or mask.shape != (probe.n,) or mask.dtype != np.bool_:
            given = "is missing" if mask is None else f"is {np.asarray(mask).dtype} of shape {np.shape(mask)}"
            probe.report(
                "infos",
                f"{where}, infos['_{key}']",
                f"{given}, expected a bool array of shape ({probe.n},)",
                f"say in infos['_{key}'] for which instances infos[{key!r}] holds something",
            )
        for name, leaf in _leaves(key, part):
            if not name.rsplit(".", 1)[-1].startswith("_") and len(np.atleast_1d(leaf)) != probe.n:
                probe.report(
                    "infos",
                    f"{where}, infos {name}",
                    f"has {np.shape(leaf)[:1]} rows",
                    "one row per instance; the mask tells which ones count",
                )


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(f"{name}.{key}", part)
    elif isinstance(value, (np.ndarray, list)):
        yield name, value
