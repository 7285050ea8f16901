"""Learners for a loop of one's own, in any environment: one transition at a time, no replay."""

from __future__ import annotations

import json
import os
from os import PathLike
from typing import Any

import gymnasium as gym
import numpy as np

from shadergym import _native


class Learner:
    """A streaming agent in a loop and an environment of your own.

    Transitions follow each other: the next observation of one is the observation of the next, until an episode ends or
    :meth:`reset` is called::

        learner = shadergym.Learner("stream_q", env.observation_space, env.action_space, time_limit=500)
        obs, _ = env.reset()
        for _ in range(100_000):
            action = learner.act(obs)
            next_obs, reward, terminated, truncated, _ = env.step(action)
            learner.update(obs, action, reward, next_obs, terminated, truncated)
            obs = env.reset()[0] if terminated or truncated else next_obs

    It can be pickled and copied, and goes on bit by bit then.
    """

    def __init__(
        self,
        agent: str,
        observation_space: gym.Space[Any],
        action_space: gym.Space[Any] | None = None,
        *,
        time_limit: int | None = None,
        seed: int = 0,
        steps: int | None = None,
        **options: Any,
    ) -> None:
        """Makes an untrained learner.

        Args:
            agent: Name, one of :func:`online_learners`: ``"stream_q"``, ``"stream_ac"``, ...; ``"stream_td"`` predicts the
                discounted sum of rewards of whatever is done, and has no actions.
            observation_space: Box, Discrete, or any other space that ``gymnasium.spaces.flatten`` takes.
            action_space: Discrete, MultiDiscrete or Box; None for ``"stream_td"``.
            time_limit: Steps after which your episodes are cut off, if they are; perceptrons are then shown the time in the
                episode.
            seed: Seed of networks and exploration.
            steps: Steps over which exploration falls, 500,000 by default; learning may go on behind them.
            **options: The agent's own, such as ``hidden=[64, 64], network="conv"``: ``shadergym.agent_options(agent)``.

        Raises:
            TypeError: For an option that the agent does not have, or a space that it cannot have.
            ValueError: For an unknown agent, a bad value, or actions that it cannot choose.
        """
        if not isinstance(observation_space, gym.Space):
            raise TypeError(f"observation_space is {observation_space!r}, allowed is a space of Gymnasium")
        for name, value, bits in [("time_limit", time_limit, 32), ("steps", steps, 63), ("seed", seed, 63)]:
            if value is not None and not 0 <= value < 1 << bits:
                raise ValueError(f"option `{name}` is {value}, allowed is 0 to {(1 << bits) - 1}")
        shape = observation_space.shape if isinstance(observation_space, gym.spaces.Box) else None
        if not shape:
            if not observation_space.is_np_flattenable:
                raise TypeError(f"observations of {observation_space} cannot be flattened, allowed are spaces that can")
            shape = (gym.spaces.flatdim(observation_space),)
        if action_space is None and agent not in _native.online_learners()[1]:
            raise TypeError(f"{agent} needs an action_space; of the learners {_predictors()} have none")
        self._native = _native.Learner(
            agent,
            [int(n) for n in shape],
            json.dumps(_actions(action_space)),
            0 if time_limit is None else time_limit,
            seed,
            steps,
            options,
        )
        self.observation_space: gym.Space[Any] = observation_space
        """Observations of your environment."""
        self.action_space: gym.Space[Any] | None = action_space
        """Its actions."""
        self.agent: str = agent
        """Name of the agent."""

    def act(self, obs: Any, *, action_mask: Any = None) -> Any:
        """The action for an observation while learning, exploration included; the same if it is asked again.

        Args:
            obs: The observation, as your environment gives it.
            action_mask: Legal actions, int8 or bool ``[actions]``. Where it is given, give ``next_action_mask`` of
                :meth:`update` too.

        Raises:
            ValueError: If it is not the one that followed the transition before (:meth:`reset` starts anew).
            FloatingPointError: For numbers that are not finite.
        """
        return self._action(self._native.act(self._flat(obs), action_mask))

    def best(self, obs: Any, *, elapsed: int = 0, action_mask: Any = None) -> Any:
        """The best action for any observation, or the most likely one, without learning anything.

        Args:
            obs: The observation.
            elapsed: Steps since the start of its episode; with a ``time_limit`` it counts.
            action_mask: Legal actions.
        """
        return self._action(self._native.best(self._flat(obs), action_mask, elapsed))

    def update(
        self,
        obs: Any,
        action: Any,
        reward: float,
        next_obs: Any,
        terminated: bool,
        truncated: bool = False,
        *,
        next_action_mask: Any = None,
    ) -> float:
        """Learns from one transition.

        Args:
            obs: The observation that the action was chosen for.
            action: What was done; another action than :meth:`act` gave is learned from too, but for ``stream_sarsa``. None for
                ``"stream_td"``.
            reward: What came of it.
            next_obs: The observation that followed; the last one of the episode where it ended.
            terminated: Whether the episode ended by its rules.
            truncated: Whether it was cut off.
            next_action_mask: Legal actions in ``next_obs``; all by default.

        Returns:
            The TD error, in units of scaled rewards.

        Raises:
            ValueError: For an action that there is not, or an observation that does not follow. Nothing is learned then.
            FloatingPointError: For numbers that are not finite; nothing is learned. Or if the optimiser has lost its
                numbers, after which it cannot go on.
        """
        if action is not None and isinstance(self.action_space, gym.spaces.Discrete):
            action = action - self.action_space.start
        elif action is not None and isinstance(self.action_space, gym.spaces.MultiDiscrete):
            action = np.ravel(action) - _starts(self.action_space)
        elif action is not None:
            action = np.ravel(action)
        obs, next_obs = self._flat(obs), self._flat(next_obs)
        return self._native.update(
            obs, action, float(reward), next_obs, bool(terminated), bool(truncated), next_action_mask
        )

    def outputs(self, obs: Any, *, elapsed: int = 0) -> dict[str, np.ndarray]:
        """What the networks say of any observation: ``"q"``, or ``"policy"`` and ``"value"``, float32 arrays.

        Values are in units of scaled rewards: times :attr:`reward_scale` they are returns.
        """
        return self._native.outputs(self._flat(obs), elapsed)

    def value(self, obs: Any, *, elapsed: int = 0) -> float:
        """The discounted return that it expects from an observation on, in the rewards' own unit."""
        outputs = self.outputs(obs, elapsed=elapsed)
        found = outputs["value"][0] if "value" in outputs else outputs["q"].max()
        return float(found) * self.reward_scale

    def reset(self) -> None:
        """Ends the episode where it is, without a transition: the next observation may be any."""
        self._native.reset()

    @property
    def steps(self) -> int:
        """Transitions that it learned from."""
        return self._native.steps()

    @property
    def reward_scale(self) -> float:
        """What rewards are divided by: the running standard deviation of the discounted return, or 1."""
        return self._native.reward_scale()

    @property
    def config(self) -> dict[str, Any]:
        """What it was made from."""
        config: dict[str, Any] = json.loads(self._native.config())
        return config

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a file for :meth:`load`: safetensors, whole or not at all. Networks, traces, statistics, exploration."""
        self._native.save(os.fspath(path))

    @classmethod
    def load(
        cls,
        path: str | PathLike[str],
        observation_space: gym.Space[Any],
        action_space: gym.Space[Any] | None = None,
    ) -> Learner:
        """A learner from its file, for the spaces that it was made for; it goes on bit by bit."""
        native = _native.Learner.load(os.fspath(path))
        return cls._of(native, observation_space, action_space)

    @classmethod
    def _of(cls, native: _native.Learner, observations: gym.Space[Any], actions: gym.Space[Any] | None) -> Learner:
        config = json.loads(native.config())
        fits = int(np.prod(config["observation"])) == gym.spaces.flatdim(observations)
        if not fits or config["action"] != json.loads(json.dumps(_actions(actions))):
            made = f"observations {config['observation']} and actions {config['action']}"
            raise ValueError(f"the learner was made for {made}, not for {observations} and {actions}")
        learner = cls.__new__(cls)
        learner._native, learner.agent = native, config["agent"]
        learner.observation_space, learner.action_space = observations, actions
        return learner

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles its file."""
        return _unpickle, (self._native.to_bytes(), self.observation_space, self.action_space)

    def __repr__(self) -> str:
        """Agent and steps."""
        return f"Learner({self.agent}, {self.steps:,} steps)"

    def _flat(self, obs: Any) -> Any:
        if isinstance(self.observation_space, gym.spaces.Box):
            return obs
        return gym.spaces.flatten(self.observation_space, obs)

    def _action(self, words: np.ndarray) -> Any:
        space = self.action_space
        if isinstance(space, gym.spaces.Discrete):
            return int(words[0]) + int(space.start)
        if isinstance(space, gym.spaces.MultiDiscrete):
            return (words + _starts(space)).reshape(space.shape).astype(space.dtype)
        return words if space is None else words.reshape(space.shape).astype(space.dtype)


