"""Stable-Baselines3: any Gymnasium vector environment as a ``VecEnv``.

::

    from stable_baselines3 import PPO
    from shadergym.sb3 import SB3VecEnv

    PPO("MlpPolicy", SB3VecEnv("CartPole-v1", num_envs=8)).learn(100_000)
"""

from __future__ import annotations

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

from shadergym.registration import make_vec


class SB3VecEnv(VecEnv):
    """A Gymnasium vector environment with the interface of Stable-Baselines3.

    Ended instances start anew in the same step, as Stable-Baselines3 expects: ``infos[i]["terminal_observation"]`` is
    the last observation, ``infos[i]["TimeLimit.truncated"]`` tells an end by the time limit alone, and
    ``infos[i]["episode"]`` holds return ``r``, length ``l`` and seconds ``t`` as Stable-Baselines3's ``Monitor`` does.

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
        self.envs = envs
        self._actions: np.ndarray | None = None
        self.metadata = envs.metadata
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> np.ndarray:
        """Starts all instances, with the seeds of :meth:`seed` if it was called since the last start."""
        seeds = list(self._seeds) if any(seed is not None for seed in self._seeds) else None
        observations, infos = self.envs.reset(seed=seeds, options=self._options[0] or None)
        self.reset_infos = _per_instance(infos, self.num_envs)
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

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """One step of all instances: observations, rewards, ends, one dictionary per instance."""
        observations, rewards, terminations, truncations, infos = self.envs.step(self._actions)
        dones = terminations | truncations
        if not infos:
            return observations, rewards, dones, [{} for _ in range(self.num_envs)]
        final = infos.get("final_obs")
        final_info = infos.get("final_info")
        hidden = ("final_obs", "_final_obs", "final_info", "_final_info")
        per_instance = _per_instance({k: v for k, v in infos.items() if k not in hidden}, self.num_envs)
        ended = np.flatnonzero(dones)
        finals = _per_instance(final_info, self.num_envs) if final_info else None
        for i in ended:
            info = per_instance[i]
            if finals is not None:
                info.update(finals[i])
            info["terminal_observation"] = final[i]
            info["TimeLimit.truncated"] = bool(truncations[i] and not terminations[i])
        return observations, rewards, dones, per_instance

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


def _per_instance(infos: dict[str, Any], num_envs: int) -> list[dict[str, Any]]:
    """Dense arrays with masks as one dictionary per instance."""
    rows: list[dict[str, Any]] = [{} for _ in range(num_envs)]
    for key, values in infos.items():
        if key.startswith("_"):
            continue
        mask = infos.get(f"_{key}")
        chosen = range(num_envs) if mask is None else np.flatnonzero(mask).tolist()
        if isinstance(values, dict):
            parts = _per_instance(values, num_envs)
            for i in chosen:
                rows[i][key] = parts[i]
        else:
            for i in chosen:
                value = values[i]
                rows[i][key] = value.item() if isinstance(value, np.generic) else value
    return rows
