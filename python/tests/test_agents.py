"""Several agents: PettingZoo's interface, and agents as rows."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import NormalizeReward, RecordEpisodeStatistics

import shadergym

SEVERAL = [id for id in shadergym.ids() if shadergym.spec(id)["agents"] > 1]
SPREAD = "MPE/SimpleSpread-v3"


@pytest.fixture
def pettingzoo():
    return pytest.importorskip("pettingzoo")


@pytest.mark.filterwarnings("ignore:The old environment creation API")
@pytest.mark.parametrize("several", SEVERAL)
def test_pettingzoos_tests_pass(pettingzoo, several):
    from pettingzoo.test import parallel_api_test, parallel_seed_test

    parallel_api_test(shadergym.parallel_env(several), num_cycles=1000)
    parallel_seed_test(lambda: shadergym.parallel_env(several))


@pytest.mark.parametrize("several", SEVERAL)
def test_a_picture(pettingzoo, several):
    env = shadergym.parallel_env(several, render_mode="rgb_array", render_size=(20, 10))
    env.reset(seed=1)
    assert env.render().shape == (10, 20, 3)
    with pytest.warns(UserWarning, match="render_mode"):
        assert shadergym.parallel_env(several).render() is None


@pytest.mark.filterwarnings("ignore:The old environment creation API")
@pytest.mark.filterwarnings("ignore:Agent's .*observation space value is", "ignore:Observation is not NumPy array")
def test_turns_by_conversion(pettingzoo):
    from pettingzoo.test import api_test
    from pettingzoo.utils.conversions import parallel_to_aec

    api_test(parallel_to_aec(shadergym.parallel_env(SPREAD)), num_cycles=200)


@pytest.mark.parametrize("several", [*SEVERAL, "CartPole-v1"])
def test_the_agents_do_what_they_do_in_a_vector(pettingzoo, several):
    env = shadergym.parallel_env(several)
    envs = shadergym.make_vec(several, 1, autoreset_mode="Disabled")
    observations, infos = env.reset(seed=4)
    expected = envs.reset(seed=4)[0]
    agents = env.possible_agents
    assert env.agents == agents == list(observations) == list(infos)
    for _ in range(500):
        np.testing.assert_equal(np.stack(list(observations.values())), expected.reshape(len(agents), -1))
        np.testing.assert_equal(env.state(), expected[0])
        assert env.state() in env.state_space
        actions = {agent: env.action_space(agent).sample() for agent in agents}
        observations, rewards, terminations, truncations, _ = env.step(actions)
        shape = envs.action_space.shape
        expected, r, a, b, _ = envs.step(np.array(list(actions.values())).reshape(shape))
        assert list(rewards.values()) == r.ravel().tolist()
        assert set(terminations.values()) == {bool(a[0])}
        assert set(truncations.values()) == {bool(b[0])}
        assert all(type(reward) is float for reward in rewards.values())
        if a[0] or b[0]:
            break
    assert env.agents == []
    assert env.step({}) == ({}, {}, {}, {}, {})
    with pytest.raises(gym.error.ResetNeeded, match="no agent is alive"):
        env.step(actions)
    env.reset()
    env.close()


def test_names_options_and_errors(pettingzoo):
    env = shadergym.parallel_env("shadergym/MPE-SimpleSpread-v3", max_episode_steps=3)
    assert env.metadata["name"] == SPREAD
    with pytest.raises(gym.error.ResetNeeded):
        env.step({})
    with pytest.raises(gym.error.ResetNeeded):
        env.state()
    env.reset(seed=1)
    with pytest.raises(ValueError, match=r"missing \{'agent_2'\}, unknown \{'bob'\}"):
        env.step({"agent_0": 0, "agent_1": 0, "bob": 0})
    with pytest.raises(gym.error.InvalidAction, match="action 9 of instance 0"):
        env.step({"agent_0": 9, "agent_1": 0, "agent_2": 0})
    for _ in range(3):
        truncations = env.step(dict.fromkeys(env.agents, 0))[3]
    assert all(truncations.values())
    with pytest.raises(gym.error.NameNotFound):
        shadergym.parallel_env("Nothing-v0")


@pytest.mark.parametrize(
    ("module", "call"),
    [("pettingzoo", "shadergym.parallel_env('MPE/SimpleSpread-v3')"), ("stable_baselines3", "import shadergym.sb3")],
)
def test_a_missing_library_is_named(module, call):
    code = f"import sys; sys.modules['{module}'] = None\nimport shadergym\n{call}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    name = module.replace("_", "-")
    assert f"DependencyNotInstalled: {name} is not installed, run `pip install {name}`" in done.stderr


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("several", SEVERAL)
def test_agents_as_rows(several, mode):
    n, agents = 3, shadergym.spec(several)["agents"]
    options = {"autoreset_mode": mode, "max_episode_steps": 7, "episode_statistics": True}
    flat = shadergym.make_vec(several, n, flat_agents=True, **options)
    envs = shadergym.make_vec(several, n, **options)
    assert flat.num_envs == n * agents
    assert flat.single_observation_space.shape == envs.single_observation_space.shape[1:]
    shape = (n * agents, *flat.single_observation_space.shape)
    assert flat.observation_space.shape == shape
    np.testing.assert_equal(flat.reset(seed=5)[0], envs.reset(seed=5)[0].reshape(shape))
    ends = 0
    for _ in range(15):
        actions = flat.action_space.sample()
        observations, rewards, terminations, truncations, infos = flat.step(actions)
        o, r, a, b, i = envs.step(actions.reshape(envs.action_space.shape))
        np.testing.assert_equal(observations, o.reshape(shape))
        np.testing.assert_equal(rewards, r.ravel())
        np.testing.assert_equal(terminations, np.repeat(a, agents))
        np.testing.assert_equal(truncations, np.repeat(b, agents))
        assert observations in flat.observation_space
        ends += (terminations | truncations).sum()
        assert set(infos) == set(i)
        if "final_obs" in infos:
            np.testing.assert_equal(infos["final_obs"], i["final_obs"].reshape(shape))
            np.testing.assert_equal(infos["_final_obs"], np.repeat(i["_final_obs"], agents))
        if "episode" in infos:
            np.testing.assert_equal(infos["episode"]["r"], i["episode"]["r"].ravel())
            np.testing.assert_equal(infos["episode"]["l"], np.repeat(i["episode"]["l"], agents))
        if mode is AutoresetMode.DISABLED and b.any():
            mask = np.repeat(b, agents)
            flat.reset(options={"reset_mask": mask}), envs.reset(options={"reset_mask": b})
    assert ends >= 2 * n * agents


def test_rows_of_one_instance_start_together():
    flat = shadergym.make_vec(SPREAD, 2, flat_agents=True)
    first = flat.reset(seed=5)[0]
    np.testing.assert_equal(flat.reset(seed=[6, 6, 6, 5, 5, 5])[0], first[[3, 4, 5, 0, 1, 2]])
    with pytest.raises(ValueError, match="seeds differ between the 3 agents of one instance"):
        flat.reset(seed=[1, 2, 3, 4, 5, 6])
    with pytest.raises(ValueError, match=r"options\['reset_mask'\] differ between .* repeat each entry 3 times"):
        flat.reset(options={"reset_mask": np.array([True, False, True, True, True, True])})
    with pytest.raises(ValueError, match=r"one entry per row, shape \(6,\), got \(2,\)"):
        flat.reset(seed=[1, 2])
    after = flat.reset(seed=9, options={"reset_mask": np.repeat([True, False], 3)})[0]
    np.testing.assert_equal(after[3:], first[:3])
    with pytest.raises(gym.error.InvalidAction, match=r"action 7 of instance 1 \(agent 2"):
        flat.step([0, 0, 0, 0, 0, 7])
    with pytest.raises(ValueError, match="actions"):
        flat.step([0, 0])


def test_stock_wrappers_take_rows_but_not_several_rewards():
    flat = NormalizeReward(RecordEpisodeStatistics(shadergym.make_vec(SPREAD, 4, flat_agents=True)))
    flat.reset(seed=1)
    for _ in range(30):
        *_, infos = flat.step(flat.action_space.sample())
    assert flat.env.episode_count == 12


def test_one_agent_is_flat_already():
    assert isinstance(shadergym.make_vec("CartPole-v1", 3, flat_agents=True), shadergym.ShaderVectorEnv)
    with pytest.raises(TypeError, match="needs a ShaderVectorEnv without wrappers"):
        shadergym.FlatAgents(RecordEpisodeStatistics(shadergym.make_vec(SPREAD, 2)))
