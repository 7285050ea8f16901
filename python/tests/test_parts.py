"""Observations of several parts, whole numbers, global states, agents with different spaces, variants."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector.utils import iterate

import shadergym

FOLDER = Path(__file__).parents[2] / "shaders/tests/selftest"
PARTS, COUNTS = FOLDER / "torture_parts.wgsl", FOLDER / "torture_counts.wgsl"


def equal(a, b) -> None:
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            equal(a[key], b[key])
    else:
        assert a.dtype == b.dtype
        np.testing.assert_equal(a, b)


def row(observations, *index):
    return {key: part[index] for key, part in observations.items()}


def test_parts_are_a_dictionary_in_the_order_of_the_file():
    envs = shadergym.make_vec(wgsl=PARTS, num_envs=5)
    space = envs.single_observation_space
    assert list(space.spaces) == ["bytes", "ring", "place", "fraction", "played", "rest"]
    kinds = [(part.shape, part.dtype) for part in space.spaces.values()]
    assert kinds == [
        ((3, 5), np.uint8), ((3, 4, 10), np.bool_), ((3,), np.int64),
        ((3, 2, 2), np.float32), ((3, 3), np.int64), ((3, 4), np.float32),
    ]  # fmt: skip
    observations, _ = envs.reset(seed=1)
    assert observations in envs.observation_space
    for _ in range(30):
        observations, *_ = envs.step(envs.action_space.sample() % [4, 3, 2])
        assert observations in envs.observation_space
        assert all(each in space for each in iterate(envs.observation_space, observations))
    state = envs.get_state()
    np.testing.assert_equal(observations["place"], state["place"])
    np.testing.assert_equal(observations["bytes"][:, 0, :3], state["place"])
    for i, places in enumerate(state["place"]):
        for ring in observations["ring"][i].reshape(3, 40):
            assert set(ring.nonzero()[0]) == set(places)
    np.testing.assert_equal(observations["fraction"][..., 0, 0], state["place"] / np.float32(64))


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_rollouts_views_and_single_steps_agree(mode):
    made = [shadergym.make_vec(wgsl=PARTS, num_envs=6, autoreset_mode=mode, copy=copy) for copy in (True, False, True)]
    copies, views, recorded = made
    for envs in made:
        envs.reset(seed=4)
    rollout = recorded.rollout(60)
    ended = 0
    for t in range(60):
        a, b = copies.step(rollout.actions[t]), views.step(rollout.actions[t])
        equal(a[0], b[0])
        equal(a[0], {key: part[t] for key, part in rollout.observations.items()})
        equal(a[4]["global_state"], {key: part[t] for key, part in rollout.infos["global_state"].items()})
        equal(a[4]["global_state"], copies.global_states())
        assert a[4]["_global_state"].all()
        done = a[2] | a[3]
        if mode == "SameStep" and done.any():
            ended += done.sum()
            last = rollout.final_observations
            equal(row(a[4]["final_obs"], done), row(last, t, done))
            equal(row(b[4]["final_obs"], done), row(last, t, done))
            states = rollout.infos["final_global_state"]
            equal(row(a[4]["final_info"]["global_state"], done), row(states, t, done))
    assert ended > 6 or mode == "NextStep"


def test_they_are_flattened_as_gymnasium_does():
    """What our agents see is what Gymnasium's own FlattenObservation gives."""
    env = gym.make(shadergym.gymnasium_id("Maze-v0"))
    observation, _ = env.reset(seed=3)
    assert list(observation) == ["image", "direction"]
    assert observation["image"].shape == (5, 5, 3) and isinstance(observation["direction"], np.int64)
    flat = spaces.flatten(env.observation_space, observation)
    assert flat.shape == (75 + 4,)
    np.testing.assert_equal(flat[:75], observation["image"].ravel())
    np.testing.assert_equal(flat[75:].argmax(), observation["direction"])


def test_policies_take_dictionaries():
    policy = shadergym.train("ppo", "Maze-v0", steps=512, num_envs=8, num_steps=16, hidden=[8], device="cpu")
    envs = shadergym.make_vec("Maze-v0", 4)
    observations, _ = envs.reset(seed=0)
    actions = policy.act(observations)
    assert actions.shape == (4,) and actions.dtype == np.int64
    single = {key: part[0] for key, part in observations.items()}
    assert policy.act(single) == actions[0]
    with pytest.raises(KeyError, match="no `direction`, Maze-v0 gives image, direction"):
        policy.act({"image": observations["image"]})
    with pytest.raises(TypeError, match="gives a dictionary of image, direction"):
        policy.act(observations["image"])
    with pytest.raises(ValueError, match=r"hold 4, those of Maze-v0 are 0 to 3"):
        policy.act({**observations, "direction": np.full(4, 4)})
    with pytest.raises(ValueError, match=r"are \[3\] observations"):
        policy.act({**observations, "direction": observations["direction"][:3]})


