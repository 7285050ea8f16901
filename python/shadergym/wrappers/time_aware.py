"""Observations that know the time."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from gymnasium.vector.utils import batch_space

from shadergym._layout import Space
from shadergym.wrappers._episodes import EpisodeWrapper, Tree, check_arrays, map_leaves


class TimeAwareObservation(EpisodeWrapper):
    """Adds the steps made in the episode so far, so that a time limit is part of what the agent can see.

    The same as Gymnasium's TimeAwareObservation around each single environment: 0 at a start, and rows of
    ``final_obs`` hold the length of the episode.

    Args:
        env: Any vector environment whose observations are arrays, or dictionaries and tuples of arrays.
        flatten: Gives one flat array with the time at its end (or where its key sorts, for dictionaries); otherwise
            ``{"obs": ..., "time": [steps]}``, or the dictionary or tuple with one member more.
        normalize_time: Gives the fraction of the time limit that has passed, 0 to 1, instead of steps.
        dict_time_key: Name of the new member where observations are dictionaries.
        max_episode_steps: The time limit; that of ``env.spec`` by default.
    """

    def __init__(
        self,
        env: VectorEnv,
        flatten: bool = True,
        normalize_time: bool = False,
        *,
        dict_time_key: str = "time",
        max_episode_steps: int | None = None,
    ) -> None:
        super().__init__(env)
        inner = env.single_observation_space
        check_arrays(inner, "TimeAwareObservation")
        limit = max_episode_steps
        if limit is None and env.spec is not None:
            limit = env.spec.max_episode_steps
        if limit is None or limit < 1:
            raise ValueError(
                f"{env} has no time limit in its spec; say `max_episode_steps=`, the number of steps after which "
                "episodes are truncated"
            )
        self.max_timesteps = int(limit)
        self.flatten = flatten
        self.normalize_time = normalize_time
        self._key = dict_time_key
        self._time_type = np.dtype(np.float32 if normalize_time else np.int32)
        time = spaces.Box(0.0, 1.0) if normalize_time else spaces.Box(0, self.max_timesteps, dtype=np.int32)
        match inner:
            case spaces.Dict():
                if dict_time_key in inner.spaces:
                    raise ValueError(
                        f"option `dict_time_key` is {dict_time_key!r}, which the observations have already"
                    )
                self._full: Space = spaces.Dict({dict_time_key: time, **inner.spaces})
            case spaces.Tuple():
                self._full = spaces.Tuple((*inner.spaces, time))
            case _:
                self._full = spaces.Dict(obs=inner, time=time)
        self.single_observation_space = spaces.flatten_space(self._full) if flatten else self._full
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.timesteps = np.zeros(self.num_envs, np.int64)
        """Steps of the running episode of each instance."""

    def _start(self, observations: Tree, starts: np.ndarray) -> Tree:
        self.timesteps[starts] = 0
        return self._with_time(observations, self.timesteps)

    def _advance(self, observations: Tree, starts: np.ndarray) -> Tree:
        self.timesteps += 1
        self.timesteps[starts] = 0
        return self._with_time(observations, self.timesteps)

    def _final(self, observations: Tree, rows: np.ndarray) -> Tree:
        return self._with_time(observations, self.timesteps[rows] + 1)

    def _with_time(self, observations: Tree, steps: np.ndarray) -> Tree:
        value = steps / self.max_timesteps if self.normalize_time else steps
        time = value.astype(self._time_type)[:, None]
        match self.env.single_observation_space:
            case spaces.Dict():
                full: Any = {self._key: time, **observations}
            case spaces.Tuple():
                full = (*observations, time)
            case _:
                full = {"obs": observations, "time": time}
        if not self.flatten:
            return map_leaves(self._full, np.copy, full)
        return _flatten(self._full, full, len(steps)).astype(self.single_observation_space.dtype, copy=False)


def _flatten(space: Space, value: Tree, count: int) -> np.ndarray:
    """A batch as ``[count, elements]``, in the order and encoding of :func:`gymnasium.spaces.flatten`."""
    match space:
        case spaces.Dict():
            parts = [_flatten(part, value[key], count) for key, part in space.spaces.items()]
            return np.concatenate(parts, axis=1)
        case spaces.Tuple():
            parts = [_flatten(part, value[i], count) for i, part in enumerate(space.spaces)]
            return np.concatenate(parts, axis=1)
        case spaces.Discrete():
            flags: np.ndarray = np.arange(space.n) == (value - space.start)[:, None]
            return flags.astype(space.dtype)
        case spaces.MultiDiscrete():
            digits = np.reshape(value - space.start, (count, -1))
            parts = [np.arange(n) == digits[:, i, None] for i, n in enumerate(space.nvec.ravel())]
            return np.concatenate(parts, axis=1).astype(space.dtype)
        case _:
            return np.reshape(value, (count, -1))
