"""What a step tells beside observation and reward: infos, agents that are out, starts, steps so far."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import shadergym

ENV = "TicTacToe-v0"
NAMES = ["won", "lost", "drawn", "illegal"]


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_infos_come_with_masks_and_add_up(mode):
    envs, same = (shadergym.make_vec(ENV, 7, autoreset_mode=mode) for _ in range(2))
    envs.reset(seed=3)
    same.reset(seed=3)
    rollout = same.rollout(40)
    assert sorted(rollout.infos) == sorted(NAMES)
    for t in range(40):
        *_, terminations, _, infos = envs.step(rollout.actions[t])
        np.testing.assert_equal(envs.episode_starts, rollout.episode_starts[t])
        told = ~envs.episode_starts
        for name in NAMES:
            np.testing.assert_equal(infos[name], rollout.infos[name][t])
            np.testing.assert_equal(infos[f"_{name}"], told)
            assert mode == "SameStep" or not infos[name][~told].any()
        if mode == "SameStep" and terminations.any():
            np.testing.assert_equal(infos["final_info"]["_won"], terminations)
            np.testing.assert_equal(infos["final_info"]["won"], infos["won"])
    # Exactly one of the four is told in the last step of a game, and none before.
    sums = rollout.statistics.info_sum
    assert sum(sums.values()) == rollout.statistics.episodes > 0
    assert sums["won"] == rollout.infos["won"].sum()
    assert rollout.statistics.mean_info["won"] == sums["won"] / rollout.statistics.episodes
    assert np.isnan(same.rollout(1, record=False).statistics._replace(episodes=0).mean_info["won"])


def test_steps_so_far():
    envs = shadergym.make_vec("CartPole-v1", 5)
    envs.reset(seed=1)
    assert envs.episode_starts.all() and not envs.elapsed_steps.any()
    envs.step(envs.action_space.sample())
    assert not envs.episode_starts.any() and (envs.elapsed_steps == 1).all()
    assert envs.rollout(3).infos == {}


def test_a_single_environment_gives_plain_values():
    env = gym.make(f"shadergym/{ENV}")
    _, info = env.reset(seed=0)
    assert not set(NAMES) & set(info)
    info = env.step(4)[4]
    assert all(isinstance(info[name], float) for name in NAMES)


def test_infos_of_agents():
    pytest.importorskip("pettingzoo")
    from shadergym.parallel import ShaderParallelEnv

    env = ShaderParallelEnv("MPE/SimpleSpread-v3")
    env.reset(seed=0)
    infos = env.step({agent: 1 for agent in env.agents})[4]
    assert {type(info["collisions"]) for info in infos.values()} == {float}
    assert len({info["occupied_landmarks"] for info in infos.values()}) == 1


def test_agents_leave_the_game():
    pytest.importorskip("pettingzoo")
    from shadergym.parallel import ShaderParallelEnv

    file = Path(__file__).parents[2] / "shaders/tests/selftest/torture_info.wgsl"
    try:
        env = ShaderParallelEnv(wgsl=file, device="gpu")
    except gym.error.Error as error:
        pytest.skip(str(error))
    left = 0
    for seed in range(20):
        env.reset(seed=seed)
        while env.agents:
            live = env.agents
            observations, rewards, terminations, truncations, infos = env.step({agent: 1 for agent in live})
            for told in (observations, rewards, terminations, truncations, infos):
                assert list(told) == live
            cut = any(truncations.values())
            assert env.agents == ([] if cut else [agent for agent in live if not terminations[agent]])
            left += bool(env.agents) and len(env.agents) < len(live)
    assert left > 0
