"""The vector environment against Gymnasium's own."""

import copy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import shadergym
from trees import parts, take

MODES = list(AutoresetMode)
LIMIT = 13


def test_spaces_hold_what_comes_out(id):
    envs = shadergym.make_vec(id, 5)
    facts = shadergym.spec(id)
    observations, infos = envs.reset(seed=1)
    assert set(infos) == ({"action_mask", "_action_mask"} if facts["action_mask"] else set())
    for _ in range(50):
        assert observations in envs.observation_space
        assert take(observations, 0) in envs.single_observation_space
        actions = envs.action_space.sample()
        observations, rewards, terminations, truncations, infos = envs.step(actions)
        agents = (facts["agents"],) if facts["agents"] > 1 else ()
        assert (rewards.shape, rewards.dtype) == ((5, *agents), np.float32)
        for flags in (terminations, truncations):
            assert (flags.shape, flags.dtype) == ((5,), np.bool_)
    kinds = {"f32": np.float32, "u8": np.uint8, "bit": np.bool_, "count": np.int64}
    declared = [kinds[part["encoding"]] for part in facts["observation"]["parts"]]
    assert [part.dtype for part in parts(observations)] == declared
    space = envs.single_observation_space
    assert [part.dtype for part in (space.values() if isinstance(space, gym.spaces.Dict) else [space])] == declared


