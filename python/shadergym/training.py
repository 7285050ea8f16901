"""Agents: training, and what comes out of it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from shadergym import _layout, _native
from shadergym.registration import NAMESPACE, own_id

Progress = bool | Callable[[dict[str, Any]], Any]


class History(NamedTuple):
    """The learning curve of a run: ``plt.plot(*policy.history)``."""

    steps: np.ndarray
    """Environment transitions, int64 ``[k]``."""
    returns: np.ndarray
    """Mean return of the episodes that ended since the point before, float64 ``[k]``."""


class Policy:
    """A trained policy: what :func:`train`, :func:`resume` and :func:`load_policy` give.

    It can be pickled and copied; what it draws without ``deterministic`` begins anew then.
    """

    def __init__(self, native: _native.Policy, run: Mapping[str, Any]) -> None:
        self._native, self._run = native, dict(run)
        self._facts = _layout.parse(native.spec())
        agents = self._facts["agents"]
        self._scalar = self._facts["action"]["type"] == "discrete"
        self.config: dict[str, Any] = json.loads(native.config())
        """The configuration of the run in tables such as ``run`` and ``options``: ``train(config=...)`` takes it."""
        self.env_id: str = self._facts["id"]
        """Id of the environment."""
        self.agent: str = self.config["run"]["agent"]
        """Name of the agent."""
        self.observation_space: _layout.Space = _layout.of_agents(_layout.observation_space(self._facts), agents)
        """Observations of one instance."""
        self.action_space: _layout.Space = _layout.of_agents(_layout.action_space(self._facts), agents)
        """Actions of one instance."""

    def act(self, obs: Any, deterministic: bool = True, action_mask: Any = None, elapsed: Any = None) -> Any:
        """Actions for observations of one instance, or of any number of them.

        Args:
            obs: Observations as shadergym's environments give them, ``[...]`` of a single environment or ``[n, ...]``
                of a vector one; more leading dimensions are kept (those of agents, or of a whole rollout).
            deterministic: Whether to take the best action, or the most likely one, instead of drawing it.
            action_mask: Legal actions, int8 or bool ``[n, actions]``, as infos have them. Without it all are.
            elapsed: Steps since the start of each episode, one number or one per observation. Policies of streaming
                agents that read the time (``time_feature``) need it, and those that remember, which act so in first steps
                only (0); :meth:`predict` counts and remembers by itself.

        Returns:
            Actions with the leading dimensions of ``obs``: int64 where they are discrete, else float32.
        """
        counts: list[int] | None = None
        if elapsed is not None:
            given = np.asarray(elapsed)
            if not np.issubdtype(given.dtype, np.integer) or (given < 0).any() or (given >= 2**32).any():
                raise ValueError(f"elapsed is {elapsed!r}, allowed are whole numbers from 0 to 4294967295")
            counts = given.reshape(-1).tolist()
        actions = self._native.act(obs, action_mask, deterministic, counts)
        return actions[()] if actions.ndim == 0 else actions

    def predict(
        self,
        obs: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
        action_masks: Any = None,
        reward: Any = None,
    ) -> tuple[Any, Any]:
        """:meth:`act` under the name and with the arguments of Stable-Baselines3.

        The state that it returns and takes is what a policy remembers: the steps of each episode where it reads the
        time, float32 ``[..., carry]`` of a recurrent one, else None. ``reward`` is what the actions before gave, for
        policies trained with ``previous_reward``.
        """
        if self._native.carry:
            return self._remember(obs, state, episode_start, deterministic, action_masks, reward)
        if not self._native.reads_time:
            return self.act(obs, deterministic, action_masks), None
        elapsed = np.zeros((), np.int64) if state is None else np.asarray(state)
        if episode_start is not None:
            elapsed = np.where(episode_start, 0, elapsed)
        actions = self.act(obs, deterministic, action_masks, elapsed)
        rows = np.shape(actions) if self._scalar else np.shape(actions)[:-1]
        return actions, np.broadcast_to(elapsed, rows) + 1

    def _remember(
        self, obs: Any, state: Any, episode_start: Any, deterministic: bool, action_masks: Any, reward: Any
    ) -> tuple[Any, Any]:
        before = None if state is None else np.ascontiguousarray(state, np.float32)
        actions, after = self._native.act_from(
            obs,
            action_masks,
            deterministic,
            None if before is None else before.tobytes(),
            None if episode_start is None else np.ravel(np.asarray(episode_start, bool)).tolist(),
            None if reward is None else np.ravel(np.asarray(reward, np.float32)).tolist(),
        )
        rows = actions.shape if self._scalar else actions.shape[:-1]
        carried = np.frombuffer(after, np.float32).reshape(*rows, self._native.carry)
        return (actions[()] if actions.ndim == 0 else actions), carried

    def reset_noise(self, seed: int = 0) -> None:
        """Seeds what is drawn by :meth:`act` without ``deterministic``."""
        self._native.reset_noise(_seed(seed))

    def evaluate(
        self,
        episodes: int = 100,
        seed: int = 0,
        *,
        deterministic: bool = True,
        device: str = "auto",
        num_threads: int | None = None,
    ) -> dict[str, Any]:
        """Plays whole episodes, whose seeds are not those of training.

        Legal actions only, where the environment says which are. An environment without a time limit gets one of
        10,000 steps. A policy that was trained with a source of tasks plays the fixed set of its evaluations, each task as
        often, so perhaps some more episodes.

        Returns:
            ``mean``, ``std``, ``min`` and ``max`` of the returns (mean over agents), ``median_length``, ``episodes``,
            how many were ``truncated``, how many of these only by the limit of 10,000 steps (``cut_off``), and arrays
            of all ``returns`` and ``lengths``.
        """
        return self._native.evaluate(episodes, _seed(seed), deterministic, device, num_threads)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a file for :func:`load_policy` and for the command line: safetensors, whole or not at all."""
        self._native.save(os.fspath(path))

    @classmethod
    def load(cls, path: str | PathLike[str], env: str | None = None) -> Policy:
        """:func:`load_policy`."""
        return cls(*_native.Policy.load(os.fspath(path), None if env is None else own_id(env)))

    @property
    def step(self) -> int:
        """Environment transitions that it learned from."""
        return self._native.step

    @property
    def folder(self) -> str | None:
        """Folder of the run, None if it has none."""
        return self._run.get("folder")

    @property
    def end(self) -> str | None:
        """Why the run ended: ``"steps"``, ``"until"`` or ``"interrupted"``; None if that is not known."""
        return self._run.get("end")

    @property
    def seconds(self) -> float | None:
        """Seconds of training; None if that is not known."""
        return self._run.get("seconds")

    @property
    def history(self) -> History:
        """The learning curve; empty if it is not known, as of a policy's file alone."""
        steps, returns = self._run.get("steps"), self._run.get("returns")
        if steps is None or returns is None:
            return History(np.zeros(0, np.int64), np.zeros(0))
        return History(steps, returns)

    @property
    def returns(self) -> np.ndarray:
        """Mean returns of the learning curve."""
        return self.history.returns

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """The evaluation at the end of the run, as :meth:`evaluate` gives it (without arrays if from a folder)."""
        return self._run.get("evaluation")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the policy's file and what is known of the run."""
        return _unpickle, (self._native.to_bytes(), self._run)

    def __repr__(self) -> str:
        """Agent, environment, steps and return."""
        evaluation = self.evaluation
        found = f", mean return {evaluation['mean']:.4g}" if evaluation else ""
        return f"Policy({self.agent} on {self.env_id}, {self.step:,} steps{found})"


