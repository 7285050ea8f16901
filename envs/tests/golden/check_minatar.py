"""Compares the MinAtar environments with the games of the `minatar` package while both play: draws included.

    pip install minatar==1.0.15 numpy shadergym
    python check_minatar.py [stem ...] [--device cpu] [--steps 100000] [--samples 20000]

Transitions: the environment steps first, with its own draws. The reference is put into the state before (`load`) and
acts with its generator replaced by `Forced`, which runs through everything that could be drawn until reward, end,
state and observation are those of the environment. No draw that explains the transition is an error; a transition
without draws has one explanation. Half of the games start where play seldom gets (`prepare`). The v1 ids are compared
with the minimal action sets, the v0 ids with all six actions, those that do nothing among them.

Distribution: from states in which the next step draws, both programs take one step many times, the reference with
its own generator. The two histograms of what came out must pass a chi-squared test.
"""

import argparse
from collections import Counter
from importlib import import_module
from math import erfc, sqrt

import numpy as np
import shadergym

from minatar_games import CASES, packed_bits

INSTANCES = 64
# A test fails by chance with this probability; some dozens are made.
P_VALUE = 1e-6
# Games that draw nothing within a step.
UNDRAWN = ("breakout", "space_invaders")


class Forced:
    """Stands in for a generator: every call takes the next of its possible outcomes, `advance` the next combination.

    The games compare a uniform number with 1/2 or 1/3 only, so two numbers stand for all. Arrays come from `fixed`.
    """

    def __init__(self, fixed):
        self.fixed, self.chosen, self.counts, self.at, self.drawn = fixed, [], [], 0, False

    def pick(self, count):
        if self.at == len(self.chosen):
            self.chosen.append(0)
            self.counts.append(count)
        self.at += 1
        return self.chosen[self.at - 1]

    def rand(self, size=None):
        self.drawn = True
        return (0.2, 0.8)[self.pick(2)] if size is None else self.fixed["rand"]

    def randint(self, low, high=None, size=None):
        if size is not None:
            return self.fixed["randint"].copy()
        low, high = (0, low) if high is None else (low, high)
        return low + self.pick(high - low)

    def choice(self, count):
        return self.randint(count)

    def advance(self):
        self.at = 0
        while self.chosen and self.chosen[-1] + 1 == self.counts[-1]:
            self.chosen.pop(), self.counts.pop()
        if self.chosen:
            self.chosen[-1] += 1
        return bool(self.chosen)


def flat(states):
    """States of the environment as lists of Python integers in the order of its words."""
    columns = []
    for name in states.dtype.names:
        columns.append(states[name].reshape(len(states), -1))
    return np.concatenate([c.astype(np.int64) for c in columns], axis=1).tolist()


def structured(dtype, rows):
    """The inverse of `flat`."""
    states, column = np.zeros(len(rows), dtype), 0
    rows = np.array(rows, np.int64)
    for name in dtype.names:
        field = states[name]
        width = field.size // len(rows)
        field[...] = rows[:, column : column + width].reshape(field.shape).astype(field.dtype)
        column += width
    return states


def environment(case, actions, count, device):
    path = f"shaders/minatar/{case.stem}.wgsl"
    root = __file__.rsplit("envs", 1)[0]
    return shadergym.make_vec(
        wgsl=f"{root}{path}#{case.name}-{actions}" if actions == "v0" else f"{root}{path}",
        num_envs=count, device=device, sticky_action_probability=0.0, autoreset_mode="Disabled",
    )


def explain(case, game, run, state, wanted):
    """Finds draws with which `run` leads to what is `wanted`, part of which is `state`; were there any?"""
    forced = game.random = Forced(case.draws(state) if hasattr(case, "draws") else None)
    tried = []
    while True:
        got = run()
        if got == wanted:
            return forced.drawn
        tried.append(got)
        if not forced.advance():
            raise SystemExit(f"{case.stem}: no draw explains\n {wanted}\n first of {len(tried)} tried:\n {tried[0]}")


