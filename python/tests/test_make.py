"""Every way to an environment."""

import importlib.util
import copy
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

import shadergym


def play(envs: VectorEnv, steps: int = 20) -> list:
    envs.action_space.seed(3)
    first, _ = envs.reset(seed=5)
    return [first, *(copy.deepcopy(envs.step(envs.action_space.sample())[0]) for _ in range(steps))]


def test_all_routes_lead_to_the_same_environment(id):
    name = shadergym.gymnasium_id(id)
    routes = [
        gym.make_vec(name, num_envs=3),
        gym.make_vec(f"shadergym:{name}", num_envs=3),
        shadergym.make_vec(id, 3),
        shadergym.make_vec(name, num_envs=3),
        shadergym.ShaderVectorEnv(id, 3, max_episode_steps=gym.spec(name).max_episode_steps),
    ]
    expected = play(routes[0])
    for envs in routes:
        assert isinstance(envs, shadergym.ShaderVectorEnv)
        assert envs.num_envs == 3
        np.testing.assert_equal(play(envs), expected)
        envs.close()


def test_the_module_prefix_needs_no_import():
    code = (
        "import gymnasium as gym\n"
        "envs = gym.make_vec('shadergym:shadergym/CartPole-v1', num_envs=2)\n"
        "print(envs.reset(seed=1)[0].shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(2, 4)"


def test_the_registry_knows_limits_and_thresholds(id):
    spec, facts = gym.spec(shadergym.gymnasium_id(id)), shadergym.spec(id)
    assert spec.max_episode_steps == (facts["max_episode_steps"] or None)
    assert spec.reward_threshold == facts["reward_threshold"]
    assert shadergym.spec(shadergym.gymnasium_id(id)) == facts


def test_the_spec_makes_the_environment_again(id):
    envs = shadergym.make_vec(id, 3, autoreset_mode="SameStep")
    again = gym.make_vec(envs.spec)
    assert again.num_envs == 3
    assert again.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    np.testing.assert_equal(play(again), play(envs))


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_gymnasium_vectorises_the_single_environment_too(mode):
    envs = gym.make_vec("shadergym/CartPole-v1", num_envs=2, vectorization_mode=mode)
    np.testing.assert_equal(play(envs), play(shadergym.make_vec("CartPole-v1", 2)))
    envs.close()


@pytest.mark.parametrize("make", [shadergym.ShaderEnv, shadergym.make, lambda id: gym.make(shadergym.gymnasium_id(id))])
def test_several_agents_have_no_single_environment_but_others(make):
    with pytest.raises(ValueError, match="has 3 agents") as refused:
        make("MPE/SimpleSpread-v3")
    text = str(refused.value)
    for call in ("shadergym.make_vec('MPE/SimpleSpread-v3', num_envs=1)", "shadergym.parallel_env('MPE/SimpleSpread-v3')"):
        assert call in text
        if "parallel" not in call or importlib.util.find_spec("pettingzoo"):
            eval(call).reset(seed=1)


def test_options_reach_the_environment():
    envs = gym.make_vec(
        "shadergym/CartPole-v1",
        num_envs=4,
        device="cpu",
        autoreset_mode="NextStep",
        max_episode_steps=9,
        params={"gravity": 5.0},
        num_threads=1,
        copy=False,
        sticky_action_probability=0.5,
    )
    assert "1 thread" in envs.device
    assert (envs.params["gravity"] == 5.0).all()
    envs.reset(seed=1)
    for _ in range(9):
        truncated = envs.step(np.zeros(4, int))[3]
    assert truncated.any() or envs.episode_lengths.any()


def test_vector_and_sync_of_single_agree_on_spaces(single_id):
    envs = shadergym.make_vec(single_id, 2)
    sync = SyncVectorEnv([lambda: shadergym.make(single_id)] * 2)
    for name in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(envs, name) == getattr(sync, name)
