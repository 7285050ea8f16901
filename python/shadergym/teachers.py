"""Teachers: which task a learner gets next, by the returns of those that it had before.

They know a box of numbers and returns, and go with any learner and environment::

    teacher = shadergym.teachers.AlpGmm(low=[5.0, 0.3], high=[15.0, 1.0], reward_low=0, reward_high=500)
    for _ in range(10_000):
        task = teacher.sample()
        teacher.update(task, play_an_episode(task))

Several tasks may be drawn before the first result comes. In :func:`shadergym.train` a teacher is ``tasks="alp_gmm"``.
"""

from __future__ import annotations

import json
import os
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from shadergym import _native

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Adr", "AlpGmm", "CovarGmm", "Oracle", "Plr", "Random", "Riac", "Teacher", "teacher_options", "teachers"]


class Teacher:
    """What all teachers have in common; make one of the others.

    A teacher can be pickled and copied, and goes on bit by bit then.
    """

    _name = ""

    def __init__(self, low: npt.ArrayLike, high: npt.ArrayLike, *, seed: int = 0, **options: Any) -> None:
        """A teacher that has heard of nothing yet.

        Args:
            low: Lowest value of each number of a task, in whatever units it has. A number if tasks have one only.
            high: Highest values, each at least that of ``low``.
            seed: Seed of everything random, 0 to 2^64 - 1.
            **options: The teacher's own, as its class and :func:`teacher_options` list them.

        Raises:
            TypeError: For an option that the teacher does not have.
            ValueError: For a bad value of one, or a box that is none.
        """
        if not self._name:
            raise TypeError("Teacher is what all teachers have in common; make one of " + ", ".join(sorted(_CLASSES)))
        if not 0 <= seed < 1 << 64:
            raise ValueError(f"option `seed` is {seed}, allowed is 0 to {(1 << 64) - 1}")
        self._native = _native.Teacher(self._name, _numbers(low), _numbers(high), int(seed), options)

    def sample(self) -> np.ndarray:
        """Draws the next task, float64 ``[dimensions]``, within the box."""
        return self._native.sample()

    def update(self, task: npt.ArrayLike, episode_return: float) -> None:
        """Hears of an episode.

        Args:
            task: What was played, as :meth:`sample` gave it, perhaps long ago; other tasks of the box do too.
            episode_return: Undiscounted sum of its rewards. ``reward_low`` and ``reward_high`` say which returns a teacher
                hears as 0 and 1; what lies outside is heard as these. Oracle hears it as it is.

        Raises:
            ValueError: For a task that is none of the box's, and a return that is no finite number: counted in
                :attr:`refused`, and forgotten.
        """
        self._native.update(_numbers(task), float(episode_return))

    @property
    def episodes(self) -> int:
        """Episodes that it heard of."""
        return self._native.counts()[0]

    @property
    def refused(self) -> int:
        """Episodes that it could not hear of."""
        return self._native.counts()[1]

    @property
    def changes(self) -> int:
        """How often what it draws from changed: fits of a mixture, splits of regions, steps of a window."""
        return self._native.counts()[2]

    @property
    def newest(self) -> dict[str, Any] | None:
        """What changed last, as a line of ``teacher.jsonl`` has it; None before that.

        Mixtures tell ``weights``, ``means``, ``covariances`` and the ``progress`` that each Gaussian is drawn by; RIAC the
        ``regions`` of a split, Oracle and ADR their box as ``low`` and ``high``, PLR its best tasks and ``scores``.
        """
        text = self._native.newest()
        return json.loads(text) if text else None

    @property
    def config(self) -> dict[str, Any]:
        """What it was made from: ``teacher``, ``low``, ``high``, ``seed``, ``options``."""
        config: dict[str, Any] = json.loads(self._native.config())
        return config

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a file for :meth:`load`: safetensors, whole or not at all, with everything that it heard."""
        self._native.save(os.fspath(path))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """A teacher from its file; it goes on bit by bit. ``Teacher.load`` takes the file of any."""
        return cls._of(_native.Teacher.load(os.fspath(path)))

    @classmethod
    def _of(cls, native: _native.Teacher) -> Self:
        name = json.loads(native.config())["teacher"]
        made = next(known for known in _CLASSES.values() if known._name == name)
        if not issubclass(made, cls):
            raise ValueError(f"the file is that of a {made.__name__}, not of a {cls.__name__}")
        teacher = made.__new__(made)
        teacher._native = native
        return teacher

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles its file."""
        return _unpickle, (type(self), self._native.to_bytes())

    def __repr__(self) -> str:
        """Name and episodes."""
        return f"{type(self).__name__}({self.episodes:,} episodes)"


