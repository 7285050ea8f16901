"""The single environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import gymnasium as gym
import numpy as np

from shadergym import _layout, _native
from shadergym._reset import check_options, one_seed
from shadergym._tasks import Tasks, masks_of, open_native


class ShaderEnv(Tasks, gym.Env[Any, Any]):
    """One instance, stepped on the calling thread.

    It has no time limit unless ``max_episode_steps`` says so: ``gymnasium.make`` puts its own TimeLimit around it.
    The other arguments are those of :class:`shadergym.ShaderVectorEnv`. Where the environment says which actions are legal,
    every ``info`` holds ``action_mask``, int8 ``[actions]``, which ``action_space.sample`` takes.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 30}

    def __init__(
        self,
        env_id: str | None = None,
        *,
        wgsl: str | PathLike[str] | None = None,
        device: str = "auto",
        max_episode_steps: int | None = None,
        params: Mapping[str, Any] | np.ndarray | None = None,
        render_mode: str | None = None,
        sticky_action_probability: float | None = None,
        render_size: tuple[int, int] | None = None,
    ) -> None:
        self._arguments = {key: value for key, value in locals().items() if key not in ("self", "__class__")}
        native, facts = self._native_of(self._arguments)
        if facts["agents"] > 1:
            id = repr(facts["id"] if wgsl is None else os.fspath(wgsl))
            given = id if wgsl is None else f"wgsl={id}"
            raise ValueError(
                f"{facts['id']} has {facts['agents']} agents, and an environment of `gymnasium.make` has one; use "
                f"shadergym.make_vec({given}, num_envs=1)"
                + (f" or shadergym.parallel_env({id}), which is PettingZoo's interface" if wgsl is None else "")
            )
        self._open(native, facts, 1, render_mode, render_size)
        self.observation_space = _layout.observation_space(facts)
        self.action_space = _layout.action_space(facts)
        if params is not None:
            self.set_params(None, params)
        self._shorten()

    def _native_of(self, arguments: dict[str, Any]) -> tuple[_native.Batch, dict[str, Any]]:
        limit = arguments["max_episode_steps"]
        return open_native(
            {**arguments, "num_envs": 1, "num_threads": 1, "copy": True, "episode_statistics": False},
            autoreset_mode=2,
            max_episode_steps=-1 if limit is None else limit,
            single=True,
        )

    def _shorten(self) -> None:
        """A step takes less time than a call of a Python function: callers get the compiled one."""
        if type(self).step is ShaderEnv.step:
            vars(self)["step"] = self._native.step_one

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts an episode; without a seed the generator goes on. There are no options."""
        check_options(options, self._facts["id"])
        seed = one_seed(seed)
        if seed is not None:
            super().reset(seed=seed)
            seed %= 1 << 64
        observation = self._native.reset_one(seed)
        info = {"action_mask": self.action_masks()} if self._facts["action_mask"] else {}
        if self._facts["global_state"] is not None:
            info["global_state"] = _layout.map_arrays(lambda rows: rows[0], self._native.global_states())
        return observation, info

    @property
    def action_masks(self) -> Callable[[], np.ndarray]:
        """A method that gives the legal actions of the newest observation, int8 ``[actions]``.

        An environment that has no masks has no such attribute.
        """
        masks = masks_of(self._native, self._facts)
        return lambda: masks()[0]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step."""
        return self._native.step_one(action)

    def render(self) -> np.ndarray | None:
        """The picture, ``[height, width, 3]`` bytes."""
        if self.render_mode is None:
            gym.logger.warn("`render` needs `render_mode=\"rgb_array\"` when the environment is made")
            return None
        return self.picture()

    def close(self) -> None:
        """Frees the memory."""
        self._native.close()

    def __getstate__(self) -> dict[str, Any]:
        """What pickle and copy take."""
        state = super().__getstate__()
        if state.get("step") == getattr(self._native, "step_one"):
            del state["step"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Makes the compiled environment again and puts it to the same moment."""
        super().__setstate__(state)
        if "step" not in state:
            self._shorten()
