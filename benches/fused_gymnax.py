"""Compares fused rollouts of random play with gymnax's, taking turns in one run; prints a table.

    python benches/fused_gymnax.py [MinAtar/Asterix-v1 ...] [--num-envs 256 4096 16384] [--repeats 9] [--seconds 0.5]

Protocol S: 128 transitions per call, actions drawn where the instances live; what comes back are the sums of rewards and of
ends, and the last observations. gymnax runs as its users run it, a `lax.scan` over a `vmap` of `step`, compiled by JAX for
this machine's processor, which takes turns with the lanes on all cores. Both reset by themselves in the step that ends an
episode. Each side counts with the number of instances at which it is fastest, found before the repeats. Without ids: every
environment that both have. Medians, and intervals by order statistics (95 % or more from 9 repeats on); ratios compare the
stretches of the same turn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from importlib import metadata

import gymnax
import jax
import jax.numpy as jnp
import numpy as np
from python_vector import interval

import shadergym

# Transitions of an instance per call.
STEPS = 128
# A call; gives the transitions made.
Call = Callable[[], int]


def theirs(name: str) -> str:
    """What gymnax calls an environment of ours."""
    family, _, rest = name.rpartition("/")
    return f"{rest.rsplit('-', 1)[0]}-{family}" if family else name


def of_gymnax(name: str, num_envs: int) -> Call:
    env, params = gymnax.make(theirs(name))
    actions = env.action_space(params)

    def advance(carry, key):
        state, rewards, ends = carry
        act, step = jax.random.split(key)
        action = jax.vmap(actions.sample)(jax.random.split(act, num_envs))
        keys = jax.random.split(step, num_envs)
        observation, state, reward, terminated, truncated, _ = jax.vmap(env.step, (0, 0, 0, None))(keys, state, action, params)
        return (state, rewards + reward, ends + (terminated | truncated)), observation

    @jax.jit
    def rollout(key, state):
        zeros = jnp.zeros(num_envs)

        def last(carry, key):
            inner, observation = advance(carry[0], key)
            return (inner, observation), None

        start, keys = (state, zeros, jnp.zeros(num_envs, jnp.int32)), jax.random.split(key, STEPS)
        begun = advance(start, keys[0])
        ((state, rewards, ends), observation), _ = jax.lax.scan(last, begun, keys[1:])
        return state, rewards.sum(), ends.sum(), observation

    key = jax.random.key(1)
    now = [jax.jit(jax.vmap(env.reset, (0, None)))(jax.random.split(key, num_envs), params)[1], key]

    def call() -> int:
        now[1], use = jax.random.split(now[1])
        now[0], *told = rollout(use, now[0])
        for array in told:
            np.asarray(array)
        return STEPS * num_envs

    return call


def of_shadergym(name: str, num_envs: int) -> Call:
    envs = shadergym.make_vec(name, num_envs=num_envs, autoreset_mode="SameStep", copy=False, device="cpu")
    envs.reset(seed=1)

    def call() -> int:
        made = envs.rollout(STEPS, record=False).statistics.transitions
        assert made == STEPS * num_envs, f"{made} transitions of {STEPS * num_envs}"
        return made

    return call


def stretch(call: Call, seconds: float) -> float:
    """Transitions per second, over whole calls."""
    begin, made = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - begin) < seconds or made == 0:
        made += call()
    return made / elapsed


def best(make: Callable[[str, int], Call], name: str, sizes: list[int], seconds: float) -> tuple[int, Call]:
    """The number of instances at which it is fastest, warmed up."""
    found = {}
    for num_envs in sizes:
        call = make(name, num_envs)
        call()
        found[num_envs] = (stretch(call, seconds), call)
    num_envs = max(found, key=lambda size: found[size][0])
    return num_envs, found[num_envs][1]


def main() -> None:
    # The newest version of each.
    known = {theirs(name): name for name in sorted(shadergym.ids()) if theirs(name) in gymnax.registered_envs}.values()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"default: {', '.join(known)}")
    parser.add_argument("--num-envs", type=int, nargs="+", default=[256, 4096, 16384])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a stretch")
    args = parser.parse_args()
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in ("gymnax", "jax"))
    print(f"shadergym {shadergym.__version__}, {versions}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {args.repeats} repeats of {args.seconds} s\n")
    print("| environment | gymnax steps/s | n | shadergym steps/s | n | x gymnax | interval |\n|---|--:|--:|--:|--:|--:|--:|")
    for name in args.ids or known:
        (their_size, peer), (size, ours) = (best(make, name, args.num_envs, args.seconds) for make in (of_gymnax, of_shadergym))
        turns = [(stretch(peer, args.seconds), stretch(ours, args.seconds)) for _ in range(args.repeats)]
        (theirs_median, ours_median), ratios = (statistics.median(x) for x in zip(*turns)), [b / a for a, b in turns]
        less, more = interval(ratios)
        print(
            f"| {name} | {theirs_median:,.0f} | {their_size} | {ours_median:,.0f} | {size} "
            f"| {statistics.median(ratios):.1f} | {less:.1f} to {more:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
