"""Spaces of many instances: what Gymnasium's `batch_space` gives, without a row per instance."""

import copy
import pickle

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, iterate

import shadergym
from shadergym import _layout

N = 1500
"""More rows than NumPy prints."""
OTHERS = {
    "box": spaces.Box(-1, 1, (2, 3), np.float32),
    "bounds": spaces.Box(np.array([-1, 0, -np.inf]), np.array([np.inf, 2, 5]), dtype=np.float64),
    "bytes": spaces.Box(0, 255, (4,), np.uint8),
    "bits": spaces.Box(0, 1, (3, 3), np.bool_),
    "scalar": spaces.Box(-2, 2, (), np.float32),
    "empty": spaces.Box(0, 1, (0,), np.float32),
    "discrete": spaces.Discrete(5),
    "from": spaces.Discrete(5, start=-2),
    "choices": spaces.MultiDiscrete([2, 3, 4]),
    "grid": spaces.MultiDiscrete([[2, 3], [4, 5]]),
    "binary": spaces.MultiBinary(6),
    "dict": spaces.Dict(image=spaces.Box(0, 255, (2, 2), np.uint8), direction=spaces.Discrete(4)),
    "tuple": spaces.Tuple((spaces.Box(-1, 1, (2,)), spaces.Dict(a=spaces.MultiDiscrete([2, 2])))),
}


def leaves(space):
    match space:
        case spaces.Dict() | spaces.Tuple():
            parts = space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces
            return [leaf for part in parts for leaf in leaves(part)]
        case _:
            return [space]


def same(a, b) -> None:
    assert type(a) is type(b)
    if isinstance(a, (dict, tuple)):
        for key in a if isinstance(a, dict) else range(len(a)):
            same(a[key], b[key])
    else:
        assert a.dtype == b.dtype
        np.testing.assert_equal(a, b)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("count", [1, 2, N])
def test_it_is_gymnasiums_space_of_a_batch(name, count):
    check(copy.deepcopy(OTHERS[name]), count)


def test_those_of_every_environment(id):
    envs = shadergym.make_vec(id, 3)
    for space in (envs.single_observation_space, envs.single_action_space):
        check(space, 40)


def check(single: spaces.Space, count: int) -> None:
    single.seed(5)
    ours, theirs = _layout.with_rows(batch_space(single, 1), count), batch_space(single, count)
    assert _layout.of_instances(single, count) == theirs
    assert type(ours) is type(theirs) and ours == theirs and theirs == ours
    assert (ours.shape, ours.dtype, repr(ours)) == (theirs.shape, theirs.dtype, repr(theirs))
    assert ours != batch_space(single, count + 1)
    for x, y in zip(leaves(ours), leaves(theirs), strict=True):
        assert x == y and repr(x) == repr(y)
        if isinstance(x, spaces.Box):
            assert [x.is_bounded(m) for m in ("below", "above", "both")] == [
                y.is_bounded(m) for m in ("below", "above", "both")
            ]
        for array in vars(x).values():
            if isinstance(array, np.ndarray) and array.ndim and count > 1:
                assert array.strides[0] == 0 and not array.flags.writeable
    # The same generator as Gymnasium's, by itself and once seeded.
    same(ours.sample(), theirs.sample())
    ours.seed(7), theirs.seed(7)
    sample = ours.sample()
    same(sample, theirs.sample())
    assert sample in ours and sample in theirs
    if single.shape:
        assert all(row in single for row in iterate(ours, sample))
    for twin_of in (lambda: pickle.loads(pickle.dumps(ours)), lambda: copy.deepcopy(ours)):
        twin = twin_of()
        assert twin == theirs and repr(twin) == repr(theirs)
        same(twin.sample(), ours.sample())
    rows = concatenate(single, [single.sample() for _ in range(count)], create_empty_array(single, count))
    assert rows in ours
    # The single space has a generator of its own.
    single.seed(7)
    first = single.sample()
    single.seed(7)
    ours.sample()
    np.testing.assert_equal(single.sample(), first)


def test_what_is_outside_is_refused():
    space = shadergym.make_vec("Pendulum-v1", 4).action_space
    good = space.sample()
    assert good in space
    for i in range(4):
        bad = good.copy()
        bad[i] = 2.5
        assert bad not in space
    assert good[:3] not in space and good.astype(np.float64) not in space


def test_a_million_instances_share_one_row():
    envs = shadergym.make_vec("MinAtar/Breakout-v1", 1_000_000, device="cpu")
    space = envs.observation_space
    assert space.shape == (1_000_000, *envs.single_observation_space.shape)
    arrays = [a for s in (space, envs.action_space) for a in vars(s).values() if isinstance(a, np.ndarray)]
    assert len(arrays) >= 5
    # What lies behind the views, in bytes: one row each.
    assert sum(a.base.nbytes for a in arrays) < 10_000
    envs.close()