def compare(case, module, actions, steps, device):
    rng = np.random.default_rng(7)
    envs = environment(case, actions, INSTANCES, device)
    envs.reset(seed=11)
    # The start is the reference's own, whatever it draws.
    game, dtype = module.Env(), envs.get_state().dtype
    assert envs.single_action_space.n == (6 if actions == "v0" else len(game.minimal_action_set()))
    assert list(case.actions) == game.minimal_action_set()
    for start in flat(envs.get_state()):
        explain(case, game, lambda: (game.reset(), case.state(game))[1], start, start)

    def transition(before, action, ramps):
        case.load(game, before)
        game.ramping = ramps
        reward, terminated = game.act(action)
        return float(reward), bool(terminated), case.state(game), packed_bits(game.state()).tolist()

    states, rewards, ends, drawn = flat(envs.get_state()), 0.0, 0, 0
    ramping = [True] * INSTANCES
    errors = rng.choice([0.0, 0.02, 0.1, 0.5], INSTANCES)
    for _ in range(-(-steps // INSTANCES)):
        played = []
        for state, error in zip(states, errors):
            case.load(game, state)
            index = case.play(game, rng, error)
            # v0 has all actions: those, too, that do nothing in this game.
            anything = int(rng.integers(6)) if rng.random() < 0.2 else case.actions[index]
            played.append(index if actions == "v1" else anything)
        observations, got, terminated, truncated, _ = envs.step(np.array(played))
        assert not truncated.any()
        afters = flat(envs.get_state())
        for i in range(INSTANCES):
            after = (float(got[i]), bool(terminated[i]), afters[i], packed_bits(observations[i]).tolist())
            action = case.actions[played[i]] if actions == "v1" else played[i]
            act = lambda: transition(states[i], action, ramping[i])
            drawn += explain(case, game, act, afters[i], after)
        rewards, ends, states = rewards + float(got.sum()), ends + int(terminated.sum()), afters
        # Games that are over, and now and then one that is not, begin anew: some where play seldom gets.
        anew = np.flatnonzero(terminated | (rng.random(INSTANCES) < 0.002))
        begin = {}
        for i in anew:
            game.random = np.random.RandomState(int(rng.integers(2**31)))
            game.ramping = True
            game.reset()
            if rng.random() < 0.5:
                case.prepare(game, rng)
                begin[i] = case.state(game)
            ramping[i] = game.ramping
            envs.set_params([i], structured(envs.params.dtype, [case.params(game)]))
            errors[i] = rng.choice([0.0, 0.02, 0.1, 0.5])
        if len(anew):
            envs.reset(options={"reset_mask": np.isin(np.arange(INSTANCES), anew)})
        if begin:
            envs.set_state(structured(dtype, list(begin.values())), list(begin))
        states = flat(envs.get_state()) if len(anew) else states
    count = -(-steps // INSTANCES) * INSTANCES
    print(f"{case.name}-{actions}: {count} transitions equal on {device}, {drawn} of them with draws; "
          f"reward {rewards:.0f}, {ends} ends")


def tail(statistic, freedom):
    """Probability that a chi-squared value is larger (Wilson and Hilferty's cube root, good to some percent)."""
    if freedom == 0:
        return 1.0
    z = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom))
    return 0.5 * erfc(z / sqrt(2))


def homogeneity(a, b):
    """p-value of two histograms coming from one distribution; categories below 10 are put together."""
    keys = sorted(set(a) | set(b), key=str)
    table = np.array([[a[k], b[k]] for k in keys], float)
    rare = table.sum(1) < 20
    table = np.vstack([table[~rare], table[rare].sum(0)]) if rare.any() else table
    table = table[table.sum(1) > 0]
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    return tail(((table - expected) ** 2 / expected).sum(), len(table) - 1), len(table)


def distribution(case, module, samples, device, count=6):
    """Histograms after one step from `count` states in which it draws."""
    rng, game = np.random.default_rng(5), module.Env()
    envs, worst, tests = environment(case, "v1", samples, device), 1.0, 0
    envs.reset(seed=3)
    found = 0
    while found < count:
        game.random = np.random.RandomState(int(rng.integers(2**31)))
        game.reset()
        case.prepare(game, rng)
        game.ramping = True
        for _ in range(200):
            action, before = case.play(game, rng, 0.05), case.state(game)
            game.random = generator = np.random.RandomState(int(rng.integers(2**31)))
            untouched = generator.get_state()[2]
            if game.act(case.actions[action])[1]:
                break
            if generator.get_state()[2] != untouched and rng.random() < 0.1:
                break
        if game.terminal or generator.get_state()[2] == untouched:
            continue
        found += 1
        envs.set_state(structured(envs.get_state([0]).dtype, [before] * samples))
        envs.step(np.full(samples, action))
        categories = case.categories if hasattr(case, "categories") else lambda values: {"state": tuple(values)}
        ours, theirs = {}, {}
        for row in flat(envs.get_state()):
            for name, value in categories(row).items():
                ours.setdefault(name, Counter())[value] += 1
        for _ in range(samples):
            case.load(game, before)
            game.random = generator
            game.act(case.actions[action])
            for name, value in categories(case.state(game)).items():
                theirs.setdefault(name, Counter())[value] += 1
        for name in ours:
            p, size = homogeneity(ours[name], theirs[name])
            worst, tests = min(worst, p), tests + 1
            if p < P_VALUE:
                raise SystemExit(f"{case.stem}, {name} after {before}: p = {p}, {ours[name]} against {theirs[name]}")
    print(f"{case.name}: {tests} histograms of {samples} draws agree, smallest p {worst:.2g}, {size} kinds in the last")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stems", nargs="*")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=20_000)
    options = parser.parse_args()
    for case in CASES:
        if options.stems and case.stem not in options.stems:
            continue
        module = import_module(f"minatar.environments.{case.stem}")
        compare(case, module, "v1", options.steps, options.device)
        compare(case, module, "v0", options.steps, options.device)
        if case.stem not in UNDRAWN:
            distribution(case, module, options.samples, options.device)


if __name__ == "__main__":
    main()
