"""Environments from a user's own file."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import error

import shadergym

SOURCE = Path(__file__, "../../../envs/examples/user_env.wgsl").resolve()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    if not SOURCE.exists():
        pytest.skip("the example is not beside the tests")
    path = tmp_path / "user_env.wgsl"
    path.write_text(SOURCE.read_text())
    return path


@pytest.fixture
def envs(path: Path) -> shadergym.ShaderVectorEnv:
    return shadergym.make_vec(wgsl=path, num_envs=8)


def test_a_file_is_an_environment(envs):
    observations, _ = envs.reset(seed=1)
    assert observations in envs.observation_space
    for _ in range(20):
        observations, rewards, *_ = envs.step(envs.action_space.sample())
    assert observations in envs.observation_space
    assert np.isfinite(rewards).all()
    assert envs.rollout(10).observations.shape[:2] == (10, 8)


def test_a_registered_file_has_an_id(path, envs):
    id = shadergym.register_wgsl(path)
    try:
        by_id = gym.make_vec(id, num_envs=8)
        np.testing.assert_equal(by_id.reset(seed=1)[0], envs.reset(seed=1)[0])
        assert gym.spec(id).max_episode_steps == (envs.facts["max_episode_steps"] or None)
        env = gym.make(id)
        env.reset(seed=1)
        env.step(env.action_space.sample())
    finally:
        gym.registry.pop(id)


def test_compile_errors_show_the_place(path):
    path.write_text(path.read_text().replace("fn step(", "fn step_(", 1) + "\nfn broken( {\n")
    for call in (lambda: shadergym.register_wgsl(path), lambda: shadergym.make_vec(wgsl=path, num_envs=2)):
        with pytest.raises(shadergym.CompileError) as caught:
            call()
        text = str(caught.value)
        assert "user_env.wgsl:" in text and "fn broken( {" in text and "^" in text
        finding = caught.value.diagnostics[0]
        assert finding["line"] > 1 and finding["excerpt"] in text and finding["message"] in text
    assert isinstance(caught.value, error.Error)


def test_files_that_are_not_there():
    with pytest.raises(OSError, match="cannot read nowhere.wgsl"):
        shadergym.make_vec(wgsl="nowhere.wgsl", num_envs=2)
    with pytest.raises(OSError, match="nowhere.wgsl"):
        shadergym.register_wgsl("nowhere.wgsl")


def test_a_file_runs_on_the_cpu(path):
    envs = shadergym.make_vec(wgsl=path, num_envs=8, device="cpu")
    assert "interpreter" in envs.device
    observations, _ = envs.reset(seed=1)
    for _ in range(20):
        observations, rewards, *_ = envs.step(envs.action_space.sample())
    assert observations in envs.observation_space
    assert np.isfinite(rewards).all()


def test_a_loop_without_end_is_an_error(path):
    head = "action: Action, rng: ptr<function, Rng>) -> Outcome {"
    assert head in path.read_text()
    path.write_text(path.read_text().replace(head, head + "\n    while (*state).position.y > -2.0 { _ = rng_normal(rng); }"))
    envs = shadergym.make_vec(wgsl=path, num_envs=2, device="cpu")
    envs.reset(seed=1)
    with pytest.raises(RuntimeError, match="a loop of user_env.wgsl made"):
        envs.step(envs.action_space.sample())
