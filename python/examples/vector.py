"""Many instances through Gymnasium: ``python vector.py [instances] [steps]``."""

import sys
import time

import gymnasium as gym

import shadergym  # noqa: F401 (registers the environments)

num_envs, steps = map(int, sys.argv[1:] or (4096, 200))

envs = gym.make_vec("shadergym/CartPole-v1", num_envs=num_envs)
envs = gym.wrappers.vector.RecordEpisodeStatistics(envs)
observations, infos = envs.reset(seed=7)  # instance i is seeded with 7 + i
begin = time.perf_counter()
for _ in range(steps):
    actions = envs.action_space.sample()
    observations, rewards, terminations, truncations, infos = envs.step(actions)
seconds = time.perf_counter() - begin
print(envs.unwrapped)
print(
    f"{num_envs * steps / seconds:,.0f} steps a second with actions drawn by Gymnasium, {envs.episode_count} episodes"
)
envs.close()
