"""Compares the bsuite environments with those of the `bsuite` package while both play: draws and variants included.

    pip install --no-deps bsuite==0.3.6
    pip install dm-env numpy shadergym
    python check_bsuite.py [id ...] [--device cpu] [--steps 300] [--episodes 4000]

Transitions: where a step draws nothing, the reference is put into each state that comes up in random play, under parameters
drawn from the settings, and must pay, end, show and become the same.

Distributions: random play of both programs. Lengths of episodes must be the same; returns, single rewards and elements of
the first, second and last observations must have the same mean and the same mean square within SIGMAS standard errors.
"""

import argparse
from collections import defaultdict

import numpy as np
import shadergym

from bsuite_tasks import CASES, LENGTHS

INSTANCES = 64
SIGMAS = 5.5
ROOT = __file__.rsplit("envs", 1)[0]
BITS = [n for n in LENGTHS if n <= 40]


class Id:
    """An id, the settings it is compared with, and whether its steps draw."""

    def __init__(self, case, name, settings, draws=False, **changes):
        self.case, self.name, self.settings, self.draws = case, name, settings, draws
        for key, value in changes.items():
            setattr(self, key, value)

    def open(self, count, device):
        # The observation of a variant has room for more.
        vars(self.case).update({key: value for key, value in vars(self).items() if key in ("width", "side")})
        path = f"{ROOT}shaders/bsuite/{self.case.stem}.wgsl"
        return shadergym.make_vec(
            wgsl=path if self.name == self.case.name else f"{path}#{self.name}",
            num_envs=count, device=device, autoreset_mode="Disabled",
        )


def ids():
    memory, umbrella, sea, catch, chain, bandit = CASES
    yield Id(memory, memory.name, [[n, 1] for n in LENGTHS], width=3)
    yield Id(memory, "bsuite/MemorySize-v0", [[2, n] for n in BITS] + [[7, 33]], width=42)
    yield Id(umbrella, umbrella.name, [[1, 20, 1.0], [2, 20, 1.0], [20, 3, 1.0]], True, width=23)
    yield Id(umbrella, "bsuite/UmbrellaDistract-v0", [[20, n, 1.0] for n in (1, 31, 32, 33, 64, 100)], True, width=103)
    for size in (20, 30, 50):
        settings = [[n, seed, 0.01, 0.0, 0.0] for n in (size, size - 8) for seed in (42, 7)]
        yield Id(sea, f"bsuite/DeepSea{size}-v0", settings, side=size)
    yield Id(sea, sea.name, [[10, 42, 0.01, 0.0, 0.0], [4, 3, 0.01, 0.0, 0.0]], side=10)
    stochastic = [[2, 42, 0.01, 1.0, 1.0], [3, 0, 0.3, 1.0, 1.0], [10, 42, 0.01, 1.0, 1.0]]
    yield Id(sea, "bsuite/DeepSeaStochastic-v0", stochastic, True, side=10)
    yield Id(sea, "bsuite/DeepSeaStochastic20-v0", [[20, 42, 0.01, 1.0, 1.0]], True, side=20)
    yield Id(catch, catch.name, [[1.0, 0.0], [0.03, 0.0]])
    yield Id(catch, "bsuite/CatchNoise-v0", [[1.0, scale] for scale in (0.1, 0.3, 1.0, 3.0, 10.0)], True)
    yield Id(catch, "bsuite/CatchScale-v0", [[scale, 0.0] for scale in (0.001, 30.0, 1000.0)])
    yield Id(chain, chain.name, [[k, 0.1] for k in range(5)])
    yield Id(bandit, bandit.name, [[k, 1.0, 0.0] for k in range(20)])
    yield Id(bandit, "bsuite/BanditNoise-v0", [[k, 1.0, 0.3] for k in (0, 1, 2)] + [[3, 1.0, 10.0]], True)
    yield Id(bandit, "bsuite/BanditScale-v0", [[k, 30.0, 0.0] for k in range(4)])


def table(dtype, rows):
    """Structured rows of a type whose fields are numbers and arrays of numbers."""
    out, column, rows = np.zeros(len(rows), dtype), 0, np.array(rows, np.float64)
    for name in dtype.names:
        field = out[name]
        width = field.size // len(rows)
        field[...] = rows[:, column : column + width].reshape(field.shape)
        column += width
    return out


def flat(states):
    """States as lists of Python's integers and floats in the order of their words."""
    columns = [states[name].reshape(len(states), -1).T.tolist() for name in states.dtype.names]
    return [list(row) for row in zip(*(word for column in columns for word in column))]


def shown(case, env, observation):
    """What the reference shows, as elements of our observation."""
    seen = np.asarray(case.see(env, observation))
    return np.unpackbits(seen.view(np.uint8), bitorder="little").astype(np.float64) if seen.dtype == "<u4" else seen


def ours_shown(observations):
    return observations.reshape(len(observations), -1).astype(np.float64)


