"""What callers may give to ``reset``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import gymnasium.error
import numpy as np


def one_seed(seed: Any, allowed: str = "an integer of 0 or more, or None") -> int | None:
    """A seed as Python's integer."""
    if seed is None:
        return None
    if not isinstance(seed, (int, np.integer)):
        raise gymnasium.error.Error(f"option `seed` is {seed!r} of type {type(seed).__name__}, allowed is {allowed}")
    if seed < 0:
        raise gymnasium.error.Error(
            f"Seed must be greater or equal to zero, actual value: {seed}; option `seed` allows {allowed}"
        )
    return int(seed)


def vector_seed(seed: Any, num_envs: int) -> tuple[int | None, np.ndarray | None]:
    """One seed for all instances (that of instance 0), or one for each as 64-bit integers, where None is a random one."""
    allowed = f"an integer of 0 or more, a sequence of {num_envs} of them, or None"
    if isinstance(seed, np.ndarray) and seed.ndim == 0:
        seed = seed[()]
    if not isinstance(seed, Iterable) or isinstance(seed, (str, bytes, Mapping)):
        return one_seed(seed, allowed), None
    seeds = list(seed)
    if len(seeds) != num_envs:
        raise ValueError(
            f"If seeds are passed as a list the length must match num_envs={num_envs} but got length={len(seeds)}."
        )
    given = [one_seed(seed, allowed) for seed in seeds]
    fresh = iter(np.random.SeedSequence().generate_state(given.count(None), np.uint64).tolist())
    return None, np.array([next(fresh) if s is None else s % (1 << 64) for s in given], np.uint64)


def check_options(options: Any, id: str, known: tuple[str, ...] = ()) -> None:
    """Refuses options that would do nothing, so that a misspelt one is not taken for a reset of everything."""
    if options is None:
        return
    if not isinstance(options, Mapping):
        raise TypeError(f"option `options` is {options!r}, allowed is a dictionary or None")
    for name in options:
        if name in known:
            continue
        near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
        meant = f" Did you mean `{near[0]}`?" if near else ""
        has = f"It has {', '.join(f'`{option}`' for option in known)}" if known else "It has none"
        raise ValueError(
            f"{id} has no reset option `{name}`.{meant} {has}; what an episode starts from is changed by `set_params` and "
            "`set_state`"
        )


def check_mask(mask: Any, num_envs: int) -> np.ndarray:
    """The mask of instances to start, or one of the errors of Gymnasium's own vector environments."""
    if not isinstance(mask, np.ndarray):
        raise TypeError(f"`options['reset_mask']` must be a numpy array, got {type(mask)}")
    if mask.shape != (num_envs,):
        raise ValueError(f"`options['reset_mask']` must have shape `({num_envs},)`, got {mask.shape}")
    if mask.dtype != np.bool_:
        raise TypeError(f"`options['reset_mask']` must have `dtype=np.bool_`, got {mask.dtype}")
    if not mask.any():
        raise ValueError("`options['reset_mask']` must contain a boolean array with at least one True value")
    return np.ascontiguousarray(mask)
