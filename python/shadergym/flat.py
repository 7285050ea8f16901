"""Several agents as instances of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from shadergym import _layout
from shadergym.vector import ShaderVectorEnv


class FlatAgents(_layout.VectorWrapper):
    """n instances of m agents as a vector environment of n * m rows with the spaces of one agent.

    Row ``i * m + j`` is agent j of instance i, so code for one agent learns one policy that all agents share. All rows
    of an instance start and end together, which makes three things different from independent rows: ``reset(seed=s)``
    gives instance i (not row i) the seed s + i; a list of seeds and a ``reset_mask`` have one entry per row and must
    agree within an instance; :meth:`render` gives one picture per instance.
    """

    env: ShaderVectorEnv

    def __init__(self, env: ShaderVectorEnv) -> None:
        """Flattens the agents of a vector environment of this package."""
        if not isinstance(env, ShaderVectorEnv):
            raise TypeError(f"FlatAgents needs a ShaderVectorEnv without wrappers, got {env}; wrap the result instead")
        super().__init__(env)
        self.agents: int = env.facts["agents"]
        self.single_observation_space = _layout.observation_space(env.facts)
        self.single_action_space = _layout.action_space(env.facts)
        self.observation_space = _layout.of_instances(self.single_observation_space, self.num_envs)
        self.action_space = _layout.of_instances(self.single_action_space, self.num_envs)

    @property
    def num_envs(self) -> int:  # type: ignore[override]  # Gymnasium's own wrappers do the same.
        """Rows: instances times agents."""
        return self.env.num_envs * self.agents

    @property
    def autoreset_mode(self) -> AutoresetMode:
        """When an ended instance starts anew."""
        return self.env.autoreset_mode

    @property
    def unwrapped(self) -> ShaderVectorEnv:  # type: ignore[override]  # As in Gymnasium's own wrappers.
        """The vector environment."""
        return self.env

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts all instances, or those of ``options["reset_mask"]``."""
        if seed is not None and not isinstance(seed, (int, np.integer)):
            seed = self._per_instance(np.array(list(seed), object), "seeds").tolist()
        if options is not None and options.get("reset_mask") is not None:
            mask = options["reset_mask"]
            if isinstance(mask, np.ndarray):
                mask = self._per_instance(mask, "options['reset_mask']")
            options = {**options, "reset_mask": mask}
        observations, infos = self.env.reset(seed=seed, options=options)
        return _layout.map_arrays(self._rows, observations), self._infos(infos)

    @property
    def action_masks(self) -> Callable[[], np.ndarray]:
        """A method that gives the legal actions of all rows, int8 ``[n * m, actions]``; missing where there are none."""
        masks = self.env.action_masks
        return lambda: self._rows(masks())

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One step of all rows."""
        actions = np.asarray(actions)
        if actions.ndim and len(actions) == self.num_envs and self.agents > 1:
            actions = actions.reshape(self.env.num_envs, self.agents, *actions.shape[1:])
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        return (
            _layout.map_arrays(self._rows, observations),
            self._rows(rewards),
            self._repeat(terminations),
            self._repeat(truncations),
            self._infos(infos),
        )

    def __getstate__(self) -> dict[str, Any]:
        """What pickle and copy take."""
        return _layout.packed(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The copy goes on as the original would."""
        vars(self).update(_layout.unpacked(state))

    def _rows(self, array: np.ndarray) -> np.ndarray:
        """``[n, m, ...]`` as ``[n * m, ...]``."""
        return array if self.agents == 1 else array.reshape(self.num_envs, *array.shape[2:])

    def _repeat(self, array: np.ndarray) -> np.ndarray:
        """One value per instance as one per row."""
        return np.repeat(array, self.agents, axis=0)

    def _infos(self, infos: dict[str, Any]) -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for key, value in infos.items():
            if key == "global_state":
                flat[key] = _layout.map_arrays(self._repeat, value)
            elif key == "final_obs":
                flat[key] = _layout.map_arrays(self._rows, value)
            elif isinstance(value, dict):
                flat[key] = self._infos(value)
            elif value.shape[1:2] == (self.agents,) and self.agents > 1:
                flat[key] = self._rows(value)
            else:
                flat[key] = self._repeat(value)
        return flat

    def _per_instance(self, rows: np.ndarray, what: str) -> np.ndarray:
        if rows.shape != (self.num_envs,):
            raise ValueError(f"{what} need one entry per row, shape ({self.num_envs},), got {rows.shape}")
        rows = rows.reshape(-1, self.agents)
        if (rows != rows[:, :1]).any():
            raise ValueError(
                f"{what} differ between the {self.agents} agents of one instance, which start together; "
                f"repeat each entry {self.agents} times"
            )
        return rows[:, 0]