class AlpGmm(Teacher):
    """By absolute learning progress: ALP-GMM (Portelas et al. 2019, arXiv 1910.07224).

    Options: ``reward_low`` (-150) and ``reward_high`` (350), in units of returns; ``fit_rate`` (250), episodes between two fits;
    ``min_k`` (2) and ``max_k`` (10) Gaussians; ``random`` (0.2), share of tasks evenly from the box, 0 to 1; ``criterion``
    (``"aic"``, ``"bic"``, ``"aicc"``); ``scaled`` (False), whether distances are those of shares of the box;
    ``settings`` (``"teach_deep_rl"``, ``"teach_my_agent"``), whose numbers stand for what is not set.
    """

    _name = "alp_gmm"


class CovarGmm(Teacher):
    """By returns that rise with time: Covar-GMM (Portelas et al. 2019, arXiv 1910.07224).

    Options: those of :class:`AlpGmm`, and ``absolute`` (False), whether falling returns count as rising ones do.
    """

    _name = "covar_gmm"


class Riac(Teacher):
    """By absolute learning progress in a tree of regions: RIAC (Baranes and Oudeyer 2009).

    Options: ``reward_low`` (-150) and ``reward_high`` (350), in units of returns; ``region_size`` (200), episodes that a region
    remembers; ``cuts`` (50) of which the best is taken; ``min_tasks`` (0.05) of a region on each side, 0 to 0.5;
    ``min_width`` (1/15) of the range, 0 to 1; ``score`` of a cut (``"paper"``, ``"code"``); ``random`` (0.2) and ``mutated``
    (0.1), shares of tasks, 0 to 1; ``noise`` (0.1), in the tasks' own units; ``settings``.
    """

    _name = "riac"


class Oracle(Teacher):
    """A window that moves from the easy to the hard end as its tasks are solved (Portelas et al. 2019).

    Options: ``threshold`` (230), the mean return to exceed, as it is; ``episodes`` (50) of that mean; ``window`` (1/6) and
    ``step`` (1/30), shares of each range, 0 to 1; ``easy_high`` ([]), dimensions whose highest value is the easy end.
    """

    _name = "oracle"


class Random(Teacher):
    """Evenly from the box, whatever comes of it: domain randomisation. It has no options."""

    _name = "random"


class Adr(Teacher):
    """A box that grows where its boundary is mastered: automatic domain randomisation (OpenAI et al. 2019).

    Options: ``reward_low`` (-150) and ``reward_high`` (350), in units of returns; ``start`` (the middle) and ``step`` (0.1),
    shares of each range, 0 to 1; ``boundary`` (0.7), share of tasks on it; ``episodes`` (10) on a boundary that decide;
    ``threshold_high`` (0.66) and ``threshold_low`` (0.3) of their mean return as it is heard, 0 to 1.
    """

    _name = "adr"


class Plr(Teacher):
    """Tasks again that are worth it: prioritised level replay (Jiang et al. 2021), scored by returns alone.

    Options: ``reward_low`` (-150) and ``reward_high`` (350), in units of returns; ``capacity`` (1000) tasks; ``fill`` (0.5) of
    it before tasks come again; ``replay`` (0.8), share of tasks that do then, ``staleness`` (0.3), share of those by age, all 0
    to 1; ``temperature`` (0.3), above 0; ``score`` (``"learnability"``: r (1 - r) of the return r as it is heard;
    ``"regret"``: the best return so far less r).
    """

    _name = "plr"


_CLASSES: dict[str, type[Teacher]] = {c.__name__: c for c in (Adr, AlpGmm, CovarGmm, Oracle, Plr, Random, Riac)}


def teachers() -> list[str]:
    """Names of the teachers, as ``tasks=`` of :func:`shadergym.train` takes them."""
    return _native.teachers()


def teacher_options(teacher: str) -> list[dict[str, Any]]:
    """The options of a teacher: ``name``, ``kind`` of value, ``default``, and ``doc``."""
    options: list[dict[str, Any]] = json.loads(_native.teacher_options(teacher))
    return options


def _unpickle(cls: type[Teacher], content: bytes) -> Teacher:
    return cls._of(_native.Teacher.from_bytes(content))


def _numbers(values: npt.ArrayLike) -> list[float]:
    numbers: list[float] = np.ravel(np.asarray(values, np.float64)).tolist()
    return numbers