def test_a_whole_number_is_discrete():
    envs = shadergym.make_vec(wgsl=COUNTS, num_envs=4)
    assert envs.single_observation_space == spaces.Discrete(9)
    assert envs.observation_space == spaces.MultiDiscrete([9] * 4)
    observations, infos = envs.reset(seed=0)
    assert observations.dtype == np.int64 and observations in envs.observation_space
    assert infos["global_state"].shape == (4, 9) and infos["global_state"].dtype == np.bool_
    assert envs.global_state_space == spaces.Box(0, 1, (9,), dtype=np.bool_)
    np.testing.assert_equal(infos["global_state"].argmax(axis=1), observations)
    views = shadergym.make_vec(wgsl=COUNTS, num_envs=4, copy=False)
    views.reset(seed=0)
    for _ in range(20):
        actions = envs.action_space.sample()
        np.testing.assert_equal(envs.step(actions)[0], views.step(actions)[0])
    env = shadergym.ShaderEnv(wgsl=COUNTS)
    observation, _ = env.reset(seed=0)
    assert isinstance(observation, np.int64) and observation == 4
    assert env.step(0)[0] == 3
    _, info = env.reset(seed=0)
    assert info["global_state"].shape == (9,) and info["global_state"].argmax() == 4
    observation, *_, info = env.step(1)
    assert info["global_state"].argmax() == observation == 5


def test_agents_have_spaces_of_their_own():
    pytest.importorskip("pettingzoo")
    from pettingzoo.test import parallel_api_test
    from shadergym.parallel import ShaderParallelEnv

    env = ShaderParallelEnv(wgsl=PARTS)
    assert [env.action_space(agent).n for agent in env.possible_agents] == [4, 3, 2]
    observations, infos = env.reset(seed=0)
    assert [infos[agent]["action_mask"].tolist() for agent in env.agents] == [[1] * 4, [1] * 3, [1] * 2]
    assert all(observations[agent] in env.observation_space(agent) for agent in env.agents)
    state = env.state()
    assert state in env.state_space and list(state) == ["places", "elapsed"]
    env.step({agent: 1 for agent in env.agents})
    assert env.state()["elapsed"] == 1.0 and state["elapsed"] == 0.0
    parallel_api_test(ShaderParallelEnv(wgsl=PARTS), num_cycles=50)


def test_agents_have_observations_of_their_own():
    pytest.importorskip("pettingzoo")
    from shadergym.parallel import ShaderParallelEnv

    env = ShaderParallelEnv(wgsl=FOLDER / "torture_info.wgsl")
    observations, _ = env.reset(seed=0)
    sizes = [env.observation_space(agent).shape for agent in env.possible_agents]
    assert sizes == [observations[agent].shape for agent in env.possible_agents] == [(2,), (1,), (2,), (1,), (2,)]
    assert all(observations[agent] in env.observation_space(agent) for agent in env.agents)


def test_random_play_keeps_to_what_each_agent_has():
    rollout = shadergym.make_vec(wgsl=PARTS, num_envs=50)
    rollout.reset(seed=2)
    played = rollout.rollout(100).actions
    assert played.reshape(-1, 3).max(axis=0).tolist() == [3, 2, 1]


def test_variants_are_environments():
    v0, v1 = shadergym.spec("CartPole-v0"), shadergym.spec("CartPole-v1")
    assert (v0["max_episode_steps"], v1["max_episode_steps"]) == (200, 500)
    assert v0["variant_of"] == "CartPole-v1" and v1["variants"] == ["CartPole-v0"]
    assert gym.spec("shadergym/CartPole-v0").max_episode_steps == 200
    six = shadergym.make_vec("MinAtar/Breakout-v0", 1)
    three = shadergym.make_vec("MinAtar/Breakout-v1", 1)
    assert (six.single_action_space.n, three.single_action_space.n) == (6, 3)
    for envs, right in ((six, 3), (three, 2)):
        envs.reset(seed=0)
        before = envs.get_state()["paddle"][0]
        envs.step([right])
        assert envs.get_state()["paddle"][0] == before + 1


def test_variants_of_ones_own_file(tmp_path):
    source = (Path(__file__).parents[2] / "envs/examples/user_env.wgsl").read_text()
    head = "//! # Version\n"
    assert head in source
    path = tmp_path / "own.wgsl"
    path.write_text(source.replace(head, "//! # Variants\n//! - Short-v0: MAX_EPISODE_STEPS = 7u; shorter.\n" + head))
    envs = shadergym.make_vec(wgsl=f"{path}#Short-v0", num_envs=2)
    assert (envs.facts["id"], envs.facts["max_episode_steps"]) == ("Short-v0", 7)
    id = shadergym.register_wgsl(path)
    try:
        assert gym.spec("shadergym/Short-v0").max_episode_steps == 7
        assert gym.make("shadergym/Short-v0").reset(seed=1)[0].shape == envs.reset(seed=1)[0][0].shape
    finally:
        gym.registry.pop(id)
        gym.registry.pop("shadergym/Short-v0")
    with pytest.raises(shadergym.CompileError, match="no variant `Long-v0`"):
        shadergym.make_vec(wgsl=f"{path}#Long-v0", num_envs=2)
