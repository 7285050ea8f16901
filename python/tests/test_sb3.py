"""Stable-Baselines3 on our environments."""

import copy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

import shadergym

sb3 = pytest.importorskip("stable_baselines3")

from stable_baselines3.common.env_util import make_vec_env  # noqa: E402
from stable_baselines3.common.evaluation import evaluate_policy  # noqa: E402
from stable_baselines3.common.monitor import Monitor  # noqa: E402
from stable_baselines3.common.vec_env import VecFrameStack, VecNormalize  # noqa: E402

from shadergym.sb3 import SB3VecEnv  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks this small get slower on more, much slower on a busy machine."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_it_is_what_their_own_vector_of_single_environments_is():
    """Observations, rewards, ends, terminal observations, truncations and statistics of several episodes."""
    ours = SB3VecEnv("CartPole-v1", num_envs=3, max_episode_steps=20)
    theirs = make_vec_env(lambda: shadergym.make("CartPole-v1", max_episode_steps=20), n_envs=3)
    assert (ours.observation_space, ours.action_space) == (theirs.observation_space, theirs.action_space)
    ours.seed(5), theirs.seed(5)
    np.testing.assert_equal(ours.reset(), theirs.reset())
    rng, seen = np.random.default_rng(1), set()
    for _ in range(200):
        actions = rng.integers(2, size=3)
        (*a, infos_a), (*b, infos_b) = ours.step(actions), theirs.step(actions)
        for x, y in zip(a, b, strict=True):
            np.testing.assert_equal(x, y)
        for i, (x, y) in enumerate(zip(infos_a, infos_b, strict=True)):
            assert x.get("TimeLimit.truncated", False) == y["TimeLimit.truncated"]
            assert ("terminal_observation" in x) == ("terminal_observation" in y) == a[2][i]
            if a[2][i]:
                seen.add(x["TimeLimit.truncated"])
                np.testing.assert_equal(x["terminal_observation"], y["terminal_observation"])
                assert (x["episode"]["r"], x["episode"]["l"]) == (y["episode"]["r"], y["episode"]["l"])
                assert x["episode"]["t"] > 0
    assert seen == {True, False}


@pytest.mark.parametrize("options", [{}, {"copy": False}, {"episode_statistics": False}])
@pytest.mark.parametrize("name", ["CartPole-v1", "TicTacToe-v0", "MPE/SimpleSpread-v3"])
def test_infos_may_be_looked_at_later(name, options):
    """Those of a step are the same behind all other steps, and those that were never looked at cost nothing."""
    now, later = (SB3VecEnv(name, num_envs=3, max_episode_steps=7, **options) for _ in range(2))
    now.seed(2), later.seed(2)
    now.reset(), later.reset()
    rng, seen, kept = np.random.default_rng(1), [], []
    for _ in range(30):
        actions = rng.integers(now.action_space.n, size=now.num_envs)
        seen.append(copy.deepcopy(list(now.step(actions)[3])))
        kept.append(later.step(actions)[3])
    ends = 0
    for a, b in zip(seen, kept, strict=True):
        assert len(a) == len(b) == now.num_envs
        for x, y in zip(a, b, strict=True):
            assert x.keys() == y.keys()
            ends += "terminal_observation" in x
            for key in x.keys() - {"episode"}:
                np.testing.assert_equal(x[key], y[key])
            assert x.get("episode", {}).get("r") == y.get("episode", {}).get("r")
    assert ends >= 2 * now.num_envs


def test_any_vector_environment_will_do():
    mode = gym.vector.AutoresetMode.SAME_STEP
    sync = SyncVectorEnv([lambda: gym.make("CartPole-v1", max_episode_steps=9)] * 2, autoreset_mode=mode)
    envs = SB3VecEnv(sync)
    envs.reset()
    for _ in range(9):
        *_, dones, infos = envs.step(np.zeros(2, int))
    assert all(("terminal_observation" in info) == done for info, done in zip(infos, dones, strict=True))
    with pytest.raises(ValueError, match="make it with autoreset_mode=AutoresetMode.SAME_STEP"):
        SB3VecEnv(shadergym.make_vec("CartPole-v1", 2))
    with pytest.raises(TypeError, match="need an id"):
        SB3VecEnv(sync, device="cpu")


def test_agents_are_instances():
    envs = SB3VecEnv("MPE/SimpleSpread-v3", num_envs=2)
    assert envs.num_envs == 6
    assert envs.seed(3) == [3, 3, 3, 4, 4, 4]
    assert envs.reset().shape == (6, 18)
    for _ in range(25):
        *_, infos = envs.step([0] * 6)
    assert infos[0]["episode"]["l"] == 25 and infos[5]["TimeLimit.truncated"]


def test_attributes_methods_and_pictures():
    envs = SB3VecEnv("CartPole-v1", num_envs=2, render_mode="rgb_array", render_size=(30, 20))
    envs.reset()
    assert envs.get_attr("render_mode", indices=[0]) == ["rgb_array"]
    assert envs.render().shape[2] == 3 and envs.get_images()[0].shape == (20, 30, 3)
    assert envs.env_is_wrapped(Monitor) == [True, True]
    assert len(envs.env_method("get_state")) == 2
    with pytest.raises(NotImplementedError, match="rows of one environment"):
        envs.env_method("get_state", indices=[0])
    envs.set_attr("note", 3)
    assert envs.get_attr("note") == [3, 3]
    assert envs.has_attr("facts")
    envs.close()


@pytest.mark.parametrize("algorithm", ["PPO", "A2C", "DQN"])
def test_algorithms_learn_on_wrapped_environments(algorithm):
    envs = VecNormalize(VecFrameStack(SB3VecEnv("CartPole-v1", num_envs=4), 2))
    options = {"n_steps": 16} if algorithm != "DQN" else {"learning_starts": 50}
    getattr(sb3, algorithm)("MlpPolicy", envs, device="cpu", seed=1, **options).learn(200)


@pytest.mark.parametrize("algorithm", ["SAC", "PPO"])
def test_continuous_actions(algorithm):
    model = getattr(sb3, algorithm)("MlpPolicy", SB3VecEnv("Pendulum-v1", num_envs=4), device="cpu", seed=1)
    model.learn(120)


@pytest.mark.slow
def test_ppo_solves_cart_pole():
    """The hyperparameters of RL Zoo; 475 is the threshold of the environment's registry entry."""
    model = sb3.PPO(
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
    model.learn(100_000)
    mean, _ = evaluate_policy(model, SB3VecEnv("CartPole-v1", num_envs=8), n_eval_episodes=50)
    assert mean >= gym.spec("shadergym/CartPole-v1").reward_threshold == 475
