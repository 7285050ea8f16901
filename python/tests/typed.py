"""What a user writes, for mypy and pyright: `test_typing.py` runs them over it. It also runs."""

import gymnasium as gym
import numpy as np
from typing_extensions import assert_type

import shadergym

envs = shadergym.make_vec("CartPole-v1", 8)
assert_type(envs, shadergym.ShaderVectorEnv)
observations, infos = envs.reset(seed=1)
rollout = envs.rollout(10)
assert_type(rollout, shadergym.Rollout)
assert_type(rollout.statistics.mean_return, float)
if rollout.rewards is not None:
    print(rollout.rewards.sum())
rewards = envs.step(envs.action_space.sample())[1]
assert_type(rewards, np.ndarray)
envs.set_params([0, 1], {"gravity": 5.0})
assert_type(envs.snapshot(), bytes)

flat = shadergym.make_vec("MPE/SimpleSpread-v3", 2, flat_agents=True)
print(flat.num_envs, flat.reset(seed=[1, 1, 1, 2, 2, 2])[0].shape)

env = shadergym.make("CartPole-v1")
observation, info = env.reset(seed=1)
observation, reward, terminated, truncated, info = env.step(0)
print(float(reward) + 1, terminated or truncated)

policy = shadergym.train("ppo", "CartPole-v1", steps=256, eval_episodes=0, progress=False)
assert_type(policy, shadergym.Policy)
steps, returns = policy.history
assert_type(returns, np.ndarray)

teacher = shadergym.teachers.AlpGmm([0.0, 1.0], [1.0, 2.0], seed=1, fit_rate=100)
task = teacher.sample()
assert_type(task, np.ndarray)
teacher.update(task, 3.0)
assert_type(shadergym.teachers.teachers(), list[str])

wrapped = gym.wrappers.vector.RecordEpisodeStatistics(envs)
wrapped.reset(seed=1)
