"""Scripted policies for many Box2D environments side by side: `policy(clock, observations) -> actions`, all arrays.

A policy keeps what it remembers by instance and forgets it where `clock` (steps of the episode) is 0. It sees nothing but
observations, so it plays Gymnasium's, EnvPool's and these environments alike.
"""

import numpy as np


class Random:
    def __init__(self, draw):
        self.draw = draw

    def __call__(self, clock, seen):
        return self.draw(len(seen))


class Mixed:
    """In three of ten steps, drawn anew in each, the random policy, else the scripted one."""

    def __init__(self, random, scripted, rng):
        self.random, self.scripted, self.rng = random, scripted, rng

    def __call__(self, clock, seen):
        random, scripted = self.random(clock, seen), self.scripted(clock, seen)
        chosen = self.rng.random(len(seen)) < 0.3
        return np.where(chosen.reshape(-1, *[1] * (random.ndim - 1)), random, scripted)


class Swing:
    """Both legs swing to and fro at half a period's distance, with springs to the angles wanted."""

    def __call__(self, clock, seen):
        phase = 0.12 * clock
        wanted = [part for p in (phase, phase + np.pi) for part in (0.5 * np.sin(p) + 0.1, 0.6 * np.sin(p + 1.0) - 0.9)]
        angles = seen[:, [4, 6, 9, 11]] - [0.0, 1.0, 0.0, 1.0]
        return np.clip(3.0 * (np.stack(wanted, 1) - angles) - 0.3 * seen[:, [5, 7, 10, 12]], -1.0, 1.0)


class Walk:
    """Walks, by the rules that Gymnasium's file of the environment ends with: stand on one leg until it is behind, put the
    other one down, push off with the first; springs to the angles wanted, the hull kept level.
    """

    STAND, PUT, PUSH = range(3)
    SPEED, KNEE = 0.29, 0.1

    def __init__(self, count):
        self.phase, self.moving, self.knee = np.zeros(count, int), np.zeros(count, int), np.full(count, self.KNEE)

    def __call__(self, clock, seen):
        rows = np.arange(len(seen))
        fresh = clock == 0
        self.phase[fresh], self.moving[fresh], self.knee[fresh] = self.STAND, 0, self.KNEE
        moving, standing = self.moving.copy(), 1 - self.moving
        first, other = 4 + 5 * moving, 4 + 5 * standing
        hip, knee = np.full((len(seen), 2), np.nan), np.full((len(seen), 2), np.nan)
        chosen = self.phase == self.STAND
        bent = np.minimum(self.knee + 0.03 + 0.03 * (seen[:, 2] > self.SPEED), self.KNEE)
        self.knee = np.where(chosen, bent, self.knee)
        put = [(hip, moving, 1.1), (knee, moving, -0.6), (knee, standing, self.knee)]
        self.write(chosen, put, rows)
        self.phase[chosen & (seen[rows, other] < 0.1)] = self.PUT
        chosen = self.phase == self.PUT
        self.write(chosen, [(hip, moving, 0.1), (knee, moving, self.KNEE), (knee, standing, self.knee)], rows)
        down = chosen & (seen[rows, first + 4] > 0.5)
        self.phase[down] = self.PUSH
        self.knee = np.where(down, np.minimum(seen[rows, first + 2], self.KNEE), self.knee)
        chosen = self.phase == self.PUSH
        self.write(chosen, [(knee, moving, self.knee), (knee, standing, 1.0)], rows)
        ready = chosen & ((seen[rows, other + 2] > 0.88) | (seen[:, 2] > 1.2 * self.SPEED))
        self.phase[ready], self.moving[ready] = self.STAND, standing[ready]
        hips = np.nan_to_num(0.9 * (hip - seen[:, [4, 9]]) - 0.25 * seen[:, [5, 10]])
        knees = np.nan_to_num(4.0 * (knee - seen[:, [6, 11]]) - 0.25 * seen[:, [7, 12]])
        hips += (0.9 * seen[:, 0] + 1.5 * seen[:, 1])[:, None]
        knees -= 15.0 * seen[:, 3:4]
        return np.clip(0.5 * np.stack([hips[:, 0], knees[:, 0], hips[:, 1], knees[:, 1]], 1), -1.0, 1.0)

    @staticmethod
    def write(chosen, targets, rows):
        for array, leg, value in targets:
            array[rows[chosen], leg[chosen]] = np.broadcast_to(value, chosen.shape)[chosen]


class Land:
    """Springs to an angle that leads to the pad and to a height above it."""

    def __call__(self, clock, seen):
        lean = np.clip(0.5 * seen[:, 0] + seen[:, 2], -0.4, 0.4)
        stands = (seen[:, 6] > 0.5) | (seen[:, 7] > 0.5)
        turn = np.where(stands, 0.0, 0.5 * (lean - seen[:, 4]) - seen[:, 5])
        lift = np.where(stands, -0.5 * seen[:, 3], 0.5 * (0.55 * abs(seen[:, 0]) - seen[:, 1]) - 0.5 * seen[:, 3])
        side = np.where(turn < -0.05, 3, np.where(turn > 0.05, 1, 0))
        return np.where((lift > abs(turn)) & (lift > 0.05), 2, side)


class Throttled:
    """A discrete lander's policy for the continuous one, every engine at 60 to 160 % of a middle power, drawn in each step."""

    TABLE = np.array([(-1.0, 0.0), (-1.0, -0.8), (0.6, 0.0), (-1.0, 0.8)])

    def __init__(self, policy, rng):
        self.policy, self.rng = policy, rng

    def __call__(self, clock, seen):
        powers = self.rng.uniform(0.6, 1.6, (len(seen), 1))
        return np.clip(self.TABLE[self.policy(clock, seen)] * powers, -1.0, 1.0)


def policies(id, count, rng):
    """Three policies by name, for `count` instances of an environment."""
    if "Walker" in id:
        random = Random(lambda n: rng.uniform(-1.0, 1.0, (n, 4)))
        return {"random": random, "swing": Swing(), "walk": Walk(count), "mixed": Mixed(random, Walk(count), rng)}
    random = Random(lambda n: rng.integers(4, size=n))
    discrete = {"random": random, "land": Land(), "mixed": Mixed(random, Land(), rng)}
    if "Continuous" not in id:
        return discrete
    return {name: Throttled(policy, rng) for name, policy in discrete.items()}
