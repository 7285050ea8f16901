"""Reinforcement-learning environments as WGSL compute shaders.

Importing this package registers every environment with Gymnasium as ``shadergym/<id>``, a ``/`` inside an id written
as ``-`` (Gymnasium allows one only)::

    import gymnasium as gym
    import shadergym

    envs = gym.make_vec("shadergym/CartPole-v1", num_envs=4096)
    observations, infos = envs.reset(seed=7)
    observations, rewards, terminations, truncations, infos = envs.step(envs.action_space.sample())

Agents that train in them are here too: ``policy = shadergym.train("ppo", "CartPole-v1", steps=100_000)``.
"""

import os

from shadergym import _native, teachers
from shadergym.env import ShaderEnv
from shadergym.error import CompileError
from shadergym.flat import FlatAgents
from shadergym.online import Learner, online_learners
from shadergym.registration import (
    gymnasium_id,
    ids,
    make,
    make_vec,
    parallel_env,
    random_projection,
    register_all,
    register_wgsl,
    spec,
)
from shadergym.training import History, Policy, agent_options, agents, load_policy, resume, train
from shadergym.vector import Rollout, RolloutStatistics, ShaderVectorEnv

__all__ = [
    "CompileError",
    "FlatAgents",
    "History",
    "Learner",
    "Policy",
    "Rollout",
    "RolloutStatistics",
    "ShaderEnv",
    "ShaderVectorEnv",
    "agent_options",
    "agents",
    "gymnasium_id",
    "ids",
    "load_policy",
    "make",
    "make_vec",
    "online_learners",
    "parallel_env",
    "random_projection",
    "register_wgsl",
    "resume",
    "spec",
    "teachers",
    "train",
]

__version__: str = _native.version()

register_all()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_native.after_fork_in_child)
