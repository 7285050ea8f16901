"""Pickled and copied environments go on as the original does, bit by bit."""

import copy
import os
import pickle

import gymnasium as gym
import numpy as np
import pytest
from conftest import IDS
from gymnasium import error
from gymnasium.vector import AutoresetMode

import shadergym
from shadergym.wrappers import FrameStack, TimeAwareObservation

WAYS = {"pickle": lambda env: pickle.loads(pickle.dumps(env)), "deepcopy": copy.deepcopy}


@pytest.fixture(params=WAYS)
def twin_of(request):
    return WAYS[request.param]


def pytest_generate_tests(metafunc) -> None:
    """Each id on the CPU, and the first of each family on a GPU, but for rigid bodies, for whose pipelines a software GPU takes
    minutes. What a GPU's state is made of does not depend on the environment."""
    if "device" in metafunc.fixturenames:
        infos = {id: shadergym.spec(id)["info"] or {"fields": []} for id in IDS}
        rigid = {id for id, info in infos.items() if "blown_up" in [field["name"] for field in info["fields"]]}
        families = {shadergym.spec(id)["family"]: id for id in reversed(IDS) if id not in rigid}
        pairs = [*((id, "cpu") for id in IDS), *((id, "gpu") for id in families.values())]
        metafunc.parametrize("id, device", pairs, indirect=["device"])


@pytest.fixture
def device(request):
    if request.param == "gpu" and not os.environ.get("SHADERGYM_REQUIRE_GPU"):
        try:
            shadergym.make_vec("CartPole-v1", 1, device="gpu").close()
        except error.DependencyNotInstalled as missing:
            pytest.skip(f"no GPU adapter: {missing}")
    return request.param


def same(a, b) -> None:
    """Equal in all that a call gave; seconds of episodes differ."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a.keys() - {"t"}:
            same(a[key], b[key])
    elif isinstance(a, tuple):
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        np.testing.assert_equal(a, b)


def go_on_alike(envs, twin, steps: int) -> None:
    """Actions come from each one's own space: its generator goes on too."""
    for _ in range(steps):
        actions, again = envs.action_space.sample(), twin.action_space.sample()
        np.testing.assert_equal(actions, again)
        a, b = envs.step(actions), twin.step(again)
        same(a, b)
        if getattr(envs, "num_envs", None) is None and (a[2] or a[3]):
            same(envs.reset(), twin.reset())
    assert envs.np_random.random() == twin.np_random.random()
    assert envs.observation_space == twin.observation_space and envs.action_space == twin.action_space
    np.testing.assert_equal(envs.observation_space.sample(), twin.observation_space.sample())


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_vector_environments(id, mode, device, twin_of):
    envs = shadergym.make_vec(
        id, 5, device=device, autoreset_mode=mode, max_episode_steps=9, sticky_action_probability=0.2, copy=False
    )
    envs.reset(seed=3)
    envs.action_space.seed(1)
    for _ in range(6):
        envs.step(envs.action_space.sample())
    twin = twin_of(envs)
    assert twin.spec == envs.spec and twin.metadata == envs.metadata and repr(twin) == repr(envs)
    go_on_alike(envs, twin, 12)
    same(envs.rollout(7)[:5], twin.rollout(7)[:5])


def test_a_copy_is_not_the_original(twin_of):
    envs = shadergym.make_vec("CartPole-v1", 3)
    envs.reset(seed=1)
    before = envs.snapshot()
    twin = twin_of(envs)
    twin.step([0, 1, 0])
    twin.set_params(None, {"gravity": 5.0})
    twin.close()
    assert envs.snapshot() == before
    envs.step([0, 1, 0])


def test_single_environments(single_id, twin_of):
    env = shadergym.make(single_id, max_episode_steps=9)
    env.reset(seed=3)
    env.action_space.seed(1), env.observation_space.seed(2)
    for _ in range(6):
        if any(env.step(env.action_space.sample())[2:4]):
            env.reset()
    twin = twin_of(env)
    assert twin.unwrapped.step.__self__ is not env.unwrapped.step.__self__
    go_on_alike(env, twin, 20)


