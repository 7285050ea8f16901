"""A teacher around an environment of one's own: ``python teacher_own_env.py [episodes]``."""

import sys

import gymnasium as gym
import numpy as np

import shadergym


class Shuttle(gym.Env):
    """Stop at a place `distance` metres away; the engine is as strong as `thrust`, in m/s^2."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
    action_space = gym.spaces.Discrete(3)

    def set_task(self, task):
        """Both are in force from the next start on."""
        self.distance, self.thrust = task

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left, self.speed, self.steps = self.distance, 0.0, 0
        return self._look(), {}

    def step(self, action):
        self.speed += 0.1 * self.thrust * (action - 1)
        self.left -= 0.1 * self.speed
        self.steps += 1
        arrived = abs(self.left) < 0.2 and abs(self.speed) < 0.5
        return self._look(), 10.0 if arrived else -0.1, arrived, self.steps >= 100, {}

    def _look(self):
        return np.array([self.left, self.speed, self.thrust], np.float32)


episodes = int((sys.argv[1:] or ["2000"])[0])
env = Shuttle()
teacher = shadergym.teachers.AlpGmm(
    low=[0.5, 0.2], high=[20.0, 2.0], seed=1, scaled=True, reward_low=-10, reward_high=10
)
learner = shadergym.Learner("stream_q", env.observation_space, env.action_space, time_limit=100, seed=1)
returns = []
for _ in range(episodes):
    task = teacher.sample()
    env.set_task(task)
    obs, _ = env.reset()
    total, over = 0.0, False
    while not over:
        action = learner.act(obs)
        next_obs, reward, terminated, truncated, _ = env.step(action)
        learner.update(obs, action, reward, next_obs, terminated, truncated)
        obs, total, over = next_obs, total + reward, terminated or truncated
    teacher.update(task, total)
    returns.append(total)

print(f"{teacher}, mean return of the last 100: {np.mean(returns[-100:]):.2f}")
if teacher.newest:
    for mean, progress in zip(teacher.newest["means"], teacher.newest["progress"], strict=True):
        print(f"distance {0.5 + 19.5 * mean[0]:5.1f} m, thrust {0.2 + 1.8 * mean[1]:.2f} m/s^2: progress {progress:.3f}")
