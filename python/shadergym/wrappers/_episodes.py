"""What wrappers with a memory need to know: which rows of a call begin an episode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium.error
import numpy as np
from gymnasium import spaces
from gymnasium.logger import warn
from gymnasium.vector import AutoresetMode, VectorEnv

from shadergym._layout import Space, VectorWrapper

Tree = Any
"""Arrays in dictionaries and tuples, as the spaces have them."""


class EpisodeWrapper(VectorWrapper):
    """Base of wrappers that remember something of each instance's episode.

    A subclass says what happens at starts (:meth:`_start`), after transitions (:meth:`_advance`), and with the last
    observations of episodes that are followed by a start in the same step (:meth:`_final`).
    """

    def __init__(self, env: VectorEnv) -> None:
        if not isinstance(env, VectorEnv):
            raise TypeError(f"{type(self).__name__} needs a gymnasium.vector.VectorEnv, got {env!r}")
        super().__init__(env)
        mode = env.metadata.get("autoreset_mode")
        if mode is None:
            warn(f"{env} has no `autoreset_mode` in its metadata: {type(self).__name__} takes it for NEXT_STEP")
            mode = AutoresetMode.NEXT_STEP
        if not isinstance(mode, AutoresetMode):
            raise TypeError(f"metadata['autoreset_mode'] must be an AutoresetMode, got {type(mode)}")
        self._mode = mode
        self._ended = np.zeros(self.num_envs, np.bool_)
        self._started = False

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Tree, dict[str, Any]]:
        """Starts all instances, or those of ``options["reset_mask"]``."""
        mask = None if options is None else options.get("reset_mask")
        # Gymnasium's SyncVectorEnv takes the mask out of the dictionary; outer wrappers still need it.
        observations, infos = self.env.reset(seed=seed, options=None if options is None else dict(options))
        if mask is None or not self._started:
            mask = np.ones(self.num_envs, np.bool_)
        self._started = True
        self._ended &= ~mask
        return self._start(observations, mask), infos

    def step(self, actions: Any) -> tuple[Tree, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One step of all instances."""
        if not self._started:
            raise gymnasium.error.ResetNeeded(f"{type(self).__name__}: step before the first reset; call reset first")
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        ended = np.logical_or(terminations, truncations)
        if self._mode is AutoresetMode.SAME_STEP:
            if ended.any() and "final_obs" in infos:
                infos = {**infos, "final_obs": self._finals(infos["final_obs"], np.flatnonzero(ended))}
            starts = ended
        else:
            starts = self._ended if self._mode is AutoresetMode.NEXT_STEP else np.zeros_like(ended)
        self._ended = ended.copy()
        return self._advance(observations, starts), rewards, terminations, truncations, infos

    def _finals(self, final: Tree, rows: np.ndarray) -> Tree:
        """Final observations in the form in which they came: dense, or one object per instance."""
        if isinstance(final, np.ndarray) and final.dtype == object:
            space = self.env.single_observation_space
            chosen = map_leaves(space, lambda *leaves: np.stack(leaves), *(final[i] for i in rows))
            return self._objects(self._final(chosen, rows), rows)
        done = self._final(map_leaves(self.env.single_observation_space, lambda leaf: leaf[rows], final), rows)
        if isinstance(final, np.ndarray) and isinstance(done, (dict, tuple)):
            # So that `final_obs[i]` stays the observation of instance i.
            return self._objects(done, rows)

        def spread(leaf: np.ndarray) -> np.ndarray:
            dense = np.zeros((self.num_envs, *leaf.shape[1:]), leaf.dtype)
            dense[rows] = leaf
            return dense

        return map_leaves(self.single_observation_space, spread, done)

    def _objects(self, done: Tree, rows: np.ndarray) -> np.ndarray:
        """One object per instance, as Gymnasium's SyncVectorEnv has them."""
        out = np.full(self.num_envs, None, object)
        for k, i in enumerate(rows.tolist()):
            out[i] = map_leaves(self.single_observation_space, lambda leaf, k=k: leaf[k], done)
        return out

    def _start(self, observations: Tree, starts: np.ndarray) -> Tree:
        """Observations after a reset; the other rows did nothing."""
        raise NotImplementedError

    def _advance(self, observations: Tree, starts: np.ndarray) -> Tree:
        """Observations after a step, in which the rows of ``starts`` began an episode."""
        raise NotImplementedError

    def _final(self, observations: Tree, rows: np.ndarray) -> Tree:
        """The last observations of the episodes of ``rows``, before :meth:`_advance` of the same step."""
        raise NotImplementedError


def map_leaves(space: Space, apply: Callable[..., Any], *values: Tree) -> Tree:
    """Applies a function to the arrays at the leaves of dictionaries and tuples of spaces."""
    match space:
        case spaces.Dict():
            return {k: map_leaves(s, apply, *(v[k] for v in values)) for k, s in space.spaces.items()}
        case spaces.Tuple():
            return tuple(map_leaves(s, apply, *(v[i] for v in values)) for i, s in enumerate(space.spaces))
        case _:
            return apply(*values)


def check_arrays(space: Space, wrapper: str) -> None:
    """Batches of graphs, texts and the like are no arrays: refuses them."""
    for part in space.spaces.values() if isinstance(space, spaces.Dict) else getattr(space, "spaces", [space]):
        if isinstance(part, (spaces.Dict, spaces.Tuple)):
            check_arrays(part, wrapper)
        elif not isinstance(part, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)):
            raise TypeError(f"{wrapper} needs observations that are arrays (Box, Discrete, ...), got {part}")
