"""Trains an agent, keeps its policy, and plays with it."""

import sys
import tempfile
from pathlib import Path

import shadergym

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
policy = shadergym.train("ppo", "CartPole-v1", steps=steps, seed=1, hidden=[64, 64])
found = policy.evaluate(episodes=50)
print(f"{policy.agent} after {policy.step} steps: {found['mean']:.1f} ± {found['std']:.1f}")

with tempfile.TemporaryDirectory() as folder:
    policy.save(Path(folder) / "policy.safetensors")
    policy = shadergym.load_policy(Path(folder) / "policy.safetensors")

env = shadergym.make("CartPole-v1")
observation, info = env.reset(seed=1)
total, ended = 0.0, False
while not ended:
    observation, reward, terminated, truncated, info = env.step(policy.act(observation))
    total += reward
    ended = terminated or truncated
print(f"an episode: {total}")
