"""The vector environment: n instances that step together in compiled code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode, VectorEnv

from shadergym import _layout, _native
from shadergym._reset import check_mask, check_options, vector_seed
from shadergym._tasks import Tasks, masks_of, open_native

_MODES = {AutoresetMode.NEXT_STEP: 0, AutoresetMode.SAME_STEP: 1, AutoresetMode.DISABLED: 2}


class RolloutStatistics(NamedTuple):
    """Sums over a rollout."""

    transitions: int
    """Transitions made; starts under NEXT_STEP and ended instances do not count."""
    episodes: int
    """Episodes finished."""
    length_sum: int
    """Sum of their lengths in steps."""
    return_sum: list[float]
    """Sum of their returns, one number per agent."""
    info_sum: dict[str, Any] = {}
    """Sum of the sums of their infos: a number by name, an array where the info is one."""

    @property
    def mean_return(self) -> float:
        """Mean return of the finished episodes over all agents, NaN if there are none."""
        return sum(self.return_sum) / len(self.return_sum) / self.episodes if self.episodes else float("nan")

    @property
    def mean_info(self) -> dict[str, Any]:
        """Mean over the finished episodes of the sum of each info, NaN if there are none."""
        return {name: value / self.episodes if self.episodes else value * float("nan") for name, value in self.info_sum.items()}

    @property
    def mean_length(self) -> float:
        """Mean length of the finished episodes in steps, NaN if there are none."""
        return self.length_sum / self.episodes if self.episodes else float("nan")


class Rollout(NamedTuple):
    """Every transition of a rollout, ``[k, n, ...]``; row t holds what step t took and gave.

    All arrays are NumPy arrays on the host, so ``torch.from_dlpack`` and its like take them without a copy.
    Without recording they are None.
    """

    observations: Any
    """After each transition; a dictionary where they have several parts."""
    rewards: np.ndarray | None
    terminations: np.ndarray | None
    truncations: np.ndarray | None
    actions: np.ndarray | None
    """Given or drawn. With sticky actions another one may have been executed."""
    final_observations: np.ndarray | None
    """Under SAME_STEP: the last observation of each episode, where the same row ended. None otherwise."""
    statistics: RolloutStatistics
    action_masks: np.ndarray | None = None
    """Legal actions after each transition, int8; None where the environment does not say which are."""
    episode_starts: np.ndarray | None = None
    """Whether the observation after the transition is the first of an episode."""
    infos: dict[str, np.ndarray] = {}
    """What the environment tells of each transition, 0 where an instance only started; ``agent_done`` says which agents are
    out of the game."""


class ShaderVectorEnv(Tasks, VectorEnv[Any, np.ndarray, np.ndarray]):
    """n instances of one environment.

    Instance i of ``reset(seed=s)`` is seeded with s + i and plays exactly as a single environment with that seed, on
    any number of threads. An environment of several agents has a dimension of agents behind that of instances, in
    observations, actions and rewards.

    Where the environment says which actions are legal, every ``infos`` holds ``action_mask``, int8 ``[n, (agents,)
    actions]``, for the action that comes next, and :meth:`action_masks` gives the same. The actions of several choices
    (``MultiDiscrete``) follow each other. An illegal action is executed; the environment's docs say what it does.

    Where it has observations of several parts, they are dictionaries of arrays, in the order in which they are flattened.
    Where it has a global state for central critics, every ``infos`` holds ``global_state``, ``[n, ...]``.

    Where the environment has infos, every step holds ``infos[name]`` ``[n, ...]`` and ``infos["_" + name]``, False where an
    instance started: under SAME_STEP ``infos["final_info"]`` holds those of the transition that ended the episode. ``infos["agent_done"]`` says which of several agents are out of the game though the episode goes on.

    Args:
        env_id: Id of a shipped environment, such as ``"CartPole-v1"``. Leave it out with ``wgsl``.
        num_envs: Number of instances n.
        wgsl: A user's own environment file instead of an id.
        device: ``"auto"``, ``"cpu"``, ``"gpu"``, ``"gpu:1"`` or ``"gpu:<part of the name>"``.
        autoreset_mode: When an ended instance starts anew: a mode of Gymnasium's or its value as text.
        max_episode_steps: Time limit in steps, -1 for none; the environment's own by default.
        params: Parameters of all instances: a mapping of names to numbers (or one number per instance), or a row of
            :attr:`params`.
        num_threads: Threads of the cpu device; all cores for large batches by default. Results do not depend on it.
        copy: Whether each call gives arrays of its own. Without it the arrays of a call are views that the next call
            writes over; they stay valid memory even after the environment is gone.
        render_mode: None or ``"rgb_array"``.
        sticky_action_probability: Probability that a step repeats the last executed action; the environment's own
            by default.
        episode_statistics: Adds ``infos["episode"]`` with return ``r``, length ``l`` and seconds ``t`` of the episodes
            that end, masked by ``infos["_episode"]``, as RecordEpisodeStatistics does (which does not accept an
            environment that adds them already: hence off by default).
        render_size: Width and height of pictures in pixels.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 30}
    _spec: EnvSpec | None = None

    def __init__(
        self,
        env_id: str | None = None,
        num_envs: int = 1,
        *,
        wgsl: str | PathLike[str] | None = None,
        device: str = "auto",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        params: Mapping[str, Any] | np.ndarray | None = None,
        num_threads: int | None = None,
        copy: bool = True,
        render_mode: str | None = None,
        sticky_action_probability: float | None = None,
        episode_statistics: bool = False,
        render_size: tuple[int, int] | None = None,
    ) -> None:
        self._arguments = {key: value for key, value in locals().items() if key not in ("self", "__class__")}
        mode = _autoreset_mode(autoreset_mode)
        native, facts = self._native_of(self._arguments)
        self._open(native, facts, num_envs, render_mode, render_size)
        self.num_envs = num_envs
        self.copy = copy
        self.metadata = {**self.metadata, "autoreset_mode": mode}
        agents = facts["agents"]
        self.single_observation_space = _layout.of_agents(_layout.observation_space(facts), agents)
        self.single_action_space = _layout.of_agents(_layout.action_space(facts), agents)
        self.observation_space = _layout.of_instances(self.single_observation_space, num_envs)
        self.action_space = _layout.of_instances(self.single_action_space, num_envs)
        if params is not None:
            self.set_params(None, params)

    def _native_of(self, arguments: dict[str, Any]) -> tuple[_native.Batch, dict[str, Any]]:
        mode = _autoreset_mode(arguments["autoreset_mode"])
        return open_native(arguments, autoreset_mode=_MODES[mode])

    @property
    def autoreset_mode(self) -> AutoresetMode:
        """When an ended instance starts anew, as in the metadata; Gymnasium's own vector environments have it here too."""
        mode: AutoresetMode = self.metadata["autoreset_mode"]
        return mode

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | np.ndarray | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Starts all instances, or those of ``options["reset_mask"]`` (bool ``[n]``); the others stay as they are.

        Args:
            seed: A seed s for seeds s + i, one seed per instance, or None to let the generators go on.
            options: ``reset_mask`` only.
        """
        check_options(options, self._facts["id"], ("reset_mask",))
        mask = None if options is None else options.get("reset_mask")
        if mask is not None:
            mask = check_mask(mask, self.num_envs)
        seed, seeds = vector_seed(seed, self.num_envs)
        if seed is not None:
            super().reset(seed=seed)
            seed %= 1 << 64
        observations = self._native.reset(seed, seeds, mask)
        infos: dict[str, Any] = {}
        if self._facts["action_mask"]:
            infos |= {"action_mask": self._native.action_masks(), "_action_mask": np.ones(self.num_envs, np.bool_)}
        if self._facts["global_state"] is not None:
            infos |= {"global_state": self._native.global_states(), "_global_state": np.ones(self.num_envs, np.bool_)}
        return observations, infos

    @property
    def action_masks(self) -> Callable[[], np.ndarray]:
        """A method that gives the legal actions of the newest observations, int8 ``[n, (agents,) actions]``.

        An environment that has no masks has no such attribute.
        """
        return masks_of(self._native, self._facts)

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One step of all instances.

        Integer actions of any width and, for continuous spaces, numbers of any type are cast; other types are refused.
        """
        return self._native.step(actions)

    def rollout(self, k: int, actions: Any = None, *, record: bool = True) -> Rollout:
        """k steps in one call, with given actions ``[k, n, ...]`` or random ones drawn where the instances live.

        Ctrl-C stops it between two pieces of the work (where auto-reset is disabled: behind the whole of it).
        With ``copy=False`` the arrays of one rollout are written over by the next one of the same length.
        """
        arrays, (transitions, episodes, length_sum, return_sum, info_sum) = self._native.rollout(k, actions, record)
        infos = _layout.by_field(self._facts["info"], np.array(info_sum))
        statistics = RolloutStatistics(transitions, episodes, length_sum, return_sum, infos)
        if arrays is None:
            return Rollout(None, None, None, None, None, None, statistics)
        observations, rewards, terminations, truncations, given, starts, *rest = arrays
        final = rest.pop(0) if self.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP else None
        masks = rest.pop(0) if self._facts["action_mask"] else None
        names = [field["name"] for field in (self._facts["info"] or {"fields": []})["fields"]]
        names += ["agent_done"] if self._facts["agent_done"] else []
        if self._facts["global_state"] is not None:
            same_step = self.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
            names += ["global_state", "final_global_state"][: 2 if same_step else 1]
        told = dict(zip(names, rest, strict=True))
        return Rollout(observations, rewards, terminations, truncations, given, final, statistics, masks, starts, told)

    @property
    def spec(self) -> EnvSpec | None:
        """What Gymnasium made the environment from, with the time limit in force."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        # `gymnasium.make_vec` leaves the limit of the id there, also where the environment was made with another one.
        limit = self._arguments["max_episode_steps"]
        if spec is not None and limit is not None:
            spec = dataclasses.replace(spec, max_episode_steps=limit if limit > 0 else None)
        self._spec = spec

    @property
    def global_state_space(self) -> _layout.Space | None:
        """The global state of one instance, what a central critic sees; None where the environment has none."""
        return _layout.global_state_space(self._facts)

    def global_states(self) -> Any:
        """The global states seen with the newest observations, ``[n, ...]``; None where the environment has none."""
        return self._native.global_states()

    @property
    def episode_returns(self) -> np.ndarray:
        """Return of the episode that each instance finished last, 0 before any."""
        return self._native.episode_returns()

    @property
    def episode_lengths(self) -> np.ndarray:
        """Length in steps of the episode that each instance finished last, 0 before any."""
        return self._native.episode_lengths()

    @property
    def episode_starts(self) -> np.ndarray:
        """Whether the newest observation of each instance is the first of an episode: where recurrent policies begin anew."""
        return self._native.episode_starts()

    @property
    def elapsed_steps(self) -> np.ndarray:
        """Transitions since the start of each instance's episode."""
        return self._native.elapsed_steps()

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Pictures of all instances, ``[height, width, 3]`` bytes each."""
        if self.render_mode is None:
            gym.logger.warn("`render` needs `render_mode=\"rgb_array\"` when the environment is made")
            return None
        return tuple(self.picture(i) for i in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Frees the device's memory."""
        # A constructor that failed has nothing to free.
        if hasattr(self, "_native"):
            self._native.close()

    def __repr__(self) -> str:
        """Id, number of instances and device."""
        return f"ShaderVectorEnv({self._facts['id']}, num_envs={self.num_envs}, {self._native.describe()})"


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    if isinstance(mode, AutoresetMode):
        return mode
    for known in AutoresetMode:
        if mode in (known.value, known.name, known.name.lower()):
            return known
    allowed = ", ".join(f"`{known.value}`" for known in AutoresetMode)
    raise ValueError(f"option `autoreset_mode` is {mode!r}, allowed is {allowed}")
