"""PettingZoo: an instance of several agents as a ``ParallelEnv``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium.error
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

try:
    from pettingzoo import ParallelEnv
except ImportError as error:
    raise gymnasium.error.DependencyNotInstalled("pettingzoo is not installed, run `pip install pettingzoo`") from error

from shadergym import _layout
from shadergym._reset import one_seed
from shadergym.vector import ShaderVectorEnv


class ShaderParallelEnv(ParallelEnv[str, Any, Any]):
    """One instance whose agents act at the same time.

    Agents are called ``"agent_0"`` and so on. They end together, and ``agents`` is empty until the next start; where the
    environment says that agents are out of the game before, these end and leave ``agents`` earlier. What it tells of a
    transition is in ``infos[agent]``: an agent's own where it is told per agent. Where the environment says which actions are
    legal, ``infos[agent]["action_mask"]`` holds them as int8.

    Args:
        env_id: Id of a shipped environment, such as ``"MPE/SimpleSpread-v3"``.
        device: ``"cpu"`` by default: one instance is too little work for a GPU.
        kwargs: Other options of :class:`shadergym.ShaderVectorEnv`.
    """

    def __init__(self, env_id: str | None = None, *, device: str = "cpu", **kwargs: Any) -> None:
        self._envs = ShaderVectorEnv(env_id, 1, device=device, autoreset_mode=AutoresetMode.DISABLED, **kwargs)
        facts = self._envs.facts
        self.render_mode = self._envs.render_mode
        self.metadata = {
            "name": facts["id"],
            "render_modes": ["rgb_array"],
            "render_fps": self._envs.metadata["render_fps"],
            "is_parallelizable": True,
        }
        self._count: int = facts["agents"]
        self.possible_agents = [f"agent_{i}" for i in range(self._count)]
        self.agents: list[str] = []
        # Each agent has spaces of its own, because each is seeded by itself, and some may have less than others.
        numbers = dict(zip(self.possible_agents, range(self._count), strict=True))
        self.observation_spaces = {agent: _layout.observation_space(facts, i) for agent, i in numbers.items()}
        self.action_spaces = {agent: _layout.action_space(facts, i) for agent, i in numbers.items()}
        state = _layout.global_state_space(facts)
        self.state_space = _layout.of_agents(_layout.observation_space(facts), self._count) if state is None else state
        self._has_state = state is not None
        self._sizes: list[int] = facts["agent_observations"]
        self._action_counts: list[int | None] = facts["agent_actions"] or [None] * self._count
        self._state: Any = None
        action = _layout.action_space(facts)
        # What agents play that are out of the game: the environment ignores it.
        self._idle: np.ndarray = np.zeros(action.shape or (), action.dtype)
        if isinstance(action, spaces.Box):
            self._idle = np.clip(self._idle, action.low, action.high)

    def observation_space(self, agent: str) -> _layout.Space:
        """The observations of an agent."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> _layout.Space:
        """The actions of an agent."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Starts an episode; without a seed the generator goes on. There are no options; PettingZoo's tests give some."""
        observations, infos = self._envs.reset(seed=one_seed(seed))
        self.agents = self.possible_agents[:]
        self._keep_state(observations, infos)
        return self._split(observations, self.agents), self._infos(infos, self.agents)

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """One step; ``actions`` has one of every agent."""
        if not self.agents:
            if not actions and self._state is not None:
                return {}, {}, {}, {}, {}
            raise gymnasium.error.ResetNeeded("no agent is alive: call reset first")
        if set(actions) != set(self.agents):
            missing, unknown = set(self.agents) - set(actions), set(actions) - set(self.agents)
            raise ValueError(f"actions need every agent of {self.agents}; missing {missing}, unknown {unknown}")
        batch = np.stack([np.asarray(actions.get(agent, self._idle)) for agent in self.possible_agents])
        shape = self._envs.action_space.shape or ()
        observations, rewards, terminations, truncations, infos = self._envs.step(batch.reshape(shape))
        self._keep_state(observations, infos)
        agents, terminated, truncated = self.agents, bool(terminations[0]), bool(truncations[0])
        out = infos["agent_done"][0] if "agent_done" in infos else np.zeros(self._count, np.bool_)
        ended = {agent: terminated or bool(done) for agent, done in zip(self.possible_agents, out, strict=True)}
        gains = dict(zip(self.possible_agents, np.atleast_1d(rewards[0]).tolist(), strict=True))
        self.agents = [] if terminated or truncated else [agent for agent in agents if not ended[agent]]
        return (
            self._split(observations, agents),
            {agent: gains[agent] for agent in agents},
            {agent: ended[agent] for agent in agents},
            dict.fromkeys(agents, truncated),
            self._infos(infos, agents),
        )

    def state(self) -> Any:
        """The global state where the environment has one; else what all agents see, ``[agents, ...]``."""
        if self._state is None:
            raise gymnasium.error.ResetNeeded("there is no state before the first reset; call reset first")
        return _layout.map_arrays(np.copy, self._state)

    def _keep_state(self, observations: Any, infos: dict[str, Any]) -> None:
        self._state = _layout.map_arrays(lambda rows: rows[0], infos["global_state"] if self._has_state else observations)

    def render(self) -> np.ndarray | None:
        """The picture, ``[height, width, 3]`` bytes."""
        frames = self._envs.render()
        return None if frames is None else frames[0]

    def close(self) -> None:
        """Frees the memory."""
        self._envs.close()

    def _infos(self, infos: dict[str, Any], agents: list[str]) -> dict[str, dict[str, Any]]:
        own: dict[str, dict[str, Any]] = {agent: {} for agent in self.possible_agents}
        for name, values in infos.items():
            if name.startswith("_") or name in ("agent_done", "global_state"):
                continue
            value = values.reshape(self._count, -1) if name == "action_mask" else values[0]
            each = name == "action_mask" or (self._count > 1 and value.shape[:1] == (self._count,))
            for index, agent in enumerate(self.possible_agents):
                part = value[index] if each else value
                if name == "action_mask":
                    part = part[: self._action_counts[index]]
                own[agent][name] = part.item() if isinstance(part, np.generic) else part
        return {agent: own[agent] for agent in agents}

    def _split(self, observations: Any, agents: list[str]) -> dict[str, Any]:
        def of(index: int) -> Any:
            def own(array: np.ndarray) -> Any:
                row = array[0, index] if self._count > 1 else array[0]
                size = self._sizes[index] if self._sizes else None
                # One whole number is a scalar of NumPy's, which nobody can change.
                return row[:size].copy() if isinstance(row, np.ndarray) else row

            return _layout.map_arrays(own, observations)

        return {agent: of(index) for index, agent in enumerate(self.possible_agents) if agent in agents}
