"""PPO of Stable-Baselines3: ``python sb3_ppo.py [steps]``."""

import sys

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy

from shadergym.sb3 import SB3VecEnv

steps = int((sys.argv[1:] or ["100000"])[0])

torch.set_num_threads(1)  # The networks are too small for more.
model = PPO(
    "MlpPolicy",
    SB3VecEnv("CartPole-v1", num_envs=8),
    n_steps=32,
    batch_size=256,
    gae_lambda=0.8,
    gamma=0.98,
    n_epochs=20,
    learning_rate=lambda left: 0.001 * left,
    clip_range=lambda left: 0.2 * left,
    seed=1,
    device="cpu",
)
model.learn(steps)
mean, spread = evaluate_policy(model, SB3VecEnv("CartPole-v1", num_envs=8), n_eval_episodes=20)
print(f"return {mean:.1f} +- {spread:.1f} after {steps:,} steps")
