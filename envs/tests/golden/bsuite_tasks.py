"""The environments of the `bsuite` package beside ours: how to put a state into them, take one out, which rows to record.

    pip install --no-deps bsuite==0.3.6
    pip install dm-env numpy

The package's `__init__` loads its plots and loggers, its wrappers a library for images; the environments and what is used
of the wrappers need nothing but dm_env and NumPy, so empty modules take the places of the others here.
"""

import sys
import types
from importlib.metadata import distribution, version
from itertools import product

import numpy as np

VERSION = "0.3.6"
if version("bsuite") != VERSION:
    raise SystemExit(f"found bsuite {version('bsuite')}: pip install --no-deps bsuite=={VERSION}")
package = sys.modules["bsuite"] = types.ModuleType("bsuite")
sys.modules.setdefault("skimage", types.ModuleType("skimage")).transform = None
package.__path__ = [str(distribution("bsuite").locate_file("bsuite"))]

from bsuite.environments import bandit, catch, deep_sea, discounting_chain, memory_chain, umbrella_chain  # noqa: E402
from bsuite.utils import wrappers  # noqa: E402

MASK = 0xFFFFFFFF
# The lengths of memory_len, and the numbers of bits and distractors below their bounds.
LENGTHS = [*range(1, 11), 12, 14, 17, 20, 25, *range(30, 101, 10)]


def hash_word(x):
    """`hash_word` of shaders/shared/hash.wgsl."""
    x = (x + 0x9E3779B9) & MASK
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & MASK
    x = ((x ^ (x >> 15)) * 0x846CA68B) & MASK
    return x ^ (x >> 16)


def hash_of(seed, index):
    """`hash_of` of shaders/shared/hash.wgsl."""
    return hash_word(hash_word(seed) + index & MASK)


def padded(values, width):
    """A row of floats with zeros up to `width`."""
    row = np.zeros(width, np.float32)
    row[: values.size] = values.ravel()
    return row


def packed(board, side):
    """The words of a board of zeros and ones in the upper left corner of one with `side` = rows, columns."""
    whole = np.zeros(side, np.uint8)
    whole[: board.shape[0], : board.shape[1]] = board
    bits = np.packbits(whole.ravel(), bitorder="little")
    return np.concatenate([bits, np.zeros(-len(bits) % 4, np.uint8)]).view("<u4")


class Coins:
    """A generator whose single coin falls on its edge, so that a random reward of 2 * coin - 1 is 0."""

    def binomial(self, n, p, size=None):
        return 0.5 if size is None else np.zeros(size)