def _unpickle(content: bytes, observations: gym.Space[Any], actions: gym.Space[Any] | None) -> Learner:
    return Learner._of(_native.Learner.from_bytes(content), observations, actions)


def online_learners() -> list[str]:
    """Names of the agents that learn in a loop of your own: see :class:`Learner`."""
    return _native.online_learners()[0]


def _predictors() -> str:
    return ", ".join(_native.online_learners()[1])


def _starts(space: gym.spaces.MultiDiscrete) -> Any:
    return np.ravel(getattr(space, "start", 0))


def _actions(space: gym.Space[Any] | None) -> dict[str, Any]:
    """An action space as the compiled part writes it."""
    if space is None:
        return {"type": "multi_discrete", "nvec": []}
    if isinstance(space, gym.spaces.Discrete):
        return {"type": "discrete", "n": int(space.n)}
    if isinstance(space, gym.spaces.MultiDiscrete):
        return {"type": "multi_discrete", "nvec": np.ravel(space.nvec).tolist()}
    if isinstance(space, gym.spaces.Box) and np.issubdtype(space.dtype, np.floating):
        # JSON has no infinite numbers; nothing of single precision is beyond the largest one.
        bounds = (np.nan_to_num(np.ravel(bound).astype(np.float32)) for bound in (space.low, space.high))
        low, high = (bound.tolist() for bound in bounds)
        return {"type": "box", "low": low, "high": high}
    raise TypeError(f"actions are {space}, allowed are Discrete, MultiDiscrete and Box of floats")
