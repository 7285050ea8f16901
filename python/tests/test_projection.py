"""Random projections: the environment beside them, turned and steered by the same rules written again in NumPy."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces.utils import flatten

import shadergym

MASK = 0xFFFFFFFF
HELD_OUT = 2**30
# Turns are chains of some hundred products in single precision here, in double precision there.
TOLERANCE = 2e-5


def rigid(id: str) -> bool:
    """Rigid bodies take seconds to compile: one file with few numbers and one with many stand for them, and that the others are
    projected at all is seen in Rust."""
    info = shadergym.spec(id)["info"] or {"fields": []}
    return any(field["name"] == "blown_up" for field in info["fields"])


def has_trials(id: str) -> bool:
    """Whether episodes are made of trials already; such environments are refused."""
    return any(field["name"] == "trial_return" for field in (shadergym.spec(id)["info"] or {"fields": []})["fields"])


SINGLE = [
    id
    for id in shadergym.ids()
    if shadergym.spec(id)["agents"] == 1 and shadergym.spec(id)["variant_of"] is None and not has_trials(id)
]
RIGID = {"LunarLanderContinuous-v3", "BipedalWalker-v3"}
IDS = [id for id in SINGLE if not rigid(id) or id in RIGID]


def word(x: int) -> int:
    a = (x + 0x9E3779B9) & MASK
    b = ((a ^ a >> 16) * 0x7FEB352D) & MASK
    c = ((b ^ b >> 15) * 0x846CA68B) & MASK
    return c ^ c >> 16


def of(seed: int, index: int) -> int:
    return word((word(seed) + index) & MASK)


def rotation(seed: int, size: int, mix: float) -> np.ndarray:
    """The matrix of a task: four rounds over strides of pairs, each turned by its angle."""
    matrix, index = np.eye(size), 0
    for turn in range(4):
        stride = 1
        while stride < size:
            for i in range(size - stride):
                if i & stride == 0:
                    a, b = ((k + turn * -(-size // 3)) % size for k in (i, i + stride))
                    signed = (of(seed, index) ^ 1 << 31) - (1 << 31)
                    angle = mix * np.pi * (signed >> 8) / 2**23
                    x, y = matrix[a], matrix[b]
                    matrix[a], matrix[b] = np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y
                    index += 1
            stride *= 2
    return matrix


def order(seed: int, n: int, mix: float) -> list[int]:
    """Which action each choice stands for."""
    places = list(range(n))
    for left in range(n, 1, -1):
        if (of(seed, 2 * left + 1) >> 8) < mix * 2**24:
            other = of(seed, 2 * left) * left >> 32
            last = left - 1
            places = [{last: other, other: last}.get(at, at) for at in places]
    return places


def choices(space: gym.Space) -> list[int]:
    return [int(space.n)] if isinstance(space, gym.spaces.Discrete) else [int(n) for n in space.nvec]


def rows(envs: shadergym.ShaderVectorEnv, observations) -> np.ndarray:
    space = envs.single_observation_space
    each = gym.vector.utils.iterate(envs.observation_space, observations)
    return np.stack([flatten(space, one) for one in each]).astype(np.float64)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "projected.wgsl"


def test_turns_are_rotations_and_orders_permutations():
    for size in (2, 3, 8, 13):
        matrix = rotation(7, size, 0.8)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(size), atol=1e-12)
        np.testing.assert_array_equal(rotation(7, size, 0.0), np.eye(size))
    assert all(sorted(order(seed, 9, 0.8)) == list(range(9)) for seed in range(50))
    assert order(3, 9, 0.0) == list(range(9)) and len({tuple(order(seed, 3, 1.0)) for seed in range(100)}) == 6


@pytest.mark.parametrize("one_id", IDS)
def test_without_a_mix_and_with_one_trial_it_is_the_environment(one_id, file):
    n = 4
    shadergym.random_projection(one_id, file)
    ours = shadergym.make_vec(
        wgsl=file, num_envs=n, params={"task_mix": 0.0, "task_trials": 1}, autoreset_mode="SameStep"
    )
    base = shadergym.make_vec(one_id, n, autoreset_mode="SameStep")
    space, seed = base.single_action_space, 5
    seen, plain = ours.reset(seed=seed)[0], rows(base, base.reset(seed=seed)[0])
    base.action_space.seed(1)
    for _ in range(40):
        np.testing.assert_allclose(seen[:, : plain.shape[1]], plain, rtol=1e-5, atol=1e-5)
        actions = given = base.action_space.sample()
        if isinstance(space, gym.spaces.Box):
            middle, half = (space.high + space.low) / 2, (space.high - space.low) / 2
            given = np.zeros(ours.action_space.shape, np.float32)
            given[:, : middle.size] = ((actions - middle) / half).reshape(n, -1)
            # What the projection makes of it, to the bit.
            actions = (middle.ravel() + half.ravel() * given[:, : middle.size]).reshape(actions.shape).astype(np.float32)
        seen, rewards, terminations, truncations, infos = ours.step(given)
        plain, paid, terminated, truncated, theirs = base.step(actions)
        plain = rows(base, plain)
        np.testing.assert_allclose(rewards, paid, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(terminations, terminated)
        np.testing.assert_array_equal(truncations, truncated)
        for key in [field["name"] for field in (shadergym.spec(one_id)["info"] or {"fields": []})["fields"]]:
            np.testing.assert_allclose(infos[key], theirs[key], rtol=1e-5, atol=1e-5)
        if "action_mask" in theirs:
            np.testing.assert_equal(infos["action_mask"], theirs["action_mask"])


@pytest.mark.parametrize("one_id", IDS)
def test_a_projection_is_its_environment_turned(one_id, file):
    # Repeated actions would be those of before the trial here, and none there.
    n, steps, trials, mix, sticky = 3, 40, 3, 0.7, {"sticky_action_probability": 0.0}
    limit = 7 if shadergym.spec(one_id)["max_episode_steps"] else None
    shadergym.random_projection(one_id, file, trials=trials)
    params = {"task_mix": mix, "task_first": HELD_OUT, "task_trial_steps": limit or 0}
    ours = shadergym.make_vec(wgsl=file, num_envs=n, params=params, autoreset_mode="Disabled", **sticky)
    base = shadergym.make_vec(one_id, n, autoreset_mode="SameStep", max_episode_steps=limit, **sticky)
    (seen, infos), (plain, theirs) = ours.reset(seed=11), base.reset(seed=11)
    plain = rows(base, plain)
    tasks = [int(task) for task in ours.get_state()["task"]]
    assert min(tasks) >= HELD_OUT and len(set(tasks)) == n
    size = max(plain.shape[1], 2)
    matrices = [rotation(of(task, 0), size, mix) for task in tasks]
    space = base.single_action_space
    box = isinstance(space, gym.spaces.Box)
    if box:
        width = ours.single_action_space.shape[0]
        turns = [rotation(of(task, 1), width, mix) for task in tasks]
        middle, half = (space.high + space.low).ravel() / 2, (space.high - space.low).ravel() / 2
    else:
        counts = choices(space)
        orders = [[order(of(task, 1 + c), k, mix) for c, k in enumerate(counts)] for task in tasks]

    def check(last: np.ndarray, over: np.ndarray, start: bool) -> None:
        padded = np.pad(plain, ((0, 0), (0, size - plain.shape[1])))
        turned = np.stack([matrix @ row for matrix, row in zip(matrices, padded, strict=True)])
        allowed = TOLERANCE * np.maximum(1.0, np.linalg.norm(padded, axis=1, keepdims=True))
        assert (abs(seen[:, :size] - turned) <= allowed).all()
        np.testing.assert_allclose(seen[:, size:-2], last, atol=1e-6)
        np.testing.assert_array_equal(seen[:, -2], over)
        assert (seen[:, -1] == start).all()
        if "action_mask" in theirs:
            firsts = np.cumsum([0, *counts])
            for mask, base_mask, places in zip(flat(infos), flat(theirs), orders, strict=True):
                expected = np.concatenate([base_mask[f:][p] for f, p in zip(firsts, places, strict=False)])
                np.testing.assert_array_equal(mask, expected)

    def flat(infos) -> np.ndarray:
        mask = infos["action_mask"]
        return np.concatenate(mask, axis=1) if isinstance(mask, tuple) else np.asarray(mask).reshape(n, -1)

    check(np.zeros((n, seen.shape[1] - size - 2)), np.zeros(n), True)
    ended, returns = np.zeros(n, int), np.zeros(n)
    for _ in range(steps):
        actions = ours.action_space.sample()
        if box:
            turned = np.stack([turn @ a for turn, a in zip(turns, actions.astype(np.float64), strict=True)])
            given = (middle + half * turned[:, : half.size].clip(-1, 1)).astype(np.float32)
            last = actions
        else:
            table = actions.reshape(n, -1)
            given = np.array([[o[c][a] for c, a in enumerate(row)] for o, row in zip(orders, table, strict=True)])
            last = np.concatenate([np.eye(k)[table[:, c]] for c, k in enumerate(counts)], 1)
        seen, rewards, terminations, truncations, infos = ours.step(actions)
        plain, paid, terminated, truncated, theirs = base.step(given.reshape(base.action_space.shape))
        plain, over = rows(base, plain), terminated | truncated
        np.testing.assert_allclose(rewards, paid, rtol=1e-4, atol=1e-4)
        ended += over
        returns += rewards
        np.testing.assert_array_equal(infos["trials"], over)
        np.testing.assert_allclose(infos["trial_return"], np.where(over, returns, 0), rtol=1e-4, atol=1e-4)
        returns[over] = 0
        np.testing.assert_array_equal(terminations, ended == trials)
        assert not truncations.any()
        if terminations.any():
            # It stands still now, at the end of its last trial.
            assert (seen[terminations, -2] == 1).all()
            return
        check(last, over, False)
        # Actions differ in their last bits, and some environments are chaotic.
        state, own = base.get_state(), ours.get_state()
        for name in state.dtype.names:
            state[name] = own[f"base.{name}"]
        base.set_state(state)


def test_files_are_kept_and_wrong_sizes_are_refused(file):
    path = shadergym.random_projection("CartPole-v1", file, observation_size=6, trials=2)
    assert path == file and shadergym.random_projection("shadergym/CartPole-v1", file, observation_size=6, trials=2)
    envs = shadergym.make_vec(wgsl=path, num_envs=2)
    assert envs.single_observation_space.shape == (6 + 2 + 2,)
    assert envs.facts["id"] == "CartPoleProjected-v1"
    text = file.read_text()
    with pytest.raises(FileExistsError):
        shadergym.random_projection("Acrobot-v1", file)
    assert file.read_text() == text
    other = file.with_name("other.wgsl")
    for id, options, says in [
        ("CartPole-v1", {"observation_size": 3}, "observation_size 3: CartPole-v1 has 4 elements there; allowed are 4 to 1020"),
        ("CartPole-v1", {"observation_size": 1021}, "allowed are 4 to 1020"),
        ("CartPole-v1", {"action_size": 2}, "the actions of CartPole-v1 are numbered"),
        ("CartPole-v1", {"trials": 0}, "trials 0: allowed are 1 to"),
        ("BipedalWalker-v3", {"action_size": 3}, "action_size 3: BipedalWalker-v3 has 4 elements there; allowed are 4 to"),
        ("MPE/SimpleSpread-v3", {}, "of one agent"),
        (path, {}, "has a parameter `task_first`"),
        ("in_context/MetaCartPole-v0", {}, "has an info `trial_return`"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match="(?s)" + says):
            shadergym.random_projection(id, other, **options)
    with pytest.raises(gym.error.NameNotFound):
        shadergym.random_projection("CartPole-v9", other)
    with pytest.raises(ValueError, match=r"end in \.wgsl"):
        shadergym.random_projection("CartPole-v1", file.with_suffix(".txt"))
    with pytest.raises(OverflowError):
        shadergym.random_projection("CartPole-v1", other, trials=-1)
    assert not other.exists()
