"""Fused rollouts."""

import gymnasium as gym
import numpy as np
import pytest

import shadergym
from trees import take


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_a_rollout_is_the_steps_it_stands_for(id, mode):
    k, n = 40, 5
    fused = shadergym.make_vec(id, n, autoreset_mode=mode, max_episode_steps=9)
    steps = shadergym.make_vec(id, n, autoreset_mode=mode, max_episode_steps=9)
    fused.reset(seed=3), steps.reset(seed=3)
    actions = np.stack([fused.action_space.sample() for _ in range(k)])
    rollout = fused.rollout(k, actions)
    assert (rollout.final_observations is not None) == (mode == "SameStep")
    np.testing.assert_equal(rollout.actions, actions)
    assert rollout.actions.dtype == fused.action_space.dtype
    returns, played = 0.0, 0.0
    for t in range(k):
        observations, rewards, terminations, truncations, infos = steps.step(actions[t])
        np.testing.assert_equal(take(rollout.observations, t), observations)
        np.testing.assert_equal(rollout.rewards[t], rewards)
        np.testing.assert_equal(rollout.terminations[t], terminations)
        np.testing.assert_equal(rollout.truncations[t], truncations)
        ended = terminations | truncations
        returns += steps.episode_returns[ended].sum()
        played += float(abs(rewards).sum())
        if mode == "SameStep" and ended.any():
            np.testing.assert_equal(take(rollout.final_observations, (t, ended)), take(infos["final_obs"], ended))
    ends = (rollout.terminations | rollout.truncations).sum()
    statistics = rollout.statistics
    assert statistics.episodes == ends > n
    # Returns of both signs may cancel, so the error is one of what was added.
    assert sum(statistics.return_sum) == pytest.approx(returns, rel=0, abs=1e-6 * played)
    assert statistics.transitions == k * n - (ends - ended.sum() if mode == "NextStep" else 0)


def test_random_actions_can_be_played_again(id):
    envs = shadergym.make_vec(id, 3)
    envs.reset(seed=8)
    drawn = envs.rollout(30)
    envs.reset(seed=8)
    again = envs.rollout(30, drawn.actions)
    np.testing.assert_equal(drawn.observations, again.observations)
    np.testing.assert_equal(drawn.rewards, again.rewards)


def test_pieces_do_not_show():
    """More than one piece of work, both recorded and not."""
    whole = shadergym.make_vec("CartPole-v1", 1024, autoreset_mode="Disabled")
    pieces = shadergym.make_vec("CartPole-v1", 1024)
    whole.reset(seed=1), pieces.reset(seed=1)
    np.testing.assert_equal(whole.rollout(7).observations, pieces.rollout(7).observations)
    a, b = (shadergym.make_vec("CartPole-v1", 1024) for _ in range(2))
    a.reset(seed=1), b.reset(seed=1)
    recorded, counted = a.rollout(3000), b.rollout(3000, record=False)
    assert recorded.statistics == counted.statistics
    assert counted.observations is None
    np.testing.assert_equal(recorded.observations[-1], b._native.observations())
    assert counted.statistics.mean_return == pytest.approx(counted.statistics.mean_length)


def test_views_are_written_over_and_copies_are_not():
    views = shadergym.make_vec("CartPole-v1", 8, copy=False)
    views.reset(seed=1)
    first = views.rollout(10)
    value = first.observations.copy()
    second = views.rollout(10)
    assert second.observations is first.observations
    assert not (value == first.observations).all()
    longer = views.rollout(11)
    assert longer.observations is not first.observations
    copies = shadergym.make_vec("CartPole-v1", 8)
    copies.reset(seed=1)
    kept = copies.rollout(10).observations
    np.testing.assert_equal(kept, value)
    copies.rollout(10)
    np.testing.assert_equal(kept, value)


def test_resized_arrays_are_not_written_to():
    envs = shadergym.make_vec("CartPole-v1", 8, copy=False)
    envs.reset(seed=1)
    rewards = envs.rollout(10).rewards
    rewards.resize((2, 2), refcheck=False)
    assert envs.rollout(10).rewards.shape == (10, 8)


def test_other_libraries_take_the_arrays_without_a_copy():
    for copy in (True, False):
        envs = shadergym.make_vec("CartPole-v1", 4, copy=copy)
        observations = envs.reset(seed=1)[0]
        rollout = envs.rollout(3)
        for array in (observations, rollout.observations, rollout.rewards, rollout.actions):
            assert np.shares_memory(np.from_dlpack(array), array)


def test_ended_instances_wait_where_autoreset_is_disabled():
    envs = shadergym.make_vec("CartPole-v1", 4, autoreset_mode="Disabled", max_episode_steps=5)
    envs.reset(seed=1)
    rollout = envs.rollout(12)
    assert rollout.statistics.transitions == 20
    with pytest.raises(gym.error.ResetNeeded):
        envs.rollout(1)
    envs.reset()
    envs.rollout(1)