def _unpickle(content: bytes, run: dict[str, Any]) -> Policy:
    return Policy(_native.Policy.from_bytes(content), run)


def train(
    agent: str | None = None,
    env: str | PathLike[str] | None = None,
    *,
    steps: float | None = None,
    seed: int | None = None,
    device: str | None = None,
    num_threads: int | None = None,
    out: str | PathLike[str] | None = None,
    until: float | None = None,
    params: Mapping[str, Any] | None = None,
    tasks: str | Mapping[str, Any] | None = None,
    preset: str | None = None,
    config: str | PathLike[str] | Mapping[str, Any] | None = None,
    checkpoint_interval: float | str | None = None,
    eval_episodes: int | None = None,
    eval_interval: float | None = None,
    gif: bool | None = None,
    progress: Progress = True,
    **options: Any,
) -> Policy:
    """Trains an agent; other threads of Python run meanwhile.

    Options come from the agent's defaults, then its preset for the environment, then ``config``, then the arguments.
    The same seed gives the same policy, on any number of threads. Ctrl-C ends the run behind an iteration, with a
    checkpoint in ``out`` from which :func:`resume` goes on.

    Args:
        agent: Name, one of :func:`agents`; may be left out if ``config`` has it.
        env: Id of an environment, or path of a ``.wgsl`` file; may be left out if ``config`` has it.
        steps: Environment transitions of the whole run; the preset's or 500,000 by default.
        seed: Seed of everything random, 0 by default.
        device: Where the environments live: ``"auto"`` (default), ``"cpu"``, ``"gpu"``, ``"gpu:1"``, ...
        num_threads: All cores by default.
        out: Folder for the files of the run, new or empty, as the command line writes them: checkpoints, metrics,
            curve, animation, policy. Without it nothing is written.
        until: Stops when the mean return of the last 100 episodes is at least this.
        params: Parameters of the environment for all its instances, by name: a number or a list of numbers, such as
            ``{"gravity": 6.0}``; those that there are: ``shadergym spec``.
        tasks: A source of tasks, which proposes other parameters for every episode: its name (``"uniform"``, ``"fixed"``), or
            a dictionary with ``source``, ``ranges`` (``{"gravity": (5, 15)}``; all parameters in their whole range without
            it), ``eval_tasks`` and the source's options. Evaluations then play a fixed set of ``eval_tasks`` tasks (50),
            each as often; ``out`` gets ``tasks.csv``.
        preset: A preset of this name in place of the usual one: ``"published"`` for the settings of the source.
        config: ``config.toml`` of a run, a file of options, or the same as a dictionary, such as
            :attr:`Policy.config`.
        checkpoint_interval: Steps (``50_000``), a time (``"30s"``, ``"5m"``) or ``"never"``; ``"30s"`` by default.
        eval_episodes: Episodes of the evaluation at the end, 0 for none; 100 by default.
        eval_interval: Steps between two evaluations during training, whose figures are metrics (``eval/return``); only at
            the end by default.
        gif: Whether ``out`` gets an animation; True by default.
        progress: True for one line on a terminal or in a notebook, and nothing elsewhere. Or a function that is
            called behind every iteration with a dictionary: ``phase``, ``step``, ``steps``, ``seconds``,
            ``steps_per_second``, ``episodes``, ``mean_return`` and ``mean_length`` of the last 100 episodes (None
            before the first), ``metrics`` (None but for every half percent of the run) and ``folder``. If it returns
            False the run ends, and its policy is returned.
        **options: The agent's own, such as ``learning_rate=1e-3, hidden=[64, 64], num_envs=16``; those that there are:
            :func:`agent_options`.

    Raises:
        TypeError: For an option that the agent does not have; the text names the nearest.
        ValueError: For an unknown agent, a bad value, or an agent that cannot act in the environment.
        gymnasium.error.NameNotFound: For an unknown environment.
        FloatingPointError: If the training diverges.
        OSError: If a file cannot be written.
        KeyboardInterrupt: On Ctrl-C.
    """
    run = {
        "agent": agent,
        "env": None if env is None else _environment(env),
        "steps": steps,
        "seed": seed,
        "device": device,
        "num_threads": num_threads,
        "until": until,
        "checkpoint_interval": checkpoint_interval,
        "eval_episodes": eval_episodes,
        "eval_interval": eval_interval,
        "params": None if params is None else dict(params),
        "preset": preset,
        "tasks": dict(tasks) if isinstance(tasks, Mapping) else tasks,
        "gif": gif,
    }
    if isinstance(config, Mapping):
        config = dict(config)
    elif config is not None:
        config = os.fspath(config)
    out = None if out is None else os.fspath(out)
    return _follow(progress, lambda *shown: _native.train(run, options, config, out, *shown))


