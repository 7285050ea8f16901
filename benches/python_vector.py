"""Compares the Python package with its peers on CartPole, taking turns in one run; prints a table.

    python benches/python_vector.py [--num-envs 4096 65536] [--repeats 15] [--seconds 0.3] [--device auto]

Protocol C: one call of `step` per transition through Gymnasium's interface, with fresh random actions in every call that
were drawn before the timed stretch. Timed: the call, and counting the flags of the ended. A transition is one step of one
instance; steps that only start a new episode do not count. All contenders take turns within every repeat, so a slow
minute of the machine hits them alike; a ratio compares the stretches of the same turn. Medians, with the interval that
order statistics give (95 % or more from 9 repeats on). EnvPool and gymnax take part where they are installed.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

import gymnasium as gym
import numpy as np

import shadergym

ID = "CartPole-v1"
# What a contender is: takes actions, gives the number of instances that ended.
Step = Callable[[Any], int]


def of_vector_env(envs: Any) -> Step:
    envs.reset(seed=1)

    def step(actions: np.ndarray) -> int:
        _, _, terminations, truncations, _ = envs.step(actions)
        return int(np.count_nonzero(terminations | truncations))

    return step


def envpool(num_envs: int) -> Step:
    import envpool

    envs = envpool.make(ID, env_type="gymnasium", num_envs=num_envs)
    envs.reset()

    def step(actions: np.ndarray) -> int:
        _, _, terminations, truncations, _ = envs.step(actions)
        return int(np.count_nonzero(terminations | truncations))

    return step


def gymnax(num_envs: int) -> Step:
    import gymnax
    import jax

    env, params = gymnax.make(ID)
    key = jax.random.key(1)
    reset, advance = jax.vmap(env.reset, (0, None)), jax.jit(jax.vmap(env.step, (0, 0, 0, None)))
    state = [reset(jax.random.split(key, num_envs), params)[1]]
    keys = [jax.random.split(jax.random.fold_in(key, i), num_envs) for i in range(8)]

    def step(actions: np.ndarray) -> int:
        observation, state[0], reward, *rest = advance(keys[0], state[0], actions, params)
        keys.append(keys.pop(0))
        ended = [np.asarray(flag) for flag in rest[:-1]]
        np.asarray(observation), np.asarray(reward)
        return int(np.count_nonzero(np.logical_or.reduce(ended)))

    return step


def vector_contenders(num_envs: int, device: str) -> dict[str, Callable[[], Step]]:
    options = {"num_envs": num_envs, "device": device}
    everyone = {
        "Gymnasium NumPy vector": lambda: of_vector_env(gym.make_vec(ID, num_envs)),
        "shadergym": lambda: of_vector_env(shadergym.make_vec(ID, **options)),
        "shadergym copy=False": lambda: of_vector_env(shadergym.make_vec(ID, copy=False, **options)),
        "EnvPool": lambda: envpool(num_envs),
        "gymnax": lambda: gymnax(num_envs),
    }
    return everyone


def single(env: gym.Env) -> Step:
    env.reset(seed=1)

    def step(action: int) -> int:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
            return 1
        return 0

    return step


def single_contenders() -> dict[str, Callable[[], Step]]:
    return {
        f"gymnasium.make({ID!r})": lambda: single(gym.make(ID)),
        f"shadergym.make({ID!r})": lambda: single(shadergym.make(ID)),
    }


class Contender:
    """Steps with fresh actions for about `seconds` at a time."""

    def __init__(self, step: Step, num_envs: int | None, seconds: float) -> None:
        self.step, self.num_envs, self.random = step, num_envs, np.random.default_rng(0)
        self.starting = 0
        self.calls = 8
        while True:  # Warms up, and finds how many calls fill a stretch.
            elapsed = self.stretch()[1]
            if elapsed >= seconds / 2 or self.calls >= 1 << 22:
                break
            self.calls = math.ceil(self.calls * min(8, max(2, seconds / elapsed)))

    def stretch(self) -> tuple[float, float]:
        """Transitions per second, and the seconds."""
        # Drawing all actions of a stretch takes memory: at most 64 of them differ at large sizes.
        if self.num_envs is None:
            draws = self.random.integers(0, 2, self.calls).tolist()
        else:
            draws = list(self.random.integers(0, 2, (min(self.calls, 64), self.num_envs)))
        step, ends, size = self.step, 0, len(draws)
        begin = time.perf_counter()
        for call in range(self.calls):
            ended = step(draws[call % size])
            ends += ended
        seconds = time.perf_counter() - begin
        if self.num_envs is None:
            return self.calls / seconds, seconds
        # Those that ended take the step after it to start anew.
        transitions = self.calls * self.num_envs - (ends - ended + self.starting)
        self.starting = ended
        return transitions / seconds, seconds


def interval(values: list[float]) -> tuple[float, float]:
    """A 95 % interval of the median by order statistics, all of them if there are too few."""
    ordered, n = sorted(values), len(values)
    tail, k = 0.0, 0
    while k < n // 2 and tail + math.comb(n, k) / 2**n <= 0.025:
        tail += math.comb(n, k) / 2**n
        k += 1
    k = max(k - 1, 0)
    return ordered[k], ordered[n - 1 - k]


def compare(title: str, makers: dict[str, Callable[[], Step]], num_envs: int | None, args: argparse.Namespace) -> None:
    running: dict[str, Contender] = {}
    for name, make in makers.items():
        try:
            running[name] = Contender(make(), num_envs, args.seconds)
        except ImportError as missing:
            print(f"{title}: {name} is left out, {missing.name} is not installed")
    speeds: dict[str, list[float]] = {name: [] for name in running}
    for _ in range(args.repeats):
        for name, contender in running.items():
            speeds[name].append(contender.stretch()[0])
    base = next(iter(speeds))
    print(f"\n| {title} | steps/s | interval | x {base} | interval |\n|---|--:|--:|--:|--:|")
    for name, values in speeds.items():
        ratios = [value / reference for value, reference in zip(values, speeds[base], strict=True)]
        (low, high), (less, more) = interval(values), interval(ratios)
        print(
            f"| {name} | {statistics.median(values):,.0f} | {low:,.0f} to {high:,.0f} "
            f"| {statistics.median(ratios):.2f} | {less:.2f} to {more:.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-envs", type=int, nargs="*", default=[4096, 65536])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a stretch")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    versions = [f"{name} {metadata.version(name)}" for name in ("shadergym", "gymnasium", "numpy")]
    for name in ("envpool", "gymnax", "jax"):
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            pass
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"Python {platform.python_version()}, {', '.join(versions)}; {os.cpu_count()} cores{load}")
    print(f"{ID}, {args.repeats} repeats of {args.seconds} s; shadergym on {shadergym.make_vec(ID).device.split(',')[0]}")
    for num_envs in args.num_envs:
        compare(f"{num_envs} instances", vector_contenders(num_envs, args.device), num_envs, args)
    compare("one instance", single_contenders(), None, args)


if __name__ == "__main__":
    main()
