"""The checker: sound environments pass, each planted defect is found."""

import copy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.vector.utils import batch_space

import shadergym
from shadergym.utils import CODES, VectorEnvError, check_vector_env, find_defects
from shadergym.wrappers import FrameStack, TimeAwareObservation

NEXT, SAME, OFF = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED
LIMIT = 12


class Walk(VectorEnv):
    """A random walk with a drift, sound in all modes; the defects below change one thing each."""

    metadata = {"render_modes": ["rgb_array"]}
    render_mode = "rgb_array"

    def __init__(self, mode: AutoresetMode = NEXT, n: int = 4):
        self.num_envs, self.mode = n, mode
        self.metadata = {**self.metadata, "autoreset_mode": mode}
        self.single_observation_space = spaces.Box(-19, 19, (2,), np.float32)
        self.single_action_space = spaces.Box(-1, 1, (1,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, n)
        self.action_space = batch_space(self.single_action_space, n)
        self.spec = EnvSpec("Walk-v0", entry_point="none:None", max_episode_steps=LIMIT)
        self.rng = [np.random.default_rng() for _ in range(n)]
        self.state = np.zeros((n, 2), np.float32)
        self.steps, self.ended = np.zeros(n, int), np.zeros(n, bool)

    def seeds(self, seed):
        return [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed

    def reset(self, *, seed=None, options=None):
        if seed is not None:
            self.reseed(self.seeds(seed), options)
        self.start(self.mask(options))
        self.clear(self.mask(options))
        return self.observe(), {}

    def reseed(self, seeds, options):
        for i in np.flatnonzero(self.mask(options)):
            self.rng[i] = np.random.default_rng(seeds[i])

    def mask(self, options):
        return np.ones(self.num_envs, bool) if options is None else options["reset_mask"]

    def clear(self, mask):
        self.ended[mask] = False

    def start(self, mask):
        for i in np.flatnonzero(mask):
            self.state[i] = self.rng[i].uniform(-0.5, 0.5, 2)
        self.steps[mask] = 0

    def observe(self):
        return self.state.copy()

    def move(self, actions, mask):
        for i in np.flatnonzero(mask):
            self.state[i, 0] += actions[i, 0] + self.rng[i].normal(0, 0.1)
            self.state[i, 1] = self.steps[i]
            self.steps[i] += 1

    def ends(self):
        return abs(self.state[:, 0]) > 2, self.steps >= LIMIT

    def refuse(self):
        if self.ended.any():
            raise gym.error.ResetNeeded("reset ended instances first")

    def step(self, actions):
        due = self.ended.copy() if self.mode is NEXT else np.zeros(self.num_envs, bool)
        if self.mode is OFF:
            self.refuse()
        self.start(due)
        self.move(actions, ~due)
        terminated, truncated = (flags & ~due for flags in self.ends())
        rewards = np.where(due, 0.0, 1.0)
        self.ended = terminated | truncated
        infos = {}
        if self.mode is SAME and self.ended.any():
            infos = self.finals()
            self.start(self.ended)
        return self.observe(), rewards, terminated, truncated, infos

    def finals(self):
        mask = self.ended.copy()
        return {"final_obs": self.observe(), "_final_obs": mask, "final_info": {}, "_final_info": mask}

    def render(self):
        return tuple(np.zeros((2, 3, 3), np.uint8) for _ in range(self.num_envs))


def changed(**methods):
    """A walk with other methods; ``original`` is the sound step."""
    return type("Broken", (Walk,), methods)


def step_then(change):
    """A walk whose results a function changes in place or replaces."""

    def step(self, actions):
        due = self.ended.copy()
        result = list(Walk.step(self, actions))
        return tuple(change(self, result, due) or result)

    return changed(step=step)


def init_then(change):
    def __init__(self, *args):
        Walk.__init__(self, *args)
        change(self)

    return changed(__init__=__init__)


def put(index, value):
    """Replaces one of the five results."""

    def change(self, result, due):
        result[index] = value(self, result, due)

    return step_then(change)


def start_from_nowhere(self, mask):
    rng, self.rng = self.rng, [np.random.default_rng() for _ in self.rng] if self.steps.any() else self.rng
    Walk.start(self, mask)
    self.rng = rng


def same_step_in_secret(self, actions):
    self.mode = SAME
    *result, _ = Walk.step(self, actions)
    self.mode = NEXT
    self.ended[:] = False
    return *result, {}


def start_and_move(self, actions):
    due = self.ended.copy()
    result = list(Walk.step(self, actions))
    Walk.move(self, actions, due)
    return self.observe(), *result[1:]


def counts_starts(self, mask):
    Walk.start(self, mask)
    if self.ended.any():
        self.steps[mask] = 1


def one_buffer(self):
    self.buffer = getattr(self, "buffer", np.empty_like(self.state))
    self.buffer[...] = self.state
    return self.buffer


def change_actions(self, actions):
    result = Walk.step(self, actions)
    actions *= 0.5
    return result


def keep_actions(self, actions):
    old = self.old if self.steps.any() else np.zeros_like(actions)
    self.old = actions
    return Walk.step(self, old)


def close_once(self):
    assert not self.closed, "closed already"
    self.closed = True


def end_differs(self):
    limit = LIMIT - (self.mode is SAME)
    return abs(self.state[:, 0]) > 99, self.steps >= limit


DEFECTS = {
    # NEXT_STEP at the boundary
    "reward of a start": (NEXT, "autoreset", put(1, lambda s, r, due: np.ones(4))),
    "flag of a start": (NEXT, "autoreset", put(2, lambda s, r, due: r[2] | due)),
    "action moves a start": (NEXT, "autoreset", changed(step=start_and_move)),
    "another mode than declared": (NEXT, "autoreset", changed(step=same_step_in_secret)),
    "final_obs without need": (NEXT, "final-obs", put(4, lambda s, r, due: s.finals())),
    "terminal observation lost": (
        NEXT,
        "terminal-obs",
        put(
            0, lambda s, r, due: r[0] if not s.ended.any() else (Walk.start(c := copy.deepcopy(s), s.ended), c.state)[1]
        ),
    ),
    # SAME_STEP
    "no final_obs": (SAME, "final-obs", put(4, lambda s, r, due: {})),
    "final_obs is the next start": (
        SAME,
        "terminal-obs",
        put(4, lambda s, r, due: r[4] and {**r[4], "final_obs": s.observe()}),
    ),
    "mask of final_obs": (
        SAME,
        "final-obs",
        put(4, lambda s, r, due: r[4] and {**r[4], "_final_obs": np.ones(4, bool)}),
    ),
    "final_obs of another type": (
        SAME,
        "final-obs",
        put(4, lambda s, r, due: r[4] and {**r[4], "final_obs": r[4]["final_obs"].astype(float)}),
    ),
    # DISABLED
    "ended instances go on": (OFF, "autoreset", changed(refuse=lambda self: None)),
    # Seeds and resets
    "seed ignored": (NEXT, "seeds", changed(reseed=lambda self, seeds, options: None)),
    "later starts unseeded": (NEXT, "seeds", changed(start=start_from_nowhere)),
    "one generator for all": (
        NEXT,
        "seed-list",
        changed(
            reseed=lambda self, seeds, options: setattr(self, "rng", [np.random.default_rng(sum(seeds))] * 4),
        ),
    ),
    "seeds far apart": (
        NEXT,
        "seed-offset",
        changed(seeds=lambda self, s: [s + 9 * i for i in range(4)] if isinstance(s, int) else s),
    ),
    "no list of seeds": (NEXT, "seed-list", changed(seeds=lambda self, s: [s + i for i in range(4)])),
    "start due after reset": (
        NEXT,
        "reset-midway",
        changed(clear=lambda self, mask: None),
    ),
    "start due after a masked reset": (
        NEXT,
        "partial-reset",
        changed(clear=lambda self, mask: Walk.clear(self, mask) if mask.all() else None),
    ),
    "mask ignored": (NEXT, "partial-reset", changed(mask=lambda self, options: np.ones(4, bool))),
    "limit counts starts": (
        NEXT,
        "time-limit",
        changed(start=counts_starts, ends=lambda s: (s.steps > 99, s.steps >= LIMIT)),
    ),
    "limit missed": (SAME, "time-limit", changed(ends=lambda s: (s.steps > 99, s.steps >= LIMIT + 1))),
    # Arrays
    "one buffer": (NEXT, "aliasing", changed(observe=one_buffer)),
    "state given away": (SAME, "aliasing", changed(observe=lambda self: self.state)),
    "actions changed": (NEXT, "actions", changed(step=change_actions)),
    "actions kept": (NEXT, "actions", changed(step=keep_actions)),
    "rows mixed up": (NEXT, "rows", changed(move=lambda s, actions, mask: Walk.move(s, actions[::-1], mask))),
    "observation type": (NEXT, "observations", changed(observe=lambda self: self.state.astype(np.float64))),
    "observation bounds": (NEXT, "observations", changed(observe=lambda self: self.state * 50)),
    "observation nan": (
        SAME,
        "observations",
        changed(observe=lambda self: np.where(self.state > 1, np.float32(np.nan), self.state)),
    ),
    "reward type": (NEXT, "rewards", put(1, lambda s, r, due: r[1].astype(int))),
    "reward shape": (NEXT, "rewards", put(1, lambda s, r, due: r[1][:, None])),
    "reward nan": (NEXT, "rewards", put(1, lambda s, r, due: r[1] / 0 * 0)),
    "flag type": (NEXT, "flags", put(3, lambda s, r, due: r[3].astype(int))),
    "flag shape": (NEXT, "flags", put(3, lambda s, r, due: r[3][:2])),
    # The rest
    "info without mask": (NEXT, "infos", put(4, lambda s, r, due: {"steps": s.steps.copy()})),
    "mask without info": (NEXT, "infos", put(4, lambda s, r, due: {"_steps": np.ones(4, bool)})),
    "info of one": (NEXT, "infos", put(4, lambda s, r, due: {"x": np.ones(1), "_x": np.ones(4, bool)})),
    "infos as list": (NEXT, "infos", put(4, lambda s, r, due: [{}] * 4)),
    "old step": (NEXT, "step", step_then(lambda s, r, due: [r[0], r[1], r[2] | r[3], {}])),
    "old reset": (NEXT, "reset", changed(reset=lambda s, **k: Walk.reset(s, **k)[0])),
    "step raises": (NEXT, "exception", changed(move=lambda s, a, m: 1 / 0)),
    "no mode": (NEXT, "interface", init_then(lambda s: s.metadata.pop("autoreset_mode"))),
    "no spaces": (NEXT, "interface", init_then(lambda s: setattr(s, "single_action_space", None))),
    "no instances": (NEXT, "interface", init_then(lambda s: setattr(s, "num_envs", 0))),
    "spaces disagree": (
        NEXT,
        "spaces",
        init_then(lambda s: setattr(s, "observation_space", batch_space(s.single_observation_space, 5))),
    ),
    "spec with a function": (NEXT, "spec", init_then(lambda s: setattr(s.spec, "kwargs", {"f": lambda: 0}))),
    "pictures": (NEXT, "render", changed(render=lambda self: np.zeros((2, 3, 3)))),
    "closing twice": (NEXT, "close", changed(close=close_once)),
    "close not noted": (NEXT, "close", changed(close=lambda self: None)),
}


@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_sound_environment_passes(mode):
    check_vector_env(Walk(mode), make=Walk)


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value", "ignore:.*no episode.*")
def test_a_planted_defect_is_found(defect):
    mode, code, broken = DEFECTS[defect]
    findings = find_defects(broken(mode))
    assert code in [finding.code for finding in findings], findings
    assert all(finding.where and finding.what and finding.fix for finding in findings)


def test_modes_that_disagree():
    assert [f.code for f in find_defects(Walk(NEXT), make=changed(ends=end_differs))] == ["modes"]
    assert [f.code for f in find_defects(Walk(NEXT), make=lambda mode: Walk(NEXT))] == ["modes"]


def test_every_check_has_a_defect_that_it_finds():
    assert {code for _, code, _ in DEFECTS.values()} | {"modes"} == set(CODES)


def test_the_error_tells_what_where_and_how_to_mend_it():
    with pytest.raises(VectorEnvError) as caught:
        check_vector_env(DEFECTS["reward of a start"][2](NEXT))
    (finding,) = caught.value.findings
    text = str(caught.value)
    assert "has 1 defect:" in text and "[autoreset] step" in text and "fix: set the rewards of starting" in text
    assert finding.where.startswith("step") and "instance" in finding.where
    check_vector_env(DEFECTS["reward of a start"][2](NEXT), skip=["autoreset"])
    with pytest.raises(ValueError, match="option `skip` has .*'nothing'.*, allowed are interface"):
        check_vector_env(Walk(), skip=["nothing"])
    assert find_defects(gym.make("CartPole-v1"))[0].code == "interface"


def test_it_says_when_it_saw_no_end():
    with pytest.warns(UserWarning, match="no episode of .* ended within 3 steps"):
        check_vector_env(Walk(), max_steps=3)


@pytest.mark.parametrize("mode", AutoresetMode)
def test_every_environment_of_this_package_passes(id, mode):
    def make(mode, **kwargs):
        return shadergym.make_vec(id, 4, autoreset_mode=mode, max_episode_steps=40, **kwargs)

    agents = shadergym.spec(id)["agents"]
    shape = (agents,) if agents > 1 else ()
    check_vector_env(make(mode, render_mode="rgb_array", render_size=(9, 6)), make=make, reward_shape=shape)
    check_vector_env(make(mode, copy=False, episode_statistics=True), reward_shape=shape)
    for wrap in (lambda e: FrameStack(e, 3), TimeAwareObservation):
        check_vector_env(wrap(make(mode)), reward_shape=shape)


def test_flat_agents_share_seeds_and_starts():
    for mode in AutoresetMode:
        envs = shadergym.make_vec("MPE/SimpleSpread-v3", 4, flat_agents=True, autoreset_mode=mode)
        check_vector_env(envs, skip=["seed-list", "seed-offset", "rows", "partial-reset"])


@pytest.mark.parametrize("mode", AutoresetMode)
def test_gymnasiums_vector_of_single_environments_passes(mode):
    def make(mode):
        return SyncVectorEnv([lambda: gym.make("CartPole-v1")] * 4, autoreset_mode=mode)

    # It takes the mask out of the caller's options, so RecordEpisodeStatistics around it forgets every instance.
    with pytest.warns(UserWarning, match="reset changes the options it is given"):
        check_vector_env(make(mode), make=make)


def test_what_gymnasiums_numpy_cart_poles_lack():
    """One generator for all instances, no masks, and close() that does not set `closed`."""
    envs = gym.make_vec("CartPole-v1", 4, vectorization_mode="vector_entry_point")
    assert {f.code for f in find_defects(envs)} == {"seed-list", "seed-offset", "partial-reset", "close"}