def resume(folder: str | PathLike[str], steps: float | None = None, *, progress: Progress = True) -> Policy:
    """Goes on with a run that was stopped, from its newest checkpoint, as if it had not been.

    Args:
        folder: Folder of the run, ``out`` of :func:`train`.
        steps: Steps to add to those that were asked for; a run that is over needs some.
        progress: As for :func:`train`.
    """
    return _follow(progress, lambda *shown: _native.resume(os.fspath(folder), {"steps": steps}, *shown))


def load_policy(path: str | PathLike[str], env: str | None = None) -> Policy:
    """A policy that was trained before, here or by the command line.

    Args:
        path: A run folder, a checkpoint of it, or a policy's file.
        env: Another environment with the same observations and actions, to evaluate the policy in.
    """
    return Policy.load(path, env)


def agents(env: str | None = None) -> list[str]:
    """Names of the agents; with ``env`` of those only that can act there."""
    return _native.agents(None if env is None else _environment(env))


def agent_options(agent: str) -> list[dict[str, Any]]:
    """The options of an agent: ``name``, ``kind`` of value, ``default`` without any preset, and ``doc``."""
    options: list[dict[str, Any]] = json.loads(_native.agent_options(agent))
    return options


def _environment(env: str | PathLike[str]) -> str:
    """An id as the project writes it, or the path of a file."""
    return own_id(os.fspath(env)).removeprefix(NAMESPACE + "/")


def _seed(seed: int) -> int:
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"option `seed` is {seed}, allowed is 0 to {(1 << 64) - 1}")
    return int(seed)


def _follow(progress: Progress, run: Callable[..., tuple[_native.Policy, dict[str, Any]]]) -> Policy:
    """Runs a run, shows how far it is."""
    if progress is True and _shown():
        line = _Line()
        try:
            return Policy(*run(line.show, 0.1))
        finally:
            line.end()
    return Policy(*run(progress if callable(progress) else None, 0.0))


def _shown() -> bool:
    """Whether somebody looks: a terminal, or a notebook."""
    notebook = "ipykernel" in sys.modules and "IPython" in sys.modules
    stderr = sys.stderr
    return stderr is not None and (notebook or stderr.isatty())


class _Line:
    """One line that is written over."""

    def __init__(self) -> None:
        self.width = 0

    def show(self, progress: dict[str, Any]) -> None:
        mean = progress["mean_return"]
        text = (
            f"{progress['phase']} {100 * min(1.0, progress['step'] / progress['steps']):3.0f}% "
            f"{progress['step']:,} of {progress['steps']:,} steps, {progress['steps_per_second']:,.0f} steps/s, "
            f"return {'-' if mean is None else format(mean, '.4g')}"
        )
        sys.stderr.write("\r" + text.ljust(self.width))
        sys.stderr.flush()
        self.width = len(text)

    def end(self) -> None:
        if self.width:
            sys.stderr.write("\n")
            sys.stderr.flush()
