"""Bad input: the right exception with the text of the suite, and nothing has changed."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import error

import shadergym


@pytest.fixture
def envs():
    envs = shadergym.make_vec("CartPole-v1", 4)
    envs.reset(seed=1)
    return envs


@pytest.mark.parametrize("call", [lambda e: e.step([0] * 4), lambda e: e.rollout(1), lambda e: e.get_state()])
def test_before_the_first_reset(call):
    with pytest.raises(error.ResetNeeded, match="before the first reset; call reset first"):
        call(shadergym.make_vec("CartPole-v1", 4))
    with pytest.raises(error.ResetNeeded):
        shadergym.make("CartPole-v1").step(0)


def test_after_close(envs):
    envs.close()
    envs.close()
    for call in (lambda: envs.step([0] * 4), envs.reset, lambda: envs.rollout(1), envs.snapshot):
        with pytest.raises(error.ClosedEnvironmentError, match="this batch of CartPole-v1 is closed; make a new one"):
            call()


@pytest.mark.parametrize(
    ("actions", "exception", "text"),
    [
        ([0, 1, 2, 0], error.InvalidAction, r"action 2 of instance 2 \(agent 0, element 0\) is invalid, allowed is 0 to 1"),
        ([0, 1, 0, -1], error.InvalidAction, r"action -1 of instance 3"),
        ([0, 1, 0, 2**40], error.InvalidAction, r"action 1099511627776 of instance 3"),
        ([0, 1, 0], ValueError, r"actions has 3 elements, expected 4 \(num_envs 4 x agents 1 x 1 per agent\)"),
        (1, ValueError, r"actions has 1 elements, expected 4"),
        ([[0], [1], [0], [1]], ValueError, r"actions have shape \[4, 1\], expected \[4\]"),
        ([0.0, 1.0, 0.0, 1.0], TypeError, r"actions are float64, this environment takes integers"),
        (["a", "b", "c", "d"], TypeError, r"actions are <U1, this environment takes integers"),
        ([None] * 4, TypeError, r"actions are object, this environment takes integers"),
    ],
)
def test_discrete_actions(envs, actions, exception, text):
    before = envs.snapshot()
    with pytest.raises(exception, match=text):
        envs.step(actions)
    assert envs.snapshot() == before


@pytest.mark.parametrize(
    ("actions", "exception", "text"),
    [
        ([[0], [np.nan]], error.InvalidAction, "action NaN of instance 1 .* a finite number"),
        ([[np.inf], [0]], error.InvalidAction, "action inf of instance 0"),
        ([[1j], [0]], TypeError, "actions are complex128, this environment takes 1 floats"),
        ([0, 0], ValueError, r"actions have shape \[2\], expected \[2, 1\]"),
    ],
)
def test_continuous_actions(actions, exception, text):
    envs = shadergym.make_vec("Pendulum-v1", 2)
    envs.reset(seed=1)
    with pytest.raises(exception, match=text):
        envs.step(actions)


@pytest.mark.parametrize(
    ("name", "action", "exception", "text"),
    [
        ("CartPole-v1", 2, error.InvalidAction, "action 2 is invalid, allowed is 0 to 1"),
        ("CartPole-v1", np.array(7), error.InvalidAction, "action 7 is invalid, allowed is 0 to 1"),
        ("CartPole-v1", -1, error.InvalidAction, "action -1 is invalid"),
        ("CartPole-v1", 0.5, TypeError, "actions are float64"),
        ("CartPole-v1", [0, 1], ValueError, "actions of one environment has 2 elements, expected 1"),
        ("CartPole-v1", None, TypeError, "actions are object"),
        ("Pendulum-v1", [np.nan], error.InvalidAction, "action NaN is invalid, allowed is a finite number"),
    ],
)
def test_actions_of_a_single_environment(name, action, exception, text):
    env = shadergym.make(name)
    env.reset(seed=1)
    with pytest.raises(exception) as refused:
        env.step(action)
    assert text in str(refused.value) and "instance" not in str(refused.value)
    env.step(env.action_space.sample())


def test_a_single_environment_speaks_of_itself():
    env = shadergym.ShaderEnv("CartPole-v1", max_episode_steps=2)
    env.reset(seed=1)
    env.step(0), env.step(0)
    calls = [
        (lambda: env.step(0), error.ResetNeeded, "the episode has ended; call reset first"),
        (lambda: env.set_params(None, {"gravity": np.nan}), ValueError, "parameter `gravity` is NaN"),
        (lambda: env.set_state({"x": np.inf}), ValueError, "state field `x` is inf, it must be finite"),
        (lambda: env.set_params(None, {"gravity": [1.0, 2.0]}), ValueError, "has 2 elements, expected 1"),
    ]
    for call, exception, text in calls:
        with pytest.raises(exception) as refused:
            call()
        assert text in str(refused.value)
        assert "instance" not in str(refused.value) and "mask" not in str(refused.value)
    with pytest.raises(IndexError, match="there is no instance 3"):
        env.set_params([3], {"gravity": 1.0})
    env.close()
    with pytest.raises(error.ClosedEnvironmentError, match="this CartPole-v1 is closed"):
        env.step(0)


def test_actions_of_a_rollout_are_all_checked_first(envs):
    actions = np.zeros((100, 4), int)
    actions[70, 2] = 7
    before = envs.snapshot()
    with pytest.raises(error.InvalidAction, match="action 7 at step 70 of instance 2"):
        envs.rollout(100, actions)
    assert envs.snapshot() == before
    with pytest.raises(ValueError, match="actions has 400 elements, expected 396"):
        envs.rollout(99, actions)


@pytest.mark.parametrize(
    ("options", "exception", "text"),
    [
        ({"num_envs": 0}, ValueError, "option `num_envs` is 0, allowed is 1 to 4294967295 instances"),
        ({"num_envs": -1}, ValueError, "option `num_envs` is -1, allowed is 1 to"),
        ({"num_threads": 0}, ValueError, "option `num_threads` is 0, allowed is 1 or more threads"),
        ({"max_episode_steps": -5}, ValueError, "option `max_episode_steps` is -5"),
        ({"device": "cuda"}, ValueError, 'option `device` is "cuda", allowed is `auto`, `cpu`'),
        ({"sticky_action_probability": 1.5}, error.InvalidProbability, "is 1.5, allowed is a probability, 0 to 1"),
        ({"autoreset_mode": "Sometimes"}, ValueError, "option `autoreset_mode` is 'Sometimes', allowed is `NextStep`"),
        ({"render_mode": "human"}, error.UnsupportedMode, "option `render_mode` is 'human', allowed is `rgb_array`"),
        ({"params": {"gravty": 1}}, ValueError, "CartPole-v1 has no parameter `gravty`. Did you mean `gravity`?"),
        ({"params": {"gravity": [1, 2, 3]}}, ValueError, "parameter values has 3 elements, expected 2"),
        ({"colour": 1}, TypeError, "colour"),
    ],
)
def test_options(options, exception, text):
    with pytest.raises(exception) as caught:
        shadergym.ShaderVectorEnv("CartPole-v1", **{"num_envs": 2, **options})
    assert text in str(caught.value)


def test_unknown_ids():
    text = "there is no environment `Cartpole-v1`. Did you mean `CartPole-v1`?"
    for call in (shadergym.make, shadergym.make_vec, shadergym.spec, shadergym.ShaderVectorEnv, shadergym.ShaderEnv):
        with pytest.raises(error.NameNotFound, match="there is no environment") as caught:
            call("Cartpole-v1")
        assert text in str(caught.value)
    with pytest.raises(error.NameNotFound):
        gym.make_vec("shadergym/Nothing-v1")
    with pytest.raises(ValueError, match="either an id or `wgsl`"):
        shadergym.make_vec()


def test_seeds(envs):
    with pytest.raises(ValueError, match="length must match num_envs=4 but got length=3"):
        envs.reset(seed=[1, 2, 3])
    with pytest.raises(error.Error, match="greater or equal to zero, actual value: -1"):
        envs.reset(seed=-1)
    with pytest.raises(error.Error, match="greater or equal to zero, actual value: -1"):
        envs.reset(seed=[1, 2, 3, -1])
    for seed in (1.5, "7", [1, 2, 3, 4.5], np.array([0.5] * 4), np.float32(2), {1: 2}, object()):
        with pytest.raises(error.Error, match="option `seed` is .*, allowed is an integer of 0 or more, a sequence of 4"):
            envs.reset(seed=seed)
    with pytest.raises(error.Error, match="option `seed` is 1.5 of type float, allowed is"):
        envs.reset(seed=1.5)
    env = shadergym.make("CartPole-v1")
    for seed in (1.5, "7", [3], np.array([3])):
        with pytest.raises(error.Error, match="option `seed` is .*, allowed is an integer of 0 or more, or None"):
            env.reset(seed=seed)
    np.testing.assert_equal(env.reset(seed=np.int64(3))[0], env.reset(seed=3)[0])
    np.testing.assert_equal(envs.reset(seed=np.array(3))[0], envs.reset(seed=3)[0])


def test_options_of_reset(envs):
    mask = np.array([True, False, False, False])
    before = envs.snapshot()
    for options, text in (
        ({"reset_masks": mask}, "no reset option `reset_masks`. Did you mean `reset_mask`? It has `reset_mask`"),
        ({"mask": mask}, "no reset option `mask`. Did you mean `reset_mask`?"),
        ({"low": -0.1, "high": 0.1}, "CartPole-v1 has no reset option `low`. It has `reset_mask`"),
        ({"reset_mask": mask, "seed": 1}, "no reset option `seed`"),
    ):
        with pytest.raises(ValueError) as refused:
            envs.reset(seed=5, options=options)
        assert text in str(refused.value)
        assert envs.snapshot() == before
    with pytest.raises(TypeError, match="option `options` is 5, allowed is a dictionary or None"):
        envs.reset(options=5)
    env = shadergym.make("CartPole-v1")
    with pytest.raises(ValueError, match="CartPole-v1 has no reset option `low`. It has none"):
        env.reset(options={"low": -0.1, "high": 0.1})
    env.reset(options={}), envs.reset(options={"reset_mask": None})


@pytest.mark.parametrize(
    ("mask", "exception", "text"),
    [
        ([True] * 4, TypeError, "must be a numpy array"),
        (np.ones(3, bool), ValueError, r"must have shape `\(4,\)`"),
        (np.ones(4, int), TypeError, "must have `dtype=np.bool_`"),
        (np.zeros(4, bool), ValueError, "at least one True"),
    ],
)
def test_masks(envs, mask, exception, text):
    with pytest.raises(exception, match=text):
        envs.reset(options={"reset_mask": mask})
    with pytest.raises(error.ResetNeeded, match="the mask leaves out instances that were never started"):
        shadergym.make_vec("CartPole-v1", 2).reset(options={"reset_mask": np.array([True, False])})


def test_disabled_autoreset_says_which_instance_waits():
    envs = shadergym.make_vec("CartPole-v1", 3, autoreset_mode="Disabled", max_episode_steps=2)
    envs.reset(seed=1)
    envs.step([0] * 3), envs.step([0] * 3)
    with pytest.raises(error.ResetNeeded, match="instance 0 has ended .* call reset with a mask that selects it first"):
        envs.step([0] * 3)


def test_instances_parameters_and_states(envs):
    with pytest.raises(IndexError, match=r"instance 9 does not exist, the batch has 4 \(0 to 3\)"):
        envs.set_params([0, 9], {"gravity": 1.0})
    with pytest.raises(TypeError, match="indices of instances are integers"):
        envs.set_params([0.5], {"gravity": 1.0})
    with pytest.raises(ValueError, match="parameter `gravity` of instance 1 is NaN"):
        envs.set_params([1], {"gravity": np.nan})
    state = envs.get_state()
    state["x"][2] = np.inf
    with pytest.raises(ValueError, match="state field `x` of instance 2 is inf, it must be finite"):
        envs.set_state(state)
    with pytest.raises(ValueError, match="option `snapshot` is .* bytes that cannot be read"):
        envs.restore(b"nothing")
    with pytest.raises(ValueError, match="option `snapshot` is of 2 instances"):
        other = shadergym.make_vec("CartPole-v1", 2)
        other.reset(seed=1)
        envs.restore(other.snapshot())


def test_rollouts(envs):
    for steps in (0, -1):
        with pytest.raises(ValueError, match=f"option `steps` is {steps}, allowed is 1 to"):
            envs.rollout(steps)
    with pytest.raises((MemoryError, ValueError), match="steps"):
        envs.rollout(2**40)
    with pytest.raises(MemoryError, match="use fewer instances or steps"):
        envs.rollout(2**32 - 1)