def test_unbounded_means_infinite():
    space = shadergym.make_vec("CartPole-v1").single_observation_space
    reference = gym.make("CartPole-v1").observation_space
    np.testing.assert_allclose(space.high, reference.high, rtol=1e-6)
    np.testing.assert_allclose(space.low, reference.low, rtol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_it_does_what_gymnasiums_vector_of_single_environments_does(single_id, mode):
    """Observations, rewards, flags and infos of three episodes and more, at every boundary step."""
    n = 4
    ours = shadergym.ShaderVectorEnv(single_id, n, autoreset_mode=mode, max_episode_steps=LIMIT)
    single = [lambda: shadergym.ShaderEnv(single_id, max_episode_steps=LIMIT)] * n
    theirs = SyncVectorEnv(single, autoreset_mode=mode)
    assert ours.metadata["autoreset_mode"] is mode
    ours.action_space.seed(1)
    np.testing.assert_equal(ours.reset(seed=7)[0], theirs.reset(seed=7)[0])
    ends = 0
    for _ in range(4 * LIMIT):
        actions = ours.action_space.sample()
        (*a, infos_a), (*b, infos_b) = ours.step(actions), theirs.step(actions)
        for x, y in zip(a, b, strict=True):
            np.testing.assert_equal(x, y)
        ended = a[2] | a[3]
        ends += ended.sum()
        # Ours are always there; where no instance tells anything, Gymnasium's are not.
        told_by = {key for key in infos_a if np.any(infos_a.get("_" + key.removeprefix("_"), True))}
        assert told_by <= set(infos_b) <= set(infos_a)
        for key in told_by - {"final_obs", "final_info"}:
            told = infos_a.get(f"_{key}", slice(None))
            np.testing.assert_equal(take(infos_a[key], told), take(infos_b[key], told))
        if mode is AutoresetMode.SAME_STEP and ended.any():
            np.testing.assert_equal(infos_a["_final_obs"], infos_b["_final_obs"])
            np.testing.assert_equal(infos_a["_final_info"], infos_b["_final_info"])
            # The masks of ended episodes are left out: nothing can be done there.
            hidden = {"action_mask", "_action_mask"}
            assert set(infos_a["final_info"]) == set(infos_b["final_info"]) - hidden
            for key, values in infos_a["final_info"].items():
                np.testing.assert_equal(values[ended], infos_b["final_info"][key][ended])
            for i in np.flatnonzero(ended):
                np.testing.assert_equal(take(infos_a["final_obs"], i), infos_b["final_obs"][i])
        if mode is AutoresetMode.DISABLED and ended.any():
            a = ours.reset(options={"reset_mask": ended})[0]
            b = theirs.reset(options={"reset_mask": ended})[0]
            np.testing.assert_equal(a, b)
    assert ends >= 3 * n


@pytest.mark.parametrize("mode", MODES)
def test_the_boundary_step_of_two_agents_or_more(mode):
    envs = shadergym.ShaderVectorEnv("MPE/SimpleSpread-v3", 2, autoreset_mode=mode, max_episode_steps=3)
    envs.reset(seed=1)
    actions = np.zeros((2, 3), int)
    for step in range(1, 4):
        observations, rewards, terminations, truncations, infos = envs.step(actions)
        assert truncations.all() == (step == 3)
        assert rewards.shape == (2, 3)
        assert ("final_obs" in infos) == (step == 3 and mode is AutoresetMode.SAME_STEP)
    if mode is AutoresetMode.NEXT_STEP:
        observations, rewards, terminations, truncations, infos = envs.step(actions)
        assert not rewards.any() and not truncations.any()


def test_a_list_of_seeds_is_one_each(id):
    envs = shadergym.make_vec(id, 3)
    expected = envs.reset(seed=40)[0]
    for seeds in ([42, 40, 41], (42, 40, 41), np.array([42, 40, 41])):
        np.testing.assert_equal(envs.reset(seed=seeds)[0], take(expected, [2, 0, 1]))
    mixed = envs.reset(seed=[40, None, 42])[0]
    np.testing.assert_equal(take(mixed, [0, 2]), take(expected, [0, 2]))


def test_np_random_follows_the_seed():
    envs = shadergym.make_vec("CartPole-v1", 3)
    envs.reset(seed=5)
    assert envs.np_random_seed == 5
    drawn = envs.np_random.random()
    envs.reset(seed=5)
    assert envs.np_random.random() == drawn


def test_a_mask_resets_some(id):
    envs = shadergym.make_vec(id, 4)
    first = envs.reset(seed=1)[0]
    before = envs.step(envs.action_space.sample())[0]
    mask = np.array([True, False, False, True])
    options = {"reset_mask": mask}
    after = envs.reset(seed=1, options=options)[0]
    np.testing.assert_equal(take(after, mask), take(first, mask))
    np.testing.assert_equal(take(after, ~mask), take(before, ~mask))
    assert options == {"reset_mask": mask}
    seeds = [9, 9, 9, 9]
    again = envs.reset(seed=seeds, options={"reset_mask": np.array([True, False, True, False])})[0]
    np.testing.assert_equal(take(again, 0), take(again, 2))
    np.testing.assert_equal(take(again, [1, 3]), take(after, [1, 3]))


def stock_statistics_know(mode: AutoresetMode) -> bool:
    """Before 1.4 Gymnasium's wrapper lost the first step of every episode but the first under SAME_STEP."""
    envs = shadergym.make_vec("CartPole-v1", 1, autoreset_mode=mode, max_episode_steps=2)
    envs = gym.wrappers.vector.RecordEpisodeStatistics(envs)
    envs.reset(seed=1)
    lengths = [envs.step([0])[4].get("episode", {}).get("l", [0])[0] for _ in range(6)]
    return [length for length in lengths if length] == [2, 2] + [2] * (mode is AutoresetMode.SAME_STEP)


def test_episode_statistics_are_those_of_the_stock_wrapper():
    assert stock_statistics_know(AutoresetMode.NEXT_STEP)
    for mode in filter(stock_statistics_know, (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)):
        ours = shadergym.make_vec("CartPole-v1", 6, autoreset_mode=mode, episode_statistics=True)
        theirs = gym.wrappers.vector.RecordEpisodeStatistics(shadergym.make_vec("CartPole-v1", 6, autoreset_mode=mode))
        ours.reset(seed=2), theirs.reset(seed=2)
        seen = 0
        for _ in range(120):
            actions = ours.action_space.sample()
            a, b = ours.step(actions)[4], theirs.step(actions)[4]
            assert ("episode" in a) == ("episode" in b)
            if "episode" in a:
                seen += 1
                np.testing.assert_equal(a["_episode"], b["_episode"])
                for key in "rl":
                    np.testing.assert_equal(a["episode"][key], b["episode"][key])
                assert ((a["episode"]["t"] > 0) == a["_episode"]).all()
                ended = a["_episode"]
                np.testing.assert_equal(ours.episode_returns[ended], a["episode"]["r"][ended])
                np.testing.assert_equal(ours.episode_lengths[ended], a["episode"]["l"][ended])
        assert seen > 3


@pytest.mark.parametrize("mode", MODES[:2])
def test_episode_statistics_are_sums_over_the_steps(mode):
    n = 6
    envs = shadergym.make_vec("CartPole-v1", n, autoreset_mode=mode, max_episode_steps=30, episode_statistics=True)
    envs.reset(seed=2)
    returns, lengths, starting = np.zeros(n), np.zeros(n, int), np.zeros(n, bool)
    seen = 0
    for _ in range(120):
        _, rewards, terminations, truncations, infos = envs.step(envs.action_space.sample())
        # Under NEXT_STEP the step after an end makes no transition.
        returns, lengths = returns + rewards, lengths + ~starting
        ended = terminations | truncations
        assert ("episode" in infos) == ended.any()
        if ended.any():
            seen += ended.sum()
            np.testing.assert_equal(infos["_episode"], ended)
            np.testing.assert_equal(infos["episode"]["r"][ended], returns[ended])
            np.testing.assert_equal(infos["episode"]["l"][ended], lengths[ended])
        returns[ended], lengths[ended] = 0, 0
        starting = ended & (mode is AutoresetMode.NEXT_STEP)
    assert seen > 3 * n


@pytest.mark.parametrize("mode", MODES[:2])
def test_views_show_what_copies_show(id, mode):
    copies = shadergym.make_vec(id, 4, autoreset_mode=mode, max_episode_steps=6)
    views = shadergym.make_vec(id, 4, autoreset_mode=mode, max_episode_steps=6, copy=False)
    np.testing.assert_equal(copies.reset(seed=3)[0], views.reset(seed=3)[0])
    kept = []
    for _ in range(20):
        actions = copies.action_space.sample()
        (*a, infos_a), (*b, infos_b) = copies.step(actions), views.step(actions)
        for x, y in zip(a, b, strict=True):
            np.testing.assert_equal(x, y)
        for key in ("final_obs", "_final_obs"):
            if key in infos_a:
                np.testing.assert_equal(infos_a[key], infos_b[key])
        kept.append((a[0], copy.deepcopy(a[0]), b[0]))
    for array, value, _ in kept:
        np.testing.assert_equal(array, value, "a copy belongs to the caller")
    assert all(view is kept[0][2] for *_, view in kept), "a view is one and the same array"


def test_views_outlive_the_environment():
    envs = shadergym.make_vec("CartPole-v1", 1000, copy=False)
    view = envs.reset(seed=1)[0]
    value = view.copy()
    envs.close()
    del envs
    junk = [np.ones(4000, np.float32) for _ in range(100)]
    np.testing.assert_equal(view, value)
    assert junk
    rewards = shadergym.make_vec("CartPole-v1", 10, copy=False)
    rewards.reset(seed=1)
    flags = rewards.step(np.zeros(10, int))[2]
    with pytest.raises(ValueError, match="read-only"):
        flags[0] = True


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "bool", ">i4"])
def test_integers_of_any_width_are_actions(dtype):
    envs = shadergym.make_vec("CartPole-v1", 4)
    envs.reset(seed=1)
    expected = envs.step([0, 1, 1, 0])[0]
    envs.reset(seed=1)
    np.testing.assert_equal(envs.step(np.array([0, 1, 1, 0]).astype(dtype))[0], expected)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", ">f8"])
