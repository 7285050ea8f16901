"""Parameters, states and snapshots."""

import numpy as np
import pytest

import shadergym


def test_rows_are_typed_by_the_file(id):
    envs, facts = shadergym.make_vec(id, 3), shadergym.spec(id)
    envs.reset(seed=1)
    for array, layout in ((envs.params, facts["params"]), (envs.get_state(), facts["state"])):
        assert array.shape == (3,)
        assert array.dtype.itemsize == 4 * layout["words"]
        for field in layout["fields"]:
            kind, offset = array.dtype.fields[field["name"]][:2]
            assert offset == 4 * field["offset"]
            assert kind.shape == tuple(field["shape"])
            assert field["unit"] and field["doc"]


def test_parameters_take_effect_at_the_next_start():
    envs = shadergym.make_vec("CartPole-v1", 4)
    envs.reset(seed=1)
    envs.set_params([0, 2], {"gravity": [6.0, 7.0], "half_length": 0.75})
    assert (envs.params["gravity"] == np.float32(9.8)).all()
    np.testing.assert_equal(envs.pending_params["gravity"], np.float32([6, 9.8, 7, 9.8]))
    envs.reset()
    np.testing.assert_equal(envs.params["gravity"], np.float32([6, 9.8, 7, 9.8]))
    np.testing.assert_equal(envs.params["half_length"], np.float32([0.75, 0.5, 0.75, 0.5]))


@pytest.mark.parametrize(
    "indices",
    [[1, 3], (1, 3), slice(1, None, 2), np.array([1, 3]), np.array([0, 1, 0, 1], bool), [-3, -1]],
)
def test_indices_are_those_of_numpy(indices):
    envs = shadergym.make_vec("CartPole-v1", 4)
    envs.set_params(indices, {"gravity": 5.0})
    np.testing.assert_equal(envs.pending_params["gravity"] == 5, [False, True, False, True])


def test_whole_rows_of_parameters():
    envs = shadergym.make_vec("CartPole-v1", 3)
    rows = envs.params
    rows["gravity"] = [6, 7, 8]
    envs.set_params(None, rows)
    envs.reset(seed=1)
    np.testing.assert_equal(envs.params, rows)
    twin = shadergym.make_vec("CartPole-v1", 2, params=rows[1])
    np.testing.assert_equal(twin.params["gravity"], [7, 7])
    with pytest.raises(TypeError, match="params have type"):
        envs.set_params(None, np.zeros((3, 9), np.float32))


def test_an_error_changes_nothing():
    envs = shadergym.make_vec("CartPole-v1", 3)
    before = envs.pending_params
    with pytest.raises(ValueError, match="gravity"):
        envs.set_params([0, 1], {"half_length": 0.75, "gravity": np.nan})
    np.testing.assert_equal(envs.pending_params, before)


def test_states_can_be_put_elsewhere(id):
    envs = shadergym.make_vec(id, 3)
    envs.reset(seed=1)
    for _ in range(5):
        observations = envs.step(envs.action_space.sample())[0]
    state = envs.get_state()
    other = shadergym.make_vec(id, 3, copy=False)
    view = other.reset(seed=2)[0]
    other.set_state(state)
    np.testing.assert_equal(other.get_state(), state)
    np.testing.assert_equal(view, observations)
    other.set_state(state[:1], [2])
    np.testing.assert_equal(other.get_state(2), state[:1])


def test_single_fields_of_states():
    envs = shadergym.make_vec("CartPole-v1", 3)
    envs.reset(seed=1)
    before = envs.get_state()
    envs.set_state({"x": 0.5}, [1])
    after = envs.get_state()
    assert after["x"][1] == np.float32(0.5)
    np.testing.assert_equal(after[[0, 2]], before[[0, 2]])
    with pytest.raises(ValueError, match="no state field `y`; it has"):
        envs.set_state({"y": 0.5})
    with pytest.raises(TypeError):
        envs.set_state({"x": 1j})


def test_a_run_goes_on_from_a_snapshot(id):
    envs = shadergym.make_vec(id, 3, copy=False)
    envs.reset(seed=1)
    envs.rollout(20, record=False)
    snapshot = envs.snapshot()
    view = envs._native.observations()
    value = view.copy()
    expected = envs.rollout(20).observations.copy()
    envs.restore(snapshot)
    np.testing.assert_equal(view, value)
    np.testing.assert_equal(envs.rollout(20).observations, expected)


def test_single_environments_have_tasks_too():
    env = shadergym.make("CartPole-v1", params={"gravity": 6.0}).unwrapped
    env.reset(seed=1)
    assert env.params["gravity"] == 6
    env.set_state({"x": 1.0})
    assert env.step(0)[0][0] == pytest.approx(1, abs=0.1)
