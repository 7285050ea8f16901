"""Stable-Baselines3: any Gymnasium vector environment as a ``VecEnv``.

::

    from stable_baselines3 import PPO
    from shadergym.sb3 import SB3VecEnv

    PPO("MlpPolicy", SB3VecEnv("CartPole-v1", num_envs=8)).learn(100_000)
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import gymnasium.error
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

try:
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.vec_env.base_vec_env import VecEnv
except ImportError as error:
    raise gymnasium.error.DependencyNotInstalled(
        "stable-baselines3 is not installed, run `pip install stable-baselines3`"
    ) from error

from shadergym._later import Later
from shadergym.flat import FlatAgents
from shadergym.registration import make_vec
from shadergym.vector import ShaderVectorEnv


class SB3VecEnv(VecEnv):
    """A Gymnasium vector environment with the interface of Stable-Baselines3.

    Ended instances start anew in the same step, as Stable-Baselines3 expects: ``infos[i]["terminal_observation"]`` is
    the last observation, ``infos[i]["TimeLimit.truncated"]`` tells an end by the time limit alone, and
    ``infos[i]["episode"]`` holds return ``r``, length ``l`` and seconds ``t`` as Stable-Baselines3's ``Monitor`` does.
    The dictionaries of a step are made when its infos are first looked at.

    Args:
        env: An id, for which the environment is made, or any vector environment with ``SAME_STEP`` auto-reset.
        num_envs: Number of instances, with an id.
        kwargs: With an id, the options of :class:`shadergym.ShaderVectorEnv`. Several agents become instances of
            their own.
    """

    def __init__(self, env: str | VectorEnv, num_envs: int = 1, **kwargs: Any) -> None:
        if isinstance(env, VectorEnv):
            if kwargs:
                raise TypeError(f"options {sorted(kwargs)} need an id; {env} is made already")
            envs = env
        else:
            options = {"episode_statistics": True, "flat_agents": True, **kwargs}
            envs = make_vec(env, num_envs, autoreset_mode=AutoresetMode.SAME_STEP, **options)
        mode = envs.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(
                f"Stable-Baselines3 starts ended instances in the same step, but {envs} has autoreset mode {mode}; "
                "make it with autoreset_mode=AutoresetMode.SAME_STEP"
            )
        # Gymnasium's types know one seed only, and no methods of our own.
        self.envs: Any = envs
        # Whether the arrays of a step stay as they are: then what they say may be read later.
        self._owned = isinstance(envs, (ShaderVectorEnv, FlatAgents)) and envs.unwrapped.copy
        self._actions: np.ndarray | None = None
        self.metadata = envs.metadata
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> Any:
        """Starts all instances, with the seeds of :meth:`seed` if it was called since the last start."""
        seeds = list(self._seeds) if any(seed is not None for seed in self._seeds) else None
        observations, infos = self.envs.reset(seed=seeds, options=self._options[0] or None)
        self.reset_infos = _rows(infos, np.arange(self.num_envs))
        self._reset_seeds()
        self._reset_options()
        return observations

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Remembers seeds for the next start; agents of one instance share that instance's seed."""
        seeds = super().seed(seed)
        agents = getattr(self.envs, "agents", 1)
        self._seeds = [seeds[0] + i // agents for i in range(self.num_envs)]
        return self._seeds

    def step_async(self, actions: np.ndarray) -> None:
        """Takes the actions of the next :meth:`step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """One step of all instances: observations, rewards, ends, one dictionary per instance."""
        observations, rewards, terminations, truncations, infos = self.envs.step(self._actions)
        dones = terminations | truncations
        rows = Later(functools.partial(_step_rows, terminations, truncations, infos))
        if not self._owned:
            len(rows)
        return observations, rewards, dones, rows

    def close(self) -> None:
        """Closes the environment."""
        self.envs.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """One picture per instance."""
        return list(self.envs.render() or ())

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute of the vector environment, once per instance asked for."""
        return [getattr(self.envs, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Sets an attribute of the vector environment, for all instances at once."""
        self._all(indices, "set_attr")
        setattr(self.envs, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Calls a method of the vector environment, for all instances at once; gives its result once per instance."""
        self._all(indices, "env_method")
        if method_name == "action_masks":
            # What MaskablePPO of sb3-contrib calls: one row per instance.
            return list(self.envs.action_masks(*args, **kwargs))
        return [getattr(self.envs, method_name)(*args, **kwargs)] * self.num_envs

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """False, but for ``Monitor`` where the infos hold what it would give."""
        monitored = wrapper_class is Monitor and bool(
            getattr(self.envs.unwrapped, "_arguments", {}).get("episode_statistics")
        )
        return [monitored] * len(list(self._get_indices(indices)))

    def _all(self, indices: Any, what: str) -> None:
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise NotImplementedError(
                f"`{what}` on some instances: they are rows of one environment, not objects; use `.envs` with indices, "
                "such as `.envs.unwrapped.set_params([0], {...})`"
            )


_FINAL = ("final_obs", "final_info")
"""Infos of an episode that has ended, in a step that gives the start of the next one."""


def _step_rows(terminations: np.ndarray, truncations: np.ndarray, infos: dict[str, Any]) -> list[dict[str, Any]]:
    """The infos of a step as Stable-Baselines3 has them."""
    running = {key: values for key, values in infos.items() if key.removeprefix("_") not in _FINAL}
    rows = _rows(running, np.arange(len(terminations)))
    ended = np.flatnonzero(terminations | truncations)
    if ended.size:
        final_infos = _column(infos.get("final_info", {}), ended)
        only_truncated = (truncations & ~terminations)[ended].tolist()
        last = _column(infos["final_obs"], ended)
        for i, info, observation, truncated in zip(ended.tolist(), final_infos, last, only_truncated, strict=True):
            rows[i].update(info)
            rows[i]["terminal_observation"] = observation
            rows[i]["TimeLimit.truncated"] = truncated
    return rows


def _rows(infos: dict[str, Any], instances: np.ndarray) -> list[dict[str, Any]]:
    """Dense arrays with masks as a dictionary for each of these instances. Only rows that count are looked at."""
    rows: list[dict[str, Any]] = [{} for _ in range(len(instances))]
    for key, values in infos.items():
        if key.startswith("_"):
            continue
        mask = infos.get(f"_{key}")
        if mask is None:
            chosen, index = rows, instances
        else:
            counts = mask[instances]
            chosen, index = [rows[i] for i in np.flatnonzero(counts).tolist()], instances[counts]
        for row, value in zip(chosen, _column(values, index), strict=True):
            row[key] = value
    return rows


def _column(values: Any, instances: np.ndarray) -> list[Any]:
    """The values of these instances, one by one."""
    if isinstance(values, dict):
        return _rows(values, instances)
    if not isinstance(values, np.ndarray):
        return [values[i] for i in instances.tolist()]
    chosen = values[instances]
    # One number is a number of Python's, a row an array.
    return list(chosen) if chosen.ndim > 1 else chosen.tolist()
