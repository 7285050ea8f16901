"""Your own environment, compiled now: ``python own_wgsl.py [instances] [file]``."""

import sys
from pathlib import Path

import gymnasium as gym
import numpy as np

import shadergym

num_envs = int((sys.argv[1:] or ["1024"])[0])
file = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("thermostat.wgsl")

try:
    id = shadergym.register_wgsl(file)
except shadergym.CompileError as error:
    sys.exit(str(error))  # file, line, excerpt and what to do
print("registered", id)
envs = gym.make_vec(id, num_envs=num_envs)

observations, _ = envs.reset(seed=1)
total = np.zeros(num_envs)
for _ in range(100):
    actions = (observations[:, 0] < 20).astype(int)
    observations, rewards, *_ = envs.step(actions)
    total += rewards
print(f"mean return {total.mean():.1f} on {envs.device}")
