"""TorchRL around our environments. It needs torch, hence it is in the slow group."""

import gymnasium as gym
import pytest

import shadergym

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
LIMIT = 20


@pytest.fixture(scope="module")
def torchrl():
    envs = pytest.importorskip("torchrl.envs")
    checks = pytest.importorskip("torchrl.envs.utils")
    return envs.GymWrapper, envs.GymEnv, checks.check_env_specs


@pytest.mark.parametrize("mode", ["Disabled", "SameStep"])
@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1", "MinAtar/Breakout-v1", "Maze-v0"])
def test_vector_environments(torchrl, name, mode):
    wrap, _, check = torchrl
    envs = gym.make_vec(shadergym.gymnasium_id(name), num_envs=4, autoreset_mode=mode, max_episode_steps=LIMIT)
    env = wrap(envs)
    check(env)
    env.set_seed(1)
    played = env.rollout(3 * LIMIT, break_when_any_done=False)
    assert played.shape == (4, 3 * LIMIT)
    assert played["next", "done"].sum() >= 8


def test_the_mode_that_it_cannot_take(torchrl):
    with pytest.raises(RuntimeError, match="must be one of SAME_STEP or DISABLED"):
        torchrl[0](gym.make_vec("shadergym/CartPole-v1", num_envs=4))


def test_single_environments(torchrl):
    _, make, check = torchrl
    env = make("shadergym/CartPole-v1")
    check(env)
    assert env.rollout(5).shape[0] <= 5
