"""The vector wrappers of this package against Gymnasium's own around each single environment."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import FrameStackObservation
from gymnasium.wrappers import TimeAwareObservation as SingleTime

import shadergym
from shadergym.wrappers import FrameStack, TimeAwareObservation

MODES = list(AutoresetMode)
LIMIT = 11
PAD = np.array([1, -1, 0, 2], np.float32)


class Nested(gym.Env):
    """Dictionaries and tuples of everything that batches to arrays; random ends."""

    action_space = spaces.Discrete(2)

    def __init__(self, tuples: bool = False):
        parts = {
            "box": spaces.Box(-1, 1, (2, 3), np.float32),
            "pair": spaces.Tuple((spaces.Discrete(4), spaces.MultiBinary(3), spaces.MultiDiscrete([2, 3]))),
            "zebra": spaces.Box(0, 255, (2,), np.uint8),
        }
        self.observation_space = spaces.Tuple(tuple(parts.values())) if tuples else spaces.Dict(parts)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        self.steps = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        self.steps += 1
        ended = bool(self.np_random.random() < 0.2)
        return self.observation_space.sample(), 1.0, ended, self.steps >= LIMIT and not ended, {"steps": self.steps}


class WithSpec(gym.Wrapper):
    """A time limit that the wrapper of Gymnasium can find."""

    def __init__(self, env):
        super().__init__(env)
        spec = env.spec or gym.envs.registration.EnvSpec("Nested-v0", entry_point="none:None")
        self._limited = gym.envs.registration.EnvSpec(spec.id, entry_point="none:None", max_episode_steps=LIMIT)

    @property
    def spec(self):
        return self._limited


def shader(id):
    return lambda: shadergym.ShaderEnv(id, max_episode_steps=LIMIT)


BASES = {
    "CartPole-v1": shader("CartPole-v1"),
    "Breakout": shader("MinAtar/Breakout-v1"),
    "dict": Nested,
    "tuple": lambda: Nested(True),
}
WRAPPERS = {
    "stack": (lambda e: FrameStackObservation(e, 3), lambda e: FrameStack(e, 3)),
    "stack of one": (lambda e: FrameStackObservation(e, 1), lambda e: FrameStack(e, 1)),
    "stack of zeros": (
        lambda e: FrameStackObservation(e, 4, padding_type="zero"),
        lambda e: FrameStack(e, 4, padding_type="zero"),
    ),
    "time": (lambda e: SingleTime(WithSpec(e)), lambda e: TimeAwareObservation(e, max_episode_steps=LIMIT)),
    "fraction": (
        lambda e: SingleTime(WithSpec(e), normalize_time=True),
        lambda e: TimeAwareObservation(e, normalize_time=True, max_episode_steps=LIMIT),
    ),
    "time beside": (
        lambda e: SingleTime(WithSpec(e), flatten=False),
        lambda e: TimeAwareObservation(e, flatten=False, max_episode_steps=LIMIT),
    ),
}


def same(a, b):
    """Equal trees, types included."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert a.dtype == b.dtype
        np.testing.assert_equal(a, b)


def vector(base, mode, n=4):
    if base in ("dict", "tuple"):
        return SyncVectorEnv([BASES[base]] * n, autoreset_mode=mode)
    id = "MinAtar/Breakout-v1" if base == "Breakout" else base
    return shadergym.ShaderVectorEnv(id, n, autoreset_mode=mode, max_episode_steps=LIMIT)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("base", BASES)
def test_it_does_what_gymnasiums_wrapper_does_for_each_instance(base, wrapper, mode):
    single, ours = WRAPPERS[wrapper]
    n = 4
    theirs = SyncVectorEnv([lambda: single(BASES[base]())] * n, autoreset_mode=mode)
    envs = ours(vector(base, mode, n))
    assert envs.single_observation_space == theirs.single_observation_space
    assert envs.observation_space == theirs.observation_space
    same(envs.reset(seed=7)[0], theirs.reset(seed=7)[0])
    envs.action_space.seed(1)
    ends = 0
    for step in range(5 * LIMIT):
        actions = envs.action_space.sample()
        (a, *rest_a, infos_a), (b, *rest_b, infos_b) = envs.step(actions), theirs.step(actions)
        same(a, b)
        assert a in envs.observation_space
        for x, y in zip(rest_a, rest_b, strict=True):
            np.testing.assert_equal(x, y)
        ended = rest_a[1] | rest_a[2]
        ends += ended.sum()
        assert ("final_obs" in infos_a) == ("final_obs" in infos_b) == (mode is AutoresetMode.SAME_STEP and ended.any())
        if "final_obs" in infos_a:
            np.testing.assert_equal(infos_a["_final_obs"], ended)
            for i in np.flatnonzero(ended):
                same(infos_a["final_obs"][i], infos_b["final_obs"][i])
                assert infos_a["final_obs"][i] in envs.single_observation_space
        mask = None
        if mode is AutoresetMode.DISABLED and ended.any():
            mask = ended
        elif step % 20 == 19:
            # Rows that run, and under NEXT_STEP some that wait to start.
            mask = np.arange(n) % 2 == step // 20 % 2
        if mask is not None:
            seeds = [step + i for i in range(n)]
            a = envs.reset(seed=seeds, options={"reset_mask": mask})[0]
            b = theirs.reset(seed=seeds, options={"reset_mask": mask})[0]
            same(a, b)
    assert ends >= 2 * n


