"""Checks at the step where an episode ends and at the one behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from shadergym.utils._outputs import mismatch
from shadergym.utils._probe import Probe, Step, indices, row_of, same


def boundaries(probe: Probe, steps: list[Step]) -> None:
    """What the flags of a run say, against what follows them."""
    if probe.mode is AutoresetMode.NEXT_STEP:
        _next_step(probe, steps)
    for t, step in enumerate(steps):
        _final_observations(probe, t, step)
    _terminal_observations(probe, steps)
    _time_limit(probe, steps)


def _next_step(probe: Probe, steps: list[Step]) -> None:
    for t in range(len(steps) - 1):
        for i in indices(steps[t].ended):
            rewards = np.asarray(steps[t + 1].rewards)[i]
            where = f"step {t + 1}, instance {i}, whose episode ended in step {t}"
            if np.any(rewards != 0):
                probe.report(
                    "autoreset",
                    where,
                    f"reward {rewards}; under NEXT_STEP this step only starts the next episode, so 0",
                    "set the rewards of starting instances to 0, or declare the mode that is meant",
                )
            if steps[t + 1].ended[i]:
                probe.report(
                    "autoreset",
                    where,
                    "a flag is set; under NEXT_STEP this step only starts the next episode",
                    "clear both flags of starting instances",
                )


def _final_observations(probe: Probe, t: int, step: Step) -> None:
    ended, infos = step.ended, step.infos
    where = f"step {t}"
    if probe.mode is not AutoresetMode.SAME_STEP:
        if "final_obs" in infos:
            probe.report(
                "final-obs",
                where,
                f"infos hold `final_obs`, but the mode is {probe.mode.name}",
                "declare AutoresetMode.SAME_STEP if instances start anew in the ending step, else leave it out",
            )
        return
    mask = infos.get("_final_obs")
    if mask is not None and not np.array_equal(np.asarray(mask), ended):
        probe.report(
            "final-obs",
            where,
            f"`_final_obs` selects instances {indices(mask)}, but {indices(ended)} ended",
            "the mask is terminations | truncations of the same step",
        )
        return
    if not ended.any():
        return
    for key in ("final_obs", "final_info"):
        if key not in infos:
            probe.report(
                "final-obs",
                where,
                f"instances {indices(ended)} ended, but infos lack `{key}`",
                f"under SAME_STEP put the last {key[6:]} of ended instances into infos['{key}'], with '_{key}'",
            )
    if "final_obs" in infos:
        for i in indices(ended):
            problem = mismatch(probe.env.single_observation_space, row_of(infos["final_obs"], i))
            if problem:
                probe.report(
                    "final-obs",
                    f"{where}, instance {i}",
                    f"final_obs is not in single_observation_space: {problem}",
                    "the last observation of the episode, as step would have given it",
                )


def _terminal_observations(probe: Probe, steps: list[Step]) -> None:
    """The last observation must not be the first of the next episode; equal by chance sometimes, but not always."""
    pairs = []
    for t, step in enumerate(steps):
        for i in indices(step.ended):
            last = probe.rows(step.observations)[i]
            if probe.mode is AutoresetMode.SAME_STEP:
                if "final_obs" not in step.infos:
                    return
                pairs.append((row_of(step.infos["final_obs"], i), last))
            elif probe.mode is AutoresetMode.NEXT_STEP and t + 1 < len(steps):
                pairs.append((last, probe.rows(steps[t + 1].observations)[i]))
            elif step.started is not None:
                pairs.append((last, probe.rows(step.started)[i]))
    starts = [start for _, start in pairs]
    if len(pairs) < 2 or all(same(start, starts[0]) for start in starts):
        return
    if all(same(last, start) for last, start in pairs):
        name = "infos['final_obs']" if probe.mode is AutoresetMode.SAME_STEP else "the observation of the ending step"
        probe.report(
            "terminal-obs",
            f"{len(pairs)} ends",
            f"{name} equals the first observation of the next episode every time",
            "copy the observation before the instance starts anew",
        )


def _time_limit(probe: Probe, steps: list[Step]) -> None:
    limit = probe.env.spec.max_episode_steps if probe.env.spec is not None else None
    elapsed = np.zeros(probe.n, int)
    starting = np.zeros(probe.n, np.bool_)
    episodes = np.zeros(probe.n, int)
    truncated: dict[bool, set[int]] = {True: set(), False: set()}
    for t, step in enumerate(steps):
        elapsed += ~starting
        for i in indices(~step.ended & ~starting):
            if limit and elapsed[i] >= limit:
                probe.report(
                    "time-limit",
                    f"step {t}, instance {i}, episode {episodes[i]}",
                    f"{elapsed[i]} transitions without an end; spec.max_episode_steps is {limit}",
                    "set truncations when that many transitions were made",
                )
        for i in indices(np.asarray(step.truncations) & ~np.asarray(step.terminations)):
            truncated[bool(episodes[i] == 0)].add(int(elapsed[i]))
        ended = step.ended
        episodes += ended
        elapsed[ended] = 0
        starting = ended if probe.mode is AutoresetMode.NEXT_STEP else np.zeros(probe.n, np.bool_)
    first, later = truncated[True], truncated[False]
    if len(first) == 1 and len(later) == 1 and first != later:
        probe.report(
            "time-limit",
            "truncations",
            f"first episodes are truncated after {first.pop()} transitions, later ones after {later.pop()}",
            "count transitions only: the step that starts an episode under NEXT_STEP is none",
        )


def start_ignores_actions(probe: Probe, steps: list[Step]) -> None:
    """NEXT_STEP: the step behind an end gives the first observation of the next episode, whatever the action."""
    t = next((t for t, step in enumerate(steps[:-1]) if step.ended.any()), None)
    if probe.mode is not AutoresetMode.NEXT_STEP or t is None:
        return
    rows = indices(steps[t].ended)
    other = probe.other_actions(t + 1, rows)
    if other is None:
        return
    _, again = probe.run(t + 2, {t + 1: other})
    differing = probe.differing(again[t + 1].observations, steps[t + 1].observations, rows)
    if differing:
        probe.report(
            "autoreset",
            f"step {t + 1}, instance {differing[0]}, whose episode ended in step {t}",
            "the observation depends on the action; under NEXT_STEP this step only starts the next episode",
            "start ended instances at the beginning of the next step, or declare the mode that is meant",
        )


def stepping_an_ended_instance(probe: Probe, steps: list[Step]) -> None:
    """DISABLED: must be refused, or the data are silently wrong."""
    t = next((t for t, step in enumerate(steps) if step.ended.any()), None)
    if probe.mode is not AutoresetMode.DISABLED or t is None:
        return
    probe.reset(seed=probe.seed)
    for k in range(t + 1):
        probe.env.step(probe.actions(k))
    try:
        probe.env.step(probe.actions(t + 1))
    except Exception:
        return
    probe.report(
        "autoreset",
        f"step {t + 1}, instance {indices(steps[t].ended)[0]}, whose episode ended in step {t}",
        "was stepped without an error; under DISABLED it must be reset first",
        "raise if an instance has ended and was not reset, or declare the mode that is meant",
    )
