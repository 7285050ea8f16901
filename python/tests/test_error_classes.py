"""Gymnasium's own error classes: each occurs where it should, or there is a reason why it cannot."""

import inspect
import subprocess
import sys
import threading

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import error

import shadergym
from shadergym.utils import check_vector_env


def vec(**options):
    envs = shadergym.make_vec("CartPole-v1", 2, **options)
    envs.reset(seed=1)
    return envs


def closed():
    envs = vec()
    envs.close()
    envs.step([0, 0])


def busy():
    envs = shadergym.make_vec("Acrobot-v1", 512, device="cpu", num_threads=1)
    envs.reset(seed=1)
    stop = threading.Event()

    def roll():
        while not stop.is_set():
            try:
                envs.rollout(500, record=False)
            except error.AlreadyPendingCallError:
                pass

    thread = threading.Thread(target=roll)
    thread.start()
    try:
        for _ in range(10_000):
            envs.step(np.zeros(512, int))
    finally:
        stop.set()
        thread.join()


def no_pettingzoo():
    code = (
        "import sys; sys.modules['pettingzoo'] = None\nimport shadergym; shadergym.parallel_env('MPE/SimpleSpread-v3')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    raise getattr(error, done.stderr.splitlines()[-1].split(":")[0].rsplit(".", 1)[-1])


def unsound():
    class Broken(shadergym.ShaderVectorEnv):
        def step(self, actions):
            observations, *rest = super().step(actions)
            return observations.astype(np.float64), *rest

    check_vector_env(Broken("CartPole-v1", 2))


def broken_file(tmp_path):
    path = tmp_path / "broken.wgsl"
    path.write_text("//! Broken-v0: nothing.\nfn step( {\n")
    shadergym.register_wgsl(path)


RAISED = {
    "AlreadyPendingCallError": busy,
    "ClosedEnvironmentError": closed,
    "DependencyNotInstalled": no_pettingzoo,
    "Error": lambda: vec().reset(seed=-1),
    "InvalidAction": lambda: vec().step([0, 2]),
    "InvalidProbability": lambda: vec(sticky_action_probability=2.0),
    "NameNotFound": lambda: gym.make("shadergym/CartPool-v1"),
    "NamespaceNotFound": lambda: gym.make("shader/CartPole-v1"),
    "ResetNeeded": lambda: shadergym.make_vec("CartPole-v1", 2).step([0, 0]),
    "UnsupportedMode": lambda: vec(render_mode="human"),
    "UnregisteredEnv": lambda: gym.make("shadergym/CartPool-v1"),
    "VersionNotFound": lambda: gym.make("shadergym/CartPole-v7"),
}
NOT_RAISED = {
    "CustomSpaceError": "no space of ours is one that Gymnasium does not know",
    "DeprecatedEnv": "no environment has been replaced yet",
    "DeprecatedWrapper": "no wrapper has been replaced yet",
    "InvalidBound": "the bounds are those of the file, which are checked when it is compiled",
    "InvalidMetadata": "the metadata are ours",
    "MissingArgument": "Python's TypeError says that",
    "NoAsyncCallError": "calls are not split in two",
    "RegistrationError": "ids are derived from names that the compiler has checked",
    "UnseedableEnv": "every environment can be seeded",
}


def test_every_class_of_gymnasium_is_here():
    classes = {name for name, kind in inspect.getmembers(error, inspect.isclass) if issubclass(kind, Exception)}
    assert classes <= RAISED.keys() | NOT_RAISED.keys(), classes - RAISED.keys() - NOT_RAISED.keys()


@pytest.mark.parametrize("name", RAISED)
@pytest.mark.filterwarnings("ignore")
def test_it_is_raised(name):
    with pytest.raises(getattr(error, name)):
        RAISED[name]()


def test_our_own_are_gymnasiums_too(tmp_path):
    with pytest.raises(error.Error, match="observations"):
        unsound()
    with pytest.raises(error.Error, match="broken.wgsl"):
        broken_file(tmp_path)