def test_padding_with_an_observation():
    envs = FrameStack(shadergym.make_vec("CartPole-v1", 2), 3, padding_type=PAD)
    first = envs.reset(seed=1)[0]
    np.testing.assert_equal(first[:, :2], np.broadcast_to(PAD, (2, 2, 4)))


def test_the_spec_tells_the_time_limit():
    envs = TimeAwareObservation(shadergym.make_vec("CartPole-v1", 2), normalize_time=True)
    assert envs.max_timesteps == 500
    envs.reset(seed=1)
    np.testing.assert_equal(envs.step(np.zeros(2, int))[0][:, -1], np.float32(1 / 500))


@pytest.mark.parametrize("wrap", [lambda e: FrameStack(e, 2), lambda e: TimeAwareObservation(e, flatten=False)])
@pytest.mark.parametrize("copy", [True, False])
def test_arrays_belong_to_the_caller(wrap, copy):
    envs, plain = (wrap(shadergym.make_vec("CartPole-v1", 3, copy=copy)) for _ in range(2))
    envs.reset(seed=1), plain.reset(seed=1)
    for _ in range(40):
        kept = envs.step(np.zeros(3, int))[0]
        expected = plain.step(np.zeros(3, int))[0]
        same(kept, expected)
        for leaf in kept.values() if isinstance(kept, dict) else [kept]:
            leaf[...] = 0


def test_they_stack_on_each_other_and_on_stock_wrappers():
    envs = shadergym.make_vec("CartPole-v1", 3)
    envs = gym.wrappers.vector.RecordEpisodeStatistics(FrameStack(TimeAwareObservation(envs), 2))
    assert envs.reset(seed=1)[0].shape == (3, 2, 5)
    for _ in range(50):
        observations, *_ = envs.step(envs.action_space.sample())
        assert observations in envs.observation_space
    running = observations[:, 1, 4] > 0
    np.testing.assert_equal(observations[running, 1, 4] - observations[running, 0, 4], 1)


def test_several_agents_have_one_stack_and_one_time():
    envs = FrameStack(shadergym.make_vec("MPE/SimpleSpread-v3", 2), 3)
    assert envs.reset(seed=1)[0].shape == (2, 3, 3, 18)
    flat = TimeAwareObservation(shadergym.make_vec("MPE/SimpleSpread-v3", 2, flat_agents=True))
    assert flat.reset(seed=1)[0].shape == (6, 19)


@pytest.mark.parametrize(
    ("call", "exception", "text"),
    [
        (lambda e: FrameStack(e, 0), ValueError, "option `stack_size` is 0, allowed is 1 or more"),
        (lambda e: FrameStack(e, 1.5), TypeError, "integer"),
        (lambda e: FrameStack(e, 2, padding_type="ones"), ValueError, "allowed is `reset`, `zero`"),
        (lambda e: FrameStack(e, 2, padding_type=np.zeros(9, np.float32)), ValueError, "no observation of"),
        (lambda e: FrameStack(e, 2).step([0, 0]), gym.error.ResetNeeded, "call reset first"),
        (TimeAwareObservation, ValueError, "no time limit in its spec; say `max_episode_steps=`"),
        (lambda e: FrameStack(5, 2), TypeError, "VectorEnv"),
    ],
)
def test_errors(call, exception, text):
    with pytest.raises(exception, match=text):
        call(shadergym.ShaderVectorEnv("CartPole-v1", 2))


def test_texts_are_refused():
    class Words(Nested):
        def __init__(self):
            self.observation_space = spaces.Dict(word=spaces.Text(3))

    with pytest.raises(TypeError, match="needs observations that are arrays"):
        FrameStack(SyncVectorEnv([Words]), 2)
