"""Plays a vector environment and remembers what came, for the checks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import concatenate, create_empty_array, iterate

from shadergym._layout import Space
from shadergym.utils._findings import Finding


class Abort(Exception):
    """Nothing more can be checked."""


@dataclass
class Step:
    """One call of step: copies of what it gave, and the objects themselves."""

    observations: Any
    rewards: np.ndarray
    terminations: np.ndarray
    truncations: np.ndarray
    infos: dict[str, Any]
    raw: tuple[Any, ...]
    started: Any = None
    """DISABLED: the observations of the reset that followed, if one did."""

    @property
    def ended(self) -> np.ndarray:
        """Instances whose episode ended in this step."""
        ended: np.ndarray = np.logical_or(np.asarray(self.terminations), np.asarray(self.truncations))
        return ended

    def values(self) -> tuple[Any, ...]:
        """Everything that two equal runs share."""
        return self.observations, self.rewards, self.terminations, self.truncations


class Probe:
    """An environment under test and the findings so far."""

    def __init__(self, env: VectorEnv, seed: int, max_steps: int, skip: Iterable[str], reward_shape: tuple[int, ...]):
        self.env = env
        self.seed = seed
        self.max_steps = max_steps
        self.skip = set(skip)
        self.reward_shape = reward_shape
        self.findings: list[Finding] = []
        self.n: int = env.num_envs
        self._space: Space = copy.deepcopy(env.action_space)
        self._space.seed(seed)
        self._actions: list[Any] = []

    @property
    def mode(self) -> AutoresetMode:
        """The declared mode; NEXT_STEP where there is none."""
        mode = self.env.metadata.get("autoreset_mode")
        return mode if isinstance(mode, AutoresetMode) else AutoresetMode.NEXT_STEP

    def report(self, code: str, where: str, what: str, fix: str) -> None:
        """Remembers a defect, the first one of its code and text."""
        if code not in self.skip and all((f.code, f.fix) != (code, fix) for f in self.findings):
            self.findings.append(Finding(code, where, what, fix))

    def has(self, *codes: str) -> bool:
        """Whether one of these was found."""
        return any(finding.code in codes for finding in self.findings)

    def actions(self, t: int) -> Any:
        """The actions of step t, the same for every run."""
        while len(self._actions) <= t:
            self._actions.append(copy.deepcopy(self._space.sample()))
        return copy.deepcopy(self._actions[t])

    def other_actions(self, t: int, rows: Iterable[int]) -> Any | None:
        """The actions of step t, with different ones for ``rows``; None if the space has one action only."""
        single = copy.deepcopy(self.env.single_action_space)
        single.seed(self.seed + 1)
        parts = list(iterate(self.env.action_space, self.actions(t)))
        for i in rows:
            for _ in range(50):
                sample = single.sample()
                if not same(sample, parts[i]):
                    break
            else:
                return None
            parts[i] = sample
        empty: Any = create_empty_array(single, self.n)
        return concatenate(single, parts, empty)

    def reset(self, **kwargs: Any) -> tuple[Any, Any]:
        """Reset: a copy of the observations, and the result itself."""
        result = self.env.reset(**kwargs)
        return copy.deepcopy(result[0]), result

    def step(self, actions: Any) -> Step:
        """One step; DISABLED: ended instances are started afterwards."""
        raw = self.env.step(actions)
        if not isinstance(raw, tuple) or len(raw) != 5:
            given = f"a tuple of {len(raw)}" if isinstance(raw, tuple) else type(raw).__name__
            self.report(
                "step",
                "step",
                f"gave {given}, expected observations, rewards, terminations, truncations, infos",
                "return these five as a tuple",
            )
            raise Abort
        observations, rewards, terminations, truncations, infos = copy.deepcopy(tuple(raw))
        step = Step(observations, rewards, terminations, truncations, infos, raw)
        if self.mode is AutoresetMode.DISABLED and np.any(step.ended):
            step.started, _ = self.reset(options={"reset_mask": step.ended})
        return step

    def run(
        self, count: int, changed: dict[int, Any] | None = None, after: Callable[[Step, Any], None] | None = None
    ) -> tuple[Any, list[Step]]:
        """Resets with the seed and plays ``count`` steps; gives first observations and steps."""
        first, _ = self.reset(seed=self.seed)
        steps = []
        for t in range(count):
            actions = (changed or {}).get(t, None)
            actions = self.actions(t) if actions is None else copy.deepcopy(actions)
            steps.append(self.step(actions))
            if after is not None:
                after(steps[-1], actions)
        return first, steps

    def rows(self, observations: Any) -> list[Any]:
        """Observations of each instance."""
        return list(iterate(self.env.observation_space, observations))

    def differing(self, a: Any, b: Any, rows: Iterable[int] | None = None) -> list[int]:
        """Instances whose observations differ."""
        a, b = self.rows(a), self.rows(b)
        return [i for i in (range(self.n) if rows is None else rows) if not same(a[i], b[i])]


def same(a: Any, b: Any) -> bool:
    """Whether two trees of arrays hold the same; NaN equals NaN."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if a is None or b is None:
        return a is b
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    try:
        a, b = np.asarray(a), np.asarray(b)
    except (TypeError, ValueError):
        return bool(a == b)
    if a.shape != b.shape:
        return False
    if a.dtype == object or b.dtype == object:
        return all(map(same, a.ravel().tolist(), b.ravel().tolist()))
    return bool(((a == b) | ((a != a) & (b != b))).all())


def indices(mask: Any) -> list[int]:
    """Where a mask is set."""
    return np.flatnonzero(np.asarray(mask)).tolist()


def row_of(tree: Any, i: int) -> Any:
    """One instance of a batch, which may be a tree of arrays or an array of trees."""
    if isinstance(tree, dict):
        return {key: row_of(part, i) for key, part in tree.items()}
    if isinstance(tree, tuple):
        return tuple(row_of(part, i) for part in tree)
    return tree[i]