def test_parameters_and_what_is_pending(twin_of):
    for env in (shadergym.ShaderEnv("CartPole-v1"), shadergym.make_vec("CartPole-v1", 3, params={"half_length": 0.7})):
        env.set_params(None, {"gravity": 5.0})
        twin = twin_of(env)
        assert (twin.params["gravity"] == 5.0).all()
        same(twin.params, env.params)
        env.reset(seed=1)
        env.set_params(None, {"gravity": 7.0})
        twin = twin_of(env)
        assert (twin.params["gravity"] == 5.0).all() and (twin.pending_params["gravity"] == 7.0).all()
        same((twin.params, twin.pending_params, twin.get_state()), (env.params, env.pending_params, env.get_state()))


class Noted(shadergym.ShaderEnv):
    """A constructor of its own, with what it keeps."""

    def __init__(self, note: str):
        super().__init__("CartPole-v1")
        self.note = note


def test_subclasses_and_attributes_of_the_user(twin_of):
    twin = twin_of(Noted("here"))
    assert twin.note == "here"
    twin.reset(seed=1)
    twin.step(0)


def test_before_the_first_start_and_after_the_end(twin_of):
    envs = shadergym.make_vec("CartPole-v1", 2)
    twin = twin_of(envs)
    with pytest.raises(error.ResetNeeded):
        twin.step([0, 0])
    same(twin.reset(seed=4), envs.reset(seed=4))
    envs.close()
    with pytest.raises(error.ClosedEnvironmentError):
        twin_of(envs).reset()


def test_an_ended_instance_still_waits(twin_of):
    envs = shadergym.make_vec("CartPole-v1", 3, autoreset_mode="Disabled", max_episode_steps=2)
    envs.reset(seed=1)
    for _ in range(2):
        ended = np.logical_or(*envs.step([0] * 3)[2:4])
    twin = twin_of(envs)
    with pytest.raises(error.ResetNeeded, match="instance 0 has ended"):
        twin.step([0] * 3)
    same(twin.reset(options={"reset_mask": ended}), envs.reset(options={"reset_mask": ended}))


def test_agents_as_rows_and_as_pettingzoo_has_them(twin_of):
    envs = shadergym.make_vec("MPE/SimpleSpread-v3", 2, flat_agents=True)
    envs.reset(seed=1)
    envs.step(envs.action_space.sample())
    go_on_alike(envs, twin_of(envs), 30)
    pytest.importorskip("pettingzoo")
    env = shadergym.parallel_env("MPE/SimpleSpread-v3")
    env.reset(seed=1)
    for _ in range(3):
        env.step({agent: env.action_space(agent).sample() for agent in env.agents})
    twin = twin_of(env)
    np.testing.assert_equal(twin.state(), env.state())
    while env.agents:
        actions = {agent: env.action_space(agent).sample() for agent in env.agents}
        assert actions == {agent: twin.action_space(agent).sample() for agent in twin.agents}
        same(env.step(actions), twin.step(actions))
    assert twin.agents == []
    same(env.reset(), twin.reset())


def test_wrappers_around_are_copied_with_it(twin_of):
    envs = gym.wrappers.vector.RecordEpisodeStatistics(
        FrameStack(TimeAwareObservation(shadergym.make_vec("CartPole-v1", 3)), 2)
    )
    envs.reset(seed=1)
    for _ in range(4):
        envs.step(envs.action_space.sample())
    go_on_alike(envs, twin_of(envs), 20)


def test_a_copy_has_no_space_per_instance():
    envs = shadergym.make_vec("MinAtar/Breakout-v1", 100_000, device="cpu")
    # The bounds of all instances would be 80 MB, their parameters are less than one.
    content = pickle.dumps(envs)
    assert len(content) < 10_000_000
    twin = pickle.loads(content)
    assert twin.observation_space.shape == envs.observation_space.shape
    assert twin.observation_space.low.strides[0] == 0
