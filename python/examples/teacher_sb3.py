"""A teacher around PPO of Stable-Baselines3: ``python teacher_sb3.py [steps]``."""

import sys

import gymnasium as gym
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv

import shadergym


class Taught(gym.Wrapper):
    """Each episode has the gravity and the half length of the pole that the teacher wants."""

    def __init__(self, env, teacher):
        super().__init__(env)
        self.teacher = teacher

    def reset(self, **kwargs):
        self.task, self.total = self.teacher.sample(), 0.0
        gravity, half_length = self.task
        self.unwrapped.set_params(None, {"gravity": gravity, "half_length": half_length})
        return self.env.reset(**kwargs)

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.total += float(reward)
        if terminated or truncated:
            self.teacher.update(self.task, self.total)
        return observation, reward, terminated, truncated, info


steps = int((sys.argv[1:] or ["50000"])[0])

torch.set_num_threads(1)  # The networks are too small for more.
teacher = shadergym.teachers.AlpGmm(low=[5.0, 0.3], high=[15.0, 1.0], seed=1, reward_low=0, reward_high=500)
# One teacher for all environments: results come in whatever order episodes end.
envs = DummyVecEnv([lambda: Taught(shadergym.make("CartPole-v1"), teacher) for _ in range(4)])
PPO("MlpPolicy", envs, n_steps=64, seed=1, device="cpu").learn(steps)
print(f"{teacher}, {teacher.changes} fits")
teacher.save("teacher.safetensors")
