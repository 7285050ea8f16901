"""From ids and files to environments."""

from __future__ import annotations

import functools
import os
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, overload

import gymnasium as gym
import numpy as np

from shadergym import _layout, _native

if TYPE_CHECKING:
    from shadergym.flat import FlatAgents
    from shadergym.parallel import ShaderParallelEnv
    from shadergym.vector import ShaderVectorEnv

NAMESPACE = "shadergym"


def ids() -> list[str]:
    """Ids of all shipped environments, as the project writes them: ``"MinAtar/Breakout-v1"``."""
    return _native.ids()


def gymnasium_id(id: str) -> str:
    """The id under which Gymnasium knows an environment: ``"shadergym/MinAtar-Breakout-v1"``."""
    return f"{NAMESPACE}/{id.removeprefix(NAMESPACE + '/').replace('/', '-')}"


def own_id(id: str) -> str:
    """The id as the project writes it, for one as Gymnasium knows it; anything else as it is."""
    for known in ids():
        if id in (known, gymnasium_id(known)):
            return known
    return id


@functools.cache
def _spec(id: str) -> str:
    return _native.spec(id)


def spec(id: str) -> dict[str, Any]:
    """What the file of a shipped environment declares: docs, spaces, parameters and state with their units."""
    return _layout.parse(_spec(own_id(id)))


def make(id: str, **kwargs: Any) -> gym.Env[np.ndarray, Any]:
    """``gymnasium.make``, with or without the namespace in the id."""
    return gym.make(_known(id), **kwargs)


@overload
def make_vec(
    id: str | None = None,
    num_envs: int = 1,
    *,
    wgsl: str | PathLike[str] | None = None,
    flat_agents: Literal[False] = False,
    **kwargs: Any,
) -> ShaderVectorEnv: ...
@overload
def make_vec(
    id: str | None = None,
    num_envs: int = 1,
    *,
    wgsl: str | PathLike[str] | None = None,
    flat_agents: bool,
    **kwargs: Any,
) -> ShaderVectorEnv | FlatAgents: ...
def make_vec(
    id: str | None = None,
    num_envs: int = 1,
    *,
    wgsl: str | PathLike[str] | None = None,
    flat_agents: bool = False,
    **kwargs: Any,
) -> ShaderVectorEnv | FlatAgents:
    """``gymnasium.make_vec``, with or without the namespace in the id; or n instances of a user's own file.

    The options are those of :class:`shadergym.ShaderVectorEnv`. With ``flat_agents`` every agent is a row of its own,
    ``num_envs`` times agents in all, with the spaces of one agent: see :class:`shadergym.FlatAgents`.
    """
    from shadergym.vector import ShaderVectorEnv

    if wgsl is not None:
        envs = ShaderVectorEnv(id, num_envs, wgsl=wgsl, **kwargs)
    elif id is None:
        raise ValueError("either an id or `wgsl` is needed")
    else:
        envs = cast(ShaderVectorEnv, gym.make_vec(_known(id), num_envs, **kwargs))
    if flat_agents and envs.facts["agents"] > 1:
        from shadergym.flat import FlatAgents

        return FlatAgents(envs)
    return envs


def parallel_env(id: str, **kwargs: Any) -> ShaderParallelEnv:
    """An environment of several agents as a PettingZoo ``ParallelEnv``: :class:`shadergym.parallel.ShaderParallelEnv`.

    Raises:
        gymnasium.error.DependencyNotInstalled: If PettingZoo is missing.
    """
    from shadergym.parallel import ShaderParallelEnv

    return ShaderParallelEnv(own_id(id), **kwargs)


def register_wgsl(path: str | PathLike[str]) -> str:
    """Compiles a user's own file and registers it with Gymnasium; gives the id to make it with.

    Variants that the file lists are registered by their ids too; ``my.wgsl#Big-v0`` registers that one alone.

    Raises:
        shadergym.CompileError: With file, line, excerpt and what to do.
    """
    path = Path(path).resolve()
    facts = _layout.parse(_native.compile(path))
    variants = [f"{path}#{id}" for id in facts["variants"]] if facts["variant_of"] is None else []
    for file, declared in [(os.fspath(path), facts), *((v, _layout.parse(_native.compile(v))) for v in variants)]:
        _register(declared, {"wgsl": file})
    return gymnasium_id(facts["id"])


def random_projection(
    env: str | PathLike[str],
    path: str | PathLike[str],
    *,
    observation_size: int | None = None,
    action_size: int | None = None,
    trials: int | None = None,
) -> Path:
    """Writes an environment file whose episodes are tasks made of ``env``, for agents that adapt in context; gives its path.

    An episode's task turns the (flattened) observation by a random orthogonal map and puts the actions in another order; real
    actions are turned too. Several episodes of ``env`` are the trials of one. An observation is the turned one, the last action
    (zeros and ones, or the numbers), whether a trial has just ended, and whether the episode begins. The file is an environment
    like any other: ``make_vec(wgsl=path)``, ``train("recurrent_ppo", path)``, ``register_wgsl(path)``.

    Parameters say which tasks episodes draw from: numbers ``task_first`` to ``task_first + task_count - 1``, by default those
    below 2**30; ``params={"task_first": 2**30}`` are tasks that nobody has met. ``task_mix`` goes from 0, ``env`` as it is, to 1;
    ``task_trials`` and ``task_trial_steps`` are the number of trials and the longest one.

    Args:
        env: An id, or a ``.wgsl`` file.
        path: The file to write, ``.wgsl``.
        observation_size: Elements that the observation is turned in, by default its own number, at least 2.
        action_size: Real numbers that an action is turned from, by default its own number, at least 2.
        trials: Default of ``task_trials``; 16 if left out.

    Raises:
        ValueError: For a size or an environment that does not fit, with what does.
        FileExistsError: If another file is there. The same text again is fine.
    """
    path = Path(path)
    if path.suffix != ".wgsl":
        raise ValueError(f"path is {os.fspath(path)!r}, and files of environments end in .wgsl")
    name = os.fspath(env)
    name = name if ".wgsl" in name else own_id(name)
    text = _native.random_projection(name, observation_size, action_size, trials)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        if path.read_text(encoding="utf-8") != text:
            raise
    return path


def register_all() -> None:
    """Registers every shipped environment with Gymnasium."""
    for id in ids():
        _register(_layout.parse(_spec(id)), {"env_id": id})


def _register(facts: dict[str, Any], kwargs: dict[str, Any]) -> None:
    gym.register(
        gymnasium_id(facts["id"]),
        # Gymnasium's single environments have one agent; the error for several says what to use.
        entry_point="shadergym.env:ShaderEnv",
        vector_entry_point="shadergym.vector:ShaderVectorEnv",
        reward_threshold=facts["reward_threshold"],
        max_episode_steps=facts["max_episode_steps"] or None,
        # The environment does both itself.
        order_enforce=False,
        disable_env_checker=True,
        kwargs=kwargs,
    )


def _known(id: str) -> str:
    """The id in Gymnasium's registry; an unknown one gives the error of the suite, which names the nearest."""
    known = gymnasium_id(id)
    if known not in gym.registry:
        _native.spec(id.removeprefix(NAMESPACE + "/"))
    return known
