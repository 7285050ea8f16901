"""Many steps in one call: ``python rollout.py [instances] [steps]``."""

import sys

import numpy as np

import shadergym

num_envs, steps = map(int, sys.argv[1:] or (4096, 1000))

envs = shadergym.make_vec("CartPole-v1", num_envs)
envs.reset(seed=1)

# Random actions, drawn where the instances live; only sums come back.
statistics = envs.rollout(steps, record=False).statistics
print(
    f"{statistics.transitions:,} transitions, {statistics.episodes:,} episodes, mean return {statistics.mean_return:.1f}"
)

# Given actions, and every transition as an array [steps, instances, ...].
envs.reset(seed=1)
actions = np.random.default_rng(0).integers(2, size=(32, num_envs))
rollout = envs.rollout(32, actions)
print(rollout.observations.shape, rollout.rewards.shape, rollout.terminations.sum(), "ends")