def test_numbers_of_any_type_are_continuous_actions(dtype):
    envs = shadergym.make_vec("Pendulum-v1", 3)
    actions = np.array([[-1], [0], [2]])
    envs.reset(seed=1)
    expected = envs.step(actions.astype(np.float32))[0]
    envs.reset(seed=1)
    np.testing.assert_equal(envs.step(actions.astype(dtype))[0], expected)


def test_memory_layout_does_not_matter():
    envs = shadergym.make_vec("CartPole-v1", 4)
    wide = np.array([0, 9, 1, 9, 1, 9, 0, 9])
    unaligned = np.frombuffer(b"x" + np.array([0, 1, 1, 0]).tobytes(), np.uint8)[1:].view(np.int64)
    envs.reset(seed=1)
    expected = envs.step(np.array([0, 1, 1, 0]))[0]
    for actions in (wide[::2], wide[::2][::-1], unaligned):
        envs.reset(seed=1)
        np.testing.assert_equal(envs.step(actions)[0], expected)


def test_pictures_of_all_instances(id):
    envs = shadergym.make_vec(id, 2, render_mode="rgb_array", render_size=(12, 10))
    envs.reset(seed=1)
    frames = envs.render()
    assert isinstance(frames, tuple) and len(frames) == 2
    assert all(frame.shape == (10, 12, 3) and frame.dtype == np.uint8 for frame in frames)
    assert envs.metadata["render_modes"] == ["rgb_array"]
