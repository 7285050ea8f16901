"""Every vector wrapper that Gymnasium exports, around our environments and around its own SyncVectorEnv of them."""

import copy
import importlib
import importlib.util
import os

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers import TransformAction, TransformReward, vector
from gymnasium.wrappers import TransformObservation as SingleTransform

import shadergym
from shadergym.wrappers import TimeAwareObservation

N, LIMIT = 4, 11
PICTURE = spaces.Box(0, 255, (12, 12, 3), np.uint8)


class Doubled(SingleTransform):
    """A wrapper of single environments for the wrappers that vectorise one."""

    def __init__(self, env):
        super().__init__(env, lambda o: o * 2, spaces.Box(-np.inf, np.inf, env.observation_space.shape, np.float32))


def pictures(envs: VectorEnv) -> VectorEnv:
    """No shipped environment observes pictures: a stock wrapper makes some."""

    def paint(observations: np.ndarray) -> np.ndarray:
        grey = (abs(observations[:, :1, None, None]) * 99 % 256).astype(np.uint8)
        return np.broadcast_to(grey, (len(observations), 12, 12, 3)).copy()

    return vector.TransformObservation(envs, paint, single_observation_space=PICTURE)


def array_namespace(name: str):
    return importlib.import_module(f"array_api_compat.{name}")


CART, PENDULUM = "CartPole-v1", "Pendulum-v1"
INF = spaces.Box(-np.inf, np.inf, (4,), np.float32)
CASES = {
    "VectorizeTransformObservation": (CART, lambda e, _: vector.VectorizeTransformObservation(e, Doubled)),
    "VectorizeTransformAction": (
        PENDULUM,
        lambda e, _: vector.VectorizeTransformAction(
            e, TransformAction, func=lambda a: -a, action_space=e.single_action_space
        ),
    ),
    "VectorizeTransformReward": (
        CART,
        lambda e, _: vector.VectorizeTransformReward(e, TransformReward, func=lambda r: r / 2),
    ),
    "DictInfoToList": (CART, lambda e, _: vector.DictInfoToList(e)),
    "TransformObservation": (
        CART,
        lambda e, _: vector.TransformObservation(e, lambda o: o + 1, single_observation_space=INF),
    ),
    "FilterObservation": (
        CART,
        lambda e, _: vector.FilterObservation(
            TimeAwareObservation(e, flatten=False, max_episode_steps=LIMIT), filter_keys=["obs"]
        ),
    ),
    "FlattenObservation": ("MinAtar/Breakout-v1", lambda e, _: vector.FlattenObservation(e)),
    "GrayscaleObservation": (CART, lambda e, _: vector.GrayscaleObservation(pictures(e))),
    "ResizeObservation": (CART, lambda e, _: vector.ResizeObservation(pictures(e), shape=(6, 6))),
    "ReshapeObservation": ("MinAtar/Breakout-v1", lambda e, _: vector.ReshapeObservation(e, shape=(100, 4))),
    "RescaleObservation": (
        "MountainCar-v0",
        lambda e, _: vector.RescaleObservation(e, min_obs=np.float32(0), max_obs=np.float32(1)),
    ),
    "DtypeObservation": (CART, lambda e, _: vector.DtypeObservation(e, dtype=np.float64)),
    "NormalizeObservation": (CART, lambda e, _: vector.NormalizeObservation(e)),
    "TransformAction": (PENDULUM, lambda e, _: vector.TransformAction(e, lambda a: a / 2)),
    "ClipAction": (PENDULUM, lambda e, _: vector.ClipAction(e)),
    "RescaleAction": (
        PENDULUM,
        lambda e, _: vector.RescaleAction(e, min_action=np.float32(-1), max_action=np.float32(1)),
    ),
    "TransformReward": (CART, lambda e, _: vector.TransformReward(e, lambda r: r * 3)),
    "ClipReward": (PENDULUM, lambda e, _: vector.ClipReward(e, min_reward=-1.0, max_reward=-0.1)),
    "NormalizeReward": (CART, lambda e, _: vector.NormalizeReward(e)),
    "RecordEpisodeStatistics": (CART, lambda e, _: vector.RecordEpisodeStatistics(e)),
    "RecordVideo": (
        CART,
        lambda e, folder: vector.RecordVideo(e, str(folder), step_trigger=lambda t: t == 0, video_length=9),
    ),
    "HumanRendering": (CART, lambda e, _: vector.HumanRendering(e)),
    "ArrayConversion": (
        CART,
        lambda e, _: vector.ArrayConversion(e, env_xp=array_namespace("numpy"), target_xp=array_namespace("torch")),
    ),
    "NumpyToTorch": (CART, lambda e, _: vector.NumpyToTorch(e)),
    # Both are made for environments of jax arrays; ours takes jax arrays as actions and gives NumPy ones.
    "JaxToNumpy": (CART, lambda e, _: vector.JaxToNumpy(e)),
    "JaxToTorch": (CART, lambda e, _: vector.JaxToTorch(e)),
}
NEEDS = {
    "ArrayConversion": ("torch", "array_api_compat"),
    "HumanRendering": ("pygame", "cv2"),
    "JaxToNumpy": ("jax", "array_api_compat"),
    "JaxToTorch": ("jax", "torch", "array_api_compat"),
    "NumpyToTorch": ("torch", "array_api_compat"),
    "RecordVideo": ("moviepy",),
    "ResizeObservation": ("cv2",),
}
"""What a wrapper imports and these tests do not require."""
PAINTS = ("RecordVideo", "HumanRendering")
TENSORS = ("ArrayConversion", "NumpyToTorch", "JaxToTorch", "JaxToNumpy")


