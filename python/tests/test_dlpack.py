"""Other array libraries take our arrays without a copy."""

import numpy as np
import pytest

import shadergym


def made(copy: bool):
    envs = shadergym.make_vec("CartPole-v1", 4, copy=copy)
    observations = envs.reset(seed=1)[0]
    _, rewards, *_ = envs.step(np.zeros(4, int))
    rollout = envs.rollout(3)
    return [observations, rewards, rollout.observations, rollout.rewards, rollout.actions]


@pytest.mark.parametrize("copy", [True, False])
def test_torch(copy):
    torch = pytest.importorskip("torch")
    for array in made(copy):
        tensor = torch.from_dlpack(array)
        assert tensor.data_ptr() == array.ctypes.data
        assert tuple(tensor.shape) == array.shape
        np.testing.assert_equal(tensor.numpy(), array)


@pytest.mark.parametrize("copy", [True, False])
def test_jax(copy):
    jax = pytest.importorskip("jax")
    for array in made(copy):
        if array.dtype == np.int64:
            continue  # jax has 32-bit integers only, unless told otherwise.
        np.testing.assert_equal(np.asarray(jax.dlpack.from_dlpack(array)), array)


def test_actions_of_torch_and_jax():
    envs = shadergym.make_vec("CartPole-v1", 4)
    envs.reset(seed=1)
    expected = envs.step([0, 1, 1, 0])[0]
    for name, make in (("torch", lambda m: m.tensor([0, 1, 1, 0])), ("jax.numpy", lambda m: m.array([0, 1, 1, 0]))):
        module = pytest.importorskip(name)
        envs.reset(seed=1)
        np.testing.assert_equal(envs.step(make(module))[0], expected)
