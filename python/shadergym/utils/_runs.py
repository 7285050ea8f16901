"""Checks that compare whole runs: seeds, resets, aliasing, modes."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import gymnasium.logger
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

from shadergym.utils._probe import Probe, Step, indices, row_of, same


def compare(probe: Probe, code: str, fix: str, a: list[Step], b: list[Step], how: str) -> bool:
    """Reports the first difference of two runs."""
    names = ("observations", "rewards", "terminations", "truncations")
    for t, (x, y) in enumerate(zip(a, b, strict=False)):
        for name, p, q in zip(names, x.values(), y.values(), strict=True):
            if not same(p, q):
                probe.report(code, f"step {t}, {name}", f"differ {how}", fix)
                return False
    return True


def repeats(probe: Probe, first: Any, steps: list[Step]) -> None:
    """The same seed and actions again."""
    fix = "draw every random number from generators that reset(seed=...) seeds, also those of auto-reset"
    again, steps_again = probe.run(len(steps))
    if not same(first, again):
        probe.report("seeds", "reset", f"two calls of reset(seed={probe.seed}) gave different observations", fix)
        return
    compare(probe, "seeds", fix, steps, steps_again, "between two runs with the same seed and actions")


def seed_forms(probe: Probe, first: Any) -> None:
    """Lists of seeds, and s + i."""
    seeds = [probe.seed + i for i in range(probe.n)]
    try:
        listed, _ = probe.reset(seed=seeds)
    except Exception as error:
        probe.report(
            "seed-list",
            f"reset(seed={_short(seeds)})",
            f"raised {type(error).__name__}: {error}",
            "accept a list of one seed per instance, as Gymnasium's SyncVectorEnv does",
        )
    else:
        swapped = [seeds[-1], *seeds[1:-1], seeds[0]] if probe.n > 1 else seeds
        rows = probe.rows(listed)
        rows_swapped = probe.rows(probe.reset(seed=swapped)[0])
        if not (same(rows[0], rows_swapped[-1]) and same(rows[-1], rows_swapped[0])):
            probe.report(
                "seed-list",
                f"reset(seed={_short(swapped)})",
                "an instance's first observation does not depend on its own seed alone",
                "give each instance a generator seeded with its entry",
            )
        elif probe.differing(listed, first):
            probe.report(
                "seed-offset",
                f"reset(seed={probe.seed})",
                f"instance {probe.differing(listed, first)[0]} does not start as with seed={_short(seeds)}",
                "seed instance i with seed + i, as Gymnasium's SyncVectorEnv does",
            )
            return
    shifted = probe.rows(probe.reset(seed=probe.seed + 1)[0])
    bad = [i for i in range(1, probe.n) if not same(probe.rows(first)[i], shifted[i - 1])]
    if bad:
        probe.report(
            "seed-offset",
            f"reset(seed={probe.seed + 1}), instance {bad[0] - 1}",
            f"does not start as instance {bad[0]} of reset(seed={probe.seed})",
            "seed instance i with seed + i, as Gymnasium's SyncVectorEnv does",
        )


def rows_are_independent(probe: Probe, steps: list[Step]) -> None:
    """Another action of instance 0 changes nothing for the others, up to the first end."""
    if probe.n < 2:
        return
    other = probe.other_actions(0, [0])
    if other is None:
        return
    _, again = probe.run(min(len(steps), 20), {0: other})
    rest = range(1, probe.n)
    for t, (a, b) in enumerate(zip(steps, again, strict=False)):
        bad = probe.differing(a.observations, b.observations, rest)
        bad += [i for i in rest if not same(np.asarray(a.rewards)[i], np.asarray(b.rewards)[i])]
        if bad:
            probe.report(
                "rows",
                f"step {t}, instance {bad[0]}",
                "changed with the action that instance 0 had in step 0",
                "look for mixed-up axes or shared state: row i belongs to instance i",
            )
            return
        if a.ended.any() or b.ended.any():
            return


def reset_forgets(probe: Probe, first: Any, steps: list[Step]) -> None:
    """A reset right behind an end, and in the middle of an episode."""
    fix = "clear counters, flags and due starts of all instances in reset"
    t = next((t for t, step in enumerate(steps) if step.ended.any()), len(steps) - 1)
    probe.run(t + 1)
    again, steps_again = probe.run(min(t + 3, len(steps)))
    if not same(first, again):
        probe.report("reset-midway", f"reset behind step {t}", "gave other observations than the first one", fix)
        return
    compare(probe, "reset-midway", fix, steps, steps_again, f"from the first run, after a reset behind step {t}")


def partial_resets(probe: Probe, steps: list[Step]) -> None:
    """A mask in the middle of episodes, and one that selects the instances that have just ended."""
    if probe.n < 2 or "partial-reset" in probe.skip:
        return
    seeds = (
        None if probe.has("seed-list") or "seed-list" in probe.skip else [probe.seed + 100 + i for i in range(probe.n)]
    )
    fresh = None if seeds is None else probe.reset(seed=seeds)[0]
    fresh_step = None if seeds is None else copy.deepcopy(probe.env.step(probe.actions(0)))
    end = next((t for t, step in enumerate(steps[:-1]) if step.ended.any()), None)
    for t in dict.fromkeys([0, *([] if end is None or probe.mode is AutoresetMode.DISABLED else [end])]):
        mask = steps[t].ended if t == end else np.arange(probe.n) % 2 == 0
        if not _partial_reset(probe, steps, t, mask, seeds, fresh, fresh_step):
            return


def _partial_reset(
    probe: Probe, steps: list[Step], t: int, mask: np.ndarray, seeds: list[int] | None, fresh: Any, fresh_step: Any
) -> bool:
    """Resets behind step t with a mask; ``fresh`` and ``fresh_step`` are what the seeds give in a full reset."""
    where = f"reset behind step {t} with reset_mask of instances {_short(indices(mask))}"
    probe.run(t + 1)
    before = steps[t].started if steps[t].started is not None else steps[t].observations
    options = {"reset_mask": mask.copy()}
    try:
        after, _ = probe.reset(seed=seeds, options=options)
    except Exception as error:
        if probe.mode is AutoresetMode.DISABLED or not isinstance(error, (NotImplementedError, ValueError)):
            probe.report(
                "partial-reset", where, f"raised {type(error).__name__}: {error}", "support options['reset_mask']"
            )
        return False
    if not same(options.get("reset_mask"), mask):
        gymnasium.logger.warn(
            f"{where}: reset changes the options it is given; wrappers outside then see no mask. Fix: copy them"
        )
    touched = probe.differing(before, after, indices(~mask))
    if touched:
        probe.report(
            "partial-reset",
            f"{where}, instance {touched[0]}",
            "was not selected, but its observation changed",
            "start the selected instances only; if masks are not supported, raise an error",
        )
        return False
    if fresh is not None:
        wrong = probe.differing(after, fresh, indices(mask))
        if wrong:
            probe.report(
                "partial-reset",
                f"{where}, instance {wrong[0]}",
                "does not start as in a full reset with the same seed",
                "start every selected instance, seeded with its own entry",
            )
            return False
    following = probe.env.step(probe.actions(t + 1 if fresh is None else 0))
    if fresh is None:
        return True
    wrong = probe.differing(following[0], fresh_step[0], indices(mask))
    wrong += [i for i in indices(mask) if not same(np.asarray(following[1])[i], np.asarray(fresh_step[1])[i])]
    if wrong:
        probe.report(
            "partial-reset",
            f"the step behind {where}, instance {wrong[0]}",
            "is not the first transition of its episode",
            "forget the old episode of selected instances: counters, and under NEXT_STEP the start that was due",
        )
        return False
    return True


def aliasing(probe: Probe, steps: list[Step]) -> None:
    """Arrays of earlier calls, read and written."""
    if getattr(probe.env.unwrapped, "copy", True) is False:
        return
    fix = "return copies (or declare copy=False in an attribute `copy`)"
    first_raw = probe.env.reset(seed=probe.seed)[0]
    first = copy.deepcopy(first_raw)
    kept: list[Step] = []
    for t in range(min(len(steps), 60)):
        kept.append(probe.step(probe.actions(t)))
        names = ("observations", "rewards", "terminations", "truncations", "infos")
        if not same(first_raw, first):
            probe.report("aliasing", "the observations of reset", f"changed in step {t}", fix)
            return
        for k, step in enumerate(kept[-3:-1]):
            for name, raw in zip(names, step.raw, strict=True):
                if not same(raw, getattr(step, name)):
                    at = t - len(kept[-3:-1]) + k
                    probe.report("aliasing", f"{name} of step {at}", f"changed in step {t}", fix)
                    return

    def wipe(step: Step, actions: Any) -> None:
        for part in step.raw:
            _wipe(part)

    _, wiped = probe.run(min(len(steps), 60), after=wipe)
    compare(probe, "aliasing", fix, steps, wiped, "after the caller wrote to the arrays of an earlier step")


def actions_stay(probe: Probe, steps: list[Step]) -> None:
    """Actions are neither changed nor kept."""

    count = itertools.count()

    def check(step: Step, actions: Any) -> None:
        t = next(count)
        if not same(actions, probe.actions(t)):
            probe.report("actions", f"step {t}", "changed the array of actions", "work on a copy of the actions")
        _wipe(actions)

    _, again = probe.run(min(len(steps), 20), after=check)
    compare(probe, "actions", "copy actions that a later step needs", steps, again, "after old actions were changed")


def _wipe(tree: Any) -> None:
    if isinstance(tree, dict):
        for part in tree.values():
            _wipe(part)
    elif isinstance(tree, (tuple, list)):
        for part in tree:
            _wipe(part)
    elif isinstance(tree, np.ndarray) and tree.dtype != object and tree.flags.writeable:
        tree[...] = 0


def modes_agree(probe: Probe, make: Callable[[AutoresetMode], VectorEnv]) -> None:
    """The same first episode in all modes, its last observation included."""
    last: dict[AutoresetMode, tuple[int, Any, Any]] = {}
    for mode in AutoresetMode:
        other = Probe(make(mode), probe.seed, probe.max_steps, (), probe.reward_shape)
        if other.mode is not mode:
            probe.report("modes", f"make({mode})", f"gave {other.mode}", "pass the mode on to the environment")
            return
        other.reset(seed=probe.seed)
        for t in range(probe.max_steps):
            step = other.step(other.actions(t))
            if step.ended.any():
                i = indices(step.ended)[0]
                final = step.infos.get("final_obs")
                row = other.rows(step.observations)[i] if final is None else row_of(final, i)
                last[mode] = (t, i, row)
                break
        other.env.close()
    if len(last) < 3:
        return
    reference = last[AutoresetMode.DISABLED]
    for mode, (t, i, row) in last.items():
        if (t, i) != reference[:2] or not same(row, reference[2]):
            probe.report(
                "modes",
                f"{mode.name}, step {t}, instance {i}",
                f"the first end differs from that under DISABLED (step {reference[0]}, instance {reference[1]})",
                "only what follows an end may depend on the mode",
            )


def _short(values: list[Any]) -> str:
    return str(values) if len(values) <= 6 else f"[{values[0]}, {values[1]}, ..., {values[-1]}]"