def test_every_exported_wrapper_is_here():
    """Of any release of Gymnasium: older ones lack some."""
    assert set(CASES) >= set(vector.__all__)


@pytest.fixture(autouse=True)
def no_display():
    os.environ["SDL_VIDEODRIVER"] = "dummy"


def environments(id: str, mode: AutoresetMode, render_mode: str | None) -> tuple[VectorEnv, VectorEnv]:
    """Ours, and Gymnasium's vector of our single environments."""
    options = {"max_episode_steps": LIMIT, "render_mode": render_mode, "render_size": (32, 32)}
    single = [lambda: shadergym.ShaderEnv(id, **options)] * N
    return shadergym.ShaderVectorEnv(id, N, autoreset_mode=mode, **options), SyncVectorEnv(single, autoreset_mode=mode)


def alike(a, b) -> None:
    """Equal; rewards are float64 there and float32 here."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            alike(a[key], b[key])
        return
    a, b = np.asarray(a), np.asarray(b)
    np.testing.assert_allclose(a, b, rtol=1e-5) if a.dtype.kind == "f" else np.testing.assert_equal(a, b)


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("name", vector.__all__)
@pytest.mark.filterwarnings(
    "ignore:.*(Recorded episodes will not contain the last frame)", "ignore::DeprecationWarning"
)
@pytest.mark.filterwarnings("ignore:.*(non-writable|not writable)", "ignore:.*pkg_resources")
def test_it_does_the_same_around_ours(name, mode, tmp_path):
    missing = [module for module in NEEDS.get(name, ()) if importlib.util.find_spec(module) is None]
    if missing:
        pytest.skip(f"{name} needs {', '.join(missing)}")
    id, wrap = CASES[name]
    # The table of the README.
    refuses = mode is AutoresetMode.SAME_STEP and name.endswith("Observation")
    refuses |= mode is AutoresetMode.DISABLED and name == "NormalizeObservation"
    ours, theirs = environments(id, mode, "rgb_array" if name in PAINTS else None)
    try:
        theirs = wrap(theirs, tmp_path / "theirs")
    except (ValueError, AssertionError) as refused:
        # Wrappers of observations do not know what to do with final_obs. Gymnasium asserted that before 1.4.
        assert refuses
        with pytest.raises(type(refused)) as alike_refused:
            wrap(ours, tmp_path / "ours")
        assert type(alike_refused.value) is type(refused)
        assert isinstance(refused, AssertionError) or "autoreset_mode" in str(alike_refused.value)
        return
    assert not refuses
    if name in TENSORS:
        # SyncVectorEnv takes no actions of jax, and its final_obs (an array of objects) cannot be a tensor.
        theirs = theirs.unwrapped
    ours = wrap(ours, tmp_path / "ours")
    assert ours.observation_space == theirs.observation_space
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.action_space == theirs.action_space
    # The wrapper takes the mask from the options that SyncVectorEnv has already emptied, and forgets all instances.
    forgets = name == "RecordEpisodeStatistics" and mode is AutoresetMode.DISABLED
    alike(ours.reset(seed=7)[0], theirs.reset(seed=7)[0])
    space, ends = ours.unwrapped.action_space, 0
    space.seed(2)
    for _ in range(3 * LIMIT):
        actions = space.sample()
        given = copy.deepcopy(actions)
        if name in TENSORS and name != "JaxToNumpy":
            given = importlib.import_module("torch").as_tensor(actions)
        # Copies, because VectorizeTransformAction writes to the actions that it is given.
        (*a, infos_a), (*b, infos_b) = ours.step(given), theirs.step(copy.deepcopy(actions))
        for x, y in zip(a, b, strict=True):
            alike(x, y)
        if name not in TENSORS:
            # NormalizeObservation kept the space of what it normalises before Gymnasium 1.2.
            assert (a[0] in ours.observation_space) == (b[0] in theirs.observation_space)
        ended = np.asarray(a[2]) | np.asarray(a[3])
        ends += ended.sum()
        if isinstance(infos_a, dict):
            assert name in TENSORS or set(infos_a) == set(infos_b)
            if "episode" in infos_a and not forgets:
                for key in "rl":
                    np.testing.assert_equal(infos_a["episode"][key], infos_b["episode"][key])
        if mode is AutoresetMode.DISABLED and ended.any():
            # The wrappers for jax hand a mask of jax on, which Gymnasium's vector environments refuse, as ours do.
            inner = ours.unwrapped if "Jax" in name else ours
            inner.reset(options={"reset_mask": ended}), theirs.reset(options={"reset_mask": ended})
    assert ends >= 2 * N
    ours.close(), theirs.close()
    if name == "RecordVideo":
        films = [sorted(f.name for f in (tmp_path / who).iterdir()) for who in ("ours", "theirs")]
        assert films[0] == films[1] and any(name.endswith(".mp4") for name in films[0])
        assert all(f.stat().st_size > 500 for f in (tmp_path / "ours").glob("*.mp4"))


def test_statistics_survive_a_reset_of_others():
    """Around ours the wrapper sees the mask; around SyncVectorEnv it does not."""
    envs = vector.RecordEpisodeStatistics(environments(CART, AutoresetMode.DISABLED, None)[0])
    envs.reset(seed=1)
    envs.step(np.zeros(N, int))
    envs.reset(options={"reset_mask": np.arange(N) == 0})
    envs.step(np.zeros(N, int))
    assert envs.episode_lengths.tolist() == [1, 2, 2, 2]


def test_the_usual_stack_of_them():
    envs = gym.make_vec("shadergym/CartPole-v1", num_envs=8)
    envs = vector.RecordEpisodeStatistics(envs)
    envs = vector.NormalizeReward(vector.NormalizeObservation(vector.DtypeObservation(envs, dtype=np.float32)))
    observations, _ = envs.reset(seed=1)
    for _ in range(300):
        observations, rewards, *_, infos = envs.step(envs.action_space.sample())
    assert abs(observations.mean()) < 2 and np.isfinite(rewards).all()
    assert len(envs.env.env.env.return_queue) > 20
