"""Several agents, as PettingZoo has them and as rows of a vector: ``python pettingzoo_agents.py [instances]``."""

import sys

import shadergym

env = shadergym.parallel_env("MPE/SimpleSpread-v3")
observations, infos = env.reset(seed=1)
total = 0.0
while env.agents:
    actions = {agent: env.action_space(agent).sample() for agent in env.agents}
    observations, rewards, terminations, truncations, infos = env.step(actions)
    total += sum(rewards.values())
print(f"{env.possible_agents}: return {total:.1f}")
env.close()

# For code that knows one agent: every agent is a row, and all share one policy.
num_envs = int((sys.argv[1:] or ["64"])[0])
envs = shadergym.make_vec("MPE/SimpleSpread-v3", num_envs, flat_agents=True)
observations, infos = envs.reset(seed=1)
observations, rewards, *_ = envs.step(envs.action_space.sample())
print(f"{num_envs} instances, {envs.num_envs} rows: {observations.shape}, {rewards.shape}")
