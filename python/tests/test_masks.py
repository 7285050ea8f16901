"""Masks of legal actions: in the infos, as a method, in recordings, for one agent and for several."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import shadergym

ID = "TicTacToe-v0"
# Two agents with 1 + 40 + 3 + 64 actions; the state counts illegal ones.
SEVERAL = Path(__file__).parents[2] / "shaders/tests/selftest/torture_masks.wgsl"
MODES = list(AutoresetMode)


def free(observations):
    """The free cells, from what the agent sees."""
    return ~observations.reshape(-1, 9, 2).any(axis=-1)


def draw(masks, rng):
    """A legal action of each row."""
    return np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_infos_hold_the_masks_of_the_observations(mode, copy):
    envs = shadergym.make_vec(ID, 6, autoreset_mode=mode, copy=copy)
    rng = np.random.default_rng(1)
    observations, infos = envs.reset(seed=3)
    ends, ended = 0, np.zeros(6, bool)
    for _ in range(40):
        mask = infos["action_mask"]
        assert (mask.shape, mask.dtype) == ((6, 9), np.int8)
        assert infos["_action_mask"].all() and infos["_action_mask"].shape == (6,)
        np.testing.assert_equal(mask, envs.action_masks())
        # Under SAME_STEP the observations of ended instances are those of the next start.
        running = ~ended | (mode is AutoresetMode.SAME_STEP)
        np.testing.assert_equal(mask[running], free(observations)[running])
        assert mask.any(axis=1).all()
        observations, rewards, terminations, truncations, infos = envs.step(draw(mask, rng))
        ended = terminations | truncations
        ends += ended.sum()
        if mode is AutoresetMode.DISABLED and ended.any():
            observations, infos = envs.reset(options={"reset_mask": ended})
            ended = np.zeros(6, bool)
    assert ends > 10


def test_a_single_environment_has_them_too():
    env = gym.make(shadergym.gymnasium_id(ID))
    vector = shadergym.make_vec(ID, 1, autoreset_mode=AutoresetMode.DISABLED)
    for seed in range(20):
        observation, info = env.reset(seed=seed)
        _, infos = vector.reset(seed=seed)
        ended = False
        while not ended:
            assert (info["action_mask"].shape, info["action_mask"].dtype) == ((9,), np.int8)
            np.testing.assert_equal(info["action_mask"], infos["action_mask"][0])
            np.testing.assert_equal(info["action_mask"], env.get_wrapper_attr("action_masks")())
            np.testing.assert_equal(info["action_mask"], free(observation)[0])
            # Gymnasium refuses masks of another type or shape.
            action = env.action_space.sample(info["action_mask"])
            observation, reward, ended, truncated, info = env.step(action)
            *_, infos = vector.step([action])
            assert reward in (-1, 0, 1) and not truncated


def test_environments_without_masks_have_no_such_thing():
    for env in (shadergym.make_vec("CartPole-v1", 2), shadergym.make("CartPole-v1")):
        assert env.reset(seed=1)[1] == {}
        assert not hasattr(env, "action_masks")
        assert not shadergym.spec("CartPole-v1")["action_mask"]
    envs = shadergym.make_vec("CartPole-v1", 2)
    envs.reset(seed=1)
    assert envs.rollout(3).action_masks is None


@pytest.mark.parametrize("mode", MODES)
def test_random_rollouts_keep_to_them(mode):
    envs = shadergym.make_vec(ID, 50, autoreset_mode=mode)
    first = envs.reset(seed=2)[1]["action_mask"]
    for _ in range(2):
        rollout = envs.rollout(30)
        masks = rollout.action_masks
        assert (masks.shape, masks.dtype) == ((30, 50, 9), np.int8)
        before = np.concatenate([first[None], masks[:-1]])
        assert np.take_along_axis(before, rollout.actions[..., None], axis=2).all()
        np.testing.assert_equal(masks[-1], envs.action_masks())
        assert (rollout.final_observations is not None) == (mode is AutoresetMode.SAME_STEP)
        first = masks[-1]
        if mode is AutoresetMode.DISABLED:
            break


def test_a_rollout_that_is_not_recorded_has_none():
    envs = shadergym.make_vec(ID, 2)
    envs.reset(seed=1)
    assert envs.rollout(3, record=False).action_masks is None


def test_an_illegal_action_is_executed():
    envs = shadergym.make_vec(ID, 1, params={"opponent_first": 1.0})
    _, infos = envs.reset(seed=1)
    taken = np.flatnonzero(infos["action_mask"][0] == 0)
    assert len(taken) == 1
    _, rewards, terminations, *_ = envs.step(taken)
    assert rewards[0] == -1 and terminations[0]


def test_a_snapshot_keeps_them():
    envs = shadergym.make_vec(ID, 7)
    envs.reset(seed=1)
    envs.rollout(2, record=False)
    masks, snapshot = envs.action_masks(), envs.snapshot()
    envs.rollout(5, record=False)
    envs.restore(snapshot)
    np.testing.assert_equal(envs.action_masks(), masks)


def test_stable_baselines_gets_one_row_per_instance():
    pytest.importorskip("stable_baselines3")
    from shadergym.sb3 import SB3VecEnv

    envs = SB3VecEnv(ID, num_envs=4)
    observations, rng = envs.reset(), np.random.default_rng(1)
    for _ in range(20):
        # As sb3_contrib.common.maskable.utils does it.
        masks = np.stack(envs.env_method("action_masks"))
        assert masks.shape == (4, 9)
        np.testing.assert_equal(masks, free(observations))
        observations, _, _, infos = envs.step(draw(masks, rng))
        np.testing.assert_equal([info["action_mask"] for info in infos], envs.envs.action_masks())
    assert envs.get_attr("action_masks")
    with pytest.raises(AttributeError):
        SB3VecEnv("CartPole-v1", num_envs=4).get_attr("action_masks")


def several(**options):
    try:
        return shadergym.make_vec(wgsl=SEVERAL, num_envs=3, **options)
    except (RuntimeError, gym.error.Error) as error:
        pytest.skip(f"a file of one's own needs a GPU: {error}")


def test_several_agents_and_choices():
    envs = several()
    _, infos = envs.reset(seed=1)
    assert infos["action_mask"].shape == (3, 2, 1 + 40 + 3 + 64)
    flat = several(flat_agents=True)
    _, flat_infos = flat.reset(seed=1)
    np.testing.assert_equal(flat_infos["action_mask"], infos["action_mask"].reshape(6, -1))
    np.testing.assert_equal(flat.action_masks(), flat_infos["action_mask"])
    envs.rollout(50)
    assert not envs.get_state()["illegal"].any()


def test_pettingzoo_gets_them_per_agent():
    pytest.importorskip("pettingzoo")
    several().close()
    from shadergym.parallel import ShaderParallelEnv

    env = ShaderParallelEnv(wgsl=SEVERAL, device="auto")
    _, infos = env.reset(seed=1)
    while env.agents:
        actions = {}
        for agent in env.agents:
            parts = np.split(infos[agent]["action_mask"], np.cumsum([1, 40, 3]))
            actions[agent] = env.action_space(agent).sample(tuple(parts))
        _, rewards, *_, infos = env.step(actions)
        assert set(rewards.values()) == {0.0}
