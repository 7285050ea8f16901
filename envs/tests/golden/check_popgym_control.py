"""Compares the control tasks with those of the `popgym` package while both play: time limits, starts and noise included.

    pip install popgym==1.0.7 "gymnasium==1.4.*" numpy shadergym
    python check_popgym_control.py [name ...] [--device cpu] [--episodes 40] [--samples 20000] [--shaders FOLDER]

Episodes, of all ids: before each step the reference is put into the environment's state; rewards, observations (without
noise) and states are then equal within 1e-5, and the ends are the same, to the step of the time limit.

Starts, first observations and noise: many starts and first steps of both programs; the histograms of each observed number,
of both together and of the noise behind them must pass a chi-squared test.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import shadergym
from check_minatar import P_VALUE, homogeneity
from popgym_control import CASES, SIZES

TOLERANCE = 1e-5
HERE = Path(__file__).resolve().parent


def environment(options, case, size, count):
    file = f"{options.shaders}/{case.stem}.wgsl#POPGym/{case.name}{size}-v0"
    return shadergym.make_vec(wgsl=file, num_envs=count, device=options.device, autoreset_mode="Disabled")


def flat(states):
    """States as rows of floats in the order of the environment's words."""
    return np.concatenate([states[name].reshape(len(states), -1) for name in states.dtype.names], axis=1)


def close(a, b, what):
    error = np.max(np.abs(np.asarray(a, float) - b) / np.maximum(1.0, np.abs(b)))
    assert error <= TOLERANCE, (what, a, b)
    return error


def episodes(options, case, size):
    rng = np.random.default_rng(7)
    count, (limit, noise) = options.episodes, case.sizes[size]
    envs = environment(options, case, size, count)
    envs.reset(seed=11)
    # Noise apart, the noisy reference is the one below it.
    references = [case.make(limit) for _ in range(count)]
    for env in references:
        env.reset(seed=0)
    playing, steps, ends, worst = np.ones(count, bool), 0, [0, 0], 0.0
    while playing.any():
        states = flat(envs.get_state())
        # Every other episode is played at random.
        space = references[0].action_space
        played = [case.control(s, rng) if i % 2 else space.sample() for i, s in enumerate(states)]
        seen, rewards, terminated, truncated, _ = envs.step(np.array(played))
        after = flat(envs.get_state())
        for i in np.flatnonzero(playing):
            exact = states[i, : case.below].astype(np.float64)
            case.put(references[i], exact)
            told, reward, over, cut, _ = references[i].step(played[i])
            assert (bool(over), bool(cut)) == (bool(terminated[i]), bool(truncated[i])), (case.name, states[i])
            worst = max(worst, close(rewards[i], np.float64(reward), "reward"))
            worst = max(worst, close(after[i, : case.below], case.take(references[i], exact), "state"))
            if noise > 0.0:
                space = references[i].observation_space
                told = np.clip(case.told(after[i]) + after[i, case.below :], space.low, space.high)
            worst = max(worst, close(seen[i], told, "observation"))
            steps += 1
            if over or cut:
                playing[i] = False
                ends[bool(cut)] += 1
        # Instances that ended begin anew, only for the others to go on.
        if playing.any() and (~playing).any():
            envs.reset(options={"reset_mask": ~playing})
    print(
        f"{case.name}{size}: {count} episodes agree on {options.device}, {steps} steps, largest difference {worst:.1g}, "
        f"{ends[0]} terminated, {ends[1]} truncated"
    )


def categories(values, spread):
    """One number in 40 parts of its range, two together in 8 x 8."""
    part = np.floor(values / spread * 20).astype(int)
    together = np.floor(values / spread * 4).astype(int)
    told = {f"number {k}": Counter(part[:, k].tolist()) for k in range(values.shape[1])}
    return {**told, "together": Counter(map(tuple, together[:, :2].tolist()))}


def distribution(options, case, size):
    limit, noise = case.sizes[size]
    count = options.samples
    envs = environment(options, case, size, count)
    first, _ = envs.reset(seed=3)
    rng, reference = np.random.default_rng(5), case.make(limit, noise)
    space = reference.action_space
    states = flat(envs.get_state())
    action = np.ones(1, np.float32) if space.shape else 1
    second = envs.step(np.array([action] * count))[0]
    after = flat(envs.get_state())
    ours = {"start": states[:, : case.below], "first": first, "second": second}
    theirs = {name: [] for name in ours}
    if noise > 0.0:
        ours["noise"], theirs["noise"] = after[:, case.below :], []
    for i in range(count):
        observation, _ = reference.reset(seed=int(rng.integers(2**31)) if i == 0 else None)
        theirs["start"].append(np.array(reference.state, float))
        theirs["first"].append(observation)
        theirs["second"].append(reference.step(action)[0])
        if noise > 0.0:
            # The noise by itself: clipped observations do not show it.
            theirs["noise"].append(reference.np_random.normal(0.0, reference.noise_sigma))
    lowest, tests = 1.0, 0
    for name, values in ours.items():
        values = np.asarray(values, float)
        other = np.array(theirs[name], float).reshape(values.shape[0], -1)[:, : values.shape[1]]
        columns = min(values.shape[1], other.shape[1])
        values, other = values[:, :columns], other[:, :columns]
        spread = np.maximum(np.abs(other).max(0), 1e-6)
        a, b = categories(values, spread), categories(other, spread)
        for part in a:
            p, _ = homogeneity(a[part], b[part])
            lowest, tests = min(lowest, p), tests + 1
            if p < P_VALUE:
                raise SystemExit(f"{case.name}{size}, {name}, {part}: p = {p}")
    print(f"{case.name}{size}: {tests} histograms of {count} starts and steps agree, smallest p {lowest:.2g}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="ids without family, size and version")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--shaders", default=str(HERE.parents[2] / "shaders/popgym"), help="folder of the files")
    options = parser.parse_args()
    for case in CASES:
        if options.names and case.name not in options.names:
            continue
        for size in SIZES:
            episodes(options, case, size)
            distribution(options, case, size)


if __name__ == "__main__":
    main()
