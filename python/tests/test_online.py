"""Learners in a loop of one's own, around environments that are not ours."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest

import shadergym

ACTING = [name for name in shadergym.online_learners() if name != "stream_td"]
BOX = gym.spaces.Box(-1, 1, (3,))


def play(learner, env, steps, seed=0):
    """A loop as a user writes it; the returns of its episodes."""
    obs, _ = env.reset(seed=seed)
    returns, total = [], 0.0
    for _ in range(steps):
        action = learner.act(obs)
        assert env.action_space.contains(action), action
        next_obs, reward, terminated, truncated, _ = env.step(action)
        learner.update(obs, action, reward, next_obs, terminated, truncated)
        total += reward
        obs = next_obs
        if terminated or truncated:
            returns.append(total)
            total = 0.0
            obs, _ = env.reset()
    return returns


def make(agent, **options):
    return shadergym.Learner(agent, BOX, gym.spaces.Discrete(4), **options)


def transition(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=3).astype(np.float32)


def test_it_learns_gymnasiums_cart_pole():
    env = gym.make("CartPole-v1")
    learner = shadergym.Learner(
        "stream_q", env.observation_space, env.action_space, time_limit=500, steps=60_000, seed=1
    )
    returns = play(learner, env, 60_000)
    assert np.mean(returns[:20]) < 60 and np.mean(returns[-20:]) > 150, (returns[:20], returns[-20:])
    assert learner.steps == 60_000
    obs, _ = env.reset(seed=5)
    assert 20 < learner.value(obs) < 200, "a pole that stands is worth about 1 / (1 - 0.99)"


@pytest.mark.parametrize("agent", ACTING)
def test_every_learner_acts_in_spaces_of_others(agent):
    spaces = [
        (gym.spaces.Discrete(5), gym.spaces.Discrete(3, start=-1)),
        (gym.spaces.Box(0, 255, (10, 10, 2), np.uint8), gym.spaces.Discrete(4)),
        (gym.spaces.Dict(a=BOX, b=gym.spaces.Discrete(2)), gym.spaces.Discrete(2)),
    ]
    if agent == "stream_ac":
        spaces += [
            (BOX, gym.spaces.Box(-np.inf, np.inf, (2, 2), np.float64)),
            (BOX, gym.spaces.MultiDiscrete([2, 3])),
        ]
    for observations, actions in spaces:
        observations.seed(3)
        picture = len(observations.shape or ()) == 3
        options = {"network": "conv", "hidden": [16]} if picture else {"hidden": [16]}
        learner = shadergym.Learner(agent, observations, actions, **options)
        obs = observations.sample()
        for step in range(30):
            action = learner.act(obs)
            assert actions.contains(action), (actions, action)
            following = observations.sample()
            error = learner.update(obs, action, 0.5, following, step % 10 == 9)
            assert np.isfinite(error)
            obs = following
        assert actions.contains(learner.best(observations.sample()))
        assert np.isfinite(learner.value(obs))


def test_it_predicts():
    learner = shadergym.Learner("stream_td", BOX, gamma=0.5)
    obs = transition(0)
    for step in range(3_000):
        following = transition(step % 7)
        learner.update(obs, None, 2.0, following, False)
        obs = following
    assert learner.value(obs) == pytest.approx(4.0, rel=0.1), "2 + 2 / 2 + 2 / 4 + ..."


@pytest.mark.parametrize("agent", ACTING)
def test_copies_and_files_go_on_alike(agent, tmp_path):
    env = gym.make("CartPole-v1")
    learner = shadergym.Learner(agent, env.observation_space, env.action_space, time_limit=500, seed=3)
    play(learner, env, 200)
    learner.reset()
    learner.save(tmp_path / "learner.safetensors")
    others = [
        copy.deepcopy(learner),
        pickle.loads(pickle.dumps(learner)),
        shadergym.Learner.load(tmp_path / "learner.safetensors", env.observation_space, env.action_space),
    ]
    expected = play(learner, env, 200, seed=9)
    for other in others:
        assert play(other, env, 200, seed=9) == expected
        assert other._native.to_bytes() == learner._native.to_bytes()
    with pytest.raises(ValueError, match="made for"):
        shadergym.Learner.load(tmp_path / "learner.safetensors", BOX, env.action_space)


def test_bad_input_is_refused_and_nothing_is_learned():
    learner = make("stream_q")
    first, second = transition(1), transition(2)
    action = learner.act(first)
    learner.update(first, action, 1.0, second, False)
    before = learner._native.to_bytes()
    bad = np.array([1.0, np.nan, 0.0], np.float32)
    for call, error, text in [
        (lambda: learner.act(first), ValueError, r"call reset\(\)"),
        (lambda: learner.act(np.zeros(4)), ValueError, "4 numbers, allowed is 3"),
        (lambda: learner.act(np.array(["a", "b", "c"])), TypeError, "expected numbers"),
        (lambda: learner.update(second, action, float("nan"), first, False), FloatingPointError, "reward"),
        (lambda: learner.update(second, action, 1.0, bad, False), FloatingPointError, "next_observation"),
        (lambda: learner.update(second, 4, 1.0, first, False), ValueError, "allowed is 0 to 3"),
        (lambda: learner.update(second, -1, 1.0, first, False), ValueError, "allowed is 0 to 3"),
        (lambda: learner.update(second, 0.5, 1.0, first, False), TypeError, "numbers of its space"),
        (lambda: learner.update(second, None, 1.0, first, False), ValueError, "0 numbers, allowed is 1"),
        (lambda: learner.act(second, action_mask=np.ones(3, np.int8)), ValueError, "expected 4"),
        (lambda: learner.best(bad), FloatingPointError, "observation"),
    ]:
        with pytest.raises(error, match=text):
            call()
        assert learner._native.to_bytes() == before
    learner.update(second, learner.act(second), 1.0, first, True)


def test_what_cannot_be_made_is_refused():
    discrete = gym.spaces.Discrete(4)
    for call, error, text in [
        (lambda: make("ppo"), ValueError, "one transition at a time"),
        (lambda: make("stream_q", lamda=0.5), TypeError, "Did you mean `lambda`"),
        (lambda: make("stream_q", gamma=2.0), ValueError, "allowed is 0 to 1"),
        (lambda: make("stream_q", network="conv"), ValueError, "height, width, channels"),
        (lambda: make("stream_q", seed=-1), ValueError, "0 to 9223372036854775807"),
        (lambda: make("stream_q", time_limit=-1), ValueError, "0 to 4294967295"),
        (lambda: shadergym.Learner("stream_q", "CartPole-v1", discrete), TypeError, "a space of Gymnasium"),
        (lambda: make("stream_q", steps=0), ValueError, "1 or more"),
        (lambda: shadergym.Learner("stream_q", BOX, BOX), ValueError, "agents that can: stream_ac"),
        (lambda: shadergym.Learner("stream_q", BOX), TypeError, "stream_td have none"),
        (lambda: shadergym.Learner("stream_q", gym.spaces.Graph(BOX, None), discrete), TypeError, "flattened"),
        (lambda: shadergym.Learner("stream_ac", BOX, gym.spaces.MultiBinary(3)), TypeError, "allowed are Discrete"),
    ]:
        with pytest.raises(error, match=text):
            call()


def test_masks_leave_actions_out():
    learner = make("stream_q")
    mask = np.array([0, 1, 0, 0], np.int8)
    obs = transition(0)
    for step in range(50):
        action = learner.act(obs, action_mask=mask)
        assert action == 1
        following = transition(step + 1)
        learner.update(obs, action, 1.0, following, False, next_action_mask=mask)
        obs = following
    assert learner.best(obs, action_mask=mask) == 1


def test_options_are_listed():
    for name in shadergym.online_learners():
        assert {"lambda", "kappa"} <= {option["name"] for option in shadergym.agent_options(name)}
