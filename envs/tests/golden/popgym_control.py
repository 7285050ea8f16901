"""The control tasks of the `popgym` package: Gymnasium's CartPole and Pendulum, of which parts are seen.

A case is that of classic_control.py below it, with `name` of its ids without the size, `stem` of its file, `sizes` (from
the size to time limit and noise), `make` (parameters -> reference environment), and `take`, which also gives the noise.
"""

from typing import ClassVar

import numpy as np
from classic_control import CartPole, Pendulum, continuous_actions
from popgym.envs.noisy_position_only_cartpole import NoisyPositionOnlyCartPole
from popgym.envs.noisy_position_only_pendulum import NoisyPositionOnlyPendulum
from popgym.envs.position_only_cartpole import PositionOnlyCartPole
from popgym.envs.position_only_pendulum import PositionOnlyPendulum
from popgym.envs.velocity_only_cartpole import VelocityOnlyCartPole

VERSION = "1.0.7"
SIZES = ("Easy", "Medium", "Hard")
TIME_LIMITS = (10, 1000)
NOISES = ("noise.0", "noise.1")


class CartPoleCase(CartPole):
    def __init__(self, name, stem, reference, sizes, seen):
        self.name, self.stem, self.reference, self.sizes, self.seen = name, stem, reference, sizes, seen
        self.below = len(CartPole.state_fields)
        self.has_noise = stem.startswith("position")
        if self.has_noise:
            self.state_fields = [*CartPole.state_fields, *NOISES]
        # Set in every row: what is observed before the first step is another thing.
        self.flags = [] if self.has_noise else ["moved"]

    def make(self, time_limit, noise=0.0):
        options = {"noise_sigma": noise} if noise > 0.0 else {}
        return self.reference(max_episode_length=time_limit, **options)

    def actions(self, rng, rows):
        return rng.integers(0, 2, rows)

    def control(self, state, rng):
        """Keeps the pole up, nearly."""
        wanted = state[2] + 0.3 * state[3] + 0.05 * state[0] + 0.1 * state[1]
        return int(wanted > 0.0) if rng.random() < 0.95 else int(rng.integers(2))

    def told(self, state):
        return np.array([state[i] for i in self.seen])


class PendulumCase(Pendulum):
    stem = "position_only_pendulum"
    has_noise = True
    flags: ClassVar[list[str]] = []
    state_fields = [*Pendulum.state_fields, *NOISES]

    def __init__(self, name, reference, sizes):
        self.name, self.reference, self.sizes = name, reference, sizes
        self.below = len(Pendulum.state_fields)

    def make(self, time_limit, noise=0.0):
        options = {"noise_sigma": noise} if noise > 0.0 else {}
        return self.reference(max_episode_length=time_limit, **options)

    def actions(self, rng, rows):
        return continuous_actions(rng, rows, 2.0)

    def control(self, state, rng):
        return np.array([rng.uniform(-2.0, 2.0)], np.float32)

    def told(self, state):
        return np.array([np.cos(state[0]), np.sin(state[0])])


def limits(*steps):
    return {size: (limit, 0.0) for size, limit in zip(SIZES, steps)}


NOISY = {"Easy": (200, 0.1), "Medium": (200, 0.2), "Hard": (200, 0.3)}
POSITION, VELOCITY = "position_only_cart_pole", "velocity_only_cart_pole"
CASES = [
    CartPoleCase("PositionOnlyCartPole", POSITION, PositionOnlyCartPole, limits(200, 400, 600), (0, 2)),
    CartPoleCase("VelocityOnlyCartPole", VELOCITY, VelocityOnlyCartPole, limits(200, 400, 600), (1, 3)),
    PendulumCase("PositionOnlyPendulum", PositionOnlyPendulum, limits(200, 150, 100)),
    CartPoleCase("NoisyPositionOnlyCartPole", POSITION, NoisyPositionOnlyCartPole, NOISY, (0, 2)),
    PendulumCase("NoisyPositionOnlyPendulum", NoisyPositionOnlyPendulum, NOISY),
]