class MemoryChain:
    """Parameters memory_length, num_bits; state context.0, context.1, query, time, answer."""

    stem, name = "memory_chain", "bsuite/MemoryLength-v0"
    state_fields = ["context.0", "context.1", "query", "time", "answer"]
    param_fields = ["memory_length", "num_bits"]
    rows, width = 3200, 3

    def make(self, params):
        return memory_chain.MemoryChain(params[0], params[1], seed=0)

    def load(self, env, state):
        bits = [(state[i // 32] >> (i % 32)) & 1 for i in range(env._num_bits)]
        env._context, env._query, env._timestep = np.array(bits), state[2], state[3]
        env._reset_next_step = False

    def after(self, env, state, action, reward):
        return [*state[:3], env._timestep, action]

    def see(self, env, observation):
        return padded(observation, self.width)

    def grid(self, rng):
        for length in LENGTHS:
            for time, bit, answer, action in product(range(length + 1), (0, 1), (0, 1), (0, 1)):
                rest = int(rng.integers(2**31)) * 2
                yield [length, 1], [rest | bit, int(rng.integers(2**32)), 0, time, answer], action


class UmbrellaChain:
    """Parameters chain_length, distractors, reward_noise; state need, has, time, noise. Rows are without what is random."""

    stem, name = "umbrella_chain", "bsuite/UmbrellaLength-v0"
    state_fields = ["need", "has", "time", "noise.0"]
    param_fields = ["chain_length", "distractors", "reward_noise"]
    rows, width = 2400, 23

    def make(self, params):
        env = umbrella_chain.UmbrellaChain(params[0], params[1], seed=0)
        env._rng = Coins()
        return env

    def load(self, env, state):
        env._need_umbrella, env._has_umbrella, env._timestep = state[:3]
        env._reset_next_step = False

    def after(self, env, state, action, reward):
        return [env._need_umbrella, env._has_umbrella, env._timestep, 0]

    def see(self, env, observation):
        return padded(observation, self.width)

    def grid(self, rng):
        for length in LENGTHS:
            for time, need, has, action in product(range(length), (0, 1), (0, 1), (0, 1)):
                # First and last actions decide; of those between a few are enough.
                if time in (0, length - 1) or rng.random() < 0.5:
                    yield [length, 0, 0.0], [need, has, time, 0], action


class DeepSea:
    """Parameters size, mapping_seed, move_cost, slip, noise; state row, column, reward."""

    stem, name = "deep_sea", "bsuite/DeepSea-v0"
    state_fields = ["row", "column", "reward"]
    param_fields = ["size", "mapping_seed", "move_cost", "slip", "noise"]
    rows, side = 5000, 10

    def make(self, params):
        size, seed, cost, slip, _ = params
        env = deep_sea.DeepSea(size, slip == 0, cost, seed=0)
        cells = product(range(size), range(size))
        right = [1 if seed == 0 else hash_of(seed, row * 64 + column) >> 31 for row, column in cells]
        env._action_mapping = np.array(right).reshape(size, size)
        return env

    def load(self, env, state):
        env._row, env._column = state[:2]
        env._reset_next_step = False

    def after(self, env, state, action, reward):
        return [env._row, int(env._column), float(reward)]

    def see(self, env, observation):
        return packed(observation, (self.side, self.side))

    def grid(self, rng):
        for k in range(80):
            size = int(rng.integers(2, 11)) if k else 10
            cost = float(np.float32(rng.choice([0.0, 0.01, 0.3, 1.0]))) if k else 0.01
            seed = int(rng.choice([0, 42, rng.integers(65536)])) if k else 42
            for row in range(size):
                for column, action in product(range(row + 1), (0, 1)):
                    yield [size, seed, cost, 0.0, 0.0], [row, column, rng.random()], action


class Catch:
    """Parameters reward_scale, noise_scale; state ball_x, ball_y, paddle, reward."""

    stem, name = "catch", "bsuite/Catch-v0"
    state_fields = ["ball_x", "ball_y", "paddle", "reward"]
    param_fields = ["reward_scale", "noise_scale"]
    rows = 3000

    def make(self, params):
        scaled = wrappers.RewardScale(catch.Catch(seed=0), params[0])
        return wrappers.RewardNoise(scaled, params[1], seed=0) if params[1] else scaled

    def load(self, env, state):
        game = env.raw_env
        game._ball_x, game._ball_y, game._paddle_x = state[:3]
        game._reset_next_step = False

    def after(self, env, state, action, reward):
        game = env.raw_env
        return [game._ball_x, game._ball_y, int(game._paddle_x), float(reward)]

    def see(self, env, observation):
        return packed(observation, (10, 5))

    def grid(self, rng):
        for scale in (1.0, 0.001, 0.03, 30.0, 1000.0):
            for x, y, paddle, action in product(range(5), range(9), range(5), range(3)):
                if scale == 1.0 or rng.random() < 0.8:
                    yield [float(np.float32(scale)), 0.0], [x, y, paddle, rng.random()], action


class DiscountingChain:
    """Parameters bonus_chain, bonus; state chain, time."""

    stem, name = "discounting_chain", "bsuite/DiscountingChain-v0"
    state_fields = ["chain", "time"]
    param_fields = ["bonus_chain", "bonus"]
    rows = 4000

    def make(self, params):
        env = discounting_chain.DiscountingChain(mapping_seed=params[0])
        env._rewards = np.ones(5)
        env._rewards[params[0]] += params[1]
        return env

    def load(self, env, state):
        env._context, env._timestep = -1 if state[0] == 5 else state[0], state[1]
        env._reset_next_step = False

    def after(self, env, state, action, reward):
        return [5 if env._context == -1 else env._context, env._timestep]

    def see(self, env, observation):
        return observation.ravel()

    def grid(self, rng):
        for bonus_chain, chain, time in product(range(5), range(5), range(100)):
            bonus = float(np.float32(rng.choice([0.1, 0.1, 0.0, 1.0, rng.random()])))
            yield [bonus_chain, bonus], [5 if time == 0 else chain, time], int(rng.integers(5)) if time else chain


class Bandit:
    """Parameters mapping_seed, reward_scale, noise_scale; state pulled."""

    stem, name = "bandit", "bsuite/Bandit-v0"
    state_fields = ["pulled"]
    param_fields = ["mapping_seed", "reward_scale", "noise_scale"]
    rows = 4000

    def make(self, params):
        env = bandit.SimpleBandit(mapping_seed=0)
        # Equal words cannot tell two arms apart, their lowest four bits do.
        order = sorted(range(11), key=lambda arm: hash_of(params[0], arm) & ~15 | arm)
        ranks = {arm: arm if params[0] == 0 else rank for rank, arm in enumerate(order)}
        env._rewards = np.linspace(0, 1, 11)[[ranks[arm] for arm in range(11)]]
        scaled = wrappers.RewardScale(env, params[1])
        return wrappers.RewardNoise(scaled, params[2], seed=0) if params[2] else scaled

    def load(self, env, state):
        env.raw_env._reset_next_step = False

    def after(self, env, state, action, reward):
        return [action]

    def see(self, env, observation):
        return observation.ravel()

    def grid(self, rng):
        for k in range(360):
            seed = k if k < 20 else int(rng.integers(65536))
            scale = float(np.float32(rng.choice([1.0, 0.001, 0.03, 30.0, 1000.0])))
            for arm in range(11):
                yield [seed, scale, 0.0], [int(rng.choice([11, rng.integers(11)]))], arm


CASES = [MemoryChain(), UmbrellaChain(), DeepSea(), Catch(), DiscountingChain(), Bandit()]
