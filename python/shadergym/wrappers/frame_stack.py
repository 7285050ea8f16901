"""The last observations as one."""

from __future__ import annotations

import numpy as np
from gymnasium.vector import VectorEnv
from gymnasium.vector.utils import batch_space

from shadergym.wrappers._episodes import EpisodeWrapper, Tree, check_arrays, map_leaves


class FrameStack(EpisodeWrapper):
    """Gives the last ``stack_size`` observations of the running episode, oldest first, ``[n, stack_size, ...]``.

    The same as Gymnasium's FrameStackObservation around each single environment: a start fills the stack, rows of
    ``final_obs`` are the stack as it was at the end, and a reset with a mask leaves the other stacks alone. Each call
    gives arrays of its own.

    Args:
        env: Any vector environment whose observations are arrays, or dictionaries and tuples of arrays.
        stack_size: Number of observations, 1 or more.
        padding_type: What stands before the first observation of an episode: ``"reset"`` (that one, repeated),
            ``"zero"``, or an observation of ``env.single_observation_space``.
    """

    def __init__(self, env: VectorEnv, stack_size: int, *, padding_type: str | Tree = "reset") -> None:
        super().__init__(env)
        if not isinstance(stack_size, (int, np.integer)):
            raise TypeError(f"stack_size is an integer, got {type(stack_size)}")
        if stack_size < 1:
            raise ValueError(f"option `stack_size` is {stack_size}, allowed is 1 or more")
        space = env.single_observation_space
        check_arrays(space, "FrameStack")
        self.stack_size = int(stack_size)
        self._padding: Tree = None
        if isinstance(padding_type, str):
            if padding_type not in ("reset", "zero"):
                raise ValueError(
                    f"option `padding_type` is {padding_type!r}, allowed is `reset`, `zero`, an observation"
                )
        elif padding_type not in space:
            raise ValueError(f"option `padding_type` is {padding_type!r}, no observation of {space}")
        else:
            self._padding, padding_type = padding_type, "custom"
        self.padding_type = padding_type
        self.single_observation_space = batch_space(space, self.stack_size)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._stack: Tree = None

    def _start(self, observations: Tree, starts: np.ndarray) -> Tree:
        if self._stack is None:
            self._stack = map_leaves(self.env.single_observation_space, self._empty, observations)
        self._fill(self._stack, observations, starts)
        return self._copy(self._stack)

    def _advance(self, observations: Tree, starts: np.ndarray) -> Tree:
        def push(stack: np.ndarray, newest: np.ndarray) -> None:
            stack[:, :-1] = stack[:, 1:]
            stack[:, -1] = newest

        map_leaves(self.env.single_observation_space, push, self._stack, observations)
        if starts.any():
            self._fill(self._stack, observations, starts)
        return self._copy(self._stack)

    def _final(self, observations: Tree, rows: np.ndarray) -> Tree:
        def push(stack: np.ndarray, newest: np.ndarray) -> np.ndarray:
            return np.concatenate([stack[rows, 1:], newest[:, None]], axis=1)

        return map_leaves(self.env.single_observation_space, push, self._stack, observations)

    def _empty(self, observations: np.ndarray) -> np.ndarray:
        observations = np.asarray(observations)
        shape = (self.num_envs, self.stack_size, *observations.shape[1:])
        return np.zeros(shape, observations.dtype)

    def _fill(self, stacks: Tree, observations: Tree, starts: np.ndarray) -> None:
        rows = np.flatnonzero(starts)

        def fill(stack: np.ndarray, first: np.ndarray, padding: np.ndarray | int) -> None:
            stack[rows] = first[rows, None] if self.padding_type == "reset" else padding
            stack[rows, -1] = first[rows]

        space = self.env.single_observation_space
        padding = self._padding
        if padding is None:
            padding = map_leaves(space, lambda _: 0, stacks)
        map_leaves(space, fill, stacks, observations, padding)

    def _copy(self, stacks: Tree) -> Tree:
        return map_leaves(self.env.single_observation_space, np.copy, stacks)
