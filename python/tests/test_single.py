"""The single environment."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import shadergym
from trees import parts, take

# What the checker says of Gymnasium's own CartPole and Pendulum, and Gymnasium ignores in its own tests: bounds that
# are infinite or not those of a unit box are facts of these tasks.
SPACES = r".*(A Box observation space m(in|ax)imum value is -?infinity\.|we recommend using a symmetric and normalized).*"


@pytest.mark.parametrize("render_mode", [None, "rgb_array"])
def test_gymnasiums_checker_has_nothing_to_say(single_id, render_mode):
    env = gym.make(shadergym.gymnasium_id(single_id), render_mode=render_mode)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", SPACES)
        check_env(env.unwrapped)


def test_it_plays_as_instance_0_of_a_vector(single_id):
    env = shadergym.make(single_id)
    envs = shadergym.make_vec(single_id, 3)
    env.action_space.seed(1)
    observation, _ = env.reset(seed=11)
    np.testing.assert_equal(observation, take(envs.reset(seed=11)[0], 0))
    ended = False
    for _ in range(300):
        action = env.action_space.sample()
        actions = np.stack([action] * 3)
        batch = envs.step(actions)
        if ended:  # The vector took this step to start anew.
            observation, _ = env.reset()
            np.testing.assert_equal(observation, take(batch[0], 0))
            ended = False
            continue
        observation, reward, terminated, truncated, info = env.step(action)
        np.testing.assert_equal(observation, take(batch[0], 0))
        assert (reward, terminated, truncated) == (batch[1][0], batch[2][0], batch[3][0])
        facts = shadergym.spec(single_id)
        told = {field["name"] for field in (facts["info"] or {"fields": []})["fields"]}
        assert set(info) == told | ({"action_mask"} if facts["action_mask"] else set())
        assert all((info[name] == batch[4][name][0]).all() for name in info if name in told)
        assert (type(reward), type(terminated), type(truncated)) == (float, bool, bool)
        ended = terminated or truncated


def test_seeds_decide_everything(single_id):
    env = shadergym.make(single_id)
    first = env.reset(seed=3)[0]
    env.reset()
    np.testing.assert_equal(env.reset(seed=3)[0], first)
    assert env.unwrapped.np_random_seed == 3
    shapes = [[np.shape(part) for part in parts(seen)] for seen in (env.reset(seed=2**70 + 3)[0], first)]
    assert shapes[0] == shapes[1]


def test_make_decides_about_the_time_limit():
    def length(env: gym.Env) -> int:
        env.reset(seed=0)
        for step in range(1, 1200):
            if env.step(1)[3]:
                return step
        return step

    assert length(gym.make("shadergym/MountainCar-v0")) == 200
    assert length(gym.make("shadergym/MountainCar-v0", max_episode_steps=30)) == 30
    assert length(gym.make("shadergym/MountainCar-v0", max_episode_steps=-1)) == 1199
    assert length(shadergym.ShaderEnv("MountainCar-v0", max_episode_steps=40)) == 40


def test_pictures_have_the_size_asked_for(single_id):
    env = shadergym.make(single_id, render_mode="rgb_array", render_size=(30, 20))
    env.reset(seed=1)
    assert env.render().shape == (20, 30, 3)
    assert env.render().dtype == np.uint8


def test_without_a_render_mode_there_is_a_warning():
    env = shadergym.ShaderEnv("CartPole-v1")
    env.reset(seed=1)
    with pytest.warns(UserWarning, match="render_mode"):
        assert env.render() is None


def test_a_subclass_may_change_step():
    class Doubled(shadergym.ShaderEnv):
        def step(self, action):
            observation, reward, *rest = super().step(action)
            return observation, 2 * reward, *rest

    env = Doubled("CartPole-v1")
    env.reset(seed=1)
    assert env.step(0)[1] == 2.0


@pytest.mark.parametrize("action", [1, True, np.int64(1), np.uint8(1), np.array(1), np.array(1, np.int16)])
def test_integers_of_any_kind_are_actions(action):
    env = shadergym.make("CartPole-v1")
    env.reset(seed=4)
    expected = env.step(1)[0]
    env.reset(seed=4)
    assert (env.step(action)[0] == expected).all()


@pytest.mark.parametrize("action", [[0.5], np.array([0.5]), np.array([0.5], np.float32), (0.5,)])
def test_numbers_of_any_kind_are_continuous_actions(action):
    env = shadergym.make("Pendulum-v1")
    env.reset(seed=4)
    expected = env.step(np.array([0.5], np.float32))[0]
    env.reset(seed=4)
    assert (env.step(action)[0] == expected).all()
