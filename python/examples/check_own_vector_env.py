"""Checks a vector environment, yours or ours: ``python check_own_vector_env.py``."""

import gymnasium as gym

import shadergym
from shadergym.utils import VectorEnvError, check_vector_env


def make(mode: gym.vector.AutoresetMode) -> gym.vector.VectorEnv:
    return shadergym.make_vec("CartPole-v1", 4, autoreset_mode=mode)


for mode in gym.vector.AutoresetMode:
    check_vector_env(make(mode), make=make)
    print(f"{mode.name}: sound")


class Forgetful(shadergym.ShaderVectorEnv):
    """Rewards the step that only starts an episode."""

    def step(self, actions):
        observations, rewards, *rest = super().step(actions)
        return observations, rewards + 1, *rest


try:
    check_vector_env(Forgetful("CartPole-v1", 4))
except VectorEnvError as error:
    print(error)
