"""A checker for vector environments, as :func:`gymnasium.utils.env_checker.check_env` is for single ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import gymnasium.logger
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

from shadergym.utils import _boundaries, _outputs, _runs
from shadergym.utils._findings import CODES, Finding, VectorEnvError
from shadergym.utils._probe import Abort, Probe, Step


def check_vector_env(
    env: VectorEnv,
    *,
    make: Callable[[AutoresetMode], VectorEnv] | None = None,
    seed: int = 123,
    max_steps: int = 1000,
    reward_shape: tuple[int, ...] = (),
    skip: Iterable[str] = (),
    close: bool = True,
) -> None:
    """Checks that a vector environment keeps Gymnasium's contract; plays it with random actions to do so.

    Seeds, resets (full, partial, midway), the declared auto-reset mode at the exact boundary step, spaces, types,
    masks of infos, aliasing, metadata, spec, pictures, close: :data:`shadergym.utils.CODES` lists all checks. It works
    on any environment, whether of this package or not.

    Args:
        env: The environment, not needed afterwards.
        make: Makes the environment in a mode: then the modes are compared with each other too.
        seed: Of all runs.
        max_steps: Steps within which at least two episodes should end; without an end, boundaries are not checked.
        reward_shape: Shape of one instance's reward, such as ``(agents,)``.
        skip: Codes of checks whose findings do not matter.
        close: Whether to close the environment at the end, twice.

    Raises:
        VectorEnvError: With all findings: what is wrong, where, and how to mend it.

    Warns:
        UserWarning: If no episode ended, or a reset changes the options it is given.
    """
    findings = find_defects(
        env, make=make, seed=seed, max_steps=max_steps, reward_shape=reward_shape, skip=skip, close=close
    )
    if findings:
        raise VectorEnvError(str(env), findings)


def find_defects(
    env: VectorEnv,
    *,
    make: Callable[[AutoresetMode], VectorEnv] | None = None,
    seed: int = 123,
    max_steps: int = 1000,
    reward_shape: tuple[int, ...] = (),
    skip: Iterable[str] = (),
    close: bool = True,
) -> list[Finding]:
    """The findings of :func:`check_vector_env` as a list, empty for a sound environment."""
    skip = set(skip)
    if skip - CODES.keys():
        raise ValueError(f"option `skip` has {sorted(skip - CODES.keys())}, allowed are {', '.join(CODES)}")
    if not isinstance(env, VectorEnv):
        what, fix = f"is a {type(env).__name__}, not a VectorEnv", "derive from gymnasium.vector.VectorEnv"
        return [Finding("interface", "class", what, fix)]
    probe = Probe(env, seed, max_steps, skip, reward_shape)
    try:
        for check in (_outputs.interface, _outputs.first_reset):
            _attempt(probe, check, fatal=True)
        first, steps = _attempt(probe, main_run, fatal=True)
        _compare_runs(probe, first, steps)
        if make is not None:
            _attempt(probe, _runs.modes_agree, make)
        _attempt(probe, pictures)
    except Abort:
        pass
    if close:
        _close(probe)
    return probe.findings


def _attempt(probe: Probe, check: Callable[..., Any], *args: Any, fatal: bool = False) -> Any:
    """Runs a check; one that raises is a finding too."""
    try:
        return check(probe, *args)
    except Abort:
        if fatal:
            raise
    except Exception as error:
        probe.report(
            "exception",
            f"check `{check.__name__}`",
            f"raised {type(error).__name__}: {error}",
            "all calls of this check are allowed and must not raise",
        )
        if fatal:
            raise Abort from error
    return None


def main_run(probe: Probe) -> tuple[Any, list[Step]]:
    """Plays until every instance has ended twice, and checks each step."""
    first, _ = probe.reset(seed=probe.seed)
    steps: list[Step] = []
    ends = np.zeros(probe.n, int)
    for t in range(probe.max_steps):
        step = probe.step(probe.actions(t))
        _outputs.one_step(probe, t, step)
        steps.append(step)
        if (ends >= 2).all():
            break
        ends += step.ended
    if not ends.any():
        gymnasium.logger.warn(
            f"no episode of {probe.env} ended within {probe.max_steps} steps: what happens at ends was not checked; "
            "raise `max_steps`, or make the environment with a lower max_episode_steps"
        )
    return first, steps


def _compare_runs(probe: Probe, first: Any, steps: list[Step]) -> None:
    # Runs of some length tell the rest; all of the boundaries are looked at.
    end = next((t for t, step in enumerate(steps) if step.ended.any()), 0)
    some = steps[: max(end + 3, 60)]
    _attempt(probe, _boundaries.boundaries, steps)
    if getattr(probe.env.spec, "nondeterministic", False):
        return
    _attempt(probe, _runs.repeats, first, some)
    _attempt(probe, _boundaries.stepping_an_ended_instance, some)
    if probe.has("seeds"):
        # Every comparison below would only say the same again.
        return
    _attempt(probe, _runs.seed_forms, first)
    _attempt(probe, _runs.rows_are_independent, some)
    _attempt(probe, _boundaries.start_ignores_actions, some)
    _attempt(probe, _runs.reset_forgets, first, some)
    _attempt(probe, _runs.aliasing, some)
    _attempt(probe, _runs.actions_stay, some)
    _attempt(probe, _runs.partial_resets, some)


def pictures(probe: Probe) -> None:
    """One picture per instance."""
    if probe.env.render_mode != "rgb_array":
        return
    probe.reset(seed=probe.seed)
    frames: Any = probe.env.render()
    good = isinstance(frames, (tuple, list)) and len(frames) == probe.n
    if not good or any(np.ndim(f) != 3 or np.shape(f)[2] != 3 or np.asarray(f).dtype != np.uint8 for f in frames):
        probe.report(
            "render",
            "render",
            f"did not give a tuple of {probe.n} pictures of bytes, [height, width, 3]",
            "return one array per instance",
        )


def _close(probe: Probe) -> None:
    for call in ("the first", "the second"):
        try:
            probe.env.close()
        except Exception as error:
            probe.report(
                "close",
                f"{call} close",
                f"raised {type(error).__name__}: {error}",
                "free things once, in close_extras, and let VectorEnv.close do the rest",
            )
            return
    if not probe.env.closed:
        probe.report("close", "closed", "is False after close", "override close_extras rather than close")