def transitions(id, steps, device):
    """Every transition of random play, made by the reference as well."""
    rng, case = np.random.default_rng(7), id.case
    envs = id.open(INSTANCES, device)
    made, count = {}, 0
    dtype = envs.params.dtype
    params = [id.settings[k % len(id.settings)] for k in range(INSTANCES)]
    envs.set_params(np.arange(INSTANCES), table(dtype, params))
    envs.reset(seed=5)
    for i in range(INSTANCES):
        made[i] = case.make(params[i])
        made[i].reset()
    for _ in range(steps):
        before = flat(envs.get_state())
        actions = rng.integers(envs.single_action_space.n, size=INSTANCES)
        observations, rewards, ends, _, _ = envs.step(actions)
        after, seen = flat(envs.get_state()), ours_shown(observations)
        for i, env in made.items():
            case.load(env, before[i])
            step = env.step(int(actions[i]))
            wanted = shown(case, env, step.observation)[: seen.shape[1]]
            same = (
                abs(rewards[i] - step.reward) <= 1e-6 * max(1, abs(step.reward))
                and bool(ends[i]) == step.last()
                and np.allclose(after[i], case.after(env, before[i], int(actions[i]), step.reward), 1e-6, 1e-6)
                and np.abs(seen[i] - wanted).max() <= 1e-6
            )
            if not same:
                raise SystemExit(f"{id.name} {params[i]}: {before[i]} {actions[i]} -> {rewards[i]} {ends[i]} {after[i]} {seen[i]}"
                                 f" instead of {step} {wanted}")
            count += 1
        if ends.any():
            envs.reset(options={"reset_mask": ends})
    print(f"{id.name}: {count} transitions equal on {device}")


class Sums:
    """Sums, and those of squares and fourth powers, of named quantities."""

    def __init__(self):
        self.values = defaultdict(list)

    def add(self, name, value):
        self.values[name].append(np.asarray(value, np.float64))

    def moments(self, name):
        values = np.concatenate([np.atleast_2d(v) for v in self.values[name]])
        return len(values), [(power.mean(0), power.var(0)) for power in (values, values**2)]


def compare(label, ours, theirs):
    worst, tests = 0.0, 0
    for name in ours.values:
        n, a = ours.moments(name)
        m, b = theirs.moments(name)
        for (mean, variance), (other, spread) in zip(a, b):
            error = np.sqrt(variance / n + spread / m)
            off = np.abs(mean - other) / np.maximum(error, 1e-6 * np.maximum(1, np.abs(other)))
            worst, tests = max(worst, float(off.max())), tests + off.size
            if off.max() > SIGMAS:
                raise SystemExit(f"{label}, {name}: {mean} instead of {other}, {off.max():.1f} standard errors")
    return worst, tests


def distributions(id, episodes, device):
    rng, case, worst, tests = np.random.default_rng(3), id.case, 0.0, 0
    for setting in id.settings:
        envs, ours, theirs = id.open(episodes, device), Sums(), Sums()
        envs.set_params(np.arange(episodes), table(envs.params.dtype, [setting] * episodes))
        observations, _ = envs.reset(seed=9)
        n = envs.single_action_space.n
        ours.add("first observation", ours_shown(observations))
        returns, length, ended = np.zeros(episodes), 0, np.zeros(episodes, bool)
        while not ended.all():
            # Episodes of a setting are all of one length.
            observations, rewards, ended, _, _ = envs.step(rng.integers(n, size=episodes))
            returns, length = returns + rewards, length + 1
            assert ended.all() or not ended.any()
            if length == 1:
                ours.add("second observation", ours_shown(observations))
        ours.add("last observation", ours_shown(observations))
        ours.add("return", returns[:, None]), ours.add("last reward", rewards[:, None])
        env = case.make(setting)
        getattr(env, "raw_env", env)._rng = np.random.RandomState(1)
        width = ours_shown(observations).shape[1]
        for _ in range(episodes // 4):
            step, total, count = env.reset(), 0.0, 0
            theirs.add("first observation", shown(case, env, step.observation)[:width])
            while not step.last():
                step = env.step(int(rng.integers(n)))
                total, count = total + step.reward, count + 1
                if count == 1:
                    theirs.add("second observation", shown(case, env, step.observation)[:width])
            assert count == length, f"{id.name} {setting}: {length} steps instead of {count}"
            theirs.add("last observation", shown(case, env, step.observation)[:width])
            theirs.add("return", [total]), theirs.add("last reward", [step.reward])
        sigma, number = compare(f"{id.name} {setting}", ours, theirs)
        worst, tests = max(worst, sigma), tests + number
    print(f"{id.name}: {tests} moments of random play agree, the worst by {worst:.1f} standard errors")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--episodes", type=int, default=4000)
    options = parser.parse_args()
    for id in ids():
        if options.ids and id.name not in options.ids:
            continue
        if not id.draws:
            transitions(id, options.steps, options.device)
        few = id.settings if id.draws else id.settings[:: max(1, len(id.settings) // 3)]
        distributions(Id(id.case, id.name, few, id.draws, **{k: v for k, v in vars(id).items() if k in ("width", "side")}),
                      options.episodes, options.device)


if __name__ == "__main__":
    main()
